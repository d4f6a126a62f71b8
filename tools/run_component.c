/* `wasm run` of components: commands of WASI 0.2, which export wasi:cli/run. */
#include "tools/run_component.h"
#include "tools/component_file.h"

#include <stdlib.h>

static const char command[] = "wasi:cli/run@0.2.0";

void run_drop_component(RunComponent *c) {
  if (!c) return;
  wasmcm_instance_delete(c->instance);
  wasmcm_linker_delete(c->linker);
  wasmcm_component_delete(c->component);
  free(c);
}

static int make_linker(const Run *run, RunComponent *c) {
  c->linker = wasmcm_linker_new(run->store);
  if (!c->linker || !wasi_ctx_define_components(run->wasi, c->linker))
    return complain("out of memory");
  if (run->traps_unknown) wasmcm_linker_define_unknown_as_traps(c->linker);
  return STATUS_OK;
}

int run_set_up_component(Run *run, Input *input) {
  RunComponent *c = run->component = calloc(1, sizeof *c);
  if (!c) {
    free_input(input);
    return complain("out of memory");
  }
  c->component = input->is_compiled ? load_compiled_component(run->engine, run->path)
                                    : component_of_input(run->engine, run->path, input);
  return c->component ? make_linker(run, c) : STATUS_FAILED;
}

/* Its result is whether it succeeded. */
static int call_run(const Run *run, const wasmcm_func_t *func) {
  wasmcm_result_t result;
  int status = run_end_of(run, wasmcm_func_call(func, NULL, &result));
  bool failed = result.value.kind == WASMCM_RESULT && result.value.of.variant.index;
  wasmcm_result_delete(&result);
  return failed ? STATUS_FAILED : status;
}

/* Of the type that commands have. */
static bool is_command(const wasmcm_func_t *func) {
  const wasmcm_type_t *type = func ? wasmcm_func_type(func) : NULL;
  const wasmcm_type_t *result = type ? wasmcm_type_result(type) : NULL;
  return result && !wasmcm_type_count(type) && wasmcm_type_kind(result) == WASMCM_RESULT;
}

static int start(const Run *run, const RunComponent *c) {
  wasmcm_func_t *func = wasmcm_instance_func(c->instance, command, "run");
  int status = is_command(func) ? call_run(run, func)
                                : complain("%s: no command: it does not export %s",
                                           printable(run->path), command);
  wasmcm_func_delete(func);
  return status;
}

int run_component(Run *run) {
  RunComponent *c = run->component;
  wasmx_error_t err = {.size = sizeof err};
  wasm_trap_t *trap = NULL;
  c->instance = wasmcm_linker_instantiate(c->linker, c->component, &trap, &err);
  if (c->instance) return run->invoke ? run_invoke(run, c) : start(run, c);
  return trap ? run_end_of(run, trap) : complain_error(run->path, &err);
}
