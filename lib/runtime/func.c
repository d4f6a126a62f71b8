/* Host functions (spec 4.2.6). Functions of wasm are made with their instance. */
#include "runtime/collect.h"
#include "runtime/native.h"

typedef struct HostFuncObject {
  Func func;
  FuncCode code; /* how many slots it takes; nothing to run */
} HostFuncObject;

Func *wm_func_new_host(Store *store, u32 type_id, HostFunc host, void *env,
                       void (*env_finalizer)(void *), Error *err) {
  HostFuncObject *object = wm_object_new(store, OBJ_FUNC, sizeof *object, 0);
  if (!object) {
    wm_error_out_of_memory(err);
    return NULL;
  }
  wm_types_retain(store->types, type_id);
  FuncCode *code = &object->code;
  wm_code_set_type(code, type_id, wm_types_get(store->types, type_id));
  Func *func = &object->func;
  func->type_id = type_id;
  func->code = code;
  func->host = host;
  func->env = env;
  func->env_finalizer = env_finalizer;
  return func;
}
