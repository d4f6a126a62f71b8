/* Canonical functions: lifts, lowers and built-ins of resources, with their options
 * (CanonicalABI.md, "Canonical Definitions"). */
#include "component/cm_validator.h"

static bool no_memory(Validator *v) { return wm_error_out_of_memory(v->err); }

/* ---- options ---- */

static bool twice(Validator *v, const char *option) {
  return invalid(v, "canonical option `%s` is specified more than once", option);
}

static bool take_encoding(Validator *v, CanonOptions *o, u8 encoding) {
  static const char *const names[] = {"utf8", "utf16", "latin1-utf16"};
  if (o->has_encoding)
    return invalid(v, "canonical encoding option `%s` conflicts with option `%s`",
                   names[o->encoding], names[encoding]);
  o->has_encoding = true;
  o->encoding = encoding;
  return true;
}

static bool take_index(Validator *v, bool *has, u32 *index, const char *option) {
  if (*has) return twice(v, option);
  *has = true;
  *index = wm_cursor_u32(&v->in);
  return cursor_ok(&v->in);
}

static bool take_memory(Validator *v, CanonOptions *o) {
  if (!take_index(v, &o->has_memory, &o->memory, "memory")) return false;
  const CoreExtern *memory = wm_core_at(v, CORE_MEMORY, o->memory);
  if (!memory) return false;
  if (memory->is_64) return wm_gated(v, "memory64", "a canonical option");
  CoreExtern plain = {.sort = CORE_MEMORY, .max = UINT64_MAX, .page_bytes = memory->page_bytes};
  return wm_core_memory_matches(v->types, memory, &plain);
}

static bool read_option(Validator *v, CanonOptions *o) {
  u8 kind = wm_cursor_byte(&v->in);
  if (!cursor_ok(&v->in)) return false;
  switch (kind) {
  case 0:
  case 1:
  case 2: return take_encoding(v, o, kind);
  case 3: return take_memory(v, o);
  case 4: return take_index(v, &o->has_realloc, &o->realloc, "realloc");
  case 5: return take_index(v, &o->has_post_return, &o->post_return, "post-return");
  case 6:
  case 7: return wm_gated(v, "async", "a canonical option");
  case 8:
  case 9: return wm_gated(v, "component gc", "a canonical option");
  default: return wm_cursor_bad_byte(&v->in, kind, "canonical option");
  }
}

static bool check_realloc(Validator *v, const CanonOptions *o) {
  static const CoreVal type[] = {CORE_I32, CORE_I32, CORE_I32, CORE_I32, CORE_I32};
  if (!o->has_realloc) return true;
  if (!o->has_memory)
    return invalid(v, "canonical option `realloc` requires `memory` to also be specified");
  const CoreExtern *func = wm_core_at(v, CORE_FUNC, o->realloc);
  if (!func) return false;
  return wm_core_func_is(func->func, 4, 1, type) ||
         invalid(v, "canonical option `realloc` uses a core function with an incorrect signature");
}

static CanonOptions *read_options(Validator *v) {
  CanonOptions *o = arena_new(&v->component->arena, CanonOptions);
  if (!o) {
    no_memory(v);
    return NULL;
  }
  u32 count = wm_cursor_count(&v->in, MAX_CANON_OPTIONS, "canonical options");
  bool good = cursor_ok(&v->in);
  for (u32 i = 0; i < count && good; i++) good = read_option(v, o);
  return good && check_realloc(v, o) ? o : NULL;
}

static bool need_memory(Validator *v, const CanonOptions *o) {
  return o->has_memory || invalid(v, "canonical option `memory` is required");
}

static bool need_realloc(Validator *v, const CanonOptions *o) {
  return need_memory(v, o) &&
         (o->has_realloc || invalid(v, "canonical option `realloc` is required"));
}

/* ---- the core type of a lifted or lowered function ---- */

typedef struct Signature {
  CoreVal vals[MAX_FLAT + 2]; /* parameters, then results */
  u32 param_count, result_count;
} Signature;

static bool flatten_params(Validator *v, const Type *func, const CanonOptions *o, bool lift,
                           Signature *sig) {
  const Type *params = func->params;
  if (params->has_pointer && !(lift ? need_realloc(v, o) : need_memory(v, o))) return false;
  if (params->flat_count <= MAX_FLAT) {
    sig->param_count = params->flat_count;
    memcpy(sig->vals, params->flat, params->flat_count);
    return true;
  }
  sig->param_count = 1;
  sig->vals[0] = CORE_I32;
  return lift ? need_realloc(v, o) : need_memory(v, o);
}

static bool flatten(Validator *v, const Type *func, const CanonOptions *o, bool lift,
                    Signature *sig) {
  const Type *result = func->result;
  *sig = (Signature){0};
  if (!flatten_params(v, func, o, lift, sig)) return false;
  if (!result) return true;
  if (!lift && result->has_pointer && !need_realloc(v, o)) return false;
  if (result->flat_count <= 1) {
    sig->result_count = result->flat_count;
    sig->vals[sig->param_count] = result->flat[0];
    return true;
  }
  sig->vals[sig->param_count] = CORE_I32; /* a pointer: given when lowered, returned when lifted */
  if (lift)
    sig->result_count = 1;
  else
    sig->param_count++;
  return need_memory(v, o);
}

static bool vals_match(Validator *v, const char *what, const CoreVal *want, u32 want_count,
                       const CoreVal *have, u32 have_count, u32 index) {
  char wanted[CORE_VALS_CHARS], found[CORE_VALS_CHARS];
  if (want_count == have_count && (want_count == 0 || memcmp(want, have, want_count) == 0))
    return true;
  return invalid(v, "lowered %s types `%s` do not match %s types `%s` of core function %u", what,
                 wm_core_vals_text(wanted, want, want_count), what,
                 wm_core_vals_text(found, have, have_count), index);
}

static bool check_post_return(Validator *v, const CanonOptions *o, const CoreFunc *lifted) {
  if (!o->has_post_return) return true;
  const CoreExtern *func = wm_core_at(v, CORE_FUNC, o->post_return);
  if (!func) return false;
  return wm_core_func_is(func->func, lifted->result_count, 0,
                         lifted->types + lifted->param_count) ||
         invalid(v,
                 "canonical option `post-return` uses a core function with an incorrect signature");
}

static bool check_lift(Validator *v, const Type *func, const CanonOptions *o, u32 index) {
  Signature sig;
  const CoreExtern *core = wm_core_at(v, CORE_FUNC, index);
  if (!core || !check_post_return(v, o, core->func) || !flatten(v, func, o, true, &sig))
    return false;
  const CoreFunc *have = core->func;
  return vals_match(v, "parameter", sig.vals, sig.param_count, have->types, have->param_count,
                    index) &&
         vals_match(v, "result", sig.vals + sig.param_count, sig.result_count,
                    have->types + have->param_count, have->result_count, index);
}

/* ---- definitions ---- */

static bool zero_sort(Validator *v, const char *what) {
  u8 sort = wm_cursor_byte(&v->in);
  if (!cursor_ok(&v->in)) return false;
  return sort == 0 || wm_cursor_bad_byte(&v->in, sort, what);
}

static bool read_lift(Validator *v) {
  if (!zero_sort(v, "canonical function lift")) return false;
  u32 core = wm_cursor_u32(&v->in);
  const CanonOptions *options = cursor_ok(&v->in) ? read_options(v) : NULL;
  u32 index = options ? wm_cursor_u32(&v->in) : 0;
  const Type *func = options && cursor_ok(&v->in) ? wm_func_type_at(v, index) : NULL;
  if (!func || !check_lift(v, func, options, core)) return false;
  Def *def = wm_def_new(v, DEF_LIFT);
  if (!def) return false;
  def->index = core;
  def->options = options;
  def->type = func;
  return wm_scope_push(v, &scope_here(v)->funcs, func, "functions");
}

static bool read_lower(Validator *v) {
  Signature sig;
  if (!zero_sort(v, "canonical function lower")) return false;
  u32 index = wm_cursor_u32(&v->in);
  const CanonOptions *options = cursor_ok(&v->in) ? read_options(v) : NULL;
  const Type *func = options ? wm_func_at(v, index) : NULL;
  if (!func) return false;
  if (options->has_post_return)
    return invalid(v, "canonical option `post-return` cannot be specified for lowerings");
  if (!flatten(v, func, options, false, &sig)) return false;
  Def *def = wm_def_new(v, DEF_LOWER);
  if (!def) return false;
  def->index = index;
  def->options = options;
  def->type = func;
  def->core = wm_core_func_new(v->types, sig.param_count, sig.result_count, sig.vals);
  return wm_scope_push_core_func(v, def->core);
}

static bool read_resource_function(Validator *v, DefKind kind) {
  static const CoreVal types[] = {CORE_I32, CORE_I32};
  u32 index = wm_cursor_u32(&v->in);
  const Type *resource = cursor_ok(&v->in) ? wm_resource_at(v, index) : NULL;
  if (!resource) return false;
  if (kind != DEF_RESOURCE_DROP && !resource->resource->is_local)
    return invalid(v, "type index %u is not a local resource", index);
  Def *def = wm_def_new(v, kind);
  if (!def) return false;
  def->type = resource;
  def->core = wm_core_func_new(v->types, 1, kind != DEF_RESOURCE_DROP, types);
  return wm_scope_push_core_func(v, def->core);
}

/* By code; what is not in it is no function. */
static const char *gate_of(u8 code) {
  if (code >= 0x1c && code <= 0x1e) return "error-context";
  if ((code >= 0x26 && code <= 0x2d) || (code >= 0x40 && code <= 0x42)) return "component threads";
  return (code >= 5 && code <= 0x25 && code != 7 && code != 8) ? "async" : NULL;
}

bool wm_read_canon(Validator *v) {
  u8 code = wm_cursor_byte(&v->in);
  if (!cursor_ok(&v->in)) return false;
  switch (code) {
  case 0: return read_lift(v);
  case 1: return read_lower(v);
  case 2: return read_resource_function(v, DEF_RESOURCE_NEW);
  case 3: return read_resource_function(v, DEF_RESOURCE_DROP);
  case 4: return read_resource_function(v, DEF_RESOURCE_REP);
  default: break;
  }
  const char *gate = gate_of(code);
  return gate ? wm_gated(v, gate, "a canonical function")
              : wm_cursor_bad_byte(&v->in, code, "canonical function");
}
