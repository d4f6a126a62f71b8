/* Emission of i8x16.shuffle: the one instruction that does it, where there is one, else one or two
 * table look-ups. All instructions read their operands before they write d. */
#include "jit/x64/x64_simd.h"

enum { LANE_ZERO = 0x80 };

typedef struct Shuffle {
  Loc d, a, b;
  u8 lanes[16]; /* of a: 0..15, of b: 16..31; one source: 0..15, or LANE_ZERO */
  bool is_single;
} Shuffle;

/* ---- the lanes in larger units ---- */

/* The lanes as units of `bytes`; false: they are not whole units. */
static bool as_units(const Shuffle *s, u32 bytes, u8 *units) {
  for (u32 i = 0; i < 16; i += bytes) {
    if (s->lanes[i] % bytes || s->lanes[i] == LANE_ZERO) return false;
    for (u32 k = 1; k < bytes; k++)
      if (s->lanes[i + k] != s->lanes[i] + k) return false;
    units[i / bytes] = (u8)(s->lanes[i] / bytes);
  }
  return true;
}

/* The immediate of pshufd and the like: the low two bits of four unit numbers. */
static int selector(const u8 *units) {
  return (units[0] & 3) | (units[1] & 3) << 2 | (units[2] & 3) << 4 | (units[3] & 3) << 6;
}

/* units[i] == first + i. */
static bool is_row(const u8 *units, u32 count, u32 first) {
  for (u32 i = 0; i < count; i++)
    if (units[i] != first + i) return false;
  return true;
}

/* ---- one source ---- */

static bool dwords_of_one(Compile *c, const Shuffle *s) {
  u8 units[4];
  if (!as_units(s, 4, units)) return false;
  if (is_row(units, 4, 0))
    wm_x64_movaps(c, s->d, s->a);
  else
    vec2_imm(c, PSHUFD, s->d, s->a, selector(units));
  return true;
}

static bool words_of_one(Compile *c, const Shuffle *s) {
  u8 units[8];
  if (!as_units(s, 2, units)) return false;
  if (is_row(units + 4, 4, 4) && (units[0] | units[1] | units[2] | units[3]) < 4) {
    vec2_imm(c, PSHUFLW, s->d, s->a, selector(units));
    return true;
  }
  if (!is_row(units, 4, 0) || (units[4] & units[5] & units[6] & units[7]) < 4) return false;
  vec2_imm(c, PSHUFHW, s->d, s->a, selector(units + 4));
  return true;
}

/* All lanes the lowest byte or word. */
static bool broadcast(Compile *c, const Shuffle *s) {
  if (!has_avx2(c)) return false;
  u8 second = s->lanes[1];
  for (u32 i = 0; i < 16; i++)
    if (s->lanes[i] != (i & 1 ? second : 0)) return false;
  if (second > 1) return false;
  vec2(c, second ? VPBROADCASTW : VPBROADCASTB, s->d, s->a);
  return true;
}

static void look_up(Compile *c, Loc d, Loc a, const u8 *lanes) {
  u32 index = wm_x64_vector(c, load_u64(lanes), load_u64(lanes + 8));
  wm_x64_sse3(c, PSHUFB, d, a, rm_vector(index), -1);
}

/* ---- two sources (or one, twice) ---- */

/* Whether the lanes take units of `bytes` of `first` and `second` (0 or 16) in turn, from byte
 * `start` on. */
static bool is_interleaved(const Shuffle *s, u32 bytes, u32 start, u32 first, u32 second) {
  u32 mask = s->is_single ? 15 : 31;
  for (u32 i = 0; i < 16; i++) {
    u32 unit = i / bytes, from = (unit & 1 ? second : first) + start;
    if (s->lanes[i] != ((from + unit / 2 * bytes + i % bytes) & mask)) return false;
  }
  return true;
}

static bool interleave(Compile *c, const Shuffle *s) {
  static const u32 opcodes[2][4] = {{PUNPCKLBW, PUNPCKLWD, PUNPCKLDQ, PUNPCKLQDQ},
                                    {PUNPCKHBW, PUNPCKHWD, PUNPCKHDQ, PUNPCKHQDQ}};
  for (u32 half = 0; half < 2; half++) {
    for (u32 size = 0; size < 4; size++) {
      bool straight = is_interleaved(s, 1u << size, 8 * half, 0, 16);
      if (!straight && !is_interleaved(s, 1u << size, 8 * half, 16, 0)) continue;
      vec3(c, opcodes[half][size], s->d, straight ? s->a : s->b, straight ? s->b : s->a);
      return true;
    }
  }
  return false;
}

/* 16 neighbours of a and b, or b and a. */
static bool align(Compile *c, const Shuffle *s) {
  u32 first = s->lanes[0], mask = s->is_single ? 15 : 31;
  for (u32 i = 0; i < 16; i++)
    if (s->lanes[i] != ((first + i) & mask)) return false;
  bool from_b = first >= 16;
  vec3_imm(c, PALIGNR, s->d, from_b ? s->a : s->b, from_b ? s->b : s->a, first & 15);
  return true;
}

/* Every word stays in its place. */
static bool blend(Compile *c, const Shuffle *s) {
  u8 units[8];
  if (!as_units(s, 2, units)) return false;
  int of_b = 0;
  for (u32 i = 0; i < 8; i++) {
    if ((units[i] & 7u) != i) return false;
    of_b |= units[i] >> 3 << i;
  }
  vec3_imm(c, PBLENDW, s->d, s->a, s->b, of_b);
  return true;
}

/* Two 32-bit units of the one, then two of the other. */
static bool pairs(Compile *c, const Shuffle *s) {
  u8 units[4];
  if (!as_units(s, 4, units)) return false;
  bool low_b = units[0] >> 2, high_b = units[2] >> 2;
  if (units[1] >> 2 != low_b || units[3] >> 2 != high_b) return false;
  vec3_imm(c, SHUFPS, s->d, low_b ? s->b : s->a, high_b ? s->b : s->a, selector(units));
  return true;
}

static void look_up_two(Compile *c, const Shuffle *s) {
  u8 of_a[16], of_b[16];
  for (u32 i = 0; i < 16; i++) {
    bool is_b = s->lanes[i] >= 16;
    of_a[i] = is_b ? LANE_ZERO : s->lanes[i];
    of_b[i] = is_b ? s->lanes[i] - 16 : LANE_ZERO;
  }
  look_up(c, X14, s->a, of_a);
  look_up(c, s->d, s->b, of_b);
  vec3(c, POR, s->d, s->d, X14);
}

/* ---- all ---- */

static Shuffle shuffle_of(const Compile *c, const Lir *x) {
  Shuffle s = {.d = x->d, .a = x->a, .b = x->b, .is_single = x->a == x->b};
  memcpy(s.lanes, c->vectors.data[x->imm].u8x16, sizeof s.lanes);
  for (u32 i = 0; i < 16 && s.is_single; i++)
    if (s.lanes[i] != LANE_ZERO) s.lanes[i] &= 15;
  return s;
}

void wm_x64_emit_shuffle(Compile *c, const Lir *x) {
  Shuffle s = shuffle_of(c, x);
  if (s.is_single) {
    if (dwords_of_one(c, &s) || words_of_one(c, &s) || broadcast(c, &s)) return;
    if (interleave(c, &s) || align(c, &s)) return;
    look_up(c, s.d, s.a, s.lanes);
  } else if (!interleave(c, &s) && !align(c, &s) && !blend(c, &s) && !pairs(c, &s)) {
    look_up_two(c, &s);
  }
}
