/* Shared memories (threads proposal): not of a store, but counted by the Memory objects that stores
 * have of them, and by the host (wasmx.h). Used from any thread.
 *
 *   store A: Memory --.                .-- Memory :store B
 *                      SharedMemory { space | account of the store that made it | waiters }
 *
 * It never moves, and only grows. The bytes are the guests': what the runtime reads there may
 * change at any moment, so it is read once, and then judged. */
#ifndef WM_RUNTIME_SHARED_MEMORY_H
#define WM_RUNTIME_SHARED_MEMORY_H

#include "os/os.h"
#include "runtime/instance.h"
#include "wasm/limits.h"

/* Threads that wait at addresses (memory_wait.c), by address. */
enum { WAIT_QUEUES = 16 };
typedef struct Waiter Waiter;
typedef struct WaitQueue {
  Mutex lock;
  Waiter *first, **last; /* in the order in which they came */
} WaitQueue;

struct SharedMemory {
  _Atomic u32 references;
  Mutex growing; /* one at a time */
  Reservation space;
  MemoryType type;  /* as it was made */
  Account *account; /* counted: has the bytes */
  WaitQueue queues[WAIT_QUEUES];
  ForkWatch forks;
};

/* What there can be at most of a memory of the type. */
static inline u64 memory_max_pages(const MemoryType *type) {
  const Limits *limits = &type->limits;
  u64 most = most_pages(limits->is_64, limits->page_log2);
  if (limits->is_64) most = MAX_MEMORY64_BYTES >> limits->page_log2;
  return limits->has_max ? min_u64(limits->max, most) : most;
}

/* The type's size is one that can be. NULL with err set. */
SharedMemory *wm_shared_memory_new(MemoryPool *pool, Account *account, const MemoryType *type,
                                   Error *err);
void wm_shared_memory_retain(SharedMemory *shared);
void wm_shared_memory_release(SharedMemory *shared);
/* As wm_memory_grow. */
u64 wm_shared_memory_grow(SharedMemory *shared, u64 delta_pages);

/* ---- memory_wait.c ---- */
bool wm_wait_queues_init(SharedMemory *shared);
void wm_wait_queues_end(SharedMemory *shared);

/* What wm_memory_wait answers: the first three are the instruction's results. */
enum { WAIT_WOKEN, WAIT_NOT_EQUAL, WAIT_TIMED_OUT, WAIT_STOPPED };

/* memory.atomic.wait32 and 64 at `ea`, which is aligned and inside of the shared memory: waits
 * while the `size` bytes there are `expected`, until it is notified, `timeout_ns` are over
 * (negative: never) or wasm must stop (WAIT_STOPPED). The store's thread. */
u32 wm_memory_wait(Store *store, SharedMemory *shared, u64 ea, u32 size, u64 expected,
                   i64 timeout_ns);
/* Wakes at most `count` threads that wait at `ea`, those first that came first; how many. Any
 * thread. */
u32 wm_memory_notify(SharedMemory *shared, u64 ea, u32 count);

#endif
