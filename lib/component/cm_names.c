#include "component/cm_names.h"

#include <stdio.h>

static bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
static bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* One word of a label: letters of one case, and digits; the first begins with a letter. */
static bool is_word(Name word, bool is_first) {
  bool lower = false, upper = false;
  for (u32 i = 0; i < word.len; i++) {
    char c = word.text[i];
    if (!is_lower(c) && !is_upper(c) && !is_digit(c)) return false;
    if (is_digit(c) && is_first && i == 0) return false;
    lower |= is_lower(c);
    upper |= is_upper(c);
    /* Behind a digit that begins a word, its case may still be chosen only by the first letter. */
    if (lower && upper) return false;
  }
  return word.len > 0;
}

static u32 find(Name name, char c) {
  u32 at = 0;
  while (at < name.len && name.text[at] != c) at++;
  return at;
}

static Name part(Name name, u32 from, u32 to) { return (Name){name.text + from, to - from}; }

bool wm_name_is_kebab(Name name) {
  for (bool is_first = true;; is_first = false) {
    u32 dash = find(name, '-');
    if (!is_word(part(name, 0, dash), is_first)) return false;
    if (dash == name.len) return true;
    name = part(name, dash + 1, name.len);
  }
}

/* ---- versions ---- */

typedef struct Version {
  const char *at, *end;
  const char **why;
  char *unexpected;
} Version;

static bool wrong(Version *v, const char *why) {
  *v->why = v->at == v->end ? "unexpected end of input" : why;
  *v->unexpected = v->at < v->end ? *v->at : 0;
  return false;
}

static bool take_number(Version *v) {
  const char *start = v->at;
  u64 value = 0;
  while (v->at < v->end && is_digit(*v->at)) {
    if (!checked_mul(value, 10, &value) || !checked_add(value, (u64)(*v->at - '0'), &value))
      return wrong(v, "value of a version number exceeds 2^64");
    v->at++;
  }
  if (v->at == start) return wrong(v, "unexpected character");
  if (v->at - start > 1 && *start == '0') return wrong(v, "invalid leading zero in version number");
  return true;
}

static bool take_dot(Version *v) {
  if (v->at == v->end || *v->at != '.') return wrong(v, "unexpected character");
  v->at++;
  return true;
}

static bool is_identifier_char(char c) {
  return is_lower(c) || is_upper(c) || is_digit(c) || c == '-';
}

/* Identifiers with dots between them, after "-" or "+". */
static bool take_identifiers(Version *v, bool zeros_allowed) {
  for (;;) {
    const char *start = v->at;
    bool number = true;
    for (; v->at < v->end && is_identifier_char(*v->at); v->at++) number &= is_digit(*v->at);
    if (v->at == start) {
      *v->why = "empty identifier segment";
      return false;
    }
    if (number && !zeros_allowed && v->at - start > 1 && *start == '0')
      return wrong(v, "invalid leading zero in pre-release identifier");
    if (v->at == v->end || *v->at != '.') return true;
    v->at++;
  }
}

static bool take_tail(Version *v, char mark, bool zeros_allowed) {
  if (v->at == v->end || *v->at != mark) return true;
  v->at++;
  return take_identifiers(v, zeros_allowed);
}

static bool is_version(Version *v) {
  if (v->at == v->end) {
    *v->why = "empty string, expected a semver version";
    return false;
  }
  bool good = take_number(v) && take_dot(v) && take_number(v) && take_dot(v) && take_number(v) &&
              take_tail(v, '-', false) && take_tail(v, '+', true);
  if (!good) return false;
  return v->at == v->end || wrong(v, "unexpected character");
}

bool wm_semver_valid(Name version, Name suffix, const char **why, char *unexpected) {
  char text[256];
  *unexpected = 0;
  *why = "too long";
  if ((u64)version.len + suffix.len > sizeof text) return false;
  memcpy(text, version.text, version.len);
  if (suffix.len) memcpy(text + version.len, suffix.text, suffix.len);
  Version v = {text, text + version.len + suffix.len, why, unexpected};
  return is_version(&v);
}

/* ---- names of imports and exports ---- */

typedef struct Parse {
  u64 offset;
  Error *err;
} Parse;

static bool want_kebab(const Parse *p, Name name) {
  return wm_name_is_kebab(name) ||
         wm_error_set(p->err, ERR_INVALID, p->offset, "`%s` is not in kebab case", show(name));
}

static bool starts_with(Name name, const char *prefix) {
  size_t len = strlen(prefix);
  return name.len >= len && memcmp(name.text, prefix, len) == 0;
}

static bool parse_member(const Parse *p, Name rest, ExternName *out) {
  u32 dot = find(rest, '.');
  if (dot == rest.len)
    return wm_error_set(p->err, ERR_INVALID, p->offset, "failed to find `.` character");
  out->resource = part(rest, 0, dot);
  out->member = part(rest, dot + 1, rest.len);
  return want_kebab(p, out->resource) && want_kebab(p, out->member);
}

static u32 label_length(Name name) {
  u32 at = 0;
  while (at < name.len && is_identifier_char(name.text[at])) at++;
  return at;
}

/* A label of a namespace or package, in small letters, off the front. */
static bool take_words(const Parse *p, Name *rest) {
  u32 len = label_length(*rest);
  Name words = part(*rest, 0, len);
  if (!want_kebab(p, words)) return false;
  for (u32 i = 0; i < len; i++)
    if (is_upper(words.text[i]))
      return wm_error_set(p->err, ERR_INVALID, p->offset,
                          "character `%c` is not lowercase in package name/namespace",
                          words.text[i]);
  *rest = part(*rest, len, rest->len);
  return true;
}

static bool take_char(const Parse *p, Name *rest, char c, const char *why) {
  if (rest->len == 0 || rest->text[0] != c) {
    if (why) return wm_error_set(p->err, ERR_INVALID, p->offset, "%s", why);
    return wm_error_set(p->err, ERR_INVALID, p->offset, "expected `%c` at `%s`", c, show(*rest));
  }
  *rest = part(*rest, 1, rest->len);
  return true;
}

static bool parse_interface(const Parse *p, Name rest, ExternName *out) {
  out->form = NAME_INTERFACE;
  if (!take_words(p, &rest) || !take_char(p, &rest, ':', NULL) || !take_words(p, &rest) ||
      !take_char(p, &rest, '/', "expected `/` after package name"))
    return false;
  u32 len = label_length(rest);
  if (!want_kebab(p, part(rest, 0, len))) return false;
  rest = part(rest, len, rest.len);
  if (rest.len > 0 && rest.text[0] == '@') {
    out->version = part(rest, 1, rest.len);
    return true;
  }
  return rest.len == 0 || wm_error_set(p->err, ERR_INVALID, p->offset,
                                       "trailing characters found: `%s`", show(rest));
}

static bool parse_constructor(const Parse *p, Name rest, ExternName *out) {
  out->form = NAME_CONSTRUCTOR;
  out->resource = rest;
  return want_kebab(p, rest);
}

bool wm_extern_name_parse(Name text, u64 offset, Error *err, ExternName *out) {
  Parse p = {offset, err};
  *out = (ExternName){.form = NAME_LABEL, .text = text};
  if (starts_with(text, "[constructor]"))
    return parse_constructor(&p, part(text, 13, text.len), out);
  if (starts_with(text, "[method]")) {
    out->form = NAME_METHOD;
    return parse_member(&p, part(text, 8, text.len), out);
  }
  if (starts_with(text, "[static]")) {
    out->form = NAME_STATIC;
    return parse_member(&p, part(text, 8, text.len), out);
  }
  if (find(text, ':') < text.len) return parse_interface(&p, text, out);
  return want_kebab(&p, text);
}

/* ---- strong uniqueness ---- */

/* prefix, then the text in small letters; labels and interfaces get no prefix that could be theirs.
 */
static bool lower(Arena *arena, const char *prefix, Name text, Name *out) {
  u32 at = (u32)strlen(prefix);
  char *copy = arena_array(arena, char, (u64)text.len + at + 1);
  if (!copy) return false;
  memcpy(copy, prefix, at);
  for (u32 i = 0; i < text.len; i++) {
    char c = text.text[i];
    copy[at + i] = is_upper(c) ? (char)(c - 'A' + 'a') : c;
  }
  *out = (Name){copy, at + text.len};
  return true;
}

bool wm_label_canonical(Arena *arena, Name label, Name *out) {
  return lower(arena, "", label, out);
}

static bool same_label(Name a, Name b) {
  if (a.len != b.len) return false;
  for (u32 i = 0; i < a.len; i++)
    if ((a.text[i] | 0x20) != (b.text[i] | 0x20)) return false;
  return true;
}

bool wm_extern_name_canonical(Arena *arena, const ExternName *name, Name *out) {
  switch (name->form) {
  case NAME_METHOD:
  case NAME_STATIC:
    if (same_label(name->resource, name->member)) return lower(arena, "", name->resource, out);
    return lower(arena, "", part(name->text, 8, name->text.len), out);
  default: return lower(arena, "", name->text, out);
  }
}

/* ---- versions that agree ---- */

/* The version up to the first number that is not zero: "1", "0.2", "0.0.3"; all of one before a
 * release. */
static Name track(Name version) {
  u32 end = 0;
  if (find(version, '-') < find(version, '+')) return version;
  for (bool zero = true; zero && end < version.len; end++) {
    u32 start = end;
    while (end < version.len && is_digit(version.text[end])) {
      zero &= version.text[end] == '0';
      end++;
    }
    if (!zero || end == start) break;
  }
  return part(version, 0, min_u32(end, version.len));
}

bool wm_versions_agree(Name a, Name b) {
  u32 at_a = find(a, '@'), at_b = find(b, '@');
  if (at_a == a.len || at_b == b.len) return false;
  return wm_name_equal(part(a, 0, at_a), part(b, 0, at_b)) &&
         wm_name_equal(track(part(a, at_a + 1, a.len)), track(part(b, at_b + 1, b.len)));
}
