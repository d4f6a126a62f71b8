/* C types for those of WIT (wasmcm.h says which), each declared before it is used first. */
#include "tools/component_c_types.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

/* ---- names ---- */

const char *header_text(CHeader *h, const char *format, ...) {
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  int len = vsnprintf(NULL, 0, format, args);
  char *text = wm_arena_alloc(&h->arena, (size_t)len + 1);
  if (text) vsnprintf(text, (size_t)len + 1, format, again);
  va_end(again);
  va_end(args);
  h->failed |= !text;
  return text ? text : "";
}

const char *snake_of(CHeader *h, Name name) {
  char *text = (char *)(uintptr_t)header_text(h, "%.*s", (int)name.len, name.text);
  for (char *c = text; *c; c++) *c = isalnum((unsigned char)*c) ? (char)tolower(*c) : '_';
  return text;
}

const char *upper_of(CHeader *h, const char *text) {
  char *upper = (char *)(uintptr_t)header_text(h, "%s", text);
  for (char *c = upper; *c; c++) *c = (char)toupper(*c);
  return upper;
}

static bool take_name(CHeader *h, NameMap *taken, const char *name) {
  bool existed = false;
  h->failed |= !wm_namemap_add(taken, name, (u32)strlen(name), 0, &existed);
  return !existed;
}

const char *unique_name(CHeader *h, NameMap *taken, const char *name) {
  const char *made = name;
  for (u32 i = 2; !take_name(h, taken, made) && !h->failed; i++)
    made = header_text(h, "%s_%u", name, i);
  return made;
}

static bool are_free(CHeader *h, const char *stem, const char *const *ends) {
  bool are = true;
  for (u32 index; *ends && are; ends++) {
    const char *name = header_text(h, "%s%s", stem, *ends);
    are = !wm_namemap_get(&h->used, name, (u32)strlen(name), &index);
  }
  return are;
}

const char *unique_stem(CHeader *h, const char *stem, const char *const *ends) {
  const char *made = stem;
  for (u32 i = 2; !are_free(h, made, ends) && !h->failed; i++)
    made = header_text(h, "%s_%u", stem, i);
  for (; *ends; ends++) take_name(h, &h->used, header_text(h, "%s%s", made, *ends));
  return made;
}

/* "name_t". */
static const char *unique_type(CHeader *h, const char *name) {
  static const char *const ends[] = {"_t", NULL};
  return header_text(h, "%s_t", unique_stem(h, name, ends));
}

void take_system_types(CHeader *h) {
  static const char *const names[] = {
      "blkcnt_t",      "blksize_t",      "char16_t",       "char32_t",       "char8_t",
      "clock_t",       "clockid_t",      "dev_t",          "div_t",          "double_t",
      "float_t",       "fpos_t",         "gid_t",          "id_t",           "ino_t",
      "int16_t",       "int32_t",        "int64_t",        "int8_t",         "int_fast16_t",
      "int_fast32_t",  "int_fast64_t",   "int_fast8_t",    "int_least16_t",  "int_least32_t",
      "int_least64_t", "int_least8_t",   "intmax_t",       "intptr_t",       "key_t",
      "ldiv_t",        "lldiv_t",        "locale_t",       "loff_t",         "max_align_t",
      "mbstate_t",     "mode_t",         "mtx_t",          "nlink_t",        "nullptr_t",
      "off_t",         "once_t",         "pid_t",          "pthread_t",      "ptrdiff_t",
      "quad_t",        "sem_t",          "sig_atomic_t",   "sigset_t",       "size_t",
      "socklen_t",     "ssize_t",        "stack_t",        "thrd_t",         "time_t",
      "timer_t",       "tss_t",          "uid_t",          "uint16_t",       "uint32_t",
      "uint64_t",      "uint8_t",        "uint_fast16_t",  "uint_fast32_t",  "uint_fast64_t",
      "uint_fast8_t",  "uint_least16_t", "uint_least32_t", "uint_least64_t", "uint_least8_t",
      "uintmax_t",     "uintptr_t",      "va_list",        "wchar_t",        "wint_t"};
  for (u32 i = 0; i < ARRAY_LEN(names); i++) take_name(h, &h->used, names[i]);
}

/* Words of C, C++ and their standard macros that can be names in WIT. */
static const char *const words[] = {"alignas",
                                    "alignof",
                                    "and",
                                    "and_eq",
                                    "asm",
                                    "assert",
                                    "auto",
                                    "bitand",
                                    "bitor",
                                    "bool",
                                    "break",
                                    "case",
                                    "catch",
                                    "char",
                                    "class",
                                    "co_await",
                                    "co_return",
                                    "co_yield",
                                    "compl",
                                    "complex",
                                    "concept",
                                    "const",
                                    "const_cast",
                                    "consteval",
                                    "constexpr",
                                    "constinit",
                                    "continue",
                                    "decltype",
                                    "default",
                                    "delete",
                                    "do",
                                    "double",
                                    "dynamic_cast",
                                    "else",
                                    "enum",
                                    "errno",
                                    "explicit",
                                    "export",
                                    "extern",
                                    "false",
                                    "float",
                                    "for",
                                    "friend",
                                    "goto",
                                    "if",
                                    "imaginary",
                                    "inline",
                                    "int",
                                    "linux",
                                    "long",
                                    "mutable",
                                    "namespace",
                                    "new",
                                    "noexcept",
                                    "noreturn",
                                    "not",
                                    "not_eq",
                                    "nullptr",
                                    "operator",
                                    "or",
                                    "or_eq",
                                    "private",
                                    "protected",
                                    "public",
                                    "register",
                                    "reinterpret_cast",
                                    "requires",
                                    "restrict",
                                    "return",
                                    "short",
                                    "signed",
                                    "sizeof",
                                    "static",
                                    "static_assert",
                                    "static_cast",
                                    "stderr",
                                    "stdin",
                                    "stdout",
                                    "struct",
                                    "switch",
                                    "template",
                                    "this",
                                    "thread_local",
                                    "throw",
                                    "true",
                                    "try",
                                    "typedef",
                                    "typeid",
                                    "typename",
                                    "typeof",
                                    "typeof_unqual",
                                    "union",
                                    "unix",
                                    "unsigned",
                                    "using",
                                    "virtual",
                                    "void",
                                    "volatile",
                                    "while",
                                    "xor",
                                    "xor_eq"};

static bool is_word(const char *name) {
  for (u32 i = 0; i < ARRAY_LEN(words); i++)
    if (strcmp(words[i], name) == 0) return true;
  return false;
}

/* What the header itself says where the name is in sight: types, the library's functions. */
static bool is_of_header(const char *name) {
  size_t len = strlen(name);
  return (len > 2 && strcmp(name + len - 2, "_t") == 0) || strncmp(name, "wasmcm_", 7) == 0;
}

const char *safe_name(CHeader *h, NameMap *taken, const char *name) {
  bool is_bad = is_word(name) || is_of_header(name);
  return unique_name(h, taken, is_bad ? header_text(h, "%s_", name) : name);
}

const char *member_name(CHeader *h, NameMap *taken, Name name) {
  return safe_name(h, taken, snake_of(h, name));
}

/* ---- types with names ---- */

static const Type *root_of(const Type *type) {
  while (type->origin) type = type->origin;
  return type;
}

static bool is_nominal(const Type *type) {
  return type->kind == TYPE_RECORD || type->kind == TYPE_VARIANT || type->kind == TYPE_ENUM ||
         type->kind == TYPE_FLAGS;
}

/* What all names of one type have in common. */
static const void *key_of(const Type *type) {
  return type->resource ? (const void *)type->resource : root_of(type);
}

static NamedType *find_named(const CHeader *h, const Type *type) {
  u64 index;
  if (!is_nominal(type) && !type->resource) return NULL;
  return wm_ptrmap_get(&h->named, key_of(type), &index) ? &h->types.data[index] : NULL;
}

static NamedType *add_named(CHeader *h, const Type *type, const char *c) {
  NamedType *named = vec_push(&h->types);
  bool good = named && wm_ptrmap_set(&h->named, key_of(type), h->types.len - 1);
  h->failed |= !good;
  if (good) *named = (NamedType){type, c, false};
  return good ? named : NULL;
}

static const char *stemmed(CHeader *h, const char *stem, Name name) {
  return unique_type(h, header_text(h, "%s_%s", stem, snake_of(h, name)));
}

void name_types(CHeader *h, const Items *items, const char *stem) {
  for (u32 i = 0; i < items->list.len && !h->failed; i++) {
    const Item *item = &items->list.data[i];
    const Type *type = item->entity.type;
    if (item->entity.sort != SORT_TYPE || find_named(h, type)) continue;
    if (is_nominal(type) || type->resource) add_named(h, type, stemmed(h, stem, item->name));
  }
}

/* ---- declarations ---- */

static void check_size(CHeader *h, const Type *type, const char *c) {
  put(h, "WASMCM_SIZE_IS(%s, %u);\n", c, type->c_size);
}

static const char *unsigned_of(u32 size) {
  return size == 1 ? "uint8_t" : size == 2 ? "uint16_t" : "uint32_t";
}

/* Before the struct that they are in. */
static const char **types_of_parts(CHeader *h, const Type *type) {
  const char **parts = arena_array(&h->arena, const char *, type->count + 1);
  h->failed |= !parts;
  for (u32 i = 0; parts && type->of && i < type->count; i++)
    if (type->of[i]) parts[i] = c_type(h, type->of[i]);
  return parts;
}

static const char *field_name(CHeader *h, NameMap *taken, const Type *type, u32 i) {
  return type->names ? member_name(h, taken, type->names[i]) : header_text(h, "f%u", i);
}

static void declare_record(CHeader *h, const Type *type, const char *c) {
  NameMap taken = {0};
  const char **parts = types_of_parts(h, type);
  put(h, "\ntypedef struct %s {\n", c);
  for (u32 i = 0; parts && i < type->count; i++)
    put(h, "  %s %s;\n", parts[i], field_name(h, &taken, type, i));
  put(h, "} %s;\n", c);
  wm_namemap_free(&taken);
}

/* "STEM_CASE", for the type "stem_t". */
static const char *constant_of(CHeader *h, const char *c, Name name) {
  const char *upper =
      upper_of(h, header_text(h, "%.*s_%s", (int)strlen(c) - 2, c, snake_of(h, name)));
  return unique_name(h, &h->used, upper);
}

static void declare_cases(CHeader *h, const Type *type, const char *c) {
  put(h, "\nenum {");
  for (u32 i = 0; i < type->count; i++)
    put(h, "%s\n  %s = %u", i ? "," : "", constant_of(h, c, type->names[i]), i);
  put(h, "\n};\n");
}

static void declare_enum(CHeader *h, const Type *type, const char *c) {
  declare_cases(h, type, c);
  put(h, "typedef %s %s;\n", unsigned_of(type->c_size), c);
}

static void declare_flags(CHeader *h, const Type *type, const char *c) {
  put(h, "\ntypedef %s %s;\n", unsigned_of(type->c_size), c);
  for (u32 i = 0; i < type->count; i++)
    put(h, "#define %s (UINT32_C(1) << %u)\n", constant_of(h, c, type->names[i]), i);
}

static bool has_payload(const Type *type) {
  for (u32 i = 0; type->of && i < type->count; i++)
    if (type->of[i]) return true;
  return false;
}

/* The union of the payloads, named by `names` or as the cases are. */
static void put_union(CHeader *h, const Type *type, const char **parts, const char *const *names) {
  NameMap taken = {0};
  if (!has_payload(type)) return;
  put(h, "  union {\n");
  for (u32 i = 0; i < type->count; i++) {
    const char *name = names ? names[i] : member_name(h, &taken, type->names[i]);
    if (parts[i]) put(h, "    %s %s;\n", parts[i], name);
  }
  put(h, "  } of;\n");
  wm_namemap_free(&taken);
}

static void declare_variant(CHeader *h, const Type *type, const char *c) {
  const char **parts = types_of_parts(h, type);
  if (!parts) return;
  declare_cases(h, type, c);
  put(h, "typedef struct %s {\n  %s tag;\n", c, unsigned_of(discriminant_bytes(type->count)));
  put_union(h, type, parts, NULL);
  put(h, "} %s;\n", c);
}

static void declare_result(CHeader *h, const Type *type, const char *c) {
  static const char *const names[] = {"ok", "error"};
  const char **parts = types_of_parts(h, type);
  if (!parts) return;
  put(h, "\ntypedef struct %s {\n  bool is_error;\n", c);
  put_union(h, type, parts, names);
  put(h, "} %s;\n", c);
}

static void declare_option(CHeader *h, const Type *type, const char *c) {
  const char *part = c_type(h, type->of[1]);
  put(h, "\ntypedef struct %s {\n  bool is_some;\n  %s value;\n} %s;\n", c, part, c);
}

static void declare_list(CHeader *h, const Type *type, const char *c) {
  const char *part = c_type(h, type->of[0]);
  put(h, "\ntypedef struct %s {\n  const %s *data;\n  size_t count;\n} %s;\n", c, part, c);
}

static void declare(CHeader *h, const Type *type, const char *c) {
  switch ((TypeKind)type->kind) {
  case TYPE_RECORD:
  case TYPE_TUPLE: declare_record(h, type, c); break;
  case TYPE_VARIANT: declare_variant(h, type, c); break;
  case TYPE_ENUM: declare_enum(h, type, c); break;
  case TYPE_FLAGS: declare_flags(h, type, c); break;
  case TYPE_OPTION: declare_option(h, type, c); break;
  case TYPE_RESULT: declare_result(h, type, c); break;
  case TYPE_LIST: declare_list(h, type, c); break;
  default: put(h, "\ntypedef wasmcm_handle_t %s;\n", c); return;
  }
  check_size(h, type, c);
}

/* Names may move while types are declared. */
static const char *declare_named(CHeader *h, NamedType *named, const Type *type) {
  const char *c = named->c;
  bool was_declared = named->is_declared;
  named->is_declared = true;
  if (!was_declared) declare(h, type, c);
  return c;
}

void declare_item(CHeader *h, const Item *item, const char *stem) {
  const Type *type = item->entity.type;
  NamedType *named = find_named(h, type);
  bool is_first = named && !named->is_declared;
  const char *c = named ? declare_named(h, named, type) : c_type(h, type);
  if (is_first) return; /* by its own name, or the one that it has where it is from */
  const char *alias = stemmed(h, stem, item->name);
  put(h, "\ntypedef %s %s;\n", c, alias);
}

/* ---- types without names ---- */

static const char *primitive_of(TypeKind kind) {
  static const char *const names[] = {
      "bool",    "int8_t",   "uint8_t", "int16_t", "uint16_t", "int32_t",        "uint32_t",
      "int64_t", "uint64_t", "float",   "double",  "uint32_t", "wasmcm_string_t"};
  return names[kind];
}

/* What a name of types that the type is in has of it: "list_u8" of "base_list_u8_t". */
static const char *short_of(CHeader *h, const char *c, const Type *type) {
  if (type->kind <= TYPE_STRING) return wm_type_word(type);
  size_t base = strlen(h->base);
  if (strncmp(c, h->base, base) == 0 && c[base] == '_') c += base + 1;
  size_t len = strlen(c);
  return header_text(h, "%.*s", (int)(len > 2 ? len - 2 : len), c);
}

enum { MAX_C_NAME = 60 };

/* What tells it from others is the C types of its parts. */
static const char *c_shape(CHeader *h, const Type *type) {
  const char **parts = types_of_parts(h, type);
  const char *key = wm_type_word(type), *name = key;
  for (u32 i = 0; parts && i < type->count; i++) {
    const char *part = parts[i] ? parts[i] : "_";
    key = header_text(h, "%s,%s%s", key, type->names ? snake_of(h, type->names[i]) : "", part);
    if (parts[i] && strlen(name) < MAX_C_NAME)
      name = header_text(h, "%s_%s", name, short_of(h, part, type->of[i]));
  }
  u32 index;
  if (wm_namemap_get(&h->anonymous, key, (u32)strlen(key), &index)) return h->shapes.data[index];
  const char *c = unique_type(h, header_text(h, "%s_%s", h->base, name));
  const char **slot = vec_push(&h->shapes);
  if (!slot || !wm_namemap_add(&h->anonymous, key, (u32)strlen(key), h->shapes.len - 1, NULL)) {
    h->failed = true;
    return c;
  }
  *slot = c;
  declare(h, type, c);
  return c;
}

const char *c_type(CHeader *h, const Type *type) {
  if (h->failed) return "";
  if (type->kind <= TYPE_STRING) return primitive_of((TypeKind)type->kind);
  NamedType *named = find_named(h, type);
  if (named) return declare_named(h, named, type);
  return type->resource ? "wasmcm_handle_t" : c_shape(h, type);
}
