/* Cursor over a module's bytes (reader.c), and the one place that reads an instruction with its
 * immediates (instr.c). */
#ifndef WM_WASM_READER_H
#define WM_WASM_READER_H

#include "base/error.h"
#include "wasm/module.h"
#include "wasm/opcode.h"

typedef struct Reader {
  const u8 *start, *pos, *end; /* borrowed; start <= pos <= end */
  u64 base;                    /* offset of `start` in the module, for errors */
  Error *err;                  /* borrowed; once set, every read returns 0 and pos == end */
  u32 *first_use;              /* borrowed: Module.first_use, or NULL: nobody asks */
} Reader;

static inline Reader wm_reader_at(const Module *m, u32 offset, u32 size_bytes, Error *err) {
  const u8 *start = m->bytes + offset;
  return (Reader){
      .start = start, .pos = start, .end = start + size_bytes, .base = offset, .err = err};
}
static inline bool reader_ok(const Reader *r) { return r->err->code == ERR_NONE; }
static inline u64 reader_offset(const Reader *r) { return r->base + (u64)(r->pos - r->start); }

/* A form of proposal `f` stands at `offset`. */
static inline void reader_saw(Reader *r, Feature f, u64 offset) {
  if (r->first_use && (!r->first_use[f] || offset < r->first_use[f])) r->first_use[f] = (u32)offset;
}

/* The message of input that ends too early. */
#define UNEXPECTED_END "unexpected end of section or function"

/* Sets the error (ERR_MALFORMED) at `offset` and moves to the end. Returns false. */
bool wm_reader_fail(Reader *r, u64 offset, const char *format, ...) PRINTF_LIKE(3, 4);

/* Fails with ERR_LIMIT. Returns false. */
bool wm_reader_limit(Reader *r, u64 offset, const char *format, ...) PRINTF_LIKE(3, 4);

/* Fails for want of memory. Returns false. */
bool wm_reader_out_of_memory(Reader *r);

/* Each read: at the end of input or when malformed, fails the reader at the first byte, returns 0.
 * Messages are the spec suite's: "unexpected end", "integer representation too long", "integer too
 * large". */
u8 wm_reader_byte(Reader *r);
u32 wm_reader_u32(Reader *r); /* unsigned LEB128 of at most 32 bits (spec 5.2.2) */
u64 wm_reader_u64(Reader *r);
i32 wm_reader_s32(Reader *r);
i64 wm_reader_s33(Reader *r);
i64 wm_reader_s64(Reader *r);
const u8 *wm_reader_bytes(Reader *r, u64 size); /* borrowed; NULL when failed */
void wm_reader_zero(Reader *r);                 /* a reserved byte: "zero byte expected" */
Name wm_reader_name(Reader *r); /* length, then valid UTF-8: "malformed UTF-8 encoding" */
/* A vector's length: at most `max` (ERR_LIMIT "too many <what>"), and no more than bytes remain. */
u32 wm_reader_count(Reader *r, u32 max, const char *what);
ValType wm_reader_valtype(Reader *r);
ValType wm_reader_reftype(Reader *r); /* "malformed reference type" when it is another value type */
/* A type index too large for a HeapType becomes HEAP_ABSTRACT - 1, which no module has. */
HeapType wm_reader_heaptype(Reader *r);

/* wm_reader_u32 with the common single byte inline. */
static inline u32 reader_u32(Reader *r) {
  if (LIKELY(r->pos < r->end && *r->pos < 0x80)) return *r->pos++;
  return wm_reader_u32(r);
}

typedef enum BlockTypeKind { BLOCK_EMPTY, BLOCK_VALUE, BLOCK_TYPE } BlockTypeKind;
typedef struct BlockType {
  BlockTypeKind kind;
  ValType value;  /* BLOCK_VALUE: the one result */
  u32 type_index; /* BLOCK_TYPE */
} BlockType;

typedef enum CatchKind { CATCH, CATCH_REF, CATCH_ALL, CATCH_ALL_REF } CatchKind;
typedef struct Catch {
  CatchKind kind;
  u32 tag, label;
} Catch;

/* In a memarg's alignment: a memory index follows; an atomic access's ordering follows (of a
 * proposal that is not built). */
enum { MEMARG_HAS_MEMORY = 0x40, MEMARG_HAS_ORDERING = 0x20 };

/* One instruction. Which fields are set depends on the immediate's kind (opcode.h); vectors stay in
 * the module's bytes and are read with the functions below. */
/* Which of a br_on_cast's two types take null (spec 5.4.1). */
enum { CAST_FROM_NULL = 1, CAST_TO_NULL = 2, CAST_FLAGS = 3 };

typedef struct Instr {
  u16 op;     /* OpId */
  u32 offset; /* of its first byte, in the module's bytes */
  u32 index;  /* the (first) index: local, global, func, type, table, label, memory, segment, tag */
  u32 index2; /* the second: call_indirect's table, table.init's table, memory.init's memory, copy's
                 source, struct field, count of array.new_fixed */
  union {
    struct { /* IMM_MEMARG(_LANE) */
      u64 offset;
      u32 align_log2, memory;
    } mem;
    u64 bits;  /* IMM_I32 (zero-extended), IMM_I64, IMM_F32, IMM_F64 */
    V128 v128; /* IMM_V128; IMM_SHUFFLE: lanes */
    struct {   /* IMM_BR_TABLE: count labels and then the default; IMM_SELECT: types; IMM_TRY_TABLE:
                  catches */
      const u8 *items; /* borrowed */
      u32 count;
    } vec;
    struct {    /* IMM_CAST_BRANCH; IMM_HEAP uses only heap2 */
      u8 flags; /* CAST_... */
      HeapType heap1, heap2;
    } cast;
  };
  u8 lane;
  BlockType block; /* IMM_BLOCK, IMM_TRY_TABLE */
} Instr;

/* Reads the next instruction; false when the reader failed ("illegal opcode fd 9a"). Does not check
 * indices, alignment or lanes: that is validation. Vectors are read over, each item well-formed. */
bool wm_instr_read(Reader *r, Instr *in);

/* Steps through in->vec.items: *pos starts at items and moves on. The items were checked by
 * wm_instr_read. */
u32 wm_instr_next_label(const u8 **pos);
ValType wm_instr_next_type(const u8 **pos);
Catch wm_instr_next_catch(const u8 **pos);

#endif
