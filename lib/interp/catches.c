/* Catch tables under translation, and their way into code memory (runtime/catch.h). */
#include "interp/translator.h"

u32 wm_catch_add(Translator *t, CatchClause clause) {
  CatchClause *added = vec_push(&t->catches);
  if (!added) {
    t->failed = true;
    return NONE;
  }
  *added = clause;
  return t->catches.len - 1;
}

void wm_catch_set_chain(Translator *t, u32 chain) {
  if (chain == t->chain) return;
  t->chain = chain;
  end_region(t);
  CatchRegion *last = t->regions.len ? vec_last(&t->regions) : NULL;
  CatchRegion *region = last && last->word == t->code.len ? last : vec_push(&t->regions);
  if (region)
    *region = (CatchRegion){t->code.len, chain};
  else
    t->failed = true;
}

bool wm_catch_publish(Translator *t, u32 prologue) {
  if (!t->regions.len) return true;
  u32 regions = t->regions.len, clauses = t->catches.len;
  size_t size = sizeof(CatchTable) + regions * sizeof(CatchRegion) + clauses * sizeof(CatchClause);
  CatchTable *table = wm_code_alloc(t->loaded, (size + CELL_WORD - 1) / CELL_WORD * CELL_WORD);
  if (!table) return false;
  CatchRegion *region = (CatchRegion *)(void *)(table + 1);
  CatchClause *clause = (CatchClause *)(void *)(region + regions);
  *table = (CatchTable){region, clause, regions, clauses};
  for (u32 i = 0; i < regions; i++) {
    region[i] = t->regions.data[i];
    region[i].word += prologue;
  }
  for (u32 i = 0; i < clauses; i++) {
    clause[i] = t->catches.data[i];
    if (clause[i].word != NONE) clause[i].word = t->labels.data[clause[i].word] + prologue;
  }
  t->func->catches = table;
  return true;
}
