/* wasmx.h: what wasm.h lacks. Additive to the standard header, C99 and C++. Parts of it have
 * files of their own, which it includes: wasmx_call.h, wasmx_gc.h, wasmx_host.h, wasmx_suspend.h.
 *
 * Ownership words are those of wasm.h: `own` results are the caller's to delete, other pointers are
 * borrowed. Structs that callers fill or receive start with their size (set it to sizeof), so that
 * they can grow. Thread rules: an engine and its modules may be used from any thread; a store and
 * all that lives in it by one thread at a time, which need not be registered. While wasm runs the
 * store is that thread's: a callback must not have another one use it. No function aborts, prints
 * or exits; wrong arguments (NULL, another store's object, a wrong kind) give an error or a trap.
 *
 * Forks. The child works on with what no other thread was using when the process forked: stores,
 * their modules and engines; the library's threads are started again as needed, deadlines stay. A
 * store that another thread was in is lost to the child, which must leave it alone. Its interrupt
 * descriptors are the child's own.
 *
 * Cancellation (pthread_cancel, deferred) ends a thread in callbacks and in libwasi's calls that
 * wait, never inside a function of wasm.h or wasmx.h itself. */
#ifndef WASMX_H
#define WASMX_H

#include "wasm.h"

#ifdef __cplusplus
extern "C" {
#endif

#define own /* reads as a comment, as in wasm.h */

/* ---------------------------------------------------------------------------- version, features */

#define WASMX_VERSION_MAJOR 0
#define WASMX_VERSION_MINOR 1
#define WASMX_VERSION_PATCH 0

/* Such as "0.1.0"; static. */
WASM_API_EXTERN const char *wasmx_version(void);

/* The i-th part of WebAssembly that this library knows, or NULL past the last; static. *supported
 * (may be NULL) tells whether modules that use it run, or are refused by its name. */
WASM_API_EXTERN const char *wasmx_feature(size_t i, bool *supported);

/* Whether an optional part was built: "text", "jit", "native" (libffi), "suspend" (calls that can
 * be suspended: Linux on x86-64). False for unknown names. */
WASM_API_EXTERN bool wasmx_has(const char *part);

/* --------------------------------------------------------------------------------------- errors */

typedef uint32_t wasmx_errcode_t;
enum wasmx_errcode_enum {
  WASMX_OK = 0,
  WASMX_OUT_OF_MEMORY,
  WASMX_MALFORMED,   /* not the binary format: spec chapter 5 */
  WASMX_INVALID,     /* does not validate: spec chapter 3 */
  WASMX_UNSUPPORTED, /* needs a proposal that is not supported; `proposal` names it */
  WASMX_LIMIT,       /* beyond a documented limit (README, "Limits") */
  WASMX_SYNTAX,      /* text format; line, column and context are set */
  WASMX_LINK,        /* an import does not fit; import_module ... found are set */
  WASMX_ARGUMENT,    /* the call does not make sense */
  WASMX_IO,          /* a file or the system said no */
  WASMX_TRAPPED      /* the start function or a segment trapped: see the trap */
};

/* What went wrong. Plain data: no ownership, may be copied. Strings are printable (escaped) UTF-8.
 */
typedef struct wasmx_error_t {
  size_t size; /* set to sizeof(wasmx_error_t) before the call */
  wasmx_errcode_t code;
  uint32_t line, column; /* text input: from 1 (column in characters); else 0 */
  uint64_t offset;       /* bytes from the start of the input */
  char message[400];
  char context[200]; /* text input: the line and a caret line below; else "" */
  char proposal[32]; /* WASMX_UNSUPPORTED: such as "gc"; else "" */
  char import_module[64], import_name[64]; /* WASMX_LINK; else "" */
  char expected[160], found[160]; /* WASMX_LINK: types in the text format's words; else "" */
} wasmx_error_t;

/* The error of this thread's last failed call of wasm.h or wasmx.h; code WASMX_OK when none failed
 * yet. Borrowed; changes with the next failure on this thread. */
WASM_API_EXTERN const wasmx_error_t *wasmx_last_error(void);

/* -------------------------------------------------------------------------------------- modules */

enum { WASMX_ALLOW_TEXT = 1 }; /* bytes that do not start with \0asm may be the text format */

/* As wasm_module_new; `flags` of WASMX_ALLOW_*; on failure NULL and *err (may be NULL) is filled.
 * The bytes are copied. */
WASM_API_EXTERN own wasm_module_t *wasmx_module_new(wasm_store_t *, const wasm_byte_vec_t *bytes,
                                                    uint32_t flags, wasmx_error_t *err);
/* The same from a file, of which one copy is made. Later changes of the file do not matter. */
WASM_API_EXTERN own wasm_module_t *wasmx_module_new_file(wasm_store_t *, const char *path,
                                                         uint32_t flags, wasmx_error_t *err);
/* A module from a file that wasm_module_serialize's bytes were written to. Its code is read from
 * the open file as functions are called first, each piece checked then: a file that changes,
 * shrinks or goes meanwhile costs the code that was not read yet, which is compiled again. The file
 * must be this user's own or root's, not writable for others (its group included) and no symbolic
 * link (WASMX_ARGUMENT).
 *
 * What is in it runs as machine code: checksums find damage, not intent. Who can write such a file,
 * or the folder of a cache, can do what this process can; that is nothing new to the user whose
 * files they are. Never deserialize, from bytes or a file, what came from somebody else. */
WASM_API_EXTERN own wasm_module_t *wasmx_module_deserialize_file(wasm_store_t *, const char *path,
                                                                 wasmx_error_t *err);
/* Whether wasmx_module_new would take the bytes (but for memory); false: *err says why not. */
WASM_API_EXTERN bool wasmx_module_validate(wasm_store_t *, const wasm_byte_vec_t *bytes,
                                           uint32_t flags, wasmx_error_t *err);
/* Text (UTF-8, `size` bytes) to binary. False: *err; without the text format built, WASMX_ARGUMENT
 * says so. */
WASM_API_EXTERN bool wasmx_wat2wasm(const char *text, size_t size, own wasm_byte_vec_t *out,
                                    wasmx_error_t *err);
/* Binary to text, which wasmx_wat2wasm takes back: a module of the same meaning, not always of the
 * same bytes. What text cannot say is written in its shortest form: numbers in more bytes than
 * needed, groups of locals of one type side by side, recursion groups of one type, the forms of
 * segments, a data count that nothing needs, the order of custom sections. Names of the name
 * section become identifiers, branch hints annotations of their instructions. Other custom sections
 * are kept byte by byte, also those that say where instructions stand (reloc.*, linking, .debug_*,
 * source maps, metadata.code.*, branch hints that do not meet a branch): that is true of the binary
 * printed, as a comment before them says, and need not be of one made from the text.
 *
 * The module must be well-formed, not valid; of proposals that libwasm does not run, gc is printed
 * as well. UTF-8, out->size bytes without a terminating zero. False: *err (WASMX_MALFORMED,
 * WASMX_UNSUPPORTED, WASMX_LIMIT when the text were out of proportion to the module; without the
 * text format built, WASMX_ARGUMENT). */
enum {
  WASMX_PRINT_FOLDED = 1,   /* operands inside their instructions */
  WASMX_PRINT_NO_NAMES = 2, /* numbers instead of the name section's identifiers */
  WASMX_PRINT_OFFSETS = 4   /* where each instruction stands in the binary, as a comment */
};
WASM_API_EXTERN bool wasmx_wasm2wat(const wasm_byte_vec_t *binary, uint32_t flags,
                                    own wasm_byte_vec_t *out, wasmx_error_t *err);
/* A module without a store, as wasm_module_share gives: counted by itself, any thread, for any
 * store of the engine (wasm_module_obtain). From the binary format, which is copied; with
 * WASMX_BORROW_BYTES it is used where it is and must stay as it is until `release` (may be NULL)
 * runs with env, in whichever thread lets go of the module last. NULL, and *err (may be NULL):
 * nothing is released. */
enum { WASMX_BORROW_BYTES = 2 };
WASM_API_EXTERN own wasm_shared_module_t *
wasmx_shared_module_new(wasm_engine_t *, const wasm_byte_vec_t *bytes, uint32_t flags,
                        void (*release)(void *env), void *env, wasmx_error_t *err);
/* With its code, as wasm_module_serialize; false (wasmx_last_error), and *out is empty. And back,
 * from bytes, or from `size` bytes (or what there is) at `offset` of a file: all that is said of
 * wasmx_module_deserialize_file holds. */
WASM_API_EXTERN bool wasmx_shared_module_serialize(const wasm_shared_module_t *,
                                                   own wasm_byte_vec_t *out);
WASM_API_EXTERN own wasm_shared_module_t *
wasmx_shared_module_deserialize(wasm_engine_t *, const wasm_byte_vec_t *bytes, wasmx_error_t *err);
WASM_API_EXTERN own wasm_shared_module_t *
wasmx_shared_module_deserialize_file(wasm_engine_t *, const char *path, uint64_t offset,
                                     uint64_t size, wasmx_error_t *err);

/* An import or export of a module, told without allocating anything: as wasm_module_imports and
 * wasm_module_exports have it. What it points to is the module's. */
typedef struct wasmx_externinfo_t {
  size_t size;               /* sizeof(wasmx_externinfo_t) */
  const char *module, *name; /* no zero behind them; module "" for exports */
  size_t module_size, name_size;
  wasm_externkind_t kind;
  bool is_mutable;                  /* globals */
  bool is_64, is_shared;            /* memories, tables */
  wasm_valkind_t content;           /* of a global, of a table's elements */
  uint32_t page_size;               /* memories */
  uint64_t min, max;                /* memories (pages), tables; max UINT64_MAX: none */
  size_t param_count, result_count; /* functions, tags */
  const void *registry, *type;      /* the library's */
} wasmx_externinfo_t;
/* The i-th, into *out, whose size is set before; false: past the last, no module, or its store is
 * deleted. */
WASM_API_EXTERN bool wasmx_module_import_info(const wasm_module_t *, size_t i,
                                              wasmx_externinfo_t *out);
WASM_API_EXTERN bool wasmx_module_export_info(const wasm_module_t *, size_t i,
                                              wasmx_externinfo_t *out);
WASM_API_EXTERN bool wasmx_shared_module_import_info(const wasm_shared_module_t *, size_t i,
                                                     wasmx_externinfo_t *out);
WASM_API_EXTERN bool wasmx_shared_module_export_info(const wasm_shared_module_t *, size_t i,
                                                     wasmx_externinfo_t *out);
/* The kind of a function's or tag's i-th value: parameters, then results; 0 past the last. */
WASM_API_EXTERN wasm_valkind_t wasmx_externinfo_value(const wasmx_externinfo_t *, size_t i);
/* Whether both are there and the same. */
WASM_API_EXTERN bool wasmx_functype_equal(const wasm_functype_t *, const wasm_functype_t *);

/* The module's own name (name section), escaped; "" when it has none. Borrowed from the module. */
WASM_API_EXTERN const char *wasmx_module_name(const wasm_module_t *);

/* ------------------------------------------------------------------------------------ instances */

/* As wasm_instance_new, with the error. When the start function or a segment trapped: WASMX_TRAPPED
 * and *trap (may be NULL) is the caller's. imports: one an import, in order. */
WASM_API_EXTERN own wasm_instance_t *wasmx_instance_new(wasm_store_t *, const wasm_module_t *,
                                                        const wasm_extern_vec_t *imports,
                                                        own wasm_trap_t **trap, wasmx_error_t *err);
/* The export of that name, or NULL. A hash lookup. */
WASM_API_EXTERN own wasm_extern_t *wasmx_instance_export(const wasm_instance_t *, const char *name);
WASM_API_EXTERN own wasm_extern_t *wasmx_instance_export_n(const wasm_instance_t *,
                                                           const char *name, size_t len);
/* The same, of the wanted kind only; NULL when missing or of another kind. */
WASM_API_EXTERN own wasm_func_t *wasmx_instance_func(const wasm_instance_t *, const char *name);
WASM_API_EXTERN own wasm_memory_t *wasmx_instance_memory(const wasm_instance_t *, const char *name);
WASM_API_EXTERN own wasm_global_t *wasmx_instance_global(const wasm_instance_t *, const char *name);
WASM_API_EXTERN own wasm_table_t *wasmx_instance_table(const wasm_instance_t *, const char *name);
WASM_API_EXTERN own wasm_tag_t *wasmx_instance_tag(const wasm_instance_t *, const char *name);

/* The instance as a module in the binary format: its own, with memories, tables and mutable globals
 * as they are now, segments that were dropped giving nothing, and without the start function, which
 * ran. Code, names and other custom sections stay byte by byte, as do imports. What an initializer
 * did once need not be done again: instances of the snapshot begin behind it.
 *
 * What the host has of it (open files of WASI, C state behind imported functions) is not in it, nor
 * are values of imports: who instantiates a snapshot gives the same ones.
 *
 * options: NULL, or changes of exports, each of one that is there (WASMX_ARGUMENT): under another
 * name, which takes the place of an export that had it, or (to NULL) left out. Strings are UTF-8,
 * zero-terminated, borrowed for the call.
 *
 * True: *out is the caller's. False: *err (may be NULL) says why, *out is empty. WASMX_ARGUMENT:
 * there is what cannot be kept (imported memories and tables, imported mutable globals, shared
 * memories; references to host objects, exceptions or functions that are neither the module's nor
 * its imports), or wasm runs in the store; WASMX_LIMIT: the module would be too large. By the
 * store's thread; takes time as its memories are large, which nothing interrupts. */
typedef struct wasmx_export_change_t {
  const char *from;
  const char *to;
} wasmx_export_change_t;
typedef struct wasmx_snapshot_options_t {
  size_t size; /* sizeof(wasmx_snapshot_options_t) */
  const wasmx_export_change_t *exports;
  size_t export_count;
} wasmx_snapshot_options_t;
WASM_API_EXTERN bool wasmx_instance_snapshot(const wasm_instance_t *,
                                             const wasmx_snapshot_options_t *options,
                                             own wasm_byte_vec_t *out, wasmx_error_t *err);

/* A linker: externals by module and name, to instantiate without ordering imports by hand. Belongs
 * to its store and is used by the store's thread; holds what is defined in it until it is deleted,
 * which may be after the store. NULL (wasmx_last_error): no store, or out of memory. */
typedef struct wasmx_linker_t wasmx_linker_t;
WASM_API_EXTERN own wasmx_linker_t *wasmx_linker_new(wasm_store_t *);
WASM_API_EXTERN void wasmx_linker_delete(own wasmx_linker_t *);
/* Defines module.name; a later definition replaces an earlier one. The external is copied (the
 * handle stays the caller's). False (wasmx_last_error): it is of another store, or out of memory.
 * The second form takes names of any bytes. */
WASM_API_EXTERN bool wasmx_linker_define(wasmx_linker_t *, const char *module, const char *name,
                                         const wasm_extern_t *);
WASM_API_EXTERN bool wasmx_linker_define_n(wasmx_linker_t *, const char *module, size_t module_len,
                                           const char *name, size_t name_len,
                                           const wasm_extern_t *);
/* Defines all exports of an instance under `module`. False as above: some may be defined then. */
WASM_API_EXTERN bool wasmx_linker_define_instance(wasmx_linker_t *, const char *module,
                                                  size_t module_len, const wasm_instance_t *);
/* What is defined as module.name; NULL when nothing is. */
WASM_API_EXTERN own wasm_extern_t *wasmx_linker_get(const wasmx_linker_t *, const char *module,
                                                    const char *name);
WASM_API_EXTERN own wasm_extern_t *wasmx_linker_get_n(const wasmx_linker_t *, const char *module,
                                                      size_t module_len, const char *name,
                                                      size_t name_len);
/* wasmx_instance_new with the imports by name; *trap and *err as there. An import that is not
 * defined: WASMX_LINK, with `found` "nothing". */
WASM_API_EXTERN own wasm_instance_t *wasmx_linker_instantiate(const wasmx_linker_t *,
                                                              const wasm_module_t *,
                                                              own wasm_trap_t **trap,
                                                              wasmx_error_t *err);

/* -------------------------------------------------------------------------------- values, slots */

/* Kinds beyond wasm.h's numbers. A wasm_val_t has no room for a v128: functions that take or give
 * one are called by slots. An exnref is a reference to a wasmx_exception_t. Other references appear
 * as what they are in the end: typed function references as WASM_FUNCREF, whose values are looked
 * at one by one. */
enum { WASMX_V128 = 4, WASMX_EXNREF = 130 };

/* Arguments and results as wasm keeps them: 8 bytes each, a v128 takes two (low lanes first). An
 * i32 is in i32, an f32 in f32; what the host leaves in the other half does not matter, and is zero
 * in what wasm gives. A reference is made and read by the two functions below. */
typedef union wasmx_slot_t {
  int32_t i32;
  uint32_t u32;
  int64_t i64;
  uint64_t u64;
  float32_t f32;
  float64_t f64;
  uint64_t ref; /* opaque; 0 is null */
} wasmx_slot_t;

/* A slot made from a value: all of its bits are set. */
static inline wasmx_slot_t wasmx_slot_u64(uint64_t v) {
  wasmx_slot_t slot;
  slot.u64 = v;
  return slot;
}
static inline wasmx_slot_t wasmx_slot_u32(uint32_t v) { return wasmx_slot_u64(v); }
static inline wasmx_slot_t wasmx_slot_i32(int32_t v) { return wasmx_slot_u64((uint32_t)v); }
static inline wasmx_slot_t wasmx_slot_i64(int64_t v) { return wasmx_slot_u64((uint64_t)v); }
static inline wasmx_slot_t wasmx_slot_f32(float32_t v) {
  wasmx_slot_t slot = wasmx_slot_u64(0);
  slot.f32 = v;
  return slot;
}
static inline wasmx_slot_t wasmx_slot_f64(float64_t v) {
  wasmx_slot_t slot;
  slot.f64 = v;
  return slot;
}

/* The slot of a reference (NULL: null). It does not hold the object: keep `ref` while it is used.
 * Where a slot must hold a reference, one of another store or of another type is refused; a word
 * that is none at all is the host's fault, as a wild pointer is. */
WASM_API_EXTERN uint64_t wasmx_slot_of_ref(const wasm_ref_t *ref);
/* A handle for the reference in a slot that this store's wasm gave; NULL for null, and for one of
 * another store (wasmx_last_error). */
WASM_API_EXTERN own wasm_ref_t *wasmx_ref_of_slot(wasm_store_t *, uint64_t slot);

/* What a reference refers to (spec 4.2.14): externref and anyref hold any of them but exceptions
 * and, in anyref, what the host did not make external. */
typedef uint8_t wasmx_refkind_t;
enum wasmx_refkind_enum {
  WASMX_REF_NULL,
  WASMX_REF_HOST, /* an object of the store: a foreign one, a memory, an instance ... */
  WASMX_REF_FUNC,
  WASMX_REF_EXCEPTION,
  WASMX_REF_I31,
  WASMX_REF_STRUCT,
  WASMX_REF_ARRAY
};
/* Of a slot that this store's wasm gave; WASMX_REF_NULL also for what is no reference of the store
 * (wasmx_last_error). */
WASM_API_EXTERN wasmx_refkind_t wasmx_slot_ref_kind(wasm_store_t *, uint64_t slot);

/* Slots that a function takes and gives: its parameters and results, each v128 counted twice. */
WASM_API_EXTERN size_t wasmx_func_param_slots(const wasm_func_t *);
WASM_API_EXTERN size_t wasmx_func_result_slots(const wasm_func_t *);

/* Calls with the arguments in slots[0..params); the results come back in slots[0..results): `slots`
 * has room for the larger of the two (and is undefined after a trap). No allocation, no type
 * checks. NULL, or the trap. */
WASM_API_EXTERN own wasm_trap_t *wasmx_func_call_raw(const wasm_func_t *, wasmx_slot_t *slots);
/* The same with a deadline: when the call still runs so many nanoseconds from now it traps
 * (INTERRUPTED), and wasm that called it through the host runs on. Calls inside it, with a later
 * deadline or none, end with it. OUT_OF_MEMORY: there is no thread for the clock. */
WASM_API_EXTERN own wasm_trap_t *wasmx_func_call_within(const wasm_func_t *, wasmx_slot_t *slots,
                                                        uint64_t nanoseconds);

/* Globals by slots (one, or two for v128), whose type is not checked. get leaves the slots as they
 * are without a global; set: false (wasmx_last_error) for a constant; new: as wasm_global_new. */
WASM_API_EXTERN void wasmx_global_get_raw(const wasm_global_t *, wasmx_slot_t *slots);
WASM_API_EXTERN bool wasmx_global_set_raw(wasm_global_t *, const wasmx_slot_t *slots);
WASM_API_EXTERN own wasm_global_t *wasmx_global_new_raw(wasm_store_t *, const wasm_globaltype_t *,
                                                        const wasmx_slot_t *init);

/* ------------------------------------------------------------------------------- host functions */

/* Who called a host function; valid during that call. */
typedef struct wasmx_caller_t wasmx_caller_t;

/* Arguments in slots[0..], results to slots[0..]. NULL, or a trap (own).
 *
 * A C++ exception, the thread's cancellation, and a longjmp may leave any callback: they go through
 * the wasm that called it, which is abandoned where it stands, to the host that called that; the
 * store works on. What a longjmp abandons is found out by the next call into the store, or by the
 * end of a call around it. */
typedef own wasm_trap_t *(*wasmx_raw_callback_t)(void *env, wasmx_caller_t *caller,
                                                 wasmx_slot_t *slots);

/* A host function over slots. `finalizer` (may be NULL) is run with env once the function is gone;
 * when the call itself fails (NULL), it is not run and env stays the caller's. */
WASM_API_EXTERN own wasm_func_t *wasmx_func_new_raw(wasm_store_t *, const wasm_functype_t *,
                                                    wasmx_raw_callback_t, void *env,
                                                    void (*finalizer)(void *));

/* The same with wasm.h's values: args and results as in wasm_func_callback_t. */
typedef own wasm_trap_t *(*wasmx_callback_t)(void *env, wasmx_caller_t *caller,
                                             const wasm_val_vec_t *args, wasm_val_vec_t *results);
WASM_API_EXTERN own wasm_func_t *wasmx_func_new(wasm_store_t *, const wasm_functype_t *,
                                                wasmx_callback_t, void *env,
                                                void (*finalizer)(void *));

/* The store of the call; borrowed. */
WASM_API_EXTERN wasm_store_t *wasmx_caller_store(wasmx_caller_t *);
/* The calling instance; NULL when the host called the function itself. */
WASM_API_EXTERN own wasm_instance_t *wasmx_caller_instance(wasmx_caller_t *);
/* An export of the calling instance, during start too; NULL when there is none. */
WASM_API_EXTERN own wasm_extern_t *wasmx_caller_export(wasmx_caller_t *, const char *name);
/* The bytes of the calling instance's memory 0 (whether exported or not) and their number; NULL and
 * 0 when it has none. The base stays for the memory's life, the size changes when it grows. */
WASM_API_EXTERN byte_t *wasmx_caller_memory(wasmx_caller_t *, size_t *size);

/* ----------------------------------------------------------------------------- native functions */

/* A plain C function under its wasm type: i32 int32_t or uint32_t, i64 int64_t or uint64_t, f32
 * float, f64 double; at most one result. NULL (wasmx_last_error) for other types or without libffi.
 * `fn` must match the type: nothing can check that. */
WASM_API_EXTERN own wasm_func_t *wasmx_func_new_native(wasm_store_t *, const wasm_functype_t *,
                                                       void (*fn)(void));

/* A C function pointer that calls `func`; cast it to the function's C type. Lives as long as the
 * wasm function does (at most until the store is deleted) and keeps nothing alive: keep the handle.
 * A trap goes to the store's native trap handler, and the call returns zero. NULL
 * (wasmx_last_error) for other types or without libffi. */
WASM_API_EXTERN void (*wasmx_func_as_native(wasm_func_t *func))(void);

/* What happens to a trap inside a function pointer's call: the handler owns it; it may longjmp only
 * to where no frame of wasm is left behind. NULL: no handler, the trap is kept until the next one.
 */
typedef void (*wasmx_native_trap_handler_t)(void *env, own wasm_trap_t *);
WASM_API_EXTERN void wasmx_store_set_native_trap_handler(wasm_store_t *,
                                                         wasmx_native_trap_handler_t, void *env);
/* The trap that was kept, which is the caller's from then on; NULL: there was none. */
WASM_API_EXTERN own wasm_trap_t *wasmx_store_take_native_trap(wasm_store_t *);

/* ---------------------------------------------------------------------------------------- store */

typedef struct wasmx_limits_t {
  size_t size;             /* sizeof(wasmx_limits_t) */
  uint64_t memory_bytes;   /* all linear memories of the store together; UINT64_MAX: no limit */
  uint64_t table_elements; /* all tables together */
  uint64_t instances;      /* alive at once */
  uint64_t total_bytes;    /* memories, tables (8 bytes an element) and heaps: all that a guest can
                              make grow (what else an instance takes follows from its module); 0,
                              too, is no limit, so that hosts that do not know it set none */
  uint64_t heap_bytes; /* structs and arrays, in blocks of 64 KiB; 0: no limit. Beyond it, and when
                          nothing can be freed, wasm traps (OUT_OF_MEMORY) */
} wasmx_limits_t;

/* Sets the limits from now on; what exists stays, and fields that the size leaves out are no limit.
 * Beyond one, memory.grow and table.grow give -1, and what makes memories, tables or instances
 * fails (WASMX_LIMIT) with a message that names it. False (wasmx_last_error): no store, or no size.
 */
WASM_API_EXTERN bool wasmx_store_set_limits(wasm_store_t *, const wasmx_limits_t *);
/* What the store holds now, in the fields of the limits. usage->size is set before. */
WASM_API_EXTERN void wasmx_store_get_usage(const wasm_store_t *, wasmx_limits_t *usage);
/* Frees what nothing reaches any more, now. Deleting handles does it by and by. Takes as long as
 * what lives and what goes are large; nothing stops it. */
WASM_API_EXTERN void wasmx_store_collect(wasm_store_t *);
/* wasm_store_delete that says whether it was done: false (wasmx_last_error) while wasm or a
 * finalizer runs in the store, which stays the caller's then. Calls that are suspended are dropped
 * (wasmx_call_delete). */
WASM_API_EXTERN bool wasmx_store_try_delete(own wasm_store_t *);

/* --------------------------------------------------------------------------------------- config */

/* Settings of a wasm_config_t, before an engine is made of it; false (wasmx_last_error) for values
 * that cannot be. */

/* Bytes of a store's wasm stack: 64 KiB to 1 GiB, 8 MiB when not set. */
WASM_API_EXTERN bool wasmx_config_set_stack_size(wasm_config_t *, size_t bytes);
/* Bytes of the thread's own stack that wasm may take below the outermost call (and no more than the
 * thread has): compiled functions, and calls between host and wasm. 64 KiB to 1 GiB, 6 MiB when not
 * set. */
WASM_API_EXTERN bool wasmx_config_set_native_stack_size(wasm_config_t *, size_t bytes);
/* Turns a part of WebAssembly, by its name of wasmx_feature, on or off: all that run are on.
 * Modules that use one that is off are refused with its name (WASMX_UNSUPPORTED). False: no such
 * name, on for what does not run, off for "mvp". */
WASM_API_EXTERN bool wasmx_config_set_feature(wasm_config_t *, const char *name, bool on);

/* How wasm runs. auto: everything starts in the interpreter, what is hot is compiled meanwhile;
 * jit: everything is compiled when the module is loaded; interp: nothing is. auto when not set, and
 * interp where the compiler was not built ("jit" of wasmx_has) or the machine is too old. False: a
 * tier that is not there. */
typedef uint8_t wasmx_tier_t;
enum wasmx_tier_enum { WASMX_TIER_AUTO, WASMX_TIER_INTERP, WASMX_TIER_JIT };
WASM_API_EXTERN bool wasmx_config_set_tier(wasm_config_t *, wasmx_tier_t);
/* How many threads of the engine compile: 0 to 64; 0 compiles in the calling thread, when something
 * gets hot. One for each two processors when not set. */
WASM_API_EXTERN bool wasmx_config_set_compile_threads(wasm_config_t *, uint32_t count);
/* Whether compiled code may lean on the signals SIGSEGV and SIGBUS for the ends of memories:
 * faster. The handlers act on faults of compiled code alone, and hand on all others. On when not
 * set; off installs none, and every access is checked. The system ends a process whose thread
 * faults while it blocks the signal: a thread that enters wasm has the two unblocked at its first
 * entry, and must not block them again while it is to run wasm. The handlers run on the thread's
 * alternate stack where it has one, which must have room for them: MINSIGSTKSZ of the system at
 * run time and 4 KiB. */
WASM_API_EXTERN bool wasmx_config_set_signals(wasm_config_t *, bool on);
/* Whether running wasm burns fuel (wasmx_store_set_fuel). Off when not set. */
WASM_API_EXTERN bool wasmx_config_set_fuel(wasm_config_t *, bool on);
/* Whether NaNs that arithmetic makes are always the canonical ones, so that results have the same
 * bits on every machine and in every tier. Off when not set. */
WASM_API_EXTERN bool wasmx_config_set_canonical_nan(wasm_config_t *, bool on);
/* Whether compiled code does the relaxed vector instructions (relaxed-simd) by the machine's own:
 * each result is one of those that WebAssembly allows, but which one depends on the machine, and
 * may differ from the interpreter's. Off when not set: all tiers and machines give the same bits
 * (but for NaNs), those of WebAssembly's deterministic profile. */
WASM_API_EXTERN bool wasmx_config_set_relaxed_simd_fast(wasm_config_t *, bool on);
/* A folder in which compiled modules are kept between runs (auto and jit), made when missing; NULL:
 * the user's own (XDG_CACHE_HOME or ~/.cache, with /libwasm). Nothing is kept when not called.
 * False (WASMX_IO, the message says why): there is no such folder, or it does not take files: it is
 * read-only, no folder, another user's, on a full disk; the configuration is as before. What goes
 * wrong with files later costs nothing but the gain. */
WASM_API_EXTERN bool wasmx_config_set_cache(wasm_config_t *, const char *folder);
/* How many bytes the files of the cache may have together, 1 GiB when not set: when a module is
 * kept, those that were not used for longest are removed until it is so. */
WASM_API_EXTERN bool wasmx_config_set_cache_limit(wasm_config_t *, uint64_t bytes);
/* Tells tools about compiled functions, which then know their names: a sum of WASMX_PROFILE_....
 * Slow. False: unknown ones. */
enum wasmx_profile_enum {
  WASMX_PROFILE_PERFMAP = 1, /* /tmp/perf-PID.map, for perf report */
  WASMX_PROFILE_JITDUMP = 2, /* jit-PID.dump in the current folder, for perf inject --jit */
  WASMX_PROFILE_GDB = 4      /* gdb's JIT interface */
};
WASM_API_EXTERN bool wasmx_config_set_profile(wasm_config_t *, uint32_t tools);
/* Makes the name of a function, as a compiler mangled it (_ZN..., _R...), readable: true with
 * zero-terminated text in out[0..size), cut when it is longer; false: the name stays as it is.
 * Names come from modules and are not to be trusted: they may be long, and stand for very much.
 * Called by wasmx_trap_print, which escapes the text, in its thread. NULL: none, as when not set.
 */
typedef bool (*wasmx_demangle_t)(const char *name, char *out, size_t size);
WASM_API_EXTERN bool wasmx_config_set_demangle(wasm_config_t *, wasmx_demangle_t);
/* Settings for tests of this library, as "name=value"; false for unknown ones. */
WASM_API_EXTERN bool wasmx_config_set_hidden(wasm_config_t *, const char *setting);

/* What the host hangs on a configuration and finds again at the engine made of it. It is set once:
 * false (wasmx_last_error) when there is info already, for NULL, and out of memory; then `info`
 * stays the caller's. The finalizer (may be NULL) is run with it once nothing uses the engine any
 * more, in the thread that lets go last. An engine's may be set and read from any thread, and read
 * by signal handlers. */
WASM_API_EXTERN bool wasmx_config_set_host_info(wasm_config_t *, void *info,
                                                void (*finalizer)(void *));
WASM_API_EXTERN void *wasmx_config_host_info(const wasm_config_t *);
WASM_API_EXTERN bool wasmx_engine_set_host_info(wasm_engine_t *, void *info,
                                                void (*finalizer)(void *));
WASM_API_EXTERN void *wasmx_engine_host_info(const wasm_engine_t *);
/* The same engine for another owner, who deletes it as well; NULL for NULL. From any thread. */
WASM_API_EXTERN own wasm_engine_t *wasmx_engine_copy(const wasm_engine_t *);

/* ----------------------------------------------------------------------------- what is compiled */

/* What an engine compiled so far, and where memories came from. What is not compiled runs in the
 * interpreter, as it should, and what cannot be mapped is copied: the results are the same, only
 * slower. */
typedef struct wasmx_engine_stats_t {
  size_t size; /* sizeof(wasmx_engine_stats_t) */
  /* Functions that the modules loaded so far define (deleted modules included), those of them that
   * have machine code, compiled here or read back, and loops in the middle of which a call of the
   * interpreter goes on in machine code. In the tier jit all functions have it, unless something
   * below failed. */
  uint64_t functions, native_functions, native_loops;
  /* How often something was to be compiled, and was. */
  uint64_t asked, compiled_functions, compiled_loops;
  /* How often it was not: an instruction that the compiler lacks; beyond the compiler's limits; for
   * want of memory; by the compiler's own checks; for want of memory for the code itself. */
  uint64_t not_implemented, too_large, out_of_memory, rejected, not_published;
  uint64_t helper_instructions;    /* in the code, that are done by a call of a C function each, for
                                      want of machine instructions */
  uint64_t wasm_bytes, code_bytes; /* of what was compiled: from how much, to how much */
  uint64_t compile_ns;             /* time of the threads that compiled, failures included */
  char trouble[160];               /* about the first not_implemented or rejected; else "" */
  /* Of modules with much data: images of initialized memories, which each instance but the first
   * maps instead of copying the data; how often one was wanted and not to be had (descriptors, an
   * old system, memory). */
  uint64_t memory_images, memory_images_refused;
  /* Memories that began as a mapping of an image; that took the place of one before, content
   * cleared; that got new address space. */
  uint64_t memories_imaged, memories_reused, memories_fresh;
} wasmx_engine_stats_t;

/* Fills *stats, whose size is set before; all zero for NULL, and what is about compiled code in the
 * interpreter's tier. From any thread. */
WASM_API_EXTERN void wasmx_engine_stats(const wasm_engine_t *, wasmx_engine_stats_t *stats);

/* ------------------------------------------------------------------------------- running time */

/* Stops the wasm that runs in the store, and what starts to before wasmx_store_clear_interrupt: it
 * traps (INTERRUPTED) at the next call or loop round, inside long operations on memories and
 * tables, and when a host function returns to it; instantiation gives up in the same way
 * (WASMX_TRAPPED), growing a large table by -1; libwasi's calls that wait give up. From any thread
 * and from signal handlers (it takes no lock); the store must not be deleted meanwhile. */
WASM_API_EXTERN void wasmx_store_interrupt(wasm_store_t *);
/* Lets wasm run again. */
WASM_API_EXTERN void wasmx_store_clear_interrupt(wasm_store_t *);
/* Whether the store has been told to stop, for host functions that take long. */
WASM_API_EXTERN bool wasmx_store_interrupted(const wasm_store_t *);
/* Asked, in the store's thread and in the midst of wasm, whether wasm goes on after an interrupt:
 * true takes the interrupt back and nothing has happened, false traps. It may read and interrupt,
 * and must not be left by an exception or longjmp; a call of wasm traps, and nothing is collected.
 * Deadlines ask nobody, nor does an interrupt that finds wasm waiting for memory or for the host.
 * NULL: no handler, as when not set. False (wasmx_last_error): no store. */
typedef bool (*wasmx_stop_handler_t)(void *env);
WASM_API_EXTERN bool wasmx_store_set_stop_handler(wasm_store_t *, wasmx_stop_handler_t, void *env);
/* For host functions that wait: a descriptor for poll() that is readable while the store is told to
 * stop; nothing is to be read from it. Belongs to the store. -1: the system has none. */
WASM_API_EXTERN int wasmx_store_interrupt_fd(wasm_store_t *);

/* The means to interrupt a store that may be gone by then, which does nothing. Counted by itself:
 * raise is as wasmx_store_interrupt, from any thread and signal handlers, and delete may come after
 * the store's. NULL (wasmx_last_error): no store, or out of memory. Those for calls: wasmx_call.h.
 */
typedef struct wasmx_interrupt_t wasmx_interrupt_t;
WASM_API_EXTERN own wasmx_interrupt_t *wasmx_store_interrupt_handle(wasm_store_t *);
WASM_API_EXTERN void wasmx_interrupt_raise(wasmx_interrupt_t *);
WASM_API_EXTERN void wasmx_interrupt_delete(own wasmx_interrupt_t *);
/* An interrupt `nanoseconds` from now, instead of the one set before, which is taken back if it
 * happened; 0: none (takes back wasmx_store_interrupt, too). It may come some milliseconds late.
 * False (wasmx_last_error): no store, or no thread for the clock. */
WASM_API_EXTERN bool wasmx_store_set_deadline(wasm_store_t *, uint64_t nanoseconds);
/* Fuel (wasmx_config_set_fuel): each instruction that runs takes one, charged block by block; when
 * there is not enough for the next block, wasm traps (OUT_OF_FUEL), at the same place in every
 * tier. A store starts with none. False (wasmx_last_error): the engine does not count fuel. */
WASM_API_EXTERN bool wasmx_store_set_fuel(wasm_store_t *, uint64_t fuel);
WASM_API_EXTERN uint64_t wasmx_store_fuel(const wasm_store_t *);

/* ---------------------------------------------------------------------------------------- traps */

/* Trap codes: stable numbers. */
enum wasmx_trapcode_enum {
  WASMX_TRAP_UNREACHABLE = 1,
  WASMX_TRAP_INT_DIV_BY_ZERO,
  WASMX_TRAP_INT_OVERFLOW,
  WASMX_TRAP_INVALID_CONVERSION,
  WASMX_TRAP_MEMORY_OUT_OF_BOUNDS,
  WASMX_TRAP_TABLE_OUT_OF_BOUNDS,
  WASMX_TRAP_UNDEFINED_ELEMENT,
  WASMX_TRAP_UNINITIALIZED_ELEMENT,
  WASMX_TRAP_INDIRECT_CALL_TYPE,
  WASMX_TRAP_STACK_OVERFLOW,
  WASMX_TRAP_NULL_REFERENCE,
  WASMX_TRAP_CAST_FAILURE,
  WASMX_TRAP_ARRAY_OUT_OF_BOUNDS,
  WASMX_TRAP_UNALIGNED_ATOMIC,
  WASMX_TRAP_EXPECTED_SHARED,
  WASMX_TRAP_UNCAUGHT_EXCEPTION,
  WASMX_TRAP_OUT_OF_MEMORY,
  WASMX_TRAP_INTERRUPTED,
  WASMX_TRAP_OUT_OF_FUEL,
  WASMX_TRAP_HOST,           /* made by the host: wasm_trap_new */
  WASMX_TRAP_EXIT,           /* the program asked to end: wasmx_trap_exit_status */
  WASMX_TRAP_NULL_FUNCTION,  /* a call through a null reference */
  WASMX_TRAP_NULL_EXCEPTION, /* throw_ref of a null reference */
  WASMX_TRAP_NULL_STRUCT,    /* a field of a null reference */
  WASMX_TRAP_NULL_ARRAY,     /* elements or the length of one */
  WASMX_TRAP_NULL_I31,       /* the value of one */
  WASMX_TRAP_CANONICAL_ABI   /* of components: a call or value against their rules */
};
/* One of the numbers above; 0 for NULL. */
WASM_API_EXTERN uint32_t wasmx_trap_code(const wasm_trap_t *);
/* A trap that ends a program with a status (WASI's proc_exit); otherwise as wasm_trap_new. */
WASM_API_EXTERN own wasm_trap_t *wasmx_trap_new_exit(wasm_store_t *, int status);
/* A trap of that code with its message; of the code HOST when there is no such code. */
WASM_API_EXTERN own wasm_trap_t *wasmx_trap_new_code(wasm_store_t *, uint32_t code);
/* The same with a message (zero-terminated UTF-8), as wasm_trap_new; HOST for EXIT, too. */
WASM_API_EXTERN own wasm_trap_t *wasmx_trap_new_message(wasm_store_t *, uint32_t code,
                                                        const char *message);
/* The status of such a trap in *status (may be NULL); false for any other. */
WASM_API_EXTERN bool wasmx_trap_exit_status(const wasm_trap_t *, int *status);
/* The message and a backtrace with names, for people: lines such as
 *   "  2: module.function (0x1a4)". Untrusted names are escaped; wasmx_config_set_demangle makes
 * them readable. */
WASM_API_EXTERN void wasmx_trap_print(const wasm_trap_t *, own wasm_byte_vec_t *out);

/* Names of a frame's function and module (name section, else exports), escaped; NULL when unknown.
 * Borrowed from the frame. */
WASM_API_EXTERN const char *wasmx_frame_func_name(const wasm_frame_t *);
WASM_API_EXTERN const char *wasmx_frame_module_name(const wasm_frame_t *);
/* The same as names of wasm.h, whose size does not count the terminating zero. */
WASM_API_EXTERN const wasm_name_t *wasmx_frame_func_name_view(const wasm_frame_t *);
WASM_API_EXTERN const wasm_name_t *wasmx_frame_module_name_view(const wasm_frame_t *);

/* ----------------------------------------------------------------------------------- exceptions */

/* An exception of wasm (spec 4.2.12): a tag and arguments of its parameters' types, which do not
 * change. Lives in the tag's store, as long as handles or wasm hold it; used by the store's thread.
 *
 * Wasm that calls the host and throws: the host's call gives a trap of the code UNCAUGHT_EXCEPTION
 * that carries the exception. The host has caught it when it deletes the trap, and throws it on
 * when its callback returns the trap. The host that calls wasm and throws: its callback returns a
 * trap made of an exception. Where no wasm catches it, it comes out of the outer call as that trap.
 * Other traps, stack overflow and interrupts among them, are not caught by wasm. */
typedef struct wasmx_exception_t wasmx_exception_t;
/* `args` (NULL: none) as for a call, in values or in slots; references are copied. NULL
 * (wasmx_last_error): the tag is NULL or its store deleted; arguments do not fit; out of memory. */
WASM_API_EXTERN own wasmx_exception_t *wasmx_exception_new(const wasm_tag_t *,
                                                           const wasm_val_vec_t *args);
WASM_API_EXTERN own wasmx_exception_t *wasmx_exception_new_raw(const wasm_tag_t *,
                                                               const wasmx_slot_t *args);
WASM_API_EXTERN own wasmx_exception_t *wasmx_exception_copy(const wasmx_exception_t *);
WASM_API_EXTERN void wasmx_exception_delete(own wasmx_exception_t *);
/* NULL for NULL, or when the store is deleted. */
WASM_API_EXTERN own wasm_tag_t *wasmx_exception_tag(const wasmx_exception_t *);
/* The arguments; false (wasmx_last_error) and *out is empty: out of memory, or a v128 among them.
 */
WASM_API_EXTERN bool wasmx_exception_args(const wasmx_exception_t *, own wasm_val_vec_t *out);
/* How many slots they take, and they in so many slots. */
WASM_API_EXTERN size_t wasmx_exception_arg_slots(const wasmx_exception_t *);
WASM_API_EXTERN void wasmx_exception_args_raw(const wasmx_exception_t *, wasmx_slot_t *slots);
/* The same handle as a reference, and back: casts as those of wasm.h. */
WASM_API_EXTERN wasm_ref_t *wasmx_exception_as_ref(wasmx_exception_t *);
WASM_API_EXTERN wasmx_exception_t *wasmx_ref_as_exception(wasm_ref_t *);

/* A trap to throw the exception with, by returning it from a callback; never NULL, as
 * wasm_trap_new. Its backtrace is made when it is returned and no wasm catches it. A callback in
 * another store throws nothing: its caller gets a plain trap. */
WASM_API_EXTERN own wasm_trap_t *wasmx_trap_new_exception(const wasmx_exception_t *);
/* The exception that a trap carries; NULL when it carries none. */
WASM_API_EXTERN own wasmx_exception_t *wasmx_trap_exception(const wasm_trap_t *);

/* -------------------------------------------------------------------------- memories and tables */

/* Checked copies of `size` bytes at `offset`; false (wasmx_last_error) and nothing copied when out
 * of bounds. */
WASM_API_EXTERN bool wasmx_memory_read(const wasm_memory_t *, uint64_t offset, void *to,
                                       size_t size);
WASM_API_EXTERN bool wasmx_memory_write(wasm_memory_t *, uint64_t offset, const void *from,
                                        size_t size);

/* Types with 64-bit limits and addresses (spec 2.3.12): pages (of 64 KiB), or elements. `max`
 * UINT64_MAX: none. is_64: addresses are i64; shared: several stores may have it (below), needs a
 * maximum. */
typedef struct wasmx_limits64_t {
  uint64_t min, max;
} wasmx_limits64_t;
WASM_API_EXTERN own wasm_memorytype_t *wasmx_memorytype_new(wasmx_limits64_t, bool is_64,
                                                            bool shared);
/* The same with pages of `page_bytes`, 1 or 65536 (custom-page-sizes); NULL for others. The limits,
 * and the sizes of such a memory everywhere (wasm_memory_size, ..._grow), are in these pages. */
WASM_API_EXTERN own wasm_memorytype_t *wasmx_memorytype_new_paged(wasmx_limits64_t, bool is_64,
                                                                  bool shared, uint32_t page_bytes);
WASM_API_EXTERN uint32_t wasmx_memorytype_page_size(const wasm_memorytype_t *);
WASM_API_EXTERN wasmx_limits64_t wasmx_memorytype_limits(const wasm_memorytype_t *);
WASM_API_EXTERN bool wasmx_memorytype_is_64(const wasm_memorytype_t *);
WASM_API_EXTERN bool wasmx_memorytype_is_shared(const wasm_memorytype_t *);
WASM_API_EXTERN own wasm_tabletype_t *wasmx_tabletype_new(own wasm_valtype_t *, wasmx_limits64_t,
                                                          bool is_64);
WASM_API_EXTERN wasmx_limits64_t wasmx_tabletype_limits(const wasm_tabletype_t *);
WASM_API_EXTERN bool wasmx_tabletype_is_64(const wasm_tabletype_t *);
/* As wasm_memory_size and wasm_memory_grow, in 64 bits of pages; *old (may be NULL) is the size
 * before. */
WASM_API_EXTERN uint64_t wasmx_memory_size(const wasm_memory_t *);
WASM_API_EXTERN bool wasmx_memory_grow(wasm_memory_t *, uint64_t delta, uint64_t *old);

/* -------------------------------------------------------------------------------------- threads */

/* A memory of a shared type (wasmx_memorytype_new, with a maximum) is of no store alone, whether
 * wasm_memory_new made it or a module defines it: share gives what stands for it outside of stores,
 * obtain a memory of another store that is the same one, to be imported there. So several stores,
 * each with an instance and a thread of its own, work on one memory:
 *
 *   wasmx_shared_memory_t *shared = wasmx_memory_share(memory);     this thread and store
 *   wasm_memory_t *same = wasmx_memory_obtain(other, shared);       another one's
 *
 * A wasmx_shared_memory_t is counted by itself: it may be used from any thread, by several at once,
 * and outlive all stores and engines; each share is deleted once. The memory never moves and only
 * grows; it goes with the last that holds it. Its bytes count in the limits of the store that made
 * it (wasmx_store_new_beside: those that it shares them with), whoever makes it grow. What the host
 * reads and writes there may be changed by other threads at any moment: atomic accesses order it,
 * and nothing read there should be read twice. wasmx_memory_read and write copy as memcpy does.
 *
 * share: NULL (wasmx_last_error) when the memory is not shared. obtain: NULL when out of memory, or
 * when the memory came from an engine whose memories have no guards (wasmx_config_set_signals), and
 * this one's have. */
typedef struct wasmx_shared_memory_t wasmx_shared_memory_t;
WASM_API_EXTERN own wasmx_shared_memory_t *wasmx_memory_share(const wasm_memory_t *);
WASM_API_EXTERN own wasm_memory_t *wasmx_memory_obtain(wasm_store_t *,
                                                       const wasmx_shared_memory_t *);
WASM_API_EXTERN void wasmx_shared_memory_delete(own wasmx_shared_memory_t *);
/* Its bytes, and how many there are now. */
WASM_API_EXTERN byte_t *wasmx_shared_memory_data(wasmx_shared_memory_t *);
WASM_API_EXTERN size_t wasmx_shared_memory_data_size(const wasmx_shared_memory_t *);
/* As memory.atomic.notify: wakes at most `count` threads that wait at the address; how many. A
 * thread that waits (memory.atomic.wait) is woken by an interrupt and by a deadline of its store,
 * too, which wasm then traps by. Its store cannot be deleted meanwhile (wasmx_store_try_delete). */
WASM_API_EXTERN uint32_t wasmx_shared_memory_notify(wasmx_shared_memory_t *, uint64_t address,
                                                    uint32_t count);

/* A store for another thread of the same program: of the same engine, with the same limits, under
 * which both count together from then on (whichever sets them), and the same deadline as the other
 * has now. Interrupts and fuel are its own; fuel it has none. Called by the other store's thread;
 * afterwards each is used by its own, and either may be deleted first. NULL (wasmx_last_error): no
 * store, or out of memory. */
WASM_API_EXTERN own wasm_store_t *wasmx_store_new_beside(const wasm_store_t *);

#undef own

#ifdef __cplusplus
} /* extern "C" */
#endif

#include "wasmx_call.h" /* signatures, typed calls, options of a call, values of any type */
#include "wasmx_gc.h"   /* structs, arrays, precise types, the heap they are in */
#include "wasmx_host.h" /* linkers' functions and stubs, user data, guest memory, growth, hooks */
#include "wasmx_suspend.h" /* calls that a host function in them can suspend */

#endif
