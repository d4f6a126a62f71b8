/* Type objects: trees of plain malloc that belong to no engine. All external types start with their
 * kind, so that casting them is a look at it.
 *
 *   wasm_importtype_t -> module, name, wasm_externtype_t     owned, as is all below
 *   wasm_externtype_t =  functype | globaltype | tabletype | memorytype | tagtype
 *   wasm_functype_t   -> params, results -> wasm_valtype_t   constants: shared, never freed
 *
 * Constructors take what they are given, also when they fail: the rule of wasm.h. They fail for
 * want of memory and for what makes no sense, with the last error set; each accessor stands NULL.
 */
#include "api/api_vec.h"
#include "wasm/limits.h"

#include <stdlib.h>

/* One of value_types below. */
struct wasm_valtype_t {
  wasm_valkind_t kind;
};

/* What the others begin with. */
struct wasm_externtype_t {
  wasm_externkind_t kind;
};

struct wasm_functype_t {
  wasm_externtype_t head;
  wasm_valtype_vec_t params, results; /* owned */
};

struct wasm_globaltype_t {
  wasm_externtype_t head;
  wasm_valtype_t *content;
  wasm_mutability_t mutability;
};

/* `max` UINT64_MAX: none. The 32-bit form is what wasm.h lends out. */
typedef struct Bounds {
  wasmx_limits64_t wide;
  wasm_limits_t narrow;
  bool is_64, is_shared;
  u8 page_log2; /* memories */
} Bounds;

struct wasm_tabletype_t {
  wasm_externtype_t head;
  wasm_valtype_t *element;
  Bounds bounds;
};

struct wasm_memorytype_t {
  wasm_externtype_t head;
  Bounds bounds;
};

struct wasm_tagtype_t {
  wasm_externtype_t head;
  wasm_functype_t *func; /* owned */
};

struct wasm_importtype_t {
  wasm_name_t module, name;
  wasm_externtype_t *type; /* owned */
};

struct wasm_exporttype_t {
  wasm_name_t name;
  wasm_externtype_t *type; /* owned */
};

/* `size` zeroed bytes; NULL with the last error set. */
static void *type_alloc(size_t size) {
  void *type = calloc(1, size);
  if (!type) wm_api_out_of_memory();
  return type;
}

/* ---- value types ---- */

/* One constant object a kind: making and deleting value types costs nothing and cannot fail. */
static const wasm_valtype_t value_types[] = {{WASM_I32},     {WASM_I64},    {WASM_F32},
                                             {WASM_F64},     {WASMX_V128},  {WASM_EXTERNREF},
                                             {WASM_FUNCREF}, {WASMX_EXNREF}};

wasm_valtype_t *wasm_valtype_new(wasm_valkind_t kind) {
  for (size_t i = 0; i < ARRAY_LEN(value_types); i++)
    if (value_types[i].kind == kind) return (wasm_valtype_t *)(uintptr_t)&value_types[i];
  return wm_api_fail(ERR_ARGUMENT, "%u is no kind of value", kind), NULL;
}

void wasm_valtype_delete(wasm_valtype_t *type) { (void)type; }

wasm_valtype_t *wasm_valtype_copy(const wasm_valtype_t *type) {
  return (wasm_valtype_t *)(uintptr_t)type;
}

wasm_valkind_t wasm_valtype_kind(const wasm_valtype_t *type) { return type ? type->kind : 0; }

/* ---- function types ---- */

/* Vectors from the host may have holes where it filled them itself. */
static bool all_there(const wasm_valtype_vec_t *types) {
  for (size_t i = 0; i < types->size; i++)
    if (!types->data || !types->data[i]) return false;
  return true;
}

wasm_functype_t *wasm_functype_new(wasm_valtype_vec_t *params, wasm_valtype_vec_t *results) {
  wasm_valtype_vec_t ps = WASM_EMPTY_VEC, rs = WASM_EMPTY_VEC;
  if (params) ps = *params, wasm_valtype_vec_new_empty(params);
  if (results) rs = *results, wasm_valtype_vec_new_empty(results);
  wasm_functype_t *type = NULL;
  if (!all_there(&ps) || !all_there(&rs))
    wm_api_fail(ERR_ARGUMENT, "a value type is NULL");
  else
    type = type_alloc(sizeof *type);
  if (!type) {
    wasm_valtype_vec_delete(&ps);
    wasm_valtype_vec_delete(&rs);
    return NULL;
  }
  *type = (wasm_functype_t){{WASM_EXTERN_FUNC}, ps, rs};
  return type;
}

void wasm_functype_delete(wasm_functype_t *type) {
  if (!type) return;
  wasm_valtype_vec_delete(&type->params);
  wasm_valtype_vec_delete(&type->results);
  free(type);
}

static bool same_kinds(const wasm_valtype_vec_t *a, const wasm_valtype_vec_t *b) {
  for (size_t i = 0; i < a->size && a->size == b->size; i++)
    if (a->data[i] != b->data[i]) return false; /* one object a kind */
  return a->size == b->size;
}

bool wasmx_functype_equal(const wasm_functype_t *a, const wasm_functype_t *b) {
  return a && b && same_kinds(&a->params, &b->params) && same_kinds(&a->results, &b->results);
}

wasm_functype_t *wasm_functype_copy(const wasm_functype_t *type) {
  if (!type) return NULL;
  wasm_valtype_vec_t params, results;
  wasm_valtype_vec_copy(&params, &type->params);
  wasm_valtype_vec_copy(&results, &type->results);
  /* A copy that lacks memory is empty: shorter than what it is of, unless that is empty too. */
  if (params.size == type->params.size && results.size == type->results.size)
    return wasm_functype_new(&params, &results);
  wasm_valtype_vec_delete(&params);
  wasm_valtype_vec_delete(&results);
  return NULL;
}

static const wasm_valtype_vec_t no_types = WASM_EMPTY_VEC;

const wasm_valtype_vec_t *wasm_functype_params(const wasm_functype_t *type) {
  return type ? &type->params : &no_types;
}

const wasm_valtype_vec_t *wasm_functype_results(const wasm_functype_t *type) {
  return type ? &type->results : &no_types;
}

/* ---- global types ---- */

wasm_globaltype_t *wasm_globaltype_new(wasm_valtype_t *content, wasm_mutability_t mutability) {
  if (!content || mutability > WASM_VAR)
    return wm_api_fail(ERR_ARGUMENT, "a global type needs a value type, and const or var"), NULL;
  wasm_globaltype_t *type = type_alloc(sizeof *type);
  if (type) *type = (wasm_globaltype_t){{WASM_EXTERN_GLOBAL}, content, mutability};
  return type;
}

void wasm_globaltype_delete(wasm_globaltype_t *type) { free(type); }

wasm_globaltype_t *wasm_globaltype_copy(const wasm_globaltype_t *type) {
  return type ? wasm_globaltype_new(type->content, type->mutability) : NULL;
}

const wasm_valtype_t *wasm_globaltype_content(const wasm_globaltype_t *type) {
  return type ? type->content : NULL;
}

wasm_mutability_t wasm_globaltype_mutability(const wasm_globaltype_t *type) {
  return type ? type->mutability : WASM_CONST;
}

/* ---- table and memory types ---- */

/* What does not fit 32 bits is told as the most they can say. */
static u32 narrow(u64 v) { return v < UINT32_MAX ? (u32)v : UINT32_MAX; }

static Bounds bounds_of(wasmx_limits64_t wide, bool is_64, bool is_shared) {
  return (Bounds){wide, {narrow(wide.min), narrow(wide.max)}, is_64, is_shared, PAGE_LOG2};
}

/* UINT32_MAX is wasm.h's way to say that there is no maximum. */
static wasmx_limits64_t widen(const wasm_limits_t *limits) {
  u64 max = limits->max == wasm_limits_max_default ? UINT64_MAX : limits->max;
  return (wasmx_limits64_t){limits->min, max};
}

wasm_tabletype_t *wasmx_tabletype_new(wasm_valtype_t *element, wasmx_limits64_t limits,
                                      bool is_64) {
  if (!wasm_valtype_is_ref(element))
    return wm_api_fail(ERR_ARGUMENT, "a table's element is a reference type"), NULL;
  wasm_tabletype_t *type = type_alloc(sizeof *type);
  if (type)
    *type = (wasm_tabletype_t){{WASM_EXTERN_TABLE}, element, bounds_of(limits, is_64, false)};
  return type;
}

wasm_tabletype_t *wasm_tabletype_new(wasm_valtype_t *element, const wasm_limits_t *limits) {
  if (!limits) return wm_api_fail(ERR_ARGUMENT, "the limits are NULL"), NULL;
  return wasmx_tabletype_new(element, widen(limits), false);
}

void wasm_tabletype_delete(wasm_tabletype_t *type) { free(type); }

wasm_tabletype_t *wasm_tabletype_copy(const wasm_tabletype_t *type) {
  return type ? wasmx_tabletype_new(type->element, type->bounds.wide, type->bounds.is_64) : NULL;
}

const wasm_valtype_t *wasm_tabletype_element(const wasm_tabletype_t *type) {
  return type ? type->element : NULL;
}

const wasm_limits_t *wasm_tabletype_limits(const wasm_tabletype_t *type) {
  return type ? &type->bounds.narrow : NULL;
}

wasmx_limits64_t wasmx_tabletype_limits(const wasm_tabletype_t *type) {
  return type ? type->bounds.wide : (wasmx_limits64_t){0, 0};
}

bool wasmx_tabletype_is_64(const wasm_tabletype_t *type) { return type && type->bounds.is_64; }

/* Nothing is checked here: a type that no memory can have is refused where one is made of it. */
wasm_memorytype_t *wasmx_memorytype_new(wasmx_limits64_t limits, bool is_64, bool shared) {
  wasm_memorytype_t *type = type_alloc(sizeof *type);
  if (type) *type = (wasm_memorytype_t){{WASM_EXTERN_MEMORY}, bounds_of(limits, is_64, shared)};
  return type;
}

wasm_memorytype_t *wasmx_memorytype_new_paged(wasmx_limits64_t limits, bool is_64, bool shared,
                                              uint32_t page_bytes) {
  if (page_bytes != 1 && page_bytes != PAGE_BYTES)
    return wm_api_fail(ERR_ARGUMENT, "a memory's pages have 1 byte or 65536 bytes"), NULL;
  wasm_memorytype_t *type = wasmx_memorytype_new(limits, is_64, shared);
  if (type && page_bytes == 1) type->bounds.page_log2 = 0;
  return type;
}

wasm_memorytype_t *wasm_memorytype_new(const wasm_limits_t *limits) {
  if (!limits) return wm_api_fail(ERR_ARGUMENT, "the limits are NULL"), NULL;
  return wasmx_memorytype_new(widen(limits), false, false);
}

void wasm_memorytype_delete(wasm_memorytype_t *type) { free(type); }

wasm_memorytype_t *wasm_memorytype_copy(const wasm_memorytype_t *type) {
  if (!type) return NULL;
  return wasmx_memorytype_new_paged(type->bounds.wide, type->bounds.is_64, type->bounds.is_shared,
                                    wasmx_memorytype_page_size(type));
}

const wasm_limits_t *wasm_memorytype_limits(const wasm_memorytype_t *type) {
  return type ? &type->bounds.narrow : NULL;
}

wasmx_limits64_t wasmx_memorytype_limits(const wasm_memorytype_t *type) {
  return type ? type->bounds.wide : (wasmx_limits64_t){0, 0};
}

uint32_t wasmx_memorytype_page_size(const wasm_memorytype_t *type) {
  return type ? 1u << type->bounds.page_log2 : 0;
}

bool wasmx_memorytype_is_64(const wasm_memorytype_t *type) { return type && type->bounds.is_64; }

bool wasmx_memorytype_is_shared(const wasm_memorytype_t *type) {
  return type && type->bounds.is_shared;
}

/* ---- tag types ---- */

wasm_tagtype_t *wasm_tagtype_new(wasm_functype_t *func) {
  if (!func) return wm_api_fail(ERR_ARGUMENT, "the function type is NULL"), NULL;
  wasm_tagtype_t *type = type_alloc(sizeof *type);
  if (!type) return wasm_functype_delete(func), NULL;
  *type = (wasm_tagtype_t){{WASM_EXTERN_TAG}, func};
  return type;
}

void wasm_tagtype_delete(wasm_tagtype_t *type) {
  if (!type) return;
  wasm_functype_delete(type->func);
  free(type);
}

wasm_tagtype_t *wasm_tagtype_copy(const wasm_tagtype_t *type) {
  wasm_functype_t *func = type ? wasm_functype_copy(type->func) : NULL;
  return func ? wasm_tagtype_new(func) : NULL;
}

const wasm_functype_t *wasm_tagtype_functype(const wasm_tagtype_t *type) {
  return type ? type->func : NULL;
}

/* ---- extern types ---- */

wasm_externkind_t wasm_externtype_kind(const wasm_externtype_t *type) {
  return type ? type->kind : WASM_EXTERN_FUNC;
}

/* Casts up always work, casts down give NULL for another kind; all of them borrow. */
#define DEFINE_EXTERNTYPE(name, KIND)                                                              \
  wasm_externtype_t *wasm_##name##_as_externtype(wasm_##name##_t *type) {                          \
    return (wasm_externtype_t *)type;                                                              \
  }                                                                                                \
  const wasm_externtype_t *wasm_##name##_as_externtype_const(const wasm_##name##_t *type) {        \
    return (const wasm_externtype_t *)type;                                                        \
  }                                                                                                \
  wasm_##name##_t *wasm_externtype_as_##name(wasm_externtype_t *type) {                            \
    return type && type->kind == KIND ? (wasm_##name##_t *)type : NULL;                            \
  }                                                                                                \
  const wasm_##name##_t *wasm_externtype_as_##name##_const(const wasm_externtype_t *type) {        \
    return type && type->kind == KIND ? (const wasm_##name##_t *)type : NULL;                      \
  }

DEFINE_EXTERNTYPE(functype, WASM_EXTERN_FUNC)
DEFINE_EXTERNTYPE(globaltype, WASM_EXTERN_GLOBAL)
DEFINE_EXTERNTYPE(tabletype, WASM_EXTERN_TABLE)
DEFINE_EXTERNTYPE(memorytype, WASM_EXTERN_MEMORY)
DEFINE_EXTERNTYPE(tagtype, WASM_EXTERN_TAG)

void wasm_externtype_delete(wasm_externtype_t *type) {
  if (!type) return;
  switch (type->kind) {
  case WASM_EXTERN_FUNC: wasm_functype_delete((wasm_functype_t *)type); break;
  case WASM_EXTERN_TAG: wasm_tagtype_delete((wasm_tagtype_t *)type); break;
  default: free(type); /* the other kinds own nothing */
  }
}

wasm_externtype_t *wasm_externtype_copy(const wasm_externtype_t *type) {
  if (!type) return NULL;
  switch (type->kind) {
  case WASM_EXTERN_FUNC:
    return wasm_functype_as_externtype(wasm_functype_copy((const wasm_functype_t *)type));
  case WASM_EXTERN_GLOBAL:
    return wasm_globaltype_as_externtype(wasm_globaltype_copy((const wasm_globaltype_t *)type));
  case WASM_EXTERN_TABLE:
    return wasm_tabletype_as_externtype(wasm_tabletype_copy((const wasm_tabletype_t *)type));
  case WASM_EXTERN_MEMORY:
    return wasm_memorytype_as_externtype(wasm_memorytype_copy((const wasm_memorytype_t *)type));
  default: return wasm_tagtype_as_externtype(wasm_tagtype_copy((const wasm_tagtype_t *)type));
  }
}

/* ---- import and export types ---- */

/* Takes the contents of `from`, which may be NULL. */
static wasm_name_t take_name(wasm_name_t *from) {
  wasm_name_t name = WASM_EMPTY_VEC;
  if (from) name = *from, wasm_name_new_empty(from);
  return name;
}

/* type NULL: out of memory before, or the host's mistake; the names are taken either way. */
wasm_importtype_t *wasm_importtype_new(wasm_name_t *module, wasm_name_t *name,
                                       wasm_externtype_t *type) {
  wasm_importtype_t parts = {take_name(module), take_name(name), type};
  wasm_importtype_t *import = NULL;
  if (type)
    import = type_alloc(sizeof *import);
  else
    wm_api_fail(ERR_ARGUMENT, "the import's type is NULL");
  if (import) {
    *import = parts;
  } else {
    wasm_name_delete(&parts.module);
    wasm_name_delete(&parts.name);
    wasm_externtype_delete(type);
  }
  return import;
}

void wasm_importtype_delete(wasm_importtype_t *import) {
  if (!import) return;
  wasm_name_delete(&import->module);
  wasm_name_delete(&import->name);
  wasm_externtype_delete(import->type);
  free(import);
}

wasm_importtype_t *wasm_importtype_copy(const wasm_importtype_t *import) {
  if (!import) return NULL;
  wasm_name_t module, name;
  wasm_name_copy(&module, &import->module);
  wasm_name_copy(&name, &import->name);
  wasm_externtype_t *type = wasm_externtype_copy(import->type);
  if (type && module.size == import->module.size && name.size == import->name.size)
    return wasm_importtype_new(&module, &name, type);
  wasm_name_delete(&module);
  wasm_name_delete(&name);
  wasm_externtype_delete(type);
  return NULL;
}

static const wasm_name_t no_name = WASM_EMPTY_VEC;

const wasm_name_t *wasm_importtype_module(const wasm_importtype_t *import) {
  return import ? &import->module : &no_name;
}

const wasm_name_t *wasm_importtype_name(const wasm_importtype_t *import) {
  return import ? &import->name : &no_name;
}

const wasm_externtype_t *wasm_importtype_type(const wasm_importtype_t *import) {
  return import ? import->type : NULL;
}

wasm_exporttype_t *wasm_exporttype_new(wasm_name_t *name, wasm_externtype_t *type) {
  wasm_exporttype_t parts = {take_name(name), type};
  wasm_exporttype_t *export_ = NULL;
  if (type)
    export_ = type_alloc(sizeof *export_);
  else
    wm_api_fail(ERR_ARGUMENT, "the export's type is NULL");
  if (export_) {
    *export_ = parts;
  } else {
    wasm_name_delete(&parts.name);
    wasm_externtype_delete(type);
  }
  return export_;
}

void wasm_exporttype_delete(wasm_exporttype_t *export_) {
  if (!export_) return;
  wasm_name_delete(&export_->name);
  wasm_externtype_delete(export_->type);
  free(export_);
}

wasm_exporttype_t *wasm_exporttype_copy(const wasm_exporttype_t *export_) {
  if (!export_) return NULL;
  wasm_name_t name;
  wasm_name_copy(&name, &export_->name);
  wasm_externtype_t *type = wasm_externtype_copy(export_->type);
  if (type && name.size == export_->name.size) return wasm_exporttype_new(&name, type);
  wasm_name_delete(&name);
  wasm_externtype_delete(type);
  return NULL;
}

const wasm_name_t *wasm_exporttype_name(const wasm_exporttype_t *export_) {
  return export_ ? &export_->name : &no_name;
}

const wasm_externtype_t *wasm_exporttype_type(const wasm_exporttype_t *export_) {
  return export_ ? export_->type : NULL;
}

/* ---- vectors of them ---- */

DEFINE_POINTER_VEC(valtype)
DEFINE_POINTER_VEC(functype)
DEFINE_POINTER_VEC(globaltype)
DEFINE_POINTER_VEC(tabletype)
DEFINE_POINTER_VEC(memorytype)
DEFINE_POINTER_VEC(tagtype)
DEFINE_POINTER_VEC(externtype)
DEFINE_POINTER_VEC(importtype)
DEFINE_POINTER_VEC(exporttype)
