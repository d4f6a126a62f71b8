/* Runs a Java program that TeaVM compiled to WasmGC, without JavaScript: java_host FILE
 * [interp|jit|auto [SETTING]...].
 *
 * Such a module imports a little of JavaScript: texts, numbers and functions as externrefs. Here
 * these are host objects with a Thing each. What a program that prints needs is there; any other
 * import is a trap that names it when it is called. The module's start function puts into its
 * global "main" what runs the program. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wasmx.h>
#include <wasmx_gc.h>

typedef enum Kind { TEXT, NUMBER, FUNCTION, ARRAY, OTHER } Kind;

/* What an externref stands for. Owned by its host object. */
typedef struct Thing {
  Kind kind;
  int32_t number;
  wasm_func_t *function; /* owned; NULL: the identity */
  size_t length;
  uint16_t letters[];
} Thing;

typedef wasm_trap_t *Import(wasm_store_t *store, const wasm_val_t *args, wasm_val_t *result);

static void delete_thing(void *info) {
  Thing *thing = info;
  wasm_func_delete(thing->function);
  free(thing);
}

/* Makes the result a host object with a new Thing, which is borrowed. */
static Thing *give(wasm_store_t *store, wasm_val_t *result, Kind kind, size_t length) {
  Thing *thing = calloc(1, sizeof *thing + 2 * length);
  wasm_foreign_t *object = wasm_foreign_new(store);
  if (!thing || !object) exit(1);
  thing->kind = kind;
  thing->length = length;
  wasm_foreign_set_host_info_with_finalizer(object, thing, delete_thing);
  result->kind = WASM_EXTERNREF;
  result->of.ref = wasm_foreign_as_ref(object);
  return thing;
}

static const Thing nothing = {.kind = OTHER};

static const Thing *thing_of(const wasm_val_t *value) {
  const wasm_foreign_t *object = value->of.ref ? wasm_ref_as_foreign_const(value->of.ref) : NULL;
  const Thing *thing = object ? wasm_foreign_get_host_info(object) : NULL;
  return thing ? thing : &nothing;
}

static bool is_text(const Thing *thing, const char *text) {
  size_t length = strlen(text);
  if (thing->kind != TEXT || thing->length != length) return false;
  for (size_t i = 0; i < length; i++)
    if (thing->letters[i] != (unsigned char)text[i]) return false;
  return true;
}

static wasm_trap_t *failure(wasm_store_t *store, const char *why) {
  wasm_message_t message;
  wasm_name_new_from_string_nt(&message, why);
  wasm_trap_t *trap = wasm_trap_new(store, &message);
  wasm_name_delete(&message);
  return trap;
}

/* ---- texts ---- */

static wasm_trap_t *from_char_code(wasm_store_t *store, const wasm_val_t *args,
                                   wasm_val_t *result) {
  give(store, result, TEXT, 1)->letters[0] = (uint16_t)args[0].of.i32;
  return NULL;
}

static wasm_trap_t *concat(wasm_store_t *store, const wasm_val_t *args, wasm_val_t *result) {
  const Thing *a = thing_of(&args[0]), *b = thing_of(&args[1]);
  Thing *both = give(store, result, TEXT, a->length + b->length);
  memcpy(both->letters, a->letters, 2 * a->length);
  memcpy(both->letters + a->length, b->letters, 2 * b->length);
  return NULL;
}

static wasm_trap_t *substring(wasm_store_t *store, const wasm_val_t *args, wasm_val_t *result) {
  const Thing *text = thing_of(&args[0]);
  size_t from = (uint32_t)args[1].of.i32, to = (uint32_t)args[2].of.i32;
  if (to > text->length) to = text->length;
  if (from > to) from = to;
  memcpy(give(store, result, TEXT, to - from)->letters, text->letters + from, 2 * (to - from));
  return NULL;
}

static wasm_trap_t *from_char_code_array(wasm_store_t *store, const wasm_val_t *args,
                                         wasm_val_t *result) {
  uint32_t from = (uint32_t)args[1].of.i32, to = (uint32_t)args[2].of.i32;
  if (from > to || to > wasmx_array_length(args[0].of.ref))
    return failure(store, "letters out of bounds");
  wasmx_array_read(args[0].of.ref, from, give(store, result, TEXT, to - from)->letters, to - from);
  return NULL;
}

static wasm_trap_t *into_char_code_array(wasm_store_t *store, const wasm_val_t *args,
                                         wasm_val_t *result) {
  const Thing *text = thing_of(&args[0]);
  result->of.i32 = (int32_t)text->length;
  if (wasmx_array_write(args[1].of.ref, (uint32_t)args[2].of.i32, text->letters,
                        (uint32_t)text->length))
    return NULL;
  return failure(store, "letters out of bounds");
}

static wasm_trap_t *length(wasm_store_t *store, const wasm_val_t *args, wasm_val_t *result) {
  (void)store;
  result->of.i32 = (int32_t)thing_of(&args[0])->length;
  return NULL;
}

static wasm_trap_t *char_code_at(wasm_store_t *store, const wasm_val_t *args, wasm_val_t *result) {
  const Thing *text = thing_of(&args[0]);
  if ((uint32_t)args[1].of.i32 >= text->length) return failure(store, "letter out of bounds");
  result->of.i32 = text->letters[args[1].of.i32];
  return NULL;
}

/* ---- numbers, functions, objects ---- */

static wasm_trap_t *wrap_int(wasm_store_t *store, const wasm_val_t *args, wasm_val_t *result) {
  give(store, result, NUMBER, 0)->number = args[0].of.i32;
  return NULL;
}

static wasm_trap_t *unwrap_int(wasm_store_t *store, const wasm_val_t *args, wasm_val_t *result) {
  (void)store;
  result->of.i32 = thing_of(&args[0])->number;
  return NULL;
}

static wasm_trap_t *get_property(wasm_store_t *store, const wasm_val_t *args, wasm_val_t *result) {
  const Thing *object = thing_of(&args[0]);
  if (object->kind != ARRAY || !is_text(thing_of(&args[1]), "length"))
    return failure(store, "no such property");
  give(store, result, NUMBER, 0)->number = (int32_t)object->length;
  return NULL;
}

/* A function of JavaScript's with one parameter, from its source: only that which gives back a text
 * is known. */
static wasm_trap_t *create_function(wasm_store_t *store, const wasm_val_t *args,
                                    wasm_val_t *result) {
  if (!is_text(thing_of(&args[0]), "str") || !is_text(thing_of(&args[1]), "return str;"))
    return failure(store, "JavaScript that is not known here");
  give(store, result, FUNCTION, 0);
  return NULL;
}

static wasm_trap_t *call_function(wasm_store_t *store, const wasm_val_t *args, wasm_val_t *result) {
  const Thing *function = thing_of(&args[0]);
  if (function->kind != FUNCTION || function->function)
    return failure(store, "only the identity is called here");
  wasm_val_copy(result, &args[1]);
  return NULL;
}

static wasm_trap_t *define_function(wasm_store_t *store, const wasm_val_t *args,
                                    wasm_val_t *result) {
  wasm_func_t *function = args[0].of.ref ? wasm_ref_as_func(args[0].of.ref) : NULL;
  if (!function) return failure(store, "a function is wanted");
  give(store, result, FUNCTION, 0)->function = wasm_func_copy(function);
  return NULL;
}

static wasm_trap_t *some_object(wasm_store_t *store, const wasm_val_t *args, wasm_val_t *result) {
  (void)args;
  give(store, result, OTHER, 0);
  return NULL;
}

static wasm_trap_t *no_effect(wasm_store_t *store, const wasm_val_t *args, wasm_val_t *result) {
  (void)store, (void)args, (void)result;
  return NULL;
}

static wasm_trap_t *yes(wasm_store_t *store, const wasm_val_t *args, wasm_val_t *result) {
  (void)store, (void)args;
  result->of.i32 = 1;
  return NULL;
}

static wasm_trap_t *put_char(wasm_store_t *store, const wasm_val_t *args, wasm_val_t *result) {
  (void)store, (void)result;
  putchar(args[0].of.i32);
  return NULL;
}

static const struct {
  const char *module, *name;
  Import *call;
} known[] = {
    {"wasm:js-string", "fromCharCode", from_char_code},
    {"wasm:js-string", "fromCharCodeArray", from_char_code_array},
    {"wasm:js-string", "intoCharCodeArray", into_char_code_array},
    {"wasm:js-string", "concat", concat},
    {"wasm:js-string", "substring", substring},
    {"wasm:js-string", "length", length},
    {"wasm:js-string", "charCodeAt", char_code_at},
    {"teavmJso", "createClass", some_object},
    {"teavmJso", "defineFunction", define_function},
    {"teavmJso", "defineStaticMethod", no_effect},
    {"teavmJso", "createFunction1", create_function},
    {"teavmJso", "callFunction1", call_function},
    {"teavmJso", "getProperty", get_property},
    {"teavmJso", "wrapInt", wrap_int},
    {"teavmJso", "unwrapInt", unwrap_int},
    {"teavmJso", "stringBuiltinsSupported", yes},
    {"teavm", "takeStackTrace", some_object},
    {"teavm", "decorateException", no_effect},
    {"teavmMemory", "notifyHeapResized", no_effect},
    {"teavmConsole", "putcharStdout", put_char},
};

/* ---- linking ---- */

/* One import; env of its function. */
typedef struct Linked {
  char name[96]; /* "module.name", for the trap of one that is not known */
  Import *call;
} Linked;

static wasm_trap_t *called(void *env, wasmx_caller_t *caller, const wasm_val_vec_t *args,
                           wasm_val_vec_t *results) {
  const Linked *import = env;
  wasm_val_t none;
  wasm_store_t *store = wasmx_caller_store(caller);
  if (!import->call) return failure(store, import->name);
  return import->call(store, args->data, results->size ? results->data : &none);
}

static bool same(const wasm_name_t *name, const char *text) {
  return name->size == strlen(text) && memcmp(name->data, text, name->size) == 0;
}

static wasm_extern_t *link_func(wasm_store_t *store, const wasm_importtype_t *import,
                                const wasmx_valtype_t *type) {
  const wasm_name_t *module = wasm_importtype_module(import), *name = wasm_importtype_name(import);
  Linked *linked = calloc(1, sizeof *linked);
  if (!linked) return NULL;
  snprintf(linked->name, sizeof linked->name, "%.*s.%.*s is not there", (int)module->size,
           module->data, (int)name->size, name->data);
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (same(module, known[i].module) && same(name, known[i].name)) linked->call = known[i].call;
  wasm_func_t *func = wasmx_func_new_of_type(store, type->type, called, linked, free);
  return func ? wasm_func_as_extern(func) : NULL;
}

/* The addresses of TeaVM's own heap in the memory: its beginning, and its most. */
static wasm_extern_t *link_global(wasm_store_t *store, const wasm_importtype_t *import,
                                  const wasm_globaltype_t *type) {
  wasm_val_t value =
      WASM_I32_VAL(same(wasm_importtype_name(import), "heapOffset") ? 256 : 32768 * 65535);
  wasm_global_t *global = wasm_global_new(store, type, &value);
  return global ? wasm_global_as_extern(global) : NULL;
}

static wasm_extern_t *link(wasm_store_t *store, const wasm_module_t *module, size_t index,
                           const wasm_importtype_t *import) {
  wasmx_valtype_t precise;
  const wasm_externtype_t *type = wasm_importtype_type(import);
  switch (wasm_externtype_kind(type)) {
  case WASM_EXTERN_FUNC:
    return wasmx_module_import_type(module, index, &precise) ? link_func(store, import, &precise)
                                                             : NULL;
  case WASM_EXTERN_GLOBAL:
    return link_global(store, import, wasm_externtype_as_globaltype_const(type));
  case WASM_EXTERN_MEMORY: {
    wasm_memory_t *memory = wasm_memory_new(store, wasm_externtype_as_memorytype_const(type));
    return memory ? wasm_memory_as_extern(memory) : NULL;
  }
  default: return NULL;
  }
}

static wasm_instance_t *instantiate(wasm_store_t *store, const wasm_module_t *module,
                                    wasmx_error_t *err) {
  wasm_importtype_vec_t types;
  wasm_extern_vec_t imports;
  wasm_module_imports(module, &types);
  wasm_extern_vec_new_uninitialized(&imports, types.size);
  for (size_t i = 0; i < types.size; i++) imports.data[i] = link(store, module, i, types.data[i]);
  wasm_instance_t *instance = wasmx_instance_new(store, module, &imports, NULL, err);
  wasm_importtype_vec_delete(&types);
  wasm_extern_vec_delete(&imports);
  return instance;
}

/* ---- running ---- */

static int report(wasm_trap_t *trap) {
  wasm_byte_vec_t text;
  if (!trap) return 0;
  wasmx_trap_print(trap, &text);
  fprintf(stderr, "java_host: %.*s\n", (int)text.size, text.data);
  wasm_byte_vec_delete(&text);
  wasm_trap_delete(trap);
  return 1;
}

/* Calls what the global "main" holds with an empty array. */
static int run(wasm_store_t *store, wasm_instance_t *instance) {
  wasm_extern_t *export = wasmx_instance_export(instance, "main");
  wasm_global_t *global = export ? wasm_extern_as_global(export) : NULL;
  wasm_val_t function = {.kind = WASM_EXTERNREF}, arguments = {.kind = WASM_EXTERNREF};
  if (global) wasm_global_get(global, &function);
  const Thing *thing = thing_of(&function);
  int status = 1;
  if (thing->function) {
    wasm_val_vec_t results = WASM_EMPTY_VEC;
    give(store, &arguments, ARRAY, 0);
    wasm_val_vec_t args = {1, &arguments};
    status = report(wasm_func_call(thing->function, &args, &results));
  } else {
    fprintf(stderr, "java_host: no main\n");
  }
  wasm_val_delete(&function);
  wasm_val_delete(&arguments);
  wasm_extern_delete(export);
  return status;
}

static bool read_file(const char *path, wasm_byte_vec_t *out) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END) != 0) return false;
  wasm_byte_vec_new_uninitialized(out, (size_t)ftell(file));
  rewind(file);
  bool whole = fread(out->data, 1, out->size, file) == out->size;
  fclose(file);
  return whole;
}

static wasm_config_t *configured(int argc, char **argv) {
  wasm_config_t *config = wasm_config_new();
  const char *tier = argc > 2 ? argv[2] : "auto";
  wasmx_config_set_tier(config, !strcmp(tier, "interp") ? WASMX_TIER_INTERP
                                : !strcmp(tier, "jit")  ? WASMX_TIER_JIT
                                                        : WASMX_TIER_AUTO);
  for (int i = 3; i < argc; i++)
    if (!wasmx_config_set_hidden(config, argv[i])) exit(2);
  return config;
}

int main(int argc, char **argv) {
  wasm_byte_vec_t bytes;
  if (argc < 2 || !read_file(argv[1], &bytes)) {
    fprintf(stderr, "usage: java_host FILE [interp|jit|auto [SETTING]...]\n");
    return 2;
  }
  wasm_engine_t *engine = wasm_engine_new_with_config(configured(argc, argv));
  wasm_store_t *store = wasm_store_new(engine);
  wasmx_error_t err = {.size = sizeof err};
  wasm_module_t *module = wasmx_module_new(store, &bytes, 0, &err);
  wasm_instance_t *instance = module ? instantiate(store, module, &err) : NULL;
  if (!instance) fprintf(stderr, "java_host: %s\n", err.message);
  int status = instance ? run(store, instance) : 1;
  wasm_byte_vec_delete(&bytes);
  wasm_instance_delete(instance);
  wasm_module_delete(module);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return status;
}
