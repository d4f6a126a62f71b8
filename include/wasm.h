/* wasm.h: the standard C interface to WebAssembly engines (the "wasm-c-api").
 *
 * Programs written against this header for another engine compile and run unchanged: names,
 * signatures, numbers and struct layouts are the standard's. C99 and later, C++11 and later. What
 * the standard lacks (errors with positions, fast calls, linkers, limits, text) is in wasmx.h.
 *
 *   wasm_engine_t          settings and shared types; any thread
 *     wasm_store_t         a world of objects that may refer to each other; one thread at a time
 *       wasm_module_t      decoded and validated code; for all stores of its engine
 *       wasm_instance_t    a module with its imports: exports functions, globals, tables, memories
 *       wasm_func_t ...    the externals; wasm_extern_t is any of them
 *       wasm_trap_t        why a call stopped
 *       wasm_foreign_t     a host object to pass through wasm as an externref
 *
 * Ownership. A pointer or struct marked `own` belongs to whoever receives it and is given back with
 * the wasm_*_delete of its type; others are borrowed.
 *   - own parameter: the callee takes it, also when the call fails; do not delete it afterwards.
 *   - own result, or own parameter named `out`: the caller deletes it.
 *   - an own vector owns its data and the items.
 *   - borrowed results live as long as what they came from.
 *   - a handle (wasm_func_t *, wasm_memory_t * ...) holds its object: the object lives until the
 *     last handle is deleted and nothing in its store refers to it any more. Handles may be deleted
 *     in any order: while their object is in use, after their store or engine. A handle whose store
 *     is gone answers every other call with an error, NULL, 0 or false.
 *
 * Threads. Engines, shared modules and type objects may be used from any thread (type objects are
 * not locked: one writer at a time). A store with everything in it is used by one thread at a time,
 * any thread, without registering.
 *
 * Errors. Nothing here aborts, prints or exits. A constructor that fails (memory, wrong arguments,
 * invalid module) returns NULL, a vector function leaves an empty vector, a call returns a trap;
 * wasmx_last_error() of wasmx.h says more. NULL where an object is expected is such a failure, and
 * deleting NULL does nothing. Objects of another store are refused, but modules of the same engine
 * instantiate in every store of it, and a trap may be handed to any.
 *
 * Section numbers below are those of the WebAssembly specification 3.0. */
#ifndef WASM_H
#define WASM_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* On Windows the DLL's symbols are imported, unless the program links the static library and says
 * so with LIBWASM_STATIC. Elsewhere the mark makes the symbols visible when the library is built.
 */
#ifndef WASM_API_EXTERN
#if defined(_WIN32) && !defined(__MINGW32__) && !defined(LIBWASM_STATIC)
#define WASM_API_EXTERN __declspec(dllimport)
#elif defined(__GNUC__) && !defined(_WIN32)
#define WASM_API_EXTERN __attribute__((visibility("default")))
#else
#define WASM_API_EXTERN
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------- basic types */

typedef char byte_t;
typedef float float32_t;
typedef double float64_t;

/* Reads as a comment: see "Ownership" above. Undefined again at the end of this header. */
#define own

/* Declares an opaque type that callers can own:
 *   delete   gives the caller's ownership back; NULL is allowed. */
#define WASM_DECLARE_OWN(name)                                                                     \
  typedef struct wasm_##name##_t wasm_##name##_t;                                                  \
                                                                                                   \
  WASM_API_EXTERN void wasm_##name##_delete(own wasm_##name##_t *);

/* Members behind the two of each vector, for headers on top of this one whose programs have more
 * (wasm_c_api.h of libwasm-compat). The library knows the two. */
#ifndef WASM_VEC_MORE
#define WASM_VEC_MORE
#endif

/* Declares a vector: `size` items at `data`. Items are values, or owned pointers (may be NULL).
 *   new_empty           size 0, data NULL
 *   new_uninitialized   room for `size` items: pointers and values start as zero bytes
 *   new                 takes over the items of the array, not the array itself
 *   copy                copies each item with its own copy function
 *   delete              deletes the items and the data, and leaves an empty vector
 * When memory runs out the result is empty (items given to `new` are deleted). */
#define WASM_DECLARE_VEC(name, ptr_or_none)                                                        \
  typedef struct wasm_##name##_vec_t {                                                             \
    size_t size;                                                                                   \
    wasm_##name##_t ptr_or_none *data;                                                             \
    WASM_VEC_MORE                                                                                  \
  } wasm_##name##_vec_t;                                                                           \
                                                                                                   \
  WASM_API_EXTERN void wasm_##name##_vec_new_empty(own wasm_##name##_vec_t *out);                  \
  WASM_API_EXTERN void wasm_##name##_vec_new_uninitialized(own wasm_##name##_vec_t *out, size_t);  \
  WASM_API_EXTERN void wasm_##name##_vec_new(own wasm_##name##_vec_t *out, size_t,                 \
                                             own wasm_##name##_t ptr_or_none const[]);             \
  WASM_API_EXTERN void wasm_##name##_vec_copy(own wasm_##name##_vec_t *out,                        \
                                              const wasm_##name##_vec_t *);                        \
  WASM_API_EXTERN void wasm_##name##_vec_delete(own wasm_##name##_vec_t *);

/* Bytes: binaries and names. Names are UTF-8, need no terminating zero, and may hold zeros. Vectors
 * that this library made have a zero behind their last byte. */
typedef byte_t wasm_byte_t;
WASM_DECLARE_VEC(byte, )

typedef wasm_byte_vec_t wasm_name_t;

#define wasm_name                   wasm_byte_vec
#define wasm_name_new               wasm_byte_vec_new
#define wasm_name_new_empty         wasm_byte_vec_new_empty
#define wasm_name_new_uninitialized wasm_byte_vec_new_uninitialized
#define wasm_name_copy              wasm_byte_vec_copy
#define wasm_name_delete            wasm_byte_vec_delete

/* A name from a C string, without its terminating zero; the second form includes it. */
static inline void wasm_name_new_from_string(own wasm_name_t *out, const char *s) {
  wasm_name_new(out, strlen(s), s);
}
static inline void wasm_name_new_from_string_nt(own wasm_name_t *out, const char *s) {
  wasm_name_new(out, strlen(s) + 1, s);
}

/* ----------------------------------------------------------------- configuration, engine, store */

/* Settings for an engine: the defaults, until changed with the functions of wasmx.h. */
WASM_DECLARE_OWN(config)
WASM_API_EXTERN own wasm_config_t *wasm_config_new(void);

/* An engine. Stores, modules and shared modules keep what they need of it: it may be deleted first.
 */
WASM_DECLARE_OWN(engine)
WASM_API_EXTERN own wasm_engine_t *wasm_engine_new(void);
/* NULL takes the defaults. */
WASM_API_EXTERN own wasm_engine_t *wasm_engine_new_with_config(own wasm_config_t *);

/* A store (spec 4.2.3). Deleting it frees every object in it and runs their finalizers; handles
 * that are left are dead, but are still to be deleted. While wasm runs in the store, deleting it
 * does nothing (wasmx_last_error; see wasmx_store_try_delete). */
WASM_DECLARE_OWN(store)
WASM_API_EXTERN own wasm_store_t *wasm_store_new(wasm_engine_t *);

/* ---------------------------------------------------------------------------------------- types */
/* Type objects describe; they belong to no engine and stay as they were made. */

typedef uint8_t wasm_mutability_t;
enum wasm_mutability_enum {
  WASM_CONST,
  WASM_VAR,
};

/* Size bounds (spec 2.3.12): pages of 64 KiB for memories, elements for tables. */
typedef struct wasm_limits_t {
  uint32_t min;
  uint32_t max; /* wasm_limits_max_default: none */
} wasm_limits_t;

static const uint32_t wasm_limits_max_default = 0xffffffff;

/* Declares a type of types: owned, with vectors, and a deep copy (NULL for NULL, or out of memory).
 */
#define WASM_DECLARE_TYPE(name)                                                                    \
  WASM_DECLARE_OWN(name)                                                                           \
  WASM_DECLARE_VEC(name, *)                                                                        \
                                                                                                   \
  WASM_API_EXTERN own wasm_##name##_t *wasm_##name##_copy(const wasm_##name##_t *);

/* Value types (spec 2.3.5). References to more precise heap types appear as the kind of the
 * hierarchy they are in: functions WASM_FUNCREF, all others WASM_EXTERNREF. v128 is WASMX_V128 of
 * wasmx.h. */
WASM_DECLARE_TYPE(valtype)

typedef uint8_t wasm_valkind_t;
enum wasm_valkind_enum {
  WASM_I32,
  WASM_I64,
  WASM_F32,
  WASM_F64,
  WASM_EXTERNREF = 128,
  WASM_FUNCREF,
};
#define WASM_ANYREF WASM_EXTERNREF /* its name in older headers */

/* NULL for numbers that are no kind. */
WASM_API_EXTERN own wasm_valtype_t *wasm_valtype_new(wasm_valkind_t);
WASM_API_EXTERN wasm_valkind_t wasm_valtype_kind(const wasm_valtype_t *);

static inline bool wasm_valkind_is_num(wasm_valkind_t k) { return k < WASM_EXTERNREF; }
static inline bool wasm_valkind_is_ref(wasm_valkind_t k) { return k >= WASM_EXTERNREF; }
static inline bool wasm_valtype_is_num(const wasm_valtype_t *t) {
  return wasm_valkind_is_num(wasm_valtype_kind(t));
}
static inline bool wasm_valtype_is_ref(const wasm_valtype_t *t) {
  return wasm_valkind_is_ref(wasm_valtype_kind(t));
}

/* Function types (spec 2.3.8). `new` takes the contents of both vectors and leaves them empty; NULL
 * is an empty vector. params and results are borrowed from the type. */
WASM_DECLARE_TYPE(functype)
WASM_API_EXTERN own wasm_functype_t *wasm_functype_new(own wasm_valtype_vec_t *params,
                                                       own wasm_valtype_vec_t *results);
WASM_API_EXTERN const wasm_valtype_vec_t *wasm_functype_params(const wasm_functype_t *);
WASM_API_EXTERN const wasm_valtype_vec_t *wasm_functype_results(const wasm_functype_t *);

/* Global types (spec 2.3.13). content is borrowed from the type. */
WASM_DECLARE_TYPE(globaltype)
WASM_API_EXTERN own wasm_globaltype_t *wasm_globaltype_new(own wasm_valtype_t *, wasm_mutability_t);
WASM_API_EXTERN const wasm_valtype_t *wasm_globaltype_content(const wasm_globaltype_t *);
WASM_API_EXTERN wasm_mutability_t wasm_globaltype_mutability(const wasm_globaltype_t *);

/* Table types (spec 2.3.15). The element is a reference type. element and limits are borrowed from
 * the type; limits beyond 32 bits are cut to the largest (wasmx.h has them whole). */
WASM_DECLARE_TYPE(tabletype)
WASM_API_EXTERN own wasm_tabletype_t *wasm_tabletype_new(own wasm_valtype_t *,
                                                         const wasm_limits_t *);
WASM_API_EXTERN const wasm_valtype_t *wasm_tabletype_element(const wasm_tabletype_t *);
WASM_API_EXTERN const wasm_limits_t *wasm_tabletype_limits(const wasm_tabletype_t *);

/* Memory types (spec 2.3.14); limits in pages, borrowed and cut as above. */
WASM_DECLARE_TYPE(memorytype)
WASM_API_EXTERN own wasm_memorytype_t *wasm_memorytype_new(const wasm_limits_t *);
WASM_API_EXTERN const wasm_limits_t *wasm_memorytype_limits(const wasm_memorytype_t *);

/* Tag types (spec 2.3.16): a function type without results. functype is borrowed from the type. */
WASM_DECLARE_TYPE(tagtype)
WASM_API_EXTERN own wasm_tagtype_t *wasm_tagtype_new(own wasm_functype_t *);
WASM_API_EXTERN const wasm_functype_t *wasm_tagtype_functype(const wasm_tagtype_t *);

/* Types of externals (spec 2.3.17): any of the five above. */
WASM_DECLARE_TYPE(externtype)

typedef uint8_t wasm_externkind_t;
enum wasm_externkind_enum {
  WASM_EXTERN_FUNC,
  WASM_EXTERN_GLOBAL,
  WASM_EXTERN_TABLE,
  WASM_EXTERN_MEMORY,
  WASM_EXTERN_TAG,
};

WASM_API_EXTERN wasm_externkind_t wasm_externtype_kind(const wasm_externtype_t *);

/* The same object seen as an external's type: a cast, ownership does not change. */
WASM_API_EXTERN wasm_externtype_t *wasm_functype_as_externtype(wasm_functype_t *);
WASM_API_EXTERN wasm_externtype_t *wasm_globaltype_as_externtype(wasm_globaltype_t *);
WASM_API_EXTERN wasm_externtype_t *wasm_tabletype_as_externtype(wasm_tabletype_t *);
WASM_API_EXTERN wasm_externtype_t *wasm_memorytype_as_externtype(wasm_memorytype_t *);
WASM_API_EXTERN wasm_externtype_t *wasm_tagtype_as_externtype(wasm_tagtype_t *);

/* And back: NULL when it is of another kind. */
WASM_API_EXTERN wasm_functype_t *wasm_externtype_as_functype(wasm_externtype_t *);
WASM_API_EXTERN wasm_globaltype_t *wasm_externtype_as_globaltype(wasm_externtype_t *);
WASM_API_EXTERN wasm_tabletype_t *wasm_externtype_as_tabletype(wasm_externtype_t *);
WASM_API_EXTERN wasm_memorytype_t *wasm_externtype_as_memorytype(wasm_externtype_t *);
WASM_API_EXTERN wasm_tagtype_t *wasm_externtype_as_tagtype(wasm_externtype_t *);

WASM_API_EXTERN const wasm_externtype_t *wasm_functype_as_externtype_const(const wasm_functype_t *);
WASM_API_EXTERN const wasm_externtype_t *
wasm_globaltype_as_externtype_const(const wasm_globaltype_t *);
WASM_API_EXTERN const wasm_externtype_t *
wasm_tabletype_as_externtype_const(const wasm_tabletype_t *);
WASM_API_EXTERN const wasm_externtype_t *
wasm_memorytype_as_externtype_const(const wasm_memorytype_t *);
WASM_API_EXTERN const wasm_externtype_t *wasm_tagtype_as_externtype_const(const wasm_tagtype_t *);

WASM_API_EXTERN const wasm_functype_t *wasm_externtype_as_functype_const(const wasm_externtype_t *);
WASM_API_EXTERN const wasm_globaltype_t *
wasm_externtype_as_globaltype_const(const wasm_externtype_t *);
WASM_API_EXTERN const wasm_tabletype_t *
wasm_externtype_as_tabletype_const(const wasm_externtype_t *);
WASM_API_EXTERN const wasm_memorytype_t *
wasm_externtype_as_memorytype_const(const wasm_externtype_t *);
WASM_API_EXTERN const wasm_tagtype_t *wasm_externtype_as_tagtype_const(const wasm_externtype_t *);

/* What a module wants (spec 2.5.11): two names and a type. `new` takes the names' contents and
 * leaves them empty. The parts are borrowed. */
WASM_DECLARE_TYPE(importtype)
WASM_API_EXTERN own wasm_importtype_t *
wasm_importtype_new(own wasm_name_t *module, own wasm_name_t *name, own wasm_externtype_t *);
WASM_API_EXTERN const wasm_name_t *wasm_importtype_module(const wasm_importtype_t *);
WASM_API_EXTERN const wasm_name_t *wasm_importtype_name(const wasm_importtype_t *);
WASM_API_EXTERN const wasm_externtype_t *wasm_importtype_type(const wasm_importtype_t *);

/* What a module gives (spec 2.5.10): a name and a type; as above. */
WASM_DECLARE_TYPE(exporttype)
WASM_API_EXTERN own wasm_exporttype_t *wasm_exporttype_new(own wasm_name_t *,
                                                           own wasm_externtype_t *);
WASM_API_EXTERN const wasm_name_t *wasm_exporttype_name(const wasm_exporttype_t *);
WASM_API_EXTERN const wasm_externtype_t *wasm_exporttype_type(const wasm_exporttype_t *);

/* --------------------------------------------------------------------------------------- values */

struct wasm_ref_t;

/* A value (spec 4.2.1): `kind` tells which member counts. A NULL ref is the null reference. */
typedef struct wasm_val_t {
  wasm_valkind_t kind;
  union {
    int32_t i32;
    int64_t i64;
    float32_t f32;
    float64_t f64;
    struct wasm_ref_t *ref; /* owned when the value is */
  } of;
} wasm_val_t;

/* Deletes the reference, if it is one; not the struct itself. */
WASM_API_EXTERN void wasm_val_delete(own wasm_val_t *v);
/* Copies the value, with a new handle for a reference. */
WASM_API_EXTERN void wasm_val_copy(own wasm_val_t *out, const wasm_val_t *);

WASM_DECLARE_VEC(val, )

/* ----------------------------------------------------------------------------------- references */

/* Declares a kind of handle.
 *   copy           another handle for the same object
 *   same           whether both are handles of one object (two functions are the same when they are
 *                  one function, however they were obtained); two NULLs are
 *   get_host_info  the pointer last set on the object (through any handle), or NULL
 *   set_host_info  replaces it; the former finalizer is run with the former pointer
 *   ..._with_finalizer  the finalizer is run once, with the pointer, when the object goes (by
 *                  deleting handles, or with the store) or other info takes its place */
#define WASM_DECLARE_REF_BASE(name)                                                                \
  WASM_DECLARE_OWN(name)                                                                           \
                                                                                                   \
  WASM_API_EXTERN own wasm_##name##_t *wasm_##name##_copy(const wasm_##name##_t *);                \
  WASM_API_EXTERN bool wasm_##name##_same(const wasm_##name##_t *, const wasm_##name##_t *);       \
                                                                                                   \
  WASM_API_EXTERN void *wasm_##name##_get_host_info(const wasm_##name##_t *);                      \
  WASM_API_EXTERN void wasm_##name##_set_host_info(wasm_##name##_t *, void *);                     \
  WASM_API_EXTERN void wasm_##name##_set_host_info_with_finalizer(wasm_##name##_t *, void *,       \
                                                                  void (*)(void *));

/* The same, with casts to and from wasm_ref_t: the same handle at the same address (wasm.hh builds
 * on it), ownership does not change. The cast from wasm_ref_t gives NULL when the object is of
 * another kind. */
#define WASM_DECLARE_REF(name)                                                                     \
  WASM_DECLARE_REF_BASE(name)                                                                      \
                                                                                                   \
  WASM_API_EXTERN wasm_ref_t *wasm_##name##_as_ref(wasm_##name##_t *);                             \
  WASM_API_EXTERN wasm_##name##_t *wasm_ref_as_##name(wasm_ref_t *);                               \
  WASM_API_EXTERN const wasm_ref_t *wasm_##name##_as_ref_const(const wasm_##name##_t *);           \
  WASM_API_EXTERN const wasm_##name##_t *wasm_ref_as_##name##_const(const wasm_ref_t *);

/* The same, for what can move between stores: share makes an object without a store, which any
 * thread may hold and delete; obtain makes a handle of it in a store of the same engine. */
#define WASM_DECLARE_SHARABLE_REF(name)                                                            \
  WASM_DECLARE_REF(name)                                                                           \
  WASM_DECLARE_OWN(shared_##name)                                                                  \
                                                                                                   \
  WASM_API_EXTERN own wasm_shared_##name##_t *wasm_##name##_share(const wasm_##name##_t *);        \
  WASM_API_EXTERN own wasm_##name##_t *wasm_##name##_obtain(wasm_store_t *,                        \
                                                            const wasm_shared_##name##_t *);

/* Any reference. */
WASM_DECLARE_REF_BASE(ref)

/* A function that was running when a trap was made. Frames hold their instance. */
WASM_DECLARE_OWN(frame)
WASM_DECLARE_VEC(frame, *)
WASM_API_EXTERN own wasm_frame_t *wasm_frame_copy(const wasm_frame_t *);

/* Borrowed from the frame. */
WASM_API_EXTERN struct wasm_instance_t *wasm_frame_instance(const wasm_frame_t *);
/* In the module's function index space (spec 2.5.1). */
WASM_API_EXTERN uint32_t wasm_frame_func_index(const wasm_frame_t *);
/* Bytes from the start of the function's code entry. */
WASM_API_EXTERN size_t wasm_frame_func_offset(const wasm_frame_t *);
/* Bytes from the start of the module. */
WASM_API_EXTERN size_t wasm_frame_module_offset(const wasm_frame_t *);

/* UTF-8; its size counts the terminating zero. */
typedef wasm_name_t wasm_message_t;

/* Why a call stopped (spec 4.3.1). new: the message is copied; it may be NULL, and may lack its
 * terminating zero. Without a store (NULL, or deleted) the trap belongs to none: any thread may
 * hold it. Neither new nor copy gives NULL, which a callback would hand on as success: when memory
 * is short they give a trap that says so (which holds no host info). A callback may return a trap
 * of another store or of none: its caller gets one with the same message, code and exit status. */
WASM_DECLARE_REF(trap)
WASM_API_EXTERN own wasm_trap_t *wasm_trap_new(wasm_store_t *store, const wasm_message_t *);
/* With the terminating zero. */
WASM_API_EXTERN void wasm_trap_message(const wasm_trap_t *, own wasm_message_t *out);
/* The innermost wasm frame, or NULL when no wasm was running. */
WASM_API_EXTERN own wasm_frame_t *wasm_trap_origin(const wasm_trap_t *);
/* All frames, innermost first; of a very deep stack the first and the last. */
WASM_API_EXTERN void wasm_trap_trace(const wasm_trap_t *, own wasm_frame_vec_t *out);

/* An object without meaning to wasm, to hang host info on and to pass as an externref. */
WASM_DECLARE_REF(foreign)
WASM_API_EXTERN own wasm_foreign_t *wasm_foreign_new(wasm_store_t *);

/* -------------------------------------------------------------------------------------- modules */

/* A module (spec 2.5), decoded (5.5) and validated (3.5). The binary is copied. NULL when it is not
 * valid. */
WASM_DECLARE_SHARABLE_REF(module)
WASM_API_EXTERN own wasm_module_t *wasm_module_new(wasm_store_t *, const wasm_byte_vec_t *binary);
WASM_API_EXTERN bool wasm_module_validate(wasm_store_t *, const wasm_byte_vec_t *binary);

/* In the order of the module. */
WASM_API_EXTERN void wasm_module_imports(const wasm_module_t *, own wasm_importtype_vec_t *out);
WASM_API_EXTERN void wasm_module_exports(const wasm_module_t *, own wasm_exporttype_vec_t *out);

/* The module in the engine's own form, for storing. deserialize takes only what this version of the
 * library wrote, unchanged, and checks it like any binary; NULL otherwise. */
WASM_API_EXTERN void wasm_module_serialize(const wasm_module_t *, own wasm_byte_vec_t *out);
WASM_API_EXTERN own wasm_module_t *wasm_module_deserialize(wasm_store_t *, const wasm_byte_vec_t *);

/* ------------------------------------------------------------------------------------ functions */

WASM_DECLARE_REF(func)

/* A host function. args are borrowed during the call. results has its size set and its values null
 * or zero of the right kinds: the callback fills them in, and their references pass to the caller
 * (own). NULL, or a trap, which passes to the caller as well; results do not count then. */
typedef own wasm_trap_t *(*wasm_func_callback_t)(const wasm_val_vec_t *args,
                                                 own wasm_val_vec_t *results);
typedef own wasm_trap_t *(*wasm_func_callback_with_env_t)(void *env, const wasm_val_vec_t *args,
                                                          wasm_val_vec_t *results);

WASM_API_EXTERN own wasm_func_t *wasm_func_new(wasm_store_t *, const wasm_functype_t *,
                                               wasm_func_callback_t);
/* The finalizer (may be NULL) is run with env once the function is gone. When the call itself
 * fails, it is not run and env stays the caller's. */
WASM_API_EXTERN own wasm_func_t *wasm_func_new_with_env(wasm_store_t *, const wasm_functype_t *type,
                                                        wasm_func_callback_with_env_t, void *env,
                                                        void (*finalizer)(void *));

WASM_API_EXTERN own wasm_functype_t *wasm_func_type(const wasm_func_t *);
WASM_API_EXTERN size_t wasm_func_param_arity(const wasm_func_t *);
WASM_API_EXTERN size_t wasm_func_result_arity(const wasm_func_t *);

/* Invokes the function (spec 4.7.3). args: one value a parameter, of its kind; borrowed. results:
 * room for one value a result (its size may be larger); what was in it is overwritten, not deleted,
 * and is the caller's to delete afterwards. NULL for an empty vector. NULL, or the trap: then
 * results is as it was. Wrong arity or kinds trap, nothing is run. */
WASM_API_EXTERN own wasm_trap_t *wasm_func_call(const wasm_func_t *, const wasm_val_vec_t *args,
                                                wasm_val_vec_t *results);

/* -------------------------------------------------------------------------------------- globals */

/* A global (spec 4.2.10). The initial value is borrowed and of the type's kind. */
WASM_DECLARE_REF(global)
WASM_API_EXTERN own wasm_global_t *wasm_global_new(wasm_store_t *, const wasm_globaltype_t *,
                                                   const wasm_val_t *);
WASM_API_EXTERN own wasm_globaltype_t *wasm_global_type(const wasm_global_t *);
WASM_API_EXTERN void wasm_global_get(const wasm_global_t *, own wasm_val_t *out);
/* Does nothing (wasmx_last_error) when the global is constant or the value of another kind. */
WASM_API_EXTERN void wasm_global_set(wasm_global_t *, const wasm_val_t *);

/* --------------------------------------------------------------------------------------- tables */

/* A table (spec 4.2.7); sizes and indices in elements. References given are borrowed, NULL is null.
 */
WASM_DECLARE_REF(table)

typedef uint32_t wasm_table_size_t;

WASM_API_EXTERN own wasm_table_t *wasm_table_new(wasm_store_t *, const wasm_tabletype_t *,
                                                 wasm_ref_t *init);
WASM_API_EXTERN own wasm_tabletype_t *wasm_table_type(const wasm_table_t *);
/* NULL for a null element, and out of bounds. */
WASM_API_EXTERN own wasm_ref_t *wasm_table_get(const wasm_table_t *, wasm_table_size_t index);
/* False: out of bounds, or not of the element type. */
WASM_API_EXTERN bool wasm_table_set(wasm_table_t *, wasm_table_size_t index, wasm_ref_t *);
WASM_API_EXTERN wasm_table_size_t wasm_table_size(const wasm_table_t *);
/* Adds `delta` elements. False: beyond the maximum or a limit, or no memory. */
WASM_API_EXTERN bool wasm_table_grow(wasm_table_t *, wasm_table_size_t delta, wasm_ref_t *init);

/* ------------------------------------------------------------------------------------- memories */

/* A memory (spec 4.2.8); sizes in pages of MEMORY_PAGE_SIZE bytes. */
WASM_DECLARE_REF(memory)

typedef uint32_t wasm_memory_pages_t;

static const size_t MEMORY_PAGE_SIZE = 0x10000;

WASM_API_EXTERN own wasm_memory_t *wasm_memory_new(wasm_store_t *, const wasm_memorytype_t *);
WASM_API_EXTERN own wasm_memorytype_t *wasm_memory_type(const wasm_memory_t *);
/* The memory's bytes: the address stays the same while the memory lives, also when it grows. */
WASM_API_EXTERN byte_t *wasm_memory_data(wasm_memory_t *);
WASM_API_EXTERN size_t wasm_memory_data_size(const wasm_memory_t *); /* bytes */
WASM_API_EXTERN wasm_memory_pages_t wasm_memory_size(const wasm_memory_t *);
/* Adds `delta` zeroed pages. False: beyond the maximum or a limit, or no memory. */
WASM_API_EXTERN bool wasm_memory_grow(wasm_memory_t *, wasm_memory_pages_t delta);

/* ----------------------------------------------------------------------------------------- tags */

/* A tag (spec 4.2.9) tells exceptions apart: two made of one type are two tags. new: NULL for a
 * type with results. */
WASM_DECLARE_REF(tag)
WASM_API_EXTERN own wasm_tag_t *wasm_tag_new(wasm_store_t *, const wasm_tagtype_t *);
WASM_API_EXTERN own wasm_tagtype_t *wasm_tag_type(const wasm_tag_t *);

/* ------------------------------------------------------------------------------------ externals */

/* What instances import and export (spec 4.2.13). */
WASM_DECLARE_REF(extern)
WASM_DECLARE_VEC(extern, *)

WASM_API_EXTERN wasm_externkind_t wasm_extern_kind(const wasm_extern_t *);
WASM_API_EXTERN own wasm_externtype_t *wasm_extern_type(const wasm_extern_t *);

/* The same handle seen as an external: a cast, ownership does not change. */
WASM_API_EXTERN wasm_extern_t *wasm_func_as_extern(wasm_func_t *);
WASM_API_EXTERN wasm_extern_t *wasm_global_as_extern(wasm_global_t *);
WASM_API_EXTERN wasm_extern_t *wasm_table_as_extern(wasm_table_t *);
WASM_API_EXTERN wasm_extern_t *wasm_memory_as_extern(wasm_memory_t *);
WASM_API_EXTERN wasm_extern_t *wasm_tag_as_extern(wasm_tag_t *);

/* And back: NULL when it is of another kind. */
WASM_API_EXTERN wasm_func_t *wasm_extern_as_func(wasm_extern_t *);
WASM_API_EXTERN wasm_global_t *wasm_extern_as_global(wasm_extern_t *);
WASM_API_EXTERN wasm_table_t *wasm_extern_as_table(wasm_extern_t *);
WASM_API_EXTERN wasm_memory_t *wasm_extern_as_memory(wasm_extern_t *);
WASM_API_EXTERN wasm_tag_t *wasm_extern_as_tag(wasm_extern_t *);

WASM_API_EXTERN const wasm_extern_t *wasm_func_as_extern_const(const wasm_func_t *);
WASM_API_EXTERN const wasm_extern_t *wasm_global_as_extern_const(const wasm_global_t *);
WASM_API_EXTERN const wasm_extern_t *wasm_table_as_extern_const(const wasm_table_t *);
WASM_API_EXTERN const wasm_extern_t *wasm_memory_as_extern_const(const wasm_memory_t *);
WASM_API_EXTERN const wasm_extern_t *wasm_tag_as_extern_const(const wasm_tag_t *);

WASM_API_EXTERN const wasm_func_t *wasm_extern_as_func_const(const wasm_extern_t *);
WASM_API_EXTERN const wasm_global_t *wasm_extern_as_global_const(const wasm_extern_t *);
WASM_API_EXTERN const wasm_table_t *wasm_extern_as_table_const(const wasm_extern_t *);
WASM_API_EXTERN const wasm_memory_t *wasm_extern_as_memory_const(const wasm_extern_t *);
WASM_API_EXTERN const wasm_tag_t *wasm_extern_as_tag_const(const wasm_extern_t *);

/* ------------------------------------------------------------------------------------ instances */

/* Instantiates a module (spec 4.7.2). imports: one external an import, in order, each of this store
 * and of a matching type (3.3); borrowed; NULL for none. NULL on failure: when a segment or the
 * start function trapped, *trap (may be NULL) is the caller's, else it is a link error
 * (wasmx_last_error) and *trap a trap that says so. */
WASM_DECLARE_REF(instance)
WASM_API_EXTERN own wasm_instance_t *wasm_instance_new(wasm_store_t *, const wasm_module_t *,
                                                       const wasm_extern_vec_t *imports,
                                                       own wasm_trap_t **trap);
/* In the order of the module's exports. */
WASM_API_EXTERN void wasm_instance_exports(const wasm_instance_t *, own wasm_extern_vec_t *out);

/* ----------------------------------------------------------------------------------- shorthands */

/* Initialisers of vectors. */
#define WASM_EMPTY_VEC        {0, NULL}
#define WASM_ARRAY_VEC(array) {sizeof(array) / sizeof(*(array)), array}

/* Value types. */
static inline own wasm_valtype_t *wasm_valtype_new_i32(void) { return wasm_valtype_new(WASM_I32); }
static inline own wasm_valtype_t *wasm_valtype_new_i64(void) { return wasm_valtype_new(WASM_I64); }
static inline own wasm_valtype_t *wasm_valtype_new_f32(void) { return wasm_valtype_new(WASM_F32); }
static inline own wasm_valtype_t *wasm_valtype_new_f64(void) { return wasm_valtype_new(WASM_F64); }
static inline own wasm_valtype_t *wasm_valtype_new_externref(void) {
  return wasm_valtype_new(WASM_EXTERNREF);
}
static inline own wasm_valtype_t *wasm_valtype_new_funcref(void) {
  return wasm_valtype_new(WASM_FUNCREF);
}
static inline own wasm_valtype_t *wasm_valtype_new_anyref(void) {
  return wasm_valtype_new(WASM_EXTERNREF);
}

/* Function types of up to three parameters and two results: wasm_functype_new_<params>_<results>.
 * All value types are taken over. The first function is their common part. */
static inline own wasm_functype_t *wasm_functype_new_n_m_(size_t np, own wasm_valtype_t *ps[],
                                                          size_t nr, own wasm_valtype_t *rs[]) {
  wasm_valtype_vec_t params, results;
  wasm_valtype_vec_new(&params, np, ps);
  wasm_valtype_vec_new(&results, nr, rs);
  return wasm_functype_new(&params, &results);
}
static inline own wasm_functype_t *wasm_functype_new_0_0(void) {
  return wasm_functype_new_n_m_(0, NULL, 0, NULL);
}
static inline own wasm_functype_t *wasm_functype_new_1_0(own wasm_valtype_t *p) {
  return wasm_functype_new_n_m_(1, &p, 0, NULL);
}
static inline own wasm_functype_t *wasm_functype_new_2_0(own wasm_valtype_t *p1,
                                                         own wasm_valtype_t *p2) {
  wasm_valtype_t *ps[2];
  ps[0] = p1, ps[1] = p2;
  return wasm_functype_new_n_m_(2, ps, 0, NULL);
}
static inline own wasm_functype_t *
wasm_functype_new_3_0(own wasm_valtype_t *p1, own wasm_valtype_t *p2, own wasm_valtype_t *p3) {
  wasm_valtype_t *ps[3];
  ps[0] = p1, ps[1] = p2, ps[2] = p3;
  return wasm_functype_new_n_m_(3, ps, 0, NULL);
}
static inline own wasm_functype_t *wasm_functype_new_0_1(own wasm_valtype_t *r) {
  return wasm_functype_new_n_m_(0, NULL, 1, &r);
}
static inline own wasm_functype_t *wasm_functype_new_1_1(own wasm_valtype_t *p,
                                                         own wasm_valtype_t *r) {
  return wasm_functype_new_n_m_(1, &p, 1, &r);
}
static inline own wasm_functype_t *
wasm_functype_new_2_1(own wasm_valtype_t *p1, own wasm_valtype_t *p2, own wasm_valtype_t *r) {
  wasm_valtype_t *ps[2];
  ps[0] = p1, ps[1] = p2;
  return wasm_functype_new_n_m_(2, ps, 1, &r);
}
static inline own wasm_functype_t *wasm_functype_new_3_1(own wasm_valtype_t *p1,
                                                         own wasm_valtype_t *p2,
                                                         own wasm_valtype_t *p3,
                                                         own wasm_valtype_t *r) {
  wasm_valtype_t *ps[3];
  ps[0] = p1, ps[1] = p2, ps[2] = p3;
  return wasm_functype_new_n_m_(3, ps, 1, &r);
}
static inline own wasm_functype_t *wasm_functype_new_0_2(own wasm_valtype_t *r1,
                                                         own wasm_valtype_t *r2) {
  wasm_valtype_t *rs[2];
  rs[0] = r1, rs[1] = r2;
  return wasm_functype_new_n_m_(0, NULL, 2, rs);
}
static inline own wasm_functype_t *
wasm_functype_new_1_2(own wasm_valtype_t *p, own wasm_valtype_t *r1, own wasm_valtype_t *r2) {
  wasm_valtype_t *rs[2];
  rs[0] = r1, rs[1] = r2;
  return wasm_functype_new_n_m_(1, &p, 2, rs);
}
static inline own wasm_functype_t *wasm_functype_new_2_2(own wasm_valtype_t *p1,
                                                         own wasm_valtype_t *p2,
                                                         own wasm_valtype_t *r1,
                                                         own wasm_valtype_t *r2) {
  wasm_valtype_t *ps[2], *rs[2];
  ps[0] = p1, ps[1] = p2, rs[0] = r1, rs[1] = r2;
  return wasm_functype_new_n_m_(2, ps, 2, rs);
}
static inline own wasm_functype_t *
wasm_functype_new_3_2(own wasm_valtype_t *p1, own wasm_valtype_t *p2, own wasm_valtype_t *p3,
                      own wasm_valtype_t *r1, own wasm_valtype_t *r2) {
  wasm_valtype_t *ps[3], *rs[2];
  ps[0] = p1, ps[1] = p2, ps[2] = p3, rs[0] = r1, rs[1] = r2;
  return wasm_functype_new_n_m_(3, ps, 2, rs);
}

/* A host pointer as a wasm integer of its size, and back. */
static inline void wasm_val_init_ptr(own wasm_val_t *out, void *p) {
#if UINTPTR_MAX == UINT32_MAX
  out->kind = WASM_I32;
  out->of.i32 = (int32_t)(intptr_t)p;
#else
  out->kind = WASM_I64;
  out->of.i64 = (int64_t)(intptr_t)p;
#endif
}
static inline void *wasm_val_ptr(const wasm_val_t *val) {
#if UINTPTR_MAX == UINT32_MAX
  return (void *)(intptr_t)val->of.i32;
#else
  return (void *)(intptr_t)val->of.i64;
#endif
}

/* Initialisers of values (C99, C++20). */
#define WASM_I32_VAL(i)                                                                            \
  {                                                                                                \
    .kind = WASM_I32, .of = {.i32 = i }                                                            \
  }
#define WASM_I64_VAL(i)                                                                            \
  {                                                                                                \
    .kind = WASM_I64, .of = {.i64 = i }                                                            \
  }
#define WASM_F32_VAL(z)                                                                            \
  {                                                                                                \
    .kind = WASM_F32, .of = {.f32 = z }                                                            \
  }
#define WASM_F64_VAL(z)                                                                            \
  {                                                                                                \
    .kind = WASM_F64, .of = {.f64 = z }                                                            \
  }
#define WASM_REF_VAL(r)                                                                            \
  {                                                                                                \
    .kind = WASM_EXTERNREF, .of = {.ref = r }                                                      \
  }
#define WASM_INIT_VAL                                                                              \
  {                                                                                                \
    .kind = WASM_EXTERNREF, .of = {.ref = NULL }                                                   \
  }

#undef own

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
