/* The last error of each thread, and errors on their way to the host.
 *
 *   Error (base/error.h: in the library, on the C stack)
 *     --convert--> wasmx_error_t --keep--> this thread's last error        wasmx_last_error
 *                                --copy--> the caller's struct             as far as its size goes
 */
#include "api/handle.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* The public numbers are the inner ones. */
#define SAME(inner, outer) _Static_assert((int)(inner) == (int)(outer), #outer)
SAME(ERR_NONE, WASMX_OK);
SAME(ERR_OUT_OF_MEMORY, WASMX_OUT_OF_MEMORY);
SAME(ERR_MALFORMED, WASMX_MALFORMED);
SAME(ERR_INVALID, WASMX_INVALID);
SAME(ERR_UNSUPPORTED, WASMX_UNSUPPORTED);
SAME(ERR_LIMIT, WASMX_LIMIT);
SAME(ERR_SYNTAX, WASMX_SYNTAX);
SAME(ERR_LINK, WASMX_LINK);
SAME(ERR_ARGUMENT, WASMX_ARGUMENT);
SAME(ERR_IO, WASMX_IO);
SAME(ERR_TRAP, WASMX_TRAPPED);
#define TRAP_ROW(id, number, message) SAME(number, WASMX_TRAP_##id);
#include "wasm/traps.def"
#undef TRAP_ROW

/* Made with a thread's first error, so that thread-local storage stays small: several copies of
 * the library go into a process. */
static _Thread_local wasmx_error_t *last_error;
static const wasmx_error_t no_error = {.size = sizeof no_error};
/* Of threads that have no memory to keep theirs. */
static const wasmx_error_t no_memory = {
    .size = sizeof no_memory, .code = WASMX_OUT_OF_MEMORY, .message = "out of memory"};

/* Cut, and zero-terminated always. */
static void copy_text(char *out, size_t size, const char *text) {
  size_t len = strnlen(text, size - 1);
  memcpy(out, text, len);
  out[len] = 0;
}

#define COPY(field) copy_text(out->field, sizeof out->field, err->field)

static void convert(const Error *err, wasmx_error_t *out) {
  out->size = sizeof *out;
  out->code = (wasmx_errcode_t)err->code;
  out->line = err->line;
  out->column = err->column;
  out->offset = err->offset;
  COPY(message);
  COPY(context);
  COPY(import_module);
  COPY(import_name);
  COPY(expected);
  COPY(found);
  copy_text(out->proposal, sizeof out->proposal, err->proposal ? err->proposal : "");
}

static wasmx_error_t *make_last_error(void) {
  wasmx_error_t *made = malloc(sizeof *made);
  /* Kept means freed when the thread ends. */
  if (made && wm_thread_keep((void **)&last_error)) return made;
  free(made);
  return NULL;
}

/* last_error is NULL, made, or no_memory; from no_memory it is tried again. */
static void keep(const wasmx_error_t *error) {
  bool is_made = last_error && last_error != &no_memory;
  wasmx_error_t *place = is_made ? last_error : make_last_error();
  if (place) *place = *error;
  last_error = place ? place : (wasmx_error_t *)(uintptr_t)&no_memory;
}

void wm_api_report(const Error *err, wasmx_error_t *out) {
  wasmx_error_t error;
  convert(err, &error);
  keep(&error);
  if (!out) return;
  /* A caller built with an older header has a shorter struct. */
  size_t size = out->size;
  if (size <= sizeof size) return;
  memcpy(out, &error, size < sizeof error ? size : sizeof error);
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

const wasmx_error_t *wasmx_last_error(void) { return last_error ? last_error : &no_error; }
