/* What indices of tables and segments name (spec 3.1.4). */
#include "valid/validator.h"

const TableType *wm_valid_table(Validator *v, u32 index) {
  if (LIKELY(index < v->m->table_count)) return &v->m->tables[index].type;
  wm_valid_fail(v, "unknown table %u", index);
  return NULL;
}

/* Bodies come before the data section, so its count must have been announced. */
bool wm_valid_data(Validator *v, u32 index) {
  if (!v->m->has_data_count)
    return wm_error_set(v->err, ERR_MALFORMED, v->in.offset, "data count section required");
  return index < v->m->data_count || wm_valid_fail(v, "unknown data segment %u", index);
}

const ElemSegment *wm_valid_elem(Validator *v, u32 index) {
  if (index < v->m->elem_count) return &v->m->elems[index];
  wm_valid_fail(v, "unknown elem segment %u", index);
  return NULL;
}
