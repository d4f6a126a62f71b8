/* wasmx_call.h: calls and values in fewer lines. Part of wasmx.h, which includes it; what that says
 * of ownership, threads and errors holds here. */
#ifndef WASMX_CALL_H
#define WASMX_CALL_H

/* For who begins with this one. */
#include "wasmx.h" /* NOLINT(misc-header-include-cycle) */

#ifdef __cplusplus
extern "C" {
#endif

#define own /* reads as a comment, as in wasm.h */

/* --------------------------------------------------------------------------------------- values */

/* 128 bits, by lanes; lane 0 is the lowest. */
typedef union wasmx_v128_t {
  uint8_t u8[16];
  uint16_t u16[8];
  uint32_t u32[4];
  uint64_t u64[2];
  int8_t i8[16];
  int16_t i16[8];
  int32_t i32[4];
  int64_t i64[2];
  float32_t f32[4];
  float64_t f64[2];
} wasmx_v128_t;

/* A value of any type: a wasm_val_t that has room for a v128 (kind WASMX_V128). */
typedef struct wasmx_val_t {
  wasm_valkind_t kind;
  union {
    int32_t i32;
    int64_t i64;
    float32_t f32;
    float64_t f64;
    wasm_ref_t *ref; /* owned when the value is; NULL is null */
    wasmx_v128_t v128;
  } of;
} wasmx_val_t;

/* Deletes the reference, if it is one; not the struct itself. NULL is allowed. */
WASM_API_EXTERN void wasmx_val_delete(own wasmx_val_t *);
/* With a new handle for a reference. False (wasmx_last_error), and *out is a null: out of memory,
 * or NULL is given. */
WASM_API_EXTERN bool wasmx_val_copy(own wasmx_val_t *out, const wasmx_val_t *);

/* As wasm_func_call, of any types: `arg_count` values, each of its parameter's kind, borrowed; room
 * for `result_count` results or more, which are written over, and the caller's. NULL, or the trap:
 * then the results are as they were. */
WASM_API_EXTERN own wasm_trap_t *wasmx_func_call(const wasm_func_t *, size_t arg_count,
                                                 const wasmx_val_t *args, size_t result_count,
                                                 own wasmx_val_t *results);

/* Globals. new: as wasm_global_new. get: false (wasmx_last_error), and *out is a null, without a
 * global or out of memory. set: false for a constant, or a value of another type or store. */
WASM_API_EXTERN own wasm_global_t *wasmx_global_new(wasm_store_t *, const wasm_globaltype_t *,
                                                    const wasmx_val_t *init);
WASM_API_EXTERN bool wasmx_global_get(const wasm_global_t *, own wasmx_val_t *out);
WASM_API_EXTERN bool wasmx_global_set(wasm_global_t *, const wasmx_val_t *);

/* Tables, with 64-bit sizes and indices, where null and an error are two things. get, set: false
 * (wasmx_last_error) out of bounds, for a value that is not of the element's type or of another
 * store, out of memory. grow: `init` NULL is null; *old (may be NULL) is the size before; false
 * (WASMX_LIMIT) beyond the maximum, a limit or the memory that there is, or vetoed. size: 0 without
 * a table. */
WASM_API_EXTERN bool wasmx_table_get(const wasm_table_t *, uint64_t index, own wasmx_val_t *out);
WASM_API_EXTERN bool wasmx_table_set(wasm_table_t *, uint64_t index, const wasmx_val_t *);
WASM_API_EXTERN uint64_t wasmx_table_size(const wasm_table_t *);
WASM_API_EXTERN bool wasmx_table_grow(wasm_table_t *, uint64_t delta, const wasmx_val_t *init,
                                      uint64_t *old);

/* The same of an instance's exports, by name; false too when there is none of that kind. */
WASM_API_EXTERN bool wasmx_instance_global_get(const wasm_instance_t *, const char *name,
                                               own wasmx_val_t *out);
WASM_API_EXTERN bool wasmx_instance_global_set(const wasm_instance_t *, const char *name,
                                               const wasmx_val_t *);
WASM_API_EXTERN bool wasmx_instance_table_get(const wasm_instance_t *, const char *name,
                                              uint64_t index, own wasmx_val_t *out);
WASM_API_EXTERN bool wasmx_instance_table_set(const wasm_instance_t *, const char *name,
                                              uint64_t index, const wasmx_val_t *);

/* ----------------------------------------------------------------------------------- signatures */

/* A function type from a string such as "(i32, f64) -> i32", "() -> ()", "(v128) -> (i32, i64)":
 *
 *   signature = types "->" types
 *   types     = "(" [ type { "," type } ] ")" | type
 *   type      = i32 | i64 | f32 | f64 | v128 | funcref | externref | exnref
 *
 * with white space wherever it may be. NULL on failure, with *err (may be NULL) and
 * wasmx_last_error: WASMX_SYNTAX with line 1, the column and the context, WASMX_LIMIT beyond 1,000
 * parameters or results, WASMX_OUT_OF_MEMORY, or WASMX_ARGUMENT for NULL. Any thread. */
WASM_API_EXTERN own wasm_functype_t *wasmx_functype_parse(const char *signature,
                                                          wasmx_error_t *err);

/* ---------------------------------------------------------------------------------- typed calls */

/* Calls with plain C arguments. After the arguments comes a pointer for each result, NULL where it
 * is not wanted; what it points to is left alone after a trap:
 *
 *   type      argument                 result
 *   i32       int32_t or uint32_t      int32_t * or uint32_t *
 *   i64       int64_t or uint64_t      int64_t * or uint64_t *    a plain 2 is none: INT64_C(2)
 *   f32       float                    float *
 *   f64       double                   double *
 *   v128      const wasmx_v128_t *     wasmx_v128_t *
 *   others    wasm_ref_t *, borrowed   wasm_ref_t **, own         NULL is null; no wasm_func_t *:
 *                                                                 wasm_func_as_ref
 *
 *   int32_t sum;
 *   trap = wasmx_call(add, "(i32, i32) -> i32", 1, 2, &sum);
 *
 * The signature is read and compared with the function's type each time; one that is not the
 * function's gives a trap, and nothing is run. That the arguments are what it says nobody can
 * check, as with printf. */
WASM_API_EXTERN own wasm_trap_t *wasmx_call(const wasm_func_t *, const char *signature, ...);

/* A function whose type was compared with a signature once: its calls look at nothing but
 * references. Holds the function; used by the store's thread; may be deleted after the store. */
typedef struct wasmx_typed_func_t wasmx_typed_func_t;
/* The function stays the caller's. NULL with *err (may be NULL): WASMX_ARGUMENT, for another type
 * with `expected` and `found`; as wasmx_functype_parse. */
WASM_API_EXTERN own wasmx_typed_func_t *
wasmx_typed_func_new(const wasm_func_t *, const char *signature, wasmx_error_t *err);
/* The same of an export. */
WASM_API_EXTERN own wasmx_typed_func_t *wasmx_instance_typed_func(const wasm_instance_t *,
                                                                  const char *name,
                                                                  const char *signature,
                                                                  wasmx_error_t *err);
WASM_API_EXTERN void wasmx_typed_func_delete(own wasmx_typed_func_t *);
/* The function, borrowed: for wasmx_func_call_raw, whose slots are known to fit from now on. */
WASM_API_EXTERN const wasm_func_t *wasmx_typed_func_func(const wasmx_typed_func_t *);
/* Calls it with arguments and result pointers as above. */
WASM_API_EXTERN own wasm_trap_t *wasmx_typed_call(const wasmx_typed_func_t *, ...);

/* ---------------------------------------------------------------------------- options of a call */

/* An interrupt for calls, not for a store: wasmx_interrupt_raise ends the calls that it was given
 * to (INTERRUPTED), those that run and those that begin before it is cleared; what called them
 * through the host runs on. Any number of calls, in any stores and threads, may have one. raise
 * comes from any thread and from signal handlers; clear and delete from any thread, delete also
 * while such calls run, which keep it. NULL (wasmx_last_error): out of memory. */
WASM_API_EXTERN own wasmx_interrupt_t *wasmx_interrupt_new(void);
/* For calls that begin from now on: those that were told to end do. Does nothing to interrupts of a
 * store (wasmx_store_clear_interrupt). */
WASM_API_EXTERN void wasmx_interrupt_clear(wasmx_interrupt_t *);
WASM_API_EXTERN bool wasmx_interrupt_is_raised(const wasmx_interrupt_t *);

/* What a call, or an instantiation with its start function, is given for itself. They nest: calls
 * made inside it, through the host, are bound by it, and by options of their own besides. The same
 * in every tier, and in libwasi's calls that wait. Zeros mean none. */
typedef struct wasmx_call_options_t {
  size_t size; /* sizeof(wasmx_call_options_t) */
  /* It ends (INTERRUPTED) when it still runs so many nanoseconds from now, or when the time of one
   * around it is over. */
  uint64_t deadline_ns;
  /* It ends (OUT_OF_FUEL) when it has burnt so much, taken from the fuel of what is around it (the
   * store's), or all of that if it is less: what it leaves goes back. The engine must count fuel.
   * Inside, wasmx_store_fuel and wasmx_store_set_fuel are about the call's. */
  uint64_t fuel;
  /* Set (may be NULL) to what it leaves of its fuel, however it ends. Of a call that a longjmp or
   * an exception leaves it is not set. */
  uint64_t *fuel_left;
  /* Ends it (INTERRUPTED) when it is raised; may be NULL. Borrowed, but kept during the call. */
  wasmx_interrupt_t *interrupt;
} wasmx_call_options_t;

/* wasmx_func_call_raw with options (NULL: none). The trap says OUT_OF_MEMORY when there is no
 * thread for the clock; wrong options give one, too. */
WASM_API_EXTERN own wasm_trap_t *wasmx_func_call_with(const wasm_func_t *, wasmx_slot_t *slots,
                                                      const wasmx_call_options_t *);
/* wasmx_typed_call with options. */
WASM_API_EXTERN own wasm_trap_t *wasmx_typed_call_with(const wasmx_typed_func_t *,
                                                       const wasmx_call_options_t *, ...);
/* wasmx_instance_new and wasmx_linker_instantiate with options. What ends it early is
 * WASMX_TRAPPED, with the trap. */
WASM_API_EXTERN own wasm_instance_t *
wasmx_instance_new_with(wasm_store_t *, const wasm_module_t *, const wasm_extern_vec_t *imports,
                        const wasmx_call_options_t *, own wasm_trap_t **trap, wasmx_error_t *err);
WASM_API_EXTERN own wasm_instance_t *wasmx_linker_instantiate_with(const wasmx_linker_t *,
                                                                   const wasm_module_t *,
                                                                   const wasmx_call_options_t *,
                                                                   own wasm_trap_t **trap,
                                                                   wasmx_error_t *err);

#undef own

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
