/* Callbacks that are left by longjmp, or by the end of their thread (abandon.h). */
#include "api/abandon.h"

#include <pthread.h>
#include <setjmp.h>

enum { MAX_ATTEMPTS = 8 };
static bool by_cancelling;
static jmp_buf *places[MAX_ATTEMPTS];
static int attempts;

static bool attempt_by_longjmp(void (*run)(void *), void *env) {
  jmp_buf place;
  volatile int depth = attempts;
  places[attempts++] = &place;
  bool left = setjmp(place) != 0;
  if (!left) run(env);
  attempts = depth;
  return left;
}

typedef struct Work {
  void (*run)(void *);
  void *env;
} Work;

static void *work(void *env) {
  Work *w = env;
  w->run(w->env);
  return env;
}

static bool attempt_by_cancelling(void (*run)(void *), void *env) {
  pthread_t thread;
  Work w = {run, env};
  void *result = NULL;
  REQUIRE(pthread_create(&thread, NULL, work, &w) == 0);
  REQUIRE(pthread_join(thread, &result) == 0);
  return result == PTHREAD_CANCELED;
}

static bool attempt(void (*run)(void *), void *env) {
  return by_cancelling ? attempt_by_cancelling(run, env) : attempt_by_longjmp(run, env);
}

static void leave(void) {
  if (!by_cancelling) longjmp(*places[attempts - 1], 1);
  pthread_cancel(pthread_self());
  pthread_testcancel();
}

int main(void) {
  if (!wasmx_has("text")) return 77;
  abandon_everywhere(true);
  by_cancelling = true;
  abandon_everywhere(false);
  return 0;
}
