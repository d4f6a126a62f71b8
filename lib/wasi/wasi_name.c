/* Names of hosts: see wasi_net.h. */
#include "wasi/wasi_net.h"

#include "base/utf8.h"

#include <arpa/inet.h>

enum {
  LABEL_MAX = 63,
  /* Of punycode, RFC 3492 section 5. */
  BASE = 36,
  T_MIN = 1,
  T_MAX = 26,
  SKEW = 38,
  DAMP = 700,
  FIRST_BIAS = 72,
  FIRST_CODE = 128
};

bool wm_name_is_address(const char *text, size_t len, NetAddress *a) {
  char host[INET6_ADDRSTRLEN];
  bool brackets = len > 2 && text[0] == '[' && text[len - 1] == ']';
  if (brackets) text++, len -= 2;
  *a = (NetAddress){.family = 4};
  if (!len || len >= sizeof host || memchr(text, 0, len)) return false;
  memcpy(host, text, len);
  host[len] = 0;
  if (!brackets && inet_pton(AF_INET, host, a->bytes) == 1) return true;
  a->family = 6;
  return inet_pton(AF_INET6, host, a->bytes) == 1;
}

/* ---- punycode ---- */

static u32 adapt(u32 delta, u32 count, bool first) {
  u32 k = 0;
  delta = first ? delta / DAMP : delta / 2;
  for (delta += delta / count; delta > (BASE - T_MIN) * T_MAX / 2; k += BASE) delta /= BASE - T_MIN;
  return k + (BASE - T_MIN + 1) * delta / (delta + SKEW);
}

static char digit(u32 n) { return (char)(n < 26 ? 'a' + n : '0' + n - 26); }

typedef struct Label {
  char *to;
  size_t len;
} Label;

static void put(Label *l, char c) {
  if (l->len <= LABEL_MAX) l->to[l->len++] = c;
}

static void put_delta(Label *l, u32 delta, u32 bias) {
  for (u32 k = BASE;; k += BASE) {
    u32 t = k <= bias ? T_MIN : min_u32(k - bias, T_MAX);
    if (delta < t) return put(l, digit(delta));
    put(l, digit(t + (delta - t) % (BASE - t)));
    delta = (delta - t) / (BASE - t);
  }
}

static u32 least_from(const u32 *codes, u32 count, u32 from) {
  u32 least = UINT32_MAX;
  for (u32 i = 0; i < count; i++)
    if (codes[i] >= from) least = min_u32(least, codes[i]);
  return least;
}

/* At most LABEL_MAX characters of at most 0x10ffff: nothing overflows. */
static void encode(const u32 *codes, u32 count, Label *l) {
  u32 plain = 0, n = FIRST_CODE, delta = 0, bias = FIRST_BIAS;
  for (u32 i = 0; i < count; i++)
    if (codes[i] < FIRST_CODE) put(l, (char)codes[i]), plain++;
  if (plain) put(l, '-');
  for (u32 done = plain; done < count; delta++, n++) {
    u32 next = least_from(codes, count, n);
    delta += (next - n) * (done + 1);
    n = next;
    for (u32 i = 0; i < count; i++) {
      delta += codes[i] < n;
      if (codes[i] != n) continue;
      put_delta(l, delta, bias);
      bias = adapt(delta, done + 1, done == plain);
      delta = 0;
      done++;
    }
  }
}

/* ---- names ---- */

static bool is_plain(u32 c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static u32 lower(u32 c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; }

/* Its characters; 0: too many, or what no name has. */
static u32 read_codes(const char *text, size_t len, u32 codes[LABEL_MAX], bool *is_ascii) {
  u32 count = 0;
  *is_ascii = true;
  for (size_t at = 0, n; at < len; at += n) {
    n = wm_utf8_step((const u8 *)text + at, len - at);
    u32 c = n ? lower(utf8_scalar((const u8 *)text + at, n)) : 0;
    if (count == LABEL_MAX || (c < FIRST_CODE && !is_plain(c)) || c == 0x3002) return 0;
    *is_ascii &= c < FIRST_CODE;
    codes[count++] = c;
  }
  return count;
}

/* One label to to[0..LABEL_MAX + 1]; its length, 0: it is none. */
static size_t read_label(const char *text, size_t len, char *to) {
  u32 codes[LABEL_MAX];
  bool is_ascii;
  Label l = {to, 0};
  u32 count = read_codes(text, len, codes, &is_ascii);
  if (!is_ascii)
    for (const char *p = "xn--"; *p; p++) put(&l, *p);
  if (is_ascii)
    for (u32 i = 0; i < count; i++) put(&l, (char)codes[i]);
  else if (count)
    encode(codes, count, &l);
  return count && l.len <= LABEL_MAX ? l.len : 0;
}

bool wm_name_read(const char *text, size_t len, char name[NAME_ROOM]) {
  char label[LABEL_MAX + 1];
  size_t used = 0;
  if (len && text[len - 1] == '.') len--;
  for (size_t at = 0; at <= len;) {
    const char *dot = memchr(text + at, '.', len - at);
    size_t size = dot ? (size_t)(dot - text) - at : len - at,
           n = read_label(text + at, size, label);
    if (!n || used + n + 1 >= NAME_ROOM) return false;
    if (used) name[used++] = '.';
    memcpy(name + used, label, n);
    used += n;
    at += size + 1;
  }
  name[used] = 0;
  return true;
}
