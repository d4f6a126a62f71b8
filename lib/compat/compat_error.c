/* Errors: a message, or the trap that wasmtime has no code for. */
#include "compat/compat.h"

#include <stdarg.h>
#include <stdio.h>

struct wasmtime_error {
  wasm_trap_t *trap;   /* owned; NULL: the message says it all */
  const char *message; /* zero-terminated, in the same allocation */
};

/* What there is no memory for. Never changed, never freed. */
static wasmtime_error_t out_of_memory = {NULL, "out of memory"};

static wasmtime_error_t *error_of_text(const char *text) {
  size_t len = strlen(text);
  wasmtime_error_t *error = malloc(sizeof *error + len + 1);
  if (!error) return &out_of_memory;
  error->trap = NULL;
  error->message = memcpy(error + 1, text, len + 1);
  return error;
}

wasmtime_error_t *wm_compat_error(const char *format, ...) {
  char text[600];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return error_of_text(text);
}

wasmtime_error_t *wm_compat_last_error(void) {
  const char *text = wasmx_last_error()->message;
  return error_of_text(*text ? text : "it failed");
}

wasmtime_error_t *wasmtime_error_new(const char *message) {
  return error_of_text(message ? message : "");
}

void wasmtime_error_delete(wasmtime_error_t *error) {
  if (!error || error == &out_of_memory) return;
  wasm_trap_delete(error->trap);
  free(error);
}

/* Vectors of bytes have a zero behind their last one. */
void wasmtime_error_message(const wasmtime_error_t *error, wasm_name_t *message) {
  if (!message) return;
  const char *text = error ? error->message : "";
  wasm_byte_vec_new(message, strlen(text), text);
}

bool wasmtime_error_exit_status(const wasmtime_error_t *error, int *status) {
  return error && wasmx_trap_exit_status(error->trap, status);
}

void wasmtime_error_wasm_trace(const wasmtime_error_t *error, wasm_frame_vec_t *out) {
  if (!out) return;
  wasm_frame_vec_new_empty(out);
  if (error && error->trap) wasm_trap_trace(error->trap, out);
}

/* ---- what calls end by ---- */

static wasmtime_error_t *error_of_trap(wasm_trap_t *trap) {
  int status;
  wasm_message_t text;
  wasm_trap_message(trap, &text);
  wasmtime_error_t *error = wasmx_trap_exit_status(trap, &status)
                                ? wm_compat_error("Exited with i32 exit status %d", status)
                                : error_of_text(text.data ? text.data : "");
  wasm_byte_vec_delete(&text);
  if (error == &out_of_memory)
    wasm_trap_delete(trap);
  else
    error->trap = trap;
  return error;
}

/* As wasmtime has it: traps are wasm's own; what hosts say is an error, as is the program's end. */
wasmtime_error_t *wm_compat_end(wasm_trap_t *trap, wasm_trap_t **out) {
  if (out) *out = NULL;
  if (!trap) return NULL;
  u32 code = wasmx_trap_code(trap);
  if (!out || code == WASMX_TRAP_HOST || code == WASMX_TRAP_EXIT) return error_of_trap(trap);
  *out = trap;
  return NULL;
}

wasm_trap_t *wm_compat_trap_of(wasmtime_error_t *error) {
  wasm_trap_t *trap = error->trap;
  if (trap)
    error->trap = NULL;
  else
    trap = wasmtime_trap_new(error->message, strlen(error->message));
  wasmtime_error_delete(error);
  return trap;
}
