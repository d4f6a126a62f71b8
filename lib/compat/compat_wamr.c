/* Callbacks of programs for WAMR, whose vectors are longer (wasm_c_api.h). */
#include "base/base.h"
#include "wasmx.h"

/* Any vector of wasm_c_api.h. */
typedef struct WamrVec {
  size_t size;
  void *data;
  size_t num_elems, size_of_elem;
  void *lock;
} WamrVec;

typedef wasm_trap_t *(*WamrCallback)(const WamrVec *args, WamrVec *results);
typedef wasm_trap_t *(*WamrCallbackWithEnv)(void *env, const WamrVec *args, WamrVec *results);

/* As wasm_c_api.h has them, which cannot be included beside wasm.h. */
WASM_API_EXTERN wasm_func_t *wamr_func_new(wasm_store_t *, const wasm_functype_t *, WamrCallback);
WASM_API_EXTERN wasm_func_t *wamr_func_new_with_env(wasm_store_t *, const wasm_functype_t *,
                                                    WamrCallbackWithEnv, void *env,
                                                    void (*finalizer)(void *));

typedef struct WamrEnv {
  WamrCallback plain; /* or NULL */
  WamrCallbackWithEnv with_env;
  void *env;
  void (*finalizer)(void *);
} WamrEnv;

static void env_free(void *p) {
  WamrEnv *e = p;
  if (e->finalizer) e->finalizer(e->env);
  free(e);
}

static WamrVec longer(const wasm_val_vec_t *vec) {
  return (WamrVec){vec->size, vec->data, vec->size, sizeof *vec->data, NULL};
}

/* The client's function takes vectors by their name in its own header. */
#if defined(__clang__)
__attribute__((no_sanitize("function")))
#endif
static wasm_trap_t *
call(void *p, const wasm_val_vec_t *args, wasm_val_vec_t *results) {
  const WamrEnv *e = p;
  WamrVec in = longer(args), out = longer(results);
  return e->plain ? e->plain(&in, &out) : e->with_env(e->env, &in, &out);
}

static wasm_func_t *func_new(wasm_store_t *store, const wasm_functype_t *type, WamrEnv from) {
  if (!from.plain && !from.with_env) return NULL;
  WamrEnv *env = malloc(sizeof *env);
  if (!env) return NULL;
  *env = from;
  wasm_func_t *func = wasm_func_new_with_env(store, type, call, env, env_free);
  if (!func) free(env);
  return func;
}

wasm_func_t *wamr_func_new(wasm_store_t *store, const wasm_functype_t *type,
                           WamrCallback callback) {
  return func_new(store, type, (WamrEnv){.plain = callback});
}

wasm_func_t *wamr_func_new_with_env(wasm_store_t *store, const wasm_functype_t *type,
                                    WamrCallbackWithEnv callback, void *env,
                                    void (*finalizer)(void *)) {
  return func_new(store, type, (WamrEnv){.with_env = callback, .env = env, .finalizer = finalizer});
}
