/* Register allocation: random programs, with all registers, few, or none between instructions, give
 * the checker no reason to object and compute the same; and the checker does object. */
#include "lir_program.h"

#include "jit/moves.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { PROGRAMS = 1500, FEW_GPRS = 1 << RAX | 1 << RCX | 1 << RDX | 1 << RBX | 1 << RSI };

static void set_options(Compile *c, u32 kind) {
  memset(&c->options, 0, sizeof c->options);
  c->options.verify = true; /* what the checker compares with stays */
  if (kind & 1) {
    c->options.int_regs = kind & 4 ? FEW_GPRS : FEW_GPRS | 1u << RDI | 1u << R8 | 1u << R12;
    c->options.float_regs = kind & 4 ? 0xF : 0xF3;
  }
  c->options.spill_all = kind == 2 || kind == 7;
}

/* Makes and allocates program `seed`; returns the LIR as it was, to be freed. */
static Lir *allocate(Compile *c, u32 seed, u32 kind) {
  lir_program_make(c, seed, seed % 8 ? 20 : 150);
  set_options(c, kind);
  Lir *before = malloc(c->lir.len * sizeof *before);
  memcpy(before, c->lir.data, c->lir.len * sizeof *before);
  int why = setjmp(c->leave);
  if (why) fail_msg("program %u, kind %u: left with %d: %s", seed, kind, why, c->trouble);
  wm_jit_allocate(c);
  return before;
}

static void random_programs(void **state) {
  (void)state;
  Compile *c = wm_jit_new();
  for (u32 seed = 1; seed <= PROGRAMS; seed++) {
    u32 kind = seed % 8;
    Lir *before = allocate(c, seed, kind);
    if (!wm_jit_check_allocation(c, before))
      fail_msg("program %u, kind %u: %s", seed, kind, c->trouble);
    for (u32 i = 0; i < 2; i++) {
      const char *wrong = lir_program_run(c, before, seed * 2 + i);
      if (wrong) fail_msg("program %u, kind %u: %s", seed, kind, wrong);
    }
    free(before);
  }
  wm_jit_delete(c);
}

/* Loses a move, or names another register in an instruction; false: there is none. */
static bool do_harm(Compile *c, u32 seed) {
  if (seed & 1) {
    if (!c->block_moves.len) return false;
    Move *lost = &c->block_moves.data[seed % c->block_moves.len];
    lost->from = lost->to;
    return true;
  }
  for (u32 at = seed % c->lir.len; at < c->lir.len; at++) {
    Lir *x = &c->lir.data[at];
    if (x->op != LIR_ALU || x->a > RDI) continue;
    x->a ^= 1;
    return true;
  }
  return false;
}

/* What is harmed may by chance be right, or never matter; then it runs as well as before. */
static void checker_objects(void **state) {
  (void)state;
  Compile *c = wm_jit_new();
  u32 tried = 0, found = 0;
  for (u32 seed = 1; seed <= 1000; seed++) {
    Lir *before = allocate(c, seed, 1);
    if (do_harm(c, seed)) {
      bool accepted = wm_jit_check_allocation(c, before);
      tried++;
      found += !accepted;
      for (u32 i = 0; accepted && i < 5; i++) {
        const char *wrong = lir_program_run(c, before, seed * 5 + i);
        if (wrong) fail_msg("program %u is accepted: %s", seed, wrong);
      }
    }
    free(before);
  }
  wm_jit_delete(c);
  if (tried < 500 || found < tried - tried / 4) fail_msg("%u of %u found", found, tried);
}

/* Places of the simulated machine: registers, then 8 slots, then 8 stack slots. */
static u32 place_index(Loc l) {
  if (l & LOC_SLOT) return REG_COUNT + (l & 7);
  return l & LOC_STACK ? REG_COUNT + 8 + (l & 7) : l;
}

/* A destination nobody has yet; `used` by place_index. */
static Loc new_destination(bool is_float, bool *used) {
  for (;;) {
    u32 kind = (u32)rand() % 4, n = (u32)rand() % 8;
    Loc l = kind == 0   ? LOC_SLOT | n
            : kind == 1 ? LOC_STACK | n
                        : (is_float ? XMM0 + n : (u32[]){RAX, RCX, RDX, RBX, RSI, RDI, R8, R9}[n]);
    if (used[place_index(l)]) continue;
    used[place_index(l)] = true;
    return l;
  }
}

static Move random_move(bool *used) {
  bool is_float = rand() % 2, unused[REG_COUNT + 16] = {0};
  Loc from = new_destination(is_float, unused);
  if (from & LOC_STACK) from = LOC_CONST;
  u64 imm = rand() % 2 ? (u64)rand() << 20 : (u64)rand();
  return (Move){from, new_destination(is_float, used), is_float ? T_F64 : T_I64, imm};
}

static void moves_at_once(void **state) {
  (void)state;
  Compile *c = wm_jit_new();
  MoveList list = {0};
  c->spill_slots = 8;
  assert_int_equal(setjmp(c->leave), 0);
  for (u32 round = 0; round < 3000; round++) {
    u64 is[REG_COUNT + 16], should[REG_COUNT + 16];
    bool used[REG_COUNT + 16] = {0};
    Move moves[12];
    for (u32 i = 0; i < ARRAY_LEN(is); i++) is[i] = should[i] = i + 1000;
    u32 count = round % ARRAY_LEN(moves);
    for (u32 i = 0; i < count; i++) {
      moves[i] = random_move(used);
      should[place_index(moves[i].to)] =
          moves[i].from == LOC_CONST ? moves[i].imm : place_index(moves[i].from) + 1000;
    }
    list.len = 0;
    wm_moves_resolve(c, moves, count, &list);
    for (u32 i = 0; i < list.len; i++) {
      const Move *m = &list.data[i];
      assert_true(m->from == LOC_CONST || m->from < REG_COUNT || m->to < REG_COUNT);
      is[place_index(m->to)] = m->from == LOC_CONST ? m->imm : is[place_index(m->from)];
    }
    should[R11] = is[R11], should[XMM0 + 14] = is[XMM0 + 14], should[XMM0 + 15] = is[XMM0 + 15];
    assert_memory_equal(is, should, sizeof is);
  }
  vec_free(&list);
  wm_jit_delete(c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_programs),
      cmocka_unit_test(checker_objects),
      cmocka_unit_test(moves_at_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
