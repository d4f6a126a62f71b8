/* Memory and globals as the builder sees them: addresses, bounds checks, and which loads and checks
 * need not be repeated (build.h).
 *
 * Memory 0 with 32-bit addresses and pages of 64 KiB is accessed directly: index and displacement
 * are added in 64 bits, and guard pages catch what is outside. Every other access goes through
 * IR_BOUNDS, whose value is an absolute address.
 *
 * What is known of memory holds within an extended block: along a chain of blocks that have one way
 * in. Two accesses with different address nodes may touch the same bytes (two memories may be one,
 * too), with the same node and separate displacements they do not: nothing wraps. */
#include "jit/build.h"

#include "wasm/limits.h"

enum {
  LOOK_BACK = 16,  /* bounds checks that are searched */
  FIXED_BACK = 32, /* likewise words that never change */
};

/* ---- what is known ---- */

void wm_mem_forget_words(Build *b) { b->word_count = 0; }

void wm_mem_forget(Build *b) {
  b->word_count = b->global_count = 0;
  b->fresh = NONE;
}

void wm_mem_forget_since(Build *b, KnownScope scope) {
  b->known.len = scope.bounds;
  b->fixed.len = scope.fixed;
  wm_refs_cut(b, scope.refs);
}

static u32 find_in(const KnownWord *words, u32 from, u32 to, u16 op, u32 address, u32 disp) {
  for (u32 i = to; i-- > from;) {
    const KnownWord *w = &words[i];
    if (w->address == address && w->disp == disp && w->op == op) return w->value;
  }
  return NONE;
}

static u32 find_word(const Build *b, u16 op, u32 address, u32 disp) {
  return find_in(b->words, 0, b->word_count, op, address, disp);
}

static u32 find_fixed(const Build *b, u16 op, u32 address, u32 disp) {
  u32 len = b->fixed.len, from = len > FIXED_BACK ? len - FIXED_BACK : 0;
  return find_in(b->fixed.data, from, len, op, address, disp);
}

/* Keeps the younger half when there is no room. */
static void remember_word(Build *b, KnownWord w) {
  if (b->word_count == KNOWN_WORDS) {
    b->word_count = KNOWN_WORDS / 2;
    memmove(b->words, b->words + KNOWN_WORDS / 2, sizeof b->words / 2);
  }
  b->words[b->word_count++] = w;
}

/* Structs of types of which none is the other's. */
static bool are_unrelated(const Build *b, u32 x, u32 y) {
  TypeRegistry *types = b->c->loaded->types;
  u32 first = b->module->types[x].type_id, second = b->module->types[y].type_id;
  return !wm_types_is_sub(types, first, second) && !wm_types_is_sub(types, second, first);
}

/* Whether a store surely leaves the word alone. Fields at other places of a struct are other fields
 * whatever its address; elements of another storage type are in another array. */
static bool is_elsewhere(const Build *b, const KnownWord *w, const KnownWord *store) {
  bool apart = w->disp + w->bytes <= store->disp || store->disp + store->bytes <= w->disp;
  if (w->kind != store->kind) return true;
  switch ((WordKind)w->kind) {
  case WORD_STRUCT: return apart || are_unrelated(b, w->type, store->type);
  case WORD_ARRAY: return (w->address == store->address && apart) || w->type != store->type;
  default: return w->address == store->address && apart;
  }
}

/* `store` is what a load would give behind a store: keeps the words that are surely elsewhere. */
static void forget_overwritten(Build *b, const KnownWord *store) {
  u32 kept = 0;
  for (u32 i = 0; i < b->word_count; i++)
    if (is_elsewhere(b, &b->words[i], store)) b->words[kept++] = b->words[i];
  b->word_count = kept;
}

/* ---- addresses ---- */

static const Limits *memory_limits(const Build *b, u32 memory) {
  return &b->module->memories[memory].limits;
}

u32 wm_mem_base(Build *b, u32 memory) {
  if (memory == 0) return wm_ir_pure(b->c, make_node(IR_MEM0, T_I64, 0, 0, 0));
  u32 object = instance_word(b, b->layout.memories, memory);
  u32 disp = offsetof(Memory, space) + offsetof(Reservation, base);
  return wm_ir_pure(b->c, make_node(IR_PURE_LOAD, T_I64, object, disp, 0));
}

/* Moves what is constant in an index to the offset, where the addition cannot wrap. */
static u32 split_index(const Build *b, u32 index, bool is_64, u64 *offset) {
  const Compile *c = b->c;
  const Node *n = node_at(c, index);
  if (c->options.no_opt) return index;
  u64 sum;
  if (n->op == IR_CONST && checked_add(*offset, const_bits(c, index), &sum)) {
    *offset = sum;
    return NONE;
  }
  if (is_64 || n->op != OP_i32_add || !is_const(c, n->b)) return index;
  u64 added = const_bits(c, n->b);
  if (added > UINT32_MAX - wm_ir_max_value(c, n->a)) return index;
  *offset += added;
  return n->a;
}

/* An absolute address and an offset from there. */
static AccessPlace place_at(Build *b, u32 address, u64 offset) {
  if (offset < (u64)1 << 31) return (AccessPlace){address, (u32)offset, IR_POINTER};
  return (AccessPlace){pure(b, OP_i64_add, address, const_i64(b, offset)), 0, IR_POINTER};
}

/* An earlier check of the same index that covers this one; NONE: there is none. */
static u32 find_bounds(const Build *b, u32 index, u32 base, u64 end) {
  if (b->c->options.no_opt) return NONE;
  u32 oldest = b->known.len > LOOK_BACK ? b->known.len - LOOK_BACK : 0;
  for (u32 i = b->known.len; i-- > oldest;) {
    const KnownBounds *k = &b->known.data[i];
    if (k->index == index && k->base == base && k->end >= end) return k->value;
  }
  return NONE;
}

/* Whether the memory is always so large. */
static bool is_within_min(const Limits *limits, u64 end) {
  return limits->min <= UINT64_MAX >> limits->page_log2 && end <= limits->min << limits->page_log2;
}

static AccessPlace checked_place(Build *b, u32 index, u64 offset, u64 end) {
  u32 memory = b->in.mem.memory, base = wm_mem_base(b, memory);
  const Limits *limits = memory_limits(b, memory);
  if (index == NONE) {
    if (is_within_min(limits, end)) return place_at(b, base, offset);
    index = limits->is_64 ? const_i64(b, 0) : const_i32(b, 0);
  }
  u32 value = find_bounds(b, index, base, end);
  if (value == NONE) {
    u32 inside = const_i64(b, end);
    value = wm_build_effect_at_site(b, make_node(IR_BOUNDS, T_I64, index, inside, base));
    *jit_push(b->c, &b->known) = (KnownBounds){index, base, value, end};
  }
  return place_at(b, value, offset);
}

static AccessPlace direct_place(Build *b, u32 index, u64 offset) {
  if (offset < (u64)1 << 31) {
    if (index == NONE) index = const_i32(b, 0);
    return (AccessPlace){index, (u32)offset, 0};
  }
  if (index == NONE) return (AccessPlace){const_i64(b, offset), 0, 0};
  u32 wide = pure(b, OP_i64_extend_i32_u, index, 0);
  return (AccessPlace){pure(b, OP_i64_add, wide, const_i64(b, offset)), 0, 0};
}

bool wm_mem_locate(Build *b, u32 index, u32 bytes, AccessPlace *place) {
  u32 memory = b->in.mem.memory;
  const Limits *limits = memory_limits(b, memory);
  bool is_64 = limits->is_64, ends_at_guard = limits->page_log2 == PAGE_LOG2;
  u64 offset = b->in.mem.offset, end;
  index = split_index(b, index, is_64, &offset);
  if (!checked_add(offset, bytes, &end)) {
    wm_build_trap(b, TRAP_MEMORY_OUT_OF_BOUNDS);
    return false;
  }
  if (memory == 0 && !is_64 && ends_at_guard && !b->c->options.explicit_bounds)
    *place = direct_place(b, index, offset);
  else
    *place = checked_place(b, index, offset, end);
  return true;
}

static u32 access_at(Build *b, u16 op, u32 type, const AccessPlace *place, u32 c) {
  Node n = make_node(op, type, place->address, place->disp, c);
  n.flags = (u8)(place->flags & 15);
  if (wm_op_info[op].immediate == IMM_MEMARG_LANE) n.imm = b->in.lane;
  return place->flags & IR_POINTER ? wm_build_effect(b, n) : wm_build_effect_at_site(b, n);
}

u32 wm_mem_load_word(Build *b, u16 op, u32 address, size_t disp) {
  AccessPlace place = {address, (u32)disp, IR_POINTER | IR_WORD};
  return access_at(b, op, wm_ir_result_type(op), &place, 0);
}

void wm_mem_store_word(Build *b, u16 op, u32 address, size_t disp, u32 value) {
  AccessPlace place = {address, (u32)disp, IR_POINTER | IR_WORD};
  access_at(b, op, T_NONE, &place, value);
}

u32 wm_mem_load_slot(Build *b, u8 type, u32 address, size_t disp) {
  static const u16 loads[] = {[T_I32] = OP_i32_load,
                              [T_I64] = OP_i64_load,
                              [T_F32] = OP_f32_load,
                              [T_F64] = OP_f64_load,
                              [T_V128] = OP_v128_load};
  return wm_mem_load_word(b, loads[type], address, disp);
}

/* ---- loads ---- */

void wm_mem_load(Build *b) {
  u16 op = b->in.op;
  u8 bytes = wm_op_info[op].access_bytes;
  AccessPlace place;
  if (!wm_mem_locate(b, pop(b), bytes, &place)) return;
  u32 value = b->c->options.no_opt ? NONE : find_word(b, op, place.address, place.disp);
  if (value == NONE) {
    value = access_at(b, op, wm_ir_result_type(op), &place, 0);
    remember_word(b, (KnownWord){place.address, place.disp, value, op, bytes, WORD_GUEST, 0});
  }
  push(b, value);
}

void wm_mem_load_lane(Build *b) {
  u32 vector = pop(b);
  AccessPlace place;
  if (!wm_mem_locate(b, pop(b), wm_op_info[b->in.op].access_bytes, &place)) return;
  push(b, access_at(b, b->in.op, T_V128, &place, vector));
}

/* ---- stores ---- */

/* The load that gives back what the store wrote; OP_COUNT: none. */
static u16 load_of_store(u16 op) {
  switch (op) {
  case OP_i32_store: return OP_i32_load;
  case OP_i64_store: return OP_i64_load;
  case OP_f32_store: return OP_f32_load;
  case OP_f64_store: return OP_f64_load;
  case OP_v128_store: return OP_v128_load;
  default: return OP_COUNT;
  }
}

/* What of `value` a store of `bits` bits does not look at: the operand of a mask or extension.
 * NONE: nothing to take away. */
static u32 without_mask(const Build *b, u32 value, u32 bits) {
  const Node *n = node_at(b->c, value);
  u64 mask = ((u64)1 << bits) - 1;
  switch (n->op) {
  case OP_i32_and:
  case OP_i64_and:
    return is_const(b->c, n->b) && (const_bits(b->c, n->b) & mask) == mask ? n->a : NONE;
  case OP_i32_extend8_s:
  case OP_i64_extend8_s: return bits <= 8 ? n->a : NONE;
  case OP_i32_extend16_s:
  case OP_i64_extend16_s: return bits <= 16 ? n->a : NONE;
  case OP_i64_extend32_s: return n->a;
  default: return NONE;
  }
}

/* The value of a narrow store without what it cuts off anyway; may be of the other integer type,
 * with the store for that. */
static u32 narrow_value(const Build *b, u16 *op, u32 value) {
  for (;;) {
    u32 bits = wm_op_info[*op].access_bytes * 8u;
    bool is_i32 = *op == OP_i32_store8 || *op == OP_i32_store16;
    bool is_i64 = *op == OP_i64_store8 || *op == OP_i64_store16 || *op == OP_i64_store32;
    if (!is_i32 && !is_i64) return value;
    const Node *n = node_at(b->c, value);
    u32 inner = without_mask(b, value, bits);
    if (inner != NONE) {
      value = inner;
    } else if (is_i64 && (n->op == OP_i64_extend_i32_u || n->op == OP_i64_extend_i32_s)) {
      *op = bits == 8 ? OP_i32_store8 : bits == 16 ? OP_i32_store16 : OP_i32_store;
      value = n->a;
    } else if (is_i32 && n->op == OP_i32_wrap_i64) {
      *op = bits == 8 ? OP_i64_store8 : OP_i64_store16;
      value = n->a;
    } else {
      return value;
    }
  }
}

void wm_mem_store(Build *b) {
  u16 op = b->in.op;
  u8 bytes = wm_op_info[op].access_bytes;
  u32 value = pop(b);
  AccessPlace place;
  if (!wm_mem_locate(b, pop(b), bytes, &place)) return;
  if (!b->c->options.no_opt) value = narrow_value(b, &op, value);
  access_at(b, op, T_NONE, &place, value);
  u16 load = load_of_store(op);
  KnownWord word = {place.address, place.disp, value, load, bytes, WORD_GUEST, 0};
  forget_overwritten(b, &word);
  if (load != OP_COUNT) remember_word(b, word);
}

/* ---- structs and arrays ---- */

static KnownWord word_of(u16 load, u8 bytes, FieldPlace place, u32 value) {
  return (KnownWord){place.address, place.disp, value, load, bytes, place.kind, place.type};
}

static void remember_field(Build *b, const KnownWord *word, bool is_fixed) {
  if (is_fixed)
    *jit_push(b->c, &b->fixed) = *word;
  else
    remember_word(b, *word);
}

void wm_mem_learn_field(Build *b, u16 load, FieldPlace place, u32 value) {
  KnownWord word = word_of(load, wm_op_info[load].access_bytes, place, value);
  if (!b->c->options.no_opt) remember_field(b, &word, place.is_fixed);
}

u32 wm_mem_load_field(Build *b, u16 op, FieldPlace place) {
  if (b->c->options.no_opt) return wm_mem_load_word(b, op, place.address, place.disp);
  u32 known = place.is_fixed ? find_fixed(b, op, place.address, place.disp)
                             : find_word(b, op, place.address, place.disp);
  if (known != NONE) return known;
  AccessPlace at = {place.address, place.disp,
                    IR_POINTER | IR_WORD | (place.is_fixed ? IR_FIXED : 0)};
  u32 value = access_at(b, op, wm_ir_result_type(op), &at, 0);
  wm_mem_learn_field(b, op, place, value);
  return value;
}

/* What a narrow store leaves is not known; that it overwrites is. */
static u16 load_beside(u16 store) {
  switch (store) {
  case OP_i32_store8: return OP_i32_load8_u;
  case OP_i32_store16: return OP_i32_load16_u;
  default: return load_of_store(store);
  }
}

/* The store; what a load would give behind it. */
static KnownWord write_field(Build *b, u16 op, FieldPlace place, u32 value) {
  u16 load = load_beside(op);
  u8 bytes = wm_op_info[op].access_bytes;
  if (!b->c->options.no_opt) value = narrow_value(b, &op, value);
  wm_mem_store_word(b, op, place.address, place.disp, value);
  return word_of(load, bytes, place, value);
}

void wm_mem_store_field(Build *b, u16 op, FieldPlace place, u32 value) {
  KnownWord word = write_field(b, op, place, value);
  if (b->c->options.no_opt) return;
  forget_overwritten(b, &word);
  if (load_of_store(op) != OP_COUNT) remember_word(b, word);
}

void wm_mem_init_field(Build *b, u16 op, FieldPlace place, u32 value) {
  KnownWord word = write_field(b, op, place, value);
  if (!b->c->options.no_opt && load_of_store(op) != OP_COUNT)
    remember_field(b, &word, place.is_fixed);
}

/* An element is inside: a bounds check whose base is the array. */
void wm_mem_learn_inside(Build *b, u32 index, u32 array) {
  *jit_push(b->c, &b->known) = (KnownBounds){index, array, index, 1};
}

bool wm_mem_is_inside(const Build *b, u32 index, u32 array) {
  return find_bounds(b, index, array, 1) != NONE;
}

/* ---- globals ---- */

static u16 global_load_op(u8 type) {
  static const u16 ops[] = {[T_I32] = OP_i32_load,
                            [T_I64] = OP_i64_load,
                            [T_F32] = OP_f32_load,
                            [T_F64] = OP_f64_load,
                            [T_V128] = OP_v128_load};
  return ops[type];
}

static u16 global_store_op(u8 type) {
  static const u16 ops[] = {[T_I32] = OP_i32_store,
                            [T_I64] = OP_i64_store,
                            [T_F32] = OP_f32_store,
                            [T_F64] = OP_f64_store,
                            [T_V128] = OP_v128_store};
  return ops[type];
}

static void remember_global(Build *b, u32 global, u32 value) {
  if (b->global_count == KNOWN_GLOBALS) {
    b->global_count = KNOWN_GLOBALS / 2;
    memmove(b->globals, b->globals + KNOWN_GLOBALS / 2, sizeof b->globals / 2);
  }
  b->globals[b->global_count++] = (KnownGlobal){global, value};
}

/* The value of an initialiser that is one constant; NONE: it is not. */
static u32 constant_init(Build *b, ConstExpr init) {
  Instr in, end;
  Reader r = wm_reader_at(b->module, init.offset, init.size_bytes, &b->err);
  if (init.size_bytes == 0 || !wm_instr_read(&r, &in)) return NONE;
  if (!wm_instr_read(&r, &end) || end.op != OP_end) return NONE;
  switch (in.op) {
  case OP_i32_const: return const_i32(b, (u32)in.bits);
  case OP_i64_const: return const_i64(b, in.bits);
  case OP_f32_const: return wm_ir_const(b->c, T_F32, in.bits);
  case OP_f64_const: return wm_ir_const(b->c, T_F64, in.bits);
  case OP_ref_null: return const_i64(b, 0);
  default: return NONE;
  }
}

/* A global that never changes; NONE: it has to be loaded (a vector). */
static u32 immutable_global(Build *b, u32 global) {
  const GlobalDecl *decl = &b->module->globals[global];
  u8 type = (u8)wm_jit_type(decl->type.type);
  u32 value = constant_init(b, decl->init);
  if (value != NONE || type == T_V128) return value;
  bool is_narrow = type == T_I32 || type == T_F32;
  u32 object = instance_word(b, b->layout.globals, global);
  value = wm_ir_pure(
      b->c, make_node(IR_PURE_LOAD, is_narrow ? T_I32 : T_I64, object, offsetof(Global, value), 0));
  if (type == T_F32) return pure(b, OP_f32_reinterpret_i32, value, 0);
  if (type == T_F64) return pure(b, OP_f64_reinterpret_i64, value, 0);
  return value;
}

void wm_mem_global_get(Build *b) {
  u32 global = b->in.index, value = NONE;
  const GlobalType *type = &b->module->globals[global].type;
  if (!type->is_mutable) value = immutable_global(b, global);
  for (u32 i = b->global_count; i-- > 0 && value == NONE && !b->c->options.no_opt;)
    if (b->globals[i].global == global) value = b->globals[i].value;
  if (value == NONE) {
    u32 object = instance_word(b, b->layout.globals, global);
    u16 op = global_load_op((u8)wm_jit_type(type->type));
    value = wm_mem_load_word(b, op, object, offsetof(Global, value));
    remember_global(b, global, value);
  }
  push(b, value);
}

/* Two imports may be the same global. */
static void forget_aliases(Build *b, u32 global) {
  u32 imports = b->module->global_import_count, kept = 0;
  for (u32 i = 0; i < b->global_count; i++) {
    u32 other = b->globals[i].global;
    bool is_alias = other == global || (other < imports && global < imports);
    if (!is_alias) b->globals[kept++] = b->globals[i];
  }
  b->global_count = kept;
}

void wm_mem_global_set(Build *b) {
  u32 global = b->in.index, value = pop(b);
  u32 object = instance_word(b, b->layout.globals, global);
  AccessPlace place = {object, offsetof(Global, value), IR_POINTER | IR_WORD};
  access_at(b, global_store_op(node_type(b, value)), T_NONE, &place, value);
  forget_aliases(b, global);
  remember_global(b, global, value);
}
