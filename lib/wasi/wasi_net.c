/* What of the network a program is given: wasi_config_allow_net and its neighbours.
 *
 *   grant:  all | USE | USE=WHERE | lookup=NAME | lookup=*.NAME | lookup=*
 *   USE:    tcp-connect, tcp-bind, udp-send, udp-bind, lookup
 *   WHERE:  ADDRESS[/BITS][:PORT[-PORT]], one of 6 in brackets where a port follows; ADDRESS may
 *           be *, any of both kinds */
#include "wasi/wasi_net.h"

#include "base/error.h"

#include <arpa/inet.h>
#include <stdlib.h>

enum { GRANT_ROOM = 320, LOOKUP = 1 << NET_LOOKUP, ADDRESSES = LOOKUP - 1 };

static const char *const uses[NET_USES] = {"tcp-connect", "tcp-bind", "udp-send", "udp-bind",
                                           "lookup"};

void wm_net_rules_free(NetRules *rules) {
  for (u32 i = 0; i < rules->len; i++) free(rules->data[i].name);
  vec_free(rules);
}

void wm_lookups_release(Lookups *l) {
  if (l && atomic_fetch_sub(&l->holders, 1) == 1) free(l);
}

/* ---- what a grant says ---- */

/* A decimal number of at most `max`, up to one of `ends`; steps over it. */
static bool read_number(const char **text, u32 max, const char *ends, u32 *out) {
  size_t digits = strspn(*text, "0123456789");
  if (!digits || digits > 5 || !strchr(ends, (*text)[digits])) return false;
  *out = (u32)strtoul(*text, NULL, 10);
  *text += digits;
  return *out <= max;
}

/* "80", "80-90"; to the end. */
static bool read_ports(const char *text, NetRule *r) {
  u32 first, last;
  if (!read_number(&text, UINT16_MAX, "-", &first)) return false;
  last = first;
  if (*text == '-') {
    text++;
    if (!read_number(&text, UINT16_MAX, "", &last)) return false;
  }
  r->first_port = (u16)first;
  r->last_port = (u16)last;
  return !*text && first <= last;
}

/* No bit is set behind those that count: it would not mean what it says. */
static bool is_prefix(const NetRule *r) {
  for (u32 bit = r->prefix; bit < 128; bit++)
    if (r->bytes[bit / 8] & (0x80 >> bit % 8)) return false;
  return true;
}

/* "/8" and what is behind it. */
static bool read_behind_address(const char *text, NetRule *r) {
  u32 bits = r->prefix;
  if (*text == '/') {
    text++;
    if (!read_number(&text, bits, ":", &bits)) return false;
  }
  r->prefix = (u8)bits;
  if (*text == ':') return is_prefix(r) && read_ports(text + 1, r);
  return !*text && is_prefix(r);
}

/* The first `len` bytes are an address of that family. */
static bool read_address(const char *text, size_t len, u8 family, NetRule *r) {
  char host[INET6_ADDRSTRLEN];
  if (len >= sizeof host) return false;
  memcpy(host, text, len);
  host[len] = 0;
  r->family = family;
  r->prefix = family == 4 ? 32 : 128;
  return inet_pton(family == 4 ? AF_INET : AF_INET6, host, r->bytes) == 1;
}

static bool read_where(const char *text, NetRule *r) {
  const char *colon = strchr(text, ':'), *end = strchr(text, ']');
  if (*text == '*') return !text[1] || (text[1] == ':' && read_ports(text + 2, r));
  if (*text == '[')
    return end && read_address(text + 1, (size_t)(end - text) - 1, 6, r) &&
           read_behind_address(end + 1, r);
  u8 family = colon && strchr(colon + 1, ':') ? 6 : 4;
  size_t len = strcspn(text, family == 6 ? "/" : "/:");
  return read_address(text, len, family, r) && read_behind_address(text + len, r);
}

/* As text it would be one of 4. */
static bool is_mapped(const NetRule *r) {
  NetAddress a = {.family = r->family};
  memcpy(a.bytes, r->bytes, sizeof a.bytes);
  return r->prefix >= 96 && wm_net_address_is_mapped(&a);
}

static bool read_name(const char *text, NetRule *r) {
  char name[NAME_ROOM + 2] = "*.";
  bool below = strncmp(text, name, 2) == 0;
  const char *whole = text + (below ? 2 : 0);
  if (strcmp(text, "*") != 0 && !wm_name_read(whole, strlen(whole), name + 2)) return false;
  r->name = strdup(strcmp(text, "*") == 0 ? text : below ? name : name + 2);
  return true;
}

/* "tcp-bind" or "tcp-bind=", which is stepped over; 0: there is no such use. */
static u8 read_use(const char **text) {
  size_t len = strcspn(*text, "=");
  for (u32 i = 0; i < NET_USES; i++) {
    if (strlen(uses[i]) != len || memcmp(uses[i], *text, len) != 0) continue;
    *text += len;
    return (u8)(1 << i);
  }
  return 0;
}

static bool fail(wasmx_error_t *err, wasmx_errcode_t code, const char *format, const char *text) {
  char shown[GRANT_ROOM];
  wm_escape(shown, sizeof shown, text, strlen(text));
  wm_wasi_fail(err, code, format, shown);
  return false;
}

static bool add_rule(wasi_config_t *config, const NetRule *r, wasmx_error_t *err) {
  bool whole = r->uses != LOOKUP || r->name;
  NetRule *slot = whole ? vec_push(&config->net) : NULL;
  if (slot) *slot = *r;
  if (!slot) free(r->name);
  return slot || fail(err, WASMX_OUT_OF_MEMORY, "out of memory", "");
}

static const NetRule anywhere = {.uses = ADDRESSES, .last_port = UINT16_MAX};

static bool allow_lookup(wasi_config_t *config, const char *name, wasmx_error_t *err) {
  NetRule r = {.uses = LOOKUP};
  if (read_name(name, &r)) return add_rule(config, &r, err);
  return fail(err, WASMX_ARGUMENT, "'%s' is no name of a host", name);
}

static bool allow_where(wasi_config_t *config, u8 use, const char *where, wasmx_error_t *err) {
  NetRule r = anywhere;
  r.uses = use;
  if (!read_where(where, &r))
    return fail(err, WASMX_ARGUMENT, "'%s' is no ADDRESS[/BITS][:PORT[-PORT]]", where);
  if (is_mapped(&r))
    return fail(err, WASMX_ARGUMENT,
                "'%s': write it as an address of IPv4, or with its port as [ADDRESS]:PORT", where);
  return add_rule(config, &r, err);
}

bool wasi_config_allow_net(wasi_config_t *config, const char *grant, wasmx_error_t *err) {
  if (!config || !grant) return fail(err, WASMX_ARGUMENT, "config or grant is NULL", "");
  if (strcmp(grant, "all") == 0)
    return add_rule(config, &anywhere, err) && allow_lookup(config, "*", err);
  const char *text = grant;
  u8 use = read_use(&text);
  if (!use)
    return fail(err, WASMX_ARGUMENT,
                "'%s' is none of all, tcp-connect, tcp-bind, udp-send, udp-bind, lookup", grant);
  const char *where = *text ? text + 1 : "*";
  return use == LOOKUP ? allow_lookup(config, where, err) : allow_where(config, use, where, err);
}

void wasi_config_inherit_network(wasi_config_t *config) {
  if (config && !add_rule(config, &anywhere, NULL)) config->failed = true;
}

/* Off: what was allowed by itself stays. */
void wasi_config_allow_ip_name_lookup(wasi_config_t *config, bool enable) {
  if (!config) return;
  for (u32 i = config->net.len; i-- > 0;) {
    NetRule *r = &config->net.data[i];
    if (!r->name || strcmp(r->name, "*") != 0) continue;
    free(r->name);
    *r = config->net.data[--config->net.len];
  }
  if (enable && !allow_lookup(config, "*", NULL)) config->failed = true;
}

/* ---- what is asked ---- */

static bool same_bits(const u8 *a, const u8 *b, u32 bits) {
  u32 whole = bits / 8, rest = bits % 8;
  if (memcmp(a, b, whole) != 0) return false;
  return !rest || !((a[whole] ^ b[whole]) >> (8 - rest));
}

static bool is_of(const NetRule *r, const NetAddress *a) {
  return (!r->family || r->family == a->family) && same_bits(r->bytes, a->bytes, r->prefix) &&
         a->port >= r->first_port && a->port <= r->last_port;
}

bool wm_net_allows(const NetRules *rules, NetUse use, const NetAddress *a) {
  for (u32 i = 0; i < rules->len; i++)
    if ((rules->data[i].uses >> use & 1) && is_of(&rules->data[i], a)) return true;
  return false;
}

bool wm_net_allows_some(const NetRules *rules, NetUse use) {
  for (u32 i = 0; i < rules->len; i++)
    if (rules->data[i].uses >> use & 1) return true;
  return false;
}

static bool name_is_of(const char *rule, const char *name) {
  if (*rule != '*') return strcmp(rule, name) == 0;
  size_t below = strlen(rule + 1), len = strlen(name); /* ".example.com" */
  return !below || (len > below && strcmp(name + len - below, rule + 1) == 0);
}

bool wm_net_allows_name(const NetRules *rules, const char *name) {
  for (u32 i = 0; i < rules->len; i++)
    if (rules->data[i].name && name_is_of(rules->data[i].name, name)) return true;
  return false;
}
