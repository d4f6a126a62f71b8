/* Limits and what is in use of them (account.h). */
#include "runtime/account.h"

#include "runtime/object.h"

#include <stdlib.h>

Account *wm_account_new(void) {
  Account *account = calloc(1, sizeof *account);
  if (!account) return NULL;
  atomic_init(&account->references, 1);
  wm_account_set_limits(account,
                        &(StoreLimits){UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX});
  return account;
}

void wm_account_retain(Account *account) {
  atomic_fetch_add_explicit(&account->references, 1, memory_order_relaxed);
}

void wm_account_release(Account *account) {
  if (account && atomic_fetch_sub_explicit(&account->references, 1, memory_order_acq_rel) == 1)
    free(account);
}

void wm_account_set_limits(Account *account, const StoreLimits *limits) {
  atomic_store(&account->max_memory_bytes, limits->memory_bytes);
  atomic_store(&account->max_table_elements, limits->table_elements);
  atomic_store(&account->max_instances, limits->instances);
  atomic_store(&account->max_total_bytes, limits->total_bytes);
  atomic_store(&account->max_heap_bytes, limits->heap_bytes);
}

StoreLimits wm_account_usage(const Account *account) {
  StoreLimits used = {.memory_bytes = atomic_load(&account->memory_bytes),
                      .table_elements = atomic_load(&account->table_elements),
                      .instances = atomic_load(&account->instances),
                      .heap_bytes = atomic_load(&account->heap_bytes)};
  used.total_bytes = used.memory_bytes + used.table_elements * sizeof(Ref) + used.heap_bytes;
  return used;
}

/* Whether `more`, which is part of `used` already, fits under a limit of which the rest may be more
 * than all, when the limit was set later. */
static bool fits(u64 limit, u64 used, u64 more) {
  return more <= limit - min_u64(limit, used - more);
}

/* false: err says it with `message`, which has a number for the limit. */
static bool take(_Atomic u64 *sum, _Atomic u64 *limit, u64 more, const char *message, Error *err) {
  u64 most = atomic_load(limit);
  if (fits(most, atomic_fetch_add(sum, more) + more, more)) return true;
  atomic_fetch_sub(sum, more);
  return wm_error_set(err, ERR_LIMIT, 0, message, (unsigned long long)most);
}

/* The same of the bytes that a sum has just taken; gives them back when they are too many. */
static bool check_total(Account *account, _Atomic u64 *sum, u64 more, u64 unit_bytes, Error *err) {
  u64 limit = atomic_load(&account->max_total_bytes);
  if (fits(limit, wm_account_usage(account).total_bytes, more * unit_bytes)) return true;
  atomic_fetch_sub(sum, more);
  return wm_error_set(err, ERR_LIMIT, 0,
                      "the store's limit of %llu bytes of memories, tables and heaps is used up",
                      (unsigned long long)limit);
}

bool wm_account_take_memory(Account *account, u64 bytes, Error *err) {
  return take(&account->memory_bytes, &account->max_memory_bytes, bytes,
              "the store's memory limit of %llu bytes is used up", err) &&
         check_total(account, &account->memory_bytes, bytes, 1, err);
}

bool wm_account_take_table(Account *account, u64 elements, Error *err) {
  return take(&account->table_elements, &account->max_table_elements, elements,
              "the store's limit of %llu table elements is used up", err) &&
         check_total(account, &account->table_elements, elements, sizeof(Ref), err);
}

bool wm_account_take_instance(Account *account, Error *err) {
  return take(&account->instances, &account->max_instances, 1,
              "the store's limit of %llu instances is used up", err);
}

bool wm_account_take_heap(Account *account, u64 bytes, Error *err) {
  return take(&account->heap_bytes, &account->max_heap_bytes, bytes,
              "the store's limit of %llu bytes of structs and arrays is used up", err) &&
         check_total(account, &account->heap_bytes, bytes, 1, err);
}

void wm_account_return_memory(Account *account, u64 bytes) {
  atomic_fetch_sub(&account->memory_bytes, bytes);
}
void wm_account_return_table(Account *account, u64 elements) {
  atomic_fetch_sub(&account->table_elements, elements);
}
void wm_account_return_instance(Account *account) { atomic_fetch_sub(&account->instances, 1); }
void wm_account_return_heap(Account *account, u64 bytes) {
  atomic_fetch_sub(&account->heap_bytes, bytes);
}
