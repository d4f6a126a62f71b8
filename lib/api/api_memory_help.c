/* Guest memory for hosts: checked pointers, strings, and room that the guest's own allocator makes.
 * Memories neither move nor shrink, so that what was in bounds stays there. */
#include "api/handle.h"

#include <stdlib.h>

/* The bytes of a memory now; base NULL: there is none, and the last error is set. */
typedef struct Span {
  u8 *base;
  u64 size;
} Span;

static Span span_of(const wasm_memory_t *ref) {
  const Handle *h = handle_of(ref);
  const Memory *memory = handle_store(h) ? (const Memory *)h->object : NULL;
  if (memory) return (Span){memory->space.base, memory_length(memory->space.base)};
  wm_api_fail(ERR_ARGUMENT, "the memory is NULL or its store deleted");
  return (Span){NULL, 0};
}

static Span span_of_caller(wasmx_caller_t *caller) {
  size_t size;
  byte_t *base = wasmx_caller_memory(caller, &size);
  if (!base) wm_api_fail(ERR_ARGUMENT, "the caller has no memory");
  return (Span){(u8 *)base, size};
}

/* ---- pointers ---- */

static u8 *at(Span span, u64 offset, u64 size) {
  if (!span.base) return NULL;
  if (is_within(offset, size, span.size)) return span.base + offset;
  return wm_api_fail(ERR_ARGUMENT, "out of bounds memory access"), NULL;
}

void *wasmx_memory_at(const wasm_memory_t *ref, uint64_t offset, uint64_t size) {
  return at(span_of(ref), offset, size);
}

void *wasmx_caller_at(wasmx_caller_t *caller, uint64_t offset, uint64_t size) {
  return at(span_of_caller(caller), offset, size);
}

/* ---- strings ---- */

/* With a zero behind it. False: out of memory. */
static bool copy_string(const u8 *from, u64 size, wasm_byte_vec_t *out) {
  byte_t *bytes = size < SIZE_MAX ? malloc((size_t)size + 1) : NULL;
  if (!bytes) return wm_api_out_of_memory();
  memcpy(bytes, from, (size_t)size);
  bytes[size] = 0;
  *out = (wasm_byte_vec_t){(size_t)size, bytes};
  return true;
}

static bool too_long(u64 max) {
  return wm_api_fail(ERR_LIMIT, "the string is longer than %llu bytes", (unsigned long long)max);
}

static bool is_place(wasm_byte_vec_t *out) {
  if (!out) return wm_api_fail(ERR_ARGUMENT, "there is no place for the string");
  wasm_byte_vec_new_empty(out);
  return true;
}

/* In a shared memory another thread may take the zero away meanwhile: it is looked for once. */
static bool read_string(Span span, u64 offset, u64 max, wasm_byte_vec_t *out) {
  const u8 *from = is_place(out) ? at(span, offset, 0) : NULL;
  if (!from) return false;
  u64 rest = span.size - offset, most = min_u64(max, rest);
  const u8 *zero = most ? memchr(from, 0, (size_t)most) : NULL;
  if (!zero && most < rest && from[most] == 0) zero = from + most;
  if (zero) return copy_string(from, (u64)(zero - from), out);
  if (most < rest) return too_long(max);
  return wm_api_fail(ERR_ARGUMENT, "out of bounds memory access: the string has no end");
}

static bool read_string_n(Span span, u64 offset, u64 size, u64 max, wasm_byte_vec_t *out) {
  const u8 *from = is_place(out) ? at(span, offset, size) : NULL;
  if (!from) return false;
  return size > max ? too_long(max) : copy_string(from, size, out);
}

bool wasmx_memory_string(const wasm_memory_t *ref, uint64_t offset, uint64_t max,
                         wasm_byte_vec_t *out) {
  return read_string(span_of(ref), offset, max, out);
}

bool wasmx_memory_string_n(const wasm_memory_t *ref, uint64_t offset, uint64_t size, uint64_t max,
                           wasm_byte_vec_t *out) {
  return read_string_n(span_of(ref), offset, size, max, out);
}

bool wasmx_caller_string(wasmx_caller_t *caller, uint64_t offset, uint64_t max,
                         wasm_byte_vec_t *out) {
  return read_string(span_of_caller(caller), offset, max, out);
}

bool wasmx_caller_string_n(wasmx_caller_t *caller, uint64_t offset, uint64_t size, uint64_t max,
                           wasm_byte_vec_t *out) {
  return read_string_n(span_of_caller(caller), offset, size, max, out);
}

/* ---- room from the guest's allocator ---- */

/* The guest's allocator, and what it is to do. */
typedef struct Room {
  wasm_store_t *home;
  Instance *in;
  Func *allocator;
  bool is_64;
  size_t size;
} Room;

/* False with err set. */
static bool find_allocator(const wasm_instance_t *ref, const char *name, Room *room, Error *err) {
  Handle func;
  if (!wm_api_lend_export(ref, name, OBJ_FUNC, &func, err)) return false;
  const SubType *type = func.type;
  room->home = func.home;
  room->in = (Instance *)handle_of(ref)->object;
  room->allocator = (Func *)func.object;
  if (!room->in->module->module.memory_count)
    return wm_error_set(err, ERR_ARGUMENT, 0, "the instance has no memory");
  bool fits = type->param_count == 1 && type->result_count == 1 &&
              type->params[0] == type->results[0] &&
              (type->params[0] == VAL_I32 || type->params[0] == VAL_I64);
  if (!fits)
    return wm_error_set(err, ERR_ARGUMENT, 0,
                        "the allocator's type is neither (i32) -> i32 nor (i64) -> i64");
  room->is_64 = type->params[0] == VAL_I64;
  if (room->is_64 || room->size <= UINT32_MAX) return true;
  return wm_error_set(err, ERR_LIMIT, 0, "the allocator cannot make room for %zu bytes",
                      room->size);
}

/* False with err set. */
static bool allocate(const Room *room, uint64_t *address, wasm_trap_t **trap, Error *err) {
  Store *store = room->home->store;
  u64 slot = room->size;
  FORGET_DEAD(store);
  if (!wm_call(store, room->allocator, &slot)) {
    *address = room->is_64 ? slot : (u32)slot;
    return true;
  }
  wm_trap_tell(store, 0, err);
  wasm_trap_t *taken = wm_api_take_trap(room->home);
  if (trap)
    *trap = taken;
  else
    wasm_trap_delete(taken);
  return false;
}

/* Imports of the allocator may have dropped the last handle: the instance is held. */
static bool fill_room(const Room *room, const void *from, uint64_t *address, wasm_trap_t **trap,
                      Error *err) {
  u64 there;
  if (!allocate(room, &there, trap, err)) return false;
  u8 *base = room->in->memories[0]->space.base;
  if (!there && room->size)
    return wm_error_set(err, ERR_OUT_OF_MEMORY, 0, "the guest's allocator has no %zu bytes",
                        room->size);
  if (!is_within(there, room->size, memory_length(base)))
    return wm_error_set(err, ERR_LIMIT, 0, "the guest's allocator gave what is out of bounds");
  if (from && room->size) memcpy(base + there, from, room->size);
  *address = there;
  return true;
}

/* Also when a C++ exception leaves the allocator. */
static void let_go(Instance *const *in) { object_let_go(&(*in)->head); }

static bool alloc_copy(const wasm_instance_t *ref, Room *room, const char *name, const void *from,
                       uint64_t *address, wasm_trap_t **trap, Error *err) {
  if (!find_allocator(ref, name, room, err)) return false;
  object_hold(&room->in->head);
  /* NOLINTNEXTLINE(*.DeadStores): the cleanup reads it */
  Instance *held __attribute__((cleanup(let_go))) = room->in;
  return fill_room(room, from, address, trap, err);
}

bool wasmx_instance_alloc_copy(const wasm_instance_t *ref, const char *allocator, const void *from,
                               size_t size, uint64_t *address, wasm_trap_t **trap,
                               wasmx_error_t *out) {
  Error err = {0};
  Room room = {.size = size};
  if (trap) *trap = NULL;
  bool ok = address != NULL;
  if (!ok) wm_error_set(&err, ERR_ARGUMENT, 0, "there is no place for the address");
  ok = ok && alloc_copy(ref, &room, allocator ? allocator : "malloc", from, address, trap, &err);
  if (!ok) wm_api_report(&err, out);
  return ok;
}
