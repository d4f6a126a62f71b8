/* Structs and arrays across the border: the host makes a shopping list of the guest's types, the
 * guest works on it, tells a host function about an item, and gives one back. */
#include <wasmx.h>

#include <stdio.h>
#include <string.h>

static const char text[] =
    "(module\n"
    "  (type $text (array (mut i8)))\n"
    "  (type $item (struct (field $name (ref $text)) (field $price (mut f64)) (field i8)))\n"
    "  (type $list (array (mut (ref null $item))))\n"
    "  (type $tell (func (param (ref $text))))\n"
    "  (import \"shop\" \"tell\" (func $tell (type $tell)))\n"
    "  (func (export \"dearest\") (param $list (ref $list)) (result (ref null $item))\n"
    "    (local $i i32) (local $best (ref null $item)) (local $item (ref null $item))\n"
    "    (loop $next\n"
    "      (local.set $item (array.get $list (local.get $list) (local.get $i)))\n"
    "      (if (if (result i32) (ref.is_null (local.get $best)) (then (i32.const 1))\n"
    "          (else (f64.gt (struct.get $item $price (local.get $item))\n"
    "                        (struct.get $item $price (local.get $best)))))\n"
    "        (then (local.set $best (local.get $item))))\n"
    "      (local.set $i (i32.add (local.get $i) (i32.const 1)))\n"
    "      (br_if $next (i32.lt_u (local.get $i) (array.len (local.get $list)))))\n"
    "    (call $tell (struct.get $item $name (local.get $best)))\n"
    "    (local.get $best)))";
enum { TEXT, ITEM, LIST, TELL, TYPES };

/* An array of bytes as a C string. */
static const char *text_of(const wasm_ref_t *array, char *out, uint32_t size) {
  uint32_t length = wasmx_array_length(array);
  if (length >= size) length = size - 1;
  wasmx_array_read(array, 0, out, length);
  out[length] = 0;
  return out;
}

static wasm_trap_t *tell(void *env, wasmx_caller_t *caller, const wasm_val_vec_t *args,
                         wasm_val_vec_t *results) {
  (void)caller, (void)results;
  text_of(args->data[0].of.ref, env, 32);
  printf("the guest tells: %s\n", (const char *)env);
  return NULL;
}

/* The handles are let go: the list holds its items, and these their names. */
static wasm_ref_t *make_list(wasm_store_t *store, wasmx_type_t **types) {
  static const char *const names[] = {"tea", "saffron", "bread"};
  static const double prices[] = {4.2, 12.5, 3.1};
  wasm_ref_t *list = wasmx_array_new(store, types[LIST], NULL, 3);
  for (uint32_t i = 0; i < 3; i++) {
    wasmx_val_t fields[3] = {
        {WASM_EXTERNREF,
         {.ref = wasmx_array_new_data(store, types[TEXT], names[i], strlen(names[i]))}},
        {WASM_F64, {.f64 = prices[i]}},
        {WASM_I32, {.i32 = 1}}};
    wasmx_val_t item = {WASM_EXTERNREF, {.ref = wasmx_struct_new(store, types[ITEM], fields, 3)}};
    wasmx_array_set(list, i, &item);
    wasmx_val_delete(&item);
    wasmx_val_delete(&fields[0]);
  }
  return list;
}

int main(void) {
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wasm_byte_vec_t source = {strlen(text), (wasm_byte_t *)text};
  wasm_module_t *module = wasmx_module_new(store, &source, WASMX_ALLOW_TEXT, NULL);
  wasmx_type_t *types[TYPES];
  for (size_t i = 0; i < TYPES; i++) types[i] = wasmx_module_type(module, i);

  char told[32] = "";
  wasm_func_t *host = wasmx_func_new_of_type(store, types[TELL], tell, told, NULL);
  wasm_extern_t *list_of_imports[] = {wasm_func_as_extern(host)};
  wasm_extern_vec_t imports = WASM_ARRAY_VEC(list_of_imports);
  wasm_instance_t *instance = wasmx_instance_new(store, module, &imports, NULL, NULL);
  wasm_func_t *dearest = wasmx_instance_func(instance, "dearest");

  wasm_ref_t *list = make_list(store, types), *item = NULL;
  wasmx_store_collect(store); /* what is held stays */
  wasm_trap_t *trap = wasmx_call(dearest, "externref -> externref", list, &item);
  wasmx_val_t price = {WASM_F64, {.f64 = 0}}, cheaper = {WASM_F64, {.f64 = 9.99}};
  wasmx_struct_get(item, 1, &price);
  wasmx_struct_set(item, 1, &cheaper); /* the same object that the list has */
  printf("the dearest item costs %.2f\n", price.of.f64);

  wasmx_heap_stats_t stats = {.size = sizeof stats};
  wasmx_store_heap_stats(store, &stats);
  printf("%s after a collection\n", stats.live_bytes ? "objects live" : "nothing lives");
  bool good = !trap && price.of.f64 == 12.5 && !strcmp(told, "saffron") && stats.live_bytes;

  wasm_ref_delete(item), wasm_ref_delete(list);
  for (size_t i = 0; i < TYPES; i++) wasmx_type_delete(types[i]);
  wasm_func_delete(dearest), wasm_func_delete(host);
  wasm_instance_delete(instance), wasm_module_delete(module);
  wasm_store_delete(store), wasm_engine_delete(engine);
  return good ? 0 : 1;
}
