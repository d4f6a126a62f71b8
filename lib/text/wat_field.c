/* The fields of a module but for types (spec 6.6), written to their sections in order. */
#include "text/wat_parser.h"
#include "wasm/limits.h"

static Buffer *entry(Wat *w, SectionId section) {
  w->section_count[section]++;
  return &w->sections[section];
}

/* The identifier was bound by the scan. */
static void skip_id(Wat *w) {
  if (wat_token(w) == TOKEN_ID) wm_lexer_next(&w->lx);
}

/* ---- imports and exports ---- */

static void close_local_names(Wat *w, u32 func) {
  wm_wat_close_names(&w->local_names, &w->local_owners, func, &w->owner_locals,
                     &w->owner_local_count);
}

/* The type of an import of this space, behind its identifier; its parameters' names. */
static void import_type(Wat *w, Space space, u32 index, Buffer *out) {
  wm_buffer_byte(out, (u8)space);
  switch (space) {
  case SPACE_FUNC:
    wm_buffer_uleb(out, wm_wat_typeuse(w, PARAMS_NAMED));
    close_local_names(w, index);
    break;
  case SPACE_TAG: wm_encode_tagtype(out, wm_wat_typeuse(w, PARAMS_IGNORED)); break;
  case SPACE_GLOBAL: wm_encode_globaltype(out, wm_wat_globaltype(w)); break;
  default: {
    Limits limits = wm_wat_limits(w, wm_wat_take_address64(w));
    if (space == SPACE_TABLE)
      wm_encode_valtype(out, wm_wat_reftype(w));
    else
      wm_wat_page_size(w, &limits);
    wm_encode_limits(out, &limits);
    break;
  }
  }
}

/* The keyword of an external kind. */
static Space take_extern_kind(Wat *w) {
  static const char *const words[] = {"func", "table", "memory", "global", "tag"};
  for (u32 i = 0; i < ARRAY_LEN(words); i++)
    if (wm_lexer_take(&w->lx, words[i])) return (Space)i;
  wm_lexer_unexpected(&w->lx);
  return SPACE_FUNC;
}

static void import_field(Wat *w) {
  Buffer *out = entry(w, SECTION_IMPORT);
  wm_wat_name(w, out);
  wm_wat_name(w, out);
  if (wat_token(w) != TOKEN_OPEN) wm_lexer_unexpected(&w->lx);
  wm_lexer_next(&w->lx);
  Space space = take_extern_kind(w);
  skip_id(w);
  import_type(w, space, w->next[space]++, out);
  wm_lexer_close(&w->lx);
}

static void export_field(Wat *w) {
  Buffer *out = entry(w, SECTION_EXPORT);
  wm_wat_name(w, out);
  if (wat_token(w) != TOKEN_OPEN) wm_lexer_unexpected(&w->lx);
  wm_lexer_next(&w->lx);
  Space space = take_extern_kind(w);
  wm_buffer_byte(out, (u8)space);
  wm_buffer_uleb(out, wm_wat_index(w, space));
  wm_lexer_close(&w->lx);
}

/* $id? (export "name")* of the next entry of the space; its index. */
static u32 definition_head(Wat *w, Space space) {
  skip_id(w);
  u32 index = w->next[space]++;
  while (wm_lexer_take_list(&w->lx, "export")) {
    Buffer *out = entry(w, SECTION_EXPORT);
    wm_wat_name(w, out);
    wm_buffer_byte(out, (u8)space);
    wm_buffer_uleb(out, index);
    wm_lexer_close(&w->lx);
  }
  return index;
}

/* (import "module" "name") and the type. False when there is none. */
static bool inline_import(Wat *w, Space space, u32 index) {
  if (!wm_lexer_take_list(&w->lx, "import")) return false;
  Buffer *out = entry(w, SECTION_IMPORT);
  wm_wat_name(w, out);
  wm_wat_name(w, out);
  wm_lexer_close(&w->lx);
  import_type(w, space, index, out);
  return true;
}

/* ---- functions ---- */

static void add_local(Wat *w, ValType type) {
  w->local_count++;
  if (w->locals.len && vec_last(&w->locals)->type == type) {
    vec_last(&w->locals)->count++;
    return;
  }
  LocalGroup *group = lexer_push(&w->lx, &w->locals);
  if (group) *group = (LocalGroup){1, type};
}

/* (local ...)* and their number and groups */
static void local_lists(Wat *w, Buffer *out) {
  w->locals.len = 0;
  while (wm_wat_take_named_list(w, "local")) {
    bool has_id = wat_token(w) == TOKEN_ID;
    if (wat_token(w) != TOKEN_CLOSE) wm_wat_bind_local(w, w->local_count);
    if (has_id) add_local(w, wm_wat_valtype(w));
    while (!has_id && wat_ok(w) && wat_token(w) != TOKEN_CLOSE) add_local(w, wm_wat_valtype(w));
    wm_lexer_close(&w->lx);
  }
  wm_buffer_uleb(out, w->locals.len);
  for (u32 i = 0; i < w->locals.len; i++) {
    wm_buffer_uleb(out, w->locals.data[i].count);
    wm_encode_valtype(out, w->locals.data[i].type);
  }
}

static void func_field(Wat *w) {
  u32 index = definition_head(w, SPACE_FUNC);
  if (inline_import(w, SPACE_FUNC, index)) return;
  w->function = index + 1;
  w->label_index = 0;
  u32 type = wm_wat_typeuse(w, PARAMS_LOCALS);
  wm_buffer_uleb(entry(w, SECTION_FUNCTION), type);
  w->local_count = wm_wat_param_count(w, type);
  w->body.len = 0;
  local_lists(w, &w->body);
  wm_wat_expr(w, &w->body);
  Buffer *out = entry(w, SECTION_CODE);
  wm_buffer_uleb(out, w->body.len);
  wm_buffer_bytes(out, w->body.data, w->body.len);
  close_local_names(w, index);
  wm_wat_close_names(&w->label_names, &w->label_owners, index, &w->owner_labels,
                     &w->owner_label_count);
  wm_wat_close_names(&w->all_hints, &w->hint_owners, index, &w->hints, &w->hint_count);
  w->function = 0;
}

/* ---- segments ---- */

/* (i32.const 0) or (i64.const 0) as an expression */
static void zero_expr(Buffer *out, bool is_64) {
  wm_encode_op(out, is_64 ? OP_i64_const : OP_i32_const);
  wm_buffer_byte(out, 0);
  wm_encode_op(out, OP_end);
}

/* (offset instr*) or one folded instruction */
static void offset_expr(Wat *w, Buffer *out) {
  if (wm_lexer_take_list(&w->lx, "offset")) {
    wm_wat_expr(w, out);
    wm_lexer_close(&w->lx);
  } else {
    wm_wat_folded_expr(w, out);
  }
}

/* What an active segment fills: (table x), or a bare x as WebAssembly 1.0 wrote it. False: not
 * given. */
static bool target(Wat *w, const char *keyword, Space space, u32 *index) {
  bool is_bare = wat_at_index(w);
  if (!is_bare && !wm_lexer_take_list(&w->lx, keyword)) return false;
  *index = wm_wat_index(w, space);
  if (!is_bare) wm_lexer_close(&w->lx);
  return true;
}

/* Function indices up to ")" into w->body, as expressions where the segment's form wants those.
 * Returns their number. */
static u32 func_indices(Wat *w, bool as_exprs) {
  u32 count = 0;
  w->body.len = 0;
  for (; wat_at_index(w); count++) {
    if (as_exprs) wm_encode_op(&w->body, OP_ref_func);
    wm_buffer_uleb(&w->body, wm_wat_index(w, SPACE_FUNC));
    if (as_exprs) wm_encode_op(&w->body, OP_end);
  }
  return count;
}

/* (item instr*) or a folded instruction, up to ")", into w->body. Returns their number. */
static u32 elem_exprs(Wat *w) {
  u32 count = 0;
  w->body.len = 0;
  for (; wat_ok(w) && wat_token(w) == TOKEN_OPEN; count++) {
    if (wm_lexer_take_list(&w->lx, "item")) {
      wm_wat_expr(w, &w->body);
      wm_lexer_close(&w->lx);
    } else {
      wm_wat_folded_expr(w, &w->body);
    }
  }
  return count;
}

/* What the flags of an element segment say in the binary (spec 5.5.12). */
enum {
  ELEM_PASSIVE = 1,  /* not active: passive, or with the next bit declarative */
  ELEM_EXPLICIT = 2, /* active: the table's index is there; else declarative */
  ELEM_EXPRESSIONS = 4
};

/* A segment: flags, table and offset (in w->offset) of an active one, type, and the elements that
 * are in w->body. */
static void write_elements(Wat *w, u32 flags, u32 table, ValType type, u32 count) {
  Buffer *out = entry(w, SECTION_ELEM);
  bool is_active = !(flags & ELEM_PASSIVE);
  if (is_active && (table || type != VAL_FUNCREF)) flags |= ELEM_EXPLICIT;
  wm_buffer_uleb(out, flags);
  if (is_active && (flags & ELEM_EXPLICIT)) wm_buffer_uleb(out, table);
  if (is_active) wm_buffer_bytes(out, w->offset.data, w->offset.len);
  if (flags & (ELEM_PASSIVE | ELEM_EXPLICIT)) {
    if (flags & ELEM_EXPRESSIONS) {
      wm_encode_valtype(out, type);
    } else {
      wm_buffer_byte(out, 0); /* kind: functions */
    }
  }
  wm_buffer_uleb(out, count);
  wm_buffer_bytes(out, w->body.data, w->body.len);
}

/* The elements behind the mode: a reference type and expressions, or function indices. */
static void elem_list(Wat *w, u32 flags, u32 table) {
  bool is_active = !(flags & ELEM_PASSIVE);
  if (wm_wat_at_reftype(w)) {
    ValType type = wm_wat_reftype(w);
    write_elements(w, flags | ELEM_EXPRESSIONS, table, type, elem_exprs(w));
    return;
  }
  if (!wm_lexer_take(&w->lx, "func") && !is_active) wm_lexer_unexpected(&w->lx);
  write_elements(w, flags, table, VAL_FUNCREF, func_indices(w, false));
}

static void elem_field(Wat *w) {
  skip_id(w);
  w->next[SPACE_ELEM]++;
  if (wm_lexer_take(&w->lx, "declare")) {
    elem_list(w, ELEM_PASSIVE | ELEM_EXPLICIT, 0);
    return;
  }
  u32 table = 0;
  bool has_table = target(w, "table", SPACE_TABLE, &table);
  if (!has_table && (wat_token(w) != TOKEN_OPEN || wm_wat_at_reftype(w))) {
    elem_list(w, ELEM_PASSIVE, 0);
    return;
  }
  w->offset.len = 0;
  offset_expr(w, &w->offset);
  elem_list(w, 0, table);
}

static void refuse_numbers(Wat *w) {
  static const char *const types[] = {"i8", "i16", "i32", "i64", "f32", "f64", "v128"};
  for (u32 i = 0; i < ARRAY_LEN(types); i++)
    if (wm_lexer_at_list(&w->lx, types[i]))
      wm_lexer_unsupported(&w->lx, w->lx.token.text, FEATURE_NUMERIC_DATA, "numbers as data");
}

/* Strings up to ")" into w->scratch. */
static void data_strings(Wat *w) {
  w->scratch.len = 0;
  while (wat_token(w) == TOKEN_STRING) wm_lexer_take_string(&w->lx, &w->scratch);
  refuse_numbers(w);
}

static void data_field(Wat *w) {
  skip_id(w);
  w->next[SPACE_DATA]++;
  Buffer *out = entry(w, SECTION_DATA);
  u32 memory = 0;
  bool has_memory = target(w, "memory", SPACE_MEMORY, &memory);
  refuse_numbers(w);
  bool is_active = has_memory || wat_token(w) == TOKEN_OPEN;
  wm_buffer_byte(out, !is_active ? 1 : memory ? 2 : 0);
  if (memory) wm_buffer_uleb(out, memory);
  if (is_active) offset_expr(w, out);
  data_strings(w);
  wm_encode_name(out, w->scratch.data, (u32)w->scratch.len);
}

/* ---- tables, memories, globals, tags ---- */

/* reftype (elem ...): as many elements as the list has, and a segment that fills them. */
static void table_with_elements(Wat *w, u32 index, bool is_64) {
  ValType type = wm_wat_reftype(w);
  if (!wm_lexer_take_list(&w->lx, "elem")) wm_lexer_unexpected(&w->lx);
  bool has_exprs = wat_token(w) == TOKEN_OPEN;
  bool as_exprs = has_exprs || (type != VAL_FUNCREF && type != REF_TYPE(HEAP_FUNC));
  u32 count = has_exprs ? elem_exprs(w) : func_indices(w, as_exprs);
  wm_lexer_close(&w->lx);
  w->offset.len = 0;
  zero_expr(&w->offset, is_64);
  write_elements(w, as_exprs ? ELEM_EXPRESSIONS : 0, index, as_exprs ? type : VAL_FUNCREF, count);
  w->next[SPACE_ELEM]++;
  TableType t = {type, {.min = count, .max = count, .has_max = true, .is_64 = is_64}};
  wm_encode_tabletype(entry(w, SECTION_TABLE), &t);
}

static void table_field(Wat *w) {
  u32 index = definition_head(w, SPACE_TABLE);
  if (inline_import(w, SPACE_TABLE, index)) return;
  bool is_64 = wm_wat_take_address64(w);
  if (wat_token(w) != TOKEN_NUMBER) {
    table_with_elements(w, index, is_64);
    return;
  }
  TableType t = {.limits = wm_wat_limits(w, is_64)};
  t.element = wm_wat_reftype(w);
  Buffer *out = entry(w, SECTION_TABLE);
  bool has_init = wat_token(w) != TOKEN_CLOSE;
  if (has_init) wm_buffer_bytes(out, "\x40\x00", 2);
  wm_encode_tabletype(out, &t);
  if (has_init) wm_wat_expr(w, out);
}

/* (data ...): as many pages as it needs, and a segment that fills them; `limits` has the rest. */
static void memory_with_data(Wat *w, u32 index, Limits limits) {
  bool is_64 = limits.is_64;
  data_strings(w);
  wm_lexer_close(&w->lx);
  u64 last = ((u64)1 << limits.page_log2) - 1;
  limits.min = limits.max = (w->scratch.len + last) >> limits.page_log2;
  limits.has_max = true;
  wm_encode_limits(entry(w, SECTION_MEMORY), &limits);
  Buffer *out = entry(w, SECTION_DATA);
  wm_buffer_byte(out, index ? 2 : 0);
  if (index) wm_buffer_uleb(out, index);
  zero_expr(out, is_64);
  wm_encode_name(out, w->scratch.data, (u32)w->scratch.len);
  w->next[SPACE_DATA]++;
}

static void memory_field(Wat *w) {
  u32 index = definition_head(w, SPACE_MEMORY);
  if (inline_import(w, SPACE_MEMORY, index)) return;
  Limits limits = {.is_64 = wm_wat_take_address64(w)};
  wm_wat_page_size(w, &limits);
  if (wm_lexer_take_list(&w->lx, "data")) {
    memory_with_data(w, index, limits);
    return;
  }
  if (limits.has_page_size) wm_lexer_unexpected(&w->lx);
  limits = wm_wat_limits(w, limits.is_64);
  wm_wat_page_size(w, &limits);
  wm_encode_limits(entry(w, SECTION_MEMORY), &limits);
}

static void global_field(Wat *w) {
  u32 index = definition_head(w, SPACE_GLOBAL);
  if (inline_import(w, SPACE_GLOBAL, index)) return;
  Buffer *out = entry(w, SECTION_GLOBAL);
  wm_encode_globaltype(out, wm_wat_globaltype(w));
  wm_wat_expr(w, out);
}

static void tag_field(Wat *w) {
  u32 index = definition_head(w, SPACE_TAG);
  if (inline_import(w, SPACE_TAG, index)) return;
  wm_encode_tagtype(entry(w, SECTION_TAG), wm_wat_typeuse(w, PARAMS_IGNORED));
}

static void start_field(Wat *w) {
  wm_buffer_uleb(&w->sections[SECTION_START], wm_wat_index(w, SPACE_FUNC));
}

void wm_wat_field(Wat *w, const Field *field) {
  bool has_names = field->kind == FIELD_FUNC || field->kind == FIELD_IMPORT;
  wm_wat_keep_notes(w, has_names); /* from the first token on */
  wm_lexer_seek(&w->lx, field->body);
  switch ((FieldKind)field->kind) {
  case FIELD_TYPE:
  case FIELD_REC: return;
  case FIELD_IMPORT: import_field(w); break;
  case FIELD_FUNC: func_field(w); break;
  case FIELD_TABLE: table_field(w); break;
  case FIELD_MEMORY: memory_field(w); break;
  case FIELD_GLOBAL: global_field(w); break;
  case FIELD_TAG: tag_field(w); break;
  case FIELD_EXPORT: export_field(w); break;
  case FIELD_START: start_field(w); break;
  case FIELD_ELEM: elem_field(w); break;
  case FIELD_DATA: data_field(w); break;
  }
  wm_lexer_close(&w->lx);
}
