/* Growth that the embedder is asked about (store.h). */
#include "runtime/question.h"

NOINLINE bool wm_store_ask_growth(Store *store, const Growth *growth) {
  QUESTION_ENDS Question q = question_begin(store); /* NOLINT(*.DeadStores): the cleanup reads it */
  return store->may_grow(store, growth);
}
