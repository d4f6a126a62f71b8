/* wasi_ctx_define_components: the rows of wasi2.def in a linker of libwasmcm. */
#include "wasi/wasi2.h"

#include <stdlib.h>

static const Wasi2Row rows[] = {
#define RESOURCE(iface, name, kind)
#define FUNC(iface, name, type, handler) {iface "@0.2.0", name, type, wm_wasi2_##handler},
#include "wasi/wasi2.def"
};

static const struct {
  const char *iface, *name;
  ObjectKind kind;
} resources[] = {
#define RESOURCE(iface, name, kind) {iface "@0.2.0", name, kind},
#define FUNC(iface, name, type, handler)
#include "wasi/wasi2.def"
};

/* ---- types ---- */

static bool fits(const char **text, const wasmcm_type_t *type);

/* A part that may be none. */
static bool part_fits(const char **text, const wasmcm_type_t *part) {
  if (**text == '_') return ++*text, !part;
  return fits(text, part);
}

/* Parts up to the closing bracket, which is all that there are. */
static bool parts_fit(const char **text, const wasmcm_type_t *type, char close) {
  size_t i = 0;
  for (; **text != close; i++)
    if (i >= wasmcm_type_count(type) || !part_fits(text, wasmcm_type_part(type, i))) return false;
  ++*text;
  return i == wasmcm_type_count(type);
}

/* "37;" */
static bool count_fits(const char **text, const wasmcm_type_t *type) {
  char *end;
  size_t count = strtoul(*text, &end, 10);
  *text = end + 1;
  return wasmcm_type_count(type) == count;
}

static wasmcm_kind_t kind_of(char c) {
  static const struct {
    char c;
    wasmcm_kind_t kind;
  } kinds[] = {
      {'?', WASMCM_BOOL},   {'c', WASMCM_U8},     {'h', WASMCM_U16},   {'w', WASMCM_U32},
      {'q', WASMCM_U64},    {'s', WASMCM_STRING}, {'L', WASMCM_LIST},  {'O', WASMCM_OPTION},
      {'R', WASMCM_RESULT}, {'{', WASMCM_RECORD}, {'(', WASMCM_TUPLE}, {'<', WASMCM_VARIANT},
      {'E', WASMCM_ENUM},   {'F', WASMCM_FLAGS},  {'o', WASMCM_OWN},   {'b', WASMCM_BORROW}};
  for (u32 i = 0; i < ARRAY_LEN(kinds); i++)
    if (kinds[i].c == c) return kinds[i].kind;
  return WASMCM_FUNC;
}

/* Whether the type is the next one of the text, which it is stepped over. */
static bool fits(const char **text, const wasmcm_type_t *type) {
  char c = *(*text)++;
  if (!type || wasmcm_type_kind(type) != kind_of(c)) return false;
  switch (c) {
  case 'L': return fits(text, wasmcm_type_part(type, 0));
  case 'O': return fits(text, wasmcm_type_part(type, 1));
  case 'R':
    return part_fits(text, wasmcm_type_part(type, 0)) && part_fits(text, wasmcm_type_part(type, 1));
  case '{': return parts_fit(text, type, '}');
  case '(': return parts_fit(text, type, ')');
  case '<': return parts_fit(text, type, '>');
  case 'E':
  case 'F': return count_fits(text, type);
  default: return true;
  }
}

static bool is_end(char c) { return c == 0 || c == ':'; }

static bool func_fits(void *env, const wasmcm_type_t *func) {
  const char *text = ((const Wasi2Binding *)env)->row->type;
  size_t i = 0;
  for (; !is_end(*text); i++)
    if (i >= wasmcm_type_count(func) || !fits(&text, wasmcm_type_part(func, i))) return false;
  if (i != wasmcm_type_count(func)) return false;
  const wasmcm_type_t *result = wasmcm_type_result(func);
  if (!*text++) return !result;
  return fits(&text, result);
}

/* ---- life ---- */

static void release(Wasi2 *host) {
  if (--host->holders) return;
  wm_wasi2_free_objects(host);
  wm_ctx_release(host->ctx);
  free(host->bindings);
  free(host);
}

static void unbind_func(void *env) { release(((Wasi2Binding *)env)->host); }
static void unbind_resource(void *env) { release(env); }

static Wasi2 *host_new(wasi_ctx_t *ctx) {
  Wasi2 *host = calloc(1, sizeof *host);
  Wasi2Binding *bindings = calloc(ARRAY_LEN(rows), sizeof *bindings);
  if (!host || !bindings) {
    free(host);
    free(bindings);
    return NULL;
  }
  for (u32 i = 0; i < ARRAY_LEN(rows); i++) bindings[i] = (Wasi2Binding){host, &rows[i]};
  host->bindings = bindings;
  host->ctx = ctx;
  host->holders = 1;
  wm_ctx_hold(ctx);
  return host;
}

/* ---- calls ---- */

/* The host function behind every import; a C++ exception of a callback of the host's may leave it.
 */
static wasm_trap_t *dispatch(void *env, wasmcm_call_t *call, const Val *args, Val *result) {
  const Wasi2Binding *b = env;
  Wasi2Call c; /* its spare values are not cleared for each call */
  c.host = b->host;
  c.call = call;
  c.args = args;
  c.result = result;
  c.trap = NULL;
  c.memory = NULL;
  c.memory_size = 0;
  b->row->handler(&c);
  return c.trap;
}

static wasm_trap_t *drop(void *env, u32 rep) { return wm_wasi2_drop(env, rep); }

static bool define_resources(Wasi2 *host, wasmcm_linker_t *linker) {
  for (u32 i = 0; i < ARRAY_LEN(resources); i++) {
    wasmcm_resource_t *made = wasmcm_linker_define_resource(
        linker, resources[i].iface, resources[i].name, drop, host, unbind_resource);
    if (!made) return false;
    host->holders++;
    host->resources[resources[i].kind] = made;
  }
  return true;
}

static bool define_funcs(Wasi2 *host, wasmcm_linker_t *linker) {
  for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
    bool ok = wasmcm_linker_define_func_of_type(linker, rows[i].iface, rows[i].name, func_fits,
                                                dispatch, &host->bindings[i], unbind_func);
    if (!ok) return false;
    host->holders++;
  }
  return true;
}

bool wasi_ctx_define_components(wasi_ctx_t *ctx, struct wasmcm_linker_t *linker) {
  Wasi2 *host = ctx && linker ? host_new(ctx) : NULL;
  if (!host) return false;
  bool ok = define_resources(host, linker) && define_funcs(host, linker);
  release(host);
  return ok;
}
