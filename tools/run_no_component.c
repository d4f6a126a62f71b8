/* Where components are not built in. */
#include "tools/inspect.h"
#include "tools/run.h"

void run_drop_component(RunComponent *component) { (void)component; }

int run_set_up_component(Run *run, Input *input) {
  free_input(input);
  return complain("%s is a component: this program was built without", printable(run->path));
}

int run_component(Run *run) {
  (void)run;
  return STATUS_FAILED;
}

int serialize_component(wasm_engine_t *engine, const char *path, Input *input,
                        wasm_byte_vec_t *out) {
  (void)engine, (void)out;
  free_input(input);
  return complain("%s is a component: this program was built without", printable(path));
}

int inspect_component(const char *path, const wasm_byte_vec_t *bytes, Out *o) {
  (void)bytes, (void)o;
  return complain("%s is a component: this program was built without", printable(path));
}
