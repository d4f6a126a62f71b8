/* Linkers: definitions by module and name. A name's key is the module's length, the module and the
 * name; the map finds the definition's number. */
#include "compat/compat.h"

typedef struct Definition {
  u8 *key; /* owned: u32 module length, module, name */
  u32 key_len;
  HostDef *def;           /* counted; NULL: it is an item */
  wasmtime_extern_t item; /* of one store; a shared memory is owned */
} Definition;

struct wasmtime_linker {
  wasm_engine_t *engine; /* owned */
  bool may_shadow, has_wasi;
  NameMap numbers;
  Vec(Definition) definitions;
};

struct wasmtime_instance_pre {
  const wasmtime_linker_t *linker; /* borrowed */
  wasmtime_module_t *module;       /* counted */
};

static void definition_end(Definition *d) {
  wm_compat_def_release(d->def);
  wasmtime_extern_delete(&d->item);
  free(d->key);
}

wasmtime_linker_t *wasmtime_linker_new(wasm_engine_t *engine) {
  wasmtime_linker_t *linker = engine ? calloc(1, sizeof *linker) : NULL;
  if (linker) linker->engine = wasmx_engine_copy(engine);
  return linker;
}

void wasmtime_linker_delete(wasmtime_linker_t *linker) {
  if (!linker) return;
  for (u32 i = 0; i < linker->definitions.len; i++) definition_end(&linker->definitions.data[i]);
  vec_free(&linker->definitions);
  wm_namemap_free(&linker->numbers);
  wasm_engine_delete(linker->engine);
  free(linker);
}

void wasmtime_linker_allow_shadowing(wasmtime_linker_t *linker, bool allow_shadowing) {
  if (linker) linker->may_shadow = allow_shadowing;
}

/* ---- names ---- */

typedef struct Names {
  const char *module, *name;
  size_t module_len, name_len;
} Names;

static bool names_are_there(const Names *n) {
  return (n->module || !n->module_len) && (n->name || !n->name_len) &&
         n->module_len < UINT32_MAX / 4 && n->name_len < UINT32_MAX / 4;
}

static u32 key_len(const Names *n) { return (u32)(sizeof(u32) + n->module_len + n->name_len); }

static void write_key(u8 *key, const Names *n) {
  store_u32(key, (u32)n->module_len);
  if (n->module_len) memcpy(key + sizeof(u32), n->module, n->module_len);
  if (n->name_len) memcpy(key + sizeof(u32) + n->module_len, n->name, n->name_len);
}

/* NULL: there is none, or no memory to look for it. */
static Definition *find(const wasmtime_linker_t *linker, const Names *n) {
  u8 few[256];
  AUTO_FREE void *many = NULL;
  u32 number;
  u8 *key = few_or_many(few, sizeof few, key_len(n), &many);
  if (!key) return NULL;
  write_key(key, n);
  bool found = wm_namemap_get(&linker->numbers, key, key_len(n), &number);
  return found ? &linker->definitions.data[number] : NULL;
}

/* ---- defining ---- */

/* A new definition with its key; NULL: out of memory. */
static Definition *add(wasmtime_linker_t *linker, const Names *n) {
  u8 *key = malloc(key_len(n));
  Definition *d = key ? vec_push(&linker->definitions) : NULL;
  if (!d) return free(key), NULL;
  write_key(key, n);
  *d = (Definition){.key = key, .key_len = key_len(n)};
  if (wm_namemap_add(&linker->numbers, key, d->key_len, linker->definitions.len - 1, NULL))
    return d;
  linker->definitions.len--;
  return free(key), NULL;
}

/* Takes what it means: a definition or an item. */
static wasmtime_error_t *define(wasmtime_linker_t *linker, const Names *n, HostDef *def,
                                wasmtime_extern_t item) {
  Definition meaning = {.def = def, .item = item};
  Definition *d = find(linker, n);
  if (d && !linker->may_shadow) {
    definition_end(&meaning);
    return wm_compat_error("import of `%.*s::%.*s` defined twice", (int)min_u64(n->module_len, 100),
                           n->module_len ? n->module : "", (int)min_u64(n->name_len, 100),
                           n->name_len ? n->name : "");
  }
  if (!d) d = add(linker, n);
  if (!d) return definition_end(&meaning), wm_compat_error("out of memory");
  meaning.key = d->key;
  meaning.key_len = d->key_len;
  d->key = NULL;
  definition_end(d);
  *d = meaning;
  return NULL;
}

static wasmtime_extern_t no_item(void) {
  wasmtime_extern_t item;
  memset(&item, 0, sizeof item);
  return item;
}

static wasmtime_error_t *missing(void) {
  return wm_compat_error("no linker, store, module or names, or nothing to define");
}

/* A shared memory is held by the definition. */
wasmtime_error_t *wasmtime_linker_define(wasmtime_linker_t *linker, wasmtime_context_t *store,
                                         const char *module, size_t module_len, const char *name,
                                         size_t name_len, const wasmtime_extern_t *item) {
  Names n = {module, name, module_len, name_len};
  wasm_extern_t *made;
  if (!linker || !store || !item || !names_are_there(&n)) return missing();
  if (!wm_compat_handle_of(store, item, &made))
    return wm_compat_error("what is to be defined is none of this store");
  wasm_extern_delete(made);
  wasmtime_extern_t kept = *item;
  if (item->kind == WASMTIME_EXTERN_SHAREDMEMORY)
    kept.of.sharedmemory = wasmtime_sharedmemory_clone(item->of.sharedmemory);
  return define(linker, &n, NULL, kept);
}

static wasmtime_error_t *define_func(wasmtime_linker_t *linker, const Names *n,
                                     const wasm_functype_t *type, HostDef from) {
  bool is_fine = linker && type && names_are_there(n) && (from.checked || from.unchecked);
  if (!is_fine) {
    if (from.finalizer) from.finalizer(from.env);
    return missing();
  }
  HostDef *def = wm_compat_def_new(type, from);
  return def ? define(linker, n, def, no_item()) : wm_compat_error("out of memory");
}

wasmtime_error_t *wasmtime_linker_define_func(wasmtime_linker_t *linker, const char *module,
                                              size_t module_len, const char *name, size_t name_len,
                                              const wasm_functype_t *type,
                                              wasmtime_func_callback_t callback, void *data,
                                              void (*finalizer)(void *)) {
  Names n = {module, name, module_len, name_len};
  HostDef def = {.checked = callback, .env = data, .finalizer = finalizer};
  return define_func(linker, &n, type, def);
}

wasmtime_error_t *wasmtime_linker_define_func_unchecked(wasmtime_linker_t *linker,
                                                        const char *module, size_t module_len,
                                                        const char *name, size_t name_len,
                                                        const wasm_functype_t *type,
                                                        wasmtime_func_unchecked_callback_t callback,
                                                        void *data, void (*finalizer)(void *)) {
  Names n = {module, name, module_len, name_len};
  HostDef def = {.is_unchecked = true, .unchecked = callback, .env = data, .finalizer = finalizer};
  return define_func(linker, &n, type, def);
}

wasmtime_error_t *wasmtime_linker_define_wasi(wasmtime_linker_t *linker) {
  if (!linker) return missing();
  linker->has_wasi = true;
  return NULL;
}

wasmtime_error_t *wasmtime_linker_define_instance(wasmtime_linker_t *linker,
                                                  wasmtime_context_t *store, const char *name,
                                                  size_t name_len,
                                                  const wasmtime_instance_t *instance) {
  Names n = {.module = name, .module_len = name_len};
  if (!linker || !store || !instance || !names_are_there(&n)) return missing();
  const Object *o = object_of(store, instance->store_id, instance->__private, KIND_INSTANCE);
  if (!o) return wm_compat_error("the instance is none of this store");
  const Exports *exports = o->exports;
  wasmtime_error_t *error = NULL;
  wasmtime_extern_t item;
  char *text;
  for (size_t i = 0; !error && i < exports->module->exports.size; i++) {
    bool is_there = wasmtime_instance_export_nth(store, instance, i, &text, &n.name_len, &item);
    n.name = is_there ? text : NULL;
    if (is_there) error = define(linker, &n, NULL, item);
  }
  return error || exports->numbers || !exports->module->exports.size
             ? error
             : wm_compat_error("out of memory");
}

static bool copy_into(wasmtime_linker_t *to, const Definition *d) {
  Names n = {.module = (const char *)d->key + sizeof(u32), .module_len = load_u32(d->key)};
  n.name = n.module + n.module_len;
  n.name_len = d->key_len - sizeof(u32) - n.module_len;
  wasmtime_extern_t item = d->item;
  if (d->def) atomic_fetch_add(&d->def->references, 1);
  if (item.kind == WASMTIME_EXTERN_SHAREDMEMORY)
    item.of.sharedmemory = wasmtime_sharedmemory_clone(item.of.sharedmemory);
  wasmtime_error_t *error = define(to, &n, d->def, item);
  wasmtime_error_delete(error);
  return !error;
}

wasmtime_linker_t *wasmtime_linker_clone(wasmtime_linker_t *linker) {
  wasmtime_linker_t *copy = linker ? wasmtime_linker_new(linker->engine) : NULL;
  bool fine = copy != NULL;
  for (u32 i = 0; fine && i < linker->definitions.len; i++)
    fine = copy_into(copy, &linker->definitions.data[i]);
  if (!fine) return wasmtime_linker_delete(copy), NULL;
  copy->may_shadow = linker->may_shadow;
  copy->has_wasi = linker->has_wasi;
  return copy;
}

/* ---- looking up ---- */

/* A definition of another store's item is none. */
static bool resolve(const wasmtime_linker_t *linker, wasmtime_context_t *c, const Names *n,
                    wasmtime_extern_t *item) {
  const Definition *d = find(linker, n);
  if (d && !d->def) return *item = d->item, true;
  wasm_name_t module = {n->module_len, (char *)(uintptr_t)n->module};
  wasm_name_t name = {n->name_len, (char *)(uintptr_t)n->name};
  u32 number = d ? wm_compat_def_func(c, d->def)
                 : (linker->has_wasi ? wm_compat_wasi_func(c, &module, &name) : 0);
  if (number) *item = wm_compat_item(c, WASMTIME_EXTERN_FUNC, number);
  return number != 0;
}

bool wasmtime_linker_get(const wasmtime_linker_t *linker, wasmtime_context_t *store,
                         const char *module, size_t module_len, const char *name, size_t name_len,
                         wasmtime_extern_t *item) {
  Names n = {module, name, module_len, name_len};
  wasm_extern_t *made;
  if (!linker || !store || !item || !names_are_there(&n)) return false;
  if (!resolve(linker, store, &n, item)) return false;
  const wasm_extern_t *handle = wm_compat_handle_of(store, item, &made);
  wasm_extern_delete(made);
  if (handle && item->kind == WASMTIME_EXTERN_SHAREDMEMORY)
    item->of.sharedmemory = wasmtime_sharedmemory_clone(item->of.sharedmemory);
  return handle != NULL;
}

static wasm_trap_t *do_nothing(void *env, wasmtime_caller_t *caller, wasmtime_val_raw_t *raws,
                               size_t count) {
  (void)env, (void)caller, (void)raws, (void)count;
  return NULL;
}

static wasmtime_error_t *nothing_func(wasmtime_context_t *c, wasmtime_func_t *func) {
  wasm_functype_t *type = wasm_functype_new_0_0();
  wasmtime_func_new_unchecked(c, type, do_nothing, NULL, NULL, func);
  wasm_functype_delete(type);
  return func->store_id ? NULL : wm_compat_error("out of memory");
}

static bool func_of(const wasmtime_linker_t *linker, wasmtime_context_t *c, const Names *n,
                    wasmtime_func_t *func) {
  wasmtime_extern_t item;
  if (!find(linker, n) || !resolve(linker, c, n, &item)) return false;
  if (item.kind != WASMTIME_EXTERN_FUNC || !wm_compat_func(c, &item.of.func)) return false;
  *func = item.of.func;
  return true;
}

wasmtime_error_t *wasmtime_linker_get_default(const wasmtime_linker_t *linker,
                                              wasmtime_context_t *store, const char *name,
                                              size_t name_len, wasmtime_func_t *func) {
  Names unnamed = {name, "", name_len, 0}, start = {name, "_start", name_len, strlen("_start")};
  if (!linker || !store || !func || !names_are_there(&start)) return missing();
  if (func_of(linker, store, &unnamed, func) || func_of(linker, store, &start, func)) return NULL;
  return nothing_func(store, func);
}

/* ---- instantiating ---- */

static wasmtime_error_t *unknown_import(const wasm_name_t *module, const wasm_name_t *name) {
  return wm_compat_error("unknown import: `%.*s::%.*s` has not been defined",
                         (int)min_u64(module->size, 100), module->data,
                         (int)min_u64(name->size, 100), name->data);
}

static wasmtime_error_t *resolve_import(const wasmtime_linker_t *linker, wasmtime_context_t *c,
                                        const wasm_importtype_t *import, wasm_extern_t **handle,
                                        wasm_extern_t **made) {
  const wasm_name_t *module = wasm_importtype_module(import), *name = wasm_importtype_name(import);
  Names n = {module->data, name->data, module->size, name->size};
  wasmtime_extern_t item;
  if (!resolve(linker, c, &n, &item)) return unknown_import(module, name);
  *handle = wm_compat_handle_of(c, &item, made);
  return *handle ? NULL
                 : wm_compat_error("`%.*s` was defined of another store",
                                   (int)min_u64(name->size, 100), name->data);
}

wasmtime_error_t *wasmtime_linker_instantiate(const wasmtime_linker_t *linker,
                                              wasmtime_context_t *store,
                                              const wasmtime_module_t *module,
                                              wasmtime_instance_t *instance, wasm_trap_t **trap) {
  if (trap) *trap = NULL;
  if (!linker || !store || !module || !instance) return missing();
  size_t count = module->imports.size;
  wasm_extern_t **handles = calloc(2 * count + 1, sizeof(wasm_extern_t *));
  if (!handles) return wm_compat_error("out of memory");
  wasm_extern_t **made = handles + count;
  wasmtime_error_t *error = NULL;
  for (size_t i = 0; i < count && !error; i++)
    error = resolve_import(linker, store, module->imports.data[i], &handles[i], &made[i]);
  wasm_extern_vec_t imports = {count, handles};
  if (!error) error = wm_compat_instantiate(store, module, &imports, instance, trap);
  for (size_t i = 0; i < count; i++) wasm_extern_delete(made[i]);
  free(handles);
  return error;
}

/* A reactor is made ready; a trap is an error here. */
static wasmtime_error_t *initialize(wasmtime_context_t *c, const wasmtime_instance_t *instance) {
  static const char name[] = "_initialize";
  wasmtime_extern_t item;
  if (!wasmtime_instance_export_get(c, instance, name, sizeof name - 1, &item)) return NULL;
  if (item.kind != WASMTIME_EXTERN_FUNC) return NULL;
  return wasmtime_func_call(c, &item.of.func, NULL, 0, NULL, 0, NULL);
}

wasmtime_error_t *wasmtime_linker_module(wasmtime_linker_t *linker, wasmtime_context_t *store,
                                         const char *name, size_t name_len,
                                         const wasmtime_module_t *module) {
  wasmtime_instance_t instance;
  wasmtime_error_t *error = wasmtime_linker_instantiate(linker, store, module, &instance, NULL);
  if (!error) error = initialize(store, &instance);
  return error ? error : wasmtime_linker_define_instance(linker, store, name, name_len, &instance);
}

/* ---- prepared ---- */

wasmtime_error_t *wasmtime_linker_instantiate_pre(const wasmtime_linker_t *linker,
                                                  const wasmtime_module_t *module,
                                                  wasmtime_instance_pre_t **pre) {
  if (!linker || !module || !pre) return missing();
  *pre = malloc(sizeof **pre);
  if (!*pre) return wm_compat_error("out of memory");
  wasmtime_module_t *held = wasmtime_module_clone((wasmtime_module_t *)(uintptr_t)module);
  **pre = (wasmtime_instance_pre_t){linker, held};
  return NULL;
}

void wasmtime_instance_pre_delete(wasmtime_instance_pre_t *pre) {
  if (!pre) return;
  wasmtime_module_delete(pre->module);
  free(pre);
}

wasmtime_error_t *wasmtime_instance_pre_instantiate(const wasmtime_instance_pre_t *pre,
                                                    wasmtime_context_t *store,
                                                    wasmtime_instance_t *instance,
                                                    wasm_trap_t **trap) {
  if (trap) *trap = NULL;
  if (!pre) return missing();
  return wasmtime_linker_instantiate(pre->linker, store, pre->module, instance, trap);
}

wasmtime_module_t *wasmtime_instance_pre_module(wasmtime_instance_pre_t *pre) {
  return pre ? wasmtime_module_clone(pre->module) : NULL;
}
