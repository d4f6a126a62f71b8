/* The lists of `wasm inspect` (inspect.h). */
#include "base/utf8.h"
#include "binary/names.h"
#include "tools/inspect.h"
#include "valid/valid.h"
#include "wasm/limits.h"

#include <stdio.h>

enum {
  TYPE_CHARS = 1024,
  SHORT_SIGNATURE = 16 /* types; a longer one is told by its number: there may be many of it */
};

/* ---- types ---- */

static const char *kind_word(ExternKind kind) {
  static const char *const words[] = {"func", "table", "memory", "global", "tag"};
  return words[kind];
}

static int print_limits(char *out, size_t size, const Limits *limits) {
  int len = snprintf(out, size, "%s %llu", limits->is_64 ? "i64" : "i32",
                     (unsigned long long)limits->min);
  if (limits->has_max)
    len += snprintf(out + len, size - (size_t)len, " %llu", (unsigned long long)limits->max);
  if (limits->is_shared) len += snprintf(out + len, size - (size_t)len, " shared");
  return len;
}

static void func_type(const Module *m, u32 type, char *out) {
  bool is_func = type < m->type_count && m->types[type].kind == COMP_FUNC;
  if (is_func && m->types[type].param_count + m->types[type].result_count <= SHORT_SIGNATURE)
    wm_functype_name(&m->types[type], out, TYPE_CHARS);
  else if (is_func)
    snprintf(out, TYPE_CHARS, "type %u: %u parameters, %u results", type,
             m->types[type].param_count, m->types[type].result_count);
  else
    snprintf(out, TYPE_CHARS, "type %u, which is no function type", type);
}

static void table_type(const TableType *t, char *out) {
  char element[32];
  int len = print_limits(out, TYPE_CHARS, &t->limits);
  snprintf(out + len, TYPE_CHARS - (size_t)len, " %s",
           wm_valtype_name(t->element, element, sizeof element));
}

static void memory_type(const MemoryType *t, char *out) {
  u64 page_bytes = UINT64_C(1) << t->limits.page_log2;
  int len = print_limits(out, TYPE_CHARS, &t->limits);
  if (page_bytes != PAGE_BYTES)
    snprintf(out + len, TYPE_CHARS - (size_t)len, " pagesize %llu", (unsigned long long)page_bytes);
}

static void global_type(GlobalType t, char *out) {
  char content[32];
  snprintf(out, TYPE_CHARS, "%s%s", t.is_mutable ? "mut " : "",
           wm_valtype_name(t.type, content, sizeof content));
}

static u32 count_of(const Module *m, ExternKind kind) {
  const u32 counts[] = {m->func_count, m->table_count, m->memory_count, m->global_count,
                        m->tag_count};
  return counts[kind];
}

static void out_type(Out *o, const Module *m, ExternKind kind, u32 index) {
  static char type[TYPE_CHARS];
  if (index >= count_of(m, kind)) {
    snprintf(type, sizeof type, "there is none");
  } else {
    switch (kind) {
    case EXTERN_FUNC: func_type(m, m->funcs[index].type_index, type); break;
    case EXTERN_TABLE: table_type(&m->tables[index].type, type); break;
    case EXTERN_MEMORY: memory_type(&m->memories[index], type); break;
    case EXTERN_GLOBAL: global_type(m->globals[index].type, type); break;
    case EXTERN_TAG: func_type(m, m->tags[index].type_index, type); break;
    }
  }
  out_word(o, "type", type);
}

/* ---- imports, exports, definitions ---- */

static void out_import(Out *o, const Module *m, const Import *import) {
  out_item(o);
  out_word(o, "kind", kind_word(import->kind));
  out_text(o, "module", import->module.bytes, import->module.len, true);
  out_text(o, "name", import->name.bytes, import->name.len, true);
  out_type(o, m, import->kind, import->index);
  out_item_end(o);
}

static void out_export(Out *o, const Module *m, const Export *export) {
  out_item(o);
  out_word(o, "kind", kind_word(export->kind));
  out_text(o, "name", export->name.bytes, export->name.len, true);
  out_type(o, m, export->kind, export->index);
  if (o->is_json) out_number(o, "index", export->index);
  out_item_end(o);
}

/* All of a kind, imported ones included. */
static void out_kind(Out *o, const Module *m, const char *name, ExternKind kind) {
  if (!count_of(m, kind) && !o->is_json) return;
  out_list(o, name);
  for (u32 i = 0; i < count_of(m, kind); i++) {
    out_item(o);
    out_number(o, "index", i);
    out_type(o, m, kind, i);
    out_item_end(o);
  }
  out_list_end(o);
}

void inspect_externs(const Module *m, Out *o) {
  out_list(o, "imports");
  for (u32 i = 0; i < m->import_count; i++) out_import(o, m, &m->imports[i]);
  out_list_end(o);
  out_list(o, "exports");
  for (u32 i = 0; i < m->export_count; i++) out_export(o, m, &m->exports[i]);
  out_list_end(o);
  out_kind(o, m, "memories", EXTERN_MEMORY);
  out_kind(o, m, "tables", EXTERN_TABLE);
  out_kind(o, m, "globals", EXTERN_GLOBAL);
  out_kind(o, m, "tags", EXTERN_TAG);
}

/* ---- features ---- */

bool inspect_features(const Module *m, Out *o, Error *err) {
  FeatureSet used;
  if (!wm_module_features(m, &used, err)) return false;
  out_list(o, "features");
  for (u32 f = FEATURE_MVP + 1; f < FEATURE_COUNT; f++) {
    if (!features_have(used, (Feature)f)) continue;
    out_item(o);
    out_word(o, "name", wm_feature_name((Feature)f));
    if (o->is_json || !wm_feature_built((Feature)f))
      out_word(o, "support", wm_feature_built((Feature)f) ? "runs" : "(not supported)");
    out_item_end(o);
  }
  out_list_end(o);
  return true;
}

/* ---- sizes ---- */

void inspect_sections(const Module *m, Out *o) {
  Error err = {0};
  SectionSpan span;
  Reader r = wm_sections_at(m, &err);
  out_list(o, "sections");
  for (u32 custom = 0; wm_section_next(&r, &span);) {
    out_item(o);
    out_number(o, "bytes", span.content_bytes);
    out_word(o, "section", wm_section_word(span.id));
    if (span.id == SECTION_CUSTOM) {
      out_text(o, "name", m->customs[custom].name.bytes, m->customs[custom].name.len, true);
      custom++;
    }
    out_item_end(o);
  }
  out_list_end(o);
}

/* ---- who made it ---- */

bool is_producers(Name name) {
  return name.bytes && name.len == 9 && memcmp(name.bytes, "producers", 9) == 0;
}

static Name read_name(Reader *r) {
  u32 len = wm_reader_u32(r);
  const u8 *text = wm_reader_bytes(r, len);
  bool good = text && wm_utf8_valid(text, len);
  return (Name){good ? text : (const u8 *)"", good ? len : 0};
}

static void out_producer(Out *o, Name field, Reader *r) {
  Name name = read_name(r), version = read_name(r);
  if (!reader_ok(r)) return;
  out_item(o);
  out_text(o, "field", field.bytes, field.len, true);
  out_text(o, "name", name.bytes, name.len, true);
  out_text(o, "version", version.bytes, version.len, true);
  out_item_end(o);
}

/* What is malformed ends it: nobody needs it to be right. */
void inspect_producers(const u8 *content, size_t size, Out *o) {
  Error err = {0};
  Reader r = {
      .start = content, .pos = content, .end = content ? content + size : NULL, .err = &err};
  if (!content && !o->is_json) return;
  out_list(o, "producers");
  for (u32 fields = content ? wm_reader_u32(&r) : 0; fields > 0 && reader_ok(&r); fields--) {
    Name field = read_name(&r);
    for (u32 values = wm_reader_u32(&r); values > 0 && reader_ok(&r); values--)
      out_producer(o, field, &r);
  }
  out_list_end(o);
}

void inspect_module_producers(const Module *m, Out *o) {
  for (u32 i = 0; i < m->custom_count; i++) {
    const CustomSection *custom = &m->customs[i];
    if (!is_producers(custom->name)) continue;
    inspect_producers(m->bytes + custom->data_offset, custom->size_bytes, o);
    return;
  }
  inspect_producers(NULL, 0, o);
}

typedef struct Sized {
  u32 index, bytes;
} Sized;

/* The largest first, of equal ones the first. */
static int compare_sizes(const void *left, const void *right) {
  const Sized *a = left, *b = right;
  if (a->bytes != b->bytes) return a->bytes < b->bytes ? 1 : -1;
  return a->index < b->index ? -1 : a->index > b->index;
}

static void out_functions(const Module *m, Out *o, const Sized *sized, u32 count,
                          const Name *names) {
  out_list(o, "largest_functions");
  for (u32 i = 0; i < count; i++) {
    Name name = names[sized[i].index];
    out_item(o);
    out_number(o, "bytes", sized[i].bytes);
    out_number(o, "index", sized[i].index);
    if (name.bytes) out_text(o, "name", name.bytes, name.len, true);
    out_type(o, m, EXTERN_FUNC, sized[i].index);
    out_item_end(o);
  }
  out_list_end(o);
}

bool inspect_functions(const Module *m, Out *o, u32 count) {
  u32 defined = m->func_count - m->func_import_count;
  Sized *sized = calloc(defined + (size_t)1, sizeof *sized);
  Name *names = wm_names_list_funcs(m);
  bool ok = sized && names;
  for (u32 i = 0; ok && i < defined; i++)
    sized[i] = (Sized){m->func_import_count + i, m->funcs[m->func_import_count + i].code_bytes};
  if (ok) {
    qsort(sized, defined, sizeof *sized, compare_sizes);
    out_fact_number(o, "functions", defined);
    out_functions(m, o, sized, min_u32(count, defined), names);
  }
  free(sized);
  free(names);
  return ok;
}
