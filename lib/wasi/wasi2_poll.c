/* wasi:io/poll, by poll_oneoff: what waits there is ended by a stop of the store. */
#include "wasi/wasi2.h"

/* What a row is given lies so in memory:
 *
 *   0         events, 32 bytes each
 *   events    subscriptions, 48 bytes each
 *   behind    how many events there are, u32 */
typedef struct Waits {
  Wasi2Call *c;
  u32 count, room;
} Waits;

enum { COUNT_SIZE = 8 };

static bool begin(Waits *w, Wasi2Call *c, u32 room) {
  *w = (Waits){.c = c, .room = room};
  return wm_wasi2_memory(c, (u64)room * (EVENT_SIZE + SUBSCRIPTION_SIZE) + COUNT_SIZE);
}

static u8 *next(Waits *w, u8 event) {
  u8 *to = w->c->memory + (size_t)w->room * EVENT_SIZE + (size_t)w->count * SUBSCRIPTION_SIZE;
  store_u64(to, w->count++);
  to[8] = event;
  return to;
}

static void add_fd(Waits *w, u32 fd, u8 event) { store_u32(next(w, event) + 16, fd); }

static void add_clock(Waits *w, u64 deadline, u16 flags) {
  u8 *to = next(w, EVENT_CLOCK);
  store_u32(to + 16, CLOCK_ID_MONOTONIC);
  store_u64(to + 24, deadline);
  store_u16(to + 40, flags);
}

/* Sockets that nothing is in progress of are always ready. */
static void add_socket(Waits *w, const Object *socket) {
  if (socket->state == SOCKET_LISTENING)
    add_fd(w, socket->fd, EVENT_FD_READ);
  else if (socket->state == SOCKET_CONNECTING && !socket->error)
    add_fd(w, socket->fd, EVENT_FD_WRITE);
  else
    add_clock(w, 0, 0);
}

static void add_object(Waits *w, const Object *o) {
  if (o->event == EVENT_SOCKET)
    add_socket(w, wm_wasi2_parent(w->c->host, o));
  else if (o->event == EVENT_CLOCK)
    add_clock(w, o->at, SUBCLOCK_ABSTIME);
  else
    add_fd(w, o->fd, o->event);
}

/* How many events came; 0: the store is to stop, or it traps. */
static u32 wait(Waits *w) {
  u32 subs = w->room * EVENT_SIZE, given = subs + w->room * SUBSCRIPTION_SIZE;
  Errno e = RUN(w->c, poll_oneoff, ARG(subs), ARG(0), ARG(w->count), ARG(given));
  if (e && e != E_INTR) wm_wasi2_trap(w->c, "poll: what was given cannot be waited for");
  return e ? 0 : load_u32(w->c->memory + given);
}

/* Which subscription the i-th event is of. */
static u32 event_at(const Waits *w, u32 i) {
  return (u32)load_u64(w->c->memory + (size_t)i * EVENT_SIZE);
}

bool wm_wasi2_is_ready(Wasi2Call *c, u32 fd, u8 event) {
  Waits w;
  if (!begin(&w, c, 2)) return false;
  add_fd(&w, fd, event);
  add_clock(&w, 0, 0);
  return wait(&w) && event_at(&w, 0) == 0;
}

void wm_wasi2_wait(Wasi2Call *c, u32 fd, u8 event) {
  Waits w;
  if (!begin(&w, c, 1)) return;
  add_fd(&w, fd, event);
  wait(&w);
}

/* ---- handlers ---- */

void wm_wasi2_pollable_ready(Wasi2Call *c) {
  const Object *o = wm_wasi2_object(c, &c->args[0], OBJECT_POLLABLE);
  Waits w;
  if (!o || !begin(&w, c, 2)) return;
  add_object(&w, o);
  add_clock(&w, 0, 0);
  *c->result = (Val){.kind = WASMCM_BOOL, .of.boolean = wait(&w) && event_at(&w, 0) == 0};
}

void wm_wasi2_pollable_block(Wasi2Call *c) {
  const Object *o = wm_wasi2_object(c, &c->args[0], OBJECT_POLLABLE);
  Waits w;
  if (!o || !begin(&w, c, 1)) return;
  add_object(&w, o);
  wait(&w);
}

/* A store that is to stop ends the program before it sees the empty list. */
static void give_ready(const Waits *w, u32 count) {
  u32 *list = wasmcm_call_alloc(w->c->call, count * sizeof *list);
  for (u32 i = 0; list && i < count; i++) list[i] = event_at(w, i);
  if (!list) wm_wasi2_trap(w->c, "out of memory");
  *w->c->result = (Val){.kind = WASMCM_LIST, .of.numbers = {list, count}};
}

void wm_wasi2_poll(Wasi2Call *c) {
  size_t count = c->args[0].of.items.count;
  Waits w;
  if (!count) wm_wasi2_trap(c, "poll: empty list");
  if (!count || !begin(&w, c, (u32)count)) return;
  for (size_t i = 0; i < count; i++) {
    const Object *o = wm_wasi2_object(c, &c->args[0].of.items.data[i], OBJECT_POLLABLE);
    if (!o) return;
    add_object(&w, o);
  }
  give_ready(&w, wait(&w));
}
