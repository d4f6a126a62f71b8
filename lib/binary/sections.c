/* The order of sections (sections.h): that of ids, but for tags (13) and the data count (12), which
 * came later than their neighbours. */
#include "binary/sections.h"

const unsigned char wm_section_order[SECTION_ORDER_COUNT] = {
    SECTION_TYPE,       SECTION_IMPORT, SECTION_FUNCTION, SECTION_TABLE, SECTION_MEMORY,
    SECTION_TAG,        SECTION_GLOBAL, SECTION_EXPORT,   SECTION_START, SECTION_ELEM,
    SECTION_DATA_COUNT, SECTION_CODE,   SECTION_DATA,
};
