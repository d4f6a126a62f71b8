/* Fuzz target: bytes -> a type, then either text of a value, or what a value is made of. What is
 * parsed can be printed, and what is printed parses to what is printed the same. */
#include "tests/fuzz/fuzz.h"

#include "base/utf8.h"
#include "component/cm_api.h"

typedef struct Input {
  const u8 *pos, *end;
  TypeTable types;
  Arena arena;
} Input;

static u8 take(Input *in) { return in->pos < in->end ? *in->pos++ : 0; }

static u64 take_u64(Input *in) {
  u64 v = 0;
  for (int i = take(in) % 9; i > 0; i--) v = v << 8 | take(in);
  return v;
}

static const char *const labels[] = {"a", "none", "ok", "b-c", "TRUE", "true", "inf", "e2"};

/* ---- types ---- */

enum { MAX_PARTS = ARRAY_LEN(labels), MAX_DEPTH = 6 };

static const Type *take_type(Input *in, u32 depth);

static const Type *take_parts(Input *in, TypeKind kind, u32 count, bool may_lack, u32 depth) {
  const Type *of[MAX_PARTS] = {NULL};
  Name names[MAX_PARTS];
  bool has_types = kind != TYPE_FLAGS && kind != TYPE_ENUM;
  bool has_names = !has_types || kind == TYPE_RECORD || kind == TYPE_VARIANT;
  for (u32 i = 0; i < count; i++) {
    names[i] = (Name){labels[i], (u32)strlen(labels[i])};
    if (has_types && (!may_lack || take(in) % 2)) of[i] = take_type(in, depth + 1);
    if (!of[i] && !may_lack) return NULL;
  }
  return wm_type_new(&in->types, kind, count, has_types ? of : NULL, has_names ? names : NULL);
}

static const Type *take_option(Input *in, u32 depth) {
  const Type *of[2] = {NULL, take_type(in, depth + 1)};
  return of[1] ? wm_type_new(&in->types, TYPE_OPTION, 2, of, NULL) : NULL;
}

static const Type *take_type(Input *in, u32 depth) {
  u32 kind = take(in) % (TYPE_RESULT + 1), count = 1 + take(in) % MAX_PARTS;
  if (depth == MAX_DEPTH) kind %= TYPE_RECORD;
  switch ((TypeKind)kind) {
  case TYPE_RECORD:
  case TYPE_TUPLE: return take_parts(in, (TypeKind)kind, count, false, depth);
  case TYPE_VARIANT: return take_parts(in, TYPE_VARIANT, count, true, depth);
  case TYPE_FLAGS:
  case TYPE_ENUM: return take_parts(in, (TypeKind)kind, count, true, depth);
  case TYPE_LIST: return take_parts(in, TYPE_LIST, 1, false, depth);
  case TYPE_OPTION: return take_option(in, depth);
  case TYPE_RESULT: return take_parts(in, TYPE_RESULT, 2, true, depth);
  default: return wm_type_primitive((TypeKind)kind);
  }
}

/* ---- values ---- */

static bool take_value(Input *in, const Type *type, Val *val);

static bool take_items(Input *in, const Type *type, u32 count, Val *val) {
  bool is_list = type->kind == TYPE_LIST;
  val->of.items.data = arena_array(&in->arena, Val, count + 1);
  val->of.items.count = count;
  for (u32 i = 0; val->of.items.data && i < count; i++)
    if (!take_value(in, type->of[is_list ? 0 : i], &val->of.items.data[i])) return false;
  return val->of.items.data != NULL;
}

static bool take_list(Input *in, const Type *type, Val *val) {
  u32 count = take(in) % 8;
  if (!is_number(type->of[0])) return take_items(in, type, count, val);
  u8 *data = arena_array(&in->arena, u8, count * 8 + 1);
  for (u32 i = 0; data && i < count * type->of[0]->size; i++) data[i] = take(in);
  val->of.numbers.data = data;
  val->of.numbers.count = count;
  return data != NULL;
}

static bool take_string(Input *in, Val *val) {
  u32 size = 0, count = take(in) % 16;
  u8 *data = arena_array(&in->arena, u8, 64);
  for (u32 i = 0; data && i < count; i++) size += (u32)wm_utf8_put(data + size, (u32)take_u64(in));
  val->of.string.data = (const char *)data;
  val->of.string.size = size;
  return data != NULL;
}

static bool take_case(Input *in, const Type *type, Val *val) {
  val->of.variant.index = take(in) % type->count;
  const Type *payload = type->of ? type->of[val->of.variant.index] : NULL;
  if (!payload) return true;
  val->of.variant.payload = arena_new(&in->arena, Val);
  return val->of.variant.payload && take_value(in, payload, val->of.variant.payload);
}

/* Narrow integers are extended to 64 bits. */
static bool take_integer(Input *in, const Type *type, Val *val) {
  u32 unused = 64 - type->size * 8;
  bool is_signed = type->kind == TYPE_S8 || type->kind == TYPE_S16 || type->kind == TYPE_S32 ||
                   type->kind == TYPE_S64;
  u64 bits = take_u64(in) << unused;
  val->of.u64 = is_signed ? (u64)((i64)bits >> unused) : bits >> unused;
  return true;
}

static bool take_value(Input *in, const Type *type, Val *val) {
  u8 room[4];
  *val = (Val){.kind = type->kind};
  switch ((TypeKind)type->kind) {
  case TYPE_BOOL: val->of.boolean = take(in) & 1; return true;
  case TYPE_CHAR:
    val->of.character = (u32)take_u64(in);
    if (!wm_utf8_put(room, val->of.character)) val->of.character = 'x';
    return true;
  case TYPE_F32: val->of.u64 = (u32)take_u64(in); return true;
  case TYPE_F64: val->of.u64 = take_u64(in); return true;
  case TYPE_STRING: return take_string(in, val);
  case TYPE_LIST: return take_list(in, type, val);
  case TYPE_RECORD:
  case TYPE_TUPLE: return take_items(in, type, type->count, val);
  case TYPE_FLAGS: val->of.flags = take(in) & (u32)((1u << type->count) - 1); return true;
  case TYPE_VARIANT:
  case TYPE_ENUM:
  case TYPE_OPTION:
  case TYPE_RESULT: return take_case(in, type, val);
  default: return take_integer(in, type, val);
  }
}

/* ---- there and back ---- */

static const wasmcm_type_t *handle(const Type *type) { return (const void *)type; }

/* NaNs lose their bits with the first print, so it is the text that is compared. */
static void there_and_back(const Type *type, const Val *val) {
  wasm_byte_vec_t first, second;
  wasmcm_result_t again;
  if (!wasmcm_val_print(handle(type), val, &first)) __builtin_trap();
  if (!wasmcm_val_parse(handle(type), first.data, first.size, NULL, &again, NULL)) __builtin_trap();
  if (!wasmcm_val_print(handle(type), &again.value, &second)) __builtin_trap();
  if (first.size != second.size || memcmp(first.data, second.data, first.size) != 0)
    __builtin_trap();
  wasm_byte_vec_delete(&first);
  wasm_byte_vec_delete(&second);
  wasmcm_result_delete(&again);
}

static void try_text(const Type *type, const u8 *text, size_t size) {
  wasmx_error_t err = {.size = sizeof err};
  wasmcm_result_t val;
  if (wasmcm_val_parse(handle(type), (const char *)text, size, NULL, &val, &err)) {
    there_and_back(type, &val.value);
    wasmcm_result_delete(&val);
  } else if (err.code == WASMX_OK || !err.message[0]) {
    __builtin_trap(); /* refused without saying why */
  }
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
  Error err = {0};
  Val val;
  Input in = {.pos = data, .end = data + size};
  in.types = (TypeTable){.arena = &in.arena, .err = &err, .fuel = 1000000, .nodes = 1000000};
  const Type *type = take_type(&in, 0);
  bool is_text = take(&in) & 1;
  if (type && is_text)
    try_text(type, in.pos, (size_t)(in.end - in.pos));
  else if (type && take_value(&in, type, &val))
    there_and_back(type, &val);
  wm_types_free(&in.types);
  wm_arena_free(&in.arena);
  return 0;
}
