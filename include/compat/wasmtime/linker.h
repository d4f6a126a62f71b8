/* Linkers: definitions by name, of an engine. Host functions and WASI are for all of its stores. */
#ifndef WASMTIME_LINKER_H
#define WASMTIME_LINKER_H

#include <wasm.h>
#include <wasmtime/conf.h>
#include <wasmtime/error.h>
#include <wasmtime/extern.h>
#include <wasmtime/func.h>
#include <wasmtime/instance.h>
#include <wasmtime/store.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wasmtime_linker wasmtime_linker_t;

WASM_API_EXTERN wasmtime_linker_t *wasmtime_linker_new(wasm_engine_t *engine);
/* Another linker with the same definitions. */
WASM_API_EXTERN wasmtime_linker_t *wasmtime_linker_clone(wasmtime_linker_t *linker);
WASM_API_EXTERN void wasmtime_linker_delete(wasmtime_linker_t *linker);
/* Whether a name may be defined again; else that is an error. */
WASM_API_EXTERN void wasmtime_linker_allow_shadowing(wasmtime_linker_t *linker,
                                                     bool allow_shadowing);

WASM_API_EXTERN wasmtime_error_t *wasmtime_linker_define(wasmtime_linker_t *linker,
                                                         wasmtime_context_t *store,
                                                         const char *module, size_t module_len,
                                                         const char *name, size_t name_len,
                                                         const wasmtime_extern_t *item);
/* `finalizer` (may be NULL) is run with `data` once neither linkers nor stores have the function;
 * at once when defining fails. */
WASM_API_EXTERN wasmtime_error_t *
wasmtime_linker_define_func(wasmtime_linker_t *linker, const char *module, size_t module_len,
                            const char *name, size_t name_len, const wasm_functype_t *type,
                            wasmtime_func_callback_t callback, void *data,
                            void (*finalizer)(void *));
WASM_API_EXTERN wasmtime_error_t *wasmtime_linker_define_func_unchecked(
    wasmtime_linker_t *linker, const char *module, size_t module_len, const char *name,
    size_t name_len, const wasm_functype_t *type, wasmtime_func_unchecked_callback_t callback,
    void *data, void (*finalizer)(void *));
/* WASI preview 1 (wasi_snapshot_preview1, wasi_unstable) for stores that wasmtime_context_set_wasi
 * gave a world; other definitions of these names go first. */
WASM_API_EXTERN wasmtime_error_t *wasmtime_linker_define_wasi(wasmtime_linker_t *linker);
/* All exports of the instance as those of a module `name`. */
WASM_API_EXTERN wasmtime_error_t *
wasmtime_linker_define_instance(wasmtime_linker_t *linker, wasmtime_context_t *store,
                                const char *name, size_t name_len,
                                const wasmtime_instance_t *instance);
/* The same of a new instance, whose _initialize (of a reactor) is called. A command's _start is
 * defined, too, and runs in this one instance however often it is called. */
WASM_API_EXTERN wasmtime_error_t *wasmtime_linker_module(wasmtime_linker_t *linker,
                                                         wasmtime_context_t *store,
                                                         const char *name, size_t name_len,
                                                         const wasmtime_module_t *module);
WASM_API_EXTERN wasmtime_error_t *wasmtime_linker_instantiate(const wasmtime_linker_t *linker,
                                                              wasmtime_context_t *store,
                                                              const wasmtime_module_t *module,
                                                              wasmtime_instance_t *instance,
                                                              wasm_trap_t **trap);
/* The export "" of the module `name`, or its _start; a function that does nothing when there is
 * neither. */
WASM_API_EXTERN wasmtime_error_t *wasmtime_linker_get_default(const wasmtime_linker_t *linker,
                                                              wasmtime_context_t *store,
                                                              const char *name, size_t name_len,
                                                              wasmtime_func_t *func);
WASM_API_EXTERN bool wasmtime_linker_get(const wasmtime_linker_t *linker, wasmtime_context_t *store,
                                         const char *module, size_t module_len, const char *name,
                                         size_t name_len, wasmtime_extern_t *item);
WASM_API_EXTERN wasmtime_error_t *wasmtime_linker_instantiate_pre(const wasmtime_linker_t *linker,
                                                                  const wasmtime_module_t *module,
                                                                  wasmtime_instance_pre_t **pre);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
