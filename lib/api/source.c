/* The one place that may call the text format, to read it and to write it. */
#include "api/source.h"

#include "api/handle.h"
#include "binary/sniff.h"

#if WITH_TEXT
#include "binary/decode.h"
#include "text/print.h"
#include "text/wat.h"

static bool translate(const char *text, size_t size, Buffer *out, Error *err) {
  if (!wm_wat_to_binary(text, size, out, err)) return false;
  return !out->failed || wm_error_out_of_memory(err);
}

static bool print(const u8 *bytes, size_t size, u32 flags, Buffer *out, Error *err) {
  Module m;
  bool ok = wm_module_decode(&m, bytes, size, err) && wm_module_print(&m, flags, out, err);
  wm_module_free(&m);
  return ok;
}
#else
static bool without_text(Error *err) {
  return wm_error_set(err, ERR_ARGUMENT, 0, "this library was built without the text format");
}

static bool translate(const char *text, size_t size, Buffer *out, Error *err) {
  (void)text, (void)size, (void)out;
  return without_text(err);
}

static bool print(const u8 *bytes, size_t size, u32 flags, Buffer *out, Error *err) {
  (void)bytes, (void)size, (void)flags, (void)out;
  return without_text(err);
}
#endif

bool wm_source_open(const u8 *bytes, size_t size, bool allow_text, Buffer *text, Source *out,
                    Error *err) {
  *out = (Source){bytes, size};
  if (!allow_text || !wm_may_be_text(bytes, size)) return true;
  if (!translate((const char *)bytes, size, text, err)) return false;
  /* What the text says is checked where all binaries are: the loader sees no difference. */
  *out = (Source){text->data, text->len};
  return true;
}

/* What was made becomes the host's, without a copy: vectors of bytes are freed as buffers are. */
static bool hand_over(bool ok, Buffer *made, wasm_byte_vec_t *out, const Error *error,
                      wasmx_error_t *err) {
  if (ok) {
    *out = (wasm_byte_vec_t){made->len, (wasm_byte_t *)made->data};
  } else {
    wm_api_report(error, err);
    wm_buffer_free(made);
  }
  return ok;
}

bool wasmx_wat2wasm(const char *text, size_t size, wasm_byte_vec_t *out, wasmx_error_t *err) {
  Error error = {0};
  Buffer binary = {0};
  if (out) wasm_byte_vec_new_empty(out);
  bool ok = out && (text || !size);
  if (!ok) wm_error_set(&error, ERR_ARGUMENT, 0, "the text or the result is NULL");
  ok = ok && translate(text ? text : "", size, &binary, &error);
  return hand_over(ok, &binary, out, &error, err);
}

bool wasmx_wasm2wat(const wasm_byte_vec_t *binary, uint32_t flags, wasm_byte_vec_t *out,
                    wasmx_error_t *err) {
  Error error = {0};
  Buffer text = {0};
  if (out) wasm_byte_vec_new_empty(out);
  bool ok = out && binary && (binary->data || !binary->size);
  if (!ok) wm_error_set(&error, ERR_ARGUMENT, 0, "the module or the result is NULL");
  ok = ok && print((const u8 *)binary->data, binary->size, flags, &text, &error);
  return hand_over(ok, &text, out, &error, err);
}
