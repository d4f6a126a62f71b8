/* The descriptors of a program: what each number stands for and what may be done through it.
 *
 *   number -> Descriptor { rights, flags, kind FD_HOST:   a descriptor of the host's
 *                                         kind FD_STREAM: a Stream (bytes, callback, capture)
 *                                         kind FD_NODE:   a NodeFile of a file system (wasi_fs.h) }
 *
 * The lowest free number is given out first. Rights only ever shrink. */
#ifndef WM_WASI_WASI_FDS_H
#define WM_WASI_WASI_FDS_H

#include "base/buffer.h"
#include "base/vec.h"
#include "wasi.h"
#include "wasi/wasi_abi.h"

#include <stdatomic.h>

/* Where a standard stream that is no descriptor of the host comes from or goes to. */
typedef enum StreamKind {
  STREAM_EMPTY,  /* input at its end, output dropped */
  STREAM_HOST,   /* `fd` */
  STREAM_BYTES,  /* input from `input`, from `pos` on */
  STREAM_READER, /* input by callback */
  STREAM_WRITER, /* output by callback */
  STREAM_CAPTURE /* output kept in `output`, at most `limit` bytes */
} StreamKind;

typedef struct Stream {
  StreamKind kind;
  int fd;
  bool owned; /* fd is closed with the stream */
  wasm_byte_vec_t input;
  size_t pos;
  Buffer output;
  size_t limit;
  wasi_input_callback_t read;
  wasi_output_callback_t write;
  void *data;
  void (*finalizer)(void *); /* of data; NULL: none */
} Stream;                    /* all-zero is STREAM_EMPTY */

/* Frees what the stream owns; it is STREAM_EMPTY then. The finalizer is run last and may do
 * anything: put another stream in its place, delete what held it. */
void wm_stream_close(Stream *s);
/* Frees `holder`, which the streams are in, then closes them. */
void wm_streams_close(Stream streams[3], void *holder);
/* A callback may do anything too, so that nothing but the stream itself is known to be in its place
 * afterwards: descriptors may have moved, closed or been renumbered. */
Errno wm_stream_read(Stream *s, void *to, size_t size, size_t *done);
Errno wm_stream_write(Stream *s, const void *from, size_t size, size_t *done);

/* What the host gave: a stream, a directory, a socket. All descriptors that came from it share it,
 * and lose what it loses. */
typedef struct Grant {
  char *name;             /* owned: the guest's name of it, or what a stream or socket is called */
  Rights rights;          /* what may be done through it and below */
  _Atomic Rights allowed; /* what is left of them: any thread of the host's may take some away */
  bool special;           /* special files below this directory may be opened */
} Grant;

static inline Rights grant_allows(const Grant *g) {
  return g ? atomic_load_explicit(&g->allowed, memory_order_relaxed) : ~(Rights)0;
}

/* A directory being listed: entries read from the kernel and not yet given to the guest. */
typedef struct DirStream {
  Vec(u64) offsets; /* the kernel's position after each entry given so far */
  u32 next;         /* how many were given before the entry at `pos`: its cookie */
  u32 pos, len;     /* in bytes[] */
  _Alignas(8) u8 bytes[4096];
} DirStream;

typedef struct Listing Listing; /* wasi_listing.h */

typedef enum FdKind { FD_FREE = 0, FD_HOST, FD_STREAM, FD_NODE } FdKind;

typedef struct NodeFile NodeFile; /* wasi_node.h */
void wm_node_file_free(NodeFile *file);

typedef struct Descriptor {
  u8 kind;    /* FdKind */
  u8 type;    /* FileType */
  u16 flags;  /* FDFLAG_*, as the guest sees them */
  u8 access;  /* O_RDONLY, O_WRONLY, O_RDWR: of FD_NODE */
  bool owned; /* fd is closed with the descriptor, and O_NONBLOCK; else its flags are the host's */
  bool pipe;  /* a write may raise SIGPIPE: the host's own pipes and standard streams */
  bool listens;      /* a socket that connections can be accepted from */
  bool answers_only; /* a datagram socket that receives from those only that it may send to */
  int fd;
  Rights base, inheriting;
  const Grant *grant; /* borrowed from the context: what it came from */
  char *preopen;      /* owned: the guest's name of a preopened directory, else NULL */
  char *host;         /* owned: a directory's name on the host, for audits; NULL: not asked for */
  Stream *stream;     /* borrowed from the context */
  DirStream *dir;     /* owned; NULL until it is listed; of the host's directories */
  Listing *listing;   /* owned; NULL until it is listed in order */
  NodeFile *file;     /* owned: of FD_NODE */
  u32 polled;         /* within poll_oneoff: 1 + its place among those that are polled */
} Descriptor;

/* Someone uses a descriptor of the host's while others may close it: then it is closed behind the
 * last one, and who waits for it is woken. On the C stack of the user. */
typedef struct Pin Pin;
struct Pin {
  Pin *next;
  int fd;
  bool closes; /* it was closed meanwhile */
  int wake;    /* owned: an eventfd that a close writes to; -1: nobody waits by it */
};

typedef struct FdTable {
  Vec(Descriptor) fds;
  Pin *pins;
  u32 max;
  u32 lowest; /* no free number is below */
} FdTable;

/* Whether reading or writing may have to wait: all but files, directories and disks. */
static inline bool wm_descriptor_may_block(const Descriptor *d) {
  return d->kind == FD_HOST && d->type != FILETYPE_REGULAR_FILE && d->type != FILETYPE_DIRECTORY &&
         d->type != FILETYPE_BLOCK_DEVICE;
}

static inline bool wm_descriptor_is_socket(const Descriptor *d) {
  return d->type == FILETYPE_SOCKET_STREAM || d->type == FILETYPE_SOCKET_DGRAM;
}

/* The type of a file by its st_mode. */
FileType wm_filetype_of_mode(u32 mode);

/* A FD_HOST descriptor for `fd`, its type and flags found out, with all rights that apply to its
 * type. */
Errno wm_descriptor_of_host(Descriptor *d, int fd, bool owned);

/* The same when its type (st_mode) and flags of open(2) are known. */
void wm_descriptor_of_mode(Descriptor *d, int fd, bool owned, u32 mode, int flags);

/* A FD_NODE descriptor, which owns the file; `access` is of open(2). */
Descriptor wm_descriptor_of_node(NodeFile *file, FileType type, int access);

/* Whether one more can be added: E_MFILE, E_NOMEM. */
Errno wm_fds_reserve(FdTable *t);
/* Adds it at the lowest free number. E_MFILE when there is none, E_NOMEM; then it is not taken. */
Errno wm_fds_add(FdTable *t, const Descriptor *d, u32 *number);

/* The descriptor, when it has all of `rights` (FD_SEEK includes FD_TELL, FD_SYNC includes
 * FD_DATASYNC): else E_NOTCAPABLE (or what a native program is told when the thing itself cannot do
 * it), or E_BADF when it is not open. It moves when one is added: who calls out copies it first. */
Errno wm_fds_get(FdTable *t, u32 number, Rights rights, Descriptor **d);

/* The same for closing and moving, for which nothing is needed. */
Errno wm_fds_find(FdTable *t, u32 number, Descriptor **d);

void wm_fds_pin(FdTable *t, Pin *pin, const Descriptor *d);
void wm_fds_unpin(FdTable *t, Pin *pin);

Errno wm_fds_close(FdTable *t, u32 number);
/* Moves `from` to the open number `to`, closing what was there. */
Errno wm_fds_renumber(FdTable *t, u32 from, u32 to);
void wm_fds_free(FdTable *t);

/* Closes and frees what `d` owns. The host's error of close, for files that find out then. */
Errno wm_descriptor_close(Descriptor *d);

#endif
