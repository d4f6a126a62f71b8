/* Functions.
 *
 *   wasm calls   slots -> values (lent) -> callback -> values (given) -> slots     checked
 *                slots -> raw array -> callback -> raw array -> slots              unchecked
 *   host calls   the other way round
 *
 * Between numbers and slots nothing is looked up; that is what the unchecked calls of parsers and
 * the like are made of. */
#include "compat/compat.h"

enum { FEW = 8 }; /* values up to this many are kept on the C stack */

/* ---- definitions ---- */

void wm_compat_def_release(HostDef *def) {
  if (!def || atomic_fetch_sub(&def->references, 1) != 1) return;
  if (def->finalizer) def->finalizer(def->env);
  wasm_functype_delete(def->type);
  free(def->shape);
  free(def);
}

HostDef *wm_compat_def_new(const wasm_functype_t *type, HostDef from) {
  HostDef *def = malloc(sizeof *def);
  if (!def) {
    if (from.finalizer) from.finalizer(from.env);
    return NULL;
  }
  *def = from;
  atomic_init(&def->references, 1);
  def->type = wasm_functype_copy(type);
  def->shape = wm_compat_shape_of(def->type);
  if (def->type && def->shape) return def;
  return wm_compat_def_release(def), NULL;
}

/* A definition in a store: what its function has as environment. */
typedef struct HostFunc {
  HostDef *def; /* counted */
  wasmtime_context_t *context;
} HostFunc;

static void host_func_free(void *p) {
  HostFunc *func = p;
  wm_compat_def_release(func->def);
  free(func);
}

static wasm_trap_t *misuse(const char *what) { return wasmtime_trap_new(what, strlen(what)); }

/* ---- wasm calls the host ---- */

/* What a callback with references or v128 needs beside the slots. */
typedef union Val {
  wasmtime_val_t val;
  wasmtime_val_raw_t raw;
} Val;

static bool args_of_slots(const HostFunc *f, const wasmx_slot_t *slots, wasmtime_val_t *args) {
  const Shape *s = f->def->shape;
  bool fine = true;
  for (u32 i = 0, at = 0; i < s->params; at += kind_slots(s->kinds[i++])) {
    wasm_ref_t *ref = wm_compat_hold(f->context, s->kinds[i], &slots[at]);
    fine &= wm_compat_from_slots(f->context, s->kinds[i], &slots[at], ref, &args[i]);
  }
  return fine;
}

static const char *results_to_slots(const HostFunc *f, const wasmtime_val_t *results,
                                    wasmx_slot_t *slots) {
  const Shape *s = f->def->shape;
  const char *wrong = NULL;
  for (u32 i = 0, at = 0; i < s->results && !wrong; i++) {
    wasmtime_valkind_t kind = s->kinds[s->params + i];
    wrong = wm_compat_to_slots(f->context, kind, &results[i], &slots[at]);
    at += kind_slots(kind);
  }
  return wrong;
}

static void unroot_all(wasmtime_context_t *c, wasmtime_val_t *vals, u32 count) {
  for (u32 i = 0; i < count; i++) wasmtime_val_unroot(c, &vals[i]);
}

static wasm_trap_t *call_checked(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  const HostFunc *f = env;
  const Shape *s = f->def->shape;
  wasmtime_val_t few[2 * FEW];
  AUTO_FREE void *many = NULL;
  size_t bytes = ((size_t)s->params + s->results) * sizeof *few;
  wasmtime_val_t *args = few_or_many(few, sizeof few, bytes, &many);
  if (!args || !args_of_slots(f, slots, args)) return misuse("out of memory");
  wasmtime_val_t *results = args + s->params;
  memset(results, 0, s->results * sizeof *results);
  for (u32 i = 0; i < s->results; i++) results[i].kind = s->kinds[s->params + i];
  wasmtime_caller_t from = {f->context, caller};
  wasm_trap_t *trap = f->def->checked(f->def->env, &from, args, s->params, results, s->results);
  const char *wrong = trap ? NULL : results_to_slots(f, results, slots);
  unroot_all(f->context, args, s->params);
  if (!trap) unroot_all(f->context, results, s->results);
  return wrong ? misuse(wrong) : trap;
}

static bool raws_of_slots(const HostFunc *f, const wasmx_slot_t *slots, wasmtime_val_raw_t *raws) {
  const Shape *s = f->def->shape;
  bool fine = true;
  for (u32 i = 0, at = 0; i < s->params; at += kind_slots(s->kinds[i++])) {
    wasm_ref_t *ref = wm_compat_hold(f->context, s->kinds[i], &slots[at]);
    fine &= wm_compat_raw_from_slots(f->context, s->kinds[i], &slots[at], ref, &raws[i]);
  }
  return fine;
}

static const char *raws_to_slots(const HostFunc *f, const wasmtime_val_raw_t *raws,
                                 wasmx_slot_t *slots) {
  const Shape *s = f->def->shape;
  const char *wrong = NULL;
  for (u32 i = 0, at = 0; i < s->results && !wrong; i++) {
    wasmtime_valkind_t kind = s->kinds[s->params + i];
    wrong = wm_compat_raw_to_slots(f->context, kind, &raws[i], &slots[at]);
    at += kind_slots(kind);
  }
  return wrong;
}

static wasm_trap_t *call_unchecked(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  const HostFunc *f = env;
  const Shape *s = f->def->shape;
  wasmtime_val_raw_t few[FEW];
  AUTO_FREE void *many = NULL;
  wasmtime_val_raw_t *raws = few_or_many(few, sizeof few, s->most * sizeof *few, &many);
  if (!raws || !raws_of_slots(f, slots, raws)) return misuse("out of memory");
  memset(raws + s->params, 0, (s->most - s->params) * sizeof *raws);
  wasmtime_caller_t from = {f->context, caller};
  wasm_trap_t *trap = f->def->unchecked(f->def->env, &from, raws, s->most);
  const char *wrong = trap ? NULL : raws_to_slots(f, raws, slots);
  return wrong ? misuse(wrong) : trap;
}

/* The same of numbers alone, which fill half of a raw value. Results that the callback leaves out
 * are zero: wasm sees nothing of the host's. */
static wasm_trap_t *call_plain(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  const HostFunc *f = env;
  const Shape *s = f->def->shape;
  wasmtime_val_raw_t raws[FEW];
  for (u32 i = 0; i < s->params; i++) raws[i].i64 = slots[i].i64;
  for (u32 i = s->params; i < s->results; i++) raws[i].i64 = 0;
  wasmtime_caller_t from = {f->context, caller};
  wasm_trap_t *trap = f->def->unchecked(f->def->env, &from, raws, s->most);
  for (u32 i = 0; i < s->results; i++) slots[i].i64 = raws[i].i64;
  return trap;
}

static wasmx_raw_callback_t way_in(const HostDef *def) {
  if (!def->is_unchecked) return call_checked;
  return def->shape->is_plain && def->shape->most <= FEW ? call_plain : call_unchecked;
}

static u32 func_new(wasmtime_context_t *c, HostDef *def) {
  HostFunc *env = malloc(sizeof *env);
  if (!env) return 0;
  *env = (HostFunc){def, c};
  atomic_fetch_add(&def->references, 1);
  wasm_func_t *func = wasmx_func_new_raw(c->store, def->type, way_in(def), env, host_func_free);
  if (!func) return host_func_free(env), 0;
  return wm_compat_tell(c, WASMTIME_EXTERN_FUNC, wasm_func_as_extern(func));
}

/* The store's function holds the definition, so that its address is no other one's meanwhile. */
u32 wm_compat_def_func(wasmtime_context_t *c, HostDef *def) {
  u64 number;
  if (wm_ptrmap_get(&c->defs, def, &number)) return (u32)number;
  number = func_new(c, def);
  return number && wm_ptrmap_set(&c->defs, def, number) ? (u32)number : 0;
}

static void define(wasmtime_context_t *c, const wasm_functype_t *type, HostDef from,
                   wasmtime_func_t *ret) {
  if (ret) *ret = (wasmtime_func_t){0};
  bool is_fine = c && type && ret && (from.checked || from.unchecked);
  if (!is_fine && from.finalizer) from.finalizer(from.env);
  HostDef *def = is_fine ? wm_compat_def_new(type, from) : NULL;
  u32 number = def ? func_new(c, def) : 0;
  if (number) *ret = wm_compat_item(c, WASMTIME_EXTERN_FUNC, number).of.func;
  wm_compat_def_release(def);
}

void wasmtime_func_new(wasmtime_context_t *store, const wasm_functype_t *type,
                       wasmtime_func_callback_t callback, void *env, void (*finalizer)(void *),
                       wasmtime_func_t *ret) {
  define(store, type, (HostDef){.checked = callback, .env = env, .finalizer = finalizer}, ret);
}

void wasmtime_func_new_unchecked(wasmtime_context_t *store, const wasm_functype_t *type,
                                 wasmtime_func_unchecked_callback_t callback, void *env,
                                 void (*finalizer)(void *), wasmtime_func_t *ret) {
  HostDef def = {.is_unchecked = true, .unchecked = callback, .env = env, .finalizer = finalizer};
  define(store, type, def, ret);
}

wasm_functype_t *wasmtime_func_type(const wasmtime_context_t *store, const wasmtime_func_t *func) {
  return wasm_func_type(wm_compat_func(store, func));
}

/* ---- callers ---- */

wasmtime_context_t *wasmtime_caller_context(wasmtime_caller_t *caller) {
  return caller ? caller->context : NULL;
}

bool wasmtime_caller_export_get(wasmtime_caller_t *caller, const char *name, size_t name_len,
                                wasmtime_extern_t *item) {
  if (!caller || !name || !item) return false;
  wasm_instance_t *instance = wasmx_caller_instance(caller->caller);
  wasm_extern_t *handle = instance ? wasmx_instance_export_n(instance, name, name_len) : NULL;
  wasm_instance_delete(instance);
  return wm_compat_item_of(caller->context, handle, item);
}

/* ---- the host calls ---- */

/* A function with its type; NULL: none of this store, or out of memory. */
static const Shape *shape_of(const wasmtime_context_t *c, const wasmtime_func_t *func,
                             const wasm_func_t **handle) {
  if (!c || !func) return NULL;
  Object *o = object_of(c, func->store_id, (uintptr_t)func->__private, WASMTIME_EXTERN_FUNC);
  if (!o) return NULL;
  *handle = wasm_extern_as_func(o->external);
  return wm_compat_shape(o);
}

static size_t slot_bytes(const Shape *s) {
  return (size_t)max_u32(s->param_slots, s->result_slots) * sizeof(wasmx_slot_t);
}

static wasmtime_error_t *no_func(void) {
  return wm_compat_error("the function is none of this store");
}

static const char *args_to_slots(wasmtime_context_t *c, const Shape *s, const wasmtime_val_t *args,
                                 wasmx_slot_t *slots) {
  const char *wrong = NULL;
  for (u32 i = 0, at = 0; i < s->params && !wrong; at += kind_slots(s->kinds[i++]))
    wrong = wm_compat_to_slots(c, s->kinds[i], &args[i], &slots[at]);
  return wrong;
}

/* All references are held before the first becomes a value. */
static wasmtime_error_t *take_results(wasmtime_context_t *c, const Shape *s,
                                      const wasmx_slot_t *slots, wasmtime_val_t *results) {
  const wasmtime_valkind_t *kinds = s->kinds + s->params;
  wasm_ref_t *few[FEW];
  AUTO_FREE void *many = NULL;
  wasm_ref_t **refs = few_or_many(few, sizeof few, s->results * sizeof(wasm_ref_t *), &many);
  if (!refs) return wm_compat_error("out of memory");
  for (u32 i = 0, at = 0; i < s->results; at += kind_slots(kinds[i++]))
    refs[i] = wm_compat_hold(c, kinds[i], &slots[at]);
  bool fine = true;
  for (u32 i = 0, at = 0; i < s->results; at += kind_slots(kinds[i++]))
    fine &= wm_compat_from_slots(c, kinds[i], &slots[at], refs[i], &results[i]);
  return fine ? NULL : wm_compat_error("out of memory");
}

static wasmtime_error_t *call(wasmtime_context_t *c, const wasm_func_t *func, const Shape *s,
                              const wasmtime_val_t *args, wasmtime_val_t *results,
                              wasm_trap_t **trap) {
  wasmx_slot_t few[FEW];
  AUTO_FREE void *many = NULL;
  wasmx_slot_t *slots = few_or_many(few, sizeof few, slot_bytes(s), &many);
  if (!slots) return wm_compat_error("out of memory");
  const char *wrong = args_to_slots(c, s, args, slots);
  if (wrong) return wm_compat_error("%s than the parameter, or than the store", wrong);
  wasm_trap_t *left = wasmx_func_call_raw(func, slots);
  return left ? wm_compat_end(left, trap) : take_results(c, s, slots, results);
}

wasmtime_error_t *wasmtime_func_call(wasmtime_context_t *store, const wasmtime_func_t *func,
                                     const wasmtime_val_t *args, size_t nargs,
                                     wasmtime_val_t *results, size_t nresults, wasm_trap_t **trap) {
  const wasm_func_t *handle = NULL;
  if (trap) *trap = NULL;
  const Shape *s = shape_of(store, func, &handle);
  if (!s) return no_func();
  if (nargs != s->params || (nargs && !args))
    return wm_compat_error("expected %u arguments, got %zu", s->params, nargs);
  if (nresults != s->results || (nresults && !results))
    return wm_compat_error("expected %u results, got %zu", s->results, nresults);
  return call(store, handle, s, args, results, trap);
}

static wasmtime_error_t *take_raw_results(wasmtime_context_t *c, const Shape *s,
                                          const wasmx_slot_t *slots, wasmtime_val_raw_t *raws) {
  const wasmtime_valkind_t *kinds = s->kinds + s->params;
  wasm_ref_t *few[FEW];
  AUTO_FREE void *many = NULL;
  wasm_ref_t **refs = few_or_many(few, sizeof few, s->results * sizeof(wasm_ref_t *), &many);
  if (!refs) return wm_compat_error("out of memory");
  for (u32 i = 0, at = 0; i < s->results; at += kind_slots(kinds[i++]))
    refs[i] = wm_compat_hold(c, kinds[i], &slots[at]);
  bool fine = true;
  for (u32 i = 0, at = 0; i < s->results; at += kind_slots(kinds[i++]))
    fine &= wm_compat_raw_from_slots(c, kinds[i], &slots[at], refs[i], &raws[i]);
  return fine ? NULL : wm_compat_error("out of memory");
}

static wasmtime_error_t *call_with_raws(wasmtime_context_t *c, const wasm_func_t *func,
                                        const Shape *s, wasmtime_val_raw_t *raws,
                                        wasm_trap_t **trap) {
  wasmx_slot_t few[FEW];
  AUTO_FREE void *many = NULL;
  wasmx_slot_t *slots = few_or_many(few, sizeof few, slot_bytes(s), &many);
  if (!slots) return wm_compat_error("out of memory");
  const char *wrong = NULL;
  for (u32 i = 0, at = 0; i < s->params && !wrong; at += kind_slots(s->kinds[i++]))
    wrong = wm_compat_raw_to_slots(c, s->kinds[i], &raws[i], &slots[at]);
  if (wrong) return wm_compat_error("%s", wrong);
  wasm_trap_t *left = wasmx_func_call_raw(func, slots);
  return left ? wm_compat_end(left, trap) : take_raw_results(c, s, slots, raws);
}

/* Of numbers alone, few of them. */
static wasmtime_error_t *call_with_plain(const wasm_func_t *func, const Shape *s,
                                         wasmtime_val_raw_t *raws, wasm_trap_t **trap) {
  wasmx_slot_t slots[FEW];
  for (u32 i = 0; i < s->params; i++) slots[i].i64 = raws[i].i64;
  wasm_trap_t *left = wasmx_func_call_raw(func, slots);
  if (UNLIKELY(left != NULL)) return wm_compat_end(left, trap);
  for (u32 i = 0; i < s->results; i++) raws[i].i64 = slots[i].i64;
  return NULL;
}

wasmtime_error_t *wasmtime_func_call_unchecked(wasmtime_context_t *store,
                                               const wasmtime_func_t *func,
                                               wasmtime_val_raw_t *args_and_results,
                                               size_t args_and_results_len, wasm_trap_t **trap) {
  const wasm_func_t *handle = NULL;
  if (trap) *trap = NULL;
  const Shape *s = shape_of(store, func, &handle);
  if (!s) return no_func();
  if (args_and_results_len < s->most || (s->most && !args_and_results))
    return wm_compat_error("no room for %u arguments or results", s->most);
  if (s->is_plain && s->most <= FEW) return call_with_plain(handle, s, args_and_results, trap);
  return call_with_raws(store, handle, s, args_and_results, trap);
}
