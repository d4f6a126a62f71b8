/* The import module "wasm_terminal", which is not part of preview 1 (wasi.h tells what it does).
 *
 *   wasi_ctx_t --> TerminalUser --raw[]--> Terminal <-- raw[] -- TerminalUser of another context
 *                                            before: its mode when the first user made it raw
 *
 * A terminal has one mode, whoever uses it: the first user that makes it raw keeps what it was
 * before, the last one that lets go puts that back. So terminals that are raw are known to the
 * process (wasi_terminal_raw.c), each by a descriptor of its own, which stays good when the host
 * puts something else in the place of a standard stream meanwhile. */
#ifndef WM_WASI_WASI_TERMINAL_H
#define WM_WASI_WASI_TERMINAL_H

#include "wasi.h"
#include "wasi/wasi_abi.h"

typedef struct Terminal Terminal;

enum { MAX_TERMINALS = 3 /* the standard streams may be so many */ };

/* A size that was told: a wait ends when the terminal has another one. */
typedef struct TerminalSize {
  u64 device;
  u32 columns, rows;
} TerminalSize;

/* What a context has to do with terminals; all-zero is nothing. */
typedef struct TerminalUser {
  bool configured;              /* granted by the config */
  bool defined, granted;        /* for the program's threads too */
  TerminalSize told;            /* under the context's lock */
  Terminal *raw[MAX_TERMINALS]; /* held; under the lock of all terminals */
} TerminalUser;

/* ---- wasi_terminal_raw.c ---- */
/* The same number for descriptors of the same terminal. */
u64 wm_terminal_device(int fd);
/* Makes the terminal raw for the user, again if it was. E_IO: the process is in the background. */
Errno wm_terminal_hold_raw(TerminalUser *user, int fd);
/* The user lets go. Nothing to be done is no error. */
Errno wm_terminal_drop_raw(TerminalUser *user, int fd);
/* Lets go of all; whether there was any. From any thread. */
bool wm_terminal_drop_all(TerminalUser *user);

#endif
