/* Exceptions: what throws; try_table with its handlers; the legacy try. What a handler sees of the
 * locals goes to memory, as it must be what they were at the call that threw. */
#include "tests/fuzz/generator.h"

#include "binary/encode.h"

#include <stdio.h>

static const Sig no_values = {"", ""};

/* ---- throwing ---- */

static void throw_tag(Gen *g) {
  u32 tag = gen_pick(g, TAG_COUNT);
  gen_need_values(g, g->tags[tag]);
  gen_op_index(g, OP_throw, tag);
}

static bool throw_again(Gen *g) {
  u32 local;
  if (!(g->kinds & KIND_EXN) || !gen_pick_local(g, 'n', &local)) return false;
  if (!gen_matching(g, "n")) {
    gen_op_index(g, OP_local_get, local);
    gen_push(g, 'n');
  }
  gen_op(g, OP_throw_ref);
  return true;
}

static bool rethrow(Gen *g) {
  u32 start = gen_pick(g, g->label_count);
  for (u32 i = 0; i < g->label_count; i++) {
    u32 label = (start + i) % g->label_count;
    if (!gen_label(g, label)->catches) continue;
    gen_op_index(g, OP_rethrow, label);
    return true;
  }
  return false;
}

void gen_throw(Gen *g) {
  if (!(g->kinds & (KIND_EXN | KIND_LEGACY)) || !gen_has_room_for_block(g)) return;
  bool is_conditional = gen_pick(g, 4) != 0;
  u32 way = gen_pick(g, 4);
  if (is_conditional) gen_open_if(g, &no_values);
  if (!(way == 0 && throw_again(g)) && !(way == 1 && rethrow(g))) throw_tag(g);
  gen_go_dead(g);
  if (is_conditional) gen_close_block(g, &no_values);
}

/* ---- what handlers see ---- */

static void show_local(Gen *g, u32 local, u32 at) {
  static const u16 stores[] = {OP_i32_store, OP_i64_store, OP_f32_store, OP_f64_store,
                               OP_v128_store};
  char type = g->locals[local];
  gen_op_i32(g, at);
  gen_op_index(g, OP_local_get, local);
  if (!gen_is_number(type)) {
    gen_op(g, OP_ref_is_null);
    type = 'i';
  }
  if (type == 'f' || type == 'd') gen_canonical_scalar(g, type);
  gen_op(g, stores[strchr(ALL_TYPES, type) - ALL_TYPES]);
  wm_encode_memarg(&g->code, 0, 0, 0);
}

static void show_locals(Gen *g) {
  if (gen_pick(g, 3) == 0) return;
  u32 at = gen_pick(g, 128) * 8;
  for (u32 i = 0; i < g->own_locals; i++) show_local(g, i, at + 16 * i);
}

/* What a try is for: locals that change between calls that may throw. */
static void guarded_statements(Gen *g, u32 count) {
  u32 calls = gen_pick(g, 4);
  for (u32 i = 0; i < calls && !gen_is_over(g); i++) {
    gen_set_local(g);
    gen_set_local(g);
    gen_call(g);
  }
  gen_statements(g, count);
}

/* ---- try_table ----
 *
 *   block (results)
 *     block (values of handler 1)
 *       block (values of handler 0)
 *         try_table (results) (catch... 0) (catch... 1) (catch... any label of the same types)
 *         end
 *         br 2
 *       end
 *       handler 0, br 1
 *     end
 *     handler 1
 *   end */

enum { MAX_HANDLERS = 3, MAX_CLAUSES = 6 };

typedef struct Clause {
  u32 kind, tag;
  char types[MAX_LIST];
} Clause;

static Clause pick_clause(Gen *g) {
  Clause c = {.kind = gen_pick(g, 4), .tag = gen_pick(g, TAG_COUNT)};
  bool is_all = c.kind == CATCH_ALL || c.kind == CATCH_ALL_REF;
  bool has_ref = c.kind == CATCH_REF || c.kind == CATCH_ALL_REF;
  snprintf(c.types, sizeof c.types, "%s%s", is_all ? "" : g->tags[c.tag], has_ref ? "n" : "");
  return c;
}

/* A clause for a label that there is: false: none fits. */
static bool pick_other_clause(Gen *g, Clause *c, u32 *label) {
  *c = pick_clause(g);
  u32 start = gen_pick(g, g->label_count);
  for (u32 i = 0; i < g->label_count; i++) {
    *label = (start + i) % g->label_count;
    if (!strcmp(gen_label(g, *label)->types, c->types)) return true;
  }
  return false;
}

static void write_clauses(Gen *g, const Clause *handlers, u32 handler_count) {
  Catch clauses[MAX_CLAUSES];
  u32 count = 0;
  for (u32 i = 0; i < handler_count; i++) {
    Clause other;
    u32 label;
    if (gen_pick(g, 3) == 0 && pick_other_clause(g, &other, &label))
      clauses[count++] = (Catch){(CatchKind)other.kind, other.tag, label};
    clauses[count++] = (Catch){(CatchKind)handlers[i].kind, handlers[i].tag, i};
  }
  wm_buffer_uleb(&g->code, count);
  for (u32 i = 0; i < count; i++) wm_encode_catch(&g->code, clauses[i]);
}

/* From where a handler or the try ends, with the results, to behind the outermost block. */
static void leave_handlers(Gen *g, const char *results, u32 label) {
  gen_need_values(g, results);
  gen_op_index(g, OP_br, label);
  gen_go_dead(g);
}

static void open_handlers(Gen *g, Clause *handlers, u32 count) {
  for (u32 i = count; i-- > 0;) {
    Sig sig = {"", ""};
    handlers[i] = pick_clause(g);
    memcpy(sig.results, handlers[i].types, MAX_LIST);
    gen_open_block(g, OP_block, &sig);
  }
}

static void try_body(Gen *g, const Sig *sig, const Clause *handlers, u32 count, u32 statements) {
  gen_need_values(g, sig->params);
  /* clauses name labels around the try_table: they are picked before it is one */
  gen_open_head(g, OP_try_table, sig);
  write_clauses(g, handlers, count);
  gen_push_label(g, OP_try_table, sig);
  guarded_statements(g, statements);
  gen_close_block(g, sig);
}

void gen_try_table(Gen *g) {
  Clause handlers[MAX_HANDLERS];
  u32 count = 1 + gen_pick(g, MAX_HANDLERS), statements = gen_pick(g, 12);
  if (!(g->kinds & KIND_EXN) || !gen_has_room_for_types(g)) return;
  if (g->label_count + count + 3 > MAX_LABELS) return;
  Sig sig = {"", ""}, outer = {"", ""};
  gen_pick_types(g, sig.results, 5);
  if (gen_pick(g, 3) == 0) gen_pick_types(g, sig.params, 4);
  memcpy(outer.results, sig.results, MAX_LIST);
  gen_open_block(g, OP_block, &outer);
  open_handlers(g, handlers, count);
  try_body(g, &sig, handlers, count, statements);
  leave_handlers(g, sig.results, count);
  for (u32 i = 0; i < count; i++) {
    Sig block = {"", ""};
    memcpy(block.results, handlers[i].types, MAX_LIST);
    gen_end_dead(g, &block);
    show_locals(g);
    gen_statements(g, gen_pick(g, 5));
    if (i + 1 < count) leave_handlers(g, sig.results, count - 1 - i);
  }
  gen_close_block(g, &outer);
}

/* ---- the legacy try ---- */

static void legacy_catch(Gen *g, const Sig *sig, bool is_all) {
  u32 tag = gen_pick(g, TAG_COUNT);
  gen_finish(g, sig->results);
  g->depth = gen_base_of(g);
  gen_label(g, 0)->catches = true;
  if (is_all) {
    gen_op(g, OP_catch_all);
  } else {
    gen_op_index(g, OP_catch, tag);
    gen_push_list(g, g->tags[tag]);
  }
  show_locals(g);
  gen_statements(g, gen_pick(g, 6));
}

static void delegate(Gen *g, const Sig *sig) {
  gen_finish(g, sig->results);
  gen_op_index(g, OP_delegate, gen_pick(g, g->label_count - 1));
  gen_pop_label(g, sig);
}

void gen_legacy_try(Gen *g) {
  if (!(g->kinds & KIND_LEGACY) || !gen_has_room_for_types(g) || !gen_has_room_for_block(g)) return;
  Sig sig = {"", ""};
  u32 have = g->depth - gen_base_of(g), params = gen_pick(g, 3);
  if (params > have) params = have;
  memcpy(sig.params, g->stack + g->depth - params, params);
  gen_pick_types(g, sig.results, 5);
  gen_open_block(g, OP_try, &sig);
  guarded_statements(g, gen_pick(g, 12));
  u32 way = gen_pick(g, 8);
  if (way == 7) {
    delegate(g, &sig);
    return;
  }
  for (u32 i = 0; i < way % 4; i++) legacy_catch(g, &sig, false);
  if (way > 3) legacy_catch(g, &sig, true);
  gen_close_block(g, &sig);
}
