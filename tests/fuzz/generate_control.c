/* Statements that go elsewhere: branches, blocks and loops. */
#include "tests/fuzz/generator.h"

#include "binary/encode.h"

/* ---- branches ---- */

void gen_go_dead(Gen *g) { g->depth = gen_base_of(g); }

Label *gen_label(Gen *g, u32 label) { return &g->labels[g->label_count - 1 - label]; }

void gen_branch(Gen *g) {
  u32 target = gen_pick(g, g->label_count);
  const char *types = gen_label(g, target)->types;
  gen_need_values(g, types);
  gen_op_index(g, OP_br, target);
  gen_go_dead(g);
}

void gen_branch_if(Gen *g) {
  u32 target = gen_pick(g, g->label_count);
  const char *types = gen_label(g, target)->types;
  u32 kept = gen_matching(g, types);
  if (kept < strlen(types)) gen_need_values(g, types);
  gen_value(g, 'i', 2);
  gen_op_index(g, OP_br_if, target);
  g->depth--;
}

void gen_branch_table(Gen *g) {
  u32 first = gen_pick(g, g->label_count), targets[6], count = gen_pick(g, 6);
  const char *types = gen_label(g, first)->types;
  for (u32 i = 0; i < count; i++) {
    targets[i] = gen_pick(g, g->label_count);
    if (strcmp(gen_label(g, targets[i])->types, types) != 0) targets[i] = first;
  }
  gen_need_values(g, types);
  gen_value(g, 'i', 2);
  if (gen_pick(g, 3)) {
    gen_op_i32(g, 7);
    gen_op(g, OP_i32_and);
  }
  gen_op_index(g, OP_br_table, count);
  for (u32 i = 0; i < count; i++) wm_buffer_uleb(&g->code, targets[i]);
  wm_buffer_uleb(&g->code, first);
  gen_go_dead(g);
}

void gen_leave(Gen *g) {
  if (gen_pick(g, 6) == 0) {
    gen_op(g, OP_unreachable);
  } else {
    gen_need_values(g, g->funcs[g->func].results);
    gen_op(g, OP_return);
  }
  gen_go_dead(g);
}

/* ---- blocks ---- */

bool gen_has_room_for_block(const Gen *g) { return g->label_count + 3 < MAX_LABELS; }

void gen_open_head(Gen *g, u16 id, const Sig *sig) {
  gen_op(g, id);
  if (sig->params[0] || (sig->results[0] && sig->results[1]))
    wm_buffer_sleb(&g->code, gen_type_index(g, sig->params, sig->results));
  else if (sig->results[0])
    wm_encode_valtype(&g->code, gen_valtype_of(g, sig->results[0]));
  else
    wm_buffer_byte(&g->code, TYPE_EMPTY);
}

void gen_push_label(Gen *g, u16 id, const Sig *sig) {
  Label *label = &g->labels[g->label_count++];
  label->base = g->depth - (u32)strlen(sig->params);
  label->catches = false;
  memcpy(label->types, id == OP_loop ? sig->params : sig->results, MAX_LIST);
}

void gen_open_block(Gen *g, u16 id, const Sig *sig) {
  gen_open_head(g, id, sig);
  gen_push_label(g, id, sig);
}

void gen_open_if(Gen *g, const Sig *sig) {
  gen_value(g, 'i', 2);
  gen_op_i32(g, 7);
  gen_op(g, OP_i32_and);
  gen_op_i32(g, gen_pick(g, 3));
  gen_op(g, OP_i32_eq);
  g->depth--;
  gen_open_block(g, OP_if, sig);
}

/* Makes the block's stack exactly its results. */
void gen_finish(Gen *g, const char *results) {
  u32 base = gen_base_of(g), have = 0;
  while (g->depth > base && (g->depth - base > strlen(results) ||
                             memcmp(g->stack + base, results, g->depth - base) != 0)) {
    gen_op(g, OP_drop);
    g->depth--;
  }
  have = g->depth - base;
  while (results[have]) gen_value(g, results[have++], 1);
}

void gen_pop_label(Gen *g, const Sig *sig) {
  g->depth = g->labels[--g->label_count].base;
  gen_push_list(g, sig->results);
}

void gen_end_dead(Gen *g, const Sig *sig) {
  gen_op(g, OP_end);
  gen_pop_label(g, sig);
}

void gen_close_block(Gen *g, const Sig *sig) {
  gen_finish(g, sig->results);
  gen_end_dead(g, sig);
}

/* A trap when there is no fuel left. */
void gen_burn_fuel(Gen *g) {
  gen_op_index(g, OP_global_get, 0);
  gen_op_i32(g, 1);
  gen_op(g, OP_i32_sub);
  gen_op_index(g, OP_global_set, 0);
  gen_op_index(g, OP_global_get, 0);
  gen_op_i32(g, 0);
  gen_op(g, OP_i32_lt_s);
  gen_op(g, OP_if);
  wm_buffer_byte(&g->code, TYPE_EMPTY);
  gen_op(g, OP_unreachable);
  gen_op(g, OP_end);
}

/* At most a few rounds; then on behind the block around the loop. */
static void count_round(Gen *g, const Sig *sig) {
  u32 counter = g->counters + g->label_count / 2 % MAX_NESTING;
  static const Sig none = {"", ""};
  gen_burn_fuel(g);
  gen_op_index(g, OP_local_get, counter);
  gen_op_i32(g, 1);
  gen_op(g, OP_i32_add);
  gen_op_index(g, OP_local_tee, counter);
  gen_op_i32(g, 2 + gen_pick(g, 5));
  gen_op(g, OP_i32_gt_u);
  gen_open_block(g, OP_if, &none);
  for (const char *type = sig->results; *type; type++) gen_leaf(g, *type);
  gen_op_index(g, OP_br, 2);
  gen_go_dead(g);
  gen_close_block(g, &none);
}

static void loop(Gen *g, const Sig *sig, u32 count) {
  gen_open_block(g, OP_block, sig);
  u32 counter = g->counters + (g->label_count + 1) / 2 % MAX_NESTING;
  gen_op_i32(g, 0);
  gen_op_index(g, OP_local_set, counter);
  gen_open_block(g, OP_loop, sig);
  count_round(g, sig);
  gen_statements(g, count);
  gen_close_block(g, sig);
  gen_close_block(g, sig);
}

static void if_else(Gen *g, const Sig *sig, u32 count) {
  gen_value(g, 'i', 2);
  g->depth--;
  gen_open_block(g, OP_if, sig);
  gen_statements(g, count);
  if (strcmp(sig->params, sig->results) != 0 || gen_pick(g, 2)) {
    gen_finish(g, sig->results);
    gen_op(g, OP_else);
    g->depth = gen_base_of(g);
    gen_push_list(g, sig->params);
    gen_statements(g, count);
  }
  gen_close_block(g, sig);
}

void gen_nested(Gen *g) {
  if (!gen_has_room_for_block(g) || !gen_has_room_for_types(g)) return;
  Sig sig = {"", ""};
  u32 have = g->depth - gen_base_of(g), params = gen_pick(g, 4);
  if (params > have) params = have;
  memcpy(sig.params, g->stack + g->depth - params, params);
  if (gen_pick(g, 4) == 0)
    memcpy(sig.results, sig.params, sizeof sig.results);
  else
    gen_pick_types(g, sig.results, MAX_LIST);
  u32 kind = gen_pick(g, 3), count = gen_pick(g, 12);
  if (kind == 0) {
    gen_open_block(g, OP_block, &sig);
    gen_statements(g, count);
    gen_close_block(g, &sig);
  } else if (kind == 1) {
    loop(g, &sig, count);
  } else {
    if_else(g, &sig, count);
  }
}
