/* wasmcm.h: components. */
#include "component/cm_component.h"

#include <wasmcm.h>

#include <stdio.h>

struct wasmcm_component_t {
  Component *component;
};

/* Copies what there is room for in a struct that may be older or younger than ours. */
static void tell(const Error *from, wasmx_error_t *err) {
  if (!err || err->size < offsetof(wasmx_error_t, context)) return;
  size_t size = err->size;
  wasmx_error_t all = {.size = size, .code = (wasmx_errcode_t)from->code, .offset = from->offset};
  snprintf(all.message, sizeof all.message, "%s", from->message);
  if (from->proposal) snprintf(all.proposal, sizeof all.proposal, "%s", from->proposal);
  memcpy(err, &all, size < sizeof all ? size : sizeof all);
}

static wasmcm_component_t *fail(Error *error, wasmx_error_t *err) {
  tell(error, err);
  return NULL;
}

wasmcm_component_t *wasmcm_component_new(wasm_engine_t *engine, const void *bytes, size_t size,
                                         uint32_t flags, wasmx_error_t *err) {
  Error error = {0};
  if (!engine || (!bytes && size) || flags) {
    wm_error_set(&error, ERR_ARGUMENT, 0, "no engine, no bytes, or unknown flags");
    return fail(&error, err);
  }
  wasmcm_component_t *made = malloc(sizeof *made);
  if (!made) wm_error_out_of_memory(&error);
  Component *component = made ? wm_component_read(engine, bytes, size, &error) : NULL;
  if (!component) {
    free(made);
    return fail(&error, err);
  }
  made->component = component;
  tell(&error, err);
  return made;
}

void wasmcm_component_delete(wasmcm_component_t *component) {
  if (!component) return;
  wm_component_free(component->component);
  free(component);
}

bool wasmcm_is_component(const void *bytes, size_t size) {
  return bytes && size >= 8 && memcmp(bytes, "\0asm\x0d\0\1\0", 8) == 0;
}
