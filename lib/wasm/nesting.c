/* How instructions nest (nesting.h). */
#include "wasm/nesting.h"

static bool fits(u16 op, u16 part) {
  switch (op) {
  case OP_else: return part == OP_if;
  case OP_catch:
  case OP_catch_all: return part == OP_try || part == OP_catch;
  case OP_delegate: return part == OP_try;
  default: return true;
  }
}

bool wm_instr_fits(const Instr *in, u16 part, Error *err) {
  return fits(in->op, part) ||
         wm_error_set(err, ERR_MALFORMED, in->offset, "END opcode expected: %s, not in %s",
                      wm_op_text(in->op), in->op == OP_else ? "if" : "try");
}
