/* Bodies folded (spec 6.5.10): instructions with their operands inside them.
 *
 * A first reading finds trees; a tree is known by its last instruction, for the operands come
 * first:
 *
 *     instruction   0 local.get  1 i32.const  2 i32.add  3 if   4 nop  5 end
 *     top           5            1            -          -      4      label 0
 *     child         -            -            0          2      -      3
 *
 *     (if (i32.add (local.get 0) (i32.const 1)) (then (nop)))
 *
 * `top` is the largest tree that starts at an instruction, from which `child` leads to the smaller
 * ones that start there as well; of an `else` or catch it is NO_INDEX. The second reading writes
 * them by position, with a stack of what is open. Whatever trees there are, read back they give the
 * instructions in their order: an operand that is not found (of several values, or with something
 * in between) is no error, and stays a line of its own. */
#include "text/printer.h"

/* ---- finding trees ---- */

static FoldNode *node_at(Printer *p, u32 index) { return &p->nodes.data[index]; }

/* What stands before is no operand of anything that comes. */
static void raise_floor(Printer *p) { vec_last(&p->blocks)->floor = p->trees.len; }

/* Takes the trees that leave just `values` values together; the new tree starts at *start, and
 * *child is the first. False: there are none. */
static bool take_operands(Printer *p, u32 values, u32 *start, u32 *child) {
  u32 first = p->trees.len, floor = vec_last(&p->blocks)->floor;
  while (values && first > floor) {
    u32 has = p->trees.data[first - 1].values;
    if (!has || has > values) break;
    values -= has;
    first--;
  }
  if (values || first == p->trees.len) return false;
  *start = p->trees.data[first].start;
  *child = p->trees.data[first].id;
  p->trees.len = first;
  return true;
}

static void push_tree(Printer *p, u32 start, u32 id, u32 values) {
  FoldTree *tree = print_push(p, &p->trees);
  if (!tree) return;
  *tree = (FoldTree){start, id, values};
  node_at(p, start)->top = id;
}

static void find_plain(Printer *p, const Instr *in, u32 id) {
  Arity arity = {0};
  u32 start = id;
  bool is_known = wm_print_arity(p, in, &arity);
  bool found = is_known && take_operands(p, arity.takes, &start, &node_at(p, id)->child);
  if (!is_known || (arity.takes && !found)) raise_floor(p);
  push_tree(p, start, id, arity.leaves);
}

static void find_opener(Printer *p, const Instr *in, u32 id) {
  Arity arity = wm_print_block_arity(p, in->block);
  u32 start = id;
  if (in->op == OP_if && !take_operands(p, 1, &start, &node_at(p, id)->child)) raise_floor(p);
  if (arity.takes) raise_floor(p);
  FoldBlock *block = print_push(p, &p->blocks);
  if (!block) return;
  *block = (FoldBlock){.opener = id,
                       .start = start,
                       .floor = p->trees.len,
                       .trees = p->trees.len,
                       .label = p->label_index,
                       .branch_values = in->op == OP_loop ? arity.takes : arity.leaves,
                       .values = arity.leaves};
  wm_print_push_label(p, in->op, p->label_index++);
}

static void find_end(Printer *p, u32 id) {
  FoldBlock block = *vec_last(&p->blocks);
  p->blocks.len--;
  p->labels.len--;
  p->trees.len = block.trees;
  node_at(p, id)->child = block.opener;
  push_tree(p, block.start, id, block.values);
  node_at(p, id)->top = block.label;
}

static void find_node(Printer *p, const Instr *in, u32 id) {
  switch (op_shape(in->op)) {
  case SHAPE_PLAIN: find_plain(p, in, id); break;
  case SHAPE_OPENS: find_opener(p, in, id); break;
  case SHAPE_CLOSES: find_end(p, id); break;
  case SHAPE_GOES_ON:
    node_at(p, id)->top = NO_INDEX;
    raise_floor(p);
    break;
  }
}

/* The function itself is the outermost block. */
static bool open_function(Printer *p) {
  FoldBlock *block = print_push(p, &p->blocks);
  if (!block) return false;
  *block = (FoldBlock){.branch_values = p->func_type ? p->func_type->result_count : 0};
  return true;
}

static bool find_trees(Printer *p, Reader *r) {
  const u8 *start = r->pos;
  Instr in;
  p->nodes.len = p->trees.len = p->blocks.len = p->labels.len = 0;
  if (!open_function(p)) return false;
  for (;;) {
    u32 at = (u32)(r->pos - start), id = p->nodes.len;
    if (!wm_print_ok(p) || !wm_instr_read(r, &in) || !wm_print_check_nesting(p, r, &in))
      return false;
    if (in.op == OP_end && !p->labels.len) return true;
    FoldNode *node = print_push(p, &p->nodes);
    if (!node) return false;
    *node = (FoldNode){at, id, NO_INDEX};
    find_node(p, &in, id);
  }
}

/* ---- writing them ---- */

typedef struct Folder {
  Printer *p;
  Reader body;
  u32 line_end; /* all up to this instruction stays on the line; NO_INDEX: nothing */
} Folder;

enum { SHORT_TREE = 4 }; /* instructions that share a line */

static void read_node(const Folder *f, u32 id, Instr *in) {
  Reader r = f->body;
  r.pos += f->p->nodes.data[id].at;
  wm_instr_read(&r, in);
}

static void put_apart(const Folder *f) {
  if (f->line_end == NO_INDEX)
    wm_put_line(f->p);
  else
    put_char(f->p, ' ');
}

/* Of what has instructions on lines of their own, the ")" has one, too. */
static void put_block_close(const Folder *f) {
  if (f->line_end == NO_INDEX) wm_put_line(f->p);
  put_char(f->p, ')');
}

static void put_open(Folder *f, const Instr *in) {
  put_apart(f);
  if (wm_put_hint(f->p, in)) put_apart(f);
  put_char(f->p, '(');
  wm_put_offset(f->p, in);
}

static bool has_parts(u16 op) { return op == OP_if || op == OP_try; }

static void push_open(Folder *f, u32 id, u32 opener, u16 op) {
  OpenTree *open = print_push(f->p, &f->p->open);
  if (open) *open = (OpenTree){id, opener, op};
  f->p->depth++;
}

/* The head of the tree `id` that starts at `at`. Returns its first operand, or NO_INDEX. */
static u32 put_plain_head(Folder *f, u32 at, u32 id) {
  Instr in;
  read_node(f, id, &in);
  put_open(f, &in);
  wm_put_instr(f->p, &in);
  u32 child = node_at(f->p, id)->child;
  if (child == NO_INDEX) {
    put_char(f->p, ')');
    return NO_INDEX;
  }
  push_open(f, id, NO_INDEX, in.op);
  if (f->line_end == NO_INDEX && id - at < SHORT_TREE) f->line_end = id;
  return child;
}

/* The same of a block, whose condition is its operand. */
static u32 put_block_head(Folder *f, u32 id) {
  Printer *p = f->p;
  Instr in;
  u32 opener = node_at(p, id)->child;
  Ident ident = wm_print_label_ident(p, node_at(p, id)->top);
  read_node(f, opener, &in);
  put_open(f, &in);
  put_text(p, wm_op_text(in.op));
  wm_put_ident(p, &ident);
  wm_put_depth_note(p, p->labels.len + 1);
  wm_put_instr(p, &in);
  push_open(f, id, opener, in.op);
  return node_at(p, opener)->child;
}

static bool is_end(const Folder *f, u32 id) {
  u8 byte = f->body.pos[f->p->nodes.data[id].at];
  return op_shape(op_of_byte(byte)) == SHAPE_CLOSES;
}

/* All heads at instruction `at`, up to a leaf or a block that has no condition. */
static void put_heads(Folder *f, u32 at) {
  u32 id = node_at(f->p, at)->top;
  while (id != NO_INDEX && wm_print_ok(f->p))
    id = is_end(f, id) ? put_block_head(f, id) : put_plain_head(f, at, id);
}

/* A part of an if or try: "(then", "(catch $e". */
static void open_part(Folder *f, const char *word) {
  put_apart(f);
  put_char(f->p, '(');
  put_text(f->p, word);
  f->p->depth++;
}

static void close_part(Folder *f) {
  f->p->depth--;
  put_block_close(f);
}

/* Where a block's instruction itself stands: its body begins. */
static void begin_body(Folder *f, const OpenTree *open) {
  wm_print_push_label(f->p, open->op, node_at(f->p, open->id)->top);
  if (has_parts(open->op)) open_part(f, open->op == OP_if ? "then" : "do");
}

/* An else or catch. */
static void next_part(Folder *f, u32 at) {
  Instr in;
  close_part(f);
  read_node(f, at, &in);
  open_part(f, "");
  wm_put_instr(f->p, &in);
}

static void put_delegate(Folder *f, const Instr *in) {
  put_apart(f);
  put_char(f->p, '(');
  wm_put_instr(f->p, in);
  put_char(f->p, ')');
}

/* At the last instruction of the innermost open tree. */
static void close_tree(Folder *f, u32 id) {
  Printer *p = f->p;
  OpenTree open = *vec_last(&p->open);
  p->open.len--;
  if (open.opener != NO_INDEX) {
    Instr in;
    read_node(f, id, &in);
    if (has_parts(open.op)) close_part(f);
    p->labels.len--;
    if (in.op != OP_end) put_delegate(f, &in);
  }
  p->depth--;
  if (open.opener != NO_INDEX)
    put_block_close(f);
  else
    put_char(p, ')');
  if (f->line_end == id) f->line_end = NO_INDEX;
}

/* Whether a tree starts at instruction `at`; else it ends or continues what is open. */
static bool starts_tree(const Printer *p, u32 at) {
  const OpenTree *open = p->open.len ? vec_last(&p->open) : NULL;
  return !open || (open->id != at && open->opener != at);
}

/* Writes what instruction `at` begins or ends. */
static void put_node(Folder *f, u32 at) {
  Printer *p = f->p;
  if (starts_tree(p, at)) {
    if (node_at(p, at)->top == NO_INDEX) {
      next_part(f, at);
      return;
    }
    put_heads(f, at);
  }
  if (starts_tree(p, at)) return; /* a leaf, which is written */
  OpenTree open = *vec_last(&p->open);
  if (open.opener == at)
    begin_body(f, &open);
  else
    close_tree(f, at);
}

void wm_print_folded(Printer *p, Reader *r) {
  Folder f = {.p = p, .body = *r, .line_end = NO_INDEX};
  if (!find_trees(p, r)) return;
  p->labels.len = p->open.len = 0;
  for (u32 i = 0; i < p->nodes.len && wm_print_ok(p); i++) put_node(&f, i);
}
