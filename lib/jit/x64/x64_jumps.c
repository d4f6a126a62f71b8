/* Jumps between blocks, in their long forms (x64_relax.c shortens them), and switches. */
#include "jit/x64/x64_emit.h"

void wm_x64_jump(Compile *c, u32 target) {
  Emitter *e = emitter(c);
  if (target == e->next) return;
  wm_x64_byte(c, 0xE9);
  *jit_push(c, &e->jumps) = (BlockJump){x64_here(c), target, JUMP, false};
  wm_x64_u32(c, 0);
}

static void jump_if(Compile *c, u32 condition, u32 target) {
  wm_x64_byte(c, 0x0F);
  wm_x64_byte(c, 0x80 | condition);
  *jit_push(c, &emitter(c)->jumps) = (BlockJump){x64_here(c), target, JUMP_IF, false};
  wm_x64_u32(c, 0);
}

/* Equal is when ZF is set and PF is not. */
static void branch_equal(Compile *c, u32 equal, u32 other) {
  jump_if(c, CC_NE, other);
  jump_if(c, CC_P, other);
  wm_x64_jump(c, equal);
}

void wm_x64_branch(Compile *c, u32 condition, bool parity, bool negated) {
  const Emitter *e = emitter(c);
  u32 edges = block_at(c, e->block)->edges;
  u32 yes = e->targets.data[edge_at(c, edges + negated)->to];
  u32 no = e->targets.data[edge_at(c, edges + !negated)->to];
  if (yes == no) {
    wm_x64_jump(c, yes);
  } else if (parity && condition == CC_E) {
    branch_equal(c, yes, no);
  } else if (parity && condition == CC_NE) {
    branch_equal(c, no, yes);
  } else if (yes == e->next) {
    jump_if(c, condition ^ 1, no);
  } else {
    jump_if(c, condition, yes);
    wm_x64_jump(c, no);
  }
}

/* ---- switches ---- */

static u32 table_of(Compile *c, u32 block) {
  Emitter *e = emitter(c);
  u32 *known = &e->block_table.data[block];
  if (*known == NONE) {
    *known = e->tables.len;
    *jit_push(c, &e->tables) = (JumpTable){block, 0};
  }
  return *known;
}

/* r11 = address of the table. */
static void load_table(Compile *c, u32 table) {
  static const u8 lea_r11_rip[] = {0x4C, 0x8D, 0x1D};
  for (u32 i = 0; i < sizeof lea_r11_rip; i++) wm_x64_byte(c, lea_r11_rip[i]);
  *jit_push(c, &emitter(c)->table_refs) = (Reference){x64_here(c), 4, table};
  wm_x64_u32(c, 0);
}

/* The distance takes a second register: d, or r14, which can be had again from the instance. */
static void jump_by_table(Compile *c, const Lir *x, u32 table) {
  Loc distance = x->d == NONE ? R14 : x->d;
  load_table(c, table);
  wm_x64_op(c, 8, 0x63, distance, rm_mem(R11, (int)x->a, 2, 0), false, 0);
  wm_x64_op(c, 8, 0x03, R11, rm_reg(distance), false, 0);
  if (x->d == NONE)
    wm_x64_op(c, 8, 0x8B, R14, rm_mem(R15, -1, 0, (i32)offsetof(Instance, memory0_base)), false, 0);
  wm_x64_op(c, 4, 0xFF, 4, rm_reg(R11), false, 0);
  wm_x64_byte(c, 0xCC); /* nothing to run ahead into */
}

void wm_x64_switch(Compile *c, const Lir *x) {
  const Emitter *e = emitter(c);
  const Block *b = block_at(c, e->block);
  const u32 *list = list_at(c, b->table);
  u32 count = list[0] - 1;
  u32 otherwise = e->targets.data[edge_at(c, b->edges + list[1 + count])->to];
  if (count == 0) {
    wm_x64_jump(c, otherwise);
    return;
  }
  wm_x64_alu_imm(c, 4, ALU_CMP, rm_reg(x->a), (i32)count);
  jump_if(c, CC_AE, otherwise);
  jump_by_table(c, x, table_of(c, e->block));
}
