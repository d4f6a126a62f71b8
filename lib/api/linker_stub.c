/* What takes the place of imports that nobody defined: functions that trap or give nothing, and
 * objects with default values (spec 4.2.1: zero, or null). */
#include "api/linker.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- functions ---- */

/* Func.env of a stub that traps: what it says. */
typedef struct MissingImport {
  char text[240];
} MissingImport;

static TrapCode trap_missing(Store *store, Func *func, Instance *caller, u64 *slots) {
  (void)caller, (void)slots;
  const MissingImport *missing = func->env;
  return wm_trap_raise(store, TRAP_HOST, missing->text, strlen(missing->text));
}

/* All defaults are zero bits. */
static TrapCode give_nothing(Store *store, Func *func, Instance *caller, u64 *slots) {
  (void)caller;
  if (func->code->result_slots) memset(slots, 0, func->code->result_slots * sizeof *slots);
  return store_poll_and_raise(store);
}

static bool has_default(ValType t) { return !val_is_ref(t) || val_is_nullable(t); }

static bool have_defaults(const SubType *type) {
  for (u32 i = 0; i < type->result_count; i++)
    if (!has_default(type->results[i])) return false;
  return true;
}

static Func *trapping_stub(Store *store, u32 type_id, const Import *import, Error *err) {
  MissingImport *missing = malloc(sizeof *missing);
  if (!missing) return wm_error_out_of_memory(err), NULL;
  char module[100], name[100];
  snprintf(missing->text, sizeof missing->text, "the import \"%s\" \"%s\" is not defined",
           wm_escape(module, sizeof module, import->module.bytes, import->module.len),
           wm_escape(name, sizeof name, import->name.bytes, import->name.len));
  Func *func = wm_func_new_host(store, type_id, trap_missing, missing, free, err);
  if (!func) free(missing);
  return func;
}

/* ---- other objects ---- */

static Object *no_default(const Import *import, const char *what, Error *err) {
  wm_escape(err->import_module, sizeof err->import_module, import->module.bytes,
            import->module.len);
  wm_escape(err->import_name, sizeof err->import_name, import->name.bytes, import->name.len);
  wm_error_set(err, ERR_LINK, import->offset, "the import \"%s\" \"%s\" is a %s without a default",
               err->import_module, err->import_name, what);
  return NULL;
}

static Object *global_stub(Store *store, const Module *m, const Import *import, Error *err) {
  GlobalType type = m->globals[import->index].type;
  type.type = module_canonical(m, type.type);
  if (!has_default(type.type)) return no_default(import, "global", err);
  return (Object *)wm_global_new(store, &type, NULL, err);
}

static Object *table_stub(Store *store, const Module *m, const Import *import, Error *err) {
  TableType type = m->tables[import->index].type;
  type.element = module_canonical(m, type.element);
  if (!has_default(type.element)) return no_default(import, "table", err);
  return (Object *)wm_table_new(store, &type, NULL, err);
}

/* NULL with err set, or, for TRAP, when there is none of that kind. */
static Object *stub_new(Store *store, const Module *m, const Import *import, bool is_default,
                        Error *err) {
  if (import->kind == EXTERN_FUNC) {
    const SubType *type = module_func_type(m, import->index);
    return is_default && have_defaults(type)
               ? (Object *)wm_func_new_host(store, type->type_id, give_nothing, NULL, NULL, err)
               : (Object *)trapping_stub(store, type->type_id, import, err);
  }
  if (!is_default) return NULL;
  switch (import->kind) {
  case EXTERN_GLOBAL: return global_stub(store, m, import, err);
  case EXTERN_TABLE: return table_stub(store, m, import, err);
  case EXTERN_MEMORY: return (Object *)wm_memory_new(store, &m->memories[import->index], err);
  default:
    return (Object *)wm_tag_new(store, m->types[m->tags[import->index].type_index].type_id, err);
  }
}

/* ---- all of a module ---- */

static bool define_stub(wasmx_linker_t *linker, const Module *m, const Import *import,
                        bool is_default, Error *err) {
  bool failed;
  wasm_store_t *home = wm_linker_home(linker);
  if (wm_linker_find(linker, import->module.bytes, import->module.len, import->name.bytes,
                     import->name.len, &failed))
    return true;
  if (failed) return wm_error_out_of_memory(err);
  Object *stub = stub_new(home->store, m, import, is_default, err);
  if (!stub) return err->code == ERR_NONE;
  return wm_linker_take(linker, import->module.bytes, import->module.len, import->name.bytes,
                        import->name.len, wm_handle_new(home, stub)) ||
         wm_error_out_of_memory(err);
}

/* The module is held by its handle, and nothing here lets the host in. */
static bool define_stubs(wasmx_linker_t *linker, const wasm_module_t *module, u32 stub,
                         Error *err) {
  if (!linker) return wm_error_set(err, ERR_ARGUMENT, 0, "the linker is NULL");
  if (stub != WASMX_STUB_TRAP && stub != WASMX_STUB_DEFAULT)
    return wm_error_set(err, ERR_ARGUMENT, 0, "stubs either trap or give defaults");
  const LoadedModule *lm = wm_api_module(wm_linker_home(linker), module, err);
  for (u32 i = 0; lm && i < lm->module.import_count; i++)
    if (!define_stub(linker, &lm->module, &lm->module.imports[i], stub == WASMX_STUB_DEFAULT, err))
      return false;
  return lm != NULL;
}

bool wasmx_linker_define_unknown_imports(wasmx_linker_t *linker, const wasm_module_t *module,
                                         uint32_t stub, wasmx_error_t *out) {
  Error err = {0};
  bool ok = define_stubs(linker, module, stub, &err);
  if (!ok) wm_api_report(&err, out);
  return ok;
}
