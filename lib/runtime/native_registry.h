/* The process-wide registry of regions: whose compiled code is at an address? One of the few things
 * that hang on no engine, because who asks has only the address: the handler of a fault, a return
 * address on a stack.
 *
 *   registry -> [ 64 entries ] -> [ 64 entries ] -> ...        blocks are added, never freed
 *                  version | start | end | module
 *
 * Look-ups take no lock, so that a signal handler may do them. Whoever changes an entry makes its
 * version odd meanwhile, and a reader passes over such an entry: it cannot be the one that the
 * reader's own code is in. */
#ifndef WM_RUNTIME_NATIVE_REGISTRY_H
#define WM_RUNTIME_NATIVE_REGISTRY_H

#include "runtime/code.h"

/* The module's region begins to be found, under its number NativeRegion.registration. Any thread.
 * False: out of memory. */
bool wm_native_register(LoadedModule *lm);
/* The region is found no more, and its number is free for another one. */
void wm_native_unregister(LoadedModule *lm);
/* The module whose region holds `pc`, or NULL. Any thread, and signal handlers. */
const LoadedModule *wm_native_module_at(const void *pc);

#endif
