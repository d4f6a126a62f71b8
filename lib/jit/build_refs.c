/* What is known of references (build.h): from the types that wasm gives them, from the instructions
 * that they were operands of, from casts and tests that were passed. What is known of a value holds
 * in all blocks that the place where it was learnt dominates: it is forgotten at the end of the
 * block of wasm where it was learnt, and values that come out of that are of the label's types. */
#include "jit/build.h"

enum { MAX_CONDITION_DEPTH = 4 };

/* ---- types ---- */

/* In the registry's numbers. */
static HeapType canonical(const Build *b, HeapType heap) {
  return heap_is_abstract(heap) ? heap : b->module->types[heap].type_id;
}

static bool matches(const Build *b, HeapType sub, HeapType super) {
  return sub == super ||
         wm_heaptype_matches(b->c->loaded->types, canonical(b, sub), canonical(b, super));
}

/* A value may be looked at as one of any's and of extern's hierarchy: the latter tells nothing. */
static bool tells_nothing(HeapType heap) {
  return heap == HEAP_EXTERN || heap == HEAP_NOEXTERN || heap == HEAP_ANY;
}

/* ---- what is known ---- */

static const KnownRef nothing = {.heap = NO_HEAP};

const KnownRef *wm_refs_find(const Build *b, u32 node) {
  u32 at = node < b->ref_heads.len ? b->ref_heads.data[node] : 0;
  return at ? &b->refs.data[at - 1] : &nothing;
}

static u32 *head_of(Build *b, u32 node) {
  u32 len = b->ref_heads.len;
  if (node >= len) {
    u32 count = b->c->nodes.len - len;
    jit_reserve(b->c, &b->ref_heads, count);
    memset(b->ref_heads.data + len, 0, count * sizeof(u32));
    b->ref_heads.len += count;
  }
  return &b->ref_heads.data[node];
}

/* Adds to what is known. */
static void learn(Build *b, u32 node, KnownRef now) {
  if (b->c->options.no_opt || node_at(b->c, node)->op == IR_CONST) return;
  const KnownRef *old = wm_refs_find(b, node);
  bool is_nearer = now.heap != NO_HEAP &&
                   (old->heap == NO_HEAP ||
                    (now.heap != old->heap && !old->is_exact && matches(b, now.heap, old->heap)));
  bool adds = is_nearer || now.not_null > old->not_null || now.is_exact > old->is_exact;
  if (!adds) return;
  if (!is_nearer) now.heap = old->heap;
  now.not_null |= old->not_null;
  now.is_exact |= old->is_exact;
  u32 *head = head_of(b, node);
  now.node = node;
  now.before = *head;
  *jit_push(b->c, &b->refs) = now;
  *head = b->refs.len;
}

void wm_refs_cut(Build *b, u32 len) {
  while (b->refs.len > len) {
    const KnownRef *last = &b->refs.data[--b->refs.len];
    b->ref_heads.data[last->node] = last->before;
  }
}

void wm_refs_clear(Build *b) {
  b->refs.len = b->ref_heads.len = 0;
  b->test_count = 0;
}

void wm_refs_learn(Build *b, u32 node, ValType type) {
  if (!val_is_ref(type)) return;
  HeapType heap = val_heap(type);
  if (tells_nothing(heap)) heap = NO_HEAP;
  learn(b, node, (KnownRef){.heap = heap, .not_null = !val_is_nullable(type)});
}

void wm_refs_learn_exact(Build *b, u32 node, u32 type_index) {
  learn(b, node, (KnownRef){.heap = type_index, .not_null = true, .is_exact = true});
}

void wm_refs_learn_not_null(Build *b, u32 node) {
  learn(b, node, (KnownRef){.heap = NO_HEAP, .not_null = true});
}

/* ---- what follows from it ---- */

u32 wm_refs_is_null(Build *b, u32 node) {
  if (wm_refs_find(b, node)->not_null) return const_i32(b, 0);
  return pure(b, OP_i64_eqz, node, 0);
}

void wm_refs_check_null(Build *b, u32 node, TrapCode code) {
  if (wm_refs_find(b, node)->not_null) return;
  wm_build_trap_if(b, wm_refs_is_null(b, node), code);
  if (b->block != NONE) wm_refs_learn_not_null(b, node);
}

bool wm_refs_may_be_i31(const Build *b, u32 node) {
  HeapType heap = wm_refs_find(b, node)->heap;
  return heap == NO_HEAP || heap == HEAP_EQ || heap == HEAP_I31;
}

bool wm_refs_may_be_host(const Build *b, u32 node) {
  return wm_refs_find(b, node)->heap == NO_HEAP;
}

/* Whether no reference but null is of both: types are trees. */
static bool are_apart(const Build *b, const KnownRef *known, HeapType heap) {
  if (known->heap == NO_HEAP || matches(b, known->heap, heap)) return false;
  return known->is_exact || !matches(b, heap, known->heap);
}

RefTest wm_refs_decide(const Build *b, u32 node, HeapType heap) {
  const KnownRef *known = wm_refs_find(b, node);
  if (tells_nothing(heap) || heap == HEAP_FUNC || heap == HEAP_EXN)
    return heap == HEAP_NOEXTERN ? REF_IS_NOT : REF_IS;
  if (heap == HEAP_NONE || heap == HEAP_NOFUNC || heap == HEAP_NOEXN) return REF_IS_NOT;
  if (known->heap != NO_HEAP && matches(b, known->heap, heap)) return REF_IS;
  return are_apart(b, known, heap) ? REF_IS_NOT : REF_MAY_BE;
}

/* ---- where ways meet ---- */

void wm_refs_take_along(Build *b, u32 node) {
  bool is_null = is_const(b->c, node) && !const_bits(b->c, node);
  vec_last(&b->pending)->value = is_null ? (KnownRef){.heap = HEAP_NONE} : *wm_refs_find(b, node);
}

static HeapType common_heap(const Build *b, HeapType x, HeapType y) {
  if (x == NO_HEAP || y == NO_HEAP) return NO_HEAP;
  if (matches(b, x, y)) return y;
  return matches(b, y, x) ? x : NO_HEAP;
}

void wm_refs_learn_merged(Build *b, u32 list, u32 node) {
  KnownRef all = b->pending.data[list].value;
  for (u32 i = b->pending.data[list].next; i != NONE; i = b->pending.data[i].next) {
    const KnownRef *one = &b->pending.data[i].value;
    all.is_exact = all.is_exact && one->is_exact && all.heap == one->heap;
    all.not_null = all.not_null && one->not_null;
    all.heap = common_heap(b, all.heap, one->heap);
  }
  if (all.heap != HEAP_NONE) learn(b, node, all);
}

/* ---- conditions ---- */

static void note(Build *b, KnownTest test) { b->tests[b->test_count++ % KNOWN_TESTS] = test; }

void wm_refs_note_test(Build *b, u32 condition, u32 node, ValType type) {
  if (node_at(b->c, condition)->op == IR_CONST) return;
  note(b, (KnownTest){condition, node, type, TEST_TYPE});
}

/* The one value of the column that is not the constant; NONE: there are others, or too many. */
static u32 other_than(const Build *b, u32 list, u32 column, u32 constant) {
  enum { MOST_EDGES = 4 };
  u32 other = NONE, edges = 0;
  for (u32 i = list; i != NONE; i = b->pending.data[i].next) {
    u32 value = b->envs.data[b->pending.data[i].env.values + column];
    if (edges++ == MOST_EDGES) return NONE;
    if (is_const(b->c, value) && const_bits(b->c, value) == constant) continue;
    if (other != NONE && other != value) return NONE;
    other = value;
  }
  return other;
}

void wm_refs_note_merged(Build *b, u32 list, u32 column, u32 param) {
  if (node_at(b->c, param)->op != IR_PARAM || node_type(b, param) != T_I32) return;
  for (u32 constant = 0; constant < 2; constant++) {
    u32 other = other_than(b, list, column, constant);
    u8 kind = constant ? TEST_OR : TEST_AND;
    if (other != NONE) note(b, (KnownTest){param, other, 0, kind});
  }
}

static void learn_condition(Build *b, u32 condition, bool holds, u32 depth);

static void learn_from_test(Build *b, const KnownTest *test, bool holds, u32 depth) {
  if (test->kind != TEST_TYPE) {
    bool follows = holds == (test->kind == TEST_AND);
    if (follows && depth < MAX_CONDITION_DEPTH) learn_condition(b, test->node, holds, depth + 1);
  } else if (holds) {
    wm_refs_learn(b, test->node, test->type);
  } else if (val_is_nullable(test->type)) {
    wm_refs_learn_not_null(b, test->node);
  }
}

static void learn_from_tests(Build *b, u32 condition, bool holds, u32 depth) {
  for (u32 i = 0; i < KNOWN_TESTS && i < b->test_count; i++)
    if (b->tests[i].condition == condition) learn_from_test(b, &b->tests[i], holds, depth);
}

static bool is_zero(const Build *b, u32 node) {
  return is_const(b->c, node) && !const_bits(b->c, node);
}

/* A comparison with 0. */
static void learn_from_zero(Build *b, u32 operand, bool holds, u32 depth);

static void learn_condition(Build *b, u32 condition, bool holds, u32 depth) {
  Node n = *node_at(b->c, condition);
  learn_from_tests(b, condition, holds, depth);
  if (depth == MAX_CONDITION_DEPTH) return;
  switch (n.op) {
  case OP_i32_eqz:
  case OP_i64_eqz: learn_from_zero(b, n.a, holds, depth); break;
  case OP_i32_eq:
  case OP_i64_eq:
    if (is_zero(b, n.b)) learn_from_zero(b, n.a, holds, depth);
    break;
  case OP_i32_ne:
  case OP_i64_ne:
    if (is_zero(b, n.b)) learn_from_zero(b, n.a, !holds, depth);
    break;
  case OP_i32_and:
  case OP_i32_or:
    if (holds != (n.op == OP_i32_and)) break;
    learn_condition(b, n.a, holds, depth + 1);
    learn_condition(b, n.b, holds, depth + 1);
    break;
  default: break;
  }
}

static void learn_from_zero(Build *b, u32 operand, bool holds, u32 depth) {
  if (node_type(b, operand) == T_I32)
    learn_condition(b, operand, !holds, depth + 1);
  else if (!holds)
    wm_refs_learn_not_null(b, operand);
}

void wm_refs_learn_condition(Build *b, u32 condition, bool holds) {
  if (!b->c->options.no_opt) learn_condition(b, condition, holds, 0);
}
