/* What the interpreter saw calls through tables and references call, for the compiler: one CallSite
 * an instruction, beside the translated function (FuncCode.sites), shared by all instances and
 * threads. The first calls of a site are noted; then its cell becomes the plain one, so that what
 * runs on pays nothing:
 *
 *   offset | left | callee, count | callee, count | ..     one 32-bit word each
 *
 * A word is read and written whole and says all there is to say about its callee, so that threads
 * need no lock: what one of them loses is a count. Callees are numbered among the module's own
 * functions; a call of another instance's function or the host's only counts down `left`. */
#ifndef WM_RUNTIME_PROFILE_H
#define WM_RUNTIME_PROFILE_H

#include "runtime/instance.h"

enum {
  SITE_CALLEES = 4,
  SITE_NOTES = 1 << 9,    /* calls that are noted */
  CALLEE_COUNT_BITS = 12, /* the lower bits of a callee's word; never 0 in one that is in use */
  CALLEE_MAX_COUNT = (1 << CALLEE_COUNT_BITS) - 1
};

struct CallSite {
  u32 offset; /* of the instruction, in the module's bytes */
  _Atomic u32 left;
  _Atomic u32 callees[SITE_CALLEES]; /* 0: none */
};

struct CallSites {
  u32 count;
  CallSite sites[]; /* ascending by offset */
};

/* The site, which runs in `in`, is about to call `callee`. False: that is not noted any more. */
bool wm_site_note(CallSite *site, const Func *callee, const Instance *in);

typedef struct SeenCallee {
  u32 func_index, count;
} SeenCallee;

/* What a site called, the most frequent first; `total` counts what is not among them, too. */
typedef struct SeenCallees {
  u32 count, total;
  SeenCallee callees[SITE_CALLEES];
} SeenCallees;

/* What the instruction at the offset, in the defined function, called so far. Any thread. */
SeenCallees wm_site_look(const LoadedModule *lm, u32 func_index, u32 offset);

#endif
