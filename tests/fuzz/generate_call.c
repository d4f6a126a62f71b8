/* Calls of all kinds, also as tail calls, and what is done with typed references. Every function
 * burns fuel where it begins, so that no chain of calls goes on for ever. */
#include "tests/fuzz/generator.h"

/* ---- calls ---- */

typedef enum Way {
  WAY_DIRECT,
  WAY_PEER, /* in the second module: the first one's function of that number */
  WAY_INDIRECT,
  WAY_REFERENCE,
} Way;

static void push_table_index(Gen *g, u32 callee) {
  if (gen_pick(g, 3) == 0) {
    gen_small(g, 8);
  } else {
    gen_op_i32(g, callee);
    gen_push(g, 'i');
  }
}

static void call(Gen *g, u32 callee, Way way, bool is_tail) {
  const Sig *sig = &g->funcs[callee];
  gen_need_values(g, sig->params);
  if (way == WAY_INDIRECT) {
    push_table_index(g, callee);
    gen_op_index(g, is_tail ? OP_return_call_indirect : OP_call_indirect, g->func_types[callee]);
    wm_buffer_byte(&g->code, 0);
    g->depth--;
  } else if (way == WAY_REFERENCE) {
    gen_leaf(g, (char)((gen_pick(g, 3) ? 'A' : '0') + (char)callee));
    gen_op_index(g, is_tail ? OP_return_call_ref : OP_call_ref, g->func_types[callee]);
    g->depth--;
  } else {
    u32 base = way == WAY_PEER ? FIRST_PEER : g->own_funcs;
    gen_op_index(g, is_tail ? OP_return_call : OP_call, base + callee);
  }
  g->depth -= (u32)strlen(sig->params);
  if (is_tail)
    gen_go_dead(g);
  else
    gen_push_list(g, sig->results);
}

static Way pick_way(Gen *g) {
  Way way = (Way)gen_pick(g, 4);
  return way == WAY_REFERENCE && !(g->kinds & KIND_TYPED) ? WAY_INDIRECT : way;
}

void gen_call(Gen *g) {
  u32 callee = gen_pick(g, g->func_count);
  Way way = pick_way(g);
  if (way == WAY_DIRECT && callee <= g->func) { /* recursion is left to the other ways */
    callee = g->func + 1;
    if (callee >= g->func_count) way = WAY_INDIRECT;
  }
  if (callee >= g->func_count) callee = g->func_count - 1;
  call(g, callee, way, false);
}

/* The other module's `back`, through the host. */
void gen_call_host(Gen *g) {
  if (gen_pick(g, 3) == 0) gen_op_index(g, OP_call, 0);
}

static bool pick_tail_callee(Gen *g, u32 *callee) {
  u32 start = gen_pick(g, g->func_count);
  for (u32 i = 0; i < g->func_count; i++) {
    *callee = (start + i) % g->func_count;
    if (!strcmp(g->funcs[*callee].results, g->funcs[g->func].results)) return true;
  }
  return false;
}

void gen_tail_call(Gen *g) {
  static const Sig none = {"", ""};
  u32 callee;
  if (!(g->kinds & KIND_TAIL) || gen_pick(g, 2) || !gen_has_room_for_block(g)) return;
  if (!pick_tail_callee(g, &callee)) return;
  bool is_conditional = gen_pick(g, 4) != 0;
  if (is_conditional) gen_open_if(g, &none);
  call(g, callee, pick_way(g), true);
  if (is_conditional) gen_close_block(g, &none);
}

/* ---- typed references ---- */

char gen_with_null(char letter) {
  if (gen_is_gc(letter)) return gen_gc_letter(gen_gc_heap(letter), true);
  return letter >= 'A' ? (char)(letter - 'A' + '0') : letter;
}
char gen_without_null(char letter) {
  if (gen_is_gc(letter)) return gen_gc_letter(gen_gc_heap(letter), false);
  return letter >= 'A' ? letter : (char)(letter - '0' + 'A');
}

static char pick_typed(Gen *g) {
  if ((g->kinds & KIND_GC) && (!(g->kinds & KIND_TYPED) || gen_pick(g, 2))) {
    char letter = gen_pick_gc_letter(g);
    if (gen_gc_heap(letter) != GC_NONE) return gen_with_null(letter);
  }
  if (!(g->kinds & KIND_TYPED)) return gen_gc_letter(0, true);
  return (char)('0' + (char)gen_pick(g, g->func_count));
}

/* A label whose last type is a reference of that type; false: there is none. */
static bool pick_label_of(Gen *g, char typed, u32 *out) {
  u32 start = gen_pick(g, g->label_count);
  for (u32 i = 0; i < g->label_count; i++) {
    *out = (start + i) % g->label_count;
    const char *types = gen_label(g, *out)->types;
    char last = *types ? types[strlen(types) - 1] : 0;
    if (last == typed || last == gen_without_null(typed)) return true;
  }
  return false;
}

static void branch_on_non_null(Gen *g, char typed) {
  u32 target;
  if (!pick_label_of(g, typed, &target)) return;
  char types[MAX_LIST];
  memcpy(types, gen_label(g, target)->types, MAX_LIST);
  types[strlen(types) - 1] = typed;
  gen_need_values(g, types);
  gen_op_index(g, OP_br_on_non_null, target);
  g->depth--;
}

static void branch_on_null(Gen *g, char typed) {
  u32 target = gen_pick(g, g->label_count);
  gen_need_values(g, gen_label(g, target)->types);
  gen_leaf(g, typed);
  gen_op_index(g, OP_br_on_null, target);
  g->stack[g->depth - 1] = gen_without_null(typed);
}

static void without_null(Gen *g, char typed) {
  char types[2] = {typed, 0};
  gen_need_values(g, types);
  gen_op(g, OP_ref_as_non_null);
  g->stack[g->depth - 1] = gen_without_null(typed);
}

/* The reference on top is also one of a wider type. */
static void widen(Gen *g) {
  if (g->depth == gen_base_of(g)) return;
  char *top = &g->stack[g->depth - 1];
  if (gen_is_gc(*top))
    *top = gen_pick_gc_above(g, *top);
  else if (*top >= 'A' && *top <= 'F')
    *top = gen_pick(g, 2) ? (char)(*top - 'A' + '0') : 'r';
  else if (*top >= '0' && *top <= '9')
    *top = 'r';
}

void gen_typed(Gen *g) {
  if (!(g->kinds & (KIND_TYPED | KIND_GC))) return;
  switch (gen_pick(g, 4)) {
  case 0: branch_on_non_null(g, pick_typed(g)); break;
  case 1: branch_on_null(g, pick_typed(g)); break;
  case 2: without_null(g, pick_typed(g)); break;
  default: widen(g);
  }
}
