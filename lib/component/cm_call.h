/* Calls: values between memories, by the canonical ABI (CanonicalABI.md; definitions.py). */
#ifndef WM_COMPONENT_CM_CALL_H
#define WM_COMPONENT_CM_CALL_H

#include "component/cm_instance.h"

typedef struct Lend {
  Inst *inst;
  u32 index;
} Lend;

/* One call of a component function: values of both sides lie in its arena. */
struct wasmcm_call_t {
  World *world;
  Arena arena;
  u64 bytes;         /* taken from the arena */
  Vec(Lend) lends;   /* handles that the caller lent to it */
  u32 borrows;       /* handles that the callee was lent and has not dropped */
  wasm_trap_t *trap; /* own; the first one */
  u8 no_bytes[1];    /* where no bytes of a memory are */
};

/* A side of it: whose memory and handles values go to and come from. */
typedef struct Side {
  Call *call;
  Inst *inst;
  const Options *options;
} Side;

enum { MAX_SEQUENCE_BYTES = (1 << 28) - 1 };
#define MAX_CALL_BYTES (UINT64_C(1) << 30) /* of values in the arena */

/* All false or NULL: the call traps. */
bool wm_call_fail(Call *call, const char *format, ...) PRINTF_LIKE(2, 3);
void *wm_call_alloc(Call *call, u64 size);
void wm_call_end(Call *call);

/* `size` bytes at `ptr`; NULL with the trap, whose text begins with `what`. */
u8 *wm_side_bytes(const Side *side, u32 ptr, u64 size, u32 align, const char *what);
/* Calls realloc of the side and checks what it gives. */
bool wm_side_realloc(const Side *side, u32 old, u64 old_size, u32 align, u64 size, const char *what,
                     u32 *ptr);

/* Out of the guest. */
bool wm_lift_flat(const Side *side, const Type *type, const Slot *slots, Val *val);
bool wm_lift_memory(const Side *side, const Type *type, u32 ptr, Val *val);
/* Into the guest. */
bool wm_lower_flat(const Side *side, const Type *type, const Val *val, Slot *slots);
bool wm_lower_memory(const Side *side, const Type *type, const Val *val, u32 ptr);

/* Strings: val->reserved[0] says what a string in the arena is coded in. */
typedef enum StringCode {
  STRING_UTF8,
  STRING_UTF16,
  STRING_LATIN1,
  STRING_TAGGED_UTF16
} StringCode;
bool wm_string_lift(const Side *side, u32 ptr, u32 tagged_units, Val *val);
bool wm_string_lower(const Side *side, const Val *val, u32 *ptr, u32 *tagged_units);
/* All strings of the value to UTF-8, for the host. */
bool wm_strings_for_host(Call *call, const Type *type, Val *val);

/* Whether a value that the host gave is of the type (its resources are those of `inst`). */
bool wm_val_check(const Inst *inst, const Type *type, const Val *val);

/* Handles. */
bool wm_handle_lift(const Side *side, const Type *type, u32 index, Val *val);
bool wm_handle_lower(const Side *side, const Type *type, const Val *val, u32 *index);
void wm_lends_return(Call *call);
wasm_trap_t *wm_resource_new(Inst *inst, LiveResource *resource, u32 rep, u32 *index);
wasm_trap_t *wm_resource_rep(Inst *inst, LiveResource *resource, u32 index, u32 *rep);
wasm_trap_t *wm_resource_drop(Inst *inst, LiveResource *resource, u32 index);
/* What the host's resources have for their end is run for those that it owns. */
void wm_handles_drop_all(const Inst *inst);
void wm_handles_free(HandleTable *table);
/* Runs what the resource's owner has for its end. */
wasm_trap_t *wm_resource_destroy(const Inst *caller, LiveResource *resource, u32 rep);

/* Calls `func` for `caller` (NULL: the host); `args` and `result` are in the call's arena. */
bool wm_func_call(Call *call, Func *func, Inst *caller, const Val *args, Val *result);

typedef struct Lowered { /* what a lowered function is called with */
  Func *func;
  const Type *type; /* as the one that it is lowered in sees it: with its resources */
  Inst *inst;
  Options options;
} Lowered;
wasm_trap_t *wm_call_lowered(void *env, wasmx_caller_t *caller, Slot *slots);

/* Whether `inst` is `of` or around it. */
bool wm_inst_is_ancestor(const Inst *inst, const Inst *of);
/* Entering an instance, and leaving it again (a trap does not: it is lost). */
bool wm_inst_enter(Inst *inst, const Inst *caller);
void wm_inst_leave(Inst *inst, const Inst *caller);
/* Calls core code; an exception that comes out is a trap. */
wasm_trap_t *wm_core_call(const wasm_func_t *func, Slot *slots);

static inline bool is_number(const Type *type) {
  return type->kind >= TYPE_S8 && type->kind <= TYPE_F64;
}
static inline LiveResource *live_resource(const Inst *inst, const Type *type) {
  return inst->resources[type->resource->slot];
}

#endif
