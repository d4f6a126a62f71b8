/* Numbers and vectors as immediates (literal.h; spec 6.3.1, 6.3.2). The parsing is base/number.h's,
 * exact for floats; here are the ranges, the counts of lanes, and what is said when they are wrong.
 */
#include "text/literal.h"

#include "base/number.h"

/* On behind the number when it was one. */
static void finish(Lexer *lx, NumberResult result, const char *range) {
  if (result == NUMBER_OK) {
    wm_lexer_next(lx);
  } else if (result == NUMBER_RANGE) {
    wm_lexer_fail(lx, lx->token.text, "%s", range);
  } else {
    wm_lexer_unexpected(lx);
  }
}

/* Every number is a float by its form, integers too. */
bool wm_literal_here(const Lexer *lx) {
  u64 bits;
  TokenKind kind = lx->token.kind;
  return (kind == TOKEN_NUMBER || kind == TOKEN_KEYWORD) &&
         wm_f64_parse(lx->token.text, lx->token.len, &bits) != NUMBER_SYNTAX;
}

u64 wm_literal_int(Lexer *lx, u32 width) {
  u64 v = 0;
  finish(lx, wm_int_parse(lx->token.text, lx->token.len, width, &v), "constant out of range");
  return v;
}

u32 wm_literal_f32(Lexer *lx) {
  u32 bits = 0;
  finish(lx, wm_f32_parse(lx->token.text, lx->token.len, &bits), "constant out of range");
  return bits;
}

u64 wm_literal_f64(Lexer *lx) {
  u64 bits = 0;
  finish(lx, wm_f64_parse(lx->token.text, lx->token.len, &bits), "constant out of range");
  return bits;
}

VectorShape wm_literal_shape(Lexer *lx) {
  static const char *const names[SHAPE_COUNT] = {"i8x16", "i16x8", "i32x4",
                                                 "i64x2", "f32x4", "f64x2"};
  for (u32 i = 0; i < SHAPE_COUNT; i++)
    if (wm_lexer_take(lx, names[i])) return (VectorShape)i;
  wm_lexer_unexpected(lx);
  return SHAPE_COUNT;
}

void wm_literal_lane(Lexer *lx, VectorShape shape, u32 lane, V128 *v) {
  switch (shape) {
  case SHAPE_I8X16: v->u8x16[lane] = (u8)wm_literal_int(lx, 8); break;
  case SHAPE_I16X8: v->u16x8[lane] = (u16)wm_literal_int(lx, 16); break;
  case SHAPE_I32X4: v->u32x4[lane] = (u32)wm_literal_int(lx, 32); break;
  case SHAPE_I64X2: v->u64x2[lane] = wm_literal_int(lx, 64); break;
  case SHAPE_F32X4: v->u32x4[lane] = wm_literal_f32(lx); break;
  case SHAPE_F64X2: v->u64x2[lane] = wm_literal_f64(lx); break;
  case SHAPE_COUNT: break;
  }
}

/* Fails unless just `count` literals stand here. */
static void check_lane_count(Lexer *lx, u32 count) {
  /* Counted first, as the suite wants a wrong count told before a wrong lane. */
  Lexer ahead = *lx;
  u32 found = 0;
  for (; lexer_ok(lx) && found <= count && wm_literal_here(&ahead); found++) wm_lexer_next(&ahead);
  if (found < count && !wm_token_known(&ahead.token)) wm_lexer_unexpected(&ahead);
  if (found != count) wm_lexer_fail(lx, ahead.token.text, "wrong number of lane literals");
}

V128 wm_literal_v128(Lexer *lx) {
  V128 v = {0};
  VectorShape shape = wm_literal_shape(lx);
  if (shape == SHAPE_COUNT) return v;
  check_lane_count(lx, shape_lanes(shape));
  for (u32 i = 0; lexer_ok(lx) && i < shape_lanes(shape); i++) wm_literal_lane(lx, shape, i, &v);
  return v;
}

u8 wm_literal_lane_index(Lexer *lx) {
  u64 v = 0;
  NumberResult result = lx->token.kind == TOKEN_NUMBER
                            ? wm_uint_parse(lx->token.text, lx->token.len, &v)
                            : NUMBER_SYNTAX;
  if (result == NUMBER_OK && v > 255) result = NUMBER_RANGE;
  finish(lx, result, "i8 constant out of range");
  return (u8)v;
}

V128 wm_literal_shuffle(Lexer *lx) {
  V128 lanes = {0};
  for (u32 i = 0; lexer_ok(lx) && i < 16; i++) {
    u64 v = 0;
    const Token *t = &lx->token;
    if (!wm_literal_here(lx)) {
      wm_lexer_fail(lx, t->text, "invalid lane length");
    } else if (wm_uint_parse(t->text, t->len, &v) != NUMBER_OK || v > 255) {
      wm_lexer_fail(lx, t->text, "i8 constant out of range");
    } else {
      lanes.u8x16[i] = (u8)v;
      wm_lexer_next(lx);
    }
  }
  if (wm_literal_here(lx)) wm_lexer_fail(lx, lx->token.text, "invalid lane length");
  return lanes;
}
