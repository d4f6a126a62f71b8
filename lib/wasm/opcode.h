/* Every instruction by number; the rows are in opcodes.def.
 *
 * A row:   CLASS(prefix, code, id, "text", IMMEDIATE, signature [, access])
 *
 *   OP      each stage by hand; signature x, or a fixed one where the operands' types are fixed
 *   LOAD    memory -> value; access is the memory's C type (u8, i8 ... f64, V128)
 *   STORE   value -> memory, the same
 *   ACCESS  touches memory, by hand: splat, extending, lane and atomic accesses; CLASS_OP in the
 *           table
 *   PURE    value = op_<id>(a, b, c), in runtime/numeric.h and runtime/simd.h
 *   TRAPS   op_<id>(a, b, &result) -> TrapCode, there too
 *
 * A class that a user does not define falls back to OP(prefix, code, id, text, imm, sig).
 * IMMEDIATE is a bare word (IMM_##imm), and so is the signature (APPLY_##sig, or #sig).
 *
 * Signature: operand letters, underscore, result letters; i i32, l i64, f f32, d f64, s v128,
 * p an address (i32 or i64 by the type of the memory in the immediate), x by hand (operands depend
 * on the immediates, or control flow). `_i` has no operands, `ip_` no results, `_` neither. Rows
 * with two results are OP rows: each stage has them by hand.
 *
 * OP_FEATURE is redefined between the groups of rows, so a row belongs to the proposal it stands
 * under: a new row needs nothing else. Texts are unique but for `select`, `ref.test` and
 * `ref.cast`, whose second row (select_t, ref_test_null, ref_cast_null) is the form the text parser
 * picks by operands. */
#ifndef WM_WASM_OPCODE_H
#define WM_WASM_OPCODE_H

#include "wasm/feature.h"
#include "wasm/types.h"

typedef enum Immediate {
  IMM_NONE,
  IMM_BLOCK,         /* block type */
  IMM_LABEL,         /* label index */
  IMM_BR_TABLE,      /* labels and default */
  IMM_FUNC,          /* function index */
  IMM_CALL_INDIRECT, /* type index, table index */
  IMM_TYPE,          /* type index */
  IMM_LOCAL,
  IMM_GLOBAL,
  IMM_TABLE,
  IMM_TABLE_TABLE, /* destination, source */
  IMM_ELEM,
  IMM_ELEM_TABLE, /* table.init: element segment, table */
  IMM_DATA,
  IMM_DATA_MEMORY, /* memory.init: data segment, memory */
  IMM_MEMORY,
  IMM_MEMORY_MEMORY, /* destination, source */
  IMM_MEMARG,        /* alignment, offset, memory */
  IMM_MEMARG_LANE,
  IMM_LANE,
  IMM_SHUFFLE, /* 16 lanes */
  IMM_I32,
  IMM_I64,
  IMM_F32,
  IMM_F64,
  IMM_V128,
  IMM_SELECT, /* result types */
  IMM_HEAP,   /* heap type */
  IMM_TAG,
  IMM_TRY_TABLE,  /* block type, catches */
  IMM_TYPE_FIELD, /* struct: type, field */
  IMM_TYPE_COUNT, /* array.new_fixed */
  IMM_TYPE_TYPE,  /* array.copy */
  IMM_TYPE_DATA,
  IMM_TYPE_ELEM,
  IMM_CAST_BRANCH, /* flags, label, two heap types */
  IMM_FENCE,       /* atomic.fence's zero byte */
} Immediate;

typedef enum OpClass { CLASS_OP, CLASS_LOAD, CLASS_STORE, CLASS_PURE, CLASS_TRAPS } OpClass;

/* Instruction ids, dense, in the order of opcodes.def. */
typedef enum OpId {
#define OP(prefix, code, id, text, imm, sig) OP_##id,
#include "wasm/opcodes.def"
  OP_COUNT
} OpId;
#define OP_INVALID 0xFFFFu

/* Without pointers, so that the table needs no relocation when the library is loaded. */
typedef struct OpInfo {
  u16 code;  /* the byte, or the number behind the prefix */
  u8 prefix; /* 0, 0xFB, 0xFC, 0xFD or 0xFE */
  u8 op_class, immediate, feature;
  u8 access_bytes; /* LOAD, STORE, lane and atomic accesses: bytes in memory (natural alignment);
                      else 0 */
  u16 text_at, sig_at; /* read by the two functions below */
} OpInfo;

extern const OpInfo wm_op_info[OP_COUNT];

const char *wm_op_text(u16 op); /* "i32.add" */
const char *wm_op_sig(u16 op);  /* "ii_i", or "x" */

/* For each first byte the id + 1 of the opcode it is alone; 0: none, or a prefix. The slots behind
 * the first 256 belong to the prefixes (wm_op_find). */
extern const u16 wm_op_slots[];
static inline u16 op_of_byte(u8 byte) { return (u16)(wm_op_slots[byte] - 1); }

/* The id of an opcode; OP_INVALID when there is none. */
u16 wm_op_find(u8 prefix, u32 code);
/* The id of a text keyword, the first row's where a text has two; OP_INVALID when there is none. */
u16 wm_op_find_text(const char *text, size_t len);

#endif
