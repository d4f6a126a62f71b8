/* What a call from the host, or an instantiation, is given for itself, and holds for all that runs
 * inside it. A scope lies on the value stack, right above the activation of its entry, so that it
 * stays what it is when a longjmp leaves the call (activation.h). The scopes of a store are a
 * chain, the innermost first:
 *
 *   store->activation->entry->scope -> scope -> outer ... -> NULL
 *
 * Fuel. Store.fuel is what the innermost scope with fuel of its own has left; each such scope keeps
 * what those around it have besides, for when it ends. */
#ifndef WM_RUNTIME_SCOPE_H
#define WM_RUNTIME_SCOPE_H

#include "runtime/interrupt.h"
#include "runtime/object.h"

typedef struct CallOptions {
  u64 deadline_ns;      /* by wm_os_monotonic_ns; 0: none */
  u64 fuel;             /* 0: none of its own */
  Interrupt *interrupt; /* one for calls, or NULL */
  u64 fuel_left;        /* out: of `fuel`, once the call has returned */
} CallOptions;

typedef struct CallScope {
  struct CallScope *outer; /* around it, or NULL */
  u64 deadline_ns;         /* its own; 0: none */
  u64 until_ns;            /* the first of its own and of those around it; 0: none */
  bool has_fuel;
  i64 kept_fuel; /* of those around it */
  u64 fuel_left; /* when it has ended */
  InterruptUse use;
} CallScope;
enum { SCOPE_SLOTS = (sizeof(CallScope) + sizeof(u64) - 1) / sizeof(u64) };

typedef struct Activation Activation;

/* The scope that the entry began with; NULL: none, or only those around it. */
CallScope *wm_scope_of_entry(const Activation *entry);
/* The innermost entry, which was just begun, gets a scope: at the top of the value stack, where
 * there must be room for it. False: out of memory; it is to be ended all the same. */
bool wm_scope_begin(Store *store, Activation *entry, const CallOptions *options);
/* The entry was the innermost, and is off the store. */
void wm_scope_end(Store *store, const Activation *entry);
/* The entry was taken out from below others. */
void wm_scope_take_out(Store *store, const Activation *entry);

#endif
