/* The order of sections (sections.h): that of ids, but for tags (13) and the data count (12), which
 * came later than their neighbours; and where they are. */
#include "binary/sections.h"

const unsigned char wm_section_order[SECTION_ORDER_COUNT] = {
    SECTION_TYPE,       SECTION_IMPORT, SECTION_FUNCTION, SECTION_TABLE, SECTION_MEMORY,
    SECTION_TAG,        SECTION_GLOBAL, SECTION_EXPORT,   SECTION_START, SECTION_ELEM,
    SECTION_DATA_COUNT, SECTION_CODE,   SECTION_DATA,
};

const char *wm_section_word(u8 id) {
  static const char words[SECTION_ID_COUNT][12] = {
      [SECTION_CUSTOM] = "custom", [SECTION_TYPE] = "type",     [SECTION_IMPORT] = "import",
      [SECTION_FUNCTION] = "func", [SECTION_TABLE] = "table",   [SECTION_MEMORY] = "memory",
      [SECTION_TAG] = "tag",       [SECTION_GLOBAL] = "global", [SECTION_EXPORT] = "export",
      [SECTION_START] = "start",   [SECTION_ELEM] = "elem",     [SECTION_DATA_COUNT] = "datacount",
      [SECTION_CODE] = "code",     [SECTION_DATA] = "data"};
  return words[id];
}

enum { HEADER_BYTES = 8 };

Reader wm_sections_at(const Module *m, Error *err) {
  return wm_reader_at(m, HEADER_BYTES, m->size_bytes - HEADER_BYTES, err);
}

bool wm_section_next(Reader *r, SectionSpan *span) {
  if (r->pos == r->end) return false;
  span->offset = (u32)reader_offset(r);
  span->id = wm_reader_byte(r);
  span->content_bytes = wm_reader_u32(r);
  span->content = (u32)reader_offset(r);
  return wm_reader_bytes(r, span->content_bytes) != NULL;
}
