/* Growth that the host is asked about (runtime/store.h: Growth). */
#include "api/handle.h"

bool wm_api_may_grow(Store *store, const Growth *growth) {
  const wasm_store_t *home = home_of(store);
  wasmx_growth_t asked = {.size = sizeof asked,
                          .kind = growth->is_memory ? WASM_EXTERN_MEMORY : WASM_EXTERN_TABLE,
                          .from = growth->from,
                          .to = growth->to,
                          .max = growth->max};
  return home->may_grow(home->growth_env, &asked);
}

bool wasmx_store_set_growth_callback(wasm_store_t *home, wasmx_growth_callback_t may_grow,
                                     void *env) {
  Store *store = store_of(home);
  if (!store) return wm_api_fail(ERR_ARGUMENT, "there is no store, or it is deleted");
  home->may_grow = may_grow;
  home->growth_env = env;
  store->may_grow = may_grow ? wm_api_may_grow : NULL;
  return true;
}
