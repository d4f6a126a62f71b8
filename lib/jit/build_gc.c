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

static void struct_get(Build *b) {
  u32 reference = pop(b);
  wm_mem_check_null(b, reference, TRAP_NULL_STRUCT);
  if (b->block == NONE) return;
  const FieldType *field = &layout_of(b, b->in.index)->fields[b->in.index2];
  u16 op = load_op(field->type, b->in.op == OP_struct_get_s);
  push(b, wm_mem_load_field(b, op, reference, field->offset));
}

static void struct_set(Build *b) {
  u32 value = pop(b), reference = pop(b);
  wm_mem_check_null(b, reference, TRAP_NULL_STRUCT);
  if (b->block == NONE) return;
  const FieldType *field = &layout_of(b, b->in.index)->fields[b->in.index2];
  wm_mem_store_field(b, store_op(field->type), reference, field->offset, value);
  wm_build_barrier(b, field->type, reference, reference, value);
}

/* ---- new objects ---- */

static u32 type_id(Build *b, u32 index) {
  u32 place = b->layout.type_ids + 4 * index;
  return wm_ir_pure(b->c, make_node(IR_INST_LOAD, T_I32, place, 0, 0));
}

static u32 header_word(Build *b, u32 index) {
  u32 shifted = pure(b, OP_i32_shl, type_id(b, index), const_i32(b, HEAP_TYPE_SHIFT));
  return pure(b, OP_i32_or, shifted, const_i32(b, HEAP_TAG));
}

/* The word does not change while code of the instance runs. */
static u32 store_word(Build *b, size_t offset) {
  u32 store =
      wm_ir_pure(b->c, make_node(IR_INST_LOAD, T_I64, (u32)offsetof(Instance, store), 0, 0));
  return wm_ir_pure(b->c, make_node(IR_PURE_LOAD, T_I64, store, (u32)offset, 0));
}

/* One of two ways to the object: it goes on with it where both meet. */
static void meet(Build *b, u32 object, u32 *ways) {
  push(b, object);
  Env env = {0, wm_build_save_values(b, 1)};
  pop(b);
  wm_build_pend(b, ways, wm_build_terminate(b, TERM_JUMP, 0, 1), env);
}

/* Room for an object of `bytes` in the heap's hole, with a header; else the helper's. */
static u32 allocate(Build *b, HelperId helper, u32 length, u32 bytes) {
  u32 args[2] = {const_i32(b, b->in.index), const_i32(b, length)}, ways = NONE;
  u32 height = b->stack.len, heap = store_word(b, offsetof(Store, heap));
  u32 bump = wm_mem_load_word(b, OP_i64_load, heap, offsetof(Heap, hole.bump));
  u32 end = wm_mem_load_word(b, OP_i64_load, heap, offsetof(Heap, hole.end));
  u32 after = pure(b, OP_i64_add, bump, const_i64(b, bytes));
  u32 edge = wm_build_terminate(b, TERM_BRANCH, pure(b, OP_i64_le_u, after, end), 2);
  block_at(b->c, b->block)->unlikely = 2;
  wm_build_follow(b, edge);
  wm_mem_store_field(b, OP_i64_store, heap, offsetof(Heap, hole.bump), after);
  wm_mem_store_field(b, OP_i32_store, bump, 0, header_word(b, b->in.index));
  wm_mem_store_field(b, OP_i32_store, bump, 4, args[1]);
  meet(b, bump, &ways);
  wm_build_follow(b, edge + 1);
  u32 object = call_helper(b, helper, T_I64, args, helper == HELPER_struct_new ? 1 : 2);
  wm_build_trap_if(b, pure(b, OP_i64_eqz, object, 0), TRAP_OUT_OF_MEMORY);
  meet(b, object, &ways);
  wm_build_bind(b, ways, height, 1, false);
  object = pop(b);
  wm_mem_is_not_null(b, object);
  build_is_fresh(b, object);
  return object;
}

static void struct_new(Build *b, bool is_default) {
  const SubType *type = layout_of(b, b->in.index);
  u32 object = allocate(b, HELPER_struct_new, 0, type->object_bytes);
  u32 first = b->stack.len - (is_default ? 0 : type->field_count);
  for (u32 i = 0; i < type->field_count; i++) {
    const FieldType *field = &type->fields[i];
    u32 value = is_default ? zero_of(b, field->type) : b->stack.data[first + i];
    wm_mem_store_field(b, store_op(field->type), object, field->offset, value);
  }
  b->stack.len = first;
  push(b, object);
}

static ValType element_type(const Build *b, u32 index) { return type_at(b, index)->fields[0].type; }

static u32 log2_of(u32 size) { return (u32)__builtin_ctz(size); }

static void array_new_fixed(Build *b) {
  ValType type = element_type(b, b->in.index);
  u32 count = b->in.index2, size = val_storage_bytes(type);
  u64 bytes = (OBJECT_HEADER_BYTES + (u64)count * size + 7) & ~UINT64_C(7);
  if (bytes > INT32_MAX) wm_jit_leave(b->c, JIT_TOO_LARGE);
  u32 object = allocate(b, HELPER_array_new_fixed, count, (u32)bytes);
  u32 first = b->stack.len - count;
  for (u32 i = 0; i < count; i++)
    wm_mem_store_field(b, store_op(type), object, OBJECT_HEADER_BYTES + i * size,
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
  wm_mem_is_not_null(b, object);
  build_is_fresh(b, object);
  push(b, object);
}

static void array_new(Build *b, bool is_default) {
  u32 length = pop(b), words[2];
  ValType type = element_type(b, b->in.index);
  value_words(b, is_default ? zero_of(b, type) : pop(b), words);
  push_made(b, HELPER_array_new, (u32[]){const_i32(b, b->in.index), length, words[0], words[1]}, 4);
}

static void array_new_segment(Build *b, HelperId id) {
  u32 count = pop(b), from = pop(b);
  push_made(b, id, (u32[]){const_i32(b, b->in.index), const_i32(b, b->in.index2), from, count}, 4);
}

/* ---- elements ---- */

static u32 array_length(Build *b, u32 array) {
  wm_mem_check_null(b, array, TRAP_NULL_ARRAY);
  if (b->block == NONE) return NONE;
  return wm_mem_load_field(b, OP_i32_load, array, offsetof(HeapObject, length));
}

/* The address of the element, 8 bytes less; NONE: surely a trap. */
static u32 element_at(Build *b, u32 array, u32 index) {
  u32 length = array_length(b, array);
  if (length == NONE) return NONE;
  wm_build_trap_if(b, pure(b, OP_i32_ge_u, index, length), TRAP_ARRAY_OUT_OF_BOUNDS);
  if (b->block == NONE) return NONE;
  u32 log2 = log2_of(val_storage_bytes(element_type(b, b->in.index)));
  u32 wide = pure(b, OP_i64_extend_i32_u, index, 0);
  return pure(b, OP_i64_add, array, pure(b, OP_i64_shl, wide, const_i64(b, log2)));
}

static void array_get(Build *b) {
  u32 index = pop(b), array = pop(b), address = element_at(b, array, index);
  if (address == NONE) return;
  u16 op = load_op(element_type(b, b->in.index), b->in.op == OP_array_get_s);
  push(b, wm_mem_load_field(b, op, address, OBJECT_HEADER_BYTES));
}

static void array_set(Build *b) {
  u32 value = pop(b), index = pop(b), array = pop(b), address = element_at(b, array, index);
  if (address == NONE) return;
  ValType type = element_type(b, b->in.index);
  wm_mem_store_field(b, store_op(type), address, OBJECT_HEADER_BYTES, value);
  wm_build_barrier(b, type, array, address, value);
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

static void array_fill(Build *b) {
  u32 count = pop(b), words[2];
  value_words(b, pop(b), words);
  u32 from = pop(b), array = pop(b);
  run_bulk(b, HELPER_array_fill, (u32[]){array, from, words[0], words[1], count});
}

static void array_copy(Build *b) {
  u32 args[5];
  for (u32 i = 5; i-- > 0;) args[i] = pop(b);
  run_bulk(b, HELPER_array_copy, args);
}

static void array_init(Build *b, HelperId id) {
  u32 args[5] = {const_i32(b, b->in.index2)};
  for (u32 i = 5; i-- > 1;) args[i] = pop(b);
  run_bulk(b, id, args);
}

/* ---- i31 ---- */

static void make_i31(Build *b) {
  u32 doubled = pure(b, OP_i32_shl, pop(b), const_i32(b, 1));
  push(b, pure(b, OP_i64_extend_i32_u, pure(b, OP_i32_or, doubled, const_i32(b, 1)), 0));
}

static void i31_get(Build *b) {
  u32 reference = pop(b);
  wm_mem_check_null(b, reference, TRAP_NULL_I31);
  if (b->block == NONE) return;
  u16 shift = b->in.op == OP_i31_get_s ? OP_i32_shr_s : OP_i32_shr_u;
  push(b, pure(b, shift, pure(b, OP_i32_wrap_i64, reference, 0), const_i32(b, 1)));
}

/* ---- casts ---- */

static u32 is_i31(Build *b, u32 reference) {
  return pure(b, OP_i32_and, pure(b, OP_i32_wrap_i64, reference, 0), const_i32(b, 1));
}

/* Whether it is an object of this very type: of what is no object, a word is read that is no
 * object's (functions lie at even addresses). */
static u32 is_of_final_type(Build *b, u32 reference, u32 index) {
  u32 none =
      wm_ir_pure(b->c, make_node(IR_INST_LOAD, T_I64, (u32)offsetof(Instance, helpers), 0, 0));
  u32 is_null = pure(b, OP_i64_eqz, reference, 0);
  u32 is_other = pure(b, OP_i32_or, is_null, is_i31(b, reference));
  u32 address = wm_ir_pure(b->c, make_node(IR_SELECT, T_I64, none, reference, is_other));
  u32 word = wm_mem_load_word(b, OP_i32_load, address, offsetof(HeapObject, word));
  u32 of_type = pure(b, OP_i32_and, word, const_i32(b, HEAP_TYPE_MASK));
  return pure(b, OP_i32_eq, of_type, header_word(b, index));
}

/* Whether the reference is of the module's reference type. */
static u32 ref_is(Build *b, u32 reference, ValType wanted) {
  HeapType heap = val_heap(wanted);
  u32 is_null = pure(b, OP_i64_eqz, reference, 0);
  bool is_final = !heap_is_abstract(heap) && type_at(b, heap)->is_final;
  if (heap == HEAP_I31) {
    u32 is = is_i31(b, reference);
    return val_is_nullable(wanted) ? pure(b, OP_i32_or, is, is_null) : is;
  }
  if (is_final && type_at(b, heap)->kind != COMP_FUNC) {
    u32 is = is_of_final_type(b, reference, heap);
    return val_is_nullable(wanted) ? pure(b, OP_i32_or, is, is_null) : is;
  }
  return call_helper(b, HELPER_ref_is, T_I32, (u32[]){const_i32(b, wanted), reference}, 2);
}

static ValType wanted_type(HeapType heap, bool nullable) {
  return nullable ? REF_NULL_TYPE(heap) : REF_TYPE(heap);
}

u32 wm_build_cast_test(Build *b, u32 reference) {
  return ref_is(b, reference, wanted_type(b->in.cast.heap2, b->in.cast.flags & CAST_TO_NULL));
}

static void ref_test(Build *b, bool nullable) {
  push(b, ref_is(b, pop(b), wanted_type(b->in.cast.heap2, nullable)));
}

static void ref_cast(Build *b, bool nullable) {
  u32 is = ref_is(b, b->stack.data[b->stack.len - 1], wanted_type(b->in.cast.heap2, nullable));
  wm_build_trap_if(b, pure(b, OP_i32_eqz, is, 0), TRAP_CAST_FAILURE);
  if (!nullable && b->block != NONE) wm_mem_is_not_null(b, b->stack.data[b->stack.len - 1]);
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
