/* Reads a body and builds its IR (build.h):
 *
 *   build.c          the reader, one instruction after the other, and the pass
 *   build_control.c  blocks of wasm                  build_insn.c  what is not control flow
 *   build_branch.c   branches                        mem.c         memory and globals
 *   build_call.c     calls, inlining                 build_osr.c   starting at a loop
 *   build_env.c      values where ways meet          build_fuel.c  charges
 *   build_try.c      exceptions                      build_guess.c calls whose callees were seen
 *   build_gc.c       structs, arrays, casts          build_refs.c  what is known of references
 *   build_block.c    effects, blocks                 ir.c fold.c   nodes */
#include "jit/build.h"

/* Items are nodes and what lists hold: time and memory of all passes grow with them. Compilers'
 * code has less than one a byte; a hostile body could have hundreds. */
enum { ITEMS_A_BYTE = 2, ITEMS_FOR_ALL = 1 << 17 };

/* ---- ends ---- */

static void close_body(Build *b) {
  if (b->block != NONE) wm_build_return(b, control_at(b, 0)->result_count);
  wm_build_close_region(b);
  b->block = NONE;
  b->controls.len--;
}

static void build_end(Build *b) {
  switch ((ControlKind)control_at(b, 0)->kind) {
  case CONTROL_BODY: close_body(b); return;
  case CONTROL_INLINE: /* the caller's region goes on */
    wm_build_close_inlined(b);
    if (frame_of(b)->guess.is_open) wm_build_go_on_guessing(b);
    return;
  case CONTROL_LOOP: wm_build_close_loop(b); break;
  case CONTROL_PEELED:
    if (!wm_build_close_peeled(b)) return;
    break;
  case CONTROL_TRY_TABLE:
  case CONTROL_TRY:
  case CONTROL_CATCH: wm_build_close_try(b); break;
  default: wm_build_close_block(b); break;
  }
  wm_build_open_region(b);
}

/* ---- the reader ---- */

static void open_loop(Build *b) {
  Frame *frame = frame_of(b);
  Control *ctl = wm_build_open_control(b, CONTROL_LOOP);
  ctl->loop = frame->next_loop++;
  ctl->body = frame->reader.pos;
  assert(frame->facts->loops[ctl->loop].offset == b->in.offset);
  wm_build_begin_loop(b, ctl);
  if (b->scanning && b->in.offset == b->c->osr_offset) wm_build_start_here(b);
}

/* Reads over code that cannot be reached, to the innermost block's next part or end. */
static bool skip_unreachable(Build *b) {
  Frame *frame = frame_of(b);
  u32 nested = 0;
  while (wm_instr_read(&frame->reader, &b->in)) {
    if (b->fuel_node) wm_build_count_fuel(b); /* a trap that we foresee is none to the other tier */
    switch (b->in.op) {
    case OP_loop:
      frame->next_loop++;
      nested++;
      break;
    case OP_block:
    case OP_if:
    case OP_try:
    case OP_try_table: nested++; break;
    case OP_else:
    case OP_catch:
    case OP_catch_all:
      if (nested == 0) return true;
      break;
    case OP_delegate:
    case OP_end:
      if (nested-- == 0) return true;
      break;
    default: break;
    }
  }
  return false;
}

static void build_one(Build *b) {
  switch (b->in.op) {
  case OP_unreachable: wm_build_trap(b, TRAP_UNREACHABLE); break;
  case OP_block: wm_build_open_control(b, CONTROL_BLOCK); break;
  case OP_loop: open_loop(b); break;
  case OP_if: wm_build_open_if(b); break;
  case OP_else: wm_build_open_else(b); break;
  case OP_delegate:
  case OP_end: build_end(b); break;
  case OP_try:
  case OP_try_table: wm_build_open_try(b); break;
  case OP_catch:
  case OP_catch_all:
    wm_build_catch(b);
    wm_build_open_region(b);
    break;
  case OP_throw:
  case OP_throw_ref:
  case OP_rethrow: wm_build_throw(b); break;
  case OP_br: wm_build_go_to(b, control_at(b, b->in.index)); break;
  case OP_br_if: wm_build_br_if(b); break;
  case OP_br_table: wm_build_br_table(b); break;
  case OP_return: wm_build_go_to(b, &b->controls.data[frame_of(b)->control_base]); break;
  case OP_br_on_null: wm_build_br_on_null(b); break;
  case OP_br_on_non_null: wm_build_br_on_non_null(b); break;
  case OP_br_on_cast:
  case OP_br_on_cast_fail: wm_build_br_on_cast(b); break;
  case OP_call:
  case OP_return_call: wm_build_call(b); break;
  case OP_call_indirect:
  case OP_return_call_indirect: wm_build_call_indirect(b); break;
  case OP_call_ref:
  case OP_return_call_ref: wm_build_call_by_ref(b); break;
  default: wm_build_instruction(b); break;
  }
}

static bool is_too_large(const Build *b) {
  return (u64)b->c->nodes.len + b->c->pool.len > b->max_items;
}

static void build_body(Build *b) {
  while (b->controls.len) {
    bool is_read =
        b->block == NONE ? skip_unreachable(b) : wm_instr_read(&frame_of(b)->reader, &b->in);
    if (!is_read || is_too_large(b)) wm_jit_leave(b->c, JIT_TOO_LARGE);
    if (b->fuel_node && b->block != NONE) wm_build_count_fuel(b);
    build_one(b);
  }
}

/* ---- the pass ---- */

static void open_function(Build *b) {
  Compile *c = b->c;
  const SubType *type = module_func_type(b->module, c->func_index);
  c->arg_count = type->param_count;
  for (u32 i = 0; i < type->param_count; i++)
    *jit_push(c, &b->locals) = wm_ir_node(c, IR_ARG, wm_jit_type(type->params[i]), i, 0, 0);
  wm_build_open_frame(b, c->func_index, NONE);
  b->in.offset = (u32)reader_offset(&frame_of(b)->reader);
  wm_build_open_region(b);
}

/* factor: of what is inlined. */
static void set_limits(Build *b, u32 code_bytes, u32 factor) {
  b->inline_budget_bytes = (code_bytes * 2 + 400) * factor;
  b->max_items = (code_bytes * ITEMS_A_BYTE + ITEMS_FOR_ALL) * factor;
}

void wm_jit_build(Compile *c) {
  Build *b = wm_jit_scratch(c, SCRATCH_BUILD, sizeof *b);
  b->c = c;
  b->module = c->module;
  b->layout = wm_instance_layout(c->loaded);
  b->err.code = ERR_NONE;
  b->scanning = c->osr_offset != 0;
  b->frame_count = b->controls.len = b->locals.len = b->local_types.len = b->stack.len = 0;
  set_limits(b, c->module->funcs[c->func_index].code_bytes, c->options.inline_all ? 16 : 1);
  b->merged_words = 0;
  c->vectors.len = c->clauses.len = 0;
  jit_reserve(c, &b->locals, 1); /* not NULL, so that empty ranges are fine */
  jit_reserve(c, &b->stack, 1);
  wm_build_clear(b);
  open_function(b);
  build_body(b);
  if (b->scanning) wm_jit_leave(c, JIT_TOO_LARGE); /* the loop is never reached */
}

void wm_build_scratch_free(void *scratch) {
  Build *b = scratch;
  vec_free(&b->controls);
  vec_free(&b->locals);
  vec_free(&b->stack);
  vec_free(&b->pending);
  vec_free(&b->envs);
  vec_free(&b->marks);
  vec_free(&b->columns);
  vec_free(&b->table);
  vec_free(&b->kept);
  vec_free(&b->known);
  vec_free(&b->fixed);
  vec_free(&b->refs);
  vec_free(&b->ref_heads);
  vec_free(&b->local_types);
}
