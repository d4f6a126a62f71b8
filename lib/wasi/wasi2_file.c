/* wasi:filesystem, what is done with open descriptors. */
#include "wasi/wasi2_file.h"

#include "base/utf8.h"

#include <stdlib.h>

enum { MAX_PIECE = 1 << 20, VECTOR = 0, DONE = IOVEC_SIZE, BYTES = 16 };

static Object *self(Wasi2Call *c) { return wm_wasi2_object(c, &c->args[0], OBJECT_DESCRIPTOR); }

static void finish(Wasi2Call *c, Errno e) {
  if (!wm_wasi2_failed(c, e)) wm_wasi2_done(c);
}

/* ---- what it is ---- */

/* descriptor-type of a FileType. */
static u32 type_of(u8 type) {
  static const u8 types[] = {
      [FILETYPE_BLOCK_DEVICE] = 1, [FILETYPE_CHARACTER_DEVICE] = 2, [FILETYPE_DIRECTORY] = 3,
      [FILETYPE_REGULAR_FILE] = 6, [FILETYPE_SOCKET_DGRAM] = 7,     [FILETYPE_SOCKET_STREAM] = 7,
      [FILETYPE_SYMBOLIC_LINK] = 5};
  return type < ARRAY_LEN(types) ? types[type] : 0;
}

void wm_wasi2_put_type(Val *to, u8 type) {
  wm_wasi2_put_case(to, WASMCM_ENUM, type_of(type), NULL);
}

Errno wm_wasi2_fdstat(Wasi2Call *c, u32 fd, FdStat *stat) {
  *stat = (FdStat){0};
  if (!wm_wasi2_memory(c, FDSTAT_SIZE)) return E_NOMEM;
  Errno e = RUN(c, fd_fdstat_get, ARG(fd), ARG(0));
  const u8 *m = c->memory;
  *stat = (FdStat){m[0], load_u16(m + 2), load_u64(m + 8), load_u64(m + 16)};
  return e;
}

bool wm_wasi2_may_block(const FdStat *stat) {
  return stat->type != FILETYPE_REGULAR_FILE && stat->type != FILETYPE_DIRECTORY &&
         stat->type != FILETYPE_BLOCK_DEVICE;
}

void wm_wasi2_get_type(Wasi2Call *c) {
  const Object *o = self(c);
  FdStat stat;
  if (o && !wm_wasi2_failed(c, wm_wasi2_fdstat(c, o->fd, &stat)))
    wm_wasi2_put_type(wm_wasi2_ok(c), stat.type);
}

static u32 flags_of(const FdStat *s) {
  bool is_dir = s->type == FILETYPE_DIRECTORY;
  u32 flags = s->base & (is_dir ? RIGHT_FD_READDIR : RIGHT_FD_READ) ? FILE_READ : 0;
  if (!is_dir && (s->base & RIGHT_FD_WRITE)) flags |= FILE_WRITE;
  if (is_dir && (s->base & RIGHTS_CHANGE_DIR)) flags |= FILE_MUTATE_DIRECTORY;
  if (s->flags & FDFLAG_SYNC) flags |= FILE_SYNC;
  if (s->flags & FDFLAG_DSYNC) flags |= FILE_DATA_SYNC;
  if (s->flags & FDFLAG_RSYNC) flags |= FILE_REQUESTED_SYNC;
  return flags;
}

void wm_wasi2_get_flags(Wasi2Call *c) {
  const Object *o = self(c);
  FdStat stat;
  if (o && !wm_wasi2_failed(c, wm_wasi2_fdstat(c, o->fd, &stat)))
    *wm_wasi2_ok(c) = (Val){.kind = WASMCM_FLAGS, .of.flags = flags_of(&stat)};
}

/* ---- streams ---- */

/* What has no places (a pipe, a terminal) is read and written where it is. */
static void give_stream(Wasi2Call *c, ObjectKind kind, u64 at, bool appends) {
  Object *o = self(c);
  FdStat stat;
  if (!o) return;
  Errno e = wm_wasi2_fdstat(c, o->fd, &stat);
  if (!e && stat.type == FILETYPE_DIRECTORY) e = E_ISDIR;
  Rights needs = kind == OBJECT_INPUT ? RIGHT_FD_READ : RIGHT_FD_WRITE;
  if (!e && !(stat.base & needs)) e = E_BADF;
  if (!e && at > INT64_MAX) e = E_INVAL;
  if (wm_wasi2_failed(c, e)) return;
  Object *made = wm_wasi2_stream(c, kind, o, wm_wasi2_may_block(&stat));
  if (!made) return;
  bool is_file = stat.type == FILETYPE_REGULAR_FILE || stat.type == FILETYPE_BLOCK_DEVICE;
  made->is_placed = is_file && !appends;
  made->appends = is_file && appends;
  made->flags = stat.flags & (u16)~FDFLAG_APPEND;
  made->at = at;
  wm_wasi2_put_own(c, wm_wasi2_ok(c), made);
}

void wm_wasi2_read_via_stream(Wasi2Call *c) {
  give_stream(c, OBJECT_INPUT, c->args[1].of.u64, false);
}
void wm_wasi2_write_via_stream(Wasi2Call *c) {
  give_stream(c, OBJECT_OUTPUT, c->args[1].of.u64, false);
}
void wm_wasi2_append_via_stream(Wasi2Call *c) { give_stream(c, OBJECT_OUTPUT, 0, true); }

/* ---- contents ---- */

static Errno move(Wasi2Call *c, CallNumber number, u32 fd, u64 size, u64 offset) {
  store_u32(c->memory + VECTOR, BYTES);
  store_u32(c->memory + VECTOR + 4, (u32)size);
  return wm_wasi2_run(c, &wm_call_rows[number],
                      (const wasmx_slot_t[]){ARG(fd), ARG(VECTOR), ARG(1), ARG(offset), ARG(DONE)});
}

void wm_wasi2_read(Wasi2Call *c) {
  const Object *o = self(c);
  u64 wanted = min_u64(c->args[1].of.u64, MAX_PIECE);
  if (!o || !wm_wasi2_memory(c, BYTES + wanted)) return;
  if (wm_wasi2_failed(c, move(c, CALL_fd_pread, o->fd, wanted, c->args[2].of.u64))) return;
  u32 done = load_u32(c->memory + DONE);
  Val *pair = wm_wasi2_put_record(c, wm_wasi2_ok(c), WASMCM_TUPLE, 2);
  wm_wasi2_put_bytes(&pair[0], c->memory + BYTES, done);
  pair[1] = (Val){.kind = WASMCM_BOOL, .of.boolean = wanted && !done};
}

void wm_wasi2_write(Wasi2Call *c) {
  const Object *o = self(c);
  const Val *bytes = &c->args[1];
  u64 size = min_u64(bytes->of.numbers.count, MAX_PIECE);
  if (!o || !wm_wasi2_memory(c, BYTES + size)) return;
  if (size) memcpy(c->memory + BYTES, bytes->of.numbers.data, size);
  if (wm_wasi2_failed(c, move(c, CALL_fd_pwrite, o->fd, size, c->args[2].of.u64))) return;
  wm_wasi2_put(wm_wasi2_ok(c), WASMCM_U64, load_u32(c->memory + DONE));
}

void wm_wasi2_advise(Wasi2Call *c) {
  const Object *o = self(c);
  const Val *a = c->args;
  if (o)
    finish(c, RUN(c, fd_advise, ARG(o->fd), ARG(a[1].of.u64), ARG(a[2].of.u64),
                  ARG(a[3].of.variant.index)));
}

void wm_wasi2_sync_data(Wasi2Call *c) {
  const Object *o = self(c);
  if (o) finish(c, RUN(c, fd_datasync, ARG(o->fd)));
}

void wm_wasi2_sync(Wasi2Call *c) {
  const Object *o = self(c);
  if (o) finish(c, RUN(c, fd_sync, ARG(o->fd)));
}

void wm_wasi2_set_size(Wasi2Call *c) {
  const Object *o = self(c);
  if (o) finish(c, RUN(c, fd_filestat_set_size, ARG(o->fd), ARG(c->args[1].of.u64)));
}

/* ---- stat ---- */

bool wm_wasi2_times(const Val *accessed, const Val *modified, NewTimes *times) {
  const Val *vals[] = {accessed, modified};
  times->flags = 0;
  for (u32 i = 0; i < 2; i++) {
    const u32 set = i ? FSTFLAG_MTIM : FSTFLAG_ATIM;
    times->ns[i] = 0;
    if (vals[i]->of.variant.index == 1) times->flags |= set << 1; /* now */
    if (vals[i]->of.variant.index != 2) continue;
    const Val *time = vals[i]->of.variant.payload->of.items.data;
    times->flags |= set;
    if (!checked_mul(time[0].of.u64, 1000000000u, &times->ns[i]) ||
        !checked_add(times->ns[i], time[1].of.u64, &times->ns[i]))
      return false;
  }
  return true;
}

void wm_wasi2_set_times(Wasi2Call *c) {
  const Object *o = self(c);
  NewTimes t;
  if (!o) return;
  bool fits = wm_wasi2_times(&c->args[1], &c->args[2], &t);
  finish(c,
         fits ? RUN(c, fd_filestat_set_times, ARG(o->fd), ARG(t.ns[0]), ARG(t.ns[1]), ARG(t.flags))
              : E_OVERFLOW);
}

/* A time that was is always known. */
static void put_some_time(Wasi2Call *c, Val *to, u64 ns) {
  Val *time = wm_wasi2_vals(c, 1);
  wm_wasi2_put_time(c, time, ns);
  wm_wasi2_put_case(to, WASMCM_OPTION, 1, time);
}

void wm_wasi2_give_stat(Wasi2Call *c, Errno e, const u8 *stat) {
  if (wm_wasi2_failed(c, e)) return;
  Val *fields = wm_wasi2_put_record(c, wm_wasi2_ok(c), WASMCM_RECORD, 6);
  wm_wasi2_put_type(&fields[0], stat[16]);
  wm_wasi2_put(&fields[1], WASMCM_U64, load_u64(stat + 24));
  wm_wasi2_put(&fields[2], WASMCM_U64, load_u64(stat + 32));
  for (u32 i = 0; i < 3; i++) put_some_time(c, &fields[3 + i], load_u64(stat + 40 + (size_t)i * 8));
}

/* Spreads each bit of `value` over the hash (the steps are those of MurmurHash3's end). */
static u64 mix(u64 hash, u64 value) {
  hash ^= value;
  hash = (hash ^ (hash >> 33)) * UINT64_C(0xff51afd7ed558ccd);
  hash = (hash ^ (hash >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
  return hash ^ (hash >> 33);
}

/* Of the device, the inode, its size and when it was changed. */
void wm_wasi2_give_hash(Wasi2Call *c, Errno e, const u8 *stat) {
  if (wm_wasi2_failed(c, e)) return;
  Val *halves = wm_wasi2_put_record(c, wm_wasi2_ok(c), WASMCM_RECORD, 2);
  for (u64 i = 0, hash = 0; i < 2; i++) {
    hash = mix(mix(hash + i, load_u64(stat)), load_u64(stat + 8));
    hash = mix(mix(hash, load_u64(stat + 32)), load_u64(stat + 48));
    wm_wasi2_put(&halves[i], WASMCM_U64, hash);
  }
}

/* At the front of the memory. */
static Errno stat_of(Wasi2Call *c, u32 fd) {
  if (!wm_wasi2_memory(c, FILESTAT_SIZE)) return E_NOMEM;
  return RUN(c, fd_filestat_get, ARG(fd), ARG(0));
}

void wm_wasi2_stat(Wasi2Call *c) {
  const Object *o = self(c);
  Errno e = o ? stat_of(c, o->fd) : E_BADF;
  if (o) wm_wasi2_give_stat(c, e, c->memory);
}

void wm_wasi2_metadata_hash(Wasi2Call *c) {
  const Object *o = self(c);
  Errno e = o ? stat_of(c, o->fd) : E_BADF;
  if (o) wm_wasi2_give_hash(c, e, c->memory);
}

void wm_wasi2_is_same_object(Wasi2Call *c) {
  const Object *a = self(c), *b = wm_wasi2_object(c, &c->args[1], OBJECT_DESCRIPTOR);
  u8 ids[2][16] = {{0}, {1}};
  if (a && b && !stat_of(c, a->fd)) memcpy(ids[0], c->memory, 16);
  if (a && b && !stat_of(c, b->fd)) memcpy(ids[1], c->memory, 16);
  *c->result = (Val){.kind = WASMCM_BOOL, .of.boolean = memcmp(ids[0], ids[1], 16) == 0};
}

/* ---- directories ---- */

enum { LISTING_SIZE = 4096, LISTING_USED = LISTING_SIZE }; /* in memory: entries, how many bytes */

/* The entries behind those that were given; none are the end. */
static Errno fill(Wasi2Call *c, Object *o) {
  if (!o->entries) o->entries = malloc(LISTING_SIZE);
  if (!o->entries || !wm_wasi2_memory(c, LISTING_SIZE + 8)) return E_NOMEM;
  Errno e =
      RUN(c, fd_readdir, ARG(o->fd), ARG(0), ARG(LISTING_SIZE), ARG(o->at), ARG(LISTING_USED));
  o->entries_at = 0;
  o->entries_len = e ? 0 : min_u32(load_u32(c->memory + LISTING_USED), LISTING_SIZE);
  memcpy(o->entries, c->memory, o->entries_len);
  return e;
}

/* The next whole one, of those that were read. */
static const u8 *take_entry(Object *o, u32 *name_len) {
  const u8 *entry = o->entries + o->entries_at;
  u32 left = o->entries_len - o->entries_at;
  if (left < DIRENT_SIZE) return NULL;
  *name_len = load_u32(entry + 16);
  if (left - DIRENT_SIZE < *name_len) return NULL;
  o->entries_at += DIRENT_SIZE + *name_len;
  o->at = load_u64(entry);
  return entry;
}

static bool is_dots(const u8 *name, u32 len) {
  return (len == 1 && name[0] == '.') || (len == 2 && name[0] == '.' && name[1] == '.');
}

/* NULL without an error: there are no more. */
static Errno next_entry(Wasi2Call *c, Object *o, const u8 **entry, u32 *name_len) {
  for (bool is_fresh = false;; is_fresh = true) {
    while ((*entry = take_entry(o, name_len)) && is_dots(*entry + DIRENT_SIZE, *name_len))
      is_fresh = false;
    if (*entry || is_fresh) return E_SUCCESS;
    Errno e = fill(c, o);
    if (e) return e;
  }
}

void wm_wasi2_read_directory(Wasi2Call *c) {
  Object *o = self(c);
  FdStat stat;
  if (!o) return;
  Errno e = wm_wasi2_fdstat(c, o->fd, &stat);
  if (!e && stat.type != FILETYPE_DIRECTORY) e = E_NOTDIR;
  if (wm_wasi2_failed(c, e)) return;
  Object *made = wm_wasi2_new(c, OBJECT_ENTRIES, o);
  if (made && wm_wasi2_failed(c, fill(c, made))) {
    wm_wasi2_drop(c->host, made->rep);
    return;
  }
  wm_wasi2_put_own(c, wm_wasi2_ok(c), made);
}

/* The name is copied: the next call may overwrite what was read. */
static void put_entry(Wasi2Call *c, Val *to, const u8 *entry, u32 name_len) {
  Val *fields = wm_wasi2_put_record(c, to, WASMCM_RECORD, 2);
  wm_wasi2_put_type(&fields[0], entry[20]);
  if (!wm_wasi2_memory(c, name_len)) return;
  memcpy(c->memory, entry + DIRENT_SIZE, name_len);
  wm_wasi2_put_text(c, &fields[1], c->memory, name_len);
}

void wm_wasi2_read_directory_entry(Wasi2Call *c) {
  Object *o = wm_wasi2_object(c, &c->args[0], OBJECT_ENTRIES);
  const u8 *entry = NULL;
  u32 name_len;
  if (!o || wm_wasi2_failed(c, next_entry(c, o, &entry, &name_len))) return;
  bool is_text = !entry || wm_utf8_valid(entry + DIRENT_SIZE, name_len);
  if (wm_wasi2_failed(c, is_text ? E_SUCCESS : E_ILSEQ)) return;
  Val *record = entry ? wm_wasi2_vals(c, 1) : NULL;
  if (entry) put_entry(c, record, entry, name_len);
  wm_wasi2_put_case(wm_wasi2_ok(c), WASMCM_OPTION, entry != NULL, record);
}
