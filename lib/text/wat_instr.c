/* Expressions (spec 6.5): flat and folded instructions, without recursion.
 *
 * What is open stands on a stack of frames:
 *
 *   FLAT       block ... end           FLAT_IF   if ...        FLAT_ELSE  if ... else ... end
 *   PLAIN      (i32.add <operands>)    its own bytes wait in w->pending until ")"
 *   BLOCK      (block ... )            also loop and try_table
 *   IF         (if <condition>         waits in w->pending for (then
 *   THEN ELSE  (if (then ...           (if (then ...) (else ...
 *   AFTER_THEN AFTER_ELSE              behind those, before the if's own ")"
 *
 * The legacy encoding of exceptions:
 *
 *   FLAT_TRY FLAT_CATCH FLAT_CATCH_ALL     try ... catch ... catch_all ... end
 *   TRY          (try                      waits for (do
 *   DO           (try (do ...
 *   AFTER_DO     (try (do ...)             waits for (catch, (catch_all, (delegate
 *   CATCH        (try (do ...) (catch ...
 *   AFTER_CATCH  (try (do ...) (catch ...) as AFTER_DO, but no delegate
 *   CATCH_ALL    (try ... (catch_all ...
 *   AFTER_TRY    (try ... (catch_all ...)  before the try's own ")"
 *   DELEGATED    (try (do ...) (delegate l) likewise; there is no `end` */
#include "text/wat_parser.h"

enum {
  FRAME_FLAT,
  FRAME_FLAT_IF,
  FRAME_FLAT_ELSE,
  FRAME_FLAT_TRY,
  FRAME_FLAT_CATCH,
  FRAME_FLAT_CATCH_ALL,
  FRAME_PLAIN,
  FRAME_BLOCK,
  FRAME_IF,
  FRAME_THEN,
  FRAME_AFTER_THEN,
  FRAME_ELSE,
  FRAME_AFTER_ELSE,
  FRAME_TRY,
  FRAME_DO,
  FRAME_AFTER_DO,
  FRAME_CATCH,
  FRAME_AFTER_CATCH,
  FRAME_CATCH_ALL,
  FRAME_AFTER_TRY,
  FRAME_DELEGATED
};

/* Whether a frame takes flat instructions. */
static bool takes_flat(u8 kind) {
  switch (kind) {
  case FRAME_PLAIN:
  case FRAME_IF:
  case FRAME_AFTER_THEN:
  case FRAME_AFTER_ELSE:
  case FRAME_TRY:
  case FRAME_AFTER_DO:
  case FRAME_AFTER_CATCH:
  case FRAME_AFTER_TRY:
  case FRAME_DELEGATED: return false;
  default: return true;
  }
}

/* Whether it takes folded ones, after its own parts. */
static bool takes_folded(u8 kind) {
  return takes_flat(kind) || kind == FRAME_PLAIN || kind == FRAME_IF;
}

static void open_frame(Wat *w, u8 kind, u32 symbol, size_t pending, Name label) {
  InstrFrame *f = lexer_push(&w->lx, &w->frames);
  if (f) *f = (InstrFrame){kind, symbol, pending, label};
}

static const Name no_name = {0};

/* Takes a label's identifier, if there is one; *name is what it or an annotation says. */
static u32 take_label(Wat *w, Name *name) {
  u32 symbol = wm_wat_take_symbol(w);
  *name = symbol == NO_SYMBOL ? no_name : w->symbols.data[symbol].name;
  wm_wat_part_name(w, name);
  return symbol;
}

static void push_label(Wat *w, u32 symbol, Name name) {
  Label *label = lexer_push(&w->lx, &w->labels);
  if (!label) return;
  *label = (Label){symbol, 0};
  if (symbol != NO_SYMBOL) {
    Symbol *s = &w->symbols.data[symbol];
    label->shadowed = s->label;
    s->label = w->labels.len;
  }
  if (name.bytes && w->function)
    wm_wat_add_name(&w->owner_labels, &w->owner_label_count, w->label_index, name);
  w->label_index++;
}

/* The innermost block's label goes out of scope. */
static void pop_label(Wat *w) {
  Label label = w->labels.data[--w->labels.len];
  if (label.symbol != NO_SYMBOL) w->symbols.data[label.symbol].label = label.shadowed;
}

/* Ends the innermost block: its `end`, label and frame. */
static void close_block(Wat *w) {
  wm_encode_op(w->out, OP_end);
  pop_label(w);
  w->frames.len--;
}

/* Ends the innermost try otherwise; the label delegated to is one around it. */
static void delegate(Wat *w) {
  pop_label(w);
  wm_encode_op(w->out, OP_delegate);
  wm_buffer_uleb(w->out, wm_wat_label_index(w));
}

/* Moves the bytes that waited since `start` to the output. */
static void flush_pending(Wat *w, size_t start) {
  if (w->pending.failed) return;
  if (w->waiting_hints.len) wm_wat_flush_hints(w, start);
  wm_buffer_bytes(w->out, w->pending.data + start, w->pending.len - start);
  w->pending.len = start;
}

/* (catch tag label)* and their number, of a try_table whose own label is not in scope for them. */
static void catch_clauses(Wat *w) {
  static const struct {
    const char *text;
    CatchKind kind;
  } words[] = {{"catch", CATCH},
               {"catch_ref", CATCH_REF},
               {"catch_all", CATCH_ALL},
               {"catch_all_ref", CATCH_ALL_REF}};
  u32 count = 0;
  w->scratch.len = 0;
  for (size_t i = 0; i < ARRAY_LEN(words);) {
    if (!wm_lexer_take_list(&w->lx, words[i].text)) {
      i++;
      continue;
    }
    Catch c = {.kind = words[i].kind};
    if (c.kind == CATCH || c.kind == CATCH_REF) c.tag = wm_wat_index(w, SPACE_TAG);
    c.label = wm_wat_label_index(w);
    wm_encode_catch(&w->scratch, c);
    wm_lexer_close(&w->lx);
    count++;
    i = 0;
  }
  wm_buffer_uleb(w->out, count);
  wm_buffer_bytes(w->out, w->scratch.data, w->scratch.len);
}

/* block, loop, try or try_table, and a flat if: head, label and frame. */
static void open_block(Wat *w, u16 op, u8 kind) {
  Name name;
  u32 symbol = take_label(w, &name);
  wm_encode_op(w->out, op);
  wm_encode_blocktype(w->out, wm_wat_blocktype(w));
  if (op == OP_try_table) catch_clauses(w);
  push_label(w, symbol, name);
  open_frame(w, kind, symbol, w->pending.len, no_name);
}

/* The head of a folded if, which waits for its condition. */
static void open_folded_if(Wat *w) {
  size_t start = w->pending.len;
  Name name;
  u32 symbol = take_label(w, &name);
  wm_encode_op(&w->pending, OP_if);
  wm_encode_blocktype(&w->pending, wm_wat_blocktype(w));
  open_frame(w, FRAME_IF, symbol, start, name);
}

static bool is_block(u16 op) { return op == OP_block || op == OP_loop || op == OP_try_table; }

/* At the keyword of an instruction: its id, and on to the next token. */
static u16 take_op(Wat *w) {
  const Token *t = &w->lx.token;
  u16 op = t->kind == TOKEN_KEYWORD ? wm_op_find_text(t->text, t->len) : OP_INVALID;
  if (op == OP_INVALID) {
    wm_lexer_unexpected(&w->lx);
  } else {
    wm_wat_take_hints(w, op);
    w->notes.len = 0; /* those before the keyword are for something else */
    wm_lexer_next(&w->lx);
  }
  return op;
}

/* An identifier behind `else` or `end` must repeat the block's. */
static void check_label(Wat *w, u32 symbol) {
  if (wat_token(w) != TOKEN_ID) return;
  const char *at = w->lx.token.text;
  if (wm_wat_take_symbol(w) != symbol) wm_lexer_fail(&w->lx, at, "mismatching label");
}

/* Whether `op` only stands in a flat block, whose next part it begins or whose end it is. */
static bool is_part(u16 op) {
  return op == OP_else || op == OP_end || op == OP_catch || op == OP_catch_all || op == OP_delegate;
}

static bool fits_flat(u8 kind, u16 op) {
  switch (op) {
  case OP_else: return kind == FRAME_FLAT_IF;
  case OP_delegate: return kind == FRAME_FLAT_TRY;
  case OP_end: return kind <= FRAME_FLAT_CATCH_ALL;
  default: return kind == FRAME_FLAT_TRY || kind == FRAME_FLAT_CATCH;
  }
}

/* At a part of the innermost flat block. */
static void flat_part(Wat *w, u16 op, const char *at) {
  InstrFrame *f = w->frames.len ? vec_last(&w->frames) : NULL;
  if (!f || !fits_flat(f->kind, op)) {
    wm_lexer_fail(&w->lx, at, "unexpected token %s", wm_op_text(op));
    return;
  }
  if (op == OP_else || op == OP_end) check_label(w, f->symbol);
  switch (op) {
  case OP_end: close_block(w); return;
  case OP_delegate:
    delegate(w);
    w->frames.len--;
    return;
  case OP_else: f->kind = FRAME_FLAT_ELSE; break;
  case OP_catch: f->kind = FRAME_FLAT_CATCH; break;
  default: f->kind = FRAME_FLAT_CATCH_ALL; break;
  }
  wm_wat_plain(w, op, w->out);
}

static void flat_instr(Wat *w) {
  const char *at = w->lx.token.text;
  u8 around = w->frames.len ? vec_last(&w->frames)->kind : FRAME_FLAT;
  if (!takes_flat(around)) {
    wm_lexer_unexpected(&w->lx);
    return;
  }
  u16 op = take_op(w);
  if (op == OP_INVALID) return;
  wm_wat_place_hint(w, false);
  if (is_part(op)) {
    flat_part(w, op, at);
  } else if (op == OP_try) {
    open_block(w, op, FRAME_FLAT_TRY);
  } else if (is_block(op) || op == OP_if) {
    open_block(w, op, op == OP_if ? FRAME_FLAT_IF : FRAME_FLAT);
  } else {
    wm_wat_plain(w, op, w->out);
  }
}

/* (then or (else where an `if` waits for it; true when it was taken. */
static bool open_branch(Wat *w, InstrFrame *f) {
  if (f->kind == FRAME_IF && wm_lexer_take_list(&w->lx, "then")) {
    flush_pending(w, f->pending);
    f->kind = FRAME_THEN;
    push_label(w, f->symbol, f->name);
    return true;
  }
  if (f->kind == FRAME_AFTER_THEN && wm_lexer_take_list(&w->lx, "else")) {
    wm_encode_op(w->out, OP_else);
    f->kind = FRAME_ELSE;
    return true;
  }
  return false;
}

/* (do, (catch, (catch_all or (delegate where a `try` waits for it; true when it was taken. */
static bool open_try_part(Wat *w, InstrFrame *f) {
  bool done = f->kind == FRAME_AFTER_DO;
  if (f->kind == FRAME_TRY && wm_lexer_take_list(&w->lx, "do")) {
    f->kind = FRAME_DO;
  } else if (done && wm_lexer_take_list(&w->lx, "delegate")) {
    delegate(w);
    wm_lexer_close(&w->lx);
    f->kind = FRAME_DELEGATED;
  } else if ((done || f->kind == FRAME_AFTER_CATCH) && wm_lexer_take_list(&w->lx, "catch")) {
    wm_wat_plain(w, OP_catch, w->out);
    f->kind = FRAME_CATCH;
  } else if ((done || f->kind == FRAME_AFTER_CATCH) && wm_lexer_take_list(&w->lx, "catch_all")) {
    wm_encode_op(w->out, OP_catch_all);
    f->kind = FRAME_CATCH_ALL;
  } else {
    return false;
  }
  return true;
}

/* At "(". */
static void folded_instr(Wat *w) {
  InstrFrame *f = w->frames.len ? vec_last(&w->frames) : NULL;
  if (f && (open_branch(w, f) || open_try_part(w, f))) return;
  wm_lexer_next(&w->lx);
  if (f && !takes_folded(f->kind)) {
    wm_lexer_unexpected(&w->lx);
    return;
  }
  const char *at = w->lx.token.text;
  u16 op = take_op(w);
  if (op == OP_INVALID) return;
  wm_wat_place_hint(w, true);
  if (is_part(op)) {
    wm_lexer_fail(&w->lx, at, "unexpected token %s", wm_op_text(op));
  } else if (op == OP_try) {
    open_block(w, op, FRAME_TRY);
  } else if (is_block(op)) {
    open_block(w, op, FRAME_BLOCK);
  } else if (op == OP_if) {
    open_folded_if(w);
  } else {
    size_t start = w->pending.len;
    wm_wat_plain(w, op, &w->pending);
    open_frame(w, FRAME_PLAIN, NO_SYMBOL, start, no_name);
  }
}

/* At the ")" of the innermost frame. */
static void close_folded(Wat *w) {
  InstrFrame *f = vec_last(&w->frames);
  switch (f->kind) {
  case FRAME_PLAIN:
    flush_pending(w, f->pending);
    w->frames.len--;
    break;
  case FRAME_THEN: f->kind = FRAME_AFTER_THEN; break;
  case FRAME_ELSE: f->kind = FRAME_AFTER_ELSE; break;
  case FRAME_DO: f->kind = FRAME_AFTER_DO; break;
  case FRAME_CATCH: f->kind = FRAME_AFTER_CATCH; break;
  case FRAME_CATCH_ALL: f->kind = FRAME_AFTER_TRY; break;
  case FRAME_DELEGATED: w->frames.len--; break;
  case FRAME_BLOCK:
  case FRAME_AFTER_THEN:
  case FRAME_AFTER_ELSE:
  case FRAME_AFTER_DO:
  case FRAME_AFTER_CATCH:
  case FRAME_AFTER_TRY: close_block(w); break;
  default: wm_lexer_unexpected(&w->lx); return; /* a flat block without end, an if without then */
  }
  wm_lexer_next(&w->lx);
}

/* One step; false at a ")" that is not ours, and when failed. */
static bool step(Wat *w) {
  switch (wat_token(w)) {
  case TOKEN_OPEN: folded_instr(w); break;
  case TOKEN_KEYWORD: flat_instr(w); break;
  case TOKEN_CLOSE:
    wm_wat_take_hints(w, OP_INVALID);
    w->notes.len = 0;
    if (!w->frames.len || !wat_ok(w)) return false;
    close_folded(w);
    break;
  default: wm_lexer_unexpected(&w->lx); break;
  }
  return wat_ok(w);
}

void wm_wat_expr(Wat *w, Buffer *out) {
  w->out = out;
  while (step(w)) {
  }
  wm_encode_op(out, OP_end);
}

void wm_wat_folded_expr(Wat *w, Buffer *out) {
  w->out = out;
  if (wat_token(w) != TOKEN_OPEN) wm_lexer_unexpected(&w->lx);
  while (step(w) && w->frames.len) {
  }
  wm_encode_op(out, OP_end);
}
