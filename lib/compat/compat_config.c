/* wasmtime_config_*: what has a meaning here, and what is only counted. */
#include "compat/compat.h"

static const char *const ignored_names[] = {
#define SETTING(name, type) #name,
#include "compat/compat_ignored.def"
#undef SETTING
};

static void ignore(wasm_config_t *config, u32 setting) {
  EngineInfo *info = wm_compat_config_info(config);
  if (info) atomic_fetch_add(&info->ignored[setting], 1);
}

const char *wasmtime_compat_ignored(const wasm_engine_t *engine, size_t i, uint32_t *times) {
  const EngineInfo *info = wasmx_engine_host_info(engine);
  if (times) *times = info && i < IGNORED_COUNT ? atomic_load(&info->ignored[i]) : 0;
  return i < IGNORED_COUNT ? ignored_names[i] : NULL;
}

#define SETTERS_ONLY
#define SETTING(name, type)                                                                        \
  void wasmtime_config_##name##_set(wasm_config_t *config, type value) {                           \
    (void)value;                                                                                   \
    ignore(config, IGNORED_##name);                                                                \
  }
#include "compat/compat_ignored.def"
#undef SETTING
#undef SETTERS_ONLY

void wasmtime_config_cranelift_flag_enable(wasm_config_t *config, const char *flag) {
  (void)flag;
  ignore(config, IGNORED_cranelift_flag);
}

void wasmtime_config_cranelift_flag_set(wasm_config_t *config, const char *key, const char *value) {
  (void)key, (void)value;
  ignore(config, IGNORED_cranelift_flag);
}

void wasmtime_config_host_memory_creator_set(wasm_config_t *config,
                                             wasmtime_memory_creator_t *creator) {
  if (creator && creator->finalizer) creator->finalizer(creator->env);
  ignore(config, IGNORED_host_memory_creator);
}

/* ---- with a meaning ---- */

#define FEATURE(setting, name)                                                                     \
  void wasmtime_config_##setting##_set(wasm_config_t *config, bool on) {                           \
    wasmx_config_set_feature(config, name, on);                                                    \
  }
FEATURE(wasm_threads, "threads")
FEATURE(wasm_tail_call, "tail-call")
FEATURE(wasm_reference_types, "reference-types")
FEATURE(wasm_function_references, "function-references")
FEATURE(wasm_gc, "gc")
FEATURE(wasm_simd, "simd")
FEATURE(wasm_relaxed_simd, "relaxed-simd")
FEATURE(wasm_bulk_memory, "bulk-memory")
FEATURE(wasm_multi_value, "multi-value")
FEATURE(wasm_multi_memory, "multi-memory")
FEATURE(wasm_memory64, "memory64")
FEATURE(wasm_wide_arithmetic, "wide-arithmetic")

void wasmtime_config_consume_fuel_set(wasm_config_t *config, bool on) {
  wasmx_config_set_fuel(config, on);
}

void wasmtime_config_epoch_interruption_set(wasm_config_t *config, bool on) {
  EngineInfo *info = wm_compat_config_info(config);
  if (info) info->has_epochs = on;
}

/* One stack there, two here: the thread's and wasm's own. */
void wasmtime_config_max_wasm_stack_set(wasm_config_t *config, size_t bytes) {
  wasmx_config_set_stack_size(config, bytes);
  wasmx_config_set_native_stack_size(config, bytes);
}

void wasmtime_config_wasm_relaxed_simd_deterministic_set(wasm_config_t *config, bool on) {
  wasmx_config_set_relaxed_simd_fast(config, !on);
}

/* On is the default: as many threads as there are when nothing is said. */
void wasmtime_config_parallel_compilation_set(wasm_config_t *config, bool on) {
  if (!on) wasmx_config_set_compile_threads(config, 0);
}

void wasmtime_config_cranelift_nan_canonicalization_set(wasm_config_t *config, bool on) {
  wasmx_config_set_canonical_nan(config, on);
}

void wasmtime_config_profiler_set(wasm_config_t *config, wasmtime_profiling_strategy_t strategy) {
  if (strategy == WASMTIME_PROFILING_STRATEGY_VTUNE) ignore(config, IGNORED_profiler_vtune);
  wasmx_config_set_profile(config,
                           strategy == WASMTIME_PROFILING_STRATEGY_JITDUMP   ? WASMX_PROFILE_JITDUMP
                           : strategy == WASMTIME_PROFILING_STRATEGY_PERFMAP ? WASMX_PROFILE_PERFMAP
                                                                             : 0);
}

#if defined(__x86_64__)
static const char processor[] = "x86_64";
#elif defined(__aarch64__)
static const char processor[] = "aarch64";
#else
static const char processor[] = "this machine's";
#endif

wasmtime_error_t *wasmtime_config_target_set(wasm_config_t *config, const char *target) {
  (void)config;
  if (!target || strncmp(target, processor, strlen(processor)) == 0) return NULL;
  return wm_compat_error("only code for this machine is made, not for %.100s", target);
}

wasmtime_error_t *wasmtime_config_cache_config_load(wasm_config_t *config, const char *path) {
  if (path) return wm_compat_error("no file of a cache's settings is read: %.200s", path);
  return wasmx_config_set_cache(config, NULL) ? NULL : wm_compat_last_error();
}

/* ---- pooling ---- */

struct wasmtime_pooling_allocation_config_t {
  bool is_unused;
};

wasmtime_pooling_allocation_config_t *wasmtime_pooling_allocation_config_new(void) {
  return calloc(1, sizeof(wasmtime_pooling_allocation_config_t));
}

void wasmtime_pooling_allocation_config_delete(wasmtime_pooling_allocation_config_t *config) {
  free(config);
}

void wasmtime_pooling_allocation_strategy_set(wasm_config_t *config,
                                              const wasmtime_pooling_allocation_config_t *pooling) {
  (void)pooling;
  ignore(config, IGNORED_pooling_allocation);
}

#define POOLING(name, type)                                                                        \
  void wasmtime_pooling_allocation_config_##name##_set(wasmtime_pooling_allocation_config_t *c,    \
                                                       type value) {                               \
    (void)c, (void)value;                                                                          \
  }
POOLING(max_unused_warm_slots, uint32_t)
POOLING(decommit_batch_size, size_t)
POOLING(linear_memory_keep_resident, size_t)
POOLING(table_keep_resident, size_t)
POOLING(total_component_instances, uint32_t)
POOLING(max_component_instance_size, size_t)
POOLING(max_core_instances_per_component, uint32_t)
POOLING(max_memories_per_component, uint32_t)
POOLING(max_tables_per_component, uint32_t)
POOLING(total_memories, uint32_t)
POOLING(total_tables, uint32_t)
POOLING(total_core_instances, uint32_t)
POOLING(max_core_instance_size, size_t)
POOLING(max_tables_per_module, uint32_t)
POOLING(table_elements, size_t)
POOLING(max_memories_per_module, uint32_t)
POOLING(max_memory_size, size_t)
POOLING(total_gc_heaps, uint32_t)
