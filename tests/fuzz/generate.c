/* The generator (generate.h): a random walk over instructions that keeps the types on the operand
 * stack. Types are signature letters (wasm/opcode.h), and r funcref, e externref. */
#include "tests/fuzz/generate.h"

#include "binary/encode.h"
#include "wasm/opcode.h"

#include <stdio.h>

enum {
  MAX_TYPES_IN_PROGRAM = 60,
  MAX_LIST = 8, /* types in a list, with the terminating zero */
  MAX_FUNCS = 6,
  MAX_LOCALS_HERE = 40,
  MAX_NESTING = 7,
  MAX_DEPTH = 60,
  ADDRESS_MASK = 0x7F8,
  HASHED_BYTES = 2080, /* what masked addresses with offsets can reach */
  TABLE_SIZE = 10,
  FUEL = 300,
};

static const char all_types[] = "ilfdsre";

typedef struct Sig {
  char params[MAX_LIST], results[MAX_LIST];
} Sig;

typedef struct Label {
  char types[MAX_LIST];
  u32 base;
} Label;

typedef struct Gen {
  const u8 *tape, *tape_end;
  bool barriers;
  Sig types[MAX_TYPES_IN_PROGRAM];
  u32 type_count;
  Sig funcs[MAX_FUNCS];
  u32 func_count;
  char palette[4]; /* the types that the current function mostly uses */

  /* the function being made */
  Buffer code;
  u32 func;
  char locals[MAX_LOCALS_HERE]; /* types; the first own_locals are free to use */
  u32 local_count, own_locals;
  u32 scratch[3]; /* locals for f, d, s */
  u32 address;    /* an i32 local that always holds a good address */
  u32 counters;   /* the first of MAX_NESTING i32 locals */
  char stack[MAX_DEPTH + 32];
  u32 depth;
  u32 floor; /* values below are not for taking */
  Label labels[MAX_NESTING * 2 + 2];
  u32 label_count;
} Gen;

/* ---- the tape: zeros when it is over ---- */

static bool is_over(const Gen *g) { return g->tape == g->tape_end; }
static u8 next_byte(Gen *g) { return is_over(g) ? 0 : *g->tape++; }
static u32 pick(Gen *g, u32 n) {
  u32 value = next_byte(g);
  if (n > 200) value = value << 8 | next_byte(g);
  return value % n;
}
static u64 pick_bits(Gen *g) {
  u64 bits = 0;
  for (u32 i = 0; i < 8; i++) bits = bits << 8 | next_byte(g);
  return bits;
}

/* ---- writing ---- */

static void op(Gen *g, u16 id) {
  if (g->barriers)
    wm_buffer_bytes(&g->code, "\x02\x40\x41\0\x0D\0\x0B", 7); /* block 0 br_if 0 end */
  wm_encode_op(&g->code, id);
}
static void op_index(Gen *g, u16 id, u32 index) {
  op(g, id);
  wm_buffer_uleb(&g->code, index);
}
static void op_i32(Gen *g, u32 value) {
  op(g, OP_i32_const);
  wm_buffer_sleb(&g->code, (i32)value);
}

static ValType valtype_of(char letter) {
  switch (letter) {
  case 'i': return VAL_I32;
  case 'l': return VAL_I64;
  case 'f': return VAL_F32;
  case 'd': return VAL_F64;
  case 's': return VAL_V128;
  case 'r': return VAL_FUNCREF;
  default: return VAL_EXTERNREF;
  }
}

static u32 type_index(Gen *g, const char *params, const char *results) {
  for (u32 i = 0; i < g->type_count; i++) {
    if (!strcmp(g->types[i].params, params) && !strcmp(g->types[i].results, results)) return i;
  }
  Sig *sig = &g->types[g->type_count];
  memmove(sig->params, params, strnlen(params, MAX_LIST - 1) + 1);
  memmove(sig->results, results, strnlen(results, MAX_LIST - 1) + 1);
  sig->params[MAX_LIST - 1] = sig->results[MAX_LIST - 1] = 0;
  return g->type_count++;
}

static bool has_room_for_types(const Gen *g) { return g->type_count + 2 < MAX_TYPES_IN_PROGRAM; }

/* Few types at a time: more values meet. */
static void pick_palette(Gen *g) {
  for (u32 i = 0; i < 3; i++) g->palette[i] = all_types[pick(g, i ? sizeof all_types - 1 : 5)];
}

static char pick_type(Gen *g) {
  if (pick(g, 12) == 11) return all_types[pick(g, sizeof all_types - 1)];
  return g->palette[pick(g, 3)];
}

static void pick_types(Gen *g, char *list, u32 max) {
  u32 count = pick(g, 8) == 7 ? pick(g, max) : pick(g, 3);
  for (u32 i = 0; i < count; i++) list[i] = pick_type(g);
  list[count] = 0;
}

/* ---- the operand stack ---- */

static void push(Gen *g, char type) { g->stack[g->depth++] = type; }
static void push_list(Gen *g, const char *types) {
  while (*types) push(g, *types++);
}
static u32 base_of(const Gen *g) { return g->labels[g->label_count - 1].base; }

/* How many of the top values are the first ones of `types`. */
static u32 matching(const Gen *g, const char *types) {
  u32 have = g->depth - max_u32(g->floor, base_of(g)), count = (u32)strlen(types);
  for (u32 k = count < have ? count : have; k > 0; k--) {
    if (!memcmp(g->stack + g->depth - k, types, k)) return k;
  }
  return 0;
}

/* ---- constants and leaves ---- */

static u64 pick_int(Gen *g) {
  static const u64 values[] = {0,    1,      2,      7,          31,         UINT64_MAX, 128, 255,
                               1000, 0x7FFF, 0x8000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 64};
  u32 i = pick(g, ARRAY_LEN(values) + 3);
  if (i < ARRAY_LEN(values)) return values[i];
  return i == ARRAY_LEN(values) ? UINT64_C(1) << 63 : pick_bits(g) >> pick(g, 64);
}

static u32 pick_f32(Gen *g) {
  static const u32 values[] = {0,          0x80000000, 0x3F800000, 0xBF800000, 0x3FC00000,
                               0x7F800000, 0xFF800000, 0x7FC00000, 0x4F000000, 0xCF000000,
                               0x5F000000, 1,          0x7F7FFFFF, 0x42280000};
  u32 i = pick(g, ARRAY_LEN(values) + 2);
  return i < ARRAY_LEN(values) ? values[i] : (u32)pick_bits(g) & 0xFFBFFFFF;
}

static u64 pick_f64(Gen *g) {
  static const u64 values[] = {0,
                               UINT64_C(0x8000000000000000),
                               UINT64_C(0x3FF0000000000000),
                               UINT64_C(0xBFF8000000000000),
                               UINT64_C(0x7FF0000000000000),
                               UINT64_C(0x7FF8000000000000),
                               UINT64_C(0x41E0000000000000),
                               UINT64_C(0xC1E0000000200000),
                               UINT64_C(0x43E0000000000000),
                               UINT64_C(0x4045000000000000),
                               1};
  u32 i = pick(g, ARRAY_LEN(values) + 2);
  return i < ARRAY_LEN(values) ? values[i] : pick_bits(g);
}

static void constant(Gen *g, char type) {
  switch (type) {
  case 'i': op_i32(g, (u32)pick_int(g)); break;
  case 'l':
    op(g, OP_i64_const);
    wm_buffer_sleb(&g->code, (i64)pick_int(g));
    break;
  case 'f':
    op(g, OP_f32_const);
    wm_buffer_u32(&g->code, pick_f32(g));
    break;
  case 'd':
    op(g, OP_f64_const);
    wm_buffer_u64(&g->code, pick_f64(g));
    break;
  case 's':
    op(g, OP_v128_const);
    wm_buffer_u64(&g->code, pick_bits(g));
    wm_buffer_u64(&g->code, pick_int(g));
    break;
  case 'r':
    if (pick(g, 2))
      op_index(g, OP_ref_func, pick(g, g->func_count));
    else {
      op(g, OP_ref_null);
      wm_encode_heaptype(&g->code, HEAP_FUNC);
    }
    break;
  default: op(g, OP_ref_null); wm_encode_heaptype(&g->code, HEAP_EXTERN);
  }
  push(g, type);
}

/* A local of the type that may be used freely; false: there is none. */
static bool pick_local(Gen *g, char type, u32 *out) {
  u32 count = g->own_locals, start = count ? pick(g, count) : 0;
  for (u32 i = 0; i < count; i++) {
    *out = (start + i) % count;
    if (g->locals[*out] == type) return true;
  }
  return false;
}

/* Global 0 is the fuel; then one for each of i l f d s. */
static u32 global_of(char type) { return 1 + (u32)(strchr(all_types, type) - all_types); }

static void leaf(Gen *g, char type) {
  u32 local, way = pick(g, 6);
  if (way == 5 && type == 'i') {
    op_index(g, OP_local_get, g->address);
    push(g, type);
  } else if (way >= 2 && pick_local(g, type, &local)) {
    op_index(g, OP_local_get, local);
    push(g, type);
  } else if (way == 1 && type != 'r' && type != 'e') {
    op_index(g, OP_global_get, global_of(type));
    push(g, type);
  } else {
    constant(g, type);
  }
}

/* ---- NaNs ---- */

static void canonical_scalar(Gen *g, char type) {
  u32 local = g->scratch[type == 'd'];
  op_index(g, OP_local_tee, local);
  op(g, type == 'f' ? OP_f32_const : OP_f64_const);
  if (type == 'f')
    wm_buffer_u32(&g->code, 0x7FC00000);
  else
    wm_buffer_u64(&g->code, UINT64_C(0x7FF8000000000000));
  op_index(g, OP_local_get, local);
  op_index(g, OP_local_get, local);
  op(g, type == 'f' ? OP_f32_eq : OP_f64_eq);
  op(g, OP_select);
}

static void canonical_lanes(Gen *g, bool is_f64) {
  op_index(g, OP_local_tee, g->scratch[2]);
  op(g, OP_v128_const);
  u64 nan = is_f64 ? UINT64_C(0x7FF8000000000000) : UINT64_C(0x7FC000007FC00000);
  wm_buffer_u64(&g->code, nan);
  wm_buffer_u64(&g->code, nan);
  op_index(g, OP_local_get, g->scratch[2]);
  op_index(g, OP_local_get, g->scratch[2]);
  op(g, is_f64 ? OP_f64x2_eq : OP_f32x4_eq);
  op(g, OP_v128_bitselect);
}

/* Whether the instruction shows the bits of the float on top. */
static bool shows_bits(u16 id) {
  const char *text = wm_op_text(id);
  return wm_op_info[id].op_class == CLASS_STORE || strstr(text, "reinterpret") ||
         strstr(text, "copysign") || strstr(text, "splat") || strstr(text, "replace_lane");
}

/* Whether the instruction's float lanes may be any NaN. */
static bool makes_nan_lanes(u16 id) {
  static const char *const ends[] = {".ceil", ".floor",  ".trunc",  ".nearest", ".sqrt",
                                     ".add",  ".sub",    ".mul",    ".div",     ".min",
                                     ".max",  ".demote", ".promote"};
  const char *name = wm_op_text(id);
  if (strncmp(name, "f32x4", 5) != 0 && strncmp(name, "f64x2", 5) != 0) return false;
  for (u32 i = 0; i < ARRAY_LEN(ends); i++) {
    if (strstr(name, ends[i])) return true;
  }
  return false;
}

/* ---- instructions with a fixed signature ---- */

static bool is_usable(u16 id) {
  const OpInfo *info = &wm_op_info[id];
  bool feature = info->feature == FEATURE_MVP || info->feature == FEATURE_SIGN_EXTENSION ||
                 info->feature == FEATURE_SATURATING_FLOAT_TO_INT || info->feature == FEATURE_SIMD;
  bool immediate = info->immediate == IMM_NONE || info->immediate == IMM_MEMARG ||
                   info->immediate == IMM_MEMARG_LANE || info->immediate == IMM_LANE ||
                   info->immediate == IMM_SHUFFLE;
  return feature && immediate && !strchr(wm_op_sig(id), 'x');
}

static bool is_partial_conversion(u16 id) {
  return wm_op_info[id].op_class == CLASS_TRAPS && strstr(wm_op_text(id), "trunc");
}

static void value(Gen *g, char type, u32 height);

static void mask_address(Gen *g) {
  op_i32(g, ADDRESS_MASK);
  op(g, OP_i32_and);
}

/* Values of `types` on top, taking what is there. An address is made good, but for few. */
static void need(Gen *g, const char *types, u32 height) {
  if (!strcmp(types, "p") && matching(g, "i") && pick(g, 4)) {
    mask_address(g);
    return;
  }
  for (u32 i = matching(g, types); types[i]; i++) {
    value(g, types[i] == 'p' ? 'i' : types[i], height);
    if (types[i] == 'p' && pick(g, 40) != 39) mask_address(g);
  }
}

static u32 lanes_of(u16 id) {
  const OpInfo *info = &wm_op_info[id];
  if (info->immediate == IMM_MEMARG_LANE) return 16 / info->access_bytes;
  if (strstr(wm_op_text(id), "8x16")) return 16;
  if (strstr(wm_op_text(id), "16x8")) return 8;
  return strstr(wm_op_text(id), "32x4") ? 4 : 2;
}

static void immediates(Gen *g, u16 id) {
  const OpInfo *info = &wm_op_info[id];
  if (info->immediate == IMM_MEMARG || info->immediate == IMM_MEMARG_LANE) {
    u32 log2 = (u32)__builtin_ctz(info->access_bytes);
    u64 offset = pick(g, 50) == 49 ? pick_int(g) & UINT32_MAX : pick(g, 16);
    wm_encode_memarg(&g->code, pick(g, log2 + 1), 0, offset);
  }
  if (info->immediate == IMM_MEMARG_LANE || info->immediate == IMM_LANE)
    wm_buffer_byte(&g->code, (u8)pick(g, lanes_of(id)));
  if (info->immediate == IMM_SHUFFLE)
    for (u32 i = 0; i < 16; i++) wm_buffer_byte(&g->code, (u8)pick(g, 32));
}

static bool is_division(u16 id) {
  return wm_op_info[id].op_class == CLASS_TRAPS && !is_partial_conversion(id);
}

/* Makes most divisors something else than zero. */
static void avoid_zero(Gen *g, char type) {
  u32 way = pick(g, 8);
  if (way == 0) return;
  if (way > 4) op(g, OP_drop);
  op(g, type == 'i' ? OP_i32_const : OP_i64_const);
  u64 divisor = way > 4 ? pick_int(g) | (pick(g, 2) ? 1 : 2) : 1;
  wm_buffer_sleb(&g->code, type == 'i' ? (i32)divisor : (i64)divisor);
  if (way <= 4) op(g, type == 'i' ? OP_i32_or : OP_i64_or);
}

static void fixed(Gen *g, u16 id, u32 height) {
  char operands[MAX_LIST], *end;
  snprintf(operands, sizeof operands, "%s", wm_op_sig(id));
  end = strchr(operands, '_');
  char result = end[1];
  *end = 0;
  need(g, operands, height);
  u32 count = (u32)strlen(operands);
  char top = count ? operands[count - 1] : 0;
  if ((top == 'f' || top == 'd') && shows_bits(id)) canonical_scalar(g, top);
  if (is_division(id)) avoid_zero(g, top);
  op(g, id);
  immediates(g, id);
  g->depth -= count;
  if (result) push(g, result);
  if (makes_nan_lanes(id)) canonical_lanes(g, !strncmp(wm_op_text(id), "f64", 3));
}

static u16 pick_op(Gen *g, bool simd) {
  u16 first = simd ? OP_v128_load : OP_i32_load;
  u16 last = simd ? OP_f64x2_convert_low_i32x4_u : OP_i64_trunc_sat_f64_u;
  for (u32 tries = 0; tries < 8; tries++) {
    u16 id = (u16)(first + pick(g, last - first + 1u));
    if (is_usable(id) && (!is_partial_conversion(id) || pick(g, 5) == 0)) return id;
  }
  return simd ? OP_v128_not : OP_i32_eqz;
}

/* Computes a value of the type from leaves, at most `height` instructions deep. */
static void value(Gen *g, char type, u32 height) {
  if (height == 0 || is_over(g) || pick(g, 3) == 0 || g->depth > MAX_DEPTH) {
    leaf(g, type);
    return;
  }
  u16 id = OP_COUNT;
  for (u32 tries = 0; tries < 6 && id == OP_COUNT; tries++) {
    u16 tried = pick_op(g, type == 's' || pick(g, 8) == 0);
    if (strchr(wm_op_sig(tried), '_')[1] == type) id = tried;
  }
  if (id == OP_COUNT) {
    leaf(g, type);
    return;
  }
  u32 floor = g->floor;
  g->floor = g->depth;
  fixed(g, id, height - 1);
  g->floor = floor;
}

static void store(Gen *g) {
  static const u16 rows[] = {OP_i32_store,  OP_i64_store,   OP_f32_store,
                             OP_f64_store,  OP_i32_store8,  OP_i32_store16,
                             OP_i64_store8, OP_i64_store16, OP_i64_store32};
  fixed(g, rows[pick(g, ARRAY_LEN(rows))], 3);
}

static void need_values(Gen *g, const char *types) { need(g, types, 2); }

/* ---- variables ---- */

static void set_local(Gen *g) {
  if (g->own_locals == 0) return;
  u32 local = pick(g, g->own_locals);
  char type = g->depth > base_of(g) && pick(g, 4) ? g->stack[g->depth - 1] : g->locals[local];
  if (!pick_local(g, type, &local)) return;
  char types[2] = {type, 0};
  need_values(g, types);
  bool keep = pick(g, 3) == 0;
  op_index(g, keep ? OP_local_tee : OP_local_set, local);
  if (!keep) g->depth--;
}

static void set_address(Gen *g) {
  need_values(g, "i");
  mask_address(g);
  op_index(g, OP_local_set, g->address);
  g->depth--;
}

static void set_global(Gen *g) {
  char types[2] = {all_types[pick(g, 5)], 0};
  need_values(g, types);
  if (*types == 'f' || *types == 'd') canonical_scalar(g, *types);
  op_index(g, OP_global_set, global_of(*types));
  g->depth--;
}

static void select_one(Gen *g) {
  char type = pick_type(g);
  if (g->depth > base_of(g) && pick(g, 3)) type = g->stack[g->depth - 1];
  char types[4] = {type, type, 'i', 0};
  need_values(g, types);
  bool is_ref = type == 'r' || type == 'e';
  if (is_ref || pick(g, 4) == 0) {
    op_index(g, OP_select_t, 1);
    wm_encode_valtype(&g->code, valtype_of(type));
  } else {
    op(g, OP_select);
  }
  g->depth -= 2;
}

/* ---- memory and tables as a whole ---- */

/* A number below a power of two. */
static void small(Gen *g, u32 below) {
  value(g, 'i', 1);
  op_i32(g, below - 1);
  op(g, OP_i32_and);
}

static void bulk(Gen *g) {
  u32 way = pick(g, 6);
  small(g, way < 3 ? 1024 : 8);
  if (way == 1)
    value(g, 'i', 1); /* the byte of memory.fill */
  else if (way == 5)
    value(g, 'r', 1);
  else
    small(g, way == 0 ? 1024 : way == 2 ? 32 : 8);
  small(g, way < 3 ? 64 : 4);
  static const u16 ops[] = {OP_memory_copy, OP_memory_fill, OP_memory_init,
                            OP_table_copy,  OP_table_init,  OP_table_fill};
  op(g, ops[way]);
  static const u8 immediate[][2] = {{0, 0}, {0, 0}, {1, 0}, {0, 0}, {1, 0}, {0, 0}};
  wm_buffer_bytes(&g->code, immediate[way], way == 1 || way == 5 ? 1 : 2);
  g->depth -= 3;
}

static void table_or_memory(Gen *g) {
  switch (pick(g, 8)) {
  case 0:
    op_index(g, OP_memory_size, 0);
    push(g, 'i');
    break;
  case 1:
    small(g, 2);
    op_index(g, OP_memory_grow, 0);
    break;
  case 2:
    op_index(g, OP_table_size, 0);
    push(g, 'i');
    break;
  case 3:
    value(g, 'r', 1);
    small(g, 4);
    op_index(g, OP_table_grow, 0);
    g->depth -= 2;
    push(g, 'i');
    break;
  case 4:
    small(g, 8);
    op_index(g, OP_table_get, 0);
    g->depth--;
    push(g, 'r');
    break;
  case 5:
    small(g, 8);
    value(g, 'r', 1);
    op_index(g, OP_table_set, 0);
    g->depth -= 2;
    break;
  case 6: {
    const char *type = pick(g, 2) ? "r" : "e";
    need_values(g, type);
    op(g, OP_ref_is_null);
    g->depth--;
    push(g, 'i');
    break;
  }
  case 7:
    if (pick(g, 8) == 7)
      op_index(g, pick(g, 2) ? OP_data_drop : OP_elem_drop, 1);
    else
      op(g, OP_nop);
    break;
  default: break;
  }
}

/* ---- calls ---- */

static void call(Gen *g) {
  u32 callee = pick(g, g->func_count);
  bool indirect = pick(g, 2);
  if (!indirect && callee <= g->func) return; /* recursion is left to tables */
  const Sig *sig = &g->funcs[callee];
  need_values(g, sig->params);
  if (indirect) {
    if (pick(g, 3) == 0)
      small(g, 8);
    else
      op_i32(g, callee), push(g, 'i');
    op_index(g, OP_call_indirect, type_index(g, sig->params, sig->results));
    wm_buffer_byte(&g->code, 0);
    g->depth--;
  } else {
    op_index(g, OP_call, callee);
  }
  g->depth -= (u32)strlen(sig->params);
  push_list(g, sig->results);
}

/* ---- branches ---- */

static void go_dead(Gen *g) { g->depth = base_of(g); }

static void branch(Gen *g) {
  u32 target = pick(g, g->label_count);
  const char *types = g->labels[g->label_count - 1 - target].types;
  need_values(g, types);
  op_index(g, OP_br, target);
  go_dead(g);
}

static void branch_if(Gen *g) {
  u32 target = pick(g, g->label_count);
  const char *types = g->labels[g->label_count - 1 - target].types;
  u32 kept = matching(g, types);
  if (kept < strlen(types)) need_values(g, types);
  value(g, 'i', 2);
  op_index(g, OP_br_if, target);
  g->depth--;
}

static void branch_table(Gen *g) {
  u32 first = pick(g, g->label_count), targets[6], count = pick(g, 6);
  const char *types = g->labels[g->label_count - 1 - first].types;
  for (u32 i = 0; i < count; i++) {
    targets[i] = pick(g, g->label_count);
    if (strcmp(g->labels[g->label_count - 1 - targets[i]].types, types) != 0) targets[i] = first;
  }
  need_values(g, types);
  value(g, 'i', 2);
  if (pick(g, 3)) {
    op_i32(g, 7);
    op(g, OP_i32_and);
  }
  op_index(g, OP_br_table, count);
  for (u32 i = 0; i < count; i++) wm_buffer_uleb(&g->code, targets[i]);
  wm_buffer_uleb(&g->code, first);
  go_dead(g);
}

static void leave(Gen *g) {
  if (pick(g, 6) == 0) {
    op(g, OP_unreachable);
  } else {
    need_values(g, g->funcs[g->func].results);
    op(g, OP_return);
  }
  go_dead(g);
}

/* ---- blocks ---- */

static void statements(Gen *g, u32 count);

static void open_block(Gen *g, u16 id, const Sig *sig) {
  op(g, id);
  if (sig->params[0] || (sig->results[0] && sig->results[1]))
    wm_buffer_sleb(&g->code, type_index(g, sig->params, sig->results));
  else if (sig->results[0])
    wm_encode_valtype(&g->code, valtype_of(sig->results[0]));
  else
    wm_buffer_byte(&g->code, TYPE_EMPTY);
  Label *label = &g->labels[g->label_count++];
  label->base = g->depth - (u32)strlen(sig->params);
  snprintf(label->types, MAX_LIST, "%s", id == OP_loop ? sig->params : sig->results);
}

/* Makes the block's stack exactly its results. */
static void finish(Gen *g, const char *results) {
  u32 base = base_of(g), have = 0;
  while (g->depth > base && (g->depth - base > strlen(results) ||
                             memcmp(g->stack + base, results, g->depth - base) != 0)) {
    op(g, OP_drop);
    g->depth--;
  }
  have = g->depth - base;
  while (results[have]) value(g, results[have++], 1);
}

static void close_block(Gen *g, const Sig *sig) {
  finish(g, sig->results);
  op(g, OP_end);
  g->depth = g->labels[--g->label_count].base;
  push_list(g, sig->results);
}

/* A trap when there is no fuel left. */
static void burn_fuel(Gen *g) {
  op_index(g, OP_global_get, 0);
  op_i32(g, 1);
  op(g, OP_i32_sub);
  op_index(g, OP_global_set, 0);
  op_index(g, OP_global_get, 0);
  op_i32(g, 0);
  op(g, OP_i32_lt_s);
  op(g, OP_if);
  wm_buffer_byte(&g->code, TYPE_EMPTY);
  op(g, OP_unreachable);
  op(g, OP_end);
}

/* At most a few rounds; then on behind the block around the loop. */
static void count_round(Gen *g, const Sig *sig) {
  u32 counter = g->counters + g->label_count / 2 % MAX_NESTING;
  static const Sig none = {"", ""};
  burn_fuel(g);
  op_index(g, OP_local_get, counter);
  op_i32(g, 1);
  op(g, OP_i32_add);
  op_index(g, OP_local_tee, counter);
  op_i32(g, 2 + pick(g, 5));
  op(g, OP_i32_gt_u);
  open_block(g, OP_if, &none);
  for (const char *type = sig->results; *type; type++) leaf(g, *type);
  op_index(g, OP_br, 2);
  go_dead(g);
  close_block(g, &none);
}

static void loop(Gen *g, const Sig *sig, u32 count) {
  open_block(g, OP_block, sig);
  u32 counter = g->counters + (g->label_count + 1) / 2 % MAX_NESTING;
  op_i32(g, 0);
  op_index(g, OP_local_set, counter);
  open_block(g, OP_loop, sig);
  count_round(g, sig);
  statements(g, count);
  close_block(g, sig);
  close_block(g, sig);
}

static void if_else(Gen *g, const Sig *sig, u32 count) {
  value(g, 'i', 2);
  g->depth--;
  open_block(g, OP_if, sig);
  statements(g, count);
  if (strcmp(sig->params, sig->results) != 0 || pick(g, 2)) {
    finish(g, sig->results);
    op(g, OP_else);
    g->depth = base_of(g);
    push_list(g, sig->params);
    statements(g, count);
  }
  close_block(g, sig);
}

static void nested(Gen *g) {
  if (g->label_count >= MAX_NESTING * 2 - 1 || !has_room_for_types(g)) return;
  Sig sig = {"", ""};
  u32 have = g->depth - base_of(g), params = pick(g, 4);
  if (params > have) params = have;
  memcpy(sig.params, g->stack + g->depth - params, params);
  if (pick(g, 4) == 0)
    memcpy(sig.results, sig.params, sizeof sig.results);
  else
    pick_types(g, sig.results, MAX_LIST);
  u32 kind = pick(g, 3), count = pick(g, 12);
  if (kind == 0) {
    open_block(g, OP_block, &sig);
    statements(g, count);
    close_block(g, &sig);
  } else if (kind == 1) {
    loop(g, &sig, count);
  } else {
    if_else(g, &sig, count);
  }
}

/* ---- statements ---- */

static void statement(Gen *g) {
  if (g->depth > MAX_DEPTH) {
    if (g->depth > base_of(g)) op(g, OP_drop), g->depth--;
    return;
  }
  u32 way = pick(g, 40);
  if (way < 9)
    fixed(g, pick_op(g, false), 2);
  else if (way < 12)
    fixed(g, pick_op(g, true), 2);
  else if (way < 18)
    set_local(g);
  else if (way < 21)
    leaf(g, pick_type(g));
  else if (way < 22 && g->depth > base_of(g))
    op(g, OP_drop), g->depth--;
  else if (way < 23)
    set_address(g);
  else if (way < 24)
    set_global(g);
  else if (way < 27)
    nested(g);
  else if (way < 30)
    branch_if(g);
  else if (way < 31)
    branch_table(g);
  else if (way < 33)
    select_one(g);
  else if (way < 35)
    call(g);
  else if (way < 36)
    bulk(g);
  else if (way < 37)
    table_or_memory(g);
  else if (way < 38)
    store(g);
  else if (way < 39 && pick(g, 3) == 0)
    branch(g);
  else if (pick(g, 5) == 0)
    leave(g);
}

static void statements(Gen *g, u32 count) {
  for (u32 i = 0; i < count && !is_over(g); i++) statement(g);
}

/* ---- functions ---- */

static u32 add_local(Gen *g, char type) {
  g->locals[g->local_count] = type;
  return g->local_count++;
}

static void start_function(Gen *g, const Sig *sig) {
  g->code.len = 0;
  g->local_count = g->label_count = g->depth = 0;
  for (const char *type = sig->params; *type; type++) add_local(g, *type);
}

static void add_scratch(Gen *g) {
  g->own_locals = g->local_count;
  for (u32 i = 0; i < 3; i++) g->scratch[i] = add_local(g, "fds"[i]);
  g->address = add_local(g, 'i');
  g->counters = g->local_count;
  for (u32 i = 0; i < MAX_NESTING; i++) add_local(g, 'i');
}

/* The code entry of the function: its locals and g->code. */
static void end_function(Gen *g, const Sig *sig, Buffer *out) {
  u32 params = (u32)strlen(sig->params);
  size_t entry = wm_encode_open(out);
  wm_buffer_uleb(out, g->local_count - params);
  for (u32 i = params; i < g->local_count; i++) {
    wm_buffer_byte(out, 1);
    wm_encode_valtype(out, valtype_of(g->locals[i]));
  }
  wm_buffer_bytes(out, g->code.data, g->code.len);
  wm_buffer_byte(out, 0x0B);
  wm_encode_close(out, entry);
}

static void inner_function(Gen *g, u32 index, Buffer *out) {
  const Sig *sig = &g->funcs[index];
  g->func = index;
  start_function(g, sig);
  pick_palette(g);
  u32 extra = 1 + pick(g, 6);
  for (u32 i = 0; i < extra; i++) add_local(g, pick_type(g));
  add_scratch(g);
  Label *body = &g->labels[g->label_count++];
  body->base = 0;
  memcpy(body->types, sig->results, MAX_LIST);
  burn_fuel(g);
  statements(g, 10 + pick(g, 60));
  finish(g, sig->results);
  end_function(g, sig, out);
}

static const Sig entry_sig = {"ilfd", ""};
static const Sig hash_sig = {"", "l"};

/* Stores the top value at `at`. */
static void keep_result(Gen *g, char type, u32 at, u32 first_keeper) {
  static const u16 stores[] = {OP_i32_store, OP_i64_store, OP_f32_store, OP_f64_store,
                               OP_v128_store};
  if (type == 'r' || type == 'e') {
    op(g, OP_ref_is_null);
    type = 'i';
  }
  if (type == 'f' || type == 'd') canonical_scalar(g, type);
  u32 which = (u32)(strchr(all_types, type) - all_types);
  op_index(g, OP_local_set, first_keeper + which);
  op_i32(g, at);
  op_index(g, OP_local_get, first_keeper + which);
  op(g, stores[which]);
  wm_encode_memarg(&g->code, 0, 0, 0);
}

/* Calls inner function `index` and stores its results. */
static void entry_function(Gen *g, u32 index, Buffer *out) {
  const Sig *callee = &g->funcs[index];
  start_function(g, &entry_sig);
  add_scratch(g);
  u32 keepers = g->local_count;
  for (u32 i = 0; i < 5; i++) add_local(g, all_types[i]);
  op_i32(g, FUEL);
  op_index(g, OP_global_set, 0);
  for (const char *type = callee->params; *type; type++) {
    const char *own = strchr(entry_sig.params, *type);
    if (own)
      op_index(g, OP_local_get, (u32)(own - entry_sig.params));
    else
      constant(g, *type);
  }
  op_index(g, OP_call, index);
  for (u32 i = (u32)strlen(callee->results); i-- > 0;)
    keep_result(g, callee->results[i], 16 * i, keepers);
  end_function(g, &entry_sig, out);
}

static void mix(Gen *g) {
  op(g, OP_i64_xor);
  op(g, OP_i64_const);
  wm_buffer_sleb(&g->code, 0x100000001B3);
  op(g, OP_i64_mul);
  op(g, OP_i64_const);
  wm_buffer_sleb(&g->code, 23);
  op(g, OP_i64_rotl);
}

static void hash_function(Gen *g, Buffer *out) {
  start_function(g, &hash_sig);
  u32 h = add_local(g, 'l'), p = add_local(g, 'i');
  op(g, OP_loop);
  wm_buffer_byte(&g->code, TYPE_EMPTY);
  op_index(g, OP_local_get, h);
  op_index(g, OP_local_get, p);
  op(g, OP_i64_load);
  wm_encode_memarg(&g->code, 0, 0, 0);
  mix(g);
  op_index(g, OP_local_set, h);
  op_index(g, OP_local_get, p);
  op_i32(g, 8);
  op(g, OP_i32_add);
  op_index(g, OP_local_tee, p);
  op_i32(g, HASHED_BYTES);
  op(g, OP_i32_lt_u);
  op_index(g, OP_br_if, 0);
  op(g, OP_end);
  op_index(g, OP_local_get, h);
  static const u16 to_bits[] = {OP_i64_extend_i32_u, OP_nop, OP_nop, OP_i64_reinterpret_f64};
  for (u32 i = 0; i < 4; i++) {
    op_index(g, OP_global_get, i + 1);
    if (i == 2) {
      op(g, OP_i32_reinterpret_f32);
      op(g, OP_i64_extend_i32_u);
    } else {
      op(g, to_bits[i]);
    }
    mix(g);
  }
  for (u32 lane = 0; lane < 2; lane++) {
    op_index(g, OP_global_get, 5);
    op(g, OP_i64x2_extract_lane);
    wm_buffer_byte(&g->code, (u8)lane);
    mix(g);
  }
  op_index(g, OP_memory_size, 0);
  op_index(g, OP_table_size, 0);
  op(g, OP_i32_add);
  op(g, OP_i64_extend_i32_u);
  mix(g);
  end_function(g, &hash_sig, out);
}

/* ---- the module ---- */

static void type_section(const Gen *g, Buffer *out) {
  size_t section = wm_encode_section(out, SECTION_TYPE);
  wm_buffer_uleb(out, g->type_count);
  for (u32 i = 0; i < g->type_count; i++) {
    const char *lists[] = {g->types[i].params, g->types[i].results};
    wm_buffer_byte(out, 0x60);
    for (u32 k = 0; k < 2; k++) {
      wm_buffer_uleb(out, strlen(lists[k]));
      for (const char *type = lists[k]; *type; type++) wm_encode_valtype(out, valtype_of(*type));
    }
  }
  wm_encode_close(out, section);
}

/* Functions, table, memory, globals. */
static void declarations(Gen *g, Buffer *out) {
  size_t section = wm_encode_section(out, SECTION_FUNCTION);
  wm_buffer_uleb(out, 2 * g->func_count + 1);
  for (u32 i = 0; i < g->func_count; i++)
    wm_buffer_uleb(out, type_index(g, g->funcs[i].params, g->funcs[i].results));
  for (u32 i = 0; i < g->func_count; i++) wm_buffer_uleb(out, type_index(g, entry_sig.params, ""));
  wm_buffer_uleb(out, type_index(g, "", hash_sig.results));
  wm_encode_close(out, section);
  static const u8 table_memory[] = {SECTION_TABLE,  5, 1, 0x70, 1, TABLE_SIZE, TABLE_SIZE + 10,
                                    SECTION_MEMORY, 4, 1, 1,    1, 3};
  wm_buffer_bytes(out, table_memory, sizeof table_memory);
  section = wm_encode_section(out, SECTION_GLOBAL);
  wm_buffer_bytes(out, "\6\x7F\1\x41\0\x0B\x7F\1\x41\5\x0B\x7E\1\x42\7\x0B", 16);
  wm_buffer_bytes(out, "\x7D\1\x43\0\0\x80\x3F\x0B\x7C\1\x44\0\0\0\0\0\0\xF0\x3F\x0B", 20);
  wm_buffer_bytes(out, "\x7B\1\xFD\x0C\1\2\3\4\5\6\7\0\1\2\3\4\5\6\7\0\x0B", 21);
  wm_encode_close(out, section);
}

static void exports_and_elements(const Gen *g, Buffer *out) {
  size_t section = wm_encode_section(out, SECTION_EXPORT);
  wm_buffer_uleb(out, g->func_count + 1);
  for (u32 i = 0; i <= g->func_count; i++) {
    char name[8];
    snprintf(name, sizeof name, i == g->func_count ? "hash" : "f%u", i);
    wm_encode_name(out, name, (u32)strlen(name));
    wm_buffer_byte(out, 0);
    wm_buffer_uleb(out, g->func_count + i);
  }
  wm_encode_close(out, section);
  section = wm_encode_section(out, SECTION_ELEM);
  wm_buffer_uleb(out, 2);
  for (u32 segment = 0; segment < 2; segment++) {
    if (segment == 0)
      wm_buffer_bytes(out, "\0\x41\0\x0B", 4); /* table 0 from 0 on */
    else
      wm_buffer_bytes(out, "\1\0", 2); /* passive */
    wm_buffer_uleb(out, segment ? 8 : g->func_count);
    for (u32 i = 0; i < (segment ? 8 : g->func_count); i++)
      wm_buffer_uleb(out, (i + segment) % g->func_count);
  }
  wm_encode_close(out, section);
}

static void data_section(Buffer *out) {
  size_t section = wm_encode_section(out, SECTION_DATA);
  wm_buffer_bytes(out, "\2\0\x41\0\x0B\x80\1", 7);
  for (u32 i = 0; i < 128; i++) wm_buffer_byte(out, (u8)(i * 37 ^ i >> 2));
  wm_buffer_bytes(out, "\1\x60", 2);
  for (u32 i = 0; i < 96; i++) wm_buffer_byte(out, (u8)(i * 11 + 200));
  wm_encode_close(out, section);
}

void generate_program(const u8 *tape, size_t len, bool barriers, Buffer *out) {
  Gen g = {.tape = tape, .tape_end = tape + len, .barriers = barriers};
  Buffer bodies = {0};
  g.func_count = 1 + pick(&g, MAX_FUNCS);
  pick_palette(&g);
  type_index(&g, entry_sig.params, entry_sig.results);
  type_index(&g, hash_sig.params, hash_sig.results);
  for (u32 i = 0; i < g.func_count; i++) {
    pick_types(&g, g.funcs[i].params, MAX_LIST);
    pick_types(&g, g.funcs[i].results, MAX_LIST);
    type_index(&g, g.funcs[i].params, g.funcs[i].results);
  }
  const u8 *end = g.tape_end;
  for (u32 i = 0; i < g.func_count; i++) { /* to each its share of the tape */
    g.tape_end = g.tape + (u32)(end - g.tape) / (g.func_count - i);
    inner_function(&g, i, &bodies);
  }
  for (u32 i = 0; i < g.func_count; i++) entry_function(&g, i, &bodies);
  hash_function(&g, &bodies);
  wm_encode_header(out);
  type_section(&g, out);
  declarations(&g, out);
  exports_and_elements(&g, out);
  wm_buffer_bytes(out, "\x0C\1\2", 3); /* two data segments */
  size_t section = wm_encode_section(out, SECTION_CODE);
  wm_buffer_uleb(out, 2 * g.func_count + 1);
  wm_buffer_bytes(out, bodies.data, bodies.len);
  wm_encode_close(out, section);
  data_section(out);
  out->failed |= bodies.failed || g.code.failed;
  wm_buffer_free(&bodies);
  wm_buffer_free(&g.code);
}
