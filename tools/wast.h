/* `wasm wast`: runs scripts of the official test suite through the public API. */
#ifndef WASM_TOOL_WAST_H
#define WASM_TOOL_WAST_H

#include "base/vec.h"
#include "text/wast.h"

#include <wasmx.h>

/* ---- values (wast_values.c) ---- */

/* The host's numbered references of a script, made on demand. */
typedef struct HostRefs {
  wasm_store_t *store;
  struct {
    wasm_foreign_t **data;
    u32 len, cap;
  } refs; /* by number */
} HostRefs;

void host_refs_free(HostRefs *h);

/* Puts an argument into *slots; returns how many slots it takes. */
u32 value_to_slots(HostRefs *h, const WastValue *value, wasmx_slot_t *slots);

/* Whether the result in `slots`, of kind `kind`, is what `expected` allows. */
bool value_matches(HostRefs *refs, const WastValue *expected, wasm_valkind_t kind,
                   const wasmx_slot_t *slots);

/* The kind of type that the value can be an argument for. */
bool value_fits(const WastValue *value, wasm_valkind_t kind);

/* "i32 0x2a (42)" and the like. Returns out. */
const char *value_print(HostRefs *h, const WastValue *value, char *out, size_t size);
const char *slots_print(HostRefs *h, wasm_valkind_t kind, const wasmx_slot_t *slots, char *out,
                        size_t size);

/* ---- scripts (wast.c) ---- */

/* A memory of a shared instance, in the store of the thread that it is shared with. */
typedef struct SharedMemory {
  char *name; /* owned: `len` bytes */
  size_t len;
  wasm_memory_t *memory;
} SharedMemory;

/* A thread of a script (wast_thread.c). */
typedef struct ScriptThread ScriptThread;

/* An instance, definition or import name of the script; when its module was refused, `proposal`. */
typedef struct Entry {
  char *id; /* owned; NULL: has no name */
  wasm_instance_t *instance;
  wasm_module_t *module;
  const char *proposal;
  bool is_shared; /* with the thread that runs this script: there are only */
  Vec(SharedMemory) memories;
} Entry;

typedef struct Counts {
  u32 passed, failed, skipped;
} Counts;

/* Runs one script at a time, or the commands of one thread. */
typedef struct Runner {
  const char *path;
  bool strict;            /* messages of assert_malformed and assert_invalid must fit as well */
  bool allow_interpreted; /* what the tier should have compiled may be interpreted */
  bool expect_compiled;   /* something must be compiled */
  bool each_file;         /* a line for each script */
  wasm_engine_t *engine;
  wasm_store_t *store;
  wasmx_linker_t *linker;
  HostRefs refs;
  WastScript *script;
  const WastCommand *command;
  Vec(Entry) instances;   /* the last one is the current one */
  Vec(Entry) definitions; /* likewise */
  Vec(Entry) refused;     /* import names whose instance is missing */
  Vec(ScriptThread *) threads;
  Counts counts;
  Counts proposals[FEATURE_COUNT + 1]; /* skipped by proposal; the last: others */
} Runner;

enum { MAX_VALUES = 1000 };

typedef struct Result {
  wasm_trap_t *trap; /* own */
  u32 count;
  wasm_valkind_t kinds[MAX_VALUES];
  wasmx_slot_t slots[2 * MAX_VALUES];
} Result;

void pass(Runner *r);
/* May be called by several threads at once, each for its own runner. */
void fail(Runner *r, const char *format, ...) PRINTF_LIKE(2, 3);

/* A copy with a zero behind it, malloc'ed; NULL: out of memory. */
char *copy_name(Name name);
/* The newest entry of that id, or the newest of all for an empty one; NULL: none. */
Entry *find_entry(Entry *entries, u32 count, Name id);

/* A store for `script`, which is owned from now on and may be NULL. False: out of memory; either
 * way end_script gives back what the script holds. */
bool begin_script(Runner *r, WastScript *script);
void run_commands(Runner *r, Result *out);
void end_script(Runner *r);

/* ---- threads (wast_thread.c) ---- */

/* Starts the thread that is the current command. */
void run_thread(Runner *r);
/* Waits for the thread that the current command names: from then on its counts are the runner's. */
void run_wait(Runner *r);
/* Waits for those that nobody waited for. */
void end_threads(Runner *r);
/* Defines what was shared under an import name. False: out of memory. */
bool register_shared(Runner *r, Name name, const Entry *entry);
void free_memories(Entry *entry);

#endif
