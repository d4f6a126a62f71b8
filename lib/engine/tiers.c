/* The queue of what is to be compiled, and the threads that do it (tiers.h).
 *
 * A worker holds no lock while it compiles. What it works for is noted, so that a module that ends
 * takes its jobs back and waits for what is under way: nothing here keeps a module alive. */
#include "engine/tiers.h"

#include "binary/names.h"
#include "engine/image.h"
#include "interp/interp.h"
#include "jit/debug.h"
#include "jit/hints.h"
#include "jit/jit.h"

#include <stdio.h>
#include <stdlib.h>

enum {
  MAX_THREADS = 64,
  CHUNK_FUNCTIONS = 8,     /* taken at once when all are compiled, so that neighbours stay so */
  BATCH_BYTES = 256 << 10, /* of code that is published together, at least */
  BATCH_JOBS = 4,          /* from the queue */
  FIRST_HOTNESS = 1024, /* what being in the queue at all is worth, in the interpreter's credits */
  BYTES_OF_A_JOB = 256, /* what each costs beside its size, in bytes of wasm */
  BATCH_NS = 2000000,   /* after which a batch from the queue is published */
  ASKED_AT_ONCE = 64,   /* of what ran and is not hot */
  MIN_PAUSE_NS = 4000000, /* between two looks at what ran, and */
  PAUSE_FACTOR = 20,      /* as often as long as a look takes */
};

typedef struct Job Job;
struct Job {
  Job *next;
  FuncCode *code;
  OsrEntry *osr; /* NULL: the whole function */
};

/* A module all of which is being compiled; on the stack of who wants it. */
typedef struct Load Load;
struct Load {
  Load *next;
  LoadedModule *module;
  _Atomic u32 claimed; /* functions that somebody took */
  u32 count;
  bool called_only;   /* of what is left those that ran */
  u32 helpers;        /* threads at it, under the lock */
  const void *thread; /* whose it is: wm_os_thread_token */
};

typedef struct Worker {
  Thread thread;
  Tiers *tiers;
  Compile *compiler;          /* the thread's */
  const LoadedModule *module; /* it works for, under the lock; or NULL */
  Job *jobs;                  /* owned: that it took from the queue, until they are done */
  _Atomic bool stop;          /* the module ends: what is not compiled need not be */
} Worker;

struct Tiers {
  JitOptions options;
  TierHooks hooks;
  u32 profile;
  Mutex lock;
  CondVar work, rest; /* there is something to do; somebody is done */
  ForkWatch forks;
  Job *jobs, **jobs_end; /* owned */
  Load *loads;           /* borrowed */
  bool ends;
  bool keeps;               /* what is compiled, for other runs */
  u32 max_threads, started; /* fewer once one could not be started */
  Worker workers[MAX_THREADS];
  Compile *spare;        /* owned: of threads that are not ours; the last one used */
  LoadedModule *modules; /* that are alive; borrowed */
  TierStats stats;       /* of what is looked up: the modules that ended */
};

bool wm_tiers_available(u32 *cpu) {
  *cpu = wm_jit_machine.cpu();
  return wm_jit_machine.available();
}

/* ---- compiling ---- */

/* What one thread compiled and has not published. */
typedef struct Batch {
  Tiers *tiers;
  LoadedModule *module;
  Compile *compiler;
  JitDraft *drafts;
  TierStats stats; /* not yet in the tiers' */
  u64 bytes;
} Batch;

static void on_body_free(NativeBody *body) { wm_debug_forget(body->debug); }

/* Under the module's lock. Without memory for the list a body has only its number. */
static void print_name(LoadedModule *lm, u32 func_index, char *out, size_t size) {
  if (!lm->func_names) lm->func_names = wm_names_list_funcs(&lm->module);
  const Name *name = lm->func_names ? &lm->func_names[func_index] : NULL;
  if (name && name->bytes)
    wm_escape(out, size, name->bytes, name->len);
  else
    snprintf(out, size, "func %u", func_index);
}

/* Names are for people: unwinding does without, and without what a look at them costs. */
static void tell(LoadedModule *lm, NativeBody *body) {
  u32 profile = ((const Tiers *)lm->tier_state)->profile;
  char name[256] = "";
  if (profile & ~(u32)DEBUG_UNWIND) print_name(lm, body->func_index, name, sizeof name);
  body->debug = wm_debug_body(profile, body, name);
}

static void note(Tiers *tiers, const TierStats *s) {
  TierStats *sum = &tiers->stats;
  wm_mutex_lock(&tiers->lock);
  sum->asked += s->asked;
  sum->functions += s->functions;
  sum->replacements += s->replacements;
  for (u32 i = 0; i < JIT_RESULT_COUNT; i++) sum->failures[i] += s->failures[i];
  sum->meaning_calls += s->meaning_calls;
  sum->wasm_bytes += s->wasm_bytes;
  sum->code_bytes += s->code_bytes;
  sum->compile_ns += s->compile_ns;
  if (!sum->trouble[0]) memcpy(sum->trouble, s->trouble, sizeof sum->trouble);
  wm_mutex_unlock(&tiers->lock);
}

/* Nothing was even begun. */
static void note_out_of_memory(Tiers *tiers, u64 count) {
  note(tiers, &(TierStats){.asked = count, .failures[JIT_OUT_OF_MEMORY] = count});
}

static bool publish_drafts(const Batch *b) {
  if (b->tiers->options.sabotage != SABOTAGE_DROP)
    return wm_jit_publish_drafts(b->module, b->drafts);
  wm_jit_drafts_free(b->drafts);
  return true;
}

static void publish(Batch *b) {
  TierStats *s = &b->stats;
  if (b->drafts && !publish_drafts(b)) {
    s->failures[JIT_NOT_PUBLISHED] += s->functions + s->replacements;
    s->functions = s->replacements = s->meaning_calls = s->wasm_bytes = s->code_bytes = 0;
  }
  note(b->tiers, s);
  b->drafts = NULL;
  b->stats = (TierStats){0};
  b->bytes = 0;
}

/* NULL: it failed, which is counted. */
static JitDraft *compile(Batch *b, const FuncCode *code, OsrEntry *osr) {
  Compile *c = b->compiler;
  u32 loop = osr ? osr->loop_offset : 0;
  JitResult result = wm_jit_compile(c, b->module, code->index, loop, &b->tiers->options);
  JitDraft *draft = result == JIT_DONE ? wm_jit_take(c, osr) : NULL;
  if (draft) return draft;
  b->stats.failures[result == JIT_DONE ? JIT_OUT_OF_MEMORY : result]++;
  if (!b->stats.trouble[0]) memcpy(b->stats.trouble, c->trouble, sizeof b->stats.trouble - 1);
  return NULL;
}

/* Adds the function, or its part from a loop on, to the batch. */
static void compile_one(Batch *b, const FuncCode *code, OsrEntry *osr) {
  u64 start = wm_os_monotonic_ns();
  JitDraft *draft = compile(b, code, osr);
  b->stats.compile_ns += wm_os_monotonic_ns() - start;
  if (!draft) return;
  wm_jit_draft_link(&b->drafts, draft);
  u64 bytes = wm_jit_draft_bytes(draft);
  b->bytes += bytes;
  b->stats.code_bytes += bytes;
  b->stats.meaning_calls += b->compiler->meaning_calls;
  b->stats.wasm_bytes += b->module->module.funcs[code->index].code_bytes;
  *(osr ? &b->stats.replacements : &b->stats.functions) += 1;
}

/* ---- everything ---- */

static u32 defined_count(const LoadedModule *lm) {
  return lm->module.func_count - lm->module.func_import_count;
}

/* Or was in an earlier run. */
static bool is_compiled(const FuncCode *code) {
  return atomic_load_explicit(&((FuncCode *)(uintptr_t)code)->body, memory_order_relaxed) ||
         wm_image_has(code->module, code);
}

static bool is_called(const FuncCode *code) {
  return wm_interp_calls(code) && !is_compiled(code) &&
         !atomic_load_explicit(&((FuncCode *)(uintptr_t)code)->requested, memory_order_relaxed);
}

static bool is_of_load(const Load *load, const FuncCode *code) {
  return load->called_only ? is_called(code) : !is_compiled(code);
}

/* Takes functions until there are no more; others may do the same. */
static void work_on_load(Tiers *tiers, Load *load, Compile *compiler, Worker *worker) {
  Batch b = {.tiers = tiers, .module = load->module, .compiler = compiler};
  for (;;) {
    u32 first = atomic_fetch_add_explicit(&load->claimed, CHUNK_FUNCTIONS, memory_order_relaxed);
    if (first >= load->count || (worker && atomic_load(&worker->stop))) break;
    u32 end = min_u32(load->count, first + CHUNK_FUNCTIONS);
    for (u32 i = first; i < end; i++) {
      if (!is_of_load(load, &load->module->codes[i])) continue;
      b.stats.asked++;
      compile_one(&b, &load->module->codes[i], NULL);
    }
    if (b.bytes >= BATCH_BYTES) publish(&b);
  }
  publish(&b);
}

/* ---- the queue ---- */

/* What a byte of the job is worth: the interpreter credits what runs when it looks, now and then.
 */
static u64 worth_of(const Job *job) {
  const FuncCode *code = job->code;
  u64 hotness = atomic_load_explicit(&code->hotness, memory_order_relaxed);
  u64 bytes = code->module->module.funcs[code->index].code_bytes;
  return ((hotness + FIRST_HOTNESS) << 16) / (bytes + BYTES_OF_A_JOB);
}

/* Under the lock: the job that is worth most comes first. */
static void promote_best(Tiers *tiers) {
  Job **best = &tiers->jobs;
  u64 most = worth_of(*best);
  for (Job **link = &(*best)->next; *link; link = &(*link)->next) {
    u64 worth = worth_of(*link);
    if (worth <= most) continue;
    most = worth;
    best = link;
  }
  Job *job = *best;
  if (best == &tiers->jobs) return;
  *best = job->next;
  if (!job->next) tiers->jobs_end = best;
  job->next = tiers->jobs;
  tiers->jobs = job;
}

/* Under the lock: the first jobs of one module, at most BATCH_JOBS. */
static Job *take_jobs(Tiers *tiers) {
  promote_best(tiers);
  Job *first = tiers->jobs, *last = first;
  for (u32 i = 1; i < BATCH_JOBS && last->next; i++) {
    if (last->next->code->module != first->code->module) break;
    last = last->next;
  }
  tiers->jobs = last->next;
  if (!tiers->jobs) tiers->jobs_end = &tiers->jobs;
  last->next = NULL;
  return first;
}

static bool is_done(const Job *job) {
  if (!job->osr) return is_compiled(job->code);
  return atomic_load_explicit(&job->osr->body, memory_order_relaxed) != NULL;
}

/* The list stays as it is: a process that forks has it done by others. */
static void work_on_jobs(Worker *worker, Compile *compiler) {
  const Job *jobs = worker->jobs;
  Batch b = {.tiers = worker->tiers, .module = jobs->code->module, .compiler = compiler};
  u64 start = wm_os_monotonic_ns();
  for (; jobs; jobs = jobs->next) {
    if (!atomic_load(&worker->stop) && !is_done(jobs)) compile_one(&b, jobs->code, jobs->osr);
    if (b.drafts && wm_os_monotonic_ns() - start > BATCH_NS) {
      publish(&b);
      start = wm_os_monotonic_ns();
    }
  }
  publish(&b);
}

static void free_jobs(Job *jobs) {
  for (Job *next; jobs; jobs = next) {
    next = jobs->next;
    free(jobs);
  }
}

static Load *find_load(const Tiers *tiers) {
  Load *load = tiers->loads;
  while (load && atomic_load_explicit(&load->claimed, memory_order_relaxed) >= load->count)
    load = load->next;
  return load;
}

/* Under the lock, which is let go meanwhile. False: there is nothing to do. */
static bool work_once(Worker *w, Compile *compiler) {
  Tiers *tiers = w->tiers;
  Load *load = find_load(tiers);
  if (!load && !tiers->jobs) return false;
  if (load)
    load->helpers++;
  else
    w->jobs = take_jobs(tiers);
  w->module = load ? load->module : w->jobs->code->module;
  wm_mutex_unlock(&tiers->lock);
  if (load)
    work_on_load(tiers, load, compiler, w);
  else
    work_on_jobs(w, compiler);
  wm_mutex_lock(&tiers->lock);
  if (load) load->helpers--;
  free_jobs(w->jobs);
  w->jobs = NULL;
  w->module = NULL;
  atomic_store(&w->stop, false);
  wm_condition_wake_all(&tiers->rest);
  return true;
}

static void request(FuncCode *code, OsrEntry *osr);

/* ---- what is to be kept ----
 * An engine that keeps code for the next run wants all that ran compiled, not only what is hot: in
 * the time that its threads have nothing else to do, what was called most first. */

/* The most calls of any function that is not asked for. */
static u32 most_calls(const LoadedModule *lm) {
  u32 most = 0;
  for (u32 i = 0; i < defined_count(lm); i++) most = max_u32(most, wm_interp_calls(&lm->codes[i]));
  return most;
}

/* Asks for those that were called nearly as often; how many. */
static u32 ask_for_called(LoadedModule *lm) {
  u32 most = most_calls(lm), count = 0;
  for (u32 i = 0; most && i < defined_count(lm) && count < ASKED_AT_ONCE; i++) {
    FuncCode *code = &lm->codes[i];
    if (wm_interp_calls(code) <= most / 2) continue;
    if (atomic_exchange_explicit(&code->requested, 1, memory_order_relaxed)) continue;
    request(code, NULL);
    count++;
  }
  return count;
}

/* Under the lock, which is let go meanwhile. Looking takes no more than a small part of the time.
 */
static void look_for_jobs(Worker *w) {
  Tiers *tiers = w->tiers;
  u64 start = wm_os_monotonic_ns(), pause = MIN_PAUSE_NS;
  for (LoadedModule *lm = tiers->keeps ? tiers->modules : NULL; lm && !tiers->jobs;) {
    w->module = lm;
    wm_mutex_unlock(&tiers->lock);
    ask_for_called(lm);
    wm_mutex_lock(&tiers->lock);
    w->module = NULL;
    atomic_store(&w->stop, false);
    lm = lm->tier_next;
    wm_condition_wake_all(&tiers->rest);
  }
  if (tiers->jobs) return;
  u64 now = wm_os_monotonic_ns();
  pause = max_u64(pause, (now - start) * PAUSE_FACTOR);
  if (tiers->keeps && tiers->modules)
    wm_condition_wait_until(&tiers->work, &tiers->lock, now + pause);
  else
    wm_condition_wait(&tiers->work, &tiers->lock);
}

static void *run_worker(void *env) {
  Worker *w = env;
  Tiers *tiers = w->tiers;
  wm_mutex_lock(&tiers->lock);
  while (!tiers->ends)
    if (!work_once(w, w->compiler)) look_for_jobs(w);
  wm_mutex_unlock(&tiers->lock);
  wm_jit_delete(w->compiler);
  return NULL;
}

static bool start_worker(Worker *w) {
  w->compiler = wm_jit_new();
  if (w->compiler && wm_thread_start(&w->thread, run_worker, w)) return true;
  wm_jit_delete(w->compiler);
  return false;
}

/* Under the lock. False: no thread will do it. */
static bool wake_workers(Tiers *tiers) {
  while (tiers->started < tiers->max_threads) {
    Worker *w = &tiers->workers[tiers->started];
    w->tiers = tiers;
    if (start_worker(w))
      tiers->started++;
    else
      tiers->max_threads = tiers->started;
  }
  wm_condition_wake_all(&tiers->work);
  return tiers->started > 0;
}

/* ---- the caller's thread ---- */

static Compile *take_compiler(Tiers *tiers) {
  wm_mutex_lock(&tiers->lock);
  Compile *compiler = tiers->spare;
  tiers->spare = NULL;
  wm_mutex_unlock(&tiers->lock);
  return compiler ? compiler : wm_jit_new();
}

static void give_compiler(Tiers *tiers, Compile *compiler) {
  wm_mutex_lock(&tiers->lock);
  Compile *old = tiers->spare;
  tiers->spare = compiler;
  wm_mutex_unlock(&tiers->lock);
  wm_jit_delete(old);
}

static void compile_here(Tiers *tiers, FuncCode *code, OsrEntry *osr) {
  Compile *compiler = take_compiler(tiers);
  if (!compiler) {
    note_out_of_memory(tiers, 1);
    return;
  }
  Batch b = {.tiers = tiers, .module = code->module, .compiler = compiler, .stats.asked = 1};
  compile_one(&b, code, osr);
  publish(&b);
  give_compiler(tiers, compiler);
}

static void enqueue(Tiers *tiers, Job *job) {
  *tiers->jobs_end = job;
  tiers->jobs_end = &job->next;
  tiers->stats.asked++;
}

static void request(FuncCode *code, OsrEntry *osr) {
  Tiers *tiers = code->module->tier_state;
  Job *job = malloc(sizeof *job);
  if (!job) {
    note_out_of_memory(tiers, 1);
    return;
  }
  *job = (Job){.code = code, .osr = osr};
  wm_mutex_lock(&tiers->lock);
  bool taken = wake_workers(tiers);
  if (taken) enqueue(tiers, job);
  wm_mutex_unlock(&tiers->lock);
  if (taken) return;
  free(job);
  compile_here(tiers, code, osr);
}

static void begin_load(Tiers *tiers, Load *load) {
  wm_mutex_lock(&tiers->lock);
  load->next = tiers->loads;
  tiers->loads = load;
  if (load->count > CHUNK_FUNCTIONS) wake_workers(tiers);
  wm_mutex_unlock(&tiers->lock);
}

static void end_load(Tiers *tiers, Load *load) {
  wm_mutex_lock(&tiers->lock);
  Load **link = &tiers->loads;
  while (*link != load) link = &(*link)->next;
  *link = load->next;
  while (load->helpers > 0) wm_condition_wait(&tiers->rest, &tiers->lock);
  wm_mutex_unlock(&tiers->lock);
}

static void compile_load(Tiers *tiers, LoadedModule *lm, bool called_only) {
  Compile *compiler = take_compiler(tiers);
  Load load = {.module = lm,
               .count = defined_count(lm),
               .called_only = called_only,
               .thread = wm_os_thread_token()};
  if (!compiler) {
    note_out_of_memory(tiers, load.count);
    return;
  }
  begin_load(tiers, &load);
  work_on_load(tiers, &load, compiler, NULL);
  end_load(tiers, &load);
  give_compiler(tiers, compiler);
}

void wm_tiers_compile_all(Tiers *tiers, LoadedModule *lm) { compile_load(tiers, lm, false); }

void wm_tiers_compile_called(Tiers *tiers, LoadedModule *lm) { compile_load(tiers, lm, true); }

u64 wm_tiers_called_bytes(const LoadedModule *lm) {
  u64 sum = 0;
  for (u32 i = 0; i < defined_count(lm); i++)
    if (is_called(&lm->codes[i])) sum += lm->module.funcs[lm->codes[i].index].code_bytes;
  return sum;
}

/* ---- forks ---- */

/* Under the lock: the worker is gone; its jobs are to be done again. */
static void give_back_jobs(Tiers *tiers, Worker *w) {
  *tiers->jobs_end = w->jobs;
  while (*tiers->jobs_end) tiers->jobs_end = &(*tiers->jobs_end)->next;
  *w = (Worker){.jobs = NULL};
}

/* Under the lock: loads of threads that are gone go with them; nobody helps with this one's. */
static void drop_loads(Tiers *tiers) {
  for (Load **link = &tiers->loads; *link;) {
    Load *load = *link;
    load->helpers = 0;
    if (load->thread == wm_os_thread_token())
      link = &load->next;
    else
      *link = load->next;
  }
}

/* What had been begun is begun again, by new threads. */
static void begin_again(void *env) {
  Tiers *tiers = env;
  wm_mutex_lock(&tiers->lock);
  for (u32 i = 0; i < tiers->started; i++) give_back_jobs(tiers, &tiers->workers[i]);
  tiers->started = 0;
  drop_loads(tiers);
  if (tiers->jobs && !tiers->ends) wake_workers(tiers);
  wm_condition_wake_all(&tiers->rest);
  wm_mutex_unlock(&tiers->lock);
}

/* ---- modules and engines come and go ---- */

static u32 count_loops(FuncCode *code) {
  u32 count = 0;
  const OsrEntry *e = atomic_load_explicit(&code->osr, memory_order_acquire);
  for (; e; e = e->next) count += atomic_load_explicit(&e->body, memory_order_relaxed) != NULL;
  return count;
}

/* Looks at what the module's functions would run. */
static void add_module(TierStats *sum, LoadedModule *lm) {
  u32 count = defined_count(lm);
  sum->defined += count;
  for (u32 i = 0; i < count; i++) {
    sum->native_functions += is_compiled(&lm->codes[i]);
    sum->native_loops += count_loops(&lm->codes[i]);
  }
}

/* Under the lock. */
static void link_module(Tiers *tiers, LoadedModule *lm) {
  lm->tier_next = tiers->modules;
  if (lm->tier_next) lm->tier_next->tier_prev = lm;
  tiers->modules = lm;
}

static void unlink_module(Tiers *tiers, LoadedModule *lm) {
  if (lm->tier_next) lm->tier_next->tier_prev = lm->tier_prev;
  *(lm->tier_prev ? &lm->tier_prev->tier_next : &tiers->modules) = lm->tier_next;
}

/* Under the lock. */
static void drop_jobs(Tiers *tiers, const LoadedModule *lm) {
  for (Job **link = &tiers->jobs; *link;) {
    Job *job = *link;
    if (job->code->module == lm) {
      *link = job->next;
      free(job);
    } else {
      link = &job->next;
    }
  }
  tiers->jobs_end = &tiers->jobs;
  while (*tiers->jobs_end) tiers->jobs_end = &(*tiers->jobs_end)->next;
}

static Worker *find_worker_for(Tiers *tiers, const LoadedModule *lm) {
  for (u32 i = 0; i < tiers->started; i++)
    if (tiers->workers[i].module == lm) return &tiers->workers[i];
  return NULL;
}

void wm_tiers_forget(LoadedModule *lm) {
  Tiers *tiers = lm->tier_state;
  wm_mutex_lock(&tiers->lock);
  drop_jobs(tiers, lm);
  for (Worker *w; (w = find_worker_for(tiers, lm));) {
    atomic_store(&w->stop, true);
    wm_condition_wait(&tiers->rest, &tiers->lock);
    drop_jobs(tiers, lm); /* it may have found some */
  }
  unlink_module(tiers, lm);
  add_module(&tiers->stats, lm);
  wm_mutex_unlock(&tiers->lock);
}

void wm_tiers_adopt(Tiers *tiers, LoadedModule *lm) {
  lm->tier_state = tiers;
  lm->tiers = &tiers->hooks;
  lm->on_body = tiers->profile ? tell : NULL;
  lm->on_body_free = on_body_free;
  wm_hints_read(lm);
  wm_native_prepare(lm, wm_jit_machine.native);
  wm_mutex_lock(&tiers->lock);
  link_module(tiers, lm);
  wm_mutex_unlock(&tiers->lock);
}

Tiers *wm_tiers_new(const Config *config, const JitOptions *options) {
  Tiers *tiers = calloc(1, sizeof *tiers);
  if (!tiers) return NULL;
  tiers->options = *options;
  tiers->profile = config->profile | DEBUG_UNWIND;
  tiers->keeps = config->cache[0] != 0;
  tiers->hooks = (TierHooks){config->call_threshold, config->loop_threshold, request};
  tiers->max_threads = min_u32(config->compile_threads, MAX_THREADS);
  tiers->jobs_end = &tiers->jobs;
  if (!wm_mutex_init(&tiers->lock)) {
    free(tiers);
    return NULL;
  }
  wm_fork_watch(&tiers->forks, begin_again, tiers);
  return tiers;
}

void wm_tiers_delete(Tiers *tiers) {
  wm_mutex_lock(&tiers->lock);
  tiers->ends = true;
  wm_condition_wake_all(&tiers->work);
  wm_mutex_unlock(&tiers->lock);
  for (u32 i = 0; i < tiers->started; i++) wm_thread_join(tiers->workers[i].thread);
  wm_fork_unwatch(&tiers->forks);
  wm_jit_delete(tiers->spare);
  wm_mutex_destroy(&tiers->lock);
  free(tiers);
}

TierStats wm_tiers_stats(Tiers *tiers) {
  wm_mutex_lock(&tiers->lock);
  TierStats stats = tiers->stats;
  for (LoadedModule *lm = tiers->modules; lm; lm = lm->tier_next) add_module(&stats, lm);
  wm_mutex_unlock(&tiers->lock);
  return stats;
}
