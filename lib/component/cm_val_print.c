/* wasmcm_val_print: values as text, such as wasmcm_val_parse takes back (cm_val_parse.c). */
#include "component/cm_api.h"

#include "base/buffer.h"
#include "base/number.h"
#include "base/utf8.h"

static void put(Buffer *out, const char *text) { wm_buffer_bytes(out, text, strlen(text)); }

static void put_value(Buffer *out, const Type *type, const Val *val);

/* ---- numbers, characters, names ---- */

static void put_float(Buffer *out, const Type *type, const Val *val) {
  char text[NUMBER_CHARS];
  bool is_nan = type->kind == TYPE_F32 ? val->of.f32 != val->of.f32 : val->of.f64 != val->of.f64;
  if (type->kind == TYPE_F32)
    wm_f32_print(text, bits_of_f32(val->of.f32));
  else
    wm_f64_print(text, bits_of_f64(val->of.f64));
  put(out, is_nan ? "nan" : text); /* which one it is, is nobody's business here */
}

/* A character of `step` bytes; what cannot be seen by its number. */
static void put_char(Buffer *out, const u8 *text, size_t step) {
  static const char plain[] = "\t\n\r\"'\\", letters[] = "tnr\"'\\";
  const char *which = step == 1 && *text ? strchr(plain, *text) : NULL;
  if (which)
    wm_buffer_print(out, "\\%c", letters[which - plain]);
  else if (wm_utf8_visible_step(text, step))
    wm_buffer_bytes(out, text, step);
  else
    wm_buffer_print(out, "\\u{%x}", utf8_scalar(text, step));
}

static void put_character(Buffer *out, u32 c) {
  u8 text[4];
  put(out, "'");
  put_char(out, text, wm_utf8_put(text, c));
  put(out, "'");
}

static void put_string(Buffer *out, const Val *val) {
  const u8 *text = (const u8 *)val->of.string.data;
  put(out, "\"");
  for (size_t at = 0, step; at < val->of.string.size; at += step) {
    step = wm_utf8_step(text + at, val->of.string.size - at);
    put_char(out, text + at, step);
  }
  put(out, "\"");
}

static void put_name(Buffer *out, Name name) { wm_buffer_bytes(out, name.text, name.len); }

/* A case's, which is not to be taken for a word of the syntax. */
static void put_case_name(Buffer *out, Name name) {
  static const char *const words[] = {"true", "false", "inf", "nan", "some", "none", "ok", "err"};
  for (u32 i = 0; i < ARRAY_LEN(words); i++)
    if (wm_name_is(name, words[i])) put(out, "%");
  put_name(out, name);
}

/* ---- what has parts ---- */

static Val number_at(const Type *element, const Val *list, size_t i) {
  Val val = {.kind = element->kind};
  memcpy(&val.of, (const u8 *)list->of.numbers.data + i * element->size, element->size);
  if (is_signed(element)) val.of.u64 = sign_extended(val.of.u64, element->size * 8);
  return val;
}

static void put_list(Buffer *out, const Type *type, const Val *val) {
  const Type *element = type->of[0];
  size_t count = is_number(element) ? val->of.numbers.count : val->of.items.count;
  put(out, "[");
  for (size_t i = 0; i < count && !out->failed; i++) {
    put(out, i ? ", " : "");
    Val number = is_number(element) ? number_at(element, val, i) : (Val){0};
    put_value(out, element, is_number(element) ? &number : &val->of.items.data[i]);
  }
  put(out, "]");
}

static void put_tuple(Buffer *out, const Type *type, const Val *val) {
  put(out, "(");
  for (u32 i = 0; i < type->count; i++) {
    put(out, i ? ", " : "");
    put_value(out, type->of[i], &val->of.items.data[i]);
  }
  put(out, ")");
}

/* Fields that are none are left out. */
static void put_record(Buffer *out, const Type *type, const Val *val) {
  bool some = false;
  put(out, "{");
  for (u32 i = 0; i < type->count; i++) {
    const Val *field = &val->of.items.data[i];
    if (field->kind == WASMCM_OPTION && field->of.variant.index == 0) continue;
    put(out, some ? ", " : "");
    put_name(out, type->names[i]);
    put(out, ": ");
    put_value(out, type->of[i], field);
    some = true;
  }
  put(out, some ? "}" : ":}");
}

static void put_flags(Buffer *out, const Type *type, u32 flags) {
  bool some = false;
  put(out, "{");
  for (u32 i = 0; i < type->count; i++) {
    if (!(flags >> i & 1)) continue;
    put(out, some ? ", " : "");
    put_name(out, type->names[i]);
    some = true;
  }
  put(out, "}");
}

static void put_variant(Buffer *out, const Type *type, const Val *val) {
  static const char *const words[][2] = {{"none", "some"}, {"ok", "err"}};
  u32 index = val->of.variant.index;
  const Type *payload = type->of ? type->of[index] : NULL;
  if (type->kind == TYPE_OPTION || type->kind == TYPE_RESULT)
    put(out, words[type->kind == TYPE_RESULT][index]);
  else
    put_case_name(out, type->names[index]);
  if (!payload) return;
  put(out, "(");
  put_value(out, payload, val->of.variant.payload);
  put(out, ")");
}

static void put_value(Buffer *out, const Type *type, const Val *val) {
  switch ((TypeKind)type->kind) {
  case TYPE_BOOL: put(out, val->of.boolean ? "true" : "false"); break;
  case TYPE_S8:
  case TYPE_S16:
  case TYPE_S32:
  case TYPE_S64: wm_buffer_print(out, "%lld", (long long)val->of.s64); break;
  case TYPE_F32:
  case TYPE_F64: put_float(out, type, val); break;
  case TYPE_CHAR: put_character(out, val->of.character); break;
  case TYPE_STRING: put_string(out, val); break;
  case TYPE_LIST: put_list(out, type, val); break;
  case TYPE_TUPLE: put_tuple(out, type, val); break;
  case TYPE_RECORD: put_record(out, type, val); break;
  case TYPE_FLAGS: put_flags(out, type, val->of.flags); break;
  case TYPE_VARIANT:
  case TYPE_ENUM:
  case TYPE_OPTION:
  case TYPE_RESULT: put_variant(out, type, val); break;
  default: wm_buffer_print(out, "%llu", (unsigned long long)val->of.u64);
  }
}

/* ---- the whole ---- */

bool wasmcm_val_print(const wasmcm_type_t *type, const wasmcm_val_t *val, wasm_byte_vec_t *out) {
  Buffer text = {0};
  const Type *t = wm_api_type(type);
  if (!out) return false;
  bool good = t && val && type_is_value(t) && !t->has_resource && wm_val_check(NULL, t, val);
  if (good) put_value(&text, t, val);
  return wm_text_give(&text, good, out);
}
