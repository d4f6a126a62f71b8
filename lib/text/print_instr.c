/* An instruction with its immediates (spec 6.5), by the immediate's kind in opcodes.def. */
#include "base/number.h"
#include "text/printer.h"

void wm_put_offset(Printer *p, const Instr *in) {
  if (!print_has(p, PRINT_OFFSETS)) return;
  put_text(p, "(;");
  wm_put_hex(p, in->offset, 8);
  put_text(p, ";) ");
}

/* ---- indices ---- */

static void put_number(Printer *p, u64 v) {
  put_char(p, ' ');
  wm_put_uint(p, v);
}

static void put_index(Printer *p, NamePart part, u32 index) {
  put_char(p, ' ');
  wm_put_use(p, part, index);
}

/* 0 may be left out. */
static void put_optional_index(Printer *p, NamePart part, u32 index) {
  if (index) put_index(p, part, index);
}

/* Immediates that are one index or two: of what index spaces; NAME_MODULE: there is none. */
typedef struct IndexParts {
  u8 first, second; /* NamePart */
  u8 target;        /* of the second index, which text has first: it may be left out */
  bool optional;    /* zeros may be left out, both of two */
} IndexParts;

static const IndexParts index_parts[] = {
    [IMM_FUNC] = {.first = NAME_FUNC},
    [IMM_TYPE] = {.first = NAME_TYPE},
    [IMM_GLOBAL] = {.first = NAME_GLOBAL},
    [IMM_TAG] = {.first = NAME_TAG},
    [IMM_ELEM] = {.first = NAME_ELEM},
    [IMM_DATA] = {.first = NAME_DATA},
    [IMM_TABLE] = {.first = NAME_TABLE, .optional = true},
    [IMM_MEMORY] = {.first = NAME_MEMORY, .optional = true},
    [IMM_TABLE_TABLE] = {.first = NAME_TABLE, .second = NAME_TABLE, .optional = true},
    [IMM_MEMORY_MEMORY] = {.first = NAME_MEMORY, .second = NAME_MEMORY, .optional = true},
    [IMM_ELEM_TABLE] = {.first = NAME_ELEM, .target = NAME_TABLE},
    [IMM_DATA_MEMORY] = {.first = NAME_DATA, .target = NAME_MEMORY},
    [IMM_TYPE_TYPE] = {.first = NAME_TYPE, .second = NAME_TYPE},
    [IMM_TYPE_DATA] = {.first = NAME_TYPE, .second = NAME_DATA},
    [IMM_TYPE_ELEM] = {.first = NAME_TYPE, .second = NAME_ELEM},
};

/* False: the immediate is something else. */
static bool put_indices(Printer *p, const Instr *in, Immediate immediate) {
  if (immediate >= ARRAY_LEN(index_parts)) return false;
  const IndexParts *parts = &index_parts[immediate];
  if (!parts->first) return false;
  if (parts->target) put_optional_index(p, (NamePart)parts->target, in->index2);
  bool is_zero = !in->index && (!parts->second || !in->index2);
  if (parts->optional && is_zero) return true;
  put_index(p, (NamePart)parts->first, in->index);
  if (parts->second) put_index(p, (NamePart)parts->second, in->index2);
  return true;
}

static void put_label(Printer *p, u32 label) {
  put_char(p, ' ');
  wm_put_label_use(p, label);
}

static void put_br_table(Printer *p, const Instr *in) {
  const u8 *pos = in->vec.items;
  for (u32 i = 0; i <= in->vec.count && wm_print_ok(p); i++)
    put_label(p, wm_instr_next_label(&pos));
}

static void put_local(Printer *p, u32 index) {
  put_char(p, ' ');
  wm_put_local_use(p, index);
}

static void put_field(Printer *p, u32 type, u32 field) {
  put_index(p, NAME_TYPE, type);
  put_char(p, ' ');
  wm_put_field_use(p, type, field);
}

static void put_type(Printer *p, u32 type) {
  put_text(p, " (type ");
  wm_put_use(p, NAME_TYPE, type);
  put_char(p, ')');
}

static void put_call_indirect(Printer *p, const Instr *in) {
  put_optional_index(p, NAME_TABLE, in->index2);
  put_type(p, in->index);
}

/* ---- memory accesses and lanes ---- */

static void put_memarg(Printer *p, const Instr *in) {
  put_optional_index(p, NAME_MEMORY, in->mem.memory);
  if (in->mem.offset) {
    put_text(p, " offset=");
    wm_put_uint(p, in->mem.offset);
  }
  u64 align = UINT64_C(1) << in->mem.align_log2;
  if (align == wm_op_info[in->op].access_bytes) return;
  put_text(p, " align=");
  wm_put_uint(p, align);
}

static void put_shuffle(Printer *p, const V128 *lanes) {
  for (u32 i = 0; i < 16; i++) put_number(p, lanes->u8x16[i]);
}

static void put_v128(Printer *p, const V128 *v) {
  put_text(p, " i32x4");
  for (u32 i = 0; i < 4; i++) {
    put_char(p, ' ');
    wm_put_hex(p, v->u32x4[i], 8);
  }
}

static void put_float(Printer *p, u64 bits, bool is_64) {
  char text[NUMBER_CHARS];
  size_t len = is_64 ? wm_f64_print(text, bits) : wm_f32_print(text, (u32)bits);
  put_char(p, ' ');
  put_bytes(p, text, len);
}

static void put_const(Printer *p, const Instr *in, bool is_64) {
  put_char(p, ' ');
  wm_put_int(p, is_64 ? (i64)in->bits : (i32)(u32)in->bits);
}

/* ---- types ---- */

static void put_select(Printer *p, const Instr *in) {
  const u8 *pos = in->vec.items;
  put_text(p, " (result");
  for (u32 i = 0; i < in->vec.count && wm_print_ok(p); i++) {
    put_char(p, ' ');
    wm_put_valtype(p, wm_instr_next_type(&pos));
  }
  put_char(p, ')');
}

static void put_reftype(Printer *p, HeapType heap, bool nullable) {
  put_char(p, ' ');
  wm_put_valtype(p, nullable ? REF_NULL_TYPE(heap) : REF_TYPE(heap));
}

static void put_heap(Printer *p, const Instr *in) {
  HeapType heap = in->cast.heap2;
  if (in->op != OP_ref_null) {
    put_reftype(p, heap, in->op == OP_ref_test_null || in->op == OP_ref_cast_null);
    return;
  }
  put_char(p, ' ');
  wm_put_heaptype(p, heap);
}

static void put_cast_branch(Printer *p, const Instr *in) {
  put_label(p, in->index);
  put_reftype(p, in->cast.heap1, in->cast.flags & CAST_FROM_NULL);
  put_reftype(p, in->cast.heap2, in->cast.flags & CAST_TO_NULL);
}

static void put_blocktype(Printer *p, BlockType block) {
  if (block.kind == BLOCK_VALUE) {
    put_text(p, " (result ");
    wm_put_valtype(p, block.value);
    put_char(p, ')');
  } else if (block.kind == BLOCK_TYPE) {
    put_type(p, block.type_index);
  }
}

static void put_catches(Printer *p, const Instr *in) {
  static const char *const words[] = {" (catch", " (catch_ref", " (catch_all", " (catch_all_ref"};
  const u8 *pos = in->vec.items;
  for (u32 i = 0; i < in->vec.count && wm_print_ok(p); i++) {
    Catch c = wm_instr_next_catch(&pos);
    put_text(p, words[c.kind]);
    if (c.kind == CATCH || c.kind == CATCH_REF) put_index(p, NAME_TAG, c.tag);
    put_label(p, c.label);
    put_char(p, ')');
  }
}

void wm_put_instr(Printer *p, const Instr *in) {
  Immediate immediate = (Immediate)wm_op_info[in->op].immediate;
  if (op_shape(in->op) != SHAPE_OPENS) put_text(p, wm_op_text(in->op));
  if (put_indices(p, in, immediate)) return;
  switch (immediate) {
  case IMM_LABEL: put_label(p, in->index); break;
  case IMM_BR_TABLE: put_br_table(p, in); break;
  case IMM_LOCAL: put_local(p, in->index); break;
  case IMM_CALL_INDIRECT: put_call_indirect(p, in); break;
  case IMM_TYPE_FIELD: put_field(p, in->index, in->index2); break;
  case IMM_TYPE_COUNT:
    put_index(p, NAME_TYPE, in->index);
    put_number(p, in->index2);
    break;
  case IMM_MEMARG: put_memarg(p, in); break;
  case IMM_MEMARG_LANE:
    put_memarg(p, in);
    put_number(p, in->lane);
    break;
  case IMM_LANE: put_number(p, in->lane); break;
  case IMM_SHUFFLE: put_shuffle(p, &in->v128); break;
  case IMM_I32:
  case IMM_I64: put_const(p, in, immediate == IMM_I64); break;
  case IMM_F32:
  case IMM_F64: put_float(p, in->bits, immediate == IMM_F64); break;
  case IMM_V128: put_v128(p, &in->v128); break;
  case IMM_SELECT: put_select(p, in); break;
  case IMM_HEAP: put_heap(p, in); break;
  case IMM_CAST_BRANCH: put_cast_branch(p, in); break;
  case IMM_BLOCK: put_blocktype(p, in->block); break;
  case IMM_TRY_TABLE:
    put_blocktype(p, in->block);
    put_catches(p, in);
    break;
  default: break; /* none that text has */
  }
}
