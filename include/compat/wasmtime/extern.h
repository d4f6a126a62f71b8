/* Handles of what lives in a store, and the union of them. */
#ifndef WASMTIME_EXTERN_H
#define WASMTIME_EXTERN_H

#include <wasm.h>
#include <wasmtime/module.h>
#include <wasmtime/sharedmemory.h>
#include <wasmtime/store.h>

#ifdef __cplusplus
extern "C" {
#endif

/* NOLINTBEGIN(bugprone-reserved-identifier): the names are wasmtime's. */
/* A store_id of 0 is the null reference. */
typedef struct wasmtime_func {
  uint64_t store_id;
  void *__private;
} wasmtime_func_t;

/* Structs without a name are an extension to C99 and C++. */
#ifdef __GNUC__
#define WASMTIME_UNNAMED __extension__
#else
#define WASMTIME_UNNAMED
#endif

typedef struct wasmtime_table {
  WASMTIME_UNNAMED struct {
    uint64_t store_id;
    uint32_t __private1;
  };
  uint32_t __private2;
} wasmtime_table_t;

typedef struct wasmtime_memory {
  WASMTIME_UNNAMED struct {
    uint64_t store_id;
    uint32_t __private1;
  };
  uint32_t __private2;
} wasmtime_memory_t;

typedef struct wasmtime_global {
  uint64_t store_id;
  uint32_t __private1;
  uint32_t __private2;
  uint32_t __private3;
} wasmtime_global_t;
/* NOLINTEND(bugprone-reserved-identifier) */

typedef uint8_t wasmtime_extern_kind_t;
#define WASMTIME_EXTERN_FUNC         0
#define WASMTIME_EXTERN_GLOBAL       1
#define WASMTIME_EXTERN_TABLE        2
#define WASMTIME_EXTERN_MEMORY       3
#define WASMTIME_EXTERN_SHAREDMEMORY 4

typedef union wasmtime_extern_union {
  wasmtime_func_t func;
  wasmtime_global_t global;
  wasmtime_table_t table;
  wasmtime_memory_t memory;
  struct wasmtime_sharedmemory *sharedmemory; /* owned */
} wasmtime_extern_union_t;

typedef struct wasmtime_extern {
  wasmtime_extern_kind_t kind;
  wasmtime_extern_union_t of;
} wasmtime_extern_t;

/* Deletes the shared memory, if it is one. */
WASM_API_EXTERN void wasmtime_extern_delete(wasmtime_extern_t *item);
/* Owned by the caller; NULL when it is not of this store. */
WASM_API_EXTERN wasm_externtype_t *wasmtime_extern_type(wasmtime_context_t *context,
                                                        wasmtime_extern_t *item);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
