/* What the processor offers (Intel SDM volume 2, CPUID; volume 1, 14.3 for AVX). */
#include "jit/x64/x64_machine.h"

#include <cpuid.h>

/* Bits of leaf 1 and 7 and of extended leaf 1. */
enum {
  ECX1_FMA = 1 << 12,
  ECX1_SSE41 = 1 << 19,
  ECX1_SSE42 = 1 << 20,
  ECX1_POPCNT = 1 << 23,
  ECX1_OSXSAVE = 1 << 27,
  ECX1_AVX = 1 << 28,
  EBX7_BMI1 = 1 << 3,
  EBX7_AVX2 = 1 << 5,
  EBX7_BMI2 = 1 << 8,
  ECX81_LZCNT = 1 << 5,
  XCR0_SSE_AVX = 6, /* the system saves xmm and ymm registers */
};

static u32 leaf1_ecx(void) {
  u32 eax, ebx, ecx, edx;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) ? ecx : 0;
}

static bool os_saves_ymm(void) {
  u32 eax, edx;
  __asm__ volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
  return (eax & XCR0_SSE_AVX) == XCR0_SSE_AVX;
}

/* AVX and what is encoded like it. */
static u32 vex_bits(u32 ecx1, u32 ebx7) {
  u32 bits = CPU_AVX;
  if (ecx1 & ECX1_FMA) bits |= CPU_FMA;
  if (ebx7 & EBX7_AVX2) bits |= CPU_AVX2;
  return bits;
}

u32 wm_x64_cpu(void) {
  u32 eax, ebx7 = 0, ecx, edx, bits = 0, ecx1 = leaf1_ecx();
  if (!__get_cpuid_count(7, 0, &eax, &ebx7, &ecx, &edx)) ebx7 = 0;
  if (__get_cpuid(0x80000001, &eax, &edx, &ecx, &edx) && ecx & ECX81_LZCNT) bits |= CPU_LZCNT;
  if (ebx7 & EBX7_BMI1) bits |= CPU_BMI1;
  if (ebx7 & EBX7_BMI2) bits |= CPU_BMI2;
  if (ecx1 & ECX1_OSXSAVE && ecx1 & ECX1_AVX && os_saves_ymm()) bits |= vex_bits(ecx1, ebx7);
  return bits;
}

bool wm_x64_available(void) {
  u32 need = ECX1_SSE41 | ECX1_SSE42 | ECX1_POPCNT;
  return (leaf1_ecx() & need) == need;
}
