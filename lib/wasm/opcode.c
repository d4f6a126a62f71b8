/* The tables of opcodes, made of the rows of opcodes.def by the compiler: information and strings
 * by id, ids by number and by text. Nothing here is written by hand for an instruction. */
#include "wasm/opcode.h"

#include <stddef.h>

/* The strings of all rows in one piece, found by their offsets. */
static const struct Strings {
#define OP(prefix, code, id, text, imm, sig) char text_##id[sizeof text], sig_##id[sizeof #sig];
#include "wasm/opcodes.def"
} strings = {
#define OP(prefix, code, id, text, imm, sig) text, #sig,
#include "wasm/opcodes.def"
};

#define FEATURE_ID(name) FEATURE_OF(name)
#define FEATURE_OF(name) FEATURE_##name
#define INFO(class, prefix, code, id, text, imm, sig, bytes)                                       \
  {code,                                                                                           \
   prefix,                                                                                         \
   class,                                                                                          \
   IMM_##imm,                                                                                      \
   FEATURE_ID(OP_FEATURE),                                                                         \
   bytes,                                                                                          \
   offsetof(struct Strings, text_##id),                                                            \
   offsetof(struct Strings, sig_##id)},

const OpInfo wm_op_info[OP_COUNT] = {
#define OP(prefix, code, id, text, imm, sig) INFO(CLASS_OP, prefix, code, id, text, imm, sig, 0)
#define LOAD(prefix, code, id, text, imm, sig, access)                                             \
  INFO(CLASS_LOAD, prefix, code, id, text, imm, sig, sizeof(access))
#define STORE(prefix, code, id, text, imm, sig, access)                                            \
  INFO(CLASS_STORE, prefix, code, id, text, imm, sig, sizeof(access))
#define ACCESS(prefix, code, id, text, imm, sig, access)                                           \
  INFO(CLASS_OP, prefix, code, id, text, imm, sig, sizeof(access))
#define PURE(prefix, code, id, text, imm, sig) INFO(CLASS_PURE, prefix, code, id, text, imm, sig, 0)
#define TRAPS(prefix, code, id, text, imm, sig)                                                    \
  INFO(CLASS_TRAPS, prefix, code, id, text, imm, sig, 0)
#include "wasm/opcodes.def"
};

const char *wm_op_text(u16 op) { return (const char *)&strings + wm_op_info[op].text_at; }
const char *wm_op_sig(u16 op) { return (const char *)&strings + wm_op_info[op].sig_at; }

/* Each prefix has a range of slots, up to its largest code: the size of a union of the rows. Two
 * rows with one number initialise a slot twice: compilers warn, and a test finds them. */
union CodesFB {
#define OP(prefix, code, id, text, imm, sig) char at_##id[(prefix) == 0xFB ? (code) + 1 : 1];
#include "wasm/opcodes.def"
};
union CodesFC {
#define OP(prefix, code, id, text, imm, sig) char at_##id[(prefix) == 0xFC ? (code) + 1 : 1];
#include "wasm/opcodes.def"
};
union CodesFD {
#define OP(prefix, code, id, text, imm, sig) char at_##id[(prefix) == 0xFD ? (code) + 1 : 1];
#include "wasm/opcodes.def"
};
union CodesFE {
#define OP(prefix, code, id, text, imm, sig) char at_##id[(prefix) == 0xFE ? (code) + 1 : 1];
#include "wasm/opcodes.def"
};
enum {
  SLOTS_FB = 256,
  SLOTS_FC = SLOTS_FB + sizeof(union CodesFB),
  SLOTS_FD = SLOTS_FC + sizeof(union CodesFC),
  SLOTS_FE = SLOTS_FD + sizeof(union CodesFD),
  SLOT_COUNT = SLOTS_FE + sizeof(union CodesFE),
};

#define SLOT(prefix, code)                                                                         \
  ((code) + ((prefix) == 0xFB   ? SLOTS_FB                                                         \
             : (prefix) == 0xFC ? SLOTS_FC                                                         \
             : (prefix) == 0xFD ? SLOTS_FD                                                         \
             : (prefix) == 0xFE ? SLOTS_FE                                                         \
                                : 0))

/* One more than the id, so that what is not named stays 0: none. */
const u16 wm_op_slots[SLOT_COUNT] = {
#define OP(prefix, code, id, text, imm, sig) [SLOT(prefix, code)] = OP_##id + 1,
#include "wasm/opcodes.def"
};

u16 wm_op_find(u8 prefix, u32 code) {
  u32 start, end;
  switch (prefix) {
  case 0: start = 0, end = SLOTS_FB; break;
  case 0xFB: start = SLOTS_FB, end = SLOTS_FC; break;
  case 0xFC: start = SLOTS_FC, end = SLOTS_FD; break;
  case 0xFD: start = SLOTS_FD, end = SLOTS_FE; break;
  case 0xFE: start = SLOTS_FE, end = SLOT_COUNT; break;
  default: return OP_INVALID;
  }
  return code < end - start ? (u16)(wm_op_slots[start + code] - 1) : OP_INVALID;
}

/* Compares with every text of the length. Inlined with a constant `len`, the rows of other lengths
 * vanish, and the rest compares whole words. */
static ALWAYS_INLINE u16 find_text(const char *text, size_t len) {
#define OP(prefix, code, id, row_text, imm, sig)                                                   \
  if (sizeof row_text - 1 == len && !memcmp(text, row_text, sizeof row_text - 1)) return OP_##id;
#include "wasm/opcodes.def"
  return OP_INVALID;
}

u16 wm_op_find_text(const char *text, size_t len) {
  switch (len) {
#define LENGTH(n)                                                                                  \
  case n: return find_text(text, n)
    LENGTH(2);
    LENGTH(3);
    LENGTH(4);
    LENGTH(5);
    LENGTH(6);
    LENGTH(7);
    LENGTH(8);
    LENGTH(9);
    LENGTH(10);
    LENGTH(11);
    LENGTH(12);
    LENGTH(13);
    LENGTH(14);
    LENGTH(15);
    LENGTH(16);
    LENGTH(17);
    LENGTH(18);
    LENGTH(19);
    LENGTH(20);
    LENGTH(21);
    LENGTH(22);
    LENGTH(23);
    LENGTH(24);
    LENGTH(25);
    LENGTH(26);
  default: return find_text(text, len);
  }
}
