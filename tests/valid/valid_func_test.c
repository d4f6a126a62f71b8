/* Rules of instructions: each body below goes into a module that has one of everything. */
#include "hex_module.h"

/* Types of the function under test, as written in the type section below. */
enum { NOTHING = 0, TO_I32 = 1, I32_TO_I32 = 2, PAIR = 3, TO_PAIR = 4, TO_V128 = 5, REFS = 6 };

/* The module around the body: function 1 is under test. */
static const char before[] = "01{07 60 00 00"              /* 0 [] -> [] */
                             "      60 00 01 7f"           /* 1 [] -> [i32] */
                             "      60 01 7f 01 7f"        /* 2 [i32] -> [i32] */
                             "      60 02 7f 7e 02 7d 7c"  /* 3 [i32 i64] -> [f32 f64] */
                             "      60 00 02 7f 7f"        /* 4 [] -> [i32 i32] */
                             "      60 00 01 7b"           /* 5 [] -> [v128] */
                             "      60 02 70 6f 01 70}"    /* 6 [funcref externref] -> [funcref] */
                             "02{02 01'm'01'f' 00 00"      /* function 0: type 0 */
                             "      01'm'01'g' 03 7f 00}"; /* global 0: i32 */
static const char between[] =
    "04{03 70 00 01  6f 00 01  70 04 01}"   /* tables: funcref, externref, 64-bit funcref */
    "05{02 00 01  04 01}"                   /* memories: 32-bit, 64-bit */
    "06{02 7f 01 41 00 0b  7e 00 42 00 0b}" /* globals: 1 mutable i32, 2 i64 */
    "07{01 01'f' 00 01}"
    "09{02 01 00 01 01  05 6f 01 d0 6f 0b}" /* segments: funcref, externref */
    "0c{01}";
static const char after[] = "0b{01 01 01'x'}";

static Error check_body(TypeRegistry *reg, u32 type, const char *locals, const char *body,
                        FeatureSet features, Module *keep) {
  Buffer b = {0};
  wm_encode_header(&b);
  hex_write(&b, before);
  size_t section = wm_encode_section(&b, SECTION_FUNCTION);
  wm_buffer_byte(&b, 2);
  wm_buffer_byte(&b, (u8)type);
  wm_buffer_byte(&b, I32_TO_I32);
  wm_encode_close(&b, section);
  hex_write(&b, between);
  section = wm_encode_section(&b, SECTION_CODE);
  wm_buffer_byte(&b, 2);
  size_t part = wm_encode_open(&b);
  hex_write(&b, locals);
  hex_write(&b, body);
  wm_encode_close(&b, part);
  hex_write(&b, "{00 20 00 0b}");
  wm_encode_close(&b, section);
  hex_write(&b, after);
  Error err = hex_validate_bytes(b.data, b.len, reg, features, keep);
  wm_buffer_free(&b);
  return err;
}

typedef struct Row {
  const char *name;
  u32 type;
  const char *body;    /* without locals; see LOCALS */
  const char *message; /* "": valid */
  ErrorCode code;      /* where message is set; 0: ERR_INVALID */
} Row;

/* Locals of every body, behind the parameters: i32, i64, f32, f64, v128, funcref, externref. */
#define LOCALS "07 01 7f 01 7e 01 7d 01 7c 01 7b 01 70 01 6f"

static const Row rows[] = {
    {"empty", NOTHING, "0b", "", 0},
    {"no result", TO_I32, "0b", "type mismatch: instruction requires [i32] but stack has []", 0},
    {"a result", TO_I32, "41 00 0b", "", 0},
    {"too many", NOTHING, "41 00 0b", "type mismatch: 1 values too many", 0},
    {"wrong result", TO_I32, "42 00 0b",
     "type mismatch: instruction requires [i32] but stack has [i64] (end)", 0},
    /* fixed signatures */
    {"i32.add", TO_I32, "41 00 41 00 6a 0b", "", 0},
    {"i32.add of f64", TO_I32, "41 00 44 00 00 00 00 00 00 00 00 6a 0b",
     "type mismatch: instruction requires [i32] but stack has [f64] (i32.add)", 0},
    {"i32.add of one", TO_I32, "41 00 6a 0b", "type mismatch", 0},
    {"i32.add in unreachable code", TO_I32, "00 6a 0b", "", 0},
    {"unreachable, wrong type", TO_I32, "00 42 00 6a 0b", "type mismatch", 0},
    {"vector", TO_V128, "20 04 20 04 fd 6e 0b", "", 0},
    {"shift wants i32", TO_V128, "20 04 20 01 fd 6b 0b", "type mismatch", 0},
    {"bitselect", TO_V128, "20 04 20 04 20 04 fd 52 0b", "", 0},
    {"shuffle", TO_V128, "20 04 20 04 fd 0d 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 1f 0b", "",
     0},
    {"shuffle lane", TO_V128,
     "20 04 20 04 fd 0d 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 20 0b",
     "invalid lane index 32", 0},
    {"lane 15", TO_I32, "20 04 fd 15 0f 0b", "", 0},
    {"lane 16", TO_I32, "20 04 fd 15 10 0b", "invalid lane index", 0},
    {"lane 8 of 16x8", TO_I32, "20 04 fd 18 08 0b", "invalid lane index", 0},
    {"lane 4 of 32x4", TO_I32, "20 04 fd 1b 04 0b", "invalid lane index", 0},
    {"lane 2 of 64x2", NOTHING, "20 04 fd 1d 02 1a 0b", "invalid lane index", 0},
    {"lane 3 of f32x4", NOTHING, "20 04 fd 1f 03 1a 0b", "", 0},
    {"lane 2 of f64x2", TO_V128, "20 04 20 03 fd 22 02 0b", "invalid lane index", 0},
    {"load lane", TO_V128, "41 00 20 04 fd 55 01 00 07 0b", "", 0},
    {"load lane 8", TO_V128, "41 00 20 04 fd 55 01 00 08 0b", "invalid lane index", 0},
    /* memory */
    {"load", TO_I32, "41 00 28 02 00 0b", "", 0},
    {"load, alignment", TO_I32, "41 00 28 03 00 0b", "alignment must not be larger than natural",
     0},
    {"load, offset", TO_I32, "41 00 28 02 80 80 80 80 10 0b", "offset out of range", 0},
    {"load, 64-bit offset", TO_I32, "42 00 28 42 01 80 80 80 80 10 0b", "", 0},
    {"load, 64-bit address", TO_I32, "41 00 28 42 01 00 0b", "type mismatch", 0},
    {"load, memory", TO_I32, "41 00 28 42 02 00 0b", "unknown memory 2", 0},
    {"store", NOTHING, "41 00 42 00 37 03 00 0b", "", 0},
    {"store8, alignment", NOTHING, "41 00 42 00 3c 01 00 0b",
     "alignment must not be larger than natural", 0},
    {"memory.size", TO_I32, "3f 00 0b", "", 0},
    {"memory.size, 64-bit", TO_I32, "3f 01 0b", "type mismatch", 0},
    {"memory.size, memory", TO_I32, "3f 02 0b", "unknown memory 2", 0},
    {"memory.grow, 64-bit", NOTHING, "42 01 40 01 42 00 51 1a 0b", "", 0},
    {"memory.fill, 64-bit", NOTHING, "42 00 41 00 42 00 fc 0b 01 0b", "", 0},
    {"memory.fill", NOTHING, "42 00 41 00 42 00 fc 0b 00 0b", "type mismatch", 0},
    {"memory.copy", NOTHING, "41 00 41 00 41 00 fc 0a 00 00 0b", "", 0},
    {"memory.copy to 64-bit", NOTHING, "42 00 41 00 41 00 fc 0a 01 00 0b", "", 0},
    {"memory.copy from 64-bit", NOTHING, "41 00 42 00 41 00 fc 0a 00 01 0b", "", 0},
    {"memory.copy, 64-bit", NOTHING, "42 00 42 00 42 00 fc 0a 01 01 0b", "", 0},
    {"memory.copy, length", NOTHING, "42 00 41 00 42 00 fc 0a 01 00 0b", "type mismatch", 0},
    {"memory.copy, memory", NOTHING, "41 00 41 00 41 00 fc 0a 00 02 0b", "unknown memory 2", 0},
    {"memory.init", NOTHING, "42 00 41 00 41 00 fc 08 00 01 0b", "", 0},
    {"memory.init, segment", NOTHING, "41 00 41 00 41 00 fc 08 01 00 0b", "unknown data segment 1",
     0},
    {"memory.init, memory", NOTHING, "41 00 41 00 41 00 fc 08 00 02 0b", "unknown memory 2", 0},
    {"data.drop", NOTHING, "fc 09 00 0b", "", 0},
    {"data.drop, segment", NOTHING, "fc 09 01 0b", "unknown data segment 1", 0},
    /* variables */
    {"local.get", TO_I32, "20 00 0b", "", 0},
    {"local.get, type", TO_I32, "20 01 0b", "type mismatch", 0},
    {"local.get, index", NOTHING, "20 07 1a 0b", "unknown local 7", 0},
    {"local.set", NOTHING, "41 00 21 00 0b", "", 0},
    {"local.set, type", NOTHING, "41 00 21 01 0b", "type mismatch", 0},
    {"local.set, index", NOTHING, "41 00 21 07 0b", "unknown local 7", 0},
    {"local.tee", TO_I32, "41 00 22 00 0b", "", 0},
    {"local.tee, empty", TO_I32, "22 00 0b", "type mismatch", 0},
    {"local.tee, index", TO_I32, "41 00 22 08 0b", "unknown local 8", 0},
    {"parameter", I32_TO_I32, "20 00 0b", "", 0},
    {"global.get", TO_I32, "23 01 0b", "", 0},
    {"global.get, index", TO_I32, "23 03 0b", "unknown global 3", 0},
    {"global.set", NOTHING, "41 00 24 01 0b", "", 0},
    {"global.set, immutable", NOTHING, "42 00 24 02 0b", "immutable global", 0},
    {"global.set, index", NOTHING, "42 00 24 03 0b", "unknown global 3", 0},
    {"global.set, type", NOTHING, "42 00 24 01 0b", "type mismatch", 0},
    /* drop and select */
    {"drop", NOTHING, "42 00 1a 0b", "", 0},
    {"drop, empty", NOTHING, "1a 0b", "type mismatch: instruction requires [a value]", 0},
    {"select", TO_I32, "41 00 41 00 41 00 1b 0b", "", 0},
    {"select, condition", TO_I32, "41 00 41 00 42 00 1b 0b", "type mismatch", 0},
    {"select, two types", TO_I32, "41 00 42 00 41 00 1b 0b", "type mismatch", 0},
    {"select, references", NOTHING, "20 05 20 05 41 00 1b 1a 0b", "type mismatch", 0},
    {"select, vectors", TO_V128, "20 04 20 04 41 00 1b 0b", "", 0},
    {"select, half unreachable", TO_I32, "00 41 00 41 00 1b 0b", "", 0},
    {"typed select", NOTHING, "20 05 20 05 41 00 1c 01 70 1a 0b", "", 0},
    {"typed select, type", NOTHING, "20 05 20 06 41 00 1c 01 70 1a 0b", "type mismatch", 0},
    {"typed select, none", NOTHING, "41 00 41 00 41 00 1c 00 1a 0b", "invalid result arity", 0},
    {"typed select, two", NOTHING, "41 00 41 00 41 00 1c 02 7f 7f 1a 0b", "invalid result arity",
     0},
    /* tables and references */
    {"table.get", NOTHING, "41 00 25 00 1a 0b", "", 0},
    {"table.get, 64-bit", NOTHING, "41 00 25 02 1a 0b", "type mismatch", 0},
    {"table.get, index", NOTHING, "41 00 25 03 1a 0b", "unknown table 3", 0},
    {"table.set", NOTHING, "41 00 20 05 26 00 0b", "", 0},
    {"table.set, type", NOTHING, "41 00 20 06 26 00 0b", "type mismatch", 0},
    {"table.size", TO_I32, "fc 10 01 0b", "", 0},
    {"table.size, 64-bit", TO_I32, "fc 10 02 0b", "type mismatch", 0},
    {"table.grow", TO_I32, "20 06 41 01 fc 0f 01 0b", "", 0},
    {"table.grow, 64-bit", NOTHING, "20 05 42 01 fc 0f 02 1a 0b", "", 0},
    {"table.fill", NOTHING, "41 00 20 06 41 01 fc 11 01 0b", "", 0},
    {"table.fill, type", NOTHING, "41 00 20 05 41 01 fc 11 01 0b", "type mismatch", 0},
    {"table.copy", NOTHING, "41 00 41 00 41 00 fc 0e 00 00 0b", "", 0},
    {"table.copy to 64-bit", NOTHING, "42 00 41 00 41 00 fc 0e 02 00 0b", "", 0},
    {"table.copy, types", NOTHING, "41 00 41 00 41 00 fc 0e 00 01 0b", "type mismatch", 0},
    {"table.copy, table", NOTHING, "41 00 41 00 41 00 fc 0e 00 03 0b", "unknown table 3", 0},
    {"table.init", NOTHING, "41 00 41 00 41 00 fc 0c 00 00 0b", "", 0},
    {"table.init, 64-bit", NOTHING, "42 00 41 00 41 00 fc 0c 00 02 0b", "", 0},
    {"table.init, types", NOTHING, "41 00 41 00 41 00 fc 0c 00 01 0b", "type mismatch", 0},
    {"table.init, segment", NOTHING, "41 00 41 00 41 00 fc 0c 02 00 0b", "unknown elem segment 2",
     0},
    {"table.init, table", NOTHING, "41 00 41 00 41 00 fc 0c 00 03 0b", "unknown table 3", 0},
    {"elem.drop", NOTHING, "fc 0d 01 0b", "", 0},
    {"elem.drop, segment", NOTHING, "fc 0d 02 0b", "unknown elem segment 2", 0},
    {"ref.null", NOTHING, "d0 70 d1 1a 0b", "", 0},
    {"ref.is_null, type", NOTHING, "41 00 d1 1a 0b", "type mismatch", 0},
    {"ref.func", NOTHING, "d2 01 21 05 0b", "", 0},
    {"ref.func, undeclared", NOTHING, "d2 02 1a 0b", "undeclared function reference", 0},
    {"ref.func, index", NOTHING, "d2 03 1a 0b", "unknown function 3", 0},
    {"funcref for externref", REFS, "20 01 0b", "type mismatch", 0},
    /* blocks */
    {"block", TO_I32, "02 7f 41 00 0b 0b", "", 0},
    {"block, no result", TO_I32, "02 7f 0b 0b", "type mismatch", 0},
    {"block, outer operand", TO_I32, "41 00 02 7f 0b 0b", "type mismatch", 0},
    {"block, leftover", TO_I32, "02 40 41 00 0b 0b", "type mismatch: 1 values too many", 0},
    {"block, type index", TO_I32, "41 00 02 02 0b 0b", "", 0},
    {"block, parameters", TO_I32, "42 00 02 02 0b 0b", "type mismatch", 0},
    {"block, unknown type", NOTHING, "02 07 0b 0b", "unknown type 7", 0},
    {"block, two results", TO_PAIR, "02 04 41 00 41 00 0b 0b", "", 0},
    {"loop, parameter", TO_I32, "41 00 03 02 41 00 0d 00 0b 0b", "", 0},
    {"if", NOTHING, "41 00 04 40 0b 0b", "", 0},
    {"if, condition", NOTHING, "04 40 0b 0b", "type mismatch", 0},
    {"if, result", TO_I32, "41 00 04 7f 41 01 05 41 02 0b 0b", "", 0},
    {"if without else", TO_I32, "41 00 04 7f 41 01 0b 0b", "type mismatch: if without else", 0},
    {"if without else, same types", TO_I32, "41 00 41 00 04 02 0b 0b", "", 0},
    {"if, else of another type", TO_I32, "41 00 04 7f 41 01 05 42 02 0b 0b", "type mismatch", 0},
    {"else of a block", NOTHING, "02 40 05 0b 0b", "END opcode expected", ERR_MALFORMED},
    {"two elses", NOTHING, "41 00 04 40 05 05 0b 0b", "END opcode expected", ERR_MALFORMED},
    /* branches */
    {"br", TO_I32, "02 7f 41 00 0c 00 0b 0b", "", 0},
    {"br, no operand", TO_I32, "02 7f 0c 00 0b 0b", "type mismatch", 0},
    {"br, label", NOTHING, "0c 01 0b", "unknown label 1", 0},
    {"br to the function", TO_I32, "41 00 0c 00 0b", "", 0},
    {"br, more operands", TO_I32, "42 00 41 00 0c 00 0b", "", 0},
    {"br to a loop takes its parameters", TO_I32, "03 7f 0c 00 0b 0b", "", 0},
    {"br_if", TO_I32, "02 7f 41 00 41 01 0d 00 0b 0b", "", 0},
    {"br_if, operand", TO_I32, "02 7f 42 00 41 01 0d 00 0b 0b", "type mismatch", 0},
    {"br_if, label", NOTHING, "41 00 0d 01 0b", "unknown label 1", 0},
    {"br_if fills in types", TO_I32, "02 7f 00 41 01 0d 00 0b 0b", "", 0},
    {"br_table", NOTHING, "02 40 41 00 0e 01 00 01 0b 0b", "", 0},
    {"br_table, value", TO_I32, "02 7f 41 00 41 00 0e 01 00 01 0b 0b", "", 0},
    {"br_table, arity", TO_I32, "02 40 41 00 41 00 0e 01 00 01 0b 41 00 0b",
     "type mismatch: br_table", 0},
    {"br_table, types", TO_I32, "02 7e 41 00 41 00 0e 01 00 01 0b 1a 41 00 0b", "type mismatch", 0},
    {"br_table, types of unreachable code", TO_I32, "02 7e 00 41 00 0e 01 00 01 0b 1a 41 00 0b", "",
     0},
    {"br_table, label", NOTHING, "41 00 0e 01 00 01 0b", "unknown label 1", 0},
    {"br_table, index", NOTHING, "0e 00 00 0b", "type mismatch", 0},
    {"return", TO_I32, "41 00 0f 0b", "", 0},
    {"return, empty", TO_I32, "0f 0b", "type mismatch", 0},
    {"return in a block", TO_I32, "02 7e 41 00 0f 0b 1a 41 00 0b", "", 0},
    /* calls */
    {"call", TO_I32, "41 00 10 02 0b", "", 0},
    {"call, type", TO_I32, "42 00 10 02 0b", "type mismatch", 0},
    {"call, pair", PAIR, "20 00 20 01 10 01 0b", "", 0},
    {"call, order", PAIR, "20 01 20 00 10 01 0b", "type mismatch", 0},
    {"call, index", NOTHING, "10 03 0b", "unknown function 3", 0},
    {"call_indirect", TO_I32, "41 00 41 00 11 02 00 0b", "", 0},
    {"call_indirect, 64-bit", TO_I32, "41 00 42 00 11 02 02 0b", "", 0},
    {"call_indirect, address", TO_I32, "41 00 42 00 11 02 00 0b", "type mismatch", 0},
    {"call_indirect, elements", TO_I32, "41 00 41 00 11 02 01 0b", "type mismatch: call through",
     0},
    {"call_indirect, type", TO_I32, "41 00 41 00 11 07 00 0b", "unknown type 7", 0},
    {"call_indirect, table", TO_I32, "41 00 41 00 11 02 03 0b", "unknown table 3", 0},
    /* grammar */
    {"no end", NOTHING, "01", "END opcode expected", ERR_MALFORMED},
    {"bytes behind the end", NOTHING, "0b 01", "section size mismatch", ERR_MALFORMED},
    {"illegal opcode", NOTHING, "ff 0b", "illegal opcode ff", ERR_MALFORMED},
    {"illegal opcode with prefix", NOTHING, "fd 9a 01 0b", "illegal opcode fd 9a", ERR_MALFORMED},
    {"cut immediate", NOTHING, "41", "unexpected end", ERR_MALFORMED},
    {"malformed goes before invalid", NOTHING, "1a ff 0b", "illegal opcode ff", ERR_MALFORMED},
    /* proposals */
    {"tail call", NOTHING, "12 00 0b", "return_call needs the tail-call proposal", ERR_UNSUPPORTED},
    {"call_ref", NOTHING, "14 00 0b", "call_ref needs the function-references", ERR_UNSUPPORTED},
    {"gc", NOTHING, "fb 1c 0b", "ref.i31 needs the gc proposal", ERR_UNSUPPORTED},
    {"throw", NOTHING, "08 00 0b", "throw needs the exception-handling", ERR_UNSUPPORTED},
    {"atomic", NOTHING, "fe 03 00 0b", "atomic.fence needs the threads", ERR_UNSUPPORTED},
    {"typed null", NOTHING, "d0 00 1a 0b", "(ref null 0) needs the function-references",
     ERR_UNSUPPORTED},
    {"null of any", NOTHING, "d0 6e 1a 0b", "anyref needs the gc", ERR_UNSUPPORTED},
    {"null of an unknown type", NOTHING, "d0 07 1a 0b", "unknown type 7", 0},
    {"block of a typed reference", NOTHING, "02 64 70 00 0b 1a 0b", "(ref func) needs the function",
     ERR_UNSUPPORTED},
};

static void test_rules(void **state) {
  TypeRegistry *reg = *state;
  for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
    const Row *row = &rows[i];
    const char *locals =
        row->type == I32_TO_I32 || row->type == PAIR || row->type == REFS ? "00" : LOCALS;
    Error err = check_body(reg, row->type, locals, row->body, hex_wasm2(), NULL);
    ErrorCode code = row->code ? row->code : *row->message ? ERR_INVALID : ERR_NONE;
    hex_expect(row->name, &err, code, row->message);
  }
}

/* The offset is the instruction's. */
static void test_offset(void **state) {
  TypeRegistry *reg = *state;
  Error first = check_body(reg, NOTHING, "00", "1a 0b", wm_features_default(), NULL);
  Error later =
      check_body(reg, NOTHING, "00", "41 00 1a 02 40 1a 0b 0b", wm_features_default(), NULL);
  assert_int_equal(later.offset, first.offset + 5);
}

static void test_locals(void **state) {
  TypeRegistry *reg = *state;
  static const struct {
    const char *locals, *body, *message;
    ErrorCode code;
  } cases[] = {
      {"01 d0 86 03 7f", "20 cf 86 03 1a 0b", "", ERR_NONE}, /* 50,000 */
      {"01 d1 86 03 7f", "0b", "too many locals", ERR_LIMIT},
      {"02 ff ff ff ff 0f 7f 02 7e", "0b", "too many locals", ERR_MALFORMED},
      {"02 ff ff ff ff 0f 7f 01 7e", "0b", "too many locals", ERR_MALFORMED},
      {"03 00 7f 00 7e 01 7d", "20 00 8c 1a 0b", "", ERR_NONE},
      {"01 01 40", "0b", "malformed value type", ERR_MALFORMED},
      {"01 01 64 70", "0b", "(ref func) needs the function-references", ERR_UNSUPPORTED},
      {"01 01 63 07", "0b", "unknown type 7", ERR_INVALID},
      {"02 01 7f", "0b", "unexpected end", ERR_MALFORMED},
      /* beyond the expanded ones: 2,000 i32, 2,000 i64, 1 f32 */
      {"03 d0 0f 7f d0 0f 7e 01 7d",
       "20 cf 0f 45 1a 20 d0 0f 50 1a 20 9f 1f 50 1a 20 a0 1f 8c 1a 0b", "", ERR_NONE},
      {"03 d0 0f 7f d0 0f 7e 01 7d", "20 d0 0f 45 1a 0b", "type mismatch", ERR_INVALID},
      {"03 d0 0f 7f d0 0f 7e 01 7d", "20 a1 1f 1a 0b", "unknown local 4001", ERR_INVALID},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    Error err = check_body(reg, NOTHING, cases[i].locals, cases[i].body, hex_wasm2(), NULL);
    hex_expect(cases[i].locals, &err, cases[i].code, cases[i].message);
  }
}

static const Row atomic_rows[] = {
    {"fence", NOTHING, "fe 03 00 0b", "", 0},
    {"atomic", NOTHING, "41 00 fe 10 02 00 1a 0b", "", 0},
    {"atomic with too little alignment", NOTHING, "41 00 fe 10 01 00 1a 0b",
     "atomic alignment must be natural: 2**1, must be 2**2", 0},
    {"atomic with too much alignment", NOTHING, "41 00 fe 10 03 00 1a 0b",
     "alignment must not be larger than natural", 0},
    {"atomic of a 64-bit memory", NOTHING, "42 00 42 00 42 00 fe 49 43 01 00 1a 0b", "", 0},
    {"atomic with a wrong operand", NOTHING, "41 00 41 00 fe 1f 03 00 1a 0b", "type mismatch", 0},
    {"wait", NOTHING, "41 00 42 00 42 7f fe 02 03 00 1a 0b", "", 0},
};

static void test_atomics(void **state) {
  for (size_t i = 0; i < ARRAY_LEN(atomic_rows); i++) {
    const Row *row = &atomic_rows[i];
    Error err = check_body(*state, row->type, "00", row->body, wm_features_default(), NULL);
    hex_expect(row->name, &err, *row->message ? ERR_INVALID : ERR_NONE, row->message);
  }
}

/* A proposal that is turned off is named. */
static void test_features_off(void **state) {
  TypeRegistry *reg = *state;
  static const struct {
    Feature off;
    const char *locals, *body;
  } cases[] = {
      {FEATURE_SIGN_EXTENSION, "00", "41 00 c0 1a 0b"},
      {FEATURE_SATURATING_FLOAT_TO_INT, "00", "43 00 00 00 00 fc 00 1a 0b"},
      {FEATURE_RELAXED_SIMD, "01 01 7b", "20 00 20 00 fd 80 02 1a 0b"},
      {FEATURE_WIDE_ARITHMETIC, "00", "42 00 42 00 fc 16 1a 1a 0b"},
      {FEATURE_THREADS, "00", "fe 03 00 0b"},
      {FEATURE_THREADS, "00", "41 00 fe 10 02 00 1a 0b"},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    FeatureSet without = features_with(wm_features_default(), cases[i].off, false);
    Error err = check_body(reg, NOTHING, cases[i].locals, cases[i].body, without, NULL);
    hex_expect(cases[i].body, &err, ERR_UNSUPPORTED, "");
    assert_string_equal(err.proposal, wm_feature_name(cases[i].off));
    err = check_body(reg, NOTHING, cases[i].locals, cases[i].body, wm_features_default(), NULL);
    hex_expect(cases[i].body, &err, ERR_NONE, "");
  }
}

/* Rules of tail calls and typed function references, which the tiers do not run by default. */
static const Row ahead_rows[] = {
    {"tail call", TO_I32, "41 00 12 02 0b", "", 0},
    {"tail call, operand", TO_I32, "42 00 12 02 0b", "type mismatch", 0},
    {"tail call, results", NOTHING, "41 00 12 02 0b", "type mismatch: tail call", 0},
    {"tail call, index", NOTHING, "12 03 0b", "unknown function 3", 0},
    {"indirect tail call", TO_I32, "41 00 41 00 13 02 00 0b", "", 0},
    {"indirect tail call, results", TO_PAIR, "41 00 41 00 13 02 00 0b", "type mismatch: tail", 0},
    {"ref.func is typed", TO_I32, "41 00 d2 01 14 01 1a 0b", "", 0},
    {"call_ref, type", NOTHING, "d2 01 14 02 1a 0b", "type mismatch", 0},
    {"call_ref, unknown type", NOTHING, "d2 01 14 07 0b", "unknown type 7", 0},
    {"call_ref of null", NOTHING, "d0 00 14 00 0b", "", 0},
    {"call_ref tail call", NOTHING, "d0 00 15 00 0b", "", 0},
    {"as_non_null", NOTHING, "d0 00 d4 1a 0b", "", 0},
    {"as_non_null, type", NOTHING, "41 00 d4 1a 0b", "type mismatch", 0},
    {"as_non_null, unreachable", NOTHING, "00 d4 1a 0b", "", 0},
    {"as_non_null gives a reference", TO_I32, "00 d4 45 0b", "type mismatch", 0},
    {"br_on_null", NOTHING, "02 40 d0 00 d5 00 1a 0b 0b", "", 0},
    {"br_on_null leaves a reference", TO_I32, "02 40 d0 00 d5 00 45 1a 0b 41 00 0b",
     "type mismatch", 0},
    {"br_on_non_null", NOTHING, "02 64 70 d0 70 d6 00 00 0b 1a 0b", "", 0},
    {"br_on_non_null, label", NOTHING, "02 40 d0 70 d6 00 0b 0b", "type mismatch: br_on_non_null",
     0},
    {"ref type in a block", NOTHING, "02 64 00 d0 00 0b 1a 0b", "type mismatch", 0},
};

static void test_ahead(void **state) {
  FeatureSet features = wm_features_default();
  features = features_with(features, FEATURE_TAIL_CALL, true);
  features = features_with(features, FEATURE_FUNCTION_REFERENCES, true);
  for (size_t i = 0; i < ARRAY_LEN(ahead_rows); i++) {
    const Row *row = &ahead_rows[i];
    Error err = check_body(*state, row->type, "00", row->body, features, NULL);
    hex_expect(row->name, &err, *row->message ? ERR_INVALID : ERR_NONE, row->message);
  }
  static const struct {
    const char *locals, *body, *message;
  } inits[] = {
      {"01 01 64 70", "20 00 1a 0b", "uninitialized local 0"},
      {"01 01 64 70", "d2 01 21 00 20 00 1a 0b", ""},
      {"01 01 64 70", "02 40 d2 01 21 00 20 00 1a 0b 20 00 1a 0b", "uninitialized local 0"},
      {"01 01 64 70", "41 00 04 40 d2 01 21 00 05 20 00 1a 0b 0b", "uninitialized local 0"},
      {"01 01 64 70", "02 40 d2 01 22 00 1a 20 00 1a 0b 0b", ""},
      {"01 01 64 70", "d0 70 21 00 0b", "type mismatch"},
  };
  for (size_t i = 0; i < ARRAY_LEN(inits); i++) {
    Error err = check_body(*state, NOTHING, inits[i].locals, inits[i].body, features, NULL);
    hex_expect(inits[i].body, &err, *inits[i].message ? ERR_INVALID : ERR_NONE, inits[i].message);
  }
}

/* Bodies made of one piece repeated. */
static Error check_repeated(TypeRegistry *reg, const char *head, const char *piece, u32 count,
                            const char *tail, u32 tail_count, Module *keep) {
  Buffer b = {0}, one = {0}, last = {0};
  wm_encode_header(&b);
  hex_write(&b, "01{02 60 00 00 60 00 02 7f 7f} 03{01 00}");
  hex_write(&one, piece);
  hex_write(&last, tail);
  size_t section = wm_encode_section(&b, SECTION_CODE);
  wm_buffer_byte(&b, 1);
  size_t body = wm_encode_open(&b);
  hex_write(&b, head);
  for (u32 i = 0; i < count; i++) wm_buffer_bytes(&b, one.data, one.len);
  for (u32 i = 0; i < tail_count; i++) wm_buffer_bytes(&b, last.data, last.len);
  wm_buffer_byte(&b, 0x0B);
  wm_encode_close(&b, body);
  wm_encode_close(&b, section);
  Error err = hex_validate_bytes(b.data, b.len, reg, wm_features_default(), keep);
  wm_buffer_free(&b);
  wm_buffer_free(&one);
  wm_buffer_free(&last);
  return err;
}

static void test_deep_nesting(void **state) {
  TypeRegistry *reg = *state;
  Module m;
  Error err = check_repeated(reg, "00", "02 40", 1000000, "0b", 1000000, &m);
  hex_expect("blocks", &err, ERR_NONE, "");
  assert_int_equal(m.funcs[0].facts.max_control, 1000001);
  wm_module_release_types(&m, reg);
  wm_module_free(&m);
  err = check_repeated(reg, "01 01 7f", "03 40 41 00 21 00", 500000, "0b", 500000, NULL);
  hex_expect("loops", &err, ERR_NONE, "");
  err = check_repeated(reg, "00", "02 40", 1000000, "0b", 999999, NULL);
  hex_expect("one end missing", &err, ERR_MALFORMED, "unexpected end of section or function");
}

static void test_operand_limit(void **state) {
  TypeRegistry *reg = *state;
  Error err = check_repeated(reg, "00", "41 00", 65511, "1a", 65511, NULL);
  hex_expect("most operands", &err, ERR_NONE, "");
  err = check_repeated(reg, "00", "41 00", 65512, "1a", 65512, NULL);
  hex_expect("frame", &err, ERR_LIMIT, "the function's frame takes 65536 slots");
  err = check_repeated(reg, "00", "41 00", 70000, "1a", 70000, NULL);
  hex_expect("operands", &err, ERR_LIMIT, "more than 65535 operand slots");
  /* vectors take two slots: 32,755 of them and the overhead are one too many */
  err = check_repeated(reg, "01 01 7b", "20 00", 32754, "1a", 32754, NULL);
  hex_expect("most vectors", &err, ERR_NONE, "");
  err = check_repeated(reg, "01 01 7b", "20 00", 32755, "1a", 32755, NULL);
  hex_expect("vectors", &err, ERR_LIMIT, "the function's frame");
}

/* A table of many labels, to a block of many values: linear in the bytes. */
static void test_long_br_table(void **state) {
  TypeRegistry *reg = *state;
  Buffer b = {0};
  wm_encode_header(&b);
  size_t section = wm_encode_section(&b, SECTION_TYPE);
  hex_write(&b, "02 60 00 00 60 00 e8 07"); /* 1: [] -> 1,000 i32 */
  for (u32 i = 0; i < 1000; i++) wm_buffer_byte(&b, VAL_I32);
  wm_encode_close(&b, section);
  hex_write(&b, "03{01 00}");
  section = wm_encode_section(&b, SECTION_CODE);
  wm_buffer_byte(&b, 1);
  size_t body = wm_encode_open(&b);
  hex_write(&b, "00 02 01 02 01 02 01 00 41 00 0e");
  wm_buffer_uleb(&b, 1000000);
  for (u32 i = 0; i <= 1000000; i++) wm_buffer_byte(&b, (u8)(i % 3));
  hex_write(&b, "0b 00 0b 00 0b 00 0b");
  wm_encode_close(&b, body);
  wm_encode_close(&b, section);
  Error err = hex_validate_bytes(b.data, b.len, reg, wm_features_default(), NULL);
  hex_expect("br_table", &err, ERR_NONE, "");
  wm_buffer_free(&b);
}

static int open_registry(void **state) {
  *state = wm_types_new();
  return *state ? 0 : -1;
}

static int close_registry(void **state) {
  wm_types_delete(*state);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_rules),         cmocka_unit_test(test_offset),
      cmocka_unit_test(test_locals),        cmocka_unit_test(test_features_off),
      cmocka_unit_test(test_ahead),         cmocka_unit_test(test_deep_nesting),
      cmocka_unit_test(test_operand_limit), cmocka_unit_test(test_atomics),
      cmocka_unit_test(test_long_br_table),
  };
  return cmocka_run_group_tests(tests, open_registry, close_registry);
}
