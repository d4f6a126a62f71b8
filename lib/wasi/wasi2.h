/* WASI 0.2 over what serves preview 1.
 *
 *   component --> handler (wasi2_*.c) --> row of wasi.def --> rights, resolver, policy, audit
 *                   |                       as if a module had called it
 *                   Object: what a handle stands for; a number of the context's descriptors
 *
 * A handler puts what a row wants into a piece of memory that is no guest's, as a module would have
 * done into its own, runs the row and makes values of what lies there then. So there is one way to
 * the world for both versions, and what is said of preview 1 holds here.
 *
 * Objects are known by number (rep). A pollable is a child of the stream that it is for: dropping
 * the stream before it traps. Streams and listings keep the descriptor or socket that they are of
 * open, which may be dropped before them. */
#ifndef WM_WASI_WASI2_H
#define WM_WASI_WASI2_H

#include "wasi/wasi_net.h"

#include <wasmcm.h>

typedef wasmcm_val_t Val;

typedef enum ObjectKind {
  OBJECT_FREE,
  OBJECT_ERROR,
  OBJECT_POLLABLE,
  OBJECT_INPUT,
  OBJECT_OUTPUT,
  OBJECT_TERMINAL_INPUT,
  OBJECT_TERMINAL_OUTPUT,
  OBJECT_DESCRIPTOR,
  OBJECT_ENTRIES,
  OBJECT_NETWORK,
  OBJECT_TCP,
  OBJECT_UDP,
  OBJECT_INCOMING, /* datagrams */
  OBJECT_OUTGOING,
  OBJECT_ADDRESSES, /* of a name that is looked up */
  OBJECT_KINDS
} ObjectKind;

/* What a socket is at. */
typedef enum SocketState {
  SOCKET_UNBOUND,
  SOCKET_BINDING, /* done, but not said to be */
  SOCKET_BOUND,
  SOCKET_LISTENING_SOON, /* likewise */
  SOCKET_LISTENING,
  SOCKET_CONNECTING,
  SOCKET_CONNECTED,
  SOCKET_CLOSED
} SocketState;

enum { EVENT_SOCKET = 3 }; /* what the parent waits for */

typedef struct Object {
  u8 kind;
  bool is_dropped; /* its children need it */
  bool is_lent;    /* descriptors: the number is not closed with it */
  bool is_placed;  /* streams: they have an offset of their own */
  bool appends;    /* streams: to the end of the file */
  bool of_socket;  /* streams and errors: not of a file or the standard ones */
  bool may_block;  /* streams */
  bool is_ended;   /* streams of sockets: nothing comes any more */
  u16 flags;       /* streams: FDFLAG_* of the file, but to append */
  u8 event;        /* pollables: EVENT_* */
  u8 state;        /* sockets: SocketState */
  u8 family;       /* sockets: 4 or 6 */
  u8 shut;         /* sockets: SDFLAG_* */
  u32 backlog;     /* sockets */
  u32 streams;     /* sockets: of datagrams, that are there */
  u32 rep;
  u32 parent; /* 0: none */
  u32 children;
  u32 fd;         /* number in the context; of pollables, too */
  Errno error;    /* of errors; sockets, datagrams, addresses: to be told with the next call */
  u64 at;         /* streams: offset; clocks: deadline; listings: cookie behind the last entry */
  u64 permit;     /* output: what may be written before the next check */
  u8 *entries;    /* listings: owned, some of what is to come */
  u32 entries_at; /* in bytes */
  u32 entries_len;
  NetAddress peer; /* of datagrams; family 0: none */
} Object;

typedef struct Wasi2 Wasi2;

typedef struct Wasi2Row Wasi2Row;

typedef struct Wasi2Binding {
  Wasi2 *host;
  const Wasi2Row *row;
} Wasi2Binding;

/* What a context is to the components of one linker. Held by what is defined there. */
struct Wasi2 {
  wasi_ctx_t *ctx; /* held */
  u32 holders;
  wasmcm_resource_t *resources[OBJECT_KINDS]; /* borrowed from the linker's functions */
  Vec(Object *) objects;                      /* owned; by rep; the first is none */
  Vec(u32) free;
  Wasi2Binding *bindings; /* owned: one a row */
  bool is_seeded;
  u64 seed[2]; /* insecure-seed: the same each time */
};

/* One call by a component. */
typedef struct Wasi2Call {
  Wasi2 *host;
  wasmcm_call_t *call;
  const Val *args;
  Val *result;
  wasm_trap_t *trap; /* owned; the first one */
  u8 *memory;        /* for rows: see wm_wasi2_memory */
  u32 memory_size;
  Val spare[8]; /* where values go when there is no memory: the call traps anyway */
} Wasi2Call;

typedef void (*Wasi2Handler)(Wasi2Call *c);

struct Wasi2Row {
  const char *iface, *name, *type;
  Wasi2Handler handler;
};

#define RESOURCE(iface, name, kind)
#define FUNC(iface, name, type, handler) void wm_wasi2_##handler(Wasi2Call *c);
#include "wasi/wasi2.def"

/* ---- wasi2_object.c ---- */
/* A new one; NULL with the trap. */
Object *wm_wasi2_new(Wasi2Call *c, ObjectKind kind, Object *parent);
/* The same for a descriptor that goes with it, or is closed now. */
Object *wm_wasi2_new_of_fd(Wasi2Call *c, ObjectKind kind, u32 fd);
/* What a handle stands for; NULL with the trap: something else. */
Object *wm_wasi2_object(Wasi2Call *c, const Val *handle, ObjectKind kind);
/* What it is a child of; NULL: of nothing. */
Object *wm_wasi2_parent(const Wasi2 *host, const Object *object);
/* What a handler of a resource's end gives: a trap when there are children. */
wasm_trap_t *wm_wasi2_drop(Wasi2 *host, u32 rep);
void wm_wasi2_free_objects(Wasi2 *host);
/* The call ends so, if by nothing else before. */
void wm_wasi2_trap(Wasi2Call *c, const char *text);

/* ---- values: wasi2_value.c ---- */
/* `count` of them, at most 8; never NULL. */
Val *wm_wasi2_vals(Wasi2Call *c, u32 count);
/* A list of that many items; NULL with the trap. */
Val *wm_wasi2_list(Wasi2Call *c, Val *to, u32 count);
void wm_wasi2_put(Val *to, wasmcm_kind_t kind, u64 value);
void wm_wasi2_put_bytes(Val *to, const void *bytes, size_t size);
/* Traps when it is no UTF-8. */
void wm_wasi2_put_text(Wasi2Call *c, Val *to, const void *bytes, size_t size);
void wm_wasi2_put_own(Wasi2Call *c, Val *to, const Object *object);
void wm_wasi2_put_case(Val *to, wasmcm_kind_t kind, u32 index, Val *payload);
Val *wm_wasi2_put_record(Wasi2Call *c, Val *to, wasmcm_kind_t kind, u32 count);
/* Seconds and nanoseconds. */
void wm_wasi2_put_time(Wasi2Call *c, Val *to, u64 ns);

/* The result is ok: its payload is to be filled. */
Val *wm_wasi2_ok(Wasi2Call *c);
void wm_wasi2_done(Wasi2Call *c); /* without one */
/* The result is the error, as files have it: true, or success: false. */
bool wm_wasi2_failed(Wasi2Call *c, Errno e);
u32 wm_wasi2_code(Errno e);

/* ---- rows: wasi2_value.c ---- */
/* Memory for the next rows, zeroed: addresses begin at 0. False: there is none, which traps. */
bool wm_wasi2_memory(Wasi2Call *c, u64 size);
Errno wm_wasi2_run(Wasi2Call *c, const CallRow *row, const wasmx_slot_t *args);
#define ARG(value) {.u64 = (value)}
#define RUN(c, name, ...)                                                                          \
  wm_wasi2_run((c), &wm_call_rows[CALL_##name], (const wasmx_slot_t[]){__VA_ARGS__})

/* ---- wasi2_stream.c ---- */
/* A stream of what o is, with its descriptor; NULL with the trap. */
Object *wm_wasi2_stream(Wasi2Call *c, ObjectKind kind, Object *o, bool may_block);
/* The result is a pollable for the event of the object in argument 0. */
void wm_wasi2_subscribe(Wasi2Call *c, ObjectKind kind, u8 event);

/* ---- wasi2_poll.c ---- */
/* Whether the host says the descriptor's event is there, without waiting. */
bool wm_wasi2_is_ready(Wasi2Call *c, u32 fd, u8 event);
/* Waits until it is, or the store is to stop. */
void wm_wasi2_wait(Wasi2Call *c, u32 fd, u8 event);

#endif
