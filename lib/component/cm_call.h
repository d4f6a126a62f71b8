/* Calls: values between memories, by the canonical ABI (CanonicalABI.md; definitions.py). */
#ifndef WM_COMPONENT_CM_CALL_H
#define WM_COMPONENT_CM_CALL_H

#include "component/cm_instance.h"

typedef struct Lend {
  Inst *inst;
  u32 index;
} Lend;

/* One call of a component function, and the memory that values of both sides lie in. */
struct wasmcm_call_t {
  World *world;
  u8 *pos, *end;              /* free memory: of the newest chunk, or of who made the call */
  ArenaChunk *chunks;         /* owned; an Arena would zero what is written at once */
  u64 bytes;                  /* taken of them */
  bool structs;               /* the host's form of values (cm_form.h) */
  bool for_host;              /* the host gets what is lifted: strings in UTF-8 */
  Vec(Lend) lends;            /* handles that the caller lent to it */
  u32 borrows;                /* handles that the callee was lent and has not dropped */
  Vec(wasmcm_handle_t) taken; /* the host's resources that a guest gave away, in order */
  u32 arrived;                /* how many of them somebody has */
  Slot returned;              /* by core code, for its post-return */
  wasm_trap_t *trap;          /* own; the first one */
};

/* A side of it: whose memory and handles values go to and come from. */
typedef struct Side {
  Call *call;
  Inst *inst;
  const Options *options;
  bool is_viewed; /* what is lifted may lie in the guest's memory, if it lies there as it is */
} Side;

enum { MAX_SEQUENCE_BYTES = (1 << 28) - 1 };
#define MAX_CALL_BYTES (UINT64_C(1) << 30) /* of values in the arena */

/* All false or NULL: the call traps. */
bool wm_call_fail(Call *call, const char *format, ...) PRINTF_LIKE(2, 3);
void *wm_call_alloc(Call *call, u64 size);
void *wm_call_alloc_zeroed(Call *call, u64 size);
void wm_chunks_free(ArenaChunk *chunks);
void wm_call_end(Call *call);

/* `size` bytes at `ptr`; NULL with the trap, whose text begins with `what`. */
u8 *wm_side_bytes(const Side *side, u32 ptr, u64 size, u32 align, const char *what);
/* Bytes of the guest's for a value: a copy, or where they lie. NULL with the trap. */
const void *wm_side_keep(const Side *side, const u8 *bytes, u64 size);
/* What was checked so, or is within it: memories do not shrink. */
static inline u8 *side_at(const Side *side, u32 ptr) {
  return (u8 *)wasm_memory_data(side->options->memory) + ptr;
}
/* Calls realloc of the side and checks what it gives. */
bool wm_side_realloc(const Side *side, u32 old, u64 old_size, u32 align, u64 size, const char *what,
                     u32 *ptr);

/* Out of the guest, to a value in the call's form. No guest runs meanwhile. */
bool wm_lift_flat(const Side *side, const Type *type, const Slot *slots, void *to);
bool wm_lift_memory(const Side *side, const Type *type, const u8 *at, void *to);
/* A plain value from the bits that it takes in memory or in a slot. */
bool wm_lift_plain(Call *call, const Type *type, u64 bits, void *to);
/* Into the guest: in memory where what the type takes was checked. */
bool wm_lower_flat(const Side *side, const Type *type, const void *from, Slot *slots);
bool wm_lower_memory(const Side *side, const Type *type, const void *from, u32 ptr);
/* Parameters, of a tuple type: the fields without the value around them. */
bool wm_lift_flat_fields(const Side *side, const Type *type, const Slot *slots, void *fields);
bool wm_lift_fields(const Side *side, const Type *type, const u8 *at, void *fields);
bool wm_lower_flat_fields(const Side *side, const Type *type, const void *fields, Slot *slots);
bool wm_lower_fields(const Side *side, const Type *type, const void *fields, u32 ptr);

/* Strings, and what they are coded in. */
typedef enum StringCode {
  STRING_UTF8,
  STRING_UTF16,
  STRING_LATIN1,
  STRING_TAGGED_UTF16
} StringCode;
typedef struct CodedText { /* a string being read, whole characters at a time */
  const u8 *pos, *end;
  StringCode code;
} CodedText;
bool wm_string_lift(const Side *side, u32 ptr, u32 tagged_units, CodedText *text);
bool wm_string_lower(const Side *side, const CodedText *text, u32 *ptr, u32 *tagged_units);

/* Whether a value is of the type (whose resources are those of `inst`). */
bool wm_val_check(const Inst *inst, const Type *type, const Val *val);
/* Whether what the host gave is of the function's types; false: the call traps, in WIT's words. */
bool wm_args_check(Call *call, const Func *func, const void *args);
bool wm_result_check(Call *call, const Func *func, const void *result);

/* Handles. */
bool wm_handle_lift(const Side *side, const Type *type, u32 index, wasmcm_handle_t *to);
bool wm_handle_lower(const Side *side, const Type *type, const wasmcm_handle_t *from, u32 *index);
void wm_lends_return(Call *call);
/* The host, which is called or called, has all that was taken. */
static inline void wm_taken_arrive(Call *call) { call->arrived = call->taken.len; }
/* What a call that trapped left on its way is dropped. */
void wm_taken_drop(Call *call);
wasm_trap_t *wm_resource_new(Inst *inst, LiveResource *resource, u32 rep, u32 *index);
wasm_trap_t *wm_resource_rep(Inst *inst, LiveResource *resource, u32 index, u32 *rep);
wasm_trap_t *wm_resource_drop(Inst *inst, LiveResource *resource, u32 index);
/* What the host's resources have for their end is run for those that it owns. */
void wm_handles_drop_all(const Inst *inst);
void wm_handles_free(HandleTable *table);
/* Runs what the resource's owner has for its end. */
wasm_trap_t *wm_resource_destroy(const Inst *caller, LiveResource *resource, u32 rep);

/* Calls `func` for `caller` (NULL: the host); `args` (the fields of its parameters) and `result`
 * are in the call's form. The result may lie in memory of a guest that was called until the call of
 * it is ended, which is done even if the result cannot be used. */
bool wm_func_call(Call *call, Func *func, Inst *caller, const void *args, void *result);
bool wm_func_end(Call *call, const Func *func, const Inst *caller);
static inline bool is_host_func(const Func *func) { return func->host || func->host_structs; }
/* The host calls a guest's function with plain values, which are held against their types. */
wasm_trap_t *wm_func_call_plain(Func *func, bool structs, const void *args, void *result);

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
static inline bool is_signed(const Type *type) {
  return type->kind == TYPE_S8 || type->kind == TYPE_S16 || type->kind == TYPE_S32 ||
         type->kind == TYPE_S64;
}
static inline u64 sign_extended(u64 bits, u32 width) {
  return (u64)((i64)(bits << (64 - width)) >> (64 - width));
}
static inline LiveResource *live_resource(const Inst *inst, const Type *type) {
  return inst->resources[type->resource->slot];
}

#endif
