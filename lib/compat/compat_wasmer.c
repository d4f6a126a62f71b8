/* wasmer.h but for WASI: versions, errors, features, text, externals with names. */
#include "base/base.h"
#include "compat/compat_named.h"

const char *wasmer_version(void) { return WASMER_VERSION; }
uint8_t wasmer_version_major(void) { return WASMER_VERSION_MAJOR; }
uint8_t wasmer_version_minor(void) { return WASMER_VERSION_MINOR; }
uint8_t wasmer_version_patch(void) { return WASMER_VERSION_PATCH; }
const char *wasmer_version_pre(void) { return WASMER_VERSION_PRE; }

int wasmer_last_error_length(void) {
  const wasmx_error_t *err = wasmx_last_error();
  return err->code ? (int)strlen(err->message) + 1 : 0;
}

int wasmer_last_error_message(char *buffer, int length) {
  int needed = wasmer_last_error_length();
  if (!buffer || needed > length) return -1;
  if (needed) memcpy(buffer, wasmx_last_error()->message, (size_t)needed);
  return needed;
}

/* ---- configuration ---- */

bool wasmer_is_compiler_available(wasmer_compiler_t compiler) {
  return compiler == CRANELIFT && wasmx_has("jit");
}

bool wasmer_is_engine_available(wasmer_engine_t engine) { return engine == UNIVERSAL; }

bool wasmer_is_headless(void) { return false; }

void wasmer_config_set_compiler(wasm_config_t *config, wasmer_compiler_t compiler) {
  (void)config, (void)compiler;
}

void wasmer_config_set_engine(wasm_config_t *config, wasmer_engine_t engine) {
  (void)config, (void)engine;
}

void wasmer_config_canonicalize_nans(wasm_config_t *config, bool enable) {
  wasmx_config_set_canonical_nan(config, enable);
}

/* By names of wasmx_feature; NULL: libwasm has nothing of the kind. */
#define FEATURES(F)                                                                                \
  F(bulk_memory, "bulk-memory")                                                                    \
  F(memory64, "memory64")                                                                          \
  F(module_linking, NULL)                                                                          \
  F(multi_memory, "multi-memory")                                                                  \
  F(multi_value, "multi-value")                                                                    \
  F(reference_types, "reference-types")                                                            \
  F(simd, "simd")                                                                                  \
  F(tail_call, "tail-call")                                                                        \
  F(threads, "threads")

enum {
#define F(id, name) FEATURE_##id,
  FEATURES(F)
#undef F
      FEATURE_COUNT
};

typedef enum Switch { AS_IT_IS, ON, OFF } Switch;

struct wasmer_features_t {
  Switch switches[FEATURE_COUNT];
};

wasmer_features_t *wasmer_features_new(void) { return calloc(1, sizeof(wasmer_features_t)); }

void wasmer_features_delete(wasmer_features_t *features) { free(features); }

#define F(id, name)                                                                                \
  bool wasmer_features_##id(wasmer_features_t *features, bool enable) {                            \
    if (features) features->switches[FEATURE_##id] = enable ? ON : OFF;                            \
    return features != NULL;                                                                       \
  }
FEATURES(F)
#undef F

void wasmer_config_set_features(wasm_config_t *config, wasmer_features_t *features) {
  static const char *const names[] = {
#define F(id, name) name,
      FEATURES(F)
#undef F
  };
  for (u32 i = 0; config && features && i < FEATURE_COUNT; i++)
    if (names[i] && features->switches[i] != AS_IT_IS)
      wasmx_config_set_feature(config, names[i], features->switches[i] == ON);
  wasmer_features_delete(features);
}

/* ---- modules ---- */

void wasmer_module_name(const wasm_module_t *module, wasm_name_t *out) {
  if (!out) return;
  const char *name = module ? wasmx_module_name(module) : "";
  wasm_name_new_from_string(out, name ? name : "");
}

void wasmer_wat2wasm(const wasm_byte_vec_t *wat, wasm_byte_vec_t *out) {
  if (!out) return;
  wasm_byte_vec_new_empty(out);
  if (wat) wasmx_wat2wasm(wat->data, wat->size, out, NULL);
}

/* ---- externals with names ---- */

struct wasmer_named_extern_t {
  wasm_name_t module, name;
  wasm_extern_t *external; /* all owned */
};

wasmer_named_extern_t *wm_compat_named_extern(const wasm_name_t *module, const wasm_name_t *name,
                                              wasm_extern_t *external) {
  wasmer_named_extern_t *named = malloc(sizeof *named);
  if (!named) return wasm_extern_delete(external), NULL;
  wasm_name_copy(&named->module, module);
  wasm_name_copy(&named->name, name);
  named->external = external;
  return named;
}

void wasmer_named_extern_delete(wasmer_named_extern_t *named) {
  if (!named) return;
  wasm_name_delete(&named->module);
  wasm_name_delete(&named->name);
  wasm_extern_delete(named->external);
  free(named);
}

const wasm_name_t *wasmer_named_extern_module(const wasmer_named_extern_t *named) {
  return named ? &named->module : NULL;
}

const wasm_name_t *wasmer_named_extern_name(const wasmer_named_extern_t *named) {
  return named ? &named->name : NULL;
}

const wasm_extern_t *wasmer_named_extern_unwrap(const wasmer_named_extern_t *named) {
  return named ? named->external : NULL;
}

void wasmer_named_extern_vec_new_empty(wasmer_named_extern_vec_t *out) {
  if (out) *out = (wasmer_named_extern_vec_t){0, NULL};
}

void wasmer_named_extern_vec_new_uninitialized(wasmer_named_extern_vec_t *out, size_t size) {
  if (!out) return;
  out->data = size ? calloc(size, sizeof(wasmer_named_extern_t *)) : NULL;
  out->size = out->data ? size : 0;
}

void wasmer_named_extern_vec_new(wasmer_named_extern_vec_t *out, size_t size,
                                 wasmer_named_extern_t *const items[]) {
  wasmer_named_extern_vec_t vec = {0, NULL};
  if (out) wasmer_named_extern_vec_new_uninitialized(&vec, size);
  for (size_t i = 0; items && i < size; i++) {
    if (vec.data)
      vec.data[i] = items[i];
    else
      wasmer_named_extern_delete(items[i]);
  }
  if (out) *out = vec;
}

void wasmer_named_extern_vec_copy(wasmer_named_extern_vec_t *out,
                                  const wasmer_named_extern_vec_t *from) {
  wasmer_named_extern_vec_new_uninitialized(out, from ? from->size : 0);
  for (size_t i = 0; out && i < out->size; i++) {
    const wasmer_named_extern_t *item = from->data[i];
    if (item)
      out->data[i] =
          wm_compat_named_extern(&item->module, &item->name, wasm_extern_copy(item->external));
  }
}

void wasmer_named_extern_vec_delete(wasmer_named_extern_vec_t *vec) {
  if (!vec) return;
  for (size_t i = 0; vec->data && i < vec->size; i++) wasmer_named_extern_delete(vec->data[i]);
  free(vec->data);
  *vec = (wasmer_named_extern_vec_t){0, NULL};
}
