/* What may take long goes in pieces, and looks between them whether wasm must stop. */
#ifndef WM_RUNTIME_PIECES_H
#define WM_RUNTIME_PIECES_H

#include "runtime/store.h"

enum {
  PIECE_BYTES = 256 << 10, /* some microseconds */
  PIECE_ITEMS = 256,       /* of what takes some ten nanoseconds each */
  UNPOLLED_BYTES = 1024,   /* takes little more than the look does: loops look for themselves */
};

/* Before a piece of that size. */
static inline TrapCode poll_before(Store *store, u64 bytes) {
  return bytes > UNPOLLED_BYTES ? wm_store_poll(store) : TRAP_NONE;
}

#endif
