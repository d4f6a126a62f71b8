/* Insides of the handles of wasmcm.h. */
#ifndef WM_COMPONENT_CM_API_H
#define WM_COMPONENT_CM_API_H

#include "base/buffer.h"
#include "component/cm_call.h"
#include "component/cm_names.h"

struct wasmcm_component_t {
  Component *component;
};

struct wasmcm_instance_t {
  World *world; /* counted */
  Bag *exports;
};

void wm_error_tell(const Error *from, wasmx_error_t *err);
/* Takes over the count of the component, which may be NULL with the error; tells that. */
wasmcm_component_t *wm_component_handle(Component *component, Error *error, wasmx_error_t *err);

static inline const Type *wm_api_type(const wasmcm_type_t *type) {
  return (const Type *)(const void *)type;
}

/* The text as a vector of the host's, when it is good; frees the buffer. False: *out is empty. */
bool wm_text_give(Buffer *text, bool good, wasm_byte_vec_t *out);
/* A type in WIT's words, escaped and cut to the size: "list<u8>". Returns out. */
const char *wm_type_text(char *out, size_t size, const Type *type);
/* Whether wasmcm_type_wit gives that text, within nothing; false: no memory, too. */
bool wm_type_text_is(const Type *type, const char *text);

#endif
