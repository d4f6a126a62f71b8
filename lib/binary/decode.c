/* The sections of a module (spec 5.5).
 *
 *   bytes   magic version | id size contents | id size contents | ...
 *                                  \________ decoders[id], each at most once but custom ones
 *
 * The lists grow on the heap while they are read, since imports and definitions share an index
 * space, and end up in the module's arena. Names, segments' contents and bodies stay where they
 * are: the Module has offsets into its copy of the bytes, which are below 2^32 as a module is at
 * most 1 GiB.
 *
 * Every loop ends with the input: a count is checked against its limit and against the bytes that
 * remain (wm_reader_count), and a reader that failed once reads nothing more. What a loop then
 * leaves half filled is never looked at. */
#include "binary/decode.h"

#include <stdlib.h>

#include "base/vec.h"
#include "binary/decode_type.h"
#include "binary/sections.h"
#include "binary/sniff.h"
#include "wasm/limits.h"
#include "wasm/reader.h"

/* What is known while the sections are read. */
typedef struct Decoder {
  Module *m; /* borrowed */
  SubTypeVec types;
  Vec(Import) imports;
  Vec(Export) exports;
  Vec(FuncDecl) funcs;
  Vec(TableDecl) tables;
  Vec(MemoryType) memories;
  Vec(GlobalDecl) globals;
  Vec(TagDecl) tags;
  Vec(ElemSegment) elems;
  Vec(DataSegment) datas;
  Vec(CustomSection) customs;
  u32 body_count;
  u32 data_count;  /* as the data count section says */
  u32 section_end; /* offset in the module */
  u32 place;       /* in wm_section_order: what may come next */
} Decoder;

/* A new zeroed item at the end of `vec`, or NULL with the reader failed. */
#define push_item(vec, r) (vec_reserve(vec, 1) ? vec_push(vec) : (wm_reader_out_of_memory(r), NULL))

/* A constant expression: instructions up to the `end` that closes it. Valid ones hold no blocks,
 * but where a malformed one ends is told by counting them. */
static ConstExpr read_const_expr(Reader *r) {
  ConstExpr expr = {.offset = (u32)reader_offset(r)};
  u32 depth = 1;
  Instr in;
  while (depth && wm_instr_read(r, &in)) {
    u8 immediate = wm_op_info[in.op].immediate;
    if (immediate == IMM_BLOCK || immediate == IMM_TRY_TABLE) depth++;
    if (in.op == OP_end) depth--;
  }
  expr.size_bytes = (u32)reader_offset(r) - expr.offset;
  return expr;
}

/* ---- imports, and the sections that declare (spec 5.5.4 to 5.5.11) ---- */

/* Each reads its section to the last item; what remains then is told by decode_section. An item's
 * position in its list is its index: definitions follow the imports of their kind. */

static bool decode_types(Reader *r, Decoder *d) {
  return wm_decode_types(r, &d->m->arena, &d->types);
}

/* The kind and type of an import (spec 5.5.5): the item that it adds goes to the list of its kind.
 * Lists are at most as long as there may be imports, so they need no limit of their own here. */
static void read_import_desc(Reader *r, Decoder *d, Import *import) {
  u64 offset = reader_offset(r);
  u8 kind = wm_reader_byte(r);
  if (!reader_ok(r)) return;
  import->kind = (ExternKind)kind;
  switch (kind) {
  case EXTERN_FUNC: {
    FuncDecl *f = push_item(&d->funcs, r);
    import->index = d->m->func_import_count++;
    if (f) f->type_index = wm_reader_u32(r);
    break;
  }
  case EXTERN_TABLE: {
    TableDecl *t = push_item(&d->tables, r);
    import->index = d->m->table_import_count++;
    if (t) t->type = wm_decode_tabletype(r);
    break;
  }
  case EXTERN_MEMORY: {
    MemoryType *mem = push_item(&d->memories, r);
    import->index = d->m->memory_import_count++;
    if (mem) *mem = wm_decode_memorytype(r);
    break;
  }
  case EXTERN_GLOBAL: {
    GlobalDecl *g = push_item(&d->globals, r);
    import->index = d->m->global_import_count++;
    if (g) g->type = wm_decode_globaltype(r);
    break;
  }
  case EXTERN_TAG: {
    TagDecl *t = push_item(&d->tags, r);
    import->index = d->m->tag_import_count++;
    if (t) *t = wm_decode_tag(r);
    break;
  }
  default: wm_reader_fail(r, offset, "malformed import kind %02x", kind);
  }
}

/* Kinds of proposals that are not built; behind an empty name: lists of items with one module. */
static bool check_import_form(Reader *r, const Import *import) {
  enum { EXACT_FUNC = 0x20, ITEMS_OF_ONE_TYPE = 0x7E, ITEMS = 0x7F };
  u8 kind = r->pos < r->end ? *r->pos : 0;
  bool is_list = !import->name.len && (kind == ITEMS || kind == ITEMS_OF_ONE_TYPE);
  if (!reader_ok(r) || (!is_list && kind != EXACT_FUNC)) return true;
  Feature f = is_list ? FEATURE_COMPACT_IMPORTS : FEATURE_CUSTOM_DESCRIPTORS;
  return wm_error_unsupported(r->err, reader_offset(r), wm_feature_name(f),
                              is_list ? "an import of several items" : "an exact function import");
}

static bool decode_imports(Reader *r, Decoder *d) {
  u32 count = wm_reader_count(r, MAX_IMPORTS, "imports");
  for (u32 i = 0; i < count && reader_ok(r); i++) {
    Import *import = push_item(&d->imports, r);
    if (!import) return false;
    import->offset = (u32)reader_offset(r);
    import->module = wm_reader_name(r);
    import->name = wm_reader_name(r);
    if (!check_import_form(r, import)) return false;
    read_import_desc(r, d, import);
  }
  return reader_ok(r);
}

_Static_assert(MAX_IMPORTS <= MAX_FUNCTIONS && MAX_IMPORTS <= MAX_GLOBALS &&
                   MAX_IMPORTS <= MAX_TAGS,
               "so that what imports leave of a limit is never negative");

/* Only types; where the bodies are comes from the code section. */
static bool decode_funcs(Reader *r, Decoder *d) {
  u32 count = wm_reader_count(r, MAX_FUNCTIONS - d->funcs.len, "functions");
  if (!vec_reserve(&d->funcs, count)) return wm_reader_out_of_memory(r);
  for (u32 i = 0; i < count && reader_ok(r); i++) {
    FuncDecl *f = push_item(&d->funcs, r);
    if (f) f->type_index = wm_reader_u32(r);
  }
  return reader_ok(r);
}

static bool decode_tables(Reader *r, Decoder *d) {
  if (d->tables.len > MAX_TABLES) return wm_reader_limit(r, reader_offset(r), "too many tables");
  u32 count = wm_reader_count(r, MAX_TABLES - d->tables.len, "tables");
  for (u32 i = 0; i < count && reader_ok(r); i++) {
    TableDecl *t = push_item(&d->tables, r);
    if (!t) return false;
    /* The form with an initial value begins with 40 00, which no reference type does. */
    t->has_init = r->pos < r->end && *r->pos == TYPE_EMPTY;
    if (t->has_init) {
      r->pos++;
      wm_reader_zero(r);
    }
    t->type = wm_decode_tabletype(r);
    if (t->has_init) t->init = read_const_expr(r);
  }
  return reader_ok(r);
}

static bool decode_memories(Reader *r, Decoder *d) {
  if (d->memories.len > MAX_MEMORIES)
    return wm_reader_limit(r, reader_offset(r), "too many memories");
  u32 count = wm_reader_count(r, MAX_MEMORIES - d->memories.len, "memories");
  for (u32 i = 0; i < count && reader_ok(r); i++) {
    MemoryType *mem = push_item(&d->memories, r);
    if (mem) *mem = wm_decode_memorytype(r);
  }
  return reader_ok(r);
}

/* The section that came last (3.0): its id is 13, its place between memories and globals. */
static bool decode_tags(Reader *r, Decoder *d) {
  reader_saw(r, FEATURE_EXCEPTIONS, reader_offset(r));
  u32 count = wm_reader_count(r, MAX_TAGS - d->tags.len, "tags");
  for (u32 i = 0; i < count && reader_ok(r); i++) {
    TagDecl *t = push_item(&d->tags, r);
    if (t) *t = wm_decode_tag(r);
  }
  return reader_ok(r);
}

static bool decode_globals(Reader *r, Decoder *d) {
  u32 count = wm_reader_count(r, MAX_GLOBALS - d->globals.len, "globals");
  for (u32 i = 0; i < count && reader_ok(r); i++) {
    GlobalDecl *g = push_item(&d->globals, r);
    if (!g) return false;
    g->type = wm_decode_globaltype(r);
    g->init = read_const_expr(r);
  }
  return reader_ok(r);
}

/* Whether the index exists and names differ is the validator's business. */
static bool decode_exports(Reader *r, Decoder *d) {
  u32 count = wm_reader_count(r, MAX_EXPORTS, "exports");
  for (u32 i = 0; i < count && reader_ok(r); i++) {
    Export *export = push_item(&d->exports, r);
    if (!export) return false;
    export->offset = (u32)reader_offset(r);
    export->name = wm_reader_name(r);
    u64 offset = reader_offset(r);
    u8 kind = wm_reader_byte(r);
    if (kind > EXTERN_TAG) return wm_reader_fail(r, offset, "malformed export kind %02x", kind);
    export->kind = (ExternKind)kind;
    export->index = wm_reader_u32(r);
  }
  return reader_ok(r);
}

/* ---- segments, bodies and the rest (spec 5.5.12 to 5.5.16) ---- */

static bool decode_start(Reader *r, Decoder *d) {
  d->m->start_offset = (u32)reader_offset(r);
  d->m->start_func = wm_reader_u32(r);
  return reader_ok(r);
}

/* Segments of function indices, by far the most, take 4 bytes an element; those of expressions keep
 * the place of each. */
static bool read_elem_funcs(Reader *r, Decoder *d, ElemSegment *e) {
  e->count = wm_reader_count(r, MAX_TABLE_ELEMENTS, "elements");
  u32 *funcs = arena_array(&d->m->arena, u32, max_u32(e->count, 1));
  if (!funcs) return wm_reader_out_of_memory(r);
  for (u32 i = 0; i < e->count && reader_ok(r); i++) funcs[i] = reader_u32(r);
  e->funcs = funcs;
  return reader_ok(r);
}

static bool read_elem_exprs(Reader *r, Decoder *d, ElemSegment *e) {
  e->count = wm_reader_count(r, MAX_TABLE_ELEMENTS, "elements");
  ConstExpr *exprs = arena_array(&d->m->arena, ConstExpr, max_u32(e->count, 1));
  if (!exprs) return wm_reader_out_of_memory(r);
  for (u32 i = 0; i < e->count && reader_ok(r); i++) exprs[i] = read_const_expr(r);
  e->exprs = exprs;
  return reader_ok(r);
}

/* One of eight forms (spec 5.5.12). */
static bool read_elem(Reader *r, Decoder *d, ElemSegment *e) {
  enum { NOT_ACTIVE = 1, EXPLICIT = 2 /* a table, or declarative */, EXPRS = 4 };
  u64 offset = reader_offset(r);
  u32 flags = wm_reader_u32(r);
  if (flags > 7) return wm_reader_fail(r, offset, "malformed elements segment kind %u", flags);
  if (flags) reader_saw(r, FEATURE_BULK_MEMORY, offset);
  if (flags & NOT_ACTIVE) {
    e->mode = flags & EXPLICIT ? SEGMENT_DECLARATIVE : SEGMENT_PASSIVE;
    e->offset.offset = (u32)offset;
  } else {
    e->mode = SEGMENT_ACTIVE;
    e->table = flags & EXPLICIT ? wm_reader_u32(r) : 0;
    e->offset = read_const_expr(r);
  }
  /* Plain indices can never be null, expressions without a type are of the old nullable funcref. */
  e->type = flags & EXPRS ? VAL_FUNCREF : REF_TYPE(HEAP_FUNC);
  if (flags & (NOT_ACTIVE | EXPLICIT)) {
    offset = reader_offset(r);
    if (flags & EXPRS)
      e->type = wm_reader_reftype(r);
    else if (wm_reader_byte(r) != 0)
      wm_reader_fail(r, offset, "malformed element kind");
  }
  return flags & EXPRS ? read_elem_exprs(r, d, e) : read_elem_funcs(r, d, e);
}

static bool decode_elems(Reader *r, Decoder *d) {
  u32 count = wm_reader_count(r, MAX_ELEM_SEGMENTS, "element segments");
  for (u32 i = 0; i < count && reader_ok(r); i++) {
    ElemSegment *e = push_item(&d->elems, r);
    if (!e || !read_elem(r, d, e)) return false;
  }
  return reader_ok(r);
}

/* Stands before the code, so that memory.init and data.drop can be checked in one pass. */
static bool decode_data_count(Reader *r, Decoder *d) {
  u64 offset = reader_offset(r);
  reader_saw(r, FEATURE_BULK_MEMORY, offset);
  d->data_count = wm_reader_u32(r);
  d->m->has_data_count = true;
  if (d->data_count > MAX_DATA_SEGMENTS) {
    return wm_reader_limit(r, offset, "too many data segments: %u, at most %u", d->data_count,
                           MAX_DATA_SEGMENTS);
  }
  return reader_ok(r);
}

/* Cuts out the bodies: where each begins (at its locals), how long it is. None is read. */
static bool decode_code(Reader *r, Decoder *d) {
  d->body_count = wm_reader_count(r, MAX_FUNCTIONS, "function bodies");
  for (u32 i = 0; i < d->body_count && reader_ok(r); i++) {
    u64 offset = reader_offset(r);
    u32 size_bytes = wm_reader_u32(r), start = (u32)reader_offset(r);
    if (!wm_reader_bytes(r, size_bytes)) return false;
    if (size_bytes > MAX_BODY_BYTES) {
      return wm_reader_limit(r, offset, "function body of %u bytes is too large, at most %u",
                             size_bytes, MAX_BODY_BYTES);
    }
    u64 func_index = (u64)d->m->func_import_count + i;
    if (func_index >= d->funcs.len) continue; /* told at the end, when the order is known good */
    d->funcs.data[func_index].code_offset = start;
    d->funcs.data[func_index].code_bytes = size_bytes;
  }
  return reader_ok(r);
}

/* One of three forms (spec 5.5.14): active in memory 0, passive, active in a named memory. */
static bool read_data(Reader *r, DataSegment *s) {
  u64 offset = reader_offset(r);
  u32 flags = wm_reader_u32(r);
  if (flags > 2) return wm_reader_fail(r, offset, "malformed data segment kind %u", flags);
  if (flags) reader_saw(r, FEATURE_BULK_MEMORY, offset);
  s->mode = flags == 1 ? SEGMENT_PASSIVE : SEGMENT_ACTIVE;
  s->memory = flags == 2 ? wm_reader_u32(r) : 0;
  if (s->mode == SEGMENT_ACTIVE) s->offset = read_const_expr(r);
  s->size_bytes = wm_reader_u32(r);
  s->data_offset = (u32)reader_offset(r);
  return wm_reader_bytes(r, s->size_bytes) != NULL;
}

static bool decode_datas(Reader *r, Decoder *d) {
  u32 count = wm_reader_count(r, MAX_DATA_SEGMENTS, "data segments");
  for (u32 i = 0; i < count && reader_ok(r); i++) {
    DataSegment *s = push_item(&d->datas, r);
    if (!s || !read_data(r, s)) return false;
  }
  return reader_ok(r);
}

/* Contents of custom sections are never malformed; only the name has to fit and be UTF-8. The first
 * section called "name" is the one that names.h reads. */
static bool decode_custom(Reader *r, Decoder *d) {
  u64 offset = reader_offset(r);
  CustomSection *custom = push_item(&d->customs, r);
  if (!custom) return false;
  if (d->customs.len > MAX_CUSTOM_SECTIONS) {
    return wm_reader_limit(r, offset, "too many custom sections: at most %u", MAX_CUSTOM_SECTIONS);
  }
  custom->name = wm_reader_name(r);
  custom->data_offset = (u32)reader_offset(r);
  /* The name ran over the section's end into what follows it. */
  if (custom->data_offset > d->section_end) {
    return wm_reader_fail(r, offset, UNEXPECTED_END);
  }
  custom->size_bytes = d->section_end - custom->data_offset;
  bool is_names = custom->name.len == 4 && !memcmp(custom->name.bytes, "name", 4);
  if (is_names && d->m->name_section == NO_INDEX) d->m->name_section = d->customs.len - 1;
  return wm_reader_bytes(r, custom->size_bytes) != NULL;
}

/* How a section's contents are read, by id. */
static bool (*const decoders[SECTION_ID_COUNT])(Reader *r, Decoder *d) = {
    [SECTION_CUSTOM] = decode_custom,  [SECTION_TYPE] = decode_types,
    [SECTION_IMPORT] = decode_imports, [SECTION_FUNCTION] = decode_funcs,
    [SECTION_TABLE] = decode_tables,   [SECTION_MEMORY] = decode_memories,
    [SECTION_TAG] = decode_tags,       [SECTION_GLOBAL] = decode_globals,
    [SECTION_EXPORT] = decode_exports, [SECTION_START] = decode_start,
    [SECTION_ELEM] = decode_elems,     [SECTION_DATA_COUNT] = decode_data_count,
    [SECTION_CODE] = decode_code,      [SECTION_DATA] = decode_datas,
};

/* Goes on in the order of sections to the one of this id; false: it comes too late. */
static bool find_place(Decoder *d, u8 id) {
  while (d->place < SECTION_ORDER_COUNT && wm_section_order[d->place] != id) d->place++;
  return d->place++ < SECTION_ORDER_COUNT;
}

/* As in the spec, a section's contents are read without regard to its size, which must fit in the
 * end. */
static bool decode_section(Reader *r, Decoder *d) {
  u64 offset = reader_offset(r);
  u8 id = wm_reader_byte(r);
  if (id >= SECTION_ID_COUNT) return wm_reader_fail(r, offset, "malformed section id %u", id);
  u64 size_offset = reader_offset(r);
  u32 size_bytes = wm_reader_u32(r);
  if (!reader_ok(r)) return false;
  if (size_bytes > (u64)(r->end - r->pos)) {
    return wm_reader_fail(r, size_offset, "length out of bounds");
  }
  if (id != SECTION_CUSTOM && !find_place(d, id))
    return wm_reader_fail(r, offset, "unexpected content after last section");
  d->section_end = (u32)reader_offset(r) + size_bytes;
  if (!decoders[id](r, d)) return false;
  if (reader_offset(r) != d->section_end) {
    return wm_reader_fail(r, size_offset, "section size mismatch");
  }
  return true;
}

/* All sections, then what two of them must agree on. */
static bool decode_sections(Reader *r, Decoder *d) {
  while (r->pos < r->end) {
    if (!decode_section(r, d)) return false;
  }
  if (d->body_count != d->funcs.len - d->m->func_import_count) {
    return wm_reader_fail(r, reader_offset(r),
                          "function and code section have inconsistent lengths");
  }
  if (d->m->has_data_count && d->data_count != d->datas.len) {
    return wm_reader_fail(r, reader_offset(r),
                          "data count and data section have inconsistent lengths");
  }
  return true;
}

/* m->count and m->list from d->list, which keeps its own memory. */
#define MOVE_LIST(list, count)                                                                     \
  (m->count = d->list.len, (m->list = vec_to_arena(&d->list, &m->arena)) != NULL)

/* The functions are by far the most: their list is the module's as it is. */
static void move_funcs(Decoder *d) {
  d->m->func_count = d->funcs.len;
  d->m->funcs = d->funcs.data;
  d->funcs.data = NULL;
}

/* The finished lists go into the module's arena. */
static bool move_lists(Decoder *d) {
  Module *m = d->m;
  move_funcs(d);
  return MOVE_LIST(types, type_count) && MOVE_LIST(imports, import_count) &&
         MOVE_LIST(exports, export_count) && MOVE_LIST(tables, table_count) &&
         MOVE_LIST(memories, memory_count) && MOVE_LIST(globals, global_count) &&
         MOVE_LIST(tags, tag_count) && MOVE_LIST(elems, elem_count) &&
         MOVE_LIST(datas, data_count) && MOVE_LIST(customs, custom_count);
}

/* Also after success: the arena has copies. */
static void free_lists(Decoder *d) {
  vec_free(&d->types);
  vec_free(&d->imports);
  vec_free(&d->exports);
  vec_free(&d->funcs);
  vec_free(&d->tables);
  vec_free(&d->memories);
  vec_free(&d->globals);
  vec_free(&d->tags);
  vec_free(&d->elems);
  vec_free(&d->datas);
  vec_free(&d->customs);
}

enum { HEADER_BYTES = 8 };

/* Whether it begins like a module of a size that is taken. */
static bool check_start(const u8 *bytes, size_t size, Error *err) {
  if (size < HEADER_BYTES || load_u32(bytes) != WASM_MAGIC || load_u32(bytes + 4) != WASM_VERSION) {
    wm_sniff(bytes, size, err);
    return false;
  }
  return size <= MAX_MODULE_BYTES ||
         wm_error_set(err, ERR_LIMIT, 0, "module of %zu bytes is too large, at most %u", size,
                      (u32)MAX_MODULE_BYTES);
}

static u8 *copy_bytes(const u8 *bytes, size_t size) {
  u8 *copy = malloc(size);
  if (copy) memcpy(copy, bytes, size);
  return copy;
}

bool wm_module_decode(Module *m, const u8 *bytes, size_t size, Error *err) {
  *m = (Module){.start_func = NO_INDEX, .name_section = NO_INDEX};
  if (!check_start(bytes, size, err)) return false;
  u8 *copy = copy_bytes(bytes, size);
  return copy ? wm_module_decode_owned(m, copy, size, err) : wm_error_out_of_memory(err);
}

static bool decode_in_place(Module *m, const u8 *bytes, size_t size, Error *err) {
  if (!check_start(bytes, size, err)) return false;
  m->size_bytes = (u32)size;
  Decoder d = {.m = m};
  Reader r = wm_reader_at(m, HEADER_BYTES, m->size_bytes - HEADER_BYTES, err);
  /* Features are noted where they are first used, for the refusal by name (valid/). */
  r.first_use = m->first_use;
  bool done = decode_sections(&r, &d);
  if (done && !move_lists(&d)) done = wm_error_out_of_memory(err);
  free_lists(&d);
  return done;
}

/* m owns the bytes from the first line on: also when they are refused. */
bool wm_module_decode_owned(Module *m, u8 *bytes, size_t size, Error *err) {
  *m = (Module){.start_func = NO_INDEX, .name_section = NO_INDEX, .bytes = bytes};
  return decode_in_place(m, bytes, size, err);
}

bool wm_module_decode_borrowed(Module *m, const u8 *bytes, size_t size, Error *err) {
  *m = (Module){.start_func = NO_INDEX, .name_section = NO_INDEX, .is_borrowed = true};
  m->bytes = (u8 *)(uintptr_t)bytes;
  return decode_in_place(m, bytes, size, err);
}
