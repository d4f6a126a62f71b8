/* The interpreter, from outside. Design: cells of 8-byte words, threaded code, register-style over
 * frame slots (runtime/frame.h), translated at a function's first call. */
#ifndef WM_INTERP_INTERP_H
#define WM_INTERP_INTERP_H

#include "base/buffer.h"
#include "runtime/instance.h"

/* Makes lm's functions ready: every FuncCode gets the "translate me" cell, its entry and its
 * counts, and lm->offset_of is set. Called once when a module is loaded. */
void wm_interp_prepare(LoadedModule *lm);

/* Registers the special cells in the store. Host functions need none: they are called as they are.
 */
void wm_interp_prepare_store(Store *store);

/* ---- what a call runs first: stub.c ---- */
/* The function's stub runs this handler (HandlerId) from now on, and every call the stub. */
void wm_stub_run(FuncCode *code, u32 handler);
/* LoadedModule.on_native. */
void wm_stub_on_native(FuncCode *code, const NativeBody *body);
/* Translates now, unless that was done; false: out of memory. Takes the module's lock. */
bool wm_interp_translate(FuncCode *code);

/* How often a function was called that runs its cells and is counted; else 0. Any thread. */
u32 wm_interp_calls(const FuncCode *code);
/* The function runs its cells without being counted. Takes the module's lock. */
void wm_interp_stop_counting(FuncCode *code);

/* ---- where cells come from: places.c ---- */
/* LoadedModule.offset_of. */
u32 wm_places_offset_of(const FuncCode *code, const void *pc);
/* What is known of the loop that begins at the cell `pc`; loop_offset is 0 when none does. Made
 * when there is none yet (*is_new). NULL: out of memory. Takes the module's lock. */
OsrEntry *wm_interp_osr_entry(FuncCode *code, const void *pc, bool *is_new);

/* The internal code as text, one cell a line, for debugging. */
void wm_interp_dump(FuncCode *code, Buffer *out);

#endif
