/* The proposals by name: which are part of the language this library runs, and which are decoded
 * only. Each row: id, name as users see it (errors, wasmx_feature), whether the tiers run it. */
#ifndef WM_WASM_FEATURE_H
#define WM_WASM_FEATURE_H

#include "base/base.h"

#define FEATURES(F)                                                                                \
  F(MVP, "mvp", true)                                                                              \
  F(MUTABLE_GLOBALS, "mutable-globals", true)                                                      \
  F(SIGN_EXTENSION, "sign-extension", true)                                                        \
  F(SATURATING_FLOAT_TO_INT, "saturating-float-to-int", true)                                      \
  F(MULTI_VALUE, "multi-value", true)                                                              \
  F(BULK_MEMORY, "bulk-memory", true)                                                              \
  F(REFERENCE_TYPES, "reference-types", true)                                                      \
  F(SIMD, "simd", true)                                                                            \
  F(EXTENDED_CONST, "extended-const", true)                                                        \
  F(MULTI_MEMORY, "multi-memory", true)                                                            \
  F(MEMORY64, "memory64", true)                                                                    \
  F(RELAXED_SIMD, "relaxed-simd", true)                                                            \
  F(WIDE_ARITHMETIC, "wide-arithmetic", true)                                                      \
  F(CUSTOM_PAGE_SIZES, "custom-page-sizes", true)                                                  \
  F(TAIL_CALL, "tail-call", true)                                                                  \
  F(FUNCTION_REFERENCES, "function-references", true)                                              \
  F(GC, "gc", true)                                                                                \
  F(EXCEPTIONS, "exception-handling", true)                                                        \
  F(LEGACY_EXCEPTIONS, "legacy-exceptions", true)                                                  \
  F(THREADS, "threads", true)                                                                      \
  F(STACK_SWITCHING, "stack-switching", false)                                                     \
  F(CUSTOM_DESCRIPTORS, "custom-descriptors", false)                                               \
  F(COMPACT_IMPORTS, "compact-imports", false)                                                     \
  F(SHARED_EVERYTHING_THREADS, "shared-everything-threads", false)                                 \
  F(NUMERIC_DATA, "numeric-values-in-data", false)                                                 \
  F(FP16, "fp16", false)                                                                           \
  F(COMPONENT_MODEL, "component-model", false)

/* The order is that in which wasmx_feature lists them. */
typedef enum Feature {
#define F(id, name, built) FEATURE_##id,
  FEATURES(F)
#undef F
      FEATURE_COUNT
} Feature;

/* The proposal's name, a static string. */
const char *wm_feature_name(Feature f);
/* Whether the tiers run it. */
bool wm_feature_built(Feature f);

#endif
