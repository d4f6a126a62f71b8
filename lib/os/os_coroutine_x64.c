/* Coroutines on x86-64 with the System V ABI (os_coroutine.h). */
#include "os/os_coroutine.h"

#include <unwind.h>

#if WITH_VALGRIND
#include <valgrind/valgrind.h>
#else
#define VALGRIND_STACK_REGISTER(low, high) 0
#define VALGRIND_STACK_DEREGISTER(id)      ((void)(id))
#endif

/* ---- os_switch_x64.S ---- */
void wm_switch_x64(void **from_sp, void *to_sp);
void wm_switch_first_frame(void);

/* ---- the sanitizers ----
 * Part of who switches: a function of their own would begin on one side and end on the other. */

#if defined(__has_feature)
#define HAS_FEATURE(name) __has_feature(name)
#else
#define HAS_FEATURE(name) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || HAS_FEATURE(address_sanitizer)
#include <sanitizer/asan_interface.h>
/* To the other side; for good when `ends`. */
static ALWAYS_INLINE void tell_departure(StackContext *from, const StackContext *to, bool ends) {
  __sanitizer_start_switch_fiber(ends ? NULL : &from->fake_stack, to->bottom, to->size_bytes);
}
static ALWAYS_INLINE void tell_arrival(StackContext *here, StackContext *from) {
  __sanitizer_finish_switch_fiber(here->fake_stack, &from->bottom, &from->size_bytes);
}
/* Frames that were left early have their marks still there. */
static ALWAYS_INLINE void tell_begin(StackContext *c) {
  c->fake_stack = NULL;
  c->bottom = c->range.low;
  c->size_bytes = (size_t)(c->range.high - c->range.low);
  __asan_unpoison_memory_region(c->bottom, c->size_bytes);
}
static ALWAYS_INLINE void tell_end(StackContext *c) { (void)c; }

#elif defined(__SANITIZE_THREAD__) || HAS_FEATURE(thread_sanitizer)
#include <sanitizer/tsan_interface.h>
static ALWAYS_INLINE void tell_departure(StackContext *from, const StackContext *to, bool ends) {
  (void)ends;
  from->fiber = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(to->fiber, 0);
}
static ALWAYS_INLINE void tell_arrival(StackContext *here, StackContext *from) {
  (void)here, (void)from;
}
static ALWAYS_INLINE void tell_begin(StackContext *c) { c->fiber = __tsan_create_fiber(0); }
static ALWAYS_INLINE void tell_end(StackContext *c) {
  if (c->fiber) __tsan_destroy_fiber(c->fiber);
  c->fiber = NULL;
}

#else
static ALWAYS_INLINE void tell_departure(const StackContext *from, const StackContext *to,
                                         bool ends) {
  (void)from, (void)to, (void)ends;
}
static ALWAYS_INLINE void tell_arrival(const StackContext *here, const StackContext *from) {
  (void)here, (void)from;
}
static ALWAYS_INLINE void tell_begin(const StackContext *c) { (void)c; }
static ALWAYS_INLINE void tell_end(const StackContext *c) { (void)c; }
#endif

/* ---- C++ ---- */

/* The C++ ABI's own struct: what the thread's innermost handler handles, and so on outwards. */
typedef struct CxaGlobals {
  void *caught;
  unsigned uncaught;
} CxaGlobals;
/* There where C++ is. NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
extern CxaGlobals *__cxa_get_globals(void) __attribute__((weak));

static void change_handled(StackContext *from, const StackContext *to) {
  if (!__cxa_get_globals) return;
  CxaGlobals *now = __cxa_get_globals();
  from->caught = now->caught;
  from->uncaught = now->uncaught;
  *now = (CxaGlobals){to->caught, to->uncaught};
}

/* ---- switching ---- */

/* All that is the thread's is touched before the switch: behind it the thread may be another. */
static ALWAYS_INLINE void change(StackContext *from, StackContext *to, bool ends) {
  from->range = wm_os_change_stack(to->range);
  change_handled(from, to);
  tell_departure(from, to, ends);
  wm_switch_x64(&from->sp, to->sp);
  tell_arrival(from, to);
}

static NOINLINE void go_over(StackContext *from, StackContext *to) { change(from, to, false); }

static _Noreturn void end(Coroutine *c) {
  c->has_ended = true;
  change(&c->own, &c->back, true);
  __builtin_unreachable();
}

static _Noreturn void run_first(Coroutine *c) {
  tell_arrival(&c->own, &c->back);
  c->run(c->env);
  end(c);
}

/* It is still on its way when it goes on on the other side. */
static _Noreturn void be_left(Coroutine *c, void *exception) {
  c->exception = exception;
  if (__cxa_get_globals) c->back.uncaught += __cxa_get_globals()->uncaught;
  end(c);
}

/* ---- coroutines ---- */

bool wm_os_has_coroutines(void) { return true; }

void wm_os_coroutine_init(Coroutine *c, StackRange range) {
  *c = (Coroutine){.own.range = range, .has_ended = true};
  c->valgrind = VALGRIND_STACK_REGISTER(range.low, range.high);
}

void wm_os_coroutine_fini(Coroutine *c) { VALGRIND_STACK_DEREGISTER(c->valgrind); }

/* What wm_switch_x64 takes from a stack; the first frame calls r12 and r13. */
typedef struct SavedFrame {
  u32 mxcsr;
  u16 x87;
  u64 r15, r14, r13, r12, rbx, rbp;
  const void *back;
  u64 end[2]; /* no return address of anybody; aligned as behind a call */
} SavedFrame;
_Static_assert(sizeof(SavedFrame) % 16 == 0, "the first frame is aligned");

/* With the float modes that there are now. */
void wm_os_coroutine_begin(Coroutine *c, void (*run)(void *env), void *env) {
  SavedFrame *frame = (SavedFrame *)(void *)c->own.range.high - 1;
  tell_begin(&c->own);
  *frame = (SavedFrame){.rbx = (u64)(uintptr_t)c,
                        .r12 = (u64)(uintptr_t)run_first,
                        .r13 = (u64)(uintptr_t)be_left,
                        .back = (const void *)(uintptr_t)&wm_switch_first_frame};
  __asm__ volatile("stmxcsr %0" : "=m"(frame->mxcsr));
  __asm__ volatile("fnstcw %0" : "=m"(frame->x87));
  c->own.sp = frame;
  c->own.caught = NULL;
  c->own.uncaught = 0;
  c->run = run;
  c->env = env;
  c->exception = NULL;
  c->has_ended = false;
}

void wm_os_coroutine_abandon(Coroutine *c) {
  if (!c->has_ended) tell_end(&c->own);
  c->has_ended = true;
}

void wm_os_coroutine_enter(Coroutine *c) {
  go_over(&c->back, &c->own);
  if (UNLIKELY(c->has_ended)) tell_end(&c->own);
}

void wm_os_coroutine_leave(Coroutine *c) { go_over(&c->own, &c->back); }

void wm_os_coroutine_lose(Coroutine *c) {
  c->has_ended = true;
  (void)wm_os_change_stack(c->back.range);
  change_handled(&c->own, &c->back);
  tell_departure(&c->own, &c->back, true);
  tell_arrival(&c->back, &c->own);
  tell_end(&c->own);
}

void wm_os_throw_on(void *exception) { _Unwind_Resume_or_Rethrow(exception); }
