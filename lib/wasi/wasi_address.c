/* Addresses: see wasi_address.h. */
#include "wasi/wasi_address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PORT_DIGITS = 5 };
static const char local_prefix[] = "unix:";
enum { LOCAL_PREFIX = sizeof local_prefix - 1 };

/* ---- text ---- */

static bool parse_port(const char *text, in_port_t *port) {
  size_t digits = strspn(text, "0123456789");
  unsigned long n = strtoul(text, NULL, 10);
  *port = htons((u16)n);
  return digits && digits <= PORT_DIGITS && !text[digits] && n <= UINT16_MAX;
}

/* HOST:PORT, [HOST]:PORT. */
static bool parse_internet(const char *text, SocketAddress *a) {
  char host[INET6_ADDRSTRLEN];
  bool v6 = *text == '[';
  const char *start = text + v6, *end = v6 ? strchr(start, ']') : strchr(start, ':');
  size_t len = end ? (size_t)(end - start) : sizeof host;
  if (len >= sizeof host || end[v6] != ':') return false;
  memcpy(host, start, len);
  host[len] = 0;
  const char *port = end + v6 + 1;
  if (v6) {
    a->of.v6.sin6_family = AF_INET6;
    a->len = sizeof a->of.v6;
    return inet_pton(AF_INET6, host, &a->of.v6.sin6_addr) && parse_port(port, &a->of.v6.sin6_port);
  }
  a->of.v4.sin_family = AF_INET;
  a->len = sizeof a->of.v4;
  return inet_pton(AF_INET, host, &a->of.v4.sin_addr) && parse_port(port, &a->of.v4.sin_port);
}

bool wm_address_parse(const char *text, SocketAddress *a) {
  *a = (SocketAddress){.len = 0};
  if (strncmp(text, local_prefix, LOCAL_PREFIX) != 0) return parse_internet(text, a);
  size_t len = strlen(text + LOCAL_PREFIX);
  a->of.local.sun_family = AF_UNIX;
  a->len = sizeof a->of.local;
  if (len == 0 || len >= sizeof a->of.local.sun_path) return false;
  memcpy(a->of.local.sun_path, text + LOCAL_PREFIX, len);
  return true;
}

int wm_address_print(const SocketAddress *a, char *text, size_t size) {
  char host[INET6_ADDRSTRLEN];
  switch (a->of.any.sa_family) {
  case AF_INET:
    inet_ntop(AF_INET, &a->of.v4.sin_addr, host, sizeof host);
    return snprintf(text, size, "%s:%u", host, ntohs(a->of.v4.sin_port));
  case AF_INET6:
    inet_ntop(AF_INET6, &a->of.v6.sin6_addr, host, sizeof host);
    return snprintf(text, size, "[%s]:%u", host, ntohs(a->of.v6.sin6_port));
  case AF_UNIX:
    /* Without a name, or with one of another kind (a zero byte, then anything). */
    if (a->len <= offsetof(struct sockaddr_un, sun_path) || !a->of.local.sun_path[0]) return 0;
    return snprintf(text, size, "%s%.*s", local_prefix, (int)sizeof a->of.local.sun_path,
                    a->of.local.sun_path);
  default: return 0;
  }
}

/* ---- of the internet ---- */

void wm_net_address_to_host(const NetAddress *a, SocketAddress *out) {
  *out = (SocketAddress){.len = sizeof out->of.v4};
  if (a->family == 4) {
    out->of.v4.sin_family = AF_INET;
    out->of.v4.sin_port = htons(a->port);
    memcpy(&out->of.v4.sin_addr, a->bytes, 4);
    return;
  }
  out->len = sizeof out->of.v6;
  out->of.v6.sin6_family = AF_INET6;
  out->of.v6.sin6_port = htons(a->port);
  out->of.v6.sin6_flowinfo = htonl(a->flow);
  out->of.v6.sin6_scope_id = a->scope;
  memcpy(&out->of.v6.sin6_addr, a->bytes, 16);
}

void wm_net_address_of_host(const SocketAddress *from, NetAddress *a) {
  *a = (NetAddress){.family = 0};
  if (from->of.any.sa_family == AF_INET) {
    a->family = 4;
    a->port = ntohs(from->of.v4.sin_port);
    memcpy(a->bytes, &from->of.v4.sin_addr, 4);
  } else if (from->of.any.sa_family == AF_INET6) {
    a->family = 6;
    a->port = ntohs(from->of.v6.sin6_port);
    a->flow = ntohl(from->of.v6.sin6_flowinfo);
    a->scope = from->of.v6.sin6_scope_id;
    memcpy(a->bytes, &from->of.v6.sin6_addr, 16);
  }
}

static const u8 zero[16];

bool wm_net_address_is_zero(const NetAddress *a) { return memcmp(a->bytes, zero, 16) == 0; }

bool wm_net_address_is_mapped(const NetAddress *a) {
  static const u8 prefix[12] = {[10] = 0xff, [11] = 0xff};
  static const u8 loopback[16] = {[15] = 1};
  if (a->family != 6) return false;
  if (memcmp(a->bytes, prefix, 12) == 0) return true;
  return memcmp(a->bytes, zero, 12) == 0 && !wm_net_address_is_zero(a) &&
         memcmp(a->bytes, loopback, 16) != 0;
}

bool wm_net_address_is_unicast(const NetAddress *a) {
  static const u8 broadcast[4] = {255, 255, 255, 255};
  if (a->family == 6) return a->bytes[0] != 0xff;
  return a->bytes[0] >> 4 != 0xe && memcmp(a->bytes, broadcast, 4) != 0;
}
