/* The text parser as a whole (wat.h): its passes, the sections put together, the end.
 *
 *   text --scan--> fields, names, counts --types--> type section --fields--> other sections
 *        --> header, custom sections by their places, sections in order, name section */
#include "text/wat.h"

#include "text/wat_parser.h"

/* The other buffers' failures, told by one. */
static bool any_buffer_failed(const Wat *w) {
  bool failed = w->body.failed || w->offset.failed || w->pending.failed || w->scratch.failed ||
                w->local_names.failed || w->label_names.failed || w->field_names.failed ||
                w->custom_bytes.failed || w->all_hints.failed;
  for (u32 i = 0; i < SECTION_ID_COUNT; i++) failed |= w->sections[i].failed;
  return failed;
}

/* One without entries is left out. The data count is written only where a body needs it (spec
 * 5.5.16). */
static void write_section(const Wat *w, Buffer *out, u8 id) {
  const Buffer *content = &w->sections[id];
  u32 count = id == SECTION_DATA_COUNT ? w->section_count[SECTION_DATA] : w->section_count[id];
  if (id == SECTION_START ? !w->has_start : id == SECTION_DATA_COUNT ? !w->uses_data : !count)
    return;
  size_t mark = wm_encode_section(out, id);
  if (id != SECTION_START) wm_buffer_uleb(out, count);
  wm_buffer_bytes(out, content->data, content->len);
  wm_encode_close(out, mark);
}

static void write_module(Wat *w, Buffer *out) {
  wm_encode_header(out);
  for (u32 i = 0; i < SECTION_ORDER_COUNT; i++) {
    /* Places are numbered before and after each section. */
    wm_wat_write_customs(w, out, 2 * i);
    if (wm_section_order[i] == SECTION_CODE) wm_wat_write_hints(w, out);
    write_section(w, out, wm_section_order[i]);
    wm_wat_write_customs(w, out, 2 * i + 1);
  }
  wm_wat_write_customs(w, out, 2 * SECTION_ORDER_COUNT);
  wm_wat_write_names(w, out);
}

/* Types first, as uses of types written out go behind those that are named. */
static void write_fields(Wat *w) {
  for (u32 i = 0; i < w->fields.len && wat_ok(w); i++) {
    const Field *f = &w->fields.data[i];
    if (f->kind != FIELD_TYPE && f->kind != FIELD_REC) continue;
    wm_lexer_seek(&w->lx, f->body);
    if (f->kind == FIELD_TYPE) {
      wm_wat_type_field(w);
    } else {
      wm_wat_rec_field(w);
    }
  }
  for (u32 i = 0; i < w->fields.len && wat_ok(w); i++) wm_wat_field(w, &w->fields.data[i]);
}

static void free_parser(Wat *w) {
  wm_arena_free(&w->arena);
  vec_free(&w->notes);
  wm_namemap_free(&w->symbol_map);
  vec_free(&w->symbols);
  for (u32 i = 0; i < SPACE_COUNT; i++) vec_free(&w->names[i]);
  vec_free(&w->fields);
  vec_free(&w->types);
  wm_namemap_free(&w->func_types);
  wm_namemap_free(&w->field_map);
  vec_free(&w->params);
  vec_free(&w->results);
  for (u32 i = 0; i < SECTION_ID_COUNT; i++) wm_buffer_free(&w->sections[i]);
  vec_free(&w->locals);
  vec_free(&w->frames);
  vec_free(&w->labels);
  vec_free(&w->indices);
  vec_free(&w->customs);
  vec_free(&w->waiting_hints);
  Buffer *const buffers[] = {&w->body,         &w->offset,       &w->pending,      &w->scratch,
                             &w->local_names,  &w->label_names,  &w->field_names,  &w->owner_locals,
                             &w->owner_labels, &w->owner_fields, &w->custom_bytes, &w->hints,
                             &w->all_hints};
  for (u32 i = 0; i < ARRAY_LEN(buffers); i++) wm_buffer_free(buffers[i]);
}

bool wm_wat_parse(const char *text, size_t from, size_t to, Buffer *out, Error *err) {
  Wat w = {0};
  wm_lexer_init(&w.lx, text, from, to, err);
  w.lx.notes = &w.notes;
  /* The first token was read before there was a place for annotations. */
  wm_lexer_seek(&w.lx, w.lx.start + from); /* again, now keeping annotations */
  wm_wat_scan(&w);
  if (wat_ok(&w)) write_fields(&w);
  if (wat_ok(&w)) write_module(&w, out);
  if (any_buffer_failed(&w) || out->failed) wm_error_out_of_memory(err);
  free_parser(&w);
  return err->code == ERR_NONE;
}

/* At (module [definition] [$id] binary or quote, goes to its strings; false (the lexer is anywhere)
 * for other modules. */
static bool at_strings(Lexer *lx, bool *is_quote) {
  if (!wm_lexer_take_list(lx, "module")) return false;
  wm_lexer_take(lx, "definition");
  if (lx->token.kind == TOKEN_ID) wm_lexer_next(lx);
  *is_quote = wm_lexer_take(lx, "quote");
  return *is_quote || wm_lexer_take(lx, "binary");
}

/* The module in the strings. Those in strings again have twice the escapes at least, so that this
 * goes no deeper than the size has bits. */
static bool module_of_strings(Lexer *lx, bool is_quote, Buffer *out) {
  Buffer quoted = {0}, *to = is_quote ? &quoted : out;
  while (lx->token.kind == TOKEN_STRING) wm_lexer_take_string(lx, to);
  wm_lexer_close(lx);
  if (lexer_ok(lx) && lx->token.kind != TOKEN_END) wm_lexer_unexpected(lx);
  if (to->failed) wm_lexer_out_of_memory(lx);
  if (is_quote && lexer_ok(lx))
    wm_wat_to_binary(quoted.len ? (const char *)quoted.data : "", quoted.len, out, lx->err);
  wm_buffer_free(&quoted);
  return lexer_ok(lx);
}

bool wm_wat_to_binary(const char *text, size_t size, Buffer *out, Error *err) {
  Error ignored = {0}, looked = {0};
  if (!err) err = &ignored;
  /* Its own errors are forgotten when it is a module in plain text, which is then read from the
   * start. */
  Lexer lx;
  bool is_quote;
  wm_lexer_init(&lx, text, 0, size, &looked);
  if (!at_strings(&lx, &is_quote)) return wm_wat_parse(text, 0, size, out, err);
  lx.err = err;
  if (looked.code) *err = looked; /* the first string is broken */
  return module_of_strings(&lx, is_quote, out);
}
