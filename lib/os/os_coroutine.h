/* C stacks beside the threads' own, and switching between them. Implemented by the machine's file
 * (meson.build), or by os_coroutine_none.c where there is none.
 *
 *   who enters                       the coroutine, on its own stack
 *   wm_os_coroutine_enter  ------->  run(env) ...
 *          ...             <-------  wm_os_coroutine_leave
 *   wm_os_coroutine_enter  ------->         ... goes on
 *          ...             <-------  run returns, or an exception leaves it: has_ended
 *
 * Each entering may come from another place and another thread. So nothing on a coroutine's stack
 * may hold the address of a thread-local variable while it is left, and a function that leaves
 * must not be inlined into one that touches such a variable, errno included.
 *
 * Kept on both sides of a switch: the registers that a call keeps, the modes of float arithmetic,
 * and which C++ exceptions are being handled. Not kept: the signal mask. Shadow stacks (CET) are
 * not switched; the machine's file is not marked as fit for them, so that a program that links it
 * runs without.
 *
 * An exception of C++ and a thread's end (cancellation, pthread_exit) go through the coroutine's
 * frames to its first one, and from there on in the frames of who entered. */
#ifndef WM_OS_OS_COROUTINE_H
#define WM_OS_OS_COROUTINE_H

#include "os/os.h"

/* One side of a switch. */
typedef struct StackContext {
  void *sp;                 /* where it goes on, while the other side runs */
  StackRange range;         /* the stack; NULLs: the thread's own */
  void *caught;             /* the C++ exceptions that are handled, */
  unsigned uncaught;        /* and how many are on their way */
  void *fake_stack, *fiber; /* the address and thread sanitizers' words for it */
  const void *bottom;       /* its stack, as the former knows it */
  size_t size_bytes;
} StackContext;

typedef struct Coroutine {
  StackContext own, back; /* `back`: who entered it */
  void (*run)(void *env);
  void *env;
  void *exception;   /* that left it, or NULL */
  bool has_ended;    /* or was not begun: it must not be entered */
  unsigned valgrind; /* its stack's number there */
} Coroutine;

/* Whether there are coroutines on this machine. */
bool wm_os_has_coroutines(void);
/* Whose stack is `range`: memory that stays the caller's, which gives it a guard. */
void wm_os_coroutine_init(Coroutine *c, StackRange range);
/* Nothing of it runs, ever again; before the memory goes. */
void wm_os_coroutine_fini(Coroutine *c);
/* It will run `run` when it is entered first. The one before must have ended. */
void wm_os_coroutine_begin(Coroutine *c, void (*run)(void *env), void *env);
/* What was begun is not to be run on. */
void wm_os_coroutine_abandon(Coroutine *c);
/* Runs it until it leaves or ends. */
void wm_os_coroutine_enter(Coroutine *c);
/* Called on its stack: back to who entered it. */
void wm_os_coroutine_leave(Coroutine *c);
/* It was left by a longjmp, to the stack of who entered it: it has ended. Of several inside each
 * other the innermost first. */
void wm_os_coroutine_lose(Coroutine *c);
/* What left a coroutine goes on from here. Does not return but when nobody catches it. */
void wm_os_throw_on(void *exception);

#endif
