/* `wasm component wit`: what a component imports and exports. */
#include "tools/component_file.h"

#include <string.h>

static int print_wit(const char *path, const wasmcm_component_t *component) {
  wasm_byte_vec_t text;
  if (!wasmcm_component_wit(component, &text))
    return complain("%s: its types are too many to be printed", printable(path));
  int status = write_file("-", &text);
  wasm_byte_vec_delete(&text);
  return status;
}

static int print_of_input(const char *path, Input *input) {
  wasm_engine_t *engine = wasm_engine_new();
  wasmcm_component_t *component = engine ? component_of_input(engine, path, input) : NULL;
  if (!engine) complain("out of memory");
  int status = component ? print_wit(path, component) : STATUS_FAILED;
  wasmcm_component_delete(component);
  wasm_engine_delete(engine);
  return status;
}

int component_main(int argc, char **argv) {
  Input input;
  if (argc != 3 || strcmp(argv[1], "wit") != 0)
    return complain_usage("component", "'wit FILE' is what there is");
  if (!load_input(argv[2], &input)) return STATUS_FAILED;
  int status = input.is_component ? print_of_input(argv[2], &input)
                                  : complain("%s is no component", printable(argv[2]));
  free_input(&input);
  return status;
}
