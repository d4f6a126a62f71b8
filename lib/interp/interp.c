/* The interpreter's services to the rest of the library (interp.h). */
#include "interp/interp.h"

#include "interp/translator.h"
#include "runtime/native.h"

#include <stdlib.h>

/* Runs a function of wasm from native code; wm_call has pushed the activation. */
static TrapCode enter(FuncCode *code, Instance *inst, u64 *frame) {
  Store *store = inst->store;
  if (UNLIKELY((u64)(store->stack_end - frame) < code->frame_slots)) {
    return wm_trap_raise(store, TRAP_STACK_OVERFLOW, NULL, 0);
  }
  u64 *link = frame + code->link_slot;
  link[LINK_PC] = (u64)(uintptr_t)store->exit_pc;
  link[LINK_FP] = 0;
  u32 hotness = atomic_load_explicit(&code->hotness, memory_order_relaxed);
  atomic_store_explicit(&code->hotness, hotness + 1, memory_order_relaxed);
  const Cell *start = atomic_load_explicit(&code->code, memory_order_acquire);
  return wm_interp_run(start, frame, inst);
}

/* Parameters and results, the link, the other locals, the operands. */
static u32 frame_slots_of(const FuncCode *code, const FuncFacts *facts) {
  u32 locals = facts->local_slots - code->param_slots;
  return code->link_slot + FRAME_LINK_SLOTS + locals + facts->max_operand_slots;
}

/* ---- the stub: what a call does before the cells run ---- */

static Cell *stub_of(FuncCode *code) { return (Cell *)(void *)code->stub; }

/* Other threads may be about to run it. */
static void set_handler(void *cell, HandlerId handler) {
  __atomic_store_n(&((Cell *)cell)->handler, wm_handler_address(handler), __ATOMIC_RELEASE);
}

static void run_stub(FuncCode *code, HandlerId handler) {
  set_handler(code->stub, handler);
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
  run_stub(code, H_count);
}

void wm_interp_stop_counting(FuncCode *code) {
  LoadedModule *lm = code->module;
  wm_mutex_lock(&lm->lock);
  if (!atomic_load_explicit(&code->body, memory_order_relaxed)) run_cells(code);
  wm_mutex_unlock(&lm->lock);
}

static void on_native(FuncCode *code, const NativeBody *body) {
  if (body->osr)
    set_handler(body->osr->cell, H_osr);
  else
    run_stub(code, H_enter);
}

/* ---- places ---- */

static u32 word_of(const FuncCode *code, const void *pc) {
  return (u32)((size_t)((const u8 *)pc - (const u8 *)code->cells) / CELL_WORD);
}

/* The wasm offset behind a cell is not kept: the function is translated again, noting it. */
static u32 offset_of(const FuncCode *code, const void *pc) {
  const FuncDecl *decl = &code->module->module.funcs[code->index];
  u64 word = word_of(code, pc);
  u32 offset = decl->code_offset;
  Translator t = {0};
  if (wm_translate_body(&t, (FuncCode *)(uintptr_t)code, true)) {
    u32 prologue = wm_cells_prologue_words(&t);
    for (u32 i = 0; i < t.marks.len && t.marks.data[i].word + prologue <= word; i++) {
      offset = t.marks.data[i].offset;
    }
  }
  wm_translator_free(&t);
  return offset;
}

/* The wasm offset of the outermost loop that begins at the cell `pc`: the others start there, too.
 */
static u32 loop_offset_of(FuncCode *code, const void *pc) {
  const u8 *at = pc;
  if (!code->cells || at < (const u8 *)code->cells || at >= (const u8 *)code->code_end) return 0;
  u32 word = word_of(code, pc), offset = 0;
  Translator t = {0};
  if (wm_translate_body(&t, code, true)) {
    u32 prologue = wm_cells_prologue_words(&t);
    for (u32 i = t.loop_marks.len; i-- > 0;)
      if (t.loop_marks.data[i].word + prologue == word) offset = t.loop_marks.data[i].offset;
  }
  wm_translator_free(&t);
  return offset;
}

static OsrEntry *find_entry(FuncCode *code, const void *pc) {
  OsrEntry *entry = atomic_load_explicit(&code->osr, memory_order_acquire);
  while (entry && entry->cell != pc) entry = entry->next;
  return entry;
}

OsrEntry *wm_interp_osr_entry(FuncCode *code, const void *pc, bool *is_new) {
  LoadedModule *lm = code->module;
  OsrEntry *entry = find_entry(code, pc);
  *is_new = false;
  if (entry) return entry;
  wm_mutex_lock(&lm->lock);
  entry = find_entry(code, pc);
  if (!entry) {
    entry = calloc(1, sizeof *entry);
    *is_new = entry != NULL;
  }
  if (*is_new) {
    entry->cell = (void *)(uintptr_t)pc;
    entry->loop_offset = loop_offset_of(code, pc);
    entry->next = atomic_load_explicit(&code->osr, memory_order_relaxed);
    atomic_store_explicit(&code->osr, entry, memory_order_release);
  }
  wm_mutex_unlock(&lm->lock);
  return entry;
}

void wm_interp_prepare(LoadedModule *lm) {
  const Module *m = &lm->module;
  for (u32 i = m->func_import_count; i < m->func_count; i++) {
    FuncCode *code = loaded_code(lm, i);
    atomic_store_explicit(&code->entry, enter, memory_order_relaxed);
    code->frame_slots = frame_slots_of(code, &m->funcs[i].facts);
    run_stub(code, H_translate);
  }
  lm->offset_of = offset_of;
  lm->on_native = on_native;
}

void wm_interp_prepare_store(Store *store) {
  store->exit_pc = wm_cell_exit();
  store->restore_pc = wm_cell_restore();
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
