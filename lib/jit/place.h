/* What the files of the placement share (place.c): facts of blocks and nodes that only it needs. */
#ifndef WM_JIT_PLACE_H
#define WM_JIT_PLACE_H

#include "jit/compile.h"

typedef struct BlockPlace {
  u32 rpo;      /* number in reverse postorder; NONE: cannot be reached */
  u32 jump;     /* a dominator far above (the entry: itself), see wm_cfg_meet */
  u32 pre, end; /* preorder numbers of the blocks that it dominates: pre .. end */
  u32 cursor;   /* of walks */
  u32 succs;    /* how many successors are noted */
  u32 merged;   /* toward the outermost loop found so far that it is in */
  u32 first_item,
      last_item; /* of a header: blocks and inner loops directly in the loop, in order */
  u32 next_item;
  u32 first_node;  /* nodes placed here, by NodePlace.next */
  u32 pressure[2]; /* of a header: values known to live through the loop: integers, others */
  bool has_call;   /* of a header: calls in the loop */
  bool ends_cold;  /* all ways on end in a trap */
} BlockPlace;

enum {
  PLACE_FLOATS,  /* a pure node */
  PLACE_FIXED,   /* an effect, parameter or argument */
  PLACE_NOWHERE, /* isel makes it where it is used */
  PLACE_CONST,   /* the same, but in loops a copy before the loop may pay */
};

typedef struct NodePlace {
  u32 early;    /* the first block where its operands are there */
  u32 uses;     /* first of Place.uses */
  u32 next;     /* node of the same block */
  u32 same;     /* a parameter that always is this other node; itself: none */
  u32 counted;  /* header of the loop that it last was counted in */
  u8 kind;      /* PLACE_ */
  u8 cursor;    /* next operand of the walk */
  bool done;    /* in Compile.body */
  bool is_late; /* needed by the terminator alone */
} NodePlace;

/* Where a floating node is named, so that the name can be changed. */
enum { SLOT_A, SLOT_B, SLOT_C, SLOT_POOL, SLOT_TERMINATOR };
typedef struct Use {
  u32 next;  /* of the same node */
  u32 block; /* where it is needed; later where the copy for it would be put */
  u32 index; /* node, place in the pool, or block */
  u8 slot;   /* SLOT_ */
} Use;

typedef struct Place {
  Vec(BlockPlace) blocks;
  Vec(NodePlace) nodes; /* room for all copies */
  Vec(Use) uses;
  Vec(u32) stack;
  Vec(u32) succs; /* successors, each block's at its Block.edges, the last in the source first */
  Vec(u8) reached;
  u32 copies_left;
} Place;

/* Removes what cannot be reached, splits critical edges, finds predecessors, dominators and loops,
 * and brings the blocks into order: all of Block's place.c fields but body_ and end_epoch. */
void wm_cfg_analyze(Compile *c, Place *p);
/* The last block that dominates both. Logarithmic in the dominator tree's depth. */
u32 wm_cfg_meet(const Compile *c, const Place *p, u32 a, u32 b);

/* Replaces parameters that always are the same other node (block_params.c). */
void wm_place_remove_params(const Compile *c, const Place *p);
/* Orders the nodes of each block: body, node_epoch, and Block's body_ and end_epoch (schedule.c).
 */
void wm_place_schedule(Compile *c, Place *p);

static inline BlockPlace *block_info(const Place *p, u32 b) { return &p->blocks.data[b]; }
static inline NodePlace *node_info(const Place *p, u32 n) { return &p->nodes.data[n]; }

static inline bool has_operand(u8 term) { return term == TERM_BRANCH || term == TERM_SWITCH; }
/* Operand 0, 1 or 2, to be changed. */
static inline u32 *operand_at(Node *n, u32 k) { return k == 0 ? &n->a : k == 1 ? &n->b : &n->c; }

static inline bool dominates(const Place *p, u32 a, u32 b) {
  return p->blocks.data[a].pre <= p->blocks.data[b].pre &&
         p->blocks.data[b].pre < p->blocks.data[a].end;
}

#endif
