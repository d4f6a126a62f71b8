/* wasmtime's C API on libwasm's public headers.
 *
 *   wasm_engine_t ----host info----> EngineInfo: the epoch, and a slot for each store that has a
 *        |                           deadline by it; which settings were given that do nothing
 *   wasmtime_module_t  (counted)     a wasm_shared_module_t with its imports' and exports' types
 *   wasmtime_linker_t                names -> handles of one store | HostDefs | "WASI's"
 *   wasmtime_store_t = wasmtime_context_t, which owns
 *        |
 *        |--- objects[]   every function, global, table, memory and instance that the host was told
 *        |                of, in the order of telling: what {store_id, number} means. Owned handles
 *        |                of wasm.h, given back with the store. An object has its number as host
 *        |                info, so that it is told under one number however it comes.
 *        |--- roots[]     externrefs that the host holds: {store_id, number, generation}; freed
 *        |                ones are given out again under the next generation
 *        '--- raws[]      externrefs that went out as 32 bits, until the next collection
 *
 * A store_id is the store's address and a count of its engine's stores, so that a handle of a store
 * that is gone does not fit one that is made at the same address. Numbers in handles count from 1.
 */
#ifndef WM_COMPAT_COMPAT_H
#define WM_COMPAT_COMPAT_H

#include "base/base.h"
#include "base/hashmap.h"
#include "base/vec.h"
#include "wasi.h"
#include "wasmx.h"

#include <stdatomic.h>
#include <wasmtime.h>

/* ---- errors and traps ---- */

/* Never NULL: when memory is short it is the one that says so. */
wasmtime_error_t *wm_compat_error(const char *format, ...) PRINTF_LIKE(1, 2);
/* Of the last failure of wasm.h, wasmx.h or wasi.h in this thread. */
wasmtime_error_t *wm_compat_last_error(void);
/* What a call ended by: NULL, with *out the trap or NULL (both for NULL), or an error for what
 * wasmtime has no trap for. Takes the trap; `out` may be NULL. */
wasmtime_error_t *wm_compat_end(wasm_trap_t *trap, wasm_trap_t **out);
/* To return from a callback; takes the error. */
wasm_trap_t *wm_compat_trap_of(wasmtime_error_t *error);

/* ---- engines ---- */

/* One store's deadline. Slots are never freed before their engine, as increments walk the list
 * without a lock. */
typedef struct EpochSlot {
  struct EpochSlot *next;                /* does not change once it is in the list */
  _Atomic bool is_taken;                 /* by a store */
  _Atomic u64 deadline;                  /* UINT64_MAX: none */
  _Atomic(wasmx_interrupt_t *) raisable; /* owned by the store that took the slot */
} EpochSlot;

/* Settings that do nothing: SETTING(name, type). */
enum {
#define SETTING(name, type) IGNORED_##name,
#include "compat/compat_ignored.def"
#undef SETTING
  IGNORED_COUNT
};

typedef struct EngineInfo {
  bool has_epochs;
  _Atomic u64 epoch;
  _Atomic u32 walkers; /* increments under way */
  _Atomic u32 stores;  /* made so far */
  _Atomic(EpochSlot *) slots;
  _Atomic u32 ignored[IGNORED_COUNT]; /* how often each was given */
} EngineInfo;

/* The configuration's or engine's, made when there is none; NULL: out of memory, or NULL. */
EngineInfo *wm_compat_config_info(wasm_config_t *config);
EngineInfo *wm_compat_engine_info(wasm_engine_t *engine);
/* NULL: out of memory. leave waits for increments under way. */
EpochSlot *wm_compat_epoch_enter(EngineInfo *info, wasm_store_t *store);
void wm_compat_epoch_leave(EngineInfo *info, EpochSlot *slot);

/* ---- modules ---- */

struct wasmtime_module {
  _Atomic u32 references;
  wasm_engine_t *engine;        /* owned */
  wasm_shared_module_t *shared; /* owned */
  wasm_importtype_vec_t imports;
  wasm_exporttype_vec_t exports;
};

/* ---- stores ---- */

enum { KIND_INSTANCE = 16, KIND_TAG = 17 }; /* beside WASMTIME_EXTERN_... */

/* The kinds of a function's parameters and results, as wasmtime numbers them. */
typedef struct Shape {
  u32 params, results, most;     /* most: the longer of the two */
  u32 param_slots, result_slots; /* a v128 has two */
  bool is_plain;                 /* numbers of one slot: no references, no v128 */
  wasmtime_valkind_t kinds[];    /* parameters, then results */
} Shape;

/* Instances: what export_nth gives, in the module's order. */
typedef struct Exports {
  wasmtime_module_t *module; /* counted: the names */
  u32 *numbers;              /* owned: of objects; NULL until asked for */
} Exports;

typedef struct Object {
  u8 kind;
  union {
    wasm_extern_t *external; /* owned */
    wasm_instance_t *instance;
  };
  union {
    Shape *shape;     /* owned: of a function; NULL until it is called */
    Exports *exports; /* owned: of an instance */
  };
} Object;

typedef struct Root {
  wasm_ref_t *ref; /* owned; NULL: free */
  u32 generation, next_free;
} Root;

typedef wasmtime_error_t *(*EpochCallback)(wasmtime_context_t *, void *data, u64 *delta,
                                           wasmtime_update_deadline_kind_t *kind);

struct wasmtime_context {
  u64 id;
  wasm_store_t *store;   /* owned */
  wasm_engine_t *engine; /* owned */
  EngineInfo *info;      /* the engine's */
  EpochSlot *epoch;      /* NULL: the engine has no epochs */
  EpochCallback on_deadline;
  void *on_deadline_data;
  void (*on_deadline_finalizer)(void *);
  void *data;
  void (*finalizer)(void *);
  Vec(Object) objects;
  Vec(Root) roots;
  u32 free_root; /* number of the first one, 0: none */
  Vec(wasm_ref_t *) raws;
  PtrMap defs;           /* HostDef * -> number of its function */
  wasi_ctx_t *wasi;      /* owned */
  wasmx_linker_t *world; /* owned: WASI's functions; NULL with it */
};

struct wasmtime_store {
  wasmtime_context_t context;
};

/* ---- objects ---- */

/* Takes the handle of an external, or instance: its number, from 1. 0: NULL, or out of memory. */
u32 wm_compat_tell(wasmtime_context_t *context, u8 kind, wasm_extern_t *handle);
/* The object of that number, when it is of the kind; NULL: it is not. */
static inline Object *object_at(const wasmtime_context_t *context, u64 number, u8 kind) {
  if (!context || number - 1 >= context->objects.len) return NULL;
  Object *o = &context->objects.data[number - 1];
  return o->kind == kind ? o : NULL;
}
static inline Object *object_of(const wasmtime_context_t *context, u64 store_id, u64 number,
                                u8 kind) {
  return context && context->id == store_id ? object_at(context, number, kind) : NULL;
}
/* The same of an external of any kind. */
u32 wm_compat_tell_extern(wasmtime_context_t *context, wasm_extern_t *handle);
/* Takes an external: fills *item. False: NULL, a tag, or out of memory. */
bool wm_compat_item_of(wasmtime_context_t *context, wasm_extern_t *handle, wasmtime_extern_t *item);
/* The handle behind it, borrowed, or owned when it is made for a shared memory (*made). NULL: it is
 * not of this store. */
wasm_extern_t *wm_compat_handle_of(wasmtime_context_t *context, const wasmtime_extern_t *item,
                                   wasm_extern_t **made);
/* A shared memory as one of the store's; owned. NULL: out of memory, or NULL. */
wasm_extern_t *wm_compat_shared_handle(wasmtime_context_t *context,
                                       const wasmtime_sharedmemory_t *shared);
/* What an item of that kind and number is for the host. */
wasmtime_extern_t wm_compat_item(const wasmtime_context_t *context, u8 kind, u32 number);

/* The function of the handle; NULL: none of this store. */
wasm_func_t *wm_compat_func(const wasmtime_context_t *context, const wasmtime_func_t *func);
/* Of the function's type, kept with it; NULL: out of memory. */
const Shape *wm_compat_shape(Object *func);
Shape *wm_compat_shape_of(const wasm_functype_t *type);

/* ---- values ---- */

wasmtime_valkind_t wm_compat_kind(wasm_valkind_t kind);
static inline u32 kind_slots(wasmtime_valkind_t kind) { return kind == WASMTIME_V128 ? 2 : 1; }
/* To slots (one, or two of a v128). NULL, or why it cannot be: of another kind or store. */
const char *wm_compat_to_slots(wasmtime_context_t *context, wasmtime_valkind_t kind,
                               const wasmtime_val_t *val, wasmx_slot_t *slots);
/* Values are made in two steps, as making handles of what lies in slots alone must come before
 * anything may be collected: *ref is the reference in the slot (owned), else NULL; then the value
 * takes it. False: out of memory; the value is null then. */
wasm_ref_t *wm_compat_hold(wasmtime_context_t *context, wasmtime_valkind_t kind,
                           const wasmx_slot_t *slots);
bool wm_compat_from_slots(wasmtime_context_t *context, wasmtime_valkind_t kind,
                          const wasmx_slot_t *slots, wasm_ref_t *ref, wasmtime_val_t *val);
/* The same of raw values. */
const char *wm_compat_raw_to_slots(wasmtime_context_t *context, wasmtime_valkind_t kind,
                                   const wasmtime_val_raw_t *raw, wasmx_slot_t *slots);
bool wm_compat_raw_from_slots(wasmtime_context_t *context, wasmtime_valkind_t kind,
                              const wasmx_slot_t *slots, wasm_ref_t *ref, wasmtime_val_raw_t *raw);
/* A reference of the host's as a value of wasm.h, borrowed: null for null. False: not this store's,
 * or no reference. */
bool wm_compat_ref_of(wasmtime_context_t *context, const wasmtime_val_t *val, wasm_ref_t **ref);
/* Takes a reference: the value for it. False: out of memory. */
bool wm_compat_val_of_ref(wasmtime_context_t *context, wasmtime_valkind_t kind, wasm_ref_t *ref,
                          wasmtime_val_t *val);
/* Forgets references that are held for raw values. */
void wm_compat_drop_raws(wasmtime_context_t *context);

/* ---- host functions ---- */

/* A callback with its environment: of a store, or of a linker and the stores that it was used in.
 */
typedef struct HostDef {
  _Atomic u32 references;
  wasm_functype_t *type; /* owned */
  Shape *shape;          /* owned */
  bool is_unchecked;
  union {
    wasmtime_func_callback_t checked;
    wasmtime_func_unchecked_callback_t unchecked;
  };
  void *env;
  void (*finalizer)(void *);
} HostDef;

struct wasmtime_caller {
  wasmtime_context_t *context;
  wasmx_caller_t *caller;
};

/* NULL: out of memory, or the type is NULL; the finalizer has been run with env. `from` is copied
 * but for what it owns. */
HostDef *wm_compat_def_new(const wasm_functype_t *type, HostDef from);
void wm_compat_def_release(HostDef *def); /* NULL is allowed */
/* The number of its function in the store, which is made when it is asked for first; 0: out of
 * memory. */
u32 wm_compat_def_func(wasmtime_context_t *context, HostDef *def);

/* ---- instances ---- */

/* With externals in the module's order, all borrowed; as wasmtime_instance_new. */
wasmtime_error_t *wm_compat_instantiate(wasmtime_context_t *context,
                                        const wasmtime_module_t *module,
                                        const wasm_extern_vec_t *imports,
                                        wasmtime_instance_t *instance, wasm_trap_t **trap);
/* A function of WASI, its number; 0: there is none, or the store was not given WASI. */
u32 wm_compat_wasi_func(wasmtime_context_t *context, const wasm_name_t *module,
                        const wasm_name_t *name);

/* In wasi.h of the clients only, which is not the one above. */
WASM_API_EXTERN bool wasmtime_wasi_config_preopen_dir(wasi_config_t *, const char *host_path,
                                                      const char *guest_path, wasi_dir_perms,
                                                      wasi_file_perms);

#endif
