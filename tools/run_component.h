/* Inside `wasm run` of components. */
#ifndef WASM_TOOL_RUN_COMPONENT_H
#define WASM_TOOL_RUN_COMPONENT_H

#include "tools/run.h"

#include <wasmcm.h>

struct RunComponent {
  wasmcm_component_t *component;
  wasmcm_linker_t *linker;
  wasmcm_instance_t *instance;
};

/* Calls the function that --invoke names, with its arguments, and prints the result; the exit
 * status. (run_invoke.c) */
int run_invoke(const Run *run, const RunComponent *component);

#endif
