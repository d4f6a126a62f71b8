/* Branch hints (hints.h). */
#include "jit/hints.h"

void wm_hints_read(LoadedModule *lm) {
  u32 count, section = wm_branch_hints_section(&lm->module, &count);
  if (section == NO_INDEX) return;
  BranchHints hints = {0};
  Error ignored = {0};
  wm_branch_hints_read(&lm->module, section, &hints, &ignored);
  lm->hints = hints.data;
  lm->hint_count = hints.len;
}

Likely wm_hints_find(const LoadedModule *lm, u32 offset) {
  const BranchHint *hint = wm_branch_hints_find(lm->hints, lm->hint_count, offset);
  if (!hint) return LIKELY_UNKNOWN;
  return hint->says ? LIKELY_NOT_ZERO : LIKELY_ZERO;
}
