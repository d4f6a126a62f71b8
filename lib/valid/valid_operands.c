/* The operand stack where the plain case of operands.h does not hold: other types that match,
 * unreachable code, growth, and errors. */
#include "valid/operands.h"

#include <stdlib.h>

/* The operand stack needs room for `want` items. */
/* Doubled, so that a body of n pushes costs O(n). */
static bool reserve_stack(Validator *v, u64 want) {
  if (want <= v->stack_cap) return true;
  u64 cap = max_u64(want, (u64)v->stack_cap * 2);
  ValType *grown = realloc(v->stack, (size_t)cap * sizeof *grown);
  if (!grown) return wm_error_out_of_memory(v->err);
  v->stack = grown;
  v->stack_cap = (u32)cap;
  return true;
}

/* Also makes the first room, so that operands.h needs no test for none. */
bool wm_valid_reset_stack(Validator *v) {
  v->stack_len = v->base = v->slots = v->max_slots = 0;
  v->unreachable = false;
  return reserve_stack(v, 64);
}

bool wm_valid_grow_stack(Validator *v, u32 extra) {
  return reserve_stack(v, (u64)v->stack_len + extra + STACK_SLACK);
}

bool wm_valid_new_height(Validator *v) {
  v->max_slots = v->slots; /* never below stack_len */
  if (v->slots > MAX_FRAME_SLOTS)
    return wm_error_set(v->err, ERR_LIMIT, v->in.offset, "more than %d operand slots",
                        MAX_FRAME_SLOTS);
  return reserve_stack(v, (u64)v->max_slots + STACK_SLACK);
}

bool wm_valid_pop_slow(Validator *v, ValType expected) {
  if (v->stack_len == v->base) return v->unreachable || wm_valid_mismatch(v, expected, NULL);
  ValType found = v->stack[--v->stack_len];
  v->slots -= val_slots(found);
  return wm_valid_matches(v, found, expected) || wm_valid_mismatch(v, expected, &found);
}

/* From the top down, as single pops would be. */
bool wm_valid_pop_types_slow(Validator *v, Types types) {
  for (u32 i = types.count; i-- > 0;) {
    if (pops_anything(v)) break;
    if (!pop(v, types.items[i])) return false;
  }
  return true;
}

bool wm_valid_peek_types_slow(Validator *v, Types types) {
  u32 height = v->stack_len - v->base;
  for (u32 i = 1; i <= types.count; i++) { /* i-th from the top */
    ValType expected = types.items[types.count - i];
    if (i > height) return v->unreachable || wm_valid_mismatch(v, expected, NULL);
    ValType found = v->stack[v->stack_len - i];
    if (!wm_valid_matches(v, found, expected)) return wm_valid_mismatch(v, expected, &found);
  }
  return true;
}

bool wm_valid_pop_ref(Validator *v, ValType *found) {
  if (!pop_any(v, found)) return false;
  if (*found == VAL_BOTTOM) *found = REF_TYPE(HEAP_BOTTOM);
  return val_is_ref(*found) || wm_valid_mismatch(v, VAL_FUNCREF, found);
}
