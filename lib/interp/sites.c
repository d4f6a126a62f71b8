/* Calls whose callees are noted (runtime/profile.h), under translation and into code memory. */
#include "interp/translator.h"
#include "runtime/profile.h"

void wm_sites_add(Translator *t, Cell *cell, u32 noted) {
  u32 *offset = vec_push(&t->sites);
  if (!offset) {
    t->failed = true;
    return;
  }
  *offset = t->in.offset;
  cell->draft.handler = (u16)noted;
  cell->draft.flags |= DRAFT_SITE;
  cell->x[1] = t->sites.len - 1;
}

bool wm_sites_publish(Translator *t) {
  u32 count = t->sites.len;
  if (!count) return true;
  size_t size = sizeof(CallSites) + count * sizeof(CallSite);
  CallSites *all = wm_code_alloc(t->loaded, (size + CELL_WORD - 1) / CELL_WORD * CELL_WORD);
  if (!all) return false;
  all->count = count;
  for (u32 i = 0; i < count; i++) {
    CallSite *site = &all->sites[i];
    site->offset = t->sites.data[i];
    atomic_init(&site->left, SITE_NOTES);
    for (u32 k = 0; k < SITE_CALLEES; k++) atomic_init(&site->callees[k], 0);
  }
  atomic_store_explicit(&t->func->sites, all, memory_order_release);
  return true;
}
