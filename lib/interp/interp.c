/* The interpreter's services to the rest of the library (interp.h). */
#include "interp/interp.h"

#include "interp/translator.h"

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

static void make_stub(FuncCode *code) {
  code->stub[0] = wm_handler_address(H_translate);
  atomic_store_explicit(&code->code, &code->stub, memory_order_release);
}

/* The wasm offset behind a cell is not kept: the function is translated again, noting it. */
static u32 offset_of(const FuncCode *code, const void *pc) {
  const FuncDecl *decl = &code->module->module.funcs[code->index];
  u64 word = (u64)((const u8 *)pc - (const u8 *)code->cells) / CELL_WORD;
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

void wm_interp_prepare(LoadedModule *lm) {
  const Module *m = &lm->module;
  for (u32 i = m->func_import_count; i < m->func_count; i++) {
    FuncCode *code = loaded_code(lm, i);
    atomic_store_explicit(&code->entry, enter, memory_order_relaxed);
    code->frame_slots = frame_slots_of(code, &m->funcs[i].facts);
    make_stub(code);
  }
  lm->offset_of = offset_of;
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
    wm_translator_free(&t);
  }
  wm_mutex_unlock(&lm->lock);
  return done;
}
