/* Register allocation: what is live where (regalloc.h).
 *
 * Which vregs live where blocks begin is found over the graph, in two passes that suffice because
 * it is reducible: backward without the back edges; then all that lives where a loop begins lives
 * in all of it (Boissinot et al. 2008). The sets are sparse and hold only vregs that live across
 * blocks. Then one pass backward over the instructions, in layout order, makes the ranges: a range
 * stays open from block to block, so a value that lives through thousands costs nothing there. */
#include "jit/regalloc.h"

/* ---- sets ---- */

/* A word set keeps a list of the words that were touched, so that clearing and walking cost what it
 * holds. */
static void set_prepare(Compile *c, WordSet *s, u32 bits) {
  u32 words = bits / 32 + 1;
  jit_resize(c, &s->words, words);
  jit_resize(c, &s->is_listed, words);
  jit_resize(c, &s->listed, words);
  memset(s->words.data, 0, words * sizeof *s->words.data);
  memset(s->is_listed.data, 0, words);
  s->listed.len = 0;
}

static void set_or(WordSet *s, u32 word, u32 bits) {
  if (!s->is_listed.data[word]) {
    s->is_listed.data[word] = 1;
    s->listed.data[s->listed.len++] = word; /* there is room for all */
  }
  s->words.data[word] |= bits;
}
static void set_add(WordSet *s, u32 n) { set_or(s, n / 32, 1u << (n & 31)); }
static void set_remove(WordSet *s, u32 n) { s->words.data[n / 32] &= ~(1u << (n & 31)); }

static void set_clear(WordSet *s) {
  for (u32 i = 0; i < s->listed.len; i++) {
    s->words.data[s->listed.data[i]] = 0;
    s->is_listed.data[s->listed.data[i]] = 0;
  }
  s->listed.len = 0;
}

/* Appends the set to set_words. */
static MoveRange set_store(Compile *c, RegAlloc *ra, WordSet *s) {
  MoveRange at = {ra->set_words.len, 0};
  if (!s->listed.len) return (MoveRange){at.start, at.start};
  jit_reserve(c, &ra->set_words, s->listed.len);
  SetWord *to = ra->set_words.data + at.start;
  u32 kept = 0;
  for (u32 i = 0; i < s->listed.len; i++) {
    u32 word = s->listed.data[i];
    s->is_listed.data[word] = s->words.data[word] != 0;
    if (!s->words.data[word]) continue;
    s->listed.data[kept++] = word;
    *to++ = (SetWord){word, s->words.data[word]};
  }
  s->listed.len = kept;
  at.end = ra->set_words.len += kept;
  return at;
}

static void set_union(const RegAlloc *ra, WordSet *s, MoveRange with) {
  for (u32 i = with.start; i < with.end; i++)
    set_or(s, ra->set_words.data[i].index, ra->set_words.data[i].bits);
}

/* With what lives where the block begins: what does where its loop begins, too. */
static void add_live_in(const Compile *c, const RegAlloc *ra, WordSet *s, u32 block) {
  u32 loop = block_at(c, block)->loop;
  set_union(ra, s, ra->live_in.data[block]);
  if (loop != NONE && loop != block) set_union(ra, s, ra->live_in.data[loop]);
}

/* ---- preparation ---- */

static void reset_vregs(Compile *c, RegAlloc *ra) {
  u32 count = c->vreg_type.len;
  if (count > MAX_VREGS) wm_jit_leave(c, JIT_TOO_LARGE);
  jit_resize(c, &ra->vregs, count);
  ra->globals.len = 0;
  for (u32 v = 0; v < count; v++) {
    VregInfo *info = info_of(ra, v);
    *info = (VregInfo){.def = NONE,
                       .global = NONE,
                       .tied = {NONE, NONE},
                       .param = NONE,
                       .fixed = NO_REG,
                       .last_reg = NO_REG};
    if (v < VREG_FIRST || !c->vreg_global.data[v]) continue;
    info->global = ra->globals.len;
    *jit_push(c, &ra->globals) = v;
  }
}

/* A switch with one target is a jump; block_of gets filled. */
static void prepare_blocks(Compile *c, RegAlloc *ra) {
  jit_resize(c, &ra->block_of, c->lir.len + 1);
  u32 last = 0;
  for (u32 i = 0; i < c->order.len; i++) {
    const Block *b = block_at(c, last = c->order.data[i]);
    for (u32 k = b->lir_start; k < b->lir_end; k++) ra->block_of.data[k] = last;
    Lir *end = &c->lir.data[b->lir_end - 1];
    if (b->edge_count != 1 || end->op == LIR_JUMP) continue;
    end->op = LIR_JUMP;
    end->a = NONE;
  }
  ra->block_of.data[c->lir.len] = last;
}

/* Cold blocks of a loop may stand far behind the others. */
static void find_loops(Compile *c, RegAlloc *ra) {
  jit_resize(c, &ra->loops, c->blocks.len);
  memset(ra->loops.data, 0, c->blocks.len * sizeof *ra->loops.data);
  for (u32 i = 0; i < c->order.len; i++) {
    const Block *b = block_at(c, c->order.data[i]);
    if (b->loop == NONE || (b->is_cold && b->loop != c->order.data[i])) continue;
    LoopSpan *span = &ra->loops.data[b->loop];
    span->start = block_begin(block_at(c, b->loop));
    span->end = max_u32(span->end, block_finish(b));
  }
  for (u32 i = c->order.len; i-- > 0;) {
    u32 h = c->order.data[i], outer = block_at(c, h)->outer_loop;
    if (block_at(c, h)->loop != h || outer == NONE) continue;
    LoopSpan *span = &ra->loops.data[outer];
    span->end = max_u32(span->end, ra->loops.data[h].end);
  }
}

/* ---- what lives where blocks begin ---- */

/* The pass that finds live sets also counts reads, so that uses get their room at once. */
static void scan_read(RegAlloc *ra, u32 v) {
  VregInfo *info = info_of(ra, v);
  info->use++;
  if (info->global != NONE) set_add(&ra->live, info->global);
}

static void scan_instruction(const Compile *c, RegAlloc *ra, Lir *x) {
  /* Kept with the instruction: asked again by each pass that follows. */
  x->reads = (u8)reads_of(c, x);
  if (has_result(c, x)) {
    VregInfo *info = info_of(ra, x->d);
    info->use++;
    if (info->global != NONE) set_remove(&ra->live, info->global);
  }
  for (u32 reads = x->reads; reads; reads &= reads - 1)
    scan_read(ra, x->operands[__builtin_ctz(reads)]);
  const u32 *args = &c->lir_pool.data[x->args];
  for (u32 i = 0; x->args && i < args[0]; i++)
    if (!(args[1 + 2 * i] & LOC_CONST)) scan_read(ra, args[1 + 2 * i]);
}

/* Whether one of the block's edges goes to `next`, the block behind it. */
static bool goes_to(const Compile *c, const Block *b, u32 next) {
  for (u32 i = b->edges; i < b->edges + b->edge_count; i++)
    if (edge_at(c, i)->to == next) return true;
  return false;
}

/* ra->live: what lives where block `next` begins, becomes what lives at the end of `b`. */
static void scan_edges(const Compile *c, RegAlloc *ra, const Block *b, u32 next) {
  if (!goes_to(c, b, next)) set_clear(&ra->live);
  for (u32 i = b->edges; i < b->edges + b->edge_count; i++) {
    const Edge *e = edge_at(c, i);
    if (e->to != next) set_union(ra, &ra->live, ra->live_in.data[e->to]);
    if (!e->args) continue;
    for (u32 k = 0; k < block_at(c, e->to)->param_count; k++) {
      u32 arg = edge_argument(c, e, k);
      if (!(arg & LOC_CONST)) scan_read(ra, arg);
    }
  }
}

/* A parameter is written on the edges: before its block it does not live. */
static void remove_params(const Compile *c, RegAlloc *ra, const Block *b) {
  for (u32 i = 0; i < b->param_count; i++) {
    u32 v = param_vreg(c, b, i);
    if (v != NONE && info_of(ra, v)->global != NONE) set_remove(&ra->live, info_of(ra, v)->global);
  }
}

/* Without the back edges: their targets come later here, so their sets are empty. */
static void find_live_in(Compile *c, RegAlloc *ra) {
  jit_resize(c, &ra->live_in, c->blocks.len);
  memset(ra->live_in.data, 0, c->blocks.len * sizeof *ra->live_in.data);
  ra->set_words.len = 0;
  u32 next = NONE;
  for (u32 i = c->order.len; i-- > 0;) {
    u32 index = c->order.data[i];
    const Block *b = block_at(c, index);
    scan_edges(c, ra, b, next);
    for (u32 k = b->lir_end; k-- > b->lir_start;) scan_instruction(c, ra, &c->lir.data[k]);
    remove_params(c, ra, b);
    ra->live_in.data[index] = set_store(c, ra, &ra->live);
    next = index;
  }
  set_clear(&ra->live);
}

/* What lives at a loop's header lives in the loops inside. */
static void add_loops(Compile *c, RegAlloc *ra) {
  for (u32 i = 0; i < c->order.len; i++) {
    u32 h = c->order.data[i], outer = block_at(c, h)->outer_loop;
    if (block_at(c, h)->loop != h || outer == NONE) continue;
    if (ra->live_in.data[outer].start == ra->live_in.data[outer].end) continue;
    set_union(ra, &ra->live, ra->live_in.data[h]);
    set_union(ra, &ra->live, ra->live_in.data[outer]);
    ra->live_in.data[h] = set_store(c, ra, &ra->live);
    set_clear(&ra->live);
  }
}

/* ---- ranges ---- */

/* Walking backward, a range begins at its last use and ends at its definition. */
static void open_range(RegAlloc *ra, u32 v, u32 to) {
  VregInfo *info = info_of(ra, v);
  if (!info->open && info->global != NONE) set_add(&ra->open, info->global);
  info->open = max_u32(info->open, to);
}

static void close_range(Compile *c, RegAlloc *ra, u32 v, u32 from) {
  VregInfo *info = info_of(ra, v);
  *jit_push(c, &ra->raw_ranges) = (RawRange){v, {from, info->open}};
  info->range++;
  info->open = 0;
  if (info->global != NONE) set_remove(&ra->open, info->global);
}

static void close_word(Compile *c, RegAlloc *ra, u32 word, u32 bits, u32 from) {
  for (; bits; bits &= bits - 1)
    close_range(c, ra, ra->globals.data[word * 32 + (u32)__builtin_ctz(bits)], from);
}

/* What is open, but not in `live`, begins at `behind`, where the block behind does. */
static void close_others(Compile *c, RegAlloc *ra, u32 behind) {
  WordSet *open = &ra->open, *live = &ra->live;
  u32 kept = 0;
  for (u32 i = 0; i < open->listed.len; i++) {
    u32 word = open->listed.data[i];
    close_word(c, ra, word, open->words.data[word] & ~live->words.data[word], behind);
    if (open->words.data[word])
      open->listed.data[kept++] = word;
    else
      open->is_listed.data[word] = 0;
  }
  open->listed.len = kept;
}

/* What is in `live`, but not yet open, lives up to `finish`, where the block ends. */
static void open_live(RegAlloc *ra, u32 finish) {
  WordSet *live = &ra->live;
  for (u32 i = 0; i < live->listed.len; i++) {
    u32 word = live->listed.data[i];
    for (u32 bits = live->words.data[word] & ~ra->open.words.data[word]; bits; bits &= bits - 1)
      open_range(ra, ra->globals.data[word * 32 + (u32)__builtin_ctz(bits)], finish);
  }
  set_clear(live);
}

/* Uses of one position are one: a register is wanted when one of them wants it. */
static void add_use(RegAlloc *ra, u32 v, u32 position, bool wants_register) {
  VregInfo *info = info_of(ra, v);
  u32 end = interval_at(ra, first_piece(v))->end; /* of its uses, so far */
  if (info->use < end && use_position(ra->uses.data[info->use]) == position)
    ra->uses.data[info->use] |= wants_register;
  else
    ra->uses.data[--info->use] = position << 1 | wants_register;
}

static void take_register(Compile *c, RegAlloc *ra, u32 reg, u32 from, u32 to) {
  if (ra->fixed[reg].len) {
    Range *last = vec_last(&ra->fixed[reg]);
    if (last->from <= to) { /* they come in descending order */
      last->from = min_u32(last->from, from);
      last->to = max_u32(last->to, to);
      return;
    }
  }
  *jit_push(c, &ra->fixed[reg]) = (Range){from, to};
}

/* ---- hints ---- */

/* The first place met, walking backward, is the last one in the code: what the value lives for. */
static void hint_fixed(RegAlloc *ra, u32 v, Loc place) {
  VregInfo *info = info_of(ra, v);
  if (place < REG_COUNT && info->fixed == NO_REG) info->fixed = (u8)place;
}

/* Where the arguments of a call, or the results that are returned, go. */
static NextPlace *next_places(const Compile *c, const Lir *x) {
  switch (x->op) {
  case LIR_RETURN: return c->machine->next_result;
  case LIR_CALL_HELPER: return c->machine->next_helper_arg;
  case LIR_CALL_MEANING: return c->machine->next_meaning_arg;
  default: return c->machine->next_arg;
  }
}

static void hint_tied(const Compile *c, RegAlloc *ra, const Lir *x) {
  u32 hint = c->machine->constraints[x->op].hint;
  u32 *tied = info_of(ra, x->d)->tied;
  if (hint != HINT_N) tied[0] = x->operands[hint];
  if (x->flags & LIR_COMMUTES) tied[1] = x->b;
}

/* Of several parameters, the one that is reached most often matters. */
static void hint_edge(const Compile *c, RegAlloc *ra, const Edge *e, u32 arg, u32 param) {
  VregInfo *to = info_of(ra, param), *from = info_of(ra, arg);
  const Block *b = block_at(c, e->from), *target = block_at(c, e->to);
  bool is_back = block_begin(target) <= block_begin(b);
  u32 weight = b->is_cold ? 1 : min_u32(2 + 2 * b->loop_depth + is_back, UINT8_MAX);
  if (weight > from->param_weight) {
    from->param = param;
    from->param_weight = (u8)weight;
  }
  if (is_back) return;
  to->tied[1] = to->tied[0];
  to->tied[0] = arg;
}

/* ---- one block ---- */

static void read_operand(RegAlloc *ra, u32 v, u32 position, bool wants_register, bool is_late) {
  add_use(ra, v, position, wants_register);
  open_range(ra, v, position + 1 + is_late);
}

static void build_list(const Compile *c, RegAlloc *ra, const Lir *x, u32 position) {
  const u32 *args = &c->lir_pool.data[x->args];
  NextPlace *next = next_places(c, x);
  ArgCursor cursor = {0};
  for (u32 i = 0; i < args[0]; i++) {
    bool is_callee = (x->op == LIR_CALL_REF || x->op == LIR_TAIL_CALL_REF) && i + 1 == args[0];
    Loc place = is_callee ? c->machine->callee : next(&cursor, (u8)args[2 + 2 * i]);
    u32 v = args[1 + 2 * i];
    if (v & LOC_CONST) continue;
    hint_fixed(ra, v, place);
    read_operand(ra, v, position, false, false);
  }
}

static void build_definition(Compile *c, RegAlloc *ra, const Lir *x, u32 index) {
  VregInfo *info = info_of(ra, x->d);
  add_use(ra, x->d, 2 * index + 1, c->machine->constraints[x->op].d == C_R);
  if (!info->open) info->open = 2 * index + 2;
  close_range(c, ra, x->d, 2 * index + 1);
  info->def = index;
  info->constant = x->op == LIR_MOVI || x->op == LIR_FCONST || x->op == LIR_VCONST;
  hint_tied(c, ra, x);
}

static void build_taken(Compile *c, RegAlloc *ra, const Lir *x, u32 position) {
  const TakenRegs *taken = &c->machine->taken[c->machine->constraints[x->op].fixed - FIX_MACHINE];
  for (RegSet regs = taken->regs; regs; regs &= regs - 1)
    take_register(c, ra, (u32)__builtin_ctzll(regs), position + 1, position + 2);
  if (taken->first != NO_REG) hint_fixed(ra, x->a, taken->first);
}

/* `from`: where the register holds the value that the instruction fetches. */
static void build_fetch(Compile *c, RegAlloc *ra, const Lir *x, u32 from, u32 position) {
  if (x->sub == 0xFF) return;
  info_of(ra, x->d)->fixed = x->sub;
  take_register(c, ra, x->sub, from, position + 1);
}

static void build_fixed(Compile *c, RegAlloc *ra, const Lir *x, u32 position) {
  switch (c->machine->constraints[x->op].fixed) {
  case FIX_NONE:
  case FIX_RETURN: break;
  case FIX_CALL: *jit_push(c, &ra->calls) = position + 1; break;
  case FIX_ARG: build_fetch(c, ra, x, 0, position); break;
  case FIX_RESULT: build_fetch(c, ra, x, position + 1 - 2 * ((u32)x->imm + 1), position); break;
  default: build_taken(c, ra, x, position); break;
  }
}

static void build_instruction(Compile *c, RegAlloc *ra, u32 index) {
  Lir *x = &c->lir.data[index];
  u32 position = 2 * index;
  if (has_result(c, x)) build_definition(c, ra, x, index);
  build_fixed(c, ra, x, position);
  u32 late = late_reads(c, x), registers = c->machine->reads[x->op].registers;
  for (u32 reads = x->reads; reads; reads &= reads - 1) {
    u32 i = (u32)__builtin_ctz(reads);
    read_operand(ra, x->operands[i], position, registers >> i & 1, late >> i & 1);
  }
  if (x->args) build_list(c, ra, x, position);
}

static void build_arguments(const Compile *c, RegAlloc *ra, const Block *b) {
  for (u32 i = b->edges; i < b->edges + b->edge_count; i++) {
    const Edge *e = edge_at(c, i);
    if (!e->args) continue;
    const Block *to = block_at(c, e->to);
    for (u32 k = 0; k < to->param_count; k++) {
      u32 arg = edge_argument(c, e, k);
      if (arg & LOC_CONST) continue;
      add_use(ra, arg, 2 * (b->lir_end - 1), false);
      hint_edge(c, ra, e, arg, param_vreg(c, to, k));
      if (info_of(ra, arg)->global != NONE)
        set_add(&ra->live, info_of(ra, arg)->global);
      else
        open_range(ra, arg, block_finish(b));
    }
  }
}

/* What lives at the end of the block. All that is open lives where the block behind begins. */
static void build_edges(Compile *c, RegAlloc *ra, const Block *b, u32 next) {
  for (u32 i = b->edges; i < b->edges + b->edge_count; i++)
    if (edge_at(c, i)->to != next) add_live_in(c, ra, &ra->live, edge_at(c, i)->to);
  build_arguments(c, ra, b);
  if (!goes_to(c, b, next)) close_others(c, ra, block_finish(b));
  open_live(ra, block_finish(b));
}

static void build_params(Compile *c, RegAlloc *ra, const Block *b) {
  for (u32 i = 0; i < b->param_count; i++) {
    u32 v = param_vreg(c, b, i), begin = block_begin(b);
    if (v == NONE) continue;
    open_range(ra, v, begin + 1);
    close_range(c, ra, v, begin);
  }
}

static void build_blocks(Compile *c, RegAlloc *ra) {
  u32 next = NONE;
  for (u32 i = c->order.len; i-- > 0;) {
    const Block *b = block_at(c, c->order.data[i]);
    build_edges(c, ra, b, next);
    for (u32 k = b->lir_end; k-- > b->lir_start;) build_instruction(c, ra, k);
    build_params(c, ra, b);
    next = c->order.data[i];
  }
  close_others(c, ra, 0);
}

/* ---- intervals ---- */

/* One for each vreg, with room for its uses: until finish_intervals, `end` says where that ends. */
static void make_intervals(Compile *c, RegAlloc *ra) {
  u32 uses = 0;
  jit_resize(c, &ra->intervals, ra->vregs.len - VREG_FIRST + 1);
  for (u32 v = VREG_FIRST; v < ra->vregs.len; v++) {
    VregInfo *info = info_of(ra, v);
    uses += info->use;
    info->use = uses;
    *interval_at(ra, first_piece(v)) =
        (Interval){.vreg = v & (MAX_VREGS - 1), .end = uses, .next = NONE, .reg = NO_REG};
  }
  *vec_last(&ra->intervals) = (Interval){.next = NONE, .reg = NO_REG};
  jit_resize(c, &ra->uses, uses);
}

/* raw_ranges are those of all vregs, descending for each. */
static void sort_ranges(Compile *c, RegAlloc *ra) {
  u32 end = 0;
  for (u32 v = VREG_FIRST; v < ra->vregs.len; v++) {
    VregInfo *info = info_of(ra, v);
    end += info->range;
    info->range = end;
    interval_at(ra, first_piece(v))->range_end = end;
  }
  jit_resize(c, &ra->ranges, end);
  for (u32 i = 0; i < ra->raw_ranges.len; i++) {
    const RawRange *raw = &ra->raw_ranges.data[i];
    ra->ranges.data[--info_of(ra, raw->vreg)->range] = raw->range;
  }
}

/* Uses at one position were put together: they close up. */
static void finish_uses(RegAlloc *ra, Interval *it, u32 from) {
  u32 *uses = ra->uses.data, kept = ra->uses.len;
  it->use = kept;
  for (u32 u = from; u < it->end; u++) uses[kept++] = uses[u];
  ra->uses.len = kept;
}

static void finish_intervals(RegAlloc *ra) {
  ra->uses.len = 0;
  for (u32 v = VREG_FIRST; v < ra->vregs.len; v++) {
    Interval *it = interval_at(ra, first_piece(v));
    finish_uses(ra, it, info_of(ra, v)->use);
    it->range = it->cursor = info_of(ra, v)->range;
    bool is_empty = it->range == it->range_end;
    it->start = is_empty ? 0 : ra->ranges.data[it->range].from;
    it->end = is_empty ? 0 : ra->ranges.data[it->range_end - 1].to;
  }
  vec_last(&ra->intervals)->use = ra->uses.len;
}

static void turn_fixed(RegAlloc *ra) {
  for (u32 r = 0; r < REG_COUNT; r++) {
    Range *all = ra->fixed[r].data;
    for (u32 i = 0, n = ra->fixed[r].len; i < n / 2; i++) {
      Range swap = all[i];
      all[i] = all[n - 1 - i];
      all[n - 1 - i] = swap;
    }
  }
  for (u32 i = 0, n = ra->calls.len; i < n / 2; i++) {
    u32 swap = ra->calls.data[i];
    ra->calls.data[i] = ra->calls.data[n - 1 - i];
    ra->calls.data[n - 1 - i] = swap;
  }
}

static void free_set(Compile *c, WordSet *s) {
  jit_free(c, &s->words);
  jit_free(c, &s->is_listed);
  jit_free(c, &s->listed);
}

/* What nobody reads when there are intervals. */
static void give_back(Compile *c, RegAlloc *ra) {
  free_set(c, &ra->live);
  free_set(c, &ra->open);
  jit_free(c, &ra->set_words);
  jit_free(c, &ra->live_in);
  jit_free(c, &ra->raw_ranges);
}

void wm_live_find(Compile *c, RegAlloc *ra) {
  reset_vregs(c, ra);
  prepare_blocks(c, ra);
  find_loops(c, ra);
  set_prepare(c, &ra->live, ra->globals.len);
  set_prepare(c, &ra->open, ra->globals.len);
  find_live_in(c, ra);
  add_loops(c, ra);
  make_intervals(c, ra);
  ra->raw_ranges.len = ra->calls.len = 0;
  for (u32 r = 0; r < REG_COUNT; r++) ra->fixed[r].len = 0;
  build_blocks(c, ra);
  sort_ranges(c, ra);
  finish_intervals(ra);
  turn_fixed(ra);
  if (jit_uses_much(c)) give_back(c, ra);
}
