/* The numbers of sections (spec 5.5.2) and of the name section's parts (spec 7.4.1 and the extended
 * name section). */
#ifndef WM_BINARY_SECTIONS_H
#define WM_BINARY_SECTIONS_H

#define WASM_MAGIC   0x6D736100u /* "\0asm", read as a little-endian word */
#define WASM_VERSION 1u

typedef enum SectionId {
  SECTION_CUSTOM = 0,
  SECTION_TYPE = 1,
  SECTION_IMPORT = 2,
  SECTION_FUNCTION = 3,
  SECTION_TABLE = 4,
  SECTION_MEMORY = 5,
  SECTION_GLOBAL = 6,
  SECTION_EXPORT = 7,
  SECTION_START = 8,
  SECTION_ELEM = 9,
  SECTION_CODE = 10,
  SECTION_DATA = 11,
  SECTION_DATA_COUNT = 12,
  SECTION_TAG = 13,
  SECTION_ID_COUNT
} SectionId;

/* The sections but custom ones in the order in which they stand in a file (spec 5.5.16). */
enum { SECTION_ORDER_COUNT = SECTION_ID_COUNT - 1 };
extern const unsigned char wm_section_order[SECTION_ORDER_COUNT]; /* SectionId */

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
