/* Proves a register allocation right, for tests and fuzzing. It knows nothing of the allocator but
 * its results.
 *
 * Backward over each block it keeps what must be where: "place p must hold vreg v". A read adds
 * such a need; a move hands the need for its destination on to its source; the definition of v
 * meets the needs for v where it writes, and there may be none elsewhere; whatever else writes to
 * a place with a need is a mistake, as are two different needs for one place. What a block needs at
 * its begin, its predecessors must provide at their ends: parameters become the arguments of the
 * edge. This is repeated until nothing changes; at the function's begin no need may be left. */
#include "jit/regalloc.h"

/* What a place must hold: a vreg, or one of these | number. */
enum {
  WANT_CONST = 0x20000000,  /* the constant */
  WANT_RESULT = 0x40000000, /* what the instruction leaves there */
  WANT_ARG = 0x60000000,    /* what the caller left there */
  WANT_KIND = 0x60000000,
};
#define WANT_HIGH 0x80000000u /* the upper half of a v128, in the second slot */

typedef struct Need {
  u32 key, want; /* key: register, or REG_COUNT + slot */
} Need;

typedef struct Check {
  const Lir *before;
  bool failed;
  u32 at;        /* the instruction, for messages */
  u32 moves_end; /* in Compile.moves, ascending by `at`: those before here are to come */
  Vec(u32) want; /* by key; 0: anything */
  Vec(u8) is_listed;
  Vec(u32) listed;                   /* keys that may have a need */
  Vec(u32) places;                   /* by vreg: how many places must hold it */
  Vec(u32) def;                      /* by vreg: instruction, or NONE */
  Vec(u32) param_block, param_index; /* by vreg; NONE: it is not a parameter */
  Vec(Need) needs;
  Vec(MoveRange) entries; /* by block: what it needs at its begin, in needs */
  Vec(u8) is_dirty;       /* by block: what it must provide has changed */
  Vec(u32) written;       /* by key: the last parallel move that wrote it */
  u32 move_count;
  Vec(Need)
      pending; /* by move: the need for its destination; the upper half's key is in the next */
} Check;

static void fail(Compile *c, Check *k, const char *what, u32 key, u32 want) {
  if (k->failed) return;
  k->failed = true;
  wm_jit_trouble(c, "allocation: %s: %s %u, v%u (%x), before %u (%s)", what,
                 key < REG_COUNT ? "register" : "slot", key < REG_COUNT ? key : key - REG_COUNT,
                 want & (WANT_CONST - 1), want, k->at,
                 k->at < c->lir.len ? c->machine->op_name(c->lir.data[k->at].op) : "end");
}

/* ---- needs ---- */

static bool is_vreg(u32 want) { return want && !(want & WANT_KIND); }
static u32 vreg_of(u32 want) { return want & ~WANT_HIGH; }

static void add_need(Compile *c, Check *k, u32 key, u32 want) {
  if (k->want.data[key] == want) return;
  if (k->want.data[key]) {
    fail(c, k, "two values in one place", key, want);
    return;
  }
  if (!k->is_listed.data[key]) {
    k->is_listed.data[key] = 1;
    k->listed.data[k->listed.len++] = key; /* there is room for all */
  }
  k->want.data[key] = want;
  if (is_vreg(want)) k->places.data[vreg_of(want)]++;
}

static u32 take_need(Check *k, u32 key) {
  u32 want = k->want.data[key];
  k->want.data[key] = 0;
  if (is_vreg(want)) k->places.data[vreg_of(want)]--;
  return want;
}

static void clear_needs(Check *k) {
  for (u32 i = 0; i < k->listed.len; i++) {
    take_need(k, k->listed.data[i]);
    k->is_listed.data[k->listed.data[i]] = 0;
  }
  k->listed.len = 0;
}

/* The key of a location; 0 (with a failure) for none. */
static u32 key_of(Compile *c, Check *k, Loc place, u32 v) {
  if (place < REG_COUNT) return place;
  u32 slot = place & (LOC_SLOT - 1);
  if ((place & ~(u32)(LOC_SLOT - 1)) == LOC_SLOT && slot < c->spill_slots) return REG_COUNT + slot;
  fail(c, k, "not a place", place, v);
  return 0;
}

/* Whether the value of the vreg takes two slots when it is in `key`. */
static bool is_wide(u32 key, u32 type) { return key >= REG_COUNT && type == T_V128; }

static void check_register(Compile *c, Check *k, Loc reg, u32 v) {
  bool is_float = type_is_float(c->vreg_type.data[v]);
  RegSet allowed = is_float ? c->machine->floats.all : c->machine->ints.all;
  if (reg >= REG_COUNT || !(allowed >> reg & 1)) fail(c, k, "not in a register", reg, v);
}

static void need_vreg(Compile *c, Check *k, Loc place, u32 v) {
  u32 key = key_of(c, k, place, v);
  if (key < REG_COUNT) check_register(c, k, key, v);
  if (k->failed) return;
  add_need(c, k, key, v);
  if (is_wide(key, c->vreg_type.data[v])) add_need(c, k, key + 1, v | WANT_HIGH);
}

/* The definition of v writes the place. */
static void define(Compile *c, Check *k, Loc place, u32 v) {
  u32 key = key_of(c, k, place, v);
  if (key < REG_COUNT) check_register(c, k, key, v);
  if (k->failed) return;
  u32 want = take_need(k, key);
  if (want && want != v) fail(c, k, "overwritten by a definition", key, want);
  if (!is_wide(key, c->vreg_type.data[v])) return;
  want = take_need(k, key + 1);
  if (want && want != (v | WANT_HIGH)) fail(c, k, "overwritten by a definition", key + 1, want);
}

/* ---- moves ---- */

static u64 bits_as(u8 type, u64 bits) { return type == T_I32 || type == T_F32 ? (u32)bits : bits; }

static bool is_constant(const Compile *c, const Check *k, u32 want, const Move *m) {
  want &= ~WANT_HIGH;
  if ((want & WANT_KIND) == WANT_CONST) return constant_at(c, want & (WANT_CONST - 1)) == m->imm;
  if (want & WANT_KIND || k->def.data[want] == NONE) return false;
  const Lir *x = &k->before[k->def.data[want]];
  if (x->op != LIR_MOVI && x->op != LIR_FCONST && x->op != LIR_VCONST) return false;
  return bits_as(m->type, (u64)x->imm) == bits_as(m->type, m->imm);
}

/* on_edge: the value may be a parameter's of another type. */
static void check_move(Compile *c, Check *k, const Move *m, u32 to, u32 want, bool on_edge) {
  if (to < REG_COUNT && (to >= FIRST_FLOAT) != type_is_float(m->type))
    fail(c, k, "a move to the wrong class", to, want);
  if (m->from < REG_COUNT && (m->from >= FIRST_FLOAT) != type_is_float(m->type))
    fail(c, k, "a move from the wrong class", to, want);
  if (want & WANT_HIGH && m->type != T_V128) fail(c, k, "half a vector moved", to, want);
  if (!is_vreg(want)) return;
  u8 type = c->vreg_type.data[vreg_of(want)];
  if (type_is_float(type) && type != m->type) fail(c, k, "a move of another type", to, want);
  if (on_edge) return;
  if (type_bytes(m->type) < type_bytes(type)) fail(c, k, "a move of too few bytes", to, want);
}

/* Takes the need for one half of the destination of a move. */
static void take_destination(Compile *c, Check *k, const Move *m, u32 to, bool on_edge) {
  if (k->written.data[to] == k->move_count) fail(c, k, "two moves to one place", to, 0);
  k->written.data[to] = k->move_count;
  u32 want = take_need(k, to);
  if (want) check_move(c, k, m, to, want, on_edge);
  *jit_push(c, &k->pending) = (Need){to, want};
}

static void need_source(Compile *c, Check *k, const Move *m, u32 want) {
  if (!want || k->failed) return;
  if (m->from & LOC_CONST) {
    if (!is_constant(c, k, want, m)) fail(c, k, "another constant", m->to & 0xFFFF, want);
    return;
  }
  u32 from = key_of(c, k, m->from, want);
  if (k->failed) return;
  bool high = want & WANT_HIGH;
  add_need(c, k, high && from >= REG_COUNT ? from + 1 : from,
           from >= REG_COUNT ? want : want & ~WANT_HIGH);
  if (!high && is_wide(from, m->type)) add_need(c, k, from + 1, want | WANT_HIGH);
}

static void check_moves(Compile *c, Check *k, const Move *moves, size_t stride, u32 count,
                        bool on_edge) {
  k->pending.len = 0;
  k->move_count++;
  for (u32 i = 0; i < count && !k->failed; i++) {
    const Move *m = (const Move *)((const char *)moves + i * stride);
    u32 to = key_of(c, k, m->to, 0);
    if (k->failed) return;
    take_destination(c, k, m, to, on_edge);
    if (is_wide(to, m->type))
      take_destination(c, k, m, to + 1, on_edge);
    else
      *jit_push(c, &k->pending) = (Need){to, 0};
  }
  for (u32 i = 0; i < count && !k->failed; i++) {
    const Move *m = (const Move *)((const char *)moves + i * stride);
    need_source(c, k, m, k->pending.data[2 * i].want);
    need_source(c, k, m, k->pending.data[2 * i + 1].want);
  }
}

static void check_range(Compile *c, Check *k, MoveRange r) {
  if (r.start == r.end) return;
  check_moves(c, k, c->block_moves.data + r.start, sizeof(Move), r.end - r.start, true);
}

/* The moves before instruction `at`. */
static void check_splits(Compile *c, Check *k, u32 at) {
  u32 end = k->moves_end;
  while (end && c->moves.data[end - 1].at > at) end--;
  u32 start = end;
  while (start && c->moves.data[start - 1].at == at) start--;
  k->moves_end = start;
  if (start == end) return;
  check_moves(c, k, &c->moves.data[start].move, sizeof(PosMove), end - start, false);
}

/* ---- instructions ---- */

static void check_reads(Compile *c, Check *k, const Lir *x, const Lir *original, bool late) {
  u32 reads = reads_of(c, original), those = late_reads(c, original);
  if (reads != reads_of(c, x)) fail(c, k, "operands lost", 0, 0);
  for (reads &= late ? those : ~those; reads && !k->failed; reads &= reads - 1) {
    u32 i = (u32)__builtin_ctz(reads);
    if (c->machine->reads[x->op].registers >> i & 1)
      check_register(c, k, x->operands[i], original->operands[i]);
    need_vreg(c, k, x->operands[i], original->operands[i]);
  }
}

static void check_list(Compile *c, Check *k, const Lir *x, const Lir *original) {
  if (!original->args) return;
  const u32 *now = &c->lir_pool.data[x->args], *then = &c->lir_pool.data[original->args];
  if (now[0] != then[0]) fail(c, k, "arguments lost", 0, 0);
  for (u32 i = 0; i < then[0] && !k->failed; i++) {
    u32 v = then[1 + 2 * i];
    if (!(v & LOC_CONST))
      need_vreg(c, k, now[1 + 2 * i], v);
    else if (now[1 + 2 * i] != v)
      fail(c, k, "another constant argument", 0, 0);
  }
}

static void check_result(Compile *c, Check *k, const Lir *x, const Lir *original, RegSet lost) {
  if (!has_result(c, original)) return;
  u32 v = original->d;
  if (c->machine->constraints[x->op].d == C_R) check_register(c, k, x->d, v);
  if (x->d < REG_COUNT && lost >> x->d & 1) fail(c, k, "a result in a taken register", x->d, v);
  if (x->spill != NONE) define(c, k, LOC_SLOT | x->spill, v);
  define(c, k, x->d, v);
  if (!k->failed && k->places.data[v]) fail(c, k, "not where it was defined", x->d, v);
}

/* The registers that the instruction loses. */
static RegSet lost_registers(const Machine *machine, u32 fixed) {
  if (fixed >= FIX_MACHINE) return machine->taken[fixed - FIX_MACHINE].regs;
  return fixed == FIX_CALL ? ~machine->kept : 0;
}

static void check_lost(Compile *c, Check *k, u32 index, RegSet lost) {
  for (; lost; lost &= lost - 1) {
    u32 reg = (u32)__builtin_ctzll(lost), want = k->want.data[reg];
    if (!want) continue;
    if (want == (WANT_RESULT | index))
      take_need(k, reg);
    else
      fail(c, k, "lost", reg, want);
  }
}

static void check_instruction(Compile *c, Check *k, u32 index) {
  const Lir *x = &c->lir.data[index], original = k->before[index];
  u32 fixed = c->machine->constraints[x->op].fixed;
  RegSet lost = lost_registers(c->machine, fixed);
  k->at = index;
  if (x->op != original.op) return; /* a switch with one target: a jump */
  check_reads(c, k, x, &original, true);
  check_result(c, k, x, &original, lost);
  check_lost(c, k, index, lost);
  check_reads(c, k, x, &original, false);
  check_list(c, k, x, &original);
  if (x->sub == 0xFF || k->failed) return;
  if (fixed == FIX_ARG) add_need(c, k, x->sub, WANT_ARG | x->sub);
  if (fixed == FIX_RESULT) add_need(c, k, x->sub, WANT_RESULT | (index - 1 - (u32)x->imm));
}

/* ---- blocks ---- */

/* What must be there before edge e, so that `want` is there behind it. */
static u32 before_edge(Compile *c, Check *k, const Edge *e, Need need) {
  if (!is_vreg(need.want)) return need.want;
  u32 v = vreg_of(need.want);
  if (k->param_block.data[v] != e->to) return need.want;
  u32 arg = e->args ? edge_argument(c, e, k->param_index.data[v]) : EDGE_UNUSED;
  if (arg == EDGE_UNUSED) {
    fail(c, k, "a parameter without argument", need.key, need.want);
    return need.want;
  }
  if (arg & LOC_CONST) arg = WANT_CONST | (arg & ~LOC_CONST);
  return arg | (need.want & WANT_HIGH);
}

static const Edge *only_edge_into(const Compile *c, const Block *b) {
  return b->pred_count == 1 ? edge_at(c, c->preds.data[b->preds]) : NULL;
}

/* What the target of edge e needs. */
static void add_needs(Compile *c, Check *k, const Edge *e) {
  MoveRange entry = k->entries.data[e->to];
  bool done = only_edge_into(c, block_at(c, e->to));
  for (u32 n = entry.start; n < entry.end && !k->failed; n++) {
    Need need = k->needs.data[n];
    add_need(c, k, need.key, done ? need.want : before_edge(c, k, e, need));
  }
}

/* The needs where instruction `call` is over, by the edges that leave there; NONE: at the block's
 * end. */
static void add_leaving(Compile *c, Check *k, const Block *b, u32 call) {
  for (u32 i = b->edges; i < b->edges + b->edge_count; i++)
    if (leaving_call(c, edge_at(c, i)) == call) add_needs(c, k, edge_at(c, i));
}

/* Parameters of a block with one edge in become its arguments before the moves at its begin. */
static void enter_by(Compile *c, Check *k, const Edge *e) {
  for (u32 i = 0; i < k->listed.len && !k->failed; i++) {
    u32 key = k->listed.data[i], want = take_need(k, key);
    if (want) add_need(c, k, key, before_edge(c, k, e, (Need){key, want}));
  }
}

/* True: the block needs more than was known. */
static bool store_entry(Compile *c, Check *k, u32 block) {
  MoveRange *entry = &k->entries.data[block];
  u32 start = k->needs.len;
  jit_reserve(c, &k->needs, k->listed.len);
  for (u32 i = 0; i < k->listed.len; i++) {
    u32 key = k->listed.data[i];
    if (k->want.data[key]) k->needs.data[k->needs.len++] = (Need){key, k->want.data[key]};
  }
  clear_needs(k);
  if (k->needs.len - start == entry->end - entry->start) {
    k->needs.len = start;
    return false;
  }
  *entry = (MoveRange){start, k->needs.len};
  return true;
}

static bool check_block(Compile *c, Check *k, u32 block) {
  const Block *b = block_at(c, block);
  k->at = b->lir_end;
  add_leaving(c, k, b, NONE);
  for (u32 i = b->lir_end; i-- > b->lir_start && !k->failed;) {
    if (b->term == TERM_INVOKE) add_leaving(c, k, b, i);
    check_instruction(c, k, i);
    if (i + 1 == b->lir_end) check_range(c, k, c->end_moves.data[block]);
    check_splits(c, k, i);
  }
  const Edge *in = only_edge_into(c, b);
  if (in) enter_by(c, k, in);
  check_range(c, k, c->begin_moves.data[block]);
  return store_entry(c, k, block);
}

/* One pass over the blocks; true: another one is needed. */
static bool check_pass(Compile *c, Check *k) {
  bool again = false;
  k->moves_end = c->moves.len;
  for (u32 i = c->order.len; i-- > 0 && !k->failed;) {
    u32 block = c->order.data[i];
    const Block *b = block_at(c, block);
    if (!k->is_dirty.data[block]) continue;
    k->is_dirty.data[block] = 0;
    if (!check_block(c, k, block)) continue;
    for (u32 p = b->preds; p < b->preds + b->pred_count; p++)
      k->is_dirty.data[edge_at(c, c->preds.data[p])->from] = 1;
    again = true;
  }
  return again && !k->failed;
}

/* What the entry needs can only be arguments, in their registers. */
static void check_entry(Compile *c, Check *k) {
  MoveRange entry = k->entries.data[c->order.data[0]];
  k->at = 0;
  for (u32 i = entry.start; i < entry.end; i++) {
    Need need = k->needs.data[i];
    if (need.want != (WANT_ARG | need.key)) fail(c, k, "never defined", need.key, need.want);
  }
}

/* ---- the pass ---- */

static void find_definitions(Compile *c, Check *k) {
  u32 count = c->vreg_type.len;
  jit_resize(c, &k->places, count);
  jit_resize(c, &k->def, count);
  jit_resize(c, &k->param_block, count);
  jit_resize(c, &k->param_index, count);
  memset(k->places.data, 0, count * sizeof(u32));
  memset(k->def.data, 0xFF, count * sizeof(u32));
  memset(k->param_block.data, 0xFF, count * sizeof(u32));
  for (u32 i = 0; i < c->lir.len; i++)
    if (has_result(c, &k->before[i])) k->def.data[k->before[i].d] = i;
  for (u32 i = 0; i < c->order.len; i++) {
    const Block *b = block_at(c, c->order.data[i]);
    for (u32 n = 0; n < b->param_count; n++) {
      u32 v = param_vreg(c, b, n);
      if (v == NONE) continue;
      k->param_block.data[v] = c->order.data[i];
      k->param_index.data[v] = n;
    }
  }
}

static void start(Compile *c, Check *k, const Lir *before) {
  u32 keys = REG_COUNT + c->spill_slots + 1; /* and one behind, for a v128 in the last slot */
  k->before = before;
  k->failed = false;
  k->needs.len = k->listed.len = k->move_count = 0;
  jit_resize(c, &k->want, keys);
  jit_resize(c, &k->is_listed, keys);
  jit_resize(c, &k->listed, keys);
  jit_resize(c, &k->written, keys);
  k->listed.len = 0;
  memset(k->want.data, 0, keys * sizeof(u32));
  memset(k->is_listed.data, 0, keys);
  memset(k->written.data, 0, keys * sizeof(u32));
  jit_resize(c, &k->entries, c->blocks.len);
  memset(k->entries.data, 0, c->blocks.len * sizeof *k->entries.data);
  jit_resize(c, &k->is_dirty, c->blocks.len);
  memset(k->is_dirty.data, 1, c->blocks.len);
  find_definitions(c, k);
}

bool wm_jit_check_allocation(Compile *c, const Lir *before) {
  Check *k = wm_jit_scratch(c, SCRATCH_CHECK, sizeof *k);
  start(c, k, before);
  while (check_pass(c, k)) {
  }
  if (!k->failed) check_entry(c, k);
  return !k->failed;
}

void wm_ra_check_scratch_free(void *scratch) {
  Check *k = scratch;
  vec_free(&k->want);
  vec_free(&k->is_listed);
  vec_free(&k->listed);
  vec_free(&k->places);
  vec_free(&k->def);
  vec_free(&k->param_block);
  vec_free(&k->param_index);
  vec_free(&k->needs);
  vec_free(&k->entries);
  vec_free(&k->is_dirty);
  vec_free(&k->written);
  vec_free(&k->pending);
}
