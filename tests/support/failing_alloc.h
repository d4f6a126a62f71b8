/* Memory that runs out on purpose. The tests are linked with --wrap for malloc, calloc, realloc,
 * aligned_alloc, strdup, mmap, mprotect, and what files in memory are made with, so that the
 * library's calls (not those of other libraries) can be made to fail:
 *
 *   for (u64 n = 1;; n++) {
 *     failing_alloc_start(n);            the n-th call from here on fails, once
 *     ... the operation, checked for an orderly error ...
 *     if (!failing_alloc_stop()) break;  nothing failed: all of its calls have had their turn
 *   }
 */
#ifndef WM_TESTS_FAILING_ALLOC_H
#define WM_TESTS_FAILING_ALLOC_H

#include <stdbool.h>
#include <stdint.h>

/* Makes call number `n` fail, counted from 1 and from now; UINT64_MAX: only count. */
void failing_alloc_start(uint64_t n);
/* Makes call number `n` and all that follow fail. */
void failing_alloc_start_all(uint64_t n);
/* Back to normal. Whether a call was made to fail. */
bool failing_alloc_stop(void);
/* Calls since the last start. */
uint64_t failing_alloc_calls(void);

#endif
