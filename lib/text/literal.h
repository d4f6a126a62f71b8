/* Numbers as immediates, for modules and scripts: each takes one literal (or the lanes of a vector)
 * from the lexer, or fails it in the spec suite's words. */
#ifndef WM_TEXT_LITERAL_H
#define WM_TEXT_LITERAL_H

#include "text/lexer.h"
#include "wasm/types.h"

/* Shapes of a vector literal; the value is also the index in the names i8x16, i16x8 ... */
typedef enum VectorShape {
  SHAPE_I8X16,
  SHAPE_I16X8,
  SHAPE_I32X4,
  SHAPE_I64X2,
  SHAPE_F32X4,
  SHAPE_F64X2,
  SHAPE_COUNT
} VectorShape;

/* Takes a shape's keyword; SHAPE_COUNT (failed) when there is none. */
VectorShape wm_literal_shape(Lexer *lx);
static inline u32 shape_lanes(VectorShape s) {
  return s == SHAPE_I8X16                       ? 16
         : s == SHAPE_I16X8                     ? 8
         : s == SHAPE_I32X4 || s == SHAPE_F32X4 ? 4
                                                : 2;
}

/* An integer literal of `width` bits, signed or unsigned. */
u64 wm_literal_int(Lexer *lx, u32 width);
u32 wm_literal_f32(Lexer *lx);
u64 wm_literal_f64(Lexer *lx);
/* Whether a number stands here; inf and nan are keywords to the lexer. */
bool wm_literal_here(const Lexer *lx);
/* Takes one lane of a vector into `v`. */
void wm_literal_lane(Lexer *lx, VectorShape shape, u32 lane, V128 *v);
/* Takes a shape and its lanes. */
V128 wm_literal_v128(Lexer *lx);
/* A lane's index, 0 to 255. */
u8 wm_literal_lane_index(Lexer *lx);
/* The sixteen indices of i8x16.shuffle. */
V128 wm_literal_shuffle(Lexer *lx);

#endif
