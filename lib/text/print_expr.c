/* Expressions, instruction after instruction (spec 6.5): bodies with each on a line, constant
 * expressions on one. Nesting is on the stack p->labels, so that no input makes C recurse. */
#include "text/printer.h"

/* ---- nesting ---- */

bool wm_print_check_nesting(Printer *p, Reader *r, const Instr *in) {
  OpenLabel *top = p->labels.len ? vec_last(&p->labels) : NULL;
  if (!wm_instr_fits(in, top ? top->part : OP_block, r->err)) return false;
  if (top && op_shape(in->op) == SHAPE_GOES_ON) top->part = in->op;
  bool is_last = in->op == OP_end && !top;
  return !is_last || r->pos == r->end ||
         wm_reader_fail(r, reader_offset(r), "section size mismatch");
}

void wm_print_push_label(Printer *p, u16 op, u32 label) {
  OpenLabel *open = print_push(p, &p->labels);
  if (open) *open = (OpenLabel){op, wm_print_label_ident(p, label)};
}

/* ---- flat ---- */

/* "block $l (;@2;) (result i32)"; of a block without a name the comment says what its depth is. */
static void put_opener(Printer *p, const Instr *in) {
  Ident ident = wm_print_label_ident(p, p->label_index);
  put_text(p, wm_op_text(in->op));
  wm_put_ident(p, &ident);
  wm_put_depth_note(p, p->labels.len + 1);
  wm_put_instr(p, in);
  wm_print_push_label(p, in->op, p->label_index++);
}

/* One instruction; what it opens or closes moves the depth. `apart` begins a new line or not. */
static void put_step(Printer *p, const Instr *in, void (*apart)(Printer *)) {
  OpShape shape = op_shape(in->op);
  if (shape == SHAPE_CLOSES || shape == SHAPE_GOES_ON) p->depth--;
  if (shape == SHAPE_CLOSES) p->labels.len--; /* a delegate's label counts from outside */
  apart(p);
  if (wm_put_hint(p, in)) apart(p);
  wm_put_offset(p, in);
  if (shape == SHAPE_OPENS)
    put_opener(p, in);
  else
    wm_put_instr(p, in);
  if (shape == SHAPE_OPENS || shape == SHAPE_GOES_ON) p->depth++;
}

static void put_flat(Printer *p, Reader *r, void (*apart)(Printer *)) {
  Instr in;
  p->labels.len = 0;
  while (wm_print_ok(p) && wm_instr_read(r, &in)) {
    if (!wm_print_check_nesting(p, r, &in)) return;
    if (in.op == OP_end && !p->labels.len) return;
    put_step(p, &in, apart);
  }
}

void wm_print_flat(Printer *p, Reader *r) { put_flat(p, r, wm_put_line); }

/* ---- constant expressions ---- */

static void put_blank(Printer *p) { put_char(p, ' '); }

/* Whether it is one plain instruction, which may stand in parentheses alone. */
static bool is_single(Reader r, Instr *in) {
  return wm_instr_read(&r, in) && op_shape(in->op) == SHAPE_PLAIN && r.end - r.pos == 1;
}

void wm_put_const_expr(Printer *p, const ConstExpr *expr, const char *keyword) {
  Reader r = wm_reader_at(p->m, expr->offset, expr->size_bytes, p->err);
  Instr in;
  p->func_type = NULL;
  p->local_ids.len = p->label_ids.len = p->label_index = 0;
  if (is_single(r, &in)) {
    p->labels.len = 0;
    put_text(p, " (");
    wm_put_instr(p, &in);
    put_char(p, ')');
    return;
  }
  if (keyword) {
    put_text(p, " (");
    put_text(p, keyword);
  }
  u32 depth = p->depth;
  put_flat(p, &r, put_blank);
  p->depth = depth;
  if (keyword) put_char(p, ')');
}
