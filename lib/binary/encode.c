/* Writers of the binary format's grammar (see encode.h).
 *
 * A part whose size goes in front is written behind room for the longest size, and moved down when
 * it is known:
 *
 *   open    ... | 5 bytes of room |
 *                 mark
 *   close   ... | 5 bytes of room | contents |          size = length of contents
 *           ... | size | contents |                     1 to 5 bytes
 *
 * Sizes are thus as short as they can be, as other tools write them. An inner part is moved once
 * more with each outer one; parts nest two deep (section, body). */
#include "binary/encode.h"

enum { SIZE_ROOM = 5 }; /* the longest LEB128 of 32 bits */

void wm_encode_header(Buffer *b) {
  wm_buffer_u32(b, WASM_MAGIC);
  wm_buffer_u32(b, WASM_VERSION);
}

size_t wm_encode_open(Buffer *b) {
  static const u8 room[SIZE_ROOM];
  size_t mark = b->len;
  wm_buffer_bytes(b, room, SIZE_ROOM);
  return mark;
}

void wm_encode_close(Buffer *b, size_t mark) {
  if (b->failed) return;
  size_t size = b->len - mark - SIZE_ROOM;
  b->len = mark;
  wm_buffer_uleb(b, size); /* fits: the room is reserved */
  memmove(b->data + b->len, b->data + mark + SIZE_ROOM, size);
  b->len += size;
}

size_t wm_encode_section(Buffer *b, u8 id) {
  wm_buffer_byte(b, id);
  return wm_encode_open(b);
}

void wm_encode_name(Buffer *b, const void *bytes, u32 len) {
  wm_buffer_uleb(b, len);
  wm_buffer_bytes(b, bytes, len);
}

void wm_encode_name_of(Buffer *b, u32 index, const void *bytes, u32 len) {
  wm_buffer_uleb(b, index);
  wm_encode_name(b, bytes, len);
}

/* Abstract heap types are one byte each, indices a positive signed LEB128 of 33 bits (spec 5.3.3).
 */
void wm_encode_heaptype(Buffer *b, HeapType h) {
  if (heap_is_abstract(h))
    wm_buffer_byte(b, (u8)h);
  else
    wm_buffer_sleb(b, (i64)h);
}

/* (ref null ht) of an abstract type has a shorthand: the heap type's byte alone (spec 5.3.4). */
void wm_encode_valtype(Buffer *b, ValType t) {
  bool is_short = val_is_nullable(t) && heap_is_abstract(val_heap(t));
  if (!is_short) wm_buffer_byte(b, (u8)val_kind(t));
  if (val_is_ref(t)) wm_encode_heaptype(b, val_heap(t));
}

void wm_encode_fieldtype(Buffer *b, FieldType f) {
  wm_encode_valtype(b, f.type);
  wm_buffer_byte(b, f.is_mutable);
}

void wm_encode_limits(Buffer *b, const Limits *limits) {
  /* The flags of read_limits in decode_type.c. */
  wm_buffer_byte(b, (u8)(limits->has_max | limits->is_shared << 1 | limits->is_64 << 2 |
                         limits->has_page_size << 3));
  wm_buffer_uleb(b, limits->min);
  if (limits->has_max) wm_buffer_uleb(b, limits->max);
  if (limits->has_page_size) wm_buffer_uleb(b, limits->page_log2);
}

void wm_encode_tabletype(Buffer *b, const TableType *t) {
  wm_encode_valtype(b, t->element);
  wm_encode_limits(b, &t->limits);
}

void wm_encode_memorytype(Buffer *b, const MemoryType *t) { wm_encode_limits(b, &t->limits); }

void wm_encode_globaltype(Buffer *b, GlobalType t) {
  wm_encode_valtype(b, t.type);
  wm_buffer_byte(b, t.is_mutable);
}

void wm_encode_tagtype(Buffer *b, u32 type_index) {
  wm_buffer_byte(b, 0); /* an exception */
  wm_buffer_uleb(b, type_index);
}

static void encode_valtypes(Buffer *b, const ValType *types, u32 count) {
  wm_buffer_uleb(b, count);
  for (u32 i = 0; i < count; i++) wm_encode_valtype(b, types[i]);
}

/* A final type without supertype, which all types before GC are, is written bare. */
void wm_encode_subtype(Buffer *b, const SubType *t) {
  if (!t->is_final || t->super != NO_TYPE) {
    wm_buffer_byte(b, t->is_final ? TYPE_SUB_FINAL : TYPE_SUB);
    wm_buffer_uleb(b, t->super != NO_TYPE);
    if (t->super != NO_TYPE) wm_buffer_uleb(b, t->super);
  }
  wm_buffer_byte(b, (u8)t->kind);
  if (t->kind == COMP_FUNC) {
    encode_valtypes(b, t->params, t->param_count);
    encode_valtypes(b, t->results, t->result_count);
    return;
  }
  if (t->kind == COMP_STRUCT) wm_buffer_uleb(b, t->field_count);
  for (u32 i = 0; i < t->field_count; i++) wm_encode_fieldtype(b, t->fields[i]);
}

void wm_encode_rectype(Buffer *b, const SubType *types, u32 len) {
  if (len != 1) {
    wm_buffer_byte(b, TYPE_REC);
    wm_buffer_uleb(b, len);
  }
  for (u32 i = 0; i < len; i++) wm_encode_subtype(b, &types[i]);
}

/* Behind a prefix the opcode is a LEB128, not a byte (spec 5.4): vector opcodes reach 0x113. */
void wm_encode_op(Buffer *b, u16 op) {
  const OpInfo *info = &wm_op_info[op];
  if (!info->prefix) {
    wm_buffer_byte(b, (u8)info->code);
    return;
  }
  wm_buffer_byte(b, info->prefix);
  wm_buffer_uleb(b, info->code);
}

void wm_encode_blocktype(Buffer *b, BlockType t) {
  switch (t.kind) {
  case BLOCK_EMPTY: wm_buffer_byte(b, TYPE_EMPTY); break;
  case BLOCK_VALUE: wm_encode_valtype(b, t.value); break;
  case BLOCK_TYPE: wm_buffer_sleb(b, t.type_index); break;
  }
}

/* Memory 0 is written in the old form; else a bit in the alignment says that an index follows. */
void wm_encode_memarg(Buffer *b, u32 align_log2, u32 memory, u64 offset) {
  wm_buffer_uleb(b, align_log2 | (memory ? MEMARG_HAS_MEMORY : 0u));
  if (memory) wm_buffer_uleb(b, memory);
  wm_buffer_uleb(b, offset);
}

void wm_encode_catch(Buffer *b, Catch c) {
  wm_buffer_byte(b, (u8)c.kind);
  if (c.kind == CATCH || c.kind == CATCH_REF) wm_buffer_uleb(b, c.tag);
  wm_buffer_uleb(b, c.label);
}

/* The lists: they are still in the binary form in which the instruction was read (wasm/reader.h),
 * and are decoded and written again item by item, as what was read may have had longer numbers than
 * it needs. */
static void encode_vec(Buffer *b, const Instr *in, Immediate imm) {
  const u8 *pos = in->vec.items;
  wm_buffer_uleb(b, in->vec.count);
  for (u32 i = 0; i < in->vec.count; i++) {
    if (imm == IMM_BR_TABLE)
      wm_buffer_uleb(b, wm_instr_next_label(&pos));
    else if (imm == IMM_SELECT)
      wm_encode_valtype(b, wm_instr_next_type(&pos));
    else
      wm_encode_catch(b, wm_instr_next_catch(&pos));
  }
  /* The default label is behind the counted ones. */
  if (imm == IMM_BR_TABLE) wm_buffer_uleb(b, wm_instr_next_label(&pos));
}

static void encode_two(Buffer *b, u32 first, u32 second) {
  wm_buffer_uleb(b, first);
  wm_buffer_uleb(b, second);
}

/* By kind of immediate, as the reader has them; no instruction is named here but by its row. */
void wm_encode_instr(Buffer *b, const Instr *in) {
  Immediate imm = (Immediate)wm_op_info[in->op].immediate;
  wm_encode_op(b, in->op);
  switch (imm) {
  case IMM_NONE: break;
  case IMM_BLOCK: wm_encode_blocktype(b, in->block); break;
  case IMM_TRY_TABLE: wm_encode_blocktype(b, in->block); /* fall through */
  case IMM_BR_TABLE:
  case IMM_SELECT: encode_vec(b, in, imm); break;
  case IMM_LABEL:
  case IMM_FUNC:
  case IMM_TYPE:
  case IMM_LOCAL:
  case IMM_GLOBAL:
  case IMM_TABLE:
  case IMM_ELEM:
  case IMM_DATA:
  case IMM_MEMORY:
  case IMM_TAG: wm_buffer_uleb(b, in->index); break;
  case IMM_CALL_INDIRECT:
  case IMM_TABLE_TABLE:
  case IMM_ELEM_TABLE:
  case IMM_DATA_MEMORY:
  case IMM_MEMORY_MEMORY:
  case IMM_TYPE_FIELD:
  case IMM_TYPE_COUNT:
  case IMM_TYPE_TYPE:
  case IMM_TYPE_DATA:
  case IMM_TYPE_ELEM: encode_two(b, in->index, in->index2); break;
  case IMM_MEMARG_LANE:
  case IMM_MEMARG:
    wm_encode_memarg(b, in->mem.align_log2, in->mem.memory, in->mem.offset);
    if (imm == IMM_MEMARG_LANE) wm_buffer_byte(b, in->lane);
    break;
  case IMM_LANE: wm_buffer_byte(b, in->lane); break;
  case IMM_I32: wm_buffer_sleb(b, (i32)in->bits); break;
  case IMM_I64: wm_buffer_sleb(b, (i64)in->bits); break;
  case IMM_F32: wm_buffer_u32(b, (u32)in->bits); break;
  case IMM_F64: wm_buffer_u64(b, in->bits); break;
  case IMM_SHUFFLE:
  case IMM_V128: wm_buffer_bytes(b, &in->v128, sizeof in->v128); break;
  case IMM_HEAP: wm_encode_heaptype(b, in->cast.heap2); break;
  case IMM_CAST_BRANCH:
    wm_buffer_byte(b, in->cast.flags);
    wm_buffer_uleb(b, in->index);
    wm_encode_heaptype(b, in->cast.heap1);
    wm_encode_heaptype(b, in->cast.heap2);
    break;
  case IMM_FENCE: wm_buffer_byte(b, 0); break;
  }
}
