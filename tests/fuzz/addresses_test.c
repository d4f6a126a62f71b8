/* Effective addresses: every instruction that accesses memory, under every shape of address that a
 * compiler may fold into the access, at the edges of the index, the offset and the memory. All
 * tiers do the same: value or trap, and what memory holds then. */
#include "base/vec.h"
#include "binary/encode.h"
#include "runtime/collect.h"
#include "support/sanitizer.h"
#include "tests/fuzz/program.h"
#include "wasm/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* Addresses made of the parameters x and y. */
typedef enum Shape {
  SHAPE_X,
  SHAPE_X_PLUS,    /* x + 16 */
  SHAPE_X_MINUS,   /* x - 16 */
  SHAPE_X_FAR,     /* x + 0x7FFFFFFF */
  SHAPE_DOUBLE,    /* x << 1 */
  SHAPE_EIGHTFOLD, /* x << 3 */
  SHAPE_SUM,       /* x + y */
  SHAPE_INDEX,     /* x + (y << 2) */
  SHAPE_INDEX_OFF, /* x + (y << 3) - 8 */
  SHAPE_NEGATED,   /* 0 - x */
  SHAPE_WRAPPED,   /* wrap(extend_u(x) + extend_u(y)) */
  SHAPE_COUNT
} Shape;

/* What is done at the address: the access alone, or as part of what is often folded with it. */
typedef enum Use { USE_PLAIN, USE_OPERAND, USE_MODIFY, USE_COUNT } Use;

typedef struct Access {
  u16 op;
  u8 shape, use, memory; /* memory 1 has 64-bit addresses: x is extended */
  u32 offset;
} Access;

typedef Vec(Access) AccessVec;

static void op_const(Buffer *b, i32 value) {
  wm_encode_op(b, OP_i32_const);
  wm_buffer_sleb(b, value);
}

static void get(Buffer *b, u32 local) {
  wm_encode_op(b, OP_local_get);
  wm_buffer_uleb(b, local);
}

static void shifted(Buffer *b, u32 local, i32 count) {
  get(b, local);
  op_const(b, count);
  wm_encode_op(b, OP_i32_shl);
}

static void plus(Buffer *b, i32 value) {
  op_const(b, value);
  wm_encode_op(b, OP_i32_add);
}

static void write_wrapped(Buffer *b) {
  get(b, 0);
  wm_encode_op(b, OP_i64_extend_i32_u);
  get(b, 1);
  wm_encode_op(b, OP_i64_extend_i32_u);
  wm_encode_op(b, OP_i64_add);
  wm_encode_op(b, OP_i32_wrap_i64);
}

static void write_index(Buffer *b, i32 shift) {
  get(b, 0);
  shifted(b, 1, shift);
  wm_encode_op(b, OP_i32_add);
}

static void write_address(Buffer *b, const Access *a) {
  switch ((Shape)a->shape) {
  case SHAPE_X_PLUS: get(b, 0), plus(b, 16); break;
  case SHAPE_X_MINUS: get(b, 0), plus(b, -16); break;
  case SHAPE_X_FAR: get(b, 0), plus(b, INT32_MAX); break;
  case SHAPE_DOUBLE: shifted(b, 0, 1); break;
  case SHAPE_EIGHTFOLD: shifted(b, 0, 3); break;
  case SHAPE_SUM: write_index(b, 0); break;
  case SHAPE_INDEX: write_index(b, 2); break;
  case SHAPE_INDEX_OFF: write_index(b, 3), plus(b, -8); break;
  case SHAPE_NEGATED:
    op_const(b, 0);
    get(b, 0);
    wm_encode_op(b, OP_i32_sub);
    break;
  case SHAPE_WRAPPED: write_wrapped(b); break;
  default: get(b, 0);
  }
  if (a->memory) wm_encode_op(b, OP_i64_extend_i32_u);
}

static void write_access(Buffer *b, const Access *a, u16 op) {
  wm_encode_op(b, op);
  wm_encode_memarg(b, 0, a->memory, a->offset);
}

/* A value of the type that the store wants, made of y. */
static void write_value(Buffer *b, char type) {
  get(b, 1);
  if (type == 'l' || type == 'd') wm_encode_op(b, OP_i64_extend_i32_s);
  if (type == 'f') wm_encode_op(b, OP_f32_reinterpret_i32);
  if (type == 'd') wm_encode_op(b, OP_f64_reinterpret_i64);
  if (type == 's') wm_encode_op(b, OP_i32x4_splat);
}

/* The access's result, as an i64. */
static void write_result(Buffer *b, char type) {
  if (type == 'f') wm_encode_op(b, OP_i32_reinterpret_f32), type = 'i';
  if (type == 'd') wm_encode_op(b, OP_i64_reinterpret_f64);
  if (type == 's') {
    wm_encode_op(b, OP_i64x2_extract_lane);
    wm_buffer_byte(b, 1);
  }
  if (type == 'i') wm_encode_op(b, OP_i64_extend_i32_u);
}

/* The load that reads what the store writes, of the same width; OP_INVALID: there is none. */
static u16 load_of(u16 store) {
  return store == OP_i32_store ? OP_i32_load : store == OP_i64_store ? OP_i64_load : OP_INVALID;
}

static void write_store(Buffer *b, const Access *a) {
  char type = wm_op_sig(a->op)[1];
  write_address(b, a);
  if (a->use == USE_MODIFY) {
    write_address(b, a);
    write_access(b, a, load_of(a->op));
    write_value(b, type);
    wm_encode_op(b, type == 'i' ? OP_i32_add : OP_i64_add);
  } else {
    write_value(b, type);
  }
  write_access(b, a, a->op);
  wm_encode_op(b, OP_i64_const);
  wm_buffer_byte(b, 7);
}

static void write_load(Buffer *b, const Access *a) {
  char type = wm_op_sig(a->op)[2];
  if (a->use == USE_OPERAND) write_value(b, type);
  write_address(b, a);
  write_access(b, a, a->op);
  static const u16 sums[] = {OP_i32_add, OP_i64_add, OP_f32_add, OP_f64_add, OP_i32x4_add};
  if (a->use == USE_OPERAND) wm_encode_op(b, sums[strchr("ilfds", type) - "ilfds"]);
  write_result(b, type);
}

static bool is_store(u16 op) { return wm_op_info[op].op_class == CLASS_STORE; }

static void write_body(Buffer *m, const Access *a) {
  size_t entry = wm_encode_open(m);
  wm_buffer_byte(m, 0); /* no locals */
  if (is_store(a->op))
    write_store(m, a);
  else
    write_load(m, a);
  wm_buffer_byte(m, 0x0B);
  wm_encode_close(m, entry);
}

/* Function i, exported as its number, makes access i: [i32 i32] -> [i64]. Memory 0 has a page and
 * may grow, memory 1 has 64-bit addresses. */
static void write_module(Buffer *m, const AccessVec *all) {
  wm_encode_header(m);
  wm_buffer_bytes(m, "\1\7\1\x60\2\x7F\x7F\1\x7E", 9);
  size_t section = wm_encode_section(m, SECTION_FUNCTION);
  wm_buffer_uleb(m, all->len);
  for (u32 i = 0; i < all->len; i++) wm_buffer_byte(m, 0);
  wm_encode_close(m, section);
  wm_buffer_bytes(m, "\5\6\2\1\1\2\4\1", 8);
  section = wm_encode_section(m, SECTION_EXPORT);
  wm_buffer_uleb(m, all->len);
  for (u32 i = 0; i < all->len; i++) {
    char name[12];
    wm_encode_name(m, name, (u32)snprintf(name, sizeof name, "%u", i));
    wm_buffer_byte(m, 0);
    wm_buffer_uleb(m, i);
  }
  wm_encode_close(m, section);
  section = wm_encode_section(m, SECTION_CODE);
  wm_buffer_uleb(m, all->len);
  for (u32 i = 0; i < all->len; i++) write_body(m, &all->data[i]);
  wm_encode_close(m, section);
}

static void add(AccessVec *all, Access a) {
  static const u32 offsets[] = {0, 1, 16, PAGE_BYTES - 1, INT32_MAX, UINT32_MAX};
  for (size_t i = 0; i < ARRAY_LEN(offsets); i++) {
    Access *slot = vec_push(all);
    assert_non_null(slot);
    a.offset = offsets[i];
    *slot = a;
  }
}

static bool fits(u16 op, Use use) {
  if (use == USE_PLAIN) return true;
  if (use == USE_OPERAND) return !is_store(op);
  return load_of(op) != OP_INVALID;
}

static void add_all(AccessVec *all, u8 memory) {
  for (u16 op = 0; op < OP_COUNT; op++) {
    const OpInfo *info = &wm_op_info[op];
    bool has = info->access_bytes && info->immediate == IMM_MEMARG &&
               (info->feature == FEATURE_MVP || info->feature == FEATURE_SIMD);
    for (u8 use = 0; has && use < USE_COUNT; use++)
      for (u8 shape = 0; fits(op, (Use)use) && shape < SHAPE_COUNT; shape++)
        add(all, (Access){.op = op, .shape = shape, .use = use, .memory = memory});
  }
}

/* ---- running ---- */

typedef struct Bench {
  u32 way;
  Engine *engine;
  Store *store;
  LoadedModule *lm;
  Instance *in;
} Bench;

static Bench machine_new(u32 way, const Buffer *module) {
  Bench m = {.way = way, .engine = program_engine(way)};
  Error err = {0};
  assert_non_null(m.engine);
  m.store = wm_engine_store_new(m.engine);
  m.lm = wm_engine_load(m.engine, module->data, module->len, &err);
  if (!m.lm) fail_msg("%s", err.message);
  m.in = wm_instance_new(m.store, m.lm, NULL, 0, &err);
  assert_non_null(m.in);
  object_hold(&m.in->head);
  for (u32 i = 0; i < 2; i++)
    for (u32 k = 0; k < PAGE_BYTES; k++) m.in->memories[i]->space.base[k] = (u8)(k * 37 ^ k >> 7);
  return m;
}

static void machine_delete(Bench *m) {
  object_let_go(&m->in->head);
  wm_loaded_release(m->lm);
  assert_true(wm_engine_store_delete(m->store));
  const char *fault = program_fault(m->engine, m->way);
  wm_engine_release(m->engine);
  if (fault) fail_msg("%s: %s", program_way(m->way), fault);
}

typedef struct Outcome {
  TrapCode code;
  u32 offset;
  u64 value;
} Outcome;

static Outcome call(Bench *m, u32 func, u32 x, u32 y) {
  u64 slots[2] = {x, y};
  Outcome o = {.code = wm_call(m->store, m->in->funcs[func], slots)};
  const Trap *trap = wm_store_take_trap(m->store);
  if (o.code)
    o.offset = trap->frames[0].func_offset;
  else
    o.value = slots[0];
  return o;
}

static void compare(const Access *a, Bench *want, Bench *have, u32 func, const char *way) {
  static const u32 xs[] = {0,
                           1,
                           15,
                           16,
                           17,
                           PAGE_BYTES - 17,
                           PAGE_BYTES - 16,
                           PAGE_BYTES - 8,
                           PAGE_BYTES - 4,
                           PAGE_BYTES - 2,
                           PAGE_BYTES - 1,
                           PAGE_BYTES,
                           0x20000000,
                           0x7FFFFFFF,
                           0x80000000,
                           0x80000001,
                           0xFFFF0000,
                           0xFFFFFFF0,
                           0xFFFFFFFF};
  static const u32 ys[] = {0, 3, 0xFFFFFFFE};
  for (size_t i = 0; i < ARRAY_LEN(xs); i++)
    for (size_t k = 0; k < ARRAY_LEN(ys); k++) {
      Outcome w = call(want, func, xs[i], ys[k]), h = call(have, func, xs[i], ys[k]);
      if (w.code != h.code || w.offset != h.offset || w.value != h.value)
        fail_msg("%s: %s shape %u use %u memory %u offset %u of %x, %x: trap %u at %u value %llx, "
                 "not trap %u at "
                 "%u value %llx",
                 way, wm_op_text(a->op), a->shape, a->use, a->memory, a->offset, xs[i], ys[k],
                 h.code, h.offset, (unsigned long long)h.value, w.code, w.offset,
                 (unsigned long long)w.value);
    }
}

static void run_way(const AccessVec *all, const Buffer *module, u32 way) {
  Bench want = machine_new(0, module), have = machine_new(way, module);
  u32 step = UNDER_ASAN ? 7 : 1;
  for (u32 i = 0; i < all->len; i += step) {
    const Access *a = &all->data[i];
    compare(a, &want, &have, i, program_way(way));
    const u8 *w = want.in->memories[a->memory]->space.base,
             *h = have.in->memories[a->memory]->space.base;
    if (is_store(a->op) && memcmp(w, h, PAGE_BYTES) != 0)
      fail_msg("%s: %s shape %u: memory differs", program_way(way), wm_op_text(a->op), a->shape);
  }
  machine_delete(&want);
  machine_delete(&have);
}

static void all_tiers_agree(void **state) {
  (void)state;
  static const char *const ways[] = {"jit", "jit explicit", "jit sse", "jit few"};
  for (u8 memory = 0; memory < 2; memory++) {
    AccessVec all = {0};
    Buffer module = {0};
    add_all(&all, memory);
    write_module(&module, &all);
    assert_false(module.failed);
    print_message("%u functions\n", all.len);
    for (u32 way = 1; program_way(way); way++)
      for (size_t i = 0; i < ARRAY_LEN(ways); i++)
        if (strcmp(program_way(way), ways[i]) == 0) run_way(&all, &module, way);
    wm_buffer_free(&module);
    vec_free(&all);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(all_tiers_agree)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
