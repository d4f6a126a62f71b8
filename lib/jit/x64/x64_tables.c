/* What is noted while instructions are written: constants that they refer to, sites. Calls no
 * encoder, which calls this file. */
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
  c->code.len = c->calls.len = c->code_sites.len = c->inline_sites.len = c->catches.len = 0;
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
  vec_free(&e->is_aside);
  vec_free(&e->block_table);
  vec_free(&e->inline_of);
  vec_free(&e->moves);
  vec_free(&e->sequence);
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
static void add_site(Compile *c, u32 site, u32 trap, bool is_access) {
  NativeSite s = {.pc = x64_here(c), .caller = NO_INDEX, .trap = (u16)trap, .is_access = is_access};
  assert(!c->code_sites.len || vec_last(&c->code_sites)->pc <= s.pc);
  if (site) {
    s.wasm_offset = c->sites.data[site].offset;
    s.caller = inline_index(c, c->sites.data[site].caller);
  } else {
    s.wasm_offset = c->module->funcs[c->func_index].code_offset;
  }
  *jit_push(c, &c->code_sites) = s;
}

void wm_x64_call_site(Compile *c, u32 site, u32 trap) {
  const Site *s = &c->sites.data[site];
  add_site(c, site, trap, false);
  if (s->landing != NONE && !trap)
    *jit_push(c, &c->catches) = (NativeCatch){x64_here(c), s->landing, s->chain};
}

/* May be where a call ends, whose site comes first. */
void wm_x64_note_access(Compile *c, u32 site, u32 trap) { add_site(c, site, trap, true); }
