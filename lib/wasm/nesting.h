/* How instructions nest (spec 5.4.1, and the legacy encoding of exceptions): what bodies are by
 * their grammar, without types. */
#ifndef WM_WASM_NESTING_H
#define WM_WASM_NESTING_H

#include "wasm/reader.h"

typedef enum OpShape {
  SHAPE_PLAIN,
  SHAPE_OPENS,   /* a block */
  SHAPE_GOES_ON, /* with the next part of a block: else, catch, catch_all */
  SHAPE_CLOSES   /* a block: end, delegate */
} OpShape;

static inline OpShape op_shape(u16 op) {
  switch (op) {
  case OP_block:
  case OP_loop:
  case OP_if:
  case OP_try:
  case OP_try_table: return SHAPE_OPENS;
  case OP_else:
  case OP_catch:
  case OP_catch_all: return SHAPE_GOES_ON;
  case OP_end:
  case OP_delegate: return SHAPE_CLOSES;
  default: return SHAPE_PLAIN;
  }
}

/* Whether the instruction may stand in the innermost block, whose last part `part` began (its
 * opener, or what went on with it; of the body itself OP_block). False: *err, ERR_MALFORMED. */
bool wm_instr_fits(const Instr *in, u16 part, Error *err);

#endif
