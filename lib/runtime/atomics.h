/* The atomic instructions (threads proposal) as C. Compiled code has most of them as machine
 * instructions; the interpreter runs all of them here. They are sequentially consistent, and do not
 * mind whether a memory is shared. */
#ifndef WM_RUNTIME_ATOMICS_H
#define WM_RUNTIME_ATOMICS_H

#include "runtime/instance.h"

/* The families of atomic accesses, in the order of their numbers: seven widths each. */
typedef enum AtomicKind {
  ATOMIC_LOAD,
  ATOMIC_STORE,
  ATOMIC_ADD,
  ATOMIC_SUB,
  ATOMIC_AND,
  ATOMIC_OR,
  ATOMIC_XOR,
  ATOMIC_XCHG,
  ATOMIC_CMPXCHG,
  ATOMIC_KINDS,
  ATOMIC_OTHER = ATOMIC_KINDS /* no access: wait, notify, fence, and what is not atomic */
} AtomicKind;
AtomicKind wm_atomic_kind(u16 op);

/* An atomic row but the fence, at `address` + `offset` of the memory; operands behind the address
 * from slots a and b, the result (if any) in *result. Checks in the order of the specification's
 * tests: alignment, then the end of memory, then whether a memory is shared that is waited for.
 * TRAP_INTERRUPTED: wasm must stop. */
TrapCode wm_atomic_run(Instance *in, u16 op, u32 memory, u64 address, u64 offset, u64 a, u64 b,
                       u64 *result);

/* ---- for compiled code (helpers.def), whose access is aligned and inside ---- */
/* WAIT_WOKEN and so on; the memory is shared. */
u32 wm_helper_wait32(Instance *in, u32 memory, u64 ea, u32 expected, i64 timeout_ns);
u32 wm_helper_wait64(Instance *in, u32 memory, u64 ea, u64 expected, i64 timeout_ns);
u32 wm_helper_notify(Instance *in, u32 memory, u64 ea, u32 count);

#endif
