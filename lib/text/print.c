/* The module as text (print.h): what is around its fields. */
#include "text/print.h"

#include "text/printer.h"

/* Text is a few times as long as its module. What is far longer would only fill memory: thousands
 * of locals are three bytes of a binary. What is beyond 4 GiB no parser here takes. */
enum { LIMIT_BASE = 64 << 20, LIMIT_FACTOR = 256 };

/* ---- custom sections ---- */

/* Whether it says something of places in the code (compilers, linkers and debuggers make those).
 * They are kept for those who read them; written again, the code may have other places. */
static bool holds_offsets(const CustomSection *custom) {
  static const char *const starts[] = {"reloc.",         "linking",          ".debug_",
                                       "metadata.code.", "sourceMappingURL", "external_debug_info"};
  for (u32 i = 0; i < ARRAY_LEN(starts); i++) {
    u32 len = (u32)strlen(starts[i]);
    if (custom->name.len >= len && !memcmp(custom->name.bytes, starts[i], len)) return true;
  }
  return false;
}

/* The parser makes a name section of the identifiers; another one would come in its way. */
static void put_custom(Printer *p, const CustomSection *custom, u8 behind) {
  bool is_names = custom->name.len == 4 && !memcmp(custom->name.bytes, "name", 4);
  wm_put_line(p);
  if (is_names) {
    put_text(p, "(; one more name section is left out ;)");
    return;
  }
  if (holds_offsets(custom)) {
    put_text(p, "(; what is said of places in the code is true of the binary that was printed ;)");
    wm_put_line(p);
  }
  put_text(p, "(@custom ");
  wm_put_name(p, custom->name.bytes, custom->name.len);
  put_text(p, behind ? " (after " : " (before first)");
  if (behind) {
    put_text(p, wm_section_word(behind));
    put_char(p, ')');
  }
  wm_put_data_lines(p, p->m->bytes + custom->data_offset, custom->size_bytes);
  put_char(p, ')');
}

static void put_customs(Printer *p) {
  const Module *m = p->m;
  SectionSpan span;
  Reader r = wm_sections_at(m, p->err);
  u8 behind = 0;
  u32 custom = 0;
  while (wm_print_ok(p) && wm_section_next(&r, &span)) {
    if (span.id != SECTION_CUSTOM) {
      behind = span.id;
    } else {
      bool is_told = custom == m->name_section || custom == p->hint_section;
      if (!is_told) put_custom(p, &m->customs[custom], behind);
      custom++;
    }
  }
}

/* ---- all ---- */

static void put_module(Printer *p) {
  put_text(p, "(module");
  wm_put_ident(p, &p->module_name);
  p->depth++;
  wm_print_fields(p);
  put_customs(p);
  p->depth--;
  put_text(p, ")\n");
}

static void free_printer(Printer *p) {
  wm_arena_free(&p->arena);
  vec_free(&p->hints);
  vec_free(&p->locals);
  vec_free(&p->local_ids);
  vec_free(&p->label_ids);
  vec_free(&p->labels);
  vec_free(&p->nodes);
  vec_free(&p->trees);
  vec_free(&p->blocks);
  vec_free(&p->open);
}

bool wm_module_print(const Module *m, u32 flags, Buffer *out, Error *err) {
  Error ignored = {0};
  u64 room = min_u64(LIMIT_BASE + (u64)LIMIT_FACTOR * m->size_bytes, UINT32_MAX - 1);
  Printer p = {.m = m, .flags = flags, .out = out, .err = err ? err : &ignored};
  p.limit = out->len + room;
  if (wm_print_idents(&p) && wm_print_hints(&p)) put_module(&p);
  bool ok = wm_print_ok(&p);
  free_printer(&p);
  return ok;
}
