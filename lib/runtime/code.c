/* Loaded modules and the memory of their translated code (code.h). */
#include "runtime/code.h"

#include "base/vec.h"
#include "runtime/native.h"

#include <stdlib.h>

enum { FIRST_CHUNK_BYTES = 4096, LAST_CHUNK_BYTES = 1 << 20 };

typedef struct CodeRange {
  const u8 *start, *end;
  FuncCode *code;
} CodeRange;

struct CodeChunk {
  CodeChunk *next;       /* older, and no larger unless made for one huge function */
  Vec(CodeRange) ranges; /* ascending, disjoint */
  size_t size_bytes, used_bytes;
  u64 cells[];
};

static bool is_escape(const Module *m, u32 func_index) {
  return m->funcs[func_index].escapes || func_index == m->start_func;
}

static bool list_escapes(LoadedModule *lm) {
  const Module *m = &lm->module;
  u32 count = 0;
  for (u32 i = m->func_import_count; i < m->func_count; i++) count += is_escape(m, i);
  lm->escapes = malloc((count + (size_t)1) * sizeof *lm->escapes);
  if (!lm->escapes) return false;
  for (u32 i = m->func_import_count; i < m->func_count; i++)
    if (is_escape(m, i)) lm->escapes[lm->escape_count++] = i;
  return true;
}

u32 wm_narrow_slots(const ValType *types, u32 count) {
  u32 narrow = 0, slot = 0;
  for (u32 i = 0; i < count && slot < NARROW_SLOTS; i++) {
    if (val_is_narrow(types[i])) narrow |= 1u << slot;
    slot += val_slots(types[i]);
  }
  return narrow;
}

static bool is_integer(ValType t) { return t == VAL_I32 || t == VAL_I64 || val_is_ref(t); }

static NativeShape signature_shape(const SubType *type) {
  if (type->param_count > 6 || type->result_count > 1) return SHAPE_MIXED;
  for (u32 i = 0; i < type->param_count; i++)
    if (!is_integer(type->params[i])) return SHAPE_MIXED;
  if (type->result_count == 0) return SHAPE_INTS_VOID;
  return is_integer(type->results[0]) ? SHAPE_INTS : SHAPE_MIXED;
}

void wm_code_set_type(FuncCode *code, u32 type_id, const SubType *type) {
  code->type_id = type_id;
  code->param_slots = (u16)type->param_slots;
  code->result_slots = (u16)type->result_slots;
  code->link_slot = max_u32(type->param_slots, type->result_slots);
  code->native_shape = (u8)signature_shape(type);
  code->narrow_params = wm_narrow_slots(type->params, type->param_count);
}

static bool make_codes(LoadedModule *lm) {
  const Module *m = &lm->module;
  u32 count = m->func_count - m->func_import_count;
  lm->codes = calloc(count + (size_t)1, sizeof *lm->codes);
  if (!lm->codes) return false;
  wm_os_prefer_large_pages(lm->codes, count * sizeof *lm->codes);
  for (u32 i = 0; i < count; i++) {
    FuncCode *code = &lm->codes[i];
    u32 index = m->func_import_count + i;
    const SubType *type = module_func_type(m, index);
    code->module = lm;
    code->index = index;
    wm_code_set_type(code, type->type_id, type);
  }
  return true;
}

LoadedModule *wm_loaded_new(Module *module, TypeRegistry *types) {
  LoadedModule *lm = calloc(1, sizeof *lm);
  if (!lm) return NULL;
  lm->module = *module;
  lm->types = types;
  atomic_init(&lm->references, 1);
  if (list_escapes(lm) && make_codes(lm) && wm_mutex_init(&lm->lock)) {
    *module = (Module){0};
    return lm;
  }
  free(lm->escapes);
  free(lm->codes);
  free(lm);
  return NULL;
}

void wm_loaded_retain(LoadedModule *lm) {
  atomic_fetch_add_explicit(&lm->references, 1, memory_order_relaxed);
}

static void free_osr_entries(LoadedModule *lm) {
  for (u32 i = 0; i < lm->module.func_count - lm->module.func_import_count; i++) {
    OsrEntry *entry = atomic_load_explicit(&lm->codes[i].osr, memory_order_relaxed), *next;
    for (; entry; entry = next) {
      next = entry->next;
      free(entry);
    }
  }
}

static void free_memory_images(LoadedModule *lm) {
  MemoryImages *images = atomic_load_explicit(&lm->images, memory_order_relaxed);
  if (images) images->free(images);
}

void wm_loaded_release(LoadedModule *lm) {
  if (!lm || atomic_fetch_sub_explicit(&lm->references, 1, memory_order_acq_rel) != 1) return;
  if (lm->on_unused) lm->on_unused(lm);
  free_memory_images(lm);
  wm_native_free(lm);
  free_osr_entries(lm);
  for (CodeChunk *chunk = lm->chunks, *next; chunk; chunk = next) {
    next = chunk->next;
    vec_free(&chunk->ranges);
    free(chunk);
  }
  free(lm->codes);
  free(lm->escapes);
  free(lm->func_names);
  free(lm->hints);
  wm_mutex_destroy(&lm->lock);
  if (lm->on_free) lm->on_free(lm);
  wm_module_free(&lm->module);
  void (*release)(void *env) = lm->release;
  void *env = lm->release_env;
  free(lm);
  if (release) release(env);
}

static bool has_facts(const LoadedModule *lm, u32 func_index) {
  return atomic_load_explicit(&lm->module.funcs[func_index].has_facts, memory_order_acquire);
}

bool wm_loaded_learn_locked(LoadedModule *lm, u32 func_index) {
  return has_facts(lm, func_index) || lm->learn(lm, func_index);
}

bool wm_loaded_learn(const LoadedModule *known, u32 func_index) {
  if (has_facts(known, func_index)) return true;
  LoadedModule *lm = (LoadedModule *)(uintptr_t)known;
  wm_mutex_lock(&lm->lock);
  bool done = wm_loaded_learn_locked(lm, func_index);
  wm_mutex_unlock(&lm->lock);
  return done;
}

static CodeChunk *add_chunk(LoadedModule *lm, size_t need_bytes) {
  size_t size = FIRST_CHUNK_BYTES;
  if (lm->chunks) size = (size_t)min_u64(lm->chunks->size_bytes * 2, LAST_CHUNK_BYTES);
  if (size < need_bytes) size = need_bytes;
  CodeChunk *chunk = malloc(sizeof *chunk + size);
  if (!chunk) return NULL;
  *chunk = (CodeChunk){.next = lm->chunks, .size_bytes = size};
  lm->chunks = chunk;
  return chunk;
}

void *wm_code_alloc(LoadedModule *lm, size_t size_bytes) {
  size_t need = (size_bytes + 7) & ~(size_t)7;
  if (need < size_bytes || need > SIZE_MAX / 2) return NULL;
  CodeChunk *chunk = lm->chunks;
  if (!chunk || chunk->size_bytes - chunk->used_bytes < need) chunk = add_chunk(lm, need);
  if (!chunk) return NULL;
  void *cells = (u8 *)chunk->cells + chunk->used_bytes;
  chunk->used_bytes += need;
  return cells;
}

static bool chunk_holds(const CodeChunk *chunk, const void *pc) {
  uintptr_t at = (uintptr_t)pc, start = (uintptr_t)chunk->cells;
  return at >= start && at < start + chunk->used_bytes;
}

static CodeChunk *find_chunk(const LoadedModule *lm, const void *pc) {
  CodeChunk *chunk = lm->chunks;
  while (chunk && !chunk_holds(chunk, pc)) chunk = chunk->next;
  return chunk;
}

/* How many ranges of the chunk start at or below `pc`. */
static u32 ranges_until(const CodeChunk *chunk, const void *pc) {
  u32 low = 0, high = chunk->ranges.len;
  while (low < high) {
    u32 middle = low + (high - low) / 2;
    if ((uintptr_t)chunk->ranges.data[middle].start <= (uintptr_t)pc)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

bool wm_code_register(LoadedModule *lm, FuncCode *fc, const void *code, size_t size_bytes) {
  CodeChunk *chunk = find_chunk(lm, code);
  if (!chunk || !vec_reserve(&chunk->ranges, 1)) return false;
  CodeRange *ranges = chunk->ranges.data;
  u32 at = ranges_until(chunk, code);
  memmove(&ranges[at + 1], &ranges[at], (chunk->ranges.len - at) * sizeof *ranges);
  ranges[at] = (CodeRange){code, (const u8 *)code + size_bytes, fc};
  chunk->ranges.len++;
  return true;
}

static FuncCode *stub_owner(const LoadedModule *lm, const void *pc) {
  uintptr_t at = (uintptr_t)pc, first = (uintptr_t)lm->codes;
  size_t count = lm->module.func_count - lm->module.func_import_count;
  if (at < first || at >= first + count * sizeof *lm->codes) return NULL;
  return &lm->codes[(at - first) / sizeof *lm->codes];
}

FuncCode *wm_code_find(LoadedModule *lm, const void *pc) {
  FuncCode *found = stub_owner(lm, pc);
  if (found) return found;
  wm_mutex_lock(&lm->lock);
  CodeChunk *chunk = find_chunk(lm, pc);
  u32 at = chunk ? ranges_until(chunk, pc) : 0;
  if (at > 0 && (uintptr_t)pc < (uintptr_t)chunk->ranges.data[at - 1].end)
    found = chunk->ranges.data[at - 1].code;
  wm_mutex_unlock(&lm->lock);
  return found;
}
