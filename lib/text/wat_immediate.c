/* Plain instructions with their immediates (spec 6.5): by the immediate's kind in opcodes.def. No
 * instruction is named here but those whose text does not tell which they are (select, ref.null,
 * ref.test, ref.cast). */
#include "base/number.h"
#include "text/literal.h"
#include "text/wat_parser.h"

/* ---- indices ---- */

/* An index that may be left out: 0 then. */
static u32 optional_index(Wat *w, Space space) {
  return wat_at_index(w) ? wm_wat_index(w, space) : 0;
}

/* The one index here may be the segment's: then another one follows the target. */
static bool next_is_index(Wat *w) {
  TokenKind kind = wm_lexer_peek(&w->lx)->kind;
  return wat_at_index(w) && (kind == TOKEN_ID || kind == TOKEN_NUMBER);
}

/* Two indices (destination, source) or none. */
/* The grammar leaves out both or none. */
static void index_pair(Wat *w, Space space, Buffer *out) {
  bool given = wat_at_index(w);
  wm_buffer_uleb(out, given ? wm_wat_index(w, space) : 0);
  wm_buffer_uleb(out, given ? wm_wat_index(w, space) : 0);
}

/* memory.init and table.init: an optional target, then the segment, which the binary has first. */
static void init_indices(Wat *w, Space target, Space segment, Buffer *out) {
  u32 to = next_is_index(w) ? wm_wat_index(w, target) : 0;
  wm_buffer_uleb(out, wm_wat_index(w, segment));
  wm_buffer_uleb(out, to);
}

static void two_indices(Wat *w, Space first, Space second, Buffer *out) {
  wm_buffer_uleb(out, wm_wat_index(w, first));
  wm_buffer_uleb(out, wm_wat_index(w, second));
}

static void type_and_field(Wat *w, Buffer *out) {
  u32 type = wm_wat_index(w, SPACE_TYPE);
  wm_buffer_uleb(out, type);
  wm_buffer_uleb(out, wm_wat_field_index(w, type));
}

static void call_indirect(Wat *w, Buffer *out) {
  u32 table = optional_index(w, SPACE_TABLE);
  wm_buffer_uleb(out, wm_wat_typeuse(w, PARAMS_UNNAMED));
  wm_buffer_uleb(out, table);
}

/* The last label is the default. */
static void br_table(Wat *w, Buffer *out) {
  w->indices.len = 0;
  do {
    u32 label = wm_wat_label_index(w), *slot = lexer_push(&w->lx, &w->indices);
    if (slot) *slot = label;
  } while (wat_at_index(w));
  if (!wat_ok(w)) return;
  wm_buffer_uleb(out, w->indices.len - 1);
  /* NOLINTNEXTLINE(*.NullDereference): there is one at least, or the lexer failed */
  for (u32 i = 0; i < w->indices.len; i++) wm_buffer_uleb(out, w->indices.data[i]);
}

/* ---- memory accesses ---- */

/* The lexer makes one token of word=number. */
static bool is_option(const Token *t, const char *word) {
  size_t len = strlen(word);
  return t->kind == TOKEN_KEYWORD && t->len > len && memcmp(t->text, word, len) == 0;
}

/* word=N as one token, such as offset=4. False when it does not stand here. */
static bool take_option(Wat *w, const char *word, u64 *value) {
  const Token *t = &w->lx.token;
  size_t len = strlen(word);
  if (!is_option(t, word)) return false;
  NumberResult result = wm_uint_parse(t->text + len, t->len - len, value);
  if (result == NUMBER_SYNTAX) return wm_lexer_unexpected(&w->lx);
  if (result == NUMBER_RANGE) return wm_lexer_fail(&w->lx, t->text, "i64 constant out of range");
  wm_lexer_next(&w->lx);
  return true;
}

static void memarg(Wat *w, u16 op, Buffer *out) {
  u32 memory = optional_index(w, SPACE_MEMORY), align_log2 = 0;
  /* Natural alignment when nothing is said. */
  u64 offset = 0, align = wm_op_info[op].access_bytes;
  take_option(w, "offset=", &offset);
  const char *at = w->lx.token.text;
  take_option(w, "align=", &align);
  if (align == 0 || (align & (align - 1))) {
    wm_lexer_fail(&w->lx, at, "alignment must be a power of two");
    return;
  }
  while (align >> align_log2 > 1) align_log2++;
  wm_encode_memarg(out, align_log2, memory, offset);
}

/* Whether the number or name here is a memory's, because a lane still follows it. */
static bool at_memory_of_lane(Wat *w) {
  if (wat_token(w) == TOKEN_ID) return true;
  const Token *t = wm_lexer_peek(&w->lx);
  return t->kind == TOKEN_NUMBER || is_option(t, "offset=") || is_option(t, "align=");
}

/* The lane's number is the last one: a number alone is no memory. */
static void memarg_lane(Wat *w, u16 op, Buffer *out) {
  if (wat_token(w) == TOKEN_NUMBER && !at_memory_of_lane(w)) {
    u8 align_log2 = (u8)__builtin_ctz(wm_op_info[op].access_bytes);
    wm_encode_memarg(out, align_log2, 0, 0);
  } else {
    memarg(w, op, out);
  }
  wm_buffer_byte(out, wm_literal_lane_index(&w->lx));
}

/* ---- reference types ---- */

static void heap_type(Wat *w, u16 op, Buffer *out) {
  if (op == OP_ref_null) {
    wm_encode_op(out, op);
    wm_encode_heaptype(out, wm_wat_heaptype(w));
    return;
  }
  /* Whether null is allowed is in the type; the binary has two opcodes for it. */
  ValType type = wm_wat_reftype(w);
  bool nullable = val_is_nullable(type);
  if (op == OP_ref_test || op == OP_ref_test_null) op = nullable ? OP_ref_test_null : OP_ref_test;
  if (op == OP_ref_cast || op == OP_ref_cast_null) op = nullable ? OP_ref_cast_null : OP_ref_cast;
  wm_encode_op(out, op);
  wm_encode_heaptype(out, val_heap(type));
}

static void cast_branch(Wat *w, Buffer *out) {
  u32 label = wm_wat_label_index(w);
  ValType from = wm_wat_reftype(w), to = wm_wat_reftype(w);
  wm_buffer_byte(out, (u8)(val_is_nullable(from) | val_is_nullable(to) << 1));
  wm_buffer_uleb(out, label);
  wm_encode_heaptype(out, val_heap(from));
  wm_encode_heaptype(out, val_heap(to));
}

/* select with (result ...)* is another instruction than select without. */
static void select_types(Wat *w, Buffer *out) {
  if (!wm_lexer_at_list(&w->lx, "result")) {
    wm_encode_op(out, OP_select);
    return;
  }
  u32 count = 0;
  w->scratch.len = 0;
  while (wm_lexer_take_list(&w->lx, "result")) {
    for (; wat_ok(w) && wat_token(w) != TOKEN_CLOSE; count++)
      wm_encode_valtype(&w->scratch, wm_wat_valtype(w));
    wm_lexer_close(&w->lx);
  }
  wm_encode_op(out, OP_select_t);
  wm_buffer_uleb(out, count);
  wm_buffer_bytes(out, w->scratch.data, w->scratch.len);
}

/* ---- all ---- */

static void v128_const(Wat *w, Buffer *out) {
  V128 v = wm_literal_v128(&w->lx);
  wm_buffer_bytes(out, v.u8x16, sizeof v.u8x16);
}

static void index_immediate(Wat *w, Immediate immediate, Buffer *out) {
  switch (immediate) {
  case IMM_LABEL: wm_buffer_uleb(out, wm_wat_label_index(w)); break;
  case IMM_BR_TABLE: br_table(w, out); break;
  case IMM_FUNC: wm_buffer_uleb(out, wm_wat_index(w, SPACE_FUNC)); break;
  case IMM_CALL_INDIRECT: call_indirect(w, out); break;
  case IMM_TYPE: wm_buffer_uleb(out, wm_wat_index(w, SPACE_TYPE)); break;
  case IMM_LOCAL: wm_buffer_uleb(out, wm_wat_local_index(w)); break;
  case IMM_GLOBAL: wm_buffer_uleb(out, wm_wat_index(w, SPACE_GLOBAL)); break;
  case IMM_TABLE: wm_buffer_uleb(out, optional_index(w, SPACE_TABLE)); break;
  case IMM_TABLE_TABLE: index_pair(w, SPACE_TABLE, out); break;
  case IMM_ELEM: wm_buffer_uleb(out, wm_wat_index(w, SPACE_ELEM)); break;
  case IMM_ELEM_TABLE: init_indices(w, SPACE_TABLE, SPACE_ELEM, out); break;
  case IMM_DATA: wm_buffer_uleb(out, wm_wat_index(w, SPACE_DATA)); break;
  case IMM_DATA_MEMORY: init_indices(w, SPACE_MEMORY, SPACE_DATA, out); break;
  case IMM_MEMORY: wm_buffer_uleb(out, optional_index(w, SPACE_MEMORY)); break;
  case IMM_MEMORY_MEMORY: index_pair(w, SPACE_MEMORY, out); break;
  case IMM_TAG: wm_buffer_uleb(out, wm_wat_index(w, SPACE_TAG)); break;
  case IMM_TYPE_FIELD: type_and_field(w, out); break;
  case IMM_TYPE_COUNT:
    wm_buffer_uleb(out, wm_wat_index(w, SPACE_TYPE));
    wm_buffer_uleb(out, wm_wat_u32(w));
    break;
  case IMM_TYPE_TYPE: two_indices(w, SPACE_TYPE, SPACE_TYPE, out); break;
  case IMM_TYPE_DATA: two_indices(w, SPACE_TYPE, SPACE_DATA, out); break;
  case IMM_TYPE_ELEM: two_indices(w, SPACE_TYPE, SPACE_ELEM, out); break;
  case IMM_CAST_BRANCH: cast_branch(w, out); break;
  default: break;
  }
}

static void immediate_of(Wat *w, u16 op, Buffer *out) {
  Immediate immediate = (Immediate)wm_op_info[op].immediate;
  switch (immediate) {
  case IMM_MEMARG: memarg(w, op, out); break;
  case IMM_MEMARG_LANE: memarg_lane(w, op, out); break;
  case IMM_LANE: wm_buffer_byte(out, wm_literal_lane_index(&w->lx)); break;
  case IMM_SHUFFLE: {
    V128 lanes = wm_literal_shuffle(&w->lx);
    wm_buffer_bytes(out, lanes.u8x16, sizeof lanes.u8x16);
    break;
  }
  case IMM_I32: wm_buffer_sleb(out, (i32)(u32)wm_literal_int(&w->lx, 32)); break;
  case IMM_I64: wm_buffer_sleb(out, (i64)wm_literal_int(&w->lx, 64)); break;
  case IMM_F32: wm_buffer_u32(out, wm_literal_f32(&w->lx)); break;
  case IMM_F64: wm_buffer_u64(out, wm_literal_f64(&w->lx)); break;
  case IMM_V128: v128_const(w, out); break;
  case IMM_FENCE: wm_buffer_byte(out, 0); break;
  default: index_immediate(w, immediate, out); break;
  }
}

void wm_wat_plain(Wat *w, u16 op, Buffer *out) {
  Immediate immediate = (Immediate)wm_op_info[op].immediate;
  if (op == OP_select || op == OP_select_t) {
    select_types(w, out);
  } else if (immediate == IMM_HEAP) {
    heap_type(w, op, out);
  } else {
    wm_encode_op(out, op);
    immediate_of(w, op, out);
  }
  if (immediate == IMM_DATA || immediate == IMM_DATA_MEMORY || immediate == IMM_TYPE_DATA)
    w->uses_data = true;
}
