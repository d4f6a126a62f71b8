/* Addresses of sockets, as the system has them and as text, and which of them a program may use
 * (wasi_config_allow_net). */
#ifndef WM_WASI_WASI_ADDRESS_H
#define WM_WASI_WASI_ADDRESS_H

#include "base/vec.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

typedef struct SocketAddress {
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
    struct sockaddr_storage room;
  } of;
  socklen_t len;
} SocketAddress;

/* "127.0.0.1:80", "[::1]:80", "unix:/path"; names are not looked up. */
bool wm_address_parse(const char *text, SocketAddress *a);
/* As snprintf; 0: it has no such form. */
int wm_address_print(const SocketAddress *a, char *text, size_t size);

/* One of the internet. */
typedef struct NetAddress {
  u8 family; /* 4 or 6; 0: none */
  u16 port;
  u32 flow, scope; /* of 6 */
  u8 bytes[16];    /* 4 of them, or all; the others are zero */
} NetAddress;

void wm_net_address_to_host(const NetAddress *a, SocketAddress *out);
void wm_net_address_of_host(const SocketAddress *from, NetAddress *a);
bool wm_net_address_is_zero(const NetAddress *a); /* 0.0.0.0, :: */
/* One of 6 that stands for one of 4 (::ffff:0:0/96, and ::/96 of old but :: and ::1): no socket of
 * 6 is to go there. */
bool wm_net_address_is_mapped(const NetAddress *a);
bool wm_net_address_is_unicast(const NetAddress *a); /* neither multicast nor broadcast */

/* What an address is used for. */
typedef enum NetUse {
  NET_TCP_CONNECT,
  NET_TCP_BIND,
  NET_UDP_SEND,
  NET_UDP_BIND,
  NET_LOOKUP,
  NET_USES
} NetUse;

/* One thing that a program may do. */
typedef struct NetRule {
  u8 uses;   /* 1 << NetUse */
  u8 family; /* 4 or 6; 0: any address */
  u8 prefix; /* bits of bytes[] that count */
  u16 first_port, last_port;
  u8 bytes[16];
  char *name; /* owned: of NET_LOOKUP, lower case; "*.name": those below, "*": all */
} NetRule;

typedef Vec(NetRule) NetRules;
void wm_net_rules_free(NetRules *rules);

#endif
