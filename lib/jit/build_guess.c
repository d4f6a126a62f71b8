/* Calls through tables and references. What the interpreter saw them call (runtime/profile.h) is
 * guessed: the Func is compared with that of the same instance, which only one of the same module
 * can be, and of the right type. So the ways behind a comparison need no other check.
 *
 *   the Func to call
 *        |
 *    is it F? --yes--> F's body, or a call of it ---.
 *        | no                                       |
 *    is it G? --yes--> G's body --------------------+--> behind the call
 *        | no                                       |
 *   checks; a call of whatever it is ---------------'
 *
 * The arguments stay on the stack of operands below what the ways do there: each gets copies. A
 * body is read as that of any inlined function, and its end goes on here. */
#include "jit/build.h"

#include "wasm/types.h"

enum {
  MIN_NOTES = 16,     /* of a site, to guess at all */
  DIRECT_SHARE = 8,   /* one in so many calls may be another's where a callee is not inlined */
  INLINED_SHARE = 4,  /* a callee that is inlined has at least one call in so many */
  UNLIKELY_SHARE = 32 /* fewer than one in so many of all: the way is hardly ever taken */
};

/* ---- what is known without looking ---- */

/* The function whose Func the instance word holds, or NONE. */
static u32 func_of_word(const Build *b, u32 func) {
  const Node *n = node_at(b->c, func);
  u32 start = b->layout.funcs;
  bool is_func = n->op == IR_INST_LOAD && n->a >= start &&
                 n->a - start < b->module->func_count * (u32)sizeof(Func *);
  return is_func ? (n->a - start) / (u32)sizeof(Func *) : NONE;
}

static bool has_object(const Module *m, u32 func_index) {
  return m->funcs[func_index].escapes || func_index == m->start_func;
}

/* Whether the site may call it at all. */
static bool fits(const Build *b, u32 func_index, u32 type_index) {
  const Module *m = b->module;
  if (func_index >= m->func_count || !has_object(m, func_index)) return false;
  const SubType *wanted = &m->types[type_index], *type = module_func_type(m, func_index);
  return type->type_id == wanted->type_id ||
         (!wanted->is_final &&
          wm_types_is_sub(b->c->loaded->types, type->type_id, wanted->type_id));
}

/* ---- what to guess ---- */

/* Whether the callee, of the `rest` of all calls, is worth a comparison. */
static bool is_worth(const Build *b, const SeenCallee *callee, u32 rest, u32 all) {
  if (b->c->options.guess_all) return true;
  if (callee->count * UNLIKELY_SHARE < all) return false;
  if (wm_build_would_inline(b, callee->func_index, true))
    return callee->count * INLINED_SHARE >= rest;
  return (rest - callee->count) * DIRECT_SHARE <= rest;
}

static void choose(Build *b, Guess *g) {
  const JitOptions *options = &b->c->options;
  if (b->scanning || options->no_inline || options->no_opt) return;
  SeenCallees seen = wm_site_look(b->c->loaded, frame_of(b)->func_index, b->in.offset);
  if (seen.total < MIN_NOTES && !options->guess_all) return;
  u32 rest = seen.total;
  for (u32 i = 0; i < seen.count; i++) {
    SeenCallee callee = seen.callees[i];
    if (!fits(b, callee.func_index, b->in.index)) continue;
    if (!is_worth(b, &callee, rest, seen.total)) continue;
    g->callees[g->count++] = callee.func_index;
    rest -= min_u32(callee.count, rest);
  }
  g->is_likely = rest * UNLIKELY_SHARE <= seen.total;
}

/* ---- the ways ---- */

static const SubType *type_of_call(const Build *b) { return &b->module->types[b->in.index]; }

/* The call's checks and the call. */
static void call_unknown(Build *b, u32 func) {
  u32 index = b->in.index;
  bool is_ref = b->in.op == OP_call_ref || b->in.op == OP_return_call_ref;
  wm_refs_check_null(b, func, is_ref ? TRAP_NULL_FUNCTION : TRAP_UNINITIALIZED_ELEMENT);
  if (b->block == NONE) return;
  if (!is_ref) {
    u32 type = wm_mem_load_word(b, OP_i32_load, func, offsetof(Func, type_id));
    u32 place = b->layout.type_ids + 4 * index;
    u32 wanted = wm_ir_pure(b->c, make_node(IR_INST_LOAD, T_I32, place, 0, 0));
    if (type_of_call(b)->is_final)
      wm_build_trap_if(b, pure(b, OP_i32_ne, type, wanted), TRAP_INDIRECT_CALL_TYPE);
    else
      wm_build_check_subtype(b, func, pure(b, OP_i32_eq, type, wanted), index);
  }
  wm_build_call_ref(b, func, index, false);
}

static void copy_arguments(Build *b, const Guess *g) {
  u32 count = type_of_call(b)->param_count;
  jit_reserve(b->c, &b->stack, count);
  for (u32 i = 0; i < count; i++) push(b, b->stack.data[g->height - count + i]);
}

/* The current way is at its end. */
static void end_way(Build *b, Guess *g) {
  if (b->block == NONE) return;
  Env env = {0, wm_build_save_values(b, type_of_call(b)->result_count)};
  wm_build_pend(b, &g->ways, wm_build_terminate(b, TERM_JUMP, 0, 1), env);
  b->block = NONE;
}

/* To where the callee is none of those so far. */
static void go_to_other(Build *b, const Guess *g) {
  b->stack.len = g->height;
  wm_mem_forget_since(b, g->known);
  wm_mem_forget(b);
  wm_build_follow(b, g->other);
}

/* The way of the next callee. True: its body is read next. */
static bool guess_next(Build *b, Guess *g) {
  u32 callee = g->callees[g->next++];
  u32 same = pure(b, OP_i64_eq, g->func, instance_word(b, b->layout.funcs, callee));
  u32 edge = wm_build_terminate(b, TERM_BRANCH, same, 2);
  if (g->is_likely && g->next == g->count) block_at(b->c, b->block)->unlikely = 2;
  g->other = edge + 1;
  wm_build_follow(b, edge);
  copy_arguments(b, g);
  return wm_build_call_func(b, callee, true);
}

/* Behind the call, where the ways meet. */
static void finish(Build *b, Guess *g) {
  u32 results = type_of_call(b)->result_count, base = g->height - type_of_call(b)->param_count;
  g->is_open = false;
  b->stack.len = base;
  wm_mem_forget_since(b, g->known);
  if (g->ways == NONE) return;
  wm_build_bind(b, g->ways, base, results, false);
  for (u32 i = 0; i < results; i++)
    wm_refs_learn(b, b->stack.data[base + i], type_of_call(b)->results[i]);
}

static void guess_on(Build *b, Guess *g) {
  while (g->next < g->count) {
    if (guess_next(b, g)) return;
    end_way(b, g);
    go_to_other(b, g);
  }
  copy_arguments(b, g);
  call_unknown(b, g->func);
  end_way(b, g);
  finish(b, g);
}

void wm_build_go_on_guessing(Build *b) {
  Guess *g = &frame_of(b)->guess;
  b->in = g->in;
  end_way(b, g);
  go_to_other(b, g);
  guess_on(b, g);
}

/* Calls the Func at the address, with the arguments from the stack. */
static void call_any(Build *b, u32 func) {
  u32 known = func_of_word(b, func);
  if (known != NONE) {
    wm_build_call_func(b, known, false);
    return;
  }
  Guess *g = &frame_of(b)->guess;
  *g = (Guess){
      .in = b->in, .func = func, .ways = NONE, .height = b->stack.len, .known = known_scope(b)};
  choose(b, g);
  g->is_open = g->count > 0;
  if (g->is_open)
    guess_on(b, g);
  else
    call_unknown(b, func);
}

void wm_build_call_by_ref(Build *b) { call_any(b, pop(b)); }

void wm_build_call_indirect(Build *b) {
  u32 element = wm_build_table_element(b, b->in.index2, pop(b), TRAP_UNDEFINED_ELEMENT);
  if (element != NONE) call_any(b, wm_mem_load_word(b, OP_i64_load, element, 0));
}
