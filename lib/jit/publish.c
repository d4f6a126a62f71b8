/* From a finished compilation to code that runs: drafts, and their publication (jit.h). */
#include "jit/jit.h"

#include <stdlib.h>

/* A function that is compiled, but not yet anywhere: one allocation with its calls and code behind
 * it. */
struct JitDraft {
  JitDraft *next;
  NativeBody *body; /* owned */
  u32 call_count;
  const CallFixup *calls; /* in this allocation */
  const u8 *code;
};

static u8 *copy_table(u8 *to, const void *from, size_t size) {
  if (size) memcpy(to, from, size);
  return to + size;
}

/* The body with its tables, not yet anywhere. */
static NativeBody *make_body(const Compile *c, OsrEntry *osr) {
  u32 clauses = c->catches.len ? c->clauses.len : 0;
  NativeBody counts = {.site_count = c->code_sites.len,
                       .inline_count = c->inline_sites.len,
                       .catch_count = c->catches.len,
                       .clause_count = clauses};
  NativeBody *body = calloc(1, sizeof *body + wm_native_tables_bytes(&counts));
  if (!body) return NULL;
  *body = (NativeBody){.size_bytes = c->code.len,
                       .frame_bytes = c->frame_bytes,
                       .func_index = c->func_index,
                       .saved_regs = c->saved_regs,
                       .is_plain =
                           !c->has_calls && !c->has_tail_calls && !(c->used_regs >> FIRST_FLOAT),
                       .osr_offset = c->osr_offset,
                       .site_count = counts.site_count,
                       .inline_count = counts.inline_count,
                       .catch_count = counts.catch_count,
                       .clause_count = clauses,
                       .osr = osr};
  u8 *tables = (u8 *)(body + 1);
  tables = copy_table(tables, c->code_sites.data, c->code_sites.len * sizeof(NativeSite));
  tables = copy_table(tables, c->inline_sites.data, c->inline_sites.len * sizeof(InlineSite));
  tables = copy_table(tables, c->catches.data, c->catches.len * sizeof(NativeCatch));
  copy_table(tables, c->clauses.data, clauses * sizeof(NativeClause));
  wm_native_set_tables(body, body + 1);
  return body;
}

JitDraft *wm_jit_take(const Compile *c, OsrEntry *osr) {
  size_t calls = c->calls.len * sizeof(CallFixup);
  JitDraft *draft = malloc(sizeof *draft + calls + c->code.len);
  NativeBody *body = draft ? make_body(c, osr) : NULL;
  if (!body) {
    free(draft);
    return NULL;
  }
  u8 *rest = (u8 *)(draft + 1);
  if (calls) memcpy(rest, c->calls.data, calls);
  memcpy(rest + calls, c->code.data, c->code.len);
  *draft = (JitDraft){.body = body, .call_count = c->calls.len};
  draft->calls = (const CallFixup *)(const void *)rest;
  draft->code = rest + calls;
  return draft;
}

u32 wm_jit_draft_bytes(const JitDraft *draft) { return draft->body->size_bytes; }

void wm_jit_drafts_free(JitDraft *list) {
  for (JitDraft *next; list; list = next) {
    next = list->next;
    free(list->body);
    free(list);
  }
}

static u64 padded(const JitDraft *draft) {
  u64 size = draft->body->size_bytes, alignment = wm_jit_machine.code_alignment;
  return (size + alignment - 1) / alignment * alignment;
}

/* Copies the code to `to` and lets its calls find their slots. */
static void place(const LoadedModule *lm, const JitDraft *draft, u8 *to) {
  memcpy(to, draft->code, draft->body->size_bytes);
  wm_jit_machine.fill(to + draft->body->size_bytes, padded(draft) - draft->body->size_bytes);
  for (u32 i = 0; i < draft->call_count; i++) {
    const CallFixup *call = &draft->calls[i];
    u32 index = call->func_index - lm->module.func_import_count;
    const u8 *slot = lm->region.base + (u64)index * sizeof(void *);
    wm_jit_machine.link_call(to + call->at, slot);
  }
  draft->body->start = to;
}

static bool place_all(LoadedModule *lm, const JitDraft *list) {
  u64 size = 0;
  for (const JitDraft *d = list; d; d = d->next) size += padded(d);
  u8 *start = wm_native_open(lm, size), *to = start;
  if (!start) return false;
  for (const JitDraft *d = list; d; to += padded(d), d = d->next) place(lm, d, to);
  return wm_native_seal(lm, start, size);
}

bool wm_jit_publish_drafts(LoadedModule *lm, JitDraft *list) {
  wm_mutex_lock(&lm->lock);
  bool done = place_all(lm, list);
  for (JitDraft *d = list; d && done; d = d->next) {
    done = wm_native_publish(lm, d->body);
    if (done) d->body = NULL; /* the module's */
  }
  wm_mutex_unlock(&lm->lock);
  wm_jit_drafts_free(list);
  return done;
}

void wm_jit_draft_link(JitDraft **list, JitDraft *draft) {
  draft->next = *list;
  *list = draft;
}
