/* Compiled code as the rest of the library sees it: where it is, what its frames look like, where
 * in the wasm source a machine address stands. Made by jit/, walked and unwound here.
 *
 * A frame of compiled code lies on the native stack and has a fixed size:
 *
 *   sp  -> [ outgoing | spill slots | saved registers ] return address | caller's outgoing ...
 *          <-------------- frame_bytes -------------->
 *
 *   outgoing -> [ stack arguments | results in memory | more, for other calls ]
 *
 * The outgoing area is as large as the call that wants most of it, and the caller's: a callee reads
 * its arguments there and writes there the results for which there is no register, right behind the
 * arguments of its own signature. It pops nothing, so sp is the same in the whole body, and a walk
 * needs frame_bytes alone.
 *
 * Compiled code of one activation is entered by NativeMachine.enter and is all of one instance:
 * calls to other instances, to the interpreter and to the host leave it through call stubs, and
 * begin an activation of their own. An activation in compiled code notes in native_sp the address
 * of the return address that the leaving call pushed; from there frames are walked by their sizes
 * until entry_sp.
 *
 * Two registers are pinned: one holds the instance, one the base of memory 0. Which ones, and where
 * arguments and results are, the machine says (jit/machine.h). */
#ifndef WM_RUNTIME_NATIVE_H
#define WM_RUNTIME_NATIVE_H

#include "os/os_fault.h"
#include "runtime/activation.h"
#include "runtime/instance.h"

/* Nothing is mapped at the first addresses: code may reach into a null reference, and fault. */
enum { NULL_PAGE_BYTES = 4096 };

/* A place in the code that can leave it: a call (pc behind it), a memory access (pc at it). */
typedef struct NativeSite {
  u32 pc;          /* bytes from the body's start */
  u32 wasm_offset; /* in the module's bytes */
  u32 caller; /* inlined code: wasm_offset of the call it was inlined at is in inline_sites[caller];
                 else NO_INDEX */
  u16 trap;   /* TrapCode of a trap stub's call or an access that may fault; 0: an ordinary call, or
                 the code is in the first result register */
  u16 is_access;
} NativeSite;

/* A call that may be left by an exception which its function catches. */
typedef struct NativeCatch {
  u32 pc;      /* of the return address, bytes from the body's start */
  u32 landing; /* where the function goes on then */
  u32 chain;   /* the first of its clauses */
} NativeCatch;

/* Clauses of all blocks around a call, the nearest first. */
typedef struct NativeClause {
  u32 tag;  /* in the module; NO_INDEX: every exception; or NO_TAG */
  u32 next; /* or NO_INDEX */
} NativeClause;

typedef struct InlineSite {
  u32 wasm_offset;
  u32 caller; /* the next outer one, or NO_INDEX */
} InlineSite;

/* One compiled function, or on-stack replacement. Owned by its module or its image; lives as long.
 */
struct NativeBody {
  NativeBody *next; /* of the module, newest first */
  const u8 *start;  /* in the module's region */
  u32 size_bytes;   /* instructions, then constants */
  u32 frame_bytes;
  u32 func_index;
  u32 saved_regs; /* callee-saved ones that the prologue pushed, as a mask (jit/machine.h) */
  bool is_plain;  /* calls nothing and computes no floats: the float modes do not matter to it */
  u32 osr_offset; /* wasm offset of the loop it starts at; 0: a whole function */
  u32 site_count, inline_count;
  const NativeSite *sites; /* ascending by pc; in this allocation, or the image's */
  const InlineSite *inline_sites;
  u32 catch_count, clause_count;
  const NativeCatch *catches; /* ascending by pc */
  const NativeClause *clauses;
  OsrEntry *osr; /* borrowed; NULL: a whole function */
  void *debug;   /* what jit/debug.c keeps about it, or NULL */
};

/* The tables of a body in one piece: sites, inline sites, catches, clauses. */
u64 wm_native_tables_bytes(const NativeBody *body); /* by its counts */
void wm_native_set_tables(NativeBody *body, const void *tables);

/* Whether the module's image has it, and not the heap. */
static inline bool native_is_of_image(const LoadedModule *lm, const NativeBody *body) {
  const CodeImage *image = lm->image;
  return image && body >= image->bodies && body < image->bodies + image->count;
}

/* C functions that compiled code calls through Instance.helpers (a table of this order), first the
 * stubs with a convention of their own, then helpers: C ABI, the instance is the first argument.
 * HELPER(id, returns a TrapCode, function). */
typedef enum HelperId {
  STUB_TRAP, /* `call`ed from a trap site; does not return. The code is the site's, or in the first
                result register */
  STUB_CALL_REF,  /* Machine.callee: Func address; arguments in place; results in place */
  STUB_CALL_SLOT, /* what a slot holds whose function is not compiled; called through it only */
  /* Jumped to instead of a tail callee that is not compiled code of this instance; the frame is
   * gone, the arguments are in place. Machine.callee: its number among the defined functions, or
   * its Func address */
  STUB_TAIL_SLOT,
  STUB_TAIL_REF,
  STUB_THROW, /* called with an Exception as the argument of a helper; does not return */
  /* Called when the frame's place does not suit the callee's arguments: puts them aside, from where
   * STUB_TAIL_SAVED, jumped to when the frame is gone, takes them. Machine.callee: as above; then
   * the stack slots of the caller's own arguments */
  STUB_SAVE_SLOT,
  STUB_SAVE_REF,
  STUB_TAIL_SAVED,
  STUB_POLL, /* called when the stack limit is passed, at a function's start or a loop's: returns
                when it was nothing; keeps all registers */
  STUB_LOG,  /* the write barrier's slow way (heap.h): object and place are pushed by who calls, and
                popped; keeps all registers but the one that helpers are called through */
#define HELPER(id, ...) HELPER_##id,
#include "runtime/helpers.def"
#undef HELPER
  HELPER_COUNT
} HelperId;

/* Offsets of an Instance's words, the same for all instances of a module (wm_instance_new lays them
 * out). */
typedef struct InstanceLayout {
  u32 funcs, tables, memories, globals, tags;       /* arrays of addresses */
  u32 type_ids, heap_words;                         /* u32 by type index */
  u32 elem_refs, elem_lens, data_lens, inner_funcs; /* the instance's other arrays */
  u32 size_bytes;
} InstanceLayout;
InstanceLayout wm_instance_layout(const LoadedModule *lm);

/* Whether a host function is a C function that compiled code can call as it is: the first word at
 * Func.env is its address, and its signature's values are all in registers, as compiled code has
 * them. What it leaves in the upper half of an i32 does not matter. */
typedef enum CCall {
  C_CALL_NONE, /* by Func.host */
  C_CALL,
  C_CALL_I32, /* with such a result */
} CCall;
/* For a function of this type. */
CCall wm_native_c_call(const SubType *type);

/* How a compiled function is called from native code (FuncCode.direct). */
typedef enum DirectWay {
  DIRECT_NONE,  /* by its entry */
  DIRECT_PLAIN, /* of SHAPE_INTS or SHAPE_INTS_VOID, its body plain */
  DIRECT_MODES, /* the same of a body that is not: in wasm's float modes */
  DIRECT_WAYS
} DirectWay;

/* ---- the machine: what jit/ provides, so that nothing here depends on it ---- */
typedef struct NativeMachine {
  const void *const *helpers; /* by HelperId */
  u64 reach_bytes;            /* how large a region may be, so that code reaches all of it */
  const void *call_slot;      /* what a slot holds before the function is compiled */
  const void *call_ref;       /* likewise FuncCode.native */
  /* Makes a fault at an access of compiled code look like a call of the trap stub from there, whose
   * return address is the access's, plus 1 (wm_native_site). Runs in a signal handler. */
  void (*fault)(Fault *fault);
  FuncEntry enter; /* runs FuncCode.body */
  /* Runs an on-stack replacement: `frame` is the interpreter's; results go to frame[0..]. Wants a
   * fresh activation, as a FuncEntry does. */
  TrapCode (*enter_osr)(const FuncCode *code, Instance *in, const void *start, u64 *frame);
  /* By DirectWay: does what wm_call does, sooner. The words that prove entries are in its frames as
   * in those of wm_ways_in. */
  TrapCode (*call_in[DIRECT_WAYS])(Store *store, Func *func, u64 *slots);
  /* Thunks (native_thunk.h): writes them, each for its item; where they go on, a way in, too. */
  void (*write_thunks)(u8 *code, const void *const *items, u32 count);
  const void *thunk_code;
} NativeMachine;

/* Signatures that are passed without looking at each type. */
typedef enum NativeShape {
  SHAPE_MIXED,
  SHAPE_INTS,      /* at most 6 parameters, all integers or references; one such result */
  SHAPE_INTS_VOID, /* the same without result */
} NativeShape;

/* The value stack has room behind stack_end for reading and writing the slots of SHAPE_INTS without
 * looking how many they are. */
enum { STACK_SLACK_SLOTS = 8 };

/* What the stubs that leave compiled code push below the return address, for the collector. */
enum { NATIVE_SAVED_WORDS = 16 };

/* ---- lookup; any thread, and signal handlers ---- */
/* The body that holds `pc`, or NULL. */
const NativeBody *wm_native_find(const void *pc);
/* The same in one module. */
const NativeBody *wm_native_find_in(const LoadedModule *lm, const void *pc);
/* The site of a return address: exactly there; or that of the access 1 byte before, where a fault
 * was (at an access's own address a call may end, too). NULL: none. */
const NativeSite *wm_native_site(const NativeBody *body, const void *pc);
/* The site of the access at `pc`, or NULL. */
const NativeSite *wm_native_access(const NativeBody *body, const void *pc);
/* Where the function goes on when the call with this return address throws; NULL: it catches
 * nothing there. */
const NativeCatch *wm_native_catch(const NativeBody *body, const void *pc);
/* The defined function whose code entry holds the wasm offset. */
FuncCode *wm_native_code_at(LoadedModule *lm, u32 wasm_offset);

/* ---- making; all of it under lm->lock ---- */
/* The module will be compiled for `machine`: once, before it has instances. */
void wm_native_prepare(LoadedModule *lm, const NativeMachine *machine);
/* Bytes from the region's base to its first code. */
u64 wm_native_slots_bytes(const LoadedModule *lm);
/* Fresh pages for code at the end of what is used; reserves the region when there is none. NULL: no
 * memory or address space. The caller fills them and then seals them, or abandons them. */
u8 *wm_native_open(LoadedModule *lm, u64 size_bytes);
bool wm_native_seal(LoadedModule *lm, u8 *start, u64 size_bytes);
/* Room for an image's code right behind the slots of a region that has nothing yet, neither
 * committed nor sealed: pages of it become code one by one. NULL: no address space. */
u8 *wm_native_set_aside(LoadedModule *lm, u64 size_bytes);
/* Adds `body`, whose code is sealed and which then is the module's, and publishes it: slot,
 * FuncCode.native, the interpreter's way in. Tells lm->on_body before. False: out of memory, and
 * nobody knows of the body. One of the image cannot fail. */
bool wm_native_publish(LoadedModule *lm, NativeBody *body);
/* The module ends: nothing of it runs. */
void wm_native_free(LoadedModule *lm);

/* wm_call by the shortest way there is. */
static inline TrapCode native_call(Store *store, Func *func, u64 *slots) {
  u8 way = atomic_load_explicit(&func->code->direct, memory_order_acquire);
  if (UNLIKELY(way == DIRECT_NONE)) return wm_call(store, func, slots);
  STORE_VISIT visit = {store, store_enter(store)};
  return func->instance->module->machine->call_in[way](visit.store, func, slots);
}

/* ---- faults (fault.c) ---- */
/* Takes over the faults of compiled code in this process. False: not possible. */
bool wm_native_catch_faults(void);

/* ---- native_helpers.c: what helpers.def names and the rest of the runtime has not ---- */
u64 wm_helper_memory_grow(Instance *in, u32 memory, u64 delta_pages);
u64 wm_helper_table_grow(Instance *in, u32 table, u64 delta, Ref init);
struct Exception *wm_helper_exception_new(Instance *in, u32 tag);
TrapCode wm_helper_meaning(const Instance *in, u32 op, u64 *slots);

/* A call from compiled code that leaves it, of a function of `in` (NULL: of the host) with its
 * slots at store->stack_top, behind the room for an activation when it is wasm; all that room is
 * checked. `func` is NULL where the function has no object. */
TrapCode wm_native_call_out(Store *store, FuncCode *code, Instance *in, Func *func, u64 *slots);

#endif
