/* Values that hosts give, held against their type before a guest gets them. */
#include "base/utf8.h"
#include "component/cm_call.h"

static bool check_items(const Inst *inst, const Type *type, const Val *val) {
  bool is_list = type->kind == TYPE_LIST;
  if (!is_list && val->of.items.count != type->count) return false;
  if (val->of.items.count && !val->of.items.data) return false;
  for (size_t i = 0; i < val->of.items.count; i++)
    if (!wm_val_check(inst, type->of[is_list ? 0 : i], &val->of.items.data[i])) return false;
  return true;
}

static bool check_case(const Inst *inst, const Type *type, const Val *val) {
  u32 index = val->of.variant.index;
  if (index >= type->count) return false;
  const Type *payload = type->of ? type->of[index] : NULL;
  if (!payload) return true;
  return val->of.variant.payload && wm_val_check(inst, payload, val->of.variant.payload);
}

static bool check_string(const Val *val) {
  if (val->reserved[0] != STRING_UTF8) return false;
  if (val->of.string.size == 0) return true;
  return val->of.string.data && wm_utf8_valid((const u8 *)val->of.string.data, val->of.string.size);
}

static bool check_integer(const Type *type, const Val *val) {
  u32 bits = type->size * 8;
  if (bits == 64) return true;
  bool is_signed = type->kind == TYPE_S8 || type->kind == TYPE_S16 || type->kind == TYPE_S32;
  if (!is_signed) return val->of.u64 >> bits == 0;
  i64 most = (i64)1 << (bits - 1);
  return val->of.s64 >= -most && val->of.s64 < most;
}

bool wm_val_check(const Inst *inst, const Type *type, const Val *val) {
  if (val->kind != type->kind) return false;
  switch ((TypeKind)type->kind) {
  case TYPE_BOOL:
  case TYPE_F32:
  case TYPE_F64: return true;
  case TYPE_CHAR:
    return val->of.character < 0xd800 ||
           (val->of.character > 0xdfff && val->of.character < 0x110000);
  case TYPE_STRING: return check_string(val);
  case TYPE_LIST:
    if (is_number(type->of[0])) return val->of.numbers.count == 0 || val->of.numbers.data;
    return check_items(inst, type, val);
  case TYPE_RECORD:
  case TYPE_TUPLE: return check_items(inst, type, val);
  case TYPE_FLAGS: return type->count == 32 || val->of.flags >> type->count == 0;
  case TYPE_VARIANT:
  case TYPE_ENUM:
  case TYPE_OPTION:
  case TYPE_RESULT: return check_case(inst, type, val);
  case TYPE_OWN:
  case TYPE_BORROW: return val->of.resource == live_resource(inst, type);
  default: return check_integer(type, val);
  }
}
