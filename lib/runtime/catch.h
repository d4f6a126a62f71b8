/* Which exceptions are caught where in a function: by cells of the interpreter here; for compiled
 * code see NativeCatches (native.h). A table is looked at only when something is thrown.
 *
 *   regions: [word 0 ..] none, [word 7 ..] -> clause 2, [word 20 ..] none ...
 *   clauses: 2 {tag 0, next 1} -> 1 {tag 3, next NONE}
 *
 * A region reaches to the next one. Its clauses are tried in the order of `next`: those of a block,
 * then those of the blocks around it. */
#ifndef WM_RUNTIME_CATCH_H
#define WM_RUNTIME_CATCH_H

#include "wasm/module.h"

#define NO_SLOT 0xFFFF
#define NO_TAG  0xFFFFFFFEu /* catches nothing: a place in a chain */

typedef struct CatchRegion {
  u32 word;  /* of the cells: the first */
  u32 chain; /* the first clause, or NO_INDEX */
} CatchRegion;

typedef struct CatchClause {
  u32 tag;            /* in the module; NO_INDEX: every exception; or NO_TAG */
  u32 next;           /* clause, or NO_INDEX */
  u32 word;           /* of the cells: where it goes on */
  u16 slot;           /* of the frame: where the values of the tag go */
  u16 exception_slot; /* where the exception itself goes, or NO_SLOT */
} CatchClause;

typedef struct CatchTable {
  const CatchRegion *regions; /* ascending */
  const CatchClause *clauses;
  u32 region_count, clause_count;
} CatchTable;

#endif
