/* Values that hosts give, in either form (cm_form.h), held against their type before a guest gets
 * them. */
#include "base/utf8.h"
#include "component/cm_api.h"
#include "component/cm_form.h"

#include <stdio.h>

typedef struct Check {
  const Call *call;
  const Inst *inst; /* whose resources the type's are */
} Check;

static bool check(const Check *c, const Type *type, const void *val);

/* The fields, cases and elements of the kind that they are of. */
static bool check_fields(const Check *c, const Type *type, const void *fields) {
  const u8 *from = fields;
  u32 at = 0;
  for (u32 i = 0; i < type->count; i++) {
    at = align_up(at, form_align(c->call, type->of[i]));
    if (!check(c, type->of[i], from + at)) return false;
    at += form_size(c->call, type->of[i]);
  }
  return true;
}

static bool check_product(const Check *c, const Type *type, const void *val) {
  if (!c->call->structs) {
    Sequence items = get_sequence(c->call, val);
    if (items.count != type->count || (items.count && !items.data)) return false;
  }
  return check_fields(c, type, fields_of(c->call, val));
}

static bool check_list(const Check *c, const Type *element, const void *val) {
  Sequence items = get_sequence(c->call, val);
  const u8 *data = items.data;
  u32 step = form_size(c->call, element);
  if (items.count == 0 || copies_whole(c->call, element)) return items.count == 0 || data;
  if (!data || items.count > MAX_SEQUENCE_BYTES) return false;
  for (size_t i = 0; i < items.count; i++)
    if (!check(c, element, data + i * step)) return false;
  return true;
}

static bool check_case(const Check *c, const Type *type, const void *val) {
  u32 index = get_case(c->call, type, val);
  if (index >= type->count) return false;
  const Type *part = type->of ? type->of[index] : NULL;
  const void *payload = payload_of(c->call, type, val);
  return !part || (payload && check(c, part, payload));
}

static bool check_string(const Check *c, const void *val) {
  Sequence sequence = get_sequence(c->call, val);
  if (sequence.count && !sequence.data) return false;
  CodedText text = get_text(c->call, val);
  return text.code == STRING_UTF8 && wm_utf8_valid(text.pos, (size_t)(text.end - text.pos));
}

static bool check_integer(const Type *type, const Val *val) {
  u32 bits = type->size * 8;
  if (bits == 64) return true;
  if (!is_signed(type)) return val->of.u64 >> bits == 0;
  i64 most = (i64)1 << (bits - 1);
  return val->of.s64 >= -most && val->of.s64 < most;
}

bool wm_plain_val_check(const Type *type, const Val *val) {
  if (val->kind != type->kind) return false;
  switch ((TypeKind)type->kind) {
  case TYPE_BOOL:
  case TYPE_F32:
  case TYPE_F64: return true;
  case TYPE_CHAR: return is_scalar_value(val->of.character);
  case TYPE_FLAGS: return type->count == 32 || val->of.flags >> type->count == 0;
  default: return check_integer(type, val);
  }
}

static bool check(const Check *c, const Type *type, const void *val) {
  if (type_is_plain(type)) return check_plain(c->call, type, val);
  if (!c->call->structs && ((const Val *)val)->kind != type->kind) return false;
  switch ((TypeKind)type->kind) {
  case TYPE_STRING: return check_string(c, val);
  case TYPE_LIST: return check_list(c, type->of[0], val);
  case TYPE_RECORD:
  case TYPE_TUPLE: return check_product(c, type, val);
  case TYPE_OWN:
  case TYPE_BORROW: return get_handle(c->call, val).resource == live_resource(c->inst, type);
  default: return check_case(c, type, val);
  }
}

bool wm_val_check(const Inst *inst, const Type *type, const Val *val) {
  Call call = {.structs = false};
  Check c = {&call, inst};
  return check(&c, type, val);
}

enum { SHOWN_TYPE = 160 }; /* characters */

static const char *word_of(u8 kind) {
  return kind > TYPE_BORROW ? "nothing known" : wm_type_word(&(Type){.kind = kind});
}

/* What the host gave for `what` is no value of the type. */
static bool unfit(Call *call, const char *what, const Type *type, const void *val) {
  char expected[SHOWN_TYPE];
  u8 kind = call->structs ? type->kind : ((const Val *)val)->kind;
  wm_type_text(expected, sizeof expected, type);
  if (kind == type->kind) return wm_call_fail(call, "%s is no value of %s", what, expected);
  return wm_call_fail(call, "%s: expected %s, found %s", what, expected, word_of(kind));
}

static bool argument_is_unfit(Call *call, const Type *func, u32 i, const void *arg) {
  char what[SHOWN_CHARS + 20];
  snprintf(what, sizeof what, "argument `%s`", show(func->names[i]));
  return unfit(call, what, func->of[i], arg);
}

bool wm_args_check(Call *call, const Func *func, const void *args) {
  Check c = {call, func->inst};
  u32 at = 0;
  for (u32 i = 0; i < func->type->count; i++) {
    const Type *type = func->type->of[i];
    const u8 *arg = (const u8 *)args + (at = align_up(at, form_align(call, type)));
    if (!check(&c, type, arg)) return argument_is_unfit(call, func->type, i, arg);
    at += form_size(call, type);
  }
  return true;
}

bool wm_result_check(Call *call, const Func *func, const void *result) {
  Check c = {call, func->inst};
  const Type *type = func->type->result;
  return !type || check(&c, type, result) || unfit(call, "what a host function gave", type, result);
}
