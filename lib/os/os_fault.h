/* Memory faults (SIGSEGV, SIGBUS): the one installation of signal handlers. Implemented by
 * the machine's file (meson.build), which is built where code is compiled. */
#ifndef WM_OS_OS_FAULT_H
#define WM_OS_OS_FAULT_H

#include "base/base.h"

/* What the thread was doing: the hook may change pc and sp, where it goes on. */
typedef struct Fault {
  const void *pc;
  u64 *sp;
  const void *address; /* that was accessed; NULL when it is not known */
  u64 pinned;          /* the register that holds the instance in compiled code */
} Fault;

/* Runs in the signal handler, of any thread at any time: reads only what a handler may. False: the
 * fault is not its own, and goes to the handler that was there before. */
typedef bool (*FaultHook)(Fault *fault);

/* Installs the handlers for the process; called again, puts them in front of handlers that took
 * their place meanwhile. False: they could not be. */
bool wm_os_fault_install(FaultHook hook);
/* Whether an access near address 0 is a fault: nothing is mapped there, but where somebody (old
 * personalities, emulators) wanted that. */
bool wm_os_null_faults(void);
/* From now on a thread that asks for its stack (wm_os_stack_range), as it does before it runs wasm,
 * has the two signals unblocked, once. A part of installing; os_stack_posix.c. */
void wm_os_want_faults(void);

#endif
