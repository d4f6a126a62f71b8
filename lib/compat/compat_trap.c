/* Traps by wasmtime's codes, and names of frames. */
#include "compat/compat.h"

/* Codes of wasmx.h by wasmtime's; 0: nothing here traps by it. */
static const u8 codes[] = {
    [WASMTIME_TRAP_CODE_STACK_OVERFLOW] = WASMX_TRAP_STACK_OVERFLOW,
    [WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS] = WASMX_TRAP_MEMORY_OUT_OF_BOUNDS,
    [WASMTIME_TRAP_CODE_HEAP_MISALIGNED] = WASMX_TRAP_UNALIGNED_ATOMIC,
    [WASMTIME_TRAP_CODE_TABLE_OUT_OF_BOUNDS] = WASMX_TRAP_UNDEFINED_ELEMENT,
    [WASMTIME_TRAP_CODE_INDIRECT_CALL_TO_NULL] = WASMX_TRAP_UNINITIALIZED_ELEMENT,
    [WASMTIME_TRAP_CODE_BAD_SIGNATURE] = WASMX_TRAP_INDIRECT_CALL_TYPE,
    [WASMTIME_TRAP_CODE_INTEGER_OVERFLOW] = WASMX_TRAP_INT_OVERFLOW,
    [WASMTIME_TRAP_CODE_INTEGER_DIVISION_BY_ZERO] = WASMX_TRAP_INT_DIV_BY_ZERO,
    [WASMTIME_TRAP_CODE_BAD_CONVERSION_TO_INTEGER] = WASMX_TRAP_INVALID_CONVERSION,
    [WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED] = WASMX_TRAP_UNREACHABLE,
    [WASMTIME_TRAP_CODE_INTERRUPT] = WASMX_TRAP_INTERRUPTED,
    [WASMTIME_TRAP_CODE_OUT_OF_FUEL] = WASMX_TRAP_OUT_OF_FUEL,
    [WASMTIME_TRAP_CODE_ATOMIC_WAIT_NON_SHARED_MEMORY] = WASMX_TRAP_EXPECTED_SHARED,
    [WASMTIME_TRAP_CODE_NULL_REFERENCE] = WASMX_TRAP_NULL_REFERENCE,
    [WASMTIME_TRAP_CODE_ARRAY_OUT_OF_BOUNDS] = WASMX_TRAP_ARRAY_OUT_OF_BOUNDS,
    [WASMTIME_TRAP_CODE_ALLOCATION_TOO_LARGE] = WASMX_TRAP_OUT_OF_MEMORY,
    [WASMTIME_TRAP_CODE_CAST_FAILURE] = WASMX_TRAP_CAST_FAILURE,
    [WASMTIME_TRAP_CODE_DISABLED_OPCODE] = 0,
};

/* Several of wasmx.h's are one of wasmtime's. */
static u32 as_wasmtime_has_it(u32 code) {
  switch (code) {
  case WASMX_TRAP_TABLE_OUT_OF_BOUNDS: return WASMX_TRAP_UNDEFINED_ELEMENT;
  case WASMX_TRAP_NULL_FUNCTION:
  case WASMX_TRAP_NULL_EXCEPTION: return WASMX_TRAP_NULL_REFERENCE;
  default: return code;
  }
}

wasm_trap_t *wasmtime_trap_new(const char *message, size_t message_len) {
  wasm_message_t text = {message ? message_len : 0, (char *)(uintptr_t)message};
  return wasm_trap_new(NULL, &text);
}

wasm_trap_t *wasmtime_trap_new_code(wasmtime_trap_code_t code) {
  return wasmx_trap_new_code(NULL, code < ARRAY_LEN(codes) ? codes[code] : 0);
}

bool wasmtime_trap_code(const wasm_trap_t *trap, wasmtime_trap_code_t *code) {
  u32 own_code = as_wasmtime_has_it(wasmx_trap_code(trap));
  for (u32 i = 0; own_code && i < ARRAY_LEN(codes); i++) {
    if (codes[i] != own_code) continue;
    if (code) *code = (wasmtime_trap_code_t)i;
    return true;
  }
  return false;
}

const wasm_name_t *wasmtime_frame_func_name(const wasm_frame_t *frame) {
  return wasmx_frame_func_name_view(frame);
}

const wasm_name_t *wasmtime_frame_module_name(const wasm_frame_t *frame) {
  return wasmx_frame_module_name_view(frame);
}
