#include "shapes.h"

enum { TYPE_FUNC, TYPE_NONE, FUNC_TINY = 1, MANY_LOCALS = 49000, MAX_BODY = 7654000 };

/* ---- instructions ---- */

static void get(Buffer *b, u32 local) {
  wm_encode_op(b, OP_local_get);
  wm_buffer_uleb(b, local);
}

static void set(Buffer *b, u32 local) {
  wm_encode_op(b, OP_local_set);
  wm_buffer_uleb(b, local);
}

static void number(Buffer *b, i32 value) {
  wm_encode_op(b, OP_i32_const);
  wm_buffer_sleb(b, value);
}

static void with_index(Buffer *b, u16 op, u32 index) {
  wm_encode_op(b, op);
  wm_buffer_uleb(b, index);
}

static void access(Buffer *b, u16 op, u32 offset) {
  wm_encode_op(b, op);
  wm_encode_memarg(b, 0, 0, offset);
}

static void begin(Buffer *b, u16 op) {
  wm_encode_op(b, op);
  wm_encode_blocktype(b, (BlockType){.kind = BLOCK_EMPTY});
}

static void end(Buffer *b, u32 count) {
  while (count--) wm_encode_op(b, OP_end);
}

/* A number that looks arbitrary. */
static u32 scatter(u32 i) { return i * 2654435761u >> 7; }

/* ---- straight code ---- */

/* As compilers write it: locals, loads, stores, arithmetic, an `if` now and then. */
static void write_plain(Buffer *b, size_t bytes) {
  static const u16 ops[] = {OP_i32_add, OP_i32_xor, OP_i32_mul, OP_i32_sub, OP_i32_shl, OP_i32_or};
  for (u32 i = 0; b->len < bytes; i++) {
    u32 from = scatter(i) % 30, to = scatter(i + 7) % 30;
    get(b, from);
    access(b, OP_i32_load, i % 1000 * 4);
    get(b, to);
    wm_encode_op(b, ops[i % ARRAY_LEN(ops)]);
    set(b, to + 1);
    if (i % 4 == 0) {
      get(b, from + 1);
      begin(b, OP_if);
      get(b, to);
      get(b, from);
      access(b, OP_i32_store, i % 500 * 8);
      end(b, 1);
    }
  }
}

static void write_loads(Buffer *b, size_t bytes) {
  for (u32 i = 0; b->len < bytes; i++) {
    get(b, 0);
    access(b, OP_i32_load, i & 127);
    wm_encode_op(b, OP_drop);
  }
}

static void write_stores(Buffer *b, size_t bytes) {
  for (u32 i = 0; b->len < bytes; i++) {
    get(b, 0);
    get(b, 0);
    access(b, OP_i32_store, i & 127);
  }
}

/* The shortest instructions that make a value. */
static void write_clz(Buffer *b, size_t bytes) {
  get(b, 0);
  while (b->len < bytes) wm_encode_op(b, OP_i32_clz);
  set(b, 0);
}

static void write_divisions(Buffer *b, size_t bytes) {
  for (u32 i = 0; b->len < bytes; i++) {
    get(b, 0);
    number(b, (i32)(scatter(i) % 100000) + 3);
    wm_encode_op(b, i & 1 ? OP_i32_div_s : OP_i32_rem_u);
    set(b, 0);
  }
}

static void write_short_divisions(Buffer *b, size_t bytes) {
  get(b, 0);
  for (u32 i = 0; b->len < bytes; i++) {
    number(b, (i32)(i % 50) + 3);
    wm_encode_op(b, OP_i32_rem_s);
  }
  set(b, 0);
}

static void write_conversions(Buffer *b, size_t bytes) {
  get(b, 0);
  while (b->len < bytes) {
    wm_encode_op(b, OP_f64_convert_i32_u);
    wm_encode_op(b, OP_i32_trunc_f64_s);
  }
  set(b, 0);
}

/* ---- calls ---- */

static void write_indirect_calls(Buffer *b, size_t bytes) {
  get(b, 0);
  while (b->len < bytes) {
    get(b, 0);
    with_index(b, OP_call_indirect, TYPE_FUNC);
    wm_buffer_uleb(b, 0);
  }
  set(b, 0);
}

static void write_inlined_calls(Buffer *b, size_t bytes) {
  get(b, 0);
  while (b->len < bytes) with_index(b, OP_call, FUNC_TINY);
  set(b, 0);
}

static void write_growth(Buffer *b, size_t bytes) {
  get(b, 0);
  while (b->len < bytes) with_index(b, OP_memory_grow, 0);
  set(b, 0);
}

/* ---- control ---- */

/* Every loop may assign all locals. */
static void write_loops(Buffer *b, size_t bytes) {
  for (u32 i = 0; b->len < bytes; i++) {
    begin(b, OP_loop);
    number(b, (i32)i);
    set(b, 1 + scatter(i) % MANY_LOCALS);
    get(b, scatter(i + 1) % MANY_LOCALS);
    with_index(b, OP_br_if, 0);
    end(b, 1);
  }
}

/* Loops around an assignment of each local: all of them are each loop's. */
static void write_loops_of_locals(Buffer *b, size_t bytes) {
  enum { LOOP_BYTES = 7 };
  u32 loops = (u32)((bytes - b->len) / 10 / LOOP_BYTES);
  for (u32 i = 0; i < loops; i++) begin(b, OP_loop);
  for (u32 i = 1; i <= MANY_LOCALS && b->len + loops * LOOP_BYTES < bytes; i++) {
    get(b, 0);
    set(b, i);
  }
  for (u32 i = 0; i < loops; i++) {
    get(b, 0);
    with_index(b, OP_br_if, 0);
    end(b, 1);
  }
}

static void write_nested_loops(Buffer *b, size_t bytes) {
  u32 depth = 0;
  for (; b->len + depth < bytes; depth++) {
    begin(b, OP_loop);
    get(b, 0);
    with_index(b, OP_br_if, depth / 2);
    get(b, depth % 100);
    set(b, scatter(depth) % 100);
  }
  end(b, depth);
}

static void write_nested_blocks(Buffer *b, size_t bytes) {
  u32 depth = 0;
  for (; b->len + depth < bytes; depth++) {
    begin(b, OP_block);
    get(b, 0);
    with_index(b, OP_br_if, scatter(depth) % (depth + 1));
  }
  end(b, depth);
}

static void write_nested_ifs(Buffer *b, size_t bytes) {
  u32 depth = 0;
  for (; b->len + 5 * depth + 16 < bytes; depth++) {
    get(b, depth & 1);
    begin(b, OP_if);
  }
  for (u32 i = 0; i < depth; i++) {
    number(b, (i32)(i & 63));
    set(b, i & 1);
    end(b, 1);
  }
}

static void write_branches(Buffer *b, size_t bytes) {
  begin(b, OP_block);
  while (b->len < bytes) {
    get(b, 0);
    with_index(b, OP_br_if, 0);
  }
  end(b, 1);
}

/* Little diamonds: an `if` that changes a local. */
static void write_diamonds(Buffer *b, size_t bytes) {
  for (u32 i = 0; b->len < bytes; i++) {
    get(b, i % 60);
    begin(b, OP_if);
    get(b, (i + 1) % 60);
    set(b, (i + 2) % 60);
    end(b, 1);
  }
}

static void table_of(Buffer *b, u32 count, u32 labels) {
  wm_encode_op(b, OP_br_table);
  wm_buffer_uleb(b, count);
  for (u32 i = 0; i <= count; i++) wm_buffer_uleb(b, scatter(i) % labels);
}

static void write_one_table(Buffer *b, size_t bytes) {
  enum { LABELS = 100 };
  for (u32 i = 0; i < LABELS; i++) begin(b, OP_block);
  get(b, 0);
  table_of(b, (u32)(bytes - b->len) - 10 - 2 * LABELS, LABELS);
  end(b, LABELS);
}

static void write_tables(Buffer *b, size_t bytes) {
  enum { LABELS = 120 };
  while (b->len < bytes) {
    for (u32 i = 0; i < LABELS; i++) begin(b, OP_block);
    get(b, 0);
    table_of(b, LABELS, LABELS);
    end(b, LABELS);
  }
}

/* As many labels as entries. */
static void write_wide_table(Buffer *b, size_t bytes) {
  u32 labels = (u32)(bytes / 6);
  for (u32 i = 0; i < labels; i++) begin(b, OP_block);
  get(b, 0);
  wm_encode_op(b, OP_br_table);
  wm_buffer_uleb(b, labels - 1);
  for (u32 i = 0; i < labels; i++) wm_buffer_uleb(b, i);
  end(b, labels);
}

/* ---- many values ---- */

/* All are read again at the end, and branches stand between. */
static void write_many_live(Buffer *b, u32 count) {
  for (u32 i = 0; i < count; i++) {
    get(b, 0);
    number(b, (i32)i);
    wm_encode_op(b, OP_i32_mul);
  }
  begin(b, OP_block);
  for (u32 i = 0; i < count; i++) {
    get(b, 0);
    with_index(b, OP_br_if, 0);
    get(b, i % 40);
    set(b, i % 41);
  }
  end(b, 1);
  for (u32 i = 1; i < count; i++) wm_encode_op(b, OP_i32_xor);
  set(b, 0);
}

static void write_live_values(Buffer *b, size_t bytes) {
  enum { MOST = 60000, BYTES_EACH = 16 };
  while (b->len + BYTES_EACH < bytes)
    write_many_live(b, min_u32(MOST, (u32)((bytes - b->len) / BYTES_EACH)));
}

/* Each branch carries another environment. */
static void write_locals_and_branches(Buffer *b, size_t bytes) {
  begin(b, OP_block);
  for (u32 i = 0; b->len < bytes; i++) {
    get(b, 0);
    set(b, 1 + i % 2000);
    get(b, i % 1999);
    with_index(b, OP_br_if, 0);
  }
  end(b, 1);
}

/* The same, but each block's environments end with it. */
static void write_locals_and_blocks(Buffer *b, size_t bytes) {
  for (u32 i = 0; b->len < bytes; i++) {
    begin(b, OP_block);
    get(b, 0);
    set(b, 1 + i % 2000);
    get(b, i % 1999);
    with_index(b, OP_br_if, 0);
    get(b, (i + 7) % 1999);
    set(b, 1 + (i + 9) % 2000);
    end(b, 1);
  }
}

/* Calls between definitions and reads: everything is in memory meanwhile. */
static void write_spills(Buffer *b, size_t bytes) {
  for (u32 i = 0; b->len < bytes; i++) {
    for (u32 k = 0; k < 50; k++) {
      get(b, (k + i) % 50);
      get(b, k * 3 % 50);
      wm_encode_op(b, OP_i32_mul);
      set(b, k);
    }
    number(b, 0);
    with_index(b, OP_call_indirect, TYPE_NONE);
    wm_buffer_uleb(b, 0);
  }
}

/* ---- modules ---- */

const Shape shapes[] = {
    {"plain", write_plain, 31},
    {"loads", write_loads, 0},
    {"stores", write_stores, 0},
    {"unary", write_clz, 0},
    {"divisions", write_divisions, 0},
    {"short_divisions", write_short_divisions, 0},
    {"conversions", write_conversions, 0},
    {"indirect_calls", write_indirect_calls, 0},
    {"inlined_calls", write_inlined_calls, 0},
    {"memory_growth", write_growth, 0},
    {"loops_and_locals", write_loops, MANY_LOCALS},
    {"loops_of_all_locals", write_loops_of_locals, MANY_LOCALS},
    {"nested_loops", write_nested_loops, 100},
    {"nested_blocks", write_nested_blocks, 0},
    {"nested_ifs", write_nested_ifs, 2},
    {"branches", write_branches, 0},
    {"diamonds", write_diamonds, 60},
    {"one_table", write_one_table, 0},
    {"tables", write_tables, 0},
    {"wide_table", write_wide_table, 0},
    {"live_values", write_live_values, 50},
    {"locals_and_branches", write_locals_and_branches, 2000},
    {"locals_and_blocks", write_locals_and_blocks, 2000},
    {"spills", write_spills, 50},
};
const u32 shape_count = ARRAY_LEN(shapes);

static void write_types(Buffer *b) {
  static const u8 types[] = {2, 0x60, 1, 0x7F, 1, 0x7F, 0x60, 0, 0};
  size_t section = wm_encode_section(b, SECTION_TYPE);
  wm_buffer_bytes(b, types, sizeof types);
  wm_encode_close(b, section);
}

static void write_section(Buffer *b, u8 id, const char *bytes, size_t count) {
  size_t section = wm_encode_section(b, id);
  wm_buffer_bytes(b, bytes, count);
  wm_encode_close(b, section);
}

/* So that the locals are no constants. */
static void write_values(Buffer *b, u32 locals) {
  for (u32 i = 1; i <= locals; i++) {
    get(b, 0);
    access(b, OP_i32_load, i);
    set(b, i);
  }
}

static void write_large(Buffer *b, const Shape *shape, size_t bytes) {
  size_t body = wm_encode_open(b);
  wm_buffer_uleb(b, shape->locals != 0);
  if (shape->locals) {
    wm_buffer_uleb(b, shape->locals);
    wm_encode_valtype(b, VAL_I32);
  }
  size_t start = b->len;
  write_values(b, min_u32(shape->locals, 2000));
  shape->write(b, start + bytes);
  get(b, 0);
  end(b, 1);
  wm_encode_close(b, body);
}

static void write_tiny(Buffer *b) {
  size_t body = wm_encode_open(b);
  wm_buffer_uleb(b, 0);
  get(b, 0);
  number(b, 3);
  wm_encode_op(b, OP_i32_xor);
  get(b, 0);
  wm_encode_op(b, OP_i32_mul);
  end(b, 1);
  wm_encode_close(b, body);
}

Buffer shape_module(const Shape *shape, size_t bytes) {
  Buffer b = {0};
  wm_encode_header(&b);
  write_types(&b);
  write_section(&b, SECTION_FUNCTION, "\2\0\0", 3);
  write_section(&b, SECTION_TABLE, "\1\x70\0\4", 4);
  write_section(&b, SECTION_MEMORY, "\1\0\1", 3);
  size_t code = wm_encode_section(&b, SECTION_CODE);
  wm_buffer_uleb(&b, 2);
  write_large(&b, shape, bytes);
  write_tiny(&b);
  wm_encode_close(&b, code);
  return b;
}
