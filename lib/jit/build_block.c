/* What building writes: effects and where in the source they stand, lists, blocks and how they end
 * (build.h). */
#include "jit/build.h"

/* ---- effects, sites, lists ---- */

/* The site of the instruction at `offset` of the current frame. */
u32 wm_build_site(Build *b, u32 offset) {
  Compile *c = b->c;
  u32 caller = frame_of(b)->site, last = c->sites.len - 1;
  const Site *s = &c->sites.data[last];
  if (last && s->offset == offset && s->caller == caller && s->landing == NONE) return last;
  *jit_push(c, &c->sites) = (Site){offset, caller, NONE, NO_INDEX};
  return last + 1;
}

u32 wm_build_effect(Build *b, Node n) {
  u32 index = wm_ir_add(b->c, n);
  if (n.op == IR_HELPER) b->fresh = NONE; /* calls and polls forget all of memory */
  *jit_push(b->c, &b->c->effects) = index;
  return index;
}

u32 wm_build_effect_at(Build *b, Node n, u32 offset) {
  u32 site = wm_build_site(b, offset), index = wm_build_effect(b, n);
  b->c->node_sites.data[index] = site;
  return index;
}

u32 wm_build_effect_at_site(Build *b, Node n) { return wm_build_effect_at(b, n, b->in.offset); }

u32 wm_build_list(Build *b, const u32 *items, u32 count) {
  Compile *c = b->c;
  u32 list = c->pool.len;
  if (count == 0) return 0;
  jit_reserve(c, &c->pool, (u64)count + 1);
  c->pool.data[list] = count;
  memcpy(c->pool.data + list + 1, items, count * sizeof *items);
  c->pool.len += count + 1;
  return list;
}

/* ---- blocks ---- */

u32 wm_build_block(Build *b) {
  Compile *c = b->c;
  *jit_push(c, &c->blocks) = (Block){.effects_start = c->effects.len,
                                     .effects_end = c->effects.len,
                                     .params = c->nodes.len,
                                     .idom = NONE,
                                     .loop = NONE,
                                     .outer_loop = NONE};
  return c->blocks.len - 1;
}

/* Ends the current block, which stays `b->block`; returns the first of its edges. */
u32 wm_build_terminate(Build *b, Terminator term, u32 operand, u32 edge_count) {
  Compile *c = b->c;
  Block *block = block_at(c, b->block);
  u32 first = c->edges.len;
  block->effects_end = c->effects.len;
  block->term = (u8)term;
  block->operand = operand;
  block->edges = first;
  block->edge_count = edge_count;
  for (u32 i = 0; i < edge_count; i++) *jit_push(c, &c->edges) = (Edge){b->block, NONE, 0};
  return first;
}

/* Goes on in a new block whose only way in is `edge`, from the block just ended. */
void wm_build_follow(Build *b, u32 edge) {
  b->block = wm_build_block(b);
  edge_at(b->c, edge)->to = b->block;
}

/* ---- traps ---- */

void wm_build_trap(Build *b, TrapCode code) {
  u32 site = wm_build_site(b, b->in.offset);
  wm_build_terminate(b, TERM_TRAP, 0, 0);
  Block *block = block_at(b->c, b->block);
  block->trap_code = (u8)code;
  block->site = site;
  block->is_cold = true;
  b->block = NONE;
}

void wm_build_trap_if(Build *b, u32 condition, TrapCode code) {
  if (is_const(b->c, condition)) {
    if (const_bits(b->c, condition)) wm_build_trap(b, code);
    return;
  }
  Node n = make_node(IR_TRAP_IF, T_NONE, condition, 0, 0);
  n.imm = (u8)code;
  wm_build_effect_at_site(b, n);
}
