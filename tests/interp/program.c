/* Random programs (program.h). */
#include "program.h"

#include "binary/encode.h"
#include "runtime/numeric.h"

#include <stdlib.h>

enum { MAX_NODES = 20000, MAX_STEPS = 2000000, MAX_KIDS = 5 };

typedef enum NodeKind {
  NODE_CONST,
  NODE_GET,
  NODE_TEE,
  NODE_OP,       /* a numeric instruction */
  NODE_LOAD,     /* kid: address */
  NODE_SELECT,   /* kids: a, b, condition */
  NODE_IF,       /* kids: condition, then, else */
  NODE_BR_IF,    /* block (result t) kids: extra operand below, value, condition, other value */
  NODE_BR_TABLE, /* kids: index, and the value of each of three cases */
  NODE_CALL,     /* kids: arguments; the first result */
  NODE_SEQUENCE, /* kids: statements, then the value if there is one */
  NODE_SET,      /* statements from here */
  NODE_STORE,    /* kids: address, value */
  NODE_LOOP,     /* counts local `index` down from bits; kids: statement, whether to go on */
  NODE_WHEN,     /* if without else; kids: condition, statement */
  NODE_LEAVE,    /* block; kids: condition to leave, statement */
  NODE_PAIR,     /* results of a function with two: kids both */
} NodeKind;

struct Node {
  u8 kind, kid_count;
  char type; /* of the value; 0: none */
  u16 op;
  u32 index; /* local, function, offset of an access */
  u64 bits;
  Node *kids[MAX_KIDS];
};

/* ---- making ---- */

typedef struct Maker {
  Program *p;
  u32 func, counters; /* the function; loop counters in use */
  u64 state;
} Maker;

static u64 next_random(Maker *m) {
  m->state ^= m->state << 13;
  m->state ^= m->state >> 7;
  m->state ^= m->state << 17;
  return m->state * UINT64_C(0x2545F4914F6CDD1D);
}
static u32 below(Maker *m, u32 n) { return (u32)(next_random(m) >> 33) % n; }
static char any_type(Maker *m) { return "iiilllfd"[below(m, 8)]; }

static Node *new_node(Maker *m, NodeKind kind, char type) {
  assert(m->p->node_count < MAX_NODES);
  Node *n = &m->p->nodes[m->p->node_count++];
  *n = (Node){.kind = (u8)kind, .type = type};
  return n;
}
static void add_kid(Node *n, Node *kid) { n->kids[n->kid_count++] = kid; }

static const u16 numeric_ops[] = {
#define OP(prefix, code, id, text, imm, sig)
#define PURE(prefix, code, id, text, imm, sig)  NUMERIC_##sig(id)
#define TRAPS(prefix, code, id, text, imm, sig) NUMERIC_##sig(id)
#define NUMERIC(id)                             OP_##id,
#define NUMERIC_i_i(id)                         NUMERIC(id)
#define NUMERIC_l_i(id)                         NUMERIC(id)
#define NUMERIC_f_i(id)                         NUMERIC(id)
#define NUMERIC_d_i(id)                         NUMERIC(id)
#define NUMERIC_ii_i(id)                        NUMERIC(id)
#define NUMERIC_ll_i(id)                        NUMERIC(id)
#define NUMERIC_ff_i(id)                        NUMERIC(id)
#define NUMERIC_dd_i(id)                        NUMERIC(id)
#define NUMERIC_i_l(id)                         NUMERIC(id)
#define NUMERIC_l_l(id)                         NUMERIC(id)
#define NUMERIC_f_l(id)                         NUMERIC(id)
#define NUMERIC_d_l(id)                         NUMERIC(id)
#define NUMERIC_ll_l(id)                        NUMERIC(id)
#define NUMERIC_i_f(id)                         NUMERIC(id)
#define NUMERIC_l_f(id)                         NUMERIC(id)
#define NUMERIC_f_f(id)                         NUMERIC(id)
#define NUMERIC_d_f(id)                         NUMERIC(id)
#define NUMERIC_ff_f(id)                        NUMERIC(id)
#define NUMERIC_i_d(id)                         NUMERIC(id)
#define NUMERIC_l_d(id)                         NUMERIC(id)
#define NUMERIC_f_d(id)                         NUMERIC(id)
#define NUMERIC_d_d(id)                         NUMERIC(id)
#define NUMERIC_dd_d(id)                        NUMERIC(id)
#define NUMERIC_s_s(id)
#define NUMERIC_ss_s(id)
#define NUMERIC_sss_s(id)
#define NUMERIC_si_s(id)
#define NUMERIC_s_i(id)
#define NUMERIC_i_s(id)
#define NUMERIC_l_s(id)
#define NUMERIC_f_s(id)
#define NUMERIC_d_s(id)
#include "wasm/opcodes.def"
};

static bool shows_nan_bits(u16 op) {
  return op == OP_i32_reinterpret_f32 || op == OP_i64_reinterpret_f64 || op == OP_f32_copysign ||
         op == OP_f64_copysign;
}

static u16 op_with_result(Maker *m, char type) {
  for (;;) {
    u16 op = numeric_ops[below(m, ARRAY_LEN(numeric_ops))];
    const char *sig = wm_op_sig(op);
    bool is_rare = wm_op_info[op].op_class == CLASS_TRAPS && below(m, 10); /* they mostly trap */
    if (sig[strlen(sig) - 1] == type && !shows_nan_bits(op) && !is_rare) return op;
  }
}

static u64 any_const(Maker *m, char type) {
  static const u64 ints[] = {0,
                             1,
                             2,
                             5,
                             31,
                             32,
                             63,
                             255,
                             0x7FFF,
                             0x8000,
                             0xFFFF,
                             0x7FFFFFFF,
                             0x80000000,
                             0xFFFFFFFF,
                             INT64_MAX,
                             UINT64_MAX,
                             (u64)INT64_MIN};
  static const f64 floats[] = {
      0, -0.0, 1, -1, 0.5, 3.25, -7, 1e10, -2147483649.0, 4294967295.0, 1e-300, 1e300};
  u64 bits = below(m, 3) ? ints[below(m, ARRAY_LEN(ints))] : next_random(m) >> below(m, 64);
  f64 x = floats[below(m, ARRAY_LEN(floats))];
  switch (type) {
  case 'i': return (u32)(below(m, 4) ? bits : 0 - bits);
  case 'l': return below(m, 4) ? bits : 0 - bits;
  case 'f': return bits_of_f32((f32)x);
  default: return bits_of_f64(x);
  }
}

static const char *params_of(Maker *m) { return m->p->funcs[m->func].params; }
static const char *locals_of(Maker *m) { return m->p->funcs[m->func].locals; }
static char local_type(Maker *m, u32 i) {
  u32 params = (u32)strlen(params_of(m));
  return i < params ? params_of(m)[i] : locals_of(m)[i - params];
}
/* The last two locals count loops, the rest are free. */
static u32 free_locals(Maker *m) { return (u32)(strlen(params_of(m)) + strlen(locals_of(m))) - 2; }

static bool find_local(Maker *m, char type, u32 *local) {
  for (u32 tries = 0; tries < 8; tries++) {
    *local = below(m, free_locals(m));
    if (local_type(m, *local) == type) return true;
  }
  return false;
}

static Node *make_value(Maker *m, char type, u32 depth);
static Node *make_statement(Maker *m, u32 depth);

static Node *make_leaf(Maker *m, char type) {
  u32 local;
  bool is_get = below(m, 3) && find_local(m, type, &local);
  Node *n = new_node(m, is_get ? NODE_GET : NODE_CONST, type);
  if (is_get)
    n->index = local;
  else
    n->bits = any_const(m, type);
  return n;
}

/* Mostly inside of the ints' or the floats' part of the memory. */
static Node *make_address(Maker *m, bool is_float, u32 depth, u32 *offset) {
  static const u16 and_op = OP_i32_and;
  *offset = is_float ? INT_BYTES + below(m, 64) * 8 : below(m, 64);
  if (below(m, 60) == 0) *offset = (u32)next_random(m);
  Node *mask = new_node(m, NODE_CONST, 'i'), *n = new_node(m, NODE_OP, 'i');
  mask->bits = is_float ? 0x7F8 : 0x7FF;
  n->op = and_op;
  add_kid(n, make_value(m, 'i', depth));
  add_kid(n, mask);
  return below(m, 4) ? n : mask;
}

static const u16 int_loads[] = {OP_i32_load,     OP_i32_load8_s,  OP_i32_load8_u,  OP_i32_load16_s,
                                OP_i32_load16_u, OP_i64_load,     OP_i64_load8_s,  OP_i64_load8_u,
                                OP_i64_load16_s, OP_i64_load16_u, OP_i64_load32_s, OP_i64_load32_u};
static const u16 int_stores[] = {OP_i32_store,  OP_i32_store8,  OP_i32_store16, OP_i64_store,
                                 OP_i64_store8, OP_i64_store16, OP_i64_store32};

static Node *make_load(Maker *m, char type, u32 depth) {
  Node *n = new_node(m, NODE_LOAD, type);
  if (type == 'f')
    n->op = OP_f32_load;
  else if (type == 'd')
    n->op = OP_f64_load;
  else
    do n->op = int_loads[below(m, ARRAY_LEN(int_loads))];
    while (wm_op_sig(n->op)[2] != type);
  add_kid(n, make_address(m, type == 'f' || type == 'd', depth, &n->index));
  return n;
}

static Node *make_op(Maker *m, char type, u32 depth) {
  Node *n = new_node(m, NODE_OP, type);
  n->op = op_with_result(m, type);
  for (const char *sig = wm_op_sig(n->op); *sig != '_'; sig++)
    add_kid(n, make_value(m, *sig, depth));
  return n;
}

static Node *make_call(Maker *m, char type, u32 depth) {
  for (u32 tries = 0; m->func > 0 && tries < 4; tries++) {
    u32 callee = below(m, m->func);
    const Function *f = &m->p->funcs[callee];
    if (f->results[0] != type) continue;
    Node *n = new_node(m, NODE_CALL, type);
    n->index = callee;
    for (const char *param = f->params; *param; param++) add_kid(n, make_value(m, *param, depth));
    return n;
  }
  return make_op(m, type, depth);
}

static Node *make_of(Maker *m, NodeKind kind, char type, const char *kids, u32 depth) {
  Node *n = new_node(m, kind, type);
  for (; *kids; kids++) add_kid(n, make_value(m, *kids == 't' ? type : *kids, depth));
  return n;
}

static Node *make_value(Maker *m, char type, u32 depth) {
  if (depth == 0 || m->p->node_count > MAX_NODES - 2000) return make_leaf(m, type);
  depth--;
  u32 local;
  switch (below(m, 20)) {
  case 0: return make_of(m, NODE_SELECT, type, "tti", depth);
  case 1: return make_of(m, NODE_IF, type, "itt", depth);
  case 2: return make_of(m, NODE_BR_IF, type, "itit", depth);
  case 3: return make_of(m, NODE_BR_TABLE, type, "ittt", depth);
  case 4: return make_call(m, type, depth);
  case 5:
  case 6: return make_load(m, type, depth);
  case 7:
  case 8:
    if (!find_local(m, type, &local)) return make_op(m, type, depth);
    Node *tee = make_of(m, NODE_TEE, type, "t", depth);
    tee->index = local;
    return tee;
  case 9:
  case 10:
  case 11: return make_leaf(m, type);
  case 12: {
    Node *n = new_node(m, NODE_SEQUENCE, type);
    add_kid(n, make_statement(m, depth));
    add_kid(n, make_value(m, type, depth));
    return n;
  }
  default: return make_op(m, type, depth);
  }
}

static Node *make_store(Maker *m, u32 depth) {
  Node *n = new_node(m, NODE_STORE, 0);
  u32 which = below(m, 5);
  n->op = which == 0   ? OP_f32_store
          : which == 1 ? OP_f64_store
                       : int_stores[below(m, ARRAY_LEN(int_stores))];
  add_kid(n, make_address(m, which < 2, depth, &n->index));
  add_kid(n, make_value(m, wm_op_sig(n->op)[1], depth));
  return n;
}

/* Mostly a comparison, of a local that takes a step or of anything. */
static Node *make_condition(Maker *m, u32 depth) {
  u16 op;
  u32 local;
  do op = numeric_ops[below(m, ARRAY_LEN(numeric_ops))];
  while (strlen(wm_op_sig(op)) != 4 || wm_op_sig(op)[3] != 'i' ||
         wm_op_info[op].op_class != CLASS_PURE);
  Node *n = new_node(m, NODE_OP, 'i');
  n->op = op;
  char type = wm_op_sig(op)[0];
  if (type == 'i' && below(m, 2) && find_local(m, 'i', &local)) {
    Node *sum = new_node(m, NODE_OP, 'i'), *tee = new_node(m, NODE_TEE, 'i');
    Node *get = new_node(m, NODE_GET, 'i'), *step = new_node(m, NODE_CONST, 'i');
    sum->op = OP_i32_add;
    tee->index = local;
    get->index = below(m, 4) ? local : free_locals(m);
    step->bits = any_const(m, 'i');
    add_kid(sum, get), add_kid(sum, step), add_kid(tee, sum), add_kid(n, tee);
  } else {
    add_kid(n, make_value(m, type, depth));
  }
  add_kid(n, below(m, 3) ? make_leaf(m, type) : make_value(m, type, depth));
  if (below(m, 4) == 0) {
    Node *negated = new_node(m, NODE_OP, 'i');
    negated->op = OP_i32_eqz;
    add_kid(negated, n);
    n = negated;
  }
  return below(m, 6) ? n : make_value(m, 'i', depth);
}

static Node *make_loop(Maker *m, u32 depth) {
  Node *n = new_node(m, NODE_LOOP, 0);
  n->index = free_locals(m) + m->counters++;
  n->bits = 1 + below(m, 6);
  add_kid(n, make_statement(m, depth));
  add_kid(n, make_condition(m, depth));
  m->counters--;
  return n;
}

static Node *make_statement(Maker *m, u32 depth) {
  u32 which = below(m, 12), room = depth ? depth - 1 : 0;
  if (which < 2) return make_store(m, room);
  if (which == 2 && depth && m->counters < 2) return make_loop(m, room);
  if ((which == 3 || which == 4) && depth) {
    Node *n = new_node(m, which == 3 ? NODE_WHEN : NODE_LEAVE, 0);
    add_kid(n, make_condition(m, room));
    add_kid(n, make_statement(m, room));
    return n;
  }
  if (which == 5 && depth) {
    Node *n = new_node(m, NODE_SEQUENCE, 0);
    for (u32 i = 0; i < 3; i++) add_kid(n, make_statement(m, room));
    return n;
  }
  Node *n = new_node(m, NODE_SET, 0);
  n->index = below(m, free_locals(m));
  add_kid(n, make_value(m, local_type(m, n->index), depth));
  return n;
}

static void make_function(Maker *m) {
  Function *f = &m->p->funcs[m->func];
  u32 params = below(m, PARAMS + 1), locals = 3 + below(m, LOCALS - 5);
  for (u32 i = 0; i < params; i++) f->params[i] = any_type(m);
  for (u32 i = 0; i < locals; i++) f->locals[i] = any_type(m);
  memcpy(f->locals + locals, "ii", 3);
  f->results[0] = any_type(m);
  if (below(m, 3) == 0) f->results[1] = any_type(m);
  f->body = new_node(m, f->results[1] ? NODE_PAIR : NODE_SEQUENCE, 0);
  f->body->type = f->results[0];
  if (!f->results[1]) {
    for (u32 i = 0; i < 3; i++) add_kid(f->body, make_statement(m, 5));
    add_kid(f->body, make_value(m, f->results[0], 6));
    return;
  }
  for (u32 i = 0; i < 2; i++) add_kid(f->body, make_value(m, f->results[i], 6));
}

void program_make(Program *p, u64 seed) {
  *p = (Program){.seed = seed, .nodes = calloc(MAX_NODES, sizeof(Node))};
  Maker m = {.p = p, .state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1};
  for (m.func = 0; m.func < FUNCS; m.func++) make_function(&m);
}

void program_free(Program *p) { free(p->nodes); }

/* ---- writing ---- */

static ValType type_of(char letter) {
  return letter == 'i' ? VAL_I32 : letter == 'l' ? VAL_I64 : letter == 'f' ? VAL_F32 : VAL_F64;
}

static void put_const(Buffer *b, char type, u64 bits) {
  wm_encode_op(b, type == 'i'   ? OP_i32_const
                  : type == 'l' ? OP_i64_const
                  : type == 'f' ? OP_f32_const
                                : OP_f64_const);
  if (type == 'i')
    wm_buffer_sleb(b, (i32)bits);
  else if (type == 'l')
    wm_buffer_sleb(b, (i64)bits);
  else if (type == 'f')
    wm_buffer_u32(b, (u32)bits);
  else
    wm_buffer_u64(b, bits);
}

static void put_op(Buffer *b, u16 op) { wm_encode_op(b, op); }
static void put_index(Buffer *b, u16 op, u32 index) {
  wm_encode_op(b, op);
  wm_buffer_uleb(b, index);
}
static void put_block(Buffer *b, u16 op, char type) {
  wm_encode_op(b, op);
  wm_encode_blocktype(
      b, (BlockType){.kind = type ? BLOCK_VALUE : BLOCK_EMPTY, .value = type ? type_of(type) : 0});
}

static void put(Buffer *b, const Program *p, const Node *n);
static void put_kid(Buffer *b, const Program *p, const Node *n, u32 i) { put(b, p, n->kids[i]); }
static void put_kids(Buffer *b, const Program *p, const Node *n) {
  for (u32 i = 0; i < n->kid_count; i++) put_kid(b, p, n, i);
}

static void put_br_table(Buffer *b, const Program *p, const Node *n) {
  put_block(b, OP_block, n->type);
  for (u32 i = 0; i < 3; i++) put_block(b, OP_block, 0);
  put_kid(b, p, n, 0);
  put_op(b, OP_br_table);
  wm_buffer_uleb(b, 2);
  for (u32 i = 0; i < 3; i++) wm_buffer_uleb(b, i);
  for (u32 i = 0; i < 3; i++) {
    put_op(b, OP_end);
    put_kid(b, p, n, i + 1);
    if (i < 2) put_index(b, OP_br, 2 - i);
  }
  put_op(b, OP_end);
}

static void put_br_if(Buffer *b, const Program *p, const Node *n) {
  put_block(b, OP_block, n->type);
  put_kids(b, p, (&(Node){.kid_count = 3, .kids = {n->kids[0], n->kids[1], n->kids[2]}}));
  put_index(b, OP_br_if, 0);
  put_op(b, OP_drop);
  put_op(b, OP_drop);
  put_kid(b, p, n, 3);
  put_op(b, OP_end);
}

static void put_loop(Buffer *b, const Program *p, const Node *n) {
  put_const(b, 'i', n->bits);
  put_index(b, OP_local_set, n->index);
  put_block(b, OP_block, 0);
  put_block(b, OP_loop, 0);
  put_kid(b, p, n, 0);
  put_index(b, OP_local_get, n->index);
  put_const(b, 'i', UINT32_MAX);
  put_op(b, OP_i32_add);
  put_index(b, OP_local_tee, n->index);
  put_op(b, OP_i32_eqz);
  put_index(b, OP_br_if, 1);
  put_kid(b, p, n, 1);
  put_index(b, OP_br_if, 0);
  put_op(b, OP_end);
  put_op(b, OP_end);
}

static void put_choice(Buffer *b, const Program *p, const Node *n) {
  put_kid(b, p, n, 0);
  put_block(b, OP_if, n->type);
  put_kid(b, p, n, 1);
  if (n->kid_count > 2) {
    put_op(b, OP_else);
    put_kid(b, p, n, 2);
  }
  put_op(b, OP_end);
}

static void put_access(Buffer *b, const Node *n) {
  put_op(b, n->op);
  wm_encode_memarg(b, 0, 0, n->index);
}

static void put(Buffer *b, const Program *p, const Node *n) {
  switch ((NodeKind)n->kind) {
  case NODE_CONST: put_const(b, n->type, n->bits); break;
  case NODE_GET: put_index(b, OP_local_get, n->index); break;
  case NODE_TEE: put_kids(b, p, n), put_index(b, OP_local_tee, n->index); break;
  case NODE_SET: put_kids(b, p, n), put_index(b, OP_local_set, n->index); break;
  case NODE_OP: put_kids(b, p, n), put_op(b, n->op); break;
  case NODE_LOAD:
  case NODE_STORE: put_kids(b, p, n), put_access(b, n); break;
  case NODE_SELECT: put_kids(b, p, n), put_op(b, OP_select); break;
  case NODE_IF:
  case NODE_WHEN: put_choice(b, p, n); break;
  case NODE_BR_IF: put_br_if(b, p, n); break;
  case NODE_BR_TABLE: put_br_table(b, p, n); break;
  case NODE_CALL:
    put_kids(b, p, n), put_index(b, OP_call, n->index);
    if (p->funcs[n->index].results[1]) put_op(b, OP_drop);
    break;
  case NODE_LOOP: put_loop(b, p, n); break;
  case NODE_LEAVE:
    put_block(b, OP_block, 0);
    put_kid(b, p, n, 0);
    put_index(b, OP_br_if, 0);
    put_kid(b, p, n, 1);
    put_op(b, OP_end);
    break;
  case NODE_SEQUENCE:
  case NODE_PAIR: put_kids(b, p, n); break;
  }
}

static void put_types(Buffer *b, const char *letters) {
  wm_buffer_uleb(b, strlen(letters));
  for (; *letters; letters++) wm_encode_valtype(b, type_of(*letters));
}

static void put_function(Buffer *b, const Program *p, const Function *f) {
  size_t body = wm_encode_open(b);
  wm_buffer_uleb(b, strlen(f->locals));
  for (const char *l = f->locals; *l; l++) {
    wm_buffer_uleb(b, 1);
    wm_encode_valtype(b, type_of(*l));
  }
  put(b, p, f->body);
  wm_encode_op(b, OP_end);
  wm_encode_close(b, body);
}

void program_encode(const Program *p, Buffer *b) {
  wm_encode_header(b);
  size_t section = wm_encode_section(b, SECTION_TYPE);
  wm_buffer_uleb(b, FUNCS);
  for (u32 i = 0; i < FUNCS; i++) {
    wm_buffer_byte(b, COMP_FUNC);
    put_types(b, p->funcs[i].params);
    put_types(b, p->funcs[i].results);
  }
  wm_encode_close(b, section);
  section = wm_encode_section(b, SECTION_FUNCTION);
  wm_buffer_uleb(b, FUNCS);
  for (u32 i = 0; i < FUNCS; i++) wm_buffer_uleb(b, i);
  wm_encode_close(b, section);
  section = wm_encode_section(b, SECTION_MEMORY);
  wm_buffer_bytes(b, "\x01\x00\x01", 3);
  wm_encode_close(b, section);
  section = wm_encode_section(b, SECTION_EXPORT);
  wm_buffer_uleb(b, FUNCS + 1);
  wm_encode_name(b, "m", 1);
  wm_buffer_bytes(b, "\x02\x00", 2);
  for (u32 i = 0; i < FUNCS; i++) {
    char name = (char)('0' + i);
    wm_encode_name(b, &name, 1);
    wm_buffer_byte(b, EXTERN_FUNC);
    wm_buffer_uleb(b, i);
  }
  wm_encode_close(b, section);
  section = wm_encode_section(b, SECTION_CODE);
  wm_buffer_uleb(b, FUNCS);
  for (u32 i = 0; i < FUNCS; i++) put_function(b, p, &p->funcs[i]);
  wm_encode_close(b, section);
}

/* ---- evaluating ---- */

typedef struct Machine {
  const Program *p;
  u8 *memory;
  u32 steps;
  TrapCode trap; /* once set, everything returns */
} Machine;

typedef struct Scope {
  Machine *m;
  u64 locals[PARAMS + LOCALS];
} Scope;

#define IN_i(bits)   ((u32)(bits))
#define IN_l(bits)   (bits)
#define IN_f(bits)   f32_of_bits((u32)(bits))
#define IN_d(bits)   f64_of_bits(bits)
#define OUT_i(value) (value)
#define OUT_l(value) (value)
#define OUT_f(value) bits_of_f32(value)
#define OUT_d(value) bits_of_f64(value)
#define RESULT_i     u32
#define RESULT_l     u64
#define RESULT_f     f32
#define RESULT_d     f64

static u64 apply(Machine *m, u16 op, u64 a, u64 b) {
  switch (op) {
#define PURE1(id, t, r)                                                                            \
  case OP_##id: return OUT_##r(op_##id(IN_##t(a)));
#define PURE2(id, t, r)                                                                            \
  case OP_##id: return OUT_##r(op_##id(IN_##t(a), IN_##t(b)));
#define TRAPS1(id, t, r)                                                                           \
  case OP_##id: {                                                                                  \
    RESULT_##r result = 0;                                                                         \
    m->trap = op_##id(IN_##t(a), &result);                                                         \
    return OUT_##r(result);                                                                        \
  }
#define TRAPS2(id, t, r)                                                                           \
  case OP_##id: {                                                                                  \
    RESULT_##r result = 0;                                                                         \
    m->trap = op_##id(IN_##t(a), IN_##t(b), &result);                                              \
    return OUT_##r(result);                                                                        \
  }
#define OP(prefix, code, id, text, imm, sig)
#define PURE(prefix, code, id, text, imm, sig)  PURE_##sig(id)
#define TRAPS(prefix, code, id, text, imm, sig) TRAPS_##sig(id)
#define PURE_i_i(id)                            PURE1(id, i, i)
#define PURE_l_i(id)                            PURE1(id, l, i)
#define PURE_f_i(id)                            PURE1(id, f, i)
#define PURE_d_i(id)                            PURE1(id, d, i)
#define PURE_ii_i(id)                           PURE2(id, i, i)
#define PURE_ll_i(id)                           PURE2(id, l, i)
#define PURE_ff_i(id)                           PURE2(id, f, i)
#define PURE_dd_i(id)                           PURE2(id, d, i)
#define PURE_i_l(id)                            PURE1(id, i, l)
#define PURE_l_l(id)                            PURE1(id, l, l)
#define PURE_f_l(id)                            PURE1(id, f, l)
#define PURE_d_l(id)                            PURE1(id, d, l)
#define PURE_ll_l(id)                           PURE2(id, l, l)
#define PURE_i_f(id)                            PURE1(id, i, f)
#define PURE_l_f(id)                            PURE1(id, l, f)
#define PURE_f_f(id)                            PURE1(id, f, f)
#define PURE_d_f(id)                            PURE1(id, d, f)
#define PURE_ff_f(id)                           PURE2(id, f, f)
#define PURE_i_d(id)                            PURE1(id, i, d)
#define PURE_l_d(id)                            PURE1(id, l, d)
#define PURE_f_d(id)                            PURE1(id, f, d)
#define PURE_d_d(id)                            PURE1(id, d, d)
#define PURE_dd_d(id)                           PURE2(id, d, d)
#define PURE_s_s(id)
#define PURE_ss_s(id)
#define PURE_sss_s(id)
#define PURE_si_s(id)
#define PURE_s_i(id)
#define PURE_i_s(id)
#define PURE_l_s(id)
#define PURE_f_s(id)
#define PURE_d_s(id)
#define TRAPS_ii_i(id) TRAPS2(id, i, i)
#define TRAPS_ll_l(id) TRAPS2(id, l, l)
#define TRAPS_f_i(id)  TRAPS1(id, f, i)
#define TRAPS_d_i(id)  TRAPS1(id, d, i)
#define TRAPS_f_l(id)  TRAPS1(id, f, l)
#define TRAPS_d_l(id)  TRAPS1(id, d, l)
#include "wasm/opcodes.def"
  default: assert(0); return 0;
  }
}

static u64 eval(Scope *s, const Node *n);

/* Where `size` bytes at the kid's value + offset are; NULL: a trap. */
static u8 *access_at(Scope *s, const Node *n, u64 address) {
  u64 ea = (u32)address + (u64)n->index;
  if (s->m->trap) return NULL;
  if (ea + wm_op_info[n->op].access_bytes <= MEMORY_BYTES) return s->m->memory + ea;
  s->m->trap = TRAP_MEMORY_OUT_OF_BOUNDS;
  return NULL;
}

static u64 load_value(Scope *s, const Node *n) {
  const u8 *at = access_at(s, n, eval(s, n->kids[0]));
  u64 bits = 0;
  if (!at) return 0;
  u32 size = wm_op_info[n->op].access_bytes;
  memcpy(&bits, at, size);
  const char *text = wm_op_text(n->op);
  if (text[strlen(text) - 1] == 's')
    bits = (u64)((i64)(bits << (64 - 8 * size)) >> (64 - 8 * size));
  return n->type == 'i' ? (u32)bits : bits;
}

static void store_value(Scope *s, const Node *n) {
  u64 address = eval(s, n->kids[0]);
  if (s->m->trap) return;
  u64 value = eval(s, n->kids[1]);
  u8 *at = access_at(s, n, address);
  if (at) memcpy(at, &value, wm_op_info[n->op].access_bytes);
}

static void run_function(Machine *m, u32 index, const u64 *args, u64 *results) {
  const Function *f = &m->p->funcs[index];
  Scope s = {.m = m};
  memcpy(s.locals, args, strlen(f->params) * sizeof *args);
  if (f->body->kind != NODE_PAIR) {
    results[0] = eval(&s, f->body);
    return;
  }
  for (u32 i = 0; i < 2 && !m->trap; i++) results[i] = eval(&s, f->body->kids[i]);
}

static u64 call_value(Scope *s, const Node *n) {
  u64 args[PARAMS] = {0}, results[2] = {0};
  for (u32 i = 0; i < n->kid_count && !s->m->trap; i++) args[i] = eval(s, n->kids[i]);
  if (!s->m->trap) run_function(s->m, n->index, args, results);
  return results[0];
}

static void run_loop(Scope *s, const Node *n) {
  u64 *counter = &s->locals[n->index];
  *counter = n->bits;
  do {
    eval(s, n->kids[0]);
    *counter = (u32)(*counter - 1);
  } while (!s->m->trap && *counter && eval(s, n->kids[1]) && !s->m->trap);
}

static u64 eval_all(Scope *s, const Node *n) {
  u64 last = 0;
  for (u32 i = 0; i < n->kid_count && !s->m->trap; i++) last = eval(s, n->kids[i]);
  return last;
}

static u64 eval_chosen(Scope *s, const Node *n) {
  u64 values[3] = {0};
  for (u32 i = 0; i < 3 && !s->m->trap; i++) values[i] = eval(s, n->kids[i]);
  if (n->kind == NODE_SELECT) return values[2] ? values[0] : values[1];
  if (s->m->trap) return 0;
  return values[2] ? values[1] : eval(s, n->kids[3]); /* NODE_BR_IF */
}

static u64 eval_op(Scope *s, const Node *n) {
  u64 operands[2] = {0};
  for (u32 i = 0; i < n->kid_count && !s->m->trap; i++) operands[i] = eval(s, n->kids[i]);
  return s->m->trap ? 0 : apply(s->m, n->op, operands[0], operands[1]);
}

static u64 eval_one_of(Scope *s, const Node *n) {
  u64 which = eval(s, n->kids[0]);
  if (s->m->trap) return 0;
  u32 last = n->kid_count - 2u;
  bool is_table = n->kind == NODE_BR_TABLE;
  if (is_table) return eval(s, n->kids[1 + min_u64(which, last)]);
  if (n->kind == NODE_LEAVE) return which ? 0 : eval(s, n->kids[1]);
  if (n->kind == NODE_WHEN) return which ? eval(s, n->kids[1]) : 0;
  return eval(s, n->kids[which ? 1 : 2]);
}

static u64 eval(Scope *s, const Node *n) {
  if (++s->m->steps > MAX_STEPS) s->m->trap = TRAP_INTERRUPTED;
  if (s->m->trap) return 0;
  switch ((NodeKind)n->kind) {
  case NODE_CONST: return n->bits;
  case NODE_GET: return s->locals[n->index];
  case NODE_SET:
  case NODE_TEE: {
    u64 value = eval(s, n->kids[0]);
    return s->locals[n->index] = value;
  }
  case NODE_OP: return eval_op(s, n);
  case NODE_LOAD: return load_value(s, n);
  case NODE_STORE: store_value(s, n); return 0;
  case NODE_SELECT:
  case NODE_BR_IF: return eval_chosen(s, n);
  case NODE_IF:
  case NODE_WHEN:
  case NODE_LEAVE:
  case NODE_BR_TABLE: return eval_one_of(s, n);
  case NODE_CALL: return call_value(s, n);
  case NODE_LOOP: run_loop(s, n); return 0;
  default: return eval_all(s, n); /* NODE_SEQUENCE */
  }
}

bool program_run(const Program *p, u32 index, const u64 *args, u8 *memory, u64 *results,
                 TrapCode *trap) {
  Machine m = {.p = p, .memory = memory};
  run_function(&m, index, args, results);
  *trap = m.trap;
  return m.steps <= MAX_STEPS;
}
