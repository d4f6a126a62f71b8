/* `wasm run`: a program under WASI, or one function of a module. */
#include "tools/run.h"

#include "tools/run_determinism.h"
#include "tools/run_dirs.h"
#include "tools/run_net.h"
#include "tools/run_terminal.h"
#include "tools/tool.h"

#include "base/error.h"
#include "base/quantity.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- options ---- */

/* K=V, or K for the value it has here (if any). */
static int add_env(Run *run, const char *spec) {
  const char *equals = strchr(spec, '=');
  if (equals == spec || !*spec) return complain_usage("run", "--env wants NAME or NAME=VALUE");
  char *name = strndup(spec, equals ? (size_t)(equals - spec) : strlen(spec));
  if (!name) return complain("out of memory");
  bool added = wasi_config_add_env(run->config, name, equals ? equals + 1 : NULL);
  free(name);
  return added ? STATUS_OK : complain_usage("run", "the environment is not UTF-8");
}

static int add_env_file(Run *run, const char *path) {
  wasmx_error_t err = {.size = sizeof err};
  if (wasi_config_add_env_file(run->config, path, &err)) return STATUS_OK;
  return complain("%s: %s", printable(path), err.message);
}

static int set_max_memory(Run *run, const char *text) {
  if (wm_quantity_size(text, &run->limits.total_bytes)) return STATUS_OK;
  return complain_usage("run", "--max-memory wants a size such as 64M");
}

static int set_max_heap(Run *run, const char *text) {
  if (wm_quantity_size(text, &run->limits.heap_bytes) && run->limits.heap_bytes) return STATUS_OK;
  return complain_usage("run", "--max-heap wants a size such as 64M");
}

static int set_max_elements(Run *run, const char *text) {
  if (wm_quantity_number(text, &run->limits.table_elements)) return STATUS_OK;
  return complain_usage("run", "--max-table-elements wants a number");
}

static int set_max_threads(Run *run, const char *text) {
  uint64_t count;
  if (!wm_quantity_number(text, &count))
    return complain_usage("run", "--max-threads wants a number");
  wasi_config_set_max_threads(run->config, count);
  return STATUS_OK;
}

static int set_fuel(Run *run, const char *text) {
  if (!wm_quantity_number(text, &run->fuel) || run->fuel == 0)
    return complain_usage("run", "--fuel wants a number of instructions");
  wasmx_config_set_fuel(run->engine_config, true);
  return STATUS_OK;
}

static int set_timeout(Run *run, const char *text) {
  if (wm_quantity_seconds(text, &run->timeout_ns)) return STATUS_OK;
  return complain_usage("run", "--timeout wants seconds, such as 2.5");
}

/* Without a cache programs run as well. */
static int set_cache(Run *run, const char *folder) {
  if (!wasmx_config_set_cache(run->engine_config, folder))
    complain("%s; going on without a cache", wasmx_last_error()->message);
  return STATUS_OK;
}

static int set_cache_limit(Run *run, const char *text) {
  uint64_t bytes;
  if (!wm_quantity_size(text, &bytes))
    return complain_usage("run", "--cache-limit wants a size, such as 512M");
  wasmx_config_set_cache_limit(run->engine_config, bytes);
  return STATUS_OK;
}

/* A port that the system chose is told, or nobody would find it. */
static int add_listener(Run *run, const char *address) {
  wasmx_error_t err = {.size = sizeof err};
  char actual[128];
  if (!wasi_config_preopen_listener(run->config, address, &err))
    return complain("cannot listen at %s: %s", printable(address), err.message);
  size_t last = wasi_config_socket_count(run->config) - 1;
  if (wasi_config_socket_address(run->config, last, actual, sizeof actual) &&
      strcmp(actual, address) != 0)
    complain("listening at %s", printable(actual));
  return STATUS_OK;
}

static int add_listen_fds(Run *run) {
  wasmx_error_t err = {.size = sizeof err};
  if (wasi_config_inherit_listen_fds(run->config, &err)) return STATUS_OK;
  return complain("--listen-fds: %s", err.message);
}

static int set_resolver(Run *run, const char *name) {
  static const char *const names[] = {"auto", "openat2", "walker"};
  for (int i = 0; i < 3; i++) {
    if (strcmp(name, names[i]) != 0) continue;
    wasi_config_set_resolver(run->config, i);
    return STATUS_OK;
  }
  return complain_usage("run", "--resolver wants auto, openat2 or walker");
}

static int give_dir(Run *run, const char *spec) { return add_dir(run->config, spec); }
static int give_mapped_dir(Run *run, const char *spec) { return add_mapped_dir(run->config, spec); }
static int give_net(Run *run, const char *grant) { return add_net(run->config, grant); }
static int give_mount(Run *run, const char *spec) { return add_mount(run->config, spec); }
static int give_overlay(Run *run, const char *spec) { return add_overlay(run->config, spec); }
static int give_archive(Run *run, const char *spec) { return add_archive(run->config, spec); }

static int set_audit(Run *run, const char *path) {
  if (wasi_config_set_audit_file(run->config, path)) return STATUS_OK;
  return complain("cannot open %s: %s", printable(path), strerror(errno));
}

static int set_record(Run *run, const char *path) {
  if (wasi_config_record(run->config, path)) return STATUS_OK;
  return complain("cannot write %s: %s", printable(path), strerror(errno));
}

static int set_replay(Run *run, const char *path) {
  if (wasi_config_replay(run->config, path)) return STATUS_OK;
  return complain("cannot replay %s: %s", printable(path),
                  errno == EILSEQ ? "it is no recording" : strerror(errno));
}

static int set_policy(Run *run, const char *path) {
  run->policy = path;
  return STATUS_OK;
}

static int give_terminal(Run *run) {
  wasi_config_grant_terminal(run->config, true);
  if (add_terminal_env(run->config)) return STATUS_OK;
  return complain_usage("run", "the environment is not UTF-8");
}

static int set_argv0(Run *run, const char *name) {
  run->argv0 = name;
  return STATUS_OK;
}

static int set_invoke(Run *run, const char *name) {
  run->invoke = name;
  return STATUS_OK;
}

/* Options that have a value. */
static const struct {
  const char *name;
  int (*set)(Run *run, const char *value);
} options[] = {
    {"--archive", give_archive},
    {"--argv0", set_argv0},
    {"--audit", set_audit},
    {"--cache-dir", set_cache},
    {"--cache-limit", set_cache_limit},
    {"--dir", give_dir},
    {"--env", add_env},
    {"--env-file", add_env_file},
    {"--fuel", set_fuel},
    {"--invoke", set_invoke},
    {"--mapdir", give_mapped_dir},
    {"--max-heap", set_max_heap},
    {"--max-memory", set_max_memory},
    {"--max-table-elements", set_max_elements},
    {"--max-threads", set_max_threads},
    {"--mount", give_mount},
    {"--net", give_net},
    {"--overlay", give_overlay},
    {"--policy", set_policy},
    {"--record", set_record},
    {"--replay", set_replay},
    {"--resolver", set_resolver},
    {"--tcplisten", add_listener},
    {"--timeout", set_timeout},
};

int run_read_option(Run *run) {
  Options *o = &run->options;
  const char *name = o->argv[o->at], *value;
  int status;
  if (take_engine_option(o, "run", run->engine_config, &status)) return status;
  if (take_determinism_option(o, run->config, run->engine_config, &status)) return status;
  if (take_flag(o, "--precompiled")) return run->precompiled = true, STATUS_OK;
  if (take_flag(o, "--stats")) return run->stats = true, STATUS_OK;
  if (take_flag(o, "--gc-stats")) return run->gc_stats = true, STATUS_OK;
  if (take_flag(o, "--unknown-imports-trap")) return run->traps_unknown = true, STATUS_OK;
  if (take_flag(o, "--terminal")) return give_terminal(run);
  if (take_flag(o, "--inherit-env")) return wasi_config_inherit_env(run->config), STATUS_OK;
  if (take_flag(o, "--listen-fds")) return add_listen_fds(run);
  if (take_flag(o, "--cache")) return set_cache(run, NULL);
  for (size_t i = 0; i < ARRAY_LEN(options); i++) {
    if (!take_option(o, options[i].name, &value)) continue;
    return value ? options[i].set(run, value)
                 : complain_usage("run", "%s needs a value", printable(name));
  }
  return complain_usage("run", "unknown option %s", printable(name));
}

/* Its limits are for what options leave open. */
static int load_policy(Run *run) {
  wasmx_error_t err = {.size = sizeof err};
  wasi_limits_t limits = {.size = sizeof limits};
  settle_lookups();
  if (!wasi_config_load_policy(run->config, run->policy, &err))
    return complain("%s", printable(err.message));
  wasi_config_limits(run->config, &limits);
  if (limits.memory_bytes) run->limits.total_bytes = limits.memory_bytes;
  if (limits.table_elements) run->limits.table_elements = limits.table_elements;
  if (limits.deadline_ns && !run->timeout_ns) run->timeout_ns = limits.deadline_ns;
  if (limits.fuel && !run->fuel) run->fuel = limits.fuel;
  if (run->fuel) wasmx_config_set_fuel(run->engine_config, true);
  return STATUS_OK;
}

int run_take_file(Run *run) {
  Options *o = &run->options;
  char **argv = o->argv;
  int argc = o->argc;
  if (!run->policy) wasi_config_inherit_stdio(run->config); /* else it says what there is */
  run->path = argv[o->at];
  run->args = argv + o->at + 1;
  run->arg_count = argc - o->at - 1;
  if (run->argv0) argv[o->at] = (char *)(uintptr_t)run->argv0;
  /* The guest's arguments start with its name; with --invoke the rest goes to the function. */
  size_t count = run->invoke ? 1 : (size_t)run->arg_count + 1;
  if (!wasi_config_set_argv(run->config, count, (const char **)(argv + o->at)))
    return complain_usage("run", "the arguments are not UTF-8");
  return run->policy ? load_policy(run) : STATUS_OK;
}

static int read_arguments(Run *run, int argc, char **argv) {
  Options *o = &run->options;
  *o = (Options){.argc = argc, .argv = argv, .at = 1};
  while (next_is_option(o)) {
    int status = run_read_option(run);
    if (status) return status;
  }
  if (o->at == argc) return complain_usage("run", "no file given");
  return run_take_file(run);
}

/* ---- ends ---- */

int run_end_of(const Run *run, wasm_trap_t *trap) {
  int status;
  trap = wasi_ctx_end_threads(run->wasi, trap);
  release_terminal(run->wasi);
  if (!trap) return STATUS_OK;
  if (!wasmx_trap_exit_status(trap, &status)) {
    wasm_byte_vec_t text;
    wasmx_trap_print(trap, &text);
    while (text.size && text.data[text.size - 1] == '\n') text.size--;
    complain("%.*s", (int)text.size, text.data);
    wasm_byte_vec_delete(&text);
    status = STATUS_TRAP;
  }
  wasm_trap_delete(trap);
  return status & 0xff;
}

static void print_type(const wasm_valtype_vec_t *types) {
  for (size_t i = 0; i < types->size; i++)
    fprintf(stderr, "%s%s", i ? " " : "", kind_name(wasm_valtype_kind(types->data[i])));
}

static void print_export(const wasm_exporttype_t *export) {
  static const char *const kinds[] = {"func", "global", "table", "memory", "tag"};
  const wasm_externtype_t *type = wasm_exporttype_type(export);
  const wasm_name_t *name = wasm_exporttype_name(export);
  char text[512];
  size_t kind = wasm_externtype_kind(type);
  fprintf(stderr, "  %-6s %s", kind < 5 ? kinds[kind] : "extern",
          wm_escape(text, sizeof text, name->data, name->size));
  const wasm_functype_t *func = wasm_externtype_as_functype_const(type);
  if (func) {
    fprintf(stderr, " (");
    print_type(wasm_functype_params(func));
    fprintf(stderr, ") -> (");
    print_type(wasm_functype_results(func));
    fprintf(stderr, ")");
  }
  fprintf(stderr, "\n");
}

int run_list_exports(const Run *run, const char *wanted) {
  wasm_exporttype_vec_t exports;
  wasm_module_exports(run->module, &exports);
  complain("%s: %s; %s", printable(run->path), wanted,
           exports.size ? "it exports:" : "it exports nothing");
  for (size_t i = 0; i < exports.size; i++) print_export(exports.data[i]);
  wasm_exporttype_vec_delete(&exports);
  return STATUS_FAILED;
}

/* ---- running ---- */

/* Reads the arguments, one for each parameter. */
static int fill_slots(const Run *run, const wasm_valtype_vec_t *params, wasmx_slot_t *slots) {
  if (params->size != (size_t)run->arg_count)
    return complain_usage("run", "%s takes %zu arguments, %d given", printable(run->invoke),
                          params->size, run->arg_count);
  for (size_t i = 0, at = 0; i < params->size; i++) {
    wasm_valkind_t kind = wasm_valtype_kind(params->data[i]);
    if (!value_of_text(run->args[i], kind, slots + at))
      return complain_usage("run", "argument %zu: %s is no %s", i + 1, printable(run->args[i]),
                            kind_name(kind));
    at += kind == WASMX_V128 ? 2 : 1;
  }
  return STATUS_OK;
}

static int call_and_print(const Run *run, const wasm_func_t *func, const wasm_functype_t *type) {
  size_t params = wasmx_func_param_slots(func), results = wasmx_func_result_slots(func);
  wasmx_slot_t *slots = calloc((params > results ? params : results) + 1, sizeof *slots);
  if (!slots) return complain("out of memory");
  int status = fill_slots(run, wasm_functype_params(type), slots);
  if (!status) status = run_end_of(run, wasmx_func_call_raw(func, slots));
  const wasm_valtype_vec_t *kinds = wasm_functype_results(type);
  if (!status)
    for (size_t i = 0, at = 0; i < kinds->size; i++)
      at += print_value(slots + at, wasm_valtype_kind(kinds->data[i]));
  free(slots);
  if (fflush(stdout)) return complain("cannot write results: %s", strerror(errno));
  return status;
}

static int invoke(Run *run) {
  wasm_func_t *func = wasmx_instance_func(run->instance, run->invoke);
  wasm_functype_t *type = func ? wasm_func_type(func) : NULL;
  int status;
  if (!func) {
    char wanted[128];
    snprintf(wanted, sizeof wanted, "there is no function '%s'", printable(run->invoke));
    status = run_list_exports(run, wanted);
  } else {
    status = type ? call_and_print(run, func, type) : complain("out of memory");
  }
  wasm_functype_delete(type);
  wasm_func_delete(func);
  return status;
}

static bool exports_func(const Run *run, const char *name) {
  wasm_func_t *func = wasmx_instance_func(run->instance, name);
  wasm_func_delete(func);
  return func != NULL;
}

/* Runs _start or _initialize. *ended: by a trap or an exit, even one of status 0. */
static int run_entry(const Run *run, bool *ended) {
  wasm_trap_t *trap;
  *ended = true;
  if (!wasi_start(run->instance, &trap, NULL))
    return run_list_exports(run, "_start and _initialize take and give nothing");
  *ended = trap != NULL;
  return trap || !run->invoke ? run_end_of(run, trap) : STATUS_OK; /* else it goes on */
}

/* A reactor is ready for calls once it is initialized. */
static int initialize_and_invoke(Run *run) {
  bool ended;
  int status = run_entry(run, &ended);
  return ended ? status : invoke(run);
}

/* A command's _start, or what --invoke names. */
static int start(Run *run) {
  bool is_command = exports_func(run, "_start");
  bool is_reactor = !is_command && exports_func(run, "_initialize");
  if (run->invoke) return is_reactor ? initialize_and_invoke(run) : invoke(run);
  if (!is_command && !is_reactor)
    return run_list_exports(run, "there is no _start to run (use --invoke)");
  bool ended;
  return run_entry(run, &ended);
}

static bool set_limits(const Run *run) {
  return wasmx_store_set_limits(run->store, &run->limits) &&
         (!run->fuel || wasmx_store_set_fuel(run->store, run->fuel)) &&
         (!run->timeout_ns || wasmx_store_set_deadline(run->store, run->timeout_ns));
}

/* Compiles a module; a component is left in *input. */
static int take_file(Run *run, Input *input) {
  if (run->takes_components && !run->precompiled && !load_input(run->path, input))
    return STATUS_FAILED;
  input->is_compiled =
      run->takes_components && run->precompiled && names_compiled_component(run->path);
  if (input->is_component || input->is_compiled) return STATUS_OK;
  if (run->precompiled)
    run->module = load_precompiled(run->store, run->path);
  else
    run->module = run->takes_components ? module_of_input(run->store, run->path, input)
                                        : load_module(run->store, run->path);
  return run->module ? STATUS_OK : STATUS_FAILED;
}

int run_set_up(Run *run) {
  Input input = {0};
  wasmx_error_t err = {.size = sizeof err};
  wasmx_config_set_demangle(run->engine_config, demangle);
  run->engine = wasm_engine_new_with_config(run->engine_config);
  run->engine_config = NULL;
  run->store = run->engine ? wasm_store_new(run->engine) : NULL;
  if (!run->store || !set_limits(run)) return complain("out of memory");
  int status = take_file(run, &input);
  if (status) return status;
  run->terminal = wasi_config_grants_terminal(run->config);
  run->wasi = wasi_ctx_new(run->store, run->config, &err);
  run->config = NULL;
  if (!run->wasi) free_input(&input);
  if (!run->wasi) return complain("%s", err.message);
  if (input.is_component || input.is_compiled) return run_set_up_component(run, &input);
  run->linker = wasmx_linker_new(run->store);
  if (!run->linker || !wasi_ctx_define_for(run->wasi, run->linker, run->module) ||
      !wasi_ctx_define_terminal(run->wasi, run->linker, run->module, run->terminal) ||
      (run->terminal && !guard_terminal(run->store)))
    return complain("out of memory");
  if (wasi_ctx_define_threads(run->wasi, run->linker, run->module, &err)) return STATUS_OK;
  return complain("%s", err.message);
}

static int instantiate_and_start(Run *run) {
  if (run->component) return run_component(run);
  wasmx_error_t err = {.size = sizeof err};
  wasm_trap_t *trap = NULL;
  run->instance = wasmx_linker_instantiate(run->linker, run->module, &trap, &err);
  if (run->instance) return start(run);
  return trap ? run_end_of(run, trap) : complain_error(run->path, &err);
}

void run_tear_down(Run *run) {
  run_drop_component(run->component);
  wasm_instance_delete(run->instance);
  wasmx_linker_delete(run->linker);
  wasi_ctx_delete(run->wasi);
  wasm_module_delete(run->module);
  wasm_store_delete(run->store);
  wasm_engine_delete(run->engine);
  wasm_config_delete(run->engine_config);
  wasi_config_delete(run->config);
}

/* The statistics that were asked for; the compiler's own checks make a failure of theirs. */
static int show_stats(const Run *run) {
  if (run->stats) {
    print_stats(run->engine, stderr);
    if (run->fuel)
      fprintf(stderr, "fuel:       %llu of %llu burnt\n",
              (unsigned long long)(run->fuel - wasmx_store_fuel(run->store)),
              (unsigned long long)run->fuel);
  }
  if (run->gc_stats) print_heap_stats(run->store, stderr);
  return run->options.verifies ? check_compiled(run->engine, run->options.tier) : STATUS_OK;
}

int run_begin(Run *run) {
  *run = (Run){.engine_config = wasm_config_new(), .config = wasi_config_new()};
  memset(&run->limits, 0xff, sizeof run->limits); /* none */
  run->limits.size = sizeof run->limits;
  if (!run->config || !run->engine_config) return complain("out of memory");
  wasi_config_raise_sigpipe(run->config, true);
  return STATUS_OK;
}

int run_main(int argc, char **argv) {
  Run run;
  int status = run_begin(&run);
  run.takes_components = true;
  if (!status) status = read_arguments(&run, argc, argv);
  if (!status) status = run_set_up(&run);
  if (!status) {
    status = instantiate_and_start(&run);
    if (show_stats(&run) != STATUS_OK) status = STATUS_FAILED;
  }
  run_tear_down(&run);
  return status;
}
