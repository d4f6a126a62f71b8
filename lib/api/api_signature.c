/* Signatures: function types in a string (wasmx_functype_parse draws their grammar). Reading one
 * needs no memory: its kinds go to an array with room for as many as a type may have. */
#include "api/handle.h"
#include "base/text_error.h"

typedef struct Scan {
  const char *start, *at, *end;
  Signature *out;
  Error *err;
} Scan;

static const struct {
  char name[10];
  wasm_valkind_t kind;
} kinds[] = {{"i32", WASM_I32},        {"i64", WASM_I64},
             {"f32", WASM_F32},        {"f64", WASM_F64},
             {"v128", WASMX_V128},     {"funcref", WASM_FUNCREF},
             {"exnref", WASMX_EXNREF}, {"externref", WASM_EXTERNREF}};

static bool fail_at(const Scan *s, const char *at, const char *message) {
  return wm_text_fail(s->err, s->start, (size_t)(s->end - s->start), (size_t)(at - s->start),
                      message);
}

static void skip_blanks(Scan *s) {
  while (s->at < s->end && strchr(" \t\r\n", *s->at)) s->at++;
}

static bool take(Scan *s, const char *token) {
  size_t len = strlen(token);
  skip_blanks(s);
  if ((size_t)(s->end - s->at) < len || memcmp(s->at, token, len) != 0) return false;
  s->at += len;
  return true;
}

static size_t word_length(const Scan *s) {
  size_t len = 0;
  while (s->at + len < s->end && strchr("abcdefghijklmnopqrstuvwxyz0123456789", s->at[len]) != NULL)
    len++;
  return len;
}

/* The list that is being read has *count already. */
static bool read_type(Scan *s, u32 *count, u32 most) {
  skip_blanks(s);
  size_t len = word_length(s);
  for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
    if (len != strlen(kinds[i].name) || memcmp(s->at, kinds[i].name, len) != 0) continue;
    if (*count == most)
      return wm_error_set(s->err, ERR_LIMIT, (u64)(s->at - s->start),
                          "more than %u parameters or results", most);
    s->out->kinds[s->out->param_count + s->out->result_count] = kinds[i].kind;
    ++*count;
    s->at += len;
    return true;
  }
  return fail_at(
      s, s->at, "a value type is expected: i32, i64, f32, f64, v128, funcref, externref or exnref");
}

static bool read_types(Scan *s, u32 *count, u32 most) {
  if (!take(s, "(")) return read_type(s, count, most);
  if (take(s, ")")) return true;
  do
    if (!read_type(s, count, most)) return false;
  while (take(s, ","));
  return take(s, ")") || fail_at(s, s->at, "\",\" or \")\" is expected");
}

bool wm_signature_parse(const char *text, Signature *out, Error *err) {
  out->param_count = out->result_count = 0;
  if (!text) return wm_error_set(err, ERR_ARGUMENT, 0, "the signature is NULL");
  Scan s = {text, text, text + strlen(text), out, err};
  if (!read_types(&s, &out->param_count, MAX_PARAMS)) return false;
  if (!take(&s, "->")) return fail_at(&s, s.at, "\"->\" is expected");
  if (!read_types(&s, &out->result_count, MAX_RESULTS)) return false;
  skip_blanks(&s);
  return s.at == s.end || fail_at(&s, s.at, "the end of the signature is expected");
}

/* ---- as types ---- */

u32 wm_typeid_of_signature(TypeRegistry *types, const Signature *signature, Error *err) {
  ValType all[MAX_PARAMS + MAX_RESULTS];
  u32 count = signature->param_count + signature->result_count;
  for (u32 i = 0; i < count; i++) all[i] = wm_valtype_of_kind(signature->kinds[i]);
  u32 id = wm_types_intern_func(types, all, signature->param_count, all + signature->param_count,
                                signature->result_count);
  if (id == NO_TYPE) wm_error_out_of_memory(err);
  return id;
}

static bool are_kinds(TypeRegistry *types, const ValType *of, u32 count,
                      const wasm_valkind_t *wanted) {
  for (u32 i = 0; i < count; i++)
    if (wm_kind_of_valtype(types, of[i]) != wanted[i]) return false;
  return true;
}

bool wm_signature_fits(Store *store, const SubType *type, const Signature *signature,
                       const char *text, Error *err) {
  if (type->param_count == signature->param_count &&
      type->result_count == signature->result_count &&
      are_kinds(store->types, type->params, type->param_count, signature->kinds) &&
      are_kinds(store->types, type->results, type->result_count,
                signature->kinds + type->param_count))
    return true;
  wm_escape(err->expected, sizeof err->expected, text, strlen(text));
  wm_functype_name(type, err->found, sizeof err->found);
  return wm_error_set(err, ERR_ARGUMENT, 0, "the function's type is %s, not %s", err->found,
                      err->expected);
}

/* False: out of memory. */
static bool fill(wasm_valtype_vec_t *out, const wasm_valkind_t *from, u32 count) {
  wasm_valtype_vec_new_uninitialized(out, count);
  for (size_t i = 0; i < out->size; i++) out->data[i] = wasm_valtype_new(from[i]);
  return out->size == count;
}

static wasm_functype_t *functype_of(const Signature *signature) {
  wasm_valtype_vec_t params, results;
  bool ok = fill(&params, signature->kinds, signature->param_count);
  ok = fill(&results, signature->kinds + signature->param_count, signature->result_count) && ok;
  if (ok) return wasm_functype_new(&params, &results);
  wasm_valtype_vec_delete(&params);
  wasm_valtype_vec_delete(&results);
  return NULL;
}

wasm_functype_t *wasmx_functype_parse(const char *text, wasmx_error_t *out) {
  Error err = {0};
  Signature signature = {.param_count = 0};
  wasm_functype_t *type = NULL;
  if (wm_signature_parse(text, &signature, &err)) {
    type = functype_of(&signature);
    if (!type) wm_error_out_of_memory(&err);
  }
  if (!type) wm_api_report(&err, out);
  return type;
}
