/* Values as text, by their types: what component_scripts.c reads and writes.
 *
 *   true  -12  f32 and f64: their bits as a number  char: its number  string: "68656c6c6f" (hex)
 *   [v,v] lists   (v,v) records and tuples   {a,b} flags
 *   #name or #name(v) variants and enums; #0, #1(v) options and results
 *   own and borrow: the number that the owner knows it by */
#ifndef TESTS_COMPONENT_VALUES_H
#define TESTS_COMPONENT_VALUES_H

#include "base/arena.h"
#include "base/buffer.h"

#include <wasmcm.h>

/* What handles that are read are of. */
extern wasmcm_resource_t *value_resource;

/* Reads a value of the type from *text, which is moved behind it; in `arena`. False: none is there.
 */
bool value_read(const char **text, const wasmcm_type_t *type, Arena *arena, wasmcm_val_t *val);
void value_write(Buffer *out, const wasmcm_type_t *type, const wasmcm_val_t *val);

#endif
