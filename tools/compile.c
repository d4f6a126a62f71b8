/* `wasm compile` and `wasm cache`. */
#include "engine/cache.h"
#include "os/os_file.h"
#include "tools/tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- compile ---- */

typedef struct Job {
  const char *path, *output;
  wasm_config_t *config; /* owned until the engine is made */
} Job;

static int read_options(Job *job, int argc, char **argv) {
  Options o = {.argc = argc, .argv = argv, .at = 1};
  int status = STATUS_OK;
  while (!status && o.at < argc) {
    if (!next_is_option(&o)) {
      if (o.at == argc) break;
      if (job->path) return complain_usage("compile", "one file is wanted");
      job->path = argv[o.at++];
    } else if (take_option(&o, "-o", &job->output)) {
      if (!job->output) return complain_usage("compile", "-o needs a file");
    } else if (!take_engine_option(&o, "compile", job->config, &status)) {
      status = complain_usage("compile", "unknown option %s", printable(argv[o.at]));
    }
  }
  return status || job->path ? status : complain_usage("compile", "no file given");
}

/* FILE.wasmjit for FILE.wasm and FILE.wat, else FILE with .wasmjit added; owned. */
static char *output_name(const char *path) {
  size_t len = strlen(path); /* NOLINT(*.NonNullParamChecker): a file was given */
  if (len > 5 && strcmp(path + len - 5, ".wasm") == 0)
    len -= 5;
  else if (len > 4 && strcmp(path + len - 4, ".wat") == 0)
    len -= 4;
  char *name = malloc(len + sizeof CACHE_SUFFIX);
  if (!name) return NULL;
  memcpy(name, path, len);
  memcpy(name + len, CACHE_SUFFIX, sizeof CACHE_SUFFIX);
  return name;
}

static int serialize_module(wasm_engine_t *engine, const char *path, Input *input,
                            wasm_byte_vec_t *out) {
  wasm_store_t *store = wasm_store_new(engine);
  wasm_module_t *module = store ? module_of_input(store, path, input) : NULL;
  if (!store) complain("out of memory");
  if (!store) free_input(input);
  int status = module ? STATUS_OK : STATUS_FAILED;
  if (module) wasm_module_serialize(module, out);
  if (module && !out->data) status = complain("out of memory");
  wasm_module_delete(module);
  wasm_store_delete(store);
  return status;
}

static int write_compiled(const Job *job, const wasm_byte_vec_t *bytes) {
  char *made = job->output ? NULL : output_name(job->path);
  const char *name = job->output ? job->output : made;
  int status = name ? write_file(name, bytes) : complain("out of memory");
  free(made);
  return status;
}

static int compile(const Job *job, wasm_engine_t *engine) {
  Input input;
  wasm_byte_vec_t bytes = {0, NULL};
  if (!load_input(job->path, &input)) return STATUS_FAILED;
  int status = input.is_component ? serialize_component(engine, job->path, &input, &bytes)
                                  : serialize_module(engine, job->path, &input, &bytes);
  if (!status) status = write_compiled(job, &bytes);
  /* What is left to the interpreter is not wrong, but no secret. */
  if (!status) check_compiled(engine, WASMX_TIER_JIT);
  wasm_byte_vec_delete(&bytes);
  return status;
}

int compile_main(int argc, char **argv) {
  Job job = {.config = wasm_config_new()};
  if (!job.config) return complain("out of memory");
  int status = STATUS_OK;
  if (!wasmx_config_set_tier(job.config, WASMX_TIER_JIT))
    status = complain("%s", wasmx_last_error()->message);
  if (!status) status = read_options(&job, argc, argv);
  if (status) {
    wasm_config_delete(job.config);
    return status;
  }
  wasm_engine_t *engine = wasm_engine_new_with_config(job.config);
  status = engine ? compile(&job, engine) : complain("out of memory");
  wasm_engine_delete(engine);
  return status;
}

/* ---- cache ---- */

typedef struct Sum {
  uint64_t files, bytes;
  bool quiet;
} Sum;

static void print_file(void *env, const FileInfo *info) {
  Sum *sum = env;
  char when[32] = "?";
  time_t used = (time_t)info->used;
  struct tm local;
  if (localtime_r(&used, &local)) strftime(when, sizeof when, "%Y-%m-%d %H:%M", &local);
  sum->files++;
  sum->bytes += info->size_bytes;
  printf("%12llu  %s  %s\n", (unsigned long long)info->size_bytes, when, printable(info->name));
}

int cache_main(int argc, char **argv) {
  char folder[CACHE_PATH_BYTES];
  Options o = {.argc = argc, .argv = argv, .at = 1};
  const char *given = NULL;
  const char *verb = o.at < argc && argv[o.at][0] != '-' ? argv[o.at++] : NULL;
  while (next_is_option(&o))
    if (!take_option(&o, "--cache-dir", &given) || !given)
      return complain_usage("cache", "unknown option %s", printable(argv[o.at - (o.at == argc)]));
  bool list = verb && strcmp(verb, "list") == 0, clean = verb && strcmp(verb, "clean") == 0;
  if (!list && !clean) return complain_usage("cache", "list or clean is wanted");
  if (given ? snprintf(folder, sizeof folder, "%s", given) >= (int)sizeof folder
            : !wm_os_cache_folder(folder, sizeof folder))
    return complain("there is no folder for the cache: set HOME, or name one with --cache-dir");
  if (clean) {
    printf("%u files removed from %s\n", wm_cache_trim(folder, 0), printable(folder));
    return STATUS_OK;
  }
  Sum sum = {0};
  wm_os_list_folder(folder, print_file, &sum);
  printf("%llu files, %llu bytes in %s\n", (unsigned long long)sum.files,
         (unsigned long long)sum.bytes, printable(folder));
  return STATUS_OK;
}
