/* The internal code as text (interp.h). */
#include "interp/interp.h"

#include "interp/translator.h"

/* One string: a table of pointers would have to be relocated. */
static const char names[] =
#define HANDLER(name, words, ...) #name "\0"
#include "interp/handlers.def"
    ;

static const char *name_of(u32 handler) {
  const char *name = names;
  while (handler--) name += strlen(name) + 1;
  return name;
}

static u32 dump_cell(Translator *t, u32 word, Buffer *out) {
  const Cell *cell = cell_at(t, word);
  u32 words = cell->draft.words;
  wm_buffer_print(out, "%5u  %-24s d=%u a=%u b=%d", word, name_of(cell->draft.handler), cell->d,
                  cell->a, (i32)cell->b);
  if (cell->draft.flags & DRAFT_BRANCH) wm_buffer_print(out, " -> %u", t->labels.data[cell->b]);
  for (u32 i = CELL_WORDS; i < words; i++) {
    wm_buffer_print(out, " x=%llx", (unsigned long long)cell->x[i - CELL_WORDS]);
  }
  if (cell->draft.flags & DRAFT_TABLE) {
    for (u64 i = 0; i <= cell->b; i++) {
      u32 label = load_u32((const u8 *)cell->x + i * 4);
      wm_buffer_print(out, " %u", t->labels.data[label]);
    }
    words += (cell->b + 2) / 2;
  }
  wm_buffer_print(out, "\n");
  return words;
}

void wm_interp_dump(FuncCode *code, Buffer *out) {
  Translator t = {0};
  if (wm_translate_body(&t, code, false)) {
    wm_buffer_print(out, "function %u: link %u, frame %u, %u words of prologue\n", code->index,
                    code->link_slot, code->frame_slots, wm_cells_prologue_words(&t));
    for (u32 word = 0; word < t.code.len;) word += dump_cell(&t, word, out);
  }
  wm_translator_free(&t);
}
