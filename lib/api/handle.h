/* What the public types are inside.
 *
 *   wasm_store_t   a shell: outlives the runtime's Store, which it forgets when that is deleted
 *   wasm_ref_t     a handle; wasm_func_t, wasm_extern_t, wasm_trap_t ... are other names of it,
 *                  so the public casts are plain casts after a look at the kind
 *   wasm_*type_t   trees of plain malloc, independent of any engine
 *
 *   host --> handle --> shell --> Store      the shell is counted by its handles, so that a
 *              |                    |        handle may be deleted after the store; its object
 *              +-----> Object <-----+        pointer dangles then and is not looked at
 *
 * An object is a root of the collector while handles hold it. Deleting a handle is a safe point of
 * the collector, and so is making an object; everything else here keeps references in slots on the
 * C stack without fear. */
#ifndef WM_API_HANDLE_H
#define WM_API_HANDLE_H

#include "base/buffer.h"
#include "engine/engine.h"
#include "runtime/activation.h"
#include "runtime/collect.h"
#include "runtime/heap.h"
#include "wasm/limits.h"
#include "wasmx.h"

typedef struct wasm_ref_t Handle;

/* A trap that belongs to no store. Any thread may hold it. */
typedef struct LoneTrap {
  _Atomic u32 handles; /* that share it */
  TrapCode code;
  int exit_status; /* TRAP_EXIT */
  HostInfo info;
  size_t message_len;
  char message[]; /* zero-terminated */
} LoneTrap;

struct wasm_store_t {
  Store *store;   /* owned; NULL once deleted */
  u32 references; /* the owner's, and one a handle */
  PtrMap natives; /* Func * -> NativeExport * (owned): C function pointers that were handed out */
  struct ThunkPage *thunks;                 /* owned: what they point to (runtime/native_thunk.h) */
  wasmx_native_trap_handler_t trap_handler; /* or NULL */
  void *trap_env;                           /* borrowed: the handler's */
  wasm_trap_t *native_trap;                 /* owned: kept for wasmx_store_take_native_trap */
  HostInfo data;                            /* wasmx_store_set_data */
  wasmx_growth_callback_t may_grow;         /* or NULL */
  void *growth_env;                         /* borrowed: its own */
};

struct wasm_ref_t {
  u8 kind;              /* ObjectKind */
  bool looks_at_params; /* OBJ_FUNC: wm_slots_want_look of its parameters */
  bool is_plain;        /* a wasmx_typed_func_t: of numbers alone, of which there are few */
  wasm_store_t *home;   /* counted; never NULL */
  Object *object;       /* held; NULL: a trap that belongs to no store, see `lone` */
  union {
    const SubType *type; /* OBJ_FUNC: its type, which lives as long as the function */
    LoneTrap *lone;      /* a trap without store: counted; NULL: the one for want of memory */
    char *name;          /* OBJ_MODULE: owned; NULL until wasmx_module_name asks */
  };
};

struct wasm_config_t {
  Config config;
  HostNote *note; /* owned; NULL: none. The engine's, once there is one */
};

/* Lives on the C stack during a host function's call; all borrowed. */
struct wasmx_caller_t {
  Store *store;
  Instance *instance; /* NULL: called by the host */
};

/* The public names of a handle are incomplete types: this is the way in and out. */
static inline Handle *handle_of(const void *ref) { return (Handle *)(uintptr_t)ref; }

/* The store of a handle; NULL for NULL, and when it is deleted. */
static inline Store *handle_store(const Handle *h) { return h ? h->home->store : NULL; }

/* What the handle (NULL: null) refers to. */
static inline Ref handle_ref(const Handle *h) {
  if (h && h->kind == OBJ_HEAP_REF) return ((const HeapRef *)h->object)->ref;
  return ref_of_object(h ? h->object : NULL);
}

static inline Engine *engine_of(wasm_engine_t *engine) { return (Engine *)(void *)engine; }
static inline Store *store_of(const wasm_store_t *home) { return home ? home->store : NULL; }
static inline wasm_store_t *home_of(const Store *store) { return store->embedder; }

/* At the start of what the host calls and what looks at running wasm, or runs some: what a longjmp
 * left behind is forgotten (runtime/activation.h). */
#define FORGET_DEAD(store)                                                                         \
  do {                                                                                             \
    if (UNLIKELY((store)->activation)) wm_store_forget_dead((store), __builtin_frame_address(0));  \
  } while (0)

/* ---- errors: api_error.c ---- */
/* Makes `err` this thread's last error, and copies it to out (may be NULL) as far as its size goes.
 */
void wm_api_report(const Error *err, wasmx_error_t *out);
/* The same of a code and a message. Returns false. */
bool wm_api_fail(ErrorCode code, const char *format, ...) PRINTF_LIKE(2, 3);
bool wm_api_out_of_memory(void);
/* The store of an argument that must have one; NULL with the last error set: "NULL", "deleted". */
Store *wm_api_store(const wasm_store_t *home, Error *err);
Store *wm_api_handle_store(const Handle *h, Error *err);

/* ---- handles: api_ref.c ---- */
/* A constructor, so that nothing can fail once the object is made:
 *   Handle *h = wm_api_begin(home, &err);
 *   Foreign *foreign = h ? wm_foreign_new(home->store, &err) : NULL;
 *   return (wasm_foreign_t *)wm_api_finish(h, (Object *)foreign, &err);
 * begin gives an unbound handle, or NULL with err set (no store, out of memory). finish binds it
 * and is a safe point; without an object it frees the handle, makes err the last error, and returns
 * NULL. */
Handle *wm_api_begin(wasm_store_t *home, Error *err);
Handle *wm_api_finish(Handle *h, Object *object, Error *err);
/* A handle for an object that exists; NULL with the last error set. */
Handle *wm_handle_new(wasm_store_t *home, Object *object);
/* The same for a reference that is not null. */
Handle *wm_handle_of_ref(wasm_store_t *home, Ref ref);
Handle *wm_handle_copy(const Handle *h);
/* Makes *out a handle that counts nothing, and must not be kept. */
void wm_handle_lend(wasm_store_t *home, Object *object, Handle *out);
/* Frees the handle; without and with a safe point of the collector. NULL is allowed. */
void wm_handle_free(Handle *h);
void wm_handle_delete(Handle *h);
/* A trap that belongs to no store, with a copy of the message; never NULL. */
Handle *wm_handle_lone_trap(TrapCode code, int exit_status, const char *message, size_t len);
/* The one that says that memory is short. */
Handle *wm_handle_out_of_memory(void);
/* Shells are counted. */
void wm_home_hold(wasm_store_t *home);
void wm_home_release(wasm_store_t *home);

/* ---- types: api_convert.c ---- */
/* The public kind of a canonical type. */
wasm_valkind_t wm_kind_of_valtype(TypeRegistry *types, ValType t);
/* The type of a public kind; VAL_BOTTOM for none. */
ValType wm_valtype_of_kind(wasm_valkind_t kind);
/* A counted id of a public function type; NO_TYPE with err set. */
u32 wm_typeid_of_functype(TypeRegistry *types, const wasm_functype_t *type, Error *err);
/* Public types of what there is; NULL with the last error set. */
wasm_functype_t *wm_functype_of_subtype(TypeRegistry *types, const SubType *type);
wasm_externtype_t *wm_externtype_of_object(Store *store, const Object *object);
wasm_externtype_t *wm_externtype_of_module(const LoadedModule *lm, ExternKind kind, u32 index);
/* The runtime's types; false with err set when they make no sense. */
bool wm_memorytype_of(const wasm_memorytype_t *type, MemoryType *out, Error *err);
bool wm_tabletype_of(const wasm_tabletype_t *type, TableType *out, Error *err);

/* ---- precise types: api_gc_type.c ---- */
/* A public type is the registry's, counted there, and so is its engine. */
static inline const SubType *subtype_of(const wasmx_type_t *type) {
  return (const SubType *)(const void *)type;
}
/* Why it is no type of the store's engine and of that kind; NULL: it is. */
const char *wm_api_type_fault(const Store *store, const wasmx_type_t *type, CompositeKind kind);
/* The type's id when it is one; NO_TYPE with err set. */
u32 wm_api_type_id(const Store *store, const wasmx_type_t *type, CompositeKind kind, Error *err);
/* The canonical type of what a host says is one (NULL, too), in the registry; VAL_BOTTOM with err
 * (may be NULL) set. */
ValType wm_valtype_of_public(const TypeRegistry *types, const wasmx_valtype_t *type, Error *err);
/* And back; types are borrowed from the registry. */
wasmx_valtype_t wm_public_of_valtype(TypeRegistry *types, ValType t);
/* One more count of a type, for the host. */
wasmx_type_t *wm_type_own(const SubType *type);

/* ---- tags: api_tag.c ---- */
/* The tag of a handle; NULL for NULL, and when its store is deleted. */
Tag *wm_tag_of_handle(const wasm_tag_t *ref);

/* ---- values: api_val.c ---- */
/* The object of a handle of `store` (NULL: null) into *out, when it fits `t`. */
bool wm_ref_of_handle(Store *store, const Handle *h, ValType t, Ref *out);
/* A value of the canonical type `t` to one slot; false: another kind, another store, a v128. */
bool wm_slot_of_val(Store *store, const wasm_val_t *val, ValType t, u64 *slot);
/* And back; false (last error set): out of memory, a v128. */
bool wm_val_of_slot(wasm_store_t *home, wasm_val_t *out, ValType t, u64 slot);
/* The same of values of any type, a v128 in two slots. */
bool wm_slots_of_value(Store *store, const wasmx_val_t *val, ValType t, u64 *slots);
bool wm_value_of_slots(wasm_store_t *home, wasmx_val_t *out, ValType t, const u64 *slots);

/* ---- slots: api_slot.c ---- */
/* Slots that the host filled are brought to the form that wasm relies on (runtime/frame.h): those
 * of 4 bytes have zeros above, references are of this store and of their type. False: a reference
 * that cannot stand there. */
bool wm_slots_take(Store *store, const ValType *types, u32 count, u64 *slots);
/* Whether that takes a look at each, as there are references, or more slots than narrow_slots sees.
 */
bool wm_slots_want_look(const ValType *types, u32 count);
/* Whether `ref` may stand where the canonical reference type `t` is wanted. */
bool wm_ref_fits(Store *store, Ref ref, ValType t);
/* The same of a word that the host says is a reference, as far as it can be known. */
bool wm_slot_is_ref(Store *store, u64 slot, ValType t);

/* ---- traps: api_trap.c ---- */
/* The pending trap of the store as a handle; never NULL. */
wasm_trap_t *wm_api_take_trap(wasm_store_t *home);
/* A trap for a call that makes no sense; also the last error. Never NULL. */
wasm_trap_t *wm_api_misuse(wasm_store_t *home, const char *format, ...) PRINTF_LIKE(2, 3);
/* Hands a callback's trap to the store; consumes it. */
TrapCode wm_api_raise(Store *store, wasm_trap_t *ref);

/* ---- modules, instances: api_module.c, api_instance.c ---- */
struct wasm_shared_module_t {
  LoadedModule *module; /* counted */
};

/* The module behind a handle of this store or another one of its engine; NULL with err set. */
LoadedModule *wm_api_module(const wasm_store_t *home, const wasm_module_t *ref, Error *err);
/* Instantiates with one object an import; options may be NULL. The result is owned; *trap (may be
 * NULL) as in wasmx_instance_new. NULL with err set, and the last error. */
typedef struct ImportList {
  Object *const *objects;
  u32 count;
} ImportList;
wasm_instance_t *wm_api_instantiate(wasm_store_t *home, LoadedModule *lm, const ImportList *imports,
                                    const wasmx_call_options_t *options, wasm_trap_t **trap,
                                    Error *err);
Object *wm_api_find_export(Instance *in, const char *name, size_t len);
/* A handle that counts nothing, for functions that keep none, of an export; false with err set. */
bool wm_api_lend_export(const wasm_instance_t *ref, const char *name, ObjectKind kind, Handle *out,
                        Error *err);

/* ---- calls with options: api_func.c, api_options.c ---- */
/* As wasmx_func_call_raw; options may be NULL. */
wasm_trap_t *wm_api_call_with(const Handle *h, wasmx_slot_t *slots, CallOptions *options);
/* The same with arguments and results in another form: `in` makes the slots of it, `out` makes it
 * of the slots; each gives NULL, or a trap (own). The handle may be deleted during the call; what
 * it was of is there until the next safe point. */
typedef wasm_trap_t *SlotsStep(wasm_store_t *home, const SubType *type, u64 *slots, void *env);
wasm_trap_t *wm_api_call_in_form(const Handle *h, CallOptions *options, SlotsStep *in,
                                 SlotsStep *out, void *env);
/* The runtime's form of what a host gives (not NULL); false with err set. */
bool wm_call_options_of(const Store *store, const wasmx_call_options_t *given, CallOptions *out,
                        Error *err);
/* What the caller's struct (not NULL) has; the rest is none. */
wasmx_call_options_t wm_call_options_whole(const wasmx_call_options_t *given);
/* That long from now by the clock; 0, which is never: later than it can tell. */
u64 wm_call_deadline_in(u64 nanoseconds);
/* Tells the host what is left (given may be NULL). */
void wm_call_options_tell(const wasmx_call_options_t *given, const CallOptions *options);

/* ---- host functions: api_func.c ---- */
/* Gives a host function with a callback the finalizer that it was made without. */
void wm_api_set_finalizer(const Handle *h, void (*finalizer)(void *));

/* ---- signatures: api_signature.c ---- */
typedef struct Signature {
  u32 param_count, result_count;
  wasm_valkind_t kinds[MAX_PARAMS + MAX_RESULTS]; /* the results' follow the parameters' */
} Signature;
/* Reads what wasmx_functype_parse describes; false with err set. */
bool wm_signature_parse(const char *text, Signature *out, Error *err);
/* A counted id of its type; NO_TYPE with err set. */
u32 wm_typeid_of_signature(TypeRegistry *types, const Signature *signature, Error *err);
/* Whether the function's type is that, as the host sees types; false with err set to both. */
bool wm_signature_fits(Store *store, const SubType *type, const Signature *signature,
                       const char *text, Error *err);

/* ---- user data: api_data.c ---- */
/* Replaces it; the former is finalized unless it is the same. */
void wm_host_info_replace(HostInfo *place, HostInfo info);

/* ---- growth: api_growth.c ---- */
/* Store.may_grow. */
bool wm_api_may_grow(Store *store, const Growth *growth);

/* ---- calls that can be suspended: api_call.c ---- */
/* Drops all, as the store is to be deleted; none runs. */
void wm_api_drop_calls(Store *store);

/* ---- native functions: api_native.c ---- */
/* Store.on_watched_free: frees the C function pointer of a function that goes. */
void wm_natives_forget(Store *store, Object *object);

#endif
