/* Which proposals a module uses, for people who ask (valid.h): of instructions it is the group of
 * their row in opcodes.def, the rest is what validation would ask for (wm_valid_need). */
#include "valid/validator.h"

typedef struct Survey {
  const Module *m;
  Error *err;
  FeatureSet used;
  u32 first_use[FEATURE_COUNT]; /* what the reader saw */
} Survey;

static void use(Survey *s, Feature f) { s->used = features_with(s->used, f, true); }

static void use_valtype(Survey *s, ValType t) {
  if (val_is_ref(t)) use(s, wm_valid_heap_feature(val_heap(t), val_is_nullable(t)));
  if (t == VAL_V128) use(s, FEATURE_SIMD);
}

static void use_valtypes(Survey *s, const ValType *types, u32 count) {
  for (u32 i = 0; i < count; i++) use_valtype(s, types[i]);
}

static void use_limits(Survey *s, const Limits *limits) {
  if (limits->is_64) use(s, FEATURE_MEMORY64);
  if (limits->is_shared) use(s, FEATURE_THREADS);
}

static void use_types(Survey *s) {
  for (u32 i = 0; i < s->m->type_count; i++) {
    const SubType *t = &s->m->types[i];
    bool is_plain = t->kind == COMP_FUNC && t->is_final && t->super == NO_TYPE && t->group_len == 1;
    if (!is_plain) use(s, FEATURE_GC);
    if (t->result_count > 1) use(s, FEATURE_MULTI_VALUE);
    use_valtypes(s, t->params, t->param_count);
    use_valtypes(s, t->results, t->result_count);
    for (u32 field = 0; field < t->field_count; field++) use_valtype(s, t->fields[field].type);
  }
}

/* ---- instructions ---- */

static void use_vec_types(Survey *s, const Instr *in) {
  const u8 *pos = in->vec.items;
  for (u32 i = 0; i < in->vec.count; i++) use_valtype(s, wm_instr_next_type(&pos));
}

static void use_block(Survey *s, BlockType block) {
  if (block.kind == BLOCK_TYPE) use(s, FEATURE_MULTI_VALUE);
  if (block.kind == BLOCK_VALUE) use_valtype(s, block.value);
}

static void use_cast_branch(Survey *s, const Instr *in) {
  use(s, wm_valid_heap_feature(in->cast.heap1, in->cast.flags & CAST_FROM_NULL));
  use(s, wm_valid_heap_feature(in->cast.heap2, in->cast.flags & CAST_TO_NULL));
}

static void use_instr(Survey *s, const Instr *in, bool is_const) {
  const OpInfo *info = &wm_op_info[in->op];
  bool is_nullable =
      in->op == OP_ref_null || in->op == OP_ref_test_null || in->op == OP_ref_cast_null;
  use(s, (Feature)info->feature);
  if (is_const && info->op_class == CLASS_PURE) use(s, FEATURE_EXTENDED_CONST);
  switch (info->immediate) {
  case IMM_BLOCK:
  case IMM_TRY_TABLE: use_block(s, in->block); break;
  case IMM_SELECT: use_vec_types(s, in); break;
  case IMM_CAST_BRANCH: use_cast_branch(s, in); break;
  case IMM_HEAP: use(s, wm_valid_heap_feature(in->cast.heap2, is_nullable)); break;
  default: break;
  }
}

static bool use_instrs(Survey *s, Reader *r, bool is_const) {
  Instr in;
  r->first_use = s->first_use;
  while (r->pos < r->end && wm_instr_read(r, &in)) use_instr(s, &in, is_const);
  return reader_ok(r);
}

static bool use_const(Survey *s, ConstExpr expr) {
  Reader r = wm_reader_at(s->m, expr.offset, expr.size_bytes, s->err);
  return use_instrs(s, &r, true);
}

static bool use_body(Survey *s, const FuncDecl *f) {
  Reader r = wm_reader_at(s->m, f->code_offset, f->code_bytes, s->err);
  r.first_use = s->first_use;
  u32 groups = wm_reader_u32(&r);
  for (u32 i = 0; i < groups && reader_ok(&r); i++) {
    wm_reader_u32(&r);
    use_valtype(s, wm_reader_valtype(&r));
  }
  return use_instrs(s, &r, false);
}

/* ---- fields ---- */

/* A global that another module can change, or can be changed by one. */
static void use_extern(Survey *s, ExternKind kind, u32 index) {
  const Module *m = s->m;
  if (kind == EXTERN_GLOBAL && index < m->global_count && m->globals[index].type.is_mutable)
    use(s, FEATURE_MUTABLE_GLOBALS);
}

static bool use_tables(Survey *s) {
  const Module *m = s->m;
  if (m->table_count > 1) use(s, FEATURE_REFERENCE_TYPES);
  for (u32 i = 0; i < m->table_count; i++) {
    const TableDecl *t = &m->tables[i];
    if (t->type.element != VAL_FUNCREF) use_valtype(s, t->type.element);
    use_limits(s, &t->type.limits);
    if (t->has_init) use(s, FEATURE_FUNCTION_REFERENCES);
    if (t->has_init && !use_const(s, t->init)) return false;
  }
  return true;
}

static bool use_globals(Survey *s) {
  const Module *m = s->m;
  for (u32 i = 0; i < m->global_count; i++) {
    use_valtype(s, m->globals[i].type.type);
    if (i >= m->global_import_count && !use_const(s, m->globals[i].init)) return false;
  }
  return true;
}

static bool use_elems(Survey *s) {
  const Module *m = s->m;
  for (u32 i = 0; i < m->elem_count; i++) {
    const ElemSegment *e = &m->elems[i];
    if (e->exprs) use_valtype(s, e->type);
    if (e->mode == SEGMENT_ACTIVE && !use_const(s, e->offset)) return false;
    for (u32 k = 0; e->exprs && k < e->count; k++)
      if (!use_const(s, e->exprs[k])) return false;
  }
  return true;
}

static bool use_datas(Survey *s) {
  const Module *m = s->m;
  for (u32 i = 0; i < m->data_count; i++)
    if (m->datas[i].mode == SEGMENT_ACTIVE && !use_const(s, m->datas[i].offset)) return false;
  return true;
}

static void use_memories(Survey *s) {
  const Module *m = s->m;
  if (m->memory_count > 1) use(s, FEATURE_MULTI_MEMORY);
  for (u32 i = 0; i < m->memory_count; i++) use_limits(s, &m->memories[i].limits);
}

static bool use_bodies(Survey *s) {
  const Module *m = s->m;
  for (u32 i = m->func_import_count; i < m->func_count; i++)
    if (!use_body(s, &m->funcs[i])) return false;
  return true;
}

bool wm_module_features(const Module *m, FeatureSet *used, Error *err) {
  Survey s = {.m = m, .err = err};
  use_types(&s);
  for (u32 i = 0; i < m->import_count; i++) use_extern(&s, m->imports[i].kind, m->imports[i].index);
  for (u32 i = 0; i < m->export_count; i++) use_extern(&s, m->exports[i].kind, m->exports[i].index);
  use_memories(&s);
  if (m->tag_count) use(&s, FEATURE_EXCEPTIONS);
  if (!use_tables(&s) || !use_globals(&s) || !use_elems(&s) || !use_datas(&s) || !use_bodies(&s))
    return false;
  for (u32 f = 0; f < FEATURE_COUNT; f++)
    if (m->first_use[f] || s.first_use[f]) use(&s, (Feature)f);
  *used = s.used;
  return true;
}
