/* What is shared by all instances of a module: the module itself, and per defined function the code
 * that runs now. Engine-level, counted, used by many threads. Nothing here belongs to an instance.
 */
#ifndef WM_RUNTIME_CODE_H
#define WM_RUNTIME_CODE_H

#include "os/os.h"
#include "runtime/object.h"
#include "wasm/module.h"
#include "wasm/trap.h"

#include <stdatomic.h>

typedef struct Func Func;
typedef struct Instance Instance;
typedef struct LoadedModule LoadedModule;

/* Runs `func` from native code: its arguments are in slots frame[0..] (frame.h), the results come
 * back in frame[0..]. Called by wm_call only, which has pushed the Activation (store->activation)
 * and made sure that parameters, results and a link fit; the callee checks its whole frame. Returns
 * TRAP_NONE, or the code of the trap that is now store->trap. */
typedef TrapCode (*FuncEntry)(Func *func, u64 *frame);

typedef struct FuncCode {
  /* The cells to run: at first `stub`, then the translation, in a chunk of the module. Written
   * under the module's lock with release order. */
  _Atomic(const void *) code;
  FuncEntry entry;      /* for callers in native code; NULL for a host function */
  LoadedModule *module; /* borrowed: owns this struct. NULL for a host function */
  u32 index;            /* in the function index space */
  u32 type_id;
  u16 param_slots, result_slots;
  u32 link_slot;        /* where the frame's link is: max(param_slots, result_slots) */
  u32 frame_slots;      /* the whole frame; set when the module is prepared */
  _Atomic u32 hotness;  /* calls and loop rounds credited by the interpreter */
  const void *code_end; /* one past the cells, for finding a function by pc */
  u64 stub[2];          /* the "translate me" cell, by whose address the FuncCode is found */
} FuncCode;

/* A chunk of translated code; the functions in it in ascending order of address. */
typedef struct CodeChunk CodeChunk;

struct LoadedModule {
  Module module;          /* owned */
  _Atomic u32 references; /* module objects, instances, shared modules */
  TypeRegistry *types;    /* borrowed from the engine, which outlives it */
  void *engine;           /* counted by engine/; for on_free */
  /* Gives back what the engine did for it; called with the last reference. NULL: nothing to do. */
  void (*on_free)(LoadedModule *);
  FuncCode *codes; /* owned: one a defined function (func_count - func_import_count) */
  u32 *escapes;    /* owned: the defined functions that have a Func object in each instance (those
                      that escape, and the start function), ascending */
  u32 escape_count;
  Mutex lock;        /* translation */
  CodeChunk *chunks; /* owned, under the lock; newest first */
  /* Set by the tier that translates: the wasm offset (in the module's bytes) of the instruction
   * whose cell holds the address `pc` (any byte of the cell). Not fast. */
  u32 (*offset_of)(const FuncCode *code, const void *pc);
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

static inline FuncCode *loaded_code(LoadedModule *lm, u32 func_index) {
  return &lm->codes[func_index - lm->module.func_import_count];
}

#endif
