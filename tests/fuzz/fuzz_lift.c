/* Fuzz target: bytes -> a type, two encodings, a guest's memory and slots. What is lifted is of the
 * type, and the same after it went to another guest and was lifted there; everything else is a
 * trap. */
#include "component/cm_form.h"
#include "tests/component/component_values.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size); /* fuzz.h's names are others here */

enum { ROOM = 4096, HEAP = 2048, MOST_BYTES = 1 << 20, DEPTH = 4 };

/* At 0 a count of calls, at the end of which (at 4) is given; at 8 where the next allocation is. */
static const char text[] =
    "(module (memory (export \"m\") 1 3)\n"
    "  (func (export \"r\") (param $old i32) (param $was i32) (param $align i32) (param $size "
    "i32)\n"
    "    (result i32) (local $at i32)\n"
    "    (if (i32.load (i32.const 0)) (then\n"
    "      (i32.store (i32.const 0) (i32.sub (i32.load (i32.const 0)) (i32.const 1)))\n"
    "      (if (i32.eqz (i32.load (i32.const 0))) (then\n"
    "        (drop (memory.grow (i32.const 1))) (return (i32.load (i32.const 4)))))))\n"
    "    (local.set $at (i32.and (i32.sub (i32.add (i32.load (i32.const 8)) (local.get $align))\n"
    "      (i32.const 1)) (i32.sub (i32.const 0) (local.get $align))))\n"
    "    (i32.store (i32.const 8) (i32.add (local.get $at) (local.get $size)))\n"
    "    (memory.copy (local.get $at) (local.get $old) (local.get $was))\n"
    "    (local.get $at)))";

static wasm_store_t *store; /* kept from input to input */
static Options guests[2];
static LiveResource resource;

static void make_guest(Options *guest) {
  wasm_byte_vec_t source = {sizeof text - 1, (char *)(uintptr_t)text};
  wasm_module_t *module = wasmx_module_new(store, &source, WASMX_ALLOW_TEXT, NULL);
  wasm_extern_vec_t none = WASM_EMPTY_VEC;
  wasm_instance_t *instance = module ? wasm_instance_new(store, module, &none, NULL) : NULL;
  if (!instance) __builtin_trap();
  guest->memory = wasm_extern_as_memory(wasmx_instance_export_n(instance, "m", 1));
  guest->realloc = wasm_extern_as_func(wasmx_instance_export_n(instance, "r", 1));
  wasm_instance_delete(instance);
  wasm_module_delete(module);
}

static void make_guests(void) {
  if (store) return;
  store = wasm_store_new(wasm_engine_new());
  for (u32 i = 0; i < 2; i++) make_guest(&guests[i]);
}

/* ---- the input ---- */

typedef struct Tape {
  const u8 *pos, *end;
} Tape;

static u8 take(Tape *tape) { return tape->pos < tape->end ? *tape->pos++ : 0; }

static void take_bytes(Tape *tape, void *to, size_t size) {
  size_t left = (size_t)(tape->end - tape->pos), some = left < size ? left : size;
  memset(to, 0, size);
  if (some) memcpy(to, tape->pos, some);
  tape->pos += some;
}

static const Type *take_type(Tape *tape, TypeTable *t, u32 depth);

static const Type *take_parts(Tape *tape, TypeTable *t, TypeKind kind, u32 count, u32 depth) {
  static const Name names[] = {{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}, {"e", 1}};
  const Type *parts[5] = {NULL};
  bool is_variant = kind == TYPE_VARIANT || kind == TYPE_RESULT;
  for (u32 i = 0; i < count; i++) {
    if ((kind == TYPE_OPTION && i == 0) || (is_variant && take(tape) % 4 == 0)) continue;
    parts[i] = take_type(tape, t, depth);
    if (!parts[i]) return NULL;
  }
  bool named = kind == TYPE_RECORD || kind == TYPE_VARIANT;
  return wm_type_new(t, kind, count, parts, named ? names : NULL);
}

static const Type *take_labels(Tape *tape, TypeTable *t, TypeKind kind) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEF";
  Name names[300];
  u32 most = kind == TYPE_FLAGS ? 32 : 300, count = 1 + (take(tape) * 2u) % most;
  for (u32 i = 0; i < count; i++) names[i] = (Name){letters + i % 32, 1};
  return wm_type_new(t, kind, count, NULL, names);
}

static const Type *take_handle(TypeTable *t, TypeKind kind) {
  const Type *type = wm_type_resource(t);
  return type ? wm_type_handle(t, kind, type) : NULL;
}

static const Type *take_type(Tape *tape, TypeTable *t, u32 depth) {
  u8 kind = (u8)(take(tape) % (depth ? TYPE_BORROW + 1 : TYPE_STRING + 1));
  switch ((TypeKind)kind) {
  case TYPE_FLAGS:
  case TYPE_ENUM: return take_labels(tape, t, (TypeKind)kind);
  case TYPE_RECORD:
  case TYPE_TUPLE:
  case TYPE_VARIANT: return take_parts(tape, t, (TypeKind)kind, 1 + take(tape) % 5, depth - 1);
  case TYPE_LIST: return take_parts(tape, t, TYPE_LIST, 1, depth - 1);
  case TYPE_OPTION:
  case TYPE_RESULT: return take_parts(tape, t, (TypeKind)kind, 2, depth - 1);
  case TYPE_OWN:
  case TYPE_BORROW: return take_handle(t, (TypeKind)kind);
  default: return wm_type_primitive((TypeKind)kind);
  }
}

/* ---- lifting, and lowering what was lifted ---- */

typedef struct Guest {
  Call call;
  Inst inst;
  Side side;
  Options options;
} Guest;

/* With handles of its own; the memory is as it is. */
static void begin_guest(Guest *g, const Options *options, u8 encoding, LiveResource **resources) {
  *g = (Guest){.options = *options, .inst = {.may_leave = true, .resources = resources}};
  g->options.encoding = encoding % 3;
  g->side = (Side){&g->call, &g->inst, &g->options, false};
  for (u32 i = 0, index; i < 3; i++)
    wasm_trap_delete(wm_resource_new(&g->inst, &resource, i, &index));
}

static void end_guest(Guest *g) {
  wm_call_end(&g->call);
  if (g->call.trap) wasm_trap_delete(g->call.trap);
  wm_handles_free(&g->inst.handles);
}

static bool lift(Guest *g, const Type *type, const Slot *slots, bool flat, void *val) {
  if (flat) return wm_lift_flat(&g->side, type, slots, val);
  const u8 *at = wm_side_bytes(&g->side, slots[0].u32, type->size, type->align, "value");
  return at && wm_lift_memory(&g->side, type, at, val);
}

static bool lower(Guest *g, const Type *type, const void *val, bool flat, Slot *slots) {
  if (flat) return wm_lower_flat(&g->side, type, val, slots);
  u32 at;
  if (!wm_side_realloc(&g->side, 0, 0, type->align, type->size, "value", &at)) return false;
  slots[0].u64 = at;
  return wm_lower_memory(&g->side, type, val, at);
}

/* What the slots and the guest's memory hold, for the host, as text. False: it traps. */
static bool write(Buffer *out, Guest *g, const Type *type, const Slot *slots, bool flat) {
  Val val;
  g->call.for_host = true;
  if (!lift(g, type, slots, flat, &val)) return false;
  if (!wm_val_check(&g->inst, type, &val)) __builtin_trap(); /* it is not of the type */
  value_write(out, (const wasmcm_type_t *)(const void *)type, &val);
  return !out->failed;
}

typedef struct Passed {
  const Type *type;
  LiveResource **resources;
  u8 form;
  bool flat;
  Slot given[MAX_FLAT];
} Passed;

/* What was lowered is what the other guest gave. */
static void check_copy(const Passed *p, Guest *to, const Slot *slots) {
  Guest again;
  Buffer first = {0}, second = {0};
  begin_guest(&again, &guests[0], p->form >> 1, p->resources);
  if (write(&first, &again, p->type, p->given, p->flat)) {
    bool good = write(&second, to, p->type, slots, p->flat);
    if (!good && !second.failed) __builtin_trap(); /* what we wrote ourselves */
    if (good &&
        (first.len != second.len || (first.len && memcmp(first.data, second.data, first.len))))
      __builtin_trap(); /* another value */
  }
  end_guest(&again);
  wm_buffer_free(&first);
  wm_buffer_free(&second);
}

/* From one guest to the other, through values or structs; `slots` and the second's memory are what
 * was lowered. False: it traps. */
static bool pass_by(const Passed *p, bool structs, Guest *to, Slot *slots) {
  static _Alignas(16) u8 room[1 << 16];
  Guest from;
  begin_guest(&from, &guests[0], p->form >> 1, p->resources);
  from.side.is_viewed = p->form & 32;
  from.call.bytes = MAX_CALL_BYTES - MOST_BYTES; /* lists may lie over each other */
  from.call.structs = to->call.structs = structs;
  bool good = form_size(&from.call, p->type) <= sizeof room &&
              lift(&from, p->type, p->given, p->flat, room) &&
              lower(to, p->type, room, p->flat, slots);
  end_guest(&from);
  return good;
}

static bool same_slots(const Slot *a, const Slot *b) {
  for (u32 i = 0; i < MAX_FLAT; i++)
    if (a[i].u64 != b[i].u64) return false;
  return true;
}

static void pass(Tape *tape, const Type *type, LiveResource **resources) {
  static u8 start[ROOM], lowered[ROOM];
  u8 form = take(tape);
  Passed p = {.type = type, .resources = resources, .form = form};
  Slot slots[MAX_FLAT] = {{.u64 = 0}}, others[MAX_FLAT] = {{.u64 = 0}};
  u8 *source = (u8 *)wasm_memory_data(guests[0].memory);
  u8 *target = (u8 *)wasm_memory_data(guests[1].memory);
  Guest to;
  p.flat = form & 1 && type->flat_count <= MAX_FLAT;
  memset(source, 0, ROOM);
  memset(target, 0, ROOM);
  for (u32 i = 0; i < (p.flat ? type->flat_count : 1u); i++)
    p.given[i].u64 = (u64)take(tape) | (u64)(take(tape) & 15) << 8;
  if (form & 64) take_bytes(tape, p.given, sizeof p.given);
  store_u32(target + 8, HEAP);
  if (form & 128) take_bytes(tape, target, 12);
  take_bytes(tape, source, ROOM);
  memcpy(start, target, ROOM);
  begin_guest(&to, &guests[1], form >> 3, resources);
  bool good = pass_by(&p, true, &to, others);
  end_guest(&to);
  memcpy(lowered, target, ROOM);
  memcpy(target, start, ROOM);
  begin_guest(&to, &guests[1], form >> 3, resources);
  /* Values take more memory than structs, and do the same. */
  if (pass_by(&p, false, &to, slots)) {
    if (!good && sizeof(size_t) == 8 && type->c_size <= 1 << 16) __builtin_trap();
    if (good && (!same_slots(slots, others) || memcmp(lowered, target, ROOM))) __builtin_trap();
    if (!(form & 128)) check_copy(&p, &to, slots);
  }
  end_guest(&to);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
  Arena arena = {0};
  Error err = {0};
  TypeTable table = {.arena = &arena, .err = &err, .fuel = 10000, .nodes = 10000};
  LiveResource *resources[1] = {&resource}; /* all of them */
  Tape tape = {data, data + size};
  make_guests();
  const Type *type = take_type(&tape, &table, DEPTH);
  if (type) pass(&tape, type, resources);
  wm_types_free(&table);
  wm_arena_free(&arena);
  return 0;
}
