/* Types as text (spec 6.4). */
#include "binary/decode_type.h"
#include "text/printer.h"
#include "wasm/limits.h"

/* Signatures of more types stand at their definition alone, not at each use. */
enum { SHORT_SIGNATURE = 16, TYPE_CHARS = 32 };

void wm_put_heaptype(Printer *p, HeapType h) {
  if (heap_is_abstract(h))
    put_text(p, wm_heaptype_name(h));
  else
    wm_put_use(p, NAME_TYPE, h);
}

void wm_put_valtype(Printer *p, ValType t) {
  char name[TYPE_CHARS];
  if (!val_names_type(t)) {
    put_text(p, wm_valtype_name(t, name, sizeof name));
    return;
  }
  put_text(p, val_is_nullable(t) ? "(ref null " : "(ref ");
  wm_put_heaptype(p, val_heap(t));
  put_char(p, ')');
}

void wm_put_limits(Printer *p, const Limits *limits) {
  if (limits->is_64) put_text(p, " i64");
  put_char(p, ' ');
  wm_put_uint(p, limits->min);
  if (limits->has_max) {
    put_char(p, ' ');
    wm_put_uint(p, limits->max);
  }
  if (limits->is_shared) put_text(p, " shared");
}

void wm_put_tabletype(Printer *p, const TableType *t) {
  wm_put_limits(p, &t->limits);
  put_char(p, ' ');
  wm_put_valtype(p, t->element);
}

void wm_put_memorytype(Printer *p, const MemoryType *t) {
  wm_put_limits(p, &t->limits);
  if (!t->limits.has_page_size) return;
  put_text(p, " (pagesize ");
  wm_put_uint(p, UINT64_C(1) << t->limits.page_log2);
  put_char(p, ')');
}

static void put_mutable(Printer *p, ValType t, bool is_mutable) {
  put_text(p, is_mutable ? " (mut " : " ");
  wm_put_valtype(p, t);
  if (is_mutable) put_char(p, ')');
}

void wm_put_globaltype(Printer *p, GlobalType t) { put_mutable(p, t.type, t.is_mutable); }

/* ---- function types ---- */

static void put_list(Printer *p, const char *keyword, const ValType *types, u32 count) {
  if (!count) return;
  put_text(p, keyword);
  for (u32 i = 0; i < count; i++) {
    put_char(p, ' ');
    wm_put_valtype(p, types[i]);
  }
  put_char(p, ')');
}

/* A parameter with a name has a list of its own. */
static void put_named_params(Printer *p, const SubType *t) {
  for (u32 i = 0; i < t->param_count; i++) {
    put_text(p, " (param");
    wm_put_ident(p, &p->local_ids.data[i]);
    put_char(p, ' ');
    wm_put_valtype(p, t->params[i]);
    put_char(p, ')');
  }
}

void wm_put_typeuse(Printer *p, u32 type) {
  put_text(p, " (type ");
  wm_put_use(p, NAME_TYPE, type);
  put_char(p, ')');
  const SubType *t = type < p->m->type_count ? &p->m->types[type] : NULL;
  if (!t || t->kind != COMP_FUNC) return;
  bool is_named = p->func_type == t && p->local_ids.len >= t->param_count && p->local_ids.len;
  if (!is_named && t->param_count + t->result_count > SHORT_SIGNATURE) return;
  if (is_named)
    put_named_params(p, t);
  else
    put_list(p, " (param", t->params, t->param_count);
  put_list(p, " (result", t->results, t->result_count);
}

/* ---- definitions ---- */

static void put_fields(Printer *p, u32 type, const SubType *t) {
  const Ident *idents = p->fields ? p->fields[type].at : NULL;
  for (u32 i = 0; i < t->field_count; i++) {
    if (t->kind == COMP_STRUCT) put_text(p, " (field");
    if (idents) wm_put_ident(p, &idents[i]);
    put_mutable(p, t->fields[i].type, t->fields[i].is_mutable);
    if (t->kind == COMP_STRUCT) put_char(p, ')');
  }
}

static void put_composite(Printer *p, u32 type, const SubType *t) {
  put_text(p, t->kind == COMP_FUNC ? "(func" : t->kind == COMP_STRUCT ? "(struct" : "(array");
  if (t->kind == COMP_FUNC) {
    put_list(p, " (param", t->params, t->param_count);
    put_list(p, " (result", t->results, t->result_count);
  } else {
    put_fields(p, type, t);
  }
  put_char(p, ')');
}

static void put_type(Printer *p, u32 type) {
  const SubType *t = &p->m->types[type];
  bool is_bare = t->is_final && t->super == NO_TYPE;
  wm_put_line(p);
  put_text(p, "(type");
  wm_put_definition(p, NAME_TYPE, type);
  put_text(p, is_bare ? " " : t->is_final ? " (sub final " : " (sub ");
  if (t->super != NO_TYPE) {
    wm_put_use(p, NAME_TYPE, t->super);
    put_char(p, ' ');
  }
  put_composite(p, type, t);
  put_text(p, is_bare ? ")" : "))");
}

/* A recursion group; one of one type is written as that. */
static void put_group(Printer *p, u32 first, u32 len) {
  if (len != 1) {
    wm_put_line(p);
    put_text(p, "(rec");
    p->depth++;
  }
  for (u32 i = 0; i < len && wm_print_ok(p); i++) put_type(p, first + i);
  if (len == 1) return;
  p->depth--;
  put_char(p, ')');
}

static u32 count_groups(const Module *m) {
  u32 groups = 0;
  for (u32 i = 0; i < m->type_count; i += m->types[i].group_len) groups++;
  return groups;
}

/* A reader at the type section's groups and their number. */
static Reader find_groups(const Printer *p, u32 *count) {
  SectionSpan span = {0};
  Reader r = wm_sections_at(p->m, p->err);
  while (span.id != SECTION_TYPE && wm_section_next(&r, &span)) continue;
  bool found = span.id == SECTION_TYPE;
  r = wm_reader_at(p->m, span.content, found ? span.content_bytes : 0, p->err);
  *count = found ? wm_reader_u32(&r) : 0;
  return r;
}

/* Groups without types, which a decoded module does not have: the section is decoded once more. */
static void put_all_groups(Printer *p, Reader *r, u32 count) {
  SubTypeVec types = {0};
  for (u32 i = 0; i < count && wm_print_ok(p); i++) {
    u32 first = types.len;
    if (wm_decode_rectype(r, &p->arena, &types)) put_group(p, first, types.len - first);
  }
  vec_free(&types);
}

void wm_put_types(Printer *p) {
  const Module *m = p->m;
  u32 count;
  Reader r = find_groups(p, &count);
  if (count != count_groups(m)) {
    put_all_groups(p, &r, count);
    return;
  }
  for (u32 i = 0; i < m->type_count && wm_print_ok(p); i += m->types[i].group_len)
    put_group(p, i, m->types[i].group_len);
}
