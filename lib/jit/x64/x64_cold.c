/* Ways from hot code to cold code, which x64_finish.c writes; traps, calls of helpers. */
#include "jit/x64/x64_emit.h"

static void jump_to_cold(Compile *c, u32 condition, u32 index) {
  wm_x64_byte(c, 0x0F);
  wm_x64_byte(c, 0x80 | condition);
  *jit_push(c, &emitter(c)->cold_jumps) = (ColdJump){x64_here(c), index};
  wm_x64_u32(c, 0);
}

u32 wm_x64_cold_if(Compile *c, u32 condition, Cold cold) {
  Emitter *e = emitter(c);
  u32 index = e->colds.len;
  *jit_push(c, &e->colds) = cold;
  jump_to_cold(c, condition, index);
  e->colds.data[index].back = x64_here(c);
  return index;
}

/* Equal traps of one site share their piece. */
void wm_x64_trap_if(Compile *c, u32 condition, TrapCode code, u32 site) {
  Emitter *e = emitter(c);
  u32 *cached = &e->trap_cache[(site * 31 + code) % CACHE_SIZE];
  if (*cached != NONE) {
    const Cold *k = &e->colds.data[*cached];
    if (k->site == site && k->code == code) {
      jump_to_cold(c, condition, *cached);
      return;
    }
  }
  *cached = wm_x64_cold_if(c, condition, (Cold){.kind = COLD_TRAP, .code = (u8)code, .site = site});
}

u32 wm_x64_rare_if(Compile *c, u32 condition, const Lir *x) {
  u32 index = (u32)(x - c->lir.data);
  return wm_x64_cold_if(c, condition, (Cold){.kind = COLD_SEQUENCE, .lir = index});
}

void wm_x64_call_helper(Compile *c, u32 id) {
  wm_x64_op(c, 8, 0x8B, R11, rm_mem(R15, -1, 0, (i32)offsetof(Instance, helpers)), false, 0);
  wm_x64_op(c, 4, 0xFF, 2, rm_mem(R11, -1, 0, (i32)(id * sizeof(void *))), false, 0);
}

void wm_x64_trap_site(Compile *c, TrapCode code, u32 site) {
  wm_x64_call_helper(c, STUB_TRAP);
  wm_x64_call_site(c, site, code);
}
