/* Looks at the first bytes of a file (sniff.h). What a file is that is no module is found when it
 * is refused, so that it costs nothing else; that is a guess for people, behind the specification's
 * words. */
#include "binary/sniff.h"

#include "base/utf8.h"
#include "binary/sections.h"

/* How files of a kind begin. */
typedef struct Magic {
  char bytes[9]; /* zero-terminated */
  u8 len;
  const char *what;
} Magic;

/* Two strings where a letter would belong to the escape before it. */
static const Magic magics[] = {
    {"\x7F"
     "ELF",
     4, "this is a native (ELF) program or library"},
    {"\x1F\x8B", 2, "this is gzip-compressed data; unpack it first"},
    {"\x28\xB5\x2F\xFD", 4, "this is zstd-compressed data; unpack it first"},
    {"\xFD"
     "7zXZ",
     5, "this is xz-compressed data; unpack it first"},
    {"BZh", 3, "this is bzip2-compressed data; unpack it first"},
    {"PK\x03\x04", 4, "this is a zip archive; unpack it first"},
    {"!<arch>\n", 8, "this is an archive of object files (.a)"},
    {"MZ", 2, "this is a Windows program or library"},
    {"\xCF\xFA\xED\xFE", 4, "this is a native (Mach-O) program or library"},
    {"BC\xC0\xDE", 4, "this is LLVM bitcode; compile and link it first"},
    {"#!", 2, "this is a script"},
    {"%PDF", 4, "this is a PDF document"},
};

static bool is_space(u8 c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool wm_may_be_text(const u8 *bytes, size_t size) {
  size_t i = 0;
  while (i < size && is_space(bytes[i])) i++;
  return i < size ? bytes[i] == '(' || bytes[i] == ';' : size > 0;
}

/* Whether the text begins with `word` (lower case), whatever the case of its letters. */
static bool begins_with(const u8 *text, size_t len, const char *word) {
  size_t i = 0;
  for (; word[i] && i < len; i++) {
    u8 c = text[i] >= 'A' && text[i] <= 'Z' ? (u8)(text[i] + ('a' - 'A')) : text[i];
    if (c != (u8)word[i]) return false;
  }
  return !word[i];
}

/* What text it is, or NULL when it does not look like text. Leading space and byte order marks do
 * not count. */
static const char *text_kind(const u8 *bytes, size_t size) {
  if (size >= 3 && !memcmp(bytes, "\xEF\xBB\xBF", 3)) bytes += 3, size -= 3;
  while (size && is_space(*bytes)) bytes++, size--;
  if (begins_with(bytes, size, "(component")) return "this is the text of a component";
  if (begins_with(bytes, size, "(") || begins_with(bytes, size, ";;")) {
    return "this is the WebAssembly text format; convert it to binary first";
  }
  if (begins_with(bytes, size, "<!doctype html") || begins_with(bytes, size, "<html")) {
    return "this is an HTML page, perhaps the answer of a web server that did not find the file";
  }
  if (begins_with(bytes, size, "<")) return "this is HTML or XML";
  if (begins_with(bytes, size, "{\"")) return "this is JSON";
  /* 64 bytes of UTF-8 without control characters are text enough. */
  for (size_t i = 0; i < size && i < 64;) {
    size_t step = wm_utf8_step(bytes + i, size - i);
    if (!step || (bytes[i] < 0x20 && !is_space(bytes[i]))) return NULL;
    i += step;
  }
  return size ? "this is plain text" : NULL;
}

/* Names what it is, else shows how it begins. */
static void wrong_magic(const u8 *bytes, size_t size, Error *err) {
  const char *what = NULL;
  for (size_t i = 0; i < ARRAY_LEN(magics); i++) {
    const Magic *m = &magics[i];
    if (size >= m->len && !memcmp(bytes, m->bytes, m->len)) what = m->what;
  }
  if (!what) what = text_kind(bytes, size);
  if (what) {
    wm_error_set(err, ERR_MALFORMED, 0, "magic header not detected: %s", what);
    return;
  }
  char start[32];
  wm_escape(start, sizeof start, bytes, size < 8 ? size : 8);
  wm_error_set(err, ERR_MALFORMED, 0, "magic header not detected: the file begins with \"%s\"",
               start);
}

/* The header is a version and, since the component model, a layer: two 16-bit numbers. */
static void wrong_version(const u8 *bytes, Error *err) {
  u32 version = load_u16(bytes + 4), layer = load_u16(bytes + 6);
  if (layer == 1) {
    wm_error_set(err, ERR_MALFORMED, 4,
                 "unknown binary version: this is a component (version %u); this library runs core "
                 "modules",
                 version);
    return;
  }
  wm_error_set(err, ERR_MALFORMED, 4, "unknown binary version %u, this library reads version %u",
               load_u32(bytes + 4), WASM_VERSION);
}

void wm_sniff(const u8 *bytes, size_t size, Error *err) {
  static const u8 magic[4] = {0, 'a', 's', 'm'};
  if (size < 4) {
    wm_error_set(err, ERR_MALFORMED, size, "unexpected end: the file %s",
                 size ? "is too short for a module" : "is empty");
  } else if (memcmp(bytes, magic, 4) != 0) {
    wrong_magic(bytes, size, err);
  } else if (size < 8) {
    wm_error_set(err, ERR_MALFORMED, size, "unexpected end: the file ends in the header");
  } else {
    wrong_version(bytes, err);
  }
}
