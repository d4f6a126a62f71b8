/* Which machine instructions a function becomes: the patterns that selection must find, and those
 * it must leave alone. Expected: the instructions in order, but arguments, jumps and polls; + for a
 * memory operand, # for an immediate. */
#include "jit/jit.h"
#include "jit/x64/x64_lir.h"
#include "runtime/fixture.h"

typedef struct Case {
  const char *what, *body, *expected;
} Case;

static void describe(const Lir *x, Buffer *out) {
  if (x->op == LIR_GETARG || x->op == LIR_JUMP || x->op == LIR_POLL) return;
  for (const char *name = wm_x64_op_name(x->op); *name; name++)
    wm_buffer_byte(out, (u8)(*name >= 'A' && *name <= 'Z' ? *name + 32 : *name));
  if (x->mem && x->op != LIR_LOAD && x->op != LIR_STORE && x->op != LIR_LEA)
    wm_buffer_byte(out, '+');
  if (x->flags & LIR_HAS_IMM) wm_buffer_byte(out, '#');
  wm_buffer_byte(out, ' ');
}

static void check(Fixture *f, const Case *t, u32 cpu) {
  char wat[1000];
  snprintf(wat, sizeof wat, "(module (memory 1) (func %s))", t->body);
  LoadedModule *lm = load(f, wat);
  Compile *c = wm_jit_new();
  Buffer text = {0}, ops = {0};
  JitOptions options = {.cpu = cpu, .verify = true};
  if (wm_jit_dump(c, lm, 0, 0, &options, JIT_STAGE_LIR, &text) != JIT_DONE)
    fail_msg("%s: %s", t->what, c->trouble);
  for (u32 i = 0; i < c->lir.len; i++) describe(&c->lir.data[i], &ops);
  wm_buffer_byte(&ops, 0);
  if (strcmp((const char *)ops.data, t->expected))
    fail_msg("%s: %s\n%.*s", t->what, (const char *)ops.data, (int)text.len,
             (const char *)text.data);
  wm_buffer_free(&text);
  wm_buffer_free(&ops);
  wm_jit_delete(c);
  wm_loaded_release(lm);
}

static void check_all(void **state, const Case *cases, size_t count, u32 cpu) {
  for (size_t i = 0; i < count; i++) check(*state, &cases[i], cpu);
}

#define I2 "(param i32 i32) (result i32) "
#define L2 "(param i64 i64) (result i64) "
#define P0 "(local.get 0)"
#define P1 "(local.get 1)"
#define P2 "(local.get 2)"

static void arithmetic(void **state) {
  static const Case cases[] = {
      {"sum of three", I2 "(i32.add (i32.add " P0 "(i32.shl " P1 "(i32.const 3))) (i32.const 8))",
       "lea return "},
      {"times 9", I2 "(i32.mul " P0 "(i32.const 9))", "lea return "},
      {"times 7", I2 "(i32.mul " P0 "(i32.const 7))", "imuli# return "},
      {"negation", I2 "(i32.sub (i32.const 0) " P0 ")", "unary return "},
      {"low byte", I2 "(i32.and " P0 "(i32.const 255))", "extend return "},
      {"masked count", L2 "(i64.shl " P0 "(i64.and " P1 "(i64.const 63)))", "shiftx return "},
      {"inverted operand", I2 "(i32.and " P0 "(i32.xor " P1 "(i32.const -1)))", "andn return "},
      {"extension is free",
       "(param i32 i64) (result i64) (i64.add (i64.extend_i32_u " P0 ") " P1 ")", "lea return "},
      {"wrapped operands",
       "(param i64 i64) (result i32) (i32.sub (i32.wrap_i64 " P0 ") (i32.wrap_i64 " P1 "))",
       "alu return "},
      {"division of small numbers",
       L2 "(i64.div_u (i64.and " P0 "(i64.const 1000)) (i64.and " P1 "(i64.const 15)))",
       "alu# alu# div getres return "},
      {"float constant", "(param f64) (result f64) (f64.mul " P0 "(f64.const 3))", "fop+ return "},
  };
  check_all(state, cases, ARRAY_LEN(cases), CPU_BMI1 | CPU_BMI2);
}

static void without_extensions(void **state) {
  static const Case cases[] = {
      {"shift", I2 "(i32.shl " P0 P1 ")", "shiftcl return "},
      {"inverted operand", I2 "(i32.and " P0 "(i32.xor " P1 "(i32.const -1)))",
       "unary alu return "},
  };
  check_all(state, cases, ARRAY_LEN(cases), 0);
}

static void conditions(void **state) {
  static const Case cases[] = {
      {"compare with memory",
       I2 "(if (i32.lt_u " P0 "(i32.load " P1 ")) (then (return " P0 "))) " P1,
       "cmpbr+ return return "},
      {"byte with immediate",
       I2 "(if (i32.gt_u (i32.load8_u " P1 ") (i32.const 200)) (then (return " P0 "))) " P1,
       "cmpbr+# return return "},
      {"mask", I2 "(if (i32.eqz (i32.and " P0 "(i32.const 96))) (then (return " P0 "))) " P1,
       "cmpbr# return return "},
      {"bit of a number",
       I2 "(if (i32.and (i32.shr_u " P0 P1 ") (i32.const 1)) (then (return " P0 "))) " P1,
       "bitbr return return "},
      {"bit of a mask",
       I2 "(if (i32.and " P0 "(i32.shl (i32.const 1) " P1 ")) (then (return " P0 "))) " P1,
       "bitbr return return "},
      {"select", I2 "(select " P0 P1 "(i32.lt_s " P0 P1 "))", "cmpsel return "},
      {"one comparison for two selects",
       I2 "(local i32) (local.set 2 (i32.lt_s " P0 P1 ")) (i32.xor (select " P0 P1 P2
          ") (select (i32.const 3) " P0 P2 "))",
       "cmpsel movi cmpsel alu return "},
      {"minimum", "(param f64 f64) (result f64) (select " P0 P1 "(f64.lt " P0 P1 "))",
       "fop return "},
      {"not the minimum", "(param f64 f64) (result f64) (select " P0 P1 "(f64.le " P0 P1 "))",
       "fcmpsel return "},
      {"not less", "(param f64 f64) (result i32) (i32.eqz (f64.lt " P0 P1 "))", "fcmpset return "},
  };
  check_all(state, cases, ARRAY_LEN(cases), 0);
}

static void memory(void **state) {
  static const Case cases[] = {
      {"load in an operation", I2 "(i32.xor " P0 "(i32.load offset=4 " P1 "))", "alu+ return "},
      {"constant address", I2 "(i32.xor " P0 "(i32.load offset=4 (i32.const 16)))", "alu+ return "},
      {"two uses", I2 "(local.set 1 (i32.load " P1 ")) (i32.add (i32.mul " P0 P1 ") " P1 ")",
       "load imul lea return "},
      {"a store between",
       I2 "(local i32) (local.set 2 (i32.load " P1 ")) (i32.store " P0
          "(i32.const 1)) (i32.xor " P0 P2 ")",
       "load store# alu return "},
      {"narrow load", I2 "(i32.xor " P0 "(i32.load8_u " P1 "))", "load alu return "},
      {"half of a load", I2 "(i32.wrap_i64 (i64.load " P1 "))", "load mov return "},
      {"sums that may wrap stay apart",
       I2 "(i32.load offset=4 (i32.add " P0 "(i32.shl " P1 "(i32.const 2))))", "lea load return "},
      {"changed in place",
       "(param i32 i32) (i32.store offset=8 " P0 "(i32.add (i32.load offset=8 " P0 ") " P1 "))",
       "rmw+ return "},
      {"changed elsewhere",
       "(param i32 i32) (i32.store offset=8 " P0 "(i32.xor (i32.load offset=12 " P0 ") " P1 "))",
       "alu+ store return "},
      {"narrow store", "(param i32 i32) (i32.store8 " P0 "(i32.and " P1 "(i32.const 511)))",
       "store return "},
      {"float as integer", "(param i32) (f64.store " P0 "(f64.const 0))", "store# return "},
      {"extending load", "(param i32) (result i64) (i64.extend_i32_s (i32.load " P0 "))",
       "load return "},
      {"loads that nobody wants still trap", "(param i32) (drop (i32.load " P0 "))",
       "load return "},
  };
  check_all(state, cases, ARRAY_LEN(cases), CPU_BMI1 | CPU_BMI2);
}

static void calls(void **state) {
  static const Case cases[] = {
      {"results that are wanted",
       "(param i64) (result i64 i64 f64) " P0 " call 0 drop i64.add (i64.const 1) (f64.const 2)",
       "call getres getres lea return "},
      {"trapping division stays", "(param i32 i32) (drop (i32.div_s " P0 P1 "))", "div return "},
  };
  check_all(state, cases, ARRAY_LEN(cases), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(arithmetic, setup, teardown),
      cmocka_unit_test_setup_teardown(without_extensions, setup, teardown),
      cmocka_unit_test_setup_teardown(conditions, setup, teardown),
      cmocka_unit_test_setup_teardown(memory, setup, teardown),
      cmocka_unit_test_setup_teardown(calls, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
