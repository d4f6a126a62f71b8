/* Where the bytes of linear memories come from when the host provides them (wasmx_host.h). Counted:
 * by the configuration, the engine's pool, and each reservation, as shared memories outlive both.
 */
#ifndef WM_RUNTIME_MEMORY_SOURCE_H
#define WM_RUNTIME_MEMORY_SOURCE_H

#include "base/base.h"

#include <stdatomic.h>

/* The functions may be called by any thread. */
typedef struct MemorySource {
  _Atomic u32 references;
  void *env; /* borrowed until the finalizer has run */
  /* The memory's address 0, with room for a MemoryHeader (pool.h) below; NULL: none. */
  void *(*reserve)(void *env, u64 bytes);
  bool (*commit)(void *env, void *base, u64 from, u64 to);
  void (*release)(void *env, void *base, u64 bytes);
  void (*finalizer)(void *env); /* or NULL */
  bool guards;                  /* what is not committed faults */
} MemorySource;

/* A counted copy; NULL: out of memory. */
MemorySource *wm_memory_source_new(const MemorySource *hooks);
void wm_memory_source_retain(MemorySource *source);  /* NULL is allowed */
void wm_memory_source_release(MemorySource *source); /* NULL is allowed */

#endif
