/* Address space for linear memories: reserved with guard pages where they are wanted, kept for
 * reuse by the next memory. Engine-level, locked in shards, of which a thread looks at its own
 * first. Each memory takes two mappings of the system's (header and contents; the rest), one more
 * when it is much larger than the image that it began with.
 *
 *   [ header page: ... MemoryHeader | base: accessible | reserved, no access ... | guard ]
 *   [ image: zeros | what the memory begins with ... ]   instead of the first pages, copy on write
 *
 * The header sits right below base, so that code holding only the base finds the length at
 * base - sizeof(MemoryHeader); wasm addresses are unsigned and cannot reach it. */
#ifndef WM_RUNTIME_POOL_H
#define WM_RUNTIME_POOL_H

#include "runtime/memory_source.h"

typedef struct MemoryHeader {
  u64 unused;       /* 16 bytes in all, so that base may be aligned to 16 */
  u64 length_bytes; /* the current size; the word right below base */
} MemoryHeader;

/* The length of the memory whose base this is, read and written nowhere else in C but in the
 * interpreter's handlers (interp/loop.c); compiled code loads the word by itself. That of a shared
 * memory grows under the eyes of other threads: a read is one atomic load (relaxed will do: whoever
 * gets the old length traps where the memory did end a moment ago), a write a release behind the
 * pages that it promises; those who grow it take turns (shared_memory.c). */
static inline u64 memory_length(const u8 *base) {
  return __atomic_load_n((const u64 *)(const void *)(base - sizeof(u64)), __ATOMIC_RELAXED);
}
static inline void memory_set_length(u8 *base, u64 length_bytes) {
  __atomic_store_n((u64 *)(void *)(base - sizeof(u64)), length_bytes, __ATOMIC_RELEASE);
}

typedef struct MemoryPool MemoryPool;

/* Of a memory that is kept, what may stay resident: zeroing it costs less than pages that are new,
 * of which a program is likely to touch some (tests/bench/README). */
enum { POOL_DIRTY_BYTES = 256 << 10 };

/* What memories begin with (page_image.c). */
typedef struct PoolImage PoolImage;

/* One memory's address space: its holder's, until it gives it to wm_pool_release. */
typedef struct Reservation {
  u8 *base;           /* the memory's address 0; never moves */
  u64 reserved_bytes; /* from base, guard included */
  u64 capacity_bytes; /* what can be made accessible; >= the memory's maximum, or less when space is
                         short */
  u64 accessible_bytes;
  MemorySource *source;     /* counted: the host's; NULL: the system's, in whole pages */
  bool prefers_large_pages; /* some of it was written in one go */
  PoolImage *image;         /* counted: what it began with; NULL: zeros */
  u64 dirty_bytes;          /* kept for reuse: of who had it; behind them as when it was made */
} Reservation;

MemoryPool *wm_pool_new(void); /* NULL: out of memory */
void wm_pool_delete(MemoryPool *pool);
/* All memories come from there, which takes a count of it. Before anything else is asked of the
 * pool.
 */
void wm_pool_use_source(MemoryPool *pool, MemorySource *source);
/* From now on each 32-bit memory has a guard (every 32-bit index + 32-bit offset + 16 is inside its
 * reservation), or cannot be had. False: there is no address space for guards, or the host gives
 * none: nothing is changed. Before the first memory. */
bool wm_pool_want_guards(MemoryPool *pool);

/* Space for a memory of min_bytes now and at most max_bytes later; zeroed; header filled. Where the
 * length is not whole pages of the system, the last page's rest is accessible (and zero, as long as
 * who accesses it compares with the length). False: no memory. With is_64 or without address space
 * (ulimit -v) only what is needed is reserved. */
bool wm_pool_acquire(MemoryPool *pool, u64 min_bytes, u64 max_bytes, bool is_64, Reservation *out);
/* Makes [0, new_bytes) accessible and zeroed where new; base stays. False: not possible. */
bool wm_pool_grow(Reservation *r, u64 new_bytes);
/* Takes the space back; *r is empty then. */
void wm_pool_release(MemoryPool *pool, Reservation *r);
/* Gives it back to the system: for a holder that outlives the pool. */
void wm_pool_discard(Reservation *r);
/* Whether code that relies on this pool's guards may use a memory that came from any pool. */
bool wm_pool_fits(const MemoryPool *pool, const Reservation *r, bool is_64);

/* ---- images: made by one thread, written, sealed; then for any thread ---- */
/* One of `bytes` zeros, whole pages. NULL: the system has none to give, or enough are in use. */
PoolImage *wm_pool_image_new(MemoryPool *pool, u64 bytes);
bool wm_pool_image_write(PoolImage *image, u64 at, const u8 *from, u64 size_bytes);
bool wm_pool_image_seal(PoolImage *image);
/* Its maker's end: no memory will want it any more. Those that have it keep it. NULL is allowed. */
void wm_pool_image_retire(PoolImage *image);
/* wm_pool_acquire for a 32-bit memory that begins with the image, which is not larger, and has
 * zeros behind it. False: not to be had; the contents have to be copied. */
bool wm_pool_acquire_image(MemoryPool *pool, PoolImage *image, u64 min_bytes, u64 max_bytes,
                           Reservation *out);

/* What was done so far. */
typedef struct PoolStats {
  u64 images;          /* made */
  u64 images_refused;  /* wanted, and not to be had */
  u64 memories_imaged; /* that began with an image */
  u64 memories_reused; /* in the address space of an earlier one */
  u64 memories_fresh;  /* in new address space */
} PoolStats;
PoolStats wm_pool_stats(MemoryPool *pool);

/* The base of a memory of length 0, for instances without one. */
u8 *wm_pool_empty_base(void);

#endif
