/* Statements on structs, arrays and references: made, read, written, moved, tested and cast. */
#include "tests/fuzz/generator.h"

#include "binary/encode.h"

/* Data and element segments (generate.c, generate_gc.c). */
enum { DATA_SEGMENTS = 2, ELEM_FUNCS = 1, ELEM_TABLE = 3, ELEM_I31 = 4, ELEM_DROPPED = 5 };

/* ---- operands ---- */

/* Type 0 is a struct, type 1 an array. */
static u32 pick_type(Gen *g, bool is_array) {
  u32 type = gen_pick(g, g->gc_count);
  return g->gc[type].is_array == is_array ? type : is_array;
}

static char field_of(const Gen *g, u32 type, u32 field) { return g->gc[type].fields[field]; }
static bool is_mutable(const Gen *g, u32 type, u32 field) {
  return g->gc[type].mutable_fields >> field & 1;
}
static bool is_packed(char field) { return field == 'x' || field == 'y'; }

/* At times null. */
static char reference_to(Gen *g, u32 type) { return gen_gc_letter(type, gen_pick(g, 6) == 5); }

/* The object, and values behind it. */
static void need_object(Gen *g, u32 type, const char *others) {
  char types[MAX_LIST] = {reference_to(g, type)};
  strcpy(types + 1, others);
  gen_need_values(g, types);
}

static void push_i32(Gen *g, u32 value) {
  gen_op_i32(g, value);
  gen_push(g, 'i');
}

/* Places in arrays, which mostly have a few elements. */
static void push_place(Gen *g) {
  if (gen_pick(g, 6) == 5)
    gen_small(g, 8);
  else
    push_i32(g, gen_pick(g, gen_pick(g, 4) ? 3 : 10));
}

static void replace_top(Gen *g, u32 count, char type) {
  g->depth -= count;
  gen_push(g, type);
}

/* The get for a field, of the three. */
static u16 getter(Gen *g, char field, u16 plain, u16 sign, u16 zero) {
  return !is_packed(field) ? plain : gen_pick(g, 2) ? sign : zero;
}

/* ---- structs ---- */

static void make_struct(Gen *g) {
  u32 type = pick_type(g, false);
  char types[MAX_LIST] = "";
  for (u32 i = 0; field_of(g, type, i); i++) types[i] = gen_unpacked(field_of(g, type, i));
  gen_need_values(g, types);
  gen_op_index(g, OP_struct_new, type);
  replace_top(g, (u32)strlen(types), gen_gc_letter(type, false));
}

static void read_field(Gen *g) {
  u32 type = pick_type(g, false), count = (u32)strlen(g->gc[type].fields);
  if (!count) return;
  u32 field = gen_pick(g, count);
  char letter = field_of(g, type, field);
  need_object(g, type, "");
  gen_op_index(g, getter(g, letter, OP_struct_get, OP_struct_get_s, OP_struct_get_u), type);
  wm_buffer_uleb(&g->code, field);
  replace_top(g, 1, gen_unpacked(letter));
}

static void write_field(Gen *g) {
  u32 type = pick_type(g, false), count = (u32)strlen(g->gc[type].fields);
  u32 field = count ? gen_pick(g, count) : 0;
  if (!is_mutable(g, type, field)) return;
  need_object(g, type, (char[]){gen_unpacked(field_of(g, type, field)), 0});
  gen_op_index(g, OP_struct_set, type);
  wm_buffer_uleb(&g->code, field);
  g->depth -= 2;
}

/* ---- arrays ---- */

static void make_array(Gen *g) {
  u32 type = pick_type(g, true), count = gen_pick(g, 6);
  char letter = gen_unpacked(field_of(g, type, 0)), types[MAX_LIST] = "";
  if (gen_pick(g, 2)) {
    memset(types, letter, count);
    gen_need_values(g, types);
    gen_op_index(g, OP_array_new_fixed, type);
    wm_buffer_uleb(&g->code, count);
    replace_top(g, count, gen_gc_letter(type, false));
  } else {
    gen_need_values(g, (char[]){letter, 0});
    gen_small(g, gen_pick(g, 8) ? 16 : 4096);
    gen_op_index(g, OP_array_new, type);
    replace_top(g, 2, gen_gc_letter(type, false));
  }
}

static void read_element(Gen *g) {
  u32 type = pick_type(g, true);
  char letter = field_of(g, type, 0);
  need_object(g, type, "");
  push_place(g);
  gen_op_index(g, getter(g, letter, OP_array_get, OP_array_get_s, OP_array_get_u), type);
  replace_top(g, 2, gen_unpacked(letter));
}

static void write_element(Gen *g) {
  u32 type = pick_type(g, true);
  if (!is_mutable(g, type, 0)) return;
  need_object(g, type, "");
  push_place(g);
  gen_value(g, gen_unpacked(field_of(g, type, 0)), 1);
  gen_op_index(g, OP_array_set, type);
  g->depth -= 3;
}

static void read_length(Gen *g) {
  char array[] = {gen_pick(g, 2) ? reference_to(g, pick_type(g, true))
                                 : gen_gc_letter(GC_ARRAY, gen_pick(g, 6) == 5),
                  0};
  gen_need_values(g, array);
  gen_op(g, OP_array_len);
  replace_top(g, 1, 'i');
}

static void fill(Gen *g) {
  u32 type = pick_type(g, true);
  if (!is_mutable(g, type, 0)) return;
  need_object(g, type, "");
  push_place(g);
  gen_value(g, gen_unpacked(field_of(g, type, 0)), 1);
  push_i32(g, gen_pick(g, 4));
  gen_op_index(g, OP_array_fill, type);
  g->depth -= 4;
}

/* Whether elements of the one may be copied to the other. */
static bool fits(const Gen *g, char from, char to) {
  if (from >= 'A' && from <= 'F' && to == gen_with_null(from) && !gen_is_gc(from)) return true;
  return gen_gc_is_sub(g, from, to);
}

/* Within one array, or from another, which is never null: V8 looks for the first one's end before
 * it looks for the second one, and tells other traps than the specification. */
static void copy(Gen *g) {
  u32 to = pick_type(g, true), from = pick_type(g, true), local;
  if (!is_mutable(g, to, 0) || !fits(g, field_of(g, from, 0), field_of(g, to, 0))) return;
  need_object(g, to, "");
  bool same = from == to && gen_pick_local(g, gen_gc_letter(to, true), &local);
  if (same) gen_op_index(g, OP_local_tee, local);
  push_place(g);
  if (same) {
    gen_op_index(g, OP_local_get, local);
    gen_push(g, gen_gc_letter(to, true));
  } else {
    gen_leaf(g, gen_gc_letter(from, false));
  }
  push_place(g);
  push_i32(g, gen_pick(g, 5));
  gen_op_index(g, OP_array_copy, to);
  wm_buffer_uleb(&g->code, from);
  g->depth -= 5;
}

/* A segment for the elements; false: there is none. */
static bool pick_segment(Gen *g, char letter, bool *is_data, u32 *segment) {
  *is_data = gen_is_number(letter) || is_packed(letter);
  if (*is_data) {
    *segment = gen_pick(g, 6) ? DATA_SEGMENTS - 1 : 0;
    return true;
  }
  *segment = letter == 'r' ? ELEM_FUNCS : gen_pick(g, 2) ? ELEM_TABLE : ELEM_I31;
  if (letter == 'r') return true;
  if (*segment == ELEM_TABLE && gen_pick(g, 6) == 5) *segment = ELEM_DROPPED;
  char element = *segment == ELEM_I31 ? gen_gc_letter(GC_I31, false) : g->table_letter;
  return gen_gc_is_sub(g, element, letter);
}

static void new_from_segment(Gen *g) {
  u32 type = pick_type(g, true), segment;
  bool is_data;
  if (!pick_segment(g, field_of(g, type, 0), &is_data, &segment)) return;
  push_place(g);
  push_i32(g, gen_pick(g, 5));
  gen_op_index(g, is_data ? OP_array_new_data : OP_array_new_elem, type);
  wm_buffer_uleb(&g->code, segment);
  replace_top(g, 2, gen_gc_letter(type, false));
}

static void init_from_segment(Gen *g) {
  u32 type = pick_type(g, true), segment;
  bool is_data;
  if (!is_mutable(g, type, 0)) return;
  if (!pick_segment(g, field_of(g, type, 0), &is_data, &segment)) return;
  need_object(g, type, "");
  push_place(g);
  push_place(g);
  push_i32(g, gen_pick(g, 4));
  gen_op_index(g, is_data ? OP_array_init_data : OP_array_init_elem, type);
  wm_buffer_uleb(&g->code, segment);
  g->depth -= 4;
}

static void drop_segment(Gen *g) {
  if (gen_pick(g, 8) == 7) gen_op_index(g, OP_elem_drop, ELEM_TABLE + gen_pick(g, 2));
}

/* ---- references ---- */

/* A reference of which can be asked what it is: to an object, or to a function. */
static char pick_castable(Gen *g, char *to) {
  if ((g->kinds & KIND_TYPED) && gen_pick(g, 5) == 0) {
    *to = (char)((gen_pick(g, 2) ? '0' : 'A') + (char)gen_pick(g, g->func_count));
    return 'r';
  }
  *to = gen_pick_gc_letter(g);
  char letter = gen_pick_gc_letter(g);
  if (gen_pick(g, 2)) letter = gen_pick_gc_above(g, *to);
  return letter;
}

/* References are matched by the letter that they have. */
static void test(Gen *g) {
  char to, types[2] = {pick_castable(g, &to), 0};
  gen_need_values(g, types);
  bool nullable = gen_with_null(to) == to;
  gen_op(g, nullable ? OP_ref_test_null : OP_ref_test);
  wm_encode_heaptype(&g->code, val_heap(gen_valtype_of(g, to)));
  replace_top(g, 1, 'i');
}

/* Mostly one that may hold. */
static void cast(Gen *g) {
  char to, types[2] = {pick_castable(g, &to), 0};
  if (gen_pick(g, 4) && gen_is_gc(to)) types[0] = gen_pick_gc_above(g, to);
  gen_need_values(g, types);
  gen_op(g, gen_with_null(to) == to ? OP_ref_cast_null : OP_ref_cast);
  wm_encode_heaptype(&g->code, val_heap(gen_valtype_of(g, to)));
  replace_top(g, 1, to);
}

/* A label whose last type is a reference to an object; false: there is none. */
static bool pick_label(Gen *g, u32 *out) {
  u32 start = gen_pick(g, g->label_count);
  for (u32 i = 0; i < g->label_count; i++) {
    *out = (start + i) % g->label_count;
    const char *types = gen_label(g, *out)->types;
    if (*types && gen_is_gc(types[strlen(types) - 1])) return true;
  }
  return false;
}

/* What is left when the cast failed. */
static char difference(char from, char to) {
  if (gen_gc_heap(from) == GC_NONE) return gen_is_gc_nullable(to) ? gen_gc_letter(GC_I31, 0) : from;
  return gen_is_gc_nullable(to) ? gen_without_null(from) : from;
}

static void branch_on_cast(Gen *g) {
  u32 target;
  char types[MAX_LIST], from, to;
  if (!pick_label(g, &target)) return;
  bool fails = gen_pick(g, 2);
  memcpy(types, gen_label(g, target)->types, MAX_LIST);
  char *last = &types[strlen(types) - 1];
  if (fails) {
    from = gen_pick_gc_below(g, *last);
    to = gen_pick_gc_below(g, from);
  } else {
    to = gen_pick_gc_below(g, *last);
    from = gen_pick_gc_above(g, to);
  }
  *last = from;
  gen_need_values(g, types);
  gen_op(g, fails ? OP_br_on_cast_fail : OP_br_on_cast);
  wm_buffer_byte(&g->code, (u8)(gen_is_gc_nullable(from) | gen_is_gc_nullable(to) << 1));
  wm_buffer_uleb(&g->code, target);
  wm_encode_heaptype(&g->code, val_heap(gen_valtype_of(g, from)));
  wm_encode_heaptype(&g->code, val_heap(gen_valtype_of(g, to)));
  replace_top(g, 1, fails ? to : difference(from, to));
}

static void compare(Gen *g) {
  char equal = gen_gc_letter(GC_EQ, gen_pick(g, 3) != 0), types[] = {0, 0, 0};
  for (u32 i = 0; i < 2; i++) types[i] = gen_pick_gc_below(g, equal);
  gen_need_values(g, types);
  gen_op(g, OP_ref_eq);
  replace_top(g, 2, 'i');
}

static void small_number(Gen *g) {
  if (gen_pick(g, 2)) {
    gen_need_values(g, "i");
    gen_op(g, OP_ref_i31);
    replace_top(g, 1, gen_gc_letter(GC_I31, false));
  } else {
    gen_need_values(g, (char[]){gen_gc_letter(GC_I31, gen_pick(g, 6) == 5), 0});
    gen_op(g, gen_pick(g, 2) ? OP_i31_get_s : OP_i31_get_u);
    replace_top(g, 1, 'i');
  }
}

static void convert(Gen *g) {
  if (gen_pick(g, 2)) {
    gen_need_values(g, (char[]){gen_pick_gc_letter(g), 0});
    gen_op(g, OP_extern_convert_any);
    replace_top(g, 1, 'e');
  } else {
    gen_need_values(g, "e");
    gen_op(g, OP_any_convert_extern);
    replace_top(g, 1, gen_gc_letter(GC_ANY, true));
  }
}

/* ---- where references are kept ---- */

/* The top reference to a local of its type or one above. */
static void keep(Gen *g) {
  u32 local;
  if (g->depth == gen_base_of(g) || !gen_is_gc(g->stack[g->depth - 1])) return;
  if (!gen_pick_local(g, gen_pick_gc_above(g, g->stack[g->depth - 1]), &local)) return;
  gen_op_index(g, OP_local_set, local);
  g->depth--;
}

static void share(Gen *g) {
  u32 type = gen_pick(g, g->gc_count + 2);
  bool is_root = type >= g->gc_count;
  char letter = is_root ? gen_gc_letter(GC_ANY, true) : gen_gc_letter(type, true);
  gen_need_values(g, (char[]){gen_pick_gc_below(g, letter), 0});
  gen_op_index(g, OP_global_set, is_root ? GC_ROOT : GC_GLOBALS + type);
  g->depth--;
}

static void copy_in_table(Gen *g, u16 id, const u8 *indices, bool has_value) {
  gen_small(g, 8);
  if (has_value)
    gen_leaf(g, g->table_letter);
  else
    gen_small(g, 8);
  push_i32(g, gen_pick(g, 4));
  gen_op(g, id);
  wm_buffer_bytes(&g->code, indices, has_value ? 1 : 2);
  g->depth -= 3;
}

static void table(Gen *g) {
  switch (gen_pick(g, 7)) {
  case 0: copy_in_table(g, OP_table_fill, (const u8[]){1}, true); break;
  case 1: copy_in_table(g, OP_table_copy, (const u8[]){1, 1}, false); break;
  case 2: copy_in_table(g, OP_table_init, (const u8[]){ELEM_TABLE, 1}, false); break;
  case 3:
    gen_leaf(g, g->table_letter);
    gen_op_i32(g, gen_pick(g, 3));
    gen_op_index(g, OP_table_grow, 1);
    replace_top(g, 1, 'i');
    break;
  case 4:
    gen_small(g, 8);
    gen_op_index(g, OP_table_get, 1);
    replace_top(g, 1, g->table_letter);
    break;
  default:
    gen_small(g, 8);
    gen_leaf(g, g->table_letter);
    gen_op_index(g, OP_table_set, 1);
    g->depth -= 2;
  }
}

void gen_object(Gen *g) {
  static void (*const makers[])(Gen *) = {
      make_struct,
      read_field,
      read_field,
      write_field,
      write_field,
      make_array,
      read_element,
      read_element,
      write_element,
      write_element,
      read_length,
      fill,
      copy,
      copy,
      new_from_segment,
      drop_segment,
      test,
      test,
      cast,
      cast,
      compare,
      small_number,
      branch_on_cast,
      branch_on_cast,
      branch_on_cast,
      convert,
      keep,
      keep,
      share,
      share,
      table,
      table,
      gen_typed,
      init_from_segment,
  };
  makers[gen_pick(g, ARRAY_LEN(makers))](g);
}
