/* Nodes: making them, and the table of shared ones, an open hash table of node numbers with linear
 * probing, at most half full. */
#include "jit/compile.h"

/* ---- new nodes ---- */

/* node_sites has the room that nodes has. */
static NOINLINE void grow_nodes(Compile *c) {
  jit_reserve(c, &c->node_sites, (u64)c->nodes.len - c->node_sites.len + 1);
  jit_reserve(c, &c->nodes, 1);
}

u32 wm_ir_add(Compile *c, Node n) {
  u32 index = c->nodes.len;
  if (UNLIKELY(index >= c->nodes.cap || index >= c->node_sites.cap)) grow_nodes(c);
  c->nodes.data[index] = n;
  c->node_sites.data[index] = 0;
  c->nodes.len = c->node_sites.len = index + 1;
  return index;
}

u32 wm_ir_node(Compile *c, u16 op, IrType type, u32 a, u32 b, u32 operand_c) {
  return wm_ir_add(c, (Node){.op = op, .type = (u8)(type & 15), .a = a, .b = b, .c = operand_c});
}

/* ---- sharing ---- */

static u64 mix(u64 h, u64 v) {
  h = (h ^ v) * UINT64_C(0x9E3779B97F4A7C15);
  return h ^ h >> 32;
}

/* A v128 constant is found by its lanes, not by its place in vectors. */
static bool is_vector_const(const Node *n) { return n->op == IR_CONST && n->type == T_V128; }

static u32 hash_node(const Compile *c, const Node *n) {
  u64 h = (u64)n->op | (u64)n->type << 16 | (u64)n->flags << 20 | (u64)n->imm << 24;
  if (is_vector_const(n)) {
    const V128 *v = &c->vectors.data[n->a];
    return (u32)mix(mix(h, v->u64x2[0]), v->u64x2[1]);
  }
  return (u32)mix(mix(h | (u64)n->c << 32, n->a), n->b);
}

static bool same_node(const Compile *c, const Node *x, const Node *y) {
  if (is_vector_const(x) && is_vector_const(y))
    /* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison): all of its bits are the value */
    return !memcmp(&c->vectors.data[x->a], &c->vectors.data[y->a], sizeof(V128));
  return x->op == y->op && x->type == y->type && x->flags == y->flags && x->imm == y->imm &&
         x->a == y->a && x->b == y->b && x->c == y->c;
}

/* The slot that holds a node equal to n, or the empty one where it belongs. */
static u32 *find_slot(const Compile *c, const Node *n) {
  u32 i = hash_node(c, n) & c->shared_mask;
  while (c->shared[i] && !same_node(c, node_at(c, c->shared[i]), n)) i = (i + 1) & c->shared_mask;
  return &c->shared[i];
}

static bool is_shared(const Compile *c, const Node *n) {
  if (n->op == IR_CONST) return true;
  if (n->op == IR_NOP || n->op == IR_ARG || n->op == IR_PARAM) return false;
  return !c->options.no_opt && !wm_ir_is_effect(n);
}

static void clear_table(Compile *c, u32 slots) {
  if (slots > c->shared_capacity)
    wm_jit_grow(c, (void *)&c->shared, &c->shared_capacity, 0, slots, sizeof *c->shared);
  c->shared_mask = slots - 1;
  memset(c->shared, 0, (size_t)slots * sizeof *c->shared);
}

static void double_table(Compile *c) {
  clear_table(c, (c->shared_mask + 1) * 2);
  for (u32 i = 1; i < c->nodes.len; i++) {
    if (!is_shared(c, node_at(c, i))) continue;
    u32 *slot = find_slot(c, node_at(c, i));
    if (!*slot) *slot = i;
  }
}

void wm_ir_reset(Compile *c, u32 nodes) {
  u32 slots = 256;
  while (slots < nodes && slots < 1u << 24) slots *= 2;
  clear_table(c, slots);
  c->shared_count = c->fold_depth = 0;
}

static u32 share(Compile *c, Node n) {
  u32 *slot = find_slot(c, &n);
  if (*slot) return *slot;
  u32 made = *slot = wm_ir_add(c, n);
  if (++c->shared_count * 2 > c->shared_mask) double_table(c);
  return made;
}

u32 wm_ir_share(Compile *c, Node n) { return is_shared(c, &n) ? share(c, n) : wm_ir_add(c, n); }

u32 wm_ir_const(Compile *c, IrType type, u64 bits) {
  if (type == T_I32 || type == T_F32) bits = (u32)bits;
  return share(
      c, (Node){.op = IR_CONST, .type = (u8)(type & 15), .a = (u32)bits, .b = (u32)(bits >> 32)});
}

u32 wm_ir_vector(Compile *c, V128 value) {
  *jit_push(c, &c->vectors) = value;
  u32 index = c->vectors.len - 1, n = wm_ir_const(c, T_V128, index);
  if (node_at(c, n)->a != index) c->vectors.len--;
  return n;
}

u32 wm_ir_pure(Compile *c, Node n) {
  if (!c->options.no_opt) {
    u32 folded = wm_fold(c, &n);
    if (folded != NONE) return folded;
  }
  return wm_ir_share(c, n);
}
