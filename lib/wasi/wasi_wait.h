/* Waiting and long work that a stop of the store ends. Every wait of a call watches the store's own
 * descriptor beside what it waits for; every call that may move much does so piece by piece and
 * looks in between. */
#ifndef WM_WASI_WASI_WAIT_H
#define WM_WASI_WASI_WAIT_H

#include "wasi/wasi_ctx.h"

#include <poll.h>

enum {
  LOOK_NS = 2000000, /* how often a wait looks, where there is no event to be had */
  WAIT_ROOM = 2,     /* entries of its own behind those of the caller */
  PIECE = 1 << 20    /* bytes moved between two looks: a fraction of a millisecond */
};

/* Waits until one of fds[0..count) has something to say (*ready: how many) or about `span`
 * nanoseconds are over, UINT64_MAX being for ever. It may come back early with *ready 0: the caller
 * knows how long is left. fds has room for WAIT_ROOM more, which are used. E_INTR: the store was
 * told to stop. Meanwhile other threads of the program may make calls: what a Descriptor * was got
 * for may be gone. */
Errno wm_wait(Call *call, struct pollfd *fds, u32 count, u64 span, u32 *ready);

/* Waits for `events` of the call's first argument, a descriptor that is pinned where there are
 * threads, or until about `span` is over. E_BADF: another thread of the program closed it. The
 * call's lock is as before. */
Errno wm_wait_open(Call *call, PinnedFd *pinned, int fd, short events, u64 span);

/* Waits for `events` of one descriptor, for ever. */
Errno wm_wait_for(Call *call, int fd, short events);

#endif
