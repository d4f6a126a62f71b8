/* `wasm component header`: a C header of a component. */
#ifndef WASM_TOOL_COMPONENT_HEADER_H
#define WASM_TOOL_COMPONENT_HEADER_H

#include <wasmcm.h>

typedef struct HeaderOptions {
  const char *path;      /* of the component */
  const char *output;    /* NULL: standard output */
  const char *prefix;    /* of C names, instead of packages; NULL: none */
  const char *interface; /* NULL: all */
} HeaderOptions;

/* The header, from malloc; *parts: of how many interfaces. False: no memory. */
bool make_component_header(const wasmcm_component_t *component, const HeaderOptions *options,
                           wasm_byte_vec_t *out, size_t *parts);

#endif
