/* The numbers and layouts of WASI preview 1 (wasi_snapshot_preview1, witx), and where
 * wasi_unstable, its predecessor, differs. All structs are little-endian in guest memory. */
#ifndef WM_WASI_WASI_ABI_H
#define WM_WASI_WASI_ABI_H

#include "base/base.h"

typedef enum Errno {
  E_SUCCESS = 0,
  E_2BIG,
  E_ACCES,
  E_ADDRINUSE,
  E_ADDRNOTAVAIL,
  E_AFNOSUPPORT,
  E_AGAIN,
  E_ALREADY,
  E_BADF,
  E_BADMSG,
  E_BUSY,
  E_CANCELED,
  E_CHILD,
  E_CONNABORTED,
  E_CONNREFUSED,
  E_CONNRESET,
  E_DEADLK,
  E_DESTADDRREQ,
  E_DOM,
  E_DQUOT,
  E_EXIST,
  E_FAULT,
  E_FBIG,
  E_HOSTUNREACH,
  E_IDRM,
  E_ILSEQ,
  E_INPROGRESS,
  E_INTR,
  E_INVAL,
  E_IO,
  E_ISCONN,
  E_ISDIR,
  E_LOOP,
  E_MFILE,
  E_MLINK,
  E_MSGSIZE,
  E_MULTIHOP,
  E_NAMETOOLONG,
  E_NETDOWN,
  E_NETRESET,
  E_NETUNREACH,
  E_NFILE,
  E_NOBUFS,
  E_NODEV,
  E_NOENT,
  E_NOEXEC,
  E_NOLCK,
  E_NOLINK,
  E_NOMEM,
  E_NOMSG,
  E_NOPROTOOPT,
  E_NOSPC,
  E_NOSYS,
  E_NOTCONN,
  E_NOTDIR,
  E_NOTEMPTY,
  E_NOTRECOVERABLE,
  E_NOTSOCK,
  E_NOTSUP,
  E_NOTTY,
  E_NXIO,
  E_OVERFLOW,
  E_OWNERDEAD,
  E_PERM,
  E_PIPE,
  E_PROTO,
  E_PROTONOSUPPORT,
  E_PROTOTYPE,
  E_RANGE,
  E_ROFS,
  E_SPIPE,
  E_SRCH,
  E_STALE,
  E_TIMEDOUT,
  E_TXTBSY,
  E_XDEV,
  E_NOTCAPABLE
} Errno;

/* Errno of the host to WASI's; E_IO for what WASI has no number for. */
Errno wm_errno_of_host(int host_errno);
/* Result of a system call: E_SUCCESS for 0, else errno. */
Errno wm_errno_of_result(int result);

/* Rights: what may be done through a descriptor. */
typedef u64 Rights;
#define RIGHT_FD_DATASYNC             ((Rights)1 << 0)
#define RIGHT_FD_READ                 ((Rights)1 << 1)
#define RIGHT_FD_SEEK                 ((Rights)1 << 2)
#define RIGHT_FD_FDSTAT_SET_FLAGS     ((Rights)1 << 3)
#define RIGHT_FD_SYNC                 ((Rights)1 << 4)
#define RIGHT_FD_TELL                 ((Rights)1 << 5)
#define RIGHT_FD_WRITE                ((Rights)1 << 6)
#define RIGHT_FD_ADVISE               ((Rights)1 << 7)
#define RIGHT_FD_ALLOCATE             ((Rights)1 << 8)
#define RIGHT_PATH_CREATE_DIRECTORY   ((Rights)1 << 9)
#define RIGHT_PATH_CREATE_FILE        ((Rights)1 << 10)
#define RIGHT_PATH_LINK_SOURCE        ((Rights)1 << 11)
#define RIGHT_PATH_LINK_TARGET        ((Rights)1 << 12)
#define RIGHT_PATH_OPEN               ((Rights)1 << 13)
#define RIGHT_FD_READDIR              ((Rights)1 << 14)
#define RIGHT_PATH_READLINK           ((Rights)1 << 15)
#define RIGHT_PATH_RENAME_SOURCE      ((Rights)1 << 16)
#define RIGHT_PATH_RENAME_TARGET      ((Rights)1 << 17)
#define RIGHT_PATH_FILESTAT_GET       ((Rights)1 << 18)
#define RIGHT_PATH_FILESTAT_SET_SIZE  ((Rights)1 << 19)
#define RIGHT_PATH_FILESTAT_SET_TIMES ((Rights)1 << 20)
#define RIGHT_FD_FILESTAT_GET         ((Rights)1 << 21)
#define RIGHT_FD_FILESTAT_SET_SIZE    ((Rights)1 << 22)
#define RIGHT_FD_FILESTAT_SET_TIMES   ((Rights)1 << 23)
#define RIGHT_PATH_SYMLINK            ((Rights)1 << 24)
#define RIGHT_PATH_REMOVE_DIRECTORY   ((Rights)1 << 25)
#define RIGHT_PATH_UNLINK_FILE        ((Rights)1 << 26)
#define RIGHT_POLL_FD_READWRITE       ((Rights)1 << 27)
#define RIGHT_SOCK_SHUTDOWN           ((Rights)1 << 28)
#define RIGHT_SOCK_ACCEPT             ((Rights)1 << 29)

/* What applies to a file, and to a directory, at all. */
#define RIGHTS_FILE                                                                                \
  (RIGHT_FD_DATASYNC | RIGHT_FD_READ | RIGHT_FD_SEEK | RIGHT_FD_FDSTAT_SET_FLAGS | RIGHT_FD_SYNC | \
   RIGHT_FD_TELL | RIGHT_FD_WRITE | RIGHT_FD_ADVISE | RIGHT_FD_ALLOCATE | RIGHT_FD_FILESTAT_GET |  \
   RIGHT_FD_FILESTAT_SET_SIZE | RIGHT_FD_FILESTAT_SET_TIMES | RIGHT_POLL_FD_READWRITE)
#define RIGHTS_DIR                                                                                 \
  (RIGHT_FD_FDSTAT_SET_FLAGS | RIGHT_FD_SYNC | RIGHT_FD_ADVISE | RIGHT_FD_DATASYNC |               \
   RIGHT_PATH_CREATE_DIRECTORY | RIGHT_PATH_CREATE_FILE | RIGHT_PATH_LINK_SOURCE |                 \
   RIGHT_PATH_LINK_TARGET | RIGHT_PATH_OPEN | RIGHT_FD_READDIR | RIGHT_PATH_READLINK |             \
   RIGHT_PATH_RENAME_SOURCE | RIGHT_PATH_RENAME_TARGET | RIGHT_PATH_FILESTAT_GET |                 \
   RIGHT_PATH_FILESTAT_SET_SIZE | RIGHT_PATH_FILESTAT_SET_TIMES | RIGHT_FD_FILESTAT_GET |          \
   RIGHT_FD_FILESTAT_SET_TIMES | RIGHT_PATH_SYMLINK | RIGHT_PATH_REMOVE_DIRECTORY |                \
   RIGHT_PATH_UNLINK_FILE | RIGHT_POLL_FD_READWRITE)

/* What changes a directory's entries, and what changes a file. */
#define RIGHTS_CHANGE_DIR                                                                          \
  (RIGHT_PATH_CREATE_DIRECTORY | RIGHT_PATH_CREATE_FILE | RIGHT_PATH_LINK_SOURCE |                 \
   RIGHT_PATH_LINK_TARGET | RIGHT_PATH_RENAME_SOURCE | RIGHT_PATH_RENAME_TARGET |                  \
   RIGHT_PATH_SYMLINK | RIGHT_PATH_REMOVE_DIRECTORY | RIGHT_PATH_UNLINK_FILE)
#define RIGHTS_CHANGE_FILE                                                                         \
  (RIGHT_FD_WRITE | RIGHT_FD_ALLOCATE | RIGHT_FD_FILESTAT_SET_SIZE | RIGHT_PATH_FILESTAT_SET_SIZE)
#define RIGHTS_CHANGE_TIMES (RIGHT_FD_FILESTAT_SET_TIMES | RIGHT_PATH_FILESTAT_SET_TIMES)

/* What needs that entries may be looked up. */
#define RIGHTS_LOOK_UP                                                                             \
  (RIGHT_PATH_OPEN | RIGHT_FD_READDIR | RIGHT_PATH_READLINK | RIGHT_PATH_FILESTAT_GET)

/* What applies to a listener (that it may be read is what lets it be polled), and to a connection.
 */
#define RIGHTS_LISTENER                                                                            \
  (RIGHT_FD_READ | RIGHT_FD_FDSTAT_SET_FLAGS | RIGHT_FD_FILESTAT_GET | RIGHT_POLL_FD_READWRITE |   \
   RIGHT_SOCK_ACCEPT)
#define RIGHTS_CONNECTION                                                                          \
  (RIGHT_FD_READ | RIGHT_FD_WRITE | RIGHT_FD_FDSTAT_SET_FLAGS | RIGHT_FD_FILESTAT_GET |            \
   RIGHT_POLL_FD_READWRITE | RIGHT_SOCK_SHUTDOWN)

/* What applies to standard input and output. */
#define RIGHTS_INPUT  (RIGHTS_FILE & ~(RIGHTS_CHANGE_FILE | RIGHTS_CHANGE_TIMES))
#define RIGHTS_OUTPUT (RIGHTS_FILE & ~RIGHT_FD_READ)

typedef enum FileType {
  FILETYPE_UNKNOWN = 0,
  FILETYPE_BLOCK_DEVICE,
  FILETYPE_CHARACTER_DEVICE,
  FILETYPE_DIRECTORY,
  FILETYPE_REGULAR_FILE,
  FILETYPE_SOCKET_DGRAM,
  FILETYPE_SOCKET_STREAM,
  FILETYPE_SYMBOLIC_LINK
} FileType;

enum {
  FDFLAG_APPEND = 1,
  FDFLAG_DSYNC = 2,
  FDFLAG_NONBLOCK = 4,
  FDFLAG_RSYNC = 8,
  FDFLAG_SYNC = 16
};
enum { FDFLAGS_ALL = 31 };
enum { OFLAG_CREAT = 1, OFLAG_DIRECTORY = 2, OFLAG_EXCL = 4, OFLAG_TRUNC = 8, OFLAGS_ALL = 15 };
enum { LOOKUP_SYMLINK_FOLLOW = 1 };
enum { FSTFLAG_ATIM = 1, FSTFLAG_ATIM_NOW = 2, FSTFLAG_MTIM = 4, FSTFLAG_MTIM_NOW = 8 };
enum { EVENT_CLOCK = 0, EVENT_FD_READ = 1, EVENT_FD_WRITE = 2 };
enum { SUBCLOCK_ABSTIME = 1, EVENT_FD_HANGUP = 1 };
enum { RIFLAG_PEEK = 1, RIFLAG_WAITALL = 2, RIFLAGS_ALL = 3, ROFLAG_DATA_TRUNCATED = 1 };
enum { SDFLAG_RD = 1, SDFLAG_WR = 2, SDFLAGS_ALL = 3 };
enum { CLOCK_ID_REALTIME, CLOCK_ID_MONOTONIC, CLOCK_ID_PROCESS, CLOCK_ID_THREAD };

/* Sizes in guest memory. */
enum {
  FDSTAT_SIZE = 24, /* type u8 @0, flags u16 @2, rights u64 @8, inheriting u64 @16 */
  PRESTAT_SIZE = 8, /* tag u8 @0 (0: directory), name length u32 @4 */
  FILESTAT_SIZE =
      64, /* dev 0, ino 8, type u8 16, nlink u64 24, size 32, atim 40, mtim 48, ctim 56 */
  FILESTAT_UNSTABLE_SIZE = 56, /* nlink u32 @20, size 24, atim 32, mtim 40, ctim 48 */
  DIRENT_SIZE = 24,            /* next u64 @0, ino u64 @8, name length u32 @16, type u8 @20 */
  IOVEC_SIZE = 8,              /* address u32 @0, length u32 @4 */
  SUBSCRIPTION_SIZE = 48,      /* userdata 0, tag u8 8; clock: id u32 16, timeout 24, flags u16 40;
                                  fd: u32 16 */
  SUBSCRIPTION_UNSTABLE_SIZE = 56, /* clock: its own userdata 16, id u32 24, timeout 32, flags 48 */
  EVENT_SIZE = 32 /* userdata 0, error u16 8, type u8 10, bytes u64 16, flags u16 24 */
};

#endif
