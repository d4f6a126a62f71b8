/* Throwing (exception.h). */
#include "runtime/exception.h"

#include "runtime/activation.h"
#include "runtime/collect.h"
#include "runtime/native.h"

Exception *wm_exception_new(Store *store, Tag *tag, const u64 *args) {
  u32 slots = wm_types_get(store->types, tag->type_id)->param_slots;
  size_t bytes = slots * sizeof(u64);
  Exception *exception = wm_object_new(store, OBJ_EXCEPTION, sizeof *exception + bytes, 0);
  if (!exception) return NULL;
  exception->tag = tag;
  exception->slot_count = slots;
  if (args && slots) memcpy(exception->args, args, bytes);
  return exception;
}

/* ---- clauses ---- */

static bool catches(const Instance *in, u32 tag, const Exception *exception) {
  return tag == NO_INDEX || (tag != NO_TAG && in->tags[tag] == exception->tag);
}

/* The region that holds the word; NULL: before the first. */
static const CatchRegion *region_of(const CatchTable *table, u32 word) {
  u32 low = 0, high = table->region_count;
  while (low < high) {
    u32 middle = low + (high - low) / 2;
    if (table->regions[middle].word <= word)
      low = middle + 1;
    else
      high = middle;
  }
  return low ? &table->regions[low - 1] : NULL;
}

static const CatchClause *find_clause(const FramePlace *at, const Exception *exception) {
  const CatchTable *table = at->code->catches;
  const u8 *cells = at->code->cells;
  if (!table || at->pc < cells || at->pc >= (const u8 *)at->code->code_end) return NULL;
  const CatchRegion *region = region_of(table, (u32)((size_t)(at->pc - cells) / sizeof(u64)));
  for (u32 i = region ? region->chain : NO_INDEX; i != NO_INDEX; i = table->clauses[i].next)
    if (catches(at->instance, table->clauses[i].tag, exception)) return &table->clauses[i];
  return NULL;
}

/* ---- frames ---- */

/* A deep stack of long chains takes minutes: wasm that must stop does so between two frames, as if
 * nothing caught the exception. */
static bool may_search_on(const Store *store) { return !stop_is_wanted(store->stop); }

/* In the activation's frames of the interpreter. */
static bool find_in_cells(Store *store, Activation *activation, Unwind *out) {
  FrameWalk walk = {.store = store, .activation = activation};
  while (may_search_on(store) && wm_frames_next(&walk) && walk.activation == activation) {
    out->clause = find_clause(&walk.at, out->exception);
    if (!out->clause) continue;
    out->code = walk.at.code;
    out->instance = walk.at.instance;
    out->fp = walk.fp;
    return true;
  }
  return false;
}

/* In those of compiled code. */
static bool find_in_native(const Activation *activation, Unwind *out) {
  const Instance *in = activation->instance;
  const u64 *sp = activation->native_sp;
  while ((const void *)sp < activation->entry_sp && may_search_on(in->store)) {
    const void *pc = (const void *)(uintptr_t)*sp; /* NOLINT: a return address */
    const NativeBody *body = wm_native_find_in(in->module, pc);
    if (!body) return false;
    const NativeCatch *site = wm_native_catch(body, pc);
    for (u32 i = site ? site->chain : NO_INDEX; i != NO_INDEX; i = body->clauses[i].next)
      if (catches(in, body->clauses[i].tag, out->exception)) {
        out->native_sp = sp;
        out->landing = body->start + site->landing;
        return true;
      }
    sp += 1 + body->frame_bytes / sizeof(u64);
  }
  return false;
}

/* The innermost frame of the entry that catches the exception. */
static bool find(Store *store, Unwind *out) {
  const Activation *entry = store->activation->entry;
  for (Activation *a = store->activation; a && a->entry == entry; a = a->outer) {
    out->activation = a;
    if (a->fp ? find_in_cells(store, a, out) : a->native_sp && find_in_native(a, out)) return true;
  }
  return false;
}

/* ---- throwing ---- */

static bool set_out(Store *store, Exception *exception) {
  store->unwind = (Unwind){.exception = exception};
  if (store->activation && find(store, &store->unwind)) return true;
  store->unwind = (Unwind){0};
  return false;
}

/* TRAP_EXCEPTION, or the search ended because wasm must stop; TRAP_NONE: nobody catches it. */
static TrapCode set_out_or_stop(Store *store, Exception *exception) {
  return set_out(store, exception) ? TRAP_EXCEPTION : store_poll_and_raise(store);
}

TrapCode wm_exception_throw(Store *store, Exception *exception) {
  TrapCode sent = set_out_or_stop(store, exception);
  if (sent) return sent;
  wm_trap_raise(store, TRAP_UNCAUGHT_EXCEPTION, NULL, 0);
  if (store->trap->code == TRAP_UNCAUGHT_EXCEPTION) store->trap->exception = exception;
  return store->trap->code;
}

TrapCode wm_exception_throw_new(Store *store, Tag *tag, const u64 *args) {
  Exception *exception = wm_exception_new(store, tag, args);
  if (!exception) return wm_trap_raise(store, TRAP_OUT_OF_MEMORY, NULL, 0);
  return wm_exception_throw(store, exception);
}

Trap *wm_exception_trap(Store *store, Exception *exception) {
  Trap *trap = wm_trap_new_bare(store, TRAP_UNCAUGHT_EXCEPTION);
  if (trap) trap->exception = exception;
  return trap;
}

TrapCode wm_trap_hand_on(Store *store, Trap *trap) {
  TrapCode sent = trap->exception ? set_out_or_stop(store, trap->exception) : TRAP_NONE;
  if (sent) return sent;
  if (trap->exception && !trap->frames) wm_trap_keep_frames(store, trap);
  store->trap = trap;
  return trap->code;
}

/* ---- catching ---- */

Unwind wm_exception_take(Store *store) {
  Unwind unwind = store->unwind;
  store->unwind = (Unwind){0};
  return unwind;
}

void wm_exception_store(const Exception *exception, const CatchClause *clause, u64 *fp) {
  if (clause->tag != NO_INDEX && exception->slot_count)
    memcpy(fp + clause->slot, exception->args, exception->slot_count * sizeof *fp);
  if (clause->exception_slot != NO_SLOT)
    fp[clause->exception_slot] = ref_slot(ref_of_object(exception));
}
