/* Every instruction that accesses memory, at the end of the memory and around it: through each kind
 * of memory, with the address as a constant, in a local, and just computed. */
#include "base/vec.h"
#include "binary/encode.h"
#include "engine/engine.h"
#include "wasm/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

typedef enum Way { WAY_CONSTANT, WAY_LOCAL, WAY_COMPUTED, WAY_COUNT } Way;
enum { MEMORIES = 3 }; /* two with 32-bit addresses, one with 64 */

typedef struct Access {
  u16 op;
  u8 memory, way;
  u64 address, offset;
} Access;

typedef Vec(Access) AccessVec;

static bool is_wide(const Access *a) { return a->memory == 2; }
static u32 width_of(const Access *a) { return wm_op_info[a->op].access_bytes; }

static void address_const(Buffer *b, const Access *a, u64 value) {
  wm_encode_op(b, is_wide(a) ? OP_i64_const : OP_i32_const);
  wm_buffer_sleb(b, is_wide(a) ? (i64)value : (i32)value);
}

static void write_address(Buffer *b, const Access *a) {
  address_const(b, a, a->address);
  if (a->way == WAY_LOCAL) {
    wm_encode_op(b, OP_local_set);
    wm_buffer_uleb(b, is_wide(a));
    wm_buffer_bytes(b, "\x02\x40\x41\0\x0D\0\x0B", 7); /* forgets what is known */
    wm_encode_op(b, OP_local_get);
    wm_buffer_uleb(b, is_wide(a));
  } else if (a->way == WAY_COMPUTED) {
    address_const(b, a, 0);
    wm_encode_op(b, is_wide(a) ? OP_i64_add : OP_i32_add);
  }
}

static void write_value(Buffer *b, char type) {
  static const char types[] = "ilfds";
  static const u16 ops[] = {OP_i32_const, OP_i64_const, OP_f32_const, OP_f64_const, OP_v128_const};
  static const u8 sizes[] = {1, 1, 4, 8, 16}, zeros[16] = {0};
  size_t i = (size_t)(strchr(types, type) - types);
  wm_encode_op(b, ops[i]);
  wm_buffer_bytes(b, zeros, sizes[i]);
}

static void write_body(Buffer *m, const Access *a) {
  const char *sig = wm_op_sig(a->op);
  size_t entry = wm_encode_open(m);
  wm_buffer_bytes(m, "\2\1\x7F\1\x7E", 5); /* locals: an i32, an i64 */
  write_address(m, a);
  if (sig[1] != '_') write_value(m, sig[1]);
  wm_encode_op(m, a->op);
  wm_encode_memarg(m, 0, a->memory, a->offset);
  if (wm_op_info[a->op].immediate == IMM_MEMARG_LANE) wm_buffer_byte(m, 0);
  if (strchr(sig, '_')[1]) wm_encode_op(m, OP_drop);
  wm_buffer_byte(m, 0x0B);
  wm_encode_close(m, entry);
}

/* Function i, exported as its number, makes access i. */
static void write_module(Buffer *m, const AccessVec *all) {
  wm_encode_header(m);
  wm_buffer_bytes(m, "\1\4\1\x60\0\0", 6);
  size_t section = wm_encode_section(m, SECTION_FUNCTION);
  wm_buffer_uleb(m, all->len);
  for (u32 i = 0; i < all->len; i++) wm_buffer_byte(m, 0);
  wm_encode_close(m, section);
  wm_buffer_bytes(m, "\5\7\3\0\1\0\1\4\1", 9);
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

static void add_places(AccessVec *all, Access a) {
  const u64 end = PAGE_BYTES - width_of(&a), top = is_wide(&a) ? UINT64_MAX : UINT32_MAX;
  const u64 places[][2] = {{end, 0}, {end + 1, 0}, {0, end},   {0, end + 1}, {end - 1, 1},
                           {end, 1}, {1, end},     {0, top},   {top, 0},     {top, top},
                           {top, 1}, {1, top},     {end, top}, {top, end},   {0, 0}};
  for (size_t i = 0; i < ARRAY_LEN(places); i++) {
    Access *slot = vec_push(all);
    assert_non_null(slot);
    a.address = places[i][0];
    a.offset = places[i][1];
    *slot = a;
  }
}

static void add_all(AccessVec *all) {
  for (u16 op = 0; op < OP_COUNT; op++) {
    const OpInfo *info = &wm_op_info[op];
    if (!info->access_bytes || (info->feature != FEATURE_MVP && info->feature != FEATURE_SIMD))
      continue;
    for (u8 memory = 0; memory < MEMORIES; memory++)
      for (u8 way = 0; way < WAY_COUNT; way++)
        add_places(all, (Access){.op = op, .memory = memory, .way = way});
  }
}

static bool is_inside(const Access *a) {
  u64 end;
  return checked_add(a->address, a->offset, &end) && checked_add(end, width_of(a), &end) &&
         end <= PAGE_BYTES;
}

static void at_the_end_of_memory(void **state) {
  (void)state;
  AccessVec all = {0};
  Buffer m = {0};
  add_all(&all);
  write_module(&m, &all);
  Engine *engine = wm_engine_new(NULL);
  Store *store = wm_engine_store_new(engine);
  Error err = {0};
  LoadedModule *lm = wm_engine_load(engine, m.data, m.len, &err);
  if (!lm) fail_msg("%s", err.message);
  Instance *in = wm_instance_new(store, lm, NULL, 0, &err);
  assert_non_null(in);
  for (u32 i = 0; i < all.len; i++) {
    const Access *a = &all.data[i];
    TrapCode got = wm_call(store, in->funcs[i], NULL);
    (void)wm_store_take_trap(store);
    if (got != (is_inside(a) ? TRAP_NONE : TRAP_MEMORY_OUT_OF_BOUNDS))
      fail_msg("%s memory %u way %u %llx + %llx: %d", wm_op_text(a->op), a->memory, a->way,
               (unsigned long long)a->address, (unsigned long long)a->offset, (int)got);
  }
  wm_loaded_release(lm);
  assert_true(wm_engine_store_delete(store));
  wm_engine_release(engine);
  vec_free(&all);
  wm_buffer_free(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(at_the_end_of_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
