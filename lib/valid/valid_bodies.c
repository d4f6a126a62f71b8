/* All bodies of a module, in order; those of a large module by several threads at once.
 *
 *     functions   | piece | piece | piece | ...
 *                   ^ done  ^ A     ^ B     ^ next
 *
 * Each thread takes the next piece that nobody has, with a validator, an arena and an error of its
 * own. Bodies know nothing of each other, so the parts are put together afterwards: the error is
 * that of the first function that has one, as every function before it was checked. */
#include "os/os.h"
#include "valid/validator.h"

#include <stdatomic.h>
#include <stdlib.h>

enum {
  MAX_HELPERS = 7,
  HELPER_BYTES = 256 << 10, /* of bodies for each: starting a thread takes the time of a few KiB */
  PIECE_FUNCS = 64,
};

/* What the threads share. */
typedef struct Work {
  const Validator *all; /* what each validator starts with */
  _Atomic u32 next;     /* the first function that nobody took */
  _Atomic u32 failed;   /* the first function known to be wrong, or NO_INDEX */
} Work;

typedef struct Helper {
  Work *work; /* borrowed */
  Validator v;
  Arena arena;
  Error err;
  u32 first_use[FEATURE_COUNT];
  u32 failed; /* the function that err is of */
  bool runs;
  Thread thread;
} Helper;

/* ---- validators ---- */

void wm_valid_end(Validator *v) {
  free(v->stack);
  vec_free(&v->control);
  vec_free(&v->runs);
  vec_free(&v->init_stamps);
  vec_free(&v->inits);
  wm_facts_free(&v->facts);
}

/* ---- one after the other ---- */

/* Functions from `from` on up to `to`; that which is wrong, or NO_INDEX. */
static u32 check_funcs(Validator *v, u32 from, u32 to) {
  for (u32 i = from; i < to; i++)
    if (!wm_valid_func(v, i)) return i;
  return NO_INDEX;
}

/* ---- several at once ---- */

/* The lowest stays. */
static void note_failure(Work *w, u32 func_index) {
  u32 first = atomic_load(&w->failed);
  while (func_index < first && !atomic_compare_exchange_weak(&w->failed, &first, func_index)) {
  }
}

/* Takes pieces until there are none, or what is left does not matter. Returns what was wrong. */
static u32 check_pieces(Work *w, Validator *v) {
  u32 count = v->m->func_count, failed = NO_INDEX;
  while (failed == NO_INDEX) {
    u32 from = atomic_fetch_add(&w->next, PIECE_FUNCS);
    if (from >= count || from > atomic_load(&w->failed)) break;
    failed = check_funcs(v, from, from + min_u32(PIECE_FUNCS, count - from));
  }
  if (failed != NO_INDEX) note_failure(w, failed);
  return failed;
}

static void *help(void *env) {
  Helper *h = env;
  h->failed = check_pieces(h->work, &h->v);
  return NULL;
}

/* A helper that cannot be had runs not at all: the others take its pieces. */
static void start_helper(Helper *h, Work *w) {
  h->work = w;
  h->failed = NO_INDEX;
  h->v = *w->all;
  h->v.err = &h->err;
  h->v.arena = &h->arena;
  h->v.first_use = h->first_use;
  h->runs = wm_thread_start(&h->thread, help, h);
}

/* The offset of a proposal's first use is the lowest that any thread saw; 0 is none. */
static void keep_first_uses(Module *m, const u32 *first_use) {
  for (u32 f = 0; f < FEATURE_COUNT; f++)
    if (first_use[f] && (!m->first_use[f] || first_use[f] < m->first_use[f]))
      m->first_use[f] = first_use[f];
}

/* Adds what it found to the module's, and to `v`'s if that comes before what is wrong so far. */
static void end_helper(Helper *h, Validator *v, u32 *failed) {
  if (!h->runs) return;
  wm_thread_join(h->thread);
  wm_valid_end(&h->v);
  wm_arena_take(v->arena, &h->arena);
  keep_first_uses(v->m, h->first_use);
  if (h->failed >= *failed) return;
  *failed = h->failed;
  *v->err = h->err;
}

/* No thread is started before this one's own validator holds anything of its own. */
static bool check_together(Validator *v, Helper *helpers, u32 count) {
  Validator start = {.m = v->m, .reg = v->reg, .features = v->features};
  Work w = {.all = &start};
  atomic_init(&w.next, v->m->func_import_count);
  atomic_init(&w.failed, NO_INDEX);
  for (u32 i = 0; i < count; i++) start_helper(&helpers[i], &w);
  u32 failed = check_pieces(&w, v);
  for (u32 i = 0; i < count; i++) end_helper(&helpers[i], v, &failed);
  return failed == NO_INDEX;
}

/* Of all bodies, which follow each other in one section. */
static u32 bodies_bytes(const Module *m) {
  if (m->func_count == m->func_import_count) return 0;
  const FuncDecl *first = &m->funcs[m->func_import_count], *last = &m->funcs[m->func_count - 1];
  return last->code_offset + last->code_bytes - first->code_offset;
}

bool wm_valid_bodies(Validator *v, u32 threads) {
  u32 count = min_u32(min_u32(threads, MAX_HELPERS), bodies_bytes(v->m) / HELPER_BYTES);
  Helper *helpers = count ? calloc(count, sizeof *helpers) : NULL;
  if (!helpers) return check_funcs(v, v->m->func_import_count, v->m->func_count) == NO_INDEX;
  bool ok = check_together(v, helpers, count);
  free(helpers);
  return ok;
}
