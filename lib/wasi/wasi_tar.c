/* tar, plain or compressed by gzip: the format of POSIX (ustar and pax, IEEE Std 1003.1, pax) and
 * GNU's long names.
 *
 *   header  0 name[100]  124 size[12]  136 mtime[12]  148 checksum[8]  156 type  157 link[100]
 *           257 "ustar"  345 prefix[155]                                       512 bytes
 *   then the bytes, filled up to a multiple of 512; numbers are octal text, or binary behind 0x80
 */
#include "wasi/wasi_archive.h"

#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

enum { BLOCK = 512, CHUNK = 1 << 16, LONGEST = 1 << 16 /* bytes of a header that is text */ };

typedef struct Tar {
  wasi_fs_t *fs;
  gzFile in; /* reads what is not compressed, too */
  u8 header[BLOCK];
  /* From headers that stand before the entry's own; "": none. */
  char path[PATH_MAX], link[PATH_MAX];
  u64 size;
  bool has_size;
  u8 chunk[CHUNK];
} Tar;

static Errno read_exactly(Tar *t, void *to, u32 size) {
  int n = gzread(t->in, to, size);
  if (n < 0) return E_ILSEQ;
  return (u32)n == size ? E_SUCCESS : E_ILSEQ;
}

/* ---- numbers, text ---- */

static bool read_octal(const u8 *from, u32 len, u64 *out) {
  u32 at = 0;
  *out = 0;
  while (at < len && from[at] == ' ') at++;
  for (; at < len && from[at] >= '0' && from[at] <= '7'; at++) {
    if (*out >> 60) return false;
    *out = *out << 3 | (u64)(from[at] - '0');
  }
  return at == len || from[at] == ' ' || from[at] == 0;
}

/* Sizes that need more than eleven digits, and times before 1970 (0 here). */
static bool read_binary(const u8 *from, u32 len, u64 *out) {
  *out = from[0] & 0x3f;
  for (u32 i = 1; i < len; i++) {
    if (*out >> 54) return false;
    *out = *out << 8 | from[i];
  }
  if (from[0] & 0x40) *out = 0;
  return true;
}

static bool read_number(const u8 *from, u32 len, u64 *out) {
  return from[0] & 0x80 ? read_binary(from, len, out) : read_octal(from, len, out);
}

/* The sum of the header's bytes, its own place taken as blanks. */
static bool has_checksum(const u8 *header) {
  u64 want, sum = 0;
  for (u32 i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? ' ' : header[i];
  return read_octal(header + 148, 8, &want) && sum == want;
}

/* A field that ends with its last byte or before a zero. */
static size_t copy_field(char *to, const u8 *from, size_t len) {
  len = strnlen((const char *)from, len);
  memcpy(to, from, len);
  to[len] = 0;
  return len;
}

static void copy_name(Tar *t, char path[PATH_MAX]) {
  size_t at = 0;
  bool is_ustar = memcmp(t->header + 257, "ustar", 6) == 0; /* GNU's has a blank for the zero */
  if (is_ustar && t->header[345]) {
    at = copy_field(path, t->header + 345, 155);
    path[at++] = '/';
  }
  copy_field(path + at, t->header, 100);
}

/* ---- headers before the entry's own ---- */

/* Bytes that are text, terminated; NULL and *e. */
static char *read_text(Tar *t, u64 size, Errno *e) {
  u32 padded = (u32)((size + BLOCK - 1) / BLOCK * BLOCK);
  char *text = size <= LONGEST ? malloc(padded + 1) : NULL;
  *e = size > LONGEST ? E_NAMETOOLONG : text ? read_exactly(t, text, padded) : E_NOMEM;
  if (*e) {
    free(text);
    return NULL;
  }
  text[size] = 0;
  return text;
}

static Errno copy_long(char to[PATH_MAX], const char *from) {
  size_t len = strlen(from);
  if (len >= PATH_MAX) return E_NAMETOOLONG;
  memcpy(to, from, len + 1);
  return E_SUCCESS;
}

/* "30 path=some/where\n": a length that counts the whole record, a key, a value. */
static Errno take_record(Tar *t, char *record) {
  char *key = strchr(record, ' '), *value = key ? strchr(key, '=') : NULL;
  if (!value) return E_ILSEQ;
  *value++ = 0;
  key++;
  if (strcmp(key, "path") == 0) return copy_long(t->path, value);
  if (strcmp(key, "linkpath") == 0) return copy_long(t->link, value);
  if (strcmp(key, "size") == 0) {
    t->size = strtoull(value, NULL, 10);
    t->has_size = true;
  }
  return E_SUCCESS;
}

static Errno take_records(Tar *t, char *text, u64 size) {
  while (size) {
    char *blank;
    u64 len = strtoull(text, &blank, 10);
    if (*blank != ' ' || len > size || len < 4 || text[len - 1] != '\n') return E_ILSEQ;
    text[len - 1] = 0;
    Errno e = take_record(t, text);
    if (e) return e;
    text += len;
    size -= len;
  }
  return E_SUCCESS;
}

/* A long name of GNU's for what comes next, or pax records. */
static Errno take_before(Tar *t, u8 type, u64 size) {
  Errno e;
  char *text = read_text(t, size, &e);
  if (!text) return e;
  if (type == 'L') e = copy_long(t->path, text);
  if (type == 'K') e = copy_long(t->link, text);
  if (type == 'x') e = take_records(t, text, size);
  free(text);
  return e;
}

/* ---- entries ---- */

/* The bytes go into the file, or nowhere (NULL). */
static Errno take_bytes(Tar *t, wasi_node_t *file, u64 size) {
  for (u64 at = 0; at < size;) {
    u32 n = (u32)min_u64(size - at, CHUNK);
    Errno e = read_exactly(t, t->chunk, (n + BLOCK - 1) / BLOCK * BLOCK);
    if (!e && file) e = wm_node_write_all(t->fs, file, t->chunk, n, at);
    if (e) return e;
    at += n;
  }
  return E_SUCCESS;
}

/* 0: what is left out (devices, pipes, headers for all). */
static wasi_node_type_t type_of(u8 type) {
  switch (type) {
  case 0:
  case '0':
  case '7':
  case '1': return WASI_NODE_FILE;
  case '2': return WASI_NODE_LINK;
  case '5': return WASI_NODE_DIRECTORY;
  default: return 0;
  }
}

/* Old archives know a directory by the slash behind its name. */
static wasi_node_type_t type_of_entry(const Tar *t) {
  size_t len = strlen(t->path);
  wasi_node_type_t type = type_of(t->header[156]);
  bool slash = len && t->path[len - 1] == '/';
  return type == WASI_NODE_FILE && slash ? WASI_NODE_DIRECTORY : type;
}

static Errno take_entry(Tar *t, u64 size) {
  ArchiveEntry entry = {.path = t->path, .target = t->link};
  wasi_node_t *file = NULL;
  u64 seconds;
  if (!t->path[0]) copy_name(t, t->path);
  if (!t->link[0]) copy_field(t->link, t->header + 157, 100);
  entry.type = type_of_entry(t);
  entry.is_other_name = t->header[156] == '1';
  if (read_number(t->header + 136, 12, &seconds)) entry.modified_ns = seconds * 1000000000u;
  if (t->header[156] == '1' || entry.type == WASI_NODE_LINK) size = 0;
  Errno e = entry.type ? wm_archive_add(t->fs, &entry, &file) : E_SUCCESS;
  if (!e) e = take_bytes(t, file, size);
  wm_archive_finish(t->fs, &entry, file);
  t->path[0] = t->link[0] = 0;
  t->has_size = false;
  return e;
}

static bool is_zero(const u8 *header) {
  for (u32 i = 0; i < BLOCK; i++)
    if (header[i]) return false;
  return true;
}

static Errno take_header(Tar *t) {
  u64 size;
  u8 type = t->header[156];
  if (!has_checksum(t->header) || !read_number(t->header + 124, 12, &size)) return E_ILSEQ;
  if (type == 'L' || type == 'K' || type == 'x' || type == 'g') return take_before(t, type, size);
  return take_entry(t, t->has_size ? t->size : size);
}

/* A block of zeros is the end; a file that ends without is none, unless it has entries. */
static Errno take_all(Tar *t) {
  for (bool any = false;; any = true) {
    int n = gzread(t->in, t->header, BLOCK);
    if (n == 0 && any) return E_SUCCESS;
    if (n != BLOCK) return E_ILSEQ;
    if (is_zero(t->header)) return E_SUCCESS;
    Errno e = take_header(t);
    if (e) return e;
  }
}

Errno wm_tar_unpack(wasi_fs_t *fs, int fd) {
  Tar *t = calloc(1, sizeof *t);
  int own = t ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : -1;
  gzFile in = own >= 0 ? gzdopen(own, "rb") : NULL;
  Errno e = E_NOMEM;
  if (in) {
    t->fs = fs;
    t->in = in;
    e = take_all(t);
    gzclose(in);
  } else if (own >= 0) {
    close(own);
  }
  free(t);
  return e;
}
