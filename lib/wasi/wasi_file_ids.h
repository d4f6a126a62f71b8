/* What files are told as, whatever the host says (wasi_config_set_fixed_stat): their inode numbers
 * count from 1 in the order in which the program first came to see them, of all devices together,
 * and their times are constant but where the program sets them.
 *
 *   device, inode of the host --> FileId { number, accessed, modified, changed }
 *
 * A number is given once: what the program makes gets one of its own, also when the host uses the
 * inode of a file that is gone once more. */
#ifndef WM_WASI_WASI_FILE_IDS_H
#define WM_WASI_WASI_FILE_IDS_H

#include "wasi/wasi_clock.h"

#include <sys/stat.h>

typedef struct FileId {
  u64 device, inode;
  u64 number; /* 0: the slot is free */
  struct timespec accessed, modified, changed;
} FileId;

typedef struct FileIds {
  FileId *slots; /* owned */
  u32 cap;       /* a power of two, or 0 */
  u32 count;
  u64 last_number;
  struct timespec start; /* the time of what was there before the program */
} FileIds;

FileIds *wm_file_ids_new(u64 start_ns);
void wm_file_ids_free(FileIds *ids); /* NULL: nothing */

/* Puts what the program is told into *st, which has what the host says. E_NOMEM, also when there
 * are very many files. */
Errno wm_file_ids_tell(FileIds *ids, struct stat *st);
/* Something new, made at that time; its times were set, as by utimensat(2) but that none is
 * UTIME_NOW. Out of memory nothing is done: what was asked for has happened. */
void wm_file_ids_add(FileIds *ids, const struct stat *st, u64 now_ns);
void wm_file_ids_set_times(FileIds *ids, const struct stat *st, const struct timespec times[2],
                           u64 now_ns);

#endif
