/* Fuel. A region is code that runs to its end once it is begun: it is charged once, at its start,
 * for all of its instructions (IR_FUEL), and the cost is filled in when it ends. Regions end where
 * the interpreter's do (interp/translate_fuel.c), so that both tiers stop at the same instruction.
 */
#include "jit/build.h"

/* The open region's charge gets its cost. */
void wm_build_close_region(Build *b) {
  if (!b->fuel_node) return;
  Node *n = node_at(b->c, b->fuel_node);
  n->a = b->fuel_cost;
  if (!b->fuel_cost) n->op = IR_NOP;
  b->fuel_node = 0;
}

void wm_build_open_region(Build *b) {
  if (!b->c->options.fuel) return;
  wm_build_close_region(b);
  if (b->block == NONE) return;
  b->fuel_node = wm_build_effect_at_site(b, make_node(IR_FUEL, T_NONE, 0, 0, 0));
  b->fuel_cost = 0;
}

/* The instruction belongs to the open region, and may end it. */
void wm_build_count_fuel(Build *b) {
  bool ends = false;
  switch (b->in.op) {
  case OP_nop:
  case OP_try:
  case OP_try_table:
  case OP_block: return;
  case OP_loop:
  case OP_else:
  case OP_catch:
  case OP_catch_all:
  case OP_delegate:
  case OP_end: wm_build_close_region(b); return;
  case OP_if:
  case OP_br:
  case OP_br_if:
  case OP_br_table:
  case OP_br_on_null:
  case OP_br_on_non_null:
  case OP_br_on_cast:
  case OP_br_on_cast_fail:
  case OP_return:
  case OP_throw:
  case OP_throw_ref:
  case OP_rethrow:
  case OP_return_call:
  case OP_return_call_indirect:
  case OP_return_call_ref:
  case OP_unreachable: ends = true; break;
  default: break;
  }
  if (!b->fuel_cost++) b->c->node_sites.data[b->fuel_node] = wm_build_site(b, b->in.offset);
  if (ends) wm_build_close_region(b);
}
