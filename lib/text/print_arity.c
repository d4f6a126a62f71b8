/* How many values instructions take and leave, for folding alone: a wrong number would fold less
 * nicely, never wrongly (print_fold.c). Of most it is the signature's letters (opcode.h). */
#include "text/printer.h"

static const SubType *find_type(const Printer *p, u32 type, CompositeKind kind) {
  static const SubType none;
  bool found = type < p->m->type_count && p->m->types[type].kind == kind;
  return found ? &p->m->types[type] : &none;
}

static Arity func_arity(const Printer *p, u32 type) {
  const SubType *t = find_type(p, type, COMP_FUNC);
  return (Arity){t->param_count, t->result_count};
}

Arity wm_print_block_arity(const Printer *p, BlockType block) {
  if (block.kind == BLOCK_TYPE) return func_arity(p, block.type_index);
  return (Arity){0, block.kind == BLOCK_VALUE};
}

/* What a branch to the label takes. */
static u32 label_values(const Printer *p, u32 label) {
  return label < p->blocks.len ? p->blocks.data[p->blocks.len - 1 - label].branch_values : 0;
}

static Arity br_table_arity(const Printer *p, const Instr *in) {
  const u8 *pos = in->vec.items;
  return (Arity){1 + label_values(p, wm_instr_next_label(&pos)), 0};
}

static Arity sig_arity(const char *sig) {
  const char *results = strchr(sig, '_');
  return (Arity){(u32)(results - sig), (u32)strlen(results + 1)};
}

/* Control: branches and calls. */
static bool control_arity(const Printer *p, const Instr *in, Arity *a) {
  const Module *m = p->m;
  u32 func_type = in->index < m->func_count ? m->funcs[in->index].type_index : NO_INDEX;
  u32 tag_type = in->index < m->tag_count ? m->tags[in->index].type_index : NO_INDEX;
  u32 values = label_values(p, in->index);
  switch (in->op) {
  case OP_unreachable: *a = (Arity){0, 0}; return true;
  case OP_br: *a = (Arity){values, 0}; return true;
  case OP_br_if: *a = (Arity){values + 1, values}; return true;
  case OP_br_table: *a = br_table_arity(p, in); return true;
  case OP_return: *a = (Arity){p->blocks.data[0].branch_values, 0}; return true;
  case OP_call: *a = func_arity(p, func_type); return true;
  case OP_call_indirect:
  case OP_call_ref:
    *a = func_arity(p, in->index);
    a->takes++;
    return true;
  case OP_return_call: *a = (Arity){func_arity(p, func_type).takes, 0}; return true;
  case OP_return_call_indirect:
  case OP_return_call_ref: *a = (Arity){func_arity(p, in->index).takes + 1, 0}; return true;
  case OP_throw: *a = (Arity){func_arity(p, tag_type).takes, 0}; return true;
  case OP_throw_ref: *a = (Arity){1, 0}; return true;
  case OP_br_on_null: *a = (Arity){values + 1, values + 1}; return true;
  case OP_br_on_non_null: *a = (Arity){values, values ? values - 1 : 0}; return true;
  case OP_br_on_cast:
  case OP_br_on_cast_fail: *a = (Arity){values, values}; return true;
  default: return false;
  }
}

/* Structs and arrays that take what their type or an immediate says. */
static bool aggregate_arity(const Printer *p, const Instr *in, Arity *a) {
  if (in->op != OP_struct_new && in->op != OP_array_new_fixed) return false;
  u32 fields = find_type(p, in->index, COMP_STRUCT)->field_count;
  *a = (Arity){in->op == OP_struct_new ? fields : in->index2, 1};
  return true;
}

/* Those by hand whose number of operands is fixed all the same. */
static const char *fixed_shape(u16 op) {
  switch (op) {
  case OP_drop:
  case OP_local_set:
  case OP_global_set: return "x_";
  case OP_local_get:
  case OP_global_get:
  case OP_table_size:
  case OP_ref_null:
  case OP_ref_func:
  case OP_struct_new_default: return "_x";
  case OP_local_tee:
  case OP_table_get:
  case OP_ref_is_null:
  case OP_ref_as_non_null:
  case OP_ref_test:
  case OP_ref_test_null:
  case OP_ref_cast:
  case OP_ref_cast_null:
  case OP_any_convert_extern:
  case OP_extern_convert_any:
  case OP_ref_i31:
  case OP_i31_get_s:
  case OP_i31_get_u:
  case OP_struct_get:
  case OP_struct_get_s:
  case OP_struct_get_u:
  case OP_array_new_default:
  case OP_array_len: return "x_x";
  case OP_table_grow:
  case OP_ref_eq:
  case OP_array_new:
  case OP_array_new_data:
  case OP_array_new_elem:
  case OP_array_get:
  case OP_array_get_s:
  case OP_array_get_u: return "xx_x";
  case OP_select:
  case OP_select_t: return "xxx_x";
  case OP_table_set:
  case OP_struct_set: return "xx_";
  case OP_table_fill:
  case OP_table_init:
  case OP_table_copy:
  case OP_memory_copy:
  case OP_array_set: return "xxx_";
  case OP_array_fill:
  case OP_array_init_data:
  case OP_array_init_elem: return "xxxx_";
  case OP_array_copy: return "xxxxx_";
  default: return NULL;
  }
}

bool wm_print_arity(const Printer *p, const Instr *in, Arity *arity) {
  const char *sig = wm_op_sig(in->op), *shape = strchr(sig, '_') ? sig : fixed_shape(in->op);
  if (!shape) return control_arity(p, in, arity) || aggregate_arity(p, in, arity);
  *arity = sig_arity(shape);
  return true;
}
