/* What stands behind a function's blocks, and what others must know about its code: cold pieces,
 * the constant pool, jump tables, sites. */
#include "jit/x64/x64_emit.h"
#include "jit/x64/x64_machine.h"

/* ---- state ---- */

static void fill_none(u32 *items, u32 count) { memset(items, 0xFF, count * sizeof *items); }

static void reset_tables(Compile *c, Emitter *e) {
  jit_resize(c, &e->labels, c->blocks.len);
  jit_resize(c, &e->block_table, c->blocks.len);
  jit_resize(c, &e->inline_of, c->sites.len);
  if (c->blocks.len) {
    memset(e->labels.data, 0xFF, e->labels.len * sizeof *e->labels.data);
    fill_none(e->block_table.data, e->block_table.len);
  }
  if (c->sites.len) fill_none(e->inline_of.data, e->inline_of.len);
}

void wm_x64_begin(Compile *c) {
  Emitter *e = wm_jit_scratch(c, SCRATCH_EMIT, sizeof *e);
  e->constants.len = e->constant_refs.len = e->table_refs.len = 0;
  e->jumps.len = e->paddings.len = e->cold_jumps.len = e->tables.len = e->colds.len =
      e->layout.len = 0;
  fill_none(e->constant_cache, CACHE_SIZE);
  fill_none(e->trap_cache, CACHE_SIZE);
  reset_tables(c, e);
  e->flags.at = NONE;
  e->in_copy = false;
  c->code.len = c->calls.len = c->code_sites.len = c->inline_sites.len = 0;
}

void wm_x64_emit_free(void *scratch) {
  Emitter *e = scratch;
  vec_free(&e->constants);
  vec_free(&e->constant_refs);
  vec_free(&e->table_refs);
  vec_free(&e->jumps);
  vec_free(&e->paddings);
  vec_free(&e->cold_jumps);
  vec_free(&e->tables);
  vec_free(&e->colds);
  vec_free(&e->layout);
  vec_free(&e->labels);
  vec_free(&e->saved_bytes);
  vec_free(&e->shifts);
  vec_free(&e->targets);
  vec_free(&e->block_table);
  vec_free(&e->inline_of);
  vec_free(&e->moves);
  vec_free(&e->sequence);
}

static void patch(Compile *c, u32 at, u32 tail, u32 target) {
  store_u32(c->code.data + at, target - (at + tail));
}

/* ---- constants ---- */

static u32 constant_index(Compile *c, u64 low, u64 high, u32 bytes) {
  Emitter *e = emitter(c);
  u64 hash = (low ^ high * 0x9E3779B97F4A7C15u ^ bytes) * 0xD1342543DE82EF95u;
  u32 *cached = &e->constant_cache[hash >> 56];
  if (*cached != NONE) {
    const PoolConstant *k = &e->constants.data[*cached];
    if (k->low == low && k->high == high && k->bytes == bytes) return *cached;
  }
  *cached = e->constants.len;
  *jit_push(c, &e->constants) = (PoolConstant){low, high, bytes, 0};
  return *cached;
}

void wm_x64_refer(Compile *c, const Rm *m, u32 at, u32 imm_bytes) {
  u64 low = m->bits, high = m->bits;
  u32 bytes = m->bytes;
  if (m->kind == RM_VECTOR) {
    const V128 *v = &c->vectors.data[m->bits];
    low = v->u64x2[0];
    high = v->u64x2[1];
    bytes = 16;
  } else if (bytes < 16) {
    high = 0;
  }
  u32 index = constant_index(c, low, high, bytes);
  *jit_push(c, &emitter(c)->constant_refs) = (Reference){at, 4 + imm_bytes, index};
}

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

/* ---- sites ---- */

/* Index in inline_sites of the call site `site` and what it is inlined in, or NO_INDEX. */
static u32 inline_index(Compile *c, u32 site) {
  Emitter *e = emitter(c);
  u32 first = NO_INDEX, previous = NO_INDEX;
  while (site != NONE) {
    u32 known = e->inline_of.data[site];
    u32 index = known != NONE ? known : c->inline_sites.len;
    if (previous == NO_INDEX)
      first = index;
    else
      c->inline_sites.data[previous].caller = index;
    if (known != NONE) break;
    e->inline_of.data[site] = index;
    *jit_push(c, &c->inline_sites) = (InlineSite){c->sites.data[site].offset, NO_INDEX};
    previous = index;
    site = c->sites.data[site].caller;
  }
  return first;
}

/* Site 0 is the function's start. */
static void add_site(Compile *c, u32 site, u32 trap) {
  NativeSite s = {.pc = x64_here(c), .caller = NO_INDEX, .trap = trap};
  assert(!c->code_sites.len || vec_last(&c->code_sites)->pc <= s.pc);
  if (site) {
    s.wasm_offset = c->sites.data[site].offset;
    s.caller = inline_index(c, c->sites.data[site].caller);
  } else {
    s.wasm_offset = c->module->funcs[c->func_index].code_offset;
  }
  *jit_push(c, &c->code_sites) = s;
}

void wm_x64_call_site(Compile *c, u32 site, u32 trap) { add_site(c, site, trap); }

/* May be where a call ends, whose site comes first. */
void wm_x64_note_access(Compile *c, u32 site) { add_site(c, site, TRAP_MEMORY_OUT_OF_BOUNDS); }

/* ---- cold pieces ---- */

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

/* The stub finds the caller's return address, whose site has no code. */
static void trap_in_caller(Compile *c, TrapCode code) {
  wm_x64_mov_imm(c, RAX, code);
  wm_x64_op(c, 8, 0x8B, R11, rm_mem(R15, -1, 0, (i32)offsetof(Instance, helpers)), false, 0);
  wm_x64_op(c, 4, 0xFF, 4, rm_mem(R11, -1, 0, STUB_TRAP * (i32)sizeof(void *)), false, 0);
}

static void jump_back(Compile *c, u32 to) {
  wm_x64_byte(c, 0xE9);
  wm_x64_u32(c, to - (x64_here(c) + 4));
}

static void write_sequence(Compile *c, u32 lir) {
  const Lir *x = &c->lir.data[lir];
  if (x->op == LIR_DIV)
    wm_x64_rare_integer(c, x);
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

void wm_x64_finish(Compile *c) {
  write_colds(c);
  wm_x64_byte(c, 0xCC); /* so that the last return address is inside of the body */
  patch_jumps(c);
  write_constants(c);
  write_tables(c);
}
