#include "component/component_values.h"

wasmcm_resource_t *value_resource;

static bool take(const char **text, char c) {
  if (**text != c) return false;
  ++*text;
  return true;
}

static bool is_number_kind(wasmcm_kind_t kind) { return kind >= WASMCM_S8 && kind <= WASMCM_F64; }

static size_t number_size(wasmcm_kind_t kind) {
  static const u8 sizes[] = {1, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8};
  return sizes[kind];
}

static bool read_integer(const char **text, u64 *value) {
  char *end;
  bool negative = **text == '-';
  *value = negative ? (u64)strtoll(*text, &end, 10) : strtoull(*text, &end, 10);
  bool good = end != *text;
  *text = end;
  return good;
}

static bool read_bool(const char **text, wasmcm_val_t *val) {
  const char *word = **text == 't' ? "true" : "false";
  if (strncmp(*text, word, strlen(word)) != 0) return false;
  *text += strlen(word);
  val->of.boolean = word[0] == 't';
  return true;
}

static u32 digit_of(char c) { return (u32)(c <= '9' ? c - '0' : c - 'a' + 10); }

static bool read_string(const char **text, Arena *arena, wasmcm_val_t *val) {
  if (!take(text, '"')) return false;
  size_t len = strcspn(*text, "\"");
  char *data = arena_array(arena, char, len / 2 + 1);
  if (!data) return false;
  for (size_t i = 0; i + 1 < len; i += 2)
    data[i / 2] = (char)(digit_of((*text)[i]) << 4 | digit_of((*text)[i + 1]));
  *text += len;
  val->of.string.data = data;
  val->of.string.size = len / 2;
  return take(text, '"');
}

enum { MAX_ITEMS = 100 };

/* Items up to `close`; those of a list are all of one type. */
static bool read_items(const char **text, const wasmcm_type_t *type, char close, Arena *arena,
                       wasmcm_val_t *val) {
  bool is_list = wasmcm_type_kind(type) == WASMCM_LIST;
  wasmcm_val_t *data = arena_array(arena, wasmcm_val_t, MAX_ITEMS);
  size_t count = 0;
  while (data && count < MAX_ITEMS && !take(text, close)) {
    if (!value_read(text, wasmcm_type_part(type, is_list ? 0 : count), arena, &data[count]))
      return false;
    count++;
    take(text, ',');
  }
  val->of.items.data = data;
  val->of.items.count = count;
  return data != NULL;
}

/* Numbers of a list side by side. */
static bool pack(const wasmcm_type_t *element, Arena *arena, wasmcm_val_t *val) {
  size_t size = number_size(wasmcm_type_kind(element)), count = val->of.items.count;
  u8 *packed = arena_array(arena, u8, count * size + 1);
  const wasmcm_val_t *items = val->of.items.data;
  if (!packed) return false;
  for (size_t i = 0; i < count; i++) memcpy(packed + i * size, &items[i].of, size);
  val->of.numbers.data = packed;
  val->of.numbers.count = count;
  return true;
}

static bool read_list(const char **text, const wasmcm_type_t *type, Arena *arena,
                      wasmcm_val_t *val) {
  const wasmcm_type_t *element = wasmcm_type_part(type, 0);
  return take(text, '[') && read_items(text, type, ']', arena, val) &&
         (!is_number_kind(wasmcm_type_kind(element)) || pack(element, arena, val));
}

/* The number of the name that stands at *text. */
static bool read_name(const char **text, const wasmcm_type_t *type, u32 *index) {
  size_t len = strcspn(*text, "(),{}[] "), size = 0;
  for (*index = 0; *index < wasmcm_type_count(type); ++*index) {
    const char *name = wasmcm_type_name(type, *index, &size);
    char number[12] = {(char)('0' + *index), 0};
    if (!name) name = number, size = 1;
    if (size != len || memcmp(name, *text, len) != 0) continue;
    *text += len;
    return true;
  }
  return false;
}

static bool read_case(const char **text, const wasmcm_type_t *type, Arena *arena,
                      wasmcm_val_t *val) {
  if (!take(text, '#') || !read_name(text, type, &val->of.variant.index)) return false;
  const wasmcm_type_t *payload = wasmcm_type_part(type, val->of.variant.index);
  if (!payload) return true;
  val->of.variant.payload = arena_new(arena, wasmcm_val_t);
  return val->of.variant.payload && take(text, '(') &&
         value_read(text, payload, arena, val->of.variant.payload) && take(text, ')');
}

static bool read_flags(const char **text, const wasmcm_type_t *type, wasmcm_val_t *val) {
  u32 index;
  if (!take(text, '{')) return false;
  while (!take(text, '}')) {
    if (!read_name(text, type, &index)) return false;
    val->of.flags |= 1u << index;
    take(text, ',');
  }
  return true;
}

static bool read_scalar(const char **text, wasmcm_val_t *val) {
  u64 bits;
  if (!read_integer(text, &bits)) return false;
  val->of.u64 = bits; /* of floats these are the bits, of characters the number */
  return true;
}

static bool read_handle(const char **text, wasmcm_val_t *val) {
  u64 rep;
  if (!read_integer(text, &rep)) return false;
  val->rep = (u32)rep;
  val->of.resource = value_resource;
  return true;
}

bool value_read(const char **text, const wasmcm_type_t *type, Arena *arena, wasmcm_val_t *val) {
  if (!type) return false;
  *val = (wasmcm_val_t){.kind = wasmcm_type_kind(type)};
  switch (val->kind) {
  case WASMCM_BOOL: return read_bool(text, val);
  case WASMCM_STRING: return read_string(text, arena, val);
  case WASMCM_LIST: return read_list(text, type, arena, val);
  case WASMCM_RECORD:
  case WASMCM_TUPLE: return take(text, '(') && read_items(text, type, ')', arena, val);
  case WASMCM_VARIANT:
  case WASMCM_ENUM:
  case WASMCM_OPTION:
  case WASMCM_RESULT: return read_case(text, type, arena, val);
  case WASMCM_FLAGS: return read_flags(text, type, val);
  case WASMCM_OWN:
  case WASMCM_BORROW: return read_handle(text, val);
  default: return read_scalar(text, val);
  }
}

/* ---- writing ---- */

static void write_name(Buffer *out, const wasmcm_type_t *type, u32 index) {
  size_t size;
  const char *name = wasmcm_type_name(type, index, &size);
  if (name)
    wm_buffer_bytes(out, name, size);
  else
    wm_buffer_print(out, "%u", index);
}

static void write_string(Buffer *out, const wasmcm_val_t *val) {
  wm_buffer_byte(out, '"');
  for (size_t i = 0; i < val->of.string.size; i++)
    wm_buffer_print(out, "%02x", (u8)val->of.string.data[i]);
  wm_buffer_byte(out, '"');
}

static void write_numbers(Buffer *out, const wasmcm_type_t *element, const wasmcm_val_t *val) {
  wasmcm_kind_t kind = wasmcm_type_kind(element);
  size_t size = number_size(kind);
  bool is_signed = kind == WASMCM_S8 || kind == WASMCM_S16 || kind == WASMCM_S32;
  for (size_t i = 0; i < val->of.numbers.count; i++) {
    wasmcm_val_t one = {.kind = kind};
    memcpy(&one.of, (const u8 *)val->of.numbers.data + i * size, size);
    if (is_signed) one.of.s64 = (i64)(one.of.u64 << (64 - size * 8)) >> (64 - size * 8);
    if (i) wm_buffer_byte(out, ',');
    value_write(out, element, &one);
  }
}

static void write_items(Buffer *out, const wasmcm_type_t *type, const wasmcm_val_t *val) {
  bool is_list = wasmcm_type_kind(type) == WASMCM_LIST;
  for (size_t i = 0; i < val->of.items.count; i++) {
    if (i) wm_buffer_byte(out, ',');
    value_write(out, wasmcm_type_part(type, is_list ? 0 : i), &val->of.items.data[i]);
  }
}

static void write_list(Buffer *out, const wasmcm_type_t *type, const wasmcm_val_t *val) {
  const wasmcm_type_t *element = wasmcm_type_part(type, 0);
  wm_buffer_byte(out, '[');
  if (is_number_kind(wasmcm_type_kind(element)))
    write_numbers(out, element, val);
  else
    write_items(out, type, val);
  wm_buffer_byte(out, ']');
}

static void write_case(Buffer *out, const wasmcm_type_t *type, const wasmcm_val_t *val) {
  const wasmcm_type_t *payload = wasmcm_type_part(type, val->of.variant.index);
  wm_buffer_byte(out, '#');
  write_name(out, type, val->of.variant.index);
  if (!payload) return;
  wm_buffer_byte(out, '(');
  value_write(out, payload, val->of.variant.payload);
  wm_buffer_byte(out, ')');
}

static void write_flags(Buffer *out, const wasmcm_type_t *type, u32 flags) {
  bool some = false;
  wm_buffer_byte(out, '{');
  for (u32 i = 0; i < wasmcm_type_count(type); i++) {
    if (!(flags >> i & 1)) continue;
    if (some) wm_buffer_byte(out, ',');
    write_name(out, type, i);
    some = true;
  }
  wm_buffer_byte(out, '}');
}

void value_write(Buffer *out, const wasmcm_type_t *type, const wasmcm_val_t *val) {
  switch (val->kind) {
  case WASMCM_BOOL: wm_buffer_print(out, "%s", val->of.boolean ? "true" : "false"); break;
  case WASMCM_STRING: write_string(out, val); break;
  case WASMCM_LIST: write_list(out, type, val); break;
  case WASMCM_RECORD:
  case WASMCM_TUPLE:
    wm_buffer_byte(out, '(');
    write_items(out, type, val);
    wm_buffer_byte(out, ')');
    break;
  case WASMCM_VARIANT:
  case WASMCM_ENUM:
  case WASMCM_OPTION:
  case WASMCM_RESULT: write_case(out, type, val); break;
  case WASMCM_FLAGS: write_flags(out, type, val->of.flags); break;
  case WASMCM_S8:
  case WASMCM_S16:
  case WASMCM_S32:
  case WASMCM_S64: wm_buffer_print(out, "%lld", (long long)val->of.s64); break;
  case WASMCM_F32:
  case WASMCM_CHAR: wm_buffer_print(out, "%u", val->of.character); break;
  case WASMCM_OWN:
  case WASMCM_BORROW: wm_buffer_print(out, "%u", val->rep); break;
  default: wm_buffer_print(out, "%llu", (unsigned long long)val->of.u64); break;
  }
}
