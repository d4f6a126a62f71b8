/* Tables, globals and element segments in a snapshot: references are numbers of functions there. */
#include "engine/snapshot_parts.h"
#include "runtime/heap.h"

/* ---- functions by number ---- */

static bool note_imports(Snapshot *s) {
  for (u32 i = 0; i < s->m->func_import_count; i++)
    if (!wm_ptrmap_set(&s->imported_funcs, s->in->funcs[i], i))
      return wm_error_out_of_memory(s->err);
  return true;
}

/* Structs, arrays and i31: what they have become, their initialisers do not say. */
static bool is_of_heap(Ref ref) { return ref_is_i31(ref) || ref_heap_object(ref) != NULL; }

/* False: it is no function of this instance. */
static bool index_of(const Snapshot *s, Ref ref, u32 *out) {
  const Object *object = ref_object(ref);
  const Func *func = (const Func *)object;
  u64 found;
  if (!object || is_of_heap(ref) || object->kind != OBJ_FUNC) return false;
  *out = func->index;
  if (func->instance == s->in) return true;
  if (!wm_ptrmap_get(&s->imported_funcs, object, &found)) return false;
  *out = (u32)found;
  return true;
}

/* ---- expressions ---- */

void wm_snapshot_offset(Buffer *b, bool is_64, u64 offset) {
  wm_encode_op(b, is_64 ? OP_i64_const : OP_i32_const);
  wm_buffer_sleb(b, is_64 ? (i64)offset : (i32)(u32)offset);
  wm_encode_op(b, OP_end);
}

static void write_ref(const Snapshot *s, ValType type, Ref ref) {
  u32 index = 0;
  if (ref && index_of(s, ref, &index)) {
    wm_encode_op(s->out, OP_ref_func);
    wm_buffer_uleb(s->out, index);
  } else {
    wm_encode_op(s->out, OP_ref_null);
    wm_encode_heaptype(s->out, val_heap(type));
  }
}

static void write_value(const Snapshot *s, ValType type, const u64 value[2]) {
  Buffer *b = s->out;
  switch (val_kind(type)) {
  case VAL_I32: wm_encode_op(b, OP_i32_const), wm_buffer_sleb(b, (i32)(u32)value[0]); break;
  case VAL_I64: wm_encode_op(b, OP_i64_const), wm_buffer_sleb(b, (i64)value[0]); break;
  case VAL_F32: wm_encode_op(b, OP_f32_const), wm_buffer_u32(b, (u32)value[0]); break;
  case VAL_F64: wm_encode_op(b, OP_f64_const), wm_buffer_u64(b, value[0]); break;
  case VAL_V128: wm_encode_op(b, OP_v128_const), wm_buffer_bytes(b, value, 16); break;
  default: write_ref(s, type, ref_of_slot(value[0])); break;
  }
  wm_encode_op(b, OP_end);
}

static void copy_expr(const Snapshot *s, ConstExpr expr) {
  wm_buffer_bytes(s->out, s->m->bytes + expr.offset, expr.size_bytes);
}

/* ---- globals ---- */

static bool check_global(const Snapshot *s, u32 i) {
  const Global *global = s->in->globals[i];
  Ref ref = ref_of_slot(global->value[0]);
  u32 index;
  if (!val_is_ref(global->type.type) || !ref || index_of(s, ref, &index)) return true;
  if (!global->type.is_mutable && !is_of_heap(ref)) return true;
  return wm_error_set(s->err, ERR_ARGUMENT, 0,
                      "global %u refers to what is not a function of the module", i);
}

void wm_snapshot_globals(Snapshot *s) {
  u32 first = s->m->global_import_count;
  wm_buffer_uleb(s->out, s->m->global_count - first);
  for (u32 i = first; i < s->m->global_count; i++) {
    const GlobalDecl *decl = &s->m->globals[i];
    wm_encode_globaltype(s->out, decl->type);
    if (decl->type.is_mutable)
      write_value(s, decl->type.type, s->in->globals[i]->value);
    else
      copy_expr(s, decl->init);
  }
}

/* ---- tables ---- */

static bool check_element(const Snapshot *s, u32 table, u64 at, Ref ref) {
  u32 index;
  if (!ref || index_of(s, ref, &index)) return true;
  return wm_error_set(s->err, ERR_ARGUMENT, 0,
                      "element %llu of table %u refers to what is not a function of the module",
                      (unsigned long long)at, table);
}

static bool add_run(Snapshot *s, Run run) {
  Run *added = vec_push(&s->elems);
  if (!added) return wm_error_out_of_memory(s->err);
  *added = run;
  return true;
}

/* Nulls between the runs, but where the table's own initialiser would stand there. */
static bool find_in_table(Snapshot *s, u32 i) {
  const Table *table = s->in->tables[i];
  bool is_all = s->m->tables[i].has_init;
  for (u64 at = 0; at < table->length; at++) {
    Ref ref = table->elems[at];
    if (!check_element(s, i, at, ref)) return false;
    if (!ref && !is_all) continue;
    Run *last = s->elems.len ? vec_last(&s->elems) : NULL;
    if (last && last->of == i && last->start + last->len == at)
      last->len++;
    else if (!add_run(s, (Run){i, at, 1}))
      return false;
  }
  return true;
}

static bool check_segment(const Snapshot *s, u32 i) {
  const Ref *refs = s->in->elem_refs[i];
  for (u32 k = 0; refs && k < s->in->elem_lens[i]; k++)
    if (refs[k] && is_of_heap(refs[k]))
      return wm_error_set(s->err, ERR_ARGUMENT, 0,
                          "element segment %u refers to what is not a function of the module", i);
  return true;
}

bool wm_snapshot_find_refs(Snapshot *s) {
  if (!note_imports(s)) return false;
  for (u32 i = 0; i < s->m->elem_count; i++)
    if (!check_segment(s, i)) return false;
  for (u32 i = 0; i < s->m->table_count; i++)
    if (!find_in_table(s, i)) return false;
  for (u32 i = s->m->global_import_count; i < s->m->global_count; i++)
    if (!check_global(s, i)) return false;
  return true;
}

void wm_snapshot_tables(Snapshot *s) {
  wm_buffer_uleb(s->out, s->m->table_count); /* none is imported */
  for (u32 i = 0; i < s->m->table_count; i++) {
    const TableDecl *decl = &s->m->tables[i];
    TableType type = decl->type;
    type.limits.min = s->in->tables[i]->length;
    if (decl->has_init) wm_buffer_byte(s->out, TYPE_EMPTY), wm_buffer_byte(s->out, 0);
    wm_encode_tabletype(s->out, &type);
    if (decl->has_init) copy_expr(s, decl->init);
  }
}

/* ---- element segments: their forms are numbers of flags (spec 5.5.12) ---- */

enum { ELEM_PASSIVE = 1, ELEM_DECLARATIVE = 3, ELEM_EXPRS = 4, ELEM_TABLE = 2 };

static void write_exprs(const Snapshot *s, const ElemSegment *seg) {
  u32 count = seg->exprs ? seg->count : 0;
  wm_encode_valtype(s->out, seg->type);
  wm_buffer_uleb(s->out, count);
  for (u32 i = 0; i < count; i++) copy_expr(s, seg->exprs[i]);
}

static void write_funcs(const Snapshot *s, const u32 *funcs, u32 count) {
  wm_buffer_byte(s->out, 0); /* functions */
  wm_buffer_uleb(s->out, count);
  for (u32 i = 0; i < count; i++) wm_buffer_uleb(s->out, funcs[i]);
}

/* One that gives nothing any more is declarative. */
static void write_old_segment(const Snapshot *s, u32 i) {
  const ElemSegment *seg = &s->m->elems[i];
  bool is_alive = seg->mode == SEGMENT_PASSIVE && s->in->elem_lens[i] == seg->count;
  bool is_funcs = !seg->exprs && seg->type == REF_TYPE(HEAP_FUNC);
  u8 form = is_alive ? ELEM_PASSIVE : ELEM_DECLARATIVE;
  wm_buffer_byte(s->out, (u8)(form | (is_funcs ? 0 : ELEM_EXPRS)));
  if (is_funcs)
    write_funcs(s, seg->funcs, seg->count);
  else
    write_exprs(s, seg);
}

static void write_run_exprs(const Snapshot *s, ValType type, const Run *run) {
  const Ref *refs = s->in->tables[run->of]->elems + run->start;
  wm_encode_valtype(s->out, type);
  wm_buffer_uleb(s->out, run->len);
  for (u64 i = 0; i < run->len; i++) {
    write_ref(s, type, refs[i]);
    wm_encode_op(s->out, OP_end);
  }
}

static void write_run_funcs(const Snapshot *s, const Run *run) {
  const Ref *refs = s->in->tables[run->of]->elems + run->start;
  wm_buffer_uleb(s->out, run->len);
  for (u64 i = 0; i < run->len; i++) {
    u32 index = 0;
    index_of(s, refs[i], &index);
    wm_buffer_uleb(s->out, index);
  }
}

/* In the shortest form that the table's type allows. */
static void write_run(const Snapshot *s, const Run *run) {
  const TableDecl *decl = &s->m->tables[run->of];
  bool is_funcs = val_heap(decl->type.element) == HEAP_FUNC && !decl->has_init;
  bool names_table = run->of || !is_funcs;
  wm_buffer_byte(s->out, (u8)((names_table ? ELEM_TABLE : 0) | (is_funcs ? 0 : ELEM_EXPRS)));
  if (names_table) wm_buffer_uleb(s->out, run->of);
  wm_snapshot_offset(s->out, decl->type.limits.is_64, run->start);
  if (is_funcs) {
    if (names_table) wm_buffer_byte(s->out, 0); /* functions */
    write_run_funcs(s, run);
  } else {
    write_run_exprs(s, decl->type.element, run);
  }
}

/* All that ref.func names in code. */
static void declare_named(const Snapshot *s) {
  wm_buffer_byte(s->out, ELEM_DECLARATIVE);
  wm_buffer_byte(s->out, 0); /* functions */
  wm_buffer_uleb(s->out, s->named_count);
  for (u32 i = 0; i < s->m->func_count; i++)
    if (s->is_named[i]) wm_buffer_uleb(s->out, i);
}

void wm_snapshot_elems(Snapshot *s) {
  wm_buffer_uleb(s->out, (u64)s->elem_used + s->elems.len + (s->named_count ? 1 : 0));
  for (u32 i = 0; i < s->elem_used; i++) write_old_segment(s, i);
  for (u32 i = 0; i < s->elems.len; i++) write_run(s, &s->elems.data[i]);
  if (s->named_count) declare_named(s);
}
