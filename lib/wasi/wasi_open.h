/* What path_open was asked for. */
#ifndef WM_WASI_WASI_OPEN_H
#define WM_WASI_WASI_OPEN_H

#include "wasi/wasi_resolver.h"

typedef struct Opening {
  Rights requested, inheriting;
  u32 oflags, fdflags;
  bool follow;
  bool alone; /* no other thread of the program puts something else there meanwhile */
  int flags;  /* of the host */
  GuestPath path;
} Opening;

#endif
