/* Identifiers, indices and names.
 *
 * An identifier becomes a number once (wm_wat_intern), by a hash of its bytes; what it is bound to
 * stands in its Symbol, one word an index space, so that resolving one is a look at an array.
 * Locals and labels come and go: theirs are told valid by the function's number and by the height
 * of the label stack. */
#include "base/number.h"
#include "base/utf8.h"
#include "text/wat_parser.h"

/* What a field's name is looked up by: a name is of one structure only. Both words, no padding: it
 * is hashed as bytes. */
typedef struct FieldKey {
  u32 type, symbol;
} FieldKey;

const char *wm_space_name(Space space) {
  static const char *const names[SPACE_COUNT] = {
      "function", "table", "memory", "global", "tag", "type", "elem segment", "data segment"};
  return names[space];
}

/* What an identifier token stands for: $"..." may spell the same name as $... */
static Name symbol_name(Wat *w, const Token *id) {
  /* By far the most; borrowed from the source. */
  if (id->text[1] != '"') return (Name){(const u8 *)id->text + 1, id->len - 1};
  u8 *decoded = wm_arena_alloc(&w->arena, id->len);
  if (!decoded) {
    wm_lexer_out_of_memory(&w->lx);
    return (Name){(const u8 *)"", 0};
  }
  return (Name){decoded, (u32)wm_string_decode(id->text + 1, id->len - 1, decoded)};
}

u32 wm_wat_intern(Wat *w, const Token *id) {
  Name name = symbol_name(w, id);
  u32 number;
  if (wm_namemap_get(&w->symbol_map, name.bytes, name.len, &number)) return number;
  number = w->symbols.len;
  Symbol *s = vec_push(&w->symbols);
  if (!s || !wm_namemap_add(&w->symbol_map, name.bytes, name.len, number, NULL)) {
    wm_lexer_out_of_memory(&w->lx);
    return NO_SYMBOL;
  }
  *s = (Symbol){.name = name};
  for (u32 i = 0; i < SPACE_COUNT; i++) s->index[i] = NO_INDEX;
  return number;
}

u32 wm_wat_take_symbol(Wat *w) {
  if (wat_token(w) != TOKEN_ID) return NO_SYMBOL;
  u32 number = wm_wat_intern(w, &w->lx.token);
  wm_lexer_next(&w->lx);
  return number;
}

/* Such as: duplicate local $x. */
static void fail_name(Wat *w, const Token *id, const char *what, const char *kind) {
  char text[120];
  wm_escape(text, sizeof text, id->text, id->len);
  wm_lexer_fail(&w->lx, id->text, "%s %s %s", what, kind, text);
}

void wm_wat_bind(Wat *w, Space space) {
  Token id = w->lx.token;
  u32 index = w->count[space]++, number = wm_wat_take_symbol(w);
  if (number == NO_SYMBOL) return;
  Symbol *s = &w->symbols.data[number];
  if (s->index[space] != NO_INDEX) {
    fail_name(w, &id, "duplicate", wm_space_name(space));
    return;
  }
  s->index[space] = index;
  NameOf *entry = lexer_push(&w->lx, &w->names[space]);
  if (entry) *entry = (NameOf){index, s->name};
}

u32 wm_wat_name_local(Wat *w, u32 local) {
  u32 symbol = wm_wat_take_symbol(w);
  bool has_id = symbol != NO_SYMBOL;
  Name name = has_id ? w->symbols.data[symbol].name : (Name){0};
  /* An annotation goes before the identifier; without either the name section says nothing of it.
   */
  if (wm_wat_part_name(w, &name) || has_id)
    wm_wat_add_name(&w->owner_locals, &w->owner_local_count, local, name);
  return symbol;
}

void wm_wat_bind_local(Wat *w, u32 local) {
  Token id = w->lx.token;
  u32 symbol = wm_wat_name_local(w, local);
  Symbol *s = symbol == NO_SYMBOL ? NULL : &w->symbols.data[symbol];
  if (s && s->local_owner == w->function) {
    fail_name(w, &id, "duplicate", "local");
  } else if (s) {
    s->local = local;
    s->local_owner = w->function;
  }
}

/* Makes a symbol stand for the field, in this type. */
static void bind_field(Wat *w, const Token *id, u32 symbol, u32 type, u32 field) {
  FieldKey *key = arena_new(&w->arena, FieldKey);
  bool existed = false;
  if (key) *key = (FieldKey){type, symbol};
  if (!key || !wm_namemap_add(&w->field_map, key, sizeof *key, field, &existed))
    wm_lexer_out_of_memory(&w->lx);
  else if (existed)
    fail_name(w, id, "duplicate", "field");
}

void wm_wat_bind_field(Wat *w, u32 type, u32 field) {
  Token id = w->lx.token;
  u32 symbol = wm_wat_take_symbol(w);
  Name name = symbol == NO_SYMBOL ? (Name){0} : w->symbols.data[symbol].name;
  if (symbol != NO_SYMBOL) bind_field(w, &id, symbol, type, field);
  if (wm_wat_part_name(w, &name) || symbol != NO_SYMBOL)
    wm_wat_add_name(&w->owner_fields, &w->owner_field_count, field, name);
}

/* Numbers are checked for their form here and for meaning in valid/. */
u64 wm_wat_u64(Wat *w) {
  u64 v = 0;
  const Token *t = &w->lx.token;
  NumberResult result =
      t->kind == TOKEN_NUMBER ? wm_uint_parse(t->text, t->len, &v) : NUMBER_SYNTAX;
  if (result == NUMBER_OK) {
    wm_lexer_next(&w->lx);
  } else if (result == NUMBER_RANGE) {
    wm_lexer_fail(&w->lx, t->text, "i64 constant out of range");
  } else {
    wm_lexer_unexpected(&w->lx);
  }
  return v;
}

u32 wm_wat_u32(Wat *w) {
  const char *at = w->lx.token.text;
  u64 v = wm_wat_u64(w);
  if (v > UINT32_MAX) wm_lexer_fail(&w->lx, at, "i32 constant out of range");
  return (u32)v;
}

/* The symbol of the identifier here, or NULL when memory ran out. */
static const Symbol *find_symbol(Wat *w) {
  u32 number = wm_wat_intern(w, &w->lx.token);
  return number == NO_SYMBOL ? NULL : &w->symbols.data[number];
}

/* Goes on behind an identifier that stands for `index`; fails when that is NO_INDEX. */
static u32 resolved(Wat *w, u32 index, const char *kind) {
  if (index == NO_INDEX) {
    fail_name(w, &w->lx.token, "unknown", kind);
    return 0;
  }
  wm_lexer_next(&w->lx);
  return index;
}

u32 wm_wat_index(Wat *w, Space space) {
  if (wat_token(w) != TOKEN_ID) return wm_wat_u32(w);
  const Symbol *s = find_symbol(w);
  return s ? resolved(w, s->index[space], wm_space_name(space)) : 0;
}

u32 wm_wat_local_index(Wat *w) {
  if (wat_token(w) != TOKEN_ID) return wm_wat_u32(w);
  const Symbol *s = find_symbol(w);
  /* A name of a local of another function is none here. */
  bool bound = s && w->function && s->local_owner == w->function;
  return s ? resolved(w, bound ? s->local : NO_INDEX, "local") : 0;
}

u32 wm_wat_label_index(Wat *w) {
  if (wat_token(w) != TOKEN_ID) return wm_wat_u32(w);
  const Symbol *s = find_symbol(w);
  /* Labels count from the innermost. */
  return s ? resolved(w, s->label ? w->labels.len - s->label : NO_INDEX, "label") : 0;
}

u32 wm_wat_field_index(Wat *w, u32 type) {
  if (wat_token(w) != TOKEN_ID) return wm_wat_u32(w);
  FieldKey key = {type, wm_wat_intern(w, &w->lx.token)};
  u32 field = NO_INDEX;
  wm_namemap_get(&w->field_map, &key, sizeof key, &field);
  return resolved(w, field, "field");
}

void wm_wat_name(Wat *w, Buffer *out) {
  const char *at = w->lx.token.text;
  w->scratch.len = 0;
  if (!wm_lexer_take_string(&w->lx, &w->scratch)) return;
  if (!wm_utf8_valid(w->scratch.data, w->scratch.len))
    wm_lexer_fail(&w->lx, at, "malformed UTF-8 encoding");
  wm_encode_name(out, w->scratch.data, (u32)w->scratch.len);
}
