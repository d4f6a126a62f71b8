/* What annotations mean here (@name, @custom), and the name section.
 *
 * The lexer puts annotations with a meaning into w->notes as it passes them; whoever takes the
 * token that they belong to looks there and empties the list. What is left at a field's end stood
 * in no good place. */
#include "base/utf8.h"
#include "text/wat_parser.h"

/* ---- annotations ---- */

static bool is_note(const Note *note, const char *id) { return wm_token_is(&note->id, id); }

/* Without the closing parenthesis, so that the contents end with TOKEN_END; errors are the
 * module's. */
Lexer wm_wat_note_lexer(Wat *w, const Note *note) {
  Lexer lx;
  size_t from = (size_t)(note->content - w->lx.start), to = (size_t)(note->end - w->lx.start);
  wm_lexer_init(&lx, w->lx.start, from, to - 1, w->lx.err);
  return lx;
}

/* Takes the one string of (@name "..."), kept in the arena. */
static Name note_name(Wat *w, const Note *note) {
  Lexer lx = wm_wat_note_lexer(w, note);
  Name name = {(const u8 *)"", 0};
  const Token t = lx.token;
  u8 *bytes = t.kind == TOKEN_STRING ? wm_arena_alloc(&w->arena, t.len) : NULL;
  if (t.kind != TOKEN_STRING) {
    wm_lexer_fail(&w->lx, note->id.text, "@name annotation: unexpected token");
  } else if (!bytes) {
    wm_lexer_out_of_memory(&w->lx);
  } else {
    name = (Name){bytes, (u32)wm_string_decode(t.text, t.len, bytes)};
    if (!wm_utf8_valid(name.bytes, name.len))
      wm_lexer_fail(&w->lx, t.text, "@name annotation: malformed UTF-8 encoding");
    wm_lexer_next(&lx);
    if (lx.token.kind != TOKEN_END)
      wm_lexer_fail(&w->lx, lx.token.text, "@name annotation: unexpected token");
  }
  return name;
}

static void module_name_note(Wat *w, const Note *note, bool before_fields, bool *seen) {
  if (!before_fields) {
    wm_lexer_fail(&w->lx, note->id.text, "misplaced @name annotation");
  } else if (*seen) {
    wm_lexer_fail(&w->lx, note->id.text, "@name annotation: multiple module");
  }
  *seen = true;
  w->module_name = note_name(w, note);
  w->has_module_name = true;
}

/* (before first), (after last), or either with a section's name: the place. Numbered as in
 * write_module: 2 i before and 2 i + 1 behind section i, then the end. */
static u32 custom_place(Lexer *lx) {
  wm_lexer_next(lx);
  bool before = wm_lexer_take(lx, "before"), after = !before && wm_lexer_take(lx, "after");
  u32 place = NO_INDEX;
  if (before && wm_lexer_take(lx, "first")) place = 0;
  if (after && wm_lexer_take(lx, "last")) place = 2 * SECTION_ORDER_COUNT;
  for (u32 i = 0; i < SECTION_ORDER_COUNT && place == NO_INDEX; i++)
    if ((before || after) && wm_lexer_take(lx, wm_section_word(wm_section_order[i])))
      place = 2 * i + after;
  if (place == NO_INDEX || lx->token.kind != TOKEN_CLOSE)
    wm_lexer_fail(lx, lx->token.text, "@custom annotation: malformed %s",
                  before || after ? "section kind" : "placement");
  wm_lexer_next(lx);
  return place;
}

/* (@custom "name" place? "content"*) */
static void custom_note(Wat *w, const Note *note) {
  Lexer lx = wm_wat_note_lexer(w, note);
  Custom *custom = lexer_push(&w->lx, &w->customs);
  if (!custom) return;
  *custom = (Custom){.place = 2 * SECTION_ORDER_COUNT, .start = w->custom_bytes.len};
  const char *at = lx.token.text;
  w->scratch.len = 0;
  if (lx.token.kind != TOKEN_STRING)
    wm_lexer_fail(&lx, at, "@custom annotation: missing section name");
  wm_lexer_take_string(&lx, &w->scratch);
  if (!wm_utf8_valid(w->scratch.data, w->scratch.len))
    wm_lexer_fail(&lx, at, "@custom annotation: malformed UTF-8 encoding");
  wm_encode_name(&w->custom_bytes, w->scratch.data, (u32)w->scratch.len);
  if (lx.token.kind == TOKEN_OPEN) custom->place = custom_place(&lx);
  while (lx.token.kind == TOKEN_STRING) wm_lexer_take_string(&lx, &w->custom_bytes);
  if (lx.token.kind != TOKEN_END)
    wm_lexer_fail(&lx, lx.token.text, "@custom annotation: unexpected token");
  custom->end = w->custom_bytes.len;
}

void wm_wat_module_notes(Wat *w, bool before_fields) {
  bool named = false;
  for (u32 i = 0; i < w->notes.len && wat_ok(w); i++) {
    const Note *note = &w->notes.data[i];
    if (is_note(note, "name")) {
      module_name_note(w, note, before_fields, &named);
    } else if (is_note(note, "custom")) {
      custom_note(w, note);
    } else {
      wm_lexer_fail(&w->lx, note->id.text, "@%.*s annotation: not in a function", (int)note->id.len,
                    note->id.text);
    }
  }
  w->notes.len = 0;
}

/* An annotation behind the field's identifier: it goes before that as the name (spec, custom
 * annotations). */
void wm_wat_field_name(Wat *w, Space space, u32 first) {
  for (u32 i = first; i < w->notes.len && wat_ok(w); i++) {
    const Note *note = &w->notes.data[i];
    if (!is_note(note, "name") || note->id.text > w->lx.token.text) continue;
    u32 index = w->count[space] - 1, len = w->names[space].len;
    bool has_id = len && w->names[space].data[len - 1].index == index;
    NameOf *entry = has_id ? &w->names[space].data[len - 1] : lexer_push(&w->lx, &w->names[space]);
    if (entry) *entry = (NameOf){index, note_name(w, note)};
    w->notes.len = first;
  }
}

void wm_wat_keep_notes(Wat *w, bool keep) {
  w->lx.notes = keep ? &w->notes : NULL;
  w->notes.len = 0;
}

bool wm_wat_take_named_list(Wat *w, const char *keyword) {
  if (!wm_lexer_at_list(&w->lx, keyword)) return false;
  w->notes.len = 0; /* those before the keyword are for something else */
  return wm_lexer_take_list(&w->lx, keyword);
}

/* What is no name may be for the instruction that follows. */
bool wm_wat_part_name(Wat *w, Name *name) {
  bool found = false;
  u32 kept = 0;
  for (u32 i = 0; i < w->notes.len; i++) {
    const Note *note = &w->notes.data[i];
    if (!is_note(note, "name")) w->notes.data[kept++] = *note;
    if (!is_note(note, "name") || note->end > w->lx.token.text) continue;
    *name = note_name(w, note);
    found = true;
  }
  w->notes.len = kept;
  return found;
}

/* Two annotations with nothing between them. */
static bool only_blanks(const char *from, const char *to) {
  while (from < to && (*from == ' ' || *from == '\t' || *from == '\n' || *from == '\r')) from++;
  return from == to;
}

void wm_wat_field_notes(Wat *w, FieldKind kind) {
  static const char name[] = "name", custom[] = "custom";
  for (u32 i = 0; i < w->notes.len && wat_ok(w); i++) {
    const Note *note = &w->notes.data[i];
    const char *at = note->id.text;
    bool has_names = kind != FIELD_START && kind != FIELD_EXPORT; /* such as those of parameters */
    if (is_note(note, custom) || (is_note(note, name) && !has_names)) {
      wm_lexer_fail(&w->lx, at, "misplaced @%s annotation", is_note(note, name) ? name : custom);
    } else if (!is_note(note, name)) {
      int len = (int)note->id.len;
      if (kind != FIELD_FUNC)
        wm_lexer_fail(&w->lx, at, "@%.*s annotation: not in a function", len, at);
      if (i && only_blanks(note[-1].end, at - 2))
        wm_lexer_fail(&w->lx, at, "@%.*s annotation: duplicate annotation", len, at);
    }
  }
  w->notes.len = 0;
}

void wm_wat_write_customs(const Wat *w, Buffer *out, u32 place) {
  for (u32 i = 0; i < w->customs.len; i++) {
    const Custom *c = &w->customs.data[i];
    if (c->place != place) continue;
    size_t mark = wm_encode_section(out, SECTION_CUSTOM);
    wm_buffer_bytes(out, w->custom_bytes.data + c->start, c->end - c->start);
    wm_encode_close(out, mark);
  }
}

/* ---- names ---- */

void wm_wat_add_name(Buffer *names, u32 *count, u32 index, Name name) {
  wm_encode_name_of(names, index, name.bytes, name.len);
  (*count)++;
}

/* Ends an owner's names; an owner without names is not written. */
void wm_wat_close_names(Buffer *all, u32 *owners, u32 owner, Buffer *names, u32 *count) {
  if (*count) {
    wm_buffer_uleb(all, owner);
    wm_buffer_uleb(all, *count);
    wm_buffer_bytes(all, names->data, names->len);
    (*owners)++;
  }
  all->failed |= names->failed;
  names->len = 0;
  *count = 0;
}

/* The names of one index space, if there are any. */
static void write_space(const Wat *w, Buffer *out, NamePart part, Space space) {
  if (!w->names[space].len) return;
  size_t mark = wm_encode_section(out, (u8)part);
  wm_buffer_uleb(out, w->names[space].len);
  for (u32 i = 0; i < w->names[space].len; i++) {
    const NameOf *n = &w->names[space].data[i];
    wm_encode_name_of(out, n->index, n->name.bytes, n->name.len);
  }
  wm_encode_close(out, mark);
}

/* The names of what functions or types hold. */
static void write_owned(Buffer *out, NamePart part, const Buffer *entries, u32 owners) {
  if (!owners) return;
  size_t mark = wm_encode_section(out, (u8)part);
  wm_buffer_uleb(out, owners);
  wm_buffer_bytes(out, entries->data, entries->len);
  wm_encode_close(out, mark);
}

static bool has_names(const Wat *w) {
  bool found = w->has_module_name || w->local_owners || w->label_owners || w->field_owners;
  for (u32 i = 0; i < SPACE_COUNT; i++) found |= w->names[i].len != 0;
  return found;
}

void wm_wat_write_names(Wat *w, Buffer *out) {
  if (!has_names(w)) return;
  size_t section = wm_encode_section(out, SECTION_CUSTOM);
  wm_encode_name(out, "name", 4);
  if (w->has_module_name) {
    size_t mark = wm_encode_section(out, NAME_MODULE);
    wm_encode_name(out, w->module_name.bytes, w->module_name.len);
    wm_encode_close(out, mark);
  }
  write_space(w, out, NAME_FUNC, SPACE_FUNC);
  write_owned(out, NAME_LOCAL, &w->local_names, w->local_owners);
  write_owned(out, NAME_LABEL, &w->label_names, w->label_owners);
  write_space(w, out, NAME_TYPE, SPACE_TYPE);
  write_space(w, out, NAME_TABLE, SPACE_TABLE);
  write_space(w, out, NAME_MEMORY, SPACE_MEMORY);
  write_space(w, out, NAME_GLOBAL, SPACE_GLOBAL);
  write_space(w, out, NAME_ELEM, SPACE_ELEM);
  write_space(w, out, NAME_DATA, SPACE_DATA);
  write_owned(out, NAME_FIELD, &w->field_names, w->field_owners);
  write_space(w, out, NAME_TAG, SPACE_TAG);
  wm_encode_close(out, section);
}
