/* `wasm print`: a module as text. */
#include "tools/load_decoded.h"
#include "tools/tool.h"

#include <stdlib.h>
#include <string.h>

typedef struct Print {
  const char *path, *output;
  uint32_t flags;
} Print;

static bool take_print_flag(Options *o, Print *print) {
  static const struct {
    const char *name;
    uint32_t flag;
  } flags[] = {{"--fold", WASMX_PRINT_FOLDED},
               {"--no-names", WASMX_PRINT_NO_NAMES},
               {"--offsets", WASMX_PRINT_OFFSETS}};
  for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
    if (!take_flag(o, flags[i].name)) continue;
    print->flags |= flags[i].flag;
    return true;
  }
  return false;
}

static int read_options(int argc, char **argv, Print *print) {
  Options o = {.argc = argc, .argv = argv, .at = 1};
  while (o.at < argc) {
    if (next_is_option(&o)) {
      if (take_print_flag(&o, print)) continue;
      if (!take_option(&o, "-o", &print->output) && !take_option(&o, "--output", &print->output))
        return complain_usage("print", "unknown option %s", printable(argv[o.at]));
      if (!print->output) return complain_usage("print", "-o needs a file name");
    } else if (o.at < argc) {
      if (print->path) return complain_usage("print", "one file at a time");
      print->path = argv[o.at++];
    }
  }
  return print->path ? STATUS_OK : complain_usage("print", "no file given");
}

int print_main(int argc, char **argv) {
  Print print = {.output = "-"};
  wasm_byte_vec_t binary, text;
  wasmx_error_t err = {.size = sizeof err};
  int status = read_options(argc, argv, &print);
  if (status) return status;
  if (!load_binary(print.path, &binary)) return STATUS_FAILED;
  bool ok = wasmx_wasm2wat(&binary, print.flags, &text, &err);
  wasm_byte_vec_delete(&binary);
  if (!ok) return complain_error(print.path, &err);
  status = write_file(print.output, &text);
  wasm_byte_vec_delete(&text);
  return status;
}
