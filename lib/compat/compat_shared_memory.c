/* Shared memories. What needs a memory of a store gets one of a store that is made for that. */
#include "compat/compat.h"

struct wasmtime_sharedmemory {
  _Atomic u32 references;
  wasm_engine_t *engine;         /* owned */
  wasm_memorytype_t *type;       /* owned */
  wasmx_shared_memory_t *memory; /* owned */
};

static void shared_free(wasmtime_sharedmemory_t *shared) {
  wasmx_shared_memory_delete(shared->memory);
  wasm_memorytype_delete(shared->type);
  wasm_engine_delete(shared->engine);
  free(shared);
}

static bool shared_begin(wasmtime_sharedmemory_t *shared, const wasm_engine_t *engine,
                         const wasm_memorytype_t *type) {
  atomic_init(&shared->references, 1);
  shared->engine = wasmx_engine_copy(engine);
  shared->type = wasm_memorytype_copy(type);
  wasm_store_t *store = wasm_store_new(shared->engine);
  wasm_memory_t *memory = store ? wasm_memory_new(store, type) : NULL;
  if (memory) shared->memory = wasmx_memory_share(memory);
  wasm_memory_delete(memory);
  wasm_store_delete(store);
  return shared->memory && shared->type;
}

wasmtime_error_t *wasmtime_sharedmemory_new(const wasm_engine_t *engine,
                                            const wasm_memorytype_t *type,
                                            wasmtime_sharedmemory_t **ret) {
  if (!engine || !type || !ret) return wm_compat_error("no engine, type, or place for the memory");
  wasmtime_sharedmemory_t *shared = calloc(1, sizeof *shared);
  if (!shared) return wm_compat_error("out of memory");
  if (shared_begin(shared, engine, type)) return *ret = shared, NULL;
  wasmtime_error_t *error = wm_compat_last_error();
  shared_free(shared);
  return error;
}

void wasmtime_sharedmemory_delete(wasmtime_sharedmemory_t *memory) {
  if (memory && atomic_fetch_sub(&memory->references, 1) == 1) shared_free(memory);
}

wasmtime_sharedmemory_t *wasmtime_sharedmemory_clone(const wasmtime_sharedmemory_t *memory) {
  wasmtime_sharedmemory_t *same = (wasmtime_sharedmemory_t *)(uintptr_t)memory;
  if (same) atomic_fetch_add(&same->references, 1);
  return same;
}

wasm_memorytype_t *wasmtime_sharedmemory_type(const wasmtime_sharedmemory_t *memory) {
  return memory ? wasm_memorytype_copy(memory->type) : NULL;
}

uint8_t *wasmtime_sharedmemory_data(const wasmtime_sharedmemory_t *memory) {
  return memory ? (uint8_t *)wasmx_shared_memory_data(memory->memory) : NULL;
}

size_t wasmtime_sharedmemory_data_size(const wasmtime_sharedmemory_t *memory) {
  return memory ? wasmx_shared_memory_data_size(memory->memory) : 0;
}

uint64_t wasmtime_sharedmemory_size(const wasmtime_sharedmemory_t *memory) {
  return wasmtime_sharedmemory_data_size(memory) / MEMORY_PAGE_SIZE;
}

wasmtime_error_t *wasmtime_sharedmemory_grow(const wasmtime_sharedmemory_t *memory, uint64_t delta,
                                             uint64_t *prev_size) {
  if (!memory) return wm_compat_error("there is no memory");
  wasm_store_t *store = wasm_store_new(memory->engine);
  wasm_memory_t *here = store ? wasmx_memory_obtain(store, memory->memory) : NULL;
  bool has_grown = here && wasmx_memory_grow(here, delta, prev_size);
  wasm_memory_delete(here);
  wasm_store_delete(store);
  return has_grown ? NULL
                   : wm_compat_error("failed to grow memory by `%llu`", (unsigned long long)delta);
}

wasm_extern_t *wm_compat_shared_handle(wasmtime_context_t *context,
                                       const wasmtime_sharedmemory_t *shared) {
  wasm_memory_t *here = shared ? wasmx_memory_obtain(context->store, shared->memory) : NULL;
  return here ? wasm_memory_as_extern(here) : NULL;
}
