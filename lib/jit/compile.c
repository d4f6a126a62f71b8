/* What all passes call (compile.h). Calls none of them, so that a pass stands on this file and the
 * driver (jit.c) on the passes. */
#include "jit/compile.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void wm_jit_leave(Compile *c, JitResult why) { longjmp(c->leave, (int)why); }

bool wm_jit_trouble(Compile *c, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(c->trouble, sizeof c->trouble, format, args);
  va_end(args);
  return false;
}

void wm_jit_not_implemented(Compile *c, const char *what) {
  wm_jit_trouble(c, "%s is not implemented", what);
  wm_jit_leave(c, JIT_NOT_IMPLEMENTED);
}

/* Large arrays grow by less: moving them is the system's work, and does not cost a copy. */
static u64 larger(u64 cap, size_t size) {
  enum { LARGE_BYTES = 64 << 10 };
  return cap + (cap * size < LARGE_BYTES ? cap / 2 + 16 : cap / 4);
}

/* The new room is not zeroed, and nothing is copied for an array that is filled anew. */
void wm_jit_grow(Compile *c, void *data, u32 *cap, u32 len, u64 extra, size_t size) {
  void *old;
  memcpy(&old, data, sizeof old);
  u64 need = (u64)len + extra, want = max_u64(larger(*cap, size), need);
  u64 held = c->used_bytes - (u64)*cap * size;
  if (extra > UINT32_MAX || need > UINT32_MAX || held + need * size > c->budget_bytes)
    wm_jit_leave(c, JIT_TOO_LARGE);
  if (want > UINT32_MAX || held + want * size > c->budget_bytes) want = need;
  if (!len) {
    free(old);
    old = NULL;
    *cap = 0;
    memcpy(data, &old, sizeof old);
    c->used_bytes = held;
  }
  void *grown = realloc(old, (size_t)(want * size));
  if (!grown) wm_jit_leave(c, JIT_OUT_OF_MEMORY);
  memcpy(data, &grown, sizeof grown);
  c->used_bytes = held + want * size;
  c->peak_bytes = max_u64(c->peak_bytes, c->used_bytes);
  *cap = (u32)want;
}

void wm_jit_trim(Compile *c, void *data, u32 *cap, u32 len, size_t size) {
  void *old;
  memcpy(&old, data, sizeof old);
  if (!len || len == *cap) return;
  void *trimmed = realloc(old, len * size);
  if (!trimmed) return; /* as it was */
  memcpy(data, &trimmed, sizeof trimmed);
  c->used_bytes -= (u64)(*cap - len) * size;
  *cap = len;
}

void *wm_jit_scratch(Compile *c, u32 which, size_t bytes) {
  if (!c->scratch[which]) c->scratch[which] = calloc(1, bytes);
  if (!c->scratch[which]) wm_jit_leave(c, JIT_OUT_OF_MEMORY);
  return c->scratch[which];
}

IrType wm_jit_type(ValType t) {
  switch (t) {
  case VAL_I32: return T_I32;
  case VAL_F32: return T_F32;
  case VAL_F64: return T_F64;
  case VAL_V128: return T_V128;
  default: return T_I64;
  }
}
