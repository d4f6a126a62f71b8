/* The end of a module (module.h). */
#include "wasm/module.h"

#include <stdlib.h>

void wm_module_free(Module *m) {
  wm_namemap_free(&m->export_map);
  wm_arena_free(&m->arena);
  free(m->funcs);
  if (!m->is_borrowed) free(m->bytes);
  *m = (Module){0};
}
