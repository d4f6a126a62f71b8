/* Bodies: the statements of inner functions; entries, which call those; the checksum. */
#include "tests/fuzz/generator.h"

#include "binary/encode.h"

/* What an entry gives to what it calls. */
enum { FUEL = 300 };

/* ---- statements ---- */

static void drop_one(Gen *g) {
  if (g->depth == gen_base_of(g)) return;
  gen_op(g, OP_drop);
  g->depth--;
}

static void any_scalar(Gen *g) { gen_fixed(g, gen_pick_op(g, false), 2); }
static void any_vector(Gen *g) { gen_fixed(g, gen_pick_op(g, true), 2); }
static void any_leaf(Gen *g) { gen_leaf(g, gen_pick_type(g)); }
static void branch_at_times(Gen *g) {
  if (gen_pick(g, 3) == 0) gen_branch(g);
}
static void leave_at_times(Gen *g) {
  if (gen_pick(g, 5) == 0) gen_leave(g);
}

/* What a function is made of: a new kind of statement is a function in a file of its subject, and a
 * row here. Chances are relative. A maker may decide to write nothing. */
static const struct {
  u32 chance;
  void (*make)(Gen *g);
} makers[] = {
    {9, any_scalar},     {3, any_vector},          {6, gen_set_local},  {3, any_leaf},
    {1, drop_one},       {1, gen_set_address},     {1, gen_set_global}, {3, gen_nested},
    {3, gen_branch_if},  {1, gen_branch_table},    {2, gen_select_one}, {2, gen_call},
    {1, gen_bulk},       {1, gen_table_or_memory}, {1, gen_store},      {1, branch_at_times},
    {1, leave_at_times}, {1, gen_call_host},       {2, gen_tail_call},  {2, gen_typed},
    {3, gen_throw},      {5, gen_try_table},       {5, gen_legacy_try}, {3, gen_atomic},
    {24, gen_object}, /* the last, for GC programs only */
};

static void statement(Gen *g) {
  if (g->depth > MAX_DEPTH) {
    drop_one(g);
    return;
  }
  u32 all = 0, i = 0, count = ARRAY_LEN(makers) - !(g->kinds & KIND_GC);
  for (u32 k = 0; k < count; k++) all += makers[k].chance;
  u32 way = gen_pick(g, all);
  while (way >= makers[i].chance) way -= makers[i++].chance;
  makers[i].make(g);
}

void gen_statements(Gen *g, u32 count) {
  for (u32 i = 0; i < count && !gen_is_over(g); i++) statement(g);
}

/* ---- functions ---- */

u32 gen_add_local(Gen *g, char type) {
  g->locals[g->local_count] = type;
  return g->local_count++;
}

void gen_start_function(Gen *g, const Sig *sig) {
  g->code.len = 0;
  g->local_count = g->label_count = g->depth = 0;
  for (const char *type = sig->params; *type; type++) gen_add_local(g, *type);
}

void gen_add_scratch(Gen *g) {
  g->own_locals = g->local_count;
  for (u32 i = 0; i < 3; i++) g->scratch[i] = gen_add_local(g, "fds"[i]);
  g->address = gen_add_local(g, 'i');
  g->counters = g->local_count;
  for (u32 i = 0; i < MAX_NESTING; i++) gen_add_local(g, 'i');
}

/* The code entry of the function: its locals and g->code. */
void gen_end_function(Gen *g, const Sig *sig, Buffer *out) {
  u32 params = (u32)strlen(sig->params);
  size_t entry = wm_encode_open(out);
  wm_buffer_uleb(out, g->local_count - params);
  for (u32 i = params; i < g->local_count; i++) {
    wm_buffer_byte(out, 1);
    wm_encode_valtype(out, gen_valtype_of(g, g->locals[i]));
  }
  wm_buffer_bytes(out, g->code.data, g->code.len);
  wm_buffer_byte(out, 0x0B);
  wm_encode_close(out, entry);
}

/* Locals that are never null have no value at first. */
static void set_typed_locals(Gen *g, u32 first) {
  for (u32 i = first; i < g->own_locals; i++) {
    bool typed = g->locals[i] >= 'A' && g->locals[i] <= 'F';
    if (!typed && !(gen_is_gc(g->locals[i]) && !gen_is_gc_nullable(g->locals[i]))) continue;
    gen_constant(g, g->locals[i]);
    gen_op_index(g, OP_local_set, i);
    g->depth--;
  }
}

void gen_inner_function(Gen *g, u32 index, Buffer *out) {
  const Sig *sig = &g->funcs[index];
  g->func = index;
  gen_start_function(g, sig);
  gen_pick_palette(g);
  u32 extra = 1 + gen_pick(g, 6);
  for (u32 i = 0; i < extra; i++) gen_add_local(g, gen_pick_type(g));
  if (g->kinds & KIND_EXN) gen_add_local(g, 'n');
  for (u32 i = 0; i < 3 && g->kinds & KIND_GC; i++) gen_add_local(g, gen_pick_gc_letter(g));
  gen_add_scratch(g);
  set_typed_locals(g, (u32)strlen(sig->params));
  Label *body = &g->labels[g->label_count++];
  body->base = 0;
  body->catches = false;
  memcpy(body->types, sig->results, MAX_LIST);
  gen_burn_fuel(g);
  if (gen_pick(g, 3) == 0) gen_throw(g);
  gen_statements(g, 10 + gen_pick(g, 60));
  gen_finish(g, sig->results);
  gen_end_function(g, sig, out);
}

const Sig gen_entry_sig = {"ilfd", ""};

/* Stores the top value at `at`. */
static void keep_result(Gen *g, char type, u32 at, u32 first_keeper) {
  static const u16 stores[] = {OP_i32_store, OP_i64_store, OP_f32_store, OP_f64_store,
                               OP_v128_store};
  if (gen_is_gc(type)) {
    gen_call_deep(g, 4);
    type = 'l';
  } else if (!gen_is_number(type)) {
    gen_op(g, OP_ref_is_null);
    type = 'i';
  }
  if (type == 'f' || type == 'd') gen_canonical_scalar(g, type);
  u32 which = (u32)(strchr(ALL_TYPES, type) - ALL_TYPES);
  gen_op_index(g, OP_local_set, first_keeper + which);
  gen_op_i32(g, at);
  gen_op_index(g, OP_local_get, first_keeper + which);
  gen_op(g, stores[which]);
  wm_encode_memarg(&g->code, 0, 0, 0);
}

/* Calls inner function `index` and stores its results. */
void gen_entry_function(Gen *g, u32 index, Buffer *out) {
  const Sig *callee = &g->funcs[index];
  gen_start_function(g, &gen_entry_sig);
  gen_add_scratch(g);
  u32 keepers = g->local_count;
  for (u32 i = 0; i < 5; i++) gen_add_local(g, ALL_TYPES[i]);
  gen_op_i32(g, FUEL);
  gen_op_index(g, OP_global_set, 0);
  if (g->kinds & KIND_GC) gen_set_budget(g, 30);
  for (const char *type = callee->params; *type; type++) {
    const char *own = strchr(gen_entry_sig.params, *type);
    if (own)
      gen_op_index(g, OP_local_get, (u32)(own - gen_entry_sig.params));
    else
      gen_constant(g, *type);
  }
  gen_op_index(g, OP_call, g->own_funcs + index);
  for (u32 i = (u32)strlen(callee->results); i-- > 0;)
    keep_result(g, callee->results[i], 16 * i, keepers);
  gen_end_function(g, &gen_entry_sig, out);
}

void gen_back_function(Gen *g, u32 index, Buffer *out) {
  static const Sig none = {"", ""};
  const Sig *callee = &g->funcs[index];
  gen_start_function(g, &none);
  for (const char *type = callee->params; *type; type++) gen_constant(g, *type);
  gen_op_index(g, OP_call, g->own_funcs + index);
  for (const char *type = callee->results; *type; type++) gen_op(g, OP_drop);
  gen_end_function(g, &none, out);
}
