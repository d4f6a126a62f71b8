/* libwasmer.so, for programs that dlopen it: wasmer's names that are macros in wasmer.h, as other
 * libraries have them with another meaning. All others are found in the libraries that this one
 * needs. */
#include "base/base.h"
#include "wasmx.h"

typedef struct wasi_config_t wasi_config_t;
typedef struct wasi_env_t wasi_env_t;
struct wasmer_features_t;
struct wasmer_named_extern_vec_t;

/* NAME(parameters) is PREFIXED(parameters), libwasm-compat's. */
#define NAME(result, name, prefixed, parameters, arguments)                                        \
  WASM_API_EXTERN result prefixed parameters;                                                      \
  WASM_API_EXTERN result name parameters;                                                          \
  result name parameters { return prefixed arguments; }
#define WASI(result, name, parameters, arguments)                                                  \
  NAME(result, wasi_##name, wasmer_wasi_##name, parameters, arguments)
#define CONFIG(result, name, parameters, arguments)                                                \
  NAME(result, wasm_config_##name, wasmer_config_##name, parameters, arguments)

NAME(void, wat2wasm, wasmer_wat2wasm, (const wasm_byte_vec_t *wat, wasm_byte_vec_t *out),
     (wat, out))
CONFIG(void, set_compiler, (wasm_config_t * c, int compiler), (c, compiler))
CONFIG(void, set_engine, (wasm_config_t * c, int engine), (c, engine))
CONFIG(void, set_features, (wasm_config_t * c, struct wasmer_features_t *f), (c, f))
CONFIG(void, canonicalize_nans, (wasm_config_t * c, bool enable), (c, enable))
WASI(wasi_config_t *, config_new, (const char *program_name), (program_name))
WASI(void, config_delete, (wasi_config_t * c), (c))
WASI(void, config_arg, (wasi_config_t * c, const char *arg), (c, arg))
WASI(void, config_env, (wasi_config_t * c, const char *key, const char *value), (c, key, value))
WASI(bool, config_preopen_dir, (wasi_config_t * c, const char *dir), (c, dir))
WASI(bool, config_mapdir, (wasi_config_t * c, const char *alias, const char *dir), (c, alias, dir))
WASI(void, config_capture_stdin, (wasi_config_t * c), (c))
WASI(void, config_inherit_stdin, (wasi_config_t * c), (c))
WASI(void, config_capture_stdout, (wasi_config_t * c), (c))
WASI(void, config_inherit_stdout, (wasi_config_t * c), (c))
WASI(void, config_capture_stderr, (wasi_config_t * c), (c))
WASI(void, config_inherit_stderr, (wasi_config_t * c), (c))
WASI(wasi_env_t *, env_new, (wasm_store_t * store, wasi_config_t *c), (store, c))
WASI(void, env_delete, (wasi_env_t * env), (env))
WASI(void, env_set_memory, (wasi_env_t * env, const wasm_memory_t *memory), (env, memory))
WASI(bool, env_initialize_instance,
     (wasi_env_t * env, wasm_store_t *store, wasm_instance_t *instance), (env, store, instance))
WASI(intptr_t, env_read_stdout, (wasi_env_t * env, char *buffer, uintptr_t length),
     (env, buffer, length))
WASI(intptr_t, env_read_stderr, (wasi_env_t * env, char *buffer, uintptr_t length),
     (env, buffer, length))
WASI(bool, get_imports,
     (const wasm_store_t *store, wasi_env_t *env, const wasm_module_t *module,
      wasm_extern_vec_t *imports),
     (store, env, module, imports))
WASI(bool, get_unordered_imports,
     (wasi_env_t * env, const wasm_module_t *module, struct wasmer_named_extern_vec_t *imports),
     (env, module, imports))
WASI(wasm_func_t *, get_start_function, (wasm_instance_t * instance), (instance))
WASI(int, get_wasi_version, (const wasm_module_t *module), (module))
