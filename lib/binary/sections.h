/* The order of sections, and the numbers of the name section's parts (spec 7.4.1 and the extended
 * name section). */
#ifndef WM_BINARY_SECTIONS_H
#define WM_BINARY_SECTIONS_H

#include "wasm/reader.h"

#define WASM_MAGIC   0x6D736100u /* "\0asm", read as a little-endian word */
#define WASM_VERSION 1u

/* The sections but custom ones in the order in which they stand in a file (spec 5.5.16). */
enum { SECTION_ORDER_COUNT = SECTION_ID_COUNT - 1 };
extern const unsigned char wm_section_order[SECTION_ORDER_COUNT]; /* SectionId */

/* "type", "func", "datacount": as annotations name a section's place; "custom". */
const char *wm_section_word(u8 id);

/* A section of a decoded module, in its bytes. */
typedef struct SectionSpan {
  u8 id;
  u32 offset;                 /* of the id */
  u32 content, content_bytes; /* behind the size */
} SectionSpan;

/* A reader at the first section, and the next one; false at the end. */
Reader wm_sections_at(const Module *m, Error *err);
bool wm_section_next(Reader *r, SectionSpan *span);

/* Parts of the name section. Modules, functions, locals, types, fields and tags are the
 * specification's, the rest is its extension, which text/ writes so that no name is lost. */
typedef enum NamePart {
  NAME_MODULE = 0,
  NAME_FUNC = 1,
  NAME_LOCAL = 2,
  NAME_LABEL = 3,
  NAME_TYPE = 4,
  NAME_TABLE = 5,
  NAME_MEMORY = 6,
  NAME_GLOBAL = 7,
  NAME_ELEM = 8,
  NAME_DATA = 9,
  NAME_FIELD = 10,
  NAME_TAG = 11,
} NamePart;

#endif
