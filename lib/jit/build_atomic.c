/* The atomic instructions (build.h). An access is its row, in order with all other effects, so that
 * nothing moves across it and what is known of memory ends there. Whether it is aligned is checked
 * before; where memory ends, as of any access. Waiting and waking are done by helpers, behind an
 * atomic load that traps where they would have to. */
#include "jit/build.h"

#include "runtime/atomics.h"
#include "runtime/shared_memory.h"

static const Limits *limits_of(const Build *b) {
  return &b->module->memories[b->in.mem.memory].limits;
}

/* The low bits of the address decide. False: it surely traps. */
static bool check_alignment(Build *b, u32 index, u32 bytes) {
  u32 mask = bytes - 1, low = limits_of(b)->is_64 ? pure(b, OP_i32_wrap_i64, index, 0) : index;
  if (!mask) return true;
  low = pure(b, OP_i32_add, low, const_i32(b, (u32)b->in.mem.offset & mask));
  wm_build_trap_if(b, pure(b, OP_i32_and, low, const_i32(b, mask)), TRAP_UNALIGNED_ATOMIC);
  return b->block != NONE;
}

/* The place of the access at `index`; false: it surely traps. */
static bool locate(Build *b, u32 index, AccessPlace *place) {
  u32 bytes = wm_op_info[b->in.op].access_bytes;
  wm_mem_forget_words(b);
  return check_alignment(b, index, bytes) && wm_mem_locate(b, index, bytes, place);
}

static u32 access_at(Build *b, u16 op, const AccessPlace *place, u32 second, u32 third) {
  Node n = make_node(op, wm_ir_result_type(op), place->address, second, third);
  n.flags = (u8)(place->flags & 15);
  return wm_build_effect_at_site(b, n);
}

/* address + displacement in one node. */
static u32 whole_address(Build *b, const AccessPlace *place) {
  if (!place->disp) return place->address;
  u32 address = place->address;
  if (node_type(b, address) == T_I32) address = pure(b, OP_i64_extend_i32_u, address, 0);
  return pure(b, OP_i64_add, address, const_i64(b, place->disp));
}

/* ---- accesses ---- */

static void build_load(Build *b) {
  AccessPlace place;
  if (locate(b, pop(b), &place)) push(b, access_at(b, b->in.op, &place, place.disp, 0));
}

static void build_store(Build *b) {
  AccessPlace place;
  u32 value = pop(b);
  if (locate(b, pop(b), &place)) access_at(b, b->in.op, &place, place.disp, value);
}

static void build_change(Build *b) {
  AccessPlace place;
  u32 value = pop(b);
  if (locate(b, pop(b), &place)) push(b, access_at(b, b->in.op, &place, place.disp, value));
}

static void build_cmpxchg(Build *b) {
  AccessPlace place;
  u32 value = pop(b), expected = pop(b);
  if (!locate(b, pop(b), &place)) return;
  place.address = whole_address(b, &place);
  push(b, access_at(b, b->in.op, &place, expected, value));
}

/* ---- waiting ---- */

/* The index with the instruction's offset, which cannot wrap once the access was inside. */
static u32 effective_address(Build *b, u32 index) {
  u32 wide = limits_of(b)->is_64 ? index : pure(b, OP_i64_extend_i32_u, index, 0);
  return pure(b, OP_i64_add, wide, const_i64(b, b->in.mem.offset));
}

static u32 call_helper(Build *b, HelperId id, const u32 *args, u32 count) {
  Node n = make_node(IR_HELPER, T_I32, id, wm_build_list(b, args, count), 0);
  return wm_build_effect_at_site(b, n);
}

/* The memory, the address; false: it surely traps. */
static bool probe(Build *b, u32 index, u32 args[2]) {
  AccessPlace place;
  bool is_wide = wm_op_info[b->in.op].access_bytes == 8;
  if (!locate(b, index, &place)) return false;
  access_at(b, is_wide ? OP_i64_atomic_load : OP_i32_atomic_load, &place, place.disp, 0);
  args[0] = const_i32(b, b->in.mem.memory);
  args[1] = effective_address(b, index);
  return true;
}

static void build_wait(Build *b, HelperId id) {
  u32 args[4];
  args[3] = pop(b);
  args[2] = pop(b);
  if (!probe(b, pop(b), args)) return;
  if (!limits_of(b)->is_shared) {
    wm_build_trap(b, TRAP_EXPECTED_SHARED);
    return;
  }
  u32 result = call_helper(b, id, args, 4);
  u32 stopped = pure(b, OP_i32_eq, result, const_i32(b, WAIT_STOPPED));
  wm_build_trap_if(b, stopped, TRAP_INTERRUPTED);
  push(b, result);
}

static void build_notify(Build *b) {
  u32 args[3];
  args[2] = pop(b);
  if (!probe(b, pop(b), args)) return;
  bool is_shared = limits_of(b)->is_shared;
  push(b, is_shared ? call_helper(b, HELPER_notify, args, 3) : const_i32(b, 0));
}

static void build_other(Build *b) {
  wm_mem_forget_words(b);
  switch (b->in.op) {
  case OP_memory_atomic_notify: build_notify(b); break;
  case OP_memory_atomic_wait32: build_wait(b, HELPER_wait32); break;
  case OP_memory_atomic_wait64: build_wait(b, HELPER_wait64); break;
  default: wm_build_effect_at_site(b, make_node(OP_atomic_fence, T_NONE, 0, 0, 0)); break;
  }
}

void wm_build_atomic(Build *b) {
  switch (wm_atomic_kind(b->in.op)) {
  case ATOMIC_LOAD: build_load(b); break;
  case ATOMIC_STORE: build_store(b); break;
  case ATOMIC_CMPXCHG: build_cmpxchg(b); break;
  case ATOMIC_OTHER: build_other(b); break;
  default: build_change(b); break;
  }
}
