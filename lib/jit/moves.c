/* Register allocation: from intervals to locations (regalloc.h). Slots for what is in memory,
 * operands of the LIR, moves between the pieces of a vreg: at a split inside a block, and on the
 * edges whose ends see different pieces. Only what is in a register where a block begins needs a
 * move there, since slots are written by definitions.
 *
 * A constant that no instruction reads from memory needs no slot: it is made again. */
#include "jit/moves.h"

#include "jit/regalloc.h"

/* ---- pieces ---- */

/* Pieces are found by bisection, as there may be many of one vreg. */
static void add_pieces(Compile *c, RegAlloc *ra, u32 first, VregInfo *info) {
  info->piece = ra->pieces.len;
  for (u32 k = first; k != NONE; k = interval_at(ra, k)->next) *jit_push(c, &ra->pieces) = k;
  info->piece_count = ra->pieces.len - info->piece;
}

/* Lists the pieces of vregs that have several. None has a slot yet. */
static void list_pieces(Compile *c, RegAlloc *ra) {
  ra->pieces.len = 0;
  for (u32 v = VREG_FIRST; v < ra->vregs.len; v++) {
    VregInfo *info = info_of(ra, v);
    info->slot = NONE;
    info->piece = info->piece_count = 0;
    if (interval_at(ra, first_piece(v))->next != NONE) add_pieces(c, ra, first_piece(v), info);
  }
}

/* Of a vreg with several. */
static const Interval *piece_at(const RegAlloc *ra, const VregInfo *info, u32 position) {
  const u32 *pieces = &ra->pieces.data[info->piece];
  u32 low = 0, high = info->piece_count;
  while (high - low > 1) {
    u32 mid = low + (high - low) / 2;
    if (interval_at(ra, pieces[mid])->start <= position)
      low = mid;
    else
      high = mid;
  }
  return interval_at(ra, pieces[low]);
}

/* A register, LOC_SLOT, or LOC_CONST for a constant without a slot. */
static Loc place_of(const RegAlloc *ra, const Interval *it) {
  if (it->reg != NO_REG) return it->reg;
  u32 slot = info_of(ra, it->vreg)->slot;
  return slot == NONE ? LOC_CONST : LOC_SLOT | slot;
}

static Loc place_at(const RegAlloc *ra, u32 v, u32 position) {
  const VregInfo *info = info_of(ra, v);
  const Interval *it =
      info->piece_count ? piece_at(ra, info, position) : interval_at(ra, first_piece(v));
  if (it->reg != NO_REG) return it->reg;
  return info->slot == NONE ? LOC_CONST : LOC_SLOT | info->slot;
}

/* The move of vreg `v`, which is at `from`, to the place of a vreg of `type`. */
static Move move_of(const Compile *c, const RegAlloc *ra, u32 v, Loc from, Loc to, u8 type) {
  u64 imm = from & LOC_CONST ? (u64)c->lir.data[info_of(ra, v)->def].imm : 0;
  if (type == T_I32 || type == T_F32) imm = (u32)imm;
  return (Move){from, to, type, imm};
}

/* ---- slots ---- */

/* Whether an instruction reads the constant where it is in memory; only edges can do without. */
static bool is_read_in_memory(const Compile *c, const RegAlloc *ra, u32 v) {
  for (u32 k = first_piece(v); k != NONE; k = interval_at(ra, k)->next) {
    const Interval *it = interval_at(ra, k);
    for (u32 u = it->use; it->reg == NO_REG && u < uses_end(ra, it); u++)
      if (c->lir.data[use_position(ra->uses.data[u]) / 2].op != LIR_JUMP) return true;
  }
  return false;
}

static bool needs_slot(const Compile *c, const RegAlloc *ra, u32 v) {
  const VregInfo *info = info_of(ra, v);
  return info->spilled && (!info->constant || is_read_in_memory(c, ra, v));
}

static u32 end_of(const RegAlloc *ra, u32 v) {
  const VregInfo *info = info_of(ra, v);
  if (!info->piece_count) return interval_at(ra, first_piece(v))->end;
  return interval_at(ra, ra->pieces.data[info->piece + info->piece_count - 1])->end;
}

/* The slot of a vreg that hands its value on to v, or gets it from v, when it is free: then the
 * edge needs no move. */
static u32 related_slot(const Compile *c, const RegAlloc *ra, u32 v, const SlotPool *pool) {
  const VregInfo *info = info_of(ra, v);
  u32 related[] = {info->param, info->tied[0], info->tied[1]};
  for (u32 i = 0; i < (info->def == NONE ? 3 : 1); i++) {
    u32 other = related[i];
    if (other == NONE || (c->vreg_type.data[other] == T_V128) != (c->vreg_type.data[v] == T_V128))
      continue;
    u32 slot = info_of(ra, other)->slot;
    if (slot != NONE && !pool->is_busy.data[slot]) return slot;
  }
  return NONE;
}

/* pool->free may hold slots that related_slot took meanwhile: those are passed over. */
static u32 take_slot(Compile *c, const RegAlloc *ra, u32 v, SlotPool *pool) {
  u32 slot = related_slot(c, ra, v, pool);
  while (slot == NONE && pool->free.len) {
    slot = pool->free.data[--pool->free.len];
    if (pool->is_busy.data[slot]) slot = NONE;
  }
  if (slot == NONE) {
    slot = pool->is_busy.len;
    *jit_push(c, &pool->is_busy) = 1;
    *jit_push(c, &pool->next) = NONE;
  }
  pool->is_busy.data[slot] = 1;
  return slot;
}

/* slot_ends holds slots of both sizes: slot * 2 + size. */
/* What ends at `position` may be had by what begins there. */
static void free_slots(Compile *c, RegAlloc *ra, u32 position) {
  for (u32 at = ra->slot_ends.data[position], next; at != NONE; at = next) {
    SlotPool *pool = &ra->slots[at & 1];
    next = pool->next.data[at / 2];
    pool->is_busy.data[at / 2] = 0;
    *jit_push(c, &pool->free) = at / 2;
  }
}

static void give_slot(Compile *c, RegAlloc *ra, u32 v) {
  VregInfo *info = info_of(ra, v);
  u32 size = c->vreg_type.data[v] == T_V128, end = end_of(ra, v);
  SlotPool *pool = &ra->slots[size];
  info->slot = take_slot(c, ra, v, pool);
  pool->next.data[info->slot] = ra->slot_ends.data[end];
  ra->slot_ends.data[end] = info->slot * 2 + size;
}

/* Those of 16 bytes come first. */
static void number_slots(Compile *c, RegAlloc *ra) {
  u32 wide = 2 * ra->slots[1].is_busy.len;
  c->spill_slots = wide + ra->slots[0].is_busy.len;
  if (c->spill_slots >= LOC_SLOT) wm_jit_leave(c, JIT_TOO_LARGE);
  for (u32 v = VREG_FIRST; v < ra->vregs.len; v++) {
    VregInfo *info = info_of(ra, v);
    if (info->slot == NONE) continue;
    info->slot = c->vreg_type.data[v] == T_V128 ? 2 * info->slot : wide + info->slot;
  }
}

/* Puts those that need a slot in the queue, where they start; false: none does. */
static bool queue_spilled(Compile *c, RegAlloc *ra) {
  bool any = false;
  jit_resize(c, &ra->queue_next, ra->vregs.len);
  for (u32 v = VREG_FIRST; v < ra->vregs.len; v++) {
    if (!needs_slot(c, ra, v)) continue;
    u32 start = interval_at(ra, first_piece(v))->start;
    ra->queue_next.data[v] = ra->queue.data[start];
    ra->queue.data[start] = v;
    any = true;
  }
  return any;
}

/* Vregs whose lives do not overlap may share one. */
static void give_slots(Compile *c, RegAlloc *ra) {
  for (u32 i = 0; i < 2; i++) ra->slots[i].is_busy.len = ra->slots[i].free.len = 0;
  for (u32 i = 0; i < 2; i++) ra->slots[i].next.len = 0;
  c->spill_slots = 0;
  if (!queue_spilled(c, ra)) return;
  jit_resize(c, &ra->slot_ends, ra->queue.len);
  memset(ra->slot_ends.data, 0xFF, ra->slot_ends.len * sizeof *ra->slot_ends.data);
  for (u32 position = 0; position < ra->queue.len; position++) {
    free_slots(c, ra, position);
    for (u32 v = ra->queue.data[position]; v != NONE; v = ra->queue_next.data[v])
      give_slot(c, ra, v);
    ra->queue.data[position] = NONE;
  }
  number_slots(c, ra);
}

/* ---- operands ---- */

static u32 copy_list(Compile *c, u32 list) {
  u32 words = 1 + 2 * c->lir_pool.data[list], copy = c->lir_pool.len;
  jit_reserve(c, &c->lir_pool, words);
  c->lir_pool.len += words;
  memcpy(&c->lir_pool.data[copy], &c->lir_pool.data[list], words * sizeof(u32));
  return copy;
}

/* The checker wants to see the list of vregs, too. */
static u32 write_list(Compile *c, const RegAlloc *ra, u32 list, u32 position) {
  u32 written = c->options.verify ? copy_list(c, list) : list;
  u32 *to = &c->lir_pool.data[written];
  for (u32 i = 0; i < to[0]; i++)
    if (!(to[1 + 2 * i] & LOC_CONST)) to[1 + 2 * i] = place_at(ra, to[1 + 2 * i], position);
  return written;
}

static void write_instruction(Compile *c, const RegAlloc *ra, u32 index) {
  Lir *x = &c->lir.data[index];
  for (u32 reads = x->reads; reads; reads &= reads - 1) {
    u32 *operand = &x->operands[__builtin_ctz(reads)];
    *operand = place_at(ra, *operand, 2 * index);
  }
  if (x->args) x->args = write_list(c, ra, x->args, 2 * index);
  x->spill = NONE;
  if (!has_result(c, x)) return;
  u32 slot = info_of(ra, x->d)->slot;
  x->d = place_at(ra, x->d, 2 * index + 1);
  /* A definition writes its slot at once: later pieces in memory find it there. */
  if (x->d < REG_COUNT) x->spill = slot;
}

static void write_operands(Compile *c, const RegAlloc *ra) {
  for (u32 i = 0; i < c->order.len; i++) {
    const Block *b = block_at(c, c->order.data[i]);
    for (u32 k = b->lir_start; k < b->lir_end; k++) write_instruction(c, ra, k);
  }
}

static void find_used_registers(Compile *c, const RegAlloc *ra) {
  c->used_regs = 0;
  for (u32 i = 0; i < ra->intervals.len; i++)
    if (ra->intervals.data[i].reg != NO_REG) c->used_regs |= reg_bit(ra->intervals.data[i].reg);
}

/* ---- splits inside blocks ---- */

/* Between a piece and the next. At a block's start the edges see to it. */
static void add_split(Compile *c, RegAlloc *ra, const Interval *a, const Interval *b) {
  u32 at = b->start / 2;
  if (a->end != b->start || b->reg == NO_REG || a->reg == b->reg) return;
  if (block_at(c, ra->block_of.data[at])->lir_start == at) return;
  Move move = move_of(c, ra, a->vreg, place_of(ra, a), b->reg, c->vreg_type.data[a->vreg]);
  *jit_push(c, &ra->splits) = (PosMove){at, move};
}

static void write_splits(Compile *c, RegAlloc *ra) {
  ra->splits.len = c->moves.len = 0;
  for (u32 i = 1; i < ra->pieces.len; i++) {
    const Interval *a = interval_at(ra, ra->pieces.data[i - 1]);
    const Interval *b = interval_at(ra, ra->pieces.data[i]);
    if (a->vreg == b->vreg) add_split(c, ra, a, b);
  }
  if (!ra->splits.len) return;
  jit_resize(c, &ra->queue_next, ra->splits.len);
  for (u32 i = 0; i < ra->splits.len; i++) {
    ra->queue_next.data[i] = ra->queue.data[ra->splits.data[i].at];
    ra->queue.data[ra->splits.data[i].at] = i;
  }
  jit_reserve(c, &c->moves, ra->splits.len);
  for (u32 at = 0; at < c->lir.len && c->moves.len < ra->splits.len; at++)
    for (u32 i = ra->queue.data[at]; i != NONE; i = ra->queue_next.data[i])
      c->moves.data[c->moves.len++] = ra->splits.data[i];
}

/* ---- edges ---- */

/* Where blocks begin inside a range of a piece. */
static void add_occupants(Compile *c, RegAlloc *ra, u32 k, u32 from, u32 to) {
  u32 i = ra->order_index.data[ra->block_of.data[from / 2]];
  for (; i < c->order.len; i++) {
    u32 b = c->order.data[i], begin = block_begin(block_at(c, b));
    if (begin < from) continue;
    if (begin >= to) return;
    *jit_push(c, &ra->occupants) = (Occupant){k, ra->occupant_heads.data[b]};
    ra->occupant_heads.data[b] = ra->occupants.len - 1;
  }
}

static void find_occupants(Compile *c, RegAlloc *ra) {
  jit_resize(c, &ra->order_index, c->blocks.len);
  for (u32 i = 0; i < c->order.len; i++) ra->order_index.data[c->order.data[i]] = i;
  jit_resize(c, &ra->occupant_heads, c->blocks.len);
  memset(ra->occupant_heads.data, 0xFF, c->blocks.len * sizeof *ra->occupant_heads.data);
  ra->occupants.len = 0;
  for (u32 i = 0; i < ra->pieces.len; i++) {
    const Interval *it = interval_at(ra, ra->pieces.data[i]);
    const VregInfo *info = info_of(ra, it->vreg);
    bool is_param = info->def == NONE && first_piece(it->vreg) == ra->pieces.data[i];
    for (u32 r = it->range; it->reg != NO_REG && r < it->range_end; r++)
      /* a parameter's first block is not entered with it */
      add_occupants(c, ra, ra->pieces.data[i], range_from(ra, it, r) + (is_param && r == it->range),
                    range_to(ra, it, r));
  }
}

static void add_move(Compile *c, Move move) {
  if (move.from != move.to) *jit_push(c, &c->block_moves) = move;
}

/* What lives on through edge e in another register, or from memory into one. */
static void move_live(Compile *c, const RegAlloc *ra, const Edge *e) {
  u32 call = leaving_call(c, e);
  u32 end = call == NONE ? block_finish(block_at(c, e->from)) - 1 : 2 * call + 1;
  for (u32 i = ra->occupant_heads.data[e->to]; i != NONE; i = ra->occupants.data[i].next) {
    const Interval *it = interval_at(ra, ra->occupants.data[i].interval);
    Loc from = place_at(ra, it->vreg, end);
    add_move(c, move_of(c, ra, it->vreg, from, it->reg, c->vreg_type.data[it->vreg]));
  }
}

static void move_argument(Compile *c, const RegAlloc *ra, const Edge *e, u32 k, Loc to, u8 type) {
  u32 arg = edge_argument(c, e, k);
  if (arg & LOC_CONST) {
    add_move(c, (Move){LOC_CONST, to, type, constant_at(c, arg)});
  } else {
    Loc from = place_at(ra, arg, block_finish(block_at(c, e->from)) - 1);
    add_move(c, move_of(c, ra, arg, from, to, type));
  }
}

/* Arguments of edge e into parameters. also_store: into the slots of those in registers, too. */
static void move_arguments(Compile *c, const RegAlloc *ra, const Edge *e, bool also_store) {
  const Block *to = block_at(c, e->to);
  for (u32 k = 0; e->args && k < to->param_count; k++) {
    if (edge_argument(c, e, k) == EDGE_UNUSED) continue;
    u32 param = param_vreg(c, to, k);
    const VregInfo *info = info_of(ra, param);
    if (!occurs(ra, param)) continue;
    u8 type = c->vreg_type.data[param];
    Loc place = place_of(ra, interval_at(ra, first_piece(param)));
    move_argument(c, ra, e, k, place, type);
    if (also_store && place < REG_COUNT && info->slot != NONE)
      move_argument(c, ra, e, k, LOC_SLOT | info->slot, type);
  }
}

static void store_params(Compile *c, const RegAlloc *ra, const Block *b) {
  for (u32 i = 0; i < b->param_count; i++) {
    u32 v = param_vreg(c, b, i);
    if (v == NONE || info_of(ra, v)->slot == NONE) continue;
    Loc place = place_of(ra, interval_at(ra, first_piece(v)));
    if (place < REG_COUNT)
      add_move(c, (Move){place, LOC_SLOT | info_of(ra, v)->slot, c->vreg_type.data[v], 0});
  }
}

static void move_on_edge(Compile *c, const RegAlloc *ra, const Edge *e, bool at_begin) {
  move_live(c, ra, e);
  move_arguments(c, ra, e, at_begin);
}

/* The moves of an edge are at the end of its block, if that has no other, or at the begin of its
 * target, if that has no other: critical edges were split. */
static void write_edges(Compile *c, RegAlloc *ra) {
  c->block_moves.len = 0;
  jit_resize(c, &c->begin_moves, c->blocks.len);
  jit_resize(c, &c->end_moves, c->blocks.len);
  memset(c->begin_moves.data, 0, c->blocks.len * sizeof *c->begin_moves.data);
  memset(c->end_moves.data, 0, c->blocks.len * sizeof *c->end_moves.data);
  for (u32 i = 0; i < c->order.len; i++) {
    u32 index = c->order.data[i];
    const Block *b = block_at(c, index);
    const Edge *in = b->pred_count == 1 ? edge_at(c, c->preds.data[b->preds]) : NULL;
    MoveRange *begin = &c->begin_moves.data[index], *end = &c->end_moves.data[index];
    begin->start = c->block_moves.len;
    if (in && block_at(c, in->from)->edge_count > 1)
      move_on_edge(c, ra, in, true);
    else
      store_params(c, ra, b);
    begin->end = end->start = c->block_moves.len;
    if (b->edge_count == 1) move_on_edge(c, ra, edge_at(c, b->edges), false);
    end->end = c->block_moves.len;
  }
}

static void free_slot_lists(Compile *c, RegAlloc *ra) {
  jit_free(c, &ra->slot_ends);
  jit_free(c, &ra->uses);
}

static void free_queue(Compile *c, RegAlloc *ra) {
  jit_free(c, &ra->queue);
  jit_free(c, &ra->queue_next);
  jit_free(c, &ra->splits);
}

void wm_moves_write(Compile *c, RegAlloc *ra) {
  list_pieces(c, ra);
  give_slots(c, ra);
  if (jit_uses_much(c)) free_slot_lists(c, ra);
  write_splits(c, ra);
  if (jit_uses_much(c)) free_queue(c, ra);
  find_occupants(c, ra);
  if (jit_uses_much(c)) jit_free(c, &ra->ranges);
  write_edges(c, ra);
  write_operands(c, ra);
  find_used_registers(c, ra);
}

/* ---- parallel moves ---- */

static bool is_memory(Loc l) { return l & (LOC_SLOT | LOC_STACK); }
static u32 key_of(Loc l) { return l & LOC_SLOT ? REG_COUNT + (l & (LOC_SLOT - 1)) : l; }

static void put_constant(Compile *c, Move m, MoveList *out) {
  const Machine *machine = c->machine;
  m.from = LOC_CONST;
  if (is_memory(m.to) && m.type == T_V128) {
    *jit_push(c, out) = (Move){LOC_CONST, machine->scratch_copy, T_V128, m.imm};
    *jit_push(c, out) = (Move){machine->scratch_copy, m.to, T_V128, 0};
  } else if (is_memory(m.to) && !machine->stores_constant(m.imm)) {
    *jit_push(c, out) = (Move){LOC_CONST, machine->scratch_int, T_I64, m.imm};
    *jit_push(c, out) = (Move){machine->scratch_int, m.to, T_I64, 0};
  } else {
    if (is_memory(m.to)) m.type = T_I64;
    *jit_push(c, out) = m;
  }
}

static void put_move(Compile *c, Move m, MoveList *out) {
  if (!is_memory(m.from) || !is_memory(m.to)) {
    *jit_push(c, out) = m;
    return;
  }
  u8 type = m.type == T_V128 ? T_V128 : T_F64;
  *jit_push(c, out) = (Move){m.from, c->machine->scratch_copy, type, 0};
  *jit_push(c, out) = (Move){c->machine->scratch_copy, m.to, type, 0};
}

static bool is_ready(const RegAlloc *ra, const Move *m) {
  return m->to & LOC_STACK || !ra->readers.data[key_of(m->to)];
}

/* Puts the moves whose destination nobody reads any more; a move that was put has from NONE. */
static void put_ready(Compile *c, RegAlloc *ra, MoveList *out) {
  while (ra->ready.len) {
    Move *m = &ra->waiting.data[ra->ready.data[--ra->ready.len]];
    u32 from = key_of(m->from), writer = ra->writer.data[from];
    put_move(c, *m, out);
    m->from = NONE;
    if (--ra->readers.data[from] == 0 && writer) *jit_push(c, &ra->ready) = writer - 1;
  }
}

/* The moves that remain are cycles: what the first one overwrites waits in a scratch register. */
static void put_cycle(Compile *c, RegAlloc *ra, u32 first, MoveList *out) {
  Move *all = ra->waiting.data;
  Loc saved = all[first].to;
  u32 last = first;
  while (all[last].from != saved) last = ra->writer.data[key_of(all[last].from)] - 1;
  bool is_float = type_is_float(all[last].type);
  Loc scratch = is_float ? c->machine->scratch_float : c->machine->scratch_int;
  *jit_push(c, out) = (Move){saved, scratch, is_float ? all[last].type : T_I64, 0};
  for (u32 i = first;;) {
    Move m = all[i];
    all[i].from = NONE;
    ra->readers.data[key_of(m.from)] = 0;
    if (i == last) m.from = scratch;
    put_move(c, m, out);
    if (i == last) return;
    i = ra->writer.data[key_of(m.from)] - 1;
  }
}

static void prepare_places(Compile *c, RegAlloc *ra) {
  u32 count = REG_COUNT + c->spill_slots;
  if (ra->readers.len >= count) return;
  jit_resize(c, &ra->readers, count);
  jit_resize(c, &ra->writer, count);
  memset(ra->readers.data, 0, count * sizeof *ra->readers.data);
  memset(ra->writer.data, 0, count * sizeof *ra->writer.data);
}

void wm_moves_resolve(Compile *c, const Move *moves, u32 count, MoveList *out) {
  RegAlloc *ra = wm_jit_scratch(c, SCRATCH_REGALLOC, sizeof *ra);
  prepare_places(c, ra);
  ra->waiting.len = ra->ready.len = 0;
  for (u32 i = 0; i < count; i++) {
    if (moves[i].from & LOC_CONST || moves[i].from == moves[i].to) continue;
    *jit_push(c, &ra->waiting) = moves[i];
    ra->readers.data[key_of(moves[i].from)]++;
    if (!(moves[i].to & LOC_STACK)) ra->writer.data[key_of(moves[i].to)] = ra->waiting.len;
  }
  for (u32 i = 0; i < ra->waiting.len; i++)
    if (is_ready(ra, &ra->waiting.data[i])) *jit_push(c, &ra->ready) = i;
  put_ready(c, ra, out);
  for (u32 i = 0; i < ra->waiting.len; i++)
    if (ra->waiting.data[i].from != NONE) put_cycle(c, ra, i, out);
  for (u32 i = 0; i < ra->waiting.len; i++)
    if (!(ra->waiting.data[i].to & LOC_STACK)) ra->writer.data[key_of(ra->waiting.data[i].to)] = 0;
  for (u32 i = 0; i < count; i++)
    if (moves[i].from & LOC_CONST) put_constant(c, moves[i], out);
}
