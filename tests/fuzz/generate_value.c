/* Values: constants and variables, and whatever the rows of opcodes.def compute from them. */
#include "tests/fuzz/generator.h"

#include "binary/encode.h"

#include <stdio.h>

enum { ADDRESS_MASK = 0x7F8 };

/* ---- constants and leaves ---- */

static u64 pick_int(Gen *g) {
  static const u64 values[] = {0,    1,      2,      7,          31,         UINT64_MAX, 128, 255,
                               1000, 0x7FFF, 0x8000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 64};
  u32 i = gen_pick(g, ARRAY_LEN(values) + 3);
  if (i < ARRAY_LEN(values)) return values[i];
  return i == ARRAY_LEN(values) ? UINT64_C(1) << 63 : gen_pick_bits(g) >> gen_pick(g, 64);
}

static u32 pick_f32(Gen *g) {
  static const u32 values[] = {0,          0x80000000, 0x3F800000, 0xBF800000, 0x3FC00000,
                               0x7F800000, 0xFF800000, 0x7FC00000, 0x4F000000, 0xCF000000,
                               0x5F000000, 1,          0x7F7FFFFF, 0x42280000};
  u32 i = gen_pick(g, ARRAY_LEN(values) + 2);
  return i < ARRAY_LEN(values) ? values[i] : (u32)gen_pick_bits(g) & 0xFFBFFFFF;
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
  u32 i = gen_pick(g, ARRAY_LEN(values) + 2);
  return i < ARRAY_LEN(values) ? values[i] : gen_pick_bits(g);
}

static void typed_constant(Gen *g, char type) {
  bool may_be_null = type <= '9';
  u32 callee = (u32)(type - (may_be_null ? '0' : 'A')), way = gen_pick(g, 8);
  if (may_be_null && way == 7) {
    gen_op(g, OP_ref_null);
    wm_encode_heaptype(&g->code, g->func_types[callee]);
  } else {
    gen_op_index(g, OP_ref_func, (way % 2 ? g->own_funcs : FIRST_PEER) + callee);
  }
}

void gen_constant(Gen *g, char type) {
  switch (type) {
  case 'i': gen_op_i32(g, (u32)pick_int(g)); break;
  case 'l':
    gen_op(g, OP_i64_const);
    wm_buffer_sleb(&g->code, (i64)pick_int(g));
    break;
  case 'f':
    gen_op(g, OP_f32_const);
    wm_buffer_u32(&g->code, pick_f32(g));
    break;
  case 'd':
    gen_op(g, OP_f64_const);
    wm_buffer_u64(&g->code, pick_f64(g));
    break;
  case 's':
    gen_op(g, OP_v128_const);
    wm_buffer_u64(&g->code, gen_pick_bits(g));
    wm_buffer_u64(&g->code, pick_int(g));
    break;
  case 'r':
    if (gen_pick(g, 2))
      gen_op_index(g, OP_ref_func, g->own_funcs + gen_pick(g, g->func_count));
    else {
      gen_op(g, OP_ref_null);
      wm_encode_heaptype(&g->code, HEAP_FUNC);
    }
    break;
  case 'e':
  case 'n':
    gen_op(g, OP_ref_null);
    wm_encode_heaptype(&g->code, type == 'e' ? HEAP_EXTERN : HEAP_EXN);
    break;
  default:
    if (gen_is_gc(type))
      gen_gc_constant(g, type);
    else
      typed_constant(g, type);
  }
  gen_push(g, type);
}

/* A local of the type that may be used freely; false: there is none. */
bool gen_pick_local(Gen *g, char type, u32 *out) {
  u32 count = g->own_locals, start = count ? gen_pick(g, count) : 0;
  for (u32 i = 0; i < count; i++) {
    *out = (start + i) % count;
    if (g->locals[*out] == type) return true;
  }
  return false;
}

/* Global 0 is the fuel, global 1 in GC programs the root; then one for each of i l f d s. */
u32 gen_global_of(const Gen *g, char type) {
  return (g->kinds & KIND_GC ? 2 : 1) + (u32)(strchr(ALL_TYPES, type) - ALL_TYPES);
}

void gen_leaf(Gen *g, char type) {
  if (gen_is_gc(type)) {
    gen_gc_leaf(g, type);
    return;
  }
  u32 local, way = gen_pick(g, 6);
  if (way == 5 && type == 'i') {
    gen_op_index(g, OP_local_get, g->address);
    gen_push(g, type);
  } else if (way >= 2 && gen_pick_local(g, type, &local)) {
    gen_op_index(g, OP_local_get, local);
    gen_push(g, type);
  } else if (way == 1 && gen_is_number(type)) {
    gen_op_index(g, OP_global_get, gen_global_of(g, type));
    gen_push(g, type);
  } else {
    gen_constant(g, type);
  }
}

/* ---- NaNs ---- */

void gen_canonical_scalar(Gen *g, char type) {
  u32 local = g->scratch[type == 'd'];
  gen_op_index(g, OP_local_tee, local);
  gen_op(g, type == 'f' ? OP_f32_const : OP_f64_const);
  if (type == 'f')
    wm_buffer_u32(&g->code, 0x7FC00000);
  else
    wm_buffer_u64(&g->code, UINT64_C(0x7FF8000000000000));
  gen_op_index(g, OP_local_get, local);
  gen_op_index(g, OP_local_get, local);
  gen_op(g, type == 'f' ? OP_f32_eq : OP_f64_eq);
  gen_op(g, OP_select);
}

static void canonical_lanes(Gen *g, bool is_f64) {
  gen_op_index(g, OP_local_tee, g->scratch[2]);
  gen_op(g, OP_v128_const);
  u64 nan = is_f64 ? UINT64_C(0x7FF8000000000000) : UINT64_C(0x7FC000007FC00000);
  wm_buffer_u64(&g->code, nan);
  wm_buffer_u64(&g->code, nan);
  gen_op_index(g, OP_local_get, g->scratch[2]);
  gen_op_index(g, OP_local_get, g->scratch[2]);
  gen_op(g, is_f64 ? OP_f64x2_eq : OP_f32x4_eq);
  gen_op(g, OP_v128_bitselect);
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

/* The features whose instructions are drawn from by their rows alone. */
static const Feature drawn_features[] = {FEATURE_MVP, FEATURE_SIGN_EXTENSION,
                                         FEATURE_SATURATING_FLOAT_TO_INT, FEATURE_SIMD};

static bool is_drawn(Feature feature) {
  for (u32 i = 0; i < ARRAY_LEN(drawn_features); i++) {
    if (drawn_features[i] == feature) return true;
  }
  return false;
}

static bool is_usable(u16 id) {
  const OpInfo *info = &wm_op_info[id];
  bool immediate = info->immediate == IMM_NONE || info->immediate == IMM_MEMARG ||
                   info->immediate == IMM_MEMARG_LANE || info->immediate == IMM_LANE ||
                   info->immediate == IMM_SHUFFLE;
  return is_drawn((Feature)info->feature) && immediate && !strchr(wm_op_sig(id), 'x');
}

static bool is_partial_conversion(u16 id) {
  return wm_op_info[id].op_class == CLASS_TRAPS && strstr(wm_op_text(id), "trunc");
}

void gen_mask_address(Gen *g) {
  gen_op_i32(g, ADDRESS_MASK);
  gen_op(g, OP_i32_and);
}

/* Values of `types` on top, taking what is there. An address is made good, but for few. */
static void need(Gen *g, const char *types, u32 height) {
  if (!strcmp(types, "p") && gen_matching(g, "i") && gen_pick(g, 4)) {
    gen_mask_address(g);
    return;
  }
  for (u32 i = gen_matching(g, types); types[i]; i++) {
    gen_value(g, types[i] == 'p' ? 'i' : types[i], height);
    if (types[i] == 'p' && gen_pick(g, 40) != 39) gen_mask_address(g);
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
    bool is_atomic = info->feature == FEATURE_THREADS;
    u64 offset = gen_pick(g, 50) == 49 ? pick_int(g) & UINT32_MAX : gen_pick(g, 16);
    if (is_atomic && gen_pick(g, 30)) offset &= ~(u64)(info->access_bytes - 1u);
    wm_encode_memarg(&g->code, is_atomic ? log2 : gen_pick(g, log2 + 1), 0, offset);
  }
  if (info->immediate == IMM_FENCE) wm_buffer_byte(&g->code, 0);
  if (info->immediate == IMM_MEMARG_LANE || info->immediate == IMM_LANE)
    wm_buffer_byte(&g->code, (u8)gen_pick(g, lanes_of(id)));
  if (info->immediate == IMM_SHUFFLE)
    for (u32 i = 0; i < 16; i++) wm_buffer_byte(&g->code, (u8)gen_pick(g, 32));
}

static bool is_division(u16 id) {
  return wm_op_info[id].op_class == CLASS_TRAPS && !is_partial_conversion(id);
}

/* Makes most divisors something else than zero. */
static void avoid_zero(Gen *g, char type) {
  u32 way = gen_pick(g, 8);
  if (way == 0) return;
  if (way > 4) gen_op(g, OP_drop);
  gen_op(g, type == 'i' ? OP_i32_const : OP_i64_const);
  u64 divisor = way > 4 ? pick_int(g) | (gen_pick(g, 2) ? 1 : 2) : 1;
  wm_buffer_sleb(&g->code, type == 'i' ? (i32)divisor : (i64)divisor);
  if (way <= 4) gen_op(g, type == 'i' ? OP_i32_or : OP_i64_or);
}

void gen_fixed(Gen *g, u16 id, u32 height) {
  char operands[MAX_LIST], *end;
  snprintf(operands, sizeof operands, "%s", wm_op_sig(id));
  end = strchr(operands, '_');
  char result = end[1];
  *end = 0;
  need(g, operands, height);
  u32 count = (u32)strlen(operands);
  char top = count ? operands[count - 1] : 0;
  if ((top == 'f' || top == 'd') && shows_bits(id)) gen_canonical_scalar(g, top);
  if (is_division(id)) avoid_zero(g, top);
  gen_op(g, id);
  immediates(g, id);
  g->depth -= count;
  if (result) gen_push(g, result);
  if (makes_nan_lanes(id)) canonical_lanes(g, !strncmp(wm_op_text(id), "f64", 3));
}

/* Opcodes to draw from, by their numbers: the order of rows in opcodes.def means nothing. */
typedef struct OpRange {
  u8 prefix;
  u32 first, count;
} OpRange;
static const OpRange scalar_ops[] = {{0, 0x28, 0xC5 - 0x28}, {0xFC, 0, 8}};
static const OpRange vector_ops[] = {{0xFD, 0, 0x100}};

/* The n-th opcode of the ranges; OP_INVALID when that number is none. */
static u16 op_at(const OpRange *range, u32 n) {
  while (n >= range->count) n -= range++->count;
  return wm_op_find(range->prefix, range->first + n);
}

static u32 count_ops(const OpRange *ranges, size_t len) {
  u32 count = 0;
  for (size_t i = 0; i < len; i++) count += ranges[i].count;
  return count;
}

u16 gen_pick_op(Gen *g, bool simd) {
  const OpRange *ranges = simd ? vector_ops : scalar_ops;
  u32 count = count_ops(ranges, simd ? ARRAY_LEN(vector_ops) : ARRAY_LEN(scalar_ops));
  for (u32 tries = 0; tries < 8; tries++) {
    u16 id = op_at(ranges, gen_pick(g, count));
    if (id == OP_INVALID || !is_usable(id)) continue;
    if (!is_partial_conversion(id) || gen_pick(g, 5) == 0) return id;
  }
  return simd ? OP_v128_not : OP_i32_eqz;
}

/* Computes a value of the type from leaves, at most `height` instructions deep. */
void gen_value(Gen *g, char type, u32 height) {
  if (height == 0 || !gen_is_number(type) || gen_is_over(g) || gen_pick(g, 3) == 0 ||
      g->depth > MAX_DEPTH) {
    gen_leaf(g, type);
    return;
  }
  u16 id = OP_COUNT;
  for (u32 tries = 0; tries < 6 && id == OP_COUNT; tries++) {
    u16 tried = gen_pick_op(g, type == 's' || gen_pick(g, 8) == 0);
    if (strchr(wm_op_sig(tried), '_')[1] == type) id = tried;
  }
  if (id == OP_COUNT) {
    gen_leaf(g, type);
    return;
  }
  u32 floor = g->floor;
  g->floor = g->depth;
  gen_fixed(g, id, height - 1);
  g->floor = floor;
}

void gen_store(Gen *g) {
  static const u16 rows[] = {OP_i32_store,  OP_i64_store,   OP_f32_store,
                             OP_f64_store,  OP_i32_store8,  OP_i32_store16,
                             OP_i64_store8, OP_i64_store16, OP_i64_store32};
  gen_fixed(g, rows[gen_pick(g, ARRAY_LEN(rows))], 3);
}

/* Nobody else is there: nothing is waited for, as that would be refused. */
void gen_atomic(Gen *g) {
  u32 way = gen_pick(g, 30);
  u16 first = OP_i32_atomic_load, last = OP_i64_atomic_rmw32_cmpxchg_u;
  u16 id = way == 0   ? OP_atomic_fence
           : way == 1 ? OP_memory_atomic_notify
                      : (u16)(first + gen_pick(g, last - first + 1u));
  gen_fixed(g, id, 3);
}

void gen_need_values(Gen *g, const char *types) { need(g, types, 2); }
