/* Faults on Linux for x86-64 (os_fault.h). The handler runs wherever the fault was, on the thread's
 * own stack unless the host gave it an alternate one. */
#include "os/os_fault.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <ucontext.h>

enum { SIGNALS = 2 };
static const int numbers[SIGNALS] = {SIGSEGV, SIGBUS};

/* The one installation. `first` is what was there before it; `later` what took its place since, in
 * front of which it was put again. */
static pthread_mutex_t install_lock = PTHREAD_MUTEX_INITIALIZER;
static bool installed;
static _Atomic(FaultHook) fault_hook;
static struct sigaction first[SIGNALS], later[SIGNALS];
static bool has_later[SIGNALS];

/* The fault that this thread handed to `later` last: when that hands it back, it is the turn of
 * `first`. */
static _Thread_local __attribute__((tls_model("initial-exec"))) struct {
  const void *pc, *address;
  const u64 *sp;
} handed_on;

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

static struct sigaction *next_handler(int i, const Fault *fault) {
  bool again =
      handed_on.pc == fault->pc && handed_on.address == fault->address && handed_on.sp == fault->sp;
  if (!has_later[i] || again) return &first[i];
  handed_on.pc = fault->pc;
  handed_on.address = fault->address;
  handed_on.sp = fault->sp;
  return &later[i];
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
  hand_on(next_handler(number == numbers[1], &fault), number, info, raw);
}

/* Puts the handler in front of what is there, unless it is there itself. */
static bool install(int i) {
  struct sigaction action = {.sa_sigaction = on_signal,
                             .sa_flags = SA_ONSTACK | SA_SIGINFO | SA_NODEFER};
  struct sigaction now;
  sigemptyset(&action.sa_mask);
  if (sigaction(numbers[i], NULL, &now) != 0) return false;
  if ((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == on_signal) return true;
  if (installed)
    later[i] = now;
  else
    first[i] = now;
  has_later[i] = installed;
  return sigaction(numbers[i], &action, NULL) == 0;
}

bool wm_os_fault_install(FaultHook hook) {
  pthread_mutex_lock(&install_lock);
  atomic_store_explicit(&fault_hook, hook, memory_order_release);
  bool done = install(0) && install(1);
  installed = installed || done;
  pthread_mutex_unlock(&install_lock);
  return done;
}
