/* Reading instructions (spec 5.4): the opcode and its immediates, by the immediate's kind.
 *
 * Most of what is loaded passes here twice, once when it is validated and once when it is
 * translated: one byte opcodes, indices and constants of one byte, and small offsets have a way
 * without a call. */
#include "wasm/limits.h"
#include "wasm/reader.h"
#include "wasm/unbuilt.h"

/* Kinds of immediates alone, packed for the reader: a few cache lines instead of all of wm_op_info.
 */
static const u8 immediate_of[OP_COUNT] = {
#define OP(prefix, code, id, text, imm, sig) IMM_##imm,
#include "wasm/opcodes.def"
};

/* Reads the number behind a prefix; OP_INVALID when the reader failed. */
static NOINLINE u16 read_prefixed(Reader *r, u8 prefix, u64 offset) {
  if (prefix < 0xFB || prefix == 0xFF) {
    if (!wm_unbuilt_opcode(r, offset, 0, prefix))
      wm_reader_fail(r, offset, "illegal opcode %02x", prefix);
    return OP_INVALID;
  }
  u32 code = wm_reader_u32(r);
  if (!reader_ok(r)) return OP_INVALID;
  u16 op = wm_op_find(prefix, code);
  if (op == OP_INVALID && !wm_unbuilt_opcode(r, offset, prefix, code))
    wm_reader_fail(r, offset, "illegal opcode %02x %02x", prefix, code);
  return op;
}

/* Spec 5.4.1: empty, a value type, or an index, all in one signed number of 33 bits. */
static BlockType read_blocktype(Reader *r) {
  if (r->pos < r->end) {
    u8 byte = *r->pos;
    if (byte == TYPE_EMPTY) {
      r->pos++;
      return (BlockType){.kind = BLOCK_EMPTY};
    }
    if ((byte & 0xC0) == 0x40) /* a negative single byte: not an index */
      return (BlockType){.kind = BLOCK_VALUE, .value = wm_reader_valtype(r)};
  }
  u64 offset = reader_offset(r);
  i64 index = wm_reader_s33(r);
  if (index < 0) wm_reader_fail(r, offset, "malformed block type");
  return (BlockType){.kind = BLOCK_TYPE, .type_index = (u32)index};
}

/* One byte nearly always. */
static inline bool read_index(Reader *r, u32 *index) {
  if (LIKELY(r->pos < r->end && *r->pos < 0x80)) {
    *index = *r->pos++;
    return true;
  }
  *index = wm_reader_u32(r);
  return reader_ok(r);
}

/* What else the alignment's number says; bit 6: a memory's index follows. */
static NOINLINE bool read_memarg_flags(Reader *r, Instr *in, u32 flags, u64 offset) {
  if (flags >= 2 * MEMARG_HAS_MEMORY) return wm_reader_fail(r, offset, "malformed memop flags");
  if (flags & MEMARG_HAS_ORDERING && wm_op_info[in->op].prefix == 0xFE)
    return !wm_unbuilt_ordering(r, offset);
  if (flags & MEMARG_HAS_MEMORY) {
    reader_saw(r, FEATURE_MULTI_MEMORY, offset);
    in->mem.memory = wm_reader_u32(r);
  }
  return reader_ok(r);
}

/* Spec 5.4.6. */
static bool read_memarg(Reader *r, Instr *in) {
  u64 offset = reader_offset(r);
  u32 flags = reader_u32(r);
  in->mem.memory = 0;
  if (UNLIKELY(flags >= MEMARG_HAS_ORDERING) && !read_memarg_flags(r, in, flags, offset))
    return false;
  in->mem.align_log2 = flags & (MEMARG_HAS_MEMORY - 1);
  if (LIKELY(r->pos < r->end && *r->pos < 0x80))
    in->mem.offset = *r->pos++;
  else
    in->mem.offset = wm_reader_u64(r);
  return reader_ok(r);
}

/* The byte is zero, which the proposal for orderings reads as one. */
static bool read_fence(Reader *r) {
  u64 offset = reader_offset(r);
  u8 byte = wm_reader_byte(r);
  if (byte == 1) return !wm_unbuilt_ordering(r, offset);
  return byte == 0 ? reader_ok(r) : wm_reader_fail(r, offset, "zero byte expected");
}

static bool read_v128(Reader *r, Instr *in) {
  const u8 *bytes = wm_reader_bytes(r, sizeof in->v128);
  if (bytes) memcpy(&in->v128, bytes, sizeof in->v128);
  return bytes != NULL;
}

/* Checked item by item now; who wants them reads them once more where they are
 * (wm_instr_next_label). */
static bool read_br_table(Reader *r, Instr *in) {
  in->vec.count = wm_reader_count(r, MAX_BR_TABLE, "br_table labels");
  in->vec.items = r->pos;
  for (u32 i = 0; i <= in->vec.count && reader_ok(r); i++) reader_u32(r);
  return reader_ok(r);
}

static bool read_select(Reader *r, Instr *in) {
  in->vec.count = wm_reader_count(r, MAX_RESULTS, "select types");
  in->vec.items = r->pos;
  for (u32 i = 0; i < in->vec.count && reader_ok(r); i++) wm_reader_valtype(r);
  return reader_ok(r);
}

static bool read_try_table(Reader *r, Instr *in) {
  in->block = read_blocktype(r);
  in->vec.count = wm_reader_count(r, MAX_BR_TABLE, "catch clauses");
  in->vec.items = r->pos;
  for (u32 i = 0; i < in->vec.count && reader_ok(r); i++) {
    u64 offset = reader_offset(r);
    u8 kind = wm_reader_byte(r);
    if (kind > CATCH_ALL_REF) return wm_reader_fail(r, offset, "malformed catch clause");
    /* The tag; catch_all has none. */
    if (kind <= CATCH_REF) wm_reader_u32(r);
    wm_reader_u32(r);
  }
  return reader_ok(r);
}

/* Two bits tell whether null is allowed before and after. */
static bool read_cast_branch(Reader *r, Instr *in) {
  u64 offset = reader_offset(r);
  in->cast.flags = wm_reader_byte(r);
  if (in->cast.flags > CAST_FLAGS) return wm_reader_fail(r, offset, "malformed br_on_cast flags");
  in->index = wm_reader_u32(r);
  in->cast.heap1 = wm_reader_heaptype(r);
  in->cast.heap2 = wm_reader_heaptype(r);
  return reader_ok(r);
}

static bool read_fixed(Reader *r, Instr *in, u32 size) {
  const u8 *bytes = wm_reader_bytes(r, size);
  if (bytes) in->bits = size == 4 ? load_u32(bytes) : load_u64(bytes);
  return bytes != NULL;
}

/* A small constant is one byte whose bit 6 is the sign. */
static inline bool read_small(Reader *r, i64 *value) {
  if (UNLIKELY(r->pos == r->end || *r->pos >= 0x80)) return false;
  u8 byte = *r->pos++;
  *value = (i64)(byte & 0x3F) - (byte & 0x40);
  return true;
}

static inline bool read_const(Reader *r, Instr *in, bool is_64) {
  i64 value;
  bool is_small = read_small(r, &value);
  if (!is_small) value = is_64 ? wm_reader_s64(r) : wm_reader_s32(r);
  in->bits = is_64 ? (u64)value : (u32)value;
  return is_small || reader_ok(r);
}

bool wm_instr_read(Reader *r, Instr *in) {
  u64 offset = reader_offset(r);
  if (UNLIKELY(r->pos == r->end)) {
    wm_reader_byte(r); /* fails, unless it did before */
    return false;
  }
  u8 byte = *r->pos++;
  u16 op = op_of_byte(byte);
  if (UNLIKELY(op == OP_INVALID)) {
    op = read_prefixed(r, byte, offset);
    if (op == OP_INVALID) return false;
  }
  in->op = op;
  in->offset = (u32)offset;
  switch ((Immediate)immediate_of[op]) {
  case IMM_NONE: return true;
  case IMM_LABEL:
  case IMM_FUNC:
  case IMM_TYPE:
  case IMM_LOCAL:
  case IMM_GLOBAL:
  case IMM_TABLE:
  case IMM_ELEM:
  case IMM_DATA:
  case IMM_MEMORY:
  case IMM_TAG: return read_index(r, &in->index);
  case IMM_CALL_INDIRECT:
  case IMM_TABLE_TABLE:
  case IMM_ELEM_TABLE:
  case IMM_DATA_MEMORY:
  case IMM_MEMORY_MEMORY:
  case IMM_TYPE_FIELD:
  case IMM_TYPE_COUNT:
  case IMM_TYPE_TYPE:
  case IMM_TYPE_DATA:
  case IMM_TYPE_ELEM: return read_index(r, &in->index) && read_index(r, &in->index2);
  case IMM_BLOCK: in->block = read_blocktype(r); return reader_ok(r);
  case IMM_MEMARG: return read_memarg(r, in);
  case IMM_MEMARG_LANE:
    read_memarg(r, in);
    in->lane = wm_reader_byte(r);
    return reader_ok(r);
  case IMM_LANE: in->lane = wm_reader_byte(r); return reader_ok(r);
  case IMM_I32: return read_const(r, in, false);
  case IMM_I64: return read_const(r, in, true);
  case IMM_F32: return read_fixed(r, in, 4);
  case IMM_F64: return read_fixed(r, in, 8);
  case IMM_SHUFFLE:
  case IMM_V128: return read_v128(r, in);
  case IMM_BR_TABLE: return read_br_table(r, in);
  case IMM_SELECT: return read_select(r, in);
  case IMM_TRY_TABLE: return read_try_table(r, in);
  case IMM_HEAP: in->cast.heap2 = wm_reader_heaptype(r); return reader_ok(r);
  case IMM_CAST_BRANCH: return read_cast_branch(r, in);
  case IMM_FENCE: return read_fence(r);
  }
  return false;
}

/* The items below were read once already: LEB128s end, and type indices are not negative. */
static u32 next_uleb(const u8 **pos) {
  u32 value = 0;
  for (u32 shift = 0;; shift += 7) {
    u8 byte = *(*pos)++;
    if (shift < 32) value |= (u32)(byte & 0x7F) << shift;
    if (!(byte & 0x80)) return value;
  }
}

u32 wm_instr_next_label(const u8 **pos) { return next_uleb(pos); }

ValType wm_instr_next_type(const u8 **pos) {
  u8 byte = *(*pos)++;
  if (byte == KIND_REF || byte == KIND_REF_NULL) {
    u8 heap = **pos;
    if ((heap & 0xC0) == 0x40) { /* a negative single byte: an abstract heap type */
      (*pos)++;
      return byte | (HEAP_ABSTRACT | heap) << 8;
    }
    return byte | min_u32(next_uleb(pos), HEAP_ABSTRACT - 1) << 8;
  }
  return byte >= VAL_V128 ? byte : REF_NULL_TYPE(HEAP_ABSTRACT | byte);
}

Catch wm_instr_next_catch(const u8 **pos) {
  Catch c = {.kind = (CatchKind) * (*pos)++};
  if (c.kind == CATCH || c.kind == CATCH_REF) c.tag = next_uleb(pos);
  c.label = next_uleb(pos);
  return c;
}
