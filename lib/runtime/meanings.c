/* Meanings by row, and the call of one by its signature (meanings.h). */
#include "runtime/meanings.h"

#include "runtime/simd.h"

/* ---- slots ---- */

typedef u32 Type_i;
typedef u64 Type_l;
typedef f32 Type_f;
typedef f64 Type_d;
typedef V128 Type_s;

enum { SLOTS_i = 1, SLOTS_l = 1, SLOTS_f = 1, SLOTS_d = 1, SLOTS_s = 2 };

static u32 read_i(const u64 *slots) { return (u32)slots[0]; }
static u64 read_l(const u64 *slots) { return slots[0]; }
static f32 read_f(const u64 *slots) { return f32_of_bits((u32)slots[0]); }
static f64 read_d(const u64 *slots) { return f64_of_bits(slots[0]); }
static V128 read_s(const u64 *slots) { return (V128){.u64x2 = {slots[0], slots[1]}}; }

static void write_i(u64 *slots, u32 v) { slots[0] = v; }
static void write_l(u64 *slots, u64 v) { slots[0] = v; }
static void write_f(u64 *slots, f32 v) { slots[0] = bits_of_f32(v); }
static void write_d(u64 *slots, f64 v) { slots[0] = bits_of_f64(v); }
static void write_s(u64 *slots, V128 v) { memcpy(slots, &v, sizeof v); }

/* ---- signatures ---- */

/* Those of the PURE rows: U(operand, result), B(first, second, result), T(...). A row with another
 * one does not compile. */
#define PURE_SIGNATURES(U, B, T)                                                                   \
  U(i, i)                                                                                          \
  U(l, i)                                                                                          \
  U(f, i)                                                                                          \
  U(d, i)                                                                                          \
  U(s, i)                                                                                          \
  U(i, l)                                                                                          \
  U(l, l)                                                                                          \
  U(f, l)                                                                                          \
  U(d, l)                                                                                          \
  U(i, f)                                                                                          \
  U(l, f)                                                                                          \
  U(f, f)                                                                                          \
  U(d, f)                                                                                          \
  U(i, d)                                                                                          \
  U(l, d)                                                                                          \
  U(f, d)                                                                                          \
  U(d, d)                                                                                          \
  U(i, s)                                                                                          \
  U(l, s)                                                                                          \
  U(f, s)                                                                                          \
  U(d, s)                                                                                          \
  U(s, s)                                                                                          \
  B(i, i, i)                                                                                       \
  B(l, l, i)                                                                                       \
  B(f, f, i)                                                                                       \
  B(d, d, i)                                                                                       \
  B(l, l, l)                                                                                       \
  B(f, f, f)                                                                                       \
  B(d, d, d)                                                                                       \
  B(s, i, s)                                                                                       \
  B(s, s, s)                                                                                       \
  T(s, s, s, s)

/* Those of the TRAPS rows. */
#define TRAPS_SIGNATURES(U, B)                                                                     \
  U(f, i)                                                                                          \
  U(d, i)                                                                                          \
  U(f, l)                                                                                          \
  U(d, l)                                                                                          \
  B(i, i, i)                                                                                       \
  B(l, l, l)

typedef TrapCode Apply(Meaning meaning, u64 *slots);

#define PURE1(a, r)                                                                                \
  static TrapCode pure_##a##_##r(Meaning meaning, u64 *slots) {                                    \
    Type_##r (*op)(Type_##a) = (Type_##r(*)(Type_##a))meaning;                                     \
    write_##r(slots, op(read_##a(slots)));                                                         \
    return TRAP_NONE;                                                                              \
  }
#define PURE2(a, b, r)                                                                             \
  static TrapCode pure_##a##b##_##r(Meaning meaning, u64 *slots) {                                 \
    Type_##r (*op)(Type_##a, Type_##b) = (Type_##r(*)(Type_##a, Type_##b))meaning;                 \
    write_##r(slots, op(read_##a(slots), read_##b(slots + SLOTS_##a)));                            \
    return TRAP_NONE;                                                                              \
  }
#define PURE3(a, b, c, r)                                                                          \
  static TrapCode pure_##a##b##c##_##r(Meaning meaning, u64 *slots) {                              \
    Type_##r (*op)(Type_##a, Type_##b, Type_##c) =                                                 \
        (Type_##r(*)(Type_##a, Type_##b, Type_##c))meaning;                                        \
    write_##r(slots, op(read_##a(slots), read_##b(slots + SLOTS_##a),                              \
                        read_##c(slots + SLOTS_##a + SLOTS_##b)));                                 \
    return TRAP_NONE;                                                                              \
  }
#define TRAPS1(a, r)                                                                               \
  static TrapCode traps_##a##_##r(Meaning meaning, u64 *slots) {                                   \
    TrapCode (*op)(Type_##a, Type_##r *) = (TrapCode(*)(Type_##a, Type_##r *))meaning;             \
    Type_##r result;                                                                               \
    TrapCode trap = op(read_##a(slots), &result);                                                  \
    if (!trap) write_##r(slots, result);                                                           \
    return trap;                                                                                   \
  }
#define TRAPS2(a, b, r)                                                                            \
  static TrapCode traps_##a##b##_##r(Meaning meaning, u64 *slots) {                                \
    TrapCode (*op)(Type_##a, Type_##b, Type_##r *) =                                               \
        (TrapCode(*)(Type_##a, Type_##b, Type_##r *))meaning;                                      \
    Type_##r result;                                                                               \
    TrapCode trap = op(read_##a(slots), read_##b(slots + SLOTS_##a), &result);                     \
    if (!trap) write_##r(slots, result);                                                           \
    return trap;                                                                                   \
  }
PURE_SIGNATURES(PURE1, PURE2, PURE3)
TRAPS_SIGNATURES(TRAPS1, TRAPS2)

enum {
  SIGNATURE_NONE,
#define PURE1_ID(a, r)       PURE_##a##_##r,
#define PURE2_ID(a, b, r)    PURE_##a##b##_##r,
#define PURE3_ID(a, b, c, r) PURE_##a##b##c##_##r,
#define TRAPS1_ID(a, r)      TRAPS_##a##_##r,
#define TRAPS2_ID(a, b, r)   TRAPS_##a##b##_##r,
  PURE_SIGNATURES(PURE1_ID, PURE2_ID, PURE3_ID) TRAPS_SIGNATURES(TRAPS1_ID, TRAPS2_ID)
};

static Apply *const applies[] = {
#define PURE1_ENTRY(a, r)       [PURE_##a##_##r] = pure_##a##_##r,
#define PURE2_ENTRY(a, b, r)    [PURE_##a##b##_##r] = pure_##a##b##_##r,
#define PURE3_ENTRY(a, b, c, r) [PURE_##a##b##c##_##r] = pure_##a##b##c##_##r,
#define TRAPS1_ENTRY(a, r)      [TRAPS_##a##_##r] = traps_##a##_##r,
#define TRAPS2_ENTRY(a, b, r)   [TRAPS_##a##b##_##r] = traps_##a##b##_##r,
    PURE_SIGNATURES(PURE1_ENTRY, PURE2_ENTRY, PURE3_ENTRY)
        TRAPS_SIGNATURES(TRAPS1_ENTRY, TRAPS2_ENTRY)};

/* ---- rows ---- */

static const u8 signatures[OP_COUNT] = {
#define OP(prefix, code, id, text, imm, sig)
#define PURE(prefix, code, id, text, imm, sig)  [OP_##id] = PURE_##sig,
#define TRAPS(prefix, code, id, text, imm, sig) [OP_##id] = TRAPS_##sig,
#include "wasm/opcodes.def"
};

/* Scalar rows are handlers of their own in the interpreter: their meanings are for the compiler. */
#define IS_WANTED(prefix) (WITH_JIT || (prefix) == 0xFD)

Meaning wm_meaning(u16 op) {
  static const Meaning meanings[OP_COUNT] = {
#define OP(prefix, code, id, text, imm, sig)
#define PURE(prefix, code, id, text, imm, sig)                                                     \
  [OP_##id] = IS_WANTED(prefix) ? (Meaning)op_##id : NULL,
#define TRAPS(prefix, code, id, text, imm, sig)                                                    \
  [OP_##id] = IS_WANTED(prefix) ? (Meaning)op_##id : NULL,
#include "wasm/opcodes.def"
  };
  return meanings[op];
}

/* ---- NaNs ---- */

static u32 canonical_f32(u32 bits) { return (bits & 0x7FFFFFFF) > 0x7F800000 ? 0x7FC00000 : bits; }

static u64 canonical_f64(u64 bits) {
  return bits << 1 > UINT64_C(0xFFE) << 52 ? UINT64_C(0x7FF8) << 48 : bits;
}

/* A 64-bit slot as lanes of a type. */
static u64 canonical_slot(bool is_f32, u64 slot) {
  if (!is_f32) return canonical_f64(slot);
  return canonical_f32((u32)slot) | (u64)canonical_f32((u32)(slot >> 32)) << 32;
}

static void canonicalize(u16 op, u64 *slots) {
  bool is_f32 = wm_op_text(op)[1] == '3';
  if (op_makes_nan(op) || op_makes_nan_lanes(op)) slots[0] = canonical_slot(is_f32, slots[0]);
  if (op_makes_nan_lanes(op)) slots[1] = canonical_slot(is_f32, slots[1]);
}

TrapCode wm_meaning_apply(u16 op, bool canonical_nan, u64 *slots) {
  TrapCode trap = applies[signatures[op]](wm_meaning(op), slots);
  if (canonical_nan && !trap) canonicalize(op, slots);
  return trap;
}
