/* Matching of imports (spec 4.5.10, 3.5): what is given against what the module asks for, and both
 * sides in words when they do not fit. */
#include "runtime/instance.h"

#include <stdarg.h>
#include <stdio.h>

enum { DESCRIPTION_BYTES = sizeof((Error *)0)->expected };

static void print(char *out, const char *format, ...) PRINTF_LIKE(2, 3);
static void print(char *out, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(out, DESCRIPTION_BYTES, format, args);
  va_end(args);
}

/* ---- in words ---- */

static void describe_func(char *out, const char *what, const SubType *type) {
  size_t len = strlen(what);
  memcpy(out, what, len);
  wm_functype_name(type, out + len, DESCRIPTION_BYTES - len);
}

/* Such as "memory i64 {min 1, max 2}". */
static void describe_limits(char *out, const char *what, const Limits *l, const char *more) {
  char max[32] = "";
  if (l->has_max) snprintf(max, sizeof max, ", max %llu", (unsigned long long)l->max);
  const char *pages = l->has_page_size && !l->page_log2 ? ", pagesize 1" : "";
  print(out, "%s%s%s {min %llu%s%s}%s", what, l->is_64 ? " i64" : "", l->is_shared ? " shared" : "",
        (unsigned long long)l->min, max, pages, more);
}

static void describe_table(char *out, const TableType *type) {
  char element[64] = " ";
  wm_valtype_name(type->element, element + 1, sizeof element - 1);
  describe_limits(out, "table", &type->limits, element);
}

static void describe_memory(char *out, const Memory *memory) {
  MemoryType type = wm_memory_type(memory);
  describe_limits(out, "memory", &type.limits, "");
}

static void describe_global(char *out, const GlobalType *type) {
  char name[64];
  wm_valtype_name(type->type, name, sizeof name);
  print(out, type->is_mutable ? "global (mut %s)" : "global %s", name);
}

static void describe_import(char *out, const Module *m, const Import *import) {
  switch (import->kind) {
  case EXTERN_FUNC: describe_func(out, "func ", module_func_type(m, import->index)); break;
  case EXTERN_TABLE: describe_table(out, &m->tables[import->index].type); break;
  case EXTERN_MEMORY: describe_limits(out, "memory", &m->memories[import->index].limits, ""); break;
  case EXTERN_GLOBAL: describe_global(out, &m->globals[import->index].type); break;
  case EXTERN_TAG: describe_func(out, "tag ", &m->types[m->tags[import->index].type_index]); break;
  }
}

static void describe_object(char *out, TypeRegistry *types, const Object *object) {
  switch ((ObjectKind)object->kind) {
  case OBJ_FUNC:
    describe_func(out, "func ", wm_types_get(types, ((const Func *)object)->type_id));
    break;
  case OBJ_TABLE: describe_table(out, &((const Table *)object)->type); break;
  case OBJ_MEMORY: describe_memory(out, (const Memory *)object); break;
  case OBJ_GLOBAL: describe_global(out, &((const Global *)object)->type); break;
  case OBJ_TAG:
    describe_func(out, "tag ", wm_types_get(types, ((const Tag *)object)->type_id));
    break;
  case OBJ_INSTANCE: print(out, "an instance"); break;
  case OBJ_MODULE: print(out, "a module"); break;
  case OBJ_TRAP: print(out, "a trap"); break;
  case OBJ_EXCEPTION: print(out, "an exception"); break;
  case OBJ_HEAP_REF: print(out, "a reference to a struct, an array or an i31"); break;
  case OBJ_FOREIGN: print(out, "a host object"); break;
  }
}

/* ---- matching ---- */

static bool limits_match(const Limits *given, const Limits *wanted) {
  if (given->is_64 != wanted->is_64 || given->is_shared != wanted->is_shared) return false;
  if (given->page_log2 != wanted->page_log2) return false; /* tables: both 0 */
  if (given->min < wanted->min) return false;
  return !wanted->has_max || (given->has_max && given->max <= wanted->max);
}

static bool same_type(TypeRegistry *types, ValType a, ValType b) {
  return a == b || (wm_valtype_matches(types, a, b) && wm_valtype_matches(types, b, a));
}

static bool global_matches(TypeRegistry *types, const GlobalType *given, const GlobalType *wanted,
                           ValType wanted_type) {
  if (given->is_mutable != wanted->is_mutable) return false;
  if (given->is_mutable) return same_type(types, given->type, wanted_type);
  return wm_valtype_matches(types, given->type, wanted_type);
}

static bool object_matches(const LoadedModule *lm, const Import *import, const Object *object) {
  static const u8 kinds[] = {[EXTERN_FUNC] = OBJ_FUNC,
                             [EXTERN_TABLE] = OBJ_TABLE,
                             [EXTERN_MEMORY] = OBJ_MEMORY,
                             [EXTERN_GLOBAL] = OBJ_GLOBAL,
                             [EXTERN_TAG] = OBJ_TAG};
  const Module *m = &lm->module;
  if (object->kind != kinds[import->kind]) return false;
  switch (import->kind) {
  case EXTERN_FUNC:
    return wm_types_is_sub(lm->types, ((const Func *)object)->type_id,
                           module_func_type(m, import->index)->type_id);
  case EXTERN_TABLE: {
    const TableType *wanted = &m->tables[import->index].type,
                    *given = &((const Table *)object)->type;
    return limits_match(&given->limits, &wanted->limits) &&
           same_type(lm->types, given->element, module_canonical(m, wanted->element));
  }
  case EXTERN_MEMORY: {
    MemoryType given = wm_memory_type((const Memory *)object);
    return limits_match(&given.limits, &m->memories[import->index].limits);
  }
  case EXTERN_GLOBAL: {
    const GlobalType *wanted = &m->globals[import->index].type;
    return global_matches(lm->types, &((const Global *)object)->type, wanted,
                          module_canonical(m, wanted->type));
  }
  case EXTERN_TAG:
    return ((const Tag *)object)->type_id == m->types[m->tags[import->index].type_index].type_id;
  }
  return false;
}

/* ---- errors ---- */

static NOINLINE bool refuse(const LoadedModule *lm, const Import *import, const Object *object,
                            Error *err) {
  if (!err || err->code != ERR_NONE) return false;
  wm_escape(err->import_module, sizeof err->import_module, import->module.bytes,
            import->module.len);
  wm_escape(err->import_name, sizeof err->import_name, import->name.bytes, import->name.len);
  describe_import(err->expected, &lm->module, import);
  if (object)
    describe_object(err->found, lm->types, object);
  else
    print(err->found, "nothing");
  return wm_error_set(err, ERR_LINK, import->offset, "%s: \"%s\" \"%s\" needs %s, found %s",
                      object ? "incompatible import type" : "unknown import", err->import_module,
                      err->import_name, err->expected, err->found);
}

bool wm_import_check(Store *store, const LoadedModule *lm, const Import *import, Object *object,
                     Error *err) {
  if (object && object->store != store) {
    char module[64], name[64];
    wm_escape(module, sizeof module, import->module.bytes, import->module.len);
    wm_escape(name, sizeof name, import->name.bytes, import->name.len);
    return wm_error_set(err, ERR_ARGUMENT, import->offset,
                        "what is given for import \"%s\" \"%s\" belongs to another store", module,
                        name);
  }
  return (object && object_matches(lm, import, object)) || refuse(lm, import, object, err);
}
