/* C functions that call wasm: each is a few instructions that load where its Func is and go on in
 * the machine's code for all. They lie in pairs of pages, of which one is code for good:
 *
 *   page [ thunk 0 | thunk 1 | ... ]     executable, never writable again
 *   page [ NativeThunk * 0 | 1 | ... | the machine's code for all ]     by number; NULL: free
 */
#ifndef WM_RUNTIME_NATIVE_THUNK_H
#define WM_RUNTIME_NATIVE_THUNK_H

#include "runtime/native.h"

/* What a thunk stands for; the embedder's continues behind it. Values are where C has them: `regs`
 * are the machine's registers for arguments, integers first (two words for each other), and get a
 * result of either kind in their first. */
typedef struct NativeThunk NativeThunk;
struct NativeThunk {
  Store *store;
  Func *func;
  u32 narrow_ints; /* which of the integers in registers have 32 bits */
  /* Whatever is no plain outermost call of compiled code. */
  void (*call)(NativeThunk *thunk, u64 *regs);
  /* The call ended by the store's trap: its result will be zero. */
  void (*trapped)(NativeThunk *thunk);
};

enum { THUNK_BYTES = 16 };

typedef struct ThunkPage ThunkPage;

/* Makes one, in one of the pages or a new one. NULL: no memory. */
const void *wm_thunk_new(ThunkPage **pages, const NativeMachine *machine, NativeThunk *thunk);
void wm_thunk_free(ThunkPage *pages, const void *code);
void wm_thunks_free(ThunkPage *pages);

#endif
