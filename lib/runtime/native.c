/* Where compiled code is (native.h): address space for each module, and its bodies in order of
 * their addresses.
 *
 * Look-ups take no lock, so that a signal handler may do them: the index of a region is an array
 * that only grows at its end, or is replaced; replaced ones stay until the module goes. */
#include "runtime/native.h"

#include "runtime/native_registry.h"

#include <stdlib.h>

enum {
  CODE_FACTOR = 64,            /* bytes of machine code for a byte of wasm, with all copies */
  REGION_BASE_BYTES = 1 << 20, /* on-stack replacements of small modules */
  PAGES_PER_FUNCTION = 3,      /* each publication begins a page */
  FIRST_INDEX_ITEMS = 8,
};

struct NativeIndex {
  NativeIndex *older;
  u32 capacity;
  _Atomic u32 count;
  const NativeBody *bodies[]; /* ascending by start */
};

/* ---- bodies by address ---- */

/* How many of the bodies start at or below `pc`. */
static u32 bodies_until(const NativeIndex *index, u32 count, const u8 *pc) {
  u32 low = 0, high = count;
  while (low < high) {
    u32 middle = low + (high - low) / 2;
    if (index->bodies[middle]->start <= pc)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* The body of the image that holds `pc` and was called before, or NULL. */
static const NativeBody *find_in_image(const LoadedModule *lm, const u8 *pc) {
  const CodeImage *image = lm->image;
  u64 at = (u64)(pc - lm->region.base);
  u32 low = 0, high = image ? image->count : 0;
  while (low < high) {
    u32 middle = low + (high - low) / 2;
    if (image->starts[middle] <= at)
      low = middle + 1;
    else
      high = middle;
  }
  if (low == 0) return NULL;
  const NativeBody *body = &image->bodies[low - 1];
  u32 size = __atomic_load_n(&body->size_bytes, __ATOMIC_ACQUIRE);
  return at - image->starts[low - 1] < size ? body : NULL;
}

const NativeBody *wm_native_find_in(const LoadedModule *lm, const void *pc) {
  const NativeBody *found = find_in_image(lm, pc);
  if (found) return found;
  const NativeIndex *index = atomic_load_explicit(&lm->region.index, memory_order_acquire);
  if (!index) return NULL;
  u32 count = atomic_load_explicit(&index->count, memory_order_acquire);
  u32 at = bodies_until(index, count, pc);
  if (at == 0) return NULL;
  const NativeBody *body = index->bodies[at - 1];
  return (const u8 *)pc < body->start + body->size_bytes ? body : NULL;
}

const NativeBody *wm_native_find(const void *pc) {
  const LoadedModule *lm = wm_native_module_at(pc);
  return lm ? wm_native_find_in(lm, pc) : NULL;
}

static NativeIndex *new_index(u32 capacity) {
  NativeIndex *index = malloc(sizeof *index + capacity * sizeof index->bodies[0]);
  if (!index) return NULL;
  index->older = NULL;
  index->capacity = capacity;
  atomic_init(&index->count, 0);
  return index;
}

/* At the end in place; else into a copy, which then takes the index's place. */
static bool add_to_index(NativeRegion *r, const NativeBody *body) {
  NativeIndex *index = atomic_load_explicit(&r->index, memory_order_relaxed);
  u32 count = index ? atomic_load_explicit(&index->count, memory_order_relaxed) : 0;
  u32 at = index ? bodies_until(index, count, body->start) : 0;
  if (index && at == count && count < index->capacity) {
    index->bodies[count] = body;
    atomic_store_explicit(&index->count, count + 1, memory_order_release);
    return true;
  }
  u32 capacity = index ? index->capacity : FIRST_INDEX_ITEMS / 2;
  NativeIndex *copy = new_index(count < capacity ? capacity : capacity * 2);
  if (!copy) return false;
  copy->older = index;
  for (u32 i = 0; i < count; i++) copy->bodies[i + (i >= at)] = index->bodies[i];
  copy->bodies[at] = body;
  atomic_init(&copy->count, count + 1);
  atomic_store_explicit(&r->index, copy, memory_order_release);
  return true;
}

/* ---- C functions ---- */

/* The registers for arguments that compiled code has in common with C. */
enum { MAX_INT_ARGS = 6, MAX_FLOAT_ARGS = 8 };

CCall wm_native_c_call(const SubType *type) {
  u32 ints = 0, floats = 0;
  if (type->result_count > 1) return C_CALL_NONE;
  for (u32 i = 0; i < type->param_count; i++) switch (type->params[i]) {
    case VAL_I32:
    case VAL_I64: ints++; break;
    case VAL_F32:
    case VAL_F64: floats++; break;
    default: return C_CALL_NONE;
    }
  if (ints > MAX_INT_ARGS || floats > MAX_FLOAT_ARGS) return C_CALL_NONE;
  if (type->result_count && (val_slots(type->results[0]) > 1 || val_is_ref(type->results[0])))
    return C_CALL_NONE;
  return type->result_count && type->results[0] == VAL_I32 ? C_CALL_I32 : C_CALL;
}

/* ---- regions ---- */

static u64 round_up(u64 bytes, u64 to) { return (bytes + to - 1) / to * to; }

static u32 defined_count(const Module *m) { return m->func_count - m->func_import_count; }

u64 wm_native_slots_bytes(const LoadedModule *lm) {
  return round_up(defined_count(&lm->module) * sizeof(void *), wm_os_page_size());
}

static u64 code_bytes(const Module *m) {
  u64 sum = 0;
  for (u32 i = m->func_import_count; i < m->func_count; i++) sum += m->funcs[i].code_bytes;
  return sum;
}

static u64 wanted_bytes(const LoadedModule *lm) {
  u64 page = wm_os_page_size();
  u64 pages = (u64)defined_count(&lm->module) * PAGES_PER_FUNCTION * page;
  u64 code = code_bytes(&lm->module) * CODE_FACTOR + pages + REGION_BASE_BYTES;
  return min_u64(wm_native_slots_bytes(lm) + round_up(code, page), lm->machine->reach_bytes);
}

static void fill_slots(LoadedModule *lm) {
  _Atomic(const void *) *slots = (void *)lm->region.base;
  for (u32 i = 0; i < defined_count(&lm->module); i++)
    atomic_init(&slots[i], lm->machine->call_slot);
}

/* As much as there is, when address space is short. */
static bool make_region(LoadedModule *lm) {
  NativeRegion *r = &lm->region;
  u64 slots = wm_native_slots_bytes(lm), size = wanted_bytes(lm);
  for (; size > slots && !r->base; size = round_up(size / 4, wm_os_page_size())) {
    r->base = wm_os_reserve((size_t)size);
    r->size_bytes = size;
  }
  if (!r->base) return false;
  if (wm_os_commit(r->base, (size_t)slots) && wm_native_register(lm)) {
    fill_slots(lm);
    atomic_store_explicit(&r->used_bytes, slots, memory_order_relaxed);
    return true;
  }
  wm_os_release(r->base, (size_t)r->size_bytes);
  r->base = NULL;
  return false;
}

void wm_native_prepare(LoadedModule *lm, const NativeMachine *machine) {
  lm->machine = machine;
  for (u32 i = 0; i < defined_count(&lm->module); i++)
    atomic_store_explicit(&lm->codes[i].native, machine->call_ref, memory_order_relaxed);
}

u8 *wm_native_open(LoadedModule *lm, u64 size_bytes) {
  NativeRegion *r = &lm->region;
  if (!r->base && !make_region(lm)) return NULL;
  u64 used = atomic_load_explicit(&r->used_bytes, memory_order_relaxed);
  u64 size = round_up(size_bytes, wm_os_page_size());
  if (size < size_bytes || !is_within(used, size, r->size_bytes)) return NULL;
  return wm_os_commit(r->base + used, (size_t)size) ? r->base + used : NULL;
}

bool wm_native_seal(LoadedModule *lm, u8 *start, u64 size_bytes) {
  u64 size = round_up(size_bytes, wm_os_page_size());
  if (!wm_os_protect_exec(start, (size_t)size)) return false;
  u64 used = (u64)(start - lm->region.base) + size;
  atomic_store_explicit(&lm->region.used_bytes, used, memory_order_release);
  return true;
}

u8 *wm_native_set_aside(LoadedModule *lm, u64 size_bytes) {
  NativeRegion *r = &lm->region;
  if (r->base || !make_region(lm)) return NULL;
  u64 used = atomic_load_explicit(&r->used_bytes, memory_order_relaxed);
  u64 size = round_up(size_bytes, wm_os_page_size());
  if (size < size_bytes || !is_within(used, size, r->size_bytes)) return NULL;
  atomic_store_explicit(&r->used_bytes, used + size, memory_order_release);
  return r->base + used;
}

static void forget(const LoadedModule *lm, NativeBody *body) {
  if (body->debug && lm->on_body_free) lm->on_body_free(body);
}

bool wm_native_publish(LoadedModule *lm, NativeBody *body) {
  if (lm->on_body) lm->on_body(lm, body);
  if (!native_is_of_image(lm, body) && !add_to_index(&lm->region, body)) {
    forget(lm, body);
    return false;
  }
  body->next = lm->bodies;
  lm->bodies = body;
  FuncCode *code = loaded_code(lm, body->func_index);
  if (body->osr) {
    atomic_store_explicit(&body->osr->body, body, memory_order_release);
  } else {
    _Atomic(const void *) *slots = (void *)lm->region.base;
    u32 slot = body->func_index - lm->module.func_import_count;
    atomic_store_explicit(&code->body, body, memory_order_release);
    atomic_store_explicit(&code->native, body->start, memory_order_release);
    atomic_store_explicit(&slots[slot], body->start, memory_order_release);
    atomic_store_explicit(&code->entry, lm->machine->enter, memory_order_release);
    if (code->native_shape != SHAPE_MIXED)
      atomic_store_explicit(&code->direct, body->is_plain ? DIRECT_PLAIN : DIRECT_MODES,
                            memory_order_release);
  }
  if (lm->on_native) lm->on_native(code, body);
  return true;
}

static void free_bodies(LoadedModule *lm) {
  for (NativeBody *body = lm->bodies, *next; body; body = next) {
    next = body->next;
    forget(lm, body);
    if (!native_is_of_image(lm, body)) free(body);
  }
  lm->bodies = NULL;
}

static void free_region(LoadedModule *lm) {
  NativeRegion *r = &lm->region;
  if (!r->base) return;
  wm_native_unregister(lm);
  free_bodies(lm);
  NativeIndex *index = atomic_load_explicit(&r->index, memory_order_relaxed), *older;
  for (; index; index = older) {
    older = index->older;
    free(index);
  }
  wm_os_release(r->base, (size_t)r->size_bytes);
  r->base = NULL;
}

void wm_native_free(LoadedModule *lm) {
  free_region(lm);
  if (lm->image) lm->image->free(lm->image);
  lm->image = NULL;
}
