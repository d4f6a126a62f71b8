/* From a cell to its place in wasm. Where cells come from is not kept: the function is translated
 * again, noting it. That is slow, and needed rarely: for backtraces, and once a hot loop. */
#include "interp/interp.h"
#include "interp/translator.h"

#include <stdlib.h>

/* Prologue included. */
static u32 word_of(const FuncCode *code, const void *pc) {
  return (u32)((size_t)((const u8 *)pc - (const u8 *)code->cells) / CELL_WORD);
}

u32 wm_places_offset_of(const FuncCode *code, const void *pc) {
  const FuncDecl *decl = &code->module->module.funcs[code->index];
  u64 word = word_of(code, pc);
  u32 offset = decl->code_offset;
  Translator t = {0};
  /* Without memory the function's start must do. */
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

/* A list that only grows, so that it is read without the lock. */
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
