/* Modules: exact bytes of each section's forms, and abbreviations against what they stand for. */
#include "text_test.h"

static void whole_modules(void **state) {
  (void)state;
  gives("(module)", "");
  gives("", "");
  gives("(module (func (export \"add_one\") (param i32) (result i32)"
        " local.get 0 i32.const 1 i32.add))",
        "01{01 60 01 7f 01 7f} 03{01 00} 07{01 {'add_one'} 00 00} 0a{01 {00 20 00 41 01 6a 0b}}");
  Buffer b = convert("(module (func (export \"add_one\") (param i32) (result i32)"
                     " local.get 0 i32.const 1 i32.add))");
  assert_int_equal(b.len, 44);
  wm_buffer_free(&b);
  same("(func) (memory 1)", "(module (func) (memory 1))");
}

static void folding(void **state) {
  (void)state;
  same("(func (i32.add (i32.const 1) (i32.mul (i32.const 2) (i32.const 3))) drop)",
       "(func i32.const 1 i32.const 2 i32.const 3 i32.mul i32.add drop)");
  same("(func (result i32) (if (result i32) (i32.const 1) (then (i32.const 2)) (else (i32.const "
       "3))))",
       "(func (result i32) i32.const 1 if (result i32) i32.const 2 else i32.const 3 end)");
  same("(func (if (i32.const 1) (i32.eqz) (then) (else)))",
       "(func i32.const 1 i32.eqz if else end)");
  same("(func (block (loop (br 1) (nop))))", "(func block loop br 1 nop end end)");
  same("(func (call 0 (block (result i32) (i32.const 1) br 0)) nop)",
       "(func block (result i32) i32.const 1 br 0 end call 0 nop)");
  gives("(func (if (i32.const 1) (then (nop))))",
        "01{01 60 00 00} 03{01 00} 0a{01 {00 41 01 04 40 01 0b 0b}}");
}

static void labels(void **state) {
  (void)state;
  gives(
      "(func block $a block $b br $a br $b block $a br $a end br $a end end)",
      "01{01 60 00 00} 03{01 00} 0a{01 {00 02 40 02 40 0c 01 0c 00 02 40 0c 00 0b 0c 01 0b 0b 0b}}"
      "00{{'name'} 03{01 00 03 00{'a'} 01{'b'} 02{'a'}}}");
  same("(func block $x (br_table 0 1 $x 0 (i32.const 1)) end $x)",
       "(func block $x i32.const 1 br_table 0 1 0 0 end)");
  /* the label of an `if` is not in scope in its condition */
  same("(func block $l (if $l (block (result i32) (br $l)) (then (br $l))) end)",
       "(func block $l block (result i32) br 1 end if $l br 0 end end)");
  same("(func (block $l (try_table $l (catch_all $l) (br $l))))",
       "(func block $l try_table $l (catch_all 0) br 0 end end)");
}

static void type_uses(void **state) {
  (void)state;
  /* a new type behind the explicit ones, in order of first use, and used again */
  same("(func (param i32)) (func (result i64)) (func (param i32)) (type (func))",
       "(type (func)) (type (func (param i32))) (type (func (result i64)))"
       "(func (type 1)) (func (type 2)) (func (type 1))");
  same("(func (param i32)) (type (func (param i32)))", "(type (func (param i32))) (func (type 0))");
  same(
      "(type (func (param i32) (result i32))) (func (type 0) (param i32) (result i32) local.get 0)",
      "(type (func (param i32) (result i32))) (func (type 0) local.get 0)");
  same("(func (param i32 i64) (param f32) (result) (result i32 i32))",
       "(type (func (param i32) (param i64) (param f32) (result i32) (result i32))) (func (type "
       "0))");
  /* types that are part of a group, open, or below another are not what a signature stands for */
  same("(rec (type (func)) (type (func))) (type (sub (func))) (func)",
       "(rec (type (func)) (type (func))) (type (sub (func))) (type (func)) (func (type 3))");
  same("(rec (type (func (param i32)))) (func (param i32))",
       "(type (func (param i32))) (func (type 0))");
  same("(type (sub final (func))) (func)", "(type (func)) (func (type 0))");
  same("(func (block (param i32) (result i32)) (block (result i32 i32)) (block (result i32)))",
       "(type (func)) (type (func (param i32) (result i32))) (type (func (result i32 i32)))"
       "(func block (type 1) end block (type 2) end block (result i32) end)");
  same("(table 1 funcref) (func (call_indirect (param i32)) (call_indirect 0 (result i32)))",
       "(table 1 funcref) (type (func)) (type (func (param i32))) (type (func (result i32)))"
       "(func call_indirect (type 1) call_indirect 0 (type 2))");
}

static void locals(void **state) {
  (void)state;
  gives("(func (param i32) (local i32 i32 i64) (local f32) (local f32) local.get 5)",
        "01{01 60 01 7f 00} 03{01 00} 0a{01 {03 02 7f 01 7e 02 7d 20 05 0b}}");
  gives("(func $f (param $p i32) (local $q i32) local.get $q local.get $p)",
        "01{01 60 01 7f 00} 03{01 00} 0a{01 {01 01 7f 20 01 20 00 0b}}"
        "00{{'name'} 01{01 00{'f'}} 02{01 00 02 00{'p'} 01{'q'}}}");
  same("(type (func (param i32 i64))) (func (type 0) (local f32) local.get 2)",
       "(func (param i32 i64) (local f32) local.get 2)");
}

static void inline_imports_and_exports(void **state) {
  (void)state;
  same("(func (export \"a\") (export \"b\") (import \"m\" \"f\") (param i32))",
       "(import \"m\" \"f\" (func (param i32))) (export \"a\" (func 0)) (export \"b\" (func 0))");
  same("(func $f (import \"m\" \"f\") (param $x i32))",
       "(import \"m\" \"f\" (func $f (param $x i32)))");
  gives(
      "(func (import \"m\" \"f\") (param $x i32) (param (@name \"y\") i32) (param $x i32)) (func)",
      "01{02 60 03 7f 7f 7f 00 60 00 00} 02{01 {'m'} {'f'} 00 00} 03{01 01} 0a{01 {00 0b}}"
      "00{{'name'} 02{01 00 03 00{'x'} 01{'y'} 02{'x'}}}");
  same("(table (import \"m\" \"t\") 1 2 funcref) (memory (import \"m\" \"m\") 1)"
       "(global (import \"m\" \"g\") (mut i32)) (tag (import \"m\" \"e\") (param i32))",
       "(import \"m\" \"t\" (table 1 2 funcref)) (import \"m\" \"m\" (memory 1))"
       "(import \"m\" \"g\" (global (mut i32))) (import \"m\" \"e\" (tag (param i32)))");
  same("(memory (export \"m\") i64 1 2) (global (export \"g\") i32 (i32.const 1)) (tag (export "
       "\"e\"))",
       "(memory i64 1 2) (global i32 (i32.const 1)) (tag)"
       "(export \"m\" (memory 0)) (export \"g\" (global 0)) (export \"e\" (tag 0))");
}

static void segments(void **state) {
  (void)state;
  same("(func) (table funcref (elem 0 0))",
       "(func) (table 2 2 funcref) (elem (i32.const 0) func 0 0)");
  same("(func) (table i64 funcref (elem (ref.func 0) (item ref.null func)))",
       "(func) (table i64 2 2 funcref) (elem (i64.const 0) funcref (ref.func 0) (ref.null func))");
  same("(type (func)) (func) (table (ref null 0) (elem 0))",
       "(type (func)) (func) (table 1 1 (ref null 0)) (elem (table 0) (i32.const 0) (ref null 0) "
       "(ref.func 0))");
  same("(table 0 funcref) (func) (table funcref (elem 0))",
       "(table 0 funcref) (func) (table 1 1 funcref) (elem (table 1) (i32.const 0) func 0)");
  same("(memory (data \"ab\" \"c\"))", "(memory 1 1) (data (i32.const 0) \"abc\")");
  same("(memory (data))", "(memory 0 0) (data (offset i32.const 0))");
  same("(memory 0) (memory i64 (data \"x\"))",
       "(memory 0) (memory i64 1 1) (data (memory 1) (i64.const 0) \"x\")");
  same("(table 1 funcref) (func) (elem (i32.const 0) 0)",
       "(table 1 funcref) (func) (elem (table 0) (offset (i32.const 0)) func 0)");
  gives("(memory 0) (data \"x\") (data (i32.const 1) \"y\") (data (memory 1) (i32.const 2))",
        "05{01 00 00} 0b{03 01{'x'} 00 41 01 0b{'y'} 02 01 41 02 0b{}}");
  gives("(table 0 funcref) (elem func 0) (elem declare func 1) (elem (i32.const 0) func 2)"
        "(elem (table 1) (i32.const 0) func) (elem funcref) (elem declare externref)"
        "(elem (i32.const 0) funcref) (elem (i32.const 0) externref)",
        "04{01 70 00 00} 09{08 01 00 01 00 03 00 01 01 00 41 00 0b 01 02 02 01 41 00 0b 00 00"
        "05 70 00 07 6f 00 04 41 00 0b 00 06 00 41 00 0b 6f 00}");
  gives("(table 1 (ref 0) (ref.func 0))", "04{01 40 00 64 00 00 01 d2 00 0b}");
}

static void type_definitions(void **state) {
  (void)state;
  gives("(type (struct (field i8 (mut i16)) (field $x (ref null 0)) (field)))",
        "01{01 5f 03 78 00 77 01 63 00 00} 00{{'name'} 0a{01 00 01 02{'x'}}}");
  gives("(type (array (mut i32))) (type (sub 0 (array (mut i32))))",
        "01{02 5e 7f 01 50 01 00 5e 7f 01}");
  gives("(rec) (rec (type (func)) (type (sub final 0 (func))))",
        "01{02 4e 00 4e 02 60 00 00 4f 01 00 60 00 00}");
  same("(type (func (param funcref externref anyref eqref i31ref structref arrayref nullref"
       " nullfuncref nullexternref exnref nullexnref)))",
       "(type (func (param (ref null func) (ref null extern) (ref null any) (ref null eq)"
       " (ref null i31) (ref null struct) (ref null array) (ref null none) (ref null nofunc)"
       " (ref null noextern) (ref null exn) (ref null noexn))))");
}

static void immediates(void **state) {
  (void)state;
  same("(func memory.copy memory.fill memory.init 3 memory.size memory.grow table.copy table.init 2"
       " table.get table.set table.size)",
       "(func memory.copy 0 0 memory.fill 0 memory.init 0 3 memory.size 0 memory.grow 0"
       " table.copy 0 0 table.init 0 2 table.get 0 table.set 0 table.size 0)");
  gives("(func memory.init 1 2 table.init 3 4 memory.copy 5 6)",
        "01{01 60 00 00} 03{01 00} 0c{00} 0a{01 {00 fc 08 02 01 fc 0c 04 03 fc 0a 05 06 0b}}");
  gives("(func i32.load i64.load offset=0x10 i32.load8_u align=1 i32.load 1 offset=2 align=2)",
        "01{01 60 00 00} 03{01 00} 0a{01 {00 28 02 00 29 03 10 2d 00 00 28 41 01 02 0b}}");
  gives("(func v128.load8_lane 3 v128.load8_lane 1 3 v128.load16_lane offset=1 3 v128.load8_lane 1 "
        "align=1 3)",
        "01{01 60 00 00} 03{01 00} 0a{01 {00 fd 54 00 00 03 fd 54 40 01 00 03 fd 55 01 01 03"
        "fd 54 40 01 00 03 0b}}");
  gives("(func select select (result i32) select (result) ref.test (ref any) ref.test anyref"
        " ref.cast (ref null 0) br_on_cast 0 anyref (ref i31) ref.null 0)",
        "01{01 60 00 00} 03{01 00} 0a{01 {00 1b 1c 01 7f 1c 00 fb 14 6e fb 15 6e fb 17 00"
        "fb 18 01 00 6e 6c d0 00 0b}}");
  gives(
      "(func i32.const -1 i32.const 0xffffffff i64.const -0x8000_0000_0000_0000 f32.const nan:0x1)",
      "01{01 60 00 00} 03{01 00} 0a{01 {00 41 7f 41 7f 42 80 80 80 80 80 80 80 80 80 7f"
      "43 01 00 80 7f 0b}}");
  gives("(func v128.const i16x8 0 1 2 3 4 -1 0xffff 7 atomic.fence)",
        "01{01 60 00 00} 03{01 00} 0a{01 {00 fd 0c 00 00 01 00 02 00 03 00 04 00 ff ff ff ff 07 00"
        "fe 03 00 0b}}");
  same("(func v128.const f32x4 1 -0 inf nan:0x200000)",
       "(func v128.const i32x4 0x3f800000 0x80000000 0x7f800000 0x7fa00000)");
  same("(type $s (struct (field $a i32) (field $b i32))) (func struct.get $s $b struct.set $s 0)",
       "(type $s (struct (field $a i32) (field $b i32))) (func struct.get 0 1 struct.set 0 0)");
  gives("(tag) (func try_table (catch 0 0) (catch_ref 0 1) (catch_all 0) (catch_all_ref 1) end)",
        "01{01 60 00 00} 03{01 00} 0d{01 00 00}"
        "0a{01 {00 1f 40 04 00 00 00 01 00 01 02 00 03 01 0b 0b}}");
}

static void names(void **state) {
  (void)state;
  gives("(module $m)", "00{{'name'} 00{{'m'}}}");
  gives("(module (@name \"x\"))", "00{{'name'} 00{{'x'}}}");
  gives("(type $t (func)) (table $a 0 funcref) (memory $b 0) (global $c i32) (tag $d) (elem $e "
        "func) (data $f)",
        "01{01 60 00 00} 04{01 70 00 00} 05{01 00 00} 0d{01 00 00} 06{01 7f 00 0b} 09{01 01 00 00}"
        "0b{01 01 00} 00{{'name'} 04{01 00{'t'}} 05{01 00{'a'}} 06{01 00{'b'}} 07{01 00{'c'}}"
        "08{01 00{'e'}} 09{01 00{'f'}} 0b{01 00{'d'}}}");
  same("(func $\"a b\") (start $\"a\\20b\")", "(func (@name \"a b\")) (start 0)");
  same("(func (@name \"given\") $id (export \"x\"))", "(func $given (export \"x\"))");
}

/* An annotation names what stands in the place of an identifier, whatever that is. */
static void names_of_parts(void **state) {
  (void)state;
  same("(func (param (@name \"p\") i32) (local (@name \"l\") i64))",
       "(func (param $p i32) (local $l i64))");
  same("(func (param $p (@name \"q\") i32) (local (@name \"r\") $l i32))",
       "(func (param $q i32) (local $r i32))");
  same("(type (struct (field $x (@name \"y\") i32) (field (@name \"z\") i64) (field f32)))",
       "(type (struct (field $y i32) (field $z i64) (field f32)))");
  same("(func (@name \"f\") (param i32) (@name \"no\") (param (@name \"b\") i32))",
       "(func $f (param i32) (param $b i32))");
  same("(func block (@name \"a\") loop $l (@name \"b\") end end (if (@name \"c\") (i32.const 0) "
       "(then (block $d))) i32.const 1 if (@name \"e\") end)",
       "(func block $a loop $b end end (if $c (i32.const 0) (then (block $d))) i32.const 1 if $e "
       "end)");
  same("(func (block $l (@name \"m\") br $l))", "(func (block $m br 0))");
}

static void modules_in_strings(void **state) {
  (void)state;
  gives("(module binary \"\\00asm\" \"\\01\\00\\00\\00\" \"\\01\\01\\00\")", "01 01 00");
  gives(";; so\n(module definition $m binary \"\\00asm\\01\\00\\00\\00\") (; and so ;)", "");
  same("(module quote \"(func\" \" $f)\")", "(func $f)");
  same("(module $m quote \"(module quote \\\"(memory 1)\\\")\")", "(memory 1)");
  same("(module quote)", "(module)");
}

static void customs(void **state) {
  (void)state;
  gives("(@custom \"a\") (@custom \"b\" \"x\" \"y\") (@custom \"c\" (before type) \"z\")"
        "(@custom \"d\" (after type)) (type (func)) (@custom \"e\" (before first))",
        "00{{'c'} 'z'} 00{{'e'}} 01{01 60 00 00} 00{{'d'}} 00{{'a'}} 00{{'b'} 'xy'}");
  wrong("(@custom)", "@custom annotation: missing section name");
  wrong("(@custom \"a\" x)", "@custom annotation: unexpected token");
  wrong("(@custom \"a\" (of type))", "@custom annotation: malformed placement");
  wrong("(@custom \"a\" (after types))", "@custom annotation: malformed section kind");
  wrong("(func (@custom \"a\"))", "misplaced @custom annotation");
  wrong("(func) (@name \"a\")", "misplaced @name annotation");
  gives("(func (@metadata.code.branch_hint \"\\00\") (if (i32.const 1) (then)) i32.const 1"
        " (@metadata.code.branch_hint \"\\01\") br_if 0)",
        "01{01 60 00 00} 03{01 00} 00{{'metadata.code.branch_hint'} 01 00 02 03 01 00 08 01 01}"
        "0a{01 {00 41 01 04 40 0b 41 01 0d 00 0b}}");
  wrong("(@metadata.code.branch_hint \"\\00\")",
        "@metadata.code.branch_hint annotation: not in a function");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(whole_modules),
      cmocka_unit_test(folding),
      cmocka_unit_test(labels),
      cmocka_unit_test(type_uses),
      cmocka_unit_test(locals),
      cmocka_unit_test(inline_imports_and_exports),
      cmocka_unit_test(segments),
      cmocka_unit_test(type_definitions),
      cmocka_unit_test(immediates),
      cmocka_unit_test(names),
      cmocka_unit_test(customs),
      cmocka_unit_test(names_of_parts),
      cmocka_unit_test(modules_in_strings),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
