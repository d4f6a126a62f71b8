/* Scripts: each kind of command, values and patterns, broken commands. */
#include "text_test.h"

#include "support/failing_alloc.h"
#include "text/wast.h"

static bool is(Name name, const char *text) {
  return name.len == strlen(text) && memcmp(name.bytes, text, name.len) == 0;
}

static WastScript *open_script(const char *text) {
  WastScript *s = wm_wast_open(text, strlen(text));
  assert_non_null(s);
  return s;
}

/* The first command; the script stays open for what the command points at. */
static WastScript *first(const char *text, WastCommand *c) {
  WastScript *s = open_script(text);
  assert_true(wm_wast_next(s, c));
  if (c->kind == WAST_ERROR) fail_msg("%s: %s", text, c->error.message);
  return s;
}

static void modules(void **state) {
  (void)state;
  WastCommand c;
  Buffer b = {0};
  Error err = {0};
  WastScript *s =
      open_script(";; one\n(module $M (func))\n(module binary \"\\00a\" \"sm\")\n"
                  "(module $\"q q\" quote \"(func\" \" $f)\")\n(module definition $D (memory 1))\n"
                  "(module instance $I $D) (module instance)\n"
                  "(assert_unlinkable (module instance $I $D) \"m\")"
                  "(assert_trap (module instance) \"m\") (assert_invalid (module instance) \"m\")");
  assert_true(wm_wast_next(s, &c));
  assert_int_equal(c.kind, WAST_MODULE);
  assert_int_equal(c.line, 2);
  assert_int_equal(c.start, 7);
  assert_int_equal(c.end, 25);
  assert_true(c.has_module && !c.module.is_definition && is(c.module.id, "M"));
  assert_true(wm_wast_module_bytes(s, &c.module, &b, &err));
  assert_int_equal(b.len, 8 + 6 + 4 + 6 + 11);

  b.len = 0;
  assert_true(wm_wast_next(s, &c));
  assert_int_equal(c.line, 3);
  assert_int_equal(c.module.form, WAST_BINARY);
  assert_true(wm_wast_module_bytes(s, &c.module, &b, &err));
  assert_int_equal(b.len, 4);
  assert_memory_equal(b.data, "\0asm", 4);

  b.len = 0;
  assert_true(wm_wast_next(s, &c));
  assert_int_equal(c.module.form, WAST_QUOTE);
  assert_true(is(c.module.id, "q q"));
  assert_true(wm_wast_module_bytes(s, &c.module, &b, &err));

  b.len = 0;
  assert_true(wm_wast_next(s, &c));
  assert_true(c.module.is_definition && is(c.module.id, "D"));
  assert_true(wm_wast_module_bytes(s, &c.module, &b, &err));

  assert_true(wm_wast_next(s, &c));
  assert_int_equal(c.kind, WAST_INSTANCE);
  assert_true(is(c.id, "I") && is(c.definition, "D"));
  assert_true(wm_wast_next(s, &c));
  assert_true(is(c.id, "") && is(c.definition, ""));

  assert_true(wm_wast_next(s, &c));
  assert_int_equal(c.kind, WAST_ASSERT_UNLINKABLE);
  assert_true(c.has_instance && !c.has_module && is(c.definition, "D") && is(c.message, "m"));
  assert_true(wm_wast_next(s, &c));
  assert_int_equal(c.kind, WAST_ASSERT_TRAP);
  assert_true(c.has_instance && is(c.definition, ""));
  assert_true(wm_wast_next(s, &c));
  assert_int_equal(c.kind, WAST_ASSERT_INVALID); /* of a module: this is a broken one */
  assert_false(c.has_instance);
  assert_false(wm_wast_next(s, &c));
  assert_false(wm_wast_next(s, &c));
  wm_wast_close(s);
  wm_buffer_free(&b);
}

static void bare_fields(void **state) {
  (void)state;
  WastCommand c;
  Buffer b = {0};
  Error err = {0};
  WastScript *s = open_script("(func) (memory 0)\n(func (export \"f\")) (invoke \"f\") (func)");
  assert_true(wm_wast_next(s, &c));
  assert_int_equal(c.kind, WAST_MODULE);
  assert_true(wm_wast_module_bytes(s, &c.module, &b, &err));
  assert_true(wm_wast_next(s, &c));
  assert_int_equal(c.kind, WAST_ACTION);
  assert_int_equal(c.line, 2);
  assert_true(wm_wast_next(s, &c));
  assert_int_equal(c.kind, WAST_MODULE);
  assert_false(wm_wast_next(s, &c));
  wm_wast_close(s);
  wm_buffer_free(&b);
}

static void actions(void **state) {
  (void)state;
  WastCommand c;
  WastScript *s =
      first("(invoke $M \"a\\00b\" (i32.const -1) (i64.const 2) (f32.const nan:0x1) (f64.const 1.5)"
            "(v128.const i16x8 1 2 3 4 5 6 7 8) (ref.null func) (ref.extern 3) (ref.host 4))",
            &c);
  assert_int_equal(c.kind, WAST_ACTION);
  assert_string_equal(c.keyword, "invoke");
  assert_true(is(c.action.instance, "M"));
  assert_int_equal(c.action.name.len, 3);
  assert_int_equal(c.action.arg_count, 8);
  const WastValue *v = c.action.args;
  assert_true(v[0].kind == WAST_I32 && v[0].bits == 0xFFFFFFFF);
  assert_true(v[1].kind == WAST_I64 && v[1].bits == 2);
  assert_true(v[2].kind == WAST_F32 && v[2].bits == 0x7F800001);
  assert_true(v[3].kind == WAST_F64 && v[3].bits == bits_of_f64(1.5));
  assert_true(v[4].kind == WAST_V128 && v[4].shape == SHAPE_I16X8 && v[4].v128.u16x8[7] == 8);
  assert_true(v[5].kind == WAST_REF_NULL && v[5].heap == HEAP_FUNC);
  assert_true(v[6].kind == WAST_REF_EXTERN && v[6].has_bits && v[6].bits == 3);
  assert_true(v[7].kind == WAST_REF_HOST && v[7].bits == 4);
  wm_wast_close(s);

  s = first("(get \"g\")", &c);
  assert_true(c.kind == WAST_ACTION && c.action.is_get && is(c.action.name, "g") &&
              !c.action.arg_count);
  wm_wast_close(s);
  s = first("(register \"name\" $M)", &c);
  assert_true(c.kind == WAST_REGISTER && is(c.name, "name") && is(c.id, "M"));
  wm_wast_close(s);
}

static void results(void **state) {
  (void)state;
  WastCommand c;
  WastScript *s =
      first("(assert_return (get \"g\") (f32.const nan:canonical) (f64.const nan:arithmetic) "
            "(f32.const 1)"
            "(v128.const f32x4 1 nan:canonical 0 nan:arithmetic) (ref.null) (ref.func) (ref.extern)"
            "(ref.i31) (ref.struct) (ref.array) (ref.eq) (ref.any) (ref.exn)"
            "(either (i32.const 1) (i32.const 2) (f64.const nan:canonical)) (i32.const 9))",
            &c);
  const WastValue *v = c.results;
  assert_int_equal(c.kind, WAST_ASSERT_RETURN);
  assert_int_equal(c.result_count, 18);
  assert_true(v[0].kind == WAST_F32 && v[0].nan[0] == WAST_NAN_CANONICAL);
  assert_true(v[1].kind == WAST_F64 && v[1].nan[0] == WAST_NAN_ARITHMETIC);
  assert_true(v[2].nan[0] == WAST_EXACT && v[2].bits == 0x3F800000);
  assert_true(v[3].nan[0] == WAST_EXACT && v[3].nan[1] == WAST_NAN_CANONICAL &&
              v[3].nan[3] == WAST_NAN_ARITHMETIC && v[3].v128.u32x4[0] == 0x3F800000);
  assert_true(v[4].kind == WAST_REF_NULL && v[4].heap == 0);
  assert_int_equal(v[5].kind, WAST_REF_FUNC);
  assert_true(v[6].kind == WAST_REF_EXTERN && !v[6].has_bits);
  static const WastValueKind refs[] = {WAST_REF_I31, WAST_REF_STRUCT, WAST_REF_ARRAY,
                                       WAST_REF_EQ,  WAST_REF_ANY,    WAST_REF_EXN};
  for (u32 i = 0; i < ARRAY_LEN(refs); i++) assert_int_equal(v[7 + i].kind, refs[i]);
  assert_true(v[13].kind == WAST_EITHER && v[13].alternatives == 3);
  assert_true(v[16].kind == WAST_F64 && v[16].nan[0] == WAST_NAN_CANONICAL);
  assert_true(v[17].kind == WAST_I32 && v[17].bits == 9);
  wm_wast_close(s);
}

static void assertions(void **state) {
  (void)state;
  static const struct {
    const char *text;
    WastKind kind;
    bool has_module;
    const char *message;
  } rows[] = {
      {"(assert_return (invoke \"f\"))", WAST_ASSERT_RETURN, false, ""},
      {"(assert_trap (invoke \"f\") \"integer overflow\")", WAST_ASSERT_TRAP, false,
       "integer overflow"},
      {"(assert_trap (module (start 0)) \"unreachable\")", WAST_ASSERT_TRAP, true, "unreachable"},
      {"(assert_exhaustion (invoke \"f\") \"call stack exhausted\")", WAST_ASSERT_EXHAUSTION, false,
       "call stack exhausted"},
      {"(assert_exception (invoke \"f\"))", WAST_ASSERT_EXCEPTION, false, ""},
      {"(assert_malformed (module quote \"(\") \"unexpected token\")", WAST_ASSERT_MALFORMED, true,
       "unexpected token"},
      {"(assert_invalid (module) \"type mismatch\")", WAST_ASSERT_INVALID, true, "type mismatch"},
      {"(assert_unlinkable (module) \"unknown import\")", WAST_ASSERT_UNLINKABLE, true,
       "unknown import"},
      {"(assert_malformed_custom (module) \"m\")", WAST_ASSERT_MALFORMED_CUSTOM, true, "m"},
      {"(assert_invalid_custom (module) \"m\")", WAST_ASSERT_INVALID_CUSTOM, true, "m"},
  };
  for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
    WastCommand c;
    WastScript *s = first(rows[i].text, &c);
    assert_int_equal(c.kind, rows[i].kind);
    assert_int_equal(c.has_module, rows[i].has_module);
    assert_true(is(c.message, rows[i].message));
    assert_memory_equal(c.keyword, rows[i].text + 1, strlen(c.keyword));
    wm_wast_close(s);
  }
}

static void skipped(void **state) {
  (void)state;
  WastCommand c;
  WastScript *s =
      open_script("(script $S\n (invoke \"f\"))\n(assert_suspension (invoke \"f\") \"\")");
  assert_true(wm_wast_next(s, &c));
  assert_true(c.kind == WAST_SKIPPED && c.line == 1);
  assert_string_equal(c.proposal, "meta commands");
  assert_true(wm_wast_next(s, &c));
  assert_true(c.kind == WAST_SKIPPED && c.line == 3);
  assert_string_equal(c.proposal, "stack-switching");
  assert_false(wm_wast_next(s, &c));
  wm_wast_close(s);
}

/* The script goes on behind a thread, whose own commands are another script in the same text. */
static void threads(void **state) {
  (void)state;
  WastCommand c, inner;
  WastScript *s =
      open_script("\n(thread $T (shared (module $M)) (shared (module $\"n n\"))\n (module)\n"
                  " (thread (wait $X)) (invoke \"f\"))\n(wait $T)(thread)(wait)");
  assert_true(wm_wast_next(s, &c));
  assert_true(c.kind == WAST_THREAD && c.line == 2 && is(c.id, "T"));
  assert_int_equal(c.shared_count, 2);
  assert_true(is(c.shared[0], "M") && is(c.shared[1], "n n"));
  WastScript *thread = wm_wast_open_thread(s, &c);
  assert_true(wm_wast_next(s, &c));
  assert_true(c.kind == WAST_WAIT && c.line == 5 && is(c.id, "T"));

  assert_true(wm_wast_next(thread, &inner));
  assert_true(inner.kind == WAST_MODULE && inner.line == 3 && inner.shared_count == 0);
  assert_true(wm_wast_next(thread, &inner));
  assert_true(inner.kind == WAST_THREAD && inner.line == 4 && is(inner.id, ""));
  WastScript *innermost = wm_wast_open_thread(thread, &inner);
  assert_true(wm_wast_next(innermost, &c));
  assert_true(c.kind == WAST_WAIT && c.line == 4 && is(c.id, "X"));
  assert_false(wm_wast_next(innermost, &c));
  assert_true(wm_wast_next(thread, &inner));
  assert_true(inner.kind == WAST_ACTION && inner.line == 4);
  assert_false(wm_wast_next(thread, &inner));

  assert_true(wm_wast_next(s, &c));
  assert_true(c.kind == WAST_THREAD && c.line == 5);
  wm_wast_close(thread);
  thread = wm_wast_open_thread(s, &c);
  assert_false(wm_wast_next(thread, &inner));
  assert_true(wm_wast_next(s, &c));
  assert_true(c.kind == WAST_WAIT && is(c.id, ""));
  assert_false(wm_wast_next(s, &c));
  wm_wast_close(thread);
  wm_wast_close(innermost);
  wm_wast_close(s);
}

static void broken_threads(void **state) {
  (void)state;
  WastCommand c;
  static const char *const texts[] = {"(thread (shared (module)))", "(thread (shared $M))",
                                      "(wait 1)", "(thread (shared (module $M) (module $N)))",
                                      "(thread (invoke"};
  for (u32 i = 0; i < ARRAY_LEN(texts); i++) {
    WastScript *s = open_script(texts[i]);
    assert_true(wm_wast_next(s, &c));
    assert_int_equal(c.kind, WAST_ERROR);
    assert_false(wm_wast_next(s, &c));
    wm_wast_close(s);
  }
}

/* Reading goes on behind a command that is none. */
static void broken_commands(void **state) {
  (void)state;
  WastCommand c;
  WastScript *s = open_script("(bogus (x) y)\n(assert_return (invoke \"f\") (i32.const 1x))\n"
                              "(invoke \"f\" (ref.any)) stray\n(invoke)\n(assert_trap (get \"g\"))"
                              "(module (func bogus)) (invoke \"g\")\n(invoke");
  static const char *const messages[] = {"unknown operator bogus", "unknown operator 1x",
                                         "unexpected token )",     "unknown operator stray",
                                         "unexpected token )",     "unexpected token )"};
  static const u32 lines[] = {1, 2, 3, 3, 4, 5};
  for (u32 i = 0; i < ARRAY_LEN(messages); i++) {
    assert_true(wm_wast_next(s, &c));
    assert_int_equal(c.kind, WAST_ERROR);
    assert_string_equal(c.error.message, messages[i]);
    assert_int_equal(c.line, lines[i]);
  }
  assert_true(wm_wast_next(s, &c)); /* what is wrong inside a module is the conversion's business */
  assert_int_equal(c.kind, WAST_MODULE);
  Buffer b = {0};
  Error err = {0};
  assert_false(wm_wast_module_bytes(s, &c.module, &b, &err));
  assert_string_equal(err.message, "unknown operator bogus");
  assert_int_equal(err.line, 5);
  wm_buffer_free(&b);
  assert_true(wm_wast_next(s, &c));
  assert_true(c.kind == WAST_ACTION && is(c.action.name, "g"));
  assert_true(wm_wast_next(s, &c));
  assert_int_equal(c.kind, WAST_ERROR);
  assert_string_equal(c.error.message, "unexpected token: end of text");
  assert_false(wm_wast_next(s, &c));
  wm_wast_close(s);

  s = open_script("(invoke \"f\")\n \"open (invoke \"f\")");
  assert_true(wm_wast_next(s, &c));
  assert_int_equal(c.kind, WAST_ACTION);
  while (wm_wast_next(s, &c)) assert_int_equal(c.kind, WAST_ERROR);
  assert_int_equal(c.line, 2);
  wm_wast_close(s);
}

/* A module without an end has no bytes to look at. */
static void unclosed_module(void **state) {
  (void)state;
  static const char *const texts[] = {"(module (func", "(func (nop)", "(assert_invalid (module",
                                      "(module binary \"a\"", "(assert_trap (module quote \"\")"};
  for (u32 i = 0; i < ARRAY_LEN(texts); i++) {
    WastCommand c;
    WastScript *s = open_script(texts[i]);
    assert_true(wm_wast_next(s, &c));
    assert_int_equal(c.kind, WAST_ERROR);
    assert_false(c.has_module);
    assert_false(wm_wast_next(s, &c));
    wm_wast_close(s);
  }
}

/* Each allocation fails once: the command it belongs to is an error, no other. */
static void out_of_memory(void **state) {
  (void)state;
  static const char text[] =
      "(invoke $\"i\" \"f\" (i32.const 1)) (assert_return (get \"g\") (either (i32.const 1)))"
      "(register \"n\") (thread $T (shared (module $\"M\"))) (@name \"x\")";
  for (u64 n = 1;; n++) {
    failing_alloc_start(n);
    WastScript *s = wm_wast_open(text, sizeof text - 1);
    WastCommand c;
    u32 commands = 0, errors = 0;
    while (s && wm_wast_next(s, &c)) {
      commands++;
      errors += c.kind == WAST_ERROR;
      if (c.kind == WAST_ERROR) assert_int_equal(c.error.code, ERR_OUT_OF_MEMORY);
    }
    bool failed = failing_alloc_stop();
    wm_wast_close(s);
    if (s) assert_int_equal(commands, 4);
    assert_int_equal(errors, failed && s);
    if (!failed) break;
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(modules),         cmocka_unit_test(bare_fields),
      cmocka_unit_test(actions),         cmocka_unit_test(results),
      cmocka_unit_test(assertions),      cmocka_unit_test(skipped),
      cmocka_unit_test(threads),         cmocka_unit_test(broken_threads),
      cmocka_unit_test(broken_commands), cmocka_unit_test(unclosed_module),
      cmocka_unit_test(out_of_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
