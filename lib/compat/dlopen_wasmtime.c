/* libwasmtime.so, for programs that dlopen it: the name of WASI whose meaning is wasmtime's. All
 * others are found in the libraries that this one needs. */
#include "base/base.h"
#include "wasmx.h"

struct wasi_config_t;

/* libwasm-compat's. */
WASM_API_EXTERN bool wasmtime_wasi_config_preopen_dir(struct wasi_config_t *, const char *host_path,
                                                      const char *guest_path, size_t dir_perms,
                                                      size_t file_perms);
WASM_API_EXTERN bool wasi_config_preopen_dir(struct wasi_config_t *, const char *host_path,
                                             const char *guest_path, size_t dir_perms,
                                             size_t file_perms);

/* Before version 20 the function had three arguments and granted everything. Who calls it so (crun
 * does) leaves in the others what happens to be there: permissions that do not exist. */
bool wasi_config_preopen_dir(struct wasi_config_t *config, const char *host_path,
                             const char *guest_path, size_t dir_perms, size_t file_perms) {
  enum { ALL = 3 };
  if (dir_perms > ALL || file_perms > ALL) dir_perms = file_perms = ALL;
  return wasmtime_wasi_config_preopen_dir(config, host_path, guest_path, dir_perms, file_perms);
}
