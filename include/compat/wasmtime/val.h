/* Values. References to host objects are roots: each that is given to the host is given back by
 * wasmtime_val_unroot (or ..._ref_unroot), once; those that callbacks get are lent. */
#ifndef WASMTIME_VAL_H
#define WASMTIME_VAL_H

#include <wasm.h>
#include <wasmtime/extern.h>

#ifdef __cplusplus
extern "C" {
#endif

/* NOLINTBEGIN(bugprone-reserved-identifier): the names are wasmtime's. */
/* Of what garbage collected references there could be, the 31-bit numbers: wasm knows none here. */
typedef struct wasmtime_anyref {
  uint64_t store_id; /* 0: null */
  uint32_t __private1, __private2;
} wasmtime_anyref_t;

static inline void wasmtime_anyref_set_null(wasmtime_anyref_t *ref) { ref->store_id = 0; }
static inline bool wasmtime_anyref_is_null(const wasmtime_anyref_t *ref) {
  return ref->store_id == 0;
}
WASM_API_EXTERN void wasmtime_anyref_clone(wasmtime_context_t *context,
                                           const wasmtime_anyref_t *ref, wasmtime_anyref_t *out);
WASM_API_EXTERN void wasmtime_anyref_unroot(wasmtime_context_t *context, wasmtime_anyref_t *ref);
WASM_API_EXTERN void wasmtime_anyref_from_raw(wasmtime_context_t *context, uint32_t raw,
                                              wasmtime_anyref_t *out);
WASM_API_EXTERN uint32_t wasmtime_anyref_to_raw(wasmtime_context_t *context,
                                                const wasmtime_anyref_t *ref);
WASM_API_EXTERN void wasmtime_anyref_from_i31(wasmtime_context_t *context, uint32_t i31val,
                                              wasmtime_anyref_t *out);
WASM_API_EXTERN bool wasmtime_anyref_i31_get_u(wasmtime_context_t *context,
                                               const wasmtime_anyref_t *ref, uint32_t *dst);
WASM_API_EXTERN bool wasmtime_anyref_i31_get_s(wasmtime_context_t *context,
                                               const wasmtime_anyref_t *ref, int32_t *dst);

typedef struct wasmtime_externref {
  uint64_t store_id; /* 0: null */
  uint32_t __private1, __private2;
} wasmtime_externref_t;
/* NOLINTEND(bugprone-reserved-identifier) */

static inline void wasmtime_externref_set_null(wasmtime_externref_t *ref) { ref->store_id = 0; }
static inline bool wasmtime_externref_is_null(const wasmtime_externref_t *ref) {
  return ref->store_id == 0;
}
/* A host object: `finalizer` (may be NULL) is run with `data` when neither the host nor wasm holds
 * it any more. False: out of memory, and data stays the caller's. */
WASM_API_EXTERN bool wasmtime_externref_new(wasmtime_context_t *context, void *data,
                                            void (*finalizer)(void *), wasmtime_externref_t *out);
/* NULL for null, and for what is not this store's. */
WASM_API_EXTERN void *wasmtime_externref_data(wasmtime_context_t *context,
                                              const wasmtime_externref_t *ref);
WASM_API_EXTERN void wasmtime_externref_clone(wasmtime_context_t *context,
                                              const wasmtime_externref_t *ref,
                                              wasmtime_externref_t *out);
WASM_API_EXTERN void wasmtime_externref_unroot(wasmtime_context_t *context,
                                               wasmtime_externref_t *ref);
/* Raw values are good until wasmtime_context_gc; 0 is null. */
WASM_API_EXTERN void wasmtime_externref_from_raw(wasmtime_context_t *context, uint32_t raw,
                                                 wasmtime_externref_t *out);
WASM_API_EXTERN uint32_t wasmtime_externref_to_raw(wasmtime_context_t *context,
                                                   const wasmtime_externref_t *ref);

typedef uint8_t wasmtime_valkind_t;
#define WASMTIME_I32       0
#define WASMTIME_I64       1
#define WASMTIME_F32       2
#define WASMTIME_F64       3
#define WASMTIME_V128      4
#define WASMTIME_FUNCREF   5
#define WASMTIME_EXTERNREF 6
#define WASMTIME_ANYREF    7

typedef uint8_t wasmtime_v128[16];

typedef union wasmtime_valunion {
  int32_t i32;
  int64_t i64;
  float32_t f32;
  float64_t f64;
  wasmtime_anyref_t anyref;
  wasmtime_externref_t externref;
  wasmtime_func_t funcref;
  wasmtime_v128 v128;
} wasmtime_valunion_t;

static inline void wasmtime_funcref_set_null(wasmtime_func_t *func) { func->store_id = 0; }
static inline bool wasmtime_funcref_is_null(const wasmtime_func_t *func) {
  return func->store_id == 0;
}

/* A value whose kind the function's type tells. */
typedef union wasmtime_val_raw {
  int32_t i32;
  int64_t i64;
  float32_t f32;
  float64_t f64;
  wasmtime_v128 v128;
  uint32_t anyref, externref;
  void *funcref;
} wasmtime_val_raw_t;

typedef struct wasmtime_val {
  wasmtime_valkind_t kind;
  wasmtime_valunion_t of;
} wasmtime_val_t;

WASM_API_EXTERN void wasmtime_val_unroot(wasmtime_context_t *context, wasmtime_val_t *val);
WASM_API_EXTERN void wasmtime_val_clone(wasmtime_context_t *context, const wasmtime_val_t *src,
                                        wasmtime_val_t *dst);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
