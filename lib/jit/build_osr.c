/* On-stack replacement starts at a loop's header with the interpreter's frame. What is in front of
 * the loop is read once to know the operands and locals there; then all nodes are thrown away, each
 * of these values becomes a load from the frame, and reading goes on at the loop. A loop L around
 * it is peeled, so that loops keep one entry:
 *
 *   entry -> [rest of L] -> (branches to L) -> header: [all of L once more]
 *
 * When the reader comes to L's end the branches to it are bound to a new block, in front of an
 * ordinary loop with the same body (wm_build_close_peeled). */
#include "jit/build.h"

enum { MAX_PEELED_BYTES = 1 << 20 /* of the loops around the one to start at */ };

static void keep_values(Build *b, const u32 *nodes, u32 count) {
  for (u32 i = 0; i < count; i++) {
    const Node *n = node_at(b->c, nodes[i]);
    KeptValue kept = {.type = n->type, .is_const = n->op == IR_CONST};
    if (kept.is_const && n->type == T_V128)
      kept.bits = b->c->vectors.data[n->a];
    else if (kept.is_const)
      kept.bits.u64x2[0] = const_bits(b->c, nodes[i]);
    *jit_push(b->c, &b->kept) = kept;
  }
}

/* A value of the interpreter's frame; what is constant there need not be in its slot. */
static u32 restore_value(Build *b, const KeptValue *kept, u32 frame, u32 slot) {
  if (!kept->is_const) return wm_mem_load_slot(b, kept->type, frame, (size_t)slot * 8);
  if (kept->type == T_V128) return wm_ir_vector(b->c, kept->bits);
  return wm_ir_const(b->c, (IrType)kept->type, kept->bits.u64x2[0]);
}

/* Locals and operands from their slots (runtime/frame.h). */
static void restore_frame(Build *b, u32 frame) {
  const SubType *type = module_func_type(b->module, b->c->func_index);
  const KeptValue *kept = b->kept.data;
  u32 slot = 0, locals = frame_of(b)->local_count;
  for (u32 i = 0; i <= locals; i++) {
    if (i == type->param_count)
      slot = max_u32(type->param_slots, type->result_slots) + FRAME_LINK_SLOTS;
    if (i == locals) break;
    *local_at(b, i) = restore_value(b, &kept[i], frame, slot);
    slot += type_slots(kept[i].type);
  }
  for (u32 i = 0; i < b->stack.len; i++) {
    b->stack.data[i] = restore_value(b, &kept[locals + i], frame, slot);
    slot += type_slots(kept[locals + i].type);
  }
}

/* What the scanned code left in the controls goes; loops around the innermost are peeled. */
static void reset_controls(Build *b) {
  const FuncFacts *facts = frame_of(b)->facts;
  u64 peeled_bytes = 0;
  for (u32 i = 0; i < b->controls.len; i++) {
    Control *ctl = &b->controls.data[i];
    ctl->pending = ctl->else_edge = ctl->resume = ctl->pad = ctl->next_edge = NONE;
    ctl->known = (KnownScope){0};
    ctl->has_back_edge = false;
    if (ctl->kind != CONTROL_LOOP || i == b->controls.len - 1) continue;
    const LoopFacts *loop = &facts->loops[ctl->loop];
    ctl->kind = CONTROL_PEELED;
    peeled_bytes += loop->end_offset - loop->offset;
  }
  if (peeled_bytes > MAX_PEELED_BYTES) wm_jit_leave(b->c, JIT_TOO_LARGE);
}

/* The loop to start at has been opened: begins the function anew there. */
void wm_build_start_here(Build *b) {
  Compile *c = b->c;
  b->scanning = false;
  b->kept.len = 0;
  keep_values(b, b->locals.data, b->locals.len);
  keep_values(b, b->stack.data, b->stack.len);
  wm_build_clear(b);
  reset_controls(b);
  c->arg_count = 1;
  restore_frame(b, wm_ir_node(c, IR_ARG, T_I64, 0, 0, 0));
  wm_build_begin_loop(b, control_at(b, 0));
}
