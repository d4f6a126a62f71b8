/* Calls, and the bodies that are read for them: an inlined function is a frame of the same builder,
 * which branches of its `return` leave as those of a block do. */
#include "jit/build.h"

enum {
  MAX_NODES_INLINING = 1 << 20, /* beyond, nothing is inlined */
  /* what is inlined, in bytes of wasm */
  TINY_BYTES = 14,
  LEAF_BYTES = 122,
  CALLER_BYTES = 42,
  SEEN_BYTES = 160, /* of one that the interpreter saw called from here; the most of all */
  RECURSIVE_BYTES = 62,
  ANY_BYTES = 2000, /* with options.inline_all */
  MAX_DEPTH = 4,    /* frames, the compiled function's included */
  INLINE_LOCALS = 64,
};

/* ---- bodies ---- */

static void push_zeros(Build *b, u32 count, ValType type) {
  IrType t = wm_jit_type(type);
  u32 zero = t == T_V128 ? wm_ir_vector(b->c, (V128){0}) : wm_ir_const(b->c, t, 0);
  jit_reserve(b->c, &b->locals, count);
  jit_reserve(b->c, &b->local_types, count);
  for (u32 i = 0; i < count; i++) {
    b->locals.data[b->locals.len++] = zero;
    b->local_types.data[b->local_types.len++] = type;
  }
}

/* A frame for the function, whose arguments are the last ones in Build.locals. */
void wm_build_open_frame(Build *b, u32 func_index, u32 site) {
  const FuncDecl *decl = &b->module->funcs[func_index];
  const SubType *type = module_func_type(b->module, func_index);
  Frame *frame = &b->frames[b->frame_count++];
  *frame = (Frame){
      .reader = wm_reader_at(b->module, decl->code_offset, decl->code_bytes, &b->err),
      .facts = &decl->facts,
      .func_index = func_index,
      .local_start = b->locals.len - type->param_count,
      .local_count = decl->facts.local_count,
      .control_base = b->controls.len,
      .site = site,
      .fuel_node = b->fuel_node,
      .fuel_cost = b->fuel_cost,
  };
  jit_reserve(b->c, &b->local_types, type->param_count);
  for (u32 i = 0; i < type->param_count; i++)
    b->local_types.data[b->local_types.len++] = type->params[i];
  for (u32 runs = wm_reader_u32(&frame->reader); runs > 0; runs--) {
    u32 count = wm_reader_u32(&frame->reader);
    push_zeros(b, count, wm_reader_valtype(&frame->reader));
  }
  push_zeros(b, decl->facts.hidden_locals, REF_NULL_TYPE(HEAP_EXN));
  b->version++;
  b->fuel_node = 0;
  b->in.block.kind = BLOCK_EMPTY;
  Control *ctl = wm_build_open_control(b, b->frame_count == 1 ? CONTROL_BODY : CONTROL_INLINE);
  ctl->result_count = type->result_count;
  ctl->type_index = b->module->funcs[func_index].type_index;
}

/* To where the current frame's `return` goes. */
static void return_from_frame(Build *b) {
  wm_build_go_to(b, &b->controls.data[frame_of(b)->control_base]);
}

void wm_build_close_inlined(Build *b) {
  wm_build_close_block(b);
  wm_build_close_region(b);
  const Frame *frame = frame_of(b);
  b->locals.len = b->local_types.len = frame->local_start;
  b->fuel_node = frame->fuel_node;
  b->fuel_cost = frame->fuel_cost;
  bool is_tail = frame->is_tail;
  b->frame_count--;
  b->version++;
  if (is_tail && b->block != NONE) return_from_frame(b);
}

/* ---- tail calls ---- */

static bool is_tail_call(u16 op) {
  return op == OP_return_call || op == OP_return_call_indirect || op == OP_return_call_ref;
}

/* Whether what the current frame returns is what the compiled function returns. */
static bool is_in_tail_position(const Build *b) {
  for (u32 i = 1; i < b->frame_count; i++)
    if (!b->frames[i].is_tail) return false;
  return true;
}

/* ---- what is inlined ---- */

/* How often the function is on the stack of frames. */
static u32 recursion_depth(const Build *b, u32 func_index) {
  u32 depth = 0;
  for (u32 i = 0; i < b->frame_count; i++) depth += b->frames[i].func_index == func_index;
  return depth;
}

/* The largest body that is inlined here. */
static u32 most_bytes(const Build *b, u32 func_index, bool calls, bool is_seen) {
  if (b->c->options.inline_all) return ANY_BYTES;
  if (recursion_depth(b, func_index)) return RECURSIVE_BYTES;
  if (is_seen && b->frame_count == 1) return SEEN_BYTES;
  return calls ? CALLER_BYTES : LEAF_BYTES;
}

bool wm_build_would_inline(const Build *b, u32 func_index, bool is_seen) {
  const JitOptions *options = &b->c->options;
  const FuncDecl *decl = &b->module->funcs[func_index];
  u32 size = decl->code_bytes, depth = b->frame_count;
  u32 most = options->inline_all ? ANY_BYTES : SEEN_BYTES;
  if (options->no_inline || b->scanning) return false;
  if (depth >= MAX_FRAMES - 1 || b->c->nodes.len > MAX_NODES_INLINING) return false;
  if (size > most || recursion_depth(b, func_index) > 1) return false;
  if (!wm_loaded_learn(b->c->loaded, func_index)) return false;
  if (decl->facts.local_count > INLINE_LOCALS) return false;
  if (size <= TINY_BYTES && depth == 1) return true;
  if (size > b->inline_budget_bytes || depth >= MAX_DEPTH) return false;
  return size <= most_bytes(b, func_index, decl->facts.calls, is_seen);
}

static void begin_inlined(Build *b, u32 func_index) {
  u32 params = module_func_type(b->module, func_index)->param_count;
  u32 size = b->module->funcs[func_index].code_bytes;
  bool is_tail = is_tail_call(b->in.op);
  u32 site = is_tail ? frame_of(b)->site : wm_build_site(b, b->in.offset);
  b->inline_budget_bytes -= min_u32(size, b->inline_budget_bytes);
  b->stack.len -= params;
  jit_reserve(b->c, &b->locals, params);
  if (params)
    memcpy(b->locals.data + b->locals.len, b->stack.data + b->stack.len, params * sizeof(u32));
  b->locals.len += params;
  u32 caller = frame_of(b)->control_base;
  wm_build_open_frame(b, func_index, site);
  frame_of(b)->is_tail = is_tail;
  if (is_tail) control_at(b, 0)->catcher = b->controls.data[caller].catcher; /* it is left */
  wm_build_open_region(b);
}

/* ---- calls ---- */

/* The compiled function ends in the call. */
static void finish_tail_call(Build *b, Node n) {
  n.op = n.op == IR_CALL ? IR_TAIL_CALL : IR_TAIL_CALL_REF;
  wm_build_effect_at_site(b, n);
  wm_build_terminate(b, TERM_TAIL, 0, 0);
  b->block = NONE;
}

/* Where a call that stays one stands. A tail call's function is gone then: it is as if the inlined
 * function's caller had called. */
static u32 call_site(Build *b, bool is_tail) {
  if (!is_tail) return wm_build_site(b, b->in.offset);
  Site s = b->c->sites.data[frame_of(b)->site];
  *jit_push(b->c, &b->c->sites) = (Site){s.offset, s.caller, NONE, NO_INDEX};
  return b->c->sites.len - 1;
}

/* The call as an effect; results to the stack. */
static void finish_plain_call(Build *b, Node n, const SubType *type) {
  bool is_tail = is_tail_call(b->in.op);
  u32 results = type->result_count;
  if (results == 1) n.type = (u8)(wm_jit_type(type->results[0]) & 15);
  u32 site = call_site(b, is_tail), node = wm_build_effect(b, n);
  b->c->node_sites.data[node] = site;
  wm_mem_forget(b);
  if (results == 1) push(b, node);
  for (u32 i = 0; i < results && results > 1; i++)
    push(b, wm_build_effect(b, make_node(IR_RESULT, wm_jit_type(type->results[i]), node, i, 0)));
  wm_build_may_throw(b, node, is_tail);
  const u32 *values = b->stack.data + b->stack.len - results;
  for (u32 i = 0; i < results; i++) wm_refs_learn(b, values[i], type->results[i]);
}

/* Arguments come from the stack. A tail call of an inlined function leaves just that. */
static void finish_call(Build *b, Node n, const SubType *type) {
  bool is_tail = is_tail_call(b->in.op);
  n.b = wm_build_list(b, b->stack.data + b->stack.len - type->param_count, type->param_count);
  b->stack.len -= type->param_count;
  if (is_tail && is_in_tail_position(b)) {
    finish_tail_call(b, n);
    return;
  }
  finish_plain_call(b, n, type);
  if (is_tail) return_from_frame(b);
}

void wm_build_call_ref(Build *b, u32 address, u32 type_index, bool is_import) {
  Node n = make_node(IR_CALL_REF, T_NONE, address, 0, type_index);
  n.imm = is_import;
  finish_call(b, n, &b->module->types[type_index]);
}

bool wm_build_call_func(Build *b, u32 index, bool is_seen) {
  if (index < b->module->func_import_count) {
    u32 address = instance_word(b, b->layout.funcs, index);
    wm_build_call_ref(b, address, b->module->funcs[index].type_index, true);
  } else if (wm_build_would_inline(b, index, is_seen)) {
    begin_inlined(b, index);
    return true;
  } else {
    finish_call(b, make_node(IR_CALL, T_NONE, index, 0, 0), module_func_type(b->module, index));
  }
  return false;
}

void wm_build_call(Build *b) { wm_build_call_func(b, b->in.index, false); }
