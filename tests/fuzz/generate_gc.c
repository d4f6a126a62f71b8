/* Structs, arrays and references to them: what a program declares, and values of these types.
 *
 * A program has a few types of its own, numbers 0 up to gc_count, structs and arrays (of either at
 * least one), in recursion groups and below each other. References are letters: one of with_null
 * and without_null, at the place of the type or, behind those, of the abstract one. */
#include "tests/fuzz/generator.h"

#include "binary/encode.h"

static const char with_null[] = "GHIJKLMNWXYZ[\\", without_null[] = "OPQRSTUVabcghj";

/* ---- letters ---- */

bool gen_is_gc(char letter) {
  return letter && (strchr(with_null, letter) || strchr(without_null, letter));
}
bool gen_is_gc_nullable(char letter) { return letter && strchr(with_null, letter) != NULL; }
u32 gen_gc_heap(char letter) {
  const char *place = strchr(with_null, letter);
  return (u32)(place ? place - with_null : strchr(without_null, letter) - without_null);
}
char gen_gc_letter(u32 heap, bool nullable) { return (nullable ? with_null : without_null)[heap]; }

ValType gen_gc_valtype(char letter) {
  static const HeapType abstract[] = {HEAP_ANY,    HEAP_EQ,    HEAP_I31,
                                      HEAP_STRUCT, HEAP_ARRAY, HEAP_NONE};
  u32 heap = gen_gc_heap(letter);
  HeapType type = heap < GC_TYPES ? heap : abstract[heap - GC_TYPES];
  return gen_is_gc_nullable(letter) ? REF_NULL_TYPE(type) : REF_TYPE(type);
}

static bool heap_is_sub(const Gen *g, u32 sub, u32 super) {
  if (sub == super || super == GC_ANY || sub == GC_NONE) return true;
  if (super == GC_EQ) return sub != GC_ANY;
  if (sub >= GC_TYPES) return false;
  if (super == GC_STRUCT || super == GC_ARRAY) return g->gc[sub].is_array == (super == GC_ARRAY);
  while (sub != super && g->gc[sub].super != NO_SUPER) sub = g->gc[sub].super;
  return sub == super;
}

bool gen_gc_is_sub(const Gen *g, char sub, char super) {
  if (sub == super) return true;
  if (!gen_is_gc(sub) || !gen_is_gc(super)) return false;
  if (gen_is_gc_nullable(sub) && !gen_is_gc_nullable(super)) return false;
  return heap_is_sub(g, gen_gc_heap(sub), gen_gc_heap(super));
}

/* One that this program has; without null it has values. */
char gen_pick_gc_letter(Gen *g) {
  u32 heap = gen_pick(g, g->gc_count + GC_NONE - GC_TYPES + 1);
  if (heap >= g->gc_count) heap += GC_TYPES - g->gc_count;
  return gen_gc_letter(heap, gen_pick(g, 2) || heap == GC_NONE);
}

static char pick_related(Gen *g, char letter, bool below) {
  for (u32 tries = 0; tries < 6; tries++) {
    char other = gen_pick_gc_letter(g);
    if (below ? gen_gc_is_sub(g, other, letter) : gen_gc_is_sub(g, letter, other)) return other;
  }
  return letter;
}

char gen_pick_gc_above(Gen *g, char letter) { return pick_related(g, letter, false); }
char gen_pick_gc_below(Gen *g, char letter) { return pick_related(g, letter, true); }

/* ---- the types ---- */

static u32 end_of_group(const Gen *g, u32 type) {
  do type++;
  while (type < g->gc_count && !g->gc[type].starts_group);
  return type;
}

/* A type without null is an earlier one, so that values can be made. */
static char pick_field(Gen *g, u32 type) {
  static const char plain[] = "ilfdsrexyn";
  u32 way = gen_pick(g, 5);
  if (way < 2) return plain[gen_pick(g, sizeof plain - (g->kinds & KIND_EXN ? 1 : 2))];
  if (way == 2) return gen_gc_letter(GC_ANY + gen_pick(g, 3), gen_pick(g, 3) != 0);
  if (g->together && (g->kinds & KIND_TYPED) && gen_pick(g, 3) == 0)
    return (char)((gen_pick(g, 2) ? '0' : 'A') + (char)gen_pick(g, g->func_count));
  if (type && gen_pick(g, 3) == 0) return gen_gc_letter(gen_pick(g, type), false);
  return gen_gc_letter(gen_pick(g, g->together ? g->gc_count : end_of_group(g, type)), true);
}

static void inherit(Gen *g, GcType *t, u32 type) {
  u32 super = gen_pick(g, type);
  const GcType *s = &g->gc[super];
  if (s->is_final || gen_pick(g, 4) == 0) return;
  t->super = (u8)super;
  t->is_array = s->is_array;
  t->mutable_fields = s->mutable_fields;
  memcpy(t->fields, s->fields, sizeof t->fields);
  for (u32 i = 0; t->fields[i]; i++) {
    char *field = &t->fields[i];
    u32 heap = gen_is_gc(*field) ? gen_gc_heap(*field) : GC_NONE;
    bool narrows = !(t->mutable_fields >> i & 1) && gen_pick(g, 2);
    if (narrows && (heap < type || (heap >= GC_TYPES && heap != GC_NONE)))
      *field = gen_gc_letter(heap, false);
  }
}

static void pick_one(Gen *g, u32 type) {
  GcType *t = &g->gc[type];
  t->super = NO_SUPER;
  t->is_array = type == 1 || (type > 1 && gen_pick(g, 3) == 0);
  if (type > 1) inherit(g, t, type);
  t->is_final = gen_pick(g, 4) == 0;
  u32 have = (u32)strlen(t->fields), wanted = t->is_array ? 1 : have + gen_pick(g, 4);
  for (; have < wanted && have < MAX_FIELDS; have++) {
    t->fields[have] = pick_field(g, type);
    if (gen_pick(g, 4)) t->mutable_fields |= 1u << have;
  }
}

void gen_pick_gc_types(Gen *g) {
  g->gc_count = 2 + gen_pick(g, GC_TYPES - 1);
  g->together = gen_pick(g, 3) == 0;
  for (u32 i = 0; i < g->gc_count; i++) g->gc[i].starts_group = i == 0 || gen_pick(g, 3) == 0;
  for (u32 i = 0; i < g->gc_count; i++) pick_one(g, i);
  static const char entries[] = "WXbG";
  g->table_letter = entries[gen_pick(g, sizeof entries - 1)];
}

static ValType storage_type(const Gen *g, char letter) {
  if (letter == 'x' || letter == 'y') return letter == 'x' ? VAL_I16 : VAL_I8;
  return gen_valtype_of(g, letter);
}

static void write_type(const Gen *g, const GcType *t, Buffer *out) {
  FieldType fields[MAX_FIELDS];
  SubType type = {.kind = t->is_array ? COMP_ARRAY : COMP_STRUCT,
                  .is_final = t->is_final,
                  .super = t->super == NO_SUPER ? NO_TYPE : t->super,
                  .field_count = (u32)strlen(t->fields),
                  .fields = fields};
  for (u32 i = 0; i < type.field_count; i++)
    fields[i] = (FieldType){storage_type(g, t->fields[i]), t->mutable_fields >> i & 1, 0};
  wm_encode_subtype(out, &type);
}

u32 gen_gc_groups(const Gen *g) {
  u32 count = 0;
  for (u32 i = 0; i < g->gc_count; i++) count += g->gc[i].starts_group;
  return count;
}

/* Without the groups' heads: what is together has one, which is the caller's. */
void gen_write_gc_types(const Gen *g, Buffer *out) {
  for (u32 i = 0; i < g->gc_count; i++) {
    if (g->gc[i].starts_group && !g->together) {
      wm_buffer_byte(out, TYPE_REC);
      wm_buffer_uleb(out, end_of_group(g, i) - i);
    }
    write_type(g, &g->gc[i], out);
  }
}

/* ---- values ---- */

static u32 pick_kind(Gen *g, bool is_array) {
  u32 type = gen_pick(g, g->gc_count);
  return g->gc[type].is_array == is_array ? type : is_array;
}

static bool has_default(const GcType *t) {
  for (const char *f = t->fields; *f; f++)
    if ((*f >= 'A' && *f <= 'F') || (gen_is_gc(*f) && !gen_is_gc_nullable(*f))) return false;
  return true;
}

char gen_unpacked(char field) { return field == 'x' || field == 'y' ? 'i' : field; }

static void new_struct(Gen *g, u32 type) {
  const GcType *t = &g->gc[type];
  if (has_default(t) && gen_pick(g, 4) == 0) {
    gen_op_index(g, OP_struct_new_default, type);
    return;
  }
  for (const char *f = t->fields; *f; f++) gen_constant(g, gen_unpacked(*f));
  gen_op_index(g, OP_struct_new, type);
  g->depth -= (u32)strlen(t->fields);
}

/* Few elements, at times so many that the array is a large object. */
static u32 pick_length(Gen *g) { return gen_pick(g, 60) == 59 ? 3000 : gen_pick(g, 9); }

static void new_array(Gen *g, u32 type) {
  char element = gen_unpacked(g->gc[type].fields[0]);
  u32 way = gen_pick(g, 3), count = gen_pick(g, 5);
  if (way == 0 && has_default(&g->gc[type])) {
    gen_op_i32(g, pick_length(g));
    gen_op_index(g, OP_array_new_default, type);
  } else if (way == 1) {
    gen_constant(g, element);
    gen_op_i32(g, pick_length(g));
    gen_op_index(g, OP_array_new, type);
    g->depth--;
  } else {
    for (u32 i = 0; i < count; i++) gen_constant(g, element);
    gen_op_index(g, OP_array_new_fixed, type);
    wm_buffer_uleb(&g->code, count);
    g->depth -= count;
  }
}

static void new_value(Gen *g, u32 heap) {
  if (heap == GC_ANY || heap == GC_EQ)
    heap = g->nested < 2 && gen_pick(g, 2) ? gen_pick(g, g->gc_count) : GC_I31;
  if (heap == GC_STRUCT || heap == GC_ARRAY) heap = pick_kind(g, heap == GC_ARRAY);
  if (heap == GC_I31) {
    gen_op_i32(g, (u32)gen_pick_bits(g));
    gen_op(g, OP_ref_i31);
  } else if (g->gc[heap].is_array) {
    new_array(g, heap);
  } else {
    new_struct(g, heap);
  }
}

/* A type below, unless values in values would go on for ever. */
static u32 pick_exact(Gen *g, u32 heap) {
  char below = g->nested || heap >= GC_TYPES ? 0 : gen_pick_gc_below(g, gen_gc_letter(heap, false));
  return below ? gen_gc_heap(below) : heap;
}

void gen_gc_constant(Gen *g, char letter) {
  u32 heap = gen_gc_heap(letter);
  if (gen_is_gc_nullable(letter) &&
      (heap == GC_NONE || g->nested > 1 || g->depth > MAX_DEPTH || gen_pick(g, 8) == 7)) {
    gen_op(g, OP_ref_null);
    wm_encode_heaptype(&g->code, gen_pick(g, 2) ? HEAP_NONE : val_heap(gen_gc_valtype(letter)));
    return;
  }
  u32 exact = pick_exact(g, heap);
  g->nested++;
  new_value(g, exact);
  g->nested--;
}

/* A local of the type, or of one below; false: there is none. */
static bool pick_fitting_local(Gen *g, char letter, u32 *out) {
  u32 count = g->own_locals, start = count ? gen_pick(g, count) : 0;
  for (u32 i = 0; i < count; i++) {
    *out = (start + i) % count;
    if (gen_gc_is_sub(g, g->locals[*out], letter)) return true;
  }
  return false;
}

void gen_cast(Gen *g, char letter) {
  gen_op(g, gen_is_gc_nullable(letter) ? OP_ref_cast_null : OP_ref_cast);
  wm_encode_heaptype(&g->code, val_heap(gen_valtype_of(g, letter)));
}

/* What others left there: casts of it fail at times. */
static void shared_value(Gen *g, char letter) {
  if (gen_pick(g, 2)) {
    gen_op_index(g, OP_global_get, GC_ROOT);
  } else {
    gen_op_i32(g, gen_pick(g, TABLE_SIZE));
    gen_op_index(g, OP_table_get, 1);
    if (!gen_gc_is_sub(g, letter, g->table_letter)) gen_cast(g, gen_gc_letter(GC_ANY, true));
  }
  gen_cast(g, letter);
}

void gen_gc_leaf(Gen *g, char letter) {
  u32 local, way = gen_pick(g, 10), heap = gen_gc_heap(letter);
  if (way < 5 && pick_fitting_local(g, letter, &local))
    gen_op_index(g, OP_local_get, local);
  else if (way == 5 && gen_is_gc_nullable(letter) && heap < GC_TYPES)
    gen_op_index(g, OP_global_get, GC_GLOBALS + heap);
  else if (way == 6 && gen_pick(g, 3) == 0)
    shared_value(g, letter);
  else
    gen_gc_constant(g, letter);
  gen_push(g, letter);
}

/* ---- constant expressions and what they begin ----
 *
 * They are made before the bodies, which use up the tape. */

static void constant_expression(Gen *g, char letter, Buffer *out) {
  bool barriers = g->barriers;
  g->barriers = false;
  g->code.len = g->depth = 0;
  gen_constant(g, letter);
  gen_op(g, OP_end);
  wm_buffer_bytes(out, g->code.data, g->code.len);
  g->barriers = barriers;
}

static void write_global(Gen *g, char letter, Buffer *out) {
  wm_encode_valtype(out, gen_valtype_of(g, letter));
  wm_buffer_byte(out, 1);
  constant_expression(g, letter, out);
}

static void write_table(Gen *g, Buffer *out) {
  wm_buffer_bytes(out, "\x40\0", 2);
  wm_encode_valtype(out, gen_valtype_of(g, g->table_letter));
  wm_buffer_bytes(out, (u8[]){1, TABLE_SIZE, TABLE_SIZE + 10}, 3);
  constant_expression(g, g->table_letter, out);
}

static void write_elements(Gen *g, char letter, u32 count, Buffer *out) {
  wm_encode_valtype(out, gen_valtype_of(g, letter));
  wm_buffer_uleb(out, count);
  for (u32 i = 0; i < count; i++) constant_expression(g, letter, out);
}

void gen_make_gc_parts(Gen *g) {
  Buffer *elements = &g->parts[PART_ELEMENTS];
  write_global(g, gen_gc_letter(GC_ANY, true), &g->parts[PART_ROOT]);
  write_global(g, 'i', &g->parts[PART_GLOBALS]); /* GC_BUDGET */
  for (u32 i = 0; i < g->gc_count; i++)
    write_global(g, gen_gc_letter(i, true), &g->parts[PART_GLOBALS]);
  write_table(g, &g->parts[PART_TABLE]);
  wm_buffer_byte(elements, 5); /* passive, as is the next one; then one that is active */
  write_elements(g, g->table_letter, 6, elements);
  wm_buffer_byte(elements, 5);
  write_elements(g, gen_gc_letter(GC_I31, false), 8, elements);
  wm_buffer_bytes(elements, "\6\1\x41\1\x0B", 5);
  write_elements(g, g->table_letter, 3, elements);
}
