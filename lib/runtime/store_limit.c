/* What the host lets a store have (store.h: StoreLimits). */
#include "runtime/store.h"

/* Whether `more` fits under a limit of which `used` is in use: more than all of it, when the limit
 * was set later. */
static bool allows(u64 limit, u64 used, u64 more) { return more <= limit - min_u64(limit, used); }

static bool check_total(const Store *store, u64 more_bytes, Error *err) {
  u64 limit = store->limits.total_bytes;
  if (allows(limit, store_total_bytes(store), more_bytes)) return true;
  return wm_error_set(err, ERR_LIMIT, 0,
                      "the store's limit of %llu bytes of memories and tables is used up",
                      (unsigned long long)limit);
}

bool wm_store_check_memory(const Store *store, u64 more_bytes, Error *err) {
  u64 limit = store->limits.memory_bytes;
  if (allows(limit, store->memory_bytes, more_bytes)) return check_total(store, more_bytes, err);
  return wm_error_set(err, ERR_LIMIT, 0, "the store's memory limit of %llu bytes is used up",
                      (unsigned long long)limit);
}

bool wm_store_check_table(const Store *store, u64 more_elements, Error *err) {
  u64 limit = store->limits.table_elements;
  if (allows(limit, store->table_elements, more_elements))
    return check_total(store, more_elements * sizeof(Ref), err);
  return wm_error_set(err, ERR_LIMIT, 0, "the store's limit of %llu table elements is used up",
                      (unsigned long long)limit);
}

bool wm_store_check_instance(const Store *store, Error *err) {
  u64 limit = store->limits.instances;
  if (allows(limit, store->instances, 1)) return true;
  return wm_error_set(err, ERR_LIMIT, 0, "the store's limit of %llu instances is used up",
                      (unsigned long long)limit);
}
