/* Regions by address, for the whole process (native_registry.h). */
#include "runtime/native_registry.h"

#include <stdlib.h>

enum { BLOCK_ENTRIES = 64 };

typedef struct Registration {
  _Atomic u32 version; /* odd: being changed */
  _Atomic(const u8 *) start, end;
  _Atomic(const LoadedModule *) module; /* NULL: free */
} Registration;

typedef struct RegistryBlock RegistryBlock;
struct RegistryBlock {
  _Atomic(RegistryBlock *) next;
  Registration entries[BLOCK_ENTRIES];
};

static RegistryBlock registry;
static Mutex registry_lock = MUTEX_INITIALIZER; /* of changes */

static Registration *registration_at(u32 number) {
  RegistryBlock *block = &registry;
  for (; number >= BLOCK_ENTRIES; number -= BLOCK_ENTRIES)
    block = atomic_load_explicit(&block->next, memory_order_acquire);
  return &block->entries[number];
}

static void set_registration(Registration *r, const LoadedModule *lm, const u8 *start,
                             const u8 *end) {
  u32 version = atomic_load_explicit(&r->version, memory_order_relaxed);
  atomic_store_explicit(&r->version, version + 1, memory_order_relaxed);
  atomic_thread_fence(memory_order_release);
  atomic_store_explicit(&r->start, start, memory_order_relaxed);
  atomic_store_explicit(&r->end, end, memory_order_relaxed);
  atomic_store_explicit(&r->module, lm, memory_order_relaxed);
  atomic_store_explicit(&r->version, version + 2, memory_order_release);
}

/* The number of a free entry; UINT32_MAX: out of memory. */
static u32 free_registration(void) {
  u32 number = 0;
  for (RegistryBlock *block = &registry;;) {
    for (u32 i = 0; i < BLOCK_ENTRIES; i++)
      if (!atomic_load_explicit(&block->entries[i].module, memory_order_relaxed)) return number + i;
    number += BLOCK_ENTRIES;
    RegistryBlock *next = atomic_load_explicit(&block->next, memory_order_relaxed);
    if (!next) {
      next = calloc(1, sizeof *next);
      if (!next) return UINT32_MAX;
      atomic_store_explicit(&block->next, next, memory_order_release);
    }
    block = next;
  }
}

bool wm_native_register(LoadedModule *lm) {
  NativeRegion *r = &lm->region;
  wm_mutex_lock(&registry_lock);
  r->registration = free_registration();
  bool done = r->registration != UINT32_MAX;
  if (done)
    set_registration(registration_at(r->registration), lm, r->base, r->base + r->size_bytes);
  wm_mutex_unlock(&registry_lock);
  return done;
}

void wm_native_unregister(LoadedModule *lm) {
  wm_mutex_lock(&registry_lock);
  set_registration(registration_at(lm->region.registration), NULL, NULL, NULL);
  wm_mutex_unlock(&registry_lock);
}

/* Whether the entry is, at one time, of a region that holds `pc`. */
static const LoadedModule *registered_at(Registration *r, const u8 *pc) {
  u32 version = atomic_load_explicit(&r->version, memory_order_acquire);
  const u8 *start = atomic_load_explicit(&r->start, memory_order_relaxed);
  const u8 *end = atomic_load_explicit(&r->end, memory_order_relaxed);
  const LoadedModule *lm = atomic_load_explicit(&r->module, memory_order_relaxed);
  atomic_thread_fence(memory_order_acquire);
  if (version % 2 || atomic_load_explicit(&r->version, memory_order_relaxed) != version)
    return NULL;
  return pc >= start && pc < end ? lm : NULL;
}

const LoadedModule *wm_native_module_at(const void *pc) {
  for (RegistryBlock *block = &registry; block;
       block = atomic_load_explicit(&block->next, memory_order_acquire)) {
    for (u32 i = 0; i < BLOCK_ENTRIES; i++) {
      const LoadedModule *lm = registered_at(&block->entries[i], pc);
      if (lm) return lm;
    }
  }
  return NULL;
}
