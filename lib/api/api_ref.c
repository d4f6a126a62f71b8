/* Handles: making, deleting, comparing, casting, host info. What a handle is, is drawn in handle.h.
 *
 * Deleting is careful with two things. A finalizer may run, and call anything: handles are looked
 * at before, not after. And the store may be gone: then `object` dangles, and only the shell's
 * count is let go. */
#include "api/handle.h"

#include <stdlib.h>

/* The shell of traps without a store. Never written: only `store` is read. */
static const wasm_store_t no_store;

/* What is left to say when not even a handle can be had. Never written nor freed. */
static const Handle out_of_memory_trap = {.kind = OBJ_TRAP, .home = (wasm_store_t *)&no_store};

void wm_home_hold(wasm_store_t *home) {
  if (home != &no_store) home->references++;
}

void wm_home_release(wasm_store_t *home) {
  if (home != &no_store && --home->references == 0) free(home);
}

/* Without an object; the shell is counted. NULL: out of memory, no error set. */
static Handle *handle_alloc(wasm_store_t *home) {
  Handle *h = malloc(sizeof *h);
  if (!h) return NULL;
  *h = (Handle){.home = home};
  wm_home_hold(home);
  return h;
}

/* What calls want to know of a function's type is looked up now, as calls are many. */
static void handle_point(Handle *h, Object *object) {
  h->kind = object->kind;
  h->object = object;
  if (object->kind != OBJ_FUNC) return;
  h->type = wm_types_get(h->home->store->types, ((Func *)object)->type_id);
  h->looks_at_params = wm_slots_want_look(h->type->params, h->type->param_count);
}

/* From here on the object is a root. */
static Handle *handle_bind(Handle *h, Object *object) {
  handle_point(h, object);
  object_hold(object);
  return h;
}

void wm_handle_lend(wasm_store_t *home, Object *object, Handle *out) {
  *out = (Handle){.home = home};
  handle_point(out, object);
}

Handle *wm_api_begin(wasm_store_t *home, Error *err) {
  if (!wm_api_store(home, err)) return NULL;
  Handle *h = handle_alloc(home);
  if (!h) wm_error_out_of_memory(err);
  return h;
}

Handle *wm_api_finish(Handle *h, Object *object, Error *err) {
  if (!h || !object) {
    wm_handle_free(h);
    wm_error_out_of_memory(err); /* unless another error is set */
    wm_api_report(err, NULL);
    return NULL;
  }
  handle_bind(h, object);
  wm_store_safepoint(h->home->store);
  return h;
}

Handle *wm_handle_new(wasm_store_t *home, Object *object) {
  Handle *h = handle_alloc(home);
  if (!h) return wm_api_out_of_memory(), NULL;
  return handle_bind(h, object);
}

Handle *wm_handle_of_ref(wasm_store_t *home, Ref ref) {
  if (!ref_is_i31(ref) && !ref_heap_object(ref)) return wm_handle_new(home, ref_object(ref));
  HeapRef *object = wm_heap_ref_new(home->store, ref);
  return object ? wm_handle_new(home, &object->head) : (wm_api_out_of_memory(), NULL);
}

/* Lone traps may be copied and deleted by different threads, objects only by their store's. */
static void hold(const Handle *h) {
  if (!h->object)
    atomic_fetch_add_explicit(&h->lone->handles, 1, memory_order_relaxed);
  else if (h->home->store)
    object_hold(h->object);
}

/* A trap that is handed on must not become none. */
static Handle *no_copy(const Handle *h) {
  wm_api_out_of_memory();
  return h->kind == OBJ_TRAP ? wm_handle_out_of_memory() : NULL;
}

Handle *wm_handle_copy(const Handle *h) {
  if (!h || h == &out_of_memory_trap) return (Handle *)(uintptr_t)h;
  Handle *copy = handle_alloc(h->home);
  if (!copy) return no_copy(h);
  *copy = *h;
  /* Owned by the original; the copy makes its own when it is asked. */
  if (h->kind == OBJ_MODULE) copy->name = NULL;
  hold(h);
  return copy;
}

/* ---- traps without store ---- */

/* NULL: out of memory. The message may have zeros within. */
static LoneTrap *lone_new(TrapCode code, int exit_status, const char *message, size_t len) {
  LoneTrap *lone = len < SIZE_MAX - sizeof *lone ? malloc(sizeof *lone + len + 1) : NULL;
  if (!lone) return NULL;
  *lone = (LoneTrap){.handles = 1, .code = code, .exit_status = exit_status, .message_len = len};
  if (len) memcpy(lone->message, message, len);
  lone->message[len] = 0;
  return lone;
}

static void lone_release(LoneTrap *lone) {
  if (atomic_fetch_sub_explicit(&lone->handles, 1, memory_order_acq_rel) != 1) return;
  if (lone->info.finalizer) lone->info.finalizer(lone->info.info);
  free(lone);
}

Handle *wm_handle_lone_trap(TrapCode code, int exit_status, const char *message, size_t len) {
  LoneTrap *lone = lone_new(code, exit_status, message, len);
  Handle *h = lone ? handle_alloc((wasm_store_t *)(uintptr_t)&no_store) : NULL;
  if (!h) {
    free(lone);
    return wm_api_out_of_memory(), wm_handle_out_of_memory();
  }
  h->kind = OBJ_TRAP;
  h->lone = lone;
  return h;
}

Handle *wm_handle_out_of_memory(void) { return (Handle *)(uintptr_t)&out_of_memory_trap; }

void wm_handle_free(Handle *h) {
  if (!h || h == &out_of_memory_trap) return;
  /* After the store's end its objects are gone, and with them what was counted. */
  if (h->object && h->home->store) object_let_go(h->object);
  if (h->kind == OBJ_TRAP && !h->object && h->lone) lone_release(h->lone);
  if (h->kind == OBJ_MODULE) free(h->name);
  wm_home_release(h->home);
  free(h);
}

void wm_handle_delete(Handle *h) {
  if (!h) return;
  wasm_store_t *home = h->home;
  /* Only then can anything have become garbage. Functions and memories of an instance live and die
   * with it, so it is its count that tells (object_owner). */
  bool last = h->object && home->store && object_owner(h->object)->handles == 1;
  wm_handle_free(h);
  /* The shell is still there: its owner's count goes only after the store. */
  if (last) wm_store_safepoint(home->store);
}

/* ---- what all share ---- */

/* Two handles are the same when their object is: identity, not the handles' addresses. */
static bool same(const Handle *a, const Handle *b) {
  if (!a || !b) return a == b;
  if (a->home != b->home) return false;
  if (!a->object || !b->object) return a->object == b->object && a->lone == b->lone;
  return a->object == b->object || (handle_store(a) && handle_ref(a) == handle_ref(b));
}

static bool is_lone(const Handle *h) { return h && !h->object && h->lone; }

static void *get_info(const Handle *h) {
  if (is_lone(h)) return h->lone->info.info;
  Store *store = handle_store(h);
  return store ? wm_store_get_info(store, h->object) : NULL;
}

/* The old finalizer runs after the new info stands, as it may ask for it. */
static void set_lone_info(LoneTrap *lone, HostInfo info) {
  HostInfo old = lone->info;
  lone->info = info;
  if (old.finalizer && old.info != info.info) old.finalizer(old.info);
}

static void set_info(Handle *h, void *info, void (*finalizer)(void *)) {
  Error err = {0};
  if (is_lone(h)) {
    set_lone_info(h->lone, (HostInfo){info, finalizer});
    return;
  }
  Store *store = wm_api_handle_store(h, &err);
  if (!store)
    wm_api_report(&err, NULL);
  else if (!wm_store_set_info(store, h->object, info, finalizer))
    wm_api_out_of_memory();
}

/* The functions that wasm.h has of every reference type (WASM_DECLARE_REF_BASE there). */
#define DEFINE_REF_BASE(name)                                                                      \
  void wasm_##name##_delete(wasm_##name##_t *ref) { wm_handle_delete(handle_of(ref)); }            \
  bool wasm_##name##_same(const wasm_##name##_t *a, const wasm_##name##_t *b) {                    \
    return same(handle_of(a), handle_of(b));                                                       \
  }                                                                                                \
  wasm_##name##_t *wasm_##name##_copy(const wasm_##name##_t *ref) {                                \
    return (wasm_##name##_t *)wm_handle_copy(handle_of(ref));                                      \
  }                                                                                                \
  void *wasm_##name##_get_host_info(const wasm_##name##_t *ref) {                                  \
    return get_info(handle_of(ref));                                                               \
  }                                                                                                \
  void wasm_##name##_set_host_info(wasm_##name##_t *ref, void *info) {                             \
    set_info(handle_of(ref), info, NULL);                                                          \
  }                                                                                                \
  void wasm_##name##_set_host_info_with_finalizer(wasm_##name##_t *ref, void *info,                \
                                                  void (*finalizer)(void *)) {                     \
    set_info(handle_of(ref), info, finalizer);                                                     \
  }

/* `is` tells whether a handle's kind is that of `name`. */
#define DEFINE_REF(name, is)                                                                       \
  DEFINE_REF_BASE(name)                                                                            \
  wasm_ref_t *wasm_##name##_as_ref(wasm_##name##_t *ref) { return handle_of(ref); }                \
  const wasm_ref_t *wasm_##name##_as_ref_const(const wasm_##name##_t *ref) {                       \
    return handle_of(ref);                                                                         \
  }                                                                                                \
  wasm_##name##_t *wasm_ref_as_##name(wasm_ref_t *ref) {                                           \
    return ref && is(ref->kind) ? (wasm_##name##_t *)ref : NULL;                                   \
  }                                                                                                \
  const wasm_##name##_t *wasm_ref_as_##name##_const(const wasm_ref_t *ref) {                       \
    return ref && is(ref->kind) ? (const wasm_##name##_t *)ref : NULL;                             \
  }

static bool is_trap(u8 kind) { return kind == OBJ_TRAP; }
static bool is_foreign(u8 kind) { return kind == OBJ_FOREIGN; }
static bool is_module(u8 kind) { return kind == OBJ_MODULE; }
static bool is_instance(u8 kind) { return kind == OBJ_INSTANCE; }
static bool is_func(u8 kind) { return kind == OBJ_FUNC; }
static bool is_global(u8 kind) { return kind == OBJ_GLOBAL; }
static bool is_table(u8 kind) { return kind == OBJ_TABLE; }
static bool is_memory(u8 kind) { return kind == OBJ_MEMORY; }
static bool is_tag(u8 kind) { return kind == OBJ_TAG; }
static bool is_extern(u8 kind) {
  return is_func(kind) || is_global(kind) || is_table(kind) || is_memory(kind) || is_tag(kind);
}

DEFINE_REF_BASE(ref)
DEFINE_REF(trap, is_trap)
DEFINE_REF(foreign, is_foreign)
DEFINE_REF(module, is_module)
DEFINE_REF(instance, is_instance)
DEFINE_REF(func, is_func)
DEFINE_REF(global, is_global)
DEFINE_REF(table, is_table)
DEFINE_REF(memory, is_memory)
DEFINE_REF(tag, is_tag)
DEFINE_REF(extern, is_extern)

/* ---- foreign ---- */

wasm_foreign_t *wasm_foreign_new(wasm_store_t *home) {
  Error err = {0};
  Handle *h = wm_api_begin(home, &err);
  Foreign *foreign = h ? wm_foreign_new(home->store, &err) : NULL;
  return (wasm_foreign_t *)wm_api_finish(h, (Object *)foreign, &err);
}
