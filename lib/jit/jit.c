/* The driver: the passes of a compilation in order, and what it keeps between them.
 *
 *   build [verify] place [verify] select allocate [check] emit
 *
 * All vectors of a Compile keep their room from function to function. When that is much, each pass
 * gives back what it is the last to read, so that the peak is what two neighbours need. A
 * compilation that needs more than budget_bytes is given up. */
#include "jit/jit.h"

#include "base/buffer.h"

#include <stdlib.h>

/* What malloc leaves unused between arrays that come and go makes it up to a third more. */
enum { BUDGET_BYTES = 192 << 20 };

/* What each pass does with its own struct before it is freed; NULL: nothing, or the machine's pass.
 */
static void driver_scratch_free(void *scratch);
typedef void (*ScratchFree)(void *);
static const ScratchFree scratch_frees[ARRAY_LEN(((Compile *)0)->scratch)] = {
    [SCRATCH_REGALLOC] = wm_regalloc_scratch_free, [SCRATCH_CHECK] = wm_ra_check_scratch_free,
    [SCRATCH_BUILD] = wm_build_scratch_free,       [SCRATCH_PLACE] = wm_place_scratch_free,
    [SCRATCH_VERIFY] = wm_verify_scratch_free,     [SCRATCH_DRIVER] = driver_scratch_free,
};

typedef enum Pass {
  PASS_BUILD,
  PASS_PLACE,
  PASS_SELECT,
  PASS_ALLOCATE,
  PASS_EMIT,
  PASS_NONE /* the results */
} Pass;

/* Each vector of Compile, with the pass that is the last to read it. */
#define EACH_VECTOR(X, c)                                                                          \
  X(&(c)->effects, PASS_PLACE)                                                                     \
  X(&(c)->node_sites, PASS_SELECT)                                                                 \
  X(&(c)->body, PASS_SELECT)                                                                       \
  X(&(c)->node_block, PASS_SELECT)                                                                 \
  X(&(c)->node_uses, PASS_SELECT)                                                                  \
  X(&(c)->node_live, PASS_SELECT)                                                                  \
  X(&(c)->node_epoch, PASS_SELECT)                                                                 \
  X(&(c)->preds, PASS_ALLOCATE)                                                                    \
  X(&(c)->vreg_type, PASS_ALLOCATE)                                                                \
  X(&(c)->vreg_global, PASS_ALLOCATE)                                                              \
  X(&(c)->node_vreg, PASS_SELECT)                                                                  \
  X(&(c)->nodes, PASS_SELECT)                                                                      \
  X(&(c)->param_vregs, PASS_ALLOCATE)                                                              \
  X(&(c)->pool, PASS_EMIT)                                                                         \
  X(&(c)->constants, PASS_EMIT)                                                                    \
  X(&(c)->blocks, PASS_EMIT)                                                                       \
  X(&(c)->edges, PASS_EMIT)                                                                        \
  X(&(c)->sites, PASS_EMIT)                                                                        \
  X(&(c)->vectors, PASS_EMIT)                                                                      \
  X(&(c)->order, PASS_EMIT)                                                                        \
  X(&(c)->lir, PASS_EMIT)                                                                          \
  X(&(c)->lir_pool, PASS_EMIT)                                                                     \
  X(&(c)->moves, PASS_EMIT)                                                                        \
  X(&(c)->block_moves, PASS_EMIT)                                                                  \
  X(&(c)->begin_moves, PASS_EMIT)                                                                  \
  X(&(c)->end_moves, PASS_EMIT)                                                                    \
  X(&(c)->code, PASS_NONE)                                                                         \
  X(&(c)->calls, PASS_NONE)                                                                        \
  X(&(c)->clauses, PASS_NONE)                                                                      \
  X(&(c)->catches, PASS_NONE)                                                                      \
  X(&(c)->code_sites, PASS_NONE)                                                                   \
  X(&(c)->inline_sites, PASS_NONE)

/* ---- memory ---- */

static void free_scratch_of(const Compile *c, u32 which) {
  ScratchFree free_inside = which == SCRATCH_ISEL   ? c->machine->select_free
                            : which == SCRATCH_EMIT ? c->machine->emit_free
                                                    : scratch_frees[which];
  if (free_inside) free_inside(c->scratch[which]);
  free(c->scratch[which]);
}

static void free_shared(Compile *c) {
  free(c->shared);
  c->shared = NULL;
  c->shared_capacity = 0;
}

static void free_scratch(Compile *c) {
  for (u32 i = 0; i < ARRAY_LEN(c->scratch); i++) {
    if (c->scratch[i]) free_scratch_of(c, i);
    c->scratch[i] = NULL;
  }
}

static void free_all(Compile *c) {
#define FREE(v, last) vec_free(v);
  EACH_VECTOR(FREE, c)
#undef FREE
  free_shared(c);
  free_scratch(c);
  c->used_bytes = 0;
}

/* Behind a pass. Every pass makes its scratch anew. What build made still grows in place. */
static void give_back(Compile *c, Pass pass) {
  if (!jit_uses_much(c)) return;
  u64 held = 0;
#define GIVE_BACK(v, last)                                                                         \
  if (pass >= (last))                                                                              \
    vec_free(v);                                                                                   \
  else if (pass >= PASS_PLACE)                                                                     \
    jit_trim(c, v);                                                                                \
  held += (u64)(v)->cap * sizeof *(v)->data;
  EACH_VECTOR(GIVE_BACK, c)
#undef GIVE_BACK
  free_shared(c);
  free_scratch(c);
  c->used_bytes = held + (u64)c->shared_capacity * sizeof *c->shared;
}

Compile *wm_jit_new(void) {
  Compile *c = calloc(1, sizeof *c);
  if (!c) return NULL;
  c->machine = &wm_jit_machine;
  c->budget_bytes = BUDGET_BYTES;
  return c;
}

void wm_jit_delete(Compile *c) {
  if (!c) return;
  free_all(c);
  free(c);
}

/* ---- the passes ---- */

/* The instructions as they were before the allocation. */
typedef struct DriverScratch {
  Vec(Lir) before;
} DriverScratch;

static void driver_scratch_free(void *scratch) { vec_free(&((DriverScratch *)scratch)->before); }

/* Empty vectors: build makes the items of index 0 itself. */
static void start(Compile *c) {
#define EMPTY(v, last) (v)->len = 0;
  EACH_VECTOR(EMPTY, c)
#undef EMPTY
  c->trouble[0] = 0;
  c->arg_count = c->outgoing_slots = c->spill_slots = 0;
  c->used_regs = c->saved_regs = c->frame_bytes = 0;
  c->has_calls = c->has_tail_calls = false;
}

static void verify(Compile *c, bool placed) {
  if (c->options.verify && !wm_ir_verify(c, placed)) wm_jit_leave(c, JIT_TROUBLE);
}

static void allocate(Compile *c) {
  if (!c->options.verify) {
    wm_jit_allocate(c);
    return;
  }
  DriverScratch *s = wm_jit_scratch(c, SCRATCH_DRIVER, sizeof *s);
  jit_resize(c, &s->before, c->lir.len);
  if (c->lir.len) memcpy(s->before.data, c->lir.data, c->lir.len * sizeof *c->lir.data);
  wm_jit_allocate(c);
  if (!wm_jit_check_allocation(c, s->before.data)) wm_jit_leave(c, JIT_TROUBLE);
}

/* Told like what is not implemented, so that nobody takes it for compiled. */
static void check_wanted(Compile *c) {
  u32 first = c->options.first_func, last = c->options.last_func;
  if (c->func_index >= first && (!last || c->func_index <= last)) return;
  wm_jit_trouble(c, "outside of first-func and last-func");
  wm_jit_leave(c, JIT_NOT_IMPLEMENTED);
}

static void run(Compile *c, JitStage last) {
  start(c);
  check_wanted(c);
  if (!wm_loaded_learn(c->loaded, c->func_index)) wm_jit_leave(c, JIT_OUT_OF_MEMORY);
  wm_jit_build(c);
  verify(c, false);
  if (last == JIT_STAGE_IR) return;
  give_back(c, PASS_BUILD);
  wm_jit_place(c);
  verify(c, true);
  if (last == JIT_STAGE_PLACED) return;
  give_back(c, PASS_PLACE);
  c->machine->select(c);
  if (last == JIT_STAGE_LIR) return;
  give_back(c, PASS_SELECT);
  allocate(c);
  if (last == JIT_STAGE_ALLOCATED) return;
  give_back(c, PASS_ALLOCATE);
  c->machine->emit(c);
  give_back(c, PASS_EMIT);
}

/* Comes back here from whatever depth, so nothing that changes lives in this frame. What the passes
 * keep for the next function is only right behind a pass that came to its end. */
static JitResult run_guarded(Compile *c, JitStage last) {
  int why = setjmp(c->leave);
  if (why) {
    free_all(c);
    return (JitResult)why;
  }
  run(c, last);
  return JIT_DONE;
}

static JitResult compile(Compile *c, const LoadedModule *lm, u32 func_index, u32 osr_offset,
                         const JitOptions *options, JitStage last) {
  c->peak_bytes = c->used_bytes;
  c->loaded = lm;
  c->module = &lm->module;
  c->func_index = func_index;
  c->osr_offset = osr_offset;
  c->options = *options;
  c->options.no_opt |= options->no_lowering;
  return run_guarded(c, last);
}

JitResult wm_jit_compile(Compile *c, const LoadedModule *lm, u32 func_index, u32 osr_offset,
                         const JitOptions *options) {
  return compile(c, lm, func_index, osr_offset, options, JIT_STAGE_ASM);
}

static void dump_bytes(const Compile *c, Buffer *out) {
  for (u32 i = 0; i < c->code.len; i++)
    wm_buffer_print(out, "%02x%s", c->code.data[i], i % 32 == 31 ? "\n" : " ");
  wm_buffer_byte(out, '\n');
}

JitResult wm_jit_dump(Compile *c, const LoadedModule *lm, u32 func_index, u32 osr_offset,
                      const JitOptions *options, JitStage stage, Buffer *out) {
  JitResult result = compile(c, lm, func_index, osr_offset, options, stage);
  if (result != JIT_DONE) return result;
  switch (stage) {
  case JIT_STAGE_IR: wm_ir_dump(c, false, out); break;
  case JIT_STAGE_PLACED: wm_ir_dump(c, true, out); break;
  case JIT_STAGE_LIR: wm_lir_dump(c, false, out); break;
  case JIT_STAGE_ALLOCATED: wm_lir_dump(c, true, out); break;
  case JIT_STAGE_ASM: dump_bytes(c, out); break;
  }
  return out->failed ? JIT_OUT_OF_MEMORY : JIT_DONE;
}
