/* Bytes of proposals that are not built (unbuilt.h). */
#include "wasm/unbuilt.h"

typedef struct OpcodeRange {
  u8 prefix, feature;
  u16 first, last;
} OpcodeRange;

static const OpcodeRange opcodes[] = {
#define OPCODE(feature, prefix, first, last) {prefix, FEATURE_##feature, first, last},
#include "wasm/unbuilt.def"
};

/* Fails as the reader does: nothing is left to read. Returns true. */
static bool refuse(Reader *r, u64 offset, u8 feature, const char *what) {
  wm_error_unsupported(r->err, offset, wm_feature_name((Feature)feature), what);
  r->pos = r->end;
  return true;
}

bool wm_unbuilt_opcode(Reader *r, u64 offset, u8 prefix, u32 code) {
  for (u32 i = 0; i < ARRAY_LEN(opcodes); i++) {
    const OpcodeRange *o = &opcodes[i];
    if (o->prefix != prefix || code < o->first || code > o->last) continue;
    return refuse(r, offset, o->feature, "an instruction");
  }
  return false;
}

bool wm_unbuilt_ordering(Reader *r, u64 offset) {
  return refuse(r, offset, FEATURE_SHARED_EVERYTHING_THREADS, "a memory ordering");
}

bool wm_unbuilt_type(Reader *r, u64 offset, u8 byte) {
  static const u8 types[][2] = {
#define TYPE_BYTE(feature, byte) {byte, FEATURE_##feature},
#include "wasm/unbuilt.def"
  };
  for (u32 i = 0; i < ARRAY_LEN(types); i++)
    if (types[i][0] == byte) return refuse(r, offset, types[i][1], "a type");
  return false;
}
