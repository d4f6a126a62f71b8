/* Inside `wasm inspect`: what is told once goes out as lines for people or as JSON.
 *
 *   out_list(o, "memories");             memories:              "memories": [
 *   out_item(o); out_number(o, ...) ...    0  i32 1 2             {"index": 0, "type": "i32 1 2"}
 *   out_list_end(o);                                            ] */
#ifndef WASM_TOOL_INSPECT_H
#define WASM_TOOL_INSPECT_H

#include "base/buffer.h"
#include "wasm/module.h"

#include <wasm.h>

typedef struct Out {
  Buffer text;
  bool is_json;
  u32 lists, items, values; /* so far: in the module, the list, the item */
} Out;

void out_begin(Out *o);
void out_end(Out *o);
/* "name": value of the module itself. */
void out_fact(Out *o, const char *name, const void *text, size_t len);
void out_fact_number(Out *o, const char *name, u64 number);
void out_list(Out *o, const char *name);
void out_list_end(Out *o);
void out_item(Out *o);
void out_item_end(Out *o);
/* Parts of an item; text is escaped, and goes in quotes for people when `is_name`. */
void out_text(Out *o, const char *name, const void *text, size_t len, bool is_name);
void out_word(Out *o, const char *name, const char *word);
void out_number(Out *o, const char *name, u64 number);

/* The lists (inspect_list.c). */
void inspect_externs(const Module *m, Out *o);
bool inspect_features(const Module *m, Out *o, Error *err);
void inspect_sections(const Module *m, Out *o);
void inspect_module_producers(const Module *m, Out *o);
bool inspect_functions(const Module *m, Out *o, u32 count);
/* Whether a custom section of that name says who made it; and what is in it (NULL: there is none):
 * tool-conventions' ProducersSection.md. */
bool is_producers(Name name);
void inspect_producers(const u8 *content, size_t size, Out *o);

/* All of it for a component (inspect_component.c, or run_no_component.c); STATUS_OK, or what was
 * said. */
int inspect_component(const char *path, const wasm_byte_vec_t *bytes, Out *o);

/* The policy for `wasm run` (capabilities.c); false: out of memory. */
bool print_capabilities(const Module *m, const char *path, Buffer *b);

#endif
