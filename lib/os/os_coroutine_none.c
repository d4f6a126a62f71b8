/* A machine for which nobody wrote coroutines (os_coroutine.h). */
#include "os/os_coroutine.h"

bool wm_os_has_coroutines(void) { return false; }
void wm_os_coroutine_init(Coroutine *c, StackRange range) { (void)c, (void)range; }
void wm_os_coroutine_fini(Coroutine *c) { (void)c; }
void wm_os_coroutine_begin(Coroutine *c, void (*run)(void *env), void *env) {
  (void)c, (void)run, (void)env;
}
void wm_os_coroutine_abandon(Coroutine *c) { (void)c; }
void wm_os_coroutine_enter(Coroutine *c) { (void)c; }
void wm_os_coroutine_leave(Coroutine *c) { (void)c; }
void wm_os_coroutine_lose(Coroutine *c) { (void)c; }
void wm_os_throw_on(void *exception) { (void)exception; }
