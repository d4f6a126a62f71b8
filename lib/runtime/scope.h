/* What a call from the host, or an instantiation, is given for itself, and holds for all that runs
 * inside it. A scope lies on the value stack, right above the activation of its entry, so that it
 * stays what it is when a longjmp leaves the call (activation.h). The scopes of a store are a
 * chain, the innermost first:
 *
 *   store->activation->entry->scope -> scope -> outer ... -> NULL
 *
 * Fuel. Store.fuel is what the innermost scope with fuel of its own has left; each such scope keeps
 * what those around it have besides, for when it ends.
 *
 * A call that can be suspended (fiber.h) has a chain of its own, in force while it runs: inside
 * that of who resumed it. It burns the resumer's fuel, and no more of its own than that has. */
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
  i64 held_fuel; /* its own, but not to be burnt: that who resumed it has not; all, when suspended
                  */
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

/* ---- of calls that can be suspended ---- */

/* When what runs must have ended; 0: never. */
u64 wm_scope_until(const Store *store);
/* Has the store told at that time. False: out of memory, and nothing is changed. */
bool wm_scope_set_clock(Store *store);
/* The store's chain was just put in the place of the resumer's, and comes into force; is about to
 * be taken out of it again. Both leave the clock alone. */
void wm_scopes_go_on(Store *store);
void wm_scopes_pause(Store *store);
/* Nobody will go on with the chain of these activations, which is not in force. */
void wm_scopes_forget(const Activation *innermost);

#endif
