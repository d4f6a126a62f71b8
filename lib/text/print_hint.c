/* Branch hints (binary/branch_hints.h) as annotations, from which the parser makes the section
 * again with the places that instructions have then. That is all or nothing: of a section that is
 * malformed, or says something of other instructions, nothing would be left but the rest. */
#include "text/printer.h"

static bool is_branch(const Instr *in) { return in->op == OP_if || in->op == OP_br_if; }

static void skip_locals(Reader *r) {
  u32 groups = wm_reader_u32(r);
  for (u32 i = 0; i < groups && reader_ok(r); i++) {
    wm_reader_u32(r);
    wm_reader_valtype(r);
  }
}

/* Whether the function's hints, from *next on, are all of branches; *next is then behind them. */
static bool meets_branches(const Printer *p, const FuncDecl *f, u32 *next) {
  u32 end = f->code_offset + f->code_bytes;
  const BranchHint *hint = &p->hints.data[*next], *last = p->hints.data + p->hints.len;
  if (hint == last || hint->offset >= end) return true;
  Error ignored = {0};
  Reader r = wm_reader_at(p->m, f->code_offset, f->code_bytes, &ignored);
  Instr in = {0};
  skip_locals(&r);
  for (; hint < last && hint->offset < end; hint++, ++*next) {
    while (in.offset < hint->offset)
      if (!wm_instr_read(&r, &in)) return false;
    if (in.offset != hint->offset || !is_branch(&in)) return false;
  }
  return true;
}

static bool all_meet_branches(const Printer *p) {
  const Module *m = p->m;
  u32 next = 0;
  for (u32 i = m->func_import_count; next < p->hints.len && i < m->func_count; i++)
    if (!meets_branches(p, &m->funcs[i], &next)) return false;
  return next == p->hints.len;
}

bool wm_print_hints(Printer *p) {
  Error err = {0};
  u32 count, section = wm_branch_hints_section(p->m, &count);
  p->hint_section = NO_INDEX;
  if (count != 1) return true; /* which one counts is told by their order */
  bool ok = wm_branch_hints_read(p->m, section, &p->hints, &err) && p->hints.len;
  if (err.code == ERR_OUT_OF_MEMORY) return wm_print_out_of_memory(p);
  if (ok && all_meet_branches(p))
    p->hint_section = section;
  else
    p->hints.len = 0;
  return true;
}

bool wm_put_hint(Printer *p, const Instr *in) {
  if (!p->hints.len || !is_branch(in)) return false;
  const BranchHint *hint = wm_branch_hints_find(p->hints.data, p->hints.len, in->offset);
  if (!hint) return false;
  put_text(p, "(@" BRANCH_HINT_SECTION);
  put_text(p, hint->says ? " \"\\01\")" : " \"\\00\")");
  return true;
}
