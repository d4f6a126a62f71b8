/* What the atomic instructions do (atomics.h). */
#include "runtime/atomics.h"

#include "runtime/shared_memory.h"
#include "wasm/opcode.h"

enum { FIRST_ACCESS = 0x10, WIDTHS = 7 }; /* of the numbers behind 0xFE */

AtomicKind wm_atomic_kind(u16 op) {
  const OpInfo *info = &wm_op_info[op];
  if (info->prefix != 0xFE || info->code < FIRST_ACCESS) return ATOMIC_OTHER;
  return (AtomicKind)((info->code - FIRST_ACCESS) / WIDTHS);
}

/* One function a width: `a` is the operand, or what a cmpxchg expects, for which b is what it
 * writes. */
#define ACCESS_OF(type)                                                                            \
  static u64 access_##type(AtomicKind kind, type *at, u64 a, u64 b) {                              \
    type expected = (type)a;                                                                       \
    switch (kind) {                                                                                \
    case ATOMIC_LOAD: return __atomic_load_n(at, __ATOMIC_SEQ_CST);                                \
    case ATOMIC_STORE: __atomic_store_n(at, (type)a, __ATOMIC_SEQ_CST); return 0;                  \
    case ATOMIC_ADD: return __atomic_fetch_add(at, (type)a, __ATOMIC_SEQ_CST);                     \
    case ATOMIC_SUB: return __atomic_fetch_sub(at, (type)a, __ATOMIC_SEQ_CST);                     \
    case ATOMIC_AND: return __atomic_fetch_and(at, (type)a, __ATOMIC_SEQ_CST);                     \
    case ATOMIC_OR: return __atomic_fetch_or(at, (type)a, __ATOMIC_SEQ_CST);                       \
    case ATOMIC_XOR: return __atomic_fetch_xor(at, (type)a, __ATOMIC_SEQ_CST);                     \
    case ATOMIC_XCHG: return __atomic_exchange_n(at, (type)a, __ATOMIC_SEQ_CST);                   \
    default:                                                                                       \
      __atomic_compare_exchange_n(at, &expected, (type)b, false, __ATOMIC_SEQ_CST,                 \
                                  __ATOMIC_SEQ_CST);                                               \
      return expected;                                                                             \
    }                                                                                              \
  }
ACCESS_OF(u8)
ACCESS_OF(u16)
ACCESS_OF(u32)
ACCESS_OF(u64)

static u64 access(AtomicKind kind, u32 size, u8 *at, u64 a, u64 b) {
  switch (size) {
  case 1: return access_u8(kind, at, a, b);
  case 2: return access_u16(kind, (u16 *)(void *)at, a, b);
  case 4: return access_u32(kind, (u32 *)(void *)at, a, b);
  default: return access_u64(kind, (u64 *)(void *)at, a, b);
  }
}

static TrapCode wait_at(Instance *in, SharedMemory *shared, u64 ea, u32 size, u64 expected,
                        u64 timeout, u64 *result) {
  if (!shared) return TRAP_EXPECTED_SHARED;
  if (size == 4) expected = (u32)expected;
  *result = wm_memory_wait(in->store, shared, ea, size, expected, (i64)timeout);
  return *result == WAIT_STOPPED ? TRAP_INTERRUPTED : TRAP_NONE;
}

TrapCode wm_atomic_run(Instance *in, u16 op, u32 memory, u64 address, u64 offset, u64 a, u64 b,
                       u64 *result) {
  const Memory *m = in->memories[memory];
  u8 *base = m->space.base;
  u32 size = wm_op_info[op].access_bytes;
  AtomicKind kind = wm_atomic_kind(op);
  u64 ea;
  bool wraps = !checked_add(address, offset, &ea);
  if (ea & (size - 1)) return TRAP_UNALIGNED_ATOMIC;
  if (wraps || !is_within(ea, size, memory_length(base))) return TRAP_MEMORY_OUT_OF_BOUNDS;
  if (kind != ATOMIC_OTHER) {
    *result = access(kind, size, base + ea, a, b);
    return TRAP_NONE;
  }
  if (op != OP_memory_atomic_notify) return wait_at(in, m->shared, ea, size, a, b, result);
  *result = m->shared ? wm_memory_notify(m->shared, ea, (u32)a) : 0;
  return TRAP_NONE;
}

u32 wm_helper_wait32(Instance *in, u32 memory, u64 ea, u32 expected, i64 timeout_ns) {
  return wm_memory_wait(in->store, in->memories[memory]->shared, ea, 4, expected, timeout_ns);
}

u32 wm_helper_wait64(Instance *in, u32 memory, u64 ea, u64 expected, i64 timeout_ns) {
  return wm_memory_wait(in->store, in->memories[memory]->shared, ea, 8, expected, timeout_ns);
}

u32 wm_helper_notify(Instance *in, u32 memory, u64 ea, u32 count) {
  SharedMemory *shared = in->memories[memory]->shared;
  return shared ? wm_memory_notify(shared, ea, count) : 0;
}
