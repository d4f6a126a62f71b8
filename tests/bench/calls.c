/* What a call, a callback and an instance cost: medians of several rounds, in nanoseconds. */
#include "rounds.h"

#include <wasmx.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char text[] =
    "(module\n"
    "  (import \"h\" \"raw\" (func $raw (param i32 i32) (result i32)))\n"
    "  (import \"h\" \"std\" (func $std (param i32 i32) (result i32)))\n"
    "  (import \"h\" \"c\" (func $c (param i32 i32) (result i32)))\n"
    "  (func (export \"add_one\") (param i32) (result i32)\n"
    "    (i32.add (local.get 0) (i32.const 1)))\n"
    "  (func (export \"nothing\") (param $n i32)\n"
    "    (loop (drop (i32.add (local.get $n) (i32.const 2)))\n"
    "      (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))\n"
    "  (func (export \"call_raw\") (param $n i32)\n"
    "    (loop (drop (call $raw (local.get $n) (i32.const 2)))\n"
    "      (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))\n"
    "  (func (export \"call_std\") (param $n i32)\n"
    "    (loop (drop (call $std (local.get $n) (i32.const 2)))\n"
    "      (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))\n"
    "  (func (export \"call_c\") (param $n i32)\n"
    "    (loop (drop (call $c (local.get $n) (i32.const 2)))\n"
    "      (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))";

static const char small_text[] =
    "(module (import \"h\" \"raw\" (func (param i32 i32) (result i32)))\n"
    "  (memory 1) (table 4 funcref) (elem (i32.const 0) $f)\n"
    "  (data (i32.const 16) \"hello\") (func $f))";

static wasm_trap_t *raw_add(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  (void)env, (void)caller;
  slots[0].u64 = slots[0].u32 + slots[1].u32;
  return NULL;
}

static wasm_trap_t *std_add(const wasm_val_vec_t *args, wasm_val_vec_t *results) {
  results->data[0].kind = WASM_I32;
  results->data[0].of.i32 = args->data[0].of.i32 + args->data[1].of.i32;
  return NULL;
}

static int32_t c_add(int32_t a, int32_t b) { return (int32_t)((uint32_t)a + (uint32_t)b); }

typedef struct Bench {
  wasm_store_t *store;
  wasm_func_t *func;
  wasm_module_t *module;
  const wasm_extern_vec_t *imports;
  wasmx_typed_func_t *typed;
  int32_t (*native)(int32_t);
  int count;
} Bench;

static void host_raw(Bench *b) {
  wasmx_slot_t slots[1];
  for (int i = 0; i < b->count; i++) {
    slots[0].u64 = (uint32_t)i;
    if (wasmx_func_call_raw(b->func, slots)) abort();
  }
}

static void host_std(Bench *b) {
  wasm_val_t in[1] = {WASM_I32_VAL(0)}, out[1] = {WASM_INIT_VAL};
  wasm_val_vec_t args = WASM_ARRAY_VEC(in), results = WASM_ARRAY_VEC(out);
  for (int i = 0; i < b->count; i++) {
    in[0].of.i32 = i;
    if (wasm_func_call(b->func, &args, &results)) abort();
  }
}

static void host_typed(Bench *b) {
  int32_t result;
  for (int i = 0; i < b->count; i++)
    if (wasmx_typed_call(b->typed, (int32_t)i, &result)) abort();
}

static void host_native(Bench *b) {
  for (int i = 0; i < b->count; i++)
    if (b->native(i) != i + 1) abort();
}

static void wasm_loop(Bench *b) {
  wasmx_slot_t slots[1] = {{.i32 = b->count}};
  if (wasmx_func_call_raw(b->func, slots)) abort();
}

static void instances(Bench *b) {
  for (int i = 0; i < b->count; i++) {
    wasm_instance_t *instance = wasm_instance_new(b->store, b->module, b->imports, NULL);
    if (!instance) abort();
    wasm_instance_delete(instance);
  }
}

/* A store of its own with a host function and the small module. */
typedef struct Scene {
  wasm_store_t *store;
  wasm_func_t *raw;
  wasm_module_t *module;
} Scene;

static Scene scene_new(wasm_engine_t *engine) {
  Scene s = {.store = wasm_store_new(engine)};
  wasm_byte_vec_t source = {strlen(small_text), (wasm_byte_t *)small_text};
  wasm_functype_t *type =
      wasm_functype_new_2_1(wasm_valtype_new_i32(), wasm_valtype_new_i32(), wasm_valtype_new_i32());
  s.raw = wasmx_func_new_raw(s.store, type, raw_add, NULL, NULL);
  s.module = wasmx_module_new(s.store, &source, WASMX_ALLOW_TEXT, NULL);
  wasm_functype_delete(type);
  return s;
}

static wasm_instance_t *scene_instance(const Scene *s) {
  wasm_extern_t *list[1] = {wasm_func_as_extern(s->raw)};
  wasm_extern_vec_t imports = {1, list};
  wasm_instance_t *instance = wasm_instance_new(s->store, s->module, &imports, NULL);
  if (!instance) abort();
  return instance;
}

static void scene_delete(Scene *s) {
  wasm_module_delete(s->module);
  wasm_func_delete(s->raw);
  wasm_store_delete(s->store);
}

static void fresh_stores(Bench *b) {
  wasm_engine_t *engine = wasm_engine_new();
  for (int i = 0; i < b->count; i++) {
    Scene scene = scene_new(engine);
    wasm_instance_delete(scene_instance(&scene));
    scene_delete(&scene);
  }
  wasm_engine_delete(engine);
}

/* All alive at once in a new engine, so that no memory is used again. */
static void fresh_instances(Bench *b) {
  wasm_engine_t *engine = wasm_engine_new();
  Scene scene = scene_new(engine);
  wasm_instance_t **all = calloc((size_t)b->count, sizeof *all);
  for (int i = 0; i < b->count; i++) all[i] = scene_instance(&scene);
  for (int i = 0; i < b->count; i++) wasm_instance_delete(all[i]);
  free(all);
  scene_delete(&scene);
  wasm_engine_delete(engine);
}

static double measure(void (*run)(Bench *), Bench *b) {
  double times[ROUNDS];
  for (int i = 0; i < ROUNDS; i++) {
    double start = now_ns();
    run(b);
    times[i] = (now_ns() - start) / b->count;
  }
  return median_of(times);
}

/* ---- calls ---- */

typedef struct Calls {
  wasm_func_t *raw, *std, *native; /* of the host */
  wasm_instance_t *instance;
  wasmx_typed_func_t *typed;
  wasm_func_t *add_one;
} Calls;

static bool calls_new(Calls *c, wasm_store_t *store, const wasm_module_t *module) {
  wasm_functype_t *type =
      wasm_functype_new_2_1(wasm_valtype_new_i32(), wasm_valtype_new_i32(), wasm_valtype_new_i32());
  c->raw = wasmx_func_new_raw(store, type, raw_add, NULL, NULL);
  c->std = wasm_func_new(store, type, std_add);
  c->native = wasmx_func_new_native(store, type, (void (*)(void))c_add);
  wasm_functype_delete(type);
  wasm_extern_t *list[3] = {wasm_func_as_extern(c->raw), wasm_func_as_extern(c->std),
                            wasm_func_as_extern(c->native)};
  wasm_extern_vec_t imports = {3, list};
  c->instance = module && c->native ? wasm_instance_new(store, module, &imports, NULL) : NULL;
  if (!c->instance) return false;
  c->add_one = wasmx_instance_func(c->instance, "add_one");
  c->typed = wasmx_typed_func_new(c->add_one, "(i32) -> i32", NULL);
  return c->typed != NULL;
}

static void calls_delete(Calls *c) {
  wasm_func_t *funcs[] = {c->add_one, c->raw, c->std, c->native};
  for (size_t i = 0; i < sizeof funcs / sizeof *funcs; i++) wasm_func_delete(funcs[i]);
  wasmx_typed_func_delete(c->typed);
  wasm_instance_delete(c->instance);
}

static double into_wasm(const Calls *c, void (*run)(Bench *)) {
  Bench b = {.func = c->add_one, .typed = c->typed, .count = 1000000};
  b.native = (int32_t (*)(int32_t))wasmx_func_as_native(c->add_one);
  return b.native ? measure(run, &b) : 0;
}

/* The export calls an import so many times. */
static double out_of_wasm(const Calls *c, const char *export) {
  wasm_func_t *func = wasmx_instance_func(c->instance, export);
  double time = measure(wasm_loop, &(Bench){.func = func, .count = 1000000});
  wasm_func_delete(func);
  return time;
}

static void measure_calls(const Calls *c) {
  printf("host -> wasm, C pointer  %7.1f ns\n", into_wasm(c, host_native));
  printf("host -> wasm, raw        %7.1f ns\n", into_wasm(c, host_raw));
  printf("host -> wasm, typed      %7.1f ns\n", into_wasm(c, host_typed));
  printf("host -> wasm, wasm.h     %7.1f ns\n", into_wasm(c, host_std));
  double loop = out_of_wasm(c, "nothing");
  printf("wasm -> host, C function %7.1f ns (the loop around it, %.1f ns, taken off)\n",
         out_of_wasm(c, "call_c") - loop, loop);
  printf("wasm -> host, raw        %7.1f ns\n", out_of_wasm(c, "call_raw") - loop);
  printf("wasm -> host, wasm.h     %7.1f ns\n", out_of_wasm(c, "call_std") - loop);
}

static void measure_instances(wasm_store_t *store, const Calls *c) {
  wasm_byte_vec_t source = {strlen(small_text), (wasm_byte_t *)small_text};
  wasm_module_t *module = wasmx_module_new(store, &source, WASMX_ALLOW_TEXT, NULL);
  wasm_extern_t *list[1] = {wasm_func_as_extern(c->raw)};
  wasm_extern_vec_t imports = {1, list};
  Bench b = {.store = store, .module = module, .imports = &imports, .count = 10000};
  printf("instance, pooled memory  %7.1f ns\n", measure(instances, &b));
  printf("instance, fresh memory   %7.1f ns\n", measure(fresh_instances, &(Bench){.count = 500}));
  printf("store + module + instance%7.1f ns\n", measure(fresh_stores, &(Bench){.count = 1000}));
  wasm_module_delete(module);
}

int main(void) {
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wasm_byte_vec_t source = {strlen(text), (wasm_byte_t *)text};
  wasm_module_t *module = wasmx_module_new(store, &source, WASMX_ALLOW_TEXT, NULL);
  Calls calls;
  if (!calls_new(&calls, store, module)) {
    fprintf(stderr, "calls: %s\n", wasmx_last_error()->message);
    return 1;
  }
  measure_calls(&calls);
  measure_instances(store, &calls);
  calls_delete(&calls);
  wasm_module_delete(module);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return 0;
}
