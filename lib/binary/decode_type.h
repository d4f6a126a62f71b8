/* The parts of decode.h that read types (spec 5.3). */
#ifndef WM_BINARY_DECODE_TYPE_H
#define WM_BINARY_DECODE_TYPE_H

#include "base/vec.h"
#include "wasm/reader.h"

typedef Vec(SubType) SubTypeVec;

/* Each fails the reader on malformed input; what they return then has no meaning. */
GlobalType wm_decode_globaltype(Reader *r);
TableType wm_decode_tabletype(Reader *r);
MemoryType wm_decode_memorytype(Reader *r);
TagDecl wm_decode_tag(Reader *r);

/* One recursion group, which may be empty: appends its types, lists go to the arena. */
bool wm_decode_rectype(Reader *r, Arena *arena, SubTypeVec *types);
/* The type section's contents: appends to `types`, lists go to the arena. */
bool wm_decode_types(Reader *r, Arena *arena, SubTypeVec *types);

#endif
