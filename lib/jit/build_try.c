/* Exceptions (runtime/exception.h). What throws costs nothing where it does not: a call ends its
 * block with two ways on, and the second, its landing, is only in the body's tables.
 *
 *   call --- normal ---> ...
 *     '-- landing: the exception ----> pad: which clause? --> label of the clause
 *   call --- normal ---> ...         /    '-- none --> pad of the try around
 *     '-- landing: the exception ---'
 *
 * Landings of one try wait in Control.pad, with the locals of its function as they are there, and
 * meet when the try ends (try_table) or its first part does (the legacy try). Which clauses there
 * are is also said in Compile.clauses, a chain from the nearest to the farthest: what is thrown
 * lands only where one of them catches it, so a pad that comes to none hands on to the next one. */
#include "jit/build.h"

#include "runtime/exception.h"

/* ---- who catches ---- */

static u32 frame_of_control(const Build *b, u32 index) {
  u32 frame = b->frame_count - 1;
  while (b->frames[frame].control_base > index) frame--;
  return frame;
}

/* The first clause for what is thrown behind the first `count` controls. */
static u32 chain_around(const Build *b, u32 count) {
  u32 catcher = catcher_among(b, count);
  return catcher == NONE ? NO_INDEX : b->controls.data[catcher].chain;
}

static u32 add_clause(Build *b, u32 tag, u32 next) {
  *jit_push(b->c, &b->c->clauses) = (NativeClause){tag, next};
  return b->c->clauses.len - 1;
}

/* ---- to the pad ---- */

/* The locals of a frame as they are. */
static u32 save_locals_of(Build *b, u32 frame) {
  if (frame == b->frame_count - 1) return wm_build_save_locals(b);
  const Frame *f = &b->frames[frame];
  return wm_build_save_words(b, b->locals.data + f->local_start, f->local_count);
}

/* The current block ends: the exception goes on to the pad of what catches it behind the first
 * `count` controls. */
static void hand_on(Build *b, u32 exception, u32 count) {
  u32 catcher = catcher_among(b, count);
  if (catcher == NONE) { /* nothing lands here then */
    wm_build_trap(b, TRAP_UNREACHABLE);
    return;
  }
  Env env = {save_locals_of(b, frame_of_control(b, catcher)),
             wm_build_save_words(b, &exception, 1)};
  u32 edge = wm_build_terminate(b, TERM_JUMP, 0, 1);
  wm_build_pend(b, &b->controls.data[catcher].pad, edge, env);
  wm_build_keep_envs(b, &b->controls.data[catcher]);
  b->block = NONE;
}

static u32 caught_exception(Build *b) {
  u32 place = (u32)offsetof(Instance, store);
  u32 store = wm_ir_pure(b->c, make_node(IR_INST_LOAD, T_I64, place, 0, 0));
  return wm_mem_load_word(b, OP_i64_load, store, offsetof(Store, caught));
}

void wm_build_may_throw(Build *b, u32 call, bool is_tail) {
  Compile *c = b->c;
  u32 count = is_tail ? frame_of(b)->control_base + 1 : b->controls.len;
  u32 catcher = catcher_among(b, count);
  if (catcher == NONE) return;
  u32 edges = wm_build_terminate(b, TERM_INVOKE, 0, 2);
  wm_build_follow(b, edges + 1);
  Site *site = &c->sites.data[c->node_sites.data[call]];
  site->landing = b->block;
  site->chain = b->controls.data[catcher].chain;
  block_at(c, b->block)->is_cold = true;
  hand_on(b, caught_exception(b), count);
  wm_build_follow(b, edges);
}

/* ---- from the pad ---- */

/* Goes on where the landings of the try meet, with the exception on the stack; false: there are
 * none. */
static bool enter_pad(Build *b, Control *ctl) {
  u32 landings = ctl->pad;
  ctl->pad = NONE;
  if (landings == NONE) return false;
  wm_mem_forget_since(b, ctl->known);
  wm_build_bind(b, landings, ctl->height, 1, true);
  return true;
}

/* The tags of a module are words of its instances. */
static u32 has_tag(Build *b, u32 exception, u32 tag) {
  u32 place = (u32)offsetof(Exception, tag);
  u32 found = wm_ir_pure(b->c, make_node(IR_PURE_LOAD, T_I64, exception, place, 0));
  return pure(b, OP_i64_eq, found, instance_word(b, b->layout.tags, tag));
}

/* The values of the tag's parameters. */
static void push_args(Build *b, u32 exception, u32 tag) {
  const SubType *type = &b->module->types[b->module->tags[tag].type_index];
  size_t at = offsetof(Exception, args);
  for (u32 i = 0; i < type->param_count; i++) {
    IrType t = wm_jit_type(type->params[i]);
    push(b, wm_mem_load_slot(b, (u8)t, exception, at));
    at += type_slots((u8)t) * sizeof(u64);
  }
}

/* ---- try_table ---- */

/* From the pad to the clause's label, if the exception is its own. */
static void build_clause(Build *b, u32 exception, Catch clause) {
  bool tagged = clause.kind == CATCH || clause.kind == CATCH_REF;
  u32 height = b->stack.len, edges = NONE;
  if (tagged) {
    edges = wm_build_terminate(b, TERM_BRANCH, has_tag(b, exception, clause.tag), 2);
    wm_build_follow(b, edges);
    push_args(b, exception, clause.tag);
  }
  if (clause.kind == CATCH_REF || clause.kind == CATCH_ALL_REF) push(b, exception);
  wm_build_go_to(b, control_at(b, 1 + clause.label));
  b->stack.len = height;
  if (tagged) wm_build_follow(b, edges + 1);
}

static void close_try_table(Build *b) {
  Control *ctl = control_at(b, 0);
  const u8 *pos = ctl->clauses;
  if (!enter_pad(b, ctl)) return;
  u32 exception = pop(b);
  for (u32 i = 0; i < ctl->clause_count && b->block != NONE; i++)
    build_clause(b, exception, wm_instr_next_catch(&pos));
  if (b->block != NONE) hand_on(b, exception, b->controls.len - 1);
}

static void open_try_table(Build *b) {
  u32 chain = chain_around(b, b->controls.len), first = b->c->clauses.len;
  u32 count = b->in.vec.count;
  const u8 *pos = b->in.vec.items;
  for (u32 i = 0; i < count; i++) {
    Catch clause = wm_instr_next_catch(&pos);
    bool tagged = clause.kind == CATCH || clause.kind == CATCH_REF;
    add_clause(b, tagged ? clause.tag : NO_INDEX, i + 1 < count ? first + i + 1 : chain);
  }
  Control *ctl = wm_build_open_control(b, count ? CONTROL_TRY_TABLE : CONTROL_BLOCK);
  ctl->chain = first;
  ctl->clauses = b->in.vec.items;
  ctl->clause_count = count;
}

/* ---- the legacy encoding ---- */

/* The exception goes on where it is none of the clauses so far; NONE: it always is one. */
static u32 enter_next(Build *b, Control *ctl) {
  if (ctl->next_edge == NONE) return NONE;
  wm_mem_forget_since(b, ctl->known);
  wm_mem_forget(b);
  wm_build_restore_locals(b, ctl->next_env.locals);
  b->stack.len = ctl->height;
  wm_build_follow(b, ctl->next_edge);
  ctl->next_edge = NONE;
  return *local_at(b, ctl->hidden);
}

/* The try's first part is over. */
static u32 begin_catching(Build *b, Control *ctl) {
  const Frame *frame = frame_of(b);
  ctl->kind = CONTROL_CATCH;
  ctl->hidden = frame->local_count - frame->facts->hidden_locals + ctl->catch_depth;
  if (!enter_pad(b, ctl)) return NONE;
  u32 exception = pop(b);
  *local_at(b, ctl->hidden) = exception;
  b->version++;
  return exception;
}

void wm_build_catch(Build *b) {
  Control *ctl = control_at(b, 0);
  bool tagged = b->in.op == OP_catch;
  if (b->block != NONE) wm_build_go_to(b, ctl);
  u32 exception = ctl->kind == CONTROL_TRY ? begin_catching(b, ctl) : enter_next(b, ctl);
  u32 outer = chain_around(b, b->controls.len - 1);
  u32 clause = add_clause(b, tagged ? b->in.index : NO_INDEX, outer);
  b->c->clauses.data[ctl->chain_end].next = clause;
  ctl->chain_end = clause;
  b->stack.len = ctl->height;
  if (exception == NONE || !tagged) return;
  u32 edges = wm_build_terminate(b, TERM_BRANCH, has_tag(b, exception, b->in.index), 2);
  ctl->next_edge = edges + 1;
  ctl->next_env = (Env){wm_build_save_locals(b), 0};
  wm_build_follow(b, edges);
  push_args(b, exception, b->in.index);
}

/* What the try does not catch goes on behind the first `count` controls. */
static void close_try(Build *b, u32 count) {
  Control *ctl = control_at(b, 0);
  u32 exception = NONE;
  if (ctl->kind == CONTROL_CATCH)
    exception = enter_next(b, ctl);
  else if (enter_pad(b, ctl))
    exception = pop(b);
  if (exception != NONE) hand_on(b, exception, count);
}

/* ---- opening and closing ---- */

void wm_build_open_try(Build *b) {
  if (b->in.op == OP_try_table) {
    open_try_table(b);
    return;
  }
  u32 head = add_clause(b, NO_TAG, chain_around(b, b->controls.len));
  Control *ctl = wm_build_open_control(b, CONTROL_TRY);
  ctl->chain = ctl->chain_end = head;
}

void wm_build_close_try(Build *b) {
  Control *ctl = control_at(b, 0);
  if (b->block != NONE) wm_build_go_to(b, ctl);
  if (b->in.op == OP_delegate) { /* to a label around */
    u32 count = b->controls.len - 1 - b->in.index;
    b->c->clauses.data[ctl->chain].next = chain_around(b, count);
    close_try(b, count);
  } else if (ctl->kind == CONTROL_TRY_TABLE) {
    close_try_table(b);
  } else {
    close_try(b, b->controls.len - 1);
  }
  wm_build_close_block(b);
}

/* ---- throwing ---- */

static u32 new_exception(Build *b) {
  static const u16 stores[] = {[T_I32] = OP_i64_store,
                               [T_I64] = OP_i64_store,
                               [T_F32] = OP_f32_store,
                               [T_F64] = OP_f64_store,
                               [T_V128] = OP_v128_store};
  const SubType *type = &b->module->types[b->module->tags[b->in.index].type_index];
  u32 tag = const_i32(b, b->in.index), at = (u32)offsetof(Exception, args);
  Node n = make_node(IR_HELPER, T_I64, HELPER_exception_new, wm_build_list(b, &tag, 1), 0);
  u32 exception = wm_build_effect_at_site(b, n);
  wm_build_trap_if(b, pure(b, OP_i64_eqz, exception, 0), TRAP_OUT_OF_MEMORY);
  const u32 *args = b->stack.data + b->stack.len - type->param_count;
  for (u32 i = 0; i < type->param_count; i++) {
    u32 value = args[i];
    u8 t = node_type(b, value);
    if (t == T_I32) value = pure(b, OP_i64_extend_i32_u, value, 0);
    Node store = make_node(stores[t], T_NONE, exception, at, value);
    store.flags = IR_POINTER | IR_WORD;
    wm_build_effect(b, store);
    at += type_slots(t) * (u32)sizeof(u64);
  }
  b->stack.len -= type->param_count;
  return exception;
}

static u32 thrown_exception(Build *b) {
  switch (b->in.op) {
  case OP_throw: return new_exception(b);
  case OP_rethrow: return *local_at(b, control_at(b, b->in.index)->hidden);
  default: {
    u32 exception = pop(b);
    wm_build_trap_if(b, pure(b, OP_i64_eqz, exception, 0), TRAP_NULL_EXCEPTION);
    return exception;
  }
  }
}

void wm_build_throw(Build *b) {
  u32 exception = thrown_exception(b);
  if (b->block == NONE) return; /* surely null */
  Node n = make_node(IR_HELPER, T_NONE, STUB_THROW, wm_build_list(b, &exception, 1), 0);
  wm_build_may_throw(b, wm_build_effect_at_site(b, n), false);
  wm_build_trap(b, TRAP_UNREACHABLE);
}
