/* wasm_c_api.h: wasm.h as programs for WAMR include it, whose vectors have three members more. The
 * library knows the first two (`size` items at `data`); this header sets the others in the vectors
 * that the caller owns, and in those that callbacks get. Vectors that are borrowed from an object
 * (wasm_functype_params, names of imports and exports) have the two alone.
 *
 * Include it instead of wasm.h, not behind it. */
#ifndef WASM_C_API_H
#define WASM_C_API_H

#ifdef WASM_H
#error "wasm_c_api.h comes instead of wasm.h, and before all that includes it"
#endif

#define WASM_VEC_MORE                                                                              \
  size_t num_elems;                                                                                \
  size_t size_of_elem;                                                                             \
  void *lock;
#include <wasm.h>

#include <wasmx.h>

#ifdef __cplusplus
extern "C" {
#endif

#undef WASM_EMPTY_VEC
#undef WASM_ARRAY_VEC
#define WASM_EMPTY_VEC {0, NULL, 0, 0, NULL}
#define WASM_ARRAY_VEC(array)                                                                      \
  {sizeof(array) / sizeof(*(array)), array, sizeof(array) / sizeof(*(array)), sizeof(*(array)),    \
   NULL}

#define WAMR_FILL(out, count)                                                                      \
  do {                                                                                             \
    (out)->num_elems = (count);                                                                    \
    (out)->size_of_elem = sizeof(*(out)->data);                                                    \
    (out)->lock = NULL;                                                                            \
  } while (0)

#define WAMR_VEC(name, ptr_or_none)                                                                \
  static inline void wamr_##name##_vec_new_empty(wasm_##name##_vec_t *out) {                       \
    wasm_##name##_vec_new_empty(out);                                                              \
    WAMR_FILL(out, 0);                                                                             \
  }                                                                                                \
  static inline void wamr_##name##_vec_new_uninitialized(wasm_##name##_vec_t *out, size_t size) {  \
    wasm_##name##_vec_new_uninitialized(out, size);                                                \
    WAMR_FILL(out, 0);                                                                             \
  }                                                                                                \
  static inline void wamr_##name##_vec_new(wasm_##name##_vec_t *out, size_t size,                  \
                                           wasm_##name##_t ptr_or_none const items[]) {            \
    wasm_##name##_vec_new(out, size, items);                                                       \
    WAMR_FILL(out, items ? out->size : 0);                                                         \
  }                                                                                                \
  static inline void wamr_##name##_vec_copy(wasm_##name##_vec_t *out,                              \
                                            const wasm_##name##_vec_t *from) {                     \
    wasm_##name##_vec_copy(out, from);                                                             \
    WAMR_FILL(out, out->size);                                                                     \
  }                                                                                                \
  static inline void wamr_##name##_vec_delete(wasm_##name##_vec_t *vec) {                          \
    if (!vec) return;                                                                              \
    wasm_##name##_vec_delete(vec);                                                                 \
    WAMR_FILL(vec, 0);                                                                             \
  }
WAMR_VEC(byte, )
WAMR_VEC(val, )
WAMR_VEC(valtype, *)
WAMR_VEC(functype, *)
WAMR_VEC(globaltype, *)
WAMR_VEC(tabletype, *)
WAMR_VEC(memorytype, *)
WAMR_VEC(externtype, *)
WAMR_VEC(importtype, *)
WAMR_VEC(exporttype, *)
WAMR_VEC(frame, *)
WAMR_VEC(extern, *)
#undef WAMR_VEC

static inline void wamr_module_imports(const wasm_module_t *module, wasm_importtype_vec_t *out) {
  wasm_module_imports(module, out);
  WAMR_FILL(out, out->size);
}
static inline void wamr_module_exports(const wasm_module_t *module, wasm_exporttype_vec_t *out) {
  wasm_module_exports(module, out);
  WAMR_FILL(out, out->size);
}
static inline void wamr_module_serialize(wasm_module_t *module, wasm_byte_vec_t *out) {
  wasm_module_serialize(module, out);
  WAMR_FILL(out, out->size);
}
static inline void wamr_instance_exports(const wasm_instance_t *instance, wasm_extern_vec_t *out) {
  wasm_instance_exports(instance, out);
  WAMR_FILL(out, out->size);
}
static inline void wamr_trap_message(const wasm_trap_t *trap, wasm_message_t *out) {
  wasm_trap_message(trap, out);
  WAMR_FILL(out, out->size);
}
static inline void wamr_trap_trace(const wasm_trap_t *trap, wasm_frame_vec_t *out) {
  wasm_trap_trace(trap, out);
  WAMR_FILL(out, out->size);
}

/* As wasm_func_new and wasm_func_new_with_env, with the longer vectors for the callback. */
WASM_API_EXTERN wasm_func_t *wamr_func_new(wasm_store_t *, const wasm_functype_t *,
                                           wasm_func_callback_t);
WASM_API_EXTERN wasm_func_t *wamr_func_new_with_env(wasm_store_t *, const wasm_functype_t *,
                                                    wasm_func_callback_with_env_t, void *env,
                                                    void (*finalizer)(void *));

#define wasm_byte_vec_new_empty               wamr_byte_vec_new_empty
#define wasm_byte_vec_new_uninitialized       wamr_byte_vec_new_uninitialized
#define wasm_byte_vec_new                     wamr_byte_vec_new
#define wasm_byte_vec_copy                    wamr_byte_vec_copy
#define wasm_byte_vec_delete                  wamr_byte_vec_delete
#define wasm_val_vec_new_empty                wamr_val_vec_new_empty
#define wasm_val_vec_new_uninitialized        wamr_val_vec_new_uninitialized
#define wasm_val_vec_new                      wamr_val_vec_new
#define wasm_val_vec_copy                     wamr_val_vec_copy
#define wasm_val_vec_delete                   wamr_val_vec_delete
#define wasm_valtype_vec_new_empty            wamr_valtype_vec_new_empty
#define wasm_valtype_vec_new_uninitialized    wamr_valtype_vec_new_uninitialized
#define wasm_valtype_vec_new                  wamr_valtype_vec_new
#define wasm_valtype_vec_copy                 wamr_valtype_vec_copy
#define wasm_valtype_vec_delete               wamr_valtype_vec_delete
#define wasm_functype_vec_new_empty           wamr_functype_vec_new_empty
#define wasm_functype_vec_new_uninitialized   wamr_functype_vec_new_uninitialized
#define wasm_functype_vec_new                 wamr_functype_vec_new
#define wasm_functype_vec_copy                wamr_functype_vec_copy
#define wasm_functype_vec_delete              wamr_functype_vec_delete
#define wasm_globaltype_vec_new_empty         wamr_globaltype_vec_new_empty
#define wasm_globaltype_vec_new_uninitialized wamr_globaltype_vec_new_uninitialized
#define wasm_globaltype_vec_new               wamr_globaltype_vec_new
#define wasm_globaltype_vec_copy              wamr_globaltype_vec_copy
#define wasm_globaltype_vec_delete            wamr_globaltype_vec_delete
#define wasm_tabletype_vec_new_empty          wamr_tabletype_vec_new_empty
#define wasm_tabletype_vec_new_uninitialized  wamr_tabletype_vec_new_uninitialized
#define wasm_tabletype_vec_new                wamr_tabletype_vec_new
#define wasm_tabletype_vec_copy               wamr_tabletype_vec_copy
#define wasm_tabletype_vec_delete             wamr_tabletype_vec_delete
#define wasm_memorytype_vec_new_empty         wamr_memorytype_vec_new_empty
#define wasm_memorytype_vec_new_uninitialized wamr_memorytype_vec_new_uninitialized
#define wasm_memorytype_vec_new               wamr_memorytype_vec_new
#define wasm_memorytype_vec_copy              wamr_memorytype_vec_copy
#define wasm_memorytype_vec_delete            wamr_memorytype_vec_delete
#define wasm_externtype_vec_new_empty         wamr_externtype_vec_new_empty
#define wasm_externtype_vec_new_uninitialized wamr_externtype_vec_new_uninitialized
#define wasm_externtype_vec_new               wamr_externtype_vec_new
#define wasm_externtype_vec_copy              wamr_externtype_vec_copy
#define wasm_externtype_vec_delete            wamr_externtype_vec_delete
#define wasm_importtype_vec_new_empty         wamr_importtype_vec_new_empty
#define wasm_importtype_vec_new_uninitialized wamr_importtype_vec_new_uninitialized
#define wasm_importtype_vec_new               wamr_importtype_vec_new
#define wasm_importtype_vec_copy              wamr_importtype_vec_copy
#define wasm_importtype_vec_delete            wamr_importtype_vec_delete
#define wasm_exporttype_vec_new_empty         wamr_exporttype_vec_new_empty
#define wasm_exporttype_vec_new_uninitialized wamr_exporttype_vec_new_uninitialized
#define wasm_exporttype_vec_new               wamr_exporttype_vec_new
#define wasm_exporttype_vec_copy              wamr_exporttype_vec_copy
#define wasm_exporttype_vec_delete            wamr_exporttype_vec_delete
#define wasm_frame_vec_new_empty              wamr_frame_vec_new_empty
#define wasm_frame_vec_new_uninitialized      wamr_frame_vec_new_uninitialized
#define wasm_frame_vec_new                    wamr_frame_vec_new
#define wasm_frame_vec_copy                   wamr_frame_vec_copy
#define wasm_frame_vec_delete                 wamr_frame_vec_delete
#define wasm_extern_vec_new_empty             wamr_extern_vec_new_empty
#define wasm_extern_vec_new_uninitialized     wamr_extern_vec_new_uninitialized
#define wasm_extern_vec_new                   wamr_extern_vec_new
#define wasm_extern_vec_copy                  wamr_extern_vec_copy
#define wasm_extern_vec_delete                wamr_extern_vec_delete
#define wasm_module_imports                   wamr_module_imports
#define wasm_module_exports                   wamr_module_exports
#define wasm_module_serialize                 wamr_module_serialize
#define wasm_instance_exports                 wamr_instance_exports
#define wasm_trap_message                     wamr_trap_message
#define wasm_trap_trace                       wamr_trap_trace
#define wasm_func_new                         wamr_func_new
#define wasm_func_new_with_env                wamr_func_new_with_env

/* ---- what WAMR has beside wasm.h; memory is managed by libwasm, whatever is asked for ---- */

typedef enum mem_alloc_type_t {
  Alloc_With_Pool = 0,
  Alloc_With_Allocator = 1,
  Alloc_With_System_Allocator = 2
} mem_alloc_type_t;
typedef union MemAllocOption {
  struct {
    void *heap_buf;
    uint32_t heap_size;
  } pool;
  struct {
    void *malloc_func, *realloc_func, *free_func, *user_data;
  } allocator;
} MemAllocOption;
static inline wasm_engine_t *wasm_engine_new_with_args(mem_alloc_type_t type,
                                                       const MemAllocOption *option) {
  (void)type, (void)option;
  return wasm_engine_new();
}
static inline wasm_config_t *wasm_config_set_mem_alloc_opt(wasm_config_t *config,
                                                           mem_alloc_type_t type,
                                                           MemAllocOption *option) {
  (void)type, (void)option;
  return config;
}

typedef struct LoadArgs {
  char *name;
  bool clone_wasm_binary, wasm_binary_freeable, no_resolve;
} LoadArgs;
static inline wasm_module_t *wasm_module_new_ex(wasm_store_t *store, wasm_byte_vec_t *binary,
                                                LoadArgs *args) {
  (void)args;
  return wasm_module_new(store, binary);
}
static inline bool wasm_module_is_underlying_binary_freeable(const wasm_module_t *module) {
  (void)module;
  return true;
}
static inline const char *wasm_module_get_name(wasm_module_t *module) {
  return wasmx_module_name(module);
}

typedef struct InstantiationArgs {
  uint32_t default_stack_size, host_managed_heap_size, max_memory_pages;
} InstantiationArgs;
static inline wasm_instance_t *wasm_instance_new_with_args_ex(wasm_store_t *store,
                                                              const wasm_module_t *module,
                                                              const wasm_extern_vec_t *imports,
                                                              wasm_trap_t **trap,
                                                              const InstantiationArgs *args) {
  (void)args;
  return wasm_instance_new(store, module, imports, trap);
}
static inline wasm_instance_t *wasm_instance_new_with_args(wasm_store_t *store,
                                                           const wasm_module_t *module,
                                                           const wasm_extern_vec_t *imports,
                                                           wasm_trap_t **trap, uint32_t stack_size,
                                                           uint32_t heap_size) {
  (void)stack_size, (void)heap_size;
  return wasm_instance_new(store, module, imports, trap);
}

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
