/* Fuzz target: bytes -> decode -> validate. Any outcome is fine, as long as it is clean. */
#include "tests/fuzz/fuzz.h"

#include "engine/engine.h"
#include "interp/interp.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
  Engine *engine = wm_engine_new(NULL);
  Error err = {0};
  LoadedModule *lm = engine ? wm_engine_load(engine, data, size, &err) : NULL;
  if (lm) {
    for (u32 i = 0; i < lm->module.func_count - lm->module.func_import_count; i++)
      (void)wm_interp_translate(&lm->codes[i]);
    wm_loaded_release(lm);
  } else if (engine && err.code == ERR_NONE) {
    __builtin_trap(); /* refused without saying why */
  }
  if (engine) wm_engine_release(engine);
  return 0;
}
