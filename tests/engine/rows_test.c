/* Every row of opcodes.def goes through every stage: text, bytes, decoding, validation, the
 * interpreter, and the compiler in its ways: with the machine's lowering, and calling the meaning.
 * A row that one of them forgot fails here by its name. The rows of a proposal that is not built
 * (wasm/feature.h) must be refused by that name, by the bytes. */
#include "binary/encode.h"
#include "engine/tiers.h"
#include "runtime/fixture.h"
#include "runtime/meanings.h"
#include "runtime/simd.h"
#include "wasm/reader.h"

/* ---- what a row is tried with ---- */

/* Signature letters of parameters and results, and the function's body. */
typedef struct Example {
  u16 op;
  const char *params, *results, *body;
} Example;

/* The rows that are more than their operands: control, indices of this test's module. */
static const Example examples[] = {
    {OP_unreachable, "", "", "unreachable"},
    {OP_block, "i", "i", "(block (result i32) (local.get 0))"},
    {OP_loop, "i", "i",
     "(loop $l (br_if $l (local.tee 0 (i32.shr_u (local.get 0) (i32.const 1))))) (local.get 0)"},
    {OP_if, "i", "i", "(if (local.get 0) (then (local.set 0 (i32.const 9)))) (local.get 0)"},
    {OP_else, "i", "l",
     "(if (result i64) (local.get 0) (then (i64.const 3)) (else (i64.const 5)))"},
    {OP_end, "l", "l", "(block (result i64) (local.get 0))"},
    {OP_br, "i", "i", "(block (result i32) (br 0 (local.get 0)) (unreachable))"},
    {OP_br_if, "ii", "i", "(block (result i32) (br_if 0 (local.get 0) (local.get 1)) (i32.clz))"},
    {OP_br_table, "i", "i",
     "(block (block (block (br_table 0 1 2 (local.get 0))) (return (i32.const 7)))"
     " (return (i32.const 8))) (i32.const 9)"},
    {OP_return, "f", "f", "(return (local.get 0)) (unreachable)"},
    {OP_call, "i", "i", "(call $h (local.get 0))"},
    {OP_call_indirect, "ii", "i", "(call_indirect (type $t) (local.get 0) (local.get 1))"},
    {OP_return_call, "i", "i", "(return_call $h (local.get 0))"},
    {OP_return_call_indirect, "ii", "i",
     "(return_call_indirect (type $t) (local.get 0) (local.get 1))"},
    {OP_call_ref, "ii", "i",
     "(call_ref $t (local.get 0) (if (result (ref null $t)) (local.get 1)"
     " (then (ref.func $h)) (else (ref.null $t))))"},
    {OP_return_call_ref, "ii", "i",
     "(return_call_ref $t (local.get 0) (if (result (ref null $t)) (local.get 1)"
     " (then (ref.func $h)) (else (ref.null $t))))"},
    {OP_ref_as_non_null, "i", "i", "(ref.is_null (ref.as_non_null (table.get $a (local.get 0))))"},
    {OP_br_on_null, "i", "i",
     "(block (drop (br_on_null 0 (table.get $a (local.get 0)))) (return (i32.const 1)))"
     " (i32.const 2)"},
    {OP_br_on_non_null, "i", "i",
     "(block (result (ref func)) (br_on_non_null 0 (table.get $a (local.get 0)))"
     " (return (i32.const 1))) (ref.is_null)"},
    {OP_throw, "il", "l",
     "(block $c (result i32 i64) (try_table (catch $x $c)"
     " (throw $x (local.get 0) (local.get 1))) unreachable) (local.set 1) (drop) (local.get 1)"},
    {OP_throw_ref, "i", "i",
     "(block $c (result exnref) (try_table (catch_all_ref $c) (throw $x (local.get 0)"
     " (i64.const 1))) unreachable) (block $d (param exnref) (try_table (param exnref)"
     " (catch_all $d) throw_ref)) (i32.const 5)"},
    {OP_try_table, "i", "i",
     "(block $c (try_table (catch_all $c) (if (local.get 0) (then (throw $y))))"
     " (return (i32.const 1))) (i32.const 2)"},
    {OP_try, "i", "i",
     "(try (result i32) (do (if (local.get 0) (then (throw $y))) (i32.const 1))"
     " (catch $y (i32.const 2)))"},
    {OP_catch, "i", "i",
     "(try (result i32) (do (throw $x (local.get 0) (i64.const 7)))"
     " (catch $y (i32.const 1)) (catch $x drop))"},
    {OP_catch_all, "i", "i", "(try (result i32) (do (throw $y)) (catch_all (local.get 0)))"},
    {OP_rethrow, "i", "i",
     "(try (result i32) (do (try (do (throw $x (local.get 0) (i64.const 7)))"
     " (catch_all (rethrow 0))) (i32.const 1)) (catch $x drop))"},
    {OP_delegate, "i", "i",
     "(try $o (result i32) (do (try (do (try (do (throw $y)) (delegate $o)))"
     " (catch_all unreachable)) (i32.const 1)) (catch $y (local.get 0)))"},
    {OP_drop, "si", "i", "(drop (local.get 0)) (local.get 1)"},
    {OP_select, "ddi", "d", "(select (local.get 0) (local.get 1) (local.get 2))"},
    {OP_select_t, "ssi", "s", "(select (result v128) (local.get 0) (local.get 1) (local.get 2))"},
    {OP_local_get, "s", "s", "(local.get 0)"},
    {OP_local_set, "ff", "f", "(local.set 0 (local.get 1)) (local.get 0)"},
    {OP_local_tee, "ll", "l", "(i64.sub (local.tee 0 (local.get 1)) (local.get 0))"},
    {OP_global_get, "", "l", "(global.get $g)"},
    {OP_global_set, "l", "l", "(global.set $g (local.get 0)) (global.get $g)"},
    {OP_table_get, "i", "i", "(ref.is_null (table.get $a (local.get 0)))"},
    {OP_table_set, "ii", "i",
     "(table.set $a (local.get 0) (ref.func $h)) (ref.is_null (table.get $a (local.get 1)))"},
    {OP_ref_null, "", "i", "(ref.is_null (ref.null extern))"},
    {OP_ref_is_null, "i", "i", "(ref.is_null (table.get $a (local.get 0)))"},
    {OP_ref_func, "i", "i", "(table.set $a (local.get 0) (ref.func $h)) (i32.const 1)"},
    {OP_table_grow, "i", "i", "(table.grow $a (ref.func $h) (local.get 0))"},
    {OP_table_size, "", "i", "(table.size $a)"},
    {OP_table_fill, "iii", "i",
     "(table.fill $a (local.get 0) (ref.func $h) (local.get 1))"
     " (ref.is_null (table.get $a (local.get 2)))"},
    {OP_table_init, "iii", "i",
     "(table.init $a $e (local.get 0) (local.get 1) (local.get 2))"
     " (ref.is_null (table.get $a (local.get 0)))"},
    {OP_table_copy, "iii", "i",
     "(table.copy $a $b (local.get 0) (local.get 1) (local.get 2))"
     " (ref.is_null (table.get $a (local.get 0)))"},
    /* objects */
    {OP_ref_eq, "ii", "i", "(ref.eq (ref.i31 (local.get 0)) (ref.i31 (local.get 1)))"},
    {OP_struct_new, "ils", "s",
     "(struct.get $s 4 (struct.new $s (local.get 0) (local.get 0) (local.get 1) (f32.const 1) "
     "(local.get 2) (ref.null $s)))"},
    {OP_struct_new_default, "", "l", "(struct.get $s 2 (struct.new_default $s))"},
    {OP_struct_get, "i", "l",
     "(struct.get $s 2 (struct.new $s (local.get 0) (local.get 0) (i64.const 7) (f32.const 1) "
     "(v128.const i64x2 1 2) (struct.new_default $s)))"},
    {OP_struct_get_s, "i", "i",
     "(struct.get_s $s 0 (struct.new $s (local.get 0) (local.get 0) (i64.const 7) (f32.const 1) "
     "(v128.const i64x2 1 2) (struct.new_default $s)))"},
    {OP_struct_get_u, "i", "i",
     "(struct.get_u $s 1 (struct.new $s (local.get 0) (local.get 0) (i64.const 7) (f32.const 1) "
     "(v128.const i64x2 1 2) (struct.new_default $s)))"},
    {OP_struct_set, "ii", "i",
     "(local $p (ref null $s)) (if (local.get 1) (then (local.set $p (struct.new_default $s)))) "
     "(struct.set $s 0 (local.get $p) (local.get 0)) (struct.get_s $s 0 (local.get $p))"},
    {OP_array_new, "il", "l",
     "(array.get $longs (array.new $longs (local.get 1) (i32.and (local.get 0) (i32.const 15))) "
     "(i32.const 3))"},
    {OP_array_new_default, "ii", "i",
     "(array.get_u $bytes (array.new_default $bytes (i32.and (local.get 0) (i32.const 0xFFFF))) "
     "(local.get 1))"},
    {OP_array_new_fixed, "il", "l",
     "(array.get $longs (array.new_fixed $longs 3 (local.get 1) (i64.const 5) (local.get 1)) "
     "(local.get 0))"},
    {OP_array_new_data, "ii", "i",
     "(array.get_s $bytes (array.new_data $bytes $d (local.get 0) (local.get 1)) (i32.const 1))"},
    {OP_array_new_elem, "ii", "i",
     "(ref.is_null (array.get $funcs (array.new_elem $funcs $e (local.get 0) (local.get 1)) "
     "(i32.const 1)))"},
    {OP_array_get, "il", "l",
     "(array.get $longs (array.new $longs (local.get 1) (i32.const 4)) (local.get 0))"},
    {OP_array_get_s, "ii", "i",
     "(array.get_s $bytes (array.new $bytes (local.get 1) (i32.const 4)) (local.get 0))"},
    {OP_array_get_u, "ii", "i",
     "(array.get_u $bytes (array.new $bytes (local.get 1) (i32.const 4)) (local.get 0))"},
    {OP_array_set, "ii", "i",
     "(local $p (ref null $bytes)) (if (local.get 1) (then (local.set $p (array.new $bytes "
     "(i32.const 9) (i32.const 40))))) (array.set $bytes (local.get $p) (local.get 0) (local.get "
     "1)) (array.get_u $bytes (local.get $p) (i32.const 31))"},
    {OP_array_len, "i", "i",
     "(local $p (ref null $bytes)) (if (local.get 0) (then (local.set $p (array.new_default $bytes "
     "(i32.and (local.get 0) (i32.const 0xFFFF)))))) (array.len (local.get $p))"},
    {OP_array_fill, "iis", "s",
     "(local $p (ref $vectors)) (local.set $p (array.new_default $vectors (i32.const 40))) "
     "(array.fill $vectors (local.get $p) (local.get 0) (local.get 2) (local.get 1)) (array.get "
     "$vectors (local.get $p) (i32.const 31))"},
    {OP_array_copy, "iii", "i",
     "(local $p (ref $bytes)) (local $i i32) (local.set $p (array.new_default $bytes (i32.const "
     "70))) (loop $l (array.set $bytes (local.get $p) (local.get $i) (local.get $i)) (br_if $l "
     "(i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 70)))) "
     "(array.copy $bytes $bytes (local.get $p) (local.get 0) (local.get $p) (local.get 1) "
     "(local.get 2)) (array.get_u $bytes (local.get $p) (i32.const 33))"},
    {OP_array_init_data, "iii", "i",
     "(local $p (ref $bytes)) (local.set $p (array.new_default $bytes (i32.const 40))) "
     "(array.init_data $bytes $d (local.get $p) (local.get 0) (local.get 1) (local.get 2)) "
     "(array.get_u $bytes (local.get $p) (i32.const 2))"},
    {OP_array_init_elem, "iii", "i",
     "(local $p (ref $funcs)) (local.set $p (array.new_default $funcs (i32.const 40))) "
     "(array.init_elem $funcs $e (local.get $p) (local.get 0) (local.get 1) (local.get 2)) "
     "(ref.is_null (array.get $funcs (local.get $p) (i32.const 1)))"},
    {OP_ref_test, "i", "i",
     "(i32.or (ref.test (ref $sub) (call $any (local.get 0))) (i32.shl (ref.test (ref i31) (call "
     "$any (local.get 0))) (i32.const 1)))"},
    {OP_ref_test_null, "i", "i",
     "(i32.or (ref.test (ref null $sub) (call $any (local.get 0))) (i32.shl (ref.test (ref null "
     "$s) (call $any (local.get 0))) (i32.const 1)))"},
    {OP_ref_cast, "i", "i",
     "(struct.get $super 0 (ref.cast (ref $super) (call $any (local.get 0))))"},
    {OP_ref_cast_null, "i", "i",
     "(ref.is_null (ref.cast (ref null $s) (call $any (local.get 0))))"},
    {OP_br_on_cast, "i", "i",
     "(block $o (result (ref $super)) (br_on_cast $o anyref (ref $super) (call $any (local.get "
     "0))) (drop) (return (i32.const 77))) (struct.get $super 0)"},
    {OP_br_on_cast_fail, "i", "i",
     "(block $o (result anyref) (br_on_cast_fail $o anyref (ref $s) (call $any (local.get 0))) "
     "(drop) (return (i32.const 77))) (ref.is_null)"},
    {OP_any_convert_extern, "i", "i",
     "(ref.test (ref eq) (any.convert_extern (extern.convert_any (call $any (local.get 0)))))"},
    {OP_extern_convert_any, "i", "i",
     "(ref.is_null (extern.convert_any (call $any (local.get 0))))"},
    {OP_ref_i31, "i", "i", "(i31.get_s (ref.i31 (local.get 0)))"},
    {OP_i31_get_s, "i", "i",
     "(local $p (ref null i31)) (if (local.get 0) (then (local.set $p (ref.i31 (local.get 0))))) "
     "(i31.get_s (local.get $p))"},
    {OP_i31_get_u, "i", "i",
     "(local $p (ref null i31)) (if (local.get 0) (then (local.set $p (ref.i31 (local.get 0))))) "
     "(i31.get_u (local.get $p))"},
    {OP_memory_copy, "ppp", "", "(memory.copy (local.get 0) (local.get 1) (local.get 2))"},
};

#define ROOM 4096

static const char *type_of_letter(char letter) {
  switch (letter) {
  case 'i':
  case 'p': return "i32";
  case 'l': return "i64";
  case 'f': return "f32";
  case 'd': return "f64";
  default: return "v128";
  }
}

/* What stands behind the keyword; NULL: the row needs an example. */
static const char *immediate_text(u16 op) {
  switch (wm_op_info[op].immediate) {
  case IMM_NONE:
  case IMM_MEMORY:
  case IMM_FENCE:
  case IMM_MEMARG: return "";
  case IMM_MEMARG_LANE:
  case IMM_LANE: return "1";
  case IMM_SHUFFLE: return "1 30 2 29 3 28 4 27 0 31 15 16 14 17 13 18";
  case IMM_I32: return "-2147483647";
  case IMM_I64: return "0x123456789abcdef0";
  case IMM_F32: return "-0x1.8p-3";
  case IMM_F64: return "nan:0x4000000000001";
  case IMM_V128: return "i32x4 1 -2 3 -4";
  case IMM_DATA:
  case IMM_ELEM:
  case IMM_DATA_MEMORY: return "0";
  default: return NULL;
  }
}

/* The row with its operands from the parameters, made of its signature. */
static bool make_example(u16 op, Example *out, char body[ROOM], char letters[8]) {
  const char *sig = wm_op_sig(op), *immediate = immediate_text(op), *gap = strchr(sig, '_');
  if (!gap || !immediate) return false;
  u32 count = (u32)(gap - sig), len = 0;
  memcpy(letters, sig, count);
  letters[count] = 0;
  len += (u32)snprintf(body, ROOM, "(%s %s", wm_op_text(op), immediate);
  for (u32 i = 0; i < count; i++)
    len += (u32)snprintf(body + len, ROOM - len, " (local.get %u)", i);
  snprintf(body + len, ROOM - len, ")");
  *out = (Example){op, letters, gap + 1, body};
  return true;
}

static bool find_example(u16 op, Example *out, char body[ROOM], char letters[8]) {
  for (u32 i = 0; i < ARRAY_LEN(examples); i++)
    if (examples[i].op == op) {
      *out = examples[i];
      return true;
    }
  return make_example(op, out, body, letters);
}

static void print_types(Buffer *b, const char *keyword, const char *letters) {
  wm_buffer_print(b, " (%s", keyword);
  for (; *letters; letters++) wm_buffer_print(b, " %s", type_of_letter(*letters));
  wm_buffer_print(b, ")");
}

/* Another function: a reference of the kind that its argument asks for. */
static const char any_of_each_kind[] =
    " (func $any (param i32) (result anyref)"
    "  (block (block (block (block (block (block"
    "   (br_table 0 1 2 3 4 5 (i32.and (local.get 0) (i32.const 7))))"
    "   (return (ref.null any))) (return (ref.i31 (local.get 0))))"
    "   (return (struct.new $super (local.get 0))))"
    "   (return (struct.new $sub (local.get 0) (i64.const 1))))"
    "   (return (struct.new_default $s))) (array.new_default $bytes (i32.const 3)))";

static Buffer module_of(const Example *e) {
  Buffer text = {0}, out = {0};
  wm_buffer_print(&text,
                  "(module (type $t (func (param i32) (result i32)))"
                  " (type $s (struct (field (mut i8) (mut i16) (mut i64) f32 (mut v128)"
                  "   (ref null $s))))"
                  " (type $super (sub (struct (field i32))))"
                  " (type $sub (sub $super (struct (field i32) (field i64))))"
                  " (type $bytes (array (mut i8))) (type $longs (array (mut i64)))"
                  " (type $vectors (array (mut v128))) (type $funcs (array (mut funcref)))"
                  " (memory 1 3) (data $d \"0123456789\") (global $g (mut i64) (i64.const 5))"
                  " (table $a 4 8 funcref) (table $b 3 3 funcref)"
                  " (elem $e funcref (ref.func $h) (ref.null func) (ref.func $h))"
                  " (elem (table $a) (i32.const 1) func $h) (elem (table $b) (i32.const 2) func $h)"
                  " (tag $x (param i32 i64)) (tag $y)"
                  " (func $h (type $t) (i32.xor (local.get 0) (i32.const -1)))"
                  " (func (export \"f\")");
  print_types(&text, "param", e->params);
  print_types(&text, "result", e->results);
  wm_buffer_print(&text, " %s)%s)", e->body, any_of_each_kind);
  Error err = {0};
  bool ok = wm_wat_to_binary((const char *)text.data, text.len, &out, &err);
  if (!ok) fail_msg("%s: the text format: %s", wm_op_text(e->op), err.message);
  wm_buffer_free(&text);
  return out;
}

/* ---- operands ---- */

enum { VALUES = 10 };

static void put_value(char letter, u32 k, u64 *slots) {
  static const u32 ints[VALUES] = {0,      1,          2,          31,         0x7F,
                                   0xFF80, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x12345678};
  static const u64 longs[VALUES] = {
      0, 1, 3, 63, 0x80, 0xFFFFFFFF, INT64_MAX, UINT64_C(1) << 63, UINT64_MAX, 0x123456789ABCDEF0};
  static const u32 addresses[VALUES] = {0,     1,     2,     5,          16,
                                        65520, 65528, 65535, 0x7FFFFFFF, 0xFFFFFFF0};
  static const u32 floats[VALUES] = {0,          0x80000000, 0x3F800000, 0xBFC00000, 0x4F000000,
                                     0xCF000001, 0x7F800000, 0xFF800000, 0x7FA00001, 0x00000001};
  static const u64 doubles[VALUES] = {0,
                                      UINT64_C(1) << 63,
                                      0x3FF0000000000000,
                                      0xBFF8000000000000,
                                      0x41E0000000000000,
                                      0xC3E0000000000001,
                                      0x7FF0000000000000,
                                      0xFFF0000000000000,
                                      0x7FF4000000000001,
                                      1};
  switch (letter) {
  case 'i': slots[0] = ints[k]; break;
  case 'l': slots[0] = longs[k]; break;
  case 'p': slots[0] = addresses[k]; break;
  case 'f': slots[0] = floats[k]; break;
  case 'd': slots[0] = doubles[k]; break;
  default: /* as lanes of each kind */
    slots[0] = k % 2 ? doubles[k] : floats[k] | (u64)ints[(k + 3) % VALUES] << 32;
    slots[1] = k % 3 ? longs[(k + 5) % VALUES] : ints[k] | (u64)floats[(k + 7) % VALUES] << 32;
  }
}

static u32 combinations(const char *params) {
  u32 count = 1;
  for (; *params; params++) count *= VALUES;
  return count;
}

static void put_operands(const char *params, u32 number, u64 *slots) {
  for (; *params; params++, number /= VALUES) {
    put_value(*params, number % VALUES, slots);
    slots += *params == 's' ? 2 : 1;
  }
}

/* ---- ways to run ---- */

typedef struct Way {
  const char *name;
  Tier tier;
  bool canonical_nan, no_lowering, no_opt, explicit_bounds;
} Way;

static const Way ways[] = {
    {"interp", TIER_INTERP, true, false, false, false},
    {"interp, any NaN", TIER_INTERP, false, false, false, false},
    {"auto", TIER_AUTO, true, false, false, false},
    {"jit", TIER_JIT, true, false, false, false},
    {"jit, any NaN", TIER_JIT, false, false, false, false},
    {"jit, explicit bounds", TIER_JIT, true, false, false, true},
    {"jit, not optimized", TIER_JIT, true, false, true, false},
    {"jit, meanings", TIER_JIT, true, true, false, false},
    {"jit, meanings, any NaN", TIER_JIT, false, true, false, false},
};

/* Rows that have no lowering on any machine: slow, and known to be. */
static const u16 known_slow[] = {OP_COUNT};

typedef struct Bench {
  const Way *way;
  Engine *engine;
  Store *store;
  Instance *in;
} Bench;

static Bench machines[ARRAY_LEN(ways)];

static void make_machine(Bench *m, const Way *way) {
  Config config = config_of_tier(way->tier);
  config.compile_threads = config.call_threshold = config.loop_threshold = 0;
  config.canonical_nan = way->canonical_nan;
  config.signals = !way->explicit_bounds;
  config.jit.no_lowering = way->no_lowering;
  config.jit.no_opt = way->no_opt;
  *m = (Bench){.way = way, .engine = wm_engine_new(&config)};
  m->store = wm_engine_store_new(m->engine);
  assert_non_null(m->store);
}

static u64 meaning_calls(const Bench *m) { return wm_engine_tier_stats(m->engine).meaning_calls; }

static bool is_slow(u16 op) {
  for (u32 i = 0; i < ARRAY_LEN(known_slow); i++)
    if (known_slow[i] == op) return true;
  return false;
}

/* Whether the compiler did with the row what the way asks for; `before`: meaning_calls. */
static void check_lowering(const Bench *m, u16 op, u64 before) {
  if (!compiles_all(m->way->tier) || !wm_meaning(op)) return;
  bool wanted = m->way->no_lowering || is_slow(op);
  if ((meaning_calls(m) > before) == wanted) return;
  fail_msg("%s: %s: %s", wm_op_text(op), m->way->name,
           wanted ? "its meaning is not called" : "the machine has no lowering (known_slow)");
}

static void load_row(Bench *m, const Buffer *binary, u16 op) {
  Error err = {0};
  u64 before = meaning_calls(m);
  LoadedModule *lm = wm_engine_load(m->engine, binary->data, binary->len, &err);
  if (!lm) fail_msg("%s: decoding and validation: %s", wm_op_text(op), err.message);
  m->in = wm_instance_new(m->store, lm, NULL, 0, &err);
  wm_loaded_release(lm);
  if (!m->in) fail_msg("%s: %s", wm_op_text(op), err.message);
  object_hold(&m->in->head);
  u8 *memory = m->in->memories[0]->space.base;
  for (u32 i = 0; i < 65536; i++) memory[i] = (u8)(i * 37 ^ i >> 7);
  TierStats stats = wm_engine_tier_stats(m->engine);
  if (compiles_all(m->way->tier) && stats.native_functions != stats.defined)
    fail_msg("%s: %s: not compiled: %s", wm_op_text(op), m->way->name, stats.trouble);
  check_lowering(m, op, before);
}

/* ---- comparing ---- */

typedef struct Outcome {
  TrapCode trap;
  u32 offset;
  u64 slots[8];
} Outcome;

static Outcome run(Bench *m, const Example *e, u32 number) {
  Outcome o = {0};
  put_operands(e->params, number, o.slots);
  o.trap = wm_call(m->store, (Func *)export_named(m->in, "f"), o.slots);
  const Trap *trap = wm_store_take_trap(m->store);
  if (o.trap) o = (Outcome){.trap = o.trap, .offset = trap->frames[0].func_offset};
  return o;
}

static bool has_nan(const char *results, bool is_f32_lanes, const u64 *slots) {
  bool is_f32 = *results == 'f' || (*results == 's' && is_f32_lanes);
  for (u32 i = 0; i < (*results == 's' ? 2 : 1); i++) {
    f32 low = f32_of_bits((u32)slots[i]), high = f32_of_bits((u32)(slots[i] >> 32));
    f64 whole = f64_of_bits(slots[i]);
    if (is_f32 ? low != low || high != high : whole != whole) return true;
  }
  return false;
}

static bool same(const Bench *m, const Example *e, const Outcome *want, const Outcome *have) {
  u32 count = *e->results == 's' ? 2 : (u32)strlen(e->results);
  if (want->trap != have->trap || want->offset != have->offset) return false;
  if (want->trap || !memcmp(want->slots, have->slots, count * sizeof(u64))) return true;
  bool makes_nan = op_makes_nan(e->op) || op_makes_nan_lanes(e->op);
  bool is_f32_lanes = strncmp(wm_op_text(e->op), "f32", 3) == 0;
  return makes_nan && !m->way->canonical_nan && has_nan(e->results, is_f32_lanes, have->slots) &&
         has_nan(e->results, is_f32_lanes, want->slots);
}

static void complain(const Bench *m, const Example *e, u32 number, const Outcome *want,
                     const Outcome *have) {
  u64 in[8] = {0};
  put_operands(e->params, number, in);
  fail_msg("%s: %s: of %llx %llx %llx %llx: trap %u at %u, %llx %llx, not trap %u at %u, %llx %llx",
           wm_op_text(e->op), m->way->name, (unsigned long long)in[0], (unsigned long long)in[1],
           (unsigned long long)in[2], (unsigned long long)in[3], have->trap, have->offset,
           (unsigned long long)have->slots[0], (unsigned long long)have->slots[1], want->trap,
           want->offset, (unsigned long long)want->slots[0], (unsigned long long)want->slots[1]);
}

/* The interpreter against the meaning itself. */
static void check_meaning(const Example *e, u32 number, const Outcome *have) {
  if (!wm_meaning(e->op)) return;
  Outcome want = {.offset = have->offset};
  put_operands(e->params, number, want.slots);
  want.trap = wm_meaning_apply(e->op, true, want.slots);
  if (want.trap) want = (Outcome){.trap = want.trap, .offset = have->offset};
  if (!same(&machines[0], e, &want, have)) complain(&machines[0], e, number, &want, have);
}

static void compare_memories(const Example *e) {
  for (u32 w = 1; w < ARRAY_LEN(ways); w++)
    if (memcmp(machines[0].in->memories[0]->space.base, machines[w].in->memories[0]->space.base,
               65536) != 0)
      fail_msg("%s: %s: memory differs", wm_op_text(e->op), ways[w].name);
}

static void run_everywhere(const Example *e) {
  u32 count = combinations(e->params);
  for (u32 number = 0; number < count; number++) {
    Outcome want = run(&machines[0], e, number);
    check_meaning(e, number, &want);
    for (u32 w = 1; w < ARRAY_LEN(ways); w++) {
      Outcome have = run(&machines[w], e, number);
      if (!same(&machines[w], e, &want, &have)) complain(&machines[w], e, number, &want, &have);
    }
    if (number % 16 == 0 || number + 1 == count) compare_memories(e);
  }
}

/* In the test itself: its frame catches the faults that ours are to get. */
static void make_machines(void) {
  for (u32 w = 0; w < ARRAY_LEN(ways); w++) make_machine(&machines[w], &ways[w]);
}

static void end_machines(void) {
  for (u32 w = 0; w < ARRAY_LEN(ways); w++) {
    assert_true(wm_engine_store_delete(machines[w].store));
    release_checked(machines[w].engine, ways[w].tier == TIER_INTERP ? EXPECT_NO_FAULT
                                        : ways[w].tier == TIER_JIT  ? EXPECT_ALL
                                                                    : EXPECT_SOME);
  }
}

/* ---- rows ---- */

/* Whether the module's second function holds the instruction, as the reader tells. */
static bool is_in_body(const LoadedModule *lm, u16 op) {
  Error err = {0};
  const Module *m = &lm->module;
  Reader r = wm_reader_at(m, m->funcs[1].code_offset, m->funcs[1].code_bytes, &err);
  u32 groups = wm_reader_u32(&r);
  for (u32 i = 0; i < groups; i++) {
    wm_reader_u32(&r);
    wm_reader_valtype(&r);
  }
  bool found = false;
  for (Instr in; r.pos < r.end && wm_instr_read(&r, &in);) found |= in.op == op;
  return found && reader_ok(&r);
}

static void try_row(u16 op) {
  char body[ROOM], letters[8];
  Example e = {0};
  if (!find_example(op, &e, body, letters)) fail_msg("%s: no example here", wm_op_text(op));
  Buffer binary = module_of(&e);
  for (u32 w = 0; w < ARRAY_LEN(ways); w++) load_row(&machines[w], &binary, op);
  if (!is_in_body(machines[0].in->module, op))
    fail_msg("%s: reading gives another instruction", wm_op_text(op));
  run_everywhere(&e);
  for (u32 w = 0; w < ARRAY_LEN(ways); w++) object_let_go(&machines[w].in->head);
  wm_buffer_free(&binary);
}

/* A function whose body is the opcode and enough zeros for its immediates. */
static Buffer module_with_bytes(u16 op) {
  Buffer b = {0};
  SubType type = {.kind = COMP_FUNC, .is_final = true, .super = NO_TYPE, .group_len = 1};
  wm_encode_header(&b);
  size_t section = wm_encode_section(&b, SECTION_TYPE);
  wm_buffer_uleb(&b, 1);
  wm_encode_rectype(&b, &type, 1);
  wm_encode_close(&b, section);
  section = wm_encode_section(&b, SECTION_FUNCTION);
  wm_buffer_uleb(&b, 1), wm_buffer_uleb(&b, 0);
  wm_encode_close(&b, section);
  section = wm_encode_section(&b, SECTION_DATA_COUNT);
  wm_buffer_uleb(&b, 0);
  wm_encode_close(&b, section);
  section = wm_encode_section(&b, SECTION_CODE);
  wm_buffer_uleb(&b, 1);
  size_t code = wm_encode_open(&b);
  wm_buffer_uleb(&b, 0);
  wm_encode_op(&b, OP_unreachable);
  wm_encode_op(&b, op);
  for (u32 i = 0; i < 20; i++) wm_buffer_byte(&b, 0);
  bool opens = wm_op_info[op].immediate == IMM_BLOCK || wm_op_info[op].immediate == IMM_TRY_TABLE;
  if (opens) wm_encode_op(&b, OP_end);
  wm_encode_op(&b, OP_end);
  wm_encode_close(&b, code);
  wm_encode_close(&b, section);
  return b;
}

static void try_refused_row(Engine *engine, u16 op, Feature feature) {
  Buffer b = module_with_bytes(op);
  Error err = {0};
  if (wm_engine_load(engine, b.data, b.len, &err)) fail_msg("%s runs", wm_op_text(op));
  if (err.code != ERR_UNSUPPORTED || strcmp(err.proposal, wm_feature_name(feature)) != 0)
    fail_msg("%s is not refused for %s: %s", wm_op_text(op), wm_feature_name(feature), err.message);
  wm_buffer_free(&b);
}

/* ---- all ---- */

static void each_row_has_its_number_and_text(void **state) {
  (void)state;
  for (u16 op = 0; op < OP_COUNT; op++) {
    const OpInfo *info = &wm_op_info[op];
    const char *text = wm_op_text(op);
    assert_int_equal(wm_op_find(info->prefix, info->code), op);
    u16 found = wm_op_find_text(text, strlen(text));
    assert_true(found == op || (found != OP_INVALID && !strcmp(wm_op_text(found), text)));
  }
}

static void each_row_that_is_built_runs_everywhere(void **state) {
  (void)state;
  u32 count = 0;
  make_machines();
  for (u16 op = 0; op < OP_COUNT; op++) {
    if (!wm_feature_built((Feature)wm_op_info[op].feature)) continue;
    try_row(op);
    count++;
  }
  end_machines();
  print_message("%u rows run in %u ways\n", count, (u32)ARRAY_LEN(ways));
}

static void each_other_row_is_refused_by_name(void **state) {
  (void)state;
  u32 counts[FEATURE_COUNT] = {0};
  Engine *engine = wm_engine_new(NULL);
  for (u16 op = 0; op < OP_COUNT; op++) {
    Feature feature = (Feature)wm_op_info[op].feature;
    if (wm_feature_built(feature)) continue;
    try_refused_row(engine, op, feature);
    counts[feature]++;
  }
  for (u32 f = 0; f < FEATURE_COUNT; f++)
    if (counts[f]) print_message("%s: %u rows refused\n", wm_feature_name((Feature)f), counts[f]);
  wm_engine_release(engine);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_row_has_its_number_and_text),
      cmocka_unit_test(each_row_that_is_built_runs_everywhere),
      cmocka_unit_test(each_other_row_is_refused_by_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
