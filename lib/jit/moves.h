/* Parallel moves as sequences. */
#ifndef WM_JIT_MOVES_H
#define WM_JIT_MOVES_H

#include "jit/compile.h"

typedef Vec(Move) MoveList;

/* Appends to *out single moves, in order, that do what the `count` moves do at once.
 * Destinations are distinct; LOC_STACK | n as a destination is the n-th slot at sp, and never a
 * source. Sources with the LOC_CONST bit are constants (Move.imm).
 *
 * Each single move is between two registers of one class, a register and a slot, or loads a
 * constant: into a register, or (8 bytes) into a slot where Machine.stores_constant. They use the
 * machine's scratch registers, which no move may name. */
void wm_moves_resolve(Compile *c, const Move *moves, u32 count, MoveList *out);

#endif
