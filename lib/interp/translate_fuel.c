/* Fuel: where it is charged. Both tiers follow the same rule, so that it runs out at the same
 * place:
 *
 * A region begins at the start of a function, at a loop's header, and behind each `if`, `else`,
 * `end`, `catch`, `delegate` and branch that may be passed (br_if, br_on_...). It costs one for
 * each of its instructions, but for those that only make structure (block, try, end, nop), and is
 * paid when it begins; the charge stands where its first instruction does. Calls do not end a
 * region. */
#include "interp/translator.h"

static bool is_free(u16 op) {
  switch (op) {
  case OP_block:
  case OP_loop:
  case OP_else:
  case OP_end:
  case OP_nop:
  case OP_try:
  case OP_try_table:
  case OP_catch:
  case OP_catch_all:
  case OP_delegate: return true;
  default: return false;
  }
}

void wm_fuel_count(Translator *t) {
  if (!t->loaded->charges_fuel || is_free(t->in.op)) return;
  if (t->fuel_word == NONE) {
    t->fuel_word = t->code.len;
    wm_cells_emit(t, H_fuel, 2, 0);
    end_region(t);
  }
  t->fuel_cost++;
}

void wm_fuel_end(Translator *t) {
  if (t->fuel_word != NONE && !t->failed) cell_at(t, t->fuel_word)->b = t->fuel_cost;
  t->fuel_word = NONE;
  t->fuel_cost = 0;
}
