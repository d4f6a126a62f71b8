/* What calls through tables and references called (profile.h). */
#include "runtime/profile.h"

static u32 read_word(const _Atomic u32 *word) {
  return atomic_load_explicit((_Atomic u32 *)(uintptr_t)word, memory_order_relaxed);
}

static void write_word(_Atomic u32 *word, u32 value) {
  atomic_store_explicit(word, value, memory_order_relaxed);
}

/* ---- noting ---- */

static u32 count_of(u32 word) { return word & CALLEE_MAX_COUNT; }

/* A callee for which there is no room takes that of the rarest one, and begins at 1: those that
 * come often stay, and where there are many, all counts stay far below the total. */
static void count_callee(CallSite *site, u32 number) {
  u32 rarest = 0, least = UINT32_MAX;
  for (u32 i = 0; i < SITE_CALLEES; i++) {
    u32 word = read_word(&site->callees[i]), count = count_of(word);
    if (word && word >> CALLEE_COUNT_BITS == number) {
      if (count < CALLEE_MAX_COUNT) write_word(&site->callees[i], word + 1);
      return;
    }
    if (count >= least) continue;
    rarest = i;
    least = count;
  }
  write_word(&site->callees[rarest], number << CALLEE_COUNT_BITS | 1);
}

bool wm_site_note(CallSite *site, const Func *callee, const Instance *in) {
  u32 left = read_word(&site->left);
  if (!left) return false;
  write_word(&site->left, left - 1);
  if (callee->instance != in) return true;
  u32 number = callee->index - in->module->module.func_import_count;
  if (number < 1u << (32 - CALLEE_COUNT_BITS)) count_callee(site, number);
  return true;
}

/* ---- looking ---- */

static const CallSite *find_site(const LoadedModule *lm, u32 func_index, u32 offset) {
  FuncCode *code = &lm->codes[func_index - lm->module.func_import_count];
  const CallSites *all = atomic_load_explicit(&code->sites, memory_order_acquire);
  u32 low = 0, high = all ? all->count : 0;
  while (low < high) {
    u32 middle = (low + high) / 2;
    if (all->sites[middle].offset < offset)
      low = middle + 1;
    else
      high = middle;
  }
  return all && low < all->count && all->sites[low].offset == offset ? &all->sites[low] : NULL;
}

static void insert(SeenCallees *seen, SeenCallee callee) {
  u32 at = seen->count++;
  for (; at > 0 && seen->callees[at - 1].count < callee.count; at--)
    seen->callees[at] = seen->callees[at - 1];
  seen->callees[at] = callee;
}

SeenCallees wm_site_look(const LoadedModule *lm, u32 func_index, u32 offset) {
  SeenCallees seen = {0};
  const CallSite *site = find_site(lm, func_index, offset);
  if (!site) return seen;
  u32 sum = 0;
  for (u32 i = 0; i < SITE_CALLEES; i++) {
    u32 word = read_word(&site->callees[i]), number = word >> CALLEE_COUNT_BITS;
    sum += count_of(word);
    if (word) insert(&seen, (SeenCallee){number + lm->module.func_import_count, count_of(word)});
  }
  seen.total = max_u32(sum, SITE_NOTES - read_word(&site->left)); /* threads lose counts */
  return seen;
}
