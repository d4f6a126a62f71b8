/* A question to the host in the midst of an instruction: whether a memory may grow, whether wasm
 * goes on. Until it is answered no wasm runs in the store, and nothing is collected: what compiled
 * code holds at such a place is not to be found. */
#ifndef WM_RUNTIME_QUESTION_H
#define WM_RUNTIME_QUESTION_H

#include "runtime/store.h"

typedef struct Question {
  Store *store;
  u8 *limit;
  bool collecting;
} Question;

static inline void question_end(const Question *q) {
  q->store->native.limit = q->limit;
  q->store->collecting = q->collecting;
}

/* Of a variable with QUESTION_ENDS: also when the host leaves by an exception. */
#define QUESTION_ENDS __attribute__((cleanup(question_end)))
static inline Question question_begin(Store *store) {
  Question q = {store, store->native.limit, store->collecting};
  store->collecting = true;
  if (store->activation) store->native.limit = NO_ENTRY;
  return q;
}

#endif
