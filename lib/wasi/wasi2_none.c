/* libwasi without components. */
#include "wasi.h"

bool wasi_ctx_define_components(wasi_ctx_t *ctx, struct wasmcm_linker_t *linker) {
  (void)ctx, (void)linker;
  return false;
}
