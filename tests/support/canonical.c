/* See canonical.h. */
#include "canonical.h"

typedef struct Writer {
  const Module *m;
  Buffer *out;
  bool uses_data;
} Writer;

static void write_instrs(Writer *w, Reader *r) {
  Instr in;
  while (r->pos < r->end && wm_instr_read(r, &in)) {
    u8 immediate = wm_op_info[in.op].immediate;
    w->uses_data |=
        immediate == IMM_DATA || immediate == IMM_DATA_MEMORY || immediate == IMM_TYPE_DATA;
    wm_encode_instr(w->out, &in);
  }
}

static void write_expr(Writer *w, const ConstExpr *expr) {
  Error err = {0};
  Reader r = wm_reader_at(w->m, expr->offset, expr->size_bytes, &err);
  write_instrs(w, &r);
}

static void write_types(Writer *w) {
  const Module *m = w->m;
  u32 groups = 0;
  for (u32 i = 0; i < m->type_count; i += m->types[i].group_len) groups++;
  wm_buffer_uleb(w->out, groups);
  for (u32 i = 0; i < m->type_count; i += m->types[i].group_len)
    wm_encode_rectype(w->out, &m->types[i], m->types[i].group_len);
}

static void write_import(Writer *w, const Import *import) {
  const Module *m = w->m;
  wm_encode_name(w->out, import->module.bytes, import->module.len);
  wm_encode_name(w->out, import->name.bytes, import->name.len);
  wm_buffer_byte(w->out, (u8)import->kind);
  switch (import->kind) {
  case EXTERN_FUNC: wm_buffer_uleb(w->out, m->funcs[import->index].type_index); break;
  case EXTERN_TABLE: wm_encode_tabletype(w->out, &m->tables[import->index].type); break;
  case EXTERN_MEMORY: wm_encode_memorytype(w->out, &m->memories[import->index]); break;
  case EXTERN_GLOBAL: wm_encode_globaltype(w->out, m->globals[import->index].type); break;
  case EXTERN_TAG: wm_encode_tagtype(w->out, m->tags[import->index].type_index); break;
  }
}

/* An initialiser of no instructions (which is not valid) is none. */
static void write_table(Writer *w, const TableDecl *t) {
  bool has_init = t->has_init && t->init.size_bytes > 1;
  if (has_init) wm_buffer_bytes(w->out, "\x40\x00", 2);
  wm_encode_tabletype(w->out, &t->type);
  if (has_init) write_expr(w, &t->init);
}

static void write_elem(Writer *w, const ElemSegment *e) {
  bool is_plain = !e->exprs || e->type == VAL_FUNCREF;
  u32 flags = e->exprs ? 4 : 0;
  if (e->mode != SEGMENT_ACTIVE) flags |= e->mode == SEGMENT_DECLARATIVE ? 3 : 1;
  if (e->mode == SEGMENT_ACTIVE && (e->table || !is_plain)) flags |= 2;
  wm_buffer_uleb(w->out, flags);
  if ((flags & 3) == 2) wm_buffer_uleb(w->out, e->table);
  if (e->mode == SEGMENT_ACTIVE) write_expr(w, &e->offset);
  if ((flags & 3) && e->exprs) wm_encode_valtype(w->out, e->type);
  if ((flags & 3) && !e->exprs) wm_buffer_byte(w->out, 0);
  wm_buffer_uleb(w->out, e->count);
  for (u32 i = 0; i < e->count; i++) {
    if (e->exprs)
      write_expr(w, &e->exprs[i]);
    else
      wm_buffer_uleb(w->out, e->funcs[i]);
  }
}

static void write_data(Writer *w, const DataSegment *d) {
  wm_buffer_uleb(w->out, d->mode == SEGMENT_PASSIVE ? 1 : d->memory ? 2 : 0);
  if (d->memory) wm_buffer_uleb(w->out, d->memory);
  if (d->mode == SEGMENT_ACTIVE) write_expr(w, &d->offset);
  wm_encode_name(w->out, w->m->bytes + d->data_offset, d->size_bytes);
}

/* Groups of locals, neighbours of a type together. */
static void write_locals(Writer *w, Reader *r) {
  Buffer groups = {0};
  u32 written = 0, count = wm_reader_u32(r);
  u64 held = 0;
  ValType type = 0;
  for (u32 i = 0; i <= count && reader_ok(r); i++) {
    u32 more = i < count ? wm_reader_u32(r) : 0;
    ValType next = i < count ? wm_reader_valtype(r) : 0;
    if (i < count && (!more || next == type)) {
      held += more;
      continue;
    }
    if (held) {
      wm_buffer_uleb(&groups, held);
      wm_encode_valtype(&groups, type);
      written++;
    }
    held = more;
    type = next;
  }
  wm_buffer_uleb(w->out, written);
  wm_buffer_bytes(w->out, groups.data, groups.len);
  wm_buffer_free(&groups);
}

static void write_body(Writer *w, const FuncDecl *f) {
  Error err = {0};
  Reader r = wm_reader_at(w->m, f->code_offset, f->code_bytes, &err);
  size_t mark = wm_encode_open(w->out);
  write_locals(w, &r);
  write_instrs(w, &r);
  wm_encode_close(w->out, mark);
}

/* Each definition of an index space, imports apart. */
static void write_funcs(Writer *w, bool bodies) {
  const Module *m = w->m;
  wm_buffer_uleb(w->out, m->func_count - m->func_import_count);
  for (u32 i = m->func_import_count; i < m->func_count; i++) {
    if (bodies)
      write_body(w, &m->funcs[i]);
    else
      wm_buffer_uleb(w->out, m->funcs[i].type_index);
  }
}

static void write_global(Writer *w, const GlobalDecl *g) {
  wm_encode_globaltype(w->out, g->type);
  write_expr(w, &g->init);
}

#define WRITE_LIST(from, to, write, list)                                                          \
  do {                                                                                             \
    wm_buffer_uleb(w->out, (to) - (from));                                                         \
    for (u32 i = (from); i < (to); i++) write(w, &(list)[i]);                                      \
  } while (0)

static void write_memory(Writer *w, const MemoryType *m) { wm_encode_memorytype(w->out, m); }
static void write_tag(Writer *w, const TagDecl *t) { wm_encode_tagtype(w->out, t->type_index); }
static void write_export(Writer *w, const Export *e) {
  wm_encode_name(w->out, e->name.bytes, e->name.len);
  wm_buffer_byte(w->out, (u8)e->kind);
  wm_buffer_uleb(w->out, e->index);
}

static void write_contents(Writer *w, u8 id) {
  const Module *m = w->m;
  switch (id) {
  case SECTION_TYPE: write_types(w); break;
  case SECTION_IMPORT: WRITE_LIST(0, m->import_count, write_import, m->imports); break;
  case SECTION_FUNCTION: write_funcs(w, false); break;
  case SECTION_TABLE:
    WRITE_LIST(m->table_import_count, m->table_count, write_table, m->tables);
    break;
  case SECTION_MEMORY:
    WRITE_LIST(m->memory_import_count, m->memory_count, write_memory, m->memories);
    break;
  case SECTION_TAG: WRITE_LIST(m->tag_import_count, m->tag_count, write_tag, m->tags); break;
  case SECTION_GLOBAL:
    WRITE_LIST(m->global_import_count, m->global_count, write_global, m->globals);
    break;
  case SECTION_EXPORT: WRITE_LIST(0, m->export_count, write_export, m->exports); break;
  case SECTION_START: wm_buffer_uleb(w->out, m->start_func); break;
  case SECTION_ELEM: WRITE_LIST(0, m->elem_count, write_elem, m->elems); break;
  case SECTION_CODE: write_funcs(w, true); break;
  case SECTION_DATA: WRITE_LIST(0, m->data_count, write_data, m->datas); break;
  default: wm_buffer_uleb(w->out, w->uses_data ? m->data_count : NO_INDEX); break;
  }
}

void canonical(const Module *m, Buffer *out) {
  static const u8 order[] = {SECTION_TYPE,      SECTION_IMPORT, SECTION_FUNCTION, SECTION_TABLE,
                             SECTION_MEMORY,    SECTION_TAG,    SECTION_GLOBAL,   SECTION_EXPORT,
                             SECTION_START,     SECTION_ELEM,   SECTION_CODE,     SECTION_DATA,
                             SECTION_DATA_COUNT};
  Writer w = {.m = m, .out = out};
  for (u32 i = 0; i < ARRAY_LEN(order); i++) write_contents(&w, order[i]);
}
