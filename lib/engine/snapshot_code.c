/* What the code of a snapshot refers to by number: segments, which keep theirs, and functions,
 * which ref.func may name when something else of the module does (spec 3.4.10). */
#include "engine/snapshot_parts.h"

#include <stdlib.h>

static void use(u32 *used, u32 index) { *used = max_u32(*used, index + 1); }

static void name(Snapshot *s, u32 index) {
  s->named_count += !s->is_named[index];
  s->is_named[index] = 1;
}

static void look_at(Snapshot *s, const Instr *instr) {
  switch (instr->op) {
  case OP_ref_func: name(s, instr->index); break;
  case OP_memory_init:
  case OP_data_drop: use(&s->data_used, instr->index); break;
  case OP_table_init:
  case OP_elem_drop: use(&s->elem_used, instr->index); break;
  case OP_array_new_data:
  case OP_array_init_data: use(&s->data_used, instr->index2); break;
  case OP_array_new_elem:
  case OP_array_init_elem: use(&s->elem_used, instr->index2); break;
  default: break;
  }
}

/* It is valid: locals are groups of a count and a type. */
static void scan_body(Snapshot *s, const FuncDecl *func) {
  Error err = {.code = ERR_NONE};
  Reader r = wm_reader_at(s->m, func->code_offset, func->code_bytes, &err);
  Instr instr;
  for (u32 groups = wm_reader_u32(&r); groups > 0; groups--) {
    wm_reader_u32(&r);
    wm_reader_valtype(&r);
  }
  while (r.pos < r.end && wm_instr_read(&r, &instr)) look_at(s, &instr);
}

bool wm_snapshot_scan_code(Snapshot *s) {
  s->is_named = calloc(s->m->func_count + (size_t)1, 1);
  if (!s->is_named) return wm_error_out_of_memory(s->err);
  for (u32 i = s->m->func_import_count; i < s->m->func_count; i++) scan_body(s, &s->m->funcs[i]);
  return true;
}
