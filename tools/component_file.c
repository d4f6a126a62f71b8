/* Components from files, compiled or not (component_file.h). */
#include "tools/component_file.h"

#include <stdlib.h>

wasmcm_component_t *component_of_input(wasm_engine_t *engine, const char *path, Input *input) {
  wasmx_error_t err = {.size = sizeof err};
  wasmcm_component_t *component = wasmcm_component_new_borrowed(
      engine, input->bytes.data, input->bytes.size, 0, free, input->bytes.data, &err);
  if (component) input->bytes.data = NULL; /* the component's now */
  free_input(input);
  if (!component) complain_error(path, &err);
  return component;
}

wasmcm_component_t *load_compiled_component(wasm_engine_t *engine, const char *path) {
  wasmx_error_t err = {.size = sizeof err};
  wasmcm_component_t *component = wasmcm_component_deserialize_file(engine, path, &err);
  if (!component) complain_error(path, &err);
  return component;
}

int serialize_component(wasm_engine_t *engine, const char *path, Input *input,
                        wasm_byte_vec_t *out) {
  wasmcm_component_t *component = component_of_input(engine, path, input);
  if (!component) return STATUS_FAILED;
  int status = wasmcm_component_serialize(component, out) ? STATUS_OK : complain("out of memory");
  wasmcm_component_delete(component);
  return status;
}
