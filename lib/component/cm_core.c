#include "component/cm_core.h"

#include <stdio.h>

const char *wm_core_sort_word(CoreSort sort) {
  static const char *const words[] = {"func", "table", "memory", "global", "tag"};
  return words[sort];
}

const char *wm_core_val_word(CoreVal val) {
  switch (val) {
  case CORE_I32: return "i32";
  case CORE_I64: return "i64";
  case CORE_F32: return "f32";
  case CORE_F64: return "f64";
  case CORE_V128: return "v128";
  case CORE_FUNCREF: return "funcref";
  case CORE_EXTERNREF: return "externref";
  default: return "exnref";
  }
}

const char *wm_core_vals_text(char out[CORE_VALS_CHARS], const CoreVal *vals, u32 count) {
  size_t at = 0;
  out[at++] = '[';
  for (u32 i = 0; i < count && at < CORE_VALS_CHARS - 16; i++) {
    const char *word = wm_core_val_word(vals[i]);
    at += (size_t)snprintf(out + at, CORE_VALS_CHARS - at, "%s%c%s", i ? ", " : "",
                           word[0] == 'i'   ? 'I'
                           : word[0] == 'f' ? 'F'
                                            : word[0],
                           word + 1);
  }
  snprintf(out + at, CORE_VALS_CHARS - at, "]");
  return out;
}

/* ---- from the public headers' types ---- */

static bool val_of_kind(wasm_valkind_t kind, CoreVal *val) {
  switch (kind) {
  case WASM_I32: *val = CORE_I32; return true;
  case WASM_I64: *val = CORE_I64; return true;
  case WASM_F32: *val = CORE_F32; return true;
  case WASM_F64: *val = CORE_F64; return true;
  case WASMX_V128: *val = CORE_V128; return true;
  case WASM_FUNCREF: *val = CORE_FUNCREF; return true;
  case WASM_EXTERNREF: *val = CORE_EXTERNREF; return true;
  case WASMX_EXNREF: *val = CORE_EXNREF; return true;
  default: return false;
  }
}

static wasm_valkind_t kind_of_val(CoreVal val) {
  switch (val) {
  case CORE_I32: return WASM_I32;
  case CORE_I64: return WASM_I64;
  case CORE_F32: return WASM_F32;
  case CORE_F64: return WASM_F64;
  default: return WASM_EXTERNREF; /* none that lifting and lowering make */
  }
}

static bool unsupported(TypeTable *t, const char *what) {
  return wm_error_unsupported(t->err, t->at, "gc", what);
}

static bool func_of(TypeTable *t, const wasmx_externinfo_t *from, CoreExtern *to) {
  u32 params = (u32)from->param_count, results = (u32)from->result_count;
  CoreFunc *func = arena_new(t->arena, CoreFunc);
  CoreVal *types = arena_array(t->arena, CoreVal, (u64)params + results);
  if (!func || !types) return wm_error_out_of_memory(t->err);
  for (u32 i = 0; i < params + results; i++)
    if (!val_of_kind(wasmx_externinfo_value(from, i), &types[i]))
      return unsupported(t, "a core function between components");
  *func = (CoreFunc){params, results, types};
  to->func = func;
  return true;
}

static bool extern_of(TypeTable *t, const wasmx_externinfo_t *from, CoreExtern *to) {
  *to = (CoreExtern){.is_mutable = from->is_mutable,
                     .is_shared = from->is_shared,
                     .is_64 = from->is_64,
                     .page_bytes = from->page_size,
                     .min = from->min,
                     .max = from->max};
  switch (from->kind) {
  case WASM_EXTERN_MEMORY: to->sort = CORE_MEMORY; return true;
  case WASM_EXTERN_TABLE:
    to->sort = CORE_TABLE;
    return val_of_kind(from->content, &to->val) || unsupported(t, "a table between components");
  case WASM_EXTERN_GLOBAL:
    to->sort = CORE_GLOBAL;
    return val_of_kind(from->content, &to->val) || unsupported(t, "a global between components");
  default: to->sort = from->kind == WASM_EXTERN_FUNC ? CORE_FUNC : CORE_TAG;
  }
  return func_of(t, from, to);
}

typedef bool TellItem(const wasm_shared_module_t *module, size_t i, wasmx_externinfo_t *out);

/* Names stay the module's. */
static bool add_items(TypeTable *t, const wasm_shared_module_t *module, TellItem *tell,
                      CoreItem **items, u32 *count) {
  wasmx_externinfo_t info = {.size = sizeof info};
  u32 total = 0;
  while (tell(module, total, &info)) total++;
  *items = arena_array(t->arena, CoreItem, total);
  if (!*items) return wm_error_out_of_memory(t->err);
  for (; *count < total && tell(module, *count, &info); ++*count) {
    CoreItem *item = &(*items)[*count];
    item->module = (Name){info.module, (u32)info.module_size};
    item->name = (Name){info.name, (u32)info.name_size};
    if (!extern_of(t, &info, &item->type)) return false;
  }
  return true;
}

/* Names of imports are unique where a module's type is looked at as a whole. */
static bool imports_are_unique(TypeTable *t, const ModuleType *type) {
  for (u32 i = 1; i < type->import_count; i++) {
    const CoreItem *item = &type->imports[i];
    if (wm_core_find_import(t, type, item->module, item->name) != item)
      return wm_types_fail(t, "duplicate import name `%s:%s` already defined", show(item->module),
                           show(item->name));
  }
  return true;
}

const ModuleType *wm_core_module_type(TypeTable *t, const wasm_shared_module_t *module) {
  ModuleType *type = arena_new(t->arena, ModuleType);
  if (!type) wm_error_out_of_memory(t->err);
  bool good =
      type &&
      add_items(t, module, wasmx_shared_module_import_info, &type->imports, &type->import_count) &&
      add_items(t, module, wasmx_shared_module_export_info, &type->exports, &type->export_count);
  return good && imports_are_unique(t, type) ? type : NULL;
}

static bool fill_vals(wasm_valtype_vec_t *to, const CoreVal *vals, u32 count) {
  wasm_valtype_vec_new_uninitialized(to, count);
  if (to->size != count) return false;
  for (u32 i = 0; i < count; i++) to->data[i] = wasm_valtype_new(kind_of_val(vals[i]));
  for (u32 i = 0; i < count; i++)
    if (!to->data[i]) return false;
  return true;
}

wasm_functype_t *wm_core_functype(const CoreFunc *func) {
  wasm_valtype_vec_t params, results;
  bool good = fill_vals(&params, func->types, func->param_count);
  good &= fill_vals(&results, func->types + func->param_count, func->result_count);
  if (good) return wasm_functype_new(&params, &results);
  wasm_valtype_vec_delete(&params);
  wasm_valtype_vec_delete(&results);
  return NULL;
}

/* ---- making and looking up ---- */

const CoreFunc *wm_core_func_new(TypeTable *t, u32 param_count, u32 result_count,
                                 const CoreVal *types) {
  CoreFunc *func = arena_new(t->arena, CoreFunc);
  u32 count = param_count + result_count;
  CoreVal *copy = arena_array(t->arena, CoreVal, count);
  if (!func || !copy) {
    wm_error_out_of_memory(t->err);
    return NULL;
  }
  if (count) memcpy(copy, types, count);
  *func = (CoreFunc){param_count, result_count, copy};
  return func;
}

bool wm_core_func_is(const CoreFunc *func, u32 param_count, u32 result_count,
                     const CoreVal *types) {
  if (func->param_count != param_count || func->result_count != result_count) return false;
  u32 count = param_count + result_count;
  return count == 0 || memcmp(func->types, types, count) == 0;
}

bool wm_core_func_equal(const CoreFunc *a, const CoreFunc *b) {
  return wm_core_func_is(a, b->param_count, b->result_count, b->types);
}

static bool is_item(const CoreItem *item, Name name) {
  return item->name.len == name.len && wm_name_equal(item->name, name);
}

/* The item that was looked for, after so many others; all of them: there is none. */
static const CoreItem *found(TypeTable *t, const CoreItem *items, u32 count, u32 at) {
  return wm_types_spend(t, at) && at < count ? &items[at] : NULL;
}

const CoreItem *wm_core_find(TypeTable *t, const CoreItem *items, u32 count, Name name) {
  u32 i = 0;
  while (i < count && !is_item(&items[i], name)) i++;
  return found(t, items, count, i);
}

const CoreItem *wm_core_find_import(TypeTable *t, const ModuleType *type, Name module, Name name) {
  u32 i = 0;
  while (i < type->import_count &&
         !(is_item(&type->imports[i], name) && wm_name_equal(type->imports[i].module, module)))
    i++;
  return found(t, type->imports, type->import_count, i);
}

/* ---- subtyping ---- */

static bool limits_fit(const CoreExtern *a, const CoreExtern *b) {
  return a->min >= b->min && (b->max == UINT64_MAX || a->max <= b->max);
}

static bool table_matches(TypeTable *t, const CoreExtern *a, const CoreExtern *b) {
  if (a->val != b->val)
    return wm_types_fail(t, "expected table element type %s, found %s", wm_core_val_word(b->val),
                         wm_core_val_word(a->val));
  if (a->is_64 == b->is_64 && limits_fit(a, b)) return true;
  return wm_types_fail(t, "mismatch in table limits");
}

bool wm_core_memory_matches(TypeTable *t, const CoreExtern *a, const CoreExtern *b) {
  if (a->is_shared != b->is_shared)
    return wm_types_fail(t, "mismatch in the shared flag for memories");
  if (a->is_64 != b->is_64) return wm_types_fail(t, "mismatch in index type used for memories");
  if (a->page_bytes != b->page_bytes) return wm_types_fail(t, "mismatch in page size for memories");
  return limits_fit(a, b) || wm_types_fail(t, "mismatch in memory limits");
}

static bool global_matches(TypeTable *t, const CoreExtern *a, const CoreExtern *b) {
  if (a->is_mutable != b->is_mutable) return wm_types_fail(t, "global types differ in mutability");
  return a->val == b->val || wm_types_fail(t, "expected global type %s, found %s",
                                           wm_core_val_word(b->val), wm_core_val_word(a->val));
}

static void print_vals(char *out, size_t size, const char *word, const CoreVal *vals, u32 count) {
  size_t at = strlen(out);
  if (count) at += (size_t)snprintf(out + at, size - at, " (%s", word);
  for (u32 i = 0; i < count && at + 16 < size; i++)
    at += (size_t)snprintf(out + at, size - at, " %s", wm_core_val_word(vals[i]));
  if (count) snprintf(out + at, size - at, ")");
}

const char *wm_core_func_text(char out[CORE_VALS_CHARS], const CoreFunc *func) {
  snprintf(out, CORE_VALS_CHARS, "(func");
  print_vals(out, CORE_VALS_CHARS - 1, "param", func->types, func->param_count);
  print_vals(out, CORE_VALS_CHARS - 1, "result", func->types + func->param_count,
             func->result_count);
  size_t len = strlen(out);
  snprintf(out + len, CORE_VALS_CHARS - len, ")");
  return out;
}

static bool func_matches(TypeTable *t, const CoreFunc *a, const CoreFunc *b) {
  char expected[CORE_VALS_CHARS], found[CORE_VALS_CHARS];
  return wm_core_func_equal(a, b) ||
         wm_types_fail(t, "expected: %s, found: %s", wm_core_func_text(expected, b),
                       wm_core_func_text(found, a));
}

bool wm_core_extern_matches(TypeTable *t, const CoreExtern *a, const CoreExtern *b) {
  if (!wm_types_step(t)) return false;
  if (a->sort != b->sort)
    return wm_types_fail(t, "expected %s, found %s", wm_core_sort_word((CoreSort)b->sort),
                         wm_core_sort_word((CoreSort)a->sort));
  switch ((CoreSort)a->sort) {
  case CORE_TABLE: return table_matches(t, a, b);
  case CORE_MEMORY: return wm_core_memory_matches(t, a, b);
  case CORE_GLOBAL: return global_matches(t, a, b);
  default: return func_matches(t, a->func, b->func);
  }
}

static bool imports_match(TypeTable *t, const ModuleType *a, const ModuleType *b) {
  for (u32 i = 0; i < a->import_count; i++) {
    const CoreItem *want = &a->imports[i];
    const CoreItem *have = wm_core_find_import(t, b, want->module, want->name);
    if (!have)
      return wm_types_fail(t, "missing expected import `%s::%s`", show(want->module),
                           show(want->name));
    if (!wm_core_extern_matches(t, &have->type, &want->type))
      return wm_error_context(t->err, "type mismatch in import `%s::%s`", show(want->module),
                              show(want->name));
  }
  return true;
}

bool wm_core_module_matches(TypeTable *t, const ModuleType *a, const ModuleType *b) {
  if (!imports_match(t, a, b)) return false;
  for (u32 i = 0; i < b->export_count; i++) {
    const CoreItem *want = &b->exports[i];
    const CoreItem *have = wm_core_find(t, a->exports, a->export_count, want->name);
    if (!have) return wm_types_fail(t, "missing expected export `%s`", show(want->name));
    if (!wm_core_extern_matches(t, &have->type, &want->type))
      return wm_error_context(t->err, "type mismatch in export `%s`", show(want->name));
  }
  return true;
}
