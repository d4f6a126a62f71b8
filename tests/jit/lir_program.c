#include "lir_program.h"

#include "jit/moves.h"

#include <stdio.h>
#include <stdlib.h>

/* Frees a vector that was grown with jit_push, so that the budget knows. */

/* ---- random ---- */

typedef struct Gen {
  Compile *c;
  u64 state;
  u32 block;
  bool is_dead; /* the block at hand has its terminator */
  u32 budget;   /* blocks that may still be made */
  bool few_types;
  Vec(u8) param_types; /* by parameter */
  Vec(u32) available;  /* vregs defined on all ways here */
  Vec(u32) targets;    /* blocks that may be jumped to */
  Vec(u32) code_block; /* by instruction as made */
  Vec(Lir) code;
} Gen;

static u32 random_below(u64 *state, u32 n) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return (u32)((*state * 0x9E3779B97F4A7C15u) >> 33) % n;
}
static u32 pick(Gen *g, u32 n) { return random_below(&g->state, n); }
static bool chance(Gen *g, u32 percent) { return pick(g, 100) < percent; }

/* ---- values ---- */

static u32 new_vreg(Gen *g, u8 type) {
  *jit_push(g->c, &g->c->vreg_type) = type;
  *jit_push(g->c, &g->c->vreg_global) = 0;
  return g->c->vreg_type.len - 1;
}

static u8 random_type(Gen *g) {
  static const u8 types[] = {T_I32, T_I64, T_I32, T_I64, T_F64, T_V128, T_F32, T_V128};
  return types[pick(g, g->few_types ? 4 : 8)];
}

static Lir blank(u32 op) {
  return (Lir){.op = (u8)op,
               .width = 8,
               .d = NONE,
               .a = NONE,
               .b = NONE,
               .c = NONE,
               .e = NONE,
               .m0 = NONE,
               .m1 = NONE,
               .spill = NONE};
}

static void put(Gen *g, Lir x) {
  *jit_push(g->c, &g->code) = x;
  *jit_push(g->c, &g->code_block) = g->block;
}

static u32 define_constant(Gen *g, u8 type) {
  Lir x = blank(type == T_V128 ? LIR_VCONST : type_is_float(type) ? LIR_FCONST : LIR_MOVI);
  x.d = new_vreg(g, type);
  x.imm = type == T_V128 ? pick(g, 4) : pick(g, 1u << 31);
  if (type == T_I64 || type == T_F64) x.imm <<= pick(g, 30);
  put(g, x);
  return x.d;
}

/* An available vreg of the type, rather a young one; or a new constant. */
static u32 value(Gen *g, u8 type) {
  for (u32 tries = 0; tries < 12 && g->available.len; tries++) {
    u32 n = g->available.len, back = chance(g, 60) ? pick(g, n < 8 ? n : 8) : pick(g, n);
    u32 v = g->available.data[n - 1 - back];
    if (g->c->vreg_type.data[v] == type) return v;
  }
  u32 v = define_constant(g, type);
  if (chance(g, 50)) *jit_push(g->c, &g->available) = v;
  return v;
}

/* A constant for a move. */
static u32 constant(Gen *g, u8 type) {
  u64 bits = (u64)pick(g, 1u << 31) << (type_bytes(type) * 4 - 16);
  if (type_bytes(type) == 4) bits = (u32)bits;
  *jit_push(g->c, &g->c->constants) = bits;
  return LOC_CONST | (g->c->constants.len - 1);
}

/* ---- instructions ---- */

/* Types of d, a, b, c, e: i any integer, f scalar float, v vector, s the same as d, - absent. */
typedef struct Row {
  u8 op;
  const char *types;
} Row;
static const Row rows[] = {
    {LIR_MOV, "ii---"},     {LIR_MOV, "fs---"},       {LIR_MOV, "vs---"},
    {LIR_ALU, "iss--"},     {LIR_ALU, "iss--"},       {LIR_ALU, "iss--"},
    {LIR_IMUL, "iss--"},    {LIR_IMULI, "is---"},     {LIR_LEA, "i----"},
    {LIR_SHIFTI, "is---"},  {LIR_SHIFTX, "iss--"},    {LIR_SHIFTCL, "iss--"},
    {LIR_SHIFTCL, "iss--"}, {LIR_ANDN, "iss--"},      {LIR_UNARY, "is---"},
    {LIR_EXTEND, "ii---"},  {LIR_CMPSET, "iii--"},    {LIR_CMPSEL, "iiiss"},
    {LIR_CMPSEL, "fiiss"},  {LIR_CMPSEL, "viiss"},    {LIR_CMPTRAP, "-ii--"},
    {LIR_FCMPSET, "iff--"}, {LIR_FCMPSEL, "fffss"},   {LIR_FCMPSEL, "iffss"},
    {LIR_BITSET, "iii--"},  {LIR_LOAD, "i----"},      {LIR_LOAD, "f----"},
    {LIR_STORE, "-i---"},   {LIR_STORE, "-v---"},     {LIR_RMW, "-i---"},
    {LIR_BOUNDS, "ii---"},  {LIR_FOP, "fss--"},       {LIR_FOP, "fss--"},
    {LIR_FMINMAX, "fss--"}, {LIR_CVTIF, "fi---"},     {LIR_CVTFI, "if---"},
    {LIR_VBINARY, "vss--"}, {LIR_VSEQUENCE, "vsss-"}, {LIR_VSEQUENCE_LATE, "vsss-"},
    {LIR_VINSERT, "vvi--"}, {LIR_VEXTRACT, "iv---"},  {LIR_VSPLAT, "vi---"},
    {LIR_VTEST, "iv---"},   {LIR_DIV, "-ii--"},       {LIR_MULH, "-ii--"},
};

static u8 row_type(Gen *g, char code, u8 same) {
  switch (code) {
  case 'i': return chance(g, 50) ? T_I32 : T_I64;
  case 'f': return chance(g, 50) ? T_F32 : T_F64;
  case 'v': return T_V128;
  case 's': return same;
  default: return T_NONE;
  }
}

static u32 operand(Gen *g, char code, u8 same) {
  u8 type = row_type(g, code, same);
  return type == T_NONE ? NONE : value(g, type);
}

/* Gives x a memory operand, in place of its last one perhaps. */
static void add_memory(Gen *g, Lir *x) {
  if (chance(g, 60) || x->op == LIR_BOUNDS) x->m0 = value(g, T_I64);
  if (chance(g, 60) && x->op != LIR_BOUNDS) x->m1 = value(g, T_I64);
  x->mem = x->m0 == NONE ? MEM_GUEST : MEM_ADDR;
  const LirConstraints *k = &wm_x64_constraints[x->op];
  if (k->b != C_N)
    x->b = NONE;
  else if (k->b == C_N && k->a == C_M)
    x->a = NONE;
}

static void put_result(Gen *g, u8 type, u32 reg, u32 between) {
  Lir x = blank(LIR_GETRES);
  x.sub = (u8)reg;
  x.imm = between;
  x.d = new_vreg(g, type);
  put(g, x);
  *jit_push(g->c, &g->available) = x.d;
}

static void put_row(Gen *g, const Row *row) {
  Lir x = blank(row->op);
  const LirConstraints *k = &wm_x64_constraints[x.op];
  u8 type = row_type(g, row->types[0], T_NONE);
  x.a = operand(g, row->types[1], type);
  x.b = chance(g, 10) && row->types[2] == 's' ? x.a : operand(g, row->types[2], type);
  x.c = operand(g, row->types[3], type);
  x.e = operand(g, row->types[4], type);
  if (k->b == C_MC && chance(g, 50)) x.flags |= LIR_COMMUTES;
  if (k->b == C_MC && chance(g, 20)) x.b = NONE;
  if (k->mem != C_N && (chance(g, 25) || row->types[1] == '-' || row->types[0] == '-'))
    add_memory(g, &x);
  if (type != T_NONE) x.d = new_vreg(g, type);
  put(g, x);
  if (type != T_NONE && chance(g, 90)) *jit_push(g->c, &g->available) = x.d;
  if (k->fixed == FIX_AXDX) put_result(g, T_I64, chance(g, 50) ? RAX : RDX, 0);
}

/* A list of arguments of random types. */
static u32 argument_list(Gen *g, u32 count) {
  u32 items[2 * 16];
  for (u32 i = 0; i < count; i++) {
    u8 type = random_type(g);
    bool is_constant = chance(g, 15) && type != T_V128;
    items[2 * i] = is_constant ? constant(g, type) : value(g, type);
    items[2 * i + 1] = type;
  }
  u32 list = g->c->lir_pool.len;
  *jit_push(g->c, &g->c->lir_pool) = count;
  for (u32 i = 0; i < 2 * count; i++) *jit_push(g->c, &g->c->lir_pool) = items[i];
  return list;
}

static void put_call(Gen *g) {
  static const u32 ops[] = {LIR_CALL, LIR_CALL, LIR_CALL_REF, LIR_CALL_HELPER};
  Lir x = blank(ops[pick(g, 4)]);
  u32 count = pick(g, x.op == LIR_CALL_HELPER ? 5 : 14);
  if (count) x.args = argument_list(g, count);
  put(g, x);
  ArgCursor cursor = {0};
  for (u32 i = 0, between = 0, results = pick(g, 4); i < results; i++) {
    u8 type = random_type(g);
    Loc place = wm_x64_next_result(&cursor, type);
    if (chance(g, 80)) put_result(g, type, place, between++);
  }
}

static void put_some(Gen *g, u32 count) {
  for (u32 i = 0; i < count; i++) {
    if (chance(g, 6))
      put_call(g);
    else if (chance(g, 6))
      *jit_push(g->c, &g->available) = define_constant(g, random_type(g));
    else
      put_row(g, &rows[pick(g, ARRAY_LEN(rows))]);
  }
}

/* ---- blocks ---- */

static u32 new_block(Gen *g, u32 params) {
  Compile *c = g->c;
  Block *b = jit_push(c, &c->blocks);
  u32 first = c->param_vregs.len;
  *b = (Block){.params = first, .param_count = params, .loop = NONE, .outer_loop = NONE};
  if (g->budget) g->budget--;
  for (u32 i = 0; i < params; i++) {
    u8 type = random_type(g);
    *jit_push(c, &g->param_types) = type;
    *jit_push(c, &c->param_vregs) = chance(g, 90) ? new_vreg(g, type) : NONE;
  }
  return c->blocks.len - 1;
}

static void start_block(Gen *g, u32 block) {
  g->block = block;
  g->is_dead = false;
  *jit_push(g->c, &g->c->order) = block;
  const Block *b = block_at(g->c, block);
  for (u32 i = 0; i < b->param_count; i++) {
    u32 v = g->c->param_vregs.data[b->params + i];
    if (v != NONE) *jit_push(g->c, &g->available) = v;
  }
}

static void add_edge(Gen *g, u32 to) {
  Compile *c = g->c;
  u32 params = block_at(c, to)->param_count, args[16];
  for (u32 i = 0; i < params; i++) {
    u8 type = g->param_types.data[block_at(c, to)->params + i];
    args[i] = chance(g, 20) && type != T_V128 ? constant(g, type) : value(g, type);
  }
  *jit_push(c, &c->edges) = (Edge){g->block, to, params ? c->pool.len : 0};
  if (!params) return;
  *jit_push(c, &c->pool) = params;
  for (u32 i = 0; i < params; i++) *jit_push(c, &c->pool) = args[i];
}

static void finish_block(Gen *g, Lir last, const u32 *targets, u32 count) {
  u32 start = g->c->edges.len;
  for (u32 i = 0; i < count; i++) add_edge(g, targets[i]);
  Block *b = block_at(g->c, g->block);
  b->edges = start;
  b->edge_count = count;
  put(g, last);
  g->is_dead = true;
}

static void jump(Gen *g, u32 to) { finish_block(g, blank(LIR_JUMP), &to, 1); }

static void leave(Gen *g) {
  Lir x = blank(chance(g, 30) ? LIR_TRAP : LIR_RETURN);
  u32 count = pick(g, 6);
  if (x.op == LIR_RETURN && count) x.args = argument_list(g, count);
  finish_block(g, x, NULL, 0);
}

/* Ends the block with a branch to new blocks, which have no other edge in. */
static void fork(Gen *g, u32 *targets, u32 count) {
  for (u32 i = 0; i < count; i++) targets[i] = new_block(g, chance(g, 20) ? pick(g, 3) : 0);
  Lir x = blank(count == 2 ? (chance(g, 70) ? LIR_CMPBR : LIR_FCMPBR) : LIR_SWITCH);
  x.a = value(g, x.op == LIR_FCMPBR ? T_F64 : T_I32);
  if (x.op != LIR_SWITCH) x.b = chance(g, 30) ? x.a : value(g, x.op == LIR_FCMPBR ? T_F64 : T_I32);
  finish_block(g, x, targets, count);
}

/* ---- structure ---- */

static void region(Gen *g, u32 depth);

static void make_fork(Gen *g, u32 depth) {
  u32 count = chance(g, 70) ? 2 : 1 + pick(g, 6), targets[8];
  u32 join = new_block(g, pick(g, 5)), mark = 0;
  fork(g, targets, count);
  *jit_push(g->c, &g->targets) = join;
  mark = g->available.len;
  bool reached = false;
  for (u32 i = 0; i < count; i++) {
    g->available.len = mark;
    start_block(g, targets[i]);
    region(g, depth - 1);
    if (g->is_dead) continue;
    if (chance(g, 10))
      leave(g);
    else
      jump(g, join), reached = true;
  }
  g->targets.len--;
  g->available.len = mark;
  for (u32 i = 0; i < g->c->edges.len && !reached; i++) reached = g->c->edges.data[i].to == join;
  if (reached) start_block(g, join);
}

static void make_loop(Gen *g, u32 depth) {
  u32 header = new_block(g, pick(g, 6)), after = new_block(g, pick(g, 3)), ways[2];
  block_at(g->c, header)->is_loop = true;
  jump(g, header);
  u32 mark = g->available.len;
  start_block(g, header);
  *jit_push(g->c, &g->targets) = after;
  region(g, depth - 1);
  bool reached = !g->is_dead;
  if (reached) {
    fork(g, ways, 2);
    u32 inner = g->available.len;
    start_block(g, ways[0]);
    put_some(g, pick(g, 3));
    jump(g, header);
    g->available.len = inner;
    start_block(g, ways[1]);
    jump(g, after);
  }
  g->targets.len--;
  g->available.len = mark;
  for (u32 i = 0; i < g->c->edges.len && !reached; i++) reached = g->c->edges.data[i].to == after;
  if (reached) start_block(g, after);
}

static void make_exit(Gen *g) {
  u32 ways[2];
  fork(g, ways, 2);
  u32 mark = g->available.len;
  start_block(g, ways[0]);
  put_some(g, pick(g, 3));
  if (g->targets.len && chance(g, 70))
    jump(g, g->targets.data[pick(g, g->targets.len)]);
  else
    leave(g);
  g->available.len = mark;
  start_block(g, ways[1]);
}

static void region(Gen *g, u32 depth) {
  for (u32 items = 1 + pick(g, 4); items-- && !g->is_dead;) {
    put_some(g, pick(g, 12));
    if (!depth || !g->budget) continue;
    u32 kind = pick(g, 10);
    if (kind < 4)
      make_fork(g, depth);
    else if (kind < 7)
      make_loop(g, depth);
    else if (kind < 9)
      make_exit(g);
  }
}

/* ---- what the passes before would have found ---- */

static void find_preds(Compile *c) {
  for (u32 i = 0; i < c->edges.len; i++) block_at(c, c->edges.data[i].to)->pred_count++;
  u32 at = 0;
  for (u32 i = 0; i < c->blocks.len; i++) {
    Block *b = block_at(c, i);
    b->preds = at;
    at += b->pred_count;
    b->pred_count = 0;
  }
  jit_resize(c, &c->preds, at);
  for (u32 i = 0; i < c->edges.len; i++) {
    Block *b = block_at(c, c->edges.data[i].to);
    c->preds.data[b->preds + b->pred_count++] = i;
  }
}

/* Blocks are made in an order in which only back edges go back. */
static void add_to_loop(Gen *g, u32 header, u32 block, u8 *mark) {
  Compile *c = g->c;
  g->targets.len = 0;
  *jit_push(c, &g->targets) = block;
  while (g->targets.len) {
    u32 at = g->targets.data[--g->targets.len];
    if (mark[at]) continue;
    mark[at] = 1;
    Block *b = block_at(c, at);
    if (at == header) b->outer_loop = b->loop;
    b->loop = header;
    b->loop_depth++;
    if (at == header) continue;
    for (u32 i = 0; i < b->pred_count; i++)
      *jit_push(c, &g->targets) = edge_at(c, c->preds.data[b->preds + i])->from;
  }
}

static void find_loops(Gen *g, const u32 *position) {
  Compile *c = g->c;
  u8 *mark = calloc(c->blocks.len, 1);
  for (u32 i = 0; i < c->order.len; i++) {
    u32 h = c->order.data[i];
    Block *b = block_at(c, h);
    memset(mark, 0, c->blocks.len);
    b->is_loop = false;
    for (u32 k = 0; k < b->pred_count; k++) {
      u32 from = edge_at(c, c->preds.data[b->preds + k])->from;
      if (position[from] < position[h]) continue;
      b->is_loop = true;
      add_to_loop(g, h, from, mark);
    }
  }
  free(mark);
}

/* Another order in which only back edges go back. */
static void shuffle_order(Gen *g, const u32 *position) {
  Compile *c = g->c;
  u32 *waits = calloc(c->blocks.len, sizeof(u32)), done = 0;
  for (u32 i = 0; i < c->edges.len; i++)
    waits[c->edges.data[i].to] += position[c->edges.data[i].from] < position[c->edges.data[i].to];
  g->targets.len = 0;
  *jit_push(c, &g->targets) = 0;
  while (g->targets.len) {
    u32 k = pick(g, g->targets.len), at = g->targets.data[k];
    g->targets.data[k] = g->targets.data[--g->targets.len];
    c->order.data[done++] = at;
    const Block *b = block_at(c, at);
    for (u32 e = b->edges; e < b->edges + b->edge_count; e++) {
      u32 to = edge_at(c, e)->to;
      if (position[at] < position[to] && --waits[to] == 0) *jit_push(c, &g->targets) = to;
    }
  }
  free(waits);
}

static void lay_out(Gen *g) {
  Compile *c = g->c;
  u32 *at = calloc(c->blocks.len + 1, sizeof(u32));
  for (u32 i = 0; i < g->code.len; i++) block_at(c, g->code_block.data[i])->lir_end++;
  for (u32 i = 0, start = 0; i < c->order.len; i++) {
    Block *b = block_at(c, c->order.data[i]);
    b->lir_start = at[c->order.data[i]] = start;
    start = b->lir_end += start;
  }
  jit_resize(c, &c->lir, g->code.len);
  for (u32 i = 0; i < g->code.len; i++) c->lir.data[at[g->code_block.data[i]]++] = g->code.data[i];
  free(at);
}

static void mark_use(Compile *c, const u32 *def, u32 v, u32 block) {
  if (v != NONE && v >= VREG_FIRST && def[v] != block) c->vreg_global.data[v] = 1;
}

static void find_globals(Compile *c) {
  u32 *def = calloc(c->vreg_type.len, sizeof(u32));
  for (u32 i = 0; i < c->order.len; i++) {
    u32 block = c->order.data[i];
    const Block *b = block_at(c, block);
    for (u32 k = b->lir_start; k < b->lir_end; k++)
      if (c->lir.data[k].d != NONE) def[c->lir.data[k].d] = block;
    for (u32 k = b->params; k < b->params + b->param_count; k++)
      if (c->param_vregs.data[k] != NONE) def[c->param_vregs.data[k]] = block;
  }
  for (u32 i = 0; i < c->order.len; i++) {
    u32 block = c->order.data[i];
    const Block *b = block_at(c, block);
    for (u32 k = b->lir_start; k < b->lir_end; k++) {
      const Lir *x = &c->lir.data[k];
      const u32 *args = &c->lir_pool.data[x->args];
      u32 uses[] = {x->a, x->b, x->c, x->e, x->m0, x->m1};
      for (u32 n = 0; n < ARRAY_LEN(uses); n++) mark_use(c, def, uses[n], block);
      for (u32 n = 0; x->args && n < args[0]; n++)
        if (!(args[1 + 2 * n] & LOC_CONST)) mark_use(c, def, args[1 + 2 * n], block);
    }
    for (u32 e = b->edges; e < b->edges + b->edge_count; e++)
      for (u32 n = 0; edge_at(c, e)->args && n < block_at(c, edge_at(c, e)->to)->param_count; n++)
        if (!(c->pool.data[edge_at(c, e)->args + 1 + n] & LOC_CONST))
          mark_use(c, def, c->pool.data[edge_at(c, e)->args + 1 + n], block);
  }
  free(def);
}

/* ---- the whole ---- */

static void clear(Compile *c) {
  c->constants.len = c->param_vregs.len = c->blocks.len = c->edges.len = c->pool.len =
      c->order.len = c->preds.len = 0;
  c->lir.len = c->lir_pool.len = c->vreg_type.len = c->vreg_global.len = 0;
  c->trouble[0] = 0;
  *jit_push(c, &c->pool) = 0;
  *jit_push(c, &c->lir_pool) = 0;
}

static void put_arguments(Gen *g) {
  ArgCursor cursor = {0};
  for (u32 i = 0, n = pick(g, 16); i < n; i++) {
    u8 type = random_type(g);
    Loc place = wm_x64_next_arg(&cursor, type);
    if (chance(g, 20)) continue;
    Lir x = blank(LIR_GETARG);
    x.sub = place & LOC_STACK ? 0xFF : (u8)place;
    x.d = new_vreg(g, type);
    put(g, x);
    *jit_push(g->c, &g->available) = x.d;
  }
}

void lir_program_make(Compile *c, u64 seed, u32 size) {
  Gen g = {.c = c, .state = seed * 0x9E3779B97F4A7C15u + 0x1234567, .budget = size};
  clear(c);
  g.few_types = chance(&g, 30);
  for (u32 i = 0; i < VREG_FIRST; i++) new_vreg(&g, T_I64);
  start_block(&g, new_block(&g, 0));
  put_arguments(&g);
  do region(&g, 1 + pick(&g, 5));
  while (!g.is_dead && g.budget && chance(&g, 80));
  if (!g.is_dead) leave(&g);
  u32 *position = calloc(c->blocks.len, sizeof(u32));
  for (u32 i = 0; i < c->order.len; i++) position[c->order.data[i]] = i;
  find_preds(c);
  find_loops(&g, position);
  if (chance(&g, 50)) shuffle_order(&g, position);
  free(position);
  lay_out(&g);
  find_globals(c);
  jit_free(c, &g.available);
  jit_free(c, &g.param_types);
  jit_free(c, &g.targets);
  jit_free(c, &g.code_block);
  jit_free(c, &g.code);
}

/* ---- execution ---- */

typedef struct Value {
  u64 low, high;
} Value;

typedef struct Run {
  Compile *c;
  const Lir *before;
  u64 state;
  Value *vregs;
  Value places[REG_COUNT]; /* registers */
  u64 *slots;
  Value taken[REG_COUNT]; /* what a call or the caller left in registers */
  MoveList list;
  Vec(Move) moves;
  u32 next_move; /* in Compile.moves */
  char message[160];
} Run;

static u64 random_bits(Run *r) {
  return (u64)random_below(&r->state, 1u << 31) << 33 ^
         (u64)random_below(&r->state, 1u << 31) << 11 ^ random_below(&r->state, 1u << 31);
}

static Value random_value(Run *r, u8 type) {
  Value v = {random_bits(r), random_bits(r)};
  if (type == T_I32 || type == T_F32) v.low = (u32)v.low;
  if (type != T_V128) v.high = 0;
  return v;
}

static Value constant_value(u8 type, u64 bits) {
  if (type == T_V128) return (Value){bits * 3 + 5, bits * 7 + 1};
  return (Value){type == T_I32 || type == T_F32 ? (u32)bits : bits, 0};
}

static bool same_value(u8 type, Value a, Value b) {
  if (type == T_F32) return (u32)a.low == (u32)b.low; /* above it, anything */
  return a.low == b.low && (type != T_V128 || a.high == b.high);
}

static Value read_place(const Run *r, Loc place, u8 type) {
  if (place < REG_COUNT) return r->places[place];
  const u64 *slot = &r->slots[place & 0xFFFF];
  return (Value){slot[0], type == T_V128 ? slot[1] : 0};
}

static void write_place(Run *r, Loc place, u8 type, Value v) {
  if (place < REG_COUNT) {
    r->places[place] = v;
    return;
  }
  u64 *slot = &r->slots[place & 0xFFFF];
  slot[0] = v.low;
  if (type == T_V128) slot[1] = v.high;
}

/* What a move instruction of the machine does. */
static void run_move(Run *r, const Move *m) {
  bool is_const = m->from & LOC_CONST;
  Value v = is_const ? constant_value(m->type, m->imm) : read_place(r, m->from, m->type);
  if (m->type == T_I32 && m->to < REG_COUNT) v.low = (u32)v.low;
  if (m->type != T_V128) v.high = 0;
  if (!is_const && m->from >= REG_COUNT && m->to >= REG_COUNT)
    snprintf(r->message, sizeof r->message, "a move from memory to memory");
  if (is_const && m->to >= REG_COUNT && (i64)m->imm != (i32)m->imm)
    snprintf(r->message, sizeof r->message, "a wide constant to memory");
  if (m->from < REG_COUNT && m->to < REG_COUNT && (m->from >= XMM0) != (m->to >= XMM0))
    snprintf(r->message, sizeof r->message, "a move between classes");
  write_place(r, m->to, m->type, v);
}

static void lose(Run *r, RegSet mask) {
  for (; mask; mask &= mask - 1)
    r->places[__builtin_ctzll(mask)] = (Value){random_bits(r), random_bits(r)};
}

static void run_moves(Run *r, const Move *moves, u32 count) {
  r->list.len = 0;
  wm_moves_resolve(r->c, moves, count, &r->list);
  for (u32 i = 0; i < r->list.len; i++) run_move(r, &r->list.data[i]);
  lose(r, reg_bit(R11) | reg_bit(XMM0 + 14) | reg_bit(XMM0 + 15));
}

static void run_splits(Run *r, u32 at) {
  const Compile *c = r->c;
  u32 low = 0, high = c->moves.len;
  while (low < high) {
    u32 mid = low + (high - low) / 2;
    if (c->moves.data[mid].at < at)
      low = mid + 1;
    else
      high = mid;
  }
  r->moves.len = 0;
  for (; low < c->moves.len && c->moves.data[low].at == at; low++)
    *jit_push(r->c, &r->moves) = c->moves.data[low].move;
  if (r->moves.len) run_moves(r, r->moves.data, r->moves.len);
}

static void check_value(Run *r, Loc place, u32 v, u32 at, const char *what) {
  u8 type = r->c->vreg_type.data[v];
  Value is = read_place(r, place, type), should = r->vregs[v];
  if (same_value(type, is, should) || r->message[0]) return;
  snprintf(r->message, sizeof r->message, "at %u %s: v%u is not in %x (%s)", at,
           wm_x64_op_name(r->before[at].op), v, place, what);
}

static void check_operands(Run *r, u32 at, bool late_only) {
  const Lir *x = &r->c->lir.data[at], *o = &r->before[at];
  const LirConstraints *k = &wm_x64_constraints[o->op];
  const u32 now[] = {x->a, x->b, x->c, x->e, x->m0, x->m1};
  const u32 then[] = {o->a, o->b, o->c, o->e, o->m0, o->m1};
  const u8 how[] = {k->a, k->b, k->c, k->e, k->mem, k->mem};
  for (u32 i = 0; i < 6 && x->op == o->op; i++) {
    bool late = how[i] == C_RL || how[i] == C_ML || how[i] == C_L ||
                (how[i] == C_MC && !(o->flags & LIR_COMMUTES));
    if (how[i] == C_N || then[i] == NONE || (late_only && !late)) continue;
    check_value(r, now[i], then[i], at, late_only ? "late" : "operand");
  }
  const u32 *list = &r->c->lir_pool.data[x->args], *old = &r->c->lir_pool.data[o->args];
  for (u32 i = 0; o->args && i < old[0] && !late_only; i++)
    if (!(old[1 + 2 * i] & LOC_CONST))
      check_value(r, list[1 + 2 * i], old[1 + 2 * i], at, "argument");
}

static Value result_of(Run *r, const Lir *x, u8 type) {
  u32 fixed = wm_x64_constraints[x->op].fixed;
  bool is_const = x->op == LIR_MOVI || x->op == LIR_FCONST || x->op == LIR_VCONST;
  if (is_const) return constant_value(type, (u64)x->imm);
  if ((fixed != FIX_ARG && fixed != FIX_RESULT) || x->sub == 0xFF) return random_value(r, type);
  Value v = r->taken[x->sub];
  if (memcmp(&v, &r->places[x->sub], sizeof v) && !r->message[0])
    snprintf(r->message, sizeof r->message, "register %u was overwritten", x->sub);
  if (type == T_I32 || type == T_F32) v.low = (u32)v.low;
  if (type != T_V128) v.high = 0;
  return v;
}

static void run_instruction(Run *r, u32 at) {
  const Lir *x = &r->c->lir.data[at], *o = &r->before[at];
  u32 fixed = wm_x64_constraints[o->op].fixed;
  check_operands(r, at, false);
  if (o->d != NONE) r->vregs[o->d] = result_of(r, o, r->c->vreg_type.data[o->d]);
  if (fixed == FIX_CALL) lose(r, ~(RegSet)(CALLEE_SAVED | 1u << RSP | 1u << R14 | 1u << R15));
  if (fixed == FIX_AXDX) lose(r, 1u << RAX | 1u << RDX);
  if (fixed == FIX_CL) lose(r, 1u << RCX);
  if (fixed == FIX_CALL || fixed == FIX_AXDX) memcpy(r->taken, r->places, sizeof r->taken);
  if (o->d != NONE) {
    u8 type = r->c->vreg_type.data[o->d];
    write_place(r, x->d, type, r->vregs[o->d]);
    if (x->spill != NONE) write_place(r, LOC_SLOT | x->spill, type, r->vregs[o->d]);
  }
  check_operands(r, at, true);
}

static void enter_edge(Run *r, const Edge *e) {
  const Compile *c = r->c;
  const Block *to = block_at(c, e->to);
  Value values[16];
  for (u32 i = 0; e->args && i < to->param_count; i++) {
    u32 arg = c->pool.data[e->args + 1 + i], v = c->param_vregs.data[to->params + i];
    bool is_const = arg & LOC_CONST;
    values[i] = !is_const   ? r->vregs[arg]
                : v != NONE ? constant_value(c->vreg_type.data[v], constant_at(c, arg))
                            : (Value){0};
  }
  for (u32 i = 0; e->args && i < to->param_count; i++) {
    u32 v = c->param_vregs.data[to->params + i];
    if (v != NONE) r->vregs[v] = values[i];
  }
}

/* Returns the block that comes next, or NONE. */
static u32 run_block(Run *r, u32 index) {
  Compile *c = r->c;
  const Block *b = block_at(c, index);
  MoveRange begin = c->begin_moves.data[index], end = c->end_moves.data[index];
  run_moves(r, c->block_moves.data + begin.start, begin.end - begin.start);
  for (u32 i = b->lir_start; i < b->lir_end && !r->message[0]; i++) {
    run_splits(r, i);
    if (i + 1 == b->lir_end) run_moves(r, c->block_moves.data + end.start, end.end - end.start);
    run_instruction(r, i);
  }
  if (!b->edge_count) return NONE;
  const Edge *e = edge_at(c, b->edges + random_below(&r->state, b->edge_count));
  enter_edge(r, e);
  return e->to;
}

const char *lir_program_run(Compile *c, const Lir *before, u64 seed) {
  static _Thread_local Run run;
  Run *r = &run;
  *r = (Run){.c = c, .before = before, .state = seed * 0x9E3779B97F4A7C15u + 1};
  r->vregs = calloc(c->vreg_type.len, sizeof *r->vregs);
  r->slots = calloc(c->spill_slots + 2, sizeof *r->slots);
  lose(r, UINT64_MAX);
  memcpy(r->taken, r->places, sizeof r->taken);
  u32 block = c->order.data[0];
  for (u32 steps = 0; steps < 300 && block != NONE && !r->message[0]; steps++)
    block = run_block(r, block);
  free(r->vregs);
  free(r->slots);
  jit_free(c, &r->list);
  jit_free(c, &r->moves);
  return r->message[0] ? r->message : NULL;
}
