/* Statements on locals, globals, memory and tables. */
#include "tests/fuzz/generator.h"

#include "binary/encode.h"

/* ---- variables ---- */

void gen_set_local(Gen *g) {
  if (g->own_locals == 0) return;
  u32 local = gen_pick(g, g->own_locals);
  char type =
      g->depth > gen_base_of(g) && gen_pick(g, 4) ? g->stack[g->depth - 1] : g->locals[local];
  if (!gen_pick_local(g, type, &local)) return;
  char types[2] = {type, 0};
  gen_need_values(g, types);
  bool keep = gen_pick(g, 3) == 0;
  gen_op_index(g, keep ? OP_local_tee : OP_local_set, local);
  if (!keep) g->depth--;
}

void gen_set_address(Gen *g) {
  gen_need_values(g, "i");
  gen_mask_address(g);
  gen_op_index(g, OP_local_set, g->address);
  g->depth--;
}

void gen_set_global(Gen *g) {
  char types[2] = {ALL_TYPES[gen_pick(g, 5)], 0};
  gen_need_values(g, types);
  if (*types == 'f' || *types == 'd') gen_canonical_scalar(g, *types);
  gen_op_index(g, OP_global_set, gen_global_of(g, *types));
  g->depth--;
}

void gen_select_one(Gen *g) {
  char type = gen_pick_type(g);
  if (g->depth > gen_base_of(g) && gen_pick(g, 3)) type = g->stack[g->depth - 1];
  char types[4] = {type, type, 'i', 0};
  gen_need_values(g, types);
  if (!gen_is_number(type) || gen_pick(g, 4) == 0) {
    gen_op_index(g, OP_select_t, 1);
    wm_encode_valtype(&g->code, gen_valtype_of(g, type));
  } else {
    gen_op(g, OP_select);
  }
  g->depth -= 2;
}

/* ---- memory and tables as a whole ---- */

/* A number below a power of two. */
void gen_small(Gen *g, u32 below) {
  gen_value(g, 'i', 1);
  gen_op_i32(g, below - 1);
  gen_op(g, OP_i32_and);
}

void gen_bulk(Gen *g) {
  u32 way = gen_pick(g, 6);
  gen_small(g, way < 3 ? 1024 : 8);
  if (way == 1)
    gen_value(g, 'i', 1); /* the byte of memory.fill */
  else if (way == 5)
    gen_value(g, 'r', 1);
  else
    gen_small(g, way == 0 ? 1024 : way == 2 ? 32 : 8);
  gen_small(g, way < 3 ? 64 : 4);
  static const u16 ops[] = {OP_memory_copy, OP_memory_fill, OP_memory_init,
                            OP_table_copy,  OP_table_init,  OP_table_fill};
  gen_op(g, ops[way]);
  static const u8 immediate[][2] = {{0, 0}, {0, 0}, {1, 0}, {0, 0}, {1, 0}, {0, 0}};
  wm_buffer_bytes(&g->code, immediate[way], way == 1 || way == 5 ? 1 : 2);
  g->depth -= 3;
}

void gen_table_or_memory(Gen *g) {
  switch (gen_pick(g, 8)) {
  case 0:
    gen_op_index(g, OP_memory_size, 0);
    gen_push(g, 'i');
    break;
  case 1:
    gen_small(g, 2);
    gen_op_index(g, OP_memory_grow, 0);
    break;
  case 2:
    gen_op_index(g, OP_table_size, 0);
    gen_push(g, 'i');
    break;
  case 3:
    gen_value(g, 'r', 1);
    gen_small(g, 4);
    gen_op_index(g, OP_table_grow, 0);
    g->depth -= 2;
    gen_push(g, 'i');
    break;
  case 4:
    gen_small(g, 8);
    gen_op_index(g, OP_table_get, 0);
    g->depth--;
    gen_push(g, 'r');
    break;
  case 5:
    gen_small(g, 8);
    gen_value(g, 'r', 1);
    gen_op_index(g, OP_table_set, 0);
    g->depth -= 2;
    break;
  case 6: {
    const char *type = gen_pick(g, 2) ? "r" : "e";
    gen_need_values(g, type);
    gen_op(g, OP_ref_is_null);
    g->depth--;
    gen_push(g, 'i');
    break;
  }
  case 7:
    if (gen_pick(g, 8) == 7)
      gen_op_index(g, gen_pick(g, 2) ? OP_data_drop : OP_elem_drop, 1);
    else
      gen_op(g, OP_nop);
    break;
  default: break;
  }
}
