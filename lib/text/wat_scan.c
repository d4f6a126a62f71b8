/* The first reading of a module: finds its fields, binds identifiers, counts index spaces, and
 * checks what concerns the order of fields. Bodies are passed over by their parentheses. */
#include "text/wat_parser.h"

typedef struct FieldWord {
  const char *text;
  Space space; /* SPACE_COUNT: defines nothing */
} FieldWord;

/* By FieldKind. */
static const FieldWord field_words[] = {
    [FIELD_TYPE] = {"type", SPACE_TYPE},       [FIELD_REC] = {"rec", SPACE_COUNT},
    [FIELD_IMPORT] = {"import", SPACE_COUNT},  [FIELD_FUNC] = {"func", SPACE_FUNC},
    [FIELD_TABLE] = {"table", SPACE_TABLE},    [FIELD_MEMORY] = {"memory", SPACE_MEMORY},
    [FIELD_GLOBAL] = {"global", SPACE_GLOBAL}, [FIELD_TAG] = {"tag", SPACE_TAG},
    [FIELD_EXPORT] = {"export", SPACE_COUNT},  [FIELD_START] = {"start", SPACE_COUNT},
    [FIELD_ELEM] = {"elem", SPACE_ELEM},       [FIELD_DATA] = {"data", SPACE_DATA},
};

/* The field of this keyword; ARRAY_LEN(field_words) when there is none. */
static size_t find_field(const Token *t) {
  size_t kind = 0;
  while (kind < ARRAY_LEN(field_words) && !wm_token_is(t, field_words[kind].text)) kind++;
  return kind;
}

bool wm_field_word(const Token *t) { return find_field(t) < ARRAY_LEN(field_words); }

/* The lists in the list we are in that start with `keyword`, up to its ")". */
/* A table or memory with its contents within defines a segment, too. */
static u32 count_lists(Wat *w, const char *keyword) {
  u32 found = 0;
  while (wat_ok(w) && wat_token(w) != TOKEN_CLOSE) {
    found += wm_lexer_at_list(&w->lx, keyword);
    bool is_list = wat_token(w) == TOKEN_OPEN;
    if (wat_token(w) == TOKEN_END) wm_lexer_unexpected(&w->lx);
    wm_lexer_next(&w->lx);
    if (is_list) wm_lexer_skip_to_close(&w->lx);
    if (is_list) wm_lexer_close(&w->lx);
  }
  return found;
}

static void check_import_order(Wat *w, const char *at) {
  if (w->defined) wm_lexer_fail(&w->lx, at, "import after %s", w->defined);
}

/* (rec (type $id ...)*) */
static void scan_rec(Wat *w) {
  for (;;) {
    u32 notes = w->notes.len;
    if (!wm_lexer_take_list(&w->lx, "type")) break;
    wm_wat_bind(w, SPACE_TYPE);
    wm_wat_field_name(w, SPACE_TYPE, notes);
    wm_lexer_skip_to_close(&w->lx);
    wm_lexer_close(&w->lx);
  }
}

/* (import "module" "name" (func $id ...)) */
static void scan_import(Wat *w, const char *at) {
  check_import_order(w, at);
  /* Decoded when the field is written. */
  for (int i = 0; i < 2; i++) {
    if (i && wm_lexer_at_list(&w->lx, "item"))
      wm_lexer_unsupported(&w->lx, at, FEATURE_COMPACT_IMPORTS, "an import of several items");
    if (wat_token(w) != TOKEN_STRING) wm_lexer_unexpected(&w->lx);
    wm_lexer_next(&w->lx);
  }
  if (wat_token(w) != TOKEN_OPEN) wm_lexer_unexpected(&w->lx);
  wm_lexer_next(&w->lx);
  size_t kind = find_field(&w->lx.token);
  /* What can be imported stands together in FieldKind. */
  if (kind < FIELD_FUNC || kind > FIELD_TAG) {
    wm_lexer_unexpected(&w->lx);
    return;
  }
  u32 notes = w->notes.len;
  wm_lexer_next(&w->lx);
  wm_wat_bind(w, field_words[kind].space);
  wm_wat_field_name(w, field_words[kind].space, notes);
  wm_lexer_skip_to_close(&w->lx);
  wm_lexer_close(&w->lx);
}

/* A field that defines an entry of `space`, or imports it by (import ...) within. */
static void scan_definition(Wat *w, Space space, const char *at) {
  wm_wat_bind(w, space);
  wm_wat_field_name(w, space, 0);
  if (space > SPACE_TAG) return;
  while (wm_lexer_take_list(&w->lx, "export")) {
    wm_lexer_skip_to_close(&w->lx);
    wm_lexer_close(&w->lx);
  }
  if (wm_lexer_at_list(&w->lx, "import")) {
    check_import_order(w, at);
    return;
  }
  /* From here on imports are too late: the binary has them first. */
  if (!w->defined) w->defined = wm_space_name(space);
  if (space == SPACE_TABLE) w->count[SPACE_ELEM] += count_lists(w, "elem");
  if (space == SPACE_MEMORY) w->count[SPACE_DATA] += count_lists(w, "data");
}

static void scan_start(Wat *w, const char *at) {
  if (w->has_start) wm_lexer_fail(&w->lx, at, "multiple start sections");
  w->has_start = true;
}

static void scan_field(Wat *w) {
  const char *at = w->lx.token.text;
  wm_lexer_next(&w->lx);
  size_t kind = find_field(&w->lx.token);
  if (kind == ARRAY_LEN(field_words)) {
    wm_lexer_unexpected(&w->lx);
    return;
  }
  Field *field = lexer_push(&w->lx, &w->fields);
  if (!field) return;
  *field = (Field){w->lx.token.text + w->lx.token.len, (u8)kind};
  wm_lexer_next(&w->lx);
  switch (kind) {
  case FIELD_REC: scan_rec(w); break;
  case FIELD_IMPORT: scan_import(w, at); break;
  case FIELD_START: scan_start(w, at); break;
  case FIELD_EXPORT: break;
  default: scan_definition(w, field_words[kind].space, at); break;
  }
  wm_lexer_skip_to_close(&w->lx);
  wm_wat_field_notes(w, (FieldKind)kind);
  wm_lexer_close(&w->lx);
}

/* module [definition] [$id], behind the "(". */
static void scan_module_head(Wat *w) {
  wm_lexer_next(&w->lx);
  wm_lexer_next(&w->lx);
  wm_lexer_take(&w->lx, "definition");
  u32 symbol = wm_wat_take_symbol(w);
  if (symbol == NO_SYMBOL) return;
  w->module_name = w->symbols.data[symbol].name;
  w->has_module_name = true;
}

void wm_wat_scan(Wat *w) {
  w->lx.notes = &w->notes;
  bool is_wrapped = wm_lexer_at_list(&w->lx, "module");
  if (is_wrapped) scan_module_head(w);
  wm_wat_module_notes(w, true);
  while (wat_token(w) == TOKEN_OPEN) {
    scan_field(w);
    wm_wat_module_notes(w, false);
  }
  if (is_wrapped) wm_lexer_close(&w->lx);
  if (wat_token(w) != TOKEN_END) wm_lexer_unexpected(&w->lx);
  w->lx.notes = NULL;
}
