/* What the parts of the generator share (generator.h): the tape, bytes, types, the operand stack.
 */
#include "tests/fuzz/generator.h"

#include "binary/encode.h"

/* ---- the tape: zeros when it is over ---- */

bool gen_is_over(const Gen *g) { return g->tape == g->tape_end; }
static u8 next_byte(Gen *g) { return gen_is_over(g) ? 0 : *g->tape++; }
u32 gen_pick(Gen *g, u32 n) {
  u32 value = next_byte(g);
  if (n > 200) value = value << 8 | next_byte(g);
  return value % n;
}
u64 gen_pick_bits(Gen *g) {
  u64 bits = 0;
  for (u32 i = 0; i < 8; i++) bits = bits << 8 | next_byte(g);
  return bits;
}

/* ---- writing ---- */

void gen_op(Gen *g, u16 id) {
  if (g->barriers)
    wm_buffer_bytes(&g->code, "\x02\x40\x41\0\x0D\0\x0B", 7); /* block 0 br_if 0 end */
  wm_encode_op(&g->code, id);
}
void gen_op_index(Gen *g, u16 id, u32 index) {
  gen_op(g, id);
  wm_buffer_uleb(&g->code, index);
}
void gen_op_i32(Gen *g, u32 value) {
  gen_op(g, OP_i32_const);
  wm_buffer_sleb(&g->code, (i32)value);
}

bool gen_is_number(char letter) { return strchr("ilfds", letter) != NULL; }

ValType gen_valtype_of(const Gen *g, char letter) {
  if (letter >= '0' && letter <= '9') return REF_NULL_TYPE(g->func_types[letter - '0']);
  if (letter >= 'A' && letter <= 'F') return REF_TYPE(g->func_types[letter - 'A']);
  if (gen_is_gc(letter)) return gen_gc_valtype(letter);
  switch (letter) {
  case 'i': return VAL_I32;
  case 'l': return VAL_I64;
  case 'f': return VAL_F32;
  case 'd': return VAL_F64;
  case 's': return VAL_V128;
  case 'r': return VAL_FUNCREF;
  case 'n': return REF_NULL_TYPE(HEAP_EXN);
  default: return VAL_EXTERNREF;
  }
}

u32 gen_type_index(Gen *g, const char *params, const char *results) {
  for (u32 i = 0; i < g->type_count; i++) {
    if (!strcmp(g->types[i].params, params) && !strcmp(g->types[i].results, results))
      return g->gc_count + i;
  }
  Sig *sig = &g->types[g->type_count];
  memmove(sig->params, params, strnlen(params, MAX_LIST - 1) + 1);
  memmove(sig->results, results, strnlen(results, MAX_LIST - 1) + 1);
  sig->params[MAX_LIST - 1] = sig->results[MAX_LIST - 1] = 0;
  return g->gc_count + g->type_count++;
}

bool gen_has_room_for_types(const Gen *g) { return g->type_count + 10 < MAX_TYPES_IN_PROGRAM; }

static char any_type(Gen *g) {
  u32 plain = sizeof ALL_TYPES - 1, has_exn = (g->kinds & KIND_EXN) != 0;
  u32 others = g->kinds & KIND_GC ? 12 : 0;
  u32 i = gen_pick(g, plain + 2 * has_exn + 2 * g->typed_count + others);
  if (i < plain) return ALL_TYPES[i];
  if (i < plain + 2 * has_exn) return 'n';
  i -= plain + 2 * has_exn;
  if (i >= 2 * g->typed_count) return gen_pick_gc_letter(g);
  return (char)((i % 2 ? 'A' : '0') + (char)(i / 2));
}

/* Few types at a time: more values meet. */
void gen_pick_palette(Gen *g) {
  for (u32 i = 0; i < 2; i++) g->palette[i] = ALL_TYPES[gen_pick(g, i ? sizeof ALL_TYPES - 1 : 5)];
  if (g->kinds & KIND_GC && gen_pick(g, 2)) g->palette[1] = gen_pick_gc_letter(g);
  g->palette[2] = any_type(g);
}

char gen_pick_type(Gen *g) {
  if (gen_pick(g, 12) == 11) return any_type(g);
  return g->palette[gen_pick(g, 3)];
}

void gen_pick_types(Gen *g, char *list, u32 max) {
  u32 count = gen_pick(g, 8) == 7 ? gen_pick(g, max) : gen_pick(g, 3);
  for (u32 i = 0; i < count; i++) list[i] = gen_pick_type(g);
  list[count] = 0;
}

/* ---- the operand stack ---- */

void gen_push(Gen *g, char type) { g->stack[g->depth++] = type; }
void gen_push_list(Gen *g, const char *types) {
  while (*types) gen_push(g, *types++);
}
u32 gen_base_of(const Gen *g) { return g->labels[g->label_count - 1].base; }

/* How many of the top values are the first ones of `types`. */
u32 gen_matching(const Gen *g, const char *types) {
  u32 have = g->depth - max_u32(g->floor, gen_base_of(g)), count = (u32)strlen(types);
  for (u32 k = count < have ? count : have; k > 0; k--) {
    if (!memcmp(g->stack + g->depth - k, types, k)) return k;
  }
  return 0;
}
