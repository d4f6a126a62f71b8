#include "tests/fuzz/program.h"

#include "engine/tiers.h"
#include "tests/support/compiled.h"

/* Traps as other engines tell them apart, too. */
static const char *ending(TrapCode code) {
  switch (code) {
  case TRAP_NONE: return "done";
  case TRAP_UNREACHABLE: return "unreachable";
  case TRAP_INT_DIV_BY_ZERO: return "by zero";
  case TRAP_INT_OVERFLOW:
  case TRAP_INVALID_CONVERSION: return "unrepresentable";
  case TRAP_MEMORY_OUT_OF_BOUNDS:
  case TRAP_UNALIGNED_ATOMIC: return "memory"; /* others look for the end first */
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

/* The trap's number, and how far into the function it happened. */
static void print_place(Store *store, TrapCode code, Buffer *out) {
  const Trap *trap = wm_store_take_trap(store);
  if (!trap) return;
  wm_buffer_print(out, " %u", code);
  if (code == TRAP_STACK_OVERFLOW) return; /* how deep is the tier's own */
  for (u32 i = 0; i < trap->frame_count; i++)
    wm_buffer_print(out, " %u+%u", trap->frames[i].func_index, trap->frames[i].func_offset);
}

static void call_all(Store *store, Instance *in, bool places, Buffer *out) {
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
      wm_buffer_print(out, "f%u.%u %s", i, k, ending(code));
      if (places && code) print_place(store, code, out);
      (void)wm_store_take_trap(store);
      (void)wm_call(store, hash, sum);
      wm_buffer_print(out, " %llx\n", (unsigned long long)sum[0]);
    }
  }
}

void run_program(Engine *engine, const Buffer *module, bool places, Buffer *out) {
  Store *store = wm_engine_store_new(engine);
  Error err = {0};
  LoadedModule *lm = store ? wm_engine_load(engine, module->data, module->len, &err) : NULL;
  Instance *in = lm ? wm_instance_new(store, lm, NULL, 0, &err) : NULL;
  if (in)
    call_all(store, in, places, out);
  else
    wm_buffer_print(out, "%s at %llu\n", err.message, (unsigned long long)err.offset);
  if (lm) wm_loaded_release(lm);
  if (store) wm_engine_store_delete(store);
}

static const char *const ways[] = {"interp",     "jit",           "auto",       "jit explicit",
                                   "jit spill",  "jit few",       "jit sse",    "jit no-inline",
                                   "jit inline", "auto explicit", "jit no-opt", "jit no-lowering",
                                   NULL};

const char *program_way(u32 way) { return ways[way]; }

static void set_compiler(Config *config, const char *way) {
  config->compile_threads = 0;
  config->call_threshold = config->loop_threshold = 0;
  config->signals = !strstr(way, "explicit");
  config->jit.verify = true;
  if (!strcmp(test_sabotage(), "drop")) config->jit.sabotage = SABOTAGE_DROP;
  if (!strcmp(test_sabotage(), "reject")) config->jit.sabotage = SABOTAGE_REJECT;
  config->jit.spill_all = strstr(way, "spill") != NULL;
  config->jit.no_inline = strstr(way, "no-inline") != NULL;
  config->jit.inline_all = strstr(way, " inline") != NULL;
  config->jit.no_opt = strstr(way, "no-opt") != NULL;
  config->jit.no_lowering = strstr(way, "no-lowering") != NULL;
  if (strstr(way, "few")) {
    config->jit.int_regs = 0x4F; /* one of them saved by the callee */
    config->jit.float_regs = 0xF;
  }
  if (strstr(way, "sse")) config->jit.cpu = 0;
}

Engine *program_engine(u32 way) {
  Config config = wm_config_default();
  const char *name = ways[way];
  config.tier = name[0] == 'i' ? TIER_INTERP : name[0] == 'j' ? TIER_JIT : TIER_AUTO;
  if (config.tier != TIER_INTERP) set_compiler(&config, name);
  return wm_engine_new(&config);
}

const char *program_fault(const Engine *engine, u32 way) {
  static char text[400];
  TierStats s = wm_engine_tier_stats(engine); /* all 0 for interp, and for a way that had no turn */
  bool all = ways[way][0] == 'j', some = s.native_functions + s.native_loops > 0;
  bool missing = all ? s.native_functions != s.defined : s.defined && !some;
  snprintf(text, sizeof text, "%llu of %llu functions compiled, %llu failures: %s",
           (unsigned long long)s.native_functions, (unsigned long long)s.defined,
           (unsigned long long)tier_failures(&s), s.trouble);
  return missing || tier_failures(&s) ? text : NULL;
}
