/* What the tiers want to know about loops. A list of assigned locals holds those of the loops
 * inside too, so a deep nest could make the lists' sum grow with its square: each function has a
 * budget of one entry a byte of its body, and a loop beyond it counts as assigning everything. */
#include "valid/validator.h"

#include <stdlib.h>

bool wm_facts_start(LoopTracker *t, u32 local_count, u32 body_bytes) {
  t->loops.len = t->open.len = t->pending.len = t->assigned.len = 0;
  t->current = 0;
  t->budget = body_bytes;
  t->calls = false;
  u32 len = t->stamps.len; /* the array is zeroed where it is new */
  if (local_count <= len) return true;
  if (!vec_reserve(&t->stamps, local_count - len)) return false;
  t->stamps.len = local_count;
  return true;
}

bool wm_facts_enter_loop(LoopTracker *t, u32 offset) {
  LoopFacts *loop = vec_push(&t->loops);
  OpenLoop *open = vec_push(&t->open);
  if (!loop || !open) return false;
  *loop = (LoopFacts){.offset = offset, .depth = t->open.len - 1};
  *open =
      (OpenLoop){.index = t->loops.len - 1, .id = ++t->last_id, .pending_start = t->pending.len};
  t->current = open->id;
  return true;
}

bool wm_facts_note(LoopTracker *t, u32 local) {
  t->stamps.data[local] = t->current;
  u32 *entry = vec_push(&t->pending);
  if (entry) *entry = local;
  return entry != NULL;
}

bool wm_facts_assign_hidden(LoopTracker *t, u32 local) {
  u32 len = t->stamps.len; /* the array is zeroed where it is new */
  if (local >= len) {
    if (!vec_reserve(&t->stamps, local + 1 - len)) return false;
    t->stamps.len = local + 1;
  }
  return facts_assign(t, local);
}

void wm_facts_call(LoopTracker *t) {
  t->calls = true;
  if (!t->open.len) return;
  LoopFacts *loop = &t->loops.data[vec_last(&t->open)->index];
  loop->calls = loop->grows_memory = true;
}

void wm_facts_grow(LoopTracker *t) {
  if (t->open.len) t->loops.data[vec_last(&t->open)->index].grows_memory = true;
}

static int compare_u32(const void *a, const void *b) {
  u32 x = load_u32(a), y = load_u32(b);
  return (x > y) - (x < y);
}

static void sort_locals(u32 *items, u32 count) {
  if (count > 24) {
    qsort(items, count, sizeof *items, compare_u32);
    return;
  }
  for (u32 i = 1; i < count; i++) {
    u32 item = items[i], at = i;
    for (; at > 0 && items[at - 1] > item; at--) items[at] = items[at - 1];
    items[at] = item;
  }
}

/* Sorts, drops repetitions, returns how many are left. */
static u32 sort_unique(u32 *items, u32 count) {
  u32 kept = 0;
  sort_locals(items, count);
  for (u32 i = 0; i < count; i++)
    if (kept == 0 || items[kept - 1] != items[i]) items[kept++] = items[i];
  return kept;
}

/* Gives the loop its list; false: out of memory. */
static bool keep_assigned(LoopTracker *t, OpenLoop *open, LoopFacts *loop) {
  u32 count = t->pending.len - open->pending_start;
  u32 *items = count ? t->pending.data + open->pending_start : NULL;
  if (!open->assigns_all && count) count = sort_unique(items, count);
  if (open->assigns_all || count > t->budget) {
    open->assigns_all = true;
    t->pending.len = open->pending_start;
    loop->assigned_start = 0;
    loop->assigned_len = ASSIGNS_ALL;
    return true;
  }
  t->pending.len = open->pending_start + count;
  t->budget -= count;
  loop->assigned_start = t->assigned.len;
  loop->assigned_len = count;
  if (!count) return true;
  if (!vec_reserve(&t->assigned, count)) return false;
  memcpy(t->assigned.data + t->assigned.len, items, count * sizeof *items);
  t->assigned.len += count;
  return true;
}

bool wm_facts_leave_loop(LoopTracker *t, u32 end_offset) {
  OpenLoop *open = vec_last(&t->open);
  LoopFacts *loop = &t->loops.data[open->index];
  loop->end_offset = end_offset;
  if (!keep_assigned(t, open, loop)) return false;
  t->current = 0;
  if (--t->open.len) {
    OpenLoop *outer = vec_last(&t->open);
    LoopFacts *outer_facts = &t->loops.data[outer->index];
    t->current = outer->id;
    outer->assigns_all |= open->assigns_all;
    outer_facts->calls |= loop->calls;
    outer_facts->grows_memory |= loop->grows_memory;
  }
  return true;
}

bool wm_facts_finish(LoopTracker *t, Arena *arena, FuncFacts *facts) {
  facts->calls = t->calls;
  facts->loop_count = t->loops.len;
  if (!t->loops.len) return true;
  facts->loops = vec_to_arena(&t->loops, arena);
  facts->assigned = vec_to_arena(&t->assigned, arena);
  return facts->loops && facts->assigned;
}

void wm_facts_free(LoopTracker *t) {
  vec_free(&t->loops);
  vec_free(&t->open);
  vec_free(&t->pending);
  vec_free(&t->assigned);
  vec_free(&t->stamps);
}
