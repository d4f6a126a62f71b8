/* Core types: functions, and types of modules (Binary.md, "core:type"). */
#include "component/cm_validator.h"

#include "base/buffer.h"

static bool no_memory(Validator *v) { return wm_error_out_of_memory(v->err); }

CoreVal wm_read_core_val(Validator *v) {
  u8 code = wm_cursor_byte(&v->in);
  if (!cursor_ok(&v->in)) return 0;
  if ((code >= CORE_V128 && code <= CORE_I32) || code == CORE_FUNCREF || code == CORE_EXTERNREF ||
      code == CORE_EXNREF)
    return code;
  if (code >= 0x62 && code < CORE_V128)
    wm_gated(v, "gc", "a core type");
  else
    wm_cursor_bad_byte(&v->in, code, "core value type");
  return 0;
}

/* Reads `count` more types to the end of `types`. */
static bool read_vals(Validator *v, u32 count, Buffer *types) {
  for (u32 i = 0; i < count && cursor_ok(&v->in); i++) wm_buffer_byte(types, wm_read_core_val(v));
  return cursor_ok(&v->in) && (!types->failed || no_memory(v));
}

static const CoreFunc *read_func(Validator *v) {
  Buffer types = {0};
  u32 params = wm_cursor_count(&v->in, MAX_FUNC_PARAMS, "function params");
  bool good = read_vals(v, params, &types);
  u32 results = good ? wm_cursor_count(&v->in, MAX_FUNC_PARAMS, "function returns") : 0;
  good = good && read_vals(v, results, &types);
  const CoreFunc *func = good ? wm_core_func_new(v->types, params, results, types.data) : NULL;
  wm_buffer_free(&types);
  return func;
}

/* A type that is not a module's: of a function, as others need gc. NULL with the error. */
static const CoreFunc *read_rec(Validator *v) {
  u8 code = wm_cursor_byte(&v->in);
  if (!cursor_ok(&v->in)) return NULL;
  if (code == 0x60) return read_func(v);
  if ((code >= 0x4d && code <= 0x50) || (code >= 0x5d && code <= 0x5f))
    wm_gated(v, "gc", "a core type");
  else
    wm_cursor_bad_byte(&v->in, code, "type");
  return NULL;
}

/* ---- types of modules ---- */

typedef struct ModuleTypeReader {
  Vec(const CoreFunc *) types;
  Vec(CoreItem) imports, exports;
} ModuleTypeReader;

static const CoreFunc *func_type_at(Validator *v, const ModuleTypeReader *r, u32 index) {
  if (index < r->types.len) return r->types.data[index];
  invalid(v, "unknown type %u: type index out of bounds", index);
  return NULL;
}

enum { LIMITS_MAX = 1, LIMITS_SHARED = 2, LIMITS_64 = 4, LIMITS_PAGE = 8 };

static bool read_limits(Validator *v, CoreExtern *type, u8 allowed) {
  u8 flags = wm_cursor_byte(&v->in);
  if (cursor_ok(&v->in) && flags & ~allowed)
    return wm_cursor_bad_byte(&v->in, flags, "limits flags");
  type->is_shared = flags & LIMITS_SHARED;
  type->is_64 = flags & LIMITS_64;
  type->min = type->is_64 ? wm_cursor_u64(&v->in) : wm_cursor_u32(&v->in);
  type->max = UINT64_MAX;
  if (flags & LIMITS_MAX) type->max = type->is_64 ? wm_cursor_u64(&v->in) : wm_cursor_u32(&v->in);
  if (flags & LIMITS_PAGE) {
    u32 log2 = wm_cursor_u32(&v->in);
    if (log2 != 0 && log2 != 16) return invalid(v, "invalid custom page size");
    type->page_bytes = UINT32_C(1) << log2;
  }
  return cursor_ok(&v->in);
}

static bool check_limits(Validator *v, const CoreExtern *type) {
  return type->max == UINT64_MAX || type->min <= type->max ||
         invalid(v, "size minimum must not be greater than maximum");
}

static bool read_memory(Validator *v, CoreExtern *type) {
  type->page_bytes = 65536;
  if (!read_limits(v, type, 0xf) || !check_limits(v, type)) return false;
  u64 most = (type->is_64 ? UINT64_MAX : UINT32_MAX) / type->page_bytes + (type->page_bytes > 1);
  if (type->min > most || (type->max != UINT64_MAX && type->max > most))
    return invalid(v, "memory size must be at most %llu pages", (unsigned long long)most);
  return !type->is_shared || type->max != UINT64_MAX ||
         invalid(v, "shared memory must have maximum size");
}

static bool read_table(Validator *v, CoreExtern *type) {
  type->val = wm_read_core_val(v);
  return read_limits(v, type, LIMITS_MAX | LIMITS_64) && check_limits(v, type);
}

static bool read_global(Validator *v, CoreExtern *type) {
  type->val = wm_read_core_val(v);
  u8 mutability = wm_cursor_byte(&v->in);
  if (mutability > 1) return invalid(v, "malformed mutability");
  type->is_mutable = mutability;
  return cursor_ok(&v->in);
}

static bool read_tag(Validator *v, const ModuleTypeReader *r, CoreExtern *type) {
  u8 attribute = wm_cursor_byte(&v->in);
  if (attribute != 0) return wm_cursor_bad_byte(&v->in, attribute, "tag attribute");
  type->func = func_type_at(v, r, wm_cursor_u32(&v->in));
  if (type->func && type->func->result_count)
    return invalid(v, "invalid exception type: non-empty tag result type");
  return type->func != NULL;
}

static bool read_extern(Validator *v, const ModuleTypeReader *r, CoreExtern *type) {
  u8 sort = wm_cursor_byte(&v->in);
  *type = (CoreExtern){.sort = sort};
  if (!cursor_ok(&v->in)) return false;
  switch (sort) {
  case CORE_FUNC: type->func = func_type_at(v, r, wm_cursor_u32(&v->in)); return cursor_ok(&v->in);
  case CORE_TABLE: return read_table(v, type);
  case CORE_MEMORY: return read_memory(v, type);
  case CORE_GLOBAL: return read_global(v, type);
  case CORE_TAG: return read_tag(v, r, type);
  default: return wm_cursor_bad_byte(&v->in, sort, "external kind");
  }
}

static bool read_import(Validator *v, ModuleTypeReader *r) {
  CoreItem item = {.module = wm_cursor_name(&v->in)};
  item.name = wm_cursor_name(&v->in);
  if (!read_extern(v, r, &item.type)) return false;
  ModuleType so_far = {.imports = r->imports.data, .import_count = r->imports.len};
  if (wm_core_find_import(v->types, &so_far, item.module, item.name))
    return invalid(v, "duplicate import name `%s:%s` already defined", show(item.module),
                   show(item.name));
  CoreItem *slot = vec_push(&r->imports);
  if (slot) *slot = item;
  return slot ? cursor_ok(&v->in) : no_memory(v);
}

static bool read_export(Validator *v, ModuleTypeReader *r) {
  CoreItem item = {.module = {"", 0}, .name = wm_cursor_name(&v->in)};
  if (!read_extern(v, r, &item.type)) return false;
  if (wm_core_find(v->types, r->exports.data, r->exports.len, item.name))
    return invalid(v, "duplicate export name `%s` already defined", show(item.name));
  CoreItem *slot = vec_push(&r->exports);
  if (slot) *slot = item;
  return slot ? cursor_ok(&v->in) : no_memory(v);
}

static bool push_type(Validator *v, ModuleTypeReader *r, const CoreFunc *func) {
  const CoreFunc **slot = func ? vec_push(&r->types) : NULL;
  if (slot) *slot = func;
  return slot || (func && no_memory(v));
}

static const CoreFunc *aliased_type(Validator *v, const ModuleTypeReader *r) {
  u32 count = wm_cursor_u32(&v->in), index = wm_cursor_u32(&v->in);
  if (!cursor_ok(&v->in)) return NULL;
  if (count == 0) return func_type_at(v, r, index);
  const Scope *scope = wm_outer_scope(v, count - 1);
  const CoreType *type = scope ? wm_core_type_at(v, scope, index) : NULL;
  if (!type) return NULL;
  if (!type->func)
    invalid(v,
            "not implemented: aliasing core module types into a core module's types index space");
  return type->func;
}

static bool read_alias(Validator *v, ModuleTypeReader *r) {
  u8 kind = wm_cursor_byte(&v->in);
  if (cursor_ok(&v->in) && kind != 0x10)
    return wm_cursor_bad_byte(&v->in, kind, "outer alias kind");
  u8 target = wm_cursor_byte(&v->in);
  if (cursor_ok(&v->in) && target != 1)
    return wm_cursor_bad_byte(&v->in, target, "outer alias target");
  return push_type(v, r, aliased_type(v, r));
}

static bool read_module_declaration(Validator *v, ModuleTypeReader *r) {
  u8 kind = wm_cursor_byte(&v->in);
  if (!cursor_ok(&v->in)) return false;
  switch (kind) {
  case 0: return read_import(v, r);
  case 1: return push_type(v, r, read_rec(v));
  case 2: return read_alias(v, r);
  case 3: return read_export(v, r);
  default: return wm_cursor_bad_byte(&v->in, kind, "type definition");
  }
}

static const ModuleType *module_type_of(Validator *v, const ModuleTypeReader *r) {
  Arena *arena = &v->component->arena;
  ModuleType *type = arena_new(arena, ModuleType);
  CoreItem *imports = vec_to_arena(&r->imports, arena);
  CoreItem *exports = vec_to_arena(&r->exports, arena);
  if (!type || !imports || !exports) {
    no_memory(v);
    return NULL;
  }
  *type = (ModuleType){imports, exports, r->imports.len, r->exports.len};
  return type;
}

static const ModuleType *read_module_type(Validator *v) {
  ModuleTypeReader r = {0};
  u32 count = wm_cursor_count(&v->in, MAX_ARGUMENTS, "module type declaration");
  bool good = cursor_ok(&v->in);
  for (u32 i = 0; i < count && good; i++) good = read_module_declaration(v, &r);
  const ModuleType *type = good ? module_type_of(v, &r) : NULL;
  vec_free(&r.types);
  vec_free(&r.imports);
  vec_free(&r.exports);
  return type;
}

static bool read_type(Validator *v, CoreType *type) {
  u8 code = wm_cursor_peek(&v->in);
  if (code == 0x50) {
    v->in.pos++;
    type->module = read_module_type(v);
    return type->module != NULL;
  }
  if (code == 0 && cursor_ok(&v->in)) { /* then a sub type that is not final */
    v->in.pos++;
    code = wm_cursor_byte(&v->in);
    if (!cursor_ok(&v->in)) return false;
    return code == 0x50 ? wm_gated(v, "gc", "a core type")
                        : wm_cursor_bad_byte(&v->in, code, "non-final sub type");
  }
  type->func = read_rec(v);
  return type->func != NULL;
}

bool wm_read_core_type(Validator *v) {
  CoreType type = {0};
  if (!read_type(v, &type)) return false;
  CoreType *slot = vec_push(&scope_here(v)->core_types);
  if (!slot) return no_memory(v);
  *slot = type;
  return true;
}
