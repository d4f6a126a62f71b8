/* What a call of a function does first. FuncCode.code is the stub's address, a cell with one of
 * these handlers, or that of the function's own cells:
 *
 *   H_translate --first call--> H_count --hot: asked to be compiled--> cells --compiled--> H_enter
 *        |--------------- where nothing is compiled --------------------^
 *        '--------------- kept code of an earlier run is fetched ------------------------^
 */
#include "interp/interp.h"
#include "interp/translator.h"
#include "runtime/native.h"

static Cell *stub_of(FuncCode *code) { return (Cell *)(void *)code->stub; }

/* Other threads may be about to run it. */
static void set_handler(const LoadedModule *lm, void *cell, u32 handler) {
  __atomic_store_n(&((Cell *)cell)->handler, lm->handler_address(handler), __ATOMIC_RELEASE);
}

void wm_stub_run(FuncCode *code, u32 handler) {
  set_handler(code->module, code->stub, handler);
  atomic_store_explicit(&code->code, &code->stub, memory_order_release);
}

static void run_cells(FuncCode *code) {
  atomic_store_explicit(&code->code, code->cells, memory_order_release);
}

/* The function was just translated. */
static void run_translation(FuncCode *code) {
  const TierHooks *tiers = code->module->tiers;
  if (atomic_load_explicit(&code->body, memory_order_relaxed)) return; /* the stub enters that */
  if (!tiers || atomic_load_explicit(&code->requested, memory_order_relaxed)) {
    run_cells(code);
    return;
  }
  stub_of(code)->b = tiers->call_threshold;
  wm_stub_run(code, H_count);
}

u32 wm_interp_calls(const FuncCode *code) {
  const Cell *stub = (const Cell *)(const void *)code->stub;
  u64 counting = code->module->handler_address(H_count);
  if (__atomic_load_n(&stub->handler, __ATOMIC_ACQUIRE) != counting) return 0;
  u32 left = __atomic_load_n(&stub->b, __ATOMIC_RELAXED);
  return code->module->tiers->call_threshold - left;
}

void wm_interp_stop_counting(FuncCode *code) {
  LoadedModule *lm = code->module;
  wm_mutex_lock(&lm->lock);
  if (!atomic_load_explicit(&code->body, memory_order_relaxed)) run_cells(code);
  wm_mutex_unlock(&lm->lock);
}

/* Callers' cells hold the frame's size, which was kept with the image: it must be what it was. */
static bool learn(FuncCode *code) {
  LoadedModule *lm = code->module;
  return wm_loaded_learn_locked(lm, code->index) &&
         code->frame_slots == frame_slots_of(code, &lm->module.funcs[code->index].facts);
}

static bool translate(FuncCode *code) {
  Translator t = {0};
  bool done = learn(code) && wm_translate_body(&t, code, false) && wm_cells_publish(&t);
  if (done) run_translation(code);
  wm_translator_free(&t);
  return done;
}

bool wm_interp_translate(FuncCode *code) {
  LoadedModule *lm = code->module;
  bool done = true;
  wm_mutex_lock(&lm->lock);
  bool is_fetched = lm->image && lm->image->fetch(lm, code);
  if (!is_fetched && !code->cells) done = translate(code);
  wm_mutex_unlock(&lm->lock);
  return done;
}

void wm_stub_on_native(FuncCode *code, const NativeBody *body) {
  if (body->osr)
    set_handler(code->module, body->osr->cell, H_osr);
  else
    wm_stub_run(code, H_enter);
}
