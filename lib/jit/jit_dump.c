/* IR and LIR as text, for `wasm dump` and tests.
 *
 *   b2 (loop) (v7 i32) from b1 b2          a block, its parameters, what comes in
 *     v9 = i32.add v7, 1                   constants stand where they are used
 *     i32.store v9+16, v3        @1f3      displacement; @: offset in the module's bytes
 *     branch v10 -> b2(v9), b3
 *
 *   cmpbr.l.l i0, [m0+i1+16] -> b3, b4         the machine's names for operations and registers
 *   %40: a virtual register   s3: slot of the frame   in2: stack argument   #5: a constant */
#include "base/buffer.h"
#include "jit/machine.h"

static const char type_names[][5] = {"none", "i32", "i64", "f32", "f64", "v128"};
static const char *type_name(u32 type) { return type <= T_V128 ? type_names[type] : "?"; }

/* ---- constants ---- */

static void print_vector(Buffer *out, const V128 *v) {
  wm_buffer_print(out, "v128:%016llx_%016llx", (unsigned long long)v->u64x2[1],
                  (unsigned long long)v->u64x2[0]);
}

static void print_const(const Compile *c, const Node *n, Buffer *out) {
  u64 bits = n->a | (u64)n->b << 32;
  switch (n->type) {
  case T_I32: wm_buffer_print(out, "%d", (i32)n->a); break;
  case T_I64: wm_buffer_print(out, "%lldL", (long long)bits); break;
  case T_F32: wm_buffer_print(out, "%af", (double)f32_of_bits(n->a)); break;
  case T_F64: wm_buffer_print(out, "%a", f64_of_bits(bits)); break;
  default:
    if (n->a < c->vectors.len) print_vector(out, &c->vectors.data[n->a]);
  }
}

/* ---- IR ---- */

static void print_value(const Compile *c, u32 n, Buffer *out) {
  if (n < c->nodes.len && is_const(c, n))
    print_const(c, node_at(c, n), out);
  else
    wm_buffer_print(out, "v%u", n);
}

static void print_list(const Compile *c, u32 list, Buffer *out) {
  wm_buffer_byte(out, '(');
  for (u32 i = 1; i <= c->pool.data[list]; i++) {
    if (i > 1) wm_buffer_print(out, ", ");
    print_value(c, c->pool.data[list + i], out);
  }
  wm_buffer_byte(out, ')');
}

/* What is a number in the fields. */
static void print_numbers(const Node *n, Buffer *out) {
  switch (n->op) {
  case IR_ARG:
  case IR_INST_LOAD:
  case IR_FUEL:
  case IR_CALL:
  case IR_TAIL_CALL:
  case IR_HELPER: wm_buffer_print(out, " %u", n->a); break;
  case IR_PARAM: wm_buffer_print(out, " b%u %u", n->a, n->b); break;
  case IR_TRAP_IF: wm_buffer_print(out, " trap %u if", n->imm); break;
  case IR_CALL_REF:
  case IR_TAIL_CALL_REF: wm_buffer_print(out, " type %u", n->c); break;
  default: break;
  }
}

static bool has_lane(u16 op) {
  if (op >= OP_COUNT) return false;
  u8 immediate = wm_op_info[op].immediate;
  return immediate == IMM_LANE || immediate == IMM_MEMARG_LANE;
}

static bool is_access(const Node *n) { return n->op < OP_COUNT && wm_op_info[n->op].access_bytes; }

static void print_operands(const Compile *c, const Node *n, Buffer *out) {
  u32 operands = wm_ir_operands(n);
  const u32 fields[] = {n->a, n->b, n->c};
  const char *separator = " ";
  for (u32 i = 0; i < 3; i++) {
    if (!(operands >> i & 1)) continue;
    wm_buffer_print(out, "%s", separator);
    print_value(c, fields[i], out);
    bool has_disp = i == 0 && (is_access(n) || n->op == IR_PURE_LOAD) && !(operands & 2);
    if (has_disp) wm_buffer_print(out, "+%u", n->b);
    separator = ", ";
  }
  if (operands & 8) print_list(c, n->b, out);
  if (n->op == IR_RESULT) wm_buffer_print(out, " %u", n->b);
  if (has_lane(n->op)) wm_buffer_print(out, " lane %u", n->imm);
  if (n->op == OP_i8x16_shuffle && n->c < c->vectors.len) {
    wm_buffer_byte(out, ' ');
    print_vector(out, &c->vectors.data[n->c]);
  }
}

static void print_site(const Compile *c, u32 site, Buffer *out) {
  for (; site && site < c->sites.len; site = c->sites.data[site].caller)
    wm_buffer_print(out, " @%x", c->sites.data[site].offset);
}

static void print_node(const Compile *c, u32 index, Buffer *out) {
  const Node *n = node_at(c, index);
  wm_buffer_print(out, "  ");
  if (n->type) wm_buffer_print(out, "v%u = ", index);
  if (n->op == IR_CONST)
    print_const(c, n, out);
  else
    wm_buffer_print(out, "%s", wm_ir_name(n->op));
  if (n->flags & IR_POINTER) wm_buffer_print(out, " ptr");
  if (n->flags & IR_SAFE) wm_buffer_print(out, " safe");
  print_numbers(n, out);
  print_operands(c, n, out);
  print_site(c, c->node_sites.data[index], out);
  wm_buffer_byte(out, '\n');
}

static void print_edge(const Compile *c, const Block *b, u32 i, Buffer *out) {
  const Edge *e = edge_at(c, b->edges + i);
  wm_buffer_print(out, "%sb%u", i ? ", " : " -> ", e->to);
  if (c->pool.data[e->args]) print_list(c, e->args, out);
}

static void print_terminator(const Compile *c, const Block *b, Buffer *out) {
  static const char names[][7] = {"none",   "jump", "branch", "switch",
                                  "return", "trap", "tail",   "invoke"};
  wm_buffer_print(out, "  %s", b->term < TERM_COUNT ? names[b->term] : "?");
  if (b->term == TERM_BRANCH || b->term == TERM_SWITCH) {
    wm_buffer_byte(out, ' ');
    print_value(c, b->operand, out);
  }
  if (b->term == TERM_SWITCH) {
    wm_buffer_print(out, " [");
    for (u32 i = 1; i <= c->pool.data[b->table]; i++)
      wm_buffer_print(out, i > 1 ? " %u" : "%u", c->pool.data[b->table + i]);
    wm_buffer_byte(out, ']');
  }
  if (b->term == TERM_RETURN) print_list(c, b->table, out);
  if (b->term == TERM_TRAP) wm_buffer_print(out, " %u", b->trap_code);
  for (u32 i = 0; i < b->edge_count; i++) print_edge(c, b, i, out);
  print_site(c, b->site, out);
  wm_buffer_byte(out, '\n');
}

static void print_param(const Compile *c, u32 param, bool selected, Buffer *out) {
  if (!selected)
    wm_buffer_print(out, "v%u %s", param, type_name(node_at(c, param)->type));
  else if (c->param_vregs.data[param] == NONE)
    wm_buffer_print(out, "unused");
  else
    wm_buffer_print(out, "%%%u %s", c->param_vregs.data[param],
                    type_name(c->vreg_type.data[c->param_vregs.data[param]]));
}

static void print_block_head(const Compile *c, u32 index, bool placed, bool selected, Buffer *out) {
  const Block *b = block_at(c, index);
  wm_buffer_print(out, "b%u%s%s", index, b->is_loop ? " (loop)" : "", b->is_cold ? " (cold)" : "");
  for (u32 i = 0; i < b->param_count; i++) {
    wm_buffer_print(out, i ? ", " : " (");
    print_param(c, b->params + i, selected, out);
  }
  if (b->param_count) wm_buffer_byte(out, ')');
  if (placed) {
    for (u32 i = 0; i < b->pred_count; i++)
      wm_buffer_print(out, "%s b%u", i ? "" : " from",
                      edge_at(c, c->preds.data[b->preds + i])->from);
    wm_buffer_print(out, " idom b%u depth %u", b->idom, b->loop_depth);
  }
  wm_buffer_byte(out, '\n');
}

static void print_nodes(const Compile *c, const u32 *nodes, u32 start, u32 end, Buffer *out) {
  for (u32 i = start; i < end; i++)
    if (node_at(c, nodes[i])->op != IR_NOP) print_node(c, nodes[i], out);
}

static void print_floating(const Compile *c, Buffer *out) {
  wm_buffer_print(out, "floating\n");
  for (u32 n = 1; n < c->nodes.len; n++) {
    const Node *x = node_at(c, n);
    bool is_listed = x->op == IR_NOP || x->op == IR_CONST || x->op == IR_PARAM;
    if (!is_listed && !wm_ir_is_effect(x)) print_node(c, n, out);
  }
}

void wm_ir_dump(const Compile *c, bool placed, Buffer *out) {
  if (!placed) print_floating(c, out);
  u32 count = placed ? c->order.len : c->blocks.len;
  for (u32 i = 0; i < count; i++) {
    u32 index = placed ? c->order.data[i] : i;
    const Block *b = block_at(c, index);
    print_block_head(c, index, placed, false, out);
    if (placed)
      print_nodes(c, c->body.data, b->body_start, b->body_end, out);
    else
      print_nodes(c, c->effects.data, b->effects_start, b->effects_end, out);
    print_terminator(c, b, out);
  }
}

/* ---- LIR: operands ---- */

static void print_loc(const Compile *c, u32 loc, bool allocated, Buffer *out) {
  if (loc < REG_COUNT)
    c->machine->print_register(loc, out);
  else if (!allocated)
    wm_buffer_print(out, "%%%u", loc);
  else if (loc & LOC_SLOT)
    wm_buffer_print(out, "s%u", loc - LOC_SLOT);
  else if (loc & LOC_STACK)
    wm_buffer_print(out, "in%u", loc - LOC_STACK);
  else
    wm_buffer_print(out, "%%%u", loc);
}

/* One instruction's text: the next operand follows a comma. */
typedef struct Line {
  const Compile *c;
  Buffer *out;
  bool allocated, has_operand;
} Line;

static void separate(Line *line) {
  wm_buffer_print(line->out, line->has_operand ? ", " : " ");
  line->has_operand = true;
}

static void print_operand(Line *line, u32 loc) {
  if (loc == NONE) return;
  separate(line);
  print_loc(line->c, loc, line->allocated, line->out);
}

static void print_index(const Line *line, const Lir *l) {
  if (l->m0 != NONE) print_loc(line->c, l->m0, line->allocated, line->out);
  if (l->m1 != NONE) {
    if (l->m0 != NONE) wm_buffer_byte(line->out, '+');
    print_loc(line->c, l->m1, line->allocated, line->out);
    if (l->scale) wm_buffer_print(line->out, "*%u", 1u << l->scale);
  }
  wm_buffer_print(line->out, "%+d]", l->disp);
}

static void print_base(const Line *line, Loc pinned) {
  wm_buffer_byte(line->out, '[');
  line->c->machine->print_register(pinned, line->out);
}

static void print_memory(Line *line, const Lir *l) {
  if (l->mem == MEM_NONE) return;
  separate(line);
  switch (l->mem) {
  case MEM_GUEST:
    print_base(line, line->c->machine->memory0);
    if (l->m1 != NONE) wm_buffer_byte(line->out, '+');
    print_index(line, l);
    break;
  case MEM_ADDR:
    wm_buffer_byte(line->out, '[');
    print_index(line, l);
    break;
  case MEM_INST:
    print_base(line, line->c->machine->instance);
    wm_buffer_print(line->out, "%+d]", l->disp);
    break;
  case MEM_CONST: wm_buffer_print(line->out, "const %#llx", (unsigned long long)l->imm); break;
  default:
    if ((u64)l->imm < line->c->vectors.len) print_vector(line->out, &line->c->vectors.data[l->imm]);
  }
}

static void print_argument(Line *line, u32 arg, u8 type) {
  if (!(arg & LOC_CONST)) {
    print_operand(line, arg);
    return;
  }
  u64 bits = constant_at(line->c, arg);
  separate(line);
  print_const(line->c, &(Node){.type = type & 15u, .a = (u32)bits, .b = (u32)(bits >> 32)},
              line->out);
}

static void print_args(Line *line, u32 list) {
  const u32 *args = &line->c->lir_pool.data[list];
  for (u32 i = 0; i < args[0]; i++) {
    print_argument(line, args[1 + 2 * i], (u8)args[2 + 2 * i]);
    wm_buffer_print(line->out, ":%s", type_name(args[2 + 2 * i]));
  }
}

/* ---- LIR: instructions and moves ---- */

static void print_lir(const Compile *c, const Lir *l, bool allocated, Buffer *out) {
  Line line = {c, out, allocated, false};
  wm_buffer_print(out, "  ");
  c->machine->print_op(l, out);
  print_operand(&line, l->d);
  print_operand(&line, l->a);
  print_operand(&line, l->b);
  print_memory(&line, l);
  print_operand(&line, l->c);
  print_operand(&line, l->e);
  if (c->machine->has_imm(l)) {
    separate(&line);
    wm_buffer_print(out, "#%lld", (long long)l->imm);
  }
  if (l->args) print_args(&line, l->args);
  if (allocated && l->spill != NONE && l->d != NONE) wm_buffer_print(out, " and s%u", l->spill);
  print_site(c, l->site, out);
}

static void print_move(const Compile *c, const Move *m, Buffer *out) {
  wm_buffer_print(out, "    ");
  print_loc(c, m->to, true, out);
  wm_buffer_print(out, " <- ");
  if (m->from & LOC_CONST)
    wm_buffer_print(out, "#%llx", (unsigned long long)m->imm);
  else
    print_loc(c, m->from, true, out);
  wm_buffer_print(out, " %s\n", type_name(m->type));
}

static void print_range(const Compile *c, const MoveRange *range, Buffer *out) {
  for (u32 i = range->start; i < range->end; i++) print_move(c, &c->block_moves.data[i], out);
}

static void print_lir_block(const Compile *c, u32 index, bool allocated, u32 *next_move,
                            Buffer *out) {
  const Block *b = block_at(c, index);
  print_block_head(c, index, true, true, out);
  if (allocated && index < c->begin_moves.len) print_range(c, &c->begin_moves.data[index], out);
  for (u32 i = b->lir_start; i < b->lir_end; i++) {
    bool is_last = i + 1 == b->lir_end;
    for (; allocated && *next_move < c->moves.len && c->moves.data[*next_move].at <= i;
         ++*next_move)
      print_move(c, &c->moves.data[*next_move].move, out);
    if (allocated && is_last && index < c->end_moves.len)
      print_range(c, &c->end_moves.data[index], out);
    print_lir(c, &c->lir.data[i], allocated, out);
    for (u32 e = 0; is_last && e < b->edge_count; e++)
      wm_buffer_print(out, "%sb%u", e ? ", " : " -> ", edge_at(c, b->edges + e)->to);
    wm_buffer_byte(out, '\n');
  }
}

void wm_lir_dump(const Compile *c, bool allocated, Buffer *out) {
  u32 next_move = 0;
  for (u32 i = 0; i < c->order.len; i++)
    print_lir_block(c, c->order.data[i], allocated, &next_move, out);
}
