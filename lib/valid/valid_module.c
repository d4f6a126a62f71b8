/* Everything of a module but its types and bodies (spec 3.5): limits, imports, exports, segments
 * and the order in which all is checked.
 *
 *   types -> imports -> functions, tables, memories, tags -> initialisers
 *         -> exports, start -> segments -> bodies -> forms of proposals
 *
 * What comes later may use indices that were checked before. Bodies need to know what escapes,
 * which exports, segments and initialisers tell; forms are last, as an error of substance says
 * more. */
#include "valid/validator.h"

#include <stdlib.h>

FeatureSet wm_features_default(void) {
  FeatureSet set = {0};
  for (u32 f = 0; f < FEATURE_COUNT; f++)
    set = features_with(set, (Feature)f, wm_feature_built((Feature)f));
  return set;
}

/* ---- types of tables, memories, globals, tags ---- */

/* `most`: of the type's range; `too_large` is the suite's message. */
static bool check_limits(Validator *v, const Limits *limits, u64 most, const char *too_large,
                         u64 offset) {
  if (limits->is_shared && !wm_valid_need(v, offset, FEATURE_THREADS, "a shared memory"))
    return false;
  if (limits->is_64 && !wm_valid_need(v, offset, FEATURE_MEMORY64, "a 64-bit address type"))
    return false;
  if (limits->min > most || (limits->has_max && limits->max > most))
    return wm_valid_fail_at(v, offset, "%s", too_large);
  if (limits->has_max && limits->min > limits->max)
    return wm_valid_fail_at(v, offset, "size minimum must not be greater than maximum");
  if (limits->is_shared && !limits->has_max)
    return wm_valid_fail_at(v, offset, "shared memory must have maximum");
  return true;
}

static bool check_memory(Validator *v, const MemoryType *memory, u64 offset) {
  static const char *const too_large[2][2] = {
      {"memory size must be at most 65536 pages (4GiB)", "memory size must be at most 2**32-1"},
      {"memory size must be at most 2**48 pages (16EiB)", "memory size must be at most 2**64-1"}};
  const Limits *limits = &memory->limits;
  if (limits->has_page_size &&
      !wm_valid_need(v, offset, FEATURE_CUSTOM_PAGE_SIZES, "a memory's page size"))
    return false;
  if (limits->page_log2 != 0 && limits->page_log2 != PAGE_LOG2)
    return wm_valid_fail_at(v, offset, "invalid custom page size 2**%u", limits->page_log2);
  return check_limits(v, limits, most_pages(limits->is_64, limits->page_log2),
                      too_large[limits->is_64][limits->page_log2 == 0], offset);
}

static bool check_table(Validator *v, const TableType *table, u64 offset) {
  /* MVP has tables of functions, before there were values of such types */
  if (table->element != VAL_FUNCREF && !wm_valid_valtype(v, table->element, offset)) return false;
  return check_limits(v, &table->limits, table->limits.is_64 ? UINT64_MAX : UINT32_MAX,
                      "table size must be at most 2**32-1", offset);
}

static bool check_tag(Validator *v, const TagDecl *tag, u64 offset) {
  if (!wm_valid_need(v, offset, FEATURE_EXCEPTIONS, "a tag")) return false;
  const SubType *type = wm_valid_func_type(v, tag->type_index, offset);
  if (!type) return false;
  return !type->result_count || wm_valid_fail_at(v, offset, "non-empty tag result type");
}

/* ---- imports and definitions ---- */

/* The types of what is imported; whether there is anything to import is linking's business. */
static bool check_import(Validator *v, const Import *import) {
  const Module *m = v->m;
  switch (import->kind) {
  case EXTERN_FUNC:
    return wm_valid_func_type(v, m->funcs[import->index].type_index, import->offset) != NULL;
  case EXTERN_TABLE: return check_table(v, &m->tables[import->index].type, import->offset);
  case EXTERN_MEMORY: return check_memory(v, &m->memories[import->index], import->offset);
  case EXTERN_GLOBAL: {
    const GlobalType *global = &m->globals[import->index].type;
    return (!global->is_mutable || wm_valid_need(v, import->offset, FEATURE_MUTABLE_GLOBALS,
                                                 "import of a mutable global")) &&
           wm_valid_valtype(v, global->type, import->offset);
  }
  case EXTERN_TAG: return check_tag(v, &m->tags[import->index], import->offset);
  }
  return true;
}

static bool check_imports(Validator *v) {
  for (u32 i = 0; i < v->m->import_count; i++)
    if (!check_import(v, &v->m->imports[i])) return false;
  return true;
}

static bool check_funcs(Validator *v) {
  const Module *m = v->m;
  for (u32 i = m->func_import_count; i < m->func_count; i++)
    if (!wm_valid_func_type(v, m->funcs[i].type_index, m->funcs[i].code_offset)) return false;
  return true;
}

/* A table's elements start as the value of its initialiser, or null. */
static bool check_table_init(Validator *v, const TableDecl *table) {
  ValType element = table->type.element;
  if (table->has_init)
    return wm_valid_need(v, table->init.offset, FEATURE_FUNCTION_REFERENCES,
                         "a table's initialiser") &&
           wm_valid_const(v, table->init, element, v->m->global_import_count);
  return val_is_nullable(element) ||
         wm_valid_fail_at(v, table->type.limits.offset,
                          "type mismatch: a table of non-null references needs a value");
}

static bool check_tables(Validator *v) {
  const Module *m = v->m;
  if (m->table_count > 1 && !wm_valid_need(v, m->tables[1].type.limits.offset,
                                           FEATURE_REFERENCE_TYPES, "more than one table"))
    return false;
  for (u32 i = m->table_import_count; i < m->table_count; i++)
    if (!check_table(v, &m->tables[i].type, m->tables[i].type.limits.offset)) return false;
  return true;
}

static bool check_memories(Validator *v) {
  const Module *m = v->m;
  if (m->memory_count > 1 &&
      !wm_valid_need(v, m->memories[1].limits.offset, FEATURE_MULTI_MEMORY, "more than one memory"))
    return false;
  for (u32 i = m->memory_import_count; i < m->memory_count; i++)
    if (!check_memory(v, &m->memories[i], m->memories[i].limits.offset)) return false;
  return true;
}

/* Globals and tables may read the globals before them. */
static bool check_initialisers(Validator *v) {
  const Module *m = v->m;
  for (u32 i = m->global_import_count; i < m->global_count; i++) {
    const GlobalDecl *global = &m->globals[i];
    if (!wm_valid_valtype(v, global->type.type, global->init.offset) ||
        !wm_valid_const(v, global->init, global->type.type, i))
      return false;
  }
  for (u32 i = m->table_import_count; i < m->table_count; i++)
    if (!check_table_init(v, &m->tables[i])) return false;
  return true;
}

static bool check_tags(Validator *v) {
  const Module *m = v->m;
  for (u32 i = m->tag_import_count; i < m->tag_count; i++)
    if (!check_tag(v, &m->tags[i], m->tags[i].offset)) return false;
  return true;
}

/* ---- exports and start ---- */

/* An exported function can be called by whoever has the instance: it escapes. */
static bool check_exported(Validator *v, const Export *export) {
  Module *m = v->m;
  static const char *const kinds[] = {"function", "table", "memory", "global", "tag"};
  const u32 counts[] = {m->func_count, m->table_count, m->memory_count, m->global_count,
                        m->tag_count};
  if (export->index >= counts[export->kind])
    return wm_valid_fail_at(v, export->offset, "unknown %s %u", kinds[export->kind], export->index);
  if (export->kind == EXTERN_FUNC) m->funcs[export->index].escapes = true;
  if (export->kind == EXTERN_GLOBAL && m->globals[export->index].type.is_mutable)
    return wm_valid_need(v, export->offset, FEATURE_MUTABLE_GLOBALS, "export of a mutable global");
  return true;
}

static bool check_exports(Validator *v) {
  Module *m = v->m;
  for (u32 i = 0; i < m->export_count; i++) {
    const Export *export = &m->exports[i];
    bool existed = false;
    if (!check_exported(v, export)) return false;
    if (!wm_namemap_add(&m->export_map, export->name.bytes, export->name.len, i, &existed))
      return wm_error_out_of_memory(v->err);
    if (existed) {
      char name[128];
      return wm_valid_fail_at(v, export->offset, "duplicate export name \"%s\"",
                              wm_escape(name, sizeof name, export->name.bytes, export->name.len));
    }
  }
  return true;
}

static bool check_start(Validator *v) {
  const Module *m = v->m;
  if (m->start_func == NO_INDEX) return true;
  if (m->start_func >= m->func_count)
    return wm_valid_fail_at(v, m->start_offset, "unknown function %u", m->start_func);
  const SubType *type = module_func_type(m, m->start_func);
  /* With no rules on who defines it: an import may be the start function. */
  return (!type->param_count && !type->result_count) ||
         wm_valid_fail_at(v, m->start_offset, "start function must take and give nothing");
}

/* ---- segments ---- */

/* Where an active element segment goes. */
static bool check_elem_target(Validator *v, const ElemSegment *elem) {
  if (elem->table >= v->m->table_count)
    return wm_valid_fail_at(v, elem->offset.offset, "unknown table %u", elem->table);
  const TableType *table = &v->m->tables[elem->table].type;
  if (!wm_valid_matches(v, elem->type, table->element)) {
    char from[64], to[64];
    return wm_valid_fail_at(v, elem->offset.offset, "type mismatch: elements %s for a table of %s",
                            wm_valtype_name(elem->type, from, sizeof from),
                            wm_valtype_name(table->element, to, sizeof to));
  }
  return wm_valid_const(v, elem->offset, limits_address(&table->limits), v->m->global_count);
}

static bool check_elem(Validator *v, const ElemSegment *elem) {
  Module *m = v->m;
  u32 offset = elem->offset.offset;
  if (elem->mode != SEGMENT_ACTIVE &&
      !wm_valid_need(v, offset, FEATURE_BULK_MEMORY, "a passive element segment"))
    return false;
  if (elem->exprs && !wm_valid_valtype(v, elem->type, offset)) return false;
  if (elem->mode == SEGMENT_ACTIVE && !check_elem_target(v, elem)) return false;
  for (u32 i = 0; i < elem->count; i++) {
    if (elem->exprs) {
      if (!wm_valid_const(v, elem->exprs[i], elem->type, m->global_count)) return false;
    } else if (elem->funcs[i] >= m->func_count) {
      return wm_valid_fail_at(v, offset, "unknown function %u", elem->funcs[i]);
    } else {
      m->funcs[elem->funcs[i]].escapes = true;
    }
  }
  return true;
}

/* That the bytes fit the memory is known only when the module is instantiated. */
static bool check_data(Validator *v, const DataSegment *data) {
  if (data->mode != SEGMENT_ACTIVE)
    return wm_valid_need(v, data->data_offset, FEATURE_BULK_MEMORY, "a passive data segment");
  if (data->memory >= v->m->memory_count)
    return wm_valid_fail_at(v, data->offset.offset, "unknown memory %u", data->memory);
  ValType address = limits_address(&v->m->memories[data->memory].limits);
  return wm_valid_const(v, data->offset, address, v->m->global_count);
}

static bool check_segments(Validator *v) {
  const Module *m = v->m;
  for (u32 i = 0; i < m->elem_count; i++)
    if (!check_elem(v, &m->elems[i])) return false;
  for (u32 i = 0; i < m->data_count; i++)
    if (!check_data(v, &m->datas[i])) return false;
  return true;
}

/* ---- the whole ---- */

/* What is written in a proposal's form, though it says nothing new. */
static bool check_forms(Validator *v) {
  static const char *const forms[FEATURE_COUNT] = {
      [FEATURE_GC] = "a recursion group or sub type",
      [FEATURE_FUNCTION_REFERENCES] = "the long form of a reference type",
      [FEATURE_EXCEPTIONS] = "a tag section",
      [FEATURE_MULTI_MEMORY] = "a memory index in an instruction",
      [FEATURE_BULK_MEMORY] = "this form of segment or data count",
      [FEATURE_CUSTOM_PAGE_SIZES] = "a memory's page size",
  };
  for (u32 f = 0; f < FEATURE_COUNT; f++)
    if (v->m->first_use[f] && !wm_valid_need(v, v->m->first_use[f], (Feature)f, forms[f]))
      return false;
  return true;
}

static bool check_outside(Validator *v) {
  return wm_valid_types(v) && check_imports(v) && check_funcs(v) && check_tables(v) &&
         check_memories(v) && check_tags(v) && check_initialisers(v) && check_exports(v) &&
         check_start(v) && check_segments(v);
}

/* Bodies last: by then it is known which functions escape, and every index means something. */
static bool check_module(Validator *v, u32 threads) {
  return check_outside(v) && wm_valid_bodies(v, threads) && check_forms(v);
}

/* A grammar error anywhere in a body goes before what else is wrong with the module. */
static void prefer_malformed(const Module *m, Error *err) {
  if (err->code != ERR_INVALID && err->code != ERR_UNSUPPORTED) return;
  /* Slow, but only what is refused pays. */
  Error malformed = {0};
  if (!wm_valid_scan_bodies(m, &malformed) && malformed.code == ERR_MALFORMED) *err = malformed;
}

static Validator validator_of(Module *m, TypeRegistry *reg, FeatureSet features, Error *err) {
  return (Validator){.m = m,
                     .reg = reg,
                     .err = err,
                     .arena = &m->arena,
                     .first_use = m->first_use,
                     .features = features};
}

/* Frees what a check of the module used; what it took from the registry only when it failed. */
static bool end_check(Validator *v, bool ok) {
  wm_valid_end(v);
  if (ok) return true;
  wm_module_release_types(v->m, v->reg);
  /* So that they are not given back once more. */
  for (u32 i = 0; i < v->m->type_count; i++) v->m->types[i].type_id = NO_TYPE;
  return false;
}

bool wm_module_validate(Module *m, TypeRegistry *reg, FeatureSet features, u32 threads,
                        Error *err) {
  Error unused = {0};
  Validator v = validator_of(m, reg, features, err ? err : &unused);
  if (end_check(&v, check_module(&v, threads))) return true;
  prefer_malformed(m, v.err);
  return false;
}

bool wm_module_validate_outside(Module *m, TypeRegistry *reg, FeatureSet features, Error *err) {
  Validator v = validator_of(m, reg, features, err);
  return end_check(&v, check_outside(&v));
}

/* What is wrong is heard by nobody: the module was valid once, so its bytes were changed. */
bool wm_module_validate_body(Module *m, TypeRegistry *reg, FeatureSet features, u32 func_index) {
  Error unheard = {0};
  Validator v = validator_of(m, reg, features, &unheard);
  bool ok = wm_valid_func(&v, func_index);
  wm_valid_end(&v);
  return ok;
}
