/* Reading test scripts (wast.h). A command is read from its "(" to its ")"; when it is broken, the
 * lexer goes back to the start and passes over it by its parentheses. */
#include "text/wast.h"

#include "base/number.h"
#include "text/wat_parser.h"

#include <stdlib.h>

struct WastScript {
  Lexer lx;
  Error error; /* of the current command */
  Arena arena; /* the current command's strings */
  Vec(WastValue) args, results;
  Vec(Name) shared;
  const char *counted; /* lines up to here are in `line` */
  u32 line;
  bool started; /* the current token is the last one of a command */
  bool broken;  /* the rest cannot be read: told already */
};

/* ---- tokens ---- */

static void take_open(WastScript *s) {
  if (s->lx.token.kind != TOKEN_OPEN) wm_lexer_unexpected(&s->lx);
  wm_lexer_next(&s->lx);
}

static u64 offset_of(const WastScript *s, const char *pos) { return (u64)(pos - s->lx.start); }

/* The line of a place at or behind those asked for before. */
static u32 line_of(WastScript *s, const char *pos) {
  for (const char *p = s->counted; p < pos; p++)
    s->line += *p == '\n' || (*p == '\r' && p[1] != '\n');
  s->counted = pos;
  return s->line;
}

/* Takes a string. */
static Name take_string(WastScript *s) {
  Name name = {(const u8 *)"", 0};
  if (s->lx.token.kind != TOKEN_STRING) {
    wm_lexer_unexpected(&s->lx);
    return name;
  }
  u8 *bytes = wm_arena_alloc(&s->arena, s->lx.token.len);
  if (!bytes) {
    wm_lexer_out_of_memory(&s->lx);
    return name;
  }
  name = (Name){bytes, (u32)wm_string_decode(s->lx.token.text, s->lx.token.len, bytes)};
  wm_lexer_next(&s->lx);
  return name;
}

/* Takes an optional identifier; an empty name when there is none. */
static Name take_id(WastScript *s) {
  Token id = s->lx.token;
  if (id.kind != TOKEN_ID) return (Name){(const u8 *)"", 0};
  if (id.text[1] == '"') {
    s->lx.token = (Token){TOKEN_STRING, id.len - 1, id.text + 1};
    return take_string(s);
  }
  wm_lexer_next(&s->lx);
  return (Name){(const u8 *)id.text + 1, id.len - 1};
}

/* ---- values ---- */

/* nan:canonical or nan:arithmetic. */
static WastNan take_nan(Lexer *lx) {
  if (wm_lexer_take(lx, "nan:canonical")) return WAST_NAN_CANONICAL;
  return wm_lexer_take(lx, "nan:arithmetic") ? WAST_NAN_ARITHMETIC : WAST_EXACT;
}

static void take_v128(WastScript *s, WastValue *v, bool is_result) {
  v->shape = wm_literal_shape(&s->lx);
  bool is_float = v->shape == SHAPE_F32X4 || v->shape == SHAPE_F64X2;
  for (u32 i = 0; v->shape != SHAPE_COUNT && i < shape_lanes(v->shape); i++) {
    if (is_result && is_float) v->nan[i] = (u8)take_nan(&s->lx);
    if (!is_float || v->nan[i] == WAST_EXACT) wm_literal_lane(&s->lx, v->shape, i, &v->v128);
  }
}

static HeapType take_heap_type(Lexer *lx) {
  HeapType heap = 0;
  if (lx->token.kind != TOKEN_CLOSE && !wm_heaptype_word(lx, &heap)) wm_lexer_unexpected(lx);
  return heap;
}

static u64 take_host_number(Lexer *lx) {
  u64 v = 0;
  if (wm_uint_parse(lx->token.text, lx->token.len, &v) != NUMBER_OK) wm_lexer_unexpected(lx);
  wm_lexer_next(lx);
  return v;
}

static const struct {
  const char *text;
  WastValueKind kind;
} value_words[] = {
    {"i32.const", WAST_I32},         {"i64.const", WAST_I64},       {"f32.const", WAST_F32},
    {"f64.const", WAST_F64},         {"v128.const", WAST_V128},     {"ref.null", WAST_REF_NULL},
    {"ref.extern", WAST_REF_EXTERN}, {"ref.host", WAST_REF_HOST},   {"ref.func", WAST_REF_FUNC},
    {"ref.any", WAST_REF_ANY},       {"ref.eq", WAST_REF_EQ},       {"ref.i31", WAST_REF_I31},
    {"ref.struct", WAST_REF_STRUCT}, {"ref.array", WAST_REF_ARRAY}, {"ref.exn", WAST_REF_EXN},
};

static WastValueKind take_value_word(Lexer *lx) {
  for (size_t i = 0; i < ARRAY_LEN(value_words); i++)
    if (wm_lexer_take(lx, value_words[i].text)) return value_words[i].kind;
  wm_lexer_unexpected(lx);
  return WAST_I32;
}

/* One value, behind its "(". */
static WastValue take_value(WastScript *s, bool is_result) {
  Lexer *lx = &s->lx;
  WastValue v = {.kind = take_value_word(lx)};
  bool is_float = v.kind == WAST_F32 || v.kind == WAST_F64;
  if (is_float && is_result) v.nan[0] = (u8)take_nan(lx);
  if (!is_result && v.kind >= WAST_REF_FUNC) wm_lexer_unexpected(lx);
  switch (v.kind) {
  case WAST_I32: v.bits = wm_literal_int(lx, 32); break;
  case WAST_I64: v.bits = wm_literal_int(lx, 64); break;
  case WAST_F32: v.bits = v.nan[0] ? 0 : wm_literal_f32(lx); break;
  case WAST_F64: v.bits = v.nan[0] ? 0 : wm_literal_f64(lx); break;
  case WAST_V128: take_v128(s, &v, is_result); break;
  case WAST_REF_NULL: v.heap = take_heap_type(lx); break;
  case WAST_REF_EXTERN:
  case WAST_REF_HOST:
    v.has_bits = v.kind == WAST_REF_HOST || !is_result || lx->token.kind != TOKEN_CLOSE;
    if (v.has_bits) v.bits = take_host_number(lx);
    break;
  case WAST_REF_FUNC: /* which one is nobody's business: other scripts write its number */
    if (lx->token.kind == TOKEN_NUMBER) wm_lexer_next(lx);
    break;
  default: break;
  }
  wm_lexer_close(lx);
  return v;
}

static void push_arg(WastScript *s, WastValue v) {
  WastValue *slot = lexer_push(&s->lx, &s->args);
  if (slot) *slot = v;
}

static void push_result(WastScript *s, WastValue v) {
  WastValue *slot = lexer_push(&s->lx, &s->results);
  if (slot) *slot = v;
}

/* (either value*), behind "either" */
static void take_either(WastScript *s) {
  u32 head = s->results.len;
  push_result(s, (WastValue){.kind = WAST_EITHER});
  while (s->lx.token.kind == TOKEN_OPEN) {
    take_open(s);
    push_result(s, take_value(s, true));
  }
  wm_lexer_close(&s->lx);
  if (lexer_ok(&s->lx)) s->results.data[head].alternatives = s->results.len - head - 1;
}

static void take_results(WastScript *s, WastCommand *c) {
  while (s->lx.token.kind == TOKEN_OPEN) {
    if (wm_lexer_take_list(&s->lx, "either")) {
      take_either(s);
    } else {
      take_open(s);
      push_result(s, take_value(s, true));
    }
  }
  c->results = s->results.data;
  c->result_count = s->results.len;
}

/* ---- parts of commands ---- */

/* Each leaves the list's own ")" to the caller, whose next token may be broken. */

/* (invoke $id? "name" value*) or (get $id? "name"), behind the "(". */
static void take_action(WastScript *s, WastAction *a) {
  a->is_get = wm_lexer_take(&s->lx, "get");
  if (!a->is_get && !wm_lexer_take(&s->lx, "invoke")) wm_lexer_unexpected(&s->lx);
  a->instance = take_id(s);
  a->name = take_string(s);
  while (!a->is_get && s->lx.token.kind == TOKEN_OPEN) {
    take_open(s);
    push_arg(s, take_value(s, false));
  }
  a->args = s->args.data;
  a->arg_count = s->args.len;
}

/* (module ...), at "module"; `open` is the place of its "(". */
static void take_module(WastScript *s, WastCommand *c, const char *open) {
  WastModule *m = &c->module;
  m->line = line_of(s, open);
  m->start = offset_of(s, open);
  wm_lexer_next(&s->lx);
  m->is_definition = wm_lexer_take(&s->lx, "definition");
  m->id = take_id(s);
  if (wm_lexer_at(&s->lx, "binary") || wm_lexer_at(&s->lx, "quote")) {
    m->form = wm_lexer_take(&s->lx, "binary") ? WAST_BINARY : WAST_QUOTE;
    if (m->form == WAST_QUOTE) wm_lexer_next(&s->lx);
    m->start = offset_of(s, s->lx.token.text);
    while (s->lx.token.kind == TOKEN_STRING) wm_lexer_next(&s->lx);
    m->end = offset_of(s, s->lx.token.text);
  } else {
    m->end = offset_of(s, wm_lexer_skip_to_close(&s->lx)) + 1;
  }
  c->has_module = true;
}

static void take_instance(WastScript *s, WastCommand *c) {
  wm_lexer_next(&s->lx);
  wm_lexer_next(&s->lx);
  c->id = take_id(s);
  c->definition = take_id(s);
}

static bool at_instance(WastScript *s) {
  return wm_lexer_at(&s->lx, "module") && wm_token_is(wm_lexer_peek(&s->lx), "instance");
}

/* What an assertion is about, an action, a module or an instance. */
static void take_subject(WastScript *s, WastCommand *c) {
  const char *open = s->lx.token.text;
  bool wants_module = c->kind >= WAST_ASSERT_MALFORMED;
  bool instantiates = c->kind == WAST_ASSERT_UNLINKABLE || c->kind == WAST_ASSERT_TRAP;
  take_open(s);
  if (wm_lexer_at(&s->lx, "component")) {
    c->kind = WAST_SKIPPED;
    c->proposal = "component-model";
    wm_lexer_skip_to_close(&s->lx);
  } else if (instantiates && at_instance(s)) {
    take_instance(s, c);
    c->has_instance = true;
  } else if (wm_lexer_at(&s->lx, "module") && (wants_module || instantiates)) {
    take_module(s, c, open);
  } else if (wants_module) {
    wm_lexer_unexpected(&s->lx);
  } else {
    take_action(s, &c->action);
  }
  wm_lexer_close(&s->lx);
}

static void take_assertion(WastScript *s, WastCommand *c) {
  wm_lexer_next(&s->lx);
  take_subject(s, c);
  if (c->kind == WAST_SKIPPED) {
    wm_lexer_skip_to_close(&s->lx);
  } else if (c->kind == WAST_ASSERT_RETURN) {
    take_results(s, c);
  } else if (c->kind != WAST_ASSERT_EXCEPTION) {
    c->message = take_string(s);
  }
}

static void take_register(WastScript *s, WastCommand *c) {
  wm_lexer_next(&s->lx);
  c->name = take_string(s);
  c->id = take_id(s);
}

/* (shared (module $id)), behind "shared" */
static void take_shared(WastScript *s) {
  if (!wm_lexer_take_list(&s->lx, "module") || s->lx.token.kind != TOKEN_ID)
    wm_lexer_unexpected(&s->lx);
  Name id = take_id(s);
  Name *slot = lexer_push(&s->lx, &s->shared);
  if (slot) *slot = id;
  wm_lexer_close(&s->lx);
  wm_lexer_close(&s->lx);
}

/* The commands inside are passed over: wm_wast_open_thread reads them. */
static void take_thread(WastScript *s, WastCommand *c) {
  wm_lexer_next(&s->lx);
  c->id = take_id(s);
  while (wm_lexer_take_list(&s->lx, "shared")) take_shared(s);
  c->shared = s->shared.data;
  c->shared_count = s->shared.len;
  c->body_start = offset_of(s, s->lx.token.text);
  c->body_end = offset_of(s, wm_lexer_skip_to_close(&s->lx));
}

static void take_wait(WastScript *s, WastCommand *c) {
  wm_lexer_next(&s->lx);
  c->id = take_id(s);
}

/* A component makes an instance as a module does, but by (component definition ...). */
static void take_skipped(WastScript *s, WastCommand *c) {
  if (wm_lexer_take(&s->lx, "component") && !wm_lexer_take(&s->lx, "definition")) {
    wm_lexer_take(&s->lx, "instance");
    c->id = take_id(s);
    c->has_instance = true;
  }
  wm_lexer_skip_to_close(&s->lx);
}

/* ---- commands ---- */

typedef struct CommandWord {
  const char *text;
  WastKind kind;
  const char *proposal; /* WAST_SKIPPED */
} CommandWord;

static const CommandWord command_words[] = {
    {"module", WAST_MODULE, NULL},
    {"register", WAST_REGISTER, NULL},
    {"invoke", WAST_ACTION, NULL},
    {"get", WAST_ACTION, NULL},
    {"assert_return", WAST_ASSERT_RETURN, NULL},
    {"assert_trap", WAST_ASSERT_TRAP, NULL},
    {"assert_exhaustion", WAST_ASSERT_EXHAUSTION, NULL},
    {"assert_exception", WAST_ASSERT_EXCEPTION, NULL},
    {"assert_malformed", WAST_ASSERT_MALFORMED, NULL},
    {"assert_invalid", WAST_ASSERT_INVALID, NULL},
    {"assert_unlinkable", WAST_ASSERT_UNLINKABLE, NULL},
    {"assert_malformed_custom", WAST_ASSERT_MALFORMED_CUSTOM, NULL},
    {"assert_invalid_custom", WAST_ASSERT_INVALID_CUSTOM, NULL},
    {"thread", WAST_THREAD, NULL},
    {"wait", WAST_WAIT, NULL},
    {"assert_suspension", WAST_SKIPPED, "stack-switching"},
    {"component", WAST_SKIPPED, "component-model"},
    {"script", WAST_SKIPPED, "meta commands"},
    {"input", WAST_SKIPPED, "meta commands"},
    {"output", WAST_SKIPPED, "meta commands"},
};

static const CommandWord *find_command(const Token *t) {
  for (size_t i = 0; i < ARRAY_LEN(command_words); i++)
    if (wm_token_is(t, command_words[i].text)) return &command_words[i];
  return NULL;
}

/* Bare fields: a script may be, or hold, a module without its parentheses. */
static void take_bare_module(WastScript *s, WastCommand *c) {
  c->kind = WAST_MODULE;
  c->keyword = "module";
  c->has_module = true;
  c->module = (WastModule){
      .form = WAST_TEXT, .start = c->start, .line = c->line, .id = {(const u8 *)"", 0}};
  for (;;) {
    wm_lexer_next(&s->lx);
    wm_lexer_skip_to_close(&s->lx);
    Lexer ahead = s->lx;
    wm_lexer_next(&ahead);
    if (ahead.token.kind != TOKEN_OPEN || !wm_field_word(wm_lexer_peek(&ahead))) break;
    s->lx = ahead;
  }
  c->module.end = offset_of(s, s->lx.token.text) + 1;
}

/* A whole command, at its "(". */
static void take_command(WastScript *s, WastCommand *c) {
  const char *open = s->lx.token.text;
  if (s->lx.token.kind == TOKEN_OPEN && wm_field_word(wm_lexer_peek(&s->lx))) {
    take_bare_module(s, c);
    return;
  }
  take_open(s);
  const CommandWord *word = find_command(&s->lx.token);
  if (!word) {
    wm_lexer_unexpected(&s->lx);
    return;
  }
  c->kind = word->kind;
  c->keyword = word->text;
  c->proposal = word->proposal;
  switch (c->kind) {
  case WAST_MODULE:
    if (at_instance(s)) {
      c->kind = WAST_INSTANCE;
      take_instance(s, c);
    } else {
      take_module(s, c, open);
    }
    break;
  case WAST_REGISTER: take_register(s, c); break;
  case WAST_THREAD: take_thread(s, c); break;
  case WAST_WAIT: take_wait(s, c); break;
  case WAST_ACTION: take_action(s, &c->action); break;
  case WAST_SKIPPED: take_skipped(s, c); break;
  default: take_assertion(s, c); break;
  }
}

/* To the last token of a broken command that started with `start`; its error moves to `c`. */
static void recover(WastScript *s, WastCommand *c, const Lexer *start) {
  c->kind = WAST_ERROR;
  c->has_module = c->has_instance = false; /* it may be half read */
  c->error = s->error;
  s->error = (Error){0};
  s->lx = *start;
  if (s->lx.token.kind == TOKEN_OPEN) {
    wm_lexer_next(&s->lx);
    wm_lexer_skip_to_close(&s->lx);
  }
}

/* A token that is no token: nothing behind it can be told. */
static bool fail_script(WastScript *s, WastCommand *c) {
  c->error = s->error;
  c->start = c->end = s->error.offset;
  c->line = s->error.line;
  s->broken = true;
  return true;
}

bool wm_wast_next(WastScript *s, WastCommand *c) {
  static const Name empty = {(const u8 *)"", 0};
  wm_arena_free(&s->arena);
  s->args.len = s->results.len = s->shared.len = 0;
  if (s->broken) return false;
  if (s->started) wm_lexer_next(&s->lx);
  s->started = true;
  *c = (WastCommand){.kind = WAST_ERROR, .keyword = ""};
  c->message = c->id = c->definition = c->name = empty;
  c->module.id = c->action.instance = c->action.name = empty;
  if (!lexer_ok(&s->lx)) return fail_script(s, c);
  if (s->lx.token.kind == TOKEN_END) return false;
  Lexer start = s->lx;
  c->line = line_of(s, start.token.text);
  c->start = offset_of(s, start.token.text);
  take_command(s, c);
  if (lexer_ok(&s->lx) && s->lx.token.kind != TOKEN_CLOSE) wm_lexer_unexpected(&s->lx);
  if (!lexer_ok(&s->lx)) recover(s, c, &start);
  c->end = offset_of(s, s->lx.token.text) + s->lx.token.len;
  if (!lexer_ok(&s->lx)) s->broken = true;
  return true;
}

static WastScript *open_part(const char *text, u64 from, u64 to) {
  WastScript *s = calloc(1, sizeof *s);
  if (!s) return NULL;
  wm_lexer_init(&s->lx, text, (size_t)from, (size_t)to, &s->error);
  s->counted = s->lx.start;
  s->line = 1;
  return s;
}

WastScript *wm_wast_open(const char *text, size_t size) { return open_part(text, 0, size); }

WastScript *wm_wast_open_thread(const WastScript *script, const WastCommand *thread) {
  WastScript *s = open_part(script->lx.start, thread->body_start, thread->body_end);
  if (!s) return NULL;
  s->counted += thread->start;
  s->line = thread->line;
  return s;
}

void wm_wast_close(WastScript *s) {
  if (!s) return;
  wm_arena_free(&s->arena);
  vec_free(&s->args);
  vec_free(&s->results);
  vec_free(&s->shared);
  free(s);
}

/* ---- modules ---- */

/* The strings of a binary or quoted module, one behind the other. */
static void join_strings(const WastScript *s, const WastModule *m, Buffer *out, Error *err) {
  Lexer lx;
  wm_lexer_init(&lx, s->lx.start, (size_t)m->start, (size_t)m->end, err);
  while (lx.token.kind == TOKEN_STRING) wm_lexer_take_string(&lx, out);
}

bool wm_wast_module_bytes(const WastScript *s, const WastModule *m, Buffer *out, Error *err) {
  if (m->form == WAST_TEXT)
    return wm_wat_parse(s->lx.start, (size_t)m->start, (size_t)m->end, out, err);
  Buffer quoted = {0};
  join_strings(s, m, m->form == WAST_BINARY ? out : &quoted, err);
  if (m->form == WAST_QUOTE && err->code == ERR_NONE)
    wm_wat_parse((const char *)quoted.data, 0, quoted.len, out, err);
  wm_buffer_free(&quoted);
  return err->code == ERR_NONE;
}
