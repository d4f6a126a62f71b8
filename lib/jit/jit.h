/* The optimizing compiler, from outside (design: one SSA pipeline, compile.h). Layer 6, beside
 * interp/: engine/ says what is compiled when. */
#ifndef WM_JIT_JIT_H
#define WM_JIT_JIT_H

#include "jit/machine.h"

/* A compiler for one thread; NULL: out of memory. */
Compile *wm_jit_new(void);
void wm_jit_delete(Compile *c);

/* Compiles a defined function (osr_offset 0), or the part of it from a loop on. The result is in c
 * (code and tables), or in c->trouble what is not implemented, or the trouble. Takes no lock. */
JitResult wm_jit_compile(Compile *c, const LoadedModule *lm, u32 func_index, u32 osr_offset,
                         const JitOptions *options);
/* What wm_jit_compile left, taken out of c (publish.c); a body to be published together with
 * others, which share pages. osr: whose loop it starts at; NULL: a whole function. NULL: out of
 * memory. */
typedef struct JitDraft JitDraft;
JitDraft *wm_jit_take(const Compile *c, OsrEntry *osr);
u32 wm_jit_draft_bytes(const JitDraft *draft); /* of code */
void wm_jit_drafts_free(JitDraft *list);
/* Adds it to a list that is to be published: neighbours in memory are the last first. */
void wm_jit_draft_link(JitDraft **list, JitDraft *draft);
/* Publishes the list, which is freed: takes lm->lock. False: out of memory or address space; some
 * may be published. */
bool wm_jit_publish_drafts(LoadedModule *lm, JitDraft *list);

/* One function as text (the machine code: as hexadecimal bytes), as it is behind a stage, appended
 * to `out`. */
typedef enum JitStage {
  JIT_STAGE_IR,
  JIT_STAGE_PLACED,
  JIT_STAGE_LIR,
  JIT_STAGE_ALLOCATED,
  JIT_STAGE_ASM
} JitStage;
JitResult wm_jit_dump(Compile *c, const LoadedModule *lm, u32 func_index, u32 osr_offset,
                      const JitOptions *options, JitStage stage, Buffer *out);

#endif
