/* zip (PKWARE's APPNOTE, 4.3): found from its end, where the central directory is told of.
 *
 *   end      "PK\5\6"  4 disk u16  6 disk u16  8 entries u16  10 entries u16  12 size u32
 *            16 offset u32  20 comment length u16                                      22 bytes
 *   central  "PK\1\2"  4 made by u16  8 flags u16  10 method u16  12 time u16  14 date u16
 *            16 crc u32  20 packed u32  24 size u32  28 name, 30 extra, 32 comment lengths u16
 *            38 attributes u32  42 offset u32                                          46 bytes
 *   local    "PK\3\4"  26 name, 28 extra lengths u16                                    30 bytes
 *
 * Sizes beyond 32 bits (zip64) are refused: it all goes into memory. */
#include "wasi/wasi_archive.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

enum {
  END_SIZE = 22,
  CENTRAL_SIZE = 46,
  LOCAL_SIZE = 30,
  CHUNK = 1 << 16,
  STORED = 0,
  DEFLATED = 8,
  FLAG_ENCRYPTED = 1,
  MADE_BY_UNIX = 3
};

typedef struct Zip {
  wasi_fs_t *fs;
  int fd;
  u64 size, packed; /* packed: bytes of all members so far */
  u8 *central;      /* owned */
  u32 central_size, entries;
  u8 in[CHUNK], out[CHUNK];
} Zip;

static Errno read_at(const Zip *z, void *to, size_t size, u64 at) {
  if (!is_within(at, size, z->size)) return E_ILSEQ;
  for (size_t done = 0; done < size;) {
    ssize_t n = pread(z->fd, (u8 *)to + done, size - done, (off_t)(at + done));
    if (n <= 0) return E_IO;
    done += (size_t)n;
  }
  return E_SUCCESS;
}

bool wm_zip_looks_like(int fd) {
  u8 magic[4];
  if (pread(fd, magic, 4, 0) != 4 || magic[0] != 'P' || magic[1] != 'K') return false;
  return (magic[2] == 3 && magic[3] == 4) || (magic[2] == 5 && magic[3] == 6);
}

/* ---- the central directory ---- */

/* The last place where the end can be: its comment goes to the file's end. */
static const u8 *find_end(const u8 *tail, u64 len) {
  for (u64 at = len - END_SIZE + 1; at-- > 0;) {
    const u8 *end = tail + at;
    if (load_u32(end) == 0x06054b50 && load_u16(end + 20) == len - at - END_SIZE) return end;
  }
  return NULL;
}

static Errno read_end(Zip *z, const u8 *end) {
  u64 offset = load_u32(end + 16);
  z->central_size = load_u32(end + 12);
  z->entries = load_u16(end + 10);
  if (load_u16(end + 4) || load_u16(end + 6) || load_u16(end + 8) != z->entries) return E_NOTSUP;
  if (z->entries == 0xffff || offset == UINT32_MAX || z->central_size == UINT32_MAX)
    return E_NOTSUP; /* zip64 */
  if (!is_within(offset, z->central_size, z->size)) return E_ILSEQ;
  z->central = malloc((size_t)z->central_size + 1);
  return z->central ? read_at(z, z->central, z->central_size, offset) : E_NOMEM;
}

static Errno read_central(Zip *z) {
  u64 len = min_u64(z->size, END_SIZE + UINT16_MAX);
  u8 *tail = len >= END_SIZE ? malloc(len) : NULL;
  if (!tail) return len >= END_SIZE ? E_NOMEM : E_ILSEQ;
  Errno e = read_at(z, tail, len, z->size - len);
  const u8 *end = e ? NULL : find_end(tail, len);
  if (!e) e = end ? read_end(z, end) : E_ILSEQ;
  free(tail);
  return e;
}

/* ---- bytes ---- */

typedef struct Member {
  u64 at, packed, size;
  u32 crc;
  u16 method;
} Member;

static Errno put(Zip *z, wasi_node_t *file, const u8 *bytes, size_t len, u64 *at, u32 *crc) {
  *crc = (u32)crc32(*crc, bytes, (uInt)len);
  Errno e = wm_node_write_all(z->fs, file, bytes, len, *at);
  *at += len;
  return e;
}

static Errno copy_stored(Zip *z, const Member *m, wasi_node_t *file, u64 *out, u32 *crc) {
  Errno e = m->packed == m->size ? E_SUCCESS : E_ILSEQ;
  for (u64 at = 0; !e && at < m->size;) {
    size_t n = min_u64(m->size - at, CHUNK);
    e = read_at(z, z->in, n, m->at + at);
    if (!e) e = put(z, file, z->in, n, out, crc);
    at += n;
  }
  return e;
}

/* What is in z->in goes through the stream until that wants more. */
static Errno inflate_some(Zip *z, z_stream *s, const Member *m, wasi_node_t *file, u64 *out,
                          u32 *crc, bool *ended) {
  do {
    s->next_out = z->out;
    s->avail_out = CHUNK;
    int status = inflate(s, Z_NO_FLUSH);
    *ended = status == Z_STREAM_END;
    if (status == Z_MEM_ERROR) return E_NOMEM;
    if (status != Z_OK && !*ended && status != Z_BUF_ERROR) return E_ILSEQ;
    size_t n = CHUNK - s->avail_out;
    if (n > m->size - *out) return E_ILSEQ; /* more than was said */
    Errno e = put(z, file, z->out, n, out, crc);
    if (e) return e;
  } while (!*ended && s->avail_out == 0);
  return E_SUCCESS;
}

static Errno inflate_all(Zip *z, z_stream *s, const Member *m, wasi_node_t *file, u64 *out,
                         u32 *crc) {
  bool ended = false;
  for (u64 at = 0; !ended && at < m->packed;) {
    u32 n = (u32)min_u64(m->packed - at, CHUNK);
    Errno e = read_at(z, z->in, n, m->at + at);
    s->next_in = z->in;
    s->avail_in = n;
    if (!e) e = inflate_some(z, s, m, file, out, crc, &ended);
    if (e) return e;
    at += n;
  }
  return ended ? E_SUCCESS : E_ILSEQ;
}

static Errno inflate_member(Zip *z, const Member *m, wasi_node_t *file, u64 *out, u32 *crc) {
  z_stream s = {0};
  if (inflateInit2(&s, -MAX_WBITS) != Z_OK) return E_NOMEM;
  Errno e = inflate_all(z, &s, m, file, out, crc);
  inflateEnd(&s);
  return e;
}

static Errno unpack(Zip *z, const Member *m, wasi_node_t *file) {
  u64 out = 0;
  u32 crc = 0;
  Errno e = m->method == STORED     ? copy_stored(z, m, file, &out, &crc)
            : m->method == DEFLATED ? inflate_member(z, m, file, &out, &crc)
                                    : E_NOTSUP;
  return !e && (out != m->size || crc != m->crc) ? E_ILSEQ : e;
}

/* ---- entries ---- */

/* MS-DOS's, to two seconds, which says nothing of where: taken as universal time. */
static u64 time_of(u16 time, u16 date) {
  struct tm t = {.tm_sec = (time & 31) * 2,
                 .tm_min = time >> 5 & 63,
                 .tm_hour = time >> 11,
                 .tm_mday = date & 31,
                 .tm_mon = (date >> 5 & 15) - 1,
                 .tm_year = (date >> 9) + 80};
  time_t seconds = timegm(&t);
  return seconds > 0 ? (u64)seconds * 1000000000u : 0;
}

/* Where the entry's bytes begin: behind a header of their own, with lengths of its own. */
static Errno find_bytes(const Zip *z, u64 local, u64 *at) {
  u8 header[LOCAL_SIZE];
  Errno e = read_at(z, header, LOCAL_SIZE, local);
  if (!e && load_u32(header) != 0x04034b50) e = E_ILSEQ;
  *at = local + LOCAL_SIZE + load_u16(header + 26) + load_u16(header + 28);
  return e;
}

/* Archivers of Unix put st_mode into the upper half of the attributes. */
static wasi_node_type_t type_of(const u8 *central, const char *path) {
  size_t len = strlen(path);
  u32 mode = load_u32(central + 38) >> 16;
  if (len && path[len - 1] == '/') return WASI_NODE_DIRECTORY;
  return central[5] == MADE_BY_UNIX && S_ISLNK(mode) ? WASI_NODE_LINK : WASI_NODE_FILE;
}

/* A link's target is its contents: a file in memory first. */
static Errno add_link(Zip *z, ArchiveEntry *entry, const Member *m) {
  char target[PATH_MAX];
  wasi_node_t *none;
  if (m->method != STORED || m->packed != m->size) return E_NOTSUP;
  if (m->size >= sizeof target) return E_NAMETOOLONG;
  Errno e = read_at(z, target, m->size, m->at);
  if (e) return e;
  target[m->size] = 0;
  entry->target = target;
  e = wm_archive_add(z->fs, entry, &none);
  entry->target = NULL;
  return e;
}

static Errno add_entry(Zip *z, const u8 *central, const char *path) {
  ArchiveEntry entry = {.path = path,
                        .type = type_of(central, path),
                        .modified_ns = time_of(load_u16(central + 12), load_u16(central + 14))};
  Member m = {.packed = load_u32(central + 20),
              .size = load_u32(central + 24),
              .crc = load_u32(central + 16),
              .method = load_u16(central + 10)};
  wasi_node_t *file = NULL;
  if (load_u16(central + 8) & FLAG_ENCRYPTED) return E_NOTSUP;
  if (m.packed == UINT32_MAX || m.size == UINT32_MAX) return E_NOTSUP; /* zip64 */
  /* Members that share bytes could be unpacked over each other for days. */
  z->packed += m.packed;
  if (z->packed > z->size) return E_ILSEQ;
  Errno e = find_bytes(z, load_u32(central + 42), &m.at);
  if (e) return e;
  if (entry.type == WASI_NODE_LINK) return add_link(z, &entry, &m);
  e = wm_archive_add(z->fs, &entry, &file);
  if (!e && file) e = unpack(z, &m, file);
  wm_archive_finish(z->fs, &entry, file);
  return e;
}

/* Steps over one entry of the central directory. */
static Errno take_central(Zip *z, u32 *at) {
  const u8 *central = z->central + *at;
  char path[PATH_MAX];
  if (!is_within(*at, CENTRAL_SIZE, z->central_size) || load_u32(central) != 0x02014b50)
    return E_ILSEQ;
  u32 name = load_u16(central + 28);
  u32 whole = CENTRAL_SIZE + name + load_u16(central + 30) + load_u16(central + 32);
  if (!is_within(*at, whole, z->central_size)) return E_ILSEQ;
  if (name >= sizeof path) return E_NAMETOOLONG;
  memcpy(path, central + CENTRAL_SIZE, name);
  path[name] = 0;
  *at += whole;
  return strlen(path) == name ? add_entry(z, central, path) : E_INVAL;
}

Errno wm_zip_unpack(wasi_fs_t *fs, int fd) {
  struct stat st;
  Zip *z = calloc(1, sizeof *z);
  if (!z) return E_NOMEM;
  z->fs = fs;
  z->fd = fd;
  Errno e = fstat(fd, &st) ? E_IO : E_SUCCESS;
  z->size = e ? 0 : (u64)st.st_size;
  if (!e) e = read_central(z);
  u32 at = 0;
  for (u32 i = 0; !e && i < z->entries; i++) e = take_central(z, &at);
  free(z->central);
  free(z);
  return e;
}
