/* Push and pop of the operand stack, inlined: most of validation's time is spent here. Anything but
 * the plain case goes to valid_operands.c. */
#ifndef WM_VALID_OPERANDS_H
#define WM_VALID_OPERANDS_H

#include "valid/validator.h"

/* Slack that the stack always has above its highest use: what one instruction with a fixed
 * signature pushes. */
enum { STACK_SLACK = 4 };

/* The caller calls settle_height once after the instruction's pushes. */
static inline void push(Validator *v, ValType t) {
  v->stack[v->stack_len++] = t;
  v->slots += val_slots(t);
}

static inline bool pop(Validator *v, ValType expected) {
  if (LIKELY(v->stack_len > v->base && v->stack[v->stack_len - 1] == expected)) {
    v->stack_len--;
    v->slots -= val_slots(expected);
    return true;
  }
  return wm_valid_pop_slow(v, expected);
}

/* Nothing is left of an unreachable block's stack: it has as many values of any type as are wanted,
 * which need not be popped one by one. */
static inline bool pops_anything(const Validator *v) {
  return v->stack_len == v->base && v->unreachable;
}

/* Any type; VAL_BOTTOM from unreachable code. */
static inline bool pop_any(Validator *v, ValType *found) {
  if (LIKELY(v->stack_len > v->base)) {
    *found = v->stack[--v->stack_len];
    v->slots -= val_slots(*found);
    return true;
  }
  *found = VAL_BOTTOM;
  return v->unreachable || wm_valid_mismatch(v, VAL_BOTTOM, NULL);
}

/* The top of the stack is these very types. */
static inline bool top_is(const Validator *v, Types types) {
  return types.count <= v->stack_len - v->base &&
         (types.count == 0 || !memcmp(v->stack + v->stack_len - types.count, types.items,
                                      types.count * sizeof *types.items));
}

static inline bool pop_types(Validator *v, Types types) {
  if (LIKELY(top_is(v, types))) {
    v->stack_len -= types.count;
    v->slots -= types.slots;
    return true;
  }
  return wm_valid_pop_types_slow(v, types);
}

/* Whether the types could be popped; leaves the stack as it is. */
static inline bool peek_types(Validator *v, Types types) {
  return LIKELY(top_is(v, types)) || wm_valid_peek_types_slow(v, types);
}

/* Keeps the promise of max_slots. False: error. */
static inline bool settle_height(Validator *v) {
  return LIKELY(v->slots <= v->max_slots) || wm_valid_new_height(v);
}

static inline bool push_types(Validator *v, Types types) {
  if (types.count == 0) return true;
  if (UNLIKELY(types.count > v->stack_cap - v->stack_len) && !wm_valid_grow_stack(v, types.count))
    return false;
  memcpy(v->stack + v->stack_len, types.items, types.count * sizeof *types.items);
  v->stack_len += types.count;
  v->slots += types.slots;
  return true;
}

/* The types are on the stack; unreachable code's unknown types and subtypes become them. */
static inline bool pass_types(Validator *v, Types types) {
  return top_is(v, types) || (pop_types(v, types) && push_types(v, types));
}

/* ---- what blocks take and give ---- */

static inline Types one_type(const ValType *value) {
  u32 count = *value != VAL_BOTTOM;
  return (Types){value, count, count * val_slots(*value)};
}

static inline Types start_types(const Control *c) {
  return c->type ? param_types(c->type) : (Types){0};
}
static inline Types end_types(const Control *c) {
  return c->type ? result_types(c->type) : one_type(&c->value);
}
/* What a branch to the block takes. */
static inline Types label_types(const Control *c) {
  return c->op == OP_loop ? start_types(c) : end_types(c);
}

#endif
