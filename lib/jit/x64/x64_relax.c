/* Short jumps: after all blocks are written, jumps between them whose targets are near get the
 * short form, and everything behind moves down. Paddings are made anew, so that loops stay aligned.
 *
 * A jump is near when its target is, at the worst of all paddings between. Distances without
 * paddings only shrink, so a jump that is found near stays so; a few rounds find nearly all. */
#include "jit/x64/x64_emit.h"

enum { ROUNDS = 2 };

/* What the short form saves: 0F 8x rel32 becomes 7x rel8, E9 rel32 becomes EB rel8. */
static u32 saved_by(const BlockJump *j) { return !j->is_near ? 0 : j->form == JUMP_IF ? 4 : 3; }

static void sum_savings(Compile *c) {
  Emitter *e = emitter(c);
  u32 sum = 0;
  jit_resize(c, &e->saved_bytes, e->jumps.len + 1);
  for (u32 i = 0; i < e->jumps.len; i++) {
    e->saved_bytes.data[i] = sum;
    sum += saved_by(&e->jumps.data[i]);
  }
  e->saved_bytes.data[e->jumps.len] = sum;
}

/* Bytes from label `to` and what comes between, if paddings [first, last) were as long as they can
 * be. */
static i64 with_paddings(const Emitter *e, i64 distance, u32 first, u32 last) {
  for (u32 i = first; i < last && distance <= INT8_MAX + 1; i++)
    distance += LOOP_ALIGNMENT - 1 - (i64)e->paddings.data[i].bytes;
  return distance;
}

/* paddings: how many come before the jump. */
static bool can_be_near(const Emitter *e, u32 index, u32 paddings) {
  const BlockJump *j = &e->jumps.data[index];
  const u32 *saved = e->saved_bytes.data;
  const Label *to = &e->labels.data[j->to];
  u32 opcode_bytes = j->form == JUMP_IF ? 2 : 1;
  if (to->at > j->at) {
    i64 distance = (i64)to->at - (j->at + 4) - (saved[to->jumps] - saved[index + 1]);
    return with_paddings(e, distance, paddings, to->paddings) <= INT8_MAX;
  }
  i64 distance = (i64)j->at - opcode_bytes + 2 - to->at - (saved[index] - saved[to->jumps]);
  return with_paddings(e, distance, to->paddings, paddings) <= INT8_MAX + 1;
}

static void find_near(Compile *c) {
  Emitter *e = emitter(c);
  sum_savings(c);
  u32 paddings = 0;
  for (u32 i = 0; i < e->jumps.len; i++) {
    BlockJump *j = &e->jumps.data[i];
    while (paddings < e->paddings.len && e->paddings.data[paddings].at < j->at) paddings++;
    if (!j->is_near && j->form != JUMP_SELF) j->is_near = can_be_near(e, i, paddings);
  }
}

void wm_x64_nops(u8 *to, u32 bytes) {
  static const u8 nops[9][9] = {
      {0x90},
      {0x66, 0x90},
      {0x0F, 0x1F, 0x00},
      {0x0F, 0x1F, 0x40, 0},
      {0x0F, 0x1F, 0x44, 0, 0},
      {0x66, 0x0F, 0x1F, 0x44, 0, 0},
      {0x0F, 0x1F, 0x80, 0, 0, 0, 0},
      {0x0F, 0x1F, 0x84, 0, 0, 0, 0, 0},
      {0x66, 0x0F, 0x1F, 0x84, 0, 0, 0, 0, 0},
  };
  while (bytes) {
    u32 n = min_u32(bytes, 9);
    memcpy(to, nops[n - 1], n);
    to += n;
    bytes -= n;
  }
}

/* ---- moving the code ---- */

typedef struct Mover {
  Compile *c;
  u32 from, to; /* what is done: up to `from` as it was, which is `to` now */
} Mover;

static void copy_until(Mover *m, u32 end) {
  u8 *code = m->c->code.data;
  u32 bytes = end - m->from;
  if (m->from != m->to) memmove(code + m->to, code + m->from, bytes);
  m->from += bytes;
  m->to += bytes;
}

/* Goes on at `from`, as it was. */
static void skip_to(Mover *m, u32 from) {
  m->from = from;
  *jit_push(m->c, &emitter(m->c)->shifts) = (Shift){from, from - m->to};
}

static void move_jump(Mover *m, BlockJump *j) {
  u8 *code = m->c->code.data;
  u32 end = j->at + 4;
  if (!j->is_near) {
    copy_until(m, end);
    j->at = m->to - 4;
    return;
  }
  u8 opcode = j->form == JUMP_IF ? (u8)(code[j->at - 1] - 0x10) : 0xEB;
  copy_until(m, j->at - (j->form == JUMP_IF ? 2 : 1));
  code[m->to++] = opcode;
  j->at = m->to++;
  skip_to(m, end);
}

/* Never longer than before by more than what was saved: `to` stays at or below `from`. */
static void move_padding(Mover *m, const Padding *p) {
  copy_until(m, p->at);
  u32 bytes = (0 - m->to) % LOOP_ALIGNMENT;
  wm_x64_nops(m->c->code.data + m->to, bytes);
  m->to += bytes;
  skip_to(m, p->at + p->bytes);
}

static void move_code(Compile *c) {
  Emitter *e = emitter(c);
  Mover m = {.c = c};
  u32 padding = 0;
  e->shifts.len = 0;
  *jit_push(c, &e->shifts) = (Shift){0, 0};
  for (u32 i = 0; i < e->jumps.len; i++) {
    while (padding < e->paddings.len && e->paddings.data[padding].at < e->jumps.data[i].at)
      move_padding(&m, &e->paddings.data[padding++]);
    move_jump(&m, &e->jumps.data[i]);
  }
  while (padding < e->paddings.len) move_padding(&m, &e->paddings.data[padding++]);
  copy_until(&m, c->code.len);
  c->code.len = m.to;
}

/* ---- moving what points into it ---- */

/* Where `at` is now. *cursor: the shift that was found last; positions come nearly in order. */
static u32 moved(const Emitter *e, u32 *cursor, u32 at) {
  const Shift *s = e->shifts.data;
  while (*cursor + 1 < e->shifts.len && s[*cursor + 1].from <= at) ++*cursor;
  while (s[*cursor].from > at) --*cursor;
  return at - s[*cursor].by;
}

static void move_labels(Emitter *e) {
  u32 cursor = 0;
  for (u32 i = 0; i < e->layout.len; i++) {
    Label *label = &e->labels.data[e->layout.data[i]];
    label->at = moved(e, &cursor, label->at);
  }
}

static void move_references(const Emitter *e, Reference *refs, u32 count) {
  u32 cursor = 0;
  for (u32 i = 0; i < count; i++) refs[i].at = moved(e, &cursor, refs[i].at);
}

/* A call's site is where it ends, before a padding that follows; an access' where it begins. */
static void move_sites(Compile *c) {
  u32 cursor = 0;
  for (u32 i = 0; i < c->code_sites.len; i++) {
    NativeSite *s = &c->code_sites.data[i];
    u32 before = !s->is_access;
    s->pc = moved(emitter(c), &cursor, s->pc - before) + before;
  }
}

static void move_catches(Compile *c) {
  u32 cursor = 0;
  for (u32 i = 0; i < c->catches.len; i++)
    c->catches.data[i].pc = moved(emitter(c), &cursor, c->catches.data[i].pc - 1) + 1;
}

static void move_colds(Emitter *e) {
  u32 cursor = 0;
  for (u32 i = 0; i < e->colds.len; i++)
    e->colds.data[i].back = moved(e, &cursor, e->colds.data[i].back);
  cursor = 0;
  for (u32 i = 0; i < e->cold_jumps.len; i++)
    e->cold_jumps.data[i].at = moved(e, &cursor, e->cold_jumps.data[i].at);
}

static void move_calls(Compile *c) {
  u32 cursor = 0;
  for (u32 i = 0; i < c->calls.len; i++)
    c->calls.data[i].at = moved(emitter(c), &cursor, c->calls.data[i].at);
}

void wm_x64_relax(Compile *c) {
  Emitter *e = emitter(c);
  for (u32 i = 0; i < ROUNDS; i++) find_near(c);
  move_code(c);
  if (e->shifts.len == 1) return;
  move_labels(e);
  move_references(e, e->constant_refs.data, e->constant_refs.len);
  move_references(e, e->table_refs.data, e->table_refs.len);
  move_sites(c);
  move_catches(c);
  move_colds(e);
  move_calls(c);
}
