/* Host functions made and defined in one call, their type said by a signature. A function whose
 * definition fails goes without its finalizer: it gets it at the end. */
#include "api/linker.h"

/* What the three kinds are made of; the others are NULL. */
typedef struct HostFunction {
  wasmx_callback_t callback;
  wasmx_raw_callback_t raw;
  void (*native)(void);
  void *env;
} HostFunction;

static wasm_func_t *make(wasm_store_t *home, const wasm_functype_t *type, const HostFunction *f) {
  if (f->raw) return wasmx_func_new_raw(home, type, f->raw, f->env, NULL);
  if (f->native) return wasmx_func_new_native(home, type, f->native);
  return wasmx_func_new(home, type, f->callback, f->env, NULL);
}

/* NULL with the last error set. */
static wasm_func_t *make_typed(wasm_store_t *home, const char *signature, const HostFunction *f) {
  wasm_functype_t *type = wasmx_functype_parse(signature, NULL);
  wasm_func_t *func = type ? make(home, type, f) : NULL;
  wasm_functype_delete(type);
  return func;
}

static bool define(wasmx_linker_t *linker, const char *module, const char *name,
                   const char *signature, const HostFunction *f, void (*finalizer)(void *)) {
  if (!linker) return wm_api_fail(ERR_ARGUMENT, "the linker is NULL");
  wasm_func_t *func = make_typed(wm_linker_home(linker), signature, f);
  bool ok = func && wasmx_linker_define(linker, module, name, wasm_func_as_extern(func));
  if (ok && finalizer) wm_api_set_finalizer(handle_of(func), finalizer);
  wasm_func_delete(func);
  return ok;
}

bool wasmx_linker_define_func(wasmx_linker_t *linker, const char *module, const char *name,
                              const char *signature, wasmx_callback_t callback, void *env,
                              void (*finalizer)(void *)) {
  return define(linker, module, name, signature, &(HostFunction){.callback = callback, .env = env},
                finalizer);
}

bool wasmx_linker_define_func_raw(wasmx_linker_t *linker, const char *module, const char *name,
                                  const char *signature, wasmx_raw_callback_t raw, void *env,
                                  void (*finalizer)(void *)) {
  return define(linker, module, name, signature, &(HostFunction){.raw = raw, .env = env},
                finalizer);
}

bool wasmx_linker_define_func_native(wasmx_linker_t *linker, const char *module, const char *name,
                                     const char *signature, void (*fn)(void)) {
  return define(linker, module, name, signature, &(HostFunction){.native = fn}, NULL);
}
