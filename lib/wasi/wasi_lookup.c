/* Names looked up: the rows resolve and next_address of wasi_net.def.
 *
 *   guest --> descriptor <=== a pair of sockets ===> thread: getaddrinfo
 *               polled and read as any other            knows the name and its own end only
 *
 * A packet is one address (NET_ADDRESS_SIZE bytes) or why there is none (an errno of WASI's, two
 * bytes); the end comes behind the last one. Nobody waits for the thread, which the system's
 * resolver may keep for long: when the guest's end is closed it writes to nobody, and goes. */
#include "wasi/wasi_audit.h"
#include "wasi/wasi_net.h"

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAX_LOOKUPS = 16, MAX_ADDRESSES = 64, STACK = 1 << 20, ERROR_SIZE = 2 };

/* Of the context's threads. NULL: out of memory. */
static Lookups *lookups_of(wasi_ctx_t *ctx) {
  if (ctx->lookups) return ctx->lookups;
  ctx->lookups = calloc(1, sizeof *ctx->lookups);
  if (ctx->lookups) atomic_init(&ctx->lookups->holders, 1);
  return ctx->lookups;
}

/* ---- the thread ---- */

typedef struct Lookup {
  Lookups *of; /* held */
  int fd;      /* owned */
  char name[NAME_ROOM];
} Lookup;

static void lookup_free(Lookup *l) {
  close(l->fd);
  atomic_fetch_sub(&l->of->running, 1);
  wm_lookups_release(l->of);
  free(l);
}

static Errno errno_of(int failure) {
  switch (failure) {
  case EAI_AGAIN: return E_BUSY;
  case EAI_MEMORY: return E_NOMEM;
  case EAI_NONAME:
#ifdef EAI_NODATA
  case EAI_NODATA:
  case EAI_ADDRFAMILY:
#endif
    return E_NOENT;
  default: return E_IO;
  }
}

static void tell(int fd, const void *bytes, size_t size) {
  while (send(fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno == EINTR) {
  }
}

static void tell_error(int fd, Errno e) {
  u8 bytes[ERROR_SIZE];
  store_u16(bytes, (u16)e);
  tell(fd, bytes, sizeof bytes);
}

static void tell_address(int fd, const NetAddress *a) {
  u8 bytes[NET_ADDRESS_SIZE];
  wm_net_address_store(bytes, a);
  tell(fd, bytes, sizeof bytes);
}

/* How many of them there were. */
static u32 tell_addresses(int fd, const struct addrinfo *list) {
  u32 told = 0;
  for (; list && told < MAX_ADDRESSES; list = list->ai_next) {
    SocketAddress host = {.len = list->ai_addrlen};
    NetAddress a;
    if (list->ai_addrlen > sizeof host.of) continue;
    memcpy(&host.of, list->ai_addr, list->ai_addrlen);
    wm_net_address_of_host(&host, &a);
    if (!a.family || wm_net_address_is_mapped(&a)) continue;
    tell_address(fd, &a);
    told++;
  }
  return told;
}

static void *look_up(void *data) {
  Lookup *l = data;
  const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
  struct addrinfo *found = NULL;
  int failure = getaddrinfo(l->name, NULL, &hints, &found);
  if (failure)
    tell_error(l->fd, errno_of(failure));
  else if (!tell_addresses(l->fd, found))
    tell_error(l->fd, E_NOENT);
  if (!failure) freeaddrinfo(found);
  lookup_free(l);
  return NULL;
}

/* Takes none of the host's signals. */
static bool start(Lookup *l) {
  sigset_t all, before;
  pthread_attr_t attr;
  pthread_t thread;
  if (pthread_attr_init(&attr)) return false;
  pthread_attr_setstacksize(&attr, STACK);
  pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  bool ok = pthread_create(&thread, &attr, look_up, l) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attr);
  return ok;
}

/* Takes the descriptor. */
static Errno begin(wasi_ctx_t *ctx, int fd, const char *name) {
  Lookups *of = lookups_of(ctx);
  Lookup *l = of ? calloc(1, sizeof *l) : NULL;
  if (!l) return close(fd), E_NOMEM;
  *l = (Lookup){.of = of, .fd = fd};
  memcpy(l->name, name, strlen(name) + 1);
  atomic_fetch_add(&of->holders, 1);
  bool few = atomic_fetch_add(&of->running, 1) < MAX_LOOKUPS;
  if (few && start(l)) return E_SUCCESS;
  lookup_free(l);
  return few ? E_NOMEM : E_BUSY;
}

/* ---- rows ---- */

/* What there is to do: an address that is known, or a name. */
typedef struct Question {
  bool is_known;
  NetAddress address;
  char name[NAME_ROOM];
} Question;

static Errno read_question(Call *call, Question *q) {
  u32 len = call->args[1].u32;
  const char *text = guest_bytes(call, call->args[0].u32, len);
  if (!text) return call->error;
  if (call->access) wm_access_address(call->access, text, len);
  q->is_known = wm_name_is_address(text, len, &q->address);
  if (q->is_known) return wm_net_address_is_mapped(&q->address) ? E_INVAL : E_SUCCESS;
  if (!wm_name_read(text, len, q->name)) return E_INVAL;
  return wm_net_allows_name(&call->ctx->net, q->name) ? E_SUCCESS : E_NOTCAPABLE;
}

/* Takes the descriptor. */
static Errno answer(Call *call, const Question *q, int fd) {
  if (!q->is_known) return begin(call->ctx, fd, q->name);
  tell_address(fd, &q->address);
  close(fd);
  return E_SUCCESS;
}

Errno wm_call_net_resolve(Call *call) {
  Question q;
  int pair[2];
  Errno e = read_question(call, &q);
  if (!e && !grant_allows(call->ctx->network)) e = E_NOTCAPABLE;
  if (!e) e = wm_fds_reserve(&call->ctx->fds);
  if (e) return e;
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair))
    return wm_errno_of_host(errno);
  Descriptor d = {.kind = FD_HOST,
                  .owned = true,
                  .fd = wm_above_standard(pair[0]),
                  .grant = call->ctx->network,
                  .base = RIGHT_FD_READ | RIGHT_POLL_FD_READWRITE};
  e = answer(call, &q, wm_above_standard(pair[1]));
  if (!e && d.fd < 0) e = E_MFILE;
  if (!e) return wm_net_give(call, &d, 2);
  wm_descriptor_close(&d);
  return e;
}

Errno wm_call_net_next_address(Call *call) {
  Descriptor *d;
  u8 packet[NET_ADDRESS_SIZE];
  Errno e = wm_call_fd(call, 0, RIGHT_FD_READ, &d);
  u8 *to = e ? NULL : wm_guest_array(call, call->args[1].u32, 1, NET_ADDRESS_SIZE, 4);
  if (!to) return e ? e : call->error;
  ssize_t n = recv(d->fd, packet, sizeof packet, MSG_DONTWAIT);
  if (n < 0) return wm_errno_of_host(errno);
  if (n == ERROR_SIZE) return (Errno)load_u16(packet);
  if (n != NET_ADDRESS_SIZE) memset(packet, 0, sizeof packet);
  memcpy(to, packet, sizeof packet);
  return E_SUCCESS;
}
