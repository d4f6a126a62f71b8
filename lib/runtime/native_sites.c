/* From a machine address to its place in wasm (native.h). A body's sites are ascending by pc; where
 * a call ends and an access begins at the same address there are two, the call's first:
 *
 *   ... | call at pc - n, returns to pc | access at pc | ... */
#include "runtime/native.h"

/* How many sites are at or below `at`. */
static u32 sites_until(const NativeBody *body, u32 at) {
  u32 low = 0, high = body->site_count;
  while (low < high) {
    u32 middle = low + (high - low) / 2;
    if (body->sites[middle].pc <= at)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

const NativeSite *wm_native_access(const NativeBody *body, const void *pc) {
  u32 at = (u32)((const u8 *)pc - body->start), i = sites_until(body, at);
  if (i == 0) return NULL;
  const NativeSite *site = &body->sites[i - 1]; /* behind a call's that ends here */
  return site->pc == at && site->is_access ? site : NULL;
}

const NativeSite *wm_native_site(const NativeBody *body, const void *pc) {
  u32 at = (u32)((const u8 *)pc - body->start), i = sites_until(body, at);
  if (i == 0 || body->sites[i - 1].pc != at) return wm_native_access(body, (const u8 *)pc - 1);
  while (i > 1 && body->sites[i - 2].pc == at) i--;
  return &body->sites[i - 1];
}

FuncCode *wm_native_code_at(LoadedModule *lm, u32 wasm_offset) {
  const Module *m = &lm->module;
  u32 low = m->func_import_count, high = m->func_count;
  while (high - low > 1) {
    u32 middle = low + (high - low) / 2;
    if (m->funcs[middle].code_offset <= wasm_offset)
      low = middle;
    else
      high = middle;
  }
  return loaded_code(lm, low);
}

const NativeCatch *wm_native_catch(const NativeBody *body, const void *pc) {
  u32 at = (u32)((const u8 *)pc - body->start), low = 0, high = body->catch_count;
  while (low < high) {
    u32 middle = low + (high - low) / 2;
    if (body->catches[middle].pc < at)
      low = middle + 1;
    else
      high = middle;
  }
  return low < body->catch_count && body->catches[low].pc == at ? &body->catches[low] : NULL;
}

u64 wm_native_tables_bytes(const NativeBody *body) {
  u64 bytes =
      (u64)body->site_count * sizeof(NativeSite) + (u64)body->inline_count * sizeof(InlineSite) +
      (u64)body->catch_count * sizeof(NativeCatch) + (u64)body->clause_count * sizeof(NativeClause);
  return (bytes + 7) / 8 * 8;
}

void wm_native_set_tables(NativeBody *body, const void *tables) {
  if (!tables) return;
  body->sites = tables;
  body->inline_sites = (const InlineSite *)(const void *)(body->sites + body->site_count);
  body->catches = (const NativeCatch *)(const void *)(body->inline_sites + body->inline_count);
  body->clauses = (const NativeClause *)(const void *)(body->catches + body->catch_count);
}
