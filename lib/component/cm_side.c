/* What both sides of a call stand on: traps, memory of values, a guest's memory and its realloc,
 * and entering instances. */
#include "component/cm_call.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- traps ---- */

/* Of no store: they are told also when the store is gone. */
static wasm_trap_t *trap_of(const char *text) {
  return wasmx_trap_new_message(NULL, WASMX_TRAP_CANONICAL_ABI, text);
}

wasm_trap_t *wm_trap_text(const char *format, ...) {
  char text[300];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return trap_of(text);
}

bool wm_call_fail(Call *call, const char *format, ...) {
  char text[300];
  if (call->trap) return false;
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  call->trap = trap_of(text);
  return false;
}

/* ---- memory of values ---- */

enum { FIRST_CHUNK = 480, LARGEST_STEP = 1 << 20, CHUNK_ALIGN = 16 };

static const _Alignas(16) u8 no_bytes[16]; /* where nothing lies */

static u8 *nowhere(void) { return (u8 *)(uintptr_t)no_bytes; }

/* Chunks double, so that n bytes take O(log n) of them. */
static bool add_chunk(Call *call, u64 size) {
  u64 want = call->chunks ? min_u64(call->chunks->size * 2, LARGEST_STEP) : FIRST_CHUNK;
  if (want < size) want = size;
  ArenaChunk *chunk = malloc(sizeof *chunk + (size_t)want);
  if (!chunk) return false;
  chunk->next = call->chunks;
  chunk->size = (size_t)want;
  call->chunks = chunk;
  call->pos = chunk->data;
  call->end = chunk->data + want;
  return true;
}

void wm_chunks_free(ArenaChunk *chunks) { wm_arena_free(&(Arena){.chunks = chunks}); }

static bool has_room(Call *call, u64 size) {
  if (LIKELY(size <= (u64)(call->end - call->pos))) return true;
  return size <= MAX_CALL_BYTES && call->bytes + size <= MAX_CALL_BYTES && add_chunk(call, size);
}

void *wm_call_alloc(Call *call, u64 size) {
  if (size == 0) return nowhere();
  if (size <= MAX_CALL_BYTES) size = (size + CHUNK_ALIGN - 1) & ~(u64)(CHUNK_ALIGN - 1);
  if (!has_room(call, size)) {
    wm_call_fail(call, "out of memory for the values of a call");
    return NULL;
  }
  u8 *memory = call->pos;
  call->bytes += size;
  call->pos += size;
  return memory;
}

void *wm_call_alloc_zeroed(Call *call, u64 size) {
  void *memory = wm_call_alloc(call, size);
  return memory && size ? memset(memory, 0, (size_t)size) : memory;
}

/* ---- memory ---- */

static bool misaligned(const Side *side, const char *what, u32 align) {
  if (strcmp(what, "string") == 0)
    return wm_call_fail(side->call, "unaligned pointer: string pointer not aligned to %u", align);
  return wm_call_fail(side->call, "unaligned pointer: %s not aligned to %u", what, align);
}

static bool in_memory(const Side *side, u32 ptr, u64 size) {
  return side->options->memory &&
         is_within(ptr, size, wasm_memory_data_size(side->options->memory));
}

u8 *wm_side_bytes(const Side *side, u32 ptr, u64 size, u32 align, const char *what) {
  bool fits = size <= MAX_SEQUENCE_BYTES;
  if (fits && (ptr & (align - 1)) != 0) {
    misaligned(side, what, align);
    return NULL;
  }
  if (fits && in_memory(side, ptr, size)) return size ? side_at(side, ptr) : nowhere();
  wm_call_fail(side->call, "%s content out-of-bounds: %s pointer/length out of bounds of memory",
               what, what);
  return NULL;
}

/* What many strings share in a memory is counted for each, as they are looked through. */
static const void *view(Call *call, const u8 *bytes, u64 size) {
  call->bytes += size;
  if (call->bytes <= MAX_CALL_BYTES) return bytes;
  wm_call_fail(call, "out of memory for the values of a call");
  return NULL;
}

const void *wm_side_keep(const Side *side, const u8 *bytes, u64 size) {
  if (side->is_viewed) return view(side->call, bytes, size);
  void *copy = wm_call_alloc(side->call, size);
  if (copy && size) memcpy(copy, bytes, size);
  return copy;
}

bool wm_side_realloc(const Side *side, u32 old, u64 old_size, u32 align, u64 size, const char *what,
                     u32 *ptr) {
  Call *call = side->call;
  Slot slots[4] = {{.u64 = old}, {.u64 = old_size}, {.u64 = align}, {.u64 = size}};
  if (call->trap) return false;
  side->inst->may_leave = false;
  call->trap = wm_core_call(side->options->realloc, slots);
  if (call->trap) return false;
  side->inst->may_leave = true;
  *ptr = slots[0].u32;
  if (*ptr & (align - 1))
    return wm_call_fail(call, "unaligned pointer: realloc return: result not aligned");
  return in_memory(side, *ptr, size) ||
         wm_call_fail(call, "%s content out-of-bounds: realloc return: beyond end of memory", what);
}

/* ---- entering ---- */

bool wm_inst_is_ancestor(const Inst *inst, const Inst *of) {
  while (of && of != inst) of = of->parent;
  return of == inst;
}

/* The instance and its ancestors, but not those of the caller. */
static Inst *next_entered(Inst *inst, const Inst *caller) {
  return inst && !(caller && wm_inst_is_ancestor(inst, caller)) ? inst : NULL;
}

bool wm_inst_enter(Inst *inst, const Inst *caller) {
  for (Inst *i = next_entered(inst, caller); i; i = next_entered(i->parent, caller))
    if (!i->may_enter) return false;
  for (Inst *i = next_entered(inst, caller); i; i = next_entered(i->parent, caller))
    i->may_enter = false;
  return true;
}

void wm_inst_leave(Inst *inst, const Inst *caller) {
  for (Inst *i = next_entered(inst, caller); i; i = next_entered(i->parent, caller))
    i->may_enter = true;
}

wasm_trap_t *wm_core_call(const wasm_func_t *func, Slot *slots) {
  wasm_trap_t *trap = wasmx_func_call_raw(func, slots);
  if (LIKELY(!trap) || wasmx_trap_code(trap) != WASMX_TRAP_UNCAUGHT_EXCEPTION) return trap;
  wasm_trap_delete(trap);
  return wm_trap_text("uncaught exception propagated out of component");
}
