/* An engine: configuration, the type registry, the memory pool. Loads modules and hands them to the
 * interpreter and to the compiler (tiers.h). Every function may be called from any thread, on a
 * store from one at a time. */
#ifndef WM_ENGINE_ENGINE_H
#define WM_ENGINE_ENGINE_H

#include "jit/jit.h"
#include "valid/valid.h"

/* auto: what is hot is compiled; jit: everything when it is loaded. */
typedef enum Tier { TIER_AUTO, TIER_INTERP, TIER_JIT } Tier;

/* Makes a mangled name readable, for people: true with text in out[size], zero-terminated. */
typedef bool (*Demangle)(const char *name, char *out, size_t size);

typedef struct Config {
  FeatureSet features;
  u64 stack_bytes;        /* value stack of a store */
  u64 native_stack_bytes; /* native stack that nested entries may use below the outermost one */
  bool fuel;              /* charge it */
  bool canonical_nan;     /* in every tier */
  bool relaxed_fast;      /* compiled code may give another of a relaxed row's results */

  Tier tier;           /* read as TIER_INTERP where nothing can be compiled */
  u32 compile_threads; /* 0: in the thread that runs */
  bool signals; /* faults tell the ends of memories, where there is address space for guards */
  u32 profile;  /* DEBUG_ of jit/debug.h */
  /* Calls of a function, and rounds of its loops, before it is compiled; 0: at once. */
  u32 call_threshold, loop_threshold;
  char cache[512];             /* folder of the cache; "": none is kept (auto and jit) */
  u64 cache_bytes;             /* that its files may have, together */
  Demangle demangle;           /* or NULL */
  MemorySource *memory_source; /* of linear memories; an engine takes a count of its own. Or NULL */
  u32 heap_stress;             /* for tests: HeapStress (runtime/heap.h) */
  bool heap_full_only;         /* for comparison: the young are not collected apart */
  /* Stress modes for tests; `cpu` is what may be used of what there is. The rest follows from the
   * above. */
  JitOptions jit;
} Config;

#define DEFAULT_CACHE_BYTES (UINT64_C(1) << 30)
Config wm_config_default(void);
/* Whether there is another tier than the interpreter. */
bool wm_config_can_compile(void);

typedef struct Engine Engine;

/* Counted: the creator holds one count, each store and module one. config NULL: the default. NULL:
 * out of memory. */
Engine *wm_engine_new(const Config *config);
/* What the host hangs on an engine: set once, by whichever thread is first. Owned by who has it. */
typedef struct HostNote {
  void *info;
  void (*finalizer)(void *); /* or NULL */
} HostNote;
/* Runs the finalizer; NULL is allowed. */
void wm_host_note_free(HostNote *note);
/* Takes the note; false: there is one already, and this one stays the caller's. */
bool wm_engine_set_note(Engine *engine, HostNote *note);
const HostNote *
wm_engine_note(const Engine *engine); /* borrowed; NULL: none. Signal handlers too */
void wm_engine_retain(Engine *engine);
void wm_engine_release(Engine *engine);
TypeRegistry *wm_engine_types(Engine *engine); /* borrowed */
bool wm_engine_charges_fuel(const Engine *engine);
Demangle wm_engine_demangle(const Engine *engine);
/* What became of memories (runtime/pool.h). */
PoolStats wm_engine_pool_stats(const Engine *engine);
/* How functions are compiled. */
JitOptions wm_engine_jit_options(const Engine *engine);

/* Decodes and validates `bytes` (copied) and makes its functions callable. One reference is the
 * caller's. NULL with err set. Any thread. */
LoadedModule *wm_engine_load(Engine *engine, const u8 *bytes, size_t size, Error *err);
/* The same in two steps: the functions can be called after the first; compiled by the second, in
 * the jit tier, unless they are already. */
LoadedModule *wm_engine_read(Engine *engine, const u8 *bytes, size_t size, Error *err);
void wm_engine_compile(LoadedModule *lm);
/* The module with what is compiled of it, and back (artifact.h). False: out of memory. */
bool wm_engine_serialize(LoadedModule *lm, Buffer *out);
LoadedModule *wm_engine_deserialize(Engine *engine, const u8 *bytes, size_t size, Error *err);
/* Both from a file: `bytes`, from malloc, are taken over; an artifact is read as it is used, from a
 * file that is this user's own or root's and that nobody else may write. */
LoadedModule *wm_engine_load_owned(Engine *engine, u8 *bytes, size_t size, Error *err);
LoadedModule *wm_engine_deserialize_file(Engine *engine, const char *path, Error *err);
/* Of a part of the file: `size` bytes, or what there is, at `at`. */
LoadedModule *wm_engine_deserialize_part(Engine *engine, const char *path, u64 at, u64 size,
                                         Error *err);
/* Of bytes that stay as they are until the module's end (its `release`). */
LoadedModule *wm_engine_load_borrowed(Engine *engine, const u8 *bytes, size_t size, Error *err);
/* Decodes and validates only; false with err (may be NULL) set. */
bool wm_engine_validate(Engine *engine, const u8 *bytes, size_t size, Error *err);

/* A store in this engine; holds a count of it until wm_engine_store_delete. NULL: out of memory. */
Store *wm_engine_store_new(Engine *engine);
/* One for another thread of the same program: in the same engine, with the same account and
 * deadline. Called by the thread of the other. */
Store *wm_engine_store_new_beside(const Store *other);
/* Interrupts the store that long from now; 0: not, and takes an interrupt back. Replaces the
 * deadline before. False: no thread, or out of memory. */
bool wm_engine_set_deadline(Store *store, u64 nanoseconds);
/* As wm_store_delete (runtime/store.h), whose false it hands on. */
bool wm_engine_store_delete(Store *store);

#endif
