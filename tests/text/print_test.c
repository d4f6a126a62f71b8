/* Modules printed: the exact text of each form, names that are no good as identifiers, numbers that
 * read back to the same bits, and what hostile modules may cost. */
#include "text_test.h"

#include "binary/decode.h"
#include "support/failing_alloc.h"
#include "text/print.h"

/* The text of a module in binary, with a terminating zero; or its error. */
static Buffer print_binary(const Buffer *binary, u32 flags, Error *err) {
  Module m;
  Buffer out = {0};
  *err = (Error){0};
  u8 *copy = (u8 *)exact_copy((const char *)binary->data, binary->len);
  if (wm_module_decode(&m, copy, binary->len, err)) wm_module_print(&m, flags, &out, err);
  wm_module_free(&m);
  free(copy);
  wm_buffer_byte(&out, 0);
  return out;
}

static Buffer print(const Buffer *binary, u32 flags) {
  Error err;
  Buffer out = print_binary(binary, flags, &err);
  if (err.code) fail_msg("not printed: %s", err.message);
  return out;
}

/* The module's text holds `part`, and reads back to the same bytes. */
static void holds(const char *text, u32 flags, const char *part) {
  Buffer binary = convert(text), printed = print(&binary, flags);
  if (!strstr((const char *)printed.data, part))
    fail_msg("%s\n  is printed\n%s  without\n%s", text, (const char *)printed.data, part);
  Buffer again = convert((const char *)printed.data);
  bool same = again.len == binary.len && !memcmp(again.data, binary.data, binary.len);
  if (!same && !(flags & PRINT_NO_NAMES))
    fail_msg("%s\n  is printed\n%s  which is another module", text, (const char *)printed.data);
  wm_buffer_free(&binary);
  wm_buffer_free(&printed);
  wm_buffer_free(&again);
}

/* A module of these sections in hex (text_test.h); its text holds `part`. */
static void shows(const char *hex, const char *part) {
  Buffer sections = from_hex(hex), binary = {0};
  wm_encode_header(&binary);
  wm_buffer_bytes(&binary, sections.data, sections.len);
  Buffer printed = print(&binary, 0);
  if (!strstr((const char *)printed.data, part))
    fail_msg("%s\n  is printed\n%s  without\n%s", hex, (const char *)printed.data, part);
  Buffer again = convert((const char *)printed.data);
  wm_buffer_free(&sections);
  wm_buffer_free(&binary);
  wm_buffer_free(&printed);
  wm_buffer_free(&again);
}

/* ---- forms ---- */

static void modules(void **state) {
  (void)state;
  holds("(module)", 0, "(module)\n");
  holds("(module $m)", 0, "(module $m)\n");
  holds("(import \"a\" \"b\" (func $f (param i32)))", 0,
        "\n  (import \"a\" \"b\" (func $f (;0;) (type 0) (param i32))))");
  holds("(func $f) (start $f)", 0, "\n  (start $f)");
  holds("(memory i64 1 2 shared)", 0, "(memory (;0;) i64 1 2 shared)");
  holds("(table $t 1 (ref null func) (ref.null func))", 0,
        "(table $t (;0;) 1 funcref (ref.null func))");
  holds("(global (mut i32) (i32.add (i32.const 1) (i32.const 2)))", 0,
        "(global (;0;) (mut i32) i32.const 1 i32.const 2 i32.add)");
  holds("(tag $e (param i32))", 0, "(tag $e (;0;) (type 0) (param i32))");
  holds("(func) (export \"a\\22\\n\\e2\\80\\ae\\c3\\a4\" (func 0))", 0,
        "(export \"a\\\"\\n\\e2\\80\\ae\xc3\xa4\" (func 0))");
}

static void types(void **state) {
  (void)state;
  holds("(rec (type $a (sub (struct (field $x (mut i8)) (field (ref null $b))))) (type $b (array "
        "i16)))",
        0,
        "(rec\n    (type $a (;0;) (sub (struct (field $x (mut i8)) (field (ref null $b)))))\n"
        "    (type $b (;1;) (array i16)))");
  holds("(rec)", 0, "(module\n  (rec))\n");
  holds("(type (func)) (rec) (rec) (rec (type (func)) (type $t (func))) (rec) (func (type $t))", 0,
        "(type (;0;) (func))\n  (rec)\n  (rec)\n  (rec\n    (type (;1;) (func))\n"
        "    (type $t (;2;) (func)))\n  (rec)\n  (func (;0;) (type $t))");
  holds("(type $a (sub (func))) (type (sub final $a (func)))", 0,
        "(type (;1;) (sub final $a (func)))");
  holds("(type (func (param (ref any) anyref (ref null 0) exnref)))", 0,
        "(func (param (ref any) anyref (ref null 0) exnref))");
}

static void segments(void **state) {
  (void)state;
  holds("(table 1 funcref) (func $f) (elem $e (i32.const 0) $f)", 0,
        "(elem $e (;0;) (i32.const 0) func $f)");
  holds("(table 0 funcref) (table 1 externref) (elem (table 1) (i32.const 0) externref (ref.null "
        "extern))",
        0, "(elem (;0;) (table 1) (i32.const 0) externref (ref.null extern))");
  holds("(func) (elem declare func 0)", 0, "(elem (;0;) declare func 0)");
  holds("(elem funcref (item i32.const 0 drop ref.null func))", 0,
        "funcref (item i32.const 0 drop ref.null func)");
  holds("(memory 0) (memory 0) (data (memory 1) (offset i32.const 1 i32.eqz) \"a\\00\\\\\")", 0,
        "(data (;0;) (memory 1) (offset i32.const 1 i32.eqz)\n    \"a\\00\\\\\")");
  holds("(data $d \"\")", 0, "(data $d (;0;))");
}

static void immediates(void **state) {
  (void)state;
  holds(
      "(memory 1) (func i32.load offset=3 align=1 i32.load i64.load8_u "
      "offset=18446744073709551615)",
      0,
      "\n    i32.load offset=3 align=1\n    i32.load\n    i64.load8_u offset=18446744073709551615");
  holds("(memory 1) (memory 1) (func v128.load8_lane 1 offset=1 5 memory.copy 0 1 memory.init 1 0)"
        "(data)",
        0, "v128.load8_lane 1 offset=1 5\n    memory.copy 0 1\n    memory.init 1 0");
  holds("(func v128.const i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 i8x16.extract_lane_s 3)", 0,
        "v128.const i32x4 0x03020100 0x07060504 0x0b0a0908 0x0f0e0d0c\n    i8x16.extract_lane_s 3");
  holds(
      "(func select (result i32 (ref null 0)) select ref.test (ref null any) ref.cast (ref any)"
      " br_on_cast 0 anyref (ref i31) ref.null extern)",
      0,
      "select (result i32 (ref null 0))\n    select\n    ref.test anyref\n    ref.cast (ref any)\n"
      "    br_on_cast 0 (;@0;) anyref (ref i31)\n    ref.null extern");
  holds("(type $s (struct (field i32) (field $y i32))) (func struct.get $s $y array.new_fixed 0 7)",
        0, "struct.get $s $y\n    array.new_fixed $s 7");
  holds(
      "(tag $e) (func block $l try_table (catch $e $l) (catch_all_ref 1) end end)", 0,
      "block $l (;@1;)\n      try_table (;@2;) (catch $e $l) (catch_all_ref 1 (;@0;))\n      end");
  holds("(table 1 funcref) (func br_table 0 0 0 call_indirect (type 0) memory.fill)", 0,
        "br_table 0 (;@0;) 0 (;@0;) 0 (;@0;)\n    call_indirect (type 0)\n    memory.fill");
}

static void folded(void **state) {
  (void)state;
  holds("(func (param i32) local.get 0 i32.const 1 i32.add drop)", PRINT_FOLDED,
        "\n    (drop (i32.add (local.get 0) (i32.const 1))))");
  holds("(func (result i32) i32.const 1 if $l (result i32) i32.const 2 br $l else unreachable end)",
        PRINT_FOLDED,
        "\n    (if $l (;@1;) (result i32)\n      (i32.const 1)\n      (then\n        (br $l "
        "(i32.const "
        "2))\n      )\n      (else\n        (unreachable)\n      )\n    ))");
  holds("(func i32.const 1 block end drop)", PRINT_FOLDED,
        "\n    (i32.const 1)\n    (block (;@1;)\n    )\n    (drop))");
  holds("(func i32.const 1 block (param i32) drop end)", PRINT_FOLDED,
        "\n    (i32.const 1)\n    (block (;@1;) (type 1)\n      (drop)\n    ))");
  holds("(func i32.const 1 i32.const 2 block (param i32) (result i32) end i32.add drop)",
        PRINT_FOLDED,
        "\n    (i32.const 1)\n    (i32.const 2)\n    (block (;@1;) (type 1)\n    )\n    (drop "
        "(i32.add)))");
  holds("(func $f (result i32 i32) call $f i32.add call $f drop drop unreachable)", PRINT_FOLDED,
        "\n    (i32.add (call $f))\n    (call $f)\n    (drop)\n    (drop)");
  holds("(func if i32.add else end)", PRINT_FOLDED,
        "\n    (if (;@1;)\n      (then\n        (i32.add)\n      )\n      (else\n      )\n    ))");
}

static void options(void **state) {
  (void)state;
  holds("(func $f (param $p i32) local.get $p)", PRINT_NO_NAMES,
        "(func (;0;) (type 0) (param i32)\n    local.get 0)");
  holds("(func nop nop)", PRINT_OFFSETS, "\n    (;0x00000017;) nop\n    (;0x00000018;) nop)");
  holds("(func i32.const 0 drop)", PRINT_OFFSETS | PRINT_FOLDED,
        "((;0x00000019;) drop ((;0x00000017;) i32.const 0))");
}

/* ---- numbers ---- */

static void integer(u64 bits) {
  char text[128], part[64];
  snprintf(text, sizeof text, "(func i64.const %lld i32.const %d)", (long long)bits,
           (int)(u32)bits);
  snprintf(part, sizeof part, "i64.const %lld\n    i32.const %d)", (long long)bits, (int)(u32)bits);
  holds(text, 0, part);
}

/* `holds` compares the bytes of what is read back. */
static void floats(u64 bits) {
  Buffer text = {0};
  wm_buffer_print(&text, "(func v128.const i64x2 %llu %llu)", (unsigned long long)bits,
                  (unsigned long long)bits);
  wm_buffer_byte(&text, 0);
  Buffer vector = convert((const char *)text.data);
  u8 *value = vector.data + vector.len - 17; /* and the same bits as floats */
  Buffer module = convert("(func f64.const 0.5 f32.const 0.5)");
  memcpy(module.data + module.len - 6 - 8, value, 8);
  memcpy(module.data + module.len - 5, value + 4, 4);
  Buffer printed = print(&module, 0), again = convert((const char *)printed.data);
  if (again.len != module.len || memcmp(again.data, module.data, module.len))
    fail_msg("%016llx is printed\n%s", (unsigned long long)bits, (const char *)printed.data);
  Buffer *const all[] = {&text, &vector, &module, &printed, &again};
  for (u32 i = 0; i < ARRAY_LEN(all); i++) wm_buffer_free(all[i]);
}

static void numbers(void **state) {
  (void)state;
  static const u64 special[] = {0,
                                1,
                                UINT64_C(0x8000000000000000),
                                UINT64_C(0x7FFFFFFFFFFFFFFF),
                                UINT64_C(0xFFFFFFFFFFFFFFFF),
                                UINT64_C(0x80000000),
                                UINT64_C(0x7FF0000000000000),
                                UINT64_C(0xFFF0000000000001),
                                UINT64_C(0x7FF8000000000000),
                                UINT64_C(0xFF800001FF800001),
                                UINT64_C(0x7FC000007FC00000),
                                UINT64_C(0x0010000000000000),
                                UINT64_C(0x3FB999999999999A)};
  u64 random = 1;
  for (u32 i = 0; i < ARRAY_LEN(special); i++) {
    integer(special[i]);
    floats(special[i]);
  }
  for (u32 i = 0; i < 2000; i++) {
    random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
    floats(random ^ random >> 29);
  }
  holds("(func f32.const nan:0x200000 f64.const -nan f64.const -inf f32.const -0)", 0,
        "f32.const nan:0x200000\n    f64.const -nan\n    f64.const -inf\n    f32.const -0)");
}

/* ---- names ---- */

static void names(void **state) {
  (void)state;
  holds("(func $\"a b\") (func (@name \"\"))", 0, "(func $\"a b\" (;0;) (type 0))");
  holds("(func $\"a b\") (func (@name \"\"))", 0, "(func (@name \"\") (;1;) (type 0))");
  holds("(func $\"\\u{202e}\\\"\" (@name \"\\u{202e}\\\"\"))", 0, "$\"\\e2\\80\\ae\\\"\"");
  holds("(func $f) (func (@name \"f\")) (func $f#1) (func call 0 call 1 call 2)", 0,
        "call $f\n    call $f#1.1\n    call $f#1)");
  holds("(func $f) (func (@name \"f\"))", 0, "(func $f#1 (@name \"f\") (;1;) (type 0))");
  holds("(func (param $x i32) (param (@name \"x\") i32) (local (@name \"x\") i64) (local i32) "
        "local.get 2)",
        0, "(local $x#2 (@name \"x\") i64) (local i32)\n    local.get $x#2");
  holds("(func block $l (@name \"m\") block (@name \"m\") br 0 br 1 end end)", 0,
        "block $m#1 (@name \"m\") (;@2;)\n        br $m#1\n        br $m");
  holds("(type (struct (field $x i32) (field (@name \"x\") i32)))", 0,
        "(struct (field $x i32) (field $x#1 (@name \"x\") i32))");
  holds("(module (@name \"\"))", 0, "(module (@name \"\"))");
  holds("(import \"a\" \"b\" (func $f (param $x i32) (param i64) (param (@name \"x\") f32)))", 0,
        "(func $f (;0;) (type 0) (param $x i32) (param i64) (param $x#2 (@name \"x\") f32)))");
  holds("(import \"a\" \"b\" (func (param $x i32))) (import \"a\" \"t\" (tag (param i32)))"
        " (import \"a\" \"c\" (func (param i32))) (import \"a\" \"d\" (func (param $x i32)))"
        " (tag (param i32))",
        0,
        "(param $x i32)))\n  (import \"a\" \"t\" (tag (;0;) (type 0) (param i32)))\n"
        "  (import \"a\" \"c\" (func (;1;) (type 0) (param i32)))\n"
        "  (import \"a\" \"d\" (func (;2;) (type 0) (param $x i32)))\n"
        "  (tag (;1;) (type 0) (param i32))");
  holds("(type $x (func)) (table $x 0 funcref) (memory $x 0) (global $x i32 i32.const 0) (tag $x)"
        "(elem $x func) (data $x)",
        0, "(data $x (;0;))");
}

/* Of a name section that is broken, all before the break counts; indices may be anything. */
static void broken_names(void **state) {
  (void)state;
  static const char two[] = "01{01 60 00 00} 03{02 00 00} 0a{02 {00 0b} {00 0b}}";
  char hex[256];
  snprintf(hex, sizeof hex, "%s 00{{'name'} 01{03 00{'a'} 09{'no'} 01{ff}}}", two);
  shows(hex, "(func $a (;0;) (type 0))\n  (func (;1;) (type 0))");
  snprintf(hex, sizeof hex, "%s 00{{'name'} 01{02 01{'b'} 01{'c'}} 02{05 00 01 07{'x'}}}", two);
  shows(hex, "(func (;0;) (type 0))\n  (func $b (;1;) (type 0))");
  snprintf(hex, sizeof hex, "%s 00{{'name'} 01{01 00{'a'}}} 00{{'name'} 01{01 00{'z'}}}", two);
  shows(hex, "(; one more name section is left out ;)");
}

static void long_names(void **state) {
  (void)state;
  Buffer text = {0};
  for (u32 i = 0; i < 2; i++) {
    wm_buffer_print(&text, "(func $%s", "");
    for (u32 k = 0; k < 300; k++) wm_buffer_byte(&text, 'n');
    wm_buffer_print(&text, "%u call 0)", i);
  }
  wm_buffer_byte(&text, 0);
  holds((const char *)text.data, 0, "nnn#1 (@name \"nnn");
  holds((const char *)text.data, 0, "call $nnn");
  wm_buffer_free(&text);
}

static void customs(void **state) {
  (void)state;
  holds("(@custom \"a\" (before first) \"x\") (type (func)) (@custom \"b\" (after type) \"y\\00\")",
        0,
        "\n  (@custom \"a\" (before first)\n    \"x\")\n  (@custom \"b\" (after type)\n    "
        "\"y\\00\"))");
  holds("(func) (@custom \"b\" (before code) \"\") (@custom \"c\" (after code) \"\")", 0,
        "(@custom \"b\" (after func))\n  (@custom \"c\" (after code))");
}

/* Behind each section that there is. */
static void places(void **state) {
  (void)state;
  static const char *const words[] = {"type",      "import", "func",   "table", "memory",
                                      "tag",       "global", "export", "start", "elem",
                                      "datacount", "code",   "data"};
  for (u32 i = 0; i < ARRAY_LEN(words); i++) {
    char text[300], part[64];
    snprintf(
        text, sizeof text,
        "(import \"a\" \"b\" (func)) (table 0 funcref) (memory 0) (tag) (global i32 i32.const 0)"
        " (start 0) (elem func) (func memory.init 0) (data \"\") (export \"f\" (func 0))"
        " (@custom \"x\" (after %s) \"\")",
        words[i]);
    snprintf(part, sizeof part, "(@custom \"x\" (after %s))", words[i]);
    holds(text, 0, part);
  }
}

/* ---- branch hints ---- */

#define HINT_0 "(@metadata.code.branch_hint \"\\00\")"
#define HINT_1 "(@metadata.code.branch_hint \"\\01\")"

static void hints(void **state) {
  (void)state;
  static const char text[] =
      "(func (result i32) (block $l " HINT_1 "(br_if $l (i32.const 1)) (i32.eqz " HINT_0
      "(if (result i32) (i32.const 2) (then (i32.const 3)) (else " HINT_1
      "(br_if $l (i32.const 7)) (i32.const 4)))) drop) i32.const 5) (func)"
      "(func i32.const 6 " HINT_0 " if else " HINT_1 " if end end)";
  holds(text, 0,
        "\n      " HINT_1 "\n      br_if $l\n      i32.const 2\n      " HINT_0 "\n      if");
  holds(text, 0, "\n    " HINT_0 "\n    if (;@1;)\n    else\n      " HINT_1 "\n      if (;@2;)");
  holds(text, PRINT_FOLDED, "\n      " HINT_1 "\n      (br_if $l (i32.const 1))\n");
  holds(text, PRINT_FOLDED, "(i32.eqz\n          " HINT_0 "\n          (if (;@2;) (result i32)\n");
  holds(text, PRINT_FOLDED,
        "(else\n              " HINT_1 "\n              (br_if $l (i32.const 7))");
  holds("(func (result i32) (i32.eqz " HINT_0 "(br_if 0 (i32.const 1) (i32.const 2))))",
        PRINT_FOLDED, "(i32.eqz " HINT_0 " (br_if 0 (;@0;) (i32.const 1) (i32.const 2)))");
  holds(text, PRINT_OFFSETS, HINT_0 "\n      (;0x00000055;) if");
}

/* One function with an `if` at byte 3, whose condition and numbers are in more bytes than needed;
 * the section says `hints`, and after it comes `more`. */
static void hinted(const char *hints, const char *more, const char *part) {
  char hex[512];
  snprintf(hex, sizeof hex,
           "01{01 60 00 00} 03{01 00} 00{{'metadata.code.branch_hint'} %s} %s"
           "0a{01 {00 41 81 00 04 40 0b 0b}}",
           hints, more);
  shows(hex, part);
}

/* Of hints that do not all meet a branch, the section stays as it is. */
static void hints_that_stay(void **state) {
  (void)state;
  static const char raw[] =
      "\n  (; what is said of places in the code is true of the binary that was"
      " printed ;)\n  (@custom \"metadata.code.branch_hint\" (after func)";
  hinted("01 00 01 04 01 00", "", "i32.const 1\n    " HINT_0 "\n    if (;@1;)\n    end))\n");
  hinted("01 00 01 03 01 00", "", raw);          /* within an instruction */
  hinted("01 00 01 01 01 00", "", raw);          /* no branch */
  hinted("01 00 02 04 01 00 06 01 00", "", raw); /* the second one is none */
  hinted("01 00 01 04 01 02", "", raw);
  hinted("01 00 01 04 01 00 00", "", raw); /* too long */
  hinted("01 00 01 04", "", raw);
  hinted("01 01 01 04 01 00", "", raw); /* of another function */
  hinted("00", "", raw);
  hinted("01 00 01 04 01 00", "00{{'metadata.code.branch_hint'} 01 00 01 04 01 01}",
         "(after func)\n    \"\\01\\00\\01\\04\\01\\00\")");
}

static void sections_of_offsets(void **state) {
  (void)state;
  static const char *const names[] = {"reloc.CODE", "linking", ".debug_line", "metadata.code.x"};
  for (u32 i = 0; i < ARRAY_LEN(names); i++) {
    char text[64], part[160];
    snprintf(text, sizeof text, "(@custom \"%s\" \"x\")", names[i]);
    snprintf(part, sizeof part, "that was printed ;)\n  (@custom \"%s\" (before first)\n",
             names[i]);
    holds(text, 0, part);
  }
  holds("(@custom \"debug\" \"x\")", 0, "(module\n  (@custom \"debug\"");
}

/* ---- modules that are not valid, or not even well-formed ---- */

static void not_valid(void **state) {
  (void)state;
  holds("(func br 7 call 9 local.get 3 struct.get 5 6 block br 3 end)", 0,
        "br 7\n    call 9\n    local.get 3\n    struct.get 5 6\n    block (;@1;)\n      br 3");
  holds("(type (struct)) (func (type 0) call_indirect (type 8))", PRINT_FOLDED,
        "(func (;0;) (type 0)\n    (call_indirect (type 8)))");
  holds("(start 4) (export \"x\" (table 9))", 0, "(export \"x\" (table 9))\n  (start 4)");
}

static void refuses(const char *body, ErrorCode code, const char *message) {
  char hex[256];
  Error err;
  snprintf(hex, sizeof hex, "01{01 60 00 00} 03{01 00} 0a{01 {%s}}", body);
  for (u32 flags = 0; flags <= PRINT_FOLDED; flags++) {
    Buffer sections = from_hex(hex), binary = {0};
    wm_encode_header(&binary);
    wm_buffer_bytes(&binary, sections.data, sections.len);
    Buffer printed = print_binary(&binary, flags, &err);
    if (err.code != code || strncmp(err.message, message, strlen(message)) != 0)
      fail_msg("%s\n  says \"%s\"\n  not  \"%s\"", body, err.message, message);
    wm_buffer_free(&sections);
    wm_buffer_free(&binary);
    wm_buffer_free(&printed);
  }
}

static void malformed(void **state) {
  (void)state;
  refuses("00", ERR_MALFORMED, "unexpected end");
  refuses("00 02 40 0b", ERR_MALFORMED, "unexpected end");
  refuses("00 0b 0b", ERR_MALFORMED, "section size mismatch");
  refuses("00 05 0b", ERR_MALFORMED, "END opcode expected");
  refuses("00 02 40 05 0b 0b", ERR_MALFORMED, "END opcode expected");
  refuses("00 04 40 05 05 0b 0b", ERR_MALFORMED, "END opcode expected");
  refuses("00 ff 0b", ERR_MALFORMED, "illegal opcode");
  refuses("00 fc ff 0b 0b", ERR_MALFORMED, "illegal opcode");
  refuses("01 ff ff ff ff 0f 7f 0b", ERR_LIMIT, "too many locals");
}

/* ---- what it may cost ---- */

enum { DEEP = 1000000, LESS_DEEP = 200000 };

/* `open` and `close`, bytes of instructions, each `count` times, as a function's body. */
static Buffer deep_module(const char *open, const char *middle, const char *close, u32 count) {
  Buffer one = from_hex(open), inside = from_hex(middle), end = from_hex(close);
  Buffer types = from_hex("01{01 60 00 00} 03{01 00}"), out = {0};
  wm_encode_header(&out);
  wm_buffer_bytes(&out, types.data, types.len);
  size_t section = wm_encode_section(&out, SECTION_CODE);
  wm_buffer_uleb(&out, 1);
  size_t body = wm_encode_open(&out);
  wm_buffer_uleb(&out, 0);
  for (u32 i = 0; i < count; i++) wm_buffer_bytes(&out, one.data, one.len);
  wm_buffer_bytes(&out, inside.data, inside.len);
  for (u32 i = 0; i < count; i++) wm_buffer_bytes(&out, end.data, end.len);
  wm_encode_op(&out, OP_end);
  wm_encode_close(&out, body);
  wm_encode_close(&out, section);
  Buffer *const all[] = {&one, &inside, &end, &types};
  for (u32 i = 0; i < ARRAY_LEN(all); i++) wm_buffer_free(all[i]);
  return out;
}

static void deep(const char *open, const char *middle, const char *close, u32 count) {
  Buffer module = deep_module(open, middle, close, count);
  for (u32 flags = 0; flags <= PRINT_FOLDED; flags++) {
    Buffer printed = print(&module, flags);
    Buffer again = convert((const char *)printed.data);
    assert_int_equal(again.len, module.len);
    assert_memory_equal(again.data, module.data, module.len);
    wm_buffer_free(&printed);
    wm_buffer_free(&again);
  }
  wm_buffer_free(&module);
}

static void nested(void **state) {
  (void)state;
  deep("02 40", "", "0b", DEEP);            /* blocks */
  deep("41 01 04 40", "", "0b", LESS_DEEP); /* ifs, each in the one before */
  deep("", "41 00", "45", LESS_DEEP);       /* i32.eqz of i32.eqz */
  deep("41 00", "", "6a", LESS_DEEP);       /* i32.add of the last two, again and again */
}

/* A few bytes that stand for much text: refused where that is beyond all proportion. */
static void out_of_proportion(void **state) {
  (void)state;
  enum { FUNCS = 2000 };
  Buffer module = {0};
  Error err;
  wm_encode_header(&module);
  Buffer types = from_hex("01{01 60 00 00}");
  wm_buffer_bytes(&module, types.data, types.len);
  size_t section = wm_encode_section(&module, SECTION_FUNCTION);
  wm_buffer_uleb(&module, FUNCS);
  for (u32 i = 0; i < FUNCS; i++) wm_buffer_byte(&module, 0);
  wm_encode_close(&module, section);
  section = wm_encode_section(&module, SECTION_CODE);
  wm_buffer_uleb(&module, FUNCS);
  for (u32 i = 0; i < FUNCS; i++) wm_buffer_bytes(&module, "\x06\x01\xd0\x86\x03\x7f\x0b", 7);
  wm_encode_close(&module, section);
  Buffer printed = print_binary(&module, 0, &err);
  assert_int_equal(err.code, ERR_LIMIT);
  assert_in_range(printed.len, 1, 70 << 20);
  wm_buffer_free(&printed);
  wm_buffer_free(&types);
  wm_buffer_free(&module);
}

static void allocations_fail(void **state) {
  (void)state;
  Buffer binary = convert(
      "(module $m (rec) (type $s (struct (field $x i32))) (func $f (param $p i32) (local"
      " (@name \"p\") i64) block $l local.get $p i32.eqz " HINT_0 " br_if $l end) (data \"x\")"
      " (@custom \"c\" \"y\") (global $g i32 (i32.const 1)))");
  Module m;
  Error err = {0};
  assert_true(wm_module_decode(&m, binary.data, binary.len, &err));
  for (u32 flags = 0; flags <= PRINT_FOLDED; flags++) {
    for (u64 n = 1;; n++) {
      Buffer out = {0};
      err = (Error){0};
      failing_alloc_start(n);
      bool ok = wm_module_print(&m, flags, &out, &err);
      bool failed = failing_alloc_stop();
      assert_int_equal(err.code, failed ? ERR_OUT_OF_MEMORY : ERR_NONE);
      assert_true(ok != failed);
      wm_buffer_free(&out);
      if (!failed) break;
    }
  }
  wm_module_free(&m);
  wm_buffer_free(&binary);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(modules),
      cmocka_unit_test(types),
      cmocka_unit_test(segments),
      cmocka_unit_test(immediates),
      cmocka_unit_test(folded),
      cmocka_unit_test(options),
      cmocka_unit_test(numbers),
      cmocka_unit_test(names),
      cmocka_unit_test(broken_names),
      cmocka_unit_test(long_names),
      cmocka_unit_test(customs),
      cmocka_unit_test(places),
      cmocka_unit_test(hints),
      cmocka_unit_test(hints_that_stay),
      cmocka_unit_test(sections_of_offsets),
      cmocka_unit_test(not_valid),
      cmocka_unit_test(malformed),
      cmocka_unit_test(nested),
      cmocka_unit_test(out_of_proportion),
      cmocka_unit_test(allocations_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
