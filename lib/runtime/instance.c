/* Instantiation (spec 4.7.2): check the imports, make everything in one allocation plus an object
 * for each table, memory and global of the module's own, evaluate, write segments, start. */
#include "runtime/instance.h"

#include "runtime/heap.h"

#include "runtime/activation.h"
#include "runtime/collect.h"
#include "runtime/memory_image.h"
#include "runtime/native.h"
#include "runtime/pieces.h"

#include <stdlib.h>

/* ---- stopping ---- */

static bool raise_trap(Store *store, TrapCode code, u64 offset, Error *err) {
  wm_trap_raise(store, code, NULL, 0);
  return wm_trap_tell(store, offset, err);
}

/* Before the i-th of many. */
static bool may_go_on(Store *store, u32 i, Error *err) {
  return (i + 1) % PIECE_ITEMS != 0 || wm_trap_may_go_on(store, err);
}

/* ---- making ---- */

/* Claims `count` items at the end of an allocation that is `*size` bytes so far. The counts are
 * below the limits of wasm/limits.h, so nothing overflows 32 bits. */
static u32 claim(u32 *size, u32 count, size_t item_bytes) {
  u32 at = *size;
  *size += (u32)(((u64)count * item_bytes + 7) / 8 * 8);
  return at;
}

InstanceLayout wm_instance_layout(const LoadedModule *lm) {
  const Module *m = &lm->module;
  InstanceLayout l;
  u32 size = (u32)sizeof(Instance);
  /* What compiled code reads comes first, so that displacements are short. */
  l.memories = claim(&size, m->memory_count, sizeof(Memory *));
  l.tables = claim(&size, m->table_count, sizeof(Table *));
  l.globals = claim(&size, m->global_count, sizeof(Global *));
  l.type_ids = claim(&size, m->type_count, sizeof(u32));
  l.funcs = claim(&size, m->func_count, sizeof(Func *));
  l.tags = claim(&size, m->tag_count, sizeof(Tag *));
  l.heap_words = claim(&size, m->type_count, sizeof(u32));
  l.elem_refs = claim(&size, m->elem_count, sizeof(Ref *));
  l.elem_lens = claim(&size, m->elem_count, sizeof(u32));
  l.data_lens = claim(&size, m->data_count, sizeof(u32));
  l.inner_funcs = claim(&size, lm->escape_count, sizeof(Func));
  l.size_bytes = size;
  return l;
}

static void place_arrays(Instance *in, const InstanceLayout *l) {
  u8 *start = (u8 *)in;
  in->funcs = (Func **)(void *)(start + l->funcs);
  in->tables = (Table **)(void *)(start + l->tables);
  in->memories = (Memory **)(void *)(start + l->memories);
  in->globals = (Global **)(void *)(start + l->globals);
  in->tags = (Tag **)(void *)(start + l->tags);
  in->type_ids = (u32 *)(void *)(start + l->type_ids);
  in->heap_words = (u32 *)(void *)(start + l->heap_words);
  in->elem_refs = (Ref **)(void *)(start + l->elem_refs);
  in->elem_lens = (u32 *)(void *)(start + l->elem_lens);
  in->data_lens = (u32 *)(void *)(start + l->data_lens);
  in->inner_funcs = (Func *)(void *)(start + l->inner_funcs);
}

/* The instance has been counted. */
static Instance *allocate(Store *store, LoadedModule *lm, Error *err) {
  const Module *m = &lm->module;
  InstanceLayout layout = wm_instance_layout(lm);
  Instance *in = wm_object_new(store, OBJ_INSTANCE, layout.size_bytes, 0);
  if (!in) {
    wm_account_return_instance(store->account);
    wm_error_out_of_memory(err);
    return NULL;
  }
  in->size_bytes = layout.size_bytes;
  in->store = store;
  in->ticks = lm->tiers ? min_u32(lm->tiers->loop_threshold, DEFAULT_TICKS) : DEFAULT_TICKS;
  in->helpers = lm->machine ? lm->machine->helpers : NULL;
  in->memory0_base = wm_pool_empty_base();
  place_arrays(in, &layout);
  for (u32 i = 0; i < m->type_count; i++) {
    in->type_ids[i] = m->types[i].type_id;
    in->heap_words[i] = heap_word(in->type_ids[i]);
  }
  in->module = lm;
  wm_loaded_retain(lm);
  wm_stop_add(store->stop, in);
  wm_store_update_limit(store, in);
  return in;
}

/* Objects of the module's types can be made from now on. */
static bool hold_types(Instance *in, Error *err) {
  const Module *m = &in->module->module;
  u32 i = 0;
  while (i < m->type_count && m->types[i].kind == COMP_FUNC) i++;
  if (i == m->type_count) return true;
  in->heap = wm_store_heap(in->store);
  return (in->heap && wm_heap_hold_types(in->heap, in->type_ids, m->type_count)) ||
         wm_error_out_of_memory(err);
}

static void take_imports(Instance *in, Object *const *imports) {
  const Module *m = &in->module->module;
  for (u32 i = 0; i < m->import_count; i++) {
    u32 index = m->imports[i].index;
    switch (m->imports[i].kind) {
    case EXTERN_FUNC: in->funcs[index] = (Func *)imports[i]; break;
    case EXTERN_TABLE: in->tables[index] = (Table *)imports[i]; break;
    case EXTERN_MEMORY: in->memories[index] = (Memory *)imports[i]; break;
    case EXTERN_GLOBAL: in->globals[index] = (Global *)imports[i]; break;
    case EXTERN_TAG: in->tags[index] = (Tag *)imports[i]; break;
    }
  }
}

static bool make_funcs(Instance *in, Error *err) {
  LoadedModule *lm = in->module;
  for (u32 i = 0; i < lm->escape_count; i++) {
    if (!may_go_on(in->store, i, err)) return false;
    FuncCode *code = loaded_code(lm, lm->escapes[i]);
    Func *func = &in->inner_funcs[i];
    *func = (Func){.head = {.next = &in->head, .store = in->store, .kind = OBJ_FUNC, .inner = true},
                   .type_id = code->type_id,
                   .index = code->index,
                   .code = code,
                   .instance = in};
    in->funcs[code->index] = func;
  }
  return true;
}

static bool make_tables(Instance *in, Error *err) {
  const Module *m = &in->module->module;
  for (u32 i = m->table_import_count; i < m->table_count; i++) {
    if (!may_go_on(in->store, i, err)) return false;
    TableType type = m->tables[i].type;
    type.element = module_canonical(m, type.element);
    in->tables[i] = wm_table_new(in->store, &type, NULL, err);
    if (!in->tables[i]) return false;
  }
  return true;
}

static bool make_memories(Instance *in, Error *err) {
  const Module *m = &in->module->module;
  const MemoryImages *images = m->data_count ? wm_memory_images(in) : NULL;
  for (u32 i = m->memory_import_count; i < m->memory_count; i++) {
    PoolImage *image = images ? images->of[i] : NULL;
    in->memories[i] = wm_memory_new_from(in->store, &m->memories[i], image, err);
    if (!in->memories[i]) return false;
  }
  if (m->memory_count) in->memory0_base = in->memories[0]->space.base;
  return true;
}

static bool make_tags(Instance *in, Error *err) {
  const Module *m = &in->module->module;
  for (u32 i = m->tag_import_count; i < m->tag_count; i++) {
    if (!may_go_on(in->store, i, err)) return false;
    in->tags[i] = wm_tag_new(in->store, m->types[m->tags[i].type_index].type_id, err);
    if (!in->tags[i]) return false;
  }
  return true;
}

/* ---- evaluating ---- */

/* In order: an initialiser may read the globals before it. */
static bool make_globals(Instance *in, Error *err) {
  const Module *m = &in->module->module;
  for (u32 i = m->global_import_count; i < m->global_count; i++) {
    if (!may_go_on(in->store, i, err)) return false;
    GlobalType type = m->globals[i].type;
    type.type = module_canonical(m, type.type);
    u64 value[2];
    if (!wm_const_evaluate(in, m->globals[i].init, value, err)) return false;
    in->globals[i] = wm_global_new(in->store, &type, value, err);
    if (!in->globals[i]) return false;
  }
  return true;
}

static bool evaluate_ref(Instance *in, ConstExpr expr, Ref *out, Error *err) {
  u64 value[2];
  if (!wm_const_evaluate(in, expr, value, err)) return false;
  *out = ref_of_slot(value[0]);
  return true;
}

static bool fill_tables(Instance *in, Error *err) {
  const Module *m = &in->module->module;
  for (u32 i = m->table_import_count; i < m->table_count; i++) {
    Ref init;
    if (!m->tables[i].has_init) continue;
    if (!may_go_on(in->store, i, err)) return false;
    if (!evaluate_ref(in, m->tables[i].init, &init, err)) return false;
    TrapCode code = wm_table_fill(in, i, 0, init, in->tables[i]->length);
    if (code) return raise_trap(in->store, code, 0, err);
  }
  return true;
}

static bool evaluate_refs(Instance *in, const ElemSegment *seg, Ref *refs, Error *err) {
  for (u32 i = 0; i < seg->count; i++)
    if (!may_go_on(in->store, i, err) || !evaluate_ref(in, seg->exprs[i], &refs[i], err))
      return false;
  return true;
}

/* Segments of plain function indices need no array: wm_table_init looks the functions up. */
static bool evaluate_elems(Instance *in, Error *err) {
  const Module *m = &in->module->module;
  for (u32 i = 0; i < m->elem_count; i++) {
    const ElemSegment *seg = &m->elems[i];
    if (!may_go_on(in->store, i, err)) return false;
    if (seg->mode == SEGMENT_DECLARATIVE) continue;
    in->elem_lens[i] = seg->count;
    if (seg->funcs || seg->count == 0) continue;
    in->elem_refs[i] = calloc(seg->count, sizeof(Ref));
    if (!in->elem_refs[i]) return wm_error_out_of_memory(err);
    if (!evaluate_refs(in, seg, in->elem_refs[i], err)) return false;
  }
  return true;
}

static void size_datas(Instance *in) {
  const Module *m = &in->module->module;
  for (u32 i = 0; i < m->data_count; i++) in->data_lens[i] = m->datas[i].size_bytes;
}

/* Everything that others cannot see yet. What is made when it fails is garbage. */
static Instance *make(Store *store, LoadedModule *lm, Object *const *imports, Error *err) {
  if (!wm_account_take_instance(store->account, err)) return NULL;
  Instance *in = allocate(store, lm, err);
  if (!in) return NULL;
  take_imports(in, imports);
  size_datas(in);
  if (!hold_types(in, err)) return NULL;
  /* Nobody holds what is made here yet. */
  if (store->heap) store->heap->no_collect++;
  bool made = make_funcs(in, err) && make_tables(in, err) && make_memories(in, err) &&
              make_tags(in, err) && make_globals(in, err) && fill_tables(in, err) &&
              evaluate_elems(in, err);
  if (store->heap) store->heap->no_collect--;
  return made ? in : NULL;
}

/* ---- what others see ---- */

static bool write_elems(Instance *in, Error *err) {
  const Module *m = &in->module->module;
  for (u32 i = 0; i < m->elem_count; i++) {
    const ElemSegment *seg = &m->elems[i];
    if (!may_go_on(in->store, i, err)) return false;
    if (seg->mode != SEGMENT_ACTIVE) continue;
    u64 offset[2];
    if (!wm_const_evaluate(in, seg->offset, offset, err)) return false;
    TrapCode code = wm_table_init(in, seg->table, i, offset[0], 0, seg->count);
    if (code) return raise_trap(in->store, code, seg->offset.offset, err);
    wm_elem_drop(in, i);
  }
  return true;
}

static bool write_data(Instance *in, u32 segment, Error *err) {
  const DataSegment *seg = &in->module->module.datas[segment];
  u64 offset[2];
  if (wm_memory_is_imaged(in, seg->memory)) return true; /* it is there */
  if (!wm_const_evaluate(in, seg->offset, offset, err)) return false;
  TrapCode code = wm_memory_init(in, seg->memory, segment, offset[0], 0, seg->size_bytes);
  return !code || raise_trap(in->store, code, seg->offset.offset, err);
}

static bool write_datas(Instance *in, Error *err) {
  const Module *m = &in->module->module;
  for (u32 i = 0; i < m->data_count; i++) {
    if (!may_go_on(in->store, i, err)) return false;
    if (m->datas[i].mode != SEGMENT_ACTIVE) continue;
    if (!write_data(in, i, err)) return false;
    wm_data_drop(in, i);
  }
  return true;
}

/* Elements come first: where they end it, no data was written, and an imported table may lead to
 * somebody who looks. */
static bool write_segments(Instance *in, Error *err) {
  if (write_elems(in, err)) return write_datas(in, err);
  wm_memory_images_unwrite(in);
  return false;
}

static bool start(Instance *in, Error *err) {
  const Module *m = &in->module->module;
  if (m->start_func == NO_INDEX) return true;
  u64 none[1] = {0};
  TrapCode code = wm_call(in->store, in->funcs[m->start_func], none);
  return !code || wm_trap_tell(in->store, m->start_offset, err);
}

/* ---- all of it ---- */

static bool check_imports(Store *store, const LoadedModule *lm, Object *const *imports, u32 count,
                          Error *err) {
  const Module *m = &lm->module;
  if (count != m->import_count)
    return wm_error_set(err, ERR_ARGUMENT, 0, "the module has %u imports, %u are given",
                        m->import_count, count);
  for (u32 i = 0; i < count; i++)
    if (!may_go_on(store, i, err) || !wm_import_check(store, lm, &m->imports[i], imports[i], err))
      return false;
  return true;
}

/* Memory and limits may be used up by garbage: tries again without it. */
static Instance *make_with_room(Store *store, LoadedModule *lm, Object *const *imports,
                                Error *err) {
  Instance *in = make(store, lm, imports, err);
  if (in || store->collecting || (err->code != ERR_OUT_OF_MEMORY && err->code != ERR_LIMIT))
    return in;
  wm_store_collect(store);
  *err = (Error){.code = ERR_NONE};
  return make(store, lm, imports, err);
}

/* What is kept alive meanwhile; let go also when a C++ exception leaves the start function. */
typedef struct Birth {
  Store *store;
  LoadedModule *module;
  Object *const *imports;
  u32 import_count;
  Instance *instance; /* NULL: none is held */
  const void *before; /* of store_enter */
} Birth;

static void begin_birth(Birth *b) {
  b->before = store_enter(b->store);
  for (u32 i = 0; i < b->import_count; i++) object_hold(b->imports[i]);
  wm_loaded_retain(b->module);
}

static void end_birth(Birth *b) {
  if (b->instance) object_let_go(&b->instance->head);
  for (u32 i = 0; i < b->import_count; i++) object_let_go(b->imports[i]);
  wm_loaded_release(b->module);
  store_leave(b->store, b->before);
}

Instance *wm_instance_new(Store *store, LoadedModule *lm, Object *const *imports, u32 import_count,
                          Error *err) {
  Error unheard;
  unheard.code = ERR_NONE;
  if (!err) err = &unheard;
  if (!check_imports(store, lm, imports, import_count, err)) return NULL;
  Birth birth __attribute__((cleanup(end_birth))) = {store, lm, imports, import_count, NULL, NULL};
  begin_birth(&birth);
  Instance *in = make_with_room(store, lm, imports, err);
  if (in) {
    object_hold(&in->head);
    birth.instance = in;
    if (!write_segments(in, err) || !start(in, err)) in = NULL;
  }
  if (!in) wm_store_safepoint(store); /* what was made for it may be large */
  return in;
}

Object *wm_instance_export(Instance *in, const Export *export_) {
  switch (export_->kind) {
  case EXTERN_FUNC: return (Object *)in->funcs[export_->index];
  case EXTERN_TABLE: return (Object *)in->tables[export_->index];
  case EXTERN_MEMORY: return (Object *)in->memories[export_->index];
  case EXTERN_GLOBAL: return (Object *)in->globals[export_->index];
  case EXTERN_TAG: return (Object *)in->tags[export_->index];
  }
  return NULL;
}
