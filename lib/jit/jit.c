/* The driver: the passes of a compilation in order, and what it keeps between compilations.
 *
 *   build [verify] place [verify] select allocate [check] emit
 *
 * All vectors of a Compile keep their room from function to function. A compilation that needs more
 * than budget_bytes is given up; one that used much gives it all back. */
#include "jit/jit.h"

#include "base/buffer.h"

#include <stdlib.h>

enum {
  BUDGET_BYTES = 1 << 30,
  KEPT_BYTES = 64 << 20, /* beyond, memory is not kept for the next function */
};

/* What each pass does with its own struct before it is freed; NULL: nothing, or the machine's pass.
 */
static void driver_scratch_free(void *scratch);
typedef void (*ScratchFree)(void *);
static const ScratchFree scratch_frees[ARRAY_LEN(((Compile *)0)->scratch)] = {
    [SCRATCH_REGALLOC] = wm_regalloc_scratch_free, [SCRATCH_CHECK] = wm_ra_check_scratch_free,
    [SCRATCH_BUILD] = wm_build_scratch_free,       [SCRATCH_PLACE] = wm_place_scratch_free,
    [SCRATCH_VERIFY] = wm_verify_scratch_free,     [SCRATCH_DRIVER] = driver_scratch_free,
};

/* Each vector of Compile. */
#define EACH_VECTOR(X, c)                                                                          \
  X(&(c)->nodes)                                                                                   \
  X(&(c)->node_sites)                                                                              \
  X(&(c)->sites)                                                                                   \
  X(&(c)->blocks)                                                                                  \
  X(&(c)->edges)                                                                                   \
  X(&(c)->effects)                                                                                 \
  X(&(c)->pool)                                                                                    \
  X(&(c)->vectors)                                                                                 \
  X(&(c)->order)                                                                                   \
  X(&(c)->body)                                                                                    \
  X(&(c)->preds)                                                                                   \
  X(&(c)->node_block)                                                                              \
  X(&(c)->node_uses)                                                                               \
  X(&(c)->node_live)                                                                               \
  X(&(c)->node_epoch)                                                                              \
  X(&(c)->lir)                                                                                     \
  X(&(c)->lir_pool)                                                                                \
  X(&(c)->vreg_type)                                                                               \
  X(&(c)->vreg_global)                                                                             \
  X(&(c)->node_vreg)                                                                               \
  X(&(c)->edge_vregs)                                                                              \
  X(&(c)->moves)                                                                                   \
  X(&(c)->block_moves)                                                                             \
  X(&(c)->begin_moves)                                                                             \
  X(&(c)->end_moves)                                                                               \
  X(&(c)->code)                                                                                    \
  X(&(c)->calls)                                                                                   \
  X(&(c)->code_sites)                                                                              \
  X(&(c)->inline_sites)

/* ---- memory ---- */

static void free_scratch(const Compile *c, u32 which) {
  ScratchFree free_inside = which == SCRATCH_ISEL   ? c->machine->select_free
                            : which == SCRATCH_EMIT ? c->machine->emit_free
                                                    : scratch_frees[which];
  if (free_inside) free_inside(c->scratch[which]);
  free(c->scratch[which]);
}

static void free_all(Compile *c) {
#define FREE(v) vec_free(v);
  EACH_VECTOR(FREE, c)
#undef FREE
  free(c->shared);
  c->shared = NULL;
  c->shared_capacity = 0;
  for (u32 i = 0; i < ARRAY_LEN(c->scratch); i++) {
    if (c->scratch[i]) free_scratch(c, i);
    c->scratch[i] = NULL;
  }
  c->used_bytes = 0;
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
#define EMPTY(v) (v)->len = 0;
  EACH_VECTOR(EMPTY, c)
#undef EMPTY
  c->trouble[0] = 0;
  c->arg_count = c->outgoing_slots = c->spill_slots = 0;
  c->used_regs = c->saved_regs = c->frame_bytes = 0;
  c->has_calls = false;
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

static void run(Compile *c, JitStage last) {
  start(c);
  wm_jit_build(c);
  verify(c, false);
  if (last == JIT_STAGE_IR) return;
  wm_jit_place(c);
  verify(c, true);
  if (last == JIT_STAGE_PLACED) return;
  c->machine->select(c);
  if (last == JIT_STAGE_LIR) return;
  allocate(c);
  if (last == JIT_STAGE_ALLOCATED) return;
  c->machine->emit(c);
}

/* Comes back here from whatever depth, so nothing that changes lives in this frame. */
static JitResult run_guarded(Compile *c, JitStage last) {
  int why = setjmp(c->leave);
  if (why) return (JitResult)why;
  run(c, last);
  return JIT_DONE;
}

static JitResult compile(Compile *c, const LoadedModule *lm, u32 func_index, u32 osr_offset,
                         const JitOptions *options, JitStage last) {
  if (c->used_bytes > min_u64(KEPT_BYTES, c->budget_bytes / 4)) free_all(c);
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
