/* `wasm inspect`: what is in a module (of components: inspect_component.c). Shows the library's
 * insides, so that a module need not be valid, and of proposals that are off, or decoded only (gc),
 * as well. Those of wasm/unbuilt.def are refused. */
#include "tools/inspect.h"

#include "base/quantity.h"
#include "binary/decode.h"
#include "binary/names.h"
#include "tools/load_decoded.h"
#include "tools/tool.h"

typedef struct Inspect {
  const char *path;
  uint64_t functions;
  bool is_json, capabilities;
} Inspect;

static int read_options(int argc, char **argv, Inspect *in) {
  Options o = {.argc = argc, .argv = argv, .at = 1};
  while (o.at < argc) {
    const char *count = NULL;
    if (!next_is_option(&o)) {
      if (o.at == argc) break;
      if (in->path) return complain_usage("inspect", "one file at a time");
      in->path = argv[o.at++];
    } else if (take_flag(&o, "--json")) {
      in->is_json = true;
    } else if (take_flag(&o, "--capabilities")) {
      in->capabilities = true;
    } else if (!take_option(&o, "--functions", &count)) {
      return complain_usage("inspect", "unknown option %s", printable(argv[o.at]));
    } else if (!count || !wm_quantity_number(count, &in->functions)) {
      return complain_usage("inspect", "--functions wants a number");
    }
  }
  return in->path ? STATUS_OK : complain_usage("inspect", "no file given");
}

static bool inspect(const Inspect *in, const Module *m, Out *o, Error *err) {
  Name name;
  out_begin(o);
  out_fact(o, "file", in->path, strlen(in->path));
  out_fact_number(o, "bytes", m->size_bytes);
  if (wm_names_find_module(m, &name)) out_fact(o, "name", name.bytes, name.len);
  inspect_externs(m, o);
  if (m->start_func != NO_INDEX) out_fact_number(o, "start", m->start_func);
  if (!inspect_features(m, o, err)) return false;
  inspect_module_producers(m, o);
  inspect_sections(m, o);
  if (!inspect_functions(m, o, (u32)min_u64(in->functions, UINT32_MAX)))
    return wm_error_out_of_memory(err);
  out_end(o);
  return !o->text.failed || wm_error_out_of_memory(err);
}

static int inspect_module(const Inspect *in, const wasm_byte_vec_t *bytes, Out *o) {
  Module m;
  Error err = {0};
  bool good = wm_module_decode_borrowed(&m, (const u8 *)bytes->data, bytes->size, &err) &&
              (in->capabilities ? print_capabilities(&m, printable(in->path), &o->text)
                                : inspect(in, &m, o, &err));
  wm_module_free(&m);
  return good ? STATUS_OK : complain_decoded(in->path, &err);
}

static int inspect_bytes(const Inspect *in, const wasm_byte_vec_t *bytes, Out *o) {
  if (!is_component(bytes->data, bytes->size)) return inspect_module(in, bytes, o);
  if (!in->capabilities) return inspect_component(in->path, bytes, o);
  return complain("%s: --capabilities is for modules; this is a component", printable(in->path));
}

int inspect_main(int argc, char **argv) {
  Inspect in = {.functions = 10};
  wasm_byte_vec_t bytes;
  int status = read_options(argc, argv, &in);
  if (status || !in.path) return status;
  if (!load_binary(in.path, &bytes)) return STATUS_FAILED;
  Out o = {.is_json = in.is_json};
  status = inspect_bytes(&in, &bytes, &o);
  if (!status && o.text.failed) status = complain("out of memory");
  wasm_byte_vec_t text = {o.text.len, (wasm_byte_t *)o.text.data};
  if (!status) status = write_file("-", &text);
  wm_buffer_free(&o.text);
  wasm_byte_vec_delete(&bytes);
  return status;
}
