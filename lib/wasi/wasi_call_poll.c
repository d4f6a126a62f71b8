/* poll_oneoff: waits until one of at most 16,384 subscriptions has something to say, then gives an
 * event for each that has. Clocks are kept by deadlines in the program's own time (wasi_clock.h);
 * descriptors of the host by ppoll; regular files and streams are always ready; what cannot be
 * waited for is an event with an error at once.
 *
 * Each descriptor is polled once, however many subscribe to it: the kernel takes no more than a
 * process may have open. All here is linear in the number of subscriptions. */
#include "wasi/wasi_node.h"
#include "wasi/wasi_wait.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
  MAX_SUBSCRIPTIONS = 16384, /* 0.9 MiB of ours, 1.3 MiB of the guest's */
  FEW = 8,
  CLOCK_LOOK_NS = 100000000 /* how often the clocks are looked at: somebody may set one */
};

/* One subscription, read from the guest once. */
typedef struct Subscription {
  u64 userdata;
  u8 tag;     /* EVENT_* */
  bool ready; /* needs no waiting: an error, a file, a stream */
  Errno error;
  u64 deadline;  /* clocks: in the time of `clock`; UINT64_MAX: never */
  u32 clock;     /* CLOCK_ID_* */
  u32 number;    /* of a descriptor */
  u32 slot;      /* of a descriptor that is polled: where in fds[] */
  Descriptor *d; /* descriptors without error */
} Subscription;

typedef struct Poll {
  Subscription *subs;
  struct pollfd
      *fds;          /* those that are polled, each once; room for all subscriptions and one more */
  u32 count, polled; /* of subs and fds */
  bool ready;        /* one or more are ready without waiting */
} Poll;

static void read_clock(const Call *call, const u8 *from, Subscription *s) {
  /* wasi_unstable has an identifier before the clock, which nobody used. */
  size_t at = call->unstable ? 24 : 16;
  u32 id = guest_u32(from + at);
  u64 timeout = guest_u64(from + at + 8);
  u16 flags = guest_u16(from + at + 24);
  bool absolute = flags & SUBCLOCK_ABSTIME;
  if (id > CLOCK_ID_MONOTONIC) s->error = id <= CLOCK_ID_THREAD ? E_NOTSUP : E_INVAL;
  if (flags & ~SUBCLOCK_ABSTIME) s->error = E_INVAL;
  /* A span of time is measured by the clock that nobody sets. */
  s->clock = id == CLOCK_ID_REALTIME && absolute ? CLOCK_ID_REALTIME : CLOCK_ID_MONOTONIC;
  s->deadline = timeout;
  if (!absolute) s->deadline = saturating_add(wm_clock_now(&call->ctx->clock, s->clock), timeout);
  s->ready = s->error != E_SUCCESS;
}

/* What cannot be read or written is not waited for either (witx: each kind of subscription needs
 * the right of its own): the event has the error that the read would have, E_BADF for a standard
 * stream that the process was started without. Directories are always ready, as natively. */
static void read_fd(Call *call, const u8 *from, Subscription *s) {
  u32 number = s->number = guest_u32(from + 16);
  FdTable *fds = &call->ctx->fds;
  s->error = wm_fds_get(fds, number, RIGHT_POLL_FD_READWRITE, &s->d);
  if (!s->error && s->d->type != FILETYPE_DIRECTORY)
    s->error =
        wm_fds_get(fds, number, s->tag == EVENT_FD_READ ? RIGHT_FD_READ : RIGHT_FD_WRITE, &s->d);
  s->ready = s->error || !wm_descriptor_may_block(s->d);
}

static short events_of(const Subscription *s) { return s->tag == EVENT_FD_READ ? POLLIN : POLLOUT; }

/* Another subscription of the same descriptor has it polled already, or it gets the next place. */
static void add_polled(Poll *p, Subscription *s) {
  if (!s->d->polled) {
    p->fds[p->polled] = (struct pollfd){.fd = s->d->fd};
    s->d->polled = ++p->polled;
  }
  s->slot = s->d->polled - 1;
  p->fds[s->slot].events |= events_of(s);
}

static bool is_polled(const Subscription *s) { return s->d && !s->ready; } /* no clock, no error */

/* The marks are for the time in which nobody else can see them. */
static void share_descriptors(Poll *p) {
  for (u32 i = 0; i < p->count; i++)
    if (is_polled(&p->subs[i])) add_polled(p, &p->subs[i]);
  for (u32 i = 0; i < p->count; i++)
    if (is_polled(&p->subs[i])) p->subs[i].d->polled = 0;
}

static Errno read_subscriptions(Call *call, const u8 *from, Poll *p) {
  size_t size = call->unstable ? SUBSCRIPTION_UNSTABLE_SIZE : SUBSCRIPTION_SIZE;
  for (u32 i = 0; i < p->count; i++, from += size) {
    Subscription *s = &p->subs[i];
    *s = (Subscription){.userdata = guest_u64(from), .tag = guest_u8(from + 8)};
    if (s->tag > EVENT_FD_WRITE) return E_INVAL;
    if (s->tag == EVENT_CLOCK)
      read_clock(call, from, s);
    else
      read_fd(call, from, s);
    p->ready |= s->ready;
  }
  share_descriptors(p);
  return E_SUCCESS;
}

/* The subscription whose deadline comes first, and in how many nanoseconds (`left`); NULL and
 * UINT64_MAX when none will come. */
static const Subscription *first_deadline(const Clock *clock, const Poll *p, u64 *left) {
  const Subscription *first = NULL;
  *left = UINT64_MAX;
  for (u32 i = 0; i < p->count; i++) {
    const Subscription *s = &p->subs[i];
    if (s->tag != EVENT_CLOCK || s->error || s->deadline == UINT64_MAX) continue;
    u64 until = wm_clock_until(clock, s->clock, s->deadline);
    if (first && until >= *left) continue;
    first = s;
    *left = until;
  }
  return first;
}

/* Virtual time passes only here: descriptors are looked at once, and where none has something to
 * say it is the time of the first deadline. */
static Errno wait_virtually(Call *call, Poll *p, const Subscription *first) {
  u32 n;
  Errno e = wm_wait(call, p->fds, p->polled, 0, &n);
  if (!e && !n) wm_clock_skip(&call->ctx->clock, first->clock, first->deadline);
  return e;
}

/* What is polled no more is ready: its event has the error. */
static void forget_forbidden(Call *call, Poll *p) {
  for (u32 i = 0; i < p->count; i++) {
    Subscription *s = &p->subs[i];
    Descriptor *d;
    Rights right = s->tag == EVENT_FD_READ ? RIGHT_FD_READ : RIGHT_FD_WRITE;
    if (!is_polled(s) || s->error) continue;
    s->error = wm_fds_get(&call->ctx->fds, s->number, right, &d);
    if (s->error) p->ready = true;
  }
}

/* `seen`: how many changes there had been before the subscriptions were read. */
static Errno wait(Call *call, Poll *p, u32 seen) {
  const Clock *clock = &call->ctx->clock;
  for (;;) {
    u32 now = atomic_load(&call->ctx->changes.count);
    if (now != seen) forget_forbidden(call, p);
    seen = now;
    u32 n;
    u64 left;
    const Subscription *first = first_deadline(clock, p, &left);
    if (first && !p->ready && wm_clock_is_virtual(clock)) return wait_virtually(call, p, first);
    Errno e = wm_wait(call, p->fds, p->polled, p->ready ? 0 : min_u64(left, CLOCK_LOOK_NS), &n);
    if (e || n || p->ready) return e;
    /* Until something happened: a look at the clocks alone is no event. */
    first_deadline(clock, p, &left);
    if (left == 0) return E_SUCCESS;
  }
}

/* Other threads may have closed descriptors meanwhile, or put others in their places. */
static void find_again(Call *call, Poll *p) {
  for (u32 i = 0; i < p->count; i++) {
    Subscription *s = &p->subs[i];
    if (s->tag == EVENT_CLOCK || s->error) continue;
    s->error = wm_fds_get(&call->ctx->fds, s->number, 0, &s->d);
    if (!s->error && is_polled(s) && s->d->fd != p->fds[s->slot].fd) s->error = E_BADF;
  }
}

static u64 left_in_stream(Call *call, const Stream *s) {
  if (s->kind != STREAM_BYTES) return 0;
  SCOPE_LOCK lock = wm_stream_lock(call->ctx, s);
  return s->input.size - s->pos;
}

/* Bytes that can be read now, as far as the host knows. */
static u64 readable(Call *call, const Descriptor *d) {
  struct stat st;
  if (d->kind == FD_STREAM) return left_in_stream(call, d->stream);
  if (d->kind == FD_NODE) return wm_node_file_left(d->file);
  if (d->type == FILETYPE_REGULAR_FILE) {
    off_t at = lseek(d->fd, 0, SEEK_CUR);
    return at >= 0 && fstat(d->fd, &st) == 0 && st.st_size > at ? (u64)(st.st_size - at) : 0;
  }
  int n = 0;
  if (d->listens) return 1; /* a connection or more */
  return ioctl(d->fd, FIONREAD, &n) == 0 && n > 0 ? (u64)n : 0;
}

/* Whether the subscription has an event; its bytes and flags. */
static bool event_of(Call *call, const Poll *p, u32 i, u64 *bytes, u16 *flags) {
  Subscription *s = &p->subs[i];
  *bytes = 0;
  *flags = 0;
  if (s->error) return true;
  if (s->tag == EVENT_CLOCK) return wm_clock_now(&call->ctx->clock, s->clock) >= s->deadline;
  int seen = is_polled(s) ? p->fds[s->slot].revents : 0;
  seen &= events_of(s) | POLLHUP | POLLERR | POLLNVAL;
  if (seen & POLLNVAL) s->error = E_BADF; /* the host closed it meanwhile */
  if (!s->ready && !seen) return false;
  if (s->tag == EVENT_FD_READ && s->d) *bytes = readable(call, s->d);
  if (seen & POLLHUP) *flags = EVENT_FD_HANGUP;
  return true;
}

static u32 write_events(Call *call, const Poll *p, u8 *out) {
  u32 given = 0;
  for (u32 i = 0; i < p->count; i++) {
    u64 bytes;
    u16 flags;
    if (!event_of(call, p, i, &bytes, &flags)) continue;
    u8 *event = out + (size_t)given++ * EVENT_SIZE;
    memset(event, 0, EVENT_SIZE);
    store_u64(event, p->subs[i].userdata);
    store_u16(event + 8, (u16)p->subs[i].error);
    event[10] = p->subs[i].tag;
    store_u64(event + 16, bytes);
    store_u16(event + 24, flags);
  }
  return given;
}

static Errno poll_all(Call *call, const u8 *from, u8 *out, Poll *p) {
  u32 seen = atomic_load(&call->ctx->changes.count);
  Errno e = read_subscriptions(call, from, p);
  if (!e) e = wait(call, p, seen);
  if (e) return e;
  if (call->locked) find_again(call, p);
  return put_u32(call, call->args[3].u32, write_events(call, p, out));
}

Errno wm_call_poll_oneoff(Call *call) {
  u32 count = call->args[2].u32;
  if (count == 0 || count > MAX_SUBSCRIPTIONS) return E_INVAL;
  size_t size = call->unstable ? SUBSCRIPTION_UNSTABLE_SIZE : SUBSCRIPTION_SIZE;
  const u8 *from = wm_guest_array(call, call->args[0].u32, count, size, 8);
  u8 *out = from ? wm_guest_array(call, call->args[1].u32, count, EVENT_SIZE, 8) : NULL;
  if (!out) return call->error;
  Errno e = can_put_u32(call, call->args[3].u32);
  if (e) return e;
  Subscription few_subs[FEW];
  struct pollfd few_fds[FEW + WAIT_ROOM];
  if (count <= FEW) return poll_all(call, from, out, &(Poll){few_subs, few_fds, count, 0, false});
  Poll p = {calloc(count, sizeof *p.subs), calloc(count + WAIT_ROOM, sizeof *p.fds), count, 0,
            false};
  e = p.subs && p.fds ? poll_all(call, from, out, &p) : E_NOMEM;
  free(p.subs);
  free(p.fds);
  return e;
}
