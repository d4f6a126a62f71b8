/* The objects behind wasi_config_t and wasi_ctx_t, and what a call is given. */
#ifndef WM_WASI_WASI_CTX_H
#define WM_WASI_WASI_CTX_H

#include "wasi/wasi_address.h"
#include "wasi/wasi_clock.h"
#include "wasi/wasi_fds.h"
#include "wasi/wasi_file_ids.h"
#include "wasi/wasi_random.h"
#include "wasi/wasi_resolver.h"
#include "wasi/wasi_terminal.h"
#include "wasi/wasi_threads.h"

#include <stdatomic.h>
#include <stdio.h>

enum {
  DEFAULT_MAX_FDS = 1024,
  WASI_CALLS = 46,
  ALL_CALLS = WASI_CALLS + 3, /* with those of "wasm_terminal" */
/* And those of the network, by number behind the others. */
#define NET(name, params) +1
  NET_CALLS = 0
#include "wasi/wasi_net.def"
  ,
  MAX_IOVECS = 1024 /* as many as the host takes: more are a transfer that stops early */
};

/* What waits poll beside what they wait for: readable once a grant allows less. */
typedef struct ChangeEvent {
  int fd;
  u32 waiters;
  bool told; /* of a change: who comes later takes another one */
} ChangeEvent;

/* Names that are being looked up (wasi_net.h). */
typedef struct Lookups Lookups;
void wm_lookups_release(Lookups *l); /* NULL: nothing */

/* Tells waits that a grant allows less (wasi_grant.c). */
typedef struct Changes {
  pthread_mutex_t lock;
  _Atomic u32 count;       /* of changes so far */
  Vec(ChangeEvent) events; /* owned: those that somebody waits for, and one that may be untold */
} Changes;

/* A run that is recorded, or replayed (wasi_record.h). */
typedef struct Record {
  FILE *file; /* owned; NULL: none */
  bool replays;
} Record;
void wm_record_end(Record *r); /* closes the file */

typedef struct Access Access; /* wasi_audit.h */

/* Who is told of accesses. */
typedef struct Audit {
  wasi_audit_callback_t callback; /* NULL: nobody */
  void *data;
  void (*finalizer)(void *);
  void (*flush)(void *); /* writes what is kept back, before the program waits; NULL: nothing is */
  bool seen[ALL_CALLS + NET_CALLS]; /* calls that are told of once */
} Audit;

/* Strings that a guest asks for as a block of bytes and an array of addresses into it. */
typedef struct StringList {
  Buffer bytes; /* each string with its zero byte */
  u32 count;
} StringList;

typedef struct Preopen {
  int fd;        /* owned; -1: a file system's top */
  wasi_fs_t *fs; /* held */
  char *name;    /* owned */
  Rights base, inheriting;
  bool special;
} Preopen;

typedef struct GivenSocket {
  int fd;
  bool owned;
  bool nonblocking; /* what the program is told: an owned one is so in any case */
} GivenSocket;

/* What of the world is not as the host has it. */
typedef struct Determinism {
  int clock; /* WASI_CLOCK_* */
  u64 clock_start, clock_step;
  u64 seed;
  bool is_seeded, sorts_dirs, fixes_stat;
} Determinism; /* all-zero: nothing */

struct wasi_config_t {
  StringList args, env;
  Stream streams[3];
  Vec(Preopen) preopens;
  Vec(GivenSocket) sockets;
  NetRules net; /* what may be reached */
  u32 max_fds, max_threads;
  int resolver;
  Determinism determinism;
  bool raise_sigpipe;
  bool grants_terminal;
  Audit audit;
  Record record;
  wasi_limits_t limits;
  bool failed; /* a setter without a result ran out of memory */
};

/* The rows by number. */
typedef enum CallNumber {
#define CALL(name, params, since, locks) CALL_##name,
#define TERMINAL(name, params)           CALL_terminal_##name,
#include "wasi/wasi.def"
#undef CALL
} CallNumber;

typedef struct Call Call;
typedef Errno (*Handler)(Call *call);

typedef struct CallRow {
  const char *name, *params;
  u8 number;
  bool snapshot_only; /* not in wasi_unstable */
  bool locks;         /* uses the context, one thread at a time */
  Handler handler;
} CallRow;

extern const CallRow wm_call_rows[ALL_CALLS]; /* as in wasi.def */

/* What imports name. */
typedef enum CallModule {
  MODULE_SNAPSHOT,
  MODULE_UNSTABLE,
  MODULE_TERMINAL,
  CALL_MODULES
} CallModule;

/* The env of one host function. */
typedef struct Binding {
  wasi_ctx_t *ctx;
  const CallRow *row;
  bool unstable;
} Binding;

struct wasi_ctx_t {
  wasm_store_t *store; /* borrowed: may be gone before the context */
  _Atomic u64 holders; /* the host, every function made of it, and every thread */
  ThreadGroup threads;
  TerminalUser terminal;
  pthread_mutex_t lock;            /* of what follows, where there are threads (wm_call_lock) */
  pthread_mutex_t careful_lock;    /* of asking a descriptor and using it, innermost */
  pthread_mutex_t stream_locks[3]; /* recursive: callbacks may come back; after `lock`, never before
                                      it but in a callback */
  StringList args, env;
  Stream streams[3];
  FdTable fds;
  Grant *grants; /* owned: streams, directories, sockets, the network */
  u32 grant_count;
  NetRules net;         /* what may be reached, by sockets of: */
  const Grant *network; /* one of the grants */
  Lookups *lookups;     /* held; NULL: there were none yet */
  Changes changes;      /* of what grants allow */
  u64 output_limit;     /* in bytes; 0: none */
  _Atomic u64 written;  /* of these, where there is a limit */
  Audit audit;
  Record record;
  bool is_watched; /* by one of these */
  Resolver resolver;
  bool raise_sigpipe;
  Clock clock;
  RandomSource random;
  bool sorts_dirs;
  FileIds *file_ids; /* owned; NULL: files are told as the host has them */
  Binding bindings[CALL_MODULES][ALL_CALLS];
};

/* One call by the guest. */
struct Call {
  wasi_ctx_t *ctx;
  wasmx_caller_t *caller; /* or: */
  wasm_store_t *store;    /* of a component's call */
  const wasmx_slot_t *args;
  u8 *memory; /* of the caller; moves never, grows only between calls of ours */
  size_t memory_size;
  Errno error;       /* why wm_guest_array gave NULL */
  bool unstable;     /* called by a wasi_unstable name */
  bool locked;       /* has the context's lock */
  wasm_trap_t *trap; /* owned: set to end the program */
  /* The last descriptor that it asked for, and what for: the call waits no longer than it may. */
  const Grant *grant;
  Rights needs;
  Access *access; /* what is audited; NULL: nothing is */
};

static inline wasm_store_t *call_store(const Call *call) {
  return call->caller ? wasmx_caller_store(call->caller) : call->store;
}

/* Runs a row as if a module had called it, with the call's arguments and memory; wm_call_unlock is
 * due behind it. */
Errno wm_call_run(Call *call, const CallRow *row);

/* ---- what arguments name: wasi_guest.c ---- */

/* The one check of a guest's pointer: `count` items of `size` bytes at `address`, aligned. NULL and
 * call->error: E_FAULT out of bounds, E_INVAL misaligned. Shared memory may change under us, so
 * what is read there is copied out before it is judged. */
void *wm_guest_array(Call *call, u32 address, u64 count, size_t size, size_t alignment);

/* The same for one item, and for results. */
static inline void *guest_bytes(Call *call, u32 address, u64 len) {
  return wm_guest_array(call, address, len, 1, 1);
}
static inline Errno put_u32(Call *call, u32 address, u32 value) {
  void *p = wm_guest_array(call, address, 1, 4, 4);
  if (!p) return call->error;
  __atomic_store_n((u32 *)p, value, __ATOMIC_RELAXED); /* other threads may write there, too */
  return E_SUCCESS;
}
static inline Errno put_u64(Call *call, u32 address, u64 value) {
  void *p = wm_guest_array(call, address, 1, 8, 8);
  if (!p) return call->error;
  __atomic_store_n((u64 *)p, value, __ATOMIC_RELAXED);
  return E_SUCCESS;
}

/* Whether put_u32 will do: asked before something happens that cannot be taken back. */
static inline Errno can_put_u32(Call *call, u32 address) {
  return wm_guest_array(call, address, 1, 4, 4) ? E_SUCCESS : call->error;
}

/* What a guest's memory holds, read once: it may be another value a moment later. */
static inline u64 guest_u64(const u8 *at) {
  return __atomic_load_n((const u64 *)(const void *)at, __ATOMIC_RELAXED);
}
static inline u32 guest_u32(const u8 *at) {
  return __atomic_load_n((const u32 *)(const void *)at, __ATOMIC_RELAXED);
}
static inline u16 guest_u16(const u8 *at) {
  return __atomic_load_n((const u16 *)(const void *)at, __ATOMIC_RELAXED);
}
static inline u8 guest_u8(const u8 *at) { return __atomic_load_n(at, __ATOMIC_RELAXED); }

/* ---- one call at a time: wasi_lock.c ----
 * A call that uses the context has its lock from its begin to its end, but while it waits or moves
 * bytes; where there are no threads nothing is done. */
void wm_call_lock(Call *call);
void wm_call_unlock(Call *call);
/* What the call uses while it has no lock, until it ends or the thread is cancelled: others may
 * close its descriptor meanwhile. Nothing is done where there are no threads. */
typedef struct PinnedFd {
  Call *call; /* NULL: none */
  Pin pin;
} PinnedFd;
#define PINNED_FD PinnedFd __attribute__((cleanup(wm_call_unpin)))
void wm_call_pin(PinnedFd *p, Call *call, const Descriptor *d);
void wm_call_unpin(PinnedFd *p);
/* Pins it and gives the lock away, for what takes long; the host's descriptor. */
int wm_call_release(PinnedFd *p, Call *call, const Descriptor *d);
/* Held to the end of the scope, or until the thread is cancelled. */
#define SCOPE_LOCK pthread_mutex_t *__attribute__((cleanup(scope_unlock)))
static inline void scope_unlock(pthread_mutex_t **lock) {
  if (*lock) pthread_mutex_unlock(*lock);
}
pthread_mutex_t *wm_careful_lock(wasi_ctx_t *ctx);
/* Around what is done with a stream. NULL: there are no threads yet; a callback may make one. */
pthread_mutex_t *wm_stream_lock(wasi_ctx_t *ctx, const Stream *s);

/* ---- life: wasi_ctx.c ---- */
void wm_ctx_hold(wasi_ctx_t *ctx);
void wm_ctx_release(wasi_ctx_t *ctx);
/* Defines the functions of WASI that the module imports, for the store. */
bool wm_ctx_define_for(wasi_ctx_t *ctx, wasm_store_t *store, wasmx_linker_t *linker,
                       const wasm_module_t *module);
/* Defines all functions of the module, for the store. */
bool wm_ctx_define_all(wasi_ctx_t *ctx, wasm_store_t *store, wasmx_linker_t *linker,
                       CallModule module);

/* open(2), but never as one of the standard streams. */
int wm_open_granted(const char *path, int flags);
/* `fd`, or a duplicate when it is 0, 1 or 2 (it is closed then): where the process was started
 * without one of these, an inherited stream would be this. -1 when there is none, errno says why.
 */
int wm_above_standard(int fd);

/* What the config says becomes the context's (wasi_determinism.c). False: out of memory. */
bool wm_determinism_apply(const Determinism *d, wasi_ctx_t *ctx);
/* For a context with file_ids: the program made this; set its times, none of which is UTIME_NOW. */
void wm_note_made(wasi_ctx_t *ctx, const struct stat *st);
void wm_note_times(wasi_ctx_t *ctx, const struct stat *st, const struct timespec times[2]);

/* Adds a string with its zero byte. False when out of memory. */
bool wm_strings_add(StringList *list, const char *text, size_t len);
/* Puts `made` in the place of *list when it is whole, else frees it; `whole`. */
bool wm_strings_replace(StringList *list, StringList *made, bool whole);
/* Many variables: each is added, then of those of one name the last stays (wasi_env.c). False: out
 * of memory; that one is not added, or nothing is changed. */
bool wm_env_append(StringList *list, const char *name, size_t len, const char *value);
bool wm_env_settle(StringList *list);
/* Whether it is there and UTF-8. */
bool wm_text_valid(const char *text);

/* The descriptor in the call's argument `arg` (see wm_fds_get). */
Errno wm_call_fd(Call *call, u32 arg, Rights rights, Descriptor **d);

/* Whether the store was told to stop: a call that waits or works long gives up (E_INTR), and the
 * guest traps instead of seeing that. */
static inline bool call_interrupted(const Call *call) {
  return wasmx_store_interrupted(call_store(call));
}

/* Whether what the call asked of its descriptor has been taken from it meanwhile. */
static inline bool call_forbidden(const Call *call) {
  return (call->needs & ~grant_allows(call->grant)) || !grant_allows(call->grant);
}

/* ---- grants: wasi_grant.c ---- */
bool wm_changes_init(Changes *c);
void wm_changes_free(Changes *c);
/* The event to poll until it is left; -1: none is to be had. */
int wm_changes_enter(Changes *c);
void wm_changes_leave(Changes *c, int event);
Rights wm_rights_of_perms(wasi_dir_perms dir, wasi_file_perms file);
void wm_audit_end(Audit *a);

/* The flags in arg 1 of calls that look up a path: those that there are. */
static inline Errno check_lookup(const Call *call) {
  return call->args[1].u32 & ~(u32)LOOKUP_SYMLINK_FOLLOW ? E_INVAL : E_SUCCESS;
}

/* The path at args `arg` and `arg` + 1. */
Errno wm_path_read(Call *call, u32 arg, GuestPath *path);

/* Fills *err and returns NULL. */
PRINTF_LIKE(3, 4)
void *wm_wasi_fail(wasmx_error_t *err, wasmx_errcode_t code, const char *format, ...);

/* Copies the guest's vectors, the first MAX_IOVECS of them, and checks each. */
struct iovec;
Errno wm_iovecs_read(Call *call, u32 address, u32 count, struct iovec *out);
/* Steps over `moved` bytes, and over vectors of nothing behind them; how many vectors are left. */
size_t wm_iovecs_skip(struct iovec **vectors, size_t count, size_t moved);

/* Writes the first `size` bytes that a call of fd_write names, whole, to another number: what was
 * recorded is shown so. Nobody is told when that cannot be. */
void wm_write_again(Call *call, u32 fd, u64 size);

/* What the host or a file system says of it; all zero but its type for a stream. */
Errno wm_descriptor_stat(const Descriptor *d, struct stat *st);
/* The 64 (unstable: 56) bytes of a filestat. */
Errno wm_filestat_write(const Call *call, u8 *out, const struct stat *st);

/* The two times of a set_times call, from its arguments at `arg`. "Now" of a clock that is not the
 * host's is the time that it shows. */
Errno wm_times_read(const Call *call, u32 arg, struct timespec times[2]);

/* Handlers: wm_call_<name>, one for each row of wasi.def. */
#define CALL(name, params, since, locks) Errno wm_call_##name(Call *call);
#define TERMINAL(name, params)           Errno wm_terminal_##name(Call *call);
#include "wasi/wasi.def"
#undef CALL

#endif
