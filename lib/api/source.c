/* The one place that may call the text format. */
#include "api/source.h"

#include "api/handle.h"

#if WITH_TEXT
#include "text/wat.h"

static bool translate(const char *text, size_t size, Buffer *out, Error *err) {
  if (!wm_wat_to_binary(text, size, out, err)) return false;
  return !out->failed || wm_error_out_of_memory(err);
}
#else
static bool translate(const char *text, size_t size, Buffer *out, Error *err) {
  (void)text, (void)size, (void)out;
  return wm_error_set(err, ERR_ARGUMENT, 0, "this library was built without the text format");
}
#endif

/* Whether the input may be text at all: any begins with a parenthesis or a comment, and space
 * before it. The decoder says what other files are. */
static bool may_be_text(const u8 *bytes, size_t size) {
  size_t i = 0;
  while (i < size && (bytes[i] == ' ' || (bytes[i] >= '\t' && bytes[i] <= '\r'))) i++;
  return i < size ? bytes[i] == '(' || bytes[i] == ';' : size > 0;
}

bool wm_source_open(const u8 *bytes, size_t size, bool allow_text, Buffer *text, Source *out,
                    Error *err) {
  *out = (Source){bytes, size};
  if (!allow_text || !may_be_text(bytes, size)) return true;
  if (!translate((const char *)bytes, size, text, err)) return false;
  /* What the text says is checked where all binaries are: the loader sees no difference. */
  *out = (Source){text->data, text->len};
  return true;
}

bool wasmx_wat2wasm(const char *text, size_t size, wasm_byte_vec_t *out, wasmx_error_t *err) {
  Error error = {0};
  Buffer binary = {0};
  if (out) wasm_byte_vec_new_empty(out);
  bool ok = out && (text || !size);
  if (!ok) wm_error_set(&error, ERR_ARGUMENT, 0, "the text or the result is NULL");
  ok = ok && translate(text ? text : "", size, &binary, &error);
  if (ok) {
    wasm_byte_vec_new(out, binary.len, (const wasm_byte_t *)binary.data);
    ok = out->data || wm_error_out_of_memory(&error);
  }
  if (!ok) wm_api_report(&error, err);
  wm_buffer_free(&binary);
  return ok;
}
