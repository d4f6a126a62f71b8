/* wasi.h: WASI preview 1 for libwasm, as ordinary imports; 0.2 for components. C99 and C++.
 *
 * A program gets what its configuration grants and nothing else: arguments, environment, standard
 * streams, preopened directories, sockets. Fill a wasi_config_t, make a wasi_ctx_t of it (one for
 * each instance), define its functions in a linker (or take them one by one), instantiate,
 * wasi_start:
 *
 *   wasi_config_t *config = wasi_config_new();
 *   wasi_config_inherit_stdio(config);
 *   wasi_config_preopen_dir(config, "data", "/data", false);
 *   wasi_ctx_t *wasi = wasi_ctx_new(store, config, &err);
 *   wasi_ctx_define(wasi, linker);
 *   wasm_instance_t *instance = wasmx_linker_instantiate(linker, module, &trap, &err);
 *   wasi_start(instance, &trap, &err);
 *
 * The wasi_config_ functions have the names and signatures of Wasmtime's header of this name, where
 * it has them. Ownership words are those of wasm.h: `own` results are the caller's to delete, `own`
 * arguments go to the callee, whatever it returns. A config belongs to one thread at a time; a ctx
 * to the thread that uses its store. NULL arguments give false, NULL or nothing done. No function
 * here aborts, prints or exits, and the process's signal dispositions are never changed. */
#ifndef WASI_H
#define WASI_H

#include "wasm.h"
#include "wasmx.h"

#ifndef WASI_API_EXTERN
#define WASI_API_EXTERN WASM_API_EXTERN
#endif

#define own

#ifdef __cplusplus
extern "C" {
#endif

/* --------------------------------------------------------------------------------------- config */

typedef struct wasi_config_t wasi_config_t;

/* Grants nothing: no arguments, no environment, empty input, output that is dropped. NULL when out
 * of memory. */
WASI_API_EXTERN own wasi_config_t *wasi_config_new(void);
WASI_API_EXTERN void wasi_config_delete(own wasi_config_t *);

/* Arguments, the program's name first; copied. False: an argument is not UTF-8, or out of memory
 * (the config is unchanged then). */
WASI_API_EXTERN bool wasi_config_set_argv(wasi_config_t *, size_t argc, const char *argv[]);
/* This process's own arguments. */
WASI_API_EXTERN void wasi_config_inherit_argv(wasi_config_t *);
/* Environment variables: names[i]=values[i] instead of all there were; copied. False as above. */
WASI_API_EXTERN bool wasi_config_set_env(wasi_config_t *, size_t envc, const char *names[],
                                         const char *values[]);
/* Adds one variable, or replaces the one of that name; copied. Without `value` (NULL) it is what
 * this process has under the name, if anything. False: the name is empty or has a '=', or as
 * above. */
WASI_API_EXTERN bool wasi_config_add_env(wasi_config_t *, const char *name, const char *value);
/* Adds the variables of a text file, one a line, in order: NAME=VALUE, or NAME for what this
 * process has under it. Blanks at both ends of a line do not count, nor do empty lines and those
 * that start with '#'. A value in "double" or 'single' quotes is what is between them; nothing else
 * is interpreted: no escapes, no variables, no comments behind values. At most 16 MiB. False and
 * *err (may be NULL): WASMX_IO when it cannot be read, WASMX_SYNTAX and the line when a name is
 * empty or has blanks, or text is not UTF-8; nothing of the file is added then. */
WASI_API_EXTERN bool wasi_config_add_env_file(wasi_config_t *, const char *path,
                                              wasmx_error_t *err);
/* Adds this process's whole environment, as it is now. */
WASI_API_EXTERN void wasi_config_inherit_env(wasi_config_t *);

/* Standard streams. A file is opened now (output: created or truncated); false when it cannot be.
 * An inherited stream is the process's descriptor 0, 1 or 2, which is never closed and whose flags
 * are never changed. Whatever it is, input can only be read and output only written. */
WASI_API_EXTERN bool wasi_config_set_stdin_file(wasi_config_t *, const char *path);
WASI_API_EXTERN bool wasi_config_set_stdout_file(wasi_config_t *, const char *path);
WASI_API_EXTERN bool wasi_config_set_stderr_file(wasi_config_t *, const char *path);
WASI_API_EXTERN void wasi_config_inherit_stdin(wasi_config_t *);
WASI_API_EXTERN void wasi_config_inherit_stdout(wasi_config_t *);
WASI_API_EXTERN void wasi_config_inherit_stderr(wasi_config_t *);
WASI_API_EXTERN void wasi_config_inherit_stdio(wasi_config_t *); /* all three */
/* Input from these bytes; *bytes is moved into the config and left empty. */
WASI_API_EXTERN void wasi_config_set_stdin_bytes(wasi_config_t *, own wasm_byte_vec_t *bytes);

/* Input and output by callback. A callback returns how many bytes it gave or took (0 from input:
 * its end), or a negated errno of the host's. It may come back into the store, the program
 * included, and delete its handles; `bytes` stay good until it returns. `finalizer` (may be NULL)
 * is run with `data` once nothing uses the stream any more; it must not run the program. */
typedef ptrdiff_t (*wasi_output_callback_t)(void *data, const unsigned char *bytes, size_t size);
typedef ptrdiff_t (*wasi_input_callback_t)(void *data, unsigned char *bytes, size_t size);
WASI_API_EXTERN void wasi_config_set_stdin_custom(wasi_config_t *, wasi_input_callback_t,
                                                  void *data, void (*finalizer)(void *));
WASI_API_EXTERN void
wasi_config_set_stdout_custom(wasi_config_t *,
                              ptrdiff_t (*callback)(void *, const unsigned char *, size_t),
                              void *data, void (*finalizer)(void *));
WASI_API_EXTERN void
wasi_config_set_stderr_custom(wasi_config_t *,
                              ptrdiff_t (*callback)(void *, const unsigned char *, size_t),
                              void *data, void (*finalizer)(void *));

/* Keeps the output for wasi_ctx_take_stdout and wasi_ctx_take_stderr. When `limit` bytes wait
 * there, the program is told that the device is full. */
WASI_API_EXTERN void wasi_config_capture_stdout(wasi_config_t *, size_t limit);
WASI_API_EXTERN void wasi_config_capture_stderr(wasi_config_t *, size_t limit);

/* Gives the directory `host_path`, opened now, with all that is below it, under the name
 * `guest_path`. Preopened directories get the descriptors 3, 4, ... in order. Without `fs_mutable`
 * nothing in it can be changed by any route. False: it cannot be opened, or out of memory. */
WASI_API_EXTERN bool wasi_config_preopen_dir(wasi_config_t *, const char *host_path,
                                             const char *guest_path, bool fs_mutable);

/* The same with finer permissions. */
typedef size_t wasi_dir_perms;
enum wasi_dir_perms_flags {
  WASI_DIR_PERMS_READ = 1,  /* list, open and look up what is there */
  WASI_DIR_PERMS_WRITE = 2, /* create, rename, link and remove entries, change their times */
  /* Open named pipes, sockets and devices. Without it none is, not even for a moment, but the
   * devices that programs expect to find: null, zero, full, random and urandom. */
  WASI_DIR_PERMS_SPECIAL = 4
};
typedef size_t wasi_file_perms;
enum wasi_file_perms_flags {
  WASI_FILE_PERMS_READ = 1,
  WASI_FILE_PERMS_WRITE = 2 /* write, truncate, change times */
};
WASI_API_EXTERN bool wasi_config_preopen_dir_perms(wasi_config_t *, const char *host_path,
                                                   const char *guest_path, wasi_dir_perms,
                                                   wasi_file_perms);

/* A file system that is not the host's: one of those below, or one of your own (wasi_fs.h). Each
 * may be mounted in several configs, for programs in several stores on several threads, which share
 * it then; it lives until its last user is gone. */
typedef struct wasi_fs_t wasi_fs_t;
/* An empty tree in memory, of at most `limit` bytes with names and what it takes to keep them: then
 * it is full (ENOSPC). NULL when out of memory. */
WASI_API_EXTERN own wasi_fs_t *wasi_fs_new_memory(size_t limit);
/* A folder of the host's as it is, and all changes of it in memory, of at most `limit` bytes; the
 * folder stays as it is. It has files, directories and symbolic links; what else is there is left
 * out. Who changes the folder meanwhile may or may not be seen, never more than the folder is. NULL
 * and *err (may be NULL): it cannot be opened. */
WASI_API_EXTERN own wasi_fs_t *wasi_fs_new_overlay(const char *host_path, size_t limit,
                                                   wasmx_error_t *err);
/* What is in an archive (tar, plain or with gzip; zip), unpacked into at most `limit` bytes of
 * memory; read-only. Devices and the like are left out. NULL and *err: it cannot be read, is
 * damaged, has names that lead out of it, is larger than the limit, or this libwasi was built
 * without zlib. */
WASI_API_EXTERN own wasi_fs_t *wasi_fs_new_archive(const char *host_path, size_t limit,
                                                   wasmx_error_t *err);
WASI_API_EXTERN void wasi_fs_delete(own wasi_fs_t *);
/* One file for the host: makes it (and the directories above it) or puts other bytes in its place;
 * reads it whole. `path` is relative to the top. False: no such file, no room, read-only. */
WASI_API_EXTERN bool wasi_fs_put_file(wasi_fs_t *, const char *path, const void *bytes,
                                      size_t size);
WASI_API_EXTERN bool wasi_fs_get_file(wasi_fs_t *, const char *path, own wasm_byte_vec_t *out);
/* Gives it under the name `guest_path`, as wasi_config_preopen_dir_perms does with a directory of
 * the host's. The config holds it too. False: the name is not UTF-8, or out of memory. */
WASI_API_EXTERN bool wasi_config_mount(wasi_config_t *, wasi_fs_t *, const char *guest_path,
                                       wasi_dir_perms, wasi_file_perms);

/* Sockets. Preview 1 cannot open one: a program accepts connections from listeners that it is given
 * (sock_accept) and uses connections (sock_recv, sock_send, sock_shutdown, fd_read, fd_write).
 *
 * Given sockets get the descriptors behind all preopened directories, in order: with two
 * directories, the first socket is 5; without any it is 3, where programs of systemd's protocol
 * look (LISTEN_FDS). Programs find their directories from 3 on and stop at the first descriptor
 * that is none, so that sockets before them would hide them. A guest can look for the first
 * descriptor that is a socket (fd_fdstat_get, or fstat). A peer that is gone is the error EPIPE and
 * never a signal.
 *
 * Errors, in *err (may be NULL): WASMX_ARGUMENT, WASMX_IO with the system's message, or
 * WASMX_OUT_OF_MEMORY; the config is unchanged then. */

/* Listens at `address`, from now on: "127.0.0.1:8080", "[::1]:8080", "unix:/path" (which must not
 * be there, and stays). Port 0 is one that is free. Names are not looked up. */
WASI_API_EXTERN bool wasi_config_preopen_listener(wasi_config_t *, const char *address,
                                                  wasmx_error_t *err);
/* Gives a listener or connection (of streams or datagrams) that the host opened. With `own` it
 * belongs to the config, also on failure, and is made non-blocking, which every other holder of the
 * same socket sees; the program sees it as it was. Else it must stay open for as long as the
 * context and is never changed: from a listener that blocks nobody else should accept then, as a
 * connection that somebody else takes in that moment lets the program wait beyond a stop for the
 * next one. */
WASI_API_EXTERN bool wasi_config_preopen_socket_fd(wasi_config_t *, int fd, bool own,
                                                   wasmx_error_t *err);
/* Gives what systemd (or another that keeps its protocol) handed to this process: duplicates of the
 * descriptors from 3 on, as many as LISTEN_FDS says, if LISTEN_PID is this process; else nothing,
 * which is no error. The program gets the variables LISTEN_FDS and LISTEN_FDNAMES. The process's
 * own stay open, and are made close-on-exec and non-blocking. */
WASI_API_EXTERN bool wasi_config_inherit_listen_fds(wasi_config_t *, wasmx_error_t *err);
/* Sockets given so far. */
WASI_API_EXTERN size_t wasi_config_socket_count(const wasi_config_t *);
/* Writes the address of the socket that was given as number `index` (from 0) to text[0..size), with
 * its zero byte and cut where it does not fit; with the port in the place of port 0. Its length
 * without the zero byte; 0: there is no such socket, or its address has no such form. */
WASI_API_EXTERN size_t wasi_config_socket_address(const wasi_config_t *, size_t index, char *text,
                                                  size_t size);

/* The network, for components (wasi:sockets of WASI 0.2: TCP, UDP, names; preview 1 has no way to
 * open a connection). Nothing is reached that no grant names; each call adds one:
 *
 *   "all"                          everything
 *   "tcp-connect=10.0.0.0/8:443"   connect to these: ADDRESS[/BITS][:PORT[-PORT]]; without ports
 *                                  to all, "*" is any address of both kinds; without "=" to all
 *   "tcp-bind=127.0.0.1:8080"      bind and listen at these. Port 0, of the system's choice, and
 *                                  0.0.0.0 or ::, where everybody can connect to, are a port and an
 *                                  address like others
 *   "udp-send=[2001:db8::]/32:53"  send datagrams to these. Who may do so may also have 0.0.0.0:0
 *                                  or [::]:0 to send from, where only they are received from
 *   "udp-bind=*:5353"              receive datagrams at these, from anybody
 *   "lookup=*.example.com"         look up these names: one, all below one, or "*". What an answer
 *                                  is good for the grants of addresses say
 *
 * Addresses are compared as the program gives them; those of IPv6 that stand for one of IPv4 are
 * refused. All sockets and look-ups are of the grant "network" (wasi_ctx_revoke), and count among
 * descriptors; at most 16 names are looked up at once, each by a thread that knows nothing but the
 * name and may outlive the context. False and *err (may be NULL): WASMX_ARGUMENT, the grant has no
 * meaning, or out of memory. */
WASI_API_EXTERN bool wasi_config_allow_net(wasi_config_t *, const char *grant, wasmx_error_t *err);
/* All addresses for all of tcp-connect, tcp-bind, udp-send and udp-bind. */
WASI_API_EXTERN void wasi_config_inherit_network(wasi_config_t *);
/* "lookup=*", or not (any more); other grants stay. */
WASI_API_EXTERN void wasi_config_allow_ip_name_lookup(wasi_config_t *, bool enable);

/* Descriptors that the program may have open at once (the default is 1,024); streams, preopened
 * directories and sockets count. */
WASI_API_EXTERN void wasi_config_set_max_fds(wasi_config_t *, size_t count);

/* A program that writes to a pipe nobody reads gets the error EPIPE and the process no signal. With
 * it on, the write raises SIGPIPE as in a native program: for command-line tools. */
WASI_API_EXTERN void wasi_config_raise_sigpipe(wasi_config_t *, bool on);

/* Threads that a program may have at once beside its first one (wasi_ctx_define_threads); 64 when
 * not set, 0: none. */
WASI_API_EXTERN void wasi_config_set_max_threads(wasi_config_t *, size_t count);

/* A program that does the same each time, byte by byte: what of the world differs from run to run
 * can be fixed. Nothing of it is unless it is said here; a later call takes the place of an earlier
 * one. It does not fix what comes in from outside (arguments, streams, what is in files, the
 * network, when another program writes to a pipe), nor in which order threads run and how long
 * their atomic waits take; NaNs are another matter (wasmx_config_set_canonical_nan), and so is
 * where fuel, a deadline, a limit of memory or of the stack ends a program. */

/* The four clocks. Times are in ns; realtime is since 1970.
 *   REAL     the host's (the default)
 *   FROZEN   realtime stands at start_ns, the others at 0
 *   STEPPED  the same, and each reading by clock_time_get moves all of them on by step_ns: the
 * first tells start_ns or 0 COARSE   the host's, rounded down to a multiple of step_ns Arguments
 * that a kind has no use for are ignored. clock_res_get tells step_ns (COARSE: or what the host's
 * has, when that is more; FROZEN: 1).
 *
 * Time of FROZEN and STEPPED passes besides only when the program waits with a deadline (a sleep):
 * descriptors that are waited for too are looked at once, and when none has something to say, it is
 * the time of the first deadline, at once. No real time goes by, whatever other threads do. Without
 * a deadline, or with one at UINT64_MAX, it waits in real time. With COARSE a wait ends when the
 * clock shows its deadline.
 *
 * What libwasi writes as the time, it takes from this clock: in files of wasi_fs_t, and in those of
 * the host's where the program sets a time to now (which wants its user to own the file then, as
 * any other time does). False: no such clock, or step_ns is 0 where it is used. */
enum wasi_clock_enum {
  WASI_CLOCK_REAL = 0,
  WASI_CLOCK_FROZEN,
  WASI_CLOCK_STEPPED,
  WASI_CLOCK_COARSE
};
WASI_API_EXTERN bool wasi_config_set_clock(wasi_config_t *, int clock, uint64_t start_ns,
                                           uint64_t step_ns);

/* Random bytes that follow from `seed`, the same on every machine, instead of the kernel's: nothing
 * that must stay secret may depend on them. They are those of xoshiro256** 1.0, each output's
 * lowest byte first; its state is the first four outputs of SplitMix64 from the seed. They are one
 * sequence, however many are asked for at once; threads take of it in the order of their calls. */
WASI_API_EXTERN void wasi_config_set_random_seed(wasi_config_t *, uint64_t seed);

/* Directories are listed with "." and ".." first, then by the bytes of their names. The names are
 * read when a listing begins, at cookie 0: what is made later is not in it, what is removed is left
 * out. The cookie behind the n-th name is n, and stays good until the descriptor's next listing
 * begins; one that was not given is EINVAL. A listing takes at most 64 MiB (then ENOMEM). */
WASI_API_EXTERN void wasi_config_set_sorted_dirs(wasi_config_t *, bool on);

/* Files are told apart from how and when the host stored them: the device is 1, inode numbers count
 * from 1 in the order in which the program makes files and first sees those that are there (by
 * filestat, or listed: so sort directories too), directories have the size 0 and one link. All
 * times are start_ns of the clock (0 when it is the host's); of files that the program makes the
 * time of that; and what it sets them to. Writing changes none. Of the host's files it is
 * remembered by device and inode, so a file that others put in the place of one that the program
 * saw may be told as that one. At most half a million files are known (then ENOMEM). */
WASI_API_EXTERN void wasi_config_set_fixed_stat(wasi_config_t *, bool on);

/* All of these: a STEPPED clock from 1,700,000,000 s (2023-11-14 22:13:20 UTC) on in steps of 1,000
 * ns, random bytes of the seed, sorted directories, fixed filestats. */
WASI_API_EXTERN void wasi_config_set_deterministic(wasi_config_t *, uint64_t seed);

/* Gives what a file says, beside what the config has already. YAML (which JSON is too), at most
 * 128 KiB; all keys may be left out:
 *
 *   arguments: [program, -v]          instead of what was set before
 *   environment: {HOME: /, LANG: ~}   ~: as this process has it
 *   stdin: none                       none, inherit, file:NAME; stdout and stderr likewise
 *   directories:
 *     - {host: data, guest: /data}                        to be read
 *     - {host: out, guest: /out, access: read-write, special: true}
 *     - {memory: 64M, guest: /tmp, access: read-write}
 *     - {overlay: site, guest: /site, access: read-write, limit: 64M}
 *     - {archive: lib.zip, guest: /lib, limit: 64M}
 *   listeners: ["127.0.0.1:8080"]
 *   network: ["tcp-connect=10.0.0.0/8:443", "lookup=*"]   wasi_config_allow_net
 *   terminal: true                                        wasi_config_grant_terminal
 *   clock: {kind: coarse, step: 1000000}                  real, frozen, stepped, coarse; start
 *   random-seed: 7
 *   deterministic: 7                                      the seed (wasi_config_set_deterministic)
 *   limits: {memory: 64M, table-elements: 10000, fuel: 1000000, deadline: 2.5, output: 1M,
 *            descriptors: 64, threads: 4}
 *   audit: FILE
 *
 * Files and directories are opened at once, as the other functions do. False and *err (may be
 * NULL): WASMX_SYNTAX, with line, column and key, for what has no meaning or cannot be given;
 * WASMX_IO when the file cannot be read; then the config may have some of it, and should only be
 * deleted. Or libwasi was built without libyaml. */
WASI_API_EXTERN bool wasi_config_load_policy(wasi_config_t *, const char *path, wasmx_error_t *err);

/* Whether the program may use the terminal that it was given as a standard stream, beyond reading
 * and writing: as if wasi_ctx_define_terminal were told so. A host that has more to do for such a
 * program asks. Nothing is granted at first. */
WASI_API_EXTERN void wasi_config_grant_terminal(wasi_config_t *, bool on);
WASI_API_EXTERN bool wasi_config_grants_terminal(const wasi_config_t *);

/* Limits that a policy sets for the store; 0: none. */
typedef struct wasi_limits_t {
  size_t size;           /* sizeof(wasi_limits_t) */
  uint64_t memory_bytes; /* memories and tables together */
  uint64_t table_elements;
  uint64_t fuel;         /* for engines that count it (wasmx_config_set_fuel) */
  uint64_t deadline_ns;  /* from the moment they are applied */
  uint64_t output_bytes; /* that the program may write to files, streams and pipes together, then
                            it is told EDQUOT; the context sees to it */
} wasi_limits_t;
/* Fills *limits, whose `size` is set. */
WASI_API_EXTERN void wasi_config_limits(const wasi_config_t *, wasi_limits_t *limits);
/* Sets them for a store, before the program is instantiated. False: a size is not set, out of
 * memory, or the engine does not count fuel. */
WASI_API_EXTERN bool wasi_limits_apply(const wasi_limits_t *, wasm_store_t *);

/* One access of the program. Strings are good until the callback returns. */
typedef struct wasi_access_t {
  size_t size;
  const char *call;  /* of preview 1, such as "path_open", or one as "terminal_size"; of sockets
                        of 0.2 "sock_open", "sock_bind", "sock_connect", "sock_resolve" ... */
  const char *grant; /* what it was done through: a directory's guest name, "stdin", a socket's
                        address; NULL: nothing of the kind */
  const char *path;  /* as the guest spelled it; NULL: none */
  const char *other_path; /* the second one of a rename or link; what a symbolic link is to say */
  const char *target;     /* what the host has there: of an open, what was opened, with no link and
                             no ".." in its name; else the directory's name and the path below it;
                             NULL: not of the host's. A directory has the name that it had when it
                             was opened: what others than the program rename is not noticed */
  uint64_t rights;        /* asked for, as preview 1 numbers them */
  uint32_t fd, new_fd;    /* the program's descriptors; UINT32_MAX: none */
  int error;              /* as preview 1 numbers them; 0: it was granted and done */
  const char *address;    /* of the network: "127.0.0.1:80", a name that is looked up; NULL: none */
} wasi_access_t;
typedef void (*wasi_audit_callback_t)(void *data, const wasi_access_t *);
/* Tells of each call that names a path or a socket or makes a terminal raw (or not), of the first
 * call of each other function, and of each that is refused; after it is done, in the thread that
 * called, one at a time but for programs with threads. The callback must not run the program.
 * `finalizer` (may be NULL) is run with `data` when nobody is told any more. A NULL callback:
 * nobody is. False: config is NULL. */
WASI_API_EXTERN bool wasi_config_set_audit(wasi_config_t *, wasi_audit_callback_t, void *data,
                                           void (*finalizer)(void *));
/* The same as lines of JSON at the end of a file: time (seconds since 1970), call, grant, fd, path,
 * other_path, target, address, rights (names), new_fd, result (the errno's name); what does not
 * apply is left out, bytes that are no UTF-8 as u00XX escapes. Refusals are written at once, the
 * others in blocks, when the program waits, and the last ones with the context: they are lost when
 * the process is killed. False: it cannot be opened, or out of memory. */
WASI_API_EXTERN bool wasi_config_set_audit_file(wasi_config_t *, const char *path);

/* Writes down in a file what every call gives, or takes it from there instead of the world: a
 * replayed program does what it did when it was recorded, wherever it is, and changes nothing
 * outside; its standard output and error are written once more. Both traps that say so: the
 * recording cannot be written; the program does something else than it did, or the file is damaged.
 * Programs with threads cannot be recorded (wasi_ctx_define_threads fails); functions that are none
 * of WASI, fuel and deadlines are not part of it. False: the file cannot be opened, or is no
 * recording. */
WASI_API_EXTERN bool wasi_config_record(wasi_config_t *, const char *path);
WASI_API_EXTERN bool wasi_config_replay(wasi_config_t *, const char *path);

/* How paths are kept inside their directory. Automatic uses the kernel's openat2 where there is
 * one; the others are for tests. */
enum wasi_resolver_enum { WASI_RESOLVER_AUTO = 0, WASI_RESOLVER_OPENAT2, WASI_RESOLVER_WALKER };
WASI_API_EXTERN void wasi_config_set_resolver(wasi_config_t *, int resolver);

/* ------------------------------------------------------------------------------------- contexts */

/* What one program sees of the world: its descriptors, arguments, environment. */
typedef struct wasi_ctx_t wasi_ctx_t;

/* Takes the config, also on failure: NULL and *err (may be NULL). */
WASI_API_EXTERN own wasi_ctx_t *wasi_ctx_new(wasm_store_t *, own wasi_config_t *,
                                             wasmx_error_t *err);
/* Functions made of it keep what they need: the descriptors close once they are gone too. */
WASI_API_EXTERN void wasi_ctx_delete(own wasi_ctx_t *);

/* Defines the 46 functions of wasi_snapshot_preview1 and the 45 of wasi_unstable in the linker.
 * What the host defines under the same names later replaces them. False when out of memory. */
WASI_API_EXTERN bool wasi_ctx_define(wasi_ctx_t *, wasmx_linker_t *);
/* The same for those only that the module imports; quicker. */
WASI_API_EXTERN bool wasi_ctx_define_for(wasi_ctx_t *, wasmx_linker_t *, const wasm_module_t *);
/* The functions of WASI 0.2 for components, in a linker of wasmcm.h for the context's store: io,
 * cli, clocks, random, filesystem and sockets. All that the config grants is theirs as it is a
 * module's, under the same limits and audits; a descriptor, a stream and so on of a component goes
 * with its handle, and at the latest with the linker and all that was made of it. HTTP is not
 * there. False: out of memory, or libwasi was built without components. */
struct wasmcm_linker_t;
WASI_API_EXTERN bool wasi_ctx_define_components(wasi_ctx_t *, struct wasmcm_linker_t *);
/* One function, for hosts without a linker. NULL: no such name, or out of memory. */
WASI_API_EXTERN own wasm_func_t *wasi_ctx_func(wasi_ctx_t *, const char *module, const char *name);

/* Threads, as of wasi-threads. When the module imports "wasi" "thread-spawn", or a shared memory
 * (as programs made for threads do that start none): defines it, and a new memory for each shared
 * one that the module imports (unless one is defined under the name). A call of it makes a thread
 * with a store of its own, beside the context's (wasmx_store_new_beside: limits and deadline hold
 * over all; half of the caller's fuel goes along), with an instance of the module that has the same
 * shared memories, and calls its export wasi_thread_start. Such a module imports nothing else but
 * functions of WASI and "wasm_terminal" (if defined). Other modules: nothing is done. Once a
 * context. False and *err (may be NULL): out of memory, a limit, the memory that is defined is not
 * shared.
 *
 * The threads end when they come back. The first of all that exits, or of the threads that traps,
 * ends the others: they are interrupted wherever they are, as is the context's store, until it is
 * deleted. What the program ended by is known to wasi_ctx_end_threads, which ends the threads that
 * still run (a program is over when the call of its _start comes back or traps) and waits until
 * they are gone. `trap` (own, may be NULL) is what the call of the main thread ended by; the result
 * (own) is what the program did: that, or the trap of a thread that came first, which is good until
 * the context or its store is deleted. Threads that nobody ended so end with the context's store.
 *
 * In a child that is forked while there are threads, or after there were some, the context and its
 * store can only be deleted; what the threads held stays behind.
 *
 * Streams of callbacks are called by any thread of the program, by one at a time each; such a
 * callback must come back, no exception or longjmp may leave it. Bytes that it gets lie in memory
 * that other threads may change meanwhile. */
WASI_API_EXTERN bool wasi_ctx_define_threads(wasi_ctx_t *, wasmx_linker_t *, const wasm_module_t *,
                                             wasmx_error_t *err);
WASI_API_EXTERN own wasm_trap_t *wasi_ctx_end_threads(wasi_ctx_t *, own wasm_trap_t *trap);

/* Terminals, beyond preview 1 (where a terminal is a character device without the rights to seek
 * and tell, and poll_oneoff waits for it). When the module imports "wasm_terminal": defines its
 * functions. Without `granted` (here or by wasi_config_grant_terminal) each of them answers
 * NOTCAPABLE, so that a program which can do without runs all the same; a program that asks for
 * nothing gets nothing. They are audited as terminal_size, terminal_set_raw and terminal_wait, and
 * are part of recordings. False: an argument is NULL, or out of memory. All parameters are i32 but
 * for the time; results are errnos of preview 1:
 *
 *   size(fd, columns *, rows *)    two u32; 0 where nobody told the terminal how large it is
 *   set_raw(fd, on)                on 1: input comes as it is typed, byte by byte, and is not
 *                                  shown; 0: as it was. Needs the right to read
 *   wait(fd, i64 ns, events *)     until there is input (or its end): 1, or the size is another one
 *                                  than `size` told last: 2, or both; 0 when the time is over. -1
 *                                  is for ever. Needs the rights to read and poll
 *
 * NOTTY: `fd` is no terminal, or not one of the standard streams that the program was given. IO: it
 * was hung up; its input is at an end then, and what is written to it is IO, too. Output
 * is as ever ("\n" begins a new line), and the keys that end a program (Ctrl-C, Ctrl-\) still send
 * their signals; Ctrl-Z is a byte as others, so that nobody finds the terminal raw meanwhile. In
 * the background set_raw gives IO and changes nothing. A size that changes is seen by looking, 20
 * times a second, by those who wait: no signal is needed. A program that waits by poll_oneoff asks
 * for the size after a time-out of its own.
 *
 * A terminal is raw until all programs of the process that made it so let go: by set_raw, when
 * their context is deleted and when the last function made of it goes, or by
 * wasi_ctx_restore_terminal, which the host calls once the program is over, before it prints
 * anything (true: it was raw; then more may be left on the screen). From any thread, not from
 * signal handlers: there a host interrupts the store (wasmx_interrupt_raise), and restores once
 * the program ended by that. A process that ends otherwise, by a signal that it does not catch or
 * by exit, leaves the terminal raw. The child of a fork never puts back what its parent had. */
WASI_API_EXTERN bool wasi_ctx_define_terminal(wasi_ctx_t *, wasmx_linker_t *, const wasm_module_t *,
                                              bool granted);
WASI_API_EXTERN bool wasi_ctx_restore_terminal(wasi_ctx_t *);

/* Takes away from a program that runs, from any thread, for good. `name` is a directory's guest
 * name, "stdin", "stdout", "stderr", "network" or a given socket's address: all that has it. What
 * was opened through it answers ENOTCAPABLE from then on, and calls that wait for it end so;
 * descriptors can still be closed. restrict leaves what the permissions allow, and never gives any
 * back. False: there is nothing of that name. */
WASI_API_EXTERN bool wasi_ctx_revoke(wasi_ctx_t *, const char *name);
WASI_API_EXTERN bool wasi_ctx_restrict(wasi_ctx_t *, const char *name, wasi_dir_perms,
                                       wasi_file_perms);

/* Moves the captured output to *out (replacing what it was); empty when nothing was captured. */
WASI_API_EXTERN void wasi_ctx_take_stdout(wasi_ctx_t *, own wasm_byte_vec_t *out);
WASI_API_EXTERN void wasi_ctx_take_stderr(wasi_ctx_t *, own wasm_byte_vec_t *out);

/* Runs a command's _start, or a reactor's _initialize when there is no _start. False and *err (may
 * be NULL): neither is exported as a function without parameters and results. True: it ran, and
 * *trap is NULL when it came back, else the trap (own). A program that called exit leaves a trap
 * whose status wasmx_trap_exit_status tells. */
WASI_API_EXTERN bool wasi_start(const wasm_instance_t *, own wasm_trap_t **trap,
                                wasmx_error_t *err);

#ifdef __cplusplus
} /* extern "C" */
#endif

#undef own

#endif
