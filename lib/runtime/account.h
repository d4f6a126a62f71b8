/* What stores may have, and have, of what a guest can make grow. An account is of one store, or of
 * several that run one program's threads together; the shared memories that they made keep it, too,
 * and grow on any of their threads. So it is counted, and all of it is atomic: who takes something
 * adds it first and gives it back when that was too much, so that a limit is never passed. */
#ifndef WM_RUNTIME_ACCOUNT_H
#define WM_RUNTIME_ACCOUNT_H

#include "base/error.h"

#include <stdatomic.h>

typedef struct StoreLimits {
  u64 memory_bytes, table_elements; /* sums over the stores of the account */
  u64 instances;
  u64 total_bytes; /* of memories, tables, and heaps */
  u64 heap_bytes;  /* of structs and arrays */
} StoreLimits;     /* UINT64_MAX: no limit */

typedef struct Account {
  _Atomic u32 references;
  _Atomic u64 max_memory_bytes, max_table_elements, max_instances, max_total_bytes, max_heap_bytes;
  _Atomic u64 memory_bytes, table_elements, instances, heap_bytes; /* in use */
} Account;

Account *wm_account_new(void); /* without limits. NULL: out of memory */
void wm_account_retain(Account *account);
void wm_account_release(Account *account); /* NULL is allowed */

void wm_account_set_limits(Account *account, const StoreLimits *limits);
StoreLimits wm_account_usage(const Account *account);

/* Takes so much more of a memory, so many more elements of a table, one more instance, so much more
 * for structs and arrays; false: err
 * (may be NULL) is ERR_LIMIT, nothing is taken. */
bool wm_account_take_memory(Account *account, u64 bytes, Error *err);
bool wm_account_take_table(Account *account, u64 elements, Error *err);
bool wm_account_take_instance(Account *account, Error *err);
bool wm_account_take_heap(Account *account, u64 bytes, Error *err);
/* And gives it back. */
void wm_account_return_memory(Account *account, u64 bytes);
void wm_account_return_table(Account *account, u64 elements);
void wm_account_return_instance(Account *account);
void wm_account_return_heap(Account *account, u64 bytes);

#endif
