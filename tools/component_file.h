/* Components from files. */
#ifndef WASM_TOOL_COMPONENT_FILE_H
#define WASM_TOOL_COMPONENT_FILE_H

#include "tools/tool.h"

#include <wasmcm.h>

/* Reads and checks the component, whose bytes become its own; frees the input. NULL when it said
 * why not. */
wasmcm_component_t *component_of_input(wasm_engine_t *engine, const char *path, Input *input);
/* What `wasm compile` wrote of one. NULL when it said why not. */
wasmcm_component_t *load_compiled_component(wasm_engine_t *engine, const char *path);

#endif
