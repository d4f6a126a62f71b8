/* Externals: what is imported and exported. Functions, globals, tables, memories and tags as
 * wasm_extern_t, and back. */
#include "api/api_vec.h"

#define DEFINE_EXTERN(name)                                                                        \
  wasm_extern_t *wasm_##name##_as_extern(wasm_##name##_t *ref) { return (wasm_extern_t *)ref; }    \
  const wasm_extern_t *wasm_##name##_as_extern_const(const wasm_##name##_t *ref) {                 \
    return (const wasm_extern_t *)ref;                                                             \
  }                                                                                                \
  wasm_##name##_t *wasm_extern_as_##name(wasm_extern_t *ref) {                                     \
    return wasm_ref_as_##name(handle_of(ref));                                                     \
  }                                                                                                \
  const wasm_##name##_t *wasm_extern_as_##name##_const(const wasm_extern_t *ref) {                 \
    return wasm_ref_as_##name##_const(handle_of(ref));                                             \
  }

DEFINE_EXTERN(func)
DEFINE_EXTERN(global)
DEFINE_EXTERN(table)
DEFINE_EXTERN(memory)
DEFINE_EXTERN(tag)

/* Needs no living store: the kind is the handle's. */
wasm_externkind_t wasm_extern_kind(const wasm_extern_t *ref) {
  if (!ref) return WASM_EXTERN_FUNC;
  switch (handle_of(ref)->kind) {
  case OBJ_GLOBAL: return WASM_EXTERN_GLOBAL;
  case OBJ_TABLE: return WASM_EXTERN_TABLE;
  case OBJ_MEMORY: return WASM_EXTERN_MEMORY;
  case OBJ_TAG: return WASM_EXTERN_TAG;
  default: return WASM_EXTERN_FUNC;
  }
}

wasm_externtype_t *wasm_extern_type(const wasm_extern_t *ref) {
  Error err = {0};
  const Handle *h = handle_of(ref);
  Store *store = wm_api_handle_store(h, &err);
  if (!store) return wm_api_report(&err, NULL), NULL;
  return wm_externtype_of_object(store, h->object);
}

DEFINE_POINTER_VEC(extern)
