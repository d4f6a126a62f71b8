/* Branch hints: (@metadata.code.branch_hint "\00") before an `if` or `br_if` says that its
 * condition is probably 0, "\01" that it is not. They become the custom section of that name in
 * front of the code: for each function with some, in order, where they stand (bytes from the
 * function's locals on), and what they say.
 *
 * A folded instruction's bytes wait in w->pending, and so does its hint. */
#include "binary/branch_hints.h"
#include "text/wat_parser.h"

static const char section_name[] = BRANCH_HINT_SECTION;

static bool is_hint(const Note *note) { return wm_token_is(&note->id, section_name); }

static void refuse(Wat *w, const Note *note, const char *why) {
  wm_lexer_fail(&w->lx, note->id.text, "@%s annotation: %s", section_name, why);
}

/* The one byte that the annotation holds. */
static u8 read_hint(Wat *w, const Note *note) {
  Lexer lx = wm_wat_note_lexer(w, note);
  u32 start = (u32)w->scratch.len;
  if (lx.token.kind == TOKEN_STRING) wm_lexer_take_string(&lx, &w->scratch);
  bool fits = lx.token.kind == TOKEN_END && w->scratch.len == start + 1;
  u8 byte = fits ? w->scratch.data[start] : 2;
  w->scratch.len = start;
  if (byte > 1) refuse(w, note, "malformed hint");
  return byte;
}

static void take_hint(Wat *w, const Note *note, u16 op) {
  if (!w->function)
    refuse(w, note, "not in a function");
  else if (op != OP_if && op != OP_br_if)
    refuse(w, note, "invalid target");
  else if (w->hint != HINT_NONE)
    refuse(w, note, "duplicate annotation");
  else
    w->hint = read_hint(w, note);
}

void wm_wat_take_hints(Wat *w, u16 op) {
  w->hint = HINT_NONE;
  for (u32 i = 0; i < w->notes.len && wat_ok(w); i++) {
    const Note *note = &w->notes.data[i];
    if (is_hint(note) && note->end <= w->lx.token.text) take_hint(w, note, op);
  }
}

static void write_hint(Wat *w, size_t at, u8 hint) {
  wm_buffer_uleb(&w->hints, at);
  wm_buffer_uleb(&w->hints, 1); /* bytes that say it */
  wm_buffer_byte(&w->hints, hint);
  w->hint_count++;
}

void wm_wat_place_hint(Wat *w, bool waits) {
  if (w->hint == HINT_NONE) return;
  if (!waits) {
    write_hint(w, w->out->len, w->hint);
    return;
  }
  WaitingHint *waiting = lexer_push(&w->lx, &w->waiting_hints);
  if (waiting) *waiting = (WaitingHint){w->pending.len, w->hint};
}

void wm_wat_flush_hints(Wat *w, size_t start) {
  u32 first = w->waiting_hints.len;
  while (first && w->waiting_hints.data[first - 1].at >= start) first--;
  for (u32 i = first; i < w->waiting_hints.len; i++) {
    WaitingHint h = w->waiting_hints.data[i];
    write_hint(w, w->out->len + (h.at - start), h.hint);
  }
  w->waiting_hints.len = first;
}

void wm_wat_write_hints(const Wat *w, Buffer *out) {
  if (!w->hint_owners) return;
  size_t mark = wm_encode_section(out, SECTION_CUSTOM);
  wm_encode_name(out, (const u8 *)section_name, sizeof section_name - 1);
  wm_buffer_uleb(out, w->hint_owners);
  wm_buffer_bytes(out, w->all_hints.data, w->all_hints.len);
  wm_encode_close(out, mark);
}
