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

static void put_index(Printer *p, NamePart part, u32 index) {
  put_char(p, ' ');
  wm_put_use(p, part, index);
}

/* 0 may be left out. */
static void put_optional_index(Printer *p, NamePart part, u32 index) {
  if (index) put_index(p, part, index);
}

static void put_index_pair(Printer *p, NamePart part, u32 first, u32 second) {
  if (!first && !second) return;
  put_index(p, part, first);
  put_index(p, part, second);
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

static void put_type(Printer *p, u32 type) {
  put_text(p, " (type ");
  wm_put_use(p, NAME_TYPE, type);
  put_char(p, ')');
}

static void put_index_immediate(Printer *p, const Instr *in, Immediate immediate) {
  u32 index = in->index, index2 = in->index2;
  switch (immediate) {
  case IMM_LABEL: put_label(p, index); break;
  case IMM_BR_TABLE: put_br_table(p, in); break;
  case IMM_FUNC: put_index(p, NAME_FUNC, index); break;
  case IMM_TYPE: put_index(p, NAME_TYPE, index); break;
  case IMM_GLOBAL: put_index(p, NAME_GLOBAL, index); break;
  case IMM_TAG: put_index(p, NAME_TAG, index); break;
  case IMM_ELEM: put_index(p, NAME_ELEM, index); break;
  case IMM_DATA: put_index(p, NAME_DATA, index); break;
  case IMM_TABLE: put_optional_index(p, NAME_TABLE, index); break;
  case IMM_MEMORY: put_optional_index(p, NAME_MEMORY, index); break;
  case IMM_TABLE_TABLE: put_index_pair(p, NAME_TABLE, index, index2); break;
  case IMM_MEMORY_MEMORY: put_index_pair(p, NAME_MEMORY, index, index2); break;
  case IMM_LOCAL:
    put_char(p, ' ');
    wm_put_local_use(p, index);
    break;
  case IMM_CALL_INDIRECT:
    put_optional_index(p, NAME_TABLE, index2);
    put_type(p, index);
    break;
  case IMM_ELEM_TABLE: /* text has the target first */
    put_optional_index(p, NAME_TABLE, index2);
    put_index(p, NAME_ELEM, index);
    break;
  case IMM_DATA_MEMORY:
    put_optional_index(p, NAME_MEMORY, index2);
    put_index(p, NAME_DATA, index);
    break;
  case IMM_TYPE_FIELD:
    put_index(p, NAME_TYPE, index);
    put_char(p, ' ');
    wm_put_field_use(p, index, index2);
    break;
  case IMM_TYPE_COUNT:
    put_index(p, NAME_TYPE, index);
    put_char(p, ' ');
    wm_put_uint(p, index2);
    break;
  case IMM_TYPE_TYPE:
    put_index(p, NAME_TYPE, index);
    put_index(p, NAME_TYPE, index2);
    break;
  case IMM_TYPE_DATA:
    put_index(p, NAME_TYPE, index);
    put_index(p, NAME_DATA, index2);
    break;
  case IMM_TYPE_ELEM:
    put_index(p, NAME_TYPE, index);
    put_index(p, NAME_ELEM, index2);
    break;
  default: break;
  }
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

static void put_lane(Printer *p, u8 lane) {
  put_char(p, ' ');
  wm_put_uint(p, lane);
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
  put_reftype(p, in->cast.heap1, in->cast.flags & 1);
  put_reftype(p, in->cast.heap2, in->cast.flags & 2);
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
  if (immediate != IMM_BLOCK && immediate != IMM_TRY_TABLE) put_text(p, wm_op_text(in->op));
  switch (immediate) {
  case IMM_MEMARG: put_memarg(p, in); break;
  case IMM_MEMARG_LANE:
    put_memarg(p, in);
    put_lane(p, in->lane);
    break;
  case IMM_LANE: put_lane(p, in->lane); break;
  case IMM_SHUFFLE:
    for (u32 i = 0; i < 16; i++) put_lane(p, in->v128.u8x16[i]);
    break;
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
  case IMM_NONE:
  case IMM_FENCE: break;
  default: put_index_immediate(p, in, immediate); break;
  }
}
