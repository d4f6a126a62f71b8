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

/* A start function that traps leaves a trap besides the error; a caller who does not want it loses
 * it here, so that it cannot be taken for that of a later call. */
wasm_instance_t *wm_api_instantiate(wasm_store_t *home, LoadedModule *lm, Object *const *imports,
                                    u32 import_count, wasm_trap_t **trap, Error *err) {
  if (store_of(home)) FORGET_DEAD(home->store);
  Handle *h = wm_api_begin(home, err);
  Instance *in = h ? wm_instance_new(home->store, lm, imports, import_count, err) : NULL;
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
                                     const wasm_extern_vec_t *imports, wasm_trap_t **trap,
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
  return wm_api_instantiate(home, lm, objects, count, trap, err);
}

wasm_instance_t *wasmx_instance_new(wasm_store_t *home, const wasm_module_t *module,
                                    const wasm_extern_vec_t *imports, wasm_trap_t **trap,
                                    wasmx_error_t *out) {
  Error err = {0};
  wasm_instance_t *instance = instance_new(home, module, imports, trap, &err);
  if (!instance) wm_api_report(&err, out);
  return instance;
}

wasm_instance_t *wasm_instance_new(wasm_store_t *home, const wasm_module_t *module,
                                   const wasm_extern_vec_t *imports, wasm_trap_t **trap) {
  Error err = {0};
  wasm_instance_t *instance = instance_new(home, module, imports, trap, &err);
  if (instance) return instance;
  /* A program that looks only at the trap learns of link errors, too. */
  if (trap && !*trap) *trap = wm_api_misuse(home, "%s", err.message);
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

/* Of any kind when `kind` is negative. */
static Handle *find(const wasm_instance_t *ref, const char *name, size_t len, int kind) {
  Instance *in = instance_of(ref);
  if (!in || !name) return wm_api_fail(ERR_ARGUMENT, "the instance or the name is NULL"), NULL;
  Object *object = wm_api_find_export(in, name, len);
  /* The handle is the host's: it deletes it. */
  if (object && (kind < 0 || object->kind == kind))
    return wm_handle_new(handle_of(ref)->home, object);
  char text[64];
  wm_api_fail(ERR_ARGUMENT, "no %sexport \"%s\"", object ? "such kind of " : "",
              wm_escape(text, sizeof text, name, len));
  return NULL;
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
