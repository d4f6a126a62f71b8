/* Text that is no module: the messages, where they point, and that nothing ends badly. */
#include "text_test.h"

#include "support/failing_alloc.h"

static void messages(void **state) {
  (void)state;
  wrong("(func", "unexpected token");
  wrong("(func))", "unexpected token");
  wrong("(module) (module)", "unexpected token");
  wrong("(bogus)", "unknown operator bogus");
  wrong("(drop)", "unexpected token");
  wrong("(func (i32.addd))", "unknown operator i32.addd");
  wrong("(func i32.const 1x)", "unknown operator 1x");
  wrong("(func i32.const)", "unexpected token");
  wrong("(func i32.const 1.5)", "unexpected token");
  wrong("(func i32.const 4294967296)", "constant out of range");
  wrong("(func f32.const 1e39)", "constant out of range");
  wrong("(func f32.const nan:canonical)", "unexpected token");
  wrong("(func local.get $x)", "unknown local $x");
  wrong("(func (param $x i32)) (func local.get $x)", "unknown local $x");
  wrong("(global i32 (local.get $x)) (func (param $x i32))", "unknown local $x");
  wrong("(func call $f)", "unknown function $f");
  wrong("(func br $l)", "unknown label $l");
  wrong("(func block $l end br $l)", "unknown label $l");
  wrong("(func global.get $g)", "unknown global $g");
  wrong("(func (type $t))", "unknown type $t");
  wrong("(func (type 7) (param i32))", "unknown type 7");
  wrong("(func data.drop $d)", "unknown data segment $d");
  wrong("(type $s (struct)) (func struct.get $s $f)", "unknown field $f");
  wrong("(func $f) (func $f)", "duplicate function $f");
  wrong("(func $f) (func $\"\\66\")", "duplicate function $\\22\\5c66\\22");
  wrong("(func (param $x i32) (local $x i32))", "duplicate local $x");
  wrong("(type (struct (field $x i32) (field $x i32)))", "duplicate field $x");
  wrong("(memory $m 1) (import \"\" \"\" (memory $m 1))", "import after memory");
  wrong("(func) (global (import \"\" \"\") i32)", "import after function");
  wrong("(table 1 funcref) (import \"\" \"\" (func))", "import after table");
  wrong("(tag) (import \"\" \"\" (func))", "import after tag");
  wrong("(start 0) (start 0)", "multiple start sections");
  wrong("(type (func)) (func (type 0) (param i32))", "inline function type");
  wrong("(type (struct)) (func (type 0) (param i32))", "inline function type");
  wrong("(func (result i32) (param i32))", "unexpected token");
  wrong("(func block (param $x i32) end)", "unexpected token");
  wrong("(func block $a end $b)", "mismatching label");
  wrong("(func block end $b)", "mismatching label");
  wrong("(func if $a else $b end)", "mismatching label");
  wrong("(func end)", "unexpected token");
  wrong("(func block else end)", "unexpected token");
  wrong("(func block)", "unexpected token");
  wrong("(func (block end))", "unexpected token");
  wrong("(func (if (i32.const 1)))", "unexpected token");
  wrong("(func (if (then) (then)))", "unexpected token");
  wrong("(func (if (then) (else) (else)))", "unexpected token");
  wrong("(func (then))", "unexpected token");
  wrong("(func (i32.add nop))", "unexpected token");
  wrong("(func i32.load align=3)", "alignment must be a power of two");
  wrong("(func i32.load align=0)", "alignment must be a power of two");
  wrong("(func i32.load offset=18446744073709551616)", "i64 constant out of range");
  wrong("(func i32.load align=4 offset=0)", "unexpected token");
  wrong("(func i8x16.extract_lane_s 256)", "i8 constant out of range");
  wrong("(func i8x16.extract_lane_s -1)", "unexpected token");
  wrong("(func i8x16.shuffle 1 2)", "invalid lane length");
  wrong("(func v128.const i32x4 1 2 3)", "wrong number of lane literals");
  wrong("(func v128.const i32x4 1 2 3 4 5)", "wrong number of lane literals");
  wrong("(func v128.const i32 1)", "unexpected token");
  wrong("(func (export \"\\ff\"))", "malformed UTF-8 encoding");
  wrong("(data \"a", "unclosed string");
  wrong("(; ", "unclosed comment");
  wrong("(func br_table)", "unexpected token");
  wrong("(func call_indirect 0 0)", "unexpected token");
  wrong("(memory 99999999999999999999)", "i64 constant out of range");
  wrong("(func br 4294967296)", "i32 constant out of range");
  wrong("(type (array))", "unexpected token");
  wrong("(type (func) (func))", "unexpected token");
  wrong("(module binary \"\" func)", "unexpected token");
  wrong("(module binary \"\") func", "unexpected token");
  wrong("(module quote \"(func func)\")", "unexpected token");
  wrong("(module quote \"", "unclosed string");
}

static void positions(void **state) {
  (void)state;
  Error err = refuse("(module\n  (func\r\n    i32.const 1 bogus))");
  assert_int_equal(err.line, 3);
  assert_int_equal(err.column, 17);
  assert_int_equal(err.offset, 33);
  assert_string_equal(err.context, "    i32.const 1 bogus))\n                ^");

  err = refuse("(func) \"\xc3\xa4\xe2\x82\xac\" \r x"); /* characters, not bytes; CR ends a line */
  assert_int_equal(err.line, 1);
  assert_int_equal(err.column, 8);
  err = refuse("(func (;\xc3\xa4\xe2\x82\xac;) x)\t");
  assert_int_equal(err.column, 14);
  assert_string_equal(err.context, "(func (;\xc3\xa4\xe2\x82\xac;) x) \n             ^");

  err = refuse("(func\x01)");
  assert_string_equal(err.context, "(func?)\n     ^");
  err = refuse("(func \"\xe2\x80\xae\" x)");
  assert_string_equal(err.context, "(func \"?\" x)\n      ^");
  err = refuse("(func \r");
  assert_int_equal(err.line, 2);
  assert_int_equal(err.column, 1);
  assert_string_equal(err.context, "\n^");
}

/* A line far longer than the context is cut around the error. */
static void long_line(void **state) {
  (void)state;
  char text[5001];
  memset(text, ' ', 5000);
  memcpy(text, "(func ", 6);
  memcpy(text + 3000, "wrong", 5);
  text[4999] = ')';
  text[5000] = 0;
  Error err = refuse(text);
  assert_int_equal(err.column, 3001);
  const char *newline = strchr(err.context, '\n'), *caret = strchr(err.context, '^');
  assert_non_null(newline);
  assert_non_null(caret);
  assert_memory_equal(err.context + (caret - newline - 1), "wrong", 5);
}

static const char sample[] =
    "(module $m (@name \"x\") (@custom \"c\" (after type) \"y\") (type $t (sub (struct (field $f "
    "(mut i8)))))\n"
    "(rec (type $g (func (param $p i32) (result (ref null $t)))))\n"
    "(import \"a\" \"b\" (func $i (type $g))) (table $tab 1 2 funcref) (memory $mem i64 (data "
    "\"\\u{41}\\00\"))\n"
    "(global $g (export \"g\") (mut f64) (f64.const -0x1.8p3)) (tag $e (param i32)) (elem "
    "(i32.const 0) $i)\n"
    "(elem declare funcref (item ref.func $i)) (data (memory $mem) (offset i64.const 0) \"abc\" "
    "\"\")\n"
    "(func $\"q\" (param $a i32) (result i32) (local v128) (block $l (result i32) (if (local.get "
    "$a)\n"
    "(then (br $l (i32.const 1))) (else (unreachable))) try_table (catch_all $l) end $l2\n"
    "i32.load offset=4 align=1 (v128.const i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15) drop (; ( "
    ";) 1))\n"
    "(start $i) (export \"f\" (func 1)))";

/* Each beginning of a module with everything in it, to the last byte. */
static void truncations(void **state) {
  (void)state;
  for (size_t n = 0; n < sizeof sample; n++) {
    char *copy = exact_copy(sample, n);
    Buffer out = {0};
    Error err = {0};
    bool ok = wm_wat_to_binary(copy, n, &out, &err);
    assert_int_equal(ok, n == 0);
    if (n) assert_int_equal(err.code, ERR_SYNTAX);
    free(copy);
    wm_buffer_free(&out);
  }
}

/* One byte changed, everywhere: any outcome but a bad end. */
static void mutations(void **state) {
  (void)state;
  static const char bytes[] = {0, ' ', '(', ')', '"', '$', ';', '@', '0', 'x', '\\', '\x80'};
  for (size_t n = 0; n < sizeof sample - 1; n++) {
    for (size_t i = 0; i < sizeof bytes; i++) {
      char *copy = exact_copy(sample, sizeof sample - 1);
      copy[n] = bytes[i];
      Buffer out = {0};
      Error err = {0};
      bool ok = wm_wat_to_binary(copy, sizeof sample - 1, &out, &err);
      assert_int_equal(ok, err.code == ERR_NONE);
      free(copy);
      wm_buffer_free(&out);
    }
  }
}

/* Each allocation fails once: an orderly error each time. */
static void out_of_memory(void **state) {
  (void)state;
  static const char good[] =
      "(module $m (type $t (struct (field $f i32))) (import \"a\" \"b\" (func $i))"
      "(memory (data \"x\")) (table funcref (elem $i)) (@custom \"c\" \"d\")"
      "(func $\"q\" (param $a i32) (local i64) (block $l (br_table $l 0 (local.get $a)))"
      "(drop (call_indirect (param f32) (result f64) (f32.const 1) (i32.const 0)))))";
  for (u64 n = 1;; n++) {
    Buffer out = {0};
    Error err = {0};
    failing_alloc_start(n);
    bool ok = wm_wat_to_binary(good, sizeof good - 1, &out, &err);
    bool failed = failing_alloc_stop();
    wm_buffer_free(&out);
    assert_int_equal(ok, !failed);
    if (!failed) break;
    assert_int_equal(err.code, ERR_OUT_OF_MEMORY);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(messages),    cmocka_unit_test(positions), cmocka_unit_test(long_line),
      cmocka_unit_test(truncations), cmocka_unit_test(mutations), cmocka_unit_test(out_of_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
