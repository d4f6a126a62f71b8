/* See load_decoded.h. */
#include "tools/load_decoded.h"

#include "binary/decode.h"
#include "binary/sniff.h"
#include "tools/tool.h"

int complain_decoded(const char *path, const Error *err) {
  if (err->code == ERR_OUT_OF_MEMORY) return complain("%s: out of memory", printable(path));
  return complain("%s: %s (at byte 0x%llx)", printable(path), err->message,
                  (unsigned long long)err->offset);
}

bool load_binary(const char *path, wasm_byte_vec_t *bytes) {
  wasm_byte_vec_t text;
  wasmx_error_t err = {.size = sizeof err};
  if (!load_file(path, bytes)) return false;
  if (!wm_may_be_text((const u8 *)bytes->data, bytes->size)) return true;
  text = *bytes;
  bool ok = wasmx_wat2wasm(text.data, text.size, bytes, &err);
  wasm_byte_vec_delete(&text);
  if (!ok) complain_error(path, &err);
  return ok;
}

bool load_decoded(const char *path, Module *m) {
  wasm_byte_vec_t bytes;
  Error err = {0};
  *m = (Module){0};
  if (!load_binary(path, &bytes)) return false;
  bool ok = wm_module_decode(m, (const u8 *)bytes.data, bytes.size, &err);
  wasm_byte_vec_delete(&bytes);
  if (!ok) complain_decoded(path, &err);
  return ok;
}
