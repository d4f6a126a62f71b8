/* Types (spec 6.4) and the uses of function types (spec 6.6.4).
 *
 *   (func (type $t))                   $t
 *   (func (type $t) (param i32))       $t, which must be just that
 *   (func (param i32))                 the first type that is just that; else a new one behind all
 * others
 *
 * Signatures are compared as the bytes that the binary has: w->func_types finds a type by them. */
#include "text/wat_parser.h"
#include "wasm/limits.h"

/* ---- value types ---- */

/* A list ends with a row without text. */
typedef struct TypeWord {
  const char *text;
  u32 type; /* ValType or HeapType */
} TypeWord;

static const TypeWord plain_types[] = {{"i32", VAL_I32}, {"i64", VAL_I64},   {"f32", VAL_F32},
                                       {"f64", VAL_F64}, {"v128", VAL_V128}, {NULL, 0}};

static const TypeWord packed_types[] = {{"i8", VAL_I8}, {"i16", VAL_I16}, {NULL, 0}};

static const TypeWord heap_types[] = {
    {"func", HEAP_FUNC},
    {"extern", HEAP_EXTERN},
    {"any", HEAP_ANY},
    {"eq", HEAP_EQ},
    {"i31", HEAP_I31},
    {"struct", HEAP_STRUCT},
    {"array", HEAP_ARRAY},
    {"none", HEAP_NONE},
    {"nofunc", HEAP_NOFUNC},
    {"exn", HEAP_EXN},
    {"noexn", HEAP_NOEXN},
    {"noextern", HEAP_NOEXTERN},
    {NULL, 0},
};

static const TypeWord ref_types[] = {
    {"funcref", HEAP_FUNC},
    {"externref", HEAP_EXTERN},
    {"anyref", HEAP_ANY},
    {"eqref", HEAP_EQ},
    {"i31ref", HEAP_I31},
    {"structref", HEAP_STRUCT},
    {"arrayref", HEAP_ARRAY},
    {"nullref", HEAP_NONE},
    {"nullfuncref", HEAP_NOFUNC},
    {"exnref", HEAP_EXN},
    {"nullexnref", HEAP_NOEXN},
    {"nullexternref", HEAP_NOEXTERN},
    {NULL, 0},
};

/* The row whose word stands here, or NULL. */
static const TypeWord *find_word(const Lexer *lx, const TypeWord *rows) {
  for (; rows->text; rows++)
    if (wm_lexer_at(lx, rows->text)) return rows;
  return NULL;
}

bool wm_heaptype_word(Lexer *lx, HeapType *heap) {
  const TypeWord *row = find_word(lx, heap_types);
  if (!row) return false;
  *heap = row->type;
  wm_lexer_next(lx);
  return true;
}

HeapType wm_wat_heaptype(Wat *w) {
  HeapType heap;
  if (wm_heaptype_word(&w->lx, &heap)) return heap;
  if (!wat_at_index(w)) {
    wm_lexer_unexpected(&w->lx);
    return HEAP_NONE;
  }
  /* an index beyond what fits is beyond what any module may have, too */
  return min_u32(wm_wat_index(w, SPACE_TYPE), HEAP_ABSTRACT - 1);
}

bool wm_wat_at_reftype(Wat *w) {
  return find_word(&w->lx, ref_types) != NULL || wm_lexer_at_list(&w->lx, "ref");
}

ValType wm_wat_reftype(Wat *w) {
  const TypeWord *row = find_word(&w->lx, ref_types);
  if (row) {
    wm_lexer_next(&w->lx);
    return REF_NULL_TYPE(row->type);
  }
  if (!wm_lexer_take_list(&w->lx, "ref")) {
    wm_lexer_unexpected(&w->lx);
    return VAL_FUNCREF;
  }
  bool nullable = wm_lexer_take(&w->lx, "null");
  HeapType heap = wm_wat_heaptype(w);
  wm_lexer_close(&w->lx);
  return nullable ? REF_NULL_TYPE(heap) : REF_TYPE(heap);
}

ValType wm_wat_valtype(Wat *w) {
  const TypeWord *row = find_word(&w->lx, plain_types);
  if (!row) return wm_wat_reftype(w);
  wm_lexer_next(&w->lx);
  return row->type;
}

static ValType storage_type(Wat *w) {
  const TypeWord *row = find_word(&w->lx, packed_types);
  if (!row) return wm_wat_valtype(w);
  wm_lexer_next(&w->lx);
  return row->type;
}

static FieldType field_type(Wat *w) {
  bool is_mutable = wm_lexer_take_list(&w->lx, "mut");
  FieldType f = {.type = storage_type(w), .is_mutable = is_mutable};
  if (is_mutable) wm_lexer_close(&w->lx);
  return f;
}

GlobalType wm_wat_globaltype(Wat *w) {
  bool is_mutable = wm_lexer_take_list(&w->lx, "mut");
  GlobalType g = {wm_wat_valtype(w), is_mutable};
  if (is_mutable) wm_lexer_close(&w->lx);
  return g;
}

/* The address type of a memory or table may be said; i32 is what it is else. */
bool wm_wat_take_address64(Wat *w) {
  bool is_64 = wm_lexer_take(&w->lx, "i64");
  if (!is_64) wm_lexer_take(&w->lx, "i32");
  return is_64;
}

Limits wm_wat_limits(Wat *w, bool is_64) {
  Limits l = {.is_64 = is_64, .min = wm_wat_u64(w)};
  l.has_max = wat_token(w) == TOKEN_NUMBER;
  if (l.has_max) l.max = wm_wat_u64(w);
  l.is_shared = wm_lexer_take(&w->lx, "shared");
  return l;
}

static u8 page_log2(Wat *w) {
  const char *at = w->lx.token.text;
  u64 bytes = wm_wat_u64(w);
  bool is_power = bytes && !(bytes & (bytes - 1));
  if (wat_ok(w) && !is_power) wm_lexer_fail(&w->lx, at, "invalid custom page size");
  return is_power ? (u8)__builtin_ctzll(bytes) : 0;
}

void wm_wat_page_size(Wat *w, Limits *memory) {
  memory->page_log2 = PAGE_LOG2;
  memory->has_page_size = wm_lexer_take_list(&w->lx, "pagesize");
  if (!memory->has_page_size) return;
  memory->page_log2 = page_log2(w);
  wm_lexer_close(&w->lx);
}

/* ---- function types ---- */

static void push_type(Wat *w, ValType type, bool is_result) {
  ValType *slot = is_result ? lexer_push(&w->lx, &w->results) : lexer_push(&w->lx, &w->params);
  if (slot) *slot = type;
}

/* The inside of a (param ...). */
static void param_list(Wat *w, ParamNames names) {
  bool has_id = wat_token(w) == TOKEN_ID && names != PARAMS_UNNAMED;
  /* Without an identifier an annotation may name it. */
  if (names == PARAMS_LOCALS && wat_token(w) != TOKEN_CLOSE) {
    wm_wat_bind_local(w, w->params.len);
  } else if (names == PARAMS_NAMED && wat_token(w) != TOKEN_CLOSE) {
    wm_wat_name_local(w, w->params.len);
  } else if (has_id) {
    wm_lexer_next(&w->lx);
  }
  if (has_id) push_type(w, wm_wat_valtype(w), false);
  while (!has_id && wat_ok(w) && wat_token(w) != TOKEN_CLOSE)
    push_type(w, wm_wat_valtype(w), false);
  wm_lexer_close(&w->lx);
}

/* (param ...)* (result ...)* into w->params and w->results. */
static void signature(Wat *w, ParamNames names) {
  w->params.len = w->results.len = 0;
  while (wm_wat_take_named_list(w, "param")) param_list(w, names);
  while (wm_lexer_take_list(&w->lx, "result")) {
    while (wat_ok(w) && wat_token(w) != TOKEN_CLOSE) push_type(w, wm_wat_valtype(w), true);
    wm_lexer_close(&w->lx);
  }
  /* The grammar has parameters first. */
  if (wm_lexer_at_list(&w->lx, "param")) { /* out of order */
    wm_lexer_next(&w->lx);
    wm_lexer_unexpected(&w->lx);
  }
}

/* The signature as the binary has it, in w->scratch. */
static void encode_signature(Wat *w) {
  w->scratch.len = 0;
  wm_buffer_uleb(&w->scratch, w->params.len);
  for (u32 i = 0; i < w->params.len; i++) wm_encode_valtype(&w->scratch, w->params.data[i]);
  wm_buffer_uleb(&w->scratch, w->results.len);
  for (u32 i = 0; i < w->results.len; i++) wm_encode_valtype(&w->scratch, w->results.data[i]);
}

/* Keeps the signature in w->scratch as that of the newest type. */
static void keep_signature(Wat *w, TypeInfo *type) {
  u8 *copy = wm_arena_alloc(&w->arena, w->scratch.len);
  if (!copy || w->scratch.failed) {
    wm_lexer_out_of_memory(&w->lx);
    return;
  }
  memcpy(copy, w->scratch.data, w->scratch.len);
  *type = (TypeInfo){copy, (u32)w->scratch.len, w->params.len};
}

static TypeInfo *add_type(Wat *w) {
  TypeInfo *type = lexer_push(&w->lx, &w->types);
  if (type) *type = (TypeInfo){0};
  return type;
}

/* Makes `index` what its signature stands for, unless an earlier type is. */
static void offer_func_type(Wat *w, u32 index) {
  const TypeInfo *type = &w->types.data[index];
  if (type->func && !wm_namemap_add(&w->func_types, type->func, type->func_size, index, NULL))
    wm_lexer_out_of_memory(&w->lx);
}

/* The type that is just the signature in w->scratch, made when there is none. */
static u32 implicit_type(Wat *w) {
  u32 index;
  if (wm_namemap_get(&w->func_types, w->scratch.data, (u32)w->scratch.len, &index)) return index;
  index = w->types.len;
  TypeInfo *type = add_type(w);
  if (!type) return 0;
  keep_signature(w, type);
  offer_func_type(w, index);
  Buffer *out = &w->sections[SECTION_TYPE];
  wm_buffer_byte(out, COMP_FUNC);
  wm_buffer_bytes(out, w->scratch.data, w->scratch.len);
  w->section_count[SECTION_TYPE]++;
  return index;
}

/* "inline" as the suite calls what is written out. */
static void check_inline_type(Wat *w, u32 index, const char *at) {
  const TypeInfo *type = index < w->types.len ? &w->types.data[index] : NULL;
  if (!type) {
    wm_lexer_fail(&w->lx, at, "unknown type %u", index);
  } else if (!type->func || type->func_size != w->scratch.len ||
             memcmp(type->func, w->scratch.data, w->scratch.len) != 0) {
    wm_lexer_fail(&w->lx, at, "inline function type does not match type %u", index);
  }
}

u32 wm_wat_typeuse(Wat *w, ParamNames names) {
  const char *at = w->lx.token.text;
  bool is_explicit = wm_lexer_take_list(&w->lx, "type");
  u32 index = 0;
  if (is_explicit) {
    index = wm_wat_index(w, SPACE_TYPE);
    wm_lexer_close(&w->lx);
  }
  signature(w, names);
  /* Nothing written out: nothing to compare. */
  if (is_explicit && !w->params.len && !w->results.len) return index;
  if (!wat_ok(w)) return 0;
  encode_signature(w);
  if (w->scratch.failed) {
    wm_lexer_out_of_memory(&w->lx);
    return 0;
  }
  if (!is_explicit) return implicit_type(w);
  check_inline_type(w, index, at);
  return index;
}

/* The shortest form that there is: none, one value type, an index (spec 6.5.2). */
BlockType wm_wat_blocktype(Wat *w) {
  BlockType block = {.kind = BLOCK_TYPE};
  if (wm_lexer_at_list(&w->lx, "type") || wm_lexer_at_list(&w->lx, "param")) {
    block.type_index = wm_wat_typeuse(w, PARAMS_UNNAMED);
    return block;
  }
  signature(w, PARAMS_UNNAMED);
  if (w->results.len == 0) return (BlockType){.kind = BLOCK_EMPTY};
  if (w->results.len == 1) return (BlockType){.kind = BLOCK_VALUE, .value = w->results.data[0]};
  encode_signature(w);
  if (wat_ok(w)) block.type_index = implicit_type(w);
  return block;
}

u32 wm_wat_param_count(const Wat *w, u32 type) {
  return type < w->types.len ? w->types.data[type].param_count : 0;
}

/* ---- type definitions ---- */

static void func_definition(Wat *w, TypeInfo *type, Buffer *out) {
  signature(w, PARAMS_IGNORED);
  encode_signature(w);
  keep_signature(w, type);
  wm_buffer_byte(out, COMP_FUNC);
  wm_buffer_bytes(out, w->scratch.data, w->scratch.len);
}

/* One (field ...), which holds one field with a name or any number without. */
static u32 struct_field(Wat *w, u32 type, u32 field, Buffer *out) {
  bool has_id = wat_token(w) == TOKEN_ID;
  if (wat_token(w) != TOKEN_CLOSE) wm_wat_bind_field(w, type, field);
  if (has_id) {
    wm_encode_fieldtype(out, field_type(w));
    field++;
  }
  for (; !has_id && wat_ok(w) && wat_token(w) != TOKEN_CLOSE; field++)
    wm_encode_fieldtype(out, field_type(w));
  wm_lexer_close(&w->lx);
  return field;
}

static void struct_definition(Wat *w, u32 type, Buffer *out) {
  u32 count = 0;
  w->scratch.len = 0;
  wm_wat_keep_notes(w, true);
  while (wm_wat_take_named_list(w, "field")) count = struct_field(w, type, count, &w->scratch);
  wm_wat_keep_notes(w, false);
  wm_buffer_byte(out, COMP_STRUCT);
  wm_buffer_uleb(out, count);
  wm_buffer_bytes(out, w->scratch.data, w->scratch.len);
  wm_wat_close_names(&w->field_names, &w->field_owners, type, &w->owner_fields,
                     &w->owner_field_count);
}

static void composite(Wat *w, u32 index, Buffer *out) {
  if (wm_lexer_take_list(&w->lx, "func")) {
    func_definition(w, &w->types.data[index], out);
  } else if (wm_lexer_take_list(&w->lx, "struct")) {
    struct_definition(w, index, out);
  } else if (wm_lexer_take_list(&w->lx, "array")) {
    wm_buffer_byte(out, COMP_ARRAY);
    wm_encode_fieldtype(out, field_type(w));
  } else {
    wm_lexer_unexpected(&w->lx);
  }
  wm_lexer_close(&w->lx);
}

/* (sub final? super* composite), behind "sub". True when it says no more than the bare composite.
 */
static bool sub_definition(Wat *w, u32 index, Buffer *out) {
  bool is_final = wm_lexer_take(&w->lx, "final");
  /* More than one supertype is grammatical; valid/ refuses it. */
  w->indices.len = 0;
  while (wat_at_index(w)) {
    u32 super = wm_wat_index(w, SPACE_TYPE), *slot = lexer_push(&w->lx, &w->indices);
    if (slot) *slot = super;
  }
  bool is_bare = is_final && w->indices.len == 0;
  if (!is_bare) {
    wm_buffer_byte(out, is_final ? TYPE_SUB_FINAL : TYPE_SUB);
    wm_buffer_uleb(out, w->indices.len);
    for (u32 i = 0; i < w->indices.len; i++) wm_buffer_uleb(out, w->indices.data[i]);
  }
  composite(w, index, out);
  wm_lexer_close(&w->lx);
  return is_bare;
}

/* One definition, behind the keyword "type". True when it is a bare composite type. */
static bool type_definition(Wat *w) {
  u32 index = w->types.len;
  Buffer *out = &w->sections[SECTION_TYPE];
  if (wat_token(w) == TOKEN_ID) wm_lexer_next(&w->lx); /* bound by the scan */
  bool is_bare = true;
  if (!add_type(w)) return false;
  if (wm_lexer_take_list(&w->lx, "sub")) {
    is_bare = sub_definition(w, index, out);
  } else {
    composite(w, index, out);
  }
  wm_lexer_close(&w->lx);
  return is_bare;
}

void wm_wat_type_field(Wat *w) {
  if (type_definition(w)) offer_func_type(w, w->types.len - 1);
  w->section_count[SECTION_TYPE]++;
}

void wm_wat_rec_field(Wat *w) {
  Buffer *out = &w->sections[SECTION_TYPE];
  size_t start = out->len;
  u32 first = w->types.len;
  bool is_bare = false;
  while (wat_ok(w) && wm_lexer_take_list(&w->lx, "type")) is_bare = type_definition(w);
  wm_lexer_close(&w->lx);
  u32 count = w->types.len - first;
  /* A group of one is no group. */
  if (count == 1) {
    if (is_bare) offer_func_type(w, first);
  } else if (!out->failed) {
    w->scratch.len = 0;
    if (count) wm_buffer_bytes(&w->scratch, out->data + start, out->len - start);
    out->len = start;
    wm_buffer_byte(out, TYPE_REC);
    wm_buffer_uleb(out, count);
    wm_buffer_bytes(out, w->scratch.data, w->scratch.len);
  }
  w->section_count[SECTION_TYPE]++;
}
