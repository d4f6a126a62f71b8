/* What is shared by all instances of a module: the module itself, and per defined function the code
 * that runs now. Engine-level, counted, used by many threads. Nothing here belongs to an instance.
 */
#ifndef WM_RUNTIME_CODE_H
#define WM_RUNTIME_CODE_H

#include "binary/branch_hints.h"
#include "os/os.h"
#include "runtime/catch.h"
#include "runtime/object.h"
#include "wasm/module.h"
#include "wasm/trap.h"

#include <stdatomic.h>

typedef struct Func Func;
typedef struct Instance Instance;
typedef struct LoadedModule LoadedModule;
typedef struct FuncCode FuncCode;
typedef struct NativeBody NativeBody;
typedef struct NativeIndex NativeIndex;
typedef struct PoolImage PoolImage;
typedef struct CallSite CallSite; /* profile.h */
typedef struct CallSites CallSites;

/* Runs a function of `in` from native code: its arguments are in slots frame[0..] (frame.h), the
 * results come back in frame[0..]. The caller has pushed a fresh Activation (store->activation) and
 * made sure that parameters, results and a link fit; the callee checks its whole frame. Returns
 * TRAP_NONE, or the code of the trap that is now store->trap. */
typedef TrapCode (*FuncEntry)(FuncCode *code, Instance *in, u64 *frame);

/* A place where an on-stack replacement begins, or is to begin. Owned by the module. */
typedef struct OsrEntry OsrEntry;
struct OsrEntry {
  OsrEntry *next;                   /* of the function */
  void *cell;                       /* of the interpreter: the loop's first one */
  u32 loop_offset;                  /* wasm offset of the `loop` */
  _Atomic(const NativeBody *) body; /* NULL: not yet, or it could not be compiled */
};

struct FuncCode {
  /* The cell to run first: `stub`, which has something to do first (translate, count calls, enter
   * compiled code), or `cells`. Release order. */
  _Atomic(const void *) code;
  _Atomic(FuncEntry) entry; /* for callers in native code; NULL for a host function */
  /* Where compiled code of the same instance calls, with the Func in hand: the compiled function,
   * or a stub that runs whatever there is. Release order. */
  _Atomic(const void *) native;
  _Atomic(const NativeBody *) body; /* compiled whole, or NULL */
  LoadedModule *module;             /* borrowed: owns this struct. NULL for a host function */
  u32 index;                        /* in the function index space */
  u32 type_id;
  u16 param_slots, result_slots;
  u32 link_slot;              /* where the frame's link is: max(param_slots, result_slots) */
  u32 frame_slots;            /* the whole frame; set when the module is prepared */
  u8 native_shape;            /* NativeShape of the signature (native.h) */
  _Atomic u8 direct;          /* DirectWay of its body (native.h); a host function has none */
  u8 c_call;                  /* CCall of a host function (native.h) */
  u32 narrow_params;          /* wm_narrow_slots of the parameters */
  _Atomic u8 requested;       /* compilation of the whole function was asked for */
  _Atomic u32 hotness;        /* calls and loop rounds credited by the interpreter */
  const void *cells;          /* the translation, in a chunk of the module; NULL: none yet */
  const void *code_end;       /* one past the cells, for finding a function by pc */
  const CatchTable *catches;  /* of the cells; NULL: nothing is caught */
  _Atomic(CallSites *) sites; /* of the cells; NULL: nothing is noted. Release order */
  _Atomic(OsrEntry *) osr;    /* newest first; additions under the module's lock */
  u64 stub[2];                /* the cell named above, by whose address the FuncCode is found */
};

/* The address space for a module's compiled code, reserved when the first function is compiled:
 *
 *   [ slots: one address a defined function (read-write) | code, page by page executable ... ]
 *
 * Direct calls go through the slot: a call of what the slot holds. A slot holds the compiled body's
 * start, or before that the call-slot stub, which finds out by the return address whose slot it
 * was. */
typedef struct NativeRegion {
  u8 *base; /* NULL: none */
  u64 size_bytes;
  _Atomic(u64) used_bytes;      /* slots and code; code beyond is not there yet */
  _Atomic(NativeIndex *) index; /* the bodies by address (native.c) */
  u32 registration;             /* where the process-wide registry has it */
} NativeRegion;

/* What the engine does for functions that get hot. Counts are of calls and of loop rounds. */
typedef struct TierHooks {
  u32 call_threshold, loop_threshold;
  /* Wants `code` compiled: all of it (entry NULL) or from a loop on. Any thread, no locks held. */
  void (*request)(FuncCode *code, OsrEntry *entry);
} TierHooks;

/* Compiled code that was kept from an earlier run and is read function by function. Its bodies are
 * the first ones of the region, ascending. */
typedef struct CodeImage CodeImage;
struct CodeImage {
  u32 count;
  const u32 *starts;  /* bytes from the region's base, ascending */
  NativeBody *bodies; /* by the same number; all zero until its function is called */
  /* Under the lock: publishes the function's body, when there is one that is whole. */
  bool (*fetch)(LoadedModule *, FuncCode *code);
  bool (*fetch_all)(LoadedModule *); /* false: some are damaged */
  void (*free)(CodeImage *);
};

/* What memories of the module begin with (memory_image.h). */
typedef struct MemoryImages MemoryImages;
struct MemoryImages {
  void (*free)(MemoryImages *);
  u32 count;
  PoolImage *of[]; /* by memory; owned; NULL: none */
};

/* A chunk of translated code; the functions in it in ascending order of address. */
typedef struct CodeChunk CodeChunk;

struct LoadedModule {
  Module module;          /* owned */
  _Atomic u32 references; /* module objects, instances, shared modules */
  TypeRegistry *types;    /* borrowed from the engine, which outlives it */
  void *engine;           /* counted by engine/; for on_free */
  /* Called with the last reference, before anything is freed: nobody may work for it any more.
   * NULL: nothing to do. */
  void (*on_unused)(LoadedModule *);
  /* Gives back what the engine did for it; called last. NULL: nothing to do. */
  void (*on_free)(LoadedModule *);
  /* Run with release_env when all is over, for bytes that were borrowed; or NULL. */
  void (*release)(void *env);
  void *release_env;
  void *tier_state;                    /* engine/'s; NULL: none */
  LoadedModule *tier_next, *tier_prev; /* engine/'s list of modules */
  const struct NativeMachine *machine; /* NULL: nothing is compiled */
  const TierHooks *tiers;              /* borrowed from the engine; NULL: the interpreter only */
  bool charges_fuel, canonical_nan;    /* how it was loaded; the same in every tier */
  NativeRegion region;
  NativeBody *bodies; /* under the lock; newest first. Owned, but for those of the image */
  CodeImage *image;   /* owned; or NULL */
  FuncCode *codes;    /* owned: one a defined function (func_count - func_import_count) */
  u32 *escapes; /* owned: the defined functions that have a Func object in each instance (those
                   that escape, and the start function), ascending */
  u32 escape_count;
  Mutex lock;        /* translation */
  CodeChunk *chunks; /* owned, under the lock; newest first */
  /* Set by the tier that translates, for the files of it that its loop needs: the word that makes
   * a cell run a handler (interp/cell.h). */
  u64 (*handler_address)(u32 handler);
  /* Set by the engine, called under the lock: makes a function's facts (wm_loaded_learn). */
  bool (*learn)(LoadedModule *, u32 func_index);
  /* Set by the tier that translates: the wasm offset (in the module's bytes) of the instruction
   * whose cell holds the address `pc` (any byte of the cell). Not fast. */
  u32 (*offset_of)(const FuncCode *code, const void *pc);
  /* Set by the interpreter, called under the lock when a body was published: makes it run that. */
  void (*on_native)(FuncCode *code, const NativeBody *body);
  /* Called under the lock before a body of the module can run; NULL: nobody wants to know. */
  void (*on_body)(LoadedModule *, NativeBody *body);
  /* Called before a body's memory goes, when it has `debug`. */
  void (*on_body_free)(NativeBody *body);
  /* Owned; NULL: not made yet. */
  _Atomic(MemoryImages *) images;
  _Atomic bool was_instantiated;
  Name *func_names;  /* owned, under the lock: made when tools want names of bodies; or NULL */
  BranchHint *hints; /* owned: the compiler's, ascending; or NULL */
  u32 hint_count;
};

/* Takes over `module`, which is valid, and makes a FuncCode for each defined function with index,
 * type and the slots known from it; the tier fills in the rest. One reference is the caller's.
 * NULL: out of memory (`module` is untouched). */
LoadedModule *wm_loaded_new(Module *module, TypeRegistry *types);
void wm_loaded_retain(LoadedModule *lm);
void wm_loaded_release(LoadedModule *lm);

/* Under lm->lock: `size_bytes` of memory for code cells (8-byte aligned), or NULL. */
void *wm_code_alloc(LoadedModule *lm, size_t size_bytes);
/* Under lm->lock: records that [code, code+size) are the cells of `fc`, so that a pc is found
 * again. */
bool wm_code_register(LoadedModule *lm, FuncCode *fc, const void *code, size_t size_bytes);
/* The function whose cells (or stub) hold `pc`, or NULL. Takes the lock. */
FuncCode *wm_code_find(LoadedModule *lm, const void *pc);

/* Sets the type and what follows from it: all that a host function's code has. */
void wm_code_set_type(FuncCode *code, u32 type_id, const SubType *type);

/* Which of the first NARROW_SLOTS slots of values of these types hold 4 bytes: bit i for slot i. */
enum { NARROW_SLOTS = 32 };
u32 wm_narrow_slots(const ValType *types, u32 count);
/* Makes the other half of these zero (frame.h). */
static inline void narrow_slots(u64 *slots, u32 narrow) {
  if (narrow & 1) slots[0] = (u32)slots[0];
  for (u32 bits = narrow & ~1u; UNLIKELY(bits); bits &= bits - 1) {
    u32 i = (u32)__builtin_ctz(bits);
    slots[i] = (u32)slots[i];
  }
}

/* Sees to a defined function's facts: a module whose bodies were validated in an earlier run gets
 * them one by one. False: no memory, or the body is not what it was. */
bool wm_loaded_learn(const LoadedModule *lm, u32 func_index);
/* The same under the lock. */
bool wm_loaded_learn_locked(LoadedModule *lm, u32 func_index);

static inline FuncCode *loaded_code(LoadedModule *lm, u32 func_index) {
  return &lm->codes[func_index - lm->module.func_import_count];
}

#endif
