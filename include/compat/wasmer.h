/* wasmer.h: what wasmer's C API (version 4) has beside wasm.h, on libwasm. README, "Clients of
 * other engines", lists what is not there.
 *
 * Names that other libraries have with another meaning stand for functions of the prefix wasmer_
 * (macros); the library to dlopen as libwasmer.so has them under their plain names. Ownership as in
 * wasm.h; strings are copied. */
#ifndef WASMER_H
#define WASMER_H

#include <wasm.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WASMER_VERSION       "4.4.0"
#define WASMER_VERSION_MAJOR 4
#define WASMER_VERSION_MINOR 4
#define WASMER_VERSION_PATCH 0
#define WASMER_VERSION_PRE   ""
WASM_API_EXTERN const char *wasmer_version(void);
WASM_API_EXTERN uint8_t wasmer_version_major(void);
WASM_API_EXTERN uint8_t wasmer_version_minor(void);
WASM_API_EXTERN uint8_t wasmer_version_patch(void);
WASM_API_EXTERN const char *wasmer_version_pre(void);

/* Of this thread's last failure: its length with the terminating zero, 0 when there was none; the
 * message itself, and how many bytes were written, -1 when it does not fit. */
WASM_API_EXTERN int wasmer_last_error_length(void);
WASM_API_EXTERN int wasmer_last_error_message(char *buffer, int length);

/* ---------------------------------------------------------------------------------- configuration
 */

typedef enum wasmer_compiler_t { CRANELIFT = 0, LLVM = 1, SINGLEPASS = 2 } wasmer_compiler_t;
typedef enum wasmer_engine_t { UNIVERSAL = 0 } wasmer_engine_t;

/* There is one compiler, whichever is asked for; the first is said to be it. */
WASM_API_EXTERN bool wasmer_is_compiler_available(wasmer_compiler_t);
WASM_API_EXTERN bool wasmer_is_engine_available(wasmer_engine_t);
WASM_API_EXTERN bool wasmer_is_headless(void);
#define wasm_config_set_compiler      wasmer_config_set_compiler
#define wasm_config_set_engine        wasmer_config_set_engine
#define wasm_config_set_features      wasmer_config_set_features
#define wasm_config_canonicalize_nans wasmer_config_canonicalize_nans
WASM_API_EXTERN void wasm_config_set_compiler(wasm_config_t *, wasmer_compiler_t);
WASM_API_EXTERN void wasm_config_set_engine(wasm_config_t *, wasmer_engine_t);
WASM_API_EXTERN void wasm_config_canonicalize_nans(wasm_config_t *, bool enable);

/* Parts of WebAssembly, each as libwasm has it until it is set. False: features is NULL. */
typedef struct wasmer_features_t wasmer_features_t;
WASM_API_EXTERN wasmer_features_t *wasmer_features_new(void);
WASM_API_EXTERN void wasmer_features_delete(wasmer_features_t *);
WASM_API_EXTERN bool wasmer_features_bulk_memory(wasmer_features_t *, bool enable);
WASM_API_EXTERN bool wasmer_features_memory64(wasmer_features_t *, bool enable);
WASM_API_EXTERN bool wasmer_features_module_linking(wasmer_features_t *, bool enable);
WASM_API_EXTERN bool wasmer_features_multi_memory(wasmer_features_t *, bool enable);
WASM_API_EXTERN bool wasmer_features_multi_value(wasmer_features_t *, bool enable);
WASM_API_EXTERN bool wasmer_features_reference_types(wasmer_features_t *, bool enable);
WASM_API_EXTERN bool wasmer_features_simd(wasmer_features_t *, bool enable);
WASM_API_EXTERN bool wasmer_features_tail_call(wasmer_features_t *, bool enable);
WASM_API_EXTERN bool wasmer_features_threads(wasmer_features_t *, bool enable);
/* Takes the features. */
WASM_API_EXTERN void wasm_config_set_features(wasm_config_t *, wasmer_features_t *);

/* ---------------------------------------------------------------------------------------- modules
 */

/* The module's own name, empty when it has none; the caller deletes *out. */
WASM_API_EXTERN void wasmer_module_name(const wasm_module_t *, wasm_name_t *out);
/* Text to a binary, which the caller deletes; empty when it is not valid (wasmer_last_error). */
#define wat2wasm wasmer_wat2wasm
WASM_API_EXTERN void wat2wasm(const wasm_byte_vec_t *wat, wasm_byte_vec_t *out);

/* An external with the names it is imported by. */
typedef struct wasmer_named_extern_t wasmer_named_extern_t;
WASM_API_EXTERN void wasmer_named_extern_delete(wasmer_named_extern_t *);
/* Borrowed. */
WASM_API_EXTERN const wasm_name_t *wasmer_named_extern_module(const wasmer_named_extern_t *);
WASM_API_EXTERN const wasm_name_t *wasmer_named_extern_name(const wasmer_named_extern_t *);
WASM_API_EXTERN const wasm_extern_t *wasmer_named_extern_unwrap(const wasmer_named_extern_t *);
typedef struct wasmer_named_extern_vec_t {
  size_t size;
  wasmer_named_extern_t **data;
} wasmer_named_extern_vec_t;
WASM_API_EXTERN void wasmer_named_extern_vec_new_empty(wasmer_named_extern_vec_t *out);
WASM_API_EXTERN void wasmer_named_extern_vec_new_uninitialized(wasmer_named_extern_vec_t *out,
                                                               size_t size);
WASM_API_EXTERN void wasmer_named_extern_vec_new(wasmer_named_extern_vec_t *out, size_t size,
                                                 wasmer_named_extern_t *const items[]);
WASM_API_EXTERN void wasmer_named_extern_vec_copy(wasmer_named_extern_vec_t *out,
                                                  const wasmer_named_extern_vec_t *);
WASM_API_EXTERN void wasmer_named_extern_vec_delete(wasmer_named_extern_vec_t *);

/* ------------------------------------------------------------------------------------------- WASI
 */

#define wasi_config_new              wasmer_wasi_config_new
#define wasi_config_delete           wasmer_wasi_config_delete
#define wasi_config_arg              wasmer_wasi_config_arg
#define wasi_config_env              wasmer_wasi_config_env
#define wasi_config_preopen_dir      wasmer_wasi_config_preopen_dir
#define wasi_config_mapdir           wasmer_wasi_config_mapdir
#define wasi_config_capture_stdout   wasmer_wasi_config_capture_stdout
#define wasi_config_inherit_stdout   wasmer_wasi_config_inherit_stdout
#define wasi_config_capture_stderr   wasmer_wasi_config_capture_stderr
#define wasi_config_inherit_stderr   wasmer_wasi_config_inherit_stderr
#define wasi_config_capture_stdin    wasmer_wasi_config_capture_stdin
#define wasi_config_inherit_stdin    wasmer_wasi_config_inherit_stdin
#define wasi_env_new                 wasmer_wasi_env_new
#define wasi_env_delete              wasmer_wasi_env_delete
#define wasi_env_set_memory          wasmer_wasi_env_set_memory
#define wasi_env_read_stdout         wasmer_wasi_env_read_stdout
#define wasi_env_read_stderr         wasmer_wasi_env_read_stderr
#define wasi_env_initialize_instance wasmer_wasi_env_initialize_instance
#define wasi_get_imports             wasmer_wasi_get_imports
#define wasi_get_unordered_imports   wasmer_wasi_get_unordered_imports
#define wasi_get_start_function      wasmer_wasi_get_start_function
#define wasi_get_wasi_version        wasmer_wasi_get_wasi_version

/* The program's name, then its arguments and environment. Standard streams are the process's until
 * they are captured; captured input is empty. Goes to wasi_env_new. */
typedef struct wasi_config_t wasi_config_t;
WASM_API_EXTERN wasi_config_t *wasi_config_new(const char *program_name);
WASM_API_EXTERN void wasi_config_delete(wasi_config_t *);
WASM_API_EXTERN void wasi_config_arg(wasi_config_t *, const char *arg);
WASM_API_EXTERN void wasi_config_env(wasi_config_t *, const char *key, const char *value);
/* A directory under its own name, or another; it may be written to. False: it cannot be opened. */
WASM_API_EXTERN bool wasi_config_preopen_dir(wasi_config_t *, const char *dir);
WASM_API_EXTERN bool wasi_config_mapdir(wasi_config_t *, const char *alias, const char *dir);
WASM_API_EXTERN void wasi_config_capture_stdout(wasi_config_t *);
WASM_API_EXTERN void wasi_config_inherit_stdout(wasi_config_t *);
WASM_API_EXTERN void wasi_config_capture_stderr(wasi_config_t *);
WASM_API_EXTERN void wasi_config_inherit_stderr(wasi_config_t *);
WASM_API_EXTERN void wasi_config_capture_stdin(wasi_config_t *);
WASM_API_EXTERN void wasi_config_inherit_stdin(wasi_config_t *);

/* What a program sees; takes the config. Version 2 had no store: called with the config alone
 * (through a pointer of dlsym's) it works as well, and the first wasi_get_imports tells the store.
 */
typedef struct wasi_env_t wasi_env_t;
WASM_API_EXTERN wasi_env_t *wasi_env_new(wasm_store_t *, wasi_config_t *);
WASM_API_EXTERN void wasi_env_delete(wasi_env_t *);
/* The memory is that of whoever calls: does nothing. */
WASM_API_EXTERN void wasi_env_set_memory(wasi_env_t *, const wasm_memory_t *);
/* Moves captured output to the buffer: how many bytes, 0 when there is none, -1 for NULL. */
WASM_API_EXTERN intptr_t wasi_env_read_stdout(wasi_env_t *, char *buffer, uintptr_t length);
WASM_API_EXTERN intptr_t wasi_env_read_stderr(wasi_env_t *, char *buffer, uintptr_t length);
/* Nothing is left to be done: true, but for NULL. */
WASM_API_EXTERN bool wasi_env_initialize_instance(wasi_env_t *, wasm_store_t *, wasm_instance_t *);

/* The module's imports in order: *imports is overwritten, and the caller's to delete. False: one is
 * none of WASI's; the env is used up by another store. Version 2 had env and module the other way
 * round, which is told apart. */
WASM_API_EXTERN bool wasi_get_imports(const wasm_store_t *, wasi_env_t *, const wasm_module_t *,
                                      wasm_extern_vec_t *imports);
/* Those of them that WASI has, with their names. */
WASM_API_EXTERN bool wasi_get_unordered_imports(wasi_env_t *, const wasm_module_t *,
                                                wasmer_named_extern_vec_t *imports);
/* Its _start; NULL: it has none. */
WASM_API_EXTERN wasm_func_t *wasi_get_start_function(wasm_instance_t *);
typedef enum wasi_version_t {
  INVALID_VERSION = -1,
  LATEST = 0,
  SNAPSHOT0 = 1,
  SNAPSHOT1 = 2
} wasi_version_t;
WASM_API_EXTERN wasi_version_t wasi_get_wasi_version(const wasm_module_t *);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
