/* Encodings of x86-64 instructions. With --list the program prints every sample as its bytes and
 * its text; encodings.py compares these with an assembler. As a test it checks the forms that are
 * easy to get wrong against bytes from the manual. */
#include "jit/jit.h"
#include "jit/x64/x64_emit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- text ---- */

static const char *const names8[] = {"al",  "cl",  "dl",   "bl",   "spl",  "bpl",  "sil",  "dil",
                                     "r8b", "r9b", "r10b", "r11b", "r12b", "r13b", "r14b", "r15b"};
static const char *const names64[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                      "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
static const char *const names32[] = {"eax", "ecx", "edx",  "ebx",  "esp",  "ebp",  "esi",  "edi",
                                      "r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d"};
static const char *const names16[] = {"ax",  "cx",  "dx",   "bx",   "sp",   "bp",   "si",   "di",
                                      "r8w", "r9w", "r10w", "r11w", "r12w", "r13w", "r14w", "r15w"};
static const char *const names_xmm[] = {"xmm0",  "xmm1",  "xmm2",  "xmm3", "xmm4",  "xmm5",
                                        "xmm6",  "xmm7",  "xmm8",  "xmm9", "xmm10", "xmm11",
                                        "xmm12", "xmm13", "xmm14", "xmm15"};

enum { XMM = 16 }; /* as a size: an xmm register */

static const char *reg_name(u32 reg, u32 size) {
  switch (size) {
  case 1: return names8[reg];
  case 2: return names16[reg];
  case 4: return names32[reg];
  case 8: return names64[reg];
  default: return names_xmm[reg];
  }
}

static const char *size_name(u32 size) {
  switch (size) {
  case 1: return "byte";
  case 2: return "word";
  case 4: return "dword";
  case 8: return "qword";
  default: return "xmmword";
  }
}

/* The operand as text; in memory it has `size` bytes. */
static const char *rm_text(Rm m, u32 size, u32 rip_disp) {
  static char text[96];
  if (m.kind == RM_REG) return reg_name(m.reg, size);
  int n = snprintf(text, sizeof text, "%s ptr ", size_name(size));
  char *at = text + n;
  size_t room = sizeof text - (size_t)n;
  if (m.kind != RM_MEM)
    snprintf(at, room, "[rip + 0x%x]", rip_disp);
  else if (m.base < 0 && m.index < 0)
    snprintf(at, room, "[%d]", m.disp);
  else if (m.index < 0)
    snprintf(at, room, "[%s + (%d)]", names64[m.base], m.disp);
  else if (m.base < 0)
    snprintf(at, room, "[%s*%u + (%d)]", names64[m.index], 1u << m.scale, m.disp);
  else
    snprintf(at, room, "[%s + %s*%u + (%d)]", names64[m.base], names64[m.index], 1u << m.scale,
             m.disp);
  return text;
}

/* ---- samples ---- */

static Compile *c;
static u32 sample_count;

static void start(void) { wm_x64_begin(c); }

/* The bytes since start; a constant behind them is placed, and its distance returned. */
static u32 finish(u32 *len) {
  *len = x64_here(c);
  wm_x64_finish(c);
  const Emitter *e = emitter(c);
  return e->constants.len ? e->constants.data[0].at - *len : 0;
}

static void show(u32 len, const char *format, ...) {
  va_list args;
  for (u32 i = 0; i < len; i++) printf("%02x", c->code.data[i]);
  putchar('\t');
  va_start(args, format);
  vprintf(format, args);
  va_end(args);
  putchar('\n');
  sample_count++;
}

/* op reg, rm [, imm] */
typedef struct General {
  const char *name;
  u32 opcode, width, reg_size, rm_size, imm_bytes;
  bool byte_reg, rm_first;
} General;

static const General generals[] = {
    {"mov", 0x8B, 8, 8, 8, 0, false, false},      {"mov", 0x8B, 4, 4, 4, 0, false, false},
    {"mov", 0x89, 8, 8, 8, 0, false, true},       {"mov", 0x88, 4, 1, 1, 0, true, true},
    {"mov", 0x66000089, 4, 2, 2, 0, false, true}, {"movzx", 0x0FB6, 4, 4, 1, 0, true, false},
    {"movsx", 0x0FBE, 8, 8, 1, 0, true, false},   {"movzx", 0x0FB7, 4, 4, 2, 0, false, false},
    {"movsxd", 0x63, 8, 8, 4, 0, false, false},   {"imul", 0x6B, 4, 4, 4, 1, false, false},
    {"imul", 0x69, 8, 8, 8, 4, false, false},     {"popcnt", 0xF30FB8, 8, 8, 8, 0, false, false},
    {"cmp", 0x3B, 4, 4, 4, 0, false, false},      {"cmp", 0x3A, 4, 1, 1, 0, true, false},
    {"test", 0x84, 4, 1, 1, 0, true, true},       {"cmovb", 0x0F42, 8, 8, 8, 0, false, false},
};

static void general(const General *g, u32 reg, Rm rm) {
  u32 len;
  start();
  wm_x64_op(c, g->width, g->opcode, reg, rm, g->byte_reg, g->imm_bytes);
  for (u32 i = 0; i < g->imm_bytes; i++) wm_x64_byte(c, 0x11);
  u32 disp = finish(&len);
  const char *m = rm_text(rm, g->rm_size, disp), *r = reg_name(reg, g->reg_size);
  const char *imm = g->imm_bytes == 1 ? ", 0x11" : g->imm_bytes ? ", 0x11111111" : "";
  show(len, "%s %s, %s%s", g->name, g->rm_first ? m : r, g->rm_first ? r : m, imm);
}

/* op rm [, imm]: a group */
static const General groups[] = {
    {"not", 0xF7, 8, 2, 8, 0, false, false},   {"neg", 0xF7, 4, 3, 4, 0, false, false},
    {"shl", 0xC1, 8, 4, 8, 1, false, false},   {"sar", 0xC1, 4, 7, 4, 1, false, false},
    {"test", 0xF6, 4, 0, 1, 1, true, false},   {"cmp", 0x80, 4, 7, 1, 1, true, false},
    {"sete", 0x0F94, 4, 0, 1, 0, true, false}, {"mov", 0xC7, 8, 0, 8, 4, false, false},
    {"mov", 0xC6, 4, 0, 1, 1, true, false},    {"bt", 0x0FBA, 8, 4, 8, 1, false, false},
};

static void group(const General *g, Rm rm) {
  u32 len;
  start();
  wm_x64_op(c, g->width, g->opcode, g->reg_size, rm, g->byte_reg, g->imm_bytes);
  for (u32 i = 0; i < g->imm_bytes; i++) wm_x64_byte(c, 0x11);
  u32 disp = finish(&len);
  const char *imm = g->imm_bytes == 1 ? ", 0x11" : g->imm_bytes ? ", 0x11111111" : "";
  show(len, "%s %s%s", g->name, rm_text(rm, g->rm_size, disp), imm);
}

typedef struct Vector {
  const char *name;
  u32 opcode, rm_size;
  int imm;
  char form; /* 3: d, a, rm; 2: d, rm; s: store; w: d, rm with W */
} Vector;

static const Vector vectors[] = {
    {"addsd", 0xF20F58, 8, -1, '3'},     {"mulss", 0xF30F59, 4, -1, '3'},
    {"subps", 0x0F5C, 16, -1, '3'},      {"pandn", 0x660FDF, 16, -1, '3'},
    {"pminsd", 0x660F3839, 16, -1, '3'}, {"roundsd", 0x660F3A0B, 8, 9, '3'},
    {"movsd", 0xF20F10, 8, -1, '2'},     {"movups", 0x0F10, 16, -1, '2'},
    {"pshufd", 0x660F70, 16, 0x1B, '2'}, {"pmovsxbw", 0x660F3820, 8, -1, '2'},
    {"ucomisd", 0x660F2E, 8, -1, '2'},   {"movsd", 0xF20F11, 8, -1, 's'},
    {"movups", 0x0F11, 16, -1, 's'},
};

static void vector(const Vector *v, u32 d, u32 a, Rm rm) {
  u32 len;
  start();
  if (v->form == '3')
    wm_x64_sse3(c, v->opcode, d, a, rm, v->imm);
  else if (v->form == '2')
    wm_x64_sse2(c, v->opcode, d, rm, v->imm);
  else
    wm_x64_sse_store(c, v->opcode, d, rm, v->imm);
  u32 disp = finish(&len);
  bool avx = has_cpu(c, CPU_AVX), three = v->form == '3' && avx;
  bool merges = rm.kind == RM_REG && v->opcode >> 4 == 0xF20F1; /* movsd between registers */
  if (merges || (!avx && v->form == '3' && a != d)) return;
  char imm[16] = "", second[16] = "";
  if (v->imm >= 0) snprintf(imm, sizeof imm, ", 0x%x", v->imm);
  if (three) snprintf(second, sizeof second, ", %s", names_xmm[a]);
  const char *m = rm_text(rm, rm.kind == RM_REG ? XMM : v->rm_size, disp), *prefix = avx ? "v" : "";
  if (v->form == 's')
    show(len, "%s%s %s, %s", prefix, v->name, m, names_xmm[d]);
  else
    show(len, "%s%s %s%s, %s%s", prefix, v->name, names_xmm[d], second, m, imm);
}

/* ---- all of them ---- */

static void each_memory(void (*use)(Rm)) {
  static const i32 disps[] = {0, 1, -128, 127, 128, -129, 0x12345678};
  for (u32 k = 0; k < ARRAY_LEN(disps); k++) {
    use(rm_mem(-1, -1, 0, disps[k]));
    for (int base = -1; base < 16; base++)
      for (int index = -1; index < 16; index++)
        for (u8 scale = 0; scale < 4; scale++) {
          bool none = base < 0 && index < 0, plain = index < 0 && scale;
          if (index != RSP && !none && !plain) use(rm_mem(base, index, scale, disps[k]));
        }
  }
}

static void with_mov(Rm rm) { general(&generals[0], R9, rm); }

static void list_general(void) {
  each_memory(with_mov);
  for (u32 i = 0; i < ARRAY_LEN(generals); i++) {
    for (u32 reg = 0; reg < 16; reg++) {
      for (u32 rm = 0; rm < 16; rm++) general(&generals[i], reg, rm_reg(rm));
      general(&generals[i], reg, rm_mem(R12, RBP, 1, 64));
      general(&generals[i], reg, rm_mem(R13, -1, 0, 0));
      general(&generals[i], reg, rm_mem(RSP, -1, 0, 1 << 12));
      general(&generals[i], reg, rm_const(1, 8));
    }
  }
  for (u32 i = 0; i < ARRAY_LEN(groups); i++) {
    for (u32 rm = 0; rm < 16; rm++) group(&groups[i], rm_reg(rm));
    group(&groups[i], rm_mem(RSP, RBP, 3, 8));
    group(&groups[i], rm_mem(R12, -1, 0, 0));
    group(&groups[i], rm_const(1, 8));
  }
}

static void list_vectors(u32 cpu) {
  c->options.cpu = cpu;
  for (u32 i = 0; i < ARRAY_LEN(vectors); i++)
    for (u32 d = 0; d < 16; d++) {
      u32 a = cpu ? 15 - d : d;
      for (u32 rm = 0; rm < 16; rm++) vector(&vectors[i], d, a, rm_reg(rm));
      bool aligned =
          cpu || vectors[i].rm_size < 16 || vectors[i].form == 's' || vectors[i].opcode == 0x0F10;
      if (aligned) vector(&vectors[i], d, a, rm_mem(R13, R12, 2, 0));
      if (aligned) vector(&vectors[i], d, a, rm_mem(-1, R8, 3, -4));
      vector(&vectors[i], d, a, rm_const(1, 16));
    }
}

static void list_immediates(void) {
  static const i32 imms[] = {0, 1, -1, 127, -128, 128, -129, INT32_MAX, INT32_MIN};
  static const u64 values[] = {0,          1,          0x7FFFFFFF, 0x80000000,
                               UINT32_MAX, UINT64_MAX, 1ull << 32, 0x123456789ABCDEF0};
  u32 len;
  for (u32 reg = 0; reg < 16; reg++) {
    for (u32 i = 0; i < ARRAY_LEN(imms); i++) {
      start();
      wm_x64_alu_imm(c, 8, ALU_ADD, rm_reg(reg), imms[i]);
      finish(&len);
      show(len, "add %s, %d", names64[reg], imms[i]);
      start();
      wm_x64_alu_imm(c, 4, ALU_CMP, rm_reg(reg), imms[i]);
      finish(&len);
      show(len, "cmp %s, %d", names32[reg], imms[i]);
    }
    for (u32 i = 0; i < ARRAY_LEN(values); i++) {
      bool narrow = values[i] <= UINT32_MAX;
      start();
      wm_x64_mov_imm(c, reg, values[i]);
      finish(&len);
      show(len, "mov %s, %lld", narrow ? names32[reg] : names64[reg], (long long)values[i]);
    }
  }
}

static void list_bmi(void) {
  for (u32 d = 0; d < 16; d++)
    for (u32 b = 0; b < 16; b++) {
      u32 len, a = (d + b) & 15;
      start();
      wm_x64_vex(c, (Vex){VEX_66, VEX_0F38, true, 0xF7}, d, b, rm_reg(a), 0);
      finish(&len);
      show(len, "shlx %s, %s, %s", names64[d], names64[a], names64[b]);
      start();
      wm_x64_vex(c, (Vex){VEX_F2, VEX_0F3A, false, 0xF0}, d, 0, rm_reg(a), 1);
      wm_x64_byte(c, 0x11);
      finish(&len);
      show(len, "rorx %s, %s, 0x11", names32[d], names32[a]);
      start();
      wm_x64_vex(c, (Vex){VEX_NO_PREFIX, VEX_0F38, false, 0xF2}, d, b,
                 rm_mem(R14, (int)a == RSP ? -1 : (int)a, 0, 8), 0);
      finish(&len);
      Rm m = rm_mem(R14, (int)a == RSP ? -1 : (int)a, 0, 8);
      show(len, "andn %s, %s, %s", names32[d], names32[b], rm_text(m, 4, 0));
    }
}

static void list_all(void) {
  list_general();
  list_immediates();
  list_bmi();
  list_vectors(0);
  list_vectors(CPU_AVX);
}

/* ---- the test ---- */

static void expect(const char *bytes, size_t len) {
  assert_int_equal(c->code.len, len);
  assert_memory_equal(c->code.data, bytes, len);
}
#define EXPECT(bytes) expect(bytes, sizeof(bytes) - 1)

static void awkward_bases(void **state) {
  (void)state;
  start();
  wm_x64_op(c, 8, 0x8B, RAX, rm_mem(RSP, -1, 0, 0), false, 0); /* needs a SIB byte */
  EXPECT("\x48\x8B\x04\x24");
  start();
  wm_x64_op(c, 4, 0x8B, RAX, rm_mem(R12, -1, 0, 8), false, 0);
  EXPECT("\x41\x8B\x44\x24\x08");
  start();
  wm_x64_op(c, 4, 0x8B, RAX, rm_mem(R13, -1, 0, 0), false, 0); /* needs a displacement */
  EXPECT("\x41\x8B\x45\x00");
  start();
  wm_x64_op(c, 4, 0x8B, RAX, rm_mem(RBP, RCX, 0, 0), false, 0); /* but not as an index */
  EXPECT("\x8B\x04\x29");
}

static void byte_registers(void **state) {
  (void)state;
  start();
  wm_x64_op(c, 4, 0x88, RSI, rm_mem(RAX, -1, 0, 0), true, 0); /* sil, not dh */
  EXPECT("\x40\x88\x30");
  start();
  wm_x64_op(c, 4, 0x80, 7, rm_mem(RAX, -1, 0, 0), true, 1); /* no register */
  EXPECT("\x80\x38");
}

static void zero_keeps_flags(void **state) {
  (void)state;
  start();
  wm_x64_mov_imm(c, RDX, 0);
  EXPECT("\xBA\x00\x00\x00\x00");
}

/* Without AVX the first source is moved to the destination; its own second source is saved. */
static void two_operand_form(void **state) {
  (void)state;
  c->options.cpu = 0;
  start();
  wm_x64_sse3(c, 0xF20F5C, 1, 2, rm_reg(3), -1);
  EXPECT("\x0F\x28\xCA\xF2\x0F\x5C\xCB");
  start();
  wm_x64_sse3(c, 0xF20F5C, 1, 2, rm_reg(1), -1);
  EXPECT("\x44\x0F\x28\xF9\x0F\x28\xCA\xF2\x41\x0F\x5C\xCF");
  start();
  wm_x64_sse3(c, 0xF20F58, 1, 2, rm_reg(1), -1); /* commutes */
  EXPECT("\xF2\x0F\x58\xCA");
}

/* Memory of 16 bytes may be unaligned. */
static void unaligned_memory(void **state) {
  (void)state;
  c->options.cpu = 0;
  start();
  wm_x64_sse3(c, 0x660FFE, 1, 1, rm_mem(RAX, -1, 0, 0), -1);
  EXPECT("\x44\x0F\x10\x38\x66\x41\x0F\xFE\xCF");
}

static int set_up(void **state) {
  (void)state;
  c = wm_jit_new();
  return c ? 0 : -1;
}

static int tear_down(void **state) {
  (void)state;
  wm_jit_delete(c);
  return 0;
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "--list") == 0) {
    if (set_up(NULL)) return 1;
    list_all();
    return tear_down(NULL);
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(awkward_bases),    cmocka_unit_test(byte_registers),
      cmocka_unit_test(zero_keeps_flags), cmocka_unit_test(two_operand_form),
      cmocka_unit_test(unaligned_memory),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
