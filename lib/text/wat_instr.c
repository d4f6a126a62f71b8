/* Expressions (spec 6.5): flat and folded instructions, without recursion.
 *
 * What is open stands on a stack of frames:
 *
 *   FLAT       block ... end           FLAT_IF   if ...        FLAT_ELSE  if ... else ... end
 *   PLAIN      (i32.add <operands>)    its own bytes wait in w->pending until ")"
 *   BLOCK      (block ... )            also loop and try_table
 *   IF         (if <condition>         waits in w->pending for (then
 *   THEN ELSE  (if (then ...           (if (then ...) (else ...
 *   AFTER_THEN AFTER_ELSE              behind those, before the if's own ")" */
#include "text/wat_parser.h"

enum {
  FRAME_FLAT,
  FRAME_FLAT_IF,
  FRAME_FLAT_ELSE,
  FRAME_PLAIN,
  FRAME_BLOCK,
  FRAME_IF,
  FRAME_THEN,
  FRAME_AFTER_THEN,
  FRAME_ELSE,
  FRAME_AFTER_ELSE
};

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

/* Ends the innermost block: its `end`, label and frame. */
static void close_block(Wat *w) {
  wm_encode_op(w->out, OP_end);
  Label label = w->labels.data[--w->labels.len];
  if (label.symbol != NO_SYMBOL) w->symbols.data[label.symbol].label = label.shadowed;
  w->frames.len--;
}

/* Moves the bytes that waited since `start` to the output. */
static void flush_pending(Wat *w, size_t start) {
  if (w->pending.failed) return;
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

/* block, loop or try_table, and a flat if: head, label and frame. */
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

/* `else` and `end` of flat blocks; true when `op` was one of them. */
static bool close_flat(Wat *w, u16 op, const char *at) {
  if (op != OP_else && op != OP_end) return false;
  InstrFrame *f = w->frames.len ? vec_last(&w->frames) : NULL;
  bool fits = f && (op == OP_else ? f->kind == FRAME_FLAT_IF : f->kind <= FRAME_FLAT_ELSE);
  if (!fits) {
    wm_lexer_fail(&w->lx, at, "unexpected token %s", op == OP_else ? "else" : "end");
    return true;
  }
  check_label(w, f->symbol);
  if (op == OP_end) {
    close_block(w);
  } else {
    wm_encode_op(w->out, OP_else);
    f->kind = FRAME_FLAT_ELSE;
  }
  return true;
}

static void flat_instr(Wat *w) {
  const char *at = w->lx.token.text;
  u8 around = w->frames.len ? vec_last(&w->frames)->kind : FRAME_FLAT;
  if (around == FRAME_PLAIN || around == FRAME_IF || around == FRAME_AFTER_THEN ||
      around == FRAME_AFTER_ELSE) {
    wm_lexer_unexpected(&w->lx);
    return;
  }
  u16 op = take_op(w);
  if (op == OP_INVALID || close_flat(w, op, at)) return;
  if (is_block(op) || op == OP_if) {
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

/* At "(". */
static void folded_instr(Wat *w) {
  InstrFrame *f = w->frames.len ? vec_last(&w->frames) : NULL;
  if (f && open_branch(w, f)) return;
  wm_lexer_next(&w->lx);
  if (f && (f->kind == FRAME_AFTER_THEN || f->kind == FRAME_AFTER_ELSE)) {
    wm_lexer_unexpected(&w->lx);
    return;
  }
  const char *at = w->lx.token.text;
  u16 op = take_op(w);
  if (op == OP_INVALID) return;
  if (op == OP_else || op == OP_end) {
    wm_lexer_fail(&w->lx, at, "unexpected token %s", wm_op_text(op));
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
  case FRAME_BLOCK:
  case FRAME_AFTER_THEN:
  case FRAME_AFTER_ELSE: close_block(w); break;
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
    if (!w->frames.len) return false;
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
