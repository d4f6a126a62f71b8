/* The buffer of cells under translation (translator.h), and their way into code memory.
 *
 * A cell is a draft first: number of its handler, length, flags, labels in place of distances. When
 * the function is whole, handlers become addresses and labels distances in bytes; then the cells
 * are copied to code memory, behind a prologue that zeroes locals, and never change but for their
 * handler (stub.c). */
#include "interp/translator.h"
#include "runtime/profile.h"

Cell *wm_cells_emit(Translator *t, u32 handler, u32 words, u8 flags) {
  u32 word = t->code.len;
  /* Out of memory: written to, and never looked at. */
  Cell *cell = (Cell *)(void *)t->spill;
  if (LIKELY(vec_reserve(&t->code, words))) {
    t->code.len += words;
    cell = cell_at(t, word);
  } else {
    t->failed = true;
  }
  cell->draft = (Draft){(u16)handler, (u8)words, flags, 0, {0}};
  cell->d = cell->a = 0;
  cell->b = 0;
  t->acc_before_last = t->acc[BANK_INT];
  t->previous = t->last;
  t->last = word;
  if (UNLIKELY(t->marking)) {
    Mark *mark = vec_push(&t->marks);
    if (mark)
      *mark = (Mark){word, t->in.offset};
    else
      t->failed = true;
  }
  return cell;
}

void wm_cells_drop_last(Translator *t) {
  t->code.len = t->last;
  t->acc[BANK_INT] = t->acc_before_last;
  t->last = t->previous;
  t->previous = NONE;
  if (t->marking && t->marks.len) t->marks.len--;
}

Cell *wm_cells_widen_last(Translator *t) {
  if (!vec_reserve(&t->code, 1)) {
    t->failed = true;
    return NULL;
  }
  t->code.len++;
  Cell *cell = cell_at(t, t->last);
  cell->draft.words++;
  return cell;
}

u32 wm_label_new(Translator *t) {
  u32 *label = vec_push(&t->labels);
  if (!label) {
    t->failed = true;
    return 0;
  }
  *label = NONE;
  return t->labels.len - 1;
}

void wm_label_bind(Translator *t, u32 label) {
  if (label < t->labels.len) t->labels.data[label] = t->code.len;
  /* Whoever comes from elsewhere has something else there. */
  for (u32 bank = 0; bank < BANK_COUNT; bank++) t->acc[bank] = NONE;
  end_region(t);
}

/* ---- zeroing: locals that may be read before they are assigned, in runs of slots ---- */

enum { MAX_ZERO_CELLS = 8 };

typedef struct ZeroRuns {
  u32 count;
  struct {
    u32 slot, len;
  } runs[MAX_ZERO_CELLS];
} ZeroRuns;

/* At most MAX_ZERO_CELLS runs; the last one then spans what is left. */
static ZeroRuns find_zero_runs(const Translator *t) {
  ZeroRuns zero = {0};
  for (u32 i = t->type->param_count; i < t->local_count; i++) {
    const Local *local = &t->locals[i];
    if (!local->needs_zero) continue;
    u32 end = local->slot + shape_slots(local->shape);
    u32 last = zero.count ? zero.runs[zero.count - 1].slot + zero.runs[zero.count - 1].len : 0;
    bool joins = zero.count && (last == local->slot || zero.count == MAX_ZERO_CELLS);
    if (!joins) zero.runs[zero.count++].slot = local->slot;
    zero.runs[zero.count - 1].len = end - zero.runs[zero.count - 1].slot;
  }
  return zero;
}

u32 wm_cells_prologue_words(const Translator *t) { return find_zero_runs(t).count * CELL_WORDS; }

/* ---- publishing ---- */

/* From the cell's own first word, in bytes: functions are far below 2 GiB. */
static i32 target_of(const Translator *t, u32 word, u32 label) {
  return (i32)(((i64)t->labels.data[label] - (i64)word) * CELL_WORD);
}

/* Resolves the cell at `word`; returns its length in words. */
/* After this the draft is gone: handler and draft share a word. */
static u32 resolve(Translator *t, u32 word) {
  Cell *cell = cell_at(t, word);
  Draft draft = cell->draft;
  u32 words = draft.words;
  if (draft.flags & DRAFT_BRANCH) cell->b = (u32)target_of(t, word, cell->b);
  if (draft.flags & DRAFT_TABLE) {
    u8 *entries = (u8 *)cell->x;
    for (u64 i = 0; i <= cell->b; i++) {
      store_u32(entries + i * 4, (u32)target_of(t, word, load_u32(entries + i * 4)));
    }
    words += (cell->b + 2) / 2;
  }
  if (draft.flags & DRAFT_SITE) {
    CallSites *all = atomic_load_explicit(&t->func->sites, memory_order_relaxed);
    cell->x[1] = (u64)(uintptr_t)&all->sites[cell->x[1]];
  }
  cell->handler = t->loaded->handler_address(draft.handler);
  return words;
}

bool wm_cells_publish(Translator *t) {
  if (t->failed) return false;
  ZeroRuns zero = find_zero_runs(t);
  size_t prologue = zero.count * sizeof(Cell), body = (size_t)t->code.len * CELL_WORD;
  u8 *place = wm_code_alloc(t->loaded, prologue + body);
  if (!place || !wm_sites_publish(t)) return false;
  Cell *cell = (Cell *)(void *)place;
  for (u32 i = 0; i < zero.count; i++) {
    cell[i].handler = t->loaded->handler_address(H_zero);
    cell[i].d = (u16)zero.runs[i].slot;
    cell[i].a = 0;
    cell[i].b = zero.runs[i].len;
  }
  for (u32 word = 0; word < t->code.len;) word += resolve(t, word);
  memcpy(place + prologue, t->code.data, body);
  if (!wm_catch_publish(t, (u32)(prologue / CELL_WORD))) return false;
  if (!wm_code_register(t->loaded, t->func, place, prologue + body)) return false;
  t->func->cells = place;
  t->func->code_end = place + prologue + body;
  return true;
}
