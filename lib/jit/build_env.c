/* Environments: the values of locals and operands that a branch carries, saved in Build.envs, and
 * where those of one label meet.
 *
 *   branch  ->  edge, {locals, values}     Build.pending, a list a label
 *   label   ->  block; where a column differs between its branches: a parameter
 *
 * Rows are shared as long as nothing changes, so that a column is compared once for each row that
 * is really another. */
#include "jit/build.h"

enum {
  FEW_WORDS = 1 << 14,        /* of environments: they may as well stay, and be shared */
  MAX_SAVED_WORDS = 1 << 26,  /* of environments: locals times branches */
  MAX_MERGED_WORDS = 1 << 29, /* locals times labels: beyond, it would take too long */
};

/* ---- saving ---- */

u32 wm_build_save_words(Build *b, const u32 *words, u32 count) {
  u32 at = b->envs.len;
  if ((u64)at + count > MAX_SAVED_WORDS) wm_jit_leave(b->c, JIT_TOO_LARGE);
  jit_reserve(b->c, &b->envs, count);
  if (count) memcpy(b->envs.data + at, words, count * sizeof *words);
  b->envs.len += count;
  return at;
}

/* The locals as they are; shared while none changes. */
u32 wm_build_save_locals(Build *b) {
  if (b->saved_version != b->version) {
    b->saved_at = wm_build_save_words(b, local_at(b, 0), frame_of(b)->local_count);
    b->saved_version = b->version;
  }
  return b->saved_at;
}

u32 wm_build_save_values(Build *b, u32 count) {
  return wm_build_save_words(b, b->stack.data + b->stack.len - count, count);
}

void wm_build_pend(Build *b, u32 *list, u32 edge, Env env) {
  *jit_push(b->c, &b->pending) = (Pending){edge, env, *list, {.heap = NO_HEAP}};
  *list = b->pending.len - 1;
}

/* ---- dropping ---- */

static void note_kept(Control *at, u32 len, u32 target) {
  at->kept_len = max_u32(at->kept_len, len);
  at->kept_for = at->kept_for == NONE ? target : min_u32(at->kept_for, target);
}

void wm_build_keep_envs(Build *b, const Control *ctl) {
  note_kept(control_at(b, 0), b->envs.len, (u32)(ctl - b->controls.data));
}

void wm_build_drop_envs(Build *b) {
  const Control *ctl = control_at(b, 0);
  u32 len = ctl->envs_len, at = b->controls.len - 1;
  if (ctl->kept_for < at) {
    len = max_u32(len, ctl->kept_len);
    note_kept(control_at(b, 1), ctl->kept_len, ctl->kept_for);
  }
  if (len >= b->envs.len || b->envs.len < FEW_WORDS) return;
  b->envs.len = len;
  if (b->saved_at >= len) b->saved_version = b->version - 1;
}

/* ---- restoring ---- */

/* Many labels may share environments, so the budget of memory does not bound the time. */
static void count_work(Build *b, u32 words) {
  b->merged_words += words;
  if (b->merged_words > MAX_MERGED_WORDS) wm_jit_leave(b->c, JIT_TOO_LARGE);
}

/* Makes the saved locals the current ones. */
void wm_build_restore_locals(Build *b, u32 saved) {
  u32 count = frame_of(b)->local_count;
  if (b->saved_version == b->version && b->saved_at == saved) return;
  count_work(b, count);
  if (count) memcpy(local_at(b, 0), b->envs.data + saved, count * sizeof(u32));
  b->saved_version = ++b->version;
  b->saved_at = saved;
}

void wm_build_push_saved(Build *b, u32 saved, u32 count) {
  for (u32 i = 0; i < count; i++) push(b, b->envs.data[saved + i]);
}

/* ---- meeting ---- */

static u32 row_of(const Pending *p, bool of_locals) {
  return of_locals ? p->env.locals : p->env.values;
}

/* Marks the columns in which the environments of the list differ; false: none. */
static bool mark_differences(Build *b, u32 list, bool of_locals, u32 count) {
  const Pending *p = &b->pending.data[list];
  u32 first = row_of(p, of_locals), before = first;
  bool any = false;
  while (p->next != NONE) {
    p = &b->pending.data[p->next];
    u32 row = row_of(p, of_locals);
    if (row == before || row == first) continue;
    before = row;
    count_work(b, count);
    if (!any) {
      jit_resize(b->c, &b->marks, count);
      memset(b->marks.data, 0, count * sizeof(u32));
    }
    any = true;
    const u32 *x = b->envs.data + first, *y = b->envs.data + row;
    u32 *marks = b->marks.data;
    for (u32 i = 0; i < count; i++) marks[i] |= x[i] ^ y[i];
  }
  return any;
}

/* Where the environments of the list differ, `values` become parameters of the current block, and
 * the columns are noted. False: nowhere. */
static bool merge_rows(Build *b, u32 list, bool of_locals, u32 *values, u32 count) {
  Compile *c = b->c;
  if (!count || !mark_differences(b, list, of_locals, count)) return false;
  u32 before = b->columns.len;
  for (u32 i = 0; i < count; i++) {
    if (!b->marks.data[i]) continue;
    u32 number = b->columns.len;
    values[i] = wm_ir_node(c, IR_PARAM, (IrType)node_type(b, values[i]), b->block, number, 0);
    *jit_push(c, &b->columns) = i;
  }
  return b->columns.len > before;
}

/* Aims the edges of the list at the current block, each with its values of the noted columns: the
 * first `of_locals` of these are locals. */
static void aim_edges(Build *b, u32 list, u32 of_locals) {
  Compile *c = b->c;
  u32 count = b->columns.len;
  for (u32 i = list; i != NONE; i = b->pending.data[i].next) {
    const Pending *p = &b->pending.data[i];
    Edge *edge = edge_at(c, p->edge);
    edge->to = b->block;
    if (!count) continue;
    jit_reserve(c, &c->pool, (u64)count + 1);
    edge->args = c->pool.len;
    u32 *args = c->pool.data + c->pool.len;
    c->pool.len += count + 1;
    *args++ = count;
    for (u32 k = 0; k < count; k++)
      args[k] = b->envs.data[row_of(p, k < of_locals) + b->columns.data[k]];
  }
}

/* Goes on in a new block to which the edges of the list come: the stack is `height` high, then come
 * the label's values. */
void wm_build_bind(Build *b, u32 list, u32 height, u32 value_count, bool with_locals) {
  Env first = b->pending.data[list].env;
  wm_mem_forget(b);
  b->block = wm_build_block(b);
  b->columns.len = 0;
  if (with_locals) {
    wm_build_restore_locals(b, first.locals);
    u32 count = frame_of(b)->local_count;
    if (merge_rows(b, list, true, local_at(b, 0), count)) b->version++;
  }
  u32 of_locals = b->columns.len;
  b->stack.len = height;
  wm_build_push_saved(b, first.values, value_count);
  merge_rows(b, list, false, b->stack.data + height, value_count);
  block_at(b->c, b->block)->param_count = b->columns.len;
  aim_edges(b, list, of_locals);
}

/* ---- beginning ---- */

/* Empties the function but for its vectors. */
void wm_build_clear(Build *b) {
  Compile *c = b->c;
  c->nodes.len = c->node_sites.len = c->sites.len = c->blocks.len = 0;
  c->edges.len = c->effects.len = c->pool.len = 0;
  *jit_push(c, &c->pool) = 0;
  *jit_push(c, &c->sites) = (Site){0, NONE, NONE, NO_INDEX};
  wm_ir_reset(c, b->module->funcs[c->func_index].code_bytes);
  wm_ir_node(c, IR_NOP, T_NONE, 0, 0, 0);
  b->known.len = b->fixed.len = b->pending.len = b->envs.len = 0;
  wm_refs_clear(b);
  jit_reserve(c, &b->envs, 1);
  b->fuel_node = 0;
  b->version++;
  wm_mem_forget(b);
  b->block = wm_build_block(b);
}
