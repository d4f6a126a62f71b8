/* Functions: host functions of three kinds, and calls by values and by slots.
 *
 * A host function's Func.env is a HostEnv. While its callback runs the function is a root, as the
 * activation's (frame.h), so that the callback may drop the last reference to it. A callback that
 * returns to a store that was told to stop returns to no wasm.
 *
 *   wasm calls     slots -> callback -> slots, made canonical                    raw
 *                  slots -> values -> callback -> values, checked -> slots       the others
 *   host calls     slots, looked at if need be -> wm_call -> slots               by slots
 *                  values, checked -> slots -> wm_call -> slots -> values        wasm_func_call
 *
 * Every path to the host remembers the activation and goes back to it (store_return_to): what the
 * callback left running by a longjmp of its own is then forgotten. */
#include "api/handle.h"

#include <stdlib.h>

enum { FEW = 16 }; /* values and slots up to this many are kept on the C stack */

typedef struct HostEnv {
  union {
    wasm_func_callback_t plain;
    wasm_func_callback_with_env_t with_env;
    wasmx_callback_t with_caller;
    wasmx_raw_callback_t raw;
  } call;
  void *env;
  void (*finalizer)(void *);
  const SubType *type;   /* lives as long as the function */
  u32 narrow_results;    /* wm_narrow_slots of them */
  bool looks_at_results; /* wm_slots_want_look of them */
} HostEnv;

static void host_env_free(void *p) {
  const HostEnv e = *(HostEnv *)p;
  free(p);
  if (e.finalizer) e.finalizer(e.env);
}

void wm_api_set_finalizer(const Handle *h, void (*finalizer)(void *)) {
  HostEnv *e = ((Func *)h->object)->env;
  e->finalizer = finalizer;
}

/* ---- wasm calls the host ---- */

static NOINLINE TrapCode wrong_result(Store *store) {
  static const char text[] = "a host function returned a value of another type";
  return wm_trap_raise(store, TRAP_HOST, text, sizeof text - 1);
}

/* By slots: the callback works in the caller's frame, where arguments are and results go. */
static TrapCode call_slots(Store *store, Func *func, Instance *caller, u64 *slots) {
  const HostEnv *e = func->env;
  wasmx_caller_t from = {store, caller};
  const Activation *act = store->activation;
  wasm_trap_t *trap = e->call.raw(e->env, &from, (wasmx_slot_t *)slots);
  store_return_to(store, act);
  if (UNLIKELY(trap != NULL)) return wm_api_raise(store, trap);
  narrow_slots(slots, e->narrow_results);
  if (UNLIKELY(e->looks_at_results) &&
      !wm_slots_take(store, e->type->results, e->type->result_count, slots))
    return wrong_result(store);
  return store_poll_and_raise(store);
}

/* Without a safe point (handle.h): references may lie in C variables only. */
static void drop_refs(wasm_val_t *vals, u32 len) {
  for (u32 i = 0; i < len; i++)
    if (wasm_valkind_is_ref(vals[i].kind)) wm_handle_free(vals[i].of.ref);
}

/* Handles for the arguments' references are made, values copied. False: out of memory. */
static bool args_of_slots(wasm_store_t *home, const SubType *type, wasm_val_t *args,
                          const u64 *slots) {
  for (u32 i = 0; i < type->param_count; i++) {
    if (wm_val_of_slot(home, &args[i], type->params[i], slots[i])) continue;
    drop_refs(args, i);
    return false;
  }
  return true;
}

static void zero_results(Store *store, const SubType *type, wasm_val_t *results) {
  for (u32 i = 0; i < type->result_count; i++)
    results[i] = (wasm_val_t){wm_kind_of_valtype(store->types, type->results[i]), {.i64 = 0}};
}

typedef enum Style { STYLE_PLAIN, STYLE_ENV, STYLE_CALLER } Style;

static inline wasm_trap_t *run_callback(const HostEnv *e, Style style, wasmx_caller_t *from,
                                        const wasm_val_vec_t *args, wasm_val_vec_t *results) {
  switch (style) {
  case STYLE_PLAIN: return e->call.plain(args, results);
  case STYLE_ENV: return e->call.with_env(e->env, args, results);
  default: return e->call.with_caller(e->env, from, args, results);
  }
}

/* The arguments' handles while the callback has them. */
typedef struct LentArgs {
  wasm_val_t *vals;
  u32 count;
} LentArgs;
static inline void take_back_args(const LentArgs *lent) { drop_refs(lent->vals, lent->count); }

/* With room for the arguments and results at vals. */
static inline TrapCode call_values_at(Store *store, Func *func, Instance *caller, u64 *slots,
                                      Style style, wasm_val_t *vals) {
  const HostEnv *e = func->env;
  const SubType *type = e->type;
  wasm_val_t *results = vals + type->param_count;
  if (!args_of_slots(home_of(store), type, vals, slots))
    return wm_trap_raise(store, TRAP_OUT_OF_MEMORY, NULL, 0);
  /* Also when the callback throws a C++ exception through here. */
  /* NOLINTNEXTLINE(*.DeadStores): the cleanup reads it */
  LentArgs lent __attribute__((cleanup(take_back_args))) = {vals, type->param_count};
  zero_results(store, type, results);
  /* The callback may write over the vectors. */
  wasm_val_vec_t given_args = {type->param_count, vals};
  wasm_val_vec_t given_results = {type->result_count, results};
  wasmx_caller_t from = {store, caller};
  const Activation *act = store->activation;
  wasm_trap_t *trap = run_callback(e, style, &from, &given_args, &given_results);
  store_return_to(store, act);
  if (UNLIKELY(trap != NULL)) return wm_api_raise(store, trap);
  bool fits = true;
  for (u32 i = 0; i < type->result_count; i++)
    fits = wm_slot_of_val(store, &results[i], type->results[i], &slots[i]) && fits;
  drop_refs(results, type->result_count);
  return LIKELY(fits) ? store_poll_and_raise(store) : wrong_result(store);
}

static inline TrapCode call_values(Store *store, Func *func, Instance *caller, u64 *slots,
                                   Style style) {
  const SubType *type = ((HostEnv *)func->env)->type;
  u32 count = type->param_count + type->result_count;
  wasm_val_t few[FEW];
  void *many AUTO_FREE = NULL;
  wasm_val_t *vals = few_or_many(few, sizeof few, count * sizeof *vals, &many);
  if (UNLIKELY(!vals)) return wm_trap_raise(store, TRAP_OUT_OF_MEMORY, NULL, 0);
  return call_values_at(store, func, caller, slots, style, vals);
}

static TrapCode call_plain(Store *store, Func *func, Instance *caller, u64 *slots) {
  return call_values(store, func, caller, slots, STYLE_PLAIN);
}

static TrapCode call_with_env(Store *store, Func *func, Instance *caller, u64 *slots) {
  return call_values(store, func, caller, slots, STYLE_ENV);
}

static TrapCode call_with_caller(Store *store, Func *func, Instance *caller, u64 *slots) {
  return call_values(store, func, caller, slots, STYLE_CALLER);
}

/* ---- construction ---- */

/* Only v128 takes two slots. */
static bool has_v128(const SubType *type) {
  return type->param_slots != type->param_count || type->result_slots != type->result_count;
}

/* With the type's id, of which the caller keeps its count. `host` is one of the call_ functions
 * above; `env` is copied. */
static Func *host_func_with(Store *store, u32 type_id, HostFunc host, const HostEnv *env,
                            Error *err) {
  const SubType *type = wm_types_get(store->types, type_id);
  if (host != call_slots && has_v128(type)) {
    wm_error_set(err, ERR_ARGUMENT, 0, "a v128 has no wasm_val_t: use wasmx_func_new_raw");
    return NULL;
  }
  HostEnv *e = malloc(sizeof *e);
  if (!e) return wm_error_out_of_memory(err), NULL;
  *e = *env;
  e->type = type;
  e->narrow_results = wm_narrow_slots(type->results, type->result_count);
  e->looks_at_results = wm_slots_want_look(type->results, type->result_count);
  Func *func = wm_func_new_host(store, type_id, host, e, host_env_free, err);
  if (!func) free(e); /* not its finalizer: a failed constructor leaves env to the caller */
  return func;
}

static bool has_callback(const HostEnv *env, Error *err) {
  /* One member of the union for all: pointers to functions have one form. */
  return env->call.raw || wm_error_set(err, ERR_ARGUMENT, 0, "the callback is NULL");
}

static wasm_func_t *host_func_new(wasm_store_t *home, const wasm_functype_t *type, HostFunc host,
                                  const HostEnv *env) {
  Error err = {0};
  Handle *h = wm_api_begin(home, &err);
  Func *func = NULL;
  if (h && has_callback(env, &err)) {
    /* Counted here, and by the function once more. */
    u32 id = wm_typeid_of_functype(home->store->types, type, &err);
    if (id != NO_TYPE) {
      func = host_func_with(home->store, id, host, env, &err);
      wm_types_release(home->store->types, id);
    }
  }
  return (wasm_func_t *)wm_api_finish(h, (Object *)func, &err);
}

wasm_func_t *wasm_func_new(wasm_store_t *home, const wasm_functype_t *type,
                           wasm_func_callback_t callback) {
  return host_func_new(home, type, call_plain, &(HostEnv){.call.plain = callback});
}

wasm_func_t *wasm_func_new_with_env(wasm_store_t *home, const wasm_functype_t *type,
                                    wasm_func_callback_with_env_t callback, void *env,
                                    void (*finalizer)(void *)) {
  return host_func_new(home, type, call_with_env,
                       &(HostEnv){.call.with_env = callback, .env = env, .finalizer = finalizer});
}

wasm_func_t *wasmx_func_new(wasm_store_t *home, const wasm_functype_t *type,
                            wasmx_callback_t callback, void *env, void (*finalizer)(void *)) {
  return host_func_new(
      home, type, call_with_caller,
      &(HostEnv){.call.with_caller = callback, .env = env, .finalizer = finalizer});
}

wasm_func_t *wasmx_func_new_raw(wasm_store_t *home, const wasm_functype_t *type,
                                wasmx_raw_callback_t callback, void *env,
                                void (*finalizer)(void *)) {
  return host_func_new(home, type, call_slots,
                       &(HostEnv){.call.raw = callback, .env = env, .finalizer = finalizer});
}

static wasm_func_t *host_func_of_type(wasm_store_t *home, const wasmx_type_t *type, HostFunc host,
                                      const HostEnv *env) {
  Error err = {0};
  Handle *h = wm_api_begin(home, &err);
  Func *func = NULL;
  u32 id =
      h && has_callback(env, &err) ? wm_api_type_id(home->store, type, COMP_FUNC, &err) : NO_TYPE;
  if (id != NO_TYPE) func = host_func_with(home->store, id, host, env, &err);
  return (wasm_func_t *)wm_api_finish(h, (Object *)func, &err);
}

wasm_func_t *wasmx_func_new_of_type(wasm_store_t *home, const wasmx_type_t *type,
                                    wasmx_callback_t callback, void *env,
                                    void (*finalizer)(void *)) {
  return host_func_of_type(
      home, type, call_with_caller,
      &(HostEnv){.call.with_caller = callback, .env = env, .finalizer = finalizer});
}

wasm_func_t *wasmx_func_new_raw_of_type(wasm_store_t *home, const wasmx_type_t *type,
                                        wasmx_raw_callback_t callback, void *env,
                                        void (*finalizer)(void *)) {
  return host_func_of_type(home, type, call_slots,
                           &(HostEnv){.call.raw = callback, .env = env, .finalizer = finalizer});
}

/* ---- questions ---- */

/* NULL when the handle is, or its store is deleted. */
static const SubType *type_of(const wasm_func_t *func) {
  const Handle *h = handle_of(func);
  return handle_store(h) ? h->type : NULL;
}

wasm_functype_t *wasm_func_type(const wasm_func_t *func) {
  Error err = {0};
  Store *store = wm_api_handle_store(handle_of(func), &err);
  if (!store) return wm_api_report(&err, NULL), NULL;
  return wm_functype_of_subtype(store->types, handle_of(func)->type);
}

size_t wasm_func_param_arity(const wasm_func_t *func) {
  const SubType *type = type_of(func);
  return type ? type->param_count : 0;
}

size_t wasm_func_result_arity(const wasm_func_t *func) {
  const SubType *type = type_of(func);
  return type ? type->result_count : 0;
}

size_t wasmx_func_param_slots(const wasm_func_t *func) {
  const SubType *type = type_of(func);
  return type ? type->param_slots : 0;
}

size_t wasmx_func_result_slots(const wasm_func_t *func) {
  const SubType *type = type_of(func);
  return type ? type->result_slots : 0;
}

/* ---- the host calls wasm ---- */

/* With room in slots for the larger of arguments and results. */
static wasm_trap_t *call_with_slots(wasm_store_t *home, Func *func, const SubType *type,
                                    const wasm_val_t *args, wasm_val_t *results, u64 *slots) {
  Store *store = home->store;
  for (u32 i = 0; i < type->param_count; i++)
    if (UNLIKELY(!wm_slot_of_val(store, &args[i], type->params[i], &slots[i])))
      return wm_api_misuse(home, "argument %u is not a value of the parameter's type", i);
  if (UNLIKELY(native_call(store, func, slots) != TRAP_NONE)) return wm_api_take_trap(home);
  for (u32 i = 0; i < type->result_count; i++) {
    if (LIKELY(wm_val_of_slot(home, &results[i], type->results[i], slots[i]))) continue;
    drop_refs(results, i);
    return (wasm_trap_t *)wm_handle_out_of_memory();
  }
  return NULL;
}

/* Checks what wasm.h lets a host get wrong, in the order in which the message helps most. */
wasm_trap_t *wasm_func_call(const wasm_func_t *ref, const wasm_val_vec_t *args,
                            wasm_val_vec_t *results) {
  const Handle *h = handle_of(ref);
  if (UNLIKELY(!handle_store(h)))
    return wm_api_misuse(NULL, "the function is NULL, or its store is deleted");
  /* The handle may be deleted during the call. */
  wasm_store_t *home = h->home;
  FORGET_DEAD(home->store);
  const SubType *type = h->type;
  Func *func = (Func *)h->object;
  size_t given = args ? args->size : 0, room = results ? results->size : 0;
  if (UNLIKELY(given != type->param_count || (given && !args->data)))
    return wm_api_misuse(home, "%zu arguments given, the function takes %u", given,
                         type->param_count);
  if (UNLIKELY(room < type->result_count || (type->result_count && !results->data)))
    return wm_api_misuse(home, "room for %zu results, the function has %u", room,
                         type->result_count);
  if (UNLIKELY(has_v128(type)))
    return wm_api_misuse(home, "a v128 has no wasm_val_t: use wasmx_func_call_raw");
  u64 few[FEW];
  u32 count = max_u32(type->param_count, type->result_count);
  void *many AUTO_FREE = NULL;
  u64 *slots = few_or_many(few, sizeof few, count * sizeof *slots, &many);
  if (UNLIKELY(!slots)) return (wasm_trap_t *)wm_handle_out_of_memory();
  return call_with_slots(home, func, type, args ? args->data : NULL, results ? results->data : NULL,
                         slots);
}

static inline wasm_trap_t *call_raw(const Handle *h, wasmx_slot_t *slots, CallOptions *options) {
  wasm_store_t *home = h->home;
  if (UNLIKELY(!slots && h->type->param_slots + h->type->result_slots))
    return wm_api_misuse(home, "the function needs slots");
  if (UNLIKELY(h->looks_at_params) &&
      !wm_slots_take(home->store, h->type->params, h->type->param_count, (u64 *)slots))
    return wm_api_misuse(home, "a reference is not of the store, or not of the parameter's type");
  TrapCode trap = options ? wm_call_with(home->store, (Func *)h->object, (u64 *)slots, options)
                          : native_call(home->store, (Func *)h->object, (u64 *)slots);
  return LIKELY(!trap) ? NULL : wm_api_take_trap(home);
}

/* Wasm of the store seems to run already. Apart, so that the others need no frame. */
static NOINLINE wasm_trap_t *call_raw_nested(const Handle *h, wasmx_slot_t *slots,
                                             CallOptions *options) {
  FORGET_DEAD(h->home->store);
  return call_raw(h, slots, options);
}

static inline wasm_trap_t *call_slots_with(const wasm_func_t *ref, wasmx_slot_t *slots,
                                           CallOptions *options) {
  const Handle *h = handle_of(ref);
  if (UNLIKELY(!handle_store(h)))
    return wm_api_misuse(NULL, "the function is NULL, or its store is deleted");
  if (UNLIKELY(h->home->store->activation)) return call_raw_nested(h, slots, options);
  return call_raw(h, slots, options);
}

wasm_trap_t *wasmx_func_call_raw(const wasm_func_t *ref, wasmx_slot_t *slots) {
  return call_slots_with(ref, slots, NULL);
}

wasm_trap_t *wm_api_call_with(const Handle *h, wasmx_slot_t *slots, CallOptions *options) {
  return call_slots_with((const wasm_func_t *)h, slots, options);
}

wasm_trap_t *wm_api_call_in_form(const Handle *h, CallOptions *options, SlotsStep *in,
                                 SlotsStep *out, void *env) {
  wasm_store_t *home = h->home;
  const SubType *type = h->type;
  u64 few[FEW];
  void *many AUTO_FREE = NULL;
  u64 *slots = few_or_many(few, sizeof few,
                           max_u32(type->param_slots, type->result_slots) * sizeof *slots, &many);
  if (!slots) return (wasm_trap_t *)wm_handle_out_of_memory();
  wasm_trap_t *trap = in(home, type, slots, env);
  if (!trap) trap = wm_api_call_with(h, (wasmx_slot_t *)slots, options);
  return trap ? trap : out(home, type, slots, env);
}

wasm_trap_t *wasmx_func_call_within(const wasm_func_t *ref, wasmx_slot_t *slots,
                                    uint64_t nanoseconds) {
  CallOptions options = {.deadline_ns = wm_call_deadline_in(nanoseconds)};
  return call_slots_with(ref, slots, &options);
}

wasm_trap_t *wasmx_func_call_with(const wasm_func_t *ref, wasmx_slot_t *slots,
                                  const wasmx_call_options_t *given) {
  const Handle *h = handle_of(ref);
  if (!given || !handle_store(h)) return wm_api_call_with(h, slots, NULL);
  Error err = {0};
  CallOptions options;
  if (!wm_call_options_of(h->home->store, given, &options, &err))
    return wm_api_misuse(h->home, "%s", err.message);
  wasm_trap_t *trap = wm_api_call_with(h, slots, &options);
  wm_call_options_tell(given, &options);
  return trap;
}

/* ---- callers ---- */

wasm_store_t *wasmx_caller_store(wasmx_caller_t *caller) {
  return caller ? home_of(caller->store) : NULL;
}

wasm_instance_t *wasmx_caller_instance(wasmx_caller_t *caller) {
  if (!caller || !caller->instance) return NULL;
  return (wasm_instance_t *)wm_handle_new(home_of(caller->store), &caller->instance->head);
}

wasm_extern_t *wasmx_caller_export(wasmx_caller_t *caller, const char *name) {
  if (!caller || !caller->instance || !name) return NULL;
  Object *object = wm_api_find_export(caller->instance, name, strlen(name));
  return object ? (wasm_extern_t *)wm_handle_new(home_of(caller->store), object) : NULL;
}

/* Memory 0 only, by the words that compiled code uses: a host function costs no lookup. */
byte_t *wasmx_caller_memory(wasmx_caller_t *caller, size_t *size) {
  const Instance *in = caller ? caller->instance : NULL;
  bool has = in && in->module->module.memory_count;
  if (size) *size = has ? (size_t)memory_length(in->memory0_base) : 0;
  return has ? (byte_t *)in->memory0_base : NULL;
}
