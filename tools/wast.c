/* The script runner: one store a file, every command counted once.
 *
 *   passed    it did what the script says
 *   skipped   it needs a module that was refused for a named proposal
 *   failed    the rest; told with file and line */
#include "tools/wast.h"

#include "os/os.h"
#include "tools/tool.h"
#include "wasm/feature.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

_Static_assert(sizeof(((Error *)0)->message) <= sizeof(((wasmx_error_t *)0)->message),
               "messages fit");

/* ---- outcomes ---- */

void pass(Runner *r) { r->counts.passed++; }

static void skip(Runner *r, const char *proposal) {
  u32 f = 0;
  while (f < FEATURE_COUNT && strcmp(wm_feature_name((Feature)f), proposal) != 0) f++;
  r->counts.skipped++;
  r->proposals[f].skipped++;
}

void fail(Runner *r, const char *format, ...) {
  static Mutex telling = MUTEX_INITIALIZER; /* printable's buffers are the program's */
  va_list args;
  va_start(args, format);
  r->counts.failed++;
  char text[400]; /* may hold names and messages of the script */
  vsnprintf(text, sizeof text, format, args);
  wm_mutex_lock(&telling);
  printf("%s:%u: %s: %s\n", printable(r->path), r->command->line, r->command->keyword,
         printable(text));
  wm_mutex_unlock(&telling);
  va_end(args);
}

static void fail_trap(Runner *r, const char *what, wasm_trap_t *trap) {
  wasm_message_t message;
  wasm_trap_message(trap, &message);
  fail(r, "%s: trap: %s", what, message.size ? message.data : "");
  wasm_byte_vec_delete(&message);
}

/* ---- names ---- */

char *copy_name(Name name) {
  char *copy = malloc((size_t)name.len + 1);
  if (!copy) return NULL;
  if (name.len) memcpy(copy, name.bytes, name.len);
  copy[name.len] = 0;
  return copy;
}

Entry *find_entry(Entry *entries, u32 count, Name id) {
  for (u32 i = count; i-- > 0;)
    if (!id.len || (entries[i].id && strlen(entries[i].id) == id.len &&
                    !memcmp(entries[i].id, id.bytes, id.len)))
      return &entries[i];
  return NULL;
}

static void free_entries(Entry *entries, u32 count) {
  for (u32 i = 0; i < count; i++) {
    free(entries[i].id);
    if (entries[i].instance) wasm_instance_delete(entries[i].instance);
    if (entries[i].module) wasm_module_delete(entries[i].module);
    free_memories(&entries[i]);
  }
}

/* ---- modules ---- */

static wasm_module_t *load_definition(Runner *r, const WastModule *source, wasmx_error_t *err) {
  Buffer bytes = {0};
  Error text_error = {0};
  wasm_module_t *module = NULL;
  if (wm_wast_module_bytes(r->script, source, &bytes, &text_error)) {
    wasm_byte_vec_t vec = {bytes.len, (wasm_byte_t *)bytes.data};
    module = wasmx_module_new(r->store, &vec, 0, err);
  } else {
    err->code = text_error.code == ERR_UNSUPPORTED ? WASMX_UNSUPPORTED : WASMX_SYNTAX;
    err->line = text_error.line;
    err->column = text_error.column;
    memcpy(err->message, text_error.message, sizeof text_error.message);
    snprintf(err->proposal, sizeof err->proposal, "%s",
             text_error.proposal ? text_error.proposal : "");
  }
  wm_buffer_free(&bytes);
  return module;
}

/* The proposal for which a link error happened: the import belongs to an instance that was refused.
 */
static const char *refused_import(Runner *r, const wasmx_error_t *err) {
  if (err->code != WASMX_LINK) return NULL;
  Name name = {(const u8 *)err->import_module, (u32)strlen(err->import_module)};
  const Entry *entry = find_entry(r->refused.data, r->refused.len, name);
  return entry ? entry->proposal : NULL;
}

/* Adds an instance to the script's names; it becomes the current one. */
static void add_instance(Runner *r, Name id, wasm_instance_t *instance, const wasm_module_t *module,
                         const char *proposal) {
  Entry *entry = vec_push(&r->instances);
  if (!entry) return;
  *entry = (Entry){.instance = instance, .proposal = proposal};
  entry->id = id.len ? copy_name(id) : NULL;
  entry->module = instance ? wasm_module_copy(module) : NULL;
}

static const char *static_proposal(const wasmx_error_t *err) {
  for (u32 f = 0; f < FEATURE_COUNT; f++)
    if (!strcmp(wm_feature_name((Feature)f), err->proposal)) return wm_feature_name((Feature)f);
  return "other";
}

static void instantiate(Runner *r, Name id, const wasm_module_t *module) {
  wasmx_error_t err = {.size = sizeof err};
  wasm_trap_t *trap = NULL;
  wasm_instance_t *instance = wasmx_linker_instantiate(r->linker, module, &trap, &err);
  const char *proposal = instance ? NULL : refused_import(r, &err);
  if (instance)
    pass(r);
  else if (proposal)
    skip(r, proposal);
  else
    fail(r, "does not instantiate: %s", err.message);
  if (trap) wasm_trap_delete(trap);
  add_instance(r, id, instance, module, proposal);
}

static void run_module(Runner *r, const WastModule *source) {
  wasmx_error_t err = {.size = sizeof err};
  wasm_module_t *module = load_definition(r, source, &err);
  const char *proposal = NULL;
  if (!module && err.code == WASMX_UNSUPPORTED) {
    proposal = static_proposal(&err);
    skip(r, proposal);
  } else if (!module) {
    fail(r, "%s", err.message);
  }
  if (source->is_definition) {
    Entry *entry = vec_push(&r->definitions);
    if (module) pass(r);
    if (entry)
      *entry = (Entry){.module = module,
                       .proposal = proposal,
                       .id = source->id.len ? copy_name(source->id) : NULL};
    return;
  }
  if (!module) {
    add_instance(r, source->id, NULL, NULL, proposal);
    return;
  }
  instantiate(r, source->id, module);
  wasm_module_delete(module);
}

static void run_instance(Runner *r) {
  const Entry *entry = find_entry(r->definitions.data, r->definitions.len, r->command->definition);
  if (!entry) {
    fail(r, "no such module definition");
  } else if (entry->module) {
    instantiate(r, r->command->id, entry->module);
    return;
  } else if (entry->proposal) {
    skip(r, entry->proposal);
  } else {
    fail(r, "its definition failed");
  }
  add_instance(r, r->command->id, NULL, NULL, entry ? entry->proposal : NULL);
}

static void run_register(Runner *r) {
  const WastCommand *c = r->command;
  const Entry *entry = find_entry(r->instances.data, r->instances.len, c->id);
  if (entry && entry->is_shared) {
    if (register_shared(r, c->name, entry))
      pass(r);
    else
      fail(r, "%s", wasmx_last_error()->message);
  } else if (!entry || (!entry->instance && !entry->proposal)) {
    fail(r, "no such instance");
  } else if (entry->instance) {
    if (wasmx_linker_define_instance(r->linker, (const char *)c->name.bytes, c->name.len,
                                     entry->instance))
      pass(r);
    else
      fail(r, "%s", wasmx_last_error()->message);
  } else {
    Entry *refused = vec_push(&r->refused);
    if (refused) *refused = (Entry){.id = copy_name(c->name), .proposal = entry->proposal};
    skip(r, entry->proposal);
  }
}

/* ---- actions ---- */

typedef enum Outcome { RETURNED, TRAPPED, SKIPPED, BROKEN } Outcome;

static u32 kind_slots(wasm_valkind_t kind) { return kind == WASMX_V128 ? 2 : 1; }

static Outcome call_func(Runner *r, const WastAction *action, const wasm_func_t *func,
                         Result *out) {
  wasm_functype_t *type = wasm_func_type(func);
  const wasm_valtype_vec_t *params = wasm_functype_params(type);
  const wasm_valtype_vec_t *results = wasm_functype_results(type);
  bool fits = params->size == action->arg_count && results->size <= MAX_VALUES;
  u32 used = 0;
  for (u32 i = 0; fits && i < action->arg_count; i++) {
    fits = used + 2 <= ARRAY_LEN(out->slots) &&
           value_fits(&action->args[i], wasm_valtype_kind(params->data[i]));
    if (fits) used += value_to_slots(&r->refs, &action->args[i], out->slots + used);
  }
  if (fits) {
    out->count = (u32)results->size;
    for (u32 i = 0; i < out->count; i++) out->kinds[i] = wasm_valtype_kind(results->data[i]);
    out->trap = wasmx_func_call_raw(func, out->slots);
  } else {
    fail(r, "the arguments do not fit the function's type");
  }
  wasm_functype_delete(type);
  return !fits ? BROKEN : out->trap ? TRAPPED : RETURNED;
}

static Outcome get_global(Runner *r, const wasm_global_t *global, Result *out) {
  (void)r;
  wasm_globaltype_t *type = wasm_global_type(global);
  out->count = 1;
  out->kinds[0] = wasm_valtype_kind(wasm_globaltype_content(type));
  wasmx_global_get_raw(global, out->slots);
  wasm_globaltype_delete(type);
  return RETURNED;
}

/* Runs the command's action. BROKEN and SKIPPED are counted here. */
static Outcome act(Runner *r, Result *out) {
  const WastAction *action = &r->command->action;
  const Entry *entry = find_entry(r->instances.data, r->instances.len, action->instance);
  out->trap = NULL;
  out->count = 0;
  if (entry && entry->proposal) {
    skip(r, entry->proposal);
    return SKIPPED;
  }
  if (!entry || !entry->instance) {
    fail(r, "there is no such instance");
    return BROKEN;
  }
  wasm_extern_t *export_ =
      wasmx_instance_export_n(entry->instance, (const char *)action->name.bytes, action->name.len);
  const wasm_func_t *func = export_ ? wasm_extern_as_func_const(export_) : NULL;
  const wasm_global_t *global = export_ ? wasm_extern_as_global_const(export_) : NULL;
  Outcome outcome = BROKEN;
  if (!action->is_get && func)
    outcome = call_func(r, action, func, out);
  else if (action->is_get && global)
    outcome = get_global(r, global, out);
  else
    fail(r, "no export of that name and kind");
  if (export_) wasm_extern_delete(export_);
  return outcome;
}

static void assert_return(Runner *r, Result *out) {
  Outcome outcome = act(r, out);
  char expected[80], found[80];
  if (outcome == TRAPPED) fail_trap(r, "instead of returning", out->trap);
  if (outcome != RETURNED) return;
  u32 slot = 0, i = 0, entry = 0;
  for (; entry < r->command->result_count && i < out->count; i++) {
    const WastValue *want = &r->command->results[entry];
    if (!value_matches(&r->refs, want, out->kinds[i], out->slots + slot)) {
      fail(r, "result %u is %s, expected %s", i,
           slots_print(&r->refs, out->kinds[i], out->slots + slot, found, sizeof found),
           value_print(&r->refs, want, expected, sizeof expected));
      return;
    }
    slot += kind_slots(out->kinds[i]);
    entry += 1 + (want->kind == WAST_EITHER ? want->alternatives : 0);
  }
  if (entry == r->command->result_count && i == out->count)
    pass(r);
  else
    fail(r, "%u results, expected another number", out->count);
}

/* Whether one message is the beginning of the other. */
static bool message_fits(const char *found, Name expected) {
  size_t len = strlen(found);
  return !strncmp(found, (const char *)expected.bytes, len < expected.len ? len : expected.len);
}

static void expect_trap(Runner *r, wasm_trap_t *trap) {
  wasm_message_t message;
  wasm_trap_message(trap, &message);
  if (message.size && message_fits(message.data, r->command->message))
    pass(r);
  else
    fail(r, "trap \"%s\", expected \"%.*s\"", message.size ? message.data : "",
         (int)r->command->message.len, (const char *)r->command->message.bytes);
  wasm_byte_vec_delete(&message);
}

static void assert_action_trap(Runner *r, Result *out) {
  Outcome outcome = act(r, out);
  if (outcome == RETURNED)
    fail(r, "returned instead of trapping");
  else if (outcome == TRAPPED && r->command->kind == WAST_ASSERT_EXHAUSTION &&
           wasmx_trap_code(out->trap) != WASMX_TRAP_STACK_OVERFLOW)
    fail_trap(r, "instead of exhausting the stack", out->trap);
  else if (outcome == TRAPPED)
    expect_trap(r, out->trap);
}

/* ---- assertions on modules ---- */

static bool code_fits(WastKind kind, wasmx_errcode_t code) {
  switch (kind) {
  case WAST_ASSERT_MALFORMED:
  case WAST_ASSERT_MALFORMED_CUSTOM:
    return code == WASMX_MALFORMED || code == WASMX_SYNTAX || code == WASMX_LIMIT;
  case WAST_ASSERT_INVALID: return code == WASMX_INVALID || code == WASMX_LIMIT;
  case WAST_ASSERT_INVALID_CUSTOM: /* the text format knows what its annotations are for */
    return code == WASMX_INVALID || code == WASMX_SYNTAX;
  default: return false;
  }
}

static void assert_refused(Runner *r) {
  const WastCommand *c = r->command;
  wasmx_error_t err = {.size = sizeof err};
  wasm_module_t *module = load_definition(r, &c->module, &err);
  if (module)
    fail(r, "was accepted, expected \"%.*s\"", (int)c->message.len, (const char *)c->message.bytes);
  else if (code_fits(c->kind, err.code) && (!r->strict || message_fits(err.message, c->message)))
    pass(r);
  else if (err.code == WASMX_UNSUPPORTED)
    skip(r, static_proposal(&err));
  else
    fail(r, "refused with \"%s\" (code %u), expected \"%.*s\"", err.message, err.code,
         (int)c->message.len, (const char *)c->message.bytes);
  if (module) wasm_module_delete(module);
}

/* The module that the assertion instantiates; NULL with *err. */
static wasm_module_t *load_subject(Runner *r, wasmx_error_t *err) {
  const WastCommand *c = r->command;
  if (!c->has_instance) return load_definition(r, &c->module, err);
  const Entry *entry = find_entry(r->definitions.data, r->definitions.len, c->definition);
  if (entry && entry->module) return wasm_module_copy(entry->module);
  bool refused = entry && entry->proposal;
  err->code = refused ? WASMX_UNSUPPORTED : WASMX_ARGUMENT;
  snprintf(err->proposal, sizeof err->proposal, "%s", refused ? entry->proposal : "");
  snprintf(err->message, sizeof err->message, "no such module definition");
  return NULL;
}

static void assert_no_instance(Runner *r) {
  const WastCommand *c = r->command;
  wasmx_error_t err = {.size = sizeof err};
  wasm_trap_t *trap = NULL;
  wasm_module_t *module = load_subject(r, &err);
  wasm_instance_t *instance =
      module ? wasmx_linker_instantiate(r->linker, module, &trap, &err) : NULL;
  const char *proposal = refused_import(r, &err);
  if (instance)
    fail(r, "was instantiated");
  else if (!module && err.code == WASMX_UNSUPPORTED)
    skip(r, static_proposal(&err));
  else if (proposal)
    skip(r, proposal);
  else if (!module)
    fail(r, "does not load: %s", err.message);
  else if (c->kind == WAST_ASSERT_TRAP && trap)
    expect_trap(r, trap);
  else if (c->kind == WAST_ASSERT_UNLINKABLE && err.code == WASMX_LINK)
    pass(r);
  else
    fail(r, "failed in another way: %s", err.message);
  if (trap) wasm_trap_delete(trap);
  if (instance) wasm_instance_delete(instance);
  if (module) wasm_module_delete(module);
}

/* ---- scripts ---- */

/* A command that is not understood: it may be of a proposal. */
static void run_broken(Runner *r) {
  const Error *err = &r->command->error;
  if (err->code == ERR_UNSUPPORTED)
    skip(r, err->proposal);
  else
    fail(r, "%u:%u: %s", err->line, err->column, err->message);
}

static void run_skipped(Runner *r) {
  const WastCommand *c = r->command;
  skip(r, c->proposal);
  if (c->has_instance) add_instance(r, c->id, NULL, NULL, c->proposal);
}

static void run_command(Runner *r, Result *out) {
  const WastCommand *c = r->command;
  out->trap = NULL;
  switch (c->kind) {
  case WAST_MODULE: run_module(r, &c->module); break;
  case WAST_INSTANCE: run_instance(r); break;
  case WAST_REGISTER: run_register(r); break;
  case WAST_THREAD: run_thread(r); break;
  case WAST_WAIT: run_wait(r); break;
  case WAST_ACTION: {
    Outcome outcome = act(r, out);
    if (outcome == RETURNED) pass(r);
    if (outcome == TRAPPED) fail_trap(r, "the action failed", out->trap);
    break;
  }
  case WAST_ASSERT_RETURN: assert_return(r, out); break;
  case WAST_ASSERT_TRAP:
    if (c->has_module || c->has_instance)
      assert_no_instance(r);
    else
      assert_action_trap(r, out);
    break;
  case WAST_ASSERT_EXHAUSTION:
  case WAST_ASSERT_EXCEPTION: assert_action_trap(r, out); break;
  case WAST_ASSERT_MALFORMED:
  case WAST_ASSERT_MALFORMED_CUSTOM:
  case WAST_ASSERT_INVALID:
  case WAST_ASSERT_INVALID_CUSTOM: assert_refused(r); break;
  case WAST_ASSERT_UNLINKABLE: assert_no_instance(r); break;
  case WAST_SKIPPED: run_skipped(r); break;
  case WAST_ERROR: run_broken(r); break;
  }
  if (out->trap) wasm_trap_delete(out->trap);
}

static wasm_trap_t *print_nothing(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  (void)env, (void)caller, (void)slots;
  return NULL;
}

static void define(Runner *r, const char *name, wasm_extern_t *object) {
  if (object) wasmx_linker_define(r->linker, "spectest", name, object);
  if (object) wasm_extern_delete(object);
}

static void define_print(Runner *r, const char *name, size_t count, const wasm_valkind_t *kinds) {
  wasm_valtype_t *types[2];
  wasm_valtype_vec_t params, results = WASM_EMPTY_VEC;
  for (size_t i = 0; i < count; i++) types[i] = wasm_valtype_new(kinds[i]);
  wasm_valtype_vec_new(&params, count, types);
  wasm_functype_t *type = wasm_functype_new(&params, &results);
  define(r, name,
         wasm_func_as_extern(wasmx_func_new_raw(r->store, type, print_nothing, NULL, NULL)));
  wasm_functype_delete(type);
}

static void define_global(Runner *r, const char *name, wasm_valkind_t kind, wasmx_slot_t value) {
  wasm_globaltype_t *type = wasm_globaltype_new(wasm_valtype_new(kind), WASM_CONST);
  define(r, name, wasm_global_as_extern(wasmx_global_new_raw(r->store, type, &value)));
  wasm_globaltype_delete(type);
}

static void define_memory(Runner *r, const char *name, bool is_shared) {
  wasm_memorytype_t *type = wasmx_memorytype_new((wasmx_limits64_t){1, 2}, false, is_shared);
  define(r, name, wasm_memory_as_extern(wasm_memory_new(r->store, type)));
  wasm_memorytype_delete(type);
}

/* The module "spectest" that scripts import from. */
static void define_spectest(Runner *r) {
  static const wasm_valkind_t i32_f32[] = {WASM_I32, WASM_F32}, int64[] = {WASM_I64},
                              float32[] = {WASM_F32}, float64[] = {WASM_F64, WASM_F64};
  define_print(r, "print", 0, NULL);
  define_print(r, "print_i32", 1, i32_f32);
  define_print(r, "print_i64", 1, int64);
  define_print(r, "print_f32", 1, float32);
  define_print(r, "print_f64", 1, float64);
  define_print(r, "print_i32_f32", 2, i32_f32);
  define_print(r, "print_f64_f64", 2, float64);
  define_global(r, "global_i32", WASM_I32, (wasmx_slot_t){.u64 = 666});
  define_global(r, "global_i64", WASM_I64, (wasmx_slot_t){.u64 = 666});
  define_global(r, "global_f32", WASM_F32, (wasmx_slot_t){.u64 = bits_of_f32(666.6f)});
  define_global(r, "global_f64", WASM_F64, (wasmx_slot_t){.f64 = 666.6});
  for (int is_64 = 0; is_64 < 2; is_64++) {
    wasm_tabletype_t *type =
        wasmx_tabletype_new(wasm_valtype_new(WASM_FUNCREF), (wasmx_limits64_t){10, 20}, is_64 != 0);
    define(r, is_64 ? "table64" : "table",
           wasm_table_as_extern(wasm_table_new(r->store, type, NULL)));
    wasm_tabletype_delete(type);
  }
  define_memory(r, "memory", false);
  define_memory(r, "shared_memory", true);
}

bool begin_script(Runner *r, WastScript *script) {
  r->store = wasm_store_new(r->engine);
  r->linker = r->store ? wasmx_linker_new(r->store) : NULL;
  r->refs = (HostRefs){.store = r->store};
  r->script = script;
  if (r->linker) define_spectest(r);
  return r->linker && script;
}

void run_commands(Runner *r, Result *out) {
  WastCommand command;
  while (wm_wast_next(r->script, &command)) {
    r->command = &command;
    run_command(r, out);
  }
  end_threads(r);
}

void end_script(Runner *r) {
  wm_wast_close(r->script);
  free_entries(r->instances.data, r->instances.len);
  free_entries(r->definitions.data, r->definitions.len);
  free_entries(r->refused.data, r->refused.len);
  vec_free(&r->instances);
  vec_free(&r->definitions);
  vec_free(&r->refused);
  host_refs_free(&r->refs);
  if (r->linker) wasmx_linker_delete(r->linker);
  if (r->store) wasm_store_delete(r->store);
}

static bool run_file(Runner *r, Result *out) {
  wasm_byte_vec_t text;
  if (!load_file(r->path, &text)) return false;
  bool ok = begin_script(r, wm_wast_open(text.data, text.size));
  if (ok) run_commands(r, out);
  end_script(r);
  free(text.data);
  if (!ok) complain("out of memory");
  return ok;
}

/* What came of a script: the counts are less those `before` it. */
static void print_file(const Runner *r, const Runner *before) {
  printf("%s: %u passed, %u failed, %u skipped", printable(r->path),
         r->counts.passed - before->counts.passed, r->counts.failed - before->counts.failed,
         r->counts.skipped - before->counts.skipped);
  for (u32 f = 0; f <= FEATURE_COUNT; f++) {
    u32 skipped = r->proposals[f].skipped - before->proposals[f].skipped;
    if (skipped)
      printf(", %s %u", f < FEATURE_COUNT ? wm_feature_name((Feature)f) : "other", skipped);
  }
  printf("\n");
}

static bool run_and_tell(Runner *r, Result *out) {
  Runner before = *r;
  bool ok = run_file(r, out);
  if (r->each_file) print_file(r, &before);
  return ok;
}

static void show_progress(int done, int all, const char *path) {
  enum { WIDTH = 30 };
  char bar[WIDTH + 1] = {0};
  memset(bar, ' ', WIDTH);
  memset(bar, '#', (size_t)(done * WIDTH / all));
  fprintf(stderr, "\r[%s] %d/%d %-40.40s", bar, done, all, done < all ? printable(path) : "");
  if (done == all) fprintf(stderr, "\r%80s\r", "");
}

static void print_compiled(const Runner *r, wasmx_tier_t tier) {
  static const char *const tiers[] = {"auto", "interp", "jit"};
  wasmx_engine_stats_t s = stats_of(r->engine);
  if (tier == WASMX_TIER_INTERP || !s.functions) return;
  printf("%s: %llu functions compiled, %llu interpreted; %llu loops compiled\n", tiers[tier],
         (unsigned long long)s.native_functions,
         (unsigned long long)(s.functions - s.native_functions),
         (unsigned long long)s.native_loops);
}

static void print_counts(const Runner *r, wasmx_tier_t tier) {
  for (u32 f = 0; f <= FEATURE_COUNT; f++)
    if (r->proposals[f].skipped)
      printf("%s: %u skipped\n", f < FEATURE_COUNT ? wm_feature_name((Feature)f) : "other",
             r->proposals[f].skipped);
  print_compiled(r, tier);
  printf("%u passed, %u failed, %u skipped\n", r->counts.passed, r->counts.failed,
         r->counts.skipped);
}

static int check_tier(const Runner *r, wasmx_tier_t tier) {
  wasmx_engine_stats_t s = stats_of(r->engine);
  if (r->expect_compiled && s.native_functions + s.native_loops == 0)
    return complain("nothing was compiled");
  return r->allow_interpreted ? STATUS_OK : check_compiled(r->engine, tier);
}

static int read_options(Runner *r, Options *o, wasm_config_t *config) {
  int status = STATUS_OK;
  while (!status && next_is_option(o)) {
    if (take_flag(o, "--strict"))
      r->strict = true;
    else if (take_flag(o, "--allow-interpreted"))
      r->allow_interpreted = true;
    else if (take_flag(o, "--expect-compiled"))
      r->expect_compiled = true;
    else if (take_flag(o, "--each-file"))
      r->each_file = true;
    else if (!take_engine_option(o, "wast", config, &status))
      status = complain_usage("wast", "unknown option %s", printable(o->argv[o->at]));
  }
  return !status && o->at == o->argc ? complain_usage("wast", "no file given") : status;
}

static int make_engine(Runner *r, Options *o) {
  wasm_config_t *config = wasm_config_new();
  int status = config ? read_options(r, o, config) : complain("out of memory");
  if (status) {
    wasm_config_delete(config);
    return status;
  }
  r->engine = wasm_engine_new_with_config(config);
  return r->engine ? STATUS_OK : complain("out of memory");
}

int wast_main(int argc, char **argv) {
  Runner runner = {0};
  Options o = {.argc = argc, .argv = argv, .at = 1};
  int status = make_engine(&runner, &o);
  if (status) return status;
  int first = o.at;
  bool terminal = isatty(STDERR_FILENO);
  Result *result = malloc(sizeof *result);
  bool ready = result != NULL;
  if (!ready) status = complain("out of memory");
  for (; ready && o.at < argc; o.at++) {
    if (terminal) show_progress(o.at - first, argc - first, argv[o.at]);
    runner.path = argv[o.at];
    if (!run_and_tell(&runner, result)) status = STATUS_FAILED;
  }
  if (terminal) show_progress(1, 1, "");
  print_counts(&runner, o.tier);
  if (check_tier(&runner, o.tier) != STATUS_OK) status = STATUS_FAILED;
  free(result);
  wasm_engine_delete(runner.engine);
  return runner.counts.failed ? STATUS_FAILED : status;
}
