/* Growth that the embedder is asked about (store.h). */
#include "runtime/store.h"

typedef struct Question {
  Store *store;
  u8 *limit;
  bool collecting;
} Question;

static void end_question(const Question *q) {
  q->store->native.limit = q->limit;
  q->store->collecting = q->collecting;
}

NOINLINE bool wm_store_ask_growth(Store *store, const Growth *growth) {
  /* NOLINTNEXTLINE(*.DeadStores): the cleanup reads it */
  Question q
      __attribute__((cleanup(end_question))) = {store, store->native.limit, store->collecting};
  store->collecting = true;
  if (store->activation) store->native.limit = NO_ENTRY;
  return store->may_grow(store, growth);
}
