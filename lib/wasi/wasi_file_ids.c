/* A table of files with open addressing: see wasi_file_ids.h. */
#include "wasi/wasi_file_ids.h"

#include "base/hashmap.h"

#include <stdlib.h>

enum { FIRST_CAP = 64, MAX_CAP = 1 << 20 /* 80 MiB */ };

FileIds *wm_file_ids_new(u64 start_ns) {
  FileIds *ids = calloc(1, sizeof *ids);
  if (ids) ids->start = wm_timespec_of(start_ns);
  return ids;
}

void wm_file_ids_free(FileIds *ids) {
  if (!ids) return;
  free(ids->slots);
  free(ids);
}

/* Where the file is, or where it would be; there is a free slot. */
static FileId *slot_of(const FileIds *ids, u64 device, u64 inode) {
  u32 at = (u32)wm_hash_u64(wm_hash_u64(device) + inode);
  FileId *slot;
  do {
    slot = &ids->slots[at++ & (ids->cap - 1)];
  } while (slot->number && !(slot->device == device && slot->inode == inode));
  return slot;
}

/* At most half of the slots are taken. */
static bool make_room(FileIds *ids) {
  if (ids->count < ids->cap / 2) return true;
  FileIds grown = {.cap = ids->cap ? ids->cap * 2 : FIRST_CAP};
  if (grown.cap > MAX_CAP) return false;
  grown.slots = calloc(grown.cap, sizeof *grown.slots);
  if (!grown.slots) return false;
  for (u32 i = 0; i < ids->cap; i++) {
    const FileId *id = &ids->slots[i];
    if (id->number) *slot_of(&grown, id->device, id->inode) = *id;
  }
  free(ids->slots);
  ids->slots = grown.slots;
  ids->cap = grown.cap;
  return true;
}

static void number(FileIds *ids, FileId *id, const struct stat *st, struct timespec t) {
  if (!id->number) ids->count++;
  *id = (FileId){st->st_dev, st->st_ino, ++ids->last_number, t, t, t};
}

/* NULL when out of memory. */
static FileId *find_or_add(FileIds *ids, const struct stat *st) {
  if (!make_room(ids)) return NULL;
  FileId *id = slot_of(ids, st->st_dev, st->st_ino);
  if (!id->number) number(ids, id, st, ids->start);
  return id;
}

/* The size of a directory, and how many names it has, are the disk's affair. */
Errno wm_file_ids_tell(FileIds *ids, struct stat *st) {
  const FileId *id = find_or_add(ids, st);
  if (!id) return E_NOMEM;
  st->st_dev = 1;
  st->st_ino = id->number;
  st->st_atim = id->accessed;
  st->st_mtim = id->modified;
  st->st_ctim = id->changed;
  if (!S_ISDIR(st->st_mode)) return E_SUCCESS;
  st->st_size = 0;
  st->st_nlink = 1;
  return E_SUCCESS;
}

void wm_file_ids_add(FileIds *ids, const struct stat *st, u64 now_ns) {
  if (!make_room(ids)) return;
  number(ids, slot_of(ids, st->st_dev, st->st_ino), st, wm_timespec_of(now_ns));
}

void wm_file_ids_set_times(FileIds *ids, const struct stat *st, const struct timespec times[2],
                           u64 now_ns) {
  FileId *id = find_or_add(ids, st);
  if (!id) return;
  if (times[0].tv_nsec != UTIME_OMIT) id->accessed = times[0];
  if (times[1].tv_nsec != UTIME_OMIT) id->modified = times[1];
  id->changed = wm_timespec_of(now_ns);
}
