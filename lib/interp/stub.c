/* What a call of a function does first. FuncCode.code is the stub's address, a cell with one of
 * these handlers, or that of the function's own cells:
 *
 *   H_translate --first call--> H_count --hot: asked to be compiled--> cells --compiled--> H_enter
 *        '--------------- where nothing is compiled --------------------^
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

void wm_interp_stop_counting(FuncCode *code) {
  LoadedModule *lm = code->module;
  wm_mutex_lock(&lm->lock);
  if (!atomic_load_explicit(&code->body, memory_order_relaxed)) run_cells(code);
  wm_mutex_unlock(&lm->lock);
}

bool wm_interp_translate(FuncCode *code) {
  LoadedModule *lm = code->module;
  bool done = true;
  wm_mutex_lock(&lm->lock);
  if (!code->cells) {
    Translator t = {0};
    done = wm_translate_body(&t, code, false) && wm_cells_publish(&t);
    if (done) run_translation(code);
    wm_translator_free(&t);
  }
  wm_mutex_unlock(&lm->lock);
  return done;
}

void wm_stub_on_native(FuncCode *code, const NativeBody *body) {
  if (body->osr)
    set_handler(code->module, body->osr->cell, H_osr);
  else
    wm_stub_run(code, H_enter);
}
