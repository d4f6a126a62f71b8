/* Fuzz target: text -> binary -> decode -> validate. What the text format writes must decode. */
#include "tests/fuzz/fuzz.h"

#include "engine/engine.h"
#include "text/wat.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
  Engine *engine = wm_engine_new(NULL);
  Buffer out = {0};
  Error err = {0};
  bool ok = wm_wat_to_binary((const char *)data, size, &out, &err);
  if (ok == (err.code != ERR_NONE)) __builtin_trap();
  if (ok && engine && !wm_engine_validate(engine, out.data, out.len, &err) && err.code == ERR_NONE)
    __builtin_trap();
  wm_buffer_free(&out);
  if (engine) wm_engine_release(engine);
  return 0;
}
