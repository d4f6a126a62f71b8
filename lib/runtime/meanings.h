/* The meanings op_<id>() of numeric.h and simd.h as values, by row of wasm/opcodes.def: for cells
 * of the interpreter, for compiled code where the machine has no lowering, for folding constants.
 */
#ifndef WM_RUNTIME_MEANINGS_H
#define WM_RUNTIME_MEANINGS_H

#include "wasm/opcode.h"
#include "wasm/trap.h"

typedef void (*Meaning)(void);

/* op_<id>, to be cast to the type of the row's signature (numeric.h); NULL: the row is neither PURE
 * nor TRAPS, or a scalar one in a build without the compiler. */
Meaning wm_meaning(u16 op);

/* Computes a row that has a meaning. `slots` holds the operands one behind the other as they are in
 * a frame (8 bytes each, a v128 takes two), and afterwards the result, which is the first one;
 * after a trap what it held. canonical_nan: a NaN that the row makes becomes the canonical one. */
TrapCode wm_meaning_apply(u16 op, bool canonical_nan, u64 *slots);

#endif
