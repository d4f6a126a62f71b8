/* Configurations, engines, stores; versions and parts.
 *
 *   wasm_config_t --> Config (copied) --> Engine      a configuration is used up by its engine
 *   wasm_engine_t     is the Engine itself: nothing of the API has to be kept beside it
 *   wasm_store_t      the shell of handle.h around a Store, which holds the engine
 *
 * Structs that callers fill begin with their size as the caller was compiled (wasmx.h): reading
 * takes what is there and assumes the rest, writing fills no more than there is room for. */
#include "api/handle.h"
#include "engine/tiers.h"
#include "os/os_coroutine.h"
#include "os/os_file.h"
#include "runtime/native_thunk.h"

#include <stdlib.h>

#define TEXT_OF_(x) #x
#define TEXT_OF(x)  TEXT_OF_(x)

const char *wasmx_version(void) {
  return TEXT_OF(WASMX_VERSION_MAJOR) "." TEXT_OF(WASMX_VERSION_MINOR) "." TEXT_OF(
      WASMX_VERSION_PATCH);
}

/* Features are numbered from 0 without gaps, so that a host can list them. */
const char *wasmx_feature(size_t i, bool *supported) {
  if (i >= FEATURE_COUNT) return NULL;
  if (supported) *supported = wm_feature_built((Feature)i);
  return wm_feature_name((Feature)i);
}

/* Tells what the build and the machine have; what a configuration asks for of it is another
 * question. */
bool wasmx_has(const char *part) {
  if (!part) return false;
  if (strcmp(part, "text") == 0) return WITH_TEXT;
  if (strcmp(part, "jit") == 0) return wm_config_can_compile();
  if (strcmp(part, "suspend") == 0) return wm_os_has_coroutines();
  return strcmp(part, "native") == 0 && WITH_NATIVE;
}

/* ---- configuration ---- */

wasm_config_t *wasm_config_new(void) {
  wasm_config_t *config = malloc(sizeof *config);
  if (!config) return wm_api_out_of_memory(), NULL;
  *config = (wasm_config_t){.config = wm_config_default()};
  return config;
}

void wasm_config_delete(wasm_config_t *config) {
  if (config) {
    wm_memory_source_release(config->config.memory_source);
    wm_host_note_free(config->note);
  }
  free(config);
}

/* 64 KiB hold a few common frames (the largest that there can be has 512 KiB); more than 1 GiB
 * would let a runaway recursion take the machine's memory before it traps. */
enum { MIN_STACK_BYTES = 64 << 10, MAX_STACK_BYTES = 1 << 30 };

static bool set_stack(wasm_config_t *config, u64 *field, size_t bytes) {
  if (!config) return wm_api_fail(ERR_ARGUMENT, "the configuration is NULL");
  if (bytes < MIN_STACK_BYTES || bytes > MAX_STACK_BYTES)
    return wm_api_fail(ERR_ARGUMENT, "a stack has %d bytes to %d bytes", MIN_STACK_BYTES,
                       MAX_STACK_BYTES);
  /* A choice of the host's, and no promise: threads with smaller stacks of their own have less. */
  *field = bytes;
  return true;
}

bool wasmx_config_set_stack_size(wasm_config_t *config, size_t bytes) {
  return set_stack(config, config ? &config->config.stack_bytes : NULL, bytes);
}

bool wasmx_config_set_native_stack_size(wasm_config_t *config, size_t bytes) {
  return set_stack(config, config ? &config->config.native_stack_bytes : NULL, bytes);
}

bool wasmx_config_set_feature(wasm_config_t *config, const char *name, bool on) {
  if (!config || !name) return wm_api_fail(ERR_ARGUMENT, "the configuration or the name is NULL");
  for (u32 i = 0; i < FEATURE_COUNT; i++) {
    Feature feature = (Feature)i;
    if (strcmp(name, wm_feature_name(feature)) != 0) continue;
    if (on && !wm_feature_built(feature))
      return wm_api_fail(ERR_UNSUPPORTED, "%s is not supported", wm_feature_name(feature));
    /* The first version is what all the others are switched beside. */
    if (!on && feature == FEATURE_MVP) break;
    config->config.features = features_with(config->config.features, feature, on);
    return true;
  }
  return wm_api_fail(ERR_ARGUMENT, "no feature of that name can be switched");
}

static bool no_config(void) { return wm_api_fail(ERR_ARGUMENT, "the configuration is NULL"); }

bool wasmx_config_set_tier(wasm_config_t *config, wasmx_tier_t tier) {
  static const Tier tiers[] = {TIER_AUTO, TIER_INTERP, TIER_JIT};
  if (!config) return no_config();
  if (tier >= ARRAY_LEN(tiers)) return wm_api_fail(ERR_ARGUMENT, "there is no tier %u", tier);
  if (tier == WASMX_TIER_JIT && !wm_config_can_compile())
    return wm_api_fail(ERR_UNSUPPORTED, "the compiler is not built, or not for this machine");
  config->config.tier = tiers[tier];
  return true;
}

enum { MAX_COMPILE_THREADS = 64 };

bool wasmx_config_set_compile_threads(wasm_config_t *config, uint32_t count) {
  if (!config) return no_config();
  if (count > MAX_COMPILE_THREADS)
    return wm_api_fail(ERR_ARGUMENT, "at most %d threads compile", MAX_COMPILE_THREADS);
  config->config.compile_threads = count;
  return true;
}

/* `offset` is that of a bool in Config. */
static bool set_flag(wasm_config_t *config, size_t offset, bool on) {
  if (!config) return no_config();
  *(bool *)((u8 *)&config->config + offset) = on;
  return true;
}

bool wasmx_config_set_signals(wasm_config_t *config, bool on) {
  return set_flag(config, offsetof(Config, signals), on);
}

bool wasmx_config_set_fuel(wasm_config_t *config, bool on) {
  return set_flag(config, offsetof(Config, fuel), on);
}

bool wasmx_config_set_canonical_nan(wasm_config_t *config, bool on) {
  return set_flag(config, offsetof(Config, canonical_nan), on);
}

bool wasmx_config_set_relaxed_simd_fast(wasm_config_t *config, bool on) {
  return set_flag(config, offsetof(Config, relaxed_fast), on);
}

bool wasmx_config_set_profile(wasm_config_t *config, uint32_t tools) {
  if (!config) return no_config();
  if (tools & ~(u32)(WASMX_PROFILE_PERFMAP | WASMX_PROFILE_JITDUMP | WASMX_PROFILE_GDB))
    return wm_api_fail(ERR_ARGUMENT, "there is no such tool to tell");
  config->config.profile = tools;
  return true;
}

/* The folder is made now, so that a cache that cannot be is an error here and not silence later. */
bool wasmx_config_set_cache(wasm_config_t *config, const char *folder) {
  if (!config) return no_config();
  char own_folder[sizeof config->config.cache];
  if (!folder) {
    if (!wm_os_cache_folder(own_folder, sizeof own_folder))
      return wm_api_fail(ERR_IO, "the user has no folder for caches: HOME is not set");
    folder = own_folder;
  }
  size_t len = strlen(folder);
  if (len == 0 || len >= sizeof config->config.cache)
    return wm_api_fail(ERR_ARGUMENT, "the cache's folder has no name, or a very long one");
  const char *trouble = wm_os_make_folder(folder);
  char name[200];
  if (trouble)
    return wm_api_fail(ERR_IO, "the cache's folder %s %s",
                       wm_escape(name, sizeof name, folder, len), trouble);
  memcpy(config->config.cache, folder, len + 1);
  return true;
}

bool wasmx_config_set_cache_limit(wasm_config_t *config, uint64_t bytes) {
  if (!config) return no_config();
  config->config.cache_bytes = bytes;
  return true;
}

bool wasmx_config_set_demangle(wasm_config_t *config, wasmx_demangle_t demangle) {
  if (!config) return no_config();
  config->config.demangle = demangle;
  return true;
}

/* Of a caller whose struct is shorter: nothing of it may be missing, today. */
bool wasmx_config_set_memory_hooks(wasm_config_t *config, const wasmx_memory_hooks_t *hooks) {
  if (!config) return no_config();
  if (!hooks || hooks->size < sizeof *hooks || !hooks->reserve || !hooks->commit || !hooks->release)
    return wm_api_fail(ERR_ARGUMENT, "the hooks are NULL, have no size, or one is missing");
  _Static_assert(sizeof(MemoryHeader) <= WASMX_MEMORY_HEADER, "room for the header");
  MemorySource *source = wm_memory_source_new(&(MemorySource){.env = hooks->env,
                                                              .reserve = hooks->reserve,
                                                              .commit = hooks->commit,
                                                              .release = hooks->release,
                                                              .finalizer = hooks->finalizer,
                                                              .guards = hooks->guards});
  if (!source) return wm_api_out_of_memory();
  wm_memory_source_release(config->config.memory_source);
  config->config.memory_source = source;
  return true;
}

/* ---- settings for tests ---- */

typedef struct Hidden {
  const char *name;
  size_t offset; /* in Config */
  bool is_flag;  /* else a u32 */
} Hidden;

/* Values of `sabotage` by their names (jit/compile.h). */
static const char *const sabotages[] = {"none", "drop", "reject"};

/* None changes what a program computes: that is what they are to test. */
static const Hidden hidden_settings[] = {
    {"call-threshold", offsetof(Config, call_threshold), false},
    {"loop-threshold", offsetof(Config, loop_threshold), false},
    {"cpu", offsetof(Config, jit.cpu), false},
    {"int-regs", offsetof(Config, jit.int_regs), false},
    {"float-regs", offsetof(Config, jit.float_regs), false},
    {"first-func", offsetof(Config, jit.first_func), false},
    {"last-func", offsetof(Config, jit.last_func), false},
    {"heap-stress", offsetof(Config, heap_stress), false},
    {"heap-full-only", offsetof(Config, heap_full_only), true},
    {"verify", offsetof(Config, jit.verify), true},
    {"spill-all", offsetof(Config, jit.spill_all), true},
    {"inline-all", offsetof(Config, jit.inline_all), true},
    {"guess-all", offsetof(Config, jit.guess_all), true},
    {"no-inline", offsetof(Config, jit.no_inline), true},
    {"no-opt", offsetof(Config, jit.no_opt), true},
    {"no-lowering", offsetof(Config, jit.no_lowering), true},
};

static bool set_sabotage(Config *config, const char *name) {
  for (u32 i = 0; i < ARRAY_LEN(sabotages); i++) {
    if (strcmp(name, sabotages[i]) != 0) continue;
    config->jit.sabotage = i;
    return true;
  }
  return wm_api_fail(ERR_ARGUMENT, "sabotage is none, drop or reject");
}

bool wasmx_config_set_hidden(wasm_config_t *config, const char *setting) {
  if (!config || !setting) return no_config();
  if (strncmp(setting, "sabotage=", 9) == 0) return set_sabotage(&config->config, setting + 9);
  for (size_t i = 0; i < ARRAY_LEN(hidden_settings); i++) {
    const Hidden *h = &hidden_settings[i];
    size_t len = strlen(h->name);
    if (strncmp(setting, h->name, len) != 0 || setting[len] != '=') continue;
    u32 value = (u32)strtoul(setting + len + 1, NULL, 0);
    u8 *field = (u8 *)&config->config + h->offset;
    /* Through bytes: the table knows fields by their offsets only. */
    if (h->is_flag)
      *field = value != 0;
    else
      store_u32(field, value);
    return true;
  }
  return wm_api_fail(ERR_ARGUMENT, "there is no setting for tests of that name");
}

/* ---- engine ---- */

wasm_engine_t *wasm_engine_new(void) { return wasm_engine_new_with_config(NULL); }

wasm_engine_t *wasm_engine_new_with_config(wasm_config_t *config) {
  Engine *engine = wm_engine_new(config ? &config->config : NULL);
  if (!engine) wm_api_out_of_memory();
  if (engine && config && config->note && wm_engine_set_note(engine, config->note))
    config->note = NULL;
  wasm_config_delete(config);
  return (wasm_engine_t *)(void *)engine;
}

void wasm_engine_delete(wasm_engine_t *engine) {
  if (engine) wm_engine_release(engine_of(engine));
}

wasm_engine_t *wasmx_engine_copy(const wasm_engine_t *engine) {
  wasm_engine_t *same = (wasm_engine_t *)(uintptr_t)engine;
  if (engine) wm_engine_retain(engine_of(same));
  return same;
}

/* ---- what the host hangs on them ---- */

static HostNote *note_new(void *info, void (*finalizer)(void *)) {
  HostNote *note = malloc(sizeof *note);
  if (!note) return wm_api_out_of_memory(), NULL;
  *note = (HostNote){info, finalizer};
  return note;
}

bool wasmx_config_set_host_info(wasm_config_t *config, void *info, void (*finalizer)(void *)) {
  if (!config) return no_config();
  if (config->note) return wm_api_fail(ERR_ARGUMENT, "the configuration has host info");
  config->note = note_new(info, finalizer);
  return config->note != NULL;
}

void *wasmx_config_host_info(const wasm_config_t *config) {
  return config && config->note ? config->note->info : NULL;
}

bool wasmx_engine_set_host_info(wasm_engine_t *engine, void *info, void (*finalizer)(void *)) {
  if (!engine) return wm_api_fail(ERR_ARGUMENT, "the engine is NULL");
  HostNote *note = note_new(info, finalizer);
  if (!note || wm_engine_set_note(engine_of(engine), note)) return note != NULL;
  free(note);
  return wm_api_fail(ERR_ARGUMENT, "the engine has host info");
}

void *wasmx_engine_host_info(const wasm_engine_t *engine) {
  const HostNote *note = engine ? wm_engine_note((const Engine *)(const void *)engine) : NULL;
  return note ? note->info : NULL;
}

/* The one place that knows both sides of the statistics; names on the left are the ABI's. */
static wasmx_engine_stats_t stats_of(const Engine *engine) {
  TierStats s = wm_engine_tier_stats(engine);
  PoolStats p = wm_engine_pool_stats(engine);
  wasmx_engine_stats_t all = {
      .functions = s.defined,
      .native_functions = s.native_functions,
      .native_loops = s.native_loops,
      .asked = s.asked,
      .compiled_functions = s.functions,
      .compiled_loops = s.replacements,
      .not_implemented = s.failures[JIT_NOT_IMPLEMENTED],
      .too_large = s.failures[JIT_TOO_LARGE],
      .out_of_memory = s.failures[JIT_OUT_OF_MEMORY],
      .rejected = s.failures[JIT_TROUBLE],
      .not_published = s.failures[JIT_NOT_PUBLISHED],
      .helper_instructions = s.meaning_calls,
      .wasm_bytes = s.wasm_bytes,
      .code_bytes = s.code_bytes,
      .compile_ns = s.compile_ns,
      .memory_images = p.images,
      .memory_images_refused = p.images_refused,
      .memories_imaged = p.memories_imaged,
      .memories_reused = p.memories_reused,
      .memories_fresh = p.memories_fresh,
  };
  _Static_assert(sizeof all.trouble == sizeof s.trouble, "one length");
  memcpy(all.trouble, s.trouble, sizeof all.trouble);
  return all;
}

void wasmx_engine_stats(const wasm_engine_t *engine, wasmx_engine_stats_t *stats) {
  if (!stats || stats->size < sizeof stats->size) return;
  wasmx_engine_stats_t all = {0};
  if (engine) all = stats_of((const Engine *)(const void *)engine);
  all.size = stats->size;
  memcpy(stats, &all, stats->size < sizeof all ? stats->size : sizeof all);
}

/* ---- store ---- */

/* Takes the store; NULL, or no memory: NULL. */
static wasm_store_t *shell_of(Store *store) {
  wasm_store_t *home = store ? malloc(sizeof *home) : NULL;
  if (!home) {
    wm_engine_store_delete(store);
    return wm_api_out_of_memory(), NULL;
  }
  *home = (wasm_store_t){.store = store, .references = 1};
  store->embedder = home;
  store->on_watched_free = wm_natives_forget;
  return home;
}

wasm_store_t *wasm_store_new(wasm_engine_t *engine) {
  if (!engine) return wm_api_fail(ERR_ARGUMENT, "the engine is NULL"), NULL;
  return shell_of(wm_engine_store_new(engine_of(engine)));
}

wasm_store_t *wasmx_store_new_beside(const wasm_store_t *other) {
  Error err = {0};
  const Store *store = wm_api_store(other, &err);
  if (!store) return wm_api_report(&err, NULL), NULL;
  return shell_of(wm_engine_store_new_beside(store));
}

/* The shell lives on while handles do. */
bool wasmx_store_try_delete(wasm_store_t *home) {
  Store *store = store_of(home);
  if (!store) return true;
  FORGET_DEAD(store);
  wm_store_find_dead(store);
  if (store->collecting)
    return wm_api_fail(ERR_ARGUMENT, "a finalizer of the store runs, or it is asked about growth");
  if (!store->activation && !store->fiber) wm_api_drop_calls(store);
  /* From here on handles are dead, for finalizers too. */
  home->store = NULL;
  if (!wm_engine_store_delete(store)) {
    home->store = store;
    return wm_api_fail(ERR_ARGUMENT, "wasm runs in the store");
  }
  wm_ptrmap_free(&home->natives);
  wm_thunks_free(home->thunks);
  home->thunks = NULL;
  wasm_trap_delete(home->native_trap);
  home->native_trap = NULL;
  wm_host_info_replace(&home->data, (HostInfo){NULL, NULL});
  wm_home_release(home);
  return true;
}

void wasm_store_delete(wasm_store_t *home) { wasmx_store_try_delete(home); }

/* Structs of callers that were built with another version may be shorter or longer. */
/* What is beyond the caller's struct is as it was when the struct was that short: no limit. */
bool wasmx_store_set_limits(wasm_store_t *home, const wasmx_limits_t *limits) {
  Store *store = store_of(home);
  if (!store || !limits || limits->size < sizeof limits->size)
    return wm_api_fail(ERR_ARGUMENT, "no store, or no limits with their size set");
  wasmx_limits_t all = {sizeof all, UINT64_MAX, UINT64_MAX, UINT64_MAX, 0, 0};
  memcpy(&all, limits, limits->size < sizeof all ? limits->size : sizeof all);
  wm_account_set_limits(
      store->account, &(StoreLimits){.memory_bytes = all.memory_bytes,
                                     .table_elements = all.table_elements,
                                     .instances = all.instances,
                                     .total_bytes = all.total_bytes ? all.total_bytes : UINT64_MAX,
                                     .heap_bytes = all.heap_bytes ? all.heap_bytes : UINT64_MAX});
  return true;
}

void wasmx_store_get_usage(const wasm_store_t *home, wasmx_limits_t *usage) {
  if (!usage || usage->size < sizeof usage->size) return;
  const Store *store = store_of(home);
  wasmx_limits_t all = {.size = usage->size};
  if (store) {
    StoreLimits used = wm_account_usage(store->account);
    all.memory_bytes = used.memory_bytes;
    all.table_elements = used.table_elements;
    all.instances = used.instances;
    all.total_bytes = used.total_bytes;
    all.heap_bytes = used.heap_bytes;
  }
  memcpy(usage, &all, usage->size < sizeof all ? usage->size : sizeof all);
}

void wasmx_store_collect(wasm_store_t *home) {
  Store *store = store_of(home);
  if (store) wm_store_collect(store);
}

/* ---- running time ---- */

/* Any thread and signal handlers may call it, as it takes no lock; so wasmx_interrupt_raise. */
void wasmx_store_interrupt(wasm_store_t *home) {
  Store *store = store_of(home);
  if (store) wm_stop_request(store->stop, STOP_ASKED);
}

void wasmx_store_clear_interrupt(wasm_store_t *home) {
  Store *store = store_of(home);
  if (store) wm_stop_take_back(store->stop, ~(u32)STOP_DROPPED);
}

bool wasmx_store_set_stop_handler(wasm_store_t *home, wasmx_stop_handler_t handler, void *env) {
  Store *store = store_of(home);
  if (!store) return wm_api_fail(ERR_ARGUMENT, "there is no store");
  store->on_stop = handler;
  store->on_stop_env = env;
  return true;
}

bool wasmx_store_interrupted(const wasm_store_t *home) {
  Store *store = store_of(home);
  return store && stop_is_wanted(store->stop);
}

int wasmx_store_interrupt_fd(wasm_store_t *home) {
  Store *store = store_of(home);
  return store ? wm_stop_event(store->stop) : -1;
}

bool wasmx_store_set_deadline(wasm_store_t *home, uint64_t nanoseconds) {
  Store *store = store_of(home);
  if (!store) return wm_api_fail(ERR_ARGUMENT, "there is no store");
  return wm_engine_set_deadline(store, nanoseconds) ||
         wm_api_fail(ERR_OUT_OF_MEMORY, "no thread for deadlines can be had");
}

bool wasmx_store_set_fuel(wasm_store_t *home, uint64_t fuel) {
  Store *store = store_of(home);
  if (!store || !wm_engine_charges_fuel(store->engine))
    return wm_api_fail(ERR_ARGUMENT, "the engine was made without counting fuel");
  store->fuel = fuel > INT64_MAX ? INT64_MAX : (i64)fuel;
  return true;
}

/* Fuel is charged for a stretch of code at once, which may overdraw it: that is none left. */
uint64_t wasmx_store_fuel(const wasm_store_t *home) {
  const Store *store = store_of(home);
  return store && store->fuel > 0 ? (u64)store->fuel : 0;
}
