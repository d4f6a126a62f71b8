/* Faults on Linux for x86-64 (os_fault.h). The handler runs wherever the fault was, on the thread's
 * own stack unless the host gave it an alternate one. */
#include "os/os_fault.h"

#include "os/os.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <ucontext.h>

enum { SIGNALS = 2 };
static const int numbers[SIGNALS] = {SIGSEGV, SIGBUS};

/* The one installation. `first` is what was there before it; `later` what took its place since, in
 * front of which it was put again. Each installation has another mask than the one before, so that
 * it shows when `later` puts back what it had replaced. The rest of the mask tells other copies of
 * this library in the process, in front of which none is put again: they hand on, and in a ring of
 * three that jump over each other a fault would not reach all. */
enum { MASKED_IN_TURN = SIGURG };
static const int masked_by_copies[] = {SIGIO, SIGPWR, SIGSTKFLT};
static Mutex install_lock = MUTEX_INITIALIZER;
static bool installed;
static _Atomic(FaultHook) fault_hook;
static struct sigaction first[SIGNALS], later[SIGNALS];
static bool has_later[SIGNALS], masks_now[SIGNALS];

/* A fault that a thread has handed to `later`, while that runs: when it calls us, from a frame
 * below, it is the turn of `first`. Not in thread-local storage, which may be made when it is first
 * touched: not in a handler. There are more than threads that fault at once; a handler that jumps
 * away leaves its thread's, which the next ones may take when all are left. */
enum { PLACES = 32 };
typedef struct HandedOn {
  _Atomic pthread_t thread; /* 0: free */
  const void *pc, *address, *frame;
  const u64 *sp;
} HandedOn;
static HandedOn handed_on[PLACES];

/* The place that is the thread's, with 0: that is free; NULL: there is none. */
static HandedOn *find_place(pthread_t thread) {
  for (u32 i = 0; i < PLACES; i++)
    if (atomic_load(&handed_on[i].thread) == thread) return &handed_on[i];
  return NULL;
}

static HandedOn *take_place(pthread_t thread) {
  for (HandedOn *free; (free = find_place(0));) {
    pthread_t nobody = 0;
    if (atomic_compare_exchange_strong(&free->thread, &nobody, thread)) return free;
  }
  return &handed_on[thread / 4096 % PLACES];
}

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

static bool is_ours(const struct sigaction *action);

/* A handler that cannot help may put ours back and let the access happen again: it is gone then. */
static void forget_if_gone(int i) {
  struct sigaction now;
  if (sigaction(numbers[i], NULL, &now) != 0 || !is_ours(&now)) return;
  if ((sigismember(&now.sa_mask, MASKED_IN_TURN) == 1) != masks_now[i]) has_later[i] = false;
}

static bool is_again(const HandedOn *before, const Fault *fault, const void *frame) {
  return before && before->pc == fault->pc && before->address == fault->address &&
         before->sp == fault->sp && (const u8 *)frame < (const u8 *)before->frame;
}

static void pass_on(int i, const Fault *fault, siginfo_t *info, void *raw) {
  const void *frame = __builtin_frame_address(0);
  pthread_t thread = pthread_self();
  HandedOn *place = find_place(thread), before = {0, NULL, NULL, NULL, NULL};
  if (!has_later[i] || is_again(place, fault, frame)) {
    hand_on(&first[i], numbers[i], info, raw);
    return;
  }
  if (place)
    before = *place;
  else
    place = take_place(thread);
  *place = (HandedOn){thread, fault->pc, fault->address, frame, fault->sp};
  hand_on(&later[i], numbers[i], info, raw);
  *place = before;
  forget_if_gone(i);
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
  pass_on(number == numbers[1], &fault, info, raw);
}

static bool is_ours(const struct sigaction *action) {
  return (action->sa_flags & SA_SIGINFO) && action->sa_sigaction == on_signal;
}

static struct sigaction action_of_ours(bool mask_in_turn) {
  struct sigaction action = {.sa_sigaction = on_signal,
                             .sa_flags = SA_ONSTACK | SA_SIGINFO | SA_NODEFER};
  sigemptyset(&action.sa_mask);
  if (mask_in_turn) sigaddset(&action.sa_mask, MASKED_IN_TURN);
  for (u32 i = 0; i < ARRAY_LEN(masked_by_copies); i++)
    sigaddset(&action.sa_mask, masked_by_copies[i]);
  return action;
}

static bool is_of_a_copy(const struct sigaction *action) {
  bool in_turn = sigismember(&action->sa_mask, MASKED_IN_TURN) == 1;
  struct sigaction ours = action_of_ours(in_turn);
  if ((action->sa_flags & ours.sa_flags) != ours.sa_flags) return false;
  for (int number = 1; number < SIGRTMIN; number++)
    if (sigismember(&action->sa_mask, number) != sigismember(&ours.sa_mask, number)) return false;
  return true;
}

static void remember(int i, const struct sigaction *replaced) {
  has_later[i] = false;
  *(installed ? &later[i] : &first[i]) = *replaced;
  has_later[i] = installed;
}

/* Puts the handler in front of what is there, unless it is there itself. Faults may come at once,
 * and others may install theirs. */
static bool install(int i) {
  struct sigaction before, replaced;
  if (sigaction(numbers[i], NULL, &before) != 0) return false;
  if (is_ours(&before) || (installed && is_of_a_copy(&before))) return true;
  remember(i, &before);
  masks_now[i] = !masks_now[i];
  struct sigaction action = action_of_ours(masks_now[i]);
  if (sigaction(numbers[i], &action, &replaced) != 0) return false;
  if (replaced.sa_sigaction != before.sa_sigaction && !is_ours(&replaced)) remember(i, &replaced);
  return true;
}

bool wm_os_fault_install(FaultHook hook) {
  wm_os_want_faults();
  wm_mutex_lock(&install_lock);
  atomic_store_explicit(&fault_hook, hook, memory_order_release);
  bool done = install(0) && install(1);
  installed = installed || done;
  wm_mutex_unlock(&install_lock);
  return done;
}

bool wm_os_null_faults(void) {
  unsigned char resident;
  return mincore(NULL, 1, &resident) != 0;
}
