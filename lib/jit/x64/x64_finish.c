/* What stands behind a function's blocks: cold pieces, the constant pool, jump tables. Then all
 * fields that were left open are filled in.
 *
 *   [ blocks | cold pieces | int3 | constants, the largest first | jump tables ] */
#include "jit/x64/x64_emit.h"

static void patch(Compile *c, u32 at, u32 tail, u32 target) {
  store_u32(c->code.data + at, target - (at + tail));
}

/* ---- constants ---- */

static void align_with_traps(Compile *c, u32 alignment) {
  while (c->code.len % alignment) wm_x64_byte(c, 0xCC);
}

static void write_constant(Compile *c, PoolConstant *k) {
  align_with_traps(c, k->bytes);
  k->at = x64_here(c);
  if (k->bytes == 4) {
    wm_x64_u32(c, (u32)k->low);
    return;
  }
  wm_x64_u64(c, k->low);
  if (k->bytes == 16) wm_x64_u64(c, k->high);
}

/* The largest first, so that little is lost by aligning. */
static void write_constants(Compile *c) {
  Emitter *e = emitter(c);
  for (u32 bytes = 16; bytes >= 4; bytes /= 2)
    for (u32 i = 0; i < e->constants.len; i++)
      if (e->constants.data[i].bytes == bytes) write_constant(c, &e->constants.data[i]);
  for (u32 i = 0; i < e->constant_refs.len; i++) {
    const Reference *r = &e->constant_refs.data[i];
    patch(c, r->at, r->tail, e->constants.data[r->index].at);
  }
}

/* ---- jump tables: 4-byte distances from the table to the targets ---- */

static void write_table(Compile *c, JumpTable *table) {
  const Emitter *e = emitter(c);
  const Block *b = block_at(c, table->block);
  const u32 *list = list_at(c, b->table);
  align_with_traps(c, 4);
  table->at = x64_here(c);
  for (u32 i = 0; i + 1 < list[0]; i++) { /* the last is the default */
    u32 target = e->targets.data[edge_at(c, b->edges + list[1 + i])->to];
    wm_x64_u32(c, e->labels.data[target].at - table->at);
  }
}

static void write_tables(Compile *c) {
  Emitter *e = emitter(c);
  for (u32 i = 0; i < e->tables.len; i++) write_table(c, &e->tables.data[i]);
  for (u32 i = 0; i < e->table_refs.len; i++) {
    const Reference *r = &e->table_refs.data[i];
    patch(c, r->at, r->tail, e->tables.data[r->index].at);
  }
}

/* ---- cold pieces ---- */

/* The stub finds the caller's return address, whose site has no code. */
static void trap_in_caller(Compile *c, TrapCode code) {
  wm_x64_mov_imm(c, RAX, code);
  wm_x64_jump_helper(c, STUB_TRAP);
}

static void jump_back(Compile *c, u32 to) {
  wm_x64_byte(c, 0xE9);
  wm_x64_u32(c, to - (x64_here(c) + 4));
}

static void write_sequence(Compile *c, u32 lir) {
  const Lir *x = &c->lir.data[lir];
  if (x->op == LIR_DIV)
    wm_x64_rare_integer(c, x);
  else if (x->op == LIR_BARRIER)
    wm_x64_rare_barrier(c, x);
  else
    wm_x64_rare_float(c, x);
}

static void write_cold(Compile *c, Cold cold) {
  switch (cold.kind) {
  case COLD_TRAP: wm_x64_trap_site(c, cold.code, cold.site); return;
  case COLD_POLL:
  case COLD_CALL_REF:
    wm_x64_call_helper(c, cold.kind == COLD_POLL ? STUB_POLL : STUB_CALL_REF);
    wm_x64_call_site(c, cold.site, cold.code);
    break;
  case COLD_TAIL_SLOT:
    wm_x64_mov_imm(c, RAX, cold.number);
    wm_x64_jump_helper(c, STUB_TAIL_SLOT);
    return;
  case COLD_TAIL_REF: wm_x64_jump_helper(c, STUB_TAIL_REF); return;
  case COLD_NO_STACK: trap_in_caller(c, TRAP_STACK_OVERFLOW); return;
  default: write_sequence(c, cold.lir);
  }
  jump_back(c, cold.back);
}

/* Pieces may add further ones (traps). */
static void write_colds(Compile *c) {
  Emitter *e = emitter(c);
  for (u32 i = 0; i < e->colds.len; i++) {
    e->colds.data[i].at = x64_here(c);
    write_cold(c, e->colds.data[i]);
  }
  for (u32 i = 0; i < e->cold_jumps.len; i++) {
    const ColdJump *j = &e->cold_jumps.data[i];
    patch(c, j->at, 4, e->colds.data[j->to].at);
  }
}

static void patch_jumps(Compile *c) {
  const Emitter *e = emitter(c);
  for (u32 i = 0; i < e->jumps.len; i++) {
    const BlockJump *j = &e->jumps.data[i];
    u32 target = j->form == JUMP_SELF ? 0 : e->labels.data[j->to].at;
    assert(target != NONE);
    if (j->is_near)
      c->code.data[j->at] = (u8)(target - (j->at + 1));
    else
      patch(c, j->at, 4, target);
  }
}

/* Landings are blocks until here. */
static void find_landings(Compile *c) {
  const Emitter *e = emitter(c);
  for (u32 i = 0; i < c->catches.len; i++) {
    u32 *landing = &c->catches.data[i].landing;
    *landing = e->labels.data[e->targets.data[*landing]].at;
  }
}

void wm_x64_finish(Compile *c) {
  write_colds(c);
  find_landings(c);
  wm_x64_byte(c, 0xCC); /* so that the last return address is inside of the body */
  patch_jumps(c);
  write_constants(c);
  write_tables(c);
}
