/* wasi.h as programs for wasmtime include it: libwasi's functions, but wasi_config_preopen_dir,
 * which takes permissions there. */
#ifndef WASI_H
#define WASI_H

#include <wasm.h>

#ifndef WASI_API_EXTERN
#define WASI_API_EXTERN WASM_API_EXTERN
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Given to wasmtime_context_set_wasi, or deleted. Starts with nothing: no arguments, no
 * environment, empty input, output that is dropped. Strings are copied, files opened at once. */
typedef struct wasi_config_t wasi_config_t;
WASI_API_EXTERN wasi_config_t *wasi_config_new(void);
WASI_API_EXTERN void wasi_config_delete(wasi_config_t *);

WASI_API_EXTERN bool wasi_config_set_argv(wasi_config_t *, size_t argc, const char *argv[]);
WASI_API_EXTERN void wasi_config_inherit_argv(wasi_config_t *);
WASI_API_EXTERN bool wasi_config_set_env(wasi_config_t *, size_t envc, const char *names[],
                                         const char *values[]);
WASI_API_EXTERN void wasi_config_inherit_env(wasi_config_t *);
WASI_API_EXTERN bool wasi_config_set_stdin_file(wasi_config_t *, const char *path);
/* Takes the bytes. */
WASI_API_EXTERN void wasi_config_set_stdin_bytes(wasi_config_t *, wasm_byte_vec_t *binary);
WASI_API_EXTERN void wasi_config_inherit_stdin(wasi_config_t *);
WASI_API_EXTERN bool wasi_config_set_stdout_file(wasi_config_t *, const char *path);
WASI_API_EXTERN void wasi_config_inherit_stdout(wasi_config_t *);
WASI_API_EXTERN bool wasi_config_set_stderr_file(wasi_config_t *, const char *path);
WASI_API_EXTERN void wasi_config_inherit_stderr(wasi_config_t *);

enum wasi_dir_perms_flags { WASMTIME_WASI_DIR_PERMS_READ = 1, WASMTIME_WASI_DIR_PERMS_WRITE = 2 };
typedef size_t wasi_dir_perms;
enum wasi_file_perms_flags {
  WASMTIME_WASI_FILE_PERMS_READ = 1,
  WASMTIME_WASI_FILE_PERMS_WRITE = 2
};
typedef size_t wasi_file_perms;

/* Another function than libwasi's of that name. Permissions beyond those above are an error. */
#define wasi_config_preopen_dir wasmtime_wasi_config_preopen_dir
WASI_API_EXTERN bool wasmtime_wasi_config_preopen_dir(wasi_config_t *, const char *host_path,
                                                      const char *guest_path, wasi_dir_perms,
                                                      wasi_file_perms);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
