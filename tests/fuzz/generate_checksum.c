/* The checksum of a module: its memory, its globals, and in GC programs all objects that its
 * globals and its table lead to, as far as a budget reaches. */
#include "tests/fuzz/generator.h"

#include "binary/encode.h"

const Sig gen_hash_sig = {"", "l"};

/* The two numbers on top become one. */
static void mix(Gen *g) {
  gen_op(g, OP_i64_xor);
  gen_op(g, OP_i64_const);
  wm_buffer_sleb(&g->code, 0x100000001B3);
  gen_op(g, OP_i64_mul);
  gen_op(g, OP_i64_const);
  wm_buffer_sleb(&g->code, 23);
  gen_op(g, OP_i64_rotl);
}

/* ---- objects: deep (value anyref) (depth i32) -> i64 ---- */

const Sig gen_deep_sig = {"Wi", "l"};
enum { VALUE, DEPTH, SUM, PLACE, SEEN_ELEMENTS = 5 };

void gen_set_budget(Gen *g, u32 visits) {
  gen_op_i32(g, visits);
  gen_op_index(g, OP_global_set, GC_BUDGET);
}

void gen_call_deep(Gen *g, u32 depth) {
  gen_op_i32(g, depth);
  gen_op_index(g, OP_call, g->own_funcs + 2 * g->func_count + 2);
}

static void go_deeper(Gen *g) {
  gen_op_index(g, OP_local_get, DEPTH);
  gen_op_i32(g, 1);
  gen_op(g, OP_i32_sub);
  gen_op_index(g, OP_call, g->own_funcs + 2 * g->func_count + 2);
}

static void lane_of_scratch(Gen *g, u8 lane) {
  gen_op_index(g, OP_local_get, g->scratch[2]);
  gen_op(g, OP_i64x2_extract_lane);
  wm_buffer_byte(&g->code, lane);
}

static void fold_vector(Gen *g) {
  gen_op_index(g, OP_local_set, g->scratch[2]);
  lane_of_scratch(g, 0);
  lane_of_scratch(g, 1);
  mix(g);
}

/* The value of a field on top as an i64. */
static void to_number(Gen *g, char letter) {
  if (letter == 'f' || letter == 'd') gen_canonical_scalar(g, letter);
  if (letter == 'f') gen_op(g, OP_i32_reinterpret_f32);
  if (letter == 'd') gen_op(g, OP_i64_reinterpret_f64);
  if (letter == 's') fold_vector(g);
  if (letter == 'e') gen_op(g, OP_any_convert_extern);
  if (letter == 'e' || gen_is_gc(letter))
    go_deeper(g);
  else if (!gen_is_number(letter))
    gen_op(g, OP_ref_is_null);
  if (!strchr("dls", letter) && letter != 'e' && !gen_is_gc(letter)) gen_op(g, OP_i64_extend_i32_u);
}

/* What is on top goes into the sum. */
static void add_to_sum(Gen *g) {
  gen_op_index(g, OP_local_get, SUM);
  mix(g);
  gen_op_index(g, OP_local_set, SUM);
}

static u16 getter(char field, u16 plain, u32 place) {
  if (field != 'x' && field != 'y') return plain;
  return (u16)(plain + 1 + place % 2); /* _s and _u follow */
}

static void sum_struct(Gen *g, u32 type, u32 local) {
  const char *fields = g->gc[type].fields;
  for (u32 i = 0; fields[i]; i++) {
    gen_op_index(g, OP_local_get, local);
    gen_op_index(g, getter(fields[i], OP_struct_get, i), type);
    wm_buffer_uleb(&g->code, i);
    to_number(g, gen_unpacked(fields[i]));
    add_to_sum(g);
  }
}

/* The length, and the first elements. */
static void sum_array(Gen *g, u32 type, u32 local) {
  char field = g->gc[type].fields[0];
  gen_op_index(g, OP_local_get, local);
  gen_op(g, OP_array_len);
  gen_op(g, OP_i64_extend_i32_u);
  add_to_sum(g);
  for (u32 i = 0; i < SEEN_ELEMENTS; i++) {
    gen_op_i32(g, i);
    gen_op_index(g, OP_local_get, local);
    gen_op(g, OP_array_len);
    gen_op(g, OP_i32_lt_u);
    gen_op(g, OP_if);
    wm_buffer_byte(&g->code, TYPE_EMPTY);
    gen_op_index(g, OP_local_get, local);
    gen_op_i32(g, i);
    gen_op_index(g, getter(field, OP_array_get, i), type);
    to_number(g, gen_unpacked(field));
    add_to_sum(g);
    gen_op(g, OP_end);
  }
}

static void leave_with(Gen *g, i64 number) {
  gen_op(g, OP_if);
  wm_buffer_byte(&g->code, TYPE_EMPTY);
  gen_op(g, OP_i64_const);
  wm_buffer_sleb(&g->code, number);
  gen_op(g, OP_return);
  gen_op(g, OP_end);
}

/* block (result anyref) value, br_on_cast_fail 0 anyref (ref letter) */
static void open_case(Gen *g, char letter) {
  char any = gen_gc_letter(GC_ANY, true);
  gen_op(g, OP_block);
  wm_encode_valtype(&g->code, gen_valtype_of(g, any));
  gen_op_index(g, OP_local_get, VALUE);
  gen_op(g, OP_br_on_cast_fail);
  wm_buffer_bytes(&g->code, "\1\0", 2);
  wm_encode_heaptype(&g->code, HEAP_ANY);
  wm_encode_heaptype(&g->code, val_heap(gen_valtype_of(g, letter)));
}

static void close_case(Gen *g) {
  gen_op_index(g, OP_local_get, SUM);
  gen_op(g, OP_return);
  gen_op(g, OP_end);
  gen_op(g, OP_drop);
}

/* Which types it has: all that casts can ask. */
static void sum_types(Gen *g) {
  for (u32 heap = 0; heap <= GC_NONE; heap++) {
    if (heap >= g->gc_count && heap < GC_TYPES) continue;
    gen_op_index(g, OP_local_get, VALUE);
    gen_op(g, heap % 2 ? OP_ref_test : OP_ref_test_null);
    wm_encode_heaptype(&g->code, val_heap(gen_valtype_of(g, gen_gc_letter(heap, true))));
    gen_op(g, OP_i64_extend_i32_u);
    add_to_sum(g);
  }
}

/* Without budget or depth: no more than a number. */
static void count_visit(Gen *g) {
  gen_op_index(g, OP_local_get, DEPTH);
  gen_op(g, OP_i32_eqz);
  gen_op_index(g, OP_global_get, GC_BUDGET);
  gen_op_i32(g, 1);
  gen_op(g, OP_i32_lt_s);
  gen_op(g, OP_i32_or);
  leave_with(g, 77);
  gen_op_index(g, OP_global_get, GC_BUDGET);
  gen_op_i32(g, 1);
  gen_op(g, OP_i32_sub);
  gen_op_index(g, OP_global_set, GC_BUDGET);
}

void gen_deep_function(Gen *g, Buffer *out) {
  u32 locals[GC_TYPES];
  gen_start_function(g, &gen_deep_sig);
  gen_add_local(g, 'l');
  gen_add_local(g, 'i');
  gen_add_scratch(g);
  for (u32 i = 0; i < g->gc_count; i++) locals[i] = gen_add_local(g, gen_gc_letter(i, true));
  count_visit(g);
  sum_types(g);
  open_case(g, gen_gc_letter(GC_I31, false));
  gen_op(g, OP_i31_get_s);
  gen_op(g, OP_i64_extend_i32_u);
  add_to_sum(g);
  close_case(g);
  for (u32 i = g->gc_count; i-- > 0;) { /* types below come behind those above */
    open_case(g, gen_gc_letter(i, false));
    gen_op_index(g, OP_local_set, locals[i]);
    (g->gc[i].is_array ? sum_array : sum_struct)(g, i, locals[i]);
    close_case(g);
  }
  gen_op_index(g, OP_local_get, SUM);
  gen_end_function(g, &gen_deep_sig, out);
}

/* ---- the module ---- */

static void sum_memory(Gen *g, u32 sum, u32 place) {
  gen_op(g, OP_loop);
  wm_buffer_byte(&g->code, TYPE_EMPTY);
  gen_op_index(g, OP_local_get, sum);
  gen_op_index(g, OP_local_get, place);
  gen_op(g, OP_i64_load);
  wm_encode_memarg(&g->code, 0, 0, 0);
  mix(g);
  gen_op_index(g, OP_local_set, sum);
  gen_op_index(g, OP_local_get, place);
  gen_op_i32(g, 8);
  gen_op(g, OP_i32_add);
  gen_op_index(g, OP_local_tee, place);
  gen_op_i32(g, HASHED_BYTES);
  gen_op(g, OP_i32_lt_u);
  gen_op_index(g, OP_br_if, 0);
  gen_op(g, OP_end);
}

static void sum_globals(Gen *g) {
  static const u16 to_bits[] = {OP_i64_extend_i32_u, OP_nop, OP_nop, OP_i64_reinterpret_f64};
  u32 first = gen_global_of(g, 'i');
  for (u32 i = 0; i < 4; i++) {
    gen_op_index(g, OP_global_get, first + i);
    if (i == 2) {
      gen_op(g, OP_i32_reinterpret_f32);
      gen_op(g, OP_i64_extend_i32_u);
    } else {
      gen_op(g, to_bits[i]);
    }
    mix(g);
  }
  for (u32 lane = 0; lane < 2; lane++) {
    gen_op_index(g, OP_global_get, first + 4);
    gen_op(g, OP_i64x2_extract_lane);
    wm_buffer_byte(&g->code, (u8)lane);
    mix(g);
  }
}

static void sum_objects(Gen *g) {
  gen_set_budget(g, 100);
  for (u32 i = 0; i <= g->gc_count; i++) {
    gen_op_index(g, OP_global_get, i ? GC_GLOBALS + i - 1 : GC_ROOT);
    gen_call_deep(g, 5);
    mix(g);
  }
  for (u32 i = 0; i < TABLE_SIZE; i++) {
    gen_op_i32(g, i);
    gen_op_index(g, OP_table_get, 1);
    gen_call_deep(g, 4);
    mix(g);
  }
}

void gen_hash_function(Gen *g, Buffer *out) {
  gen_start_function(g, &gen_hash_sig);
  u32 sum = gen_add_local(g, 'l'), place = gen_add_local(g, 'i');
  sum_memory(g, sum, place);
  gen_op_index(g, OP_local_get, sum);
  sum_globals(g);
  gen_op_index(g, OP_memory_size, 0);
  gen_op_index(g, OP_table_size, 0);
  gen_op(g, OP_i32_add);
  gen_op(g, OP_i64_extend_i32_u);
  mix(g);
  if (g->kinds & KIND_GC) sum_objects(g);
  gen_end_function(g, &gen_hash_sig, out);
}
