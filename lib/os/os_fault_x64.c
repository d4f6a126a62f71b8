/* Faults on Linux for x86-64 (os_fault.h). The handler runs wherever the fault was, on the thread's
 * own stack unless the host gave it an alternate one. */
#include "os/os_fault.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <ucontext.h>

enum { SIGNALS = 2 };
static const int numbers[SIGNALS] = {SIGSEGV, SIGBUS};

/* The one installation: written once, before the handlers are. */
static pthread_mutex_t install_lock = PTHREAD_MUTEX_INITIALIZER;
static bool installed;
static _Atomic(FaultHook) fault_hook;
static struct sigaction previous[SIGNALS];

/* Calls the handler as the kernel would have. */
static void call_previous(const struct sigaction *old, int number, siginfo_t *info, void *context) {
  sigset_t mask = old->sa_mask, before;
  if (!(old->sa_flags & SA_NODEFER)) sigaddset(&mask, number);
  pthread_sigmask(SIG_BLOCK, &mask, &before);
  if (old->sa_flags & SA_SIGINFO)
    old->sa_sigaction(number, info, context);
  else
    old->sa_handler(number);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Somebody's kill(), not a fault: it does not come again by itself. */
static bool was_sent(const siginfo_t *info) { return info->si_code <= 0; }

static void hand_on(struct sigaction *old, int number, siginfo_t *info, void *context) {
  bool has_handler =
      (old->sa_flags & SA_SIGINFO) || (old->sa_handler != SIG_DFL && old->sa_handler != SIG_IGN);
  if (has_handler) {
    struct sigaction now = *old;
    if (old->sa_flags & (int)SA_RESETHAND) *old = (struct sigaction){.sa_handler = SIG_DFL};
    call_previous(&now, number, info, context);
  } else if (old->sa_handler == SIG_DFL || !was_sent(info)) {
    /* What happens without a handler happens when the instruction runs again. */
    sigaction(number, old, NULL);
    if (was_sent(info)) raise(number);
  }
}

static void on_signal(int number, siginfo_t *info, void *raw) {
  ucontext_t *context = raw;
  greg_t *regs = context->uc_mcontext.gregs;
  Fault fault = {.pc = (const void *)(uintptr_t)regs[REG_RIP],
                 .sp = (u64 *)(uintptr_t)regs[REG_RSP],
                 .address = was_sent(info) ? NULL : info->si_addr,
                 .pinned = (u64)regs[REG_R15]};
  FaultHook hook = atomic_load_explicit(&fault_hook, memory_order_acquire);
  if (!was_sent(info) && hook && hook(&fault)) {
    regs[REG_RIP] = (greg_t)(uintptr_t)fault.pc;
    regs[REG_RSP] = (greg_t)(uintptr_t)fault.sp;
    return;
  }
  hand_on(&previous[number == numbers[1]], number, info, raw);
}

static bool install(void) {
  struct sigaction action = {.sa_sigaction = on_signal,
                             .sa_flags = SA_ONSTACK | SA_SIGINFO | SA_NODEFER};
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < SIGNALS; i++)
    if (sigaction(numbers[i], NULL, &previous[i]) != 0) return false;
  for (int i = 0; i < SIGNALS; i++)
    if (sigaction(numbers[i], &action, NULL) != 0) return false;
  return true;
}

bool wm_os_fault_install(FaultHook hook) {
  pthread_mutex_lock(&install_lock);
  atomic_store_explicit(&fault_hook, hook, memory_order_release);
  if (!installed) installed = install();
  bool done = installed;
  pthread_mutex_unlock(&install_lock);
  return done;
}
