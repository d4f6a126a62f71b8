/* `wasm snapshot`: runs a module's initializer once and writes what it made as a module. */
#include "tools/run.h"
#include "tools/tool.h"

#include <stdlib.h>
#include <string.h>

typedef struct Taking {
  Run run;
  const char *output, *init;
  bool keeps_init;
  wasmx_export_change_t *changes; /* owned; names borrowed from argv */
  size_t change_count;
} Taking;

static const char default_init[] = "wizer.initialize", reactor_init[] = "_initialize";

/* ---- options ---- */

static void add_change(Taking *t, const char *from, const char *to) {
  t->changes[t->change_count++] = (wasmx_export_change_t){from, to};
}

/* NEW=OLD: cut in argv. */
static int add_rename(Taking *t, const char *text) {
  char *equals = strchr((char *)(uintptr_t)text, '=');
  if (!equals || equals == text || !equals[1])
    return complain_usage("snapshot", "--rename-func wants NEW=OLD");
  *equals = 0;
  add_change(t, equals + 1, text);
  return STATUS_OK;
}

static int take_own_option(Taking *t, bool *taken) {
  Options *o = &t->run.options;
  const char *value = "", *name = o->argv[o->at];
  *taken = true;
  if (take_flag(o, "--keep-init")) {
    t->keeps_init = true;
  } else if (take_option(o, "-o", &value) || take_option(o, "--output", &value)) {
    t->output = value;
  } else if (take_option(o, "--init", &value)) {
    t->init = value;
  } else if (take_option(o, "--rename-func", &value)) {
    if (value) return add_rename(t, value);
  } else {
    *taken = false;
  }
  return value ? STATUS_OK : complain_usage("snapshot", "%s needs a value", printable(name));
}

static int take_snapshot_option(Taking *t) {
  bool taken;
  int status = take_own_option(t, &taken);
  return taken ? status : run_read_option(&t->run);
}

/* The file and what follows it are gathered at the front of argv, over what was read. */
static int read_options(Taking *t, int argc, char **argv) {
  Options *o = &t->run.options;
  int count = 1;
  *o = (Options){.argc = argc, .argv = argv, .at = 1};
  while (o->at < argc) {
    if (next_is_option(o)) {
      int status = take_snapshot_option(t);
      if (status) return status;
    } else if (o->at < argc) {
      argv[count++] = argv[o->at++];
    }
  }
  o->argc = count;
  o->at = 1;
  if (count == 1) return complain_usage("snapshot", "no file given");
  if (!t->output)
    return complain_usage("snapshot", "no output given: -o FILE, or -o - for standard output");
  return run_take_file(&t->run);
}

/* ---- initializers ---- */

static bool has_func(const Run *run, const char *name) {
  wasm_func_t *func = wasmx_instance_func(run->instance, name);
  wasm_func_delete(func);
  return func != NULL;
}

/* Also an exit is an end: there is no program to go on with. */
static int call_init(const Run *run, const char *name) {
  wasm_func_t *func = wasmx_instance_func(run->instance, name);
  bool fits = func && !wasm_func_param_arity(func) && !wasm_func_result_arity(func);
  wasmx_slot_t none[1] = {{.u64 = 0}};
  wasm_trap_t *trap = fits ? wasmx_func_call_raw(func, none) : NULL;
  wasm_func_delete(func);
  if (fits && !trap) return STATUS_OK;
  if (trap) {
    int status = run_end_of(run, trap);
    return status ? status : complain("%s ended the program", printable(name));
  }
  char wanted[160];
  snprintf(wanted, sizeof wanted, "there is no function '%s' without parameters and results%s",
           printable(name), name == default_init ? " (use --init)" : "");
  return run_list_exports(run, wanted);
}

/* A reactor's own comes first. */
static int initialize(Taking *t) {
  bool is_reactor = has_func(&t->run, reactor_init) && strcmp(t->init, reactor_init) != 0;
  int status = is_reactor ? call_init(&t->run, reactor_init) : STATUS_OK;
  if (!status) status = call_init(&t->run, t->init);
  if (status || t->keeps_init) return status;
  if (is_reactor) add_change(t, reactor_init, NULL);
  add_change(t, t->init, NULL);
  return STATUS_OK;
}

/* ---- all of it ---- */

static int instantiate(Run *run) {
  wasmx_error_t err = {.size = sizeof err};
  wasm_trap_t *trap = NULL;
  run->instance = wasmx_linker_instantiate(run->linker, run->module, &trap, &err);
  if (run->instance) return STATUS_OK;
  return trap ? run_end_of(run, trap) : complain_error(run->path, &err);
}

static int write_snapshot(const Taking *t) {
  wasmx_error_t err = {.size = sizeof err};
  wasmx_snapshot_options_t options = {sizeof options, t->changes, t->change_count};
  wasm_byte_vec_t bytes;
  wasm_trap_t *trap = wasi_ctx_end_threads(t->run.wasi, NULL);
  if (trap) return run_end_of(&t->run, trap);
  if (!wasmx_instance_snapshot(t->run.instance, &options, &bytes, &err))
    return complain("%s: %s", printable(t->run.path), err.message);
  int status = write_file(t->output, &bytes);
  wasm_byte_vec_delete(&bytes);
  return status;
}

static int take(Taking *t) {
  int status = run_set_up(&t->run);
  if (!status) status = instantiate(&t->run);
  if (!status) status = initialize(t);
  if (!status) status = write_snapshot(t);
  return status;
}

int snapshot_main(int argc, char **argv) {
  Taking t = {.init = default_init, .changes = calloc((size_t)argc + 2, sizeof *t.changes)};
  int status = run_begin(&t.run);
  if (!t.changes) status = complain("out of memory");
  if (!status) status = read_options(&t, argc, argv);
  if (!status) status = take(&t);
  run_tear_down(&t.run);
  free(t.changes);
  return status;
}
