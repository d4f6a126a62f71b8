/* What the files of wasi:filesystem share (wasi2_file.c). */
#ifndef WM_WASI_WASI2_FILE_H
#define WM_WASI_WASI2_FILE_H

#include "wasi/wasi2.h"

/* descriptor-flags */
enum {
  FILE_READ = 1,
  FILE_WRITE = 2,
  FILE_SYNC = 4,
  FILE_DATA_SYNC = 8,
  FILE_REQUESTED_SYNC = 16,
  FILE_MUTATE_DIRECTORY = 32
};

typedef struct FdStat {
  u8 type;
  u16 flags;
  Rights base, inheriting;
} FdStat;
Errno wm_wasi2_fdstat(Wasi2Call *c, u32 fd, FdStat *stat);
/* Reading and writing may have to wait. */
bool wm_wasi2_may_block(const FdStat *stat);

void wm_wasi2_put_type(Val *to, u8 type);

/* As rows have them, from two new-timestamps. False: they are after all time. */
typedef struct NewTimes {
  u64 ns[2];
  u32 flags;
} NewTimes;
bool wm_wasi2_times(const Val *accessed, const Val *modified, NewTimes *times);

/* The result, from the filestat that a row wrote. */
void wm_wasi2_give_stat(Wasi2Call *c, Errno e, const u8 *stat);
void wm_wasi2_give_hash(Wasi2Call *c, Errno e, const u8 *stat);

#endif
