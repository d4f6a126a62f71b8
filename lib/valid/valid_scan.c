/* The grammar of bodies without their meaning. A module that is both malformed and invalid counts
 * as malformed (decoding comes before validation in the spec), but bodies are read only while they
 * are validated. So when validation fails, this looks for a grammar error in all of them. */
#include "valid/validator.h"
#include "wasm/nesting.h"

/* What began the last part of each open block. */
typedef Vec(u16) ScanStack;

bool wm_valid_body_ends(Reader *r, const Module *m, u32 func_index) {
  bool is_last = func_index + 1 == m->func_count;
  return wm_reader_fail(r, reader_offset(r), "%s",
                        is_last ? UNEXPECTED_END : "END opcode expected");
}

/* The grammar wants it of every instruction that names a data segment (spec 5.5.16). */
static bool needs_data_count(u8 immediate) {
  return immediate == IMM_DATA || immediate == IMM_DATA_MEMORY || immediate == IMM_TYPE_DATA;
}

static bool scan_instr(Reader *r, const Instr *in, const Module *m, ScanStack *open) {
  if (needs_data_count(wm_valid_rules[in->op].immediate) && !m->has_data_count)
    return wm_reader_fail(r, in->offset, "data count section required");
  u16 *part = vec_last(open);
  if (!wm_instr_fits(in, *part, r->err)) return false;
  switch (op_shape(in->op)) {
  case SHAPE_OPENS:
    part = vec_push(open);
    if (part) *part = in->op;
    return part || wm_error_out_of_memory(r->err);
  case SHAPE_GOES_ON: *part = in->op; break;
  case SHAPE_CLOSES: open->len--; break;
  case SHAPE_PLAIN: break;
  }
  return true;
}

/* As read_local_runs has it, without our limits: those are no grammar. */
static bool scan_locals(Reader *r) {
  u64 total = 0, offset = reader_offset(r);
  u32 count = wm_reader_count(r, UINT32_MAX, "local declarations");
  for (u32 i = 0; i < count && reader_ok(r); i++) {
    total += wm_reader_u32(r);
    wm_reader_valtype(r);
  }
  if (total > UINT32_MAX) wm_reader_fail(r, offset, "too many locals");
  return reader_ok(r);
}

static bool scan_body(const Module *m, u32 func_index, ScanStack *open, Error *err) {
  const FuncDecl *func = &m->funcs[func_index];
  Reader r = wm_reader_at(m, func->code_offset, func->code_bytes, err);
  if (!scan_locals(&r)) return false;
  u16 *op = vec_push(open);
  if (!op) return wm_error_out_of_memory(err);
  *op = OP_block;
  while (open->len) {
    Instr in;
    if (r.pos == r.end) return wm_valid_body_ends(&r, m, func_index);
    if (!wm_instr_read(&r, &in) || !scan_instr(&r, &in, m, open)) return false;
  }
  return r.pos == r.end || wm_reader_fail(&r, reader_offset(&r), "section size mismatch");
}

/* Stops at the first error. True: none in any body. */
bool wm_valid_scan_bodies(const Module *m, Error *err) {
  ScanStack open = {0};
  bool ok = true;
  for (u32 i = m->func_import_count; ok && i < m->func_count; i++) ok = scan_body(m, i, &open, err);
  vec_free(&open);
  return ok;
}
