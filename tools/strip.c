/* `wasm strip`: a module without custom sections, the others untouched. */
#include "base/buffer.h"
#include "binary/sections.h"
#include "tools/load_decoded.h"
#include "tools/tool.h"

#include <string.h>

typedef struct Strip {
  const char *path, *output;
  char **names; /* borrowed: of argv, in its order */
  int name_count;
  bool keeps; /* the names are of sections that stay */
  bool all;
} Strip;

/* ---- options ---- */

/* Names are gathered at the front of argv, over what was read. */
static void add_name(Strip *s, char **argv, const char *name) {
  s->names = argv;
  argv[s->name_count++] = (char *)(uintptr_t)name;
}

static int take_strip_option(Options *o, Strip *s) {
  const char *kept = NULL;
  if (take_flag(o, "--all")) {
    s->all = true;
  } else if (take_option(o, "--keep", &kept)) {
    if (!kept) return complain_usage("strip", "--keep needs the name of a section");
    if (s->name_count && !s->keeps)
      return complain_usage("strip", "name sections to remove, or sections to keep: not both");
    s->keeps = true;
    add_name(s, o->argv, kept);
  } else if (!take_option(o, "-o", &s->output) && !take_option(o, "--output", &s->output)) {
    return complain_usage("strip", "unknown option %s", printable(o->argv[o->at]));
  } else if (!s->output) {
    return complain_usage("strip", "-o needs a file name");
  }
  return STATUS_OK;
}

static int read_options(int argc, char **argv, Strip *s) {
  Options o = {.argc = argc, .argv = argv, .at = 1};
  while (o.at < argc) {
    if (next_is_option(&o)) {
      int status = take_strip_option(&o, s);
      if (status) return status;
    } else if (o.at < argc && !s->path) {
      s->path = argv[o.at++];
    } else if (o.at < argc) {
      if (s->keeps)
        return complain_usage("strip", "name sections to remove, or sections to keep: not both");
      add_name(s, argv, argv[o.at++]);
    }
  }
  if (!s->path) return complain_usage("strip", "no file given");
  if (!s->output)
    return complain_usage("strip", "no output given: -o FILE, or -o - for standard output");
  if (s->all && s->name_count)
    return complain_usage("strip", "--all goes without names of sections");
  return STATUS_OK;
}

/* ---- sections ---- */

static bool is_named(const CustomSection *custom, const char *name) {
  return custom->name.len == strlen(name) && !memcmp(custom->name.bytes, name, custom->name.len);
}

static bool is_listed(const Strip *s, const CustomSection *custom) {
  for (int i = 0; i < s->name_count; i++)
    if (is_named(custom, s->names[i])) return true;
  return false;
}

static bool is_removed(const Strip *s, const CustomSection *custom) {
  return !s->name_count || is_listed(s, custom) != s->keeps;
}

/* A name that no section has is a slip: nothing is written. */
static int check_names(const Strip *s, const Module *m) {
  for (int i = 0; i < s->name_count; i++) {
    bool found = false;
    for (u32 k = 0; k < m->custom_count; k++) found |= is_named(&m->customs[k], s->names[i]);
    if (!found)
      return complain("%s has no custom section '%s'; 'wasm inspect' lists those it has",
                      printable(s->path), printable(s->names[i]));
  }
  return STATUS_OK;
}

static void copy_sections(const Strip *s, const Module *m, Buffer *out) {
  Error err = {0};
  SectionSpan span;
  Reader r = wm_sections_at(m, &err);
  u32 custom = 0;
  wm_buffer_bytes(out, m->bytes, (size_t)(r.pos - m->bytes));
  while (wm_section_next(&r, &span)) {
    bool is_custom = span.id == SECTION_CUSTOM;
    if (is_custom && is_removed(s, &m->customs[custom++])) continue;
    wm_buffer_bytes(out, m->bytes + span.offset, span.content - span.offset + span.content_bytes);
  }
}

static int strip(const Strip *s, const Module *m) {
  Buffer out = {0};
  int status = check_names(s, m);
  if (!status) {
    copy_sections(s, m, &out);
    wasm_byte_vec_t bytes = {out.len, (wasm_byte_t *)out.data};
    status = out.failed ? complain("out of memory") : write_file(s->output, &bytes);
  }
  wm_buffer_free(&out);
  return status;
}

int strip_main(int argc, char **argv) {
  Strip s = {0};
  Module m;
  int status = read_options(argc, argv, &s);
  if (status) return status;
  status = load_decoded(s.path, &m) ? strip(&s, &m) : STATUS_FAILED;
  wm_module_free(&m);
  return status;
}
