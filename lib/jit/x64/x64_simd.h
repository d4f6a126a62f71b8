/* Inside of the vector instructions: x64_simd_isel.c selects them, x64_simd.c and its neighbours
 * x64_simd_seq.c (rows of several instructions), x64_relaxed.c and x64_shuffle.c emit them. What
 * each wasm row becomes stands in x64_simd.def.
 *
 * All is done in SSE4.2 forms or their VEX twins. xmm14, xmm15 and r11 are scratch inside one LIR
 * instruction. Without AVX, wm_x64_sse3 itself may use xmm15 (for a second source in guest memory,
 * in a slot or in the destination's register), so xmm15 is free where such a source is named. */
#ifndef WM_JIT_X64_SIMD_H
#define WM_JIT_X64_SIMD_H

#include "jit/x64/x64_asm.h"

enum { X14 = XMM0 + 14, X15 = XMM0 + 15 };

/* Opcodes by mnemonic (x64_asm.h says how they are written). */
enum {
  /* whole vectors */
  MOVUPS = 0x0F10,
  MOVUPS_STORE = 0x0F11,
  PAND = 0x660FDB,
  PANDN = 0x660FDF, /* d = ~a & b */
  POR = 0x660FEB,
  PXOR = 0x660FEF,
  PTEST = 0x660F3817,
  /* moves to, from and of parts */
  MOVSS = 0xF30F10,
  MOVSS_STORE = 0xF30F11,
  MOVSD = 0xF20F10,
  MOVLPS = 0x0F12,
  MOVLPS_STORE = 0x0F13,
  MOVHPS = 0x0F16, /* of a register: movlhps */
  MOVHPS_STORE = 0x0F17,
  MOVD = 0x660F6E, /* with W: movq */
  MOVD_STORE = 0x660F7E,
  MOVQ = 0xF30F7E,
  MOVDDUP = 0xF20F12,
  PINSRB = 0x660F3A20,
  PINSRW = 0x660FC4,
  PINSRD = 0x660F3A22,
  INSERTPS = 0x660F3A21,
  PEXTRB = 0x660F3A14,
  PEXTRW = 0x660FC5,
  PEXTRW_STORE = 0x660F3A15,
  PEXTRD = 0x660F3A16,
  PMOVMSKB = 0x660FD7,
  MOVMSKPS = 0x0F50,
  MOVMSKPD = 0x660F50,
  /* lanes moved about */
  PSHUFB = 0x660F3800,
  PSHUFD = 0x660F70,
  PSHUFLW = 0xF20F70,
  PSHUFHW = 0xF30F70,
  SHUFPS = 0x0FC6,
  PALIGNR = 0x660F3A0F,
  PBLENDW = 0x660F3A0E,
  VPBLENDVB = 0x660F3A4C, /* AVX; these three: the mask is the immediate's register */
  VBLENDVPS = 0x660F3A4A,
  VBLENDVPD = 0x660F3A4B,
  PUNPCKLBW = 0x660F60,
  PUNPCKLWD = 0x660F61,
  PUNPCKLDQ = 0x660F62,
  PUNPCKLQDQ = 0x660F6C,
  PUNPCKHBW = 0x660F68,
  PUNPCKHWD = 0x660F69,
  PUNPCKHDQ = 0x660F6A,
  PUNPCKHQDQ = 0x660F6D,
  UNPCKLPS = 0x0F14,
  VBROADCASTSS = 0x660F3818, /* AVX from memory, AVX2 from a register */
  VPBROADCASTB = 0x660F3878, /* AVX2 */
  VPBROADCASTW = 0x660F3879,
  /* narrower and wider lanes */
  PACKSSWB = 0x660F63,
  PACKSSDW = 0x660F6B,
  PACKUSWB = 0x660F67,
  PACKUSDW = 0x660F382B,
  PMOVSXBW = 0x660F3820,
  PMOVSXWD = 0x660F3823,
  PMOVSXDQ = 0x660F3825,
  PMOVZXBW = 0x660F3830,
  PMOVZXWD = 0x660F3833,
  PMOVZXDQ = 0x660F3835,
  /* integers */
  PADDB = 0x660FFC,
  PADDW = 0x660FFD,
  PADDD = 0x660FFE,
  PADDQ = 0x660FD4,
  PSUBB = 0x660FF8,
  PSUBW = 0x660FF9,
  PSUBD = 0x660FFA,
  PSUBQ = 0x660FFB,
  PADDSB = 0x660FEC,
  PADDSW = 0x660FED,
  PADDUSB = 0x660FDC,
  PADDUSW = 0x660FDD,
  PSUBSB = 0x660FE8,
  PSUBSW = 0x660FE9,
  PSUBUSB = 0x660FD8,
  PSUBUSW = 0x660FD9,
  PAVGB = 0x660FE0,
  PAVGW = 0x660FE3,
  PABSB = 0x660F381C,
  PABSW = 0x660F381D,
  PABSD = 0x660F381E,
  PMULLW = 0x660FD5,
  PMULHW = 0x660FE5,
  PMULHUW = 0x660FE4,
  PMULLD = 0x660F3840,
  PMULDQ = 0x660F3828,
  PMULUDQ = 0x660FF4,
  PMULHRSW = 0x660F380B,
  PMADDWD = 0x660FF5,
  PMADDUBSW = 0x660F3804, /* the first operand unsigned, the second signed */
  PMINSB = 0x660F3838,
  PMINSW = 0x660FEA,
  PMINSD = 0x660F3839,
  PMINUB = 0x660FDA,
  PMINUW = 0x660F383A,
  PMINUD = 0x660F383B,
  PMAXSB = 0x660F383C,
  PMAXSW = 0x660FEE,
  PMAXSD = 0x660F383D,
  PMAXUB = 0x660FDE,
  PMAXUW = 0x660F383E,
  PMAXUD = 0x660F383F,
  PCMPEQB = 0x660F74,
  PCMPEQW = 0x660F75,
  PCMPEQD = 0x660F76,
  PCMPEQQ = 0x660F3829,
  PCMPGTB = 0x660F64,
  PCMPGTW = 0x660F65,
  PCMPGTD = 0x660F66,
  PCMPGTQ = 0x660F3837,
  /* shifts by the low half of a register; vec_shift takes the same names */
  PSRLW = 0x660FD1,
  PSRLD = 0x660FD2,
  PSRLQ = 0x660FD3,
  PSRAW = 0x660FE1,
  PSRAD = 0x660FE2,
  PSLLW = 0x660FF1,
  PSLLD = 0x660FF2,
  PSLLQ = 0x660FF3,
  /* floats: ...PD is ...PS | F64 */
  F64 = 0x660000,
  ADDPS = 0x0F58,
  SUBPS = 0x0F5C,
  MULPS = 0x0F59,
  DIVPS = 0x0F5E,
  MINPS = 0x0F5D, /* a < b ? a : b */
  MAXPS = 0x0F5F,
  SQRTPS = 0x0F51,
  CMPPS = 0x0FC2, /* with a comparison (CMP_) */
  ROUNDPS = 0x660F3A08,
  ROUNDPD = 0x660F3A09,
  CVTDQ2PS = 0x0F5B,
  CVTDQ2PD = 0xF30FE6,
  CVTTPS2DQ = 0xF30F5B,
  CVTTPD2DQ = 0x660FE6,
  CVTPS2PD = 0x0F5A,
  CVTPD2PS = 0x660F5A,
};

enum { CMP_EQ, CMP_LT, CMP_LE, CMP_UNORD, CMP_NEQ };          /* immediates of CMPPS */
enum { ROUND_NEAREST = 8, ROUND_DOWN, ROUND_UP, ROUND_ZERO }; /* of ROUNDPS; without exceptions */
#define HIGH_HALF 0xEE                                        /* of PSHUFD: the high half, twice */

/* What becomes of a wasm row (the second column of x64_simd.def). */
typedef enum VectorForm {
  FORM_NONE,
  FORM_LOAD,       /* d = opcode [m] */
  FORM_LOAD_SPLAT, /* d = every lane [m] */
  FORM_STORE,
  FORM_BINARY,      /* d = opcode a, b */
  FORM_SWAPPED,     /* d = opcode b, a */
  FORM_NOT,         /* d = ~(opcode a, b) */
  FORM_SWAPPED_NOT, /* d = ~(opcode b, a) */
  FORM_IS_A,        /* d = (opcode a, b) == a, by comparison 0x660F00 | imm */
  FORM_IS_NOT_A,    /* d = ~that */
  FORM_UNARY,       /* d = opcode a */
  FORM_HIGH,        /* d = opcode of a's high half */
  FORM_FROM_ZERO,   /* d = opcode 0, a */
  FORM_FROM_ONES,   /* d = opcode -1, a */
  FORM_EARLY,       /* several instructions, which read the operands before they write d */
  FORM_LATE,        /* several instructions, d another register than the operands' */
  FORM_SHIFT,       /* by an integer masked with imm */
  FORM_INSERT,      /* replace_lane and lane loads */
  FORM_EXTRACT,
  FORM_STORE_LANE,
  FORM_SPLAT,
  FORM_SHUFFLE,
  FORM_SWIZZLE,
  FORM_TEST, /* to an integer */
} VectorForm;

enum {
  COMMUTES = 1,
  MAKES_NAN = 2, /* the result's NaNs are made canonical where that is wanted */
  HALF = 4,      /* reads only the low 8 bytes of a */
  COMPARES = 8,  /* all bits of a lane are the same */
};

typedef struct VectorRow {
  u32 opcode;
  u8 form;
  i8 imm; /* -1: none */
  u8 traits;
} VectorRow;

/* The row of a wasm instruction, or NULL. */
const VectorRow *wm_x64_vector_row(u16 op);

/* x64_simd.c: d = vectors[index]. */
void wm_x64_vector_const(Compile *c, Loc d, u32 index);
/* x64_simd_seq.c: the FORM_EARLY, FORM_LATE and FORM_SWIZZLE rows. */
void wm_x64_emit_sequence(Compile *c, const Lir *x);
/* x64_relaxed.c: a relaxed row by the machine's own instruction; false: there is none. */
bool wm_x64_emit_relaxed(Compile *c, const Lir *x);
/* x64_shuffle.c: LIR_VSHUFFLE. A lane number of 0x80 gives 0 (only where a and b are the same). */
void wm_x64_emit_shuffle(Compile *c, const Lir *x);

/* Index in c->vectors of a vector of these halves, an existing one if it is near the end. */
u32 wm_x64_vector(Compile *c, u64 low, u64 high);

/* ---- short names for the assembler ---- */
static inline bool has_avx(const Compile *c) { return (c->options.cpu & CPU_AVX) != 0; }
static inline bool has_avx2(const Compile *c) { return (c->options.cpu & CPU_AVX2) != 0; }

static inline void vec3(Compile *c, u32 opcode, Loc d, Loc a, Loc b) {
  wm_x64_sse3(c, opcode, d, a, rm_reg(b), -1);
}
static inline void vec3_imm(Compile *c, u32 opcode, Loc d, Loc a, Loc b, int imm) {
  wm_x64_sse3(c, opcode, d, a, rm_reg(b), imm);
}
static inline void vec2(Compile *c, u32 opcode, Loc d, Loc a) {
  wm_x64_sse2(c, opcode, d, rm_reg(a), -1);
}
static inline void vec2_imm(Compile *c, u32 opcode, Loc d, Loc a, int imm) {
  wm_x64_sse2(c, opcode, d, rm_reg(a), imm);
}
/* d = opcode(a, the constant with `bits` in both halves). */
static inline void vec3_const(Compile *c, u32 opcode, Loc d, Loc a, u64 bits) {
  wm_x64_sse3(c, opcode, d, a, rm_vector(wm_x64_vector(c, bits, bits)), -1);
}
static inline void vec_const(Compile *c, Loc d, u64 low, u64 high) {
  wm_x64_sse2(c, MOVUPS, d, rm_vector(wm_x64_vector(c, low, high)), -1);
}
static inline void vec_zero(Compile *c, Loc d) { vec3(c, PXOR, d, d, d); }
static inline void vec_ones(Compile *c, Loc d) { vec3(c, PCMPEQD, d, d, d); }

/* d = a shifted by count; `shift` one of PSRLW .. PSLLQ. */
static inline void vec_shift(Compile *c, u32 shift, Loc d, Loc a, u32 count) {
  u32 extension = ((shift >> 4 & 15) - 12) * 2; /* srl 2, sra 4, sll 6 */
  wm_x64_sse_shift(c, 0x660F70 | (shift & 15), extension, d, a, count);
}

static inline u64 splat8(u32 v) { return (v & 0xFF) * UINT64_C(0x0101010101010101); }
static inline u64 splat16(u32 v) { return (v & 0xFFFF) * UINT64_C(0x0001000100010001); }
static inline u64 splat32(u32 v) { return v * UINT64_C(0x0000000100000001); }

#endif
