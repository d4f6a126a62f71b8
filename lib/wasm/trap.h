/* Why running wasm stopped. The rows are in traps.def. */
#ifndef WM_WASM_TRAP_H
#define WM_WASM_TRAP_H

#include "base/base.h"

typedef enum TrapCode {
  TRAP_NONE = 0,
#define TRAP_ROW(id, number, message) TRAP_##id = number,
#include "wasm/traps.def"
#undef TRAP_ROW
  TRAP_CODE_COUNT,
  /* Not traps: how compiled code may end besides returning (runtime/tail.h). */
  TRAP_TAIL_CALL,
  TRAP_EXCEPTION, /* runtime/exception.h */
} TrapCode;

/* The spec's words for it, a static string. */
const char *wm_trap_message(TrapCode code);

#endif
