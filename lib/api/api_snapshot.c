/* Instances as modules (engine/snapshot.h). */
#include "api/handle.h"

#include "engine/snapshot.h"

#include <stdlib.h>

static const Instance *instance_of(const wasm_instance_t *ref, Error *err) {
  return wm_api_handle_store(handle_of(ref), err) ? (const Instance *)handle_of(ref)->object : NULL;
}

/* What the caller's version of the options has of them; the changes, from malloc. */
static bool copy_changes(const wasmx_snapshot_options_t *options, ExportChange **out, size_t *count,
                         Error *err) {
  bool has_any = options && options->size >= sizeof *options && options->export_count;
  *count = has_any ? options->export_count : 0;
  if (!has_any) return true;
  if (!options->exports) return wm_error_set(err, ERR_ARGUMENT, 0, "the changes are NULL");
  *out = calloc(*count, sizeof **out);
  if (!*out) return wm_error_out_of_memory(err);
  for (size_t i = 0; i < *count; i++)
    (*out)[i] = (ExportChange){options->exports[i].from, options->exports[i].to};
  return true;
}

/* A vector's bytes are from malloc, as a buffer's are (api_vec.c). */
static bool snapshot(const wasm_instance_t *ref, const wasmx_snapshot_options_t *options,
                     wasm_byte_vec_t *out, Error *err) {
  ExportChange *changes AUTO_FREE = NULL;
  size_t count;
  Buffer bytes = {0};
  const Instance *in = instance_of(ref, err);
  bool done = in && copy_changes(options, &changes, &count, err);
  if (done) FORGET_DEAD(in->store);
  done = done && wm_snapshot_write(in, changes, count, &bytes, err);
  if (done)
    *out = (wasm_byte_vec_t){bytes.len, (wasm_byte_t *)bytes.data};
  else
    wm_buffer_free(&bytes);
  return done;
}

bool wasmx_instance_snapshot(const wasm_instance_t *ref, const wasmx_snapshot_options_t *options,
                             wasm_byte_vec_t *out, wasmx_error_t *result) {
  Error err = {0};
  if (!out) return wm_api_fail(ERR_ARGUMENT, "there is no place for the bytes");
  wasm_byte_vec_new_empty(out);
  if (snapshot(ref, options, out, &err)) return true;
  wm_api_report(&err, result);
  return false;
}
