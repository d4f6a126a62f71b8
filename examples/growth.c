/* A program that wants more and more memory: the store's limit and the host's own say end it, what
 * it imports and nobody has is a stub, and the host's data says whose program it is. */
#include <wasmx.h>

#include <stdio.h>

static const char text[] =
    "(module (import \"metrics\" \"count\" (func $count (param i32)))\n"
    " (memory 1)\n"
    " (func (export \"eat\") (result i32)\n" /* how many pages it got */
    "  (loop $more (call $count (memory.size))\n"
    "   (br_if $more (i32.ge_s (memory.grow (i32.const 1)) (i32.const 0))))\n"
    "  (memory.size)))";

typedef struct Tenant {
  const char *name;
  uint64_t most_bytes;
  int asked;
} Tenant;

/* Called before anything grows; the store's limits are asked afterwards. */
static bool may_grow(void *env, const wasmx_growth_t *growth) {
  Tenant *tenant = env;
  tenant->asked++;
  return growth->kind != WASM_EXTERN_MEMORY || growth->to <= tenant->most_bytes;
}

static void say_goodbye(void *env) {
  const Tenant *tenant = env;
  printf("%s leaves, who asked %d times\n", tenant->name, tenant->asked);
}

/* How many pages the tenant's program gets; -1: it does not run. */
static int pages_of(wasm_engine_t *engine, Tenant *tenant, uint64_t limit_bytes) {
  wasmx_limits_t limits = {
      .size = sizeof limits, .memory_bytes = limit_bytes, .table_elements = 1000, .instances = 1};
  int32_t pages = -1;
  wasm_store_t *store = wasm_store_new(engine);
  wasmx_store_set_data(store, tenant, say_goodbye);
  wasmx_store_set_limits(store, &limits);
  wasmx_store_set_growth_callback(store, may_grow, tenant);
  wasm_byte_vec_t source = {sizeof text - 1, (wasm_byte_t *)text};
  wasm_module_t *module = wasmx_module_new(store, &source, WASMX_ALLOW_TEXT, NULL);
  wasmx_linker_t *linker = wasmx_linker_new(store);
  wasmx_linker_define_unknown_imports(linker, module, WASMX_STUB_DEFAULT, NULL);
  wasm_instance_t *instance = wasmx_linker_instantiate(linker, module, NULL, NULL);
  if (instance) {
    wasm_func_t *eat = wasmx_instance_func(instance, "eat");
    wasm_trap_delete(wasmx_call(eat, "() -> i32", &pages));
    wasm_func_delete(eat);
    wasm_instance_delete(instance);
  }
  wasmx_linker_delete(linker);
  wasm_module_delete(module);
  wasm_store_delete(store);
  return pages;
}

int main(void) {
  Tenant small = {"small", 4 * 65536, 0}, large = {"large", UINT64_MAX, 0};
  wasm_engine_t *engine = wasm_engine_new();
  int vetoed = pages_of(engine, &small, 100 * 65536);
  int limited = pages_of(engine, &large, 10 * 65536);
  printf("%d pages by the host's say, %d by the limit\n", vetoed, limited);
  wasm_engine_delete(engine);
  return vetoed == 4 && limited == 10 ? 0 : 1;
}
