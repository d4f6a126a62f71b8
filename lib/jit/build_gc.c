/* Structs, arrays, i31 and casts (build.h). Fields are loads and stores of memory's rows at an
 * object's address; what is new is bumped in the heap's hole (runtime/heap.h) or comes from a
 * helper, and has its fields stored before anything else may collect. */
#include "jit/build.h"
#include "runtime/gc.h"
#include "runtime/native.h"

static const SubType *type_at(const Build *b, u32 index) { return &b->module->types[index]; }

/* The type as objects of it are laid out. */
static const SubType *layout_of(const Build *b, u32 index) {
  return wm_types_get(b->c->loaded->types, type_at(b, index)->type_id);
}

static u32 call_helper(Build *b, HelperId id, IrType type, const u32 *args, u32 count) {
  Node n = make_node(IR_HELPER, type, id, wm_build_list(b, args, count), 0);
  n.imm = type == T_NONE;
  return wm_build_effect_at_site(b, n);
}

/* ---- fields ---- */

static u16 load_op(ValType type, bool sign) {
  switch (type) {
  case VAL_I8: return sign ? OP_i32_load8_s : OP_i32_load8_u;
  case VAL_I16: return sign ? OP_i32_load16_s : OP_i32_load16_u;
  case VAL_I32: return OP_i32_load;
  case VAL_F32: return OP_f32_load;
  case VAL_F64: return OP_f64_load;
  case VAL_V128: return OP_v128_load;
  default: return OP_i64_load;
  }
}

static u16 store_op(ValType type) {
  switch (type) {
  case VAL_I8: return OP_i32_store8;
  case VAL_I16: return OP_i32_store16;
  case VAL_I32: return OP_i32_store;
  case VAL_F32: return OP_f32_store;
  case VAL_F64: return OP_f64_store;
  case VAL_V128: return OP_v128_store;
  default: return OP_i64_store;
  }
}

static u32 zero_of(Build *b, ValType type) {
  switch (val_unpacked(type)) {
  case VAL_I32: return const_i32(b, 0);
  case VAL_F32: return wm_ir_const(b->c, T_F32, 0);
  case VAL_F64: return wm_ir_const(b->c, T_F64, 0);
  case VAL_V128: return wm_ir_vector(b->c, (V128){0});
  default: return const_i64(b, 0);
  }
}

static FieldPlace field_place(const Build *b, u32 reference, u32 index) {
  const FieldType *field = &layout_of(b, b->in.index)->fields[index];
  return (FieldPlace){reference, field->offset, WORD_STRUCT, !field->is_mutable, b->in.index};
}

/* The field's type in the module's numbers. */
static ValType field_type(const Build *b) {
  return type_at(b, b->in.index)->fields[b->in.index2].type;
}

/* The reference is of the instruction's type, and not null; false: it surely traps. */
static bool check_struct(Build *b, u32 reference) {
  wm_refs_learn(b, reference, REF_NULL_TYPE(b->in.index));
  wm_refs_check_null(b, reference, TRAP_NULL_STRUCT);
  return b->block != NONE;
}

static void struct_get(Build *b) {
  u32 reference = pop(b);
  if (!check_struct(b, reference)) return;
  u16 op = load_op(field_type(b), b->in.op == OP_struct_get_s);
  u32 value = wm_mem_load_field(b, op, field_place(b, reference, b->in.index2));
  wm_refs_learn(b, value, field_type(b));
  push(b, value);
}

static void struct_set(Build *b) {
  u32 value = pop(b), reference = pop(b);
  if (!check_struct(b, reference)) return;
  wm_mem_store_field(b, store_op(field_type(b)), field_place(b, reference, b->in.index2), value);
  wm_build_barrier(b, field_type(b), reference, reference, value);
}

/* ---- new objects ---- */

/* The header of the type's objects. */
static u32 header_word(Build *b, u32 index) {
  u32 place = b->layout.heap_words + 4 * index;
  return wm_ir_pure(b->c, make_node(IR_INST_LOAD, T_I32, place, 0, 0));
}

static u32 instance_heap(Build *b) {
  return wm_ir_pure(b->c, make_node(IR_INST_LOAD, T_I64, (u32)offsetof(Instance, heap), 0, 0));
}

/* Header and length of a new object. */
static void store_header(Build *b, u32 object, u32 length) {
  u32 word = pure(b, OP_i64_extend_i32_u, header_word(b, b->in.index), 0);
  if (length) word = pure(b, OP_i64_or, word, const_i64(b, (u64)length << 32));
  wm_mem_store_word(b, OP_i64_store, object, 0, word);
}

/* One of two ways to the object: it goes on with it where both meet. */
static void meet(Build *b, u32 object, u32 *ways) {
  push(b, object);
  Env env = {0, wm_build_save_values(b, 1)};
  pop(b);
  wm_build_pend(b, ways, wm_build_terminate(b, TERM_JUMP, 0, 1), env);
}

/* Room for an object of `bytes` in the heap's hole, with a header; else the helper's. What is known
 * of objects stays true on both ways. */
static u32 allocate(Build *b, HelperId helper, u32 length, u32 bytes) {
  u32 args[2] = {const_i32(b, b->in.index), const_i32(b, length)}, ways = NONE;
  u32 height = b->stack.len, heap = instance_heap(b);
  u32 word_count = b->word_count, global_count = b->global_count;
  u32 bump = wm_mem_load_word(b, OP_i64_load, heap, offsetof(Heap, hole.bump));
  u32 end = wm_mem_load_word(b, OP_i64_load, heap, offsetof(Heap, hole.end));
  u32 after = pure(b, OP_i64_add, bump, const_i64(b, bytes));
  u32 edge = wm_build_terminate(b, TERM_BRANCH, pure(b, OP_i64_le_u, after, end), 2);
  block_at(b->c, b->block)->unlikely = 2;
  wm_build_follow(b, edge);
  wm_mem_store_word(b, OP_i64_store, heap, offsetof(Heap, hole.bump), after);
  store_header(b, bump, length);
  meet(b, bump, &ways);
  wm_build_follow(b, edge + 1);
  u32 object = call_helper(b, helper, T_I64, args, helper == HELPER_struct_new ? 1 : 2);
  wm_build_trap_if(b, pure(b, OP_i64_eqz, object, 0), TRAP_OUT_OF_MEMORY);
  meet(b, object, &ways);
  wm_build_bind(b, ways, height, 1, false);
  b->word_count = word_count;
  b->global_count = global_count;
  object = pop(b);
  wm_refs_learn_exact(b, object, b->in.index);
  build_is_fresh(b, object);
  return object;
}

static void struct_new(Build *b, bool is_default) {
  const SubType *type = layout_of(b, b->in.index);
  u32 object = allocate(b, HELPER_struct_new, 0, type->object_bytes);
  u32 first = b->stack.len - (is_default ? 0 : type->field_count);
  for (u32 i = 0; i < type->field_count; i++) {
    ValType field = type->fields[i].type;
    u32 value = is_default ? zero_of(b, field) : b->stack.data[first + i];
    wm_mem_init_field(b, store_op(field), field_place(b, object, i), value);
  }
  b->stack.len = first;
  push(b, object);
}

static const FieldType *element_of(const Build *b, u32 index) {
  return &type_at(b, index)->fields[0];
}
static ValType element_type(const Build *b, u32 index) { return element_of(b, index)->type; }

static u32 log2_of(u32 size) { return (u32)__builtin_ctz(size); }

/* The place `disp` behind the address, which is the array's or one in it. */
static FieldPlace element_place(const Build *b, u32 address, u32 disp) {
  const FieldType *element = element_of(b, b->in.index);
  u32 type = val_is_ref(element->type) ? KIND_REF : element->type;
  return (FieldPlace){address, disp, WORD_ARRAY, !element->is_mutable, type};
}

static FieldPlace length_place(u32 array) {
  return (FieldPlace){array, offsetof(HeapObject, length), WORD_ARRAY, true, VAL_I32};
}

/* The bytes of an array that is small enough to be made in line; 0: it is not. */
static u32 array_bytes(u64 count, u32 size, u64 most) {
  u64 bytes = OBJECT_HEADER_BYTES + count * size;
  return bytes > most ? 0 : (u32)((bytes + GRANULE_BYTES - 1) & ~(u64)(GRANULE_BYTES - 1));
}

static u32 allocate_array(Build *b, u32 count, u32 bytes) {
  u32 object = allocate(b, HELPER_array_new_fixed, count, bytes);
  wm_mem_learn_field(b, OP_i32_load, length_place(object), const_i32(b, count));
  return object;
}

static void array_new_fixed(Build *b) {
  ValType type = element_type(b, b->in.index);
  u32 count = b->in.index2, size = val_storage_bytes(type);
  u32 bytes = array_bytes(count, size, INT32_MAX - GRANULE_BYTES);
  if (!bytes) wm_jit_leave(b->c, JIT_TOO_LARGE);
  u32 object = allocate_array(b, count, bytes);
  u32 first = b->stack.len - count;
  for (u32 i = 0; i < count; i++)
    wm_mem_init_field(b, store_op(type), element_place(b, object, OBJECT_HEADER_BYTES + i * size),
                      b->stack.data[first + i]);
  b->stack.len = first;
  push(b, object);
}

/* The bits of a value in two words, as slots have them. */
static void value_words(Build *b, u32 value, u32 words[2]) {
  words[1] = const_i64(b, 0);
  switch (node_type(b, value)) {
  case T_I32: words[0] = pure(b, OP_i64_extend_i32_u, value, 0); break;
  case T_F32:
    words[0] = pure(b, OP_i64_extend_i32_u, pure(b, OP_i32_reinterpret_f32, value, 0), 0);
    break;
  case T_F64: words[0] = pure(b, OP_i64_reinterpret_f64, value, 0); break;
  case T_V128:
    for (u8 lane = 0; lane < 2; lane++) {
      Node n = make_node(OP_i64x2_extract_lane, T_I64, value, 0, 0);
      n.imm = lane;
      words[lane] = wm_ir_pure(b->c, n);
    }
    break;
  default: words[0] = value; break;
  }
}

/* A helper that leaves its object in Store.made. */
static void push_made(Build *b, HelperId id, const u32 *args, u32 count) {
  call_helper(b, id, T_NONE, args, count);
  wm_mem_forget_words(b);
  u32 store =
      wm_ir_pure(b->c, make_node(IR_INST_LOAD, T_I64, (u32)offsetof(Instance, store), 0, 0));
  u32 object = wm_mem_load_word(b, OP_i64_load, store, offsetof(Store, made));
  wm_refs_learn_exact(b, object, b->in.index);
  build_is_fresh(b, object);
  push(b, object);
}

static bool is_zero(const Build *b, u32 value) {
  return is_const(b->c, value) && node_type(b, value) != T_V128 && const_bits(b->c, value) == 0;
}

/* A few words of zeros, or a few elements. */
static bool array_new_small(Build *b, u32 count, u32 value) {
  enum { MOST_BYTES = 72, MOST_STORES = 8 };
  ValType type = element_type(b, b->in.index);
  u32 size = val_storage_bytes(type), bytes = array_bytes(count, size, MOST_BYTES);
  bool of_zeros = is_zero(b, value);
  if (!bytes || (!of_zeros && count > MOST_STORES)) return false;
  u32 array = allocate_array(b, count, bytes), at = OBJECT_HEADER_BYTES;
  for (; of_zeros && at < bytes; at += 8)
    wm_mem_store_word(b, OP_i64_store, array, at, const_i64(b, 0));
  for (; at < OBJECT_HEADER_BYTES + count * size; at += size)
    wm_mem_init_field(b, store_op(type), element_place(b, array, at), value);
  push(b, array);
  return true;
}

/* So many zeros as only the running code knows. */
static void array_new_zero(Build *b, u32 length) {
  u32 size = log2_of(val_storage_bytes(element_type(b, b->in.index)));
  u32 args[3] = {const_i32(b, b->in.index), length, const_i32(b, size)};
  u32 array = call_helper(b, HELPER_array_new_zero, T_I64, args, 3);
  wm_build_trap_if(b, pure(b, OP_i64_eqz, array, 0), TRAP_OUT_OF_MEMORY);
  wm_refs_learn_exact(b, array, b->in.index);
  build_is_fresh(b, array);
  wm_mem_learn_field(b, OP_i32_load, length_place(array), length);
  push(b, array);
}

static void array_new(Build *b, bool is_default) {
  u32 length = pop(b), words[2];
  ValType type = element_type(b, b->in.index);
  u32 value = is_default ? zero_of(b, type) : pop(b);
  bool is_short = is_const(b->c, length) && !b->c->options.no_opt;
  if (is_short && array_new_small(b, (u32)const_bits(b->c, length), value)) return;
  if (is_zero(b, value)) {
    array_new_zero(b, length);
    return;
  }
  value_words(b, value, words);
  push_made(b, HELPER_array_new, (u32[]){const_i32(b, b->in.index), length, words[0], words[1]}, 4);
  u32 array = b->stack.data[b->stack.len - 1];
  wm_mem_learn_field(b, OP_i32_load, length_place(array), length);
}

static void array_new_segment(Build *b, HelperId id) {
  u32 count = pop(b), from = pop(b);
  push_made(b, id, (u32[]){const_i32(b, b->in.index), const_i32(b, b->in.index2), from, count}, 4);
}

/* ---- elements ---- */

static u32 array_length(Build *b, u32 array) {
  wm_refs_check_null(b, array, TRAP_NULL_ARRAY);
  if (b->block == NONE) return NONE;
  return wm_mem_load_field(b, OP_i32_load, length_place(array));
}

/* The element's place; false: surely a trap. */
static bool element_at(Build *b, u32 array, u32 index, FieldPlace *place) {
  wm_refs_learn(b, array, REF_NULL_TYPE(b->in.index));
  u32 length = array_length(b, array);
  if (length == NONE) return false;
  if (!wm_mem_is_inside(b, index, array)) {
    wm_build_trap_if(b, pure(b, OP_i32_ge_u, index, length), TRAP_ARRAY_OUT_OF_BOUNDS);
    if (b->block == NONE) return false;
    wm_mem_learn_inside(b, index, array);
  }
  u32 size = val_storage_bytes(element_type(b, b->in.index));
  u64 at =
      is_const(b->c, index) ? OBJECT_HEADER_BYTES + const_bits(b->c, index) * size : UINT64_MAX;
  if (at <= INT32_MAX) {
    *place = element_place(b, array, (u32)at);
    return true;
  }
  u32 wide = pure(b, OP_i64_extend_i32_u, index, 0);
  u32 bytes = pure(b, OP_i64_shl, wide, const_i64(b, log2_of(size)));
  *place = element_place(b, pure(b, OP_i64_add, array, bytes), OBJECT_HEADER_BYTES);
  return true;
}

static void array_get(Build *b) {
  u32 index = pop(b), array = pop(b);
  FieldPlace place;
  if (!element_at(b, array, index, &place)) return;
  ValType type = element_type(b, b->in.index);
  u32 value = wm_mem_load_field(b, load_op(type, b->in.op == OP_array_get_s), place);
  wm_refs_learn(b, value, type);
  push(b, value);
}

static void array_set(Build *b) {
  u32 value = pop(b), index = pop(b), array = pop(b);
  FieldPlace place;
  if (!element_at(b, array, index, &place)) return;
  ValType type = element_type(b, b->in.index);
  wm_mem_store_field(b, store_op(type), place, value);
  u32 before = place.disp - OBJECT_HEADER_BYTES; /* the place as the barrier wants it */
  wm_build_barrier(b, type, array, pure(b, OP_i64_add, place.address, const_i64(b, before)), value);
}

static void array_len(Build *b) {
  u32 length = array_length(b, pop(b));
  if (length != NONE) push(b, length);
}

/* Bulk operations check everything themselves. */
static void run_bulk(Build *b, HelperId id, const u32 *args) {
  call_helper(b, id, T_NONE, args, 5);
  wm_mem_forget_words(b);
}

/* ---- ranges of numbers: checked here, then bytes are all that is left ---- */

/* Traps unless so many elements from the index on are in the array. */
static void check_range(Build *b, u32 array, u32 from, u32 count) {
  u32 length = array_length(b, array);
  if (length == NONE) return;
  u32 end = pure(b, OP_i64_add, pure(b, OP_i64_extend_i32_u, from, 0),
                 pure(b, OP_i64_extend_i32_u, count, 0));
  u32 outside = pure(b, OP_i64_gt_u, end, pure(b, OP_i64_extend_i32_u, length, 0));
  wm_build_trap_if(b, outside, TRAP_ARRAY_OUT_OF_BOUNDS);
}

static u32 bytes_of(Build *b, u32 count, u32 size_log2) {
  u32 wide = pure(b, OP_i64_extend_i32_u, count, 0);
  return pure(b, OP_i64_shl, wide, const_i64(b, size_log2));
}

static u32 address_of(Build *b, u32 array, u32 index, u32 size_log2) {
  u32 first = pure(b, OP_i64_add, array, const_i64(b, OBJECT_HEADER_BYTES));
  return pure(b, OP_i64_add, first, bytes_of(b, index, size_log2));
}

static void run_lean(Build *b, HelperId id, const u32 *args, u32 count) {
  call_helper(b, id, T_NONE, args, count);
  wm_mem_forget_words(b);
}

static void array_fill(Build *b) {
  ValType type = element_type(b, b->in.index);
  u32 count = pop(b), words[2], size = log2_of(val_storage_bytes(type));
  value_words(b, pop(b), words);
  u32 from = pop(b), array = pop(b);
  if (val_is_ref(type) || type == VAL_V128) {
    run_bulk(b, HELPER_array_fill, (u32[]){array, from, words[0], words[1], count});
    return;
  }
  check_range(b, array, from, count);
  if (b->block == NONE) return;
  u32 to = address_of(b, array, from, size), bytes = bytes_of(b, count, size);
  run_lean(b, HELPER_fill, (u32[]){to, words[0], bytes, const_i32(b, size)}, 4);
}

static void array_copy(Build *b) {
  ValType type = element_type(b, b->in.index);
  u32 args[5], size = log2_of(val_storage_bytes(type));
  for (u32 i = 5; i-- > 0;) args[i] = pop(b);
  if (val_is_ref(type)) {
    run_bulk(b, HELPER_array_copy, args);
    return;
  }
  wm_refs_check_null(b, args[0], TRAP_NULL_ARRAY);
  if (b->block != NONE) wm_refs_check_null(b, args[2], TRAP_NULL_ARRAY);
  if (b->block != NONE) check_range(b, args[0], args[1], args[4]);
  if (b->block != NONE) check_range(b, args[2], args[3], args[4]);
  if (b->block == NONE) return;
  u32 to = address_of(b, args[0], args[1], size), from = address_of(b, args[2], args[3], size);
  run_lean(b, HELPER_move, (u32[]){to, from, bytes_of(b, args[4], size)}, 3);
}

static void array_init(Build *b, HelperId id) {
  u32 args[5] = {const_i32(b, b->in.index2)};
  for (u32 i = 5; i-- > 1;) args[i] = pop(b);
  run_bulk(b, id, args);
}

/* ---- i31 ---- */

static void make_i31(Build *b) {
  u32 doubled = pure(b, OP_i32_shl, pop(b), const_i32(b, 1));
  u32 reference = pure(b, OP_i64_extend_i32_u, pure(b, OP_i32_or, doubled, const_i32(b, 1)), 0);
  wm_refs_learn(b, reference, REF_TYPE(HEAP_I31));
  push(b, reference);
}

static void i31_get(Build *b) {
  u32 reference = pop(b);
  wm_refs_check_null(b, reference, TRAP_NULL_I31);
  if (b->block == NONE) return;
  u16 shift = b->in.op == OP_i31_get_s ? OP_i32_shr_s : OP_i32_shr_u;
  push(b, pure(b, shift, pure(b, OP_i32_wrap_i64, reference, 0), const_i32(b, 1)));
}

/* ---- casts ----
 * The reference is taken for an object, unless it may be none: then for another, of which the
 * answer is known. So there is one load of a header, and one comparison. */

static u32 is_i31(Build *b, u32 reference) {
  return pure(b, OP_i32_and, pure(b, OP_i32_wrap_i64, reference, 0), const_i32(b, 1));
}

static u32 choose(Build *b, u32 condition, u32 yes, u32 no) {
  return wm_ir_pure(b->c, make_node(IR_SELECT, T_I64, yes, no, condition));
}

/* Of it only what never changes is looked at: not the collector's bits. */
static u32 load_header(Build *b, u32 address) {
  FieldPlace place = {address, offsetof(HeapObject, word), WORD_STRUCT, true, 0};
  return wm_mem_load_field(b, OP_i32_load, place);
}

/* An object of no type. */
static u32 other_object(Build *b) {
  return pure(b, OP_i64_add, instance_heap(b), const_i64(b, offsetof(Heap, other)));
}

/* A header of the type. */
static u32 own_header(Build *b, u32 index) {
  u32 words =
      wm_ir_pure(b->c, make_node(IR_INST_LOAD, T_I64, (u32)offsetof(Instance, heap_words), 0, 0));
  return pure(b, OP_i64_add, words, const_i64(b, 4 * (u64)index));
}

/* The header to be looked at, of a reference that is of any's hierarchy; of null `of_null`. */
static u32 header_of(Build *b, u32 reference, u32 of_null) {
  const KnownRef *known = wm_refs_find(b, reference);
  bool may_be_null = !known->not_null, may_be_i31 = wm_refs_may_be_i31(b, reference);
  u32 address = reference;
  if (may_be_null) address = choose(b, pure(b, OP_i64_eqz, reference, 0), of_null, address);
  if (may_be_i31) address = choose(b, is_i31(b, reference), other_object(b), address);
  return load_header(b, address);
}

/* Bits that say of which type it is, or that it is no object of the heap. */
static u32 type_bits(Build *b, u32 header) {
  return pure(b, OP_i32_and, header, const_i32(b, HEAP_TYPE_MASK));
}

/* The row of Heap.rows that belongs to the type of a header. */
static u32 row_of(Build *b, u32 header) {
  u32 rows = wm_mem_load_word(b, OP_i64_load, instance_heap(b), offsetof(Heap, rows.data));
  u32 id = pure(b, OP_i32_shr_u, header, const_i32(b, HEAP_TYPE_SHIFT));
  u32 bytes = pure(b, OP_i64_shl, pure(b, OP_i64_extend_i32_u, id, 0),
                   const_i64(b, log2_of(sizeof(HeapRow))));
  return pure(b, OP_i64_add, rows, bytes);
}

/* The header, where it is none of a struct or array that of an object of no type. */
static u32 heap_header_of(Build *b, u32 reference, u32 of_null) {
  u32 header = header_of(b, reference, of_null);
  if (!wm_refs_may_be_host(b, reference)) return header;
  u32 is_heaps = pure(b, OP_i32_and, header, const_i32(b, HEAP_TAG));
  u32 other = load_header(b, other_object(b));
  return wm_ir_pure(b->c, make_node(IR_SELECT, T_I32, header, other, is_heaps));
}

static u32 word_of_row(Build *b, u32 header, u32 word) {
  return wm_mem_load_word(b, OP_i32_load, row_of(b, header), word * sizeof(u32));
}

/* Of a struct or array. NONE: its ancestors are too many. */
static u32 is_of_defined(Build *b, u32 reference, HeapType heap, bool with_null) {
  u32 depth = module_type_depth(b->module, heap),
      of_null = with_null ? own_header(b, heap) : other_object(b);
  if (type_at(b, heap)->is_final)
    return pure(b, OP_i32_eq, type_bits(b, header_of(b, reference, of_null)), header_word(b, heap));
  if (depth >= HEAP_ROW_DEPTHS) return NONE;
  u32 place = b->layout.type_ids + 4 * heap;
  u32 wanted = wm_ir_pure(b->c, make_node(IR_INST_LOAD, T_I32, place, 0, 0));
  u32 header = heap_header_of(b, reference, of_null);
  return pure(b, OP_i32_eq, word_of_row(b, header, depth), wanted);
}

/* Of an abstract type between any and none. */
static u32 is_of_abstract(Build *b, u32 reference, HeapType heap) {
  if (heap == HEAP_I31) return is_i31(b, reference);
  if (heap == HEAP_EQ) {
    u32 header = header_of(b, reference, other_object(b));
    return pure(b, OP_i32_and, pure(b, OP_i32_or, header, is_i31(b, reference)),
                const_i32(b, HEAP_TAG));
  }
  u32 kind = heap == HEAP_STRUCT ? COMP_STRUCT : COMP_ARRAY;
  u32 header = heap_header_of(b, reference, other_object(b));
  return pure(b, OP_i32_eq, word_of_row(b, header, HEAP_ROW_KIND), const_i32(b, kind));
}

/* Whether the instance has a heap: of other modules' objects it may know without. */
static bool has_heap(const Build *b) {
  for (u32 i = 0; i < b->module->type_count; i++)
    if (type_at(b, i)->kind != COMP_FUNC) return true;
  return false;
}

/* The same as code, whatever is known of it. */
static u32 test_heap(Build *b, u32 reference, ValType wanted) {
  HeapType heap = val_heap(wanted);
  bool with_null = val_is_nullable(wanted) && !wm_refs_find(b, reference)->not_null;
  u32 is = NONE;
  if (heap != HEAP_I31 && !has_heap(b)) {
    /* nothing to compare with */
  } else if (heap_is_abstract(heap)) {
    is = is_of_abstract(b, reference, heap);
    if (with_null) is = pure(b, OP_i32_or, is, pure(b, OP_i64_eqz, reference, 0));
  } else if (type_at(b, heap)->kind != COMP_FUNC) {
    is = is_of_defined(b, reference, heap, with_null);
  }
  if (is != NONE) return is;
  return call_helper(b, HELPER_ref_is, T_I32, (u32[]){const_i32(b, wanted), reference}, 2);
}

/* Whether the reference is of the module's reference type. */
static u32 ref_is(Build *b, u32 reference, ValType wanted) {
  bool with_null = val_is_nullable(wanted);
  switch (wm_refs_decide(b, reference, val_heap(wanted))) {
  case REF_IS:
    if (with_null) return const_i32(b, 1);
    return pure(b, OP_i32_eqz, wm_refs_is_null(b, reference), 0);
  case REF_IS_NOT: return with_null ? wm_refs_is_null(b, reference) : const_i32(b, 0);
  default: break;
  }
  u32 is = test_heap(b, reference, wanted);
  if (wm_refs_find(b, reference)->not_null) wanted = REF_TYPE(val_heap(wanted));
  wm_refs_note_test(b, is, reference, wanted);
  return is;
}

static ValType wanted_type(HeapType heap, bool nullable) {
  return nullable ? REF_NULL_TYPE(heap) : REF_TYPE(heap);
}

u32 wm_build_cast_test(Build *b, u32 reference) {
  u8 flags = b->in.cast.flags;
  wm_refs_learn(b, reference, wanted_type(b->in.cast.heap1, flags & CAST_FROM_NULL));
  return ref_is(b, reference, wanted_type(b->in.cast.heap2, flags & CAST_TO_NULL));
}

static void ref_test(Build *b, bool nullable) {
  push(b, ref_is(b, pop(b), wanted_type(b->in.cast.heap2, nullable)));
}

static void ref_cast(Build *b, bool nullable) {
  u32 reference = b->stack.data[b->stack.len - 1];
  ValType wanted = wanted_type(b->in.cast.heap2, nullable);
  u32 is = ref_is(b, reference, wanted);
  wm_build_trap_if(b, pure(b, OP_i32_eqz, is, 0), TRAP_CAST_FAILURE);
  if (b->block != NONE) wm_refs_learn(b, reference, wanted);
}

void wm_build_check_subtype(Build *b, u32 func, u32 same, u32 type_index) {
  u32 ways = NONE, height = b->stack.len;
  u32 edge = wm_build_terminate(b, TERM_BRANCH, same, 2);
  block_at(b->c, b->block)->unlikely = 2;
  wm_build_follow(b, edge);
  wm_build_pend(b, &ways, wm_build_terminate(b, TERM_JUMP, 0, 1), (Env){0, 0});
  wm_build_follow(b, edge + 1);
  u32 args[2] = {const_i32(b, REF_TYPE(type_index)), func};
  u32 is = call_helper(b, HELPER_ref_is, T_I32, args, 2);
  wm_build_trap_if(b, pure(b, OP_i32_eqz, is, 0), TRAP_INDIRECT_CALL_TYPE);
  wm_build_pend(b, &ways, wm_build_terminate(b, TERM_JUMP, 0, 1), (Env){0, 0});
  wm_build_bind(b, ways, height, 0, false);
}

static void ref_eq(Build *b) {
  u32 second = pop(b);
  push(b, pure(b, OP_i64_eq, pop(b), second));
}

static void build_array(Build *b) {
  switch (b->in.op) {
  case OP_array_new: array_new(b, false); break;
  case OP_array_new_default: array_new(b, true); break;
  case OP_array_new_fixed: array_new_fixed(b); break;
  case OP_array_new_data: array_new_segment(b, HELPER_array_new_data); break;
  case OP_array_new_elem: array_new_segment(b, HELPER_array_new_elem); break;
  case OP_array_set: array_set(b); break;
  case OP_array_len: array_len(b); break;
  case OP_array_fill: array_fill(b); break;
  case OP_array_copy: array_copy(b); break;
  case OP_array_init_data: array_init(b, HELPER_array_init_data); break;
  case OP_array_init_elem: array_init(b, HELPER_array_init_elem); break;
  default: array_get(b); break;
  }
}

void wm_build_gc(Build *b) {
  switch (b->in.op) {
  case OP_struct_new: struct_new(b, false); break;
  case OP_struct_new_default: struct_new(b, true); break;
  case OP_struct_get:
  case OP_struct_get_s:
  case OP_struct_get_u: struct_get(b); break;
  case OP_struct_set: struct_set(b); break;
  case OP_ref_test:
  case OP_ref_test_null: ref_test(b, b->in.op == OP_ref_test_null); break;
  case OP_ref_cast:
  case OP_ref_cast_null: ref_cast(b, b->in.op == OP_ref_cast_null); break;
  case OP_any_convert_extern:
  case OP_extern_convert_any: break; /* one reference, whichever way it is looked at */
  case OP_ref_i31: make_i31(b); break;
  case OP_i31_get_s:
  case OP_i31_get_u: i31_get(b); break;
  case OP_ref_eq: ref_eq(b); break;
  default: build_array(b); break;
  }
}
