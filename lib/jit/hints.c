/* Branch hints (hints.h). The section: a vector of functions, ascending; each its index and a
 * vector of hints, ascending: the instruction's offset from the function's locals on, the number 1,
 * and a byte, 0 or 1. */
#include "jit/hints.h"

#include "base/vec.h"
#include "wasm/reader.h"

#include <stdlib.h>

typedef Vec(BranchHint) Hints;

static const CustomSection *find_section(const Module *m) {
  static const char name[] = "metadata.code.branch_hint";
  for (u32 i = 0; i < m->custom_count; i++) {
    const CustomSection *s = &m->customs[i];
    if (s->name.len == sizeof name - 1 && !memcmp(s->name.bytes, name, sizeof name - 1)) return s;
  }
  return NULL;
}

/* False: malformed, not ascending, or no memory. */
static bool read_hint(Reader *r, const FuncDecl *func, Hints *hints) {
  u32 at = wm_reader_u32(r), size = wm_reader_u32(r);
  u8 says = wm_reader_byte(r);
  if (!reader_ok(r) || size != 1 || says > 1 || at >= func->code_bytes) return false;
  u32 offset = func->code_offset + at;
  if (hints->len && vec_last(hints)->offset >= offset) return false;
  BranchHint *hint = vec_push(hints);
  if (hint) *hint = (BranchHint){offset, says};
  return hint != NULL;
}

static bool read_function(Reader *r, const Module *m, Hints *hints) {
  u32 index = wm_reader_u32(r), count = wm_reader_u32(r);
  if (!reader_ok(r) || index < m->func_import_count || index >= m->func_count) return false;
  for (u32 i = 0; i < count; i++)
    if (!read_hint(r, &m->funcs[index], hints)) return false;
  return true;
}

void wm_hints_read(LoadedModule *lm) {
  const Module *m = &lm->module;
  const CustomSection *section = find_section(m);
  if (!section) return;
  Error err = {.code = ERR_NONE};
  Reader r = wm_reader_at(m, section->data_offset, section->size_bytes, &err);
  Hints hints = {0};
  u32 count = wm_reader_u32(&r);
  for (u32 i = 0; i < count && read_function(&r, m, &hints); i++) {
  }
  lm->hints = hints.data;
  lm->hint_count = hints.len;
}

Likely wm_hints_find(const LoadedModule *lm, u32 offset) {
  u32 low = 0, high = lm->hint_count;
  while (low < high) {
    u32 middle = low + (high - low) / 2;
    if (lm->hints[middle].offset < offset)
      low = middle + 1;
    else
      high = middle;
  }
  if (low == lm->hint_count || lm->hints[low].offset != offset) return LIKELY_UNKNOWN;
  return lm->hints[low].says ? LIKELY_NOT_ZERO : LIKELY_ZERO;
}
