#include "tests/fuzz/program.h"

#include "engine/engine.h"

#include <stdio.h>
#include <stdlib.h>

/* Traps as other engines tell them apart, too. */
static const char *ending(TrapCode code) {
  switch (code) {
  case TRAP_NONE: return "done";
  case TRAP_UNREACHABLE: return "unreachable";
  case TRAP_INT_DIV_BY_ZERO: return "by zero";
  case TRAP_INT_OVERFLOW:
  case TRAP_INVALID_CONVERSION: return "unrepresentable";
  case TRAP_MEMORY_OUT_OF_BOUNDS: return "memory";
  case TRAP_TABLE_OUT_OF_BOUNDS:
  case TRAP_UNDEFINED_ELEMENT: return "table";
  case TRAP_UNINITIALIZED_ELEMENT:
  case TRAP_INDIRECT_CALL_TYPE: return "signature";
  default: return wm_trap_message(code);
  }
}

static Func *find(Instance *in, const char *name) {
  u32 index;
  if (!wm_namemap_get(&in->module->module.export_map, name, (u32)strlen(name), &index)) return NULL;
  return (Func *)(void *)wm_instance_export(in, &in->module->module.exports[index]);
}

static void call_all(Store *store, Instance *in, Buffer *out) {
  static const u64 arguments[][4] = {
      {0, 0, 0, 0},
      {1, UINT64_MAX, 0x3FC00000, UINT64_C(0xC045000000000000)},
      {0x80000000, 0x123456789ABCDEF, 0xFF800000, UINT64_C(0x41E0000000000000)},
  };
  Func *hash = find(in, "hash");
  for (u32 i = 0;; i++) {
    char name[16];
    snprintf(name, sizeof name, "f%u", i);
    Func *func = find(in, name);
    if (!func) break;
    for (u32 k = 0; k < ARRAY_LEN(arguments); k++) {
      u64 slots[4], sum[1] = {0};
      memcpy(slots, arguments[k], sizeof slots);
      TrapCode code = wm_call(store, func, slots);
      (void)wm_store_take_trap(store);
      (void)wm_call(store, hash, sum);
      wm_buffer_print(out, "f%u.%u %s %llx\n", i, k, ending(code), (unsigned long long)sum[0]);
    }
  }
}

void run_program(const Buffer *module, Buffer *out) {
  Engine *engine = wm_engine_new(NULL);
  Store *store = engine ? wm_engine_store_new(engine) : NULL;
  Error err = {0};
  LoadedModule *lm = store ? wm_engine_load(engine, module->data, module->len, &err) : NULL;
  Instance *in = lm ? wm_instance_new(store, lm, NULL, 0, &err) : NULL;
  if (in)
    call_all(store, in, out);
  else
    wm_buffer_print(out, "%s at %llu\n", err.message, (unsigned long long)err.offset);
  if (lm) wm_loaded_release(lm);
  if (store) wm_engine_store_delete(store);
  if (engine) wm_engine_release(engine);
}
