/* Compiled code as the rest of the library sees it: where it is, what its frames look like, where
 * in the wasm source a machine address stands. Made by jit/, walked and unwound here.
 *
 * A frame of compiled code lies on the native stack and has a fixed size:
 *
 *   rsp -> [ outgoing arguments | spill slots | saved registers ] return address | stack arguments
 * ...
 *          <------------------- frame_bytes --------------------->
 *
 * Compiled code of one activation is entered by wm_native_enter and is all of one instance: calls
 * to other instances, to the interpreter and to the host leave it through call stubs, and begin an
 * activation of their own. An activation in compiled code notes in native_sp the address of the
 * return address that the leaving call pushed; from there frames are walked by their sizes until
 * entry_sp.
 *
 * Registers: r15 the instance, r14 the base of memory 0; arguments as jit/lir.h says. Results of
 * wasm calls likewise. */
#ifndef WM_RUNTIME_NATIVE_H
#define WM_RUNTIME_NATIVE_H

#include "runtime/instance.h"

/* A place in the code that can leave it: a call (pc behind it), a memory access (pc at it). */
typedef struct NativeSite {
  u32 pc;          /* bytes from the body's start */
  u32 wasm_offset; /* in the module's bytes */
  u32 caller; /* inlined code: wasm_offset of the call it was inlined at is in inline_sites[caller];
                 else NO_INDEX */
  u32 trap;   /* TrapCode of a trap stub's call or a memory access; 0: an ordinary call, or code in
                 eax */
} NativeSite;

typedef struct InlineSite {
  u32 wasm_offset;
  u32 caller; /* the next outer one, or NO_INDEX */
} InlineSite;

/* One compiled function, or on-stack replacement. Owned by its module; lives as long. */
struct NativeBody {
  NativeBody *next; /* of the module, newest first */
  const u8 *start;  /* in the module's region */
  u32 size_bytes;   /* instructions, then constants */
  u32 frame_bytes;
  u32 func_index;
  u32 saved_regs; /* callee-saved ones that the prologue pushed, as a mask (jit/lir.h) */
  u32 osr_offset; /* wasm offset of the loop it starts at; 0: a whole function */
  u32 site_count, inline_count;
  const NativeSite *sites; /* ascending by pc; in this allocation */
  const InlineSite *inline_sites;
};

/* C functions that compiled code calls through Instance.helpers (a table of this order), first the
 * stubs with a convention of their own (x64/x64_stubs.S), then helpers: C ABI, rdi the instance.
 * HELPER(id, returns a TrapCode, function). */
typedef enum HelperId {
  STUB_TRAP,     /* `call`ed from a trap site; does not return. The code is the site's, or in eax */
  STUB_CALL_REF, /* rax: Func address; arguments in place; results in place */
  STUB_POLL, /* called when the stack limit is passed, at a function's start or a loop's: returns
                when it was nothing; keeps all registers */
#define HELPER(id, ...) HELPER_##id,
#include "runtime/helpers.def"
#undef HELPER
  HELPER_COUNT
} HelperId;

/* Offsets of an Instance's words, the same for all instances of a module (wm_instance_new lays them
 * out). */
typedef struct InstanceLayout {
  u32 funcs, tables, memories, globals, tags;       /* arrays of addresses */
  u32 type_ids;                                     /* u32 by type index */
  u32 elem_refs, elem_lens, data_lens, inner_funcs; /* the instance's other arrays */
  u32 size_bytes;
} InstanceLayout;
InstanceLayout wm_instance_layout(const LoadedModule *lm);

/* ---- lookup; any thread, and signal handlers ---- */
/* The body that holds `pc`, or NULL. Safe in a signal handler. */
const NativeBody *wm_native_find(const void *pc);
/* The site at `pc` (exactly), or NULL. */
const NativeSite *wm_native_site(const NativeBody *body, const void *pc);

/* ---- making (jit/code.c) ---- */
/* Under lm->lock: adds `body`, which then is the module's, and publishes it: slot, FuncCode.native,
 * the interpreter's way in. */
bool wm_native_publish(LoadedModule *lm, NativeBody *body);

/* Enters compiled code: slots as for wm_call's frame. func_type: of the function (for an on-stack
 * replacement: the results' only), `code` its first instruction. Pushes no activation: uses
 * store->activation, which must be fresh. */
TrapCode wm_native_enter(Instance *in, const FuncCode *fc, const void *code, u64 *slots);
/* An on-stack replacement: frame is the interpreter's; results go to frame[0..]. */
TrapCode wm_native_enter_osr(Instance *in, const FuncCode *fc, const void *code, u64 *frame);

#endif
