#include "tests/fuzz/program.h"

#include "engine/tiers.h"
#include "runtime/collect.h"
#include "runtime/exception.h"
#include "tests/support/compiled.h"

enum { MAX_IMPORTS_HERE = 16 };

/* Traps as other engines tell them apart, too. */
static const char *ending(TrapCode code) {
  switch (code) {
  case TRAP_NONE: return "done";
  case TRAP_UNREACHABLE: return "unreachable";
  case TRAP_INT_DIV_BY_ZERO: return "by zero";
  case TRAP_INT_OVERFLOW:
  case TRAP_INVALID_CONVERSION: return "unrepresentable";
  case TRAP_MEMORY_OUT_OF_BOUNDS: /* of these, where there are two ends, others look at another
                                     first */
  case TRAP_UNALIGNED_ATOMIC:
  case TRAP_TABLE_OUT_OF_BOUNDS:
  case TRAP_ARRAY_OUT_OF_BOUNDS:
  case TRAP_UNDEFINED_ELEMENT: return "bounds";
  case TRAP_UNINITIALIZED_ELEMENT:
  case TRAP_INDIRECT_CALL_TYPE: return "signature";
  case TRAP_UNCAUGHT_EXCEPTION: return "exception";
  case TRAP_NULL_REFERENCE:
  case TRAP_NULL_FUNCTION:
  case TRAP_NULL_EXCEPTION:
  case TRAP_NULL_STRUCT:
  case TRAP_NULL_ARRAY:
  case TRAP_NULL_I31: return "null";
  case TRAP_CAST_FAILURE: return "cast";
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

static const u64 arguments[][4] = {
    {0, 0, 0, 0},
    {1, UINT64_MAX, 0x3FC00000, UINT64_C(0xC045000000000000)},
    {0x80000000, 0x123456789ABCDEF, 0xFF800000, UINT64_C(0x41E0000000000000)},
};

/* The two modules' instances, each with the function of the host that calls the other. */
typedef struct Pair {
  Instance *instances[2];
  Func *hosts[2];
  Func *partners[2];
} Pair;

static TrapCode call_partner(Store *store, Func *func, Instance *caller, u64 *slots) {
  (void)caller, (void)slots;
  u64 none[1] = {0};
  TrapCode code = wm_call(store, *(Func **)func->env, none);
  return code ? wm_trap_hand_on(store, wm_store_take_trap(store)) : TRAP_NONE;
}

static void print_sums(Store *store, const Pair *p, Buffer *out) {
  for (u32 i = 0; i < 2; i++) {
    u64 sum[1] = {0};
    (void)wm_call(store, find(p->instances[i], "hash"), sum);
    wm_buffer_print(out, " %llx", (unsigned long long)sum[0]);
  }
  wm_buffer_print(out, "\n");
}

static void call_one(Store *store, const Pair *p, Func *func, u32 set, bool places, Buffer *out) {
  static const i64 fuels[ARRAY_LEN(arguments)] = {100000, 300, 90};
  u64 slots[4];
  memcpy(slots, arguments[set], sizeof slots);
  store->fuel = fuels[set];
  TrapCode code = wm_call(store, func, slots);
  wm_buffer_print(out, " %s", ending(code));
  if (store->fuel != fuels[set]) wm_buffer_print(out, " fuel %lld", (long long)store->fuel);
  store->fuel = fuels[0];
  if (places && code) print_place(store, code, out);
  (void)wm_store_take_trap(store);
  print_sums(store, p, out);
}

static void call_all(Store *store, const Pair *p, u32 which, u32 sets, bool places, Buffer *out) {
  for (u32 i = 0;; i++) {
    char name[16];
    snprintf(name, sizeof name, "f%u", i);
    Func *func = find(p->instances[which], name);
    if (!func) break;
    for (u32 k = 0; k < sets; k++) {
      wm_buffer_print(out, "%u.f%u.%u", which, i, k);
      call_one(store, p, func, k, places, out);
    }
  }
}

/* ---- linking ---- */

/* The first module only imports the host's function; the second one also from the first. */
static Object *import_of(Pair *p, u32 which, const Import *import) {
  Object *host = (Object *)(void *)p->hosts[which];
  if (!which || (import->name.len == 4 && !memcmp(import->name.bytes, "host", 4))) return host;
  u32 index;
  Instance *from = p->instances[0];
  const Module *m = &from->module->module;
  bool found =
      wm_namemap_get(&m->export_map, (const char *)import->name.bytes, import->name.len, &index);
  return found ? wm_instance_export(from, &m->exports[index]) : NULL;
}

static bool instantiate(Store *store, LoadedModule *lm, Pair *p, u32 which, Error *err) {
  Object *imports[MAX_IMPORTS_HERE];
  const Module *m = &lm->module;
  u32 type = m->types[m->funcs[0].type_index].type_id, count = m->import_count;
  p->hosts[which] = wm_func_new_host(store, type, call_partner, &p->partners[which], NULL, err);
  if (!p->hosts[which] || count > MAX_IMPORTS_HERE) return false;
  for (u32 i = 0; i < count; i++) imports[i] = import_of(p, which, &m->imports[i]);
  object_hold(&p->hosts[which]->head);
  p->instances[which] = wm_instance_new(store, lm, imports, count, err);
  if (!p->instances[which]) return false;
  object_hold(&p->instances[which]->head);
  p->partners[!which] = find(p->instances[which], "back");
  return true;
}

void run_program(Engine *engine, const Program *program, bool places, Buffer *out) {
  const Buffer *modules[] = {&program->module, &program->peer};
  LoadedModule *loaded[2] = {NULL, NULL};
  Store *store = wm_engine_store_new(engine);
  Error err = {0};
  Pair pair = {0};
  bool ready = store != NULL;
  for (u32 i = 0; ready && i < 2; i++) {
    loaded[i] = wm_engine_load(engine, modules[i]->data, modules[i]->len, &err);
    ready = loaded[i] && instantiate(store, loaded[i], &pair, i, &err);
  }
  if (ready) {
    call_all(store, &pair, 0, ARRAY_LEN(arguments), places, out);
    call_all(store, &pair, 1, 1, places, out);
  } else {
    wm_buffer_print(out, "%s at %llu\n", err.message, (unsigned long long)err.offset);
  }
  for (u32 i = 0; i < 2; i++)
    if (loaded[i]) wm_loaded_release(loaded[i]);
  if (store) wm_engine_store_delete(store);
}

static const char *const ways[] = {"interp",
                                   "jit",
                                   "auto",
                                   "jit explicit",
                                   "jit spill",
                                   "jit few",
                                   "jit sse",
                                   "jit no-inline",
                                   "jit inline",
                                   "auto explicit",
                                   "jit no-opt",
                                   "jit no-lowering",
                                   "auto loops",
                                   "jit some",
                                   "auto inline",
                                   "jit fuel",
                                   "auto fuel",
                                   "auto loops fuel",
                                   "auto guess",
                                   "auto guess inline fuel",
                                   "interp heap",
                                   "jit heap",
                                   "auto heap",
                                   "jit spill heap",
                                   "jit few heap explicit",
                                   "auto guess heap",
                                   "interp fuel",
                                   NULL};

const char *program_way(u32 way) { return ways[way]; }

u32 program_model(u32 way) {
  if (!strstr(ways[way], "fuel")) return 0;
  while (ways[way + 1]) way++;
  return way;
}

static void set_compiler(Config *config, const char *way) {
  config->compile_threads = 0;
  config->call_threshold = config->loop_threshold = 0;
  if (strstr(way, "loops")) config->call_threshold = UINT32_MAX;
  if (strstr(way, "guess")) config->call_threshold = 2; /* first it is seen what calls call */
  config->jit.guess_all = strstr(way, "guess") != NULL;
  if (strstr(way, "some")) config->jit.first_func = 2, config->jit.last_func = 7;
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
  config.fuel = strstr(name, "fuel") != NULL;
  config.heap_stress = strstr(name, "heap") != NULL;
  if (config.tier != TIER_INTERP) set_compiler(&config, name);
  return wm_engine_new(&config);
}

static const char *describe(const TierStats *s) {
  static char text[400];
  snprintf(text, sizeof text, "%llu of %llu functions compiled, %llu failures: %s",
           (unsigned long long)s->native_functions, (unsigned long long)s->defined,
           (unsigned long long)tier_failures(s), s->trouble);
  return text;
}

const char *program_trouble(const Engine *engine, u32 way) {
  TierStats s = wm_engine_tier_stats(engine); /* all 0 for interp, and for a way that had no turn */
  u64 unwanted = strstr(ways[way], "some") ? s.failures[JIT_NOT_IMPLEMENTED] : 0;
  return tier_failures(&s) > unwanted ? describe(&s) : NULL;
}

const char *program_fault(const Engine *engine, u32 way) {
  TierStats s = wm_engine_tier_stats(engine);
  bool all = ways[way][0] == 'j' && !strstr(ways[way], "some");
  bool some = s.native_functions + s.native_loops > 0;
  bool missing = all ? s.native_functions != s.defined : s.defined && !some;
  return missing ? describe(&s) : program_trouble(engine, way);
}
