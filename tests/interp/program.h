/* Random programs over the scalar instructions and structured control: made as trees, written as a
 * module, and evaluated here, straight from the trees and the meanings in runtime/numeric.h. What
 * the tiers compute must agree.
 *
 * A module has one memory page and FUNCS functions; function i may call those before it. NaN bit
 * patterns are not fixed by the spec, so nothing that shows them is generated. */
#ifndef WM_TESTS_INTERP_PROGRAM_H
#define WM_TESTS_INTERP_PROGRAM_H

#include "base/buffer.h"
#include "wasm/opcode.h"
#include "wasm/trap.h"

enum { FUNCS = 4, PARAMS = 4, LOCALS = 12, MEMORY_BYTES = 65536, INT_BYTES = 4096 };

/* A value as in a frame slot; the letter of its type: i l f d. */
typedef struct Node Node;

typedef struct Function {
  char params[PARAMS + 1], locals[LOCALS + 1], results[3]; /* type letters; locals without params */
  Node *body;                                              /* a sequence that ends in the results */
} Function;

typedef struct Program {
  Function funcs[FUNCS];
  u64 seed;
  Node *nodes; /* owned */
  u32 node_count;
} Program;

void program_make(Program *p, u64 seed);
void program_free(Program *p);
/* The module; every function is exported under its number, the memory as "m". */
void program_encode(const Program *p, Buffer *b);
/* Runs function `index` with `args` on `memory`; results[0..2) are set unless it traps. False: it
 * took too many steps. */
bool program_run(const Program *p, u32 index, const u64 *args, u8 *memory, u64 *results,
                 TrapCode *trap);

#endif
