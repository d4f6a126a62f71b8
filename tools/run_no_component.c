/* Where components are not built in. */
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
