/* `wasm component`: what a component imports and exports, as WIT and as C. */
#include "tools/component_file.h"
#include "tools/component_header.h"

#include <string.h>

static int print_wit(const char *path, const wasmcm_component_t *component) {
  wasm_byte_vec_t text;
  if (!wasmcm_component_wit(component, &text))
    return complain("%s: its types are too many to be printed", printable(path));
  int status = write_file("-", &text);
  wasm_byte_vec_delete(&text);
  return status;
}

static int write_header(const wasmcm_component_t *component, const HeaderOptions *o) {
  wasm_byte_vec_t text;
  size_t parts;
  if (!make_component_header(component, o, &text, &parts)) return complain("out of memory");
  int status = parts || !o->interface ? write_file(o->output ? o->output : "-", &text)
                                      : complain("%s has no interface %s", printable(o->path),
                                                 printable(o->interface));
  wasm_byte_vec_delete(&text);
  return status;
}

/* `options` NULL: WIT. */
static int tell_input(const char *path, Input *input, const HeaderOptions *options) {
  wasm_engine_t *engine = wasm_engine_new();
  wasmcm_component_t *component = engine ? component_of_input(engine, path, input) : NULL;
  if (!engine) complain("out of memory");
  int status = !component ? STATUS_FAILED
               : options  ? write_header(component, options)
                          : print_wit(path, component);
  wasmcm_component_delete(component);
  wasm_engine_delete(engine);
  return status;
}

static int tell_file(const char *path, const HeaderOptions *options) {
  Input input;
  if (!load_input(path, &input)) return STATUS_FAILED;
  int status = input.is_component ? tell_input(path, &input, options)
                                  : complain("%s is no component", printable(path));
  free_input(&input);
  return status;
}

/* False: it is none of the options; *status is what was wrong with it. */
static bool take_header_option(Options *o, HeaderOptions *options, int *status) {
  const char **const values[] = {&options->output, &options->prefix, &options->interface};
  static const char *const names[] = {"-o", "--prefix", "--interface"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (!take_option(o, names[i], values[i])) continue;
    if (!*values[i]) *status = complain_usage("component", "%s needs a value", names[i]);
    return true;
  }
  return false;
}

/* A name that C names can begin with. */
static bool is_prefix(const char *text) {
  const char *rest = text + strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
  return rest > text &&
         !rest[strspn(rest, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")];
}

static int header_main(int argc, char **argv) {
  Options o = {.argc = argc, .argv = argv, .at = 2};
  HeaderOptions options = {0};
  int status = STATUS_OK;
  while (!status && o.at < argc) {
    if (!next_is_option(&o)) {
      if (o.at == argc) break;
      if (options.path) return complain_usage("component", "one file is wanted");
      options.path = argv[o.at++];
    } else if (!take_header_option(&o, &options, &status)) {
      status = complain_usage("component", "unknown option %s", printable(argv[o.at]));
    }
  }
  if (status) return status;
  if (!options.path) return complain_usage("component", "no file given");
  if (options.prefix && !is_prefix(options.prefix))
    return complain_usage("component", "--prefix %s is no C name", printable(options.prefix));
  return tell_file(options.path, &options);
}

int component_main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "header") == 0) return header_main(argc, argv);
  if (argc != 3 || strcmp(argv[1], "wit") != 0)
    return complain_usage("component", "'wit FILE' or 'header FILE' is what there is");
  return tell_file(argv[2], NULL);
}
