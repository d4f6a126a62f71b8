/* `wasm wast`: runs scripts of the official test suite through the public API. */
#ifndef WASM_TOOL_WAST_H
#define WASM_TOOL_WAST_H

#include "text/wast.h"

#include <wasmx.h>

/* ---- values (wast_values.c) ---- */

/* The host's numbered references of a script, made on demand. */
typedef struct HostRefs {
  wasm_store_t *store;
  struct {
    wasm_foreign_t **data;
    u32 len, cap;
  } refs; /* by number */
} HostRefs;

void host_refs_free(HostRefs *h);

/* Puts an argument into *slots; returns how many slots it takes. */
u32 value_to_slots(HostRefs *h, const WastValue *value, wasmx_slot_t *slots);

/* Whether the result in `slots`, of kind `kind`, is what `expected` allows. */
bool value_matches(HostRefs *refs, const WastValue *expected, wasm_valkind_t kind,
                   const wasmx_slot_t *slots);

/* The kind of type that the value can be an argument for. */
bool value_fits(const WastValue *value, wasm_valkind_t kind);

/* "i32 0x2a (42)" and the like. Returns out. */
const char *value_print(const WastValue *value, char *out, size_t size);
const char *slots_print(wasm_valkind_t kind, const wasmx_slot_t *slots, char *out, size_t size);

#endif
