/* Branch hints (branch_hints.h). */
#include "binary/branch_hints.h"

u32 wm_branch_hints_section(const Module *m, u32 *count) {
  static const char name[] = BRANCH_HINT_SECTION;
  u32 first = NO_INDEX;
  *count = 0;
  for (u32 i = m->custom_count; i-- > 0;) {
    const CustomSection *s = &m->customs[i];
    if (s->name.len != sizeof name - 1 || memcmp(s->name.bytes, name, sizeof name - 1) != 0)
      continue;
    first = i;
    ++*count;
  }
  return first;
}

static bool malformed(Reader *r) {
  return wm_reader_fail(r, reader_offset(r), "malformed branch hint");
}

static bool read_hint(Reader *r, const FuncDecl *func, BranchHints *hints) {
  u32 at = wm_reader_u32(r), size = wm_reader_u32(r);
  u8 says = wm_reader_byte(r);
  u32 offset = func->code_offset + at;
  bool ascends = !hints->len || vec_last(hints)->offset < offset;
  if (!reader_ok(r) || size != 1 || says > 1 || at >= func->code_bytes || !ascends)
    return malformed(r);
  BranchHint *hint = vec_push(hints);
  if (!hint) return wm_reader_out_of_memory(r);
  *hint = (BranchHint){offset, says};
  return true;
}

static bool read_function(Reader *r, const Module *m, BranchHints *hints) {
  u32 index = wm_reader_u32(r), count = wm_reader_u32(r);
  if (!reader_ok(r) || index < m->func_import_count || index >= m->func_count) return malformed(r);
  for (u32 i = 0; i < count; i++)
    if (!read_hint(r, &m->funcs[index], hints)) return false;
  return true;
}

bool wm_branch_hints_read(const Module *m, u32 section, BranchHints *hints, Error *err) {
  const CustomSection *s = &m->customs[section];
  Reader r = wm_reader_at(m, s->data_offset, s->size_bytes, err);
  u32 count = wm_reader_u32(&r);
  for (u32 i = 0; i < count; i++)
    if (!read_function(&r, m, hints)) return false;
  return reader_ok(&r) && (r.pos == r.end || malformed(&r));
}

const BranchHint *wm_branch_hints_find(const BranchHint *hints, u32 count, u32 offset) {
  u32 low = 0, high = count;
  while (low < high) {
    u32 middle = low + (high - low) / 2;
    if (hints[middle].offset < offset)
      low = middle + 1;
    else
      high = middle;
  }
  return low < count && hints[low].offset == offset ? &hints[low] : NULL;
}
