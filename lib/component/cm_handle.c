/* Handles of resources: one table an instance, indices from 1, the last freed is the next taken. */
#include "component/cm_call.h"

enum { MAX_HANDLES = (1 << 28) - 1 };

void wm_handles_free(HandleTable *table) { vec_free(&table->list); }

static wasm_trap_t *add(Inst *inst, const Handle *handle, u32 *index) {
  HandleTable *table = &inst->handles;
  if (table->free) {
    *index = table->free;
    table->free = table->list.data[*index].rep;
    table->list.data[*index] = *handle;
    return NULL;
  }
  if (table->list.len == 0 && !vec_reserve(&table->list, 2)) return wm_trap_text("out of memory");
  if (table->list.len == 0) table->list.len = 1;
  Handle *slot = table->list.len <= MAX_HANDLES ? vec_push(&table->list) : NULL;
  if (!slot) return wm_trap_text("resource table has no free keys");
  *slot = *handle;
  *index = table->list.len - 1;
  return NULL;
}

static void free_handle(Inst *inst, u32 index) {
  inst->handles.list.data[index] = (Handle){.rep = inst->handles.free};
  inst->handles.free = index;
}

static const char *definer(const LiveResource *resource) {
  return resource->owner ? "guest-defined" : "host-defined";
}

static Handle *get(Inst *inst, u32 index, const LiveResource *resource, wasm_trap_t **trap) {
  const HandleTable *table = &inst->handles;
  Handle *handle = index > 0 && index < table->list.len ? &table->list.data[index] : NULL;
  if (!handle || !handle->resource) {
    *trap = wm_trap_text("unknown handle index %u", index);
    return NULL;
  }
  if (handle->resource == resource) return handle;
  *trap = wm_trap_text("handle index %u used with the wrong type, expected %s resource but found a "
                       "different %s resource",
                       index, definer(resource), definer(handle->resource));
  return NULL;
}

/* ---- built-ins ---- */

wasm_trap_t *wm_resource_new(Inst *inst, LiveResource *resource, u32 rep, u32 *index) {
  Handle handle = {.resource = resource, .rep = rep};
  return add(inst, &handle, index);
}

wasm_trap_t *wm_resource_rep(Inst *inst, LiveResource *resource, u32 index, u32 *rep) {
  wasm_trap_t *trap = NULL;
  const Handle *handle = get(inst, index, resource, &trap);
  if (handle) *rep = handle->rep;
  return trap;
}

static wasm_trap_t *call_destructor(const Inst *caller, const LiveResource *resource, u32 rep) {
  Slot slot = {.u64 = rep};
  if (!resource->dtor) return NULL;
  if (resource->owner == caller) return wm_core_call(resource->dtor, &slot);
  if (!wm_inst_enter(resource->owner, caller))
    return wm_trap_text("cannot enter component instance");
  wasm_trap_t *trap = wm_core_call(resource->dtor, &slot);
  if (!trap) wm_inst_leave(resource->owner, caller);
  return trap;
}

wasm_trap_t *wm_resource_destroy(const Inst *caller, LiveResource *resource, u32 rep) {
  if (resource->owner) return call_destructor(caller, resource, rep);
  return resource->host_dtor ? resource->host_dtor(resource->host_env, rep) : NULL;
}

/* A guest's own cannot be run any more. */
void wm_handles_drop_all(const Inst *inst) {
  for (u32 i = inst->handles.list.len; i-- > 1;) {
    const Handle *handle = &inst->handles.list.data[i];
    if (!handle->resource || handle->scope || handle->resource->owner) continue;
    wasm_trap_delete(wm_resource_destroy(NULL, handle->resource, handle->rep));
  }
}

wasm_trap_t *wm_resource_drop(Inst *inst, LiveResource *resource, u32 index) {
  wasm_trap_t *trap = NULL;
  const Handle *handle = get(inst, index, resource, &trap);
  if (!handle) return trap;
  if (handle->lends) return wm_trap_text("cannot remove owned resource while borrowed");
  Handle was = *handle;
  free_handle(inst, index);
  if (!was.scope) return wm_resource_destroy(inst, resource, was.rep);
  --*was.scope;
  return NULL;
}

/* ---- in calls ---- */

static bool note_taken(Call *call, const Handle *handle) {
  wasmcm_handle_t *slot = vec_push(&call->taken);
  if (!slot) return wm_call_fail(call, "out of memory");
  *slot = (wasmcm_handle_t){handle->resource, handle->rep};
  return true;
}

static bool take(const Side *side, const Handle *handle, u32 index) {
  if (handle->scope) return wm_call_fail(side->call, "cannot lift own resource from a borrow");
  if (handle->lends) return wm_call_fail(side->call, "cannot remove owned resource while borrowed");
  if (!handle->resource->owner && !note_taken(side->call, handle)) return false;
  free_handle(side->inst, index);
  return true;
}

static bool lend(const Side *side, Handle *handle, u32 index) {
  Lend *slot = vec_push(&side->call->lends);
  if (!slot) return wm_call_fail(side->call, "out of memory");
  *slot = (Lend){side->inst, index};
  handle->lends++;
  return true;
}

bool wm_handle_lift(const Side *side, const Type *type, u32 index, wasmcm_handle_t *to) {
  LiveResource *resource = live_resource(side->inst, type);
  Handle *handle = get(side->inst, index, resource, &side->call->trap);
  if (!handle) return false;
  *to = (wasmcm_handle_t){resource, handle->rep};
  return type->kind == TYPE_OWN ? take(side, handle, index) : lend(side, handle, index);
}

/* They come in the order in which they were taken, but for those that the host gives. */
static void arrive(Call *call, const wasmcm_handle_t *handle) {
  if (call->arrived == call->taken.len) return;
  const wasmcm_handle_t *next = &call->taken.data[call->arrived];
  if (next->resource == handle->resource && next->rep == handle->rep) call->arrived++;
}

bool wm_handle_lower(const Side *side, const Type *type, const wasmcm_handle_t *from, u32 *index) {
  LiveResource *resource = live_resource(side->inst, type);
  Handle handle = {.resource = resource, .rep = from->rep};
  if (type->kind == TYPE_BORROW) {
    if (resource->owner == side->inst) { /* who defines it sees what it means */
      *index = from->rep;
      return true;
    }
    handle.scope = &side->call->borrows;
    side->call->borrows++;
  }
  side->call->trap = add(side->inst, &handle, index);
  if (side->call->trap) return false;
  if (type->kind == TYPE_OWN) arrive(side->call, from);
  return true;
}

void wm_taken_drop(Call *call) {
  for (u32 i = call->arrived; i < call->taken.len; i++) {
    const wasmcm_handle_t *one = &call->taken.data[i];
    wasm_trap_delete(wm_resource_destroy(NULL, one->resource, one->rep));
  }
  vec_free(&call->taken);
}

void wm_lends_return(Call *call) {
  for (u32 i = 0; i < call->lends.len; i++) {
    const Lend *one = &call->lends.data[i];
    one->inst->handles.list.data[one->index].lends--;
  }
  vec_free(&call->lends);
}
