/* What a module may ask for: one table, documented in the README ("Limits"). The web's limits
 * (WebAssembly JavaScript Interface, "Implementation-defined limits") where it has one. */
#ifndef WM_WASM_LIMITS_H
#define WM_WASM_LIMITS_H

#include "base/base.h"

enum {
  MAX_MODULE_BYTES = 1 << 30,
  MAX_TYPES = 1000000,
  MAX_RECURSION_GROUP = 1000000,
  MAX_FUNCTIONS = 1000000,
  MAX_IMPORTS = 1000000,
  MAX_EXPORTS = 1000000,
  MAX_GLOBALS = 1000000,
  MAX_TAGS = 1000000,
  MAX_DATA_SEGMENTS = 100000,
  MAX_ELEM_SEGMENTS = 10000000,
  MAX_TABLES = 100000,
  MAX_MEMORIES = 100,
  MAX_PARAMS = 1000,
  MAX_RESULTS = 1000,
  MAX_FIELDS = 10000,
  MAX_SUBTYPE_DEPTH = 63,
  MAX_BODY_BYTES = 7654321,
  MAX_LOCALS = 50000,        /* parameters included */
  MAX_FRAME_SLOTS = 65535,   /* 8-byte slots of one call: parameters, link, locals, operands */
  FRAME_OVERHEAD_SLOTS = 24, /* of these for the link and the tiers' own use */
  MAX_TABLE_ELEMENTS = 10000000,
  MAX_BR_TABLE = 7654321,
  MAX_NAME_BYTES = 100000,
  MAX_CUSTOM_SECTIONS = 100000,
  PAGE_LOG2 = 16, /* of a memory's pages, where its type does not say */
  PAGE_BYTES = 1 << PAGE_LOG2,
  MAX_PAGES32 = 65536,
};
#define MAX_PAGES64        (UINT64_C(1) << 48) /* what a type may say; what is reserved is far less */
#define MAX_MEMORY64_BYTES (UINT64_C(1) << 34) /* what a 64-bit memory may grow to: 16 GiB */

/* The largest size that a memory's type may say, in its pages. */
static inline u64 most_pages(bool is_64, u32 page_log2) {
  if (page_log2 == 0) return is_64 ? UINT64_MAX : UINT32_MAX;
  return is_64 ? MAX_PAGES64 : MAX_PAGES32;
}

#endif
