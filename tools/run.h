/* A program and what it is given: what `wasm run` and `wasm snapshot` share (run.c). */
#ifndef WASM_TOOL_RUN_H
#define WASM_TOOL_RUN_H

#include "tools/tool.h"

#include <wasi.h>

typedef struct RunComponent RunComponent; /* run_component.c, or run_no_component.c */

typedef struct Run {
  const char *path, *invoke; /* invoke: NULL is _start */
  const char *argv0;         /* what the guest is told of its name; NULL: path */
  const char *policy;        /* a file that says what is given; NULL: options do */
  bool precompiled;          /* the file is from `wasm compile` */
  bool takes_components;     /* as well as modules */
  bool traps_unknown;        /* imports that are not there are functions that trap */
  bool stats, gc_stats;      /* to be printed */
  bool terminal;             /* the program may use it: options or the policy say so */
  Options options;
  char **args; /* of the guest, without its name */
  int arg_count;
  wasmx_limits_t limits;
  uint64_t fuel, timeout_ns;    /* 0: no limit */
  wasm_config_t *engine_config; /* owned until the engine is made */
  wasi_config_t *config;        /* owned until the context is made */

  wasm_engine_t *engine;
  wasm_store_t *store;
  wasm_module_t *module;
  wasi_ctx_t *wasi;
  wasmx_linker_t *linker;
  wasm_instance_t *instance;
  RunComponent *component; /* owned; NULL: it is a module */
} Run;

/* Each gives STATUS_OK, or what was said. run_tear_down is due after run_begin in any case. */
int run_begin(Run *run);
int run_read_option(Run *run); /* the next one of run->options */
/* The file that is next, and its arguments behind it. */
int run_take_file(Run *run);
/* Engine, store, module, WASI, linker. */
int run_set_up(Run *run);
void run_tear_down(Run *run);

/* The same for a component; frees the input. */
int run_set_up_component(Run *run, Input *input);
/* Instantiates it and calls run of wasi:cli/run. */
int run_component(Run *run);
void run_drop_component(RunComponent *component);

/* What the end of a call, by a trap or not, means for the exit status; prints traps that are no
 * exit. All threads end with it. */
int run_end_of(const Run *run, wasm_trap_t *trap);
/* There is nothing to start: says what there is. */
int run_list_exports(const Run *run, const char *wanted);

#endif
