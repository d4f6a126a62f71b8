/* Traps: the object a host sees, with message and backtrace (store.h). */
#include "runtime/activation.h"
#include "runtime/collect.h"
#include "runtime/instance.h"

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

/* A trap without its backtrace is better than none, so out of memory is not an error here. */
static NOINLINE void keep_frames(Store *store, Trap *trap) {
  if (!store->activation) return;
  Backtrace b;
  walk_frames(store, &b);
  u32 kept = (u32)min_u64(b.count, FIRST_FRAMES + LAST_FRAMES);
  if (kept) trap->frames = malloc(kept * sizeof *trap->frames);
  if (!trap->frames) return;
  u64 omitted = b.count - kept;
  for (u32 i = 0; i < kept; i++)
    trap->frames[i] = i < FIRST_FRAMES
                          ? wm_frame_info(&b.first[i])
                          : wm_frame_info(&b.last[(i - FIRST_FRAMES + omitted) % LAST_FRAMES]);
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

TrapCode wm_trap_raise(Store *store, TrapCode code, const char *message, size_t message_len) {
  find_dead_outside(store);
  Trap *trap = make(store, code, message, message_len);
  store->trap = trap ? trap : store->out_of_memory;
  return store->trap->code;
}

Trap *wm_store_take_trap(Store *store) {
  Trap *trap = store->trap;
  store->trap = NULL;
  return trap;
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
