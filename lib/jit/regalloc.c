/* Register allocation: the scan (regalloc.h).
 *
 * Intervals are taken in the order of their starts. One that finds a register free for its whole
 * life gets it, preferring those that save a move (hints). Else it gets the one that is free
 * longest and is split before that ends; or it takes the register of the interval that is used
 * last from here on (in the rounds of the loop it is in), which goes to memory; or it goes to
 * memory itself. What went to memory begins again as a new interval before its next use that wants
 * a register. Splits move out of loops where that costs nothing.
 *
 * It always succeeds: an instruction wants at most four registers of a class at once, and what
 * holds another register can go to memory before the instruction.
 *
 * All searches along lists of ranges and uses are bounded; where one is cut short, its answer is
 * on the safe side (a register is taken for less long than it could be). */
#include "jit/regalloc.h"

#include <stdio.h>

enum {
  MAX_STEPS = 200, /* along ranges, blocks, uses */
  PARAM_CHAIN = 4, /* a parameter that becomes one that becomes one */
  MAX_HINTS = PARAM_CHAIN + 6,
  STORE_COST = 3,     /* how much nearer a use seems of what a loop would store in each round */
  MAX_INACTIVE = 16,  /* intervals in a hole, by register */
  LOOP_EXIT = 100000, /* how far away a use behind the loop seems */
};

_Noreturn static void fail(Compile *c, const Interval *it) {
  snprintf(c->trouble, sizeof c->trouble, "no register for v%u in [%u, %u)", it->vreg, it->start,
           it->end);
  wm_jit_leave(c, JIT_TROUBLE);
}

/* ---- uses ---- */

/* Index of the first use of `it` at or behind `position`. */
static u32 find_use(const RegAlloc *ra, const Interval *it, u32 position) {
  u32 low = it->use, high = uses_end(ra, it);
  while (low < high) {
    u32 mid = low + (high - low) / 2;
    if (use_position(ra->uses.data[mid]) < position)
      low = mid + 1;
    else
      high = mid;
  }
  return low;
}

/* The last use before `position`, at least the start. */
static u32 last_use_before(const RegAlloc *ra, const Interval *it, u32 position) {
  u32 u = find_use(ra, it, position);
  return u > it->use ? max_u32(it->start, use_position(ra->uses.data[u - 1])) : it->start;
}

static bool wants_register_now(const RegAlloc *ra, const Interval *it) {
  return it->use < uses_end(ra, it) && ra->uses.data[it->use] == (it->start << 1 | 1);
}

/* Where a register is wanted first, at or behind `position`; NONE: nowhere. */
static u32 next_register_use(const RegAlloc *ra, const Interval *it, u32 position) {
  u32 u = find_use(ra, it, position), end = uses_end(ra, it);
  for (u32 steps = 0; u < end; u++, steps++)
    if (use_wants_register(ra->uses.data[u]) || steps == MAX_STEPS)
      return use_position(ra->uses.data[u]);
  return NONE;
}

static const Block *block_around(const Compile *c, const RegAlloc *ra, u32 position) {
  return block_at(c, ra->block_of.data[position / 2]);
}

/* The next use as it will happen: in a loop, uses before `position` come again in the next round,
 * and those behind the loop are far away. */
static u32 next_use(const Compile *c, const RegAlloc *ra, const Interval *it, u32 position) {
  u32 u = find_use(ra, it, position);
  u32 next = u < uses_end(ra, it) ? use_position(ra->uses.data[u]) : NONE;
  u32 h = block_around(c, ra, position)->loop;
  if (h == NONE) return next;
  LoopSpan loop = ra->loops.data[h];
  if (next < loop.end || position >= loop.end) return next;
  u32 first = it->end >= loop.end ? find_use(ra, it, loop.start) : u;
  if (first < u) return loop.end + (use_position(ra->uses.data[first]) - loop.start);
  return next == NONE ? NONE : next + LOOP_EXIT;
}

/* ---- splitting ---- */

static void enqueue(Compile *c, RegAlloc *ra, u32 k) {
  u32 start = interval_at(ra, k)->start;
  while (ra->queue_next.len <= k) *jit_push(c, &ra->queue_next) = NONE;
  ra->queue_next.data[k] = ra->queue.data[start];
  ra->queue.data[start] = k;
}

/* Index of the first range of `it` that ends behind `position`. */
static u32 find_range(const RegAlloc *ra, const Interval *it, u32 position) {
  u32 low = it->range, high = it->range_end;
  while (low < high) {
    u32 mid = low + (high - low) / 2;
    if (ra->ranges.data[mid].to <= position)
      low = mid + 1;
    else
      high = mid;
  }
  return low;
}

/* Cuts k at `at`, which is even and inside; the rest is a new interval, not enqueued. */
static u32 split(Compile *c, RegAlloc *ra, u32 k, u32 at) {
  u32 rest = ra->intervals.len;
  Interval *child = jit_push(c, &ra->intervals), *it = interval_at(ra, k);
  assert(at > it->start && at < it->end && at % 2 == 0);
  *child = *it;
  u32 r = find_range(ra, it, at), u = find_use(ra, it, at);
  bool inside = ra->ranges.data[r].from < at;
  child->range = child->cursor = r;
  child->use = u;
  child->start = max_u32(at, ra->ranges.data[r].from);
  child->reg = NO_REG;
  it->end = inside ? at : ra->ranges.data[r - 1].to;
  it->range_end = inside ? r + 1 : r;
  it->cursor = min_u32(it->cursor, it->range_end);
  it->next = rest;
  return rest;
}

/* An even position in (low, high], as late as it can be in the shallowest loop. */
static u32 split_position(const Compile *c, const RegAlloc *ra, u32 low, u32 high) {
  u32 at = high & ~1u, best = at;
  u32 depth = block_around(c, ra, at)->loop_depth;
  for (u32 steps = 0; depth && steps < MAX_STEPS; steps++) {
    at = block_begin(block_around(c, ra, at));
    if (at <= low) break; /* is the finish of the block before */
    u32 here = block_around(c, ra, at)->loop_depth;
    u32 before = block_around(c, ra, at - 1)->loop_depth;
    if (min_u32(here, before) < depth) {
      depth = min_u32(here, before);
      best = at;
    }
    at--;
  }
  return best;
}

/* ---- going to memory ---- */

/* Where an interval in memory should get a register again. A constant is made again for any use. */
static u32 next_reload(const RegAlloc *ra, const Interval *it) {
  if (!info_of(ra, it->vreg)->constant) return next_register_use(ra, it, it->start);
  u32 u = find_use(ra, it, ra->position + 1);
  return u < uses_end(ra, it) ? use_position(ra->uses.data[u]) : NONE;
}

/* Interval k lives in memory; before its next use that wants a register, a new one begins. */
static void spill(Compile *c, RegAlloc *ra, u32 k) {
  Interval *it = interval_at(ra, k);
  info_of(ra, it->vreg)->spilled = true;
  it->reg = NO_REG;
  u32 wanted = next_reload(ra, it);
  if (wanted == NONE) return;
  u32 low = max_u32(it->start, ra->position);
  u32 at = wanted > low ? split_position(c, ra, low, wanted) : 0;
  if (at <= low || at >= it->end) fail(c, it);
  enqueue(c, ra, split(c, ra, k, at));
}

/* ---- registers at the scan's position ---- */

/* Whether the interval lives at the scan's position; moves its cursor there. */
static bool is_live(const RegAlloc *ra, Interval *it) {
  while (it->cursor < it->range_end && range_to(ra, it, it->cursor) <= ra->position) it->cursor++;
  return it->cursor < it->range_end && range_from(ra, it, it->cursor) <= ra->position;
}

/* Interval k in its hole gives the register up: it begins anew behind the hole. */
static void evict_inactive(Compile *c, RegAlloc *ra, u32 k) {
  const Interval *it = interval_at(ra, k);
  enqueue(c, ra, split(c, ra, k, ra->ranges.data[it->cursor].from));
}

/* Into a hole: waits among the inactive ones, or, if they are many, begins anew behind it. */
static void deactivate(Compile *c, RegAlloc *ra, u32 reg) {
  u32 k = ra->active[reg];
  ra->active[reg] = NONE;
  if (ra->inactive[reg].len == MAX_INACTIVE)
    evict_inactive(c, ra, k);
  else
    *jit_push(c, &ra->inactive[reg]) = k;
}

static void advance_inactive(RegAlloc *ra, u32 reg) {
  for (u32 i = 0; i < ra->inactive[reg].len;) {
    u32 k = ra->inactive[reg].data[i];
    Interval *it = interval_at(ra, k);
    bool live = is_live(ra, it);
    if (!live && it->cursor < it->range_end) {
      i++;
      continue;
    }
    assert(!live || ra->active[reg] == NONE);
    if (live) ra->active[reg] = k;
    ra->inactive[reg].data[i] = ra->inactive[reg].data[--ra->inactive[reg].len];
  }
}

/* Brings one register's intervals to the scan's position, if they are not there. */
static void advance(Compile *c, RegAlloc *ra, u32 reg) {
  if (ra->position < ra->change[reg]) return;
  if (ra->active[reg] != NONE) {
    Interval *it = interval_at(ra, ra->active[reg]);
    bool live = is_live(ra, it);
    if (it->cursor == it->range_end)
      ra->active[reg] = NONE;
    else if (!live)
      deactivate(c, ra, reg);
  }
  advance_inactive(ra, reg);
  u32 change = NONE;
  if (ra->active[reg] != NONE) {
    const Interval *it = interval_at(ra, ra->active[reg]);
    change = range_to(ra, it, it->cursor);
  }
  for (u32 i = 0; i < ra->inactive[reg].len; i++) {
    const Interval *it = interval_at(ra, ra->inactive[reg].data[i]);
    change = min_u32(change, range_from(ra, it, it->cursor));
  }
  ra->change[reg] = change;
}

/* ---- conflicts ---- */

/* First position that both live at, from their cursors on; a lower bound when that takes long. */
static u32 find_meeting(const RegAlloc *ra, const Interval *a, const Interval *b) {
  u32 i = a->cursor, j = b->cursor;
  for (u32 steps = 0; i < a->range_end && j < b->range_end; steps++) {
    u32 a_from = range_from(ra, a, i), b_from = range_from(ra, b, j);
    if (b_from >= a->end || a_from >= b->end) return NONE;
    if (steps == MAX_STEPS) return max_u32(a_from, b_from);
    if (range_to(ra, a, i) <= b_from)
      i++;
    else if (range_to(ra, b, j) <= a_from)
      j++;
    else
      return max_u32(a_from, b_from);
  }
  return NONE;
}

/* First position where an instruction takes the register from `it`. */
static u32 find_fixed(RegAlloc *ra, const Interval *it, u32 reg) {
  const Range *fixed = ra->fixed[reg].data;
  u32 k = ra->fixed_at[reg], len = ra->fixed[reg].len, i = it->cursor;
  while (k < len && fixed[k].to <= ra->position) k++;
  ra->fixed_at[reg] = k;
  for (u32 steps = 0; i < it->range_end && k < len; steps++) {
    u32 from = range_from(ra, it, i);
    if (fixed[k].from >= it->end) return NONE;
    if (steps == MAX_STEPS) return max_u32(from, fixed[k].from);
    if (range_to(ra, it, i) <= fixed[k].from)
      i++;
    else if (fixed[k].to <= from)
      k++;
    else
      return max_u32(from, fixed[k].from);
  }
  return NONE;
}

/* The first call that `it` lives through. */
static u32 find_call(const RegAlloc *ra, const Interval *it) {
  u32 low = ra->call_at, len = ra->calls.len;
  for (u32 i = it->cursor; i < it->range_end; i++) {
    u32 from = range_from(ra, it, i), high = len;
    if (low == len || ra->calls.data[low] >= it->end) return NONE;
    if (i - it->cursor == MAX_STEPS) return max_u32(from, ra->calls.data[low]);
    if (ra->calls.data[low] < from) { /* seldom far */
      while (low < high) {
        u32 mid = low + (high - low) / 2;
        if (ra->calls.data[mid] < from)
          low = mid + 1;
        else
          high = mid;
      }
      if (low == len) return NONE;
    }
    if (ra->calls.data[low] < range_to(ra, it, i)) return ra->calls.data[low];
  }
  return NONE;
}

/* Where the register is taken by an instruction. */
static u32 find_blocked(const Compile *c, RegAlloc *ra, const Interval *it, u32 reg, u32 call) {
  u32 blocked = c->machine->callee_saved >> reg & 1 ? NONE : call;
  return ra->fixed[reg].len ? min_u32(blocked, find_fixed(ra, it, reg)) : blocked;
}

/* How long the register is free for `it`; 0: not now. */
static u32 find_free_until(Compile *c, RegAlloc *ra, u32 k, u32 reg, u32 call) {
  advance(c, ra, reg);
  if (ra->active[reg] != NONE) return 0;
  const Interval *it = interval_at(ra, k);
  u32 until = find_blocked(c, ra, it, reg, call);
  for (u32 i = 0; i < ra->inactive[reg].len && until > it->start; i++)
    until = min_u32(until, find_meeting(ra, it, interval_at(ra, ra->inactive[reg].data[i])));
  return until;
}

/* ---- a free register ---- */

static void assign(RegAlloc *ra, u32 k, u32 reg) {
  Interval *it = interval_at(ra, k);
  it->reg = (u8)reg;
  info_of(ra, it->vreg)->last_reg = (u8)reg;
  ra->active[reg] = k;
  ra->change[reg] = min_u32(ra->change[reg], range_to(ra, it, it->cursor));
}

static u32 add_tied(const RegAlloc *ra, const VregInfo *info, u8 *hints) {
  u32 count = 0;
  for (u32 i = 0; i < 2; i++)
    if (info->tied[i] != NONE && info_of(ra, info->tied[i])->last_reg != NO_REG)
      hints[count++] = info_of(ra, info->tied[i])->last_reg;
  return count;
}

/* The registers that would save a move, best first; at most MAX_HINTS. */
static u32 find_hints(const RegAlloc *ra, const Interval *it, u8 hints[MAX_HINTS]) {
  const VregInfo *info = info_of(ra, it->vreg);
  u32 count = 0;
  if (info->last_reg != NO_REG) hints[count++] = info->last_reg;
  for (u32 i = 0, v = info->param; i < PARAM_CHAIN && v != NONE; i++) {
    const VregInfo *param = info_of(ra, v);
    u8 reg = (u8)interval_at(ra, first_piece(v))->reg;
    if (reg == NO_REG) reg = param->last_reg != NO_REG ? param->last_reg : param->fixed;
    if (reg != NO_REG) hints[count++] = reg;
    v = param->last_reg == NO_REG ? param->param : NONE;
  }
  if (info->fixed != NO_REG) hints[count++] = info->fixed;
  if (info->param != NONE) /* what else becomes the parameter */
    count += add_tied(ra, info_of(ra, info->param), hints + count);
  if (info->last_reg == NO_REG) count += add_tied(ra, info, hints + count);
  return count;
}

/* The registers of one class, and which of them may be used. */
typedef struct Candidates {
  const u8 *order;
  u32 count;
  RegSet allowed;
} Candidates;

static Candidates candidates_for(const Compile *c, const RegAlloc *ra, const Interval *it) {
  bool is_float = type_is_float(c->vreg_type.data[it->vreg]);
  const RegClass *class = is_float ? &c->machine->floats : &c->machine->ints;
  return (Candidates){class->order, class->count, is_float ? ra->floats : ra->ints};
}

/* The best register that is free where interval k starts, and until when: 0, none. */
static u32 choose_free(Compile *c, RegAlloc *ra, u32 k, u32 call, u32 *until) {
  const Candidates regs = candidates_for(c, ra, interval_at(ra, k));
  u32 best = NO_REG, best_hint = NO_REG, hint_until = 0;
  const u32 start = interval_at(ra, k)->start, end = interval_at(ra, k)->end;
  u8 hints[MAX_HINTS];
  u32 count = find_hints(ra, interval_at(ra, k), hints);
  for (u32 i = 0; i < count; i++) {
    if (!(regs.allowed >> hints[i] & 1)) continue;
    u32 free = find_free_until(c, ra, k, hints[i], call);
    if (free >= end) return *until = free, hints[i];
    if (free > hint_until) hint_until = free, best_hint = hints[i];
  }
  *until = 0;
  for (u32 i = 0; i < regs.count && *until != NONE; i++) {
    if (!(regs.allowed >> regs.order[i] & 1)) continue;
    u32 free = find_free_until(c, ra, k, regs.order[i], call);
    if (best == NO_REG || free > *until) *until = free, best = regs.order[i];
  }
  return *until < end && hint_until == *until && hint_until > start ? best_hint : best;
}

/* Uses `reg` until it is taken. False: that is not worth it. */
static bool use_part(Compile *c, RegAlloc *ra, u32 k, u32 reg, u32 until, u32 call) {
  const Interval *it = interval_at(ra, k);
  u32 limit = until & ~1u;
  if (limit <= it->start) return false;
  u32 first = find_use(ra, it, it->start + 1);
  bool is_unused = !wants_register_now(ra, it) &&
                   (first == uses_end(ra, it) || use_position(ra->uses.data[first]) >= limit);
  bool is_child = first_piece(it->vreg) != k;
  if (is_unused && !is_child && until == call) return false; /* rather one that survives the call */
  if (is_unused && is_child) {
    spill(c, ra, k);
    return true;
  }
  u32 at = split_position(c, ra, last_use_before(ra, it, limit), limit);
  if (at <= it->start) at = limit;
  if (at >= it->end) return false;
  u32 rest = split(c, ra, k, at);
  assign(ra, k, reg);
  enqueue(c, ra, rest);
  return true;
}

/* ---- taking another's register ---- */

typedef struct Victim {
  u32 reg, use; /* the next use of what it holds; 0: cannot be taken */
  u32 blocked;  /* where an instruction takes it */
} Victim;

/* The next use of what holds a register; 0: it cannot leave. What this instruction reads from a
 * register stays; what may as well be in memory goes there before the instruction. */
static u32 holder_use(const Compile *c, const RegAlloc *ra, const Interval *holder, u32 start) {
  u32 here = start & ~1u;
  if (holder->start > here) return 0;
  u32 use = next_use(c, ra, holder, here);
  if (use != here) return use;
  bool stays = use_wants_register(ra->uses.data[find_use(ra, holder, here)]);
  return stays ? 0 : max_u32(here, 1);
}

/* The next use, brought nearer for what would have to be stored in each round of a loop. */
static u32 with_store(const Compile *c, const RegAlloc *ra, const Interval *it, u32 position,
                      u32 use) {
  const VregInfo *info = info_of(ra, it->vreg);
  if (use <= position || info->spilled || info->constant) return use;
  u32 made = info->def == NONE ? interval_at(ra, first_piece(it->vreg))->start : 2 * info->def;
  const Block *b = block_around(c, ra, made);
  if (!b->loop_depth || b->loop_depth < block_around(c, ra, position)->loop_depth) return use;
  return position + (use - position) / STORE_COST;
}

static Victim consider(Compile *c, RegAlloc *ra, u32 k, u32 reg, u32 call, u32 wanted) {
  advance(c, ra, reg);
  const Interval *it = interval_at(ra, k);
  Victim v = {reg, NONE, find_blocked(c, ra, it, reg, call)};
  if (v.blocked <= it->start + 1) {
    v.use = 0;
    return v;
  }
  if (ra->active[reg] != NONE) {
    const Interval *holder = interval_at(ra, ra->active[reg]);
    v.use = with_store(c, ra, holder, it->start, holder_use(c, ra, holder, it->start));
  }
  for (u32 i = 0; i < ra->inactive[reg].len && v.use; i++) {
    const Interval *other = interval_at(ra, ra->inactive[reg].data[i]);
    if (find_meeting(ra, it, other) != NONE)
      v.use = min_u32(v.use, next_use(c, ra, other, it->start));
  }
  if (v.blocked < it->end && v.blocked <= wanted && wanted != NONE)
    v.use = min_u32(v.use, v.blocked);
  return v;
}

static Victim choose_victim(Compile *c, RegAlloc *ra, u32 k, u32 call, u32 wanted) {
  const Candidates regs = candidates_for(c, ra, interval_at(ra, k));
  Victim best = {NO_REG, 0, 0};
  for (u32 i = 0; i < regs.count; i++) {
    if (!(regs.allowed >> regs.order[i] & 1)) continue;
    Victim v = consider(c, ra, k, regs.order[i], call, wanted);
    if (v.use > best.use || (v.use && v.use == best.use && v.blocked > best.blocked)) best = v;
  }
  return best;
}

/* Whether the interval goes to memory rather than what is used next at `use`. */
static bool spills_itself(const Compile *c, const RegAlloc *ra, const Interval *it, u32 use,
                          u32 wanted) {
  u32 next = next_use(c, ra, it, it->start);
  if (wanted == NONE) return next == NONE || use <= next;
  return use <= min_u32(wanted, max_u32(next, it->start + 1));
}

/* The active interval of the register goes to memory, from before this instruction on. */
static void evict_active(Compile *c, RegAlloc *ra, u32 reg, u32 start) {
  u32 k = ra->active[reg], here = start & ~1u;
  const Interval *it = interval_at(ra, k);
  ra->active[reg] = NONE;
  if (it->start < here) {
    u32 at = split_position(c, ra, last_use_before(ra, it, here), here);
    k = split(c, ra, k, at > it->start ? at : here);
  }
  spill(c, ra, k);
}

static void evict(Compile *c, RegAlloc *ra, u32 k, u32 reg) {
  if (ra->active[reg] != NONE) evict_active(c, ra, reg, interval_at(ra, k)->start);
  for (u32 i = 0; i < ra->inactive[reg].len;) {
    u32 other = ra->inactive[reg].data[i];
    if (find_meeting(ra, interval_at(ra, k), interval_at(ra, other)) == NONE) {
      i++;
      continue;
    }
    ra->inactive[reg].data[i] = ra->inactive[reg].data[--ra->inactive[reg].len];
    evict_inactive(c, ra, other);
  }
}

static void take_or_spill(Compile *c, RegAlloc *ra, u32 k, u32 call) {
  const Interval *it = interval_at(ra, k);
  u32 wanted = next_register_use(ra, it, it->start);
  bool must = wants_register_now(ra, it);
  Victim victim = choose_victim(c, ra, k, call, wanted);
  it = interval_at(ra, k);
  if (must && !victim.use) fail(c, it);
  if (!must && (!victim.use || spills_itself(c, ra, it, victim.use, wanted))) {
    spill(c, ra, k);
    return;
  }
  evict(c, ra, k, victim.reg);
  it = interval_at(ra, k);
  if (victim.blocked < it->end) {
    u32 limit = victim.blocked & ~1u;
    u32 at = split_position(c, ra, last_use_before(ra, it, limit), limit);
    enqueue(c, ra, split(c, ra, k, at > it->start ? at : limit));
  }
  assign(ra, k, victim.reg);
}

/* ---- the scan ---- */

/* spill_all: a register for one instruction, where it wants one. True: it is in memory. */
static bool shorten(Compile *c, RegAlloc *ra, u32 k) {
  const Interval *it = interval_at(ra, k);
  bool must = wants_register_now(ra, it);
  u32 at = (it->start | 1) + 1;
  if (!must)
    spill(c, ra, k);
  else if (at < it->end)
    enqueue(c, ra, split(c, ra, k, at));
  return !must;
}

static void allocate(Compile *c, RegAlloc *ra, u32 k) {
  if (c->options.spill_all && shorten(c, ra, k)) return;
  const Interval *it = interval_at(ra, k);
  u32 call = find_call(ra, it), until;
  u32 reg = choose_free(c, ra, k, call, &until);
  it = interval_at(ra, k);
  if (reg == NO_REG) fail(c, it);
  if (until >= it->end)
    assign(ra, k, reg);
  else if (!until || !use_part(c, ra, k, reg, until, call))
    take_or_spill(c, ra, k, call);
}

static void scan(Compile *c, RegAlloc *ra) {
  for (u32 position = 0; position < ra->queue.len; position++) {
    if (ra->queue.data[position] == NONE) continue;
    ra->position = position;
    while (ra->call_at < ra->calls.len && ra->calls.data[ra->call_at] < position) ra->call_at++;
    while (ra->queue.data[position] != NONE) {
      u32 k = ra->queue.data[position];
      ra->queue.data[position] = ra->queue_next.data[k];
      allocate(c, ra, k);
    }
  }
}

static void start_scan(Compile *c, RegAlloc *ra) {
  ra->position = ra->call_at = 0;
  for (u32 r = 0; r < REG_COUNT; r++) {
    ra->active[r] = NONE;
    ra->inactive[r].len = 0;
    ra->change[r] = NONE;
    ra->fixed_at[r] = 0;
  }
  jit_resize(c, &ra->queue, 2 * c->lir.len + 2);
  memset(ra->queue.data, 0xFF, ra->queue.len * sizeof *ra->queue.data);
  jit_resize(c, &ra->queue_next, ra->intervals.len);
  for (u32 k = ra->intervals.len; k-- > 0;)
    if (interval_at(ra, k)->end) enqueue(c, ra, k);
}

static RegSet usable(const RegClass *class, RegSet wanted) {
  return class->all & wanted ? class->all & wanted : class->all;
}

/* What only the scan wants. */
static void give_back(Compile *c, RegAlloc *ra) {
  jit_free(c, &ra->calls);
  jit_free(c, &ra->loops);
  for (u32 r = 0; r < REG_COUNT; r++) {
    jit_free(c, &ra->fixed[r]);
    jit_free(c, &ra->inactive[r]);
  }
}

void wm_jit_allocate(Compile *c) {
  RegAlloc *ra = wm_jit_scratch(c, SCRATCH_REGALLOC, sizeof *ra);
  ra->ints = usable(&c->machine->ints, c->options.int_regs);
  ra->floats = usable(&c->machine->floats, (RegSet)c->options.float_regs << FIRST_FLOAT);
  wm_live_find(c, ra);
  start_scan(c, ra);
  scan(c, ra);
  if (jit_uses_much(c)) give_back(c, ra);
  wm_moves_write(c, ra);
}

/* ---- memory ---- */

void wm_regalloc_scratch_free(void *scratch) {
  RegAlloc *ra = scratch;
  vec_free(&ra->vregs);
  vec_free(&ra->intervals);
  vec_free(&ra->ranges);
  vec_free(&ra->uses);
  vec_free(&ra->block_of);
  vec_free(&ra->loops);
  vec_free(&ra->calls);
  vec_free(&ra->globals);
  vec_free(&ra->set_words);
  vec_free(&ra->live_in);
  vec_free(&ra->raw_ranges);
  vec_free(&ra->queue);
  vec_free(&ra->queue_next);
  vec_free(&ra->live.words);
  vec_free(&ra->live.is_listed);
  vec_free(&ra->live.listed);
  vec_free(&ra->open.words);
  vec_free(&ra->open.is_listed);
  vec_free(&ra->open.listed);
  vec_free(&ra->slot_ends);
  vec_free(&ra->pieces);
  vec_free(&ra->order_index);
  vec_free(&ra->occupants);
  vec_free(&ra->occupant_heads);
  vec_free(&ra->splits);
  for (u32 i = 0; i < 2; i++) {
    vec_free(&ra->slots[i].is_busy);
    vec_free(&ra->slots[i].free);
    vec_free(&ra->slots[i].next);
  }
  vec_free(&ra->readers);
  vec_free(&ra->writer);
  vec_free(&ra->ready);
  vec_free(&ra->waiting);
  for (u32 r = 0; r < REG_COUNT; r++) {
    vec_free(&ra->fixed[r]);
    vec_free(&ra->inactive[r]);
  }
}
