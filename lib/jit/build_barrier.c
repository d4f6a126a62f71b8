/* The write barrier of compiled code (runtime/heap.h): behind each store of a reference that may be
 * one to a young object into an object that may be old. */
#include "jit/build.h"
#include "runtime/heap.h"

/* What is stored may be a struct or an array. Functions and exceptions are none. */
static bool may_hold_objects(const Build *b, ValType type) {
  if (!val_is_ref(type)) return false;
  HeapType heap = val_heap(type);
  switch (heap) {
  case HEAP_FUNC:
  case HEAP_NOFUNC:
  case HEAP_EXN:
  case HEAP_NOEXN:
  case HEAP_I31:
  case HEAP_NONE:
  case HEAP_NOEXTERN: return false;
  default: break;
  }
  return heap_is_abstract(heap) || b->module->types[heap].kind != COMP_FUNC;
}

/* Null or an i31 (its bit 0 is set: build_gc.c, make_i31). */
static bool is_no_object(const Build *b, u32 value) {
  const Node *n = node_at(b->c, value);
  if (n->op == IR_CONST) return true;
  if (n->op != OP_i64_extend_i32_u) return false;
  n = node_at(b->c, n->a);
  return n->op == OP_i32_or && is_const(b->c, n->b) && const_bits(b->c, n->b) == 1;
}

void wm_build_barrier(Build *b, ValType type, u32 object, u32 place, u32 value) {
  if (!may_hold_objects(b, type) || is_no_object(b, value) || object == b->fresh) return;
  wm_build_effect(b, make_node(IR_BARRIER, T_NONE, object, place, 0));
}
