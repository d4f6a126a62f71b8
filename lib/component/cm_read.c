/* A component's sections, and the loop over whatever is open. */
#include "component/cm_validator.h"

#include <stdatomic.h>

enum {
  SECTION_CUSTOM,
  SECTION_MODULE,
  SECTION_CORE_INSTANCE,
  SECTION_CORE_TYPE,
  SECTION_COMPONENT,
  SECTION_INSTANCE,
  SECTION_ALIAS,
  SECTION_TYPE,
  SECTION_CANON,
  SECTION_START,
  SECTION_IMPORT,
  SECTION_EXPORT,
  SECTION_VALUE,
  SECTION_COUNT,
  HEADER_BYTES = 8,
  VERSION_MODULE = 0x00000001,
  VERSION_COMPONENT = 0x0001000d
};
#define STEPS_OF_TYPES UINT64_C(50000000)
#define NODES_OF_TYPES UINT64_C(1000000)

static bool no_memory(Validator *v) { return wm_error_out_of_memory(v->err); }

static bool malformed(Validator *v, const char *why) {
  return wm_error_set(v->err, ERR_MALFORMED, cursor_offset(&v->in), "%s", why);
}

/* ---- headers ---- */

static bool read_header(Validator *v) {
  if (v->in.end - v->in.pos < HEADER_BYTES) {
    v->in.pos = v->in.end;
    return malformed(v, "unexpected end-of-file");
  }
  if (memcmp(v->in.pos, "\0asm", 4) != 0)
    return malformed(v, "magic header not detected: bad magic number");
  u32 version = load_u32(v->in.pos + 4);
  if (version == VERSION_MODULE) return malformed(v, "expected a version header for a component");
  v->in.pos += 4;
  if (version != VERSION_COMPONENT)
    return wm_error_set(v->err, ERR_MALFORMED, cursor_offset(&v->in),
                        "unknown binary version: 0x%08x", version);
  v->in.pos += 4;
  return true;
}

/* ---- modules ---- */

static bool module_failed(Validator *v, const wasmx_error_t *err) {
  ErrorCode code = (ErrorCode)err->code;
  wm_error_set(v->err, code ? code : ERR_INVALID, cursor_offset(&v->in) + err->offset, "%s",
               err->message);
  if (code == ERR_UNSUPPORTED) v->err->proposal = "core";
  return false;
}

/* The module uses the component's bytes where they are. */
static wasm_shared_module_t *compile(Validator *v) {
  wasmx_error_t err = {.size = sizeof err};
  Bytes *all = v->component->bytes;
  wasm_byte_vec_t bytes = {(size_t)(v->in.end - v->in.pos), (char *)(uintptr_t)v->in.pos};
  atomic_fetch_add_explicit(&all->refs, 1, memory_order_relaxed);
  wasm_shared_module_t *module =
      wasmx_shared_module_new(v->engine, &bytes, WASMX_BORROW_BYTES, wm_bytes_release, all, &err);
  if (module) return module;
  wm_bytes_release(all);
  module_failed(v, &err);
  return NULL;
}

static wasm_shared_module_t *take_ready(Validator *v) {
  ReadyModules *ready = v->ready;
  if (v->in.pos != v->in.end || ready->used == ready->count) {
    malformed(v, "a compiled component of other modules");
    return NULL;
  }
  wasm_shared_module_t *module = ready->list[ready->used];
  ready->list[ready->used++] = NULL;
  return module;
}

/* The definition owns the module from here on. */
static bool add_module(Validator *v, wasm_shared_module_t *module) {
  Def *def = wm_def_new(v, DEF_MODULE);
  const wasm_shared_module_t **slot = vec_push(&v->component->modules);
  if (!def || !slot) {
    wasm_shared_module_delete(module);
    return no_memory(v);
  }
  *slot = def->module = module;
  Entity entity = {.sort = SORT_MODULE, .module = wm_core_module_type(v->types, module)};
  if (!entity.module || !wm_scope_add(v, &entity, BY_ALIAS, (Name){0})) return false;
  def->entity = entity;
  return true;
}

static bool read_module(Validator *v) {
  bool has_header = v->in.end - v->in.pos >= HEADER_BYTES;
  if (has_header && load_u32(v->in.pos + 4) == VERSION_COMPONENT)
    return malformed(v, "expected a version header for a module");
  wasm_shared_module_t *module = v->ready ? take_ready(v) : compile(v);
  v->in.pos = module ? v->in.end : v->in.pos;
  return module && add_module(v, module);
}

/* ---- declarations ---- */

static bool read_declaration(Validator *v) {
  u8 kind = wm_cursor_byte(&v->in);
  if (!cursor_ok(&v->in)) return false;
  switch (kind) {
  case 0: return wm_read_core_type(v);
  case 1: return wm_read_type(v);
  case 2: return wm_read_alias(v);
  case 3:
    if (scope_here(v)->kind == SCOPE_COMPONENT_TYPE) return wm_read_import(v);
    break;
  case 4: {
    AttributedName name = wm_read_extern_name(v);
    Entity entity;
    return cursor_ok(&v->in) && wm_read_extern_type(v, &entity) &&
           wm_scope_export(v, &name, &entity);
  }
  default: break;
  }
  return wm_cursor_bad_byte(&v->in, kind, "component or instance type declaration");
}

/* ---- sections ---- */

typedef bool ReadItem(Validator *v);

static bool close_type(Validator *v) {
  const Type *type = wm_scope_close(v);
  return type && wm_scope_push_type(v, type);
}

/* Declarations of the types that are open, until all are closed. */
static bool read_open_types(Validator *v, u32 depth) {
  while (v->scopes.len > depth) {
    Scope *s = scope_here(v);
    v->types->at = cursor_offset(&v->in);
    if (s->declarations > 0) {
      s->declarations--;
      if (!read_declaration(v)) return false;
    } else if (!close_type(v)) {
      return false;
    }
  }
  return true;
}

static bool read_items(Validator *v, ReadItem *read) {
  u32 depth = v->scopes.len;
  u32 count = wm_cursor_count(&v->in, MAX_SPACE_ITEMS, "section item");
  for (u32 i = 0; i < count; i++) {
    v->types->at = cursor_offset(&v->in);
    if (!read(v) || !read_open_types(v, depth)) return false;
  }
  if (!cursor_ok(&v->in)) return false;
  return v->in.pos == v->in.end ||
         malformed(v, "section size mismatch: unexpected data at the end of the section");
}

static bool read_custom(Validator *v) {
  wm_cursor_name(&v->in);
  v->in.pos = v->in.end;
  return cursor_ok(&v->in);
}

static ReadItem *item_reader(u8 id) {
  switch (id) {
  case SECTION_CORE_INSTANCE: return wm_read_core_instance;
  case SECTION_CORE_TYPE: return wm_read_core_type;
  case SECTION_INSTANCE: return wm_read_instance;
  case SECTION_ALIAS: return wm_read_alias;
  case SECTION_TYPE: return wm_read_type;
  case SECTION_CANON: return wm_read_canon;
  case SECTION_IMPORT: return wm_read_import;
  default: return wm_read_export;
  }
}

static bool open_component(Validator *v, const u8 *end) {
  if (!read_header(v) || !wm_scope_open(v, SCOPE_COMPONENT)) return false;
  scope_here(v)->end = end;
  return true;
}

/* Of the section that lies in [pos, end). */
static bool read_section(Validator *v, u8 id) {
  switch (id) {
  case SECTION_CUSTOM: return read_custom(v);
  case SECTION_MODULE: return read_module(v);
  case SECTION_COMPONENT: return open_component(v, v->in.end);
  case SECTION_START:
  case SECTION_VALUE: return wm_gated(v, "component values", "a section");
  default: return read_items(v, item_reader(id));
  }
}

static bool next_section(Validator *v) {
  v->types->at = cursor_offset(&v->in);
  u8 id = wm_cursor_byte(&v->in);
  if (cursor_ok(&v->in) && id >= SECTION_COUNT) {
    v->in.pos--;
    return wm_error_set(v->err, ERR_MALFORMED, cursor_offset(&v->in), "malformed section id: %u",
                        id);
  }
  u32 size = wm_cursor_u32(&v->in);
  if (!cursor_ok(&v->in)) return false;
  if (size > (size_t)(v->in.end - v->in.pos)) {
    v->in.pos = v->in.end;
    return malformed(v, "unexpected end-of-file");
  }
  v->types->at = cursor_offset(&v->in);
  v->in.end = v->in.pos + size;
  return read_section(v, id);
}

/* The component that ends here becomes a definition of the one around it. */
static bool close_component(Validator *v) {
  Body *body = scope_here(v)->body;
  v->types->at = cursor_offset(&v->in);
  const Type *type = wm_scope_close(v);
  if (!type) return false;
  if (v->scopes.len == 0) {
    v->component->body = body;
    return true;
  }
  Def *def = wm_def_new(v, DEF_COMPONENT);
  if (!def) return false;
  def->body = body;
  return wm_scope_push(v, &scope_here(v)->components, type, "components");
}

static bool read_all(Validator *v) {
  if (!open_component(v, v->in.end)) return false;
  while (v->scopes.len > 0) {
    v->in.end = scope_here(v)->end;
    if (!(v->in.pos == v->in.end ? close_component(v) : next_section(v))) return false;
  }
  return true;
}

/* ---- the whole ---- */

Bytes *wm_bytes_new(const void *data, size_t size, void (*release)(void *env), void *env) {
  Bytes *bytes = malloc(sizeof *bytes);
  if (bytes) *bytes = (Bytes){data, size, release, env, 1};
  return bytes;
}

void wm_bytes_release(void *counted) {
  Bytes *bytes = counted;
  if (atomic_fetch_sub_explicit(&bytes->refs, 1, memory_order_acq_rel) != 1) return;
  if (bytes->release) bytes->release(bytes->env);
  free(bytes);
}

static void validator_free(Validator *v) {
  for (u32 i = 0; i < v->scopes.len; i++)
    if (v->scopes.data[i]) wm_scope_free(v->scopes.data[i]);
  vec_free(&v->scopes);
}

static bool read_component(Component *component, wasm_engine_t *engine, ReadyModules *ready,
                           Error *err) {
  const Bytes *bytes = component->bytes;
  Validator v = {.err = err,
                 .component = component,
                 .types = &component->types,
                 .engine = engine,
                 .ready = ready};
  *v.types = (TypeTable){
      .arena = &component->arena, .err = err, .fuel = STEPS_OF_TYPES, .nodes = NODES_OF_TYPES};
  v.in = (Cursor){bytes->data, bytes->data, bytes->data + bytes->size, err};
  bool good = read_all(&v);
  validator_free(&v);
  component->types.err = NULL;
  return good;
}

static void free_defs(Body *body) {
  for (u32 i = 0; i < body->defs.len; i++)
    if (body->defs.data[i].module) wasm_shared_module_delete(body->defs.data[i].module);
  vec_free(&body->defs);
}

static void component_free(Component *component) {
  for (Body *body = component->bodies; body; body = body->next) free_defs(body);
  vec_free(&component->modules);
  wm_types_free(&component->types);
  wm_arena_free(&component->arena);
  wm_bytes_release(component->bytes);
  free(component);
}

void wm_component_keep(Component *component) {
  atomic_fetch_add_explicit(&component->refs, 1, memory_order_relaxed);
}

void wm_component_release(Component *component) {
  if (atomic_fetch_sub_explicit(&component->refs, 1, memory_order_acq_rel) == 1)
    component_free(component);
}

Component *wm_component_read(wasm_engine_t *engine, Bytes *bytes, ReadyModules *ready, Error *err) {
  Component *component = calloc(1, sizeof *component);
  if (!component) {
    wm_error_out_of_memory(err);
    return NULL;
  }
  atomic_fetch_add_explicit(&bytes->refs, 1, memory_order_relaxed);
  component->bytes = bytes;
  component->refs = 1;
  if (read_component(component, engine, ready, err)) return component;
  component_free(component);
  return NULL;
}
