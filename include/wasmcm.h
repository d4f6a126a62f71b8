/* wasmcm.h: WebAssembly components (the component model), on top of wasm.h and wasmx.h. C99 and
 * C++. Link with libwasmcm.
 *
 * Ownership words, threads and errors are as in wasmx.h. */
#ifndef WASMCM_H
#define WASMCM_H

#include "wasmx.h"

#ifdef __cplusplus
extern "C" {
#endif

#define own /* reads as a comment, as in wasm.h */

/* ----------------------------------------------------------------------------------- components */

/* Whether the bytes begin as a component does; a core module begins otherwise. */
WASM_API_EXTERN bool wasmcm_is_component(const void *bytes, size_t size);

/* A component: core modules, types and definitions that link them, read, checked and with its
 * modules ready for the engine's stores. Nothing in it changes: any thread, any store. */
typedef struct wasmcm_component_t wasmcm_component_t;

/* From the binary format (the bytes are copied). `flags` is 0. NULL, and *err (may be NULL; its
 * size is set before) says why, with the offset in the bytes: WASMX_MALFORMED, WASMX_INVALID,
 * WASMX_LIMIT, WASMX_OUT_OF_MEMORY, WASMX_ARGUMENT, or WASMX_UNSUPPORTED with the name of what it
 * needs: async, map, fixed-length lists, component values, error-context, component threads,
 * memory64, component gc. The engine must outlive it. */
WASM_API_EXTERN own wasmcm_component_t *wasmcm_component_new(wasm_engine_t *, const void *bytes,
                                                             size_t size, uint32_t flags,
                                                             wasmx_error_t *err);
/* The same of bytes that are used where they are, without a copy: they must stay as they are until
 * `release` (may be NULL) runs with env, in whichever thread lets go of the component and its
 * instances last. NULL: nothing is released. */
WASM_API_EXTERN own wasmcm_component_t *
wasmcm_component_new_borrowed(wasm_engine_t *, const void *bytes, size_t size, uint32_t flags,
                              void (*release)(void *env), void *env, wasmx_error_t *err);
WASM_API_EXTERN void wasmcm_component_delete(own wasmcm_component_t *);

/* The component with the code of its modules that is compiled now, and back, for the same version,
 * machine and configuration (WASMX_ARGUMENT for others, and when damaged). The component in it is
 * checked as any other; its modules are as wasm_module_serialize's, and all that is said of
 * wasmx_module_deserialize_file holds: the code runs as it is and must come from where nobody else
 * can write. The file is a regular one, from which code is read as functions are first called.
 * serialize: false, and *out is empty, when there is no memory. From any thread. */
WASM_API_EXTERN bool wasmcm_component_serialize(const wasmcm_component_t *,
                                                own wasm_byte_vec_t *out);
WASM_API_EXTERN own wasmcm_component_t *
wasmcm_component_deserialize(wasm_engine_t *, const void *bytes, size_t size, wasmx_error_t *err);
WASM_API_EXTERN own wasmcm_component_t *
wasmcm_component_deserialize_file(wasm_engine_t *, const char *path, wasmx_error_t *err);
/* Whether the bytes begin as serialize's do. */
WASM_API_EXTERN bool wasmcm_is_compiled_component(const void *bytes, size_t size);
/* What it imports and exports, as a package of WIT (UTF-8): a world "root", and the interfaces that
 * it names; modules and components are told in comments. False, and *out is empty: out of memory,
 * or the text is longer than anyone reads (64 MiB). */
WASM_API_EXTERN bool wasmcm_component_wit(const wasmcm_component_t *, own wasm_byte_vec_t *out);

/* --------------------------------------------------------------------------------------- values */

/* A value of a component's type. What it is follows from its type, which kind repeats:
 *
 *   bool                      boolean
 *   s8 .. s64, u8 .. u64      s64 or u64, extended to 64 bits
 *   f32, f64                  f32, f64
 *   char                      character: a Unicode scalar value
 *   string                    string: UTF-8, no zero behind it
 *   list of s8 .. u64, f32, f64   numbers: an array of them
 *   other lists, tuples,      items: by position
 *   records
 *   variant, enum, option,    variant: the case by position (none 0, some 1; ok 0, error 1)
 *   result                             and its payload or NULL
 *   flags                     flags: bit i is the i-th
 *   own, borrow               resource */
typedef uint8_t wasmcm_kind_t;
enum wasmcm_kind_enum {
  WASMCM_BOOL,
  WASMCM_S8,
  WASMCM_U8,
  WASMCM_S16,
  WASMCM_U16,
  WASMCM_S32,
  WASMCM_U32,
  WASMCM_S64,
  WASMCM_U64,
  WASMCM_F32,
  WASMCM_F64,
  WASMCM_CHAR,
  WASMCM_STRING,
  WASMCM_RECORD,
  WASMCM_VARIANT,
  WASMCM_LIST,
  WASMCM_TUPLE,
  WASMCM_FLAGS,
  WASMCM_ENUM,
  WASMCM_OPTION,
  WASMCM_RESULT,
  WASMCM_OWN,
  WASMCM_BORROW
};
typedef struct wasmcm_resource_t wasmcm_resource_t; /* a resource type of the store */
typedef struct wasmcm_val_t {
  wasmcm_kind_t kind;
  uint8_t reserved[3]; /* zero */
  uint32_t rep;        /* own, borrow: what the resource's owner knows it by */
  union {
    bool boolean;
    uint64_t u64;
    int64_t s64;
    float32_t f32;
    float64_t f64;
    uint32_t character;
    uint32_t flags;
    struct {
      const char *data;
      size_t size;
    } string;
    struct {
      const void *data;
      size_t count;
    } numbers;
    struct {
      struct wasmcm_val_t *data;
      size_t count;
    } items;
    struct {
      struct wasmcm_val_t *payload;
      uint32_t index;
    } variant;
    wasmcm_resource_t *resource;
  } of;
} wasmcm_val_t;

/* ---------------------------------------------------------------------------------------- types */

/* Types of functions and values, for hosts that do not know them beforehand. Borrowed from what
 * they came from; they do not change. Kinds besides those of values: */
enum { WASMCM_FUNC = 64, WASMCM_RESOURCE, WASMCM_INSTANCE, WASMCM_COMPONENT, WASMCM_MODULE };
typedef struct wasmcm_type_t wasmcm_type_t;
WASM_API_EXTERN wasmcm_kind_t wasmcm_type_kind(const wasmcm_type_t *);
/* How many fields, elements of a tuple, cases, flags or parameters it has; 1 for lists, 2 for
 * options and results. */
WASM_API_EXTERN size_t wasmcm_type_count(const wasmcm_type_t *);
/* The type of the i-th; NULL for a case without payload, for flags and enums, and past the last. */
WASM_API_EXTERN const wasmcm_type_t *wasmcm_type_part(const wasmcm_type_t *, size_t i);
/* The name of the i-th: *size bytes without a zero behind them; NULL when it has none. */
WASM_API_EXTERN const char *wasmcm_type_name(const wasmcm_type_t *, size_t i, size_t *size);
/* What a function gives; NULL: nothing. */
WASM_API_EXTERN const wasmcm_type_t *wasmcm_type_result(const wasmcm_type_t *);
/* In WIT's words (UTF-8): "func(p: record { x: u32 }) -> list<u8>". Types with names of their own
 * have those by which `within`, an instance's or component's type (NULL: none), exports them;
 * others are told with all that is in them, but resources, which are "resource" then. False, and
 * *out is empty: out of memory, no type. */
WASM_API_EXTERN bool wasmcm_type_wit(const wasmcm_type_t *, const wasmcm_type_t *within,
                                     own wasm_byte_vec_t *out);
/* Whether these are its words, within nothing. */
WASM_API_EXTERN bool wasmcm_type_is(const wasmcm_type_t *, const char *wit);
/* The size of the C struct that stands for it; of a function: for its parameters, 0 for none. */
WASM_API_EXTERN size_t wasmcm_type_struct_size(const wasmcm_type_t *);

/* What a component imports and exports: the items of its type, in order. An interface is an
 * instance, whose type has exports in turn. */
typedef struct wasmcm_item_t {
  size_t size;      /* sizeof(wasmcm_item_t) */
  const char *name; /* borrowed from the type; no zero behind it */
  size_t name_size;
  wasmcm_kind_t kind;        /* of the type */
  bool is_type;              /* it is the type itself, not something of that type */
  const wasmcm_type_t *type; /* NULL: a module */
} wasmcm_item_t;
WASM_API_EXTERN const wasmcm_type_t *wasmcm_component_type(const wasmcm_component_t *);
/* The i-th, into *out, whose size is set before; false: of another kind of type, or past the last.
 */
WASM_API_EXTERN bool wasmcm_type_import(const wasmcm_type_t *, size_t i, wasmcm_item_t *out);
WASM_API_EXTERN bool wasmcm_type_export(const wasmcm_type_t *, size_t i, wasmcm_item_t *out);

/* -------------------------------------------------------------------------------------- structs

 * Values as C structs, as an alternative to wasmcm_val_t: no kinds, no trees. C lays them out, from
 * these (`wasm component header` writes them all, of a component):
 *
 *   bool, s8 .. u64, f32, f64   bool, int8_t .. uint64_t, float, double
 *   char                        uint32_t
 *   string                      wasmcm_string_t
 *   list<t>                     struct { const T *data; size_t count; }
 *   record, tuple               struct of the fields in order
 *   enum; flags                 uint8_t, uint16_t or uint32_t by how many there are: cases up to
 *                               256 and 65536; flags up to 8 and 16
 *   variant                     struct { TAG tag; union { ... } of; }: the tag as an enum, then
 *                               the payloads; without the union when no case has one
 *   option<t>                   struct { bool is_some; T value; }
 *   result<t, e>                struct { bool is_error; union { T ok; E error; } of; }, likewise
 *   own, borrow                 wasmcm_handle_t
 *
 * The parameters of a function are a struct of them in order. */
typedef struct wasmcm_string_t { /* UTF-8, no zero behind it */
  const char *data;
  size_t size;
} wasmcm_string_t;
typedef struct wasmcm_handle_t {
  wasmcm_resource_t *resource;
  uint32_t rep; /* what the resource's owner knows it by */
} wasmcm_handle_t;
typedef struct wasmcm_memory_t wasmcm_memory_t; /* what strings and lists of a result lie in */
WASM_API_EXTERN void wasmcm_memory_delete(own wasmcm_memory_t *);

/* --------------------------------------------------------------------------------------- linkers
 */

/* What the host gives for the imports of components: by interface ("wasi:io/streams@0.2.0") and
 * name, or by name alone (iface NULL) for what a component imports directly. An interface asked for
 * in one version is satisfied by one of another that agrees up to the first number that is not zero
 * (0.2.6 by 0.2.0, 1.2 by 1.0), as long as it has all that is asked for, of the same types. A later
 * definition replaces an earlier one. Belongs to the store and its thread; instances keep it. NULL
 * or false: wrong arguments, or out of memory. */
typedef struct wasmcm_linker_t wasmcm_linker_t;
typedef struct wasmcm_instance_t wasmcm_instance_t;
WASM_API_EXTERN own wasmcm_linker_t *wasmcm_linker_new(wasm_store_t *);
WASM_API_EXTERN void wasmcm_linker_delete(own wasmcm_linker_t *);

/* A function of the host's, of whatever type a component imports it with. `args` are values of the
 * parameters, one after another; *result is to be filled (its kind, too) when there is one. What
 * args points to, and what wasmcm_call_alloc gives for results, lives until the call is over. A
 * trap ends the call. An own resource among args is the host's from then on; a borrowed one must
 * not be kept. finalizer (may be NULL) runs with env when the linker and its instances are gone;
 * not when this fails. */
typedef struct wasmcm_call_t wasmcm_call_t;
typedef own wasm_trap_t *(*wasmcm_callback_t)(void *env, wasmcm_call_t *, const wasmcm_val_t *args,
                                              wasmcm_val_t *result);
WASM_API_EXTERN bool wasmcm_linker_define_func(wasmcm_linker_t *, const char *iface,
                                               const char *name, wasmcm_callback_t, void *env,
                                               void (*finalizer)(void *));
/* The same, for components of strangers: `fits` is asked, with env, when a component imports the
 * function with that type, and says whether the callback can be called so. When not, the component
 * is not instantiated. Without it a callback has to look at all kinds that it was given. */
typedef bool (*wasmcm_fits_t)(void *env, const wasmcm_type_t *);
WASM_API_EXTERN bool wasmcm_linker_define_func_of_type(wasmcm_linker_t *, const char *iface,
                                                       const char *name, wasmcm_fits_t fits,
                                                       wasmcm_callback_t, void *env,
                                                       void (*finalizer)(void *));
/* The same with C structs: `args` of the parameters, *result zeroed. Only for components that
 * import it with the very type that wasmcm_type_wit would say is `type`. A host that calls what a
 * component exports of the host's own functions has to use values for those that take values,
 * structs for those that take structs; the call traps otherwise. */
typedef own wasm_trap_t *(*wasmcm_struct_callback_t)(void *env, wasmcm_call_t *, const void *args,
                                                     void *result);
WASM_API_EXTERN bool wasmcm_linker_define_struct_func(wasmcm_linker_t *, const char *iface,
                                                      const char *name, const char *type,
                                                      wasmcm_struct_callback_t, void *env,
                                                      void (*finalizer)(void *));
/* Zeroed; NULL, and the call traps when the callback returns, when there is no memory. */
WASM_API_EXTERN void *wasmcm_call_alloc(wasmcm_call_t *, size_t size);
WASM_API_EXTERN wasm_store_t *wasmcm_call_store(wasmcm_call_t *);

/* A resource of the host's, known by a number (rep) that guests never see. `destructor` (may be
 * NULL) runs when a guest drops one that it owns, which ends when that traps; when a guest gives
 * one away in a call that traps before it arrives; and for each that a component still owns when
 * its instance goes, in no certain order: a trap is nobody's then. The finalizer (may be NULL) as
 * for functions. Borrowed from the linker. _again: the same by another name. */
typedef own wasm_trap_t *(*wasmcm_destructor_t)(void *env, uint32_t rep);
WASM_API_EXTERN wasmcm_resource_t *
wasmcm_linker_define_resource(wasmcm_linker_t *, const char *iface, const char *name,
                              wasmcm_destructor_t, void *env, void (*finalizer)(void *));
WASM_API_EXTERN bool wasmcm_linker_define_resource_again(wasmcm_linker_t *, const char *iface,
                                                         const char *name, wasmcm_resource_t *);
/* The exports of an instance for an interface. */
WASM_API_EXTERN bool wasmcm_linker_define_instance(wasmcm_linker_t *, const char *iface,
                                                   const wasmcm_instance_t *);
WASM_API_EXTERN bool wasmcm_linker_define_module(wasmcm_linker_t *, const char *iface,
                                                 const char *name, const wasm_module_t *);
/* From now on functions that a component imports and nobody defined are ones that trap, and
 * resources ones that nobody has: for programs that do not use all they ask for. */
WASM_API_EXTERN void wasmcm_linker_define_unknown_as_traps(wasmcm_linker_t *);

/* ------------------------------------------------------------------------------------- instances
 */

/* NULL, and *err (may be NULL) says why: WASMX_LINK when an import is missing or of another type;
 * WASMX_TRAPPED with *trap (own; may be NULL) when a start function trapped. */
WASM_API_EXTERN own wasmcm_instance_t *wasmcm_linker_instantiate(wasmcm_linker_t *,
                                                                 const wasmcm_component_t *,
                                                                 own wasm_trap_t **trap,
                                                                 wasmx_error_t *err);
/* What was made of it (functions, instances that import it) keeps it. */
WASM_API_EXTERN void wasmcm_instance_delete(own wasmcm_instance_t *);

/* An exported function, in an exported interface or (NULL) directly; the interface's version as for
 * linkers. NULL: there is none, or out of memory. */
typedef struct wasmcm_func_t wasmcm_func_t;
WASM_API_EXTERN own wasmcm_func_t *wasmcm_instance_func(const wasmcm_instance_t *,
                                                        const char *iface, const char *name);
/* The same, NULL also when it is not of the type that wasmcm_type_wit says so. */
WASM_API_EXTERN own wasmcm_func_t *wasmcm_instance_func_of_type(const wasmcm_instance_t *,
                                                                const char *iface, const char *name,
                                                                const char *wit);
WASM_API_EXTERN void wasmcm_func_delete(own wasmcm_func_t *);
WASM_API_EXTERN const wasmcm_type_t *wasmcm_func_type(const wasmcm_func_t *);

/* What a call gives: the value, and the memory that it lies in. */
typedef struct wasmcm_result_t {
  wasmcm_val_t value; /* of the function's result; all zero when it has none */
  void *memory;       /* the library's */
} wasmcm_result_t;

/* Calls it with a value for each parameter: borrowed, and held against its type first (a wrong one
 * traps, and the instance goes on). NULL: *result (may be NULL) is the caller's, to be given back
 * with wasmcm_result_delete. A trap: there is no result; when it came out of the component, its
 * instance is lost, and every later call traps. An own resource of the result is the host's to
 * drop. */
WASM_API_EXTERN own wasm_trap_t *wasmcm_func_call(const wasmcm_func_t *, const wasmcm_val_t *args,
                                                  own wasmcm_result_t *result);
/* Frees what it holds; the struct may be used again. */
WASM_API_EXTERN void wasmcm_result_delete(own wasmcm_result_t *);
/* The same with C structs, which must be of the function's type: the caller asks wasmcm_type_is
 * once. Of the values in them all is checked that C does not. `args` may be NULL when there are no
 * parameters, `result` when there is none; strings and lists of the result lie in *memory (own), to
 * be given back with wasmcm_memory_delete, which may be NULL when the result has none of these. */
WASM_API_EXTERN own wasm_trap_t *wasmcm_func_call_struct(const wasmcm_func_t *, const void *args,
                                                         void *result,
                                                         own wasmcm_memory_t **memory);

/* Values as text (WAVE, of bytecodealliance/wasm-tools): 12, -0.5, nan, 'c', "text", [1, 2],
 * (1, "a"), {field: 1}, a-case(2), {a-flag}, some(1), none, ok(1), err. Resources have no text.
 *
 * parse: a value of the type; of a function's type its arguments, "(1, \"a\")", as a tuple whose
 * items are what wasmcm_func_call takes. `at` (NULL: the text is the value) is where in the text it
 * begins, and becomes where it ends. Fields that are options may be missing, and so may options at
 * the end of arguments; some(...) and ok(...) may be left out around what is no option or result.
 * True: *out is the caller's (wasmcm_result_delete). False, and *err (may be NULL) says why:
 * WASMX_SYNTAX with line, column and context in the text; WASMX_LIMIT beyond 1 GiB of values;
 * WASMX_OUT_OF_MEMORY; WASMX_ARGUMENT. From any thread.
 *
 * print: such that parse takes it back; NaNs are all one. False, and *out is empty: out of memory,
 * a value of another type, or a type with resources. */
WASM_API_EXTERN bool wasmcm_val_parse(const wasmcm_type_t *, const char *text, size_t size,
                                      size_t *at, own wasmcm_result_t *out, wasmx_error_t *err);
WASM_API_EXTERN bool wasmcm_val_print(const wasmcm_type_t *, const wasmcm_val_t *,
                                      own wasm_byte_vec_t *out);
/* Drops an own resource that the host was given: its destructor runs, a guest's too. NULL, or its
 * trap. */
WASM_API_EXTERN own wasm_trap_t *wasmcm_func_drop(const wasmcm_func_t *,
                                                  const wasmcm_val_t *resource);
WASM_API_EXTERN own wasm_trap_t *wasmcm_func_drop_handle(const wasmcm_func_t *, wasmcm_handle_t);

#undef own

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
