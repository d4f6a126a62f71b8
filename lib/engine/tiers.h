/* What is compiled when. In the jit tier a module's functions are compiled when it is loaded, by
 * the caller and the engine's threads together; in the auto tier those that the interpreter finds
 * hot, and from loops on where it runs long, by a queue that the threads work off (without threads:
 * in the thread that asks). Threads are started with the first work for them. */
#ifndef WM_ENGINE_TIERS_H
#define WM_ENGINE_TIERS_H

#include "engine/engine.h"

/* What was compiled so far. */
typedef struct TierStats {
  /* Looked up in the modules, those that ended included: functions that they define, those of them
   * that have machine code (of whatever origin), and loops that have. The others are interpreted.
   */
  u64 defined, native_functions, native_loops;
  /* Counted when it happened: */
  u64 asked;                      /* functions and loops that were to be compiled */
  u64 functions, replacements;    /* that were; replacements: from a loop on */
  u64 failures[JIT_RESULT_COUNT]; /* by JitResult */
  u64 meaning_calls;              /* instructions that call their meaning (runtime/meanings.h) */
  u64 wasm_bytes, code_bytes, compile_ns;
  char trouble[160]; /* of the first NOT_IMPLEMENTED or TROUBLE, or "" */
} TierStats;

typedef struct Tiers Tiers;

/* For an engine with another tier than TIER_INTERP. NULL: out of memory. */
Tiers *wm_tiers_new(const Config *config, const JitOptions *options);
/* The engine ends: it has no module any more. Stops the threads. */
void wm_tiers_delete(Tiers *tiers);

/* Whether this processor runs compiled code; if so *cpu is what it offers (Machine.cpu). */
bool wm_tiers_available(u32 *cpu);
/* A module was loaded: its functions may be compiled from now on. */
void wm_tiers_adopt(Tiers *tiers, LoadedModule *lm);
/* The module ends: nothing of it is compiled any more. */
void wm_tiers_forget(LoadedModule *lm);
/* Compiles what is not compiled yet. Functions that cannot be stay interpreted. */
void wm_tiers_compile_all(Tiers *tiers, LoadedModule *lm);
/* The same of those that ran, and how many bytes of wasm they have. */
void wm_tiers_compile_called(Tiers *tiers, LoadedModule *lm);
u64 wm_tiers_called_bytes(const LoadedModule *lm);
TierStats wm_tiers_stats(Tiers *tiers);
static inline u64 tier_failures(const TierStats *stats) {
  u64 sum = 0;
  for (u32 i = 0; i < JIT_RESULT_COUNT; i++) sum += stats->failures[i];
  return sum;
}
/* All zero without a compiler (engine.c). */
TierStats wm_engine_tier_stats(const Engine *engine);

#endif
