/* The last error of each thread, and errors on their way to the host. */
#include "api/handle.h"

#include <stdarg.h>
#include <stdio.h>

_Static_assert((int)ERR_OUT_OF_MEMORY == (int)WASMX_OUT_OF_MEMORY &&
                   (int)ERR_LINK == (int)WASMX_LINK && (int)ERR_TRAP == (int)WASMX_TRAPPED,
               "the codes are public");
_Static_assert((int)TRAP_EXIT == (int)WASMX_TRAP_EXIT && (int)TRAP_HOST == (int)WASMX_TRAP_HOST &&
                   (int)TRAP_OUT_OF_MEMORY == (int)WASMX_TRAP_OUT_OF_MEMORY,
               "the codes are public");

/* A fixed buffer, so that keeping an error needs no memory. */
static _Thread_local wasmx_error_t last_error;

static void copy_text(char *out, size_t size, const char *text) {
  size_t len = strnlen(text, size - 1);
  memcpy(out, text, len);
  out[len] = 0;
}

#define COPY(field) copy_text(last_error.field, sizeof last_error.field, err->field)

void wm_api_report(const Error *err, wasmx_error_t *out) {
  last_error.size = sizeof last_error;
  last_error.code = (wasmx_errcode_t)err->code;
  last_error.line = err->line;
  last_error.column = err->column;
  last_error.offset = err->offset;
  COPY(message);
  COPY(context);
  COPY(import_module);
  COPY(import_name);
  COPY(expected);
  COPY(found);
  copy_text(last_error.proposal, sizeof last_error.proposal, err->proposal ? err->proposal : "");
  if (!out) return;
  /* A caller built with an older header has a shorter struct. */
  size_t size = out->size;
  if (size <= sizeof size) return;
  memcpy(out, &last_error, size < sizeof last_error ? size : sizeof last_error);
  out->size = size;
}

bool wm_api_fail(ErrorCode code, const char *format, ...) {
  Error err = {.code = code};
  va_list args;
  va_start(args, format);
  vsnprintf(err.message, sizeof err.message, format, args);
  va_end(args);
  wm_api_report(&err, NULL);
  return false;
}

bool wm_api_out_of_memory(void) {
  Error err = {0};
  wm_error_out_of_memory(&err);
  wm_api_report(&err, NULL);
  return false;
}

Store *wm_api_store(const wasm_store_t *home, Error *err) {
  if (home && home->store) return home->store;
  wm_error_set(err, ERR_ARGUMENT, 0, home ? "the store is deleted" : "the store is NULL");
  return NULL;
}

Store *wm_api_handle_store(const Handle *h, Error *err) {
  if (h && h->home->store) return h->home->store;
  wm_error_set(err, ERR_ARGUMENT, 0, h ? "the object's store is deleted" : "the object is NULL");
  return NULL;
}

const wasmx_error_t *wasmx_last_error(void) {
  last_error.size = sizeof last_error;
  return &last_error;
}
