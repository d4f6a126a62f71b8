/* Shared memories outside of stores: the handle is the runtime's SharedMemory, counted. */
#include "runtime/shared_memory.h"

#include "api/handle.h"

static SharedMemory *shared_of(const wasmx_shared_memory_t *handle) {
  return (SharedMemory *)(void *)(uintptr_t)handle;
}

wasmx_shared_memory_t *wasmx_memory_share(const wasm_memory_t *ref) {
  Error err = {0};
  const Handle *h = handle_of(ref);
  if (!wm_api_handle_store(h, &err)) return wm_api_report(&err, NULL), NULL;
  SharedMemory *shared = ((const Memory *)h->object)->shared;
  if (!shared) return wm_api_fail(ERR_ARGUMENT, "the memory is not shared"), NULL;
  wm_shared_memory_retain(shared);
  return (wasmx_shared_memory_t *)(void *)shared;
}

void wasmx_shared_memory_delete(wasmx_shared_memory_t *handle) {
  wm_shared_memory_release(shared_of(handle));
}

wasm_memory_t *wasmx_memory_obtain(wasm_store_t *home, const wasmx_shared_memory_t *handle) {
  Error err = {0};
  if (!handle) return wm_api_fail(ERR_ARGUMENT, "the shared memory is NULL"), NULL;
  Handle *h = wm_api_begin(home, &err);
  Memory *memory = h ? wm_memory_new_of_shared(home->store, shared_of(handle), &err) : NULL;
  return (wasm_memory_t *)wm_api_finish(h, (Object *)memory, &err);
}

byte_t *wasmx_shared_memory_data(wasmx_shared_memory_t *handle) {
  return handle ? (byte_t *)shared_of(handle)->space.base : NULL;
}

size_t wasmx_shared_memory_data_size(const wasmx_shared_memory_t *handle) {
  return handle ? (size_t)memory_length(shared_of(handle)->space.base) : 0;
}

uint32_t wasmx_shared_memory_notify(wasmx_shared_memory_t *handle, uint64_t address,
                                    uint32_t count) {
  return handle ? wm_memory_notify(shared_of(handle), address, count) : 0;
}
