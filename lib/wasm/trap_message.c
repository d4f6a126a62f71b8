/* The messages of traps (trap.h). */
#include "wasm/trap.h"

const char *wm_trap_message(TrapCode code) {
  switch (code) {
#define TRAP_ROW(id, number, message)                                                              \
  case TRAP_##id: return message;
#include "wasm/traps.def"
#undef TRAP_ROW
  default: return "no trap";
  }
}
