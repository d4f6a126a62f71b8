/* The fields of a module (spec 6.6), in the order of the binary's sections. */
#include "text/printer.h"
#include "wasm/limits.h"

/* ---- imports and exports ---- */

/* The parts of the name section, by ExternKind, and the keywords. */
static NamePart part_of(ExternKind kind) {
  static const u8 parts[] = {NAME_FUNC, NAME_TABLE, NAME_MEMORY, NAME_GLOBAL, NAME_TAG};
  return (NamePart)parts[kind];
}

static const char *word_of(ExternKind kind) {
  static const char *const words[] = {"(func", "(table", "(memory", "(global", "(tag"};
  return words[kind];
}

static void put_extern_type(Printer *p, ExternKind kind, u32 index) {
  const Module *m = p->m;
  switch (kind) {
  case EXTERN_FUNC: wm_put_typeuse(p, m->funcs[index].type_index); break;
  case EXTERN_TABLE: wm_put_tabletype(p, &m->tables[index].type); break;
  case EXTERN_MEMORY: wm_put_memorytype(p, &m->memories[index]); break;
  case EXTERN_GLOBAL: wm_put_globaltype(p, m->globals[index].type); break;
  case EXTERN_TAG: wm_put_typeuse(p, m->tags[index].type_index); break;
  }
}

/* The function type, as far as the module has it. */
static const SubType *type_of_func(const Module *m, u32 index) {
  u32 type = m->funcs[index].type_index;
  return type < m->type_count && m->types[type].kind == COMP_FUNC ? &m->types[type] : NULL;
}

/* An imported function's parameters may have names. */
static void begin_import(Printer *p, const Import *import) {
  p->local_ids.len = 0;
  p->func_type = import->kind == EXTERN_FUNC ? type_of_func(p->m, import->index) : NULL;
  if (p->func_type) wm_print_local_idents(p, import->index, p->func_type->param_count);
}

static void put_import(Printer *p, const Import *import) {
  begin_import(p, import);
  wm_put_line(p);
  put_text(p, "(import ");
  wm_put_name(p, import->module.bytes, import->module.len);
  put_char(p, ' ');
  wm_put_name(p, import->name.bytes, import->name.len);
  put_char(p, ' ');
  put_text(p, word_of(import->kind));
  wm_put_definition(p, part_of(import->kind), import->index);
  put_extern_type(p, import->kind, import->index);
  put_text(p, "))");
}

static void put_export(Printer *p, const Export *export) {
  wm_put_line(p);
  put_text(p, "(export ");
  wm_put_name(p, export->name.bytes, export->name.len);
  put_char(p, ' ');
  put_text(p, word_of(export->kind));
  put_char(p, ' ');
  wm_put_use(p, part_of(export->kind), export->index);
  put_text(p, "))");
}

/* ---- tables, memories, tags, globals ---- */

/* A definition up to its type. */
static void open_definition(Printer *p, ExternKind kind, u32 index) {
  wm_put_line(p);
  put_text(p, word_of(kind));
  wm_put_definition(p, part_of(kind), index);
  put_extern_type(p, kind, index);
}

static void put_tables(Printer *p) {
  for (u32 i = p->m->table_import_count; i < p->m->table_count && wm_print_ok(p); i++) {
    const TableDecl *t = &p->m->tables[i];
    open_definition(p, EXTERN_TABLE, i);
    if (t->has_init) wm_put_const_expr(p, &t->init, NULL);
    put_char(p, ')');
  }
}

static void put_memories(Printer *p) {
  for (u32 i = p->m->memory_import_count; i < p->m->memory_count && wm_print_ok(p); i++) {
    open_definition(p, EXTERN_MEMORY, i);
    put_char(p, ')');
  }
}

static void put_tags(Printer *p) {
  for (u32 i = p->m->tag_import_count; i < p->m->tag_count && wm_print_ok(p); i++) {
    open_definition(p, EXTERN_TAG, i);
    put_char(p, ')');
  }
}

static void put_globals(Printer *p) {
  for (u32 i = p->m->global_import_count; i < p->m->global_count && wm_print_ok(p); i++) {
    open_definition(p, EXTERN_GLOBAL, i);
    wm_put_const_expr(p, &p->m->globals[i].init, NULL);
    put_char(p, ')');
  }
}

/* ---- segments ---- */

/* " (table x)", which is left out for the first one. */
static void put_target(Printer *p, const char *keyword, NamePart part, u32 index) {
  if (!index) return;
  put_text(p, keyword);
  wm_put_use(p, part, index);
  put_char(p, ')');
}

static void put_elements(Printer *p, const ElemSegment *e) {
  put_char(p, ' ');
  if (e->funcs)
    put_text(p, "func");
  else
    wm_put_valtype(p, e->type);
  for (u32 i = 0; i < e->count && wm_print_ok(p); i++) {
    if (e->funcs) {
      put_char(p, ' ');
      wm_put_use(p, NAME_FUNC, e->funcs[i]);
    } else {
      wm_put_const_expr(p, &e->exprs[i], "item");
    }
  }
}

static void put_elem(Printer *p, u32 index) {
  const ElemSegment *e = &p->m->elems[index];
  wm_put_line(p);
  put_text(p, "(elem");
  wm_put_definition(p, NAME_ELEM, index);
  if (e->mode == SEGMENT_DECLARATIVE) put_text(p, " declare");
  if (e->mode == SEGMENT_ACTIVE) {
    put_target(p, " (table ", NAME_TABLE, e->table);
    wm_put_const_expr(p, &e->offset, "offset");
  }
  put_elements(p, e);
  put_char(p, ')');
}

static void put_data(Printer *p, u32 index) {
  const DataSegment *d = &p->m->datas[index];
  wm_put_line(p);
  put_text(p, "(data");
  wm_put_definition(p, NAME_DATA, index);
  if (d->mode == SEGMENT_ACTIVE) {
    put_target(p, " (memory ", NAME_MEMORY, d->memory);
    wm_put_const_expr(p, &d->offset, "offset");
  }
  wm_put_data_lines(p, p->m->bytes + d->data_offset, d->size_bytes);
  put_char(p, ')');
}

/* ---- functions ---- */

static bool push_locals(Printer *p, Reader *r, u32 count, ValType type) {
  if (count > MAX_LOCALS || p->locals.len + count > MAX_LOCALS)
    return wm_reader_limit(r, reader_offset(r), "too many locals");
  if (!vec_reserve(&p->locals, count)) return wm_print_out_of_memory(p);
  for (u32 i = 0; i < count; i++) p->locals.data[p->locals.len++] = type;
  return true;
}

/* Parameters and locals into p->locals. */
static bool read_locals(Printer *p, Reader *r) {
  p->locals.len = 0;
  u32 params = p->func_type ? p->func_type->param_count : 0;
  for (u32 i = 0; i < params; i++)
    if (!push_locals(p, r, 1, p->func_type->params[i])) return false;
  u32 groups = wm_reader_u32(r);
  for (u32 i = 0; i < groups && reader_ok(r); i++) {
    u32 count = wm_reader_u32(r);
    ValType type = wm_reader_valtype(r);
    if (reader_ok(r) && !push_locals(p, r, count, type)) return false;
  }
  return reader_ok(r);
}

/* Lists of locals: a named one for itself, others together. */
static void put_locals(Printer *p, u32 first) {
  bool is_open = false;
  for (u32 i = first; i < p->locals.len; i++) {
    const Ident *ident = i < p->local_ids.len ? &p->local_ids.data[i] : NULL;
    bool is_named = ident && ident->name;
    if (i == first) wm_put_line(p);
    if (!is_open || is_named) put_text(p, is_open ? ") (local" : i > first ? " (local" : "(local");
    if (is_named) wm_put_ident(p, ident);
    put_char(p, ' ');
    wm_put_valtype(p, p->locals.data[i]);
    if (is_named) put_char(p, ')');
    is_open = !is_named;
  }
  if (is_open) put_char(p, ')');
}

static void put_func(Printer *p, u32 index) {
  const FuncDecl *f = &p->m->funcs[index];
  Reader r = wm_reader_at(p->m, f->code_offset, f->code_bytes, p->err);
  p->func_type = type_of_func(p->m, index);
  p->label_index = 0;
  if (!read_locals(p, &r) || !wm_print_local_idents(p, index, p->locals.len)) return;
  wm_put_line(p);
  put_text(p, "(func");
  wm_put_definition(p, NAME_FUNC, index);
  wm_put_typeuse(p, f->type_index);
  u32 depth = p->depth++;
  put_locals(p, p->func_type ? p->func_type->param_count : 0);
  if (print_has(p, PRINT_FOLDED))
    wm_print_folded(p, &r);
  else
    wm_print_flat(p, &r);
  p->depth = depth;
  put_char(p, ')');
}

void wm_print_fields(Printer *p) {
  const Module *m = p->m;
  wm_put_types(p);
  for (u32 i = 0; i < m->import_count && wm_print_ok(p); i++) put_import(p, &m->imports[i]);
  p->func_type = NULL;
  put_tables(p);
  put_memories(p);
  put_tags(p);
  put_globals(p);
  for (u32 i = 0; i < m->export_count && wm_print_ok(p); i++) put_export(p, &m->exports[i]);
  if (m->start_func != NO_INDEX) {
    wm_put_line(p);
    put_text(p, "(start ");
    wm_put_use(p, NAME_FUNC, m->start_func);
    put_char(p, ')');
  }
  for (u32 i = 0; i < m->elem_count && wm_print_ok(p); i++) put_elem(p, i);
  for (u32 i = m->func_import_count; i < m->func_count && wm_print_ok(p); i++) put_func(p, i);
  for (u32 i = 0; i < m->data_count && wm_print_ok(p); i++) put_data(p, i);
}
