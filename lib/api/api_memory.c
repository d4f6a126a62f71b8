/* Memories. The address of a memory never changes while it lives: growing takes from what is
 * reserved, so that wasm_memory_data stays good (wasmx.h). */
#include "api/handle.h"

static Memory *memory_of(const wasm_memory_t *ref) {
  const Handle *h = handle_of(ref);
  return handle_store(h) ? (Memory *)h->object : NULL;
}

static u64 length_of(const Memory *memory) { return memory_length(memory->space.base); }

wasm_memory_t *wasm_memory_new(wasm_store_t *home, const wasm_memorytype_t *type) {
  Error err = {0};
  Handle *h = wm_api_begin(home, &err);
  MemoryType inner;
  Memory *memory = NULL;
  if (h && wm_memorytype_of(type, &inner, &err)) memory = wm_memory_new(home->store, &inner, &err);
  return (wasm_memory_t *)wm_api_finish(h, (Object *)memory, &err);
}

wasm_memorytype_t *wasm_memory_type(const wasm_memory_t *ref) {
  return wasm_externtype_as_memorytype(wasm_extern_type(wasm_memory_as_extern_const(ref)));
}

byte_t *wasm_memory_data(wasm_memory_t *ref) {
  Memory *memory = memory_of(ref);
  return memory ? (byte_t *)memory->space.base : NULL;
}

size_t wasm_memory_data_size(const wasm_memory_t *ref) {
  const Memory *memory = memory_of(ref);
  return memory ? (size_t)length_of(memory) : 0;
}

uint64_t wasmx_memory_size(const wasm_memory_t *ref) {
  const Memory *memory = memory_of(ref);
  return memory ? wm_memory_pages(memory) : 0;
}

wasm_memory_pages_t wasm_memory_size(const wasm_memory_t *ref) {
  u64 pages = wasmx_memory_size(ref);
  return pages < UINT32_MAX ? (u32)pages : UINT32_MAX;
}

bool wasmx_memory_grow(wasm_memory_t *ref, uint64_t delta, uint64_t *old) {
  Memory *memory = memory_of(ref);
  if (!memory) return wm_api_fail(ERR_ARGUMENT, "the memory is NULL or its store deleted");
  /* Limits of the type, of the store and of the machine all end here, as in memory.grow. */
  u64 before = wm_memory_grow(handle_of(ref)->home->store, memory, delta);
  if (before == UINT64_MAX)
    return wm_api_fail(ERR_LIMIT, "the memory cannot grow by %llu pages",
                       (unsigned long long)delta);
  if (old) *old = before;
  return true;
}

bool wasm_memory_grow(wasm_memory_t *ref, wasm_memory_pages_t delta) {
  return wasmx_memory_grow(ref, delta, NULL);
}

/* The bytes at [offset, offset + size), to be copied from or to `host`; NULL with the last error
 * set. */
/* With size 0 any `host` will do, NULL too. */
static u8 *bytes_at(const wasm_memory_t *ref, u64 offset, const void *host, u64 size) {
  Memory *memory = memory_of(ref);
  if (!memory) return wm_api_fail(ERR_ARGUMENT, "the memory is NULL or its store deleted"), NULL;
  if (!host && size) return wm_api_fail(ERR_ARGUMENT, "the bytes are NULL"), NULL;
  if (!is_within(offset, size, length_of(memory)))
    return wm_api_fail(ERR_ARGUMENT, "out of bounds memory access"), NULL;
  return memory->space.base + offset;
}

bool wasmx_memory_read(const wasm_memory_t *ref, uint64_t offset, void *to, size_t size) {
  const u8 *from = bytes_at(ref, offset, to, size);
  if (from && size) memcpy(to, from, size);
  return from != NULL;
}

bool wasmx_memory_write(wasm_memory_t *ref, uint64_t offset, const void *from, size_t size) {
  u8 *to = bytes_at(ref, offset, from, size);
  if (to && size) memcpy(to, from, size);
  return to != NULL;
}
