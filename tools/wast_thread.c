/* Threads of scripts, as the threads proposal's have them:
 *
 *   (thread $T (shared (module $M)) command*)    (wait $T)
 *
 * A thread is a runner of its own: it has a store, names and import names of its own, and of its
 * parent's instances those that are shared with it. Their exports must be shared memories, which
 * are all that stores can have in common. What a thread counts is its parent's once it has ended.
 */
#include "tools/wast.h"

#include "os/os.h"

#include <stdlib.h>

struct ScriptThread {
  char *id; /* owned; NULL: has no name */
  Thread thread;
  bool runs; /* and was not waited for */
  Runner runner;
  Result result;
};

/* ---- shared instances ---- */

void free_memories(Entry *entry) {
  for (u32 i = 0; i < entry->memories.len; i++) {
    free(entry->memories.data[i].name);
    wasm_memory_delete(entry->memories.data[i].memory);
  }
  vec_free(&entry->memories);
}

bool register_shared(Runner *r, Name name, const Entry *entry) {
  bool ok = true;
  for (u32 i = 0; i < entry->memories.len; i++) {
    const SharedMemory *m = &entry->memories.data[i];
    ok = ok && wasmx_linker_define_n(r->linker, (const char *)name.bytes, name.len, m->name, m->len,
                                     wasm_memory_as_extern_const(m->memory));
  }
  return ok;
}

/* The same memory in another store; NULL when it is not shared. */
static wasm_memory_t *obtain(wasm_store_t *store, const wasm_memory_t *memory) {
  wasmx_shared_memory_t *shared = memory ? wasmx_memory_share(memory) : NULL;
  wasm_memory_t *same = shared ? wasmx_memory_obtain(store, shared) : NULL;
  wasmx_shared_memory_delete(shared);
  return same;
}

/* Adds a memory to those of `entry`, which are in `store`. */
static bool share_memory(wasm_store_t *store, Entry *entry, Name name,
                         const wasm_memory_t *memory) {
  SharedMemory *slot = vec_push(&entry->memories);
  if (!slot) return false;
  *slot = (SharedMemory){copy_name(name), name.len, obtain(store, memory)};
  return slot->name && slot->memory;
}

static bool share_exports(wasm_store_t *store, Entry *entry, const Entry *from) {
  wasm_exporttype_vec_t types;
  wasm_extern_vec_t exports;
  wasm_module_exports(from->module, &types);
  wasm_instance_exports(from->instance, &exports);
  bool ok = types.size == exports.size;
  for (size_t i = 0; ok && i < exports.size; i++) {
    const wasm_name_t *name = wasm_exporttype_name(types.data[i]);
    ok = share_memory(store, entry, (Name){(const u8 *)name->data, (u32)name->size},
                      wasm_extern_as_memory(exports.data[i]));
  }
  wasm_exporttype_vec_delete(&types);
  wasm_extern_vec_delete(&exports);
  return ok;
}

/* What was shared with the parent. */
static bool share_again(wasm_store_t *store, Entry *entry, const Entry *from) {
  bool ok = true;
  for (u32 i = 0; ok && i < from->memories.len; i++) {
    const SharedMemory *m = &from->memories.data[i];
    ok = share_memory(store, entry, (Name){(const u8 *)m->name, (u32)m->len}, m->memory);
  }
  return ok;
}

/* Gives the thread an instance of its parent's under the same name. */
static bool share(Runner *r, Runner *thread, Name id) {
  const Entry *from = find_entry(r->instances.data, r->instances.len, id);
  Entry *entry = from ? vec_push(&thread->instances) : NULL;
  if (!entry) return false;
  *entry = (Entry){.id = copy_name(id), .proposal = from->proposal, .is_shared = !from->proposal};
  if (from->proposal) return true;
  if (from->is_shared) return share_again(thread->store, entry, from);
  return from->instance && from->module && share_exports(thread->store, entry, from);
}

/* ---- threads ---- */

static void *run(void *env) {
  ScriptThread *t = env;
  run_commands(&t->runner, &t->result);
  return NULL;
}

static void free_thread(ScriptThread *t) {
  free(t->id);
  free(t);
}

/* Everything the thread needs, made by its parent: from its start on it is the thread's. NULL: told
 * already. */
static ScriptThread *prepare(Runner *r) {
  const WastCommand *c = r->command;
  ScriptThread *t = calloc(1, sizeof *t);
  if (!t) {
    fail(r, "out of memory");
    return NULL;
  }
  t->id = c->id.len ? copy_name(c->id) : NULL;
  t->runner = (Runner){.path = r->path, .strict = r->strict, .engine = r->engine};
  bool ok = begin_script(&t->runner, wm_wast_open_thread(r->script, c));
  if (!ok) fail(r, "out of memory");
  for (u32 i = 0; ok && i < c->shared_count; i++) {
    ok = share(r, &t->runner, c->shared[i]);
    if (!ok)
      fail(r, "no instance $%.*s, or not all of it is shared memories", (int)c->shared[i].len,
           (const char *)c->shared[i].bytes);
  }
  if (ok) return t;
  end_script(&t->runner);
  free_thread(t);
  return NULL;
}

void run_thread(Runner *r) {
  ScriptThread *t = prepare(r);
  if (!t) return;
  ScriptThread **slot = vec_push(&r->threads);
  if (slot) *slot = t;
  t->runs = slot && wm_thread_start(&t->thread, run, t);
  if (t->runs) {
    pass(r);
    return;
  }
  fail(r, "there is no thread to be had");
  if (slot) r->threads.len--;
  end_script(&t->runner);
  free_thread(t);
}

static void add_counts(Counts *to, const Counts *counts) {
  to->passed += counts->passed;
  to->failed += counts->failed;
  to->skipped += counts->skipped;
}

static void join(Runner *r, ScriptThread *t) {
  if (!t->runs) return;
  wm_thread_join(t->thread);
  end_script(&t->runner);
  t->runs = false;
  add_counts(&r->counts, &t->runner.counts);
  for (u32 f = 0; f <= FEATURE_COUNT; f++) add_counts(&r->proposals[f], &t->runner.proposals[f]);
}

static bool is_named(const ScriptThread *t, Name id) {
  return !id.len || (t->id && strlen(t->id) == id.len && !memcmp(t->id, id.bytes, id.len));
}

void run_wait(Runner *r) {
  for (u32 i = r->threads.len; i-- > 0;)
    if (is_named(r->threads.data[i], r->command->id)) {
      join(r, r->threads.data[i]);
      pass(r);
      return;
    }
  fail(r, "no such thread");
}

void end_threads(Runner *r) {
  for (u32 i = 0; i < r->threads.len; i++) {
    join(r, r->threads.data[i]);
    free_thread(r->threads.data[i]);
  }
  vec_free(&r->threads);
}
