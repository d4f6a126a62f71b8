/* What the two files of the verifier share: verify.c (ranges, types) and verify_dominance.c.
 *
 * Where a value is there: a block, and a position in it. For effects that is their place in
 * Compile.effects, for parameters the block's start. A node that floats is there where the last of
 * its operands is; after the placement, where it stands in Compile.body. */
#ifndef WM_JIT_VERIFY_H
#define WM_JIT_VERIFY_H

#include "jit/compile.h"

typedef struct BlockTree {
  u32 rpo;   /* number in reverse postorder, NONE: cannot be reached */
  u32 idom;  /* the entry: itself */
  u32 depth; /* in the dominator tree */
  u32 jump;  /* a dominator far above, so that walks up take logarithmic time */
} BlockTree;

typedef struct Walk {
  u32 block, next_edge;
} Walk;

typedef struct Def {
  u32 block;    /* NONE: anywhere, as constants */
  u32 position; /* from 1; 0: at the block's start */
} Def;

typedef struct Verify {
  Compile *c;
  bool placed;
  Vec(BlockTree) tree; /* by block */
  Vec(u32) order;      /* reachable blocks in reverse postorder */
  Vec(Walk) walk;
  Vec(u32) pred_starts; /* by reverse postorder number: in preds */
  Vec(u32) preds;
  Vec(Def) defs; /* by node */
} Verify;

/* Numbers the blocks that can be reached: rpo in `tree`, and `order`. Targets of edges are checked.
 */
void wm_verify_number_blocks(Verify *v);
/* Whether each value is there before it is used, in a graph that is otherwise right. Fills the rest
 * of `tree`. False: c->trouble says what is wrong. */
bool wm_verify_dominance(Verify *v);

static inline bool is_node(const Verify *v, u32 n) {
  return n > 0 && n < v->c->nodes.len && node_at(v->c, n)->op != IR_NOP;
}

/* Where edge i of the block goes. */
static inline u32 target(const Verify *v, u32 block, u32 i) {
  return edge_at(v->c, block_at(v->c, block)->edges + i)->to;
}

#endif
