/* Instances: instantiation with imports in order, and exports.
 *
 * Those with a vector of externs and those with a linker end in wm_api_instantiate with plain
 * objects, one an import; whether they are of the right type is the runtime's question (spec
 * 4.5.3). */
#include "api/handle.h"

#include <stdlib.h>

static Instance *instance_of(const wasm_instance_t *ref) {
  const Handle *h = handle_of(ref);
  return handle_store(h) ? (Instance *)h->object : NULL;
}

/* ---- instantiation ---- */

/* What is instantiated, and what came of it. */
typedef struct Making {
  LoadedModule *module;
  Object *const *imports;
  u32 import_count;
  Instance *made;
  Error *err;
} Making;

static TrapCode make(Store *store, void *env) {
  Making *m = env;
  m->made = wm_instance_new(store, m->module, m->imports, m->import_count, m->err);
  return TRAP_NONE;
}

/* NULL with err set. */
static Instance *make_with(Store *store, Making *m, const wasmx_call_options_t *given) {
  CallOptions options;
  if (!given) {
    make(store, m);
  } else if (wm_call_options_of(store, given, &options, m->err)) {
    /* Trapped already: it did not even begin. */
    if (wm_work_with(store, make, m, &options)) wm_trap_tell(store, 0, m->err);
    wm_call_options_tell(given, &options);
  }
  return m->made;
}

/* A start function that traps leaves a trap besides the error; a caller who does not want it loses
 * it here, so that it cannot be taken for that of a later call. */
wasm_instance_t *wm_api_instantiate(wasm_store_t *home, LoadedModule *lm, const ImportList *imports,
                                    const wasmx_call_options_t *options, wasm_trap_t **trap,
                                    Error *err) {
  if (store_of(home)) FORGET_DEAD(home->store);
  Handle *h = wm_api_begin(home, err);
  Making m = {lm, imports->objects, imports->count, NULL, err};
  Instance *in = h ? make_with(home->store, &m, options) : NULL;
  if (h && !in && err->code == ERR_TRAP) {
    wasm_trap_t *taken = wm_api_take_trap(home);
    if (trap)
      *trap = taken;
    else
      wasm_trap_delete(taken);
  }
  return (wasm_instance_t *)wm_api_finish(h, (Object *)in, err);
}

/* The imports' objects, in `objects`; false with err set. */
static bool import_objects(const wasm_store_t *home, const LoadedModule *lm,
                           const wasm_extern_vec_t *imports, Object **objects, Error *err) {
  u32 count = lm->module.import_count;
  size_t given = imports && imports->data ? imports->size : 0;
  if (given != count)
    return wm_error_set(err, ERR_LINK, 0, "%zu imports given, the module has %u", given, count);
  for (u32 i = 0; i < count; i++) {
    const Handle *h = handle_of(imports->data[i]);
    /* Stores are compared by their shells: one store has one. */
    const char *wrong = !h                             ? "NULL"
                        : h->home != home              ? "of another store"
                        : !wasm_ref_as_extern_const(h) ? "no external"
                                                       : NULL;
    if (wrong) return wm_error_set(err, ERR_ARGUMENT, 0, "import %u is %s", i, wrong);
    objects[i] = h->object;
  }
  return true;
}

static wasm_instance_t *instance_new(wasm_store_t *home, const wasm_module_t *module,
                                     const wasm_extern_vec_t *imports,
                                     const wasmx_call_options_t *options, wasm_trap_t **trap,
                                     Error *err) {
  /* Most modules import less. */
  enum { ON_STACK = 32 };
  Object *few[ON_STACK];
  if (trap) *trap = NULL;
  LoadedModule *lm = wm_api_module(home, module, err);
  u32 count = lm ? lm->module.import_count : 0;
  void *many AUTO_FREE = NULL;
  Object **objects = few_or_many((void *)few, sizeof few, count * sizeof *objects, &many);
  if (!objects) return wm_error_out_of_memory(err), NULL;
  if (!lm || !import_objects(home, lm, imports, objects, err)) return NULL;
  return wm_api_instantiate(home, lm, &(ImportList){objects, count}, options, trap, err);
}

wasm_instance_t *wasmx_instance_new_with(wasm_store_t *home, const wasm_module_t *module,
                                         const wasm_extern_vec_t *imports,
                                         const wasmx_call_options_t *options, wasm_trap_t **trap,
                                         wasmx_error_t *out) {
  Error err = {0};
  wasm_instance_t *instance = instance_new(home, module, imports, options, trap, &err);
  if (!instance) wm_api_report(&err, out);
  return instance;
}

wasm_instance_t *wasmx_instance_new(wasm_store_t *home, const wasm_module_t *module,
                                    const wasm_extern_vec_t *imports, wasm_trap_t **trap,
                                    wasmx_error_t *out) {
  return wasmx_instance_new_with(home, module, imports, NULL, trap, out);
}

wasm_instance_t *wasm_instance_new(wasm_store_t *home, const wasm_module_t *module,
                                   const wasm_extern_vec_t *imports, wasm_trap_t **trap) {
  Error err = {0};
  wasm_instance_t *instance = instance_new(home, module, imports, NULL, trap, &err);
  if (instance) return instance;
  /* A program that looks only at the trap learns of link errors, too. */
  if (trap && !*trap)
    *trap = err.code == ERR_OUT_OF_MEMORY ? (wasm_trap_t *)wm_handle_out_of_memory()
                                          : wm_api_misuse(home, "%s", err.message);
  wm_api_report(&err, NULL);
  return NULL;
}

/* ---- exports ---- */

void wasm_instance_exports(const wasm_instance_t *ref, wasm_extern_vec_t *out) {
  if (!out) return;
  wasm_extern_vec_new_empty(out);
  Instance *in = instance_of(ref);
  if (!in) return;
  const Module *m = &in->module->module;
  wasm_extern_vec_new_uninitialized(out, m->export_count);
  for (size_t i = 0; i < out->size; i++) {
    Object *object = wm_instance_export(in, &m->exports[i]);
    out->data[i] = (wasm_extern_t *)wm_handle_new(handle_of(ref)->home, object);
    if (!out->data[i]) wasm_extern_vec_delete(out);
  }
}

/* By the module's map, made when it was loaded: a hash and a comparison. */
Object *wm_api_find_export(Instance *in, const char *name, size_t len) {
  const Module *m = &in->module->module;
  u32 index;
  if (len > UINT32_MAX || !wm_namemap_get(&m->export_map, name, (u32)len, &index)) return NULL;
  return wm_instance_export(in, &m->exports[index]);
}

/* Of any kind when `kind` is negative. NULL with err set. */
static Object *find_object(const wasm_instance_t *ref, const char *name, size_t len, int kind,
                           Error *err) {
  Instance *in = instance_of(ref);
  if (!in || !name) {
    wm_error_set(err, ERR_ARGUMENT, 0, "the instance or the name is NULL");
    return NULL;
  }
  Object *object = wm_api_find_export(in, name, len);
  if (object && (kind < 0 || object->kind == kind)) return object;
  char text[64];
  wm_error_set(err, ERR_ARGUMENT, 0, "no %sexport \"%s\"", object ? "such kind of " : "",
               wm_escape(text, sizeof text, name, len));
  return NULL;
}

/* The handle is the host's: it deletes it. */
static Handle *find(const wasm_instance_t *ref, const char *name, size_t len, int kind) {
  Error err = {0};
  Object *object = find_object(ref, name, len, kind, &err);
  if (object) return wm_handle_new(handle_of(ref)->home, object);
  wm_api_report(&err, NULL);
  return NULL;
}

bool wm_api_lend_export(const wasm_instance_t *ref, const char *name, ObjectKind kind, Handle *out,
                        Error *err) {
  Object *object = find_object(ref, name, name ? strlen(name) : 0, (int)kind, err);
  if (object) wm_handle_lend(handle_of(ref)->home, object, out);
  return object != NULL;
}

wasm_extern_t *wasmx_instance_export_n(const wasm_instance_t *ref, const char *name, size_t len) {
  return (wasm_extern_t *)find(ref, name, len, -1);
}

wasm_extern_t *wasmx_instance_export(const wasm_instance_t *ref, const char *name) {
  return wasmx_instance_export_n(ref, name, name ? strlen(name) : 0);
}

#define DEFINE_FIND(name, KIND)                                                                    \
  wasm_##name##_t *wasmx_instance_##name(const wasm_instance_t *ref, const char *export_) {        \
    return (wasm_##name##_t *)find(ref, export_, export_ ? strlen(export_) : 0, KIND);             \
  }

DEFINE_FIND(func, OBJ_FUNC)
DEFINE_FIND(memory, OBJ_MEMORY)
DEFINE_FIND(global, OBJ_GLOBAL)
DEFINE_FIND(table, OBJ_TABLE)
DEFINE_FIND(tag, OBJ_TAG)
