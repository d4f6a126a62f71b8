/* C functions as wasm functions, and wasm functions as C function pointers.
 *
 *   wasm -> C   Func.env is a NativeImport with the C function. Types that have no direct call
 *               (native_shapes.c) get one prepared by libffi behind it; its arguments are the slots
 *               in place: the low bytes of a slot are the value (little-endian).
 *               Compiled code calls it by itself where it can (CCall in runtime/native.h).
 *   C -> wasm   A NativeExport is a thunk (runtime/native_thunk.h), or a closure of libffi where
 * the machine has none for its type; made once for each Func and kept in the shell's map; the store
 * tells when the function is freed, also with the store itself. */
#include "api/api_native.h"
#include "runtime/native_thunk.h"

#include <stdlib.h>

void wasmx_store_set_native_trap_handler(wasm_store_t *home, wasmx_native_trap_handler_t handler,
                                         void *env) {
  if (!store_of(home)) return;
  home->trap_handler = handler;
  home->trap_env = env;
}

wasm_trap_t *wasmx_store_take_native_trap(wasm_store_t *home) {
  if (!store_of(home)) return NULL;
  wasm_trap_t *trap = home->native_trap;
  home->native_trap = NULL;
  return trap;
}

#if WITH_NATIVE
#include <ffi.h>

enum { FEW_ARGS = 16 };

/* In one block with its argument types, which the cif points to. */
typedef struct PreparedImport {
  NativeImport head;
  ValType result; /* VAL_BOTTOM: none */
  ffi_cif cif;
  ffi_type *args[];
} PreparedImport;

typedef struct NativeExport {
  NativeThunk head;     /* func is borrowed: freed with it */
  wasm_store_t *home;   /* borrowed: freed before it */
  const SubType *type;  /* borrowed: lives as long as func */
  ffi_closure *closure; /* owned; NULL: it is a thunk of the store's */
  void (*code)(void);   /* as the host has it */
  ffi_cif cif;
  ffi_type *args[];
} NativeExport;

/* NULL for types that C does not have. */
static ffi_type *ffi_type_of(ValType t) {
  switch (t) {
  case VAL_I32: return &ffi_type_sint32;
  case VAL_I64: return &ffi_type_sint64;
  case VAL_F32: return &ffi_type_float;
  case VAL_F64: return &ffi_type_double;
  default: return NULL;
  }
}

/* The cif for a type; false with err set when C has no such call. */
static bool prepare(ffi_cif *cif, const SubType *type, ffi_type **args, Error *err) {
  bool ok = type->result_count <= 1;
  ffi_type *result = &ffi_type_void;
  if (ok && type->result_count) result = ffi_type_of(type->results[0]);
  for (u32 i = 0; i < type->param_count; i++) {
    args[i] = ffi_type_of(type->params[i]);
    ok = ok && args[i];
  }
  if (!ok || !result)
    return wm_error_set(err, ERR_ARGUMENT, 0,
                        "only i32, i64, f32, f64 and at most one result have a C type");
  if (ffi_prep_cif(cif, FFI_DEFAULT_ABI, type->param_count, result, args) == FFI_OK) return true;
  return wm_error_set(err, ERR_ARGUMENT, 0, "libffi has no call for this type");
}

/* ---- wasm -> C ---- */

/* What the C function returned, in an ffi_arg or wider: small integers are widened by libffi. */
typedef union Result {
  ffi_arg word;
  u64 i64;
  f32 f32;
  f64 f64;
} Result;

static u64 slot_of_result(const Result *result, ValType t) {
  switch (t) {
  case VAL_I32: return (u32)result->word;
  case VAL_F32: return bits_of_f32(result->f32);
  default: return result->i64; /* i64, f64 */
  }
}

static TrapCode call_prepared(Store *store, Func *func, Instance *caller, u64 *slots) {
  (void)caller;
  PreparedImport *native = func->env;
  u32 count = native->cif.nargs;
  void *few[FEW_ARGS];
  void *many AUTO_FREE = NULL;
  void **args = few_or_many((void *)few, sizeof few, count * sizeof *args, &many);
  if (UNLIKELY(!args)) return wm_trap_raise(store, TRAP_OUT_OF_MEMORY, NULL, 0);
  /* No copies: libffi reads as many low bytes as the type has. */
  for (u32 i = 0; i < count; i++) args[i] = &slots[i];
  Result result;
  const Activation *act = store->activation;
  ffi_call(&native->cif, native->head.fn, &result, args);
  store_return_to(store, act);
  if (native->result != VAL_BOTTOM) slots[0] = slot_of_result(&result, native->result);
  return store_poll_and_raise(store);
}

static NativeImport *direct_new(void (*fn)(void), Error *err) {
  NativeImport *native = malloc(sizeof *native);
  if (!native) return wm_error_out_of_memory(err), NULL;
  native->fn = fn;
  return native;
}

static NativeImport *prepared_new(const SubType *type, void (*fn)(void), Error *err) {
  PreparedImport *native = malloc(sizeof *native + type->param_count * sizeof *native->args);
  if (!native) return wm_error_out_of_memory(err), NULL;
  native->head.fn = fn;
  native->result = type->result_count ? type->results[0] : VAL_BOTTOM;
  if (prepare(&native->cif, type, native->args, err)) return &native->head;
  free(native);
  return NULL;
}

static Func *native_func_new(Store *store, const wasm_functype_t *type, void (*fn)(void),
                             Error *err) {
  u32 id = wm_typeid_of_functype(store->types, type, err);
  if (id == NO_TYPE) return NULL;
  const SubType *inner = wm_types_get(store->types, id);
  HostFunc host = wm_native_shape(inner);
  NativeImport *native = host ? direct_new(fn, err) : prepared_new(inner, fn, err);
  if (!host) host = call_prepared;
  Func *func = native ? wm_func_new_host(store, id, host, native, free, err) : NULL;
  if (func) func->code->c_call = (u8)wm_native_c_call(inner);
  if (!func) free(native);
  wm_types_release(store->types, id);
  return func;
}

wasm_func_t *wasmx_func_new_native(wasm_store_t *home, const wasm_functype_t *type,
                                   void (*fn)(void)) {
  Error err = {0};
  Handle *h = wm_api_begin(home, &err);
  Func *func = NULL;
  if (h && !fn)
    wm_error_set(&err, ERR_ARGUMENT, 0, "the function is NULL");
  else if (h)
    func = native_func_new(home->store, type, fn, &err);
  return (wasm_func_t *)wm_api_finish(h, (Object *)func, &err);
}

/* ---- C -> wasm ---- */

static void slot_of_arg(u64 *slot, const void *arg, ValType t) {
  *slot = val_is_narrow(t) ? load_u32(arg) : load_u64(arg);
}

/* A closure's small integers are widened to a word, floats are not (libffi's rule). */
static void result_of_slot(void *result, u64 slot, ValType t) {
  switch (t) {
  case VAL_I32: *(ffi_sarg *)result = (i32)slot; break;
  case VAL_F32: *(f32 *)result = f32_of_bits((u32)slot); break;
  default: store_u64(result, slot); break;
  }
}

/* A C caller has no place for it: the host's handler takes it, or it is kept, the latest one. */
static void hand_over_trap(wasm_store_t *home, wasm_trap_t *trap) {
  if (home->trap_handler) {
    home->trap_handler(home->trap_env, trap);
    return;
  }
  wasm_trap_t *before = home->native_trap;
  home->native_trap = trap;
  wasm_trap_delete(before); /* last: finalizers may run, and take the trap */
}

/* The result is zero when the call trapped. The function, and the closure with it, may go while the
 * trap is handed over. */
static void call_export(const NativeExport *export_, u64 *slots, void *result, void **args) {
  const SubType *type = export_->type;
  wasm_store_t *home = export_->home;
  FORGET_DEAD(home->store);
  for (u32 i = 0; i < type->param_count; i++) slot_of_arg(&slots[i], args[i], type->params[i]);
  bool trapped = native_call(home->store, export_->head.func, slots) != TRAP_NONE;
  if (trapped) slots[0] = 0;
  if (type->result_count) result_of_slot(result, slots[0], type->results[0]);
  if (trapped) hand_over_trap(home, wm_api_take_trap(home));
}

/* What libffi calls when C calls the pointer. */
static void run_closure(ffi_cif *cif, void *result, void **args, void *user) {
  (void)cif;
  NativeExport *export_ = user;
  u32 count = max_u32(export_->type->param_count, 1);
  u64 few[FEW_ARGS];
  void *many AUTO_FREE = NULL;
  u64 *slots = few_or_many(few, sizeof few, count * sizeof *slots, &many);
  if (slots) {
    call_export(export_, slots, result, args);
  } else {
    if (export_->type->result_count) result_of_slot(result, 0, export_->type->results[0]);
    hand_over_trap(export_->home, (wasm_trap_t *)wm_handle_out_of_memory());
  }
}

/* ---- by a thunk ---- */

/* Of a signature whose values are in registers, as NativeThunk has them. */
static void call_thunk(NativeThunk *thunk, u64 *regs) {
  enum { INTS = 6, FLOATS = 8 };
  NativeExport *export_ = (NativeExport *)thunk;
  const SubType *type = export_->type;
  wasm_store_t *home = export_->home;
  u64 slots[INTS + FLOATS], *ints = regs, *floats = regs + INTS;
  for (u32 i = 0; i < type->param_count; i++) {
    bool is_float = type->params[i] == VAL_F32 || type->params[i] == VAL_F64;
    slots[i] = is_float ? *floats : *ints++;
    if (is_float) floats += 2;
  }
  FORGET_DEAD(home->store);
  bool trapped = wm_call(home->store, export_->head.func, slots) != TRAP_NONE;
  regs[0] = regs[INTS] = trapped ? 0 : slots[0];
  if (trapped) hand_over_trap(home, wm_api_take_trap(home));
}

static void end_trapped(NativeThunk *thunk) {
  wasm_store_t *home = ((NativeExport *)thunk)->home;
  hand_over_trap(home, wm_api_take_trap(home));
}

static u32 narrow_ints_of(const SubType *type) {
  u32 narrow = 0, ints = 0;
  for (u32 i = 0; i < type->param_count; i++) {
    if (type->params[i] == VAL_I32) narrow |= 1u << ints;
    ints += type->params[i] == VAL_I32 || type->params[i] == VAL_I64;
  }
  return narrow;
}

/* Where the machine has thunks, and the signature suits them. */
static const void *thunk_of(NativeExport *export_) {
  const Instance *in = export_->head.func->instance;
  const NativeMachine *machine = in ? in->module->machine : NULL;
  if (!machine || wm_native_c_call(export_->type) == C_CALL_NONE) return NULL;
  export_->head.narrow_ints = narrow_ints_of(export_->type);
  export_->head.call = call_thunk;
  export_->head.trapped = end_trapped;
  return wm_thunk_new(&export_->home->thunks, machine, &export_->head);
}

/* ---- making them ---- */

static void export_free(NativeExport *export_) {
  if (export_->closure)
    ffi_closure_free(export_->closure);
  else if (export_->code)
    wm_thunk_free(export_->home->thunks, (const void *)(uintptr_t)export_->code);
  free(export_);
}

static bool make_closure(NativeExport *export_, Error *err) {
  void *code = NULL;
  if (!prepare(&export_->cif, export_->type, export_->args, err)) return false;
  export_->closure = ffi_closure_alloc(sizeof *export_->closure, &code);
  if (!export_->closure ||
      ffi_prep_closure_loc(export_->closure, &export_->cif, run_closure, export_, code) != FFI_OK)
    return wm_error_out_of_memory(err);
  memcpy(&export_->code, &code, sizeof code);
  return true;
}

/* NULL with err set. */
static NativeExport *export_new(wasm_store_t *home, Func *func, const SubType *type, Error *err) {
  NativeExport *export_ = calloc(1, sizeof *export_ + type->param_count * sizeof *export_->args);
  if (!export_) return wm_error_out_of_memory(err), NULL;
  export_->head.store = home->store;
  export_->head.func = func;
  export_->home = home;
  export_->type = type;
  const void *thunk = thunk_of(export_);
  memcpy(&export_->code, &thunk, sizeof thunk);
  if (thunk || make_closure(export_, err)) {
    if (wm_ptrmap_set(&home->natives, func, (u64)(uintptr_t)export_)) {
      func->head.watched = true;
      return export_;
    }
    wm_error_out_of_memory(err);
  }
  export_free(export_);
  return NULL;
}

void (*wasmx_func_as_native(wasm_func_t *ref))(void) {
  Error err = {0};
  Handle *h = handle_of(ref);
  NativeExport *export_ = NULL;
  u64 known;
  if (wm_api_handle_store(h, &err)) {
    bool found = wm_ptrmap_get(&h->home->natives, h->object, &known);
    export_ = found ? (NativeExport *)(uintptr_t)known
                    : export_new(h->home, (Func *)h->object, h->type, &err);
  }
  if (!export_) return wm_api_report(&err, NULL), (void (*)(void))NULL;
  return export_->code;
}

void wm_natives_forget(Store *store, Object *object) {
  u64 known;
  if (wm_ptrmap_remove(&home_of(store)->natives, object, &known))
    export_free((NativeExport *)(uintptr_t)known);
}

#else

wasm_func_t *wasmx_func_new_native(wasm_store_t *home, const wasm_functype_t *type,
                                   void (*fn)(void)) {
  (void)home, (void)type, (void)fn;
  return wm_api_fail(ERR_ARGUMENT, "this library was built without libffi"), NULL;
}

void (*wasmx_func_as_native(wasm_func_t *ref))(void) {
  (void)ref;
  return wm_api_fail(ERR_ARGUMENT, "this library was built without libffi"), (void (*)(void))NULL;
}

void wm_natives_forget(Store *store, Object *object) { (void)store, (void)object; }

#endif
