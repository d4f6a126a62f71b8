/* wasmx_host.h: what hosts give to wasm, and how they look after it. Part of wasmx.h, which
 * includes it; what that says of ownership, threads and errors holds here. */
#ifndef WASMX_HOST_H
#define WASMX_HOST_H

/* For who begins with this one. */
#include "wasmx.h" /* NOLINT(misc-header-include-cycle) */

#ifdef __cplusplus
extern "C" {
#endif

#define own /* reads as a comment, as in wasm.h */

/* ------------------------------------------------------------------- host functions in a linker */

/* Makes a host function (wasmx_func_new, wasmx_func_new_raw, wasmx_func_new_native) of the type
 * that `signature` says (wasmx_functype_parse), and defines it as module.name. False
 * (wasmx_last_error) when either fails: then the finalizer is not run, and env stays the caller's.
 */
WASM_API_EXTERN bool wasmx_linker_define_func(wasmx_linker_t *, const char *module,
                                              const char *name, const char *signature,
                                              wasmx_callback_t, void *env,
                                              void (*finalizer)(void *));
WASM_API_EXTERN bool wasmx_linker_define_func_raw(wasmx_linker_t *, const char *module,
                                                  const char *name, const char *signature,
                                                  wasmx_raw_callback_t, void *env,
                                                  void (*finalizer)(void *));
WASM_API_EXTERN bool wasmx_linker_define_func_native(wasmx_linker_t *, const char *module,
                                                     const char *name, const char *signature,
                                                     void (*fn)(void));

/* What takes the place of imports that nobody defined. */
enum wasmx_stub_enum {
  WASMX_STUB_TRAP = 1,   /* functions trap (HOST), with a message that names the import */
  WASMX_STUB_DEFAULT = 2 /* functions give zeros and nulls; there are globals, zero or null, tables,
                            memories and tags of the import's type, too */
};
/* Defines what the module imports and the linker lacks, as one of the above; what is defined stays,
 * also when it does not fit. False, with *err (may be NULL): wrong arguments; with DEFAULT a limit
 * of the store, or a global or table that has no default (WASMX_LINK names the import; functions
 * whose results have none trap); out of memory. Some may be defined then. With TRAP what is no
 * function stays unknown, for instantiation to tell. */
WASM_API_EXTERN bool wasmx_linker_define_unknown_imports(wasmx_linker_t *, const wasm_module_t *,
                                                         uint32_t stub, wasmx_error_t *err);

/* ------------------------------------------------------------------------------------ user data */

/* The host's data of a store, and of an instance, apart from host info (wasm.h) and found in one
 * step. Borrowed from the host until `finalizer` (may be NULL) has run with it: when other data
 * takes its place (unless that is the same pointer), or the store or instance is gone; a store's
 * runs last of all that go with it. get: NULL when none was set. set: false (wasmx_last_error)
 * without a store or instance, or when the store is being deleted; then the finalizer is not run.
 */
WASM_API_EXTERN bool wasmx_store_set_data(wasm_store_t *, void *data, void (*finalizer)(void *));
WASM_API_EXTERN void *wasmx_store_get_data(const wasm_store_t *);
WASM_API_EXTERN bool wasmx_instance_set_data(wasm_instance_t *, void *data,
                                             void (*finalizer)(void *));
WASM_API_EXTERN void *wasmx_instance_get_data(const wasm_instance_t *);
/* In a host function: the data of the calling instance; NULL when the host called. */
WASM_API_EXTERN void *wasmx_caller_data(wasmx_caller_t *);

/* --------------------------------------------------------------------------------- guest memory */

/* Where [offset, offset + size) of the memory is, when all of it is in bounds; else NULL
 * (wasmx_last_error). Memories do not move nor shrink: the pointer is good as long as the memory
 * lives. What is there changes whenever wasm runs, and in a shared memory at any moment. */
WASM_API_EXTERN void *wasmx_memory_at(const wasm_memory_t *, uint64_t offset, uint64_t size);

/* Copies a string out: to its zero, which must come after at most `max` bytes; or of `size` bytes,
 * `max` at most. out->size bytes (own), and a zero behind them that is not counted. False
 * (wasmx_last_error), and *out is empty: out of bounds, longer than that (WASMX_LIMIT), out of
 * memory. The bytes are the guest's: nothing says that they are UTF-8, or hold no zero. */
WASM_API_EXTERN bool wasmx_memory_string(const wasm_memory_t *, uint64_t offset, uint64_t max,
                                         own wasm_byte_vec_t *out);
WASM_API_EXTERN bool wasmx_memory_string_n(const wasm_memory_t *, uint64_t offset, uint64_t size,
                                           uint64_t max, own wasm_byte_vec_t *out);

/* In a host function, the same of the calling instance's memory 0 (wasmx_caller_memory). */
WASM_API_EXTERN void *wasmx_caller_at(wasmx_caller_t *, uint64_t offset, uint64_t size);
WASM_API_EXTERN bool wasmx_caller_string(wasmx_caller_t *, uint64_t offset, uint64_t max,
                                         own wasm_byte_vec_t *out);
WASM_API_EXTERN bool wasmx_caller_string_n(wasmx_caller_t *, uint64_t offset, uint64_t size,
                                           uint64_t max, own wasm_byte_vec_t *out);

/* Has the instance's export `allocator` (NULL: "malloc"), of the type (i32) -> i32 or (i64) -> i64,
 * make room for `size` bytes in memory 0, copies them there (`from` NULL: none is copied), and sets
 * *address. The room is the guest's to free, by its own means. False, with *err (may be NULL):
 * WASMX_ARGUMENT when there is no such export or memory; WASMX_OUT_OF_MEMORY when it gives null;
 * WASMX_LIMIT when what it gives is out of bounds, or its type has no room for the size;
 * WASMX_TRAPPED with *trap (own; may be NULL) when it traps. */
WASM_API_EXTERN bool wasmx_instance_alloc_copy(const wasm_instance_t *, const char *allocator,
                                               const void *from, size_t size, uint64_t *address,
                                               own wasm_trap_t **trap, wasmx_error_t *err);

/* --------------------------------------------------------------------------------------- growth */

/* What is about to grow. */
typedef struct wasmx_growth_t {
  size_t size;            /* of this struct, as the library has it */
  wasm_externkind_t kind; /* WASM_EXTERN_MEMORY: in bytes; WASM_EXTERN_TABLE: in elements */
  uint64_t from, to;
  uint64_t max; /* of its type; UINT64_MAX: none */
} wasmx_growth_t;

/* Whether it may. Called in the store's thread before a memory or table of it grows, by wasm or by
 * the host, within its maximum, before the limits of the store are looked at. It may look at the
 * store but not run wasm in it (which traps), delete it, or leave by an exception or longjmp. A
 * shared memory asks the store whose wasm or handle grows it; wasmx_memory_obtain and new memories
 * and tables ask nobody. */
typedef bool (*wasmx_growth_callback_t)(void *env, const wasmx_growth_t *);
/* NULL: nobody is asked. `env` is borrowed until another is set or the store is deleted. False
 * (wasmx_last_error): no store. */
WASM_API_EXTERN bool wasmx_store_set_growth_callback(wasm_store_t *, wasmx_growth_callback_t,
                                                     void *env);

/* -------------------------------------------------------------------- where linear memories are */

/* The host's own source of the bytes of linear memories. Called from any thread, by several at
 * once, until the last memory of the engine is gone. */
typedef struct wasmx_memory_hooks_t {
  size_t size; /* sizeof(wasmx_memory_hooks_t) */
  void *env;   /* borrowed until the finalizer has run */
  /* Address space for a memory of up to `bytes`, a multiple of 64 KiB or of the page size: the
   * address of its first byte, which does not change, a multiple of 16. The WASMX_MEMORY_HEADER
   * bytes below it can be written at once, and are the library's until it is released. NULL: there
   * is none. */
  void *(*reserve)(void *env, uint64_t bytes);
  /* Makes bytes [from, to) of it accessible and zero; multiples of the system's page size. False:
   * there are none. */
  bool (*commit)(void *env, void *base, uint64_t from, uint64_t to);
  /* It is not used any more; the second argument is that of reserve. */
  void (*release)(void *env, void *base, uint64_t bytes);
  void (*finalizer)(void *env); /* when no more is called; may be NULL */
  /* What is reserved and not committed faults (SIGSEGV or SIGBUS) when it is touched, so that
   * compiled code may lean on it. Else every access of it is checked. */
  bool guards;
} wasmx_memory_hooks_t;
enum { WASMX_MEMORY_HEADER = 16 };

/* Copies the hooks. False (wasmx_last_error): no configuration or hooks, or one that is missing.
 * The finalizer belongs to the configuration and the engine made of it, whichever is the last. */
WASM_API_EXTERN bool wasmx_config_set_memory_hooks(wasm_config_t *, const wasmx_memory_hooks_t *);

#undef own

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
