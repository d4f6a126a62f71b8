/* The network as programs of WASI 0.2 have it: what of it they were given, and the calls by which
 * they reach it.
 *
 *   wasi:sockets --> handler (wasi2_tcp.c, wasi2_udp.c, wasi2_lookup.c) --> row of wasi_net.def
 *                                                                             |
 *                        NetRules: no address is used that none of them names -+--> Descriptor
 *
 * Rows are like those of wasi.def (audits, recordings and revoking know no difference), but no
 * module can import them. A socket is a descriptor of the context, of the grant "network". */
#ifndef WM_WASI_WASI_NET_H
#define WM_WASI_WASI_NET_H

#include "wasi/wasi_address.h"
#include "wasi/wasi_ctx.h"

/* Of an address in the memory of a row: family u16 @0 (4, 6; 0: none), port u16 @2, flow u32 @4,
 * scope u32 @8, then 4 or 16 bytes. */
enum { NET_ADDRESS_SIZE = 28 };
void wm_net_address_store(u8 *to, const NetAddress *a);
void wm_net_address_load(const u8 *from, NetAddress *a);

/* Options of sockets, as rows number them. Times are in ns. */
typedef enum NetOption {
  NET_KEEP_ALIVE,
  NET_KEEP_ALIVE_IDLE,
  NET_KEEP_ALIVE_INTERVAL,
  NET_KEEP_ALIVE_COUNT,
  NET_HOP_LIMIT,
  NET_RECEIVE_BUFFER,
  NET_SEND_BUFFER,
  NET_OPTIONS
} NetOption;

typedef enum NetNumber {
#define NET(name, params) NET_CALL_##name,
#include "wasi/wasi_net.def"
} NetNumber;

extern const CallRow wm_net_rows[NET_CALLS]; /* as in wasi_net.def */

#define NET(name, params) Errno wm_call_net_##name(Call *call);
#include "wasi/wasi_net.def"

/* The socket in argument 0. */
Errno wm_net_socket(Call *call, Descriptor **d);
u8 wm_net_family(int fd); /* 4 or 6 */
/* Puts a descriptor of the network's grant into the table and its number to arg `result`. It is
 * closed when it cannot be. */
Errno wm_net_give(Call *call, Descriptor *d, u32 result);

/* ---- grants: wasi_net.c ---- */
bool wm_net_allows(const NetRules *rules, NetUse use, const NetAddress *a);
/* Whether anything of that use is allowed at all. */
bool wm_net_allows_some(const NetRules *rules, NetUse use);
/* A name as it is looked up: lower case, ASCII. */
bool wm_net_allows_name(const NetRules *rules, const char *name);

/* ---- look-ups: wasi_lookup.c ---- */
struct Lookups {
  _Atomic u32 holders; /* the context and each thread */
  _Atomic u32 running;
};

/* ---- names: wasi_name.c ---- */
enum { NAME_ROOM = 254 };
/* The name in ASCII and lower case, without a dot at its end: letters that are none of ASCII by
 * punycode (RFC 3492), as they are (nothing is mapped). False: it is no name of a host. */
bool wm_name_read(const char *text, size_t len, char name[NAME_ROOM]);
/* The address that the text is: "127.0.0.1", "::1", "[::1]". */
bool wm_name_is_address(const char *text, size_t len, NetAddress *a);

#endif
