/* Traps: the object a host sees, with message and backtrace (store.h). */
#include "runtime/activation.h"
#include "runtime/collect.h"
#include "runtime/heap.h"
#include "runtime/instance.h"
#include "runtime/question.h"

#include <stdlib.h>

enum { FIRST_FRAMES = 64, LAST_FRAMES = 64 };

typedef struct Backtrace {
  u64 count;                                         /* of all frames */
  FramePlace first[FIRST_FRAMES], last[LAST_FRAMES]; /* `last` is a ring */
} Backtrace;

static void walk_frames(Store *store, Backtrace *b) {
  FrameWalk walk = wm_frames_start(store);
  for (b->count = 0; wm_frames_next(&walk); b->count++) {
    if (b->count < FIRST_FRAMES)
      b->first[b->count] = walk.at;
    else
      b->last[(b->count - FIRST_FRAMES) % LAST_FRAMES] = walk.at;
  }
}

/* The i-th that is kept. */
static const FramePlace *kept_place(const Backtrace *b, u32 i, u64 omitted) {
  return i < FIRST_FRAMES ? &b->first[i] : &b->last[(i - FIRST_FRAMES + omitted) % LAST_FRAMES];
}

/* What is known of the i-th from an earlier one at the same place: of a recursion most are, and
 * finding out takes as long as the function is large. */
static const FrameInfo *known_info(const Backtrace *b, const Trap *trap, u32 i, u64 omitted) {
  const FramePlace *place = kept_place(b, i, omitted);
  for (u32 k = 0; k < i && place->pc; k++) {
    const FramePlace *other = kept_place(b, k, omitted);
    if (other->pc == place->pc && other->code == place->code) return &trap->frames[k];
  }
  return NULL;
}

/* A trap without its backtrace is better than none, so out of memory is not an error here. */
static NOINLINE void keep_frames(Store *store, Trap *trap) {
  if (!store->activation) return;
  Backtrace b;
  walk_frames(store, &b);
  u32 kept = (u32)min_u64(b.count, FIRST_FRAMES + LAST_FRAMES);
  if (kept) trap->frames = malloc(kept * sizeof *trap->frames);
  if (!trap->frames) return;
  u64 omitted = b.count - kept;
  for (u32 i = 0; i < kept; i++) {
    const FramePlace *place = kept_place(&b, i, omitted);
    const FrameInfo *known = known_info(&b, trap, i, omitted);
    trap->frames[i] = known ? *known : wm_frame_info(place);
    trap->frames[i].instance = place->instance;
  }
  trap->frame_count = kept;
  trap->frames_omitted = (u32)min_u64(omitted, UINT32_MAX);
}

static Trap *make_bare(Store *store, TrapCode code, const char *message, size_t message_len) {
  if (!message) {
    message = wm_trap_message(code);
    message_len = strlen(message);
  }
  char *copy = message_len < SIZE_MAX ? malloc(message_len + 1) : NULL;
  if (!copy) return NULL;
  if (message_len) memcpy(copy, message, message_len);
  copy[message_len] = 0;
  Trap *trap = wm_object_new(store, OBJ_TRAP, sizeof *trap, message_len);
  if (!trap) {
    free(copy);
    return NULL;
  }
  trap->code = code;
  trap->message = copy;
  trap->message_len = message_len;
  return trap;
}

static Trap *make(Store *store, TrapCode code, const char *message, size_t message_len) {
  Trap *trap = make_bare(store, code, message, message_len);
  if (trap) keep_frames(store, trap);
  return trap;
}

/* Any of the entries may be over. */
Trap *wm_trap_new(Store *store, TrapCode code, const char *message, size_t message_len) {
  wm_store_find_dead(store);
  return make(store, code, message, message_len);
}

Trap *wm_trap_new_bare(Store *store, TrapCode code) { return make_bare(store, code, NULL, 0); }

/* The innermost entry runs; those around it may be over. */
static void find_dead_outside(Store *store) {
  const Activation *act = store->activation;
  if (act && act->entry->outer) wm_store_find_dead(store);
}

void wm_trap_keep_frames(Store *store, Trap *trap) {
  find_dead_outside(store);
  keep_frames(store, trap);
}

/* A collection that was to make room gave way because wasm has to stop: that is why it ends. */
static TrapCode reason(const Store *store, TrapCode code) {
  bool gave_way = code == TRAP_OUT_OF_MEMORY && heap_has_stopped(store->heap);
  return gave_way && stop_is_wanted(store->stop) ? TRAP_INTERRUPTED : code;
}

TrapCode wm_trap_raise(Store *store, TrapCode code, const char *message, size_t message_len) {
  find_dead_outside(store);
  code = reason(store, code);
  Trap *trap = make(store, code, message, message_len);
  store->trap = trap ? trap : store->out_of_memory;
  return store->trap->code;
}

TrapCode wm_trap_refuse(Store *store) {
  static const char text[] = "wasm is in the middle of an instruction: the host may not call it";
  Trap *trap = make_bare(store, TRAP_HOST, text, sizeof text - 1);
  store->trap = trap ? trap : store->out_of_memory;
  return store->trap->code;
}

Trap *wm_store_take_trap(Store *store) {
  Trap *trap = store->trap;
  store->trap = NULL;
  return trap;
}

static bool ask_to_go_on(Store *store) {
  QUESTION_ENDS Question q = question_begin(store); /* NOLINT(*.DeadStores): the cleanup reads it */
  return store->on_stop(store->on_stop_env);
}

/* The request is taken back before the handler is asked, so that one that comes meanwhile counts.
 */
TrapCode wm_store_stopped(Store *store) {
  Stop *stop = store->stop;
  if (!store->on_stop || atomic_load(&stop->reasons) != STOP_ASKED) return TRAP_INTERRUPTED;
  wm_stop_take_back(stop, STOP_ASKED);
  if (ask_to_go_on(store)) return TRAP_NONE;
  wm_stop_request(stop, STOP_ASKED);
  return TRAP_INTERRUPTED;
}

/* ---- as errors of what is no call ---- */

bool wm_trap_tell(const Store *store, u64 offset, Error *err) {
  char text[sizeof err->message];
  const Trap *trap = store->trap;
  return wm_error_set(err, ERR_TRAP, offset, "%s",
                      wm_escape(text, sizeof text, trap->message, trap->message_len));
}

bool wm_trap_may_go_on(Store *store, Error *err) {
  return !store_poll_and_raise(store) || wm_trap_tell(store, 0, err);
}
