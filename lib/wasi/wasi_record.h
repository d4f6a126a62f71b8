/* Runs recorded and replayed: what each call gave is written to a file, or comes from there.
 *
 *   file:   "wasmrec2", then for each call
 *           row u8, stream u8 (of fd_write: 1 or 2 when it wrote to the standard output or error),
 *           errno u16, pieces u32, hash of the arguments u64,
 *           and for each piece of the guest's memory that the call wrote: address u32, size u32,
 *           bytes
 *
 * A replayed program does nothing to the outside but end, and write to its standard output and
 * error, which somebody looks at; whatever else it asks for has the answer of the first time. It
 * has to ask for the same things in the same order: programs with threads are not recorded. */
#ifndef WM_WASI_WASI_RECORD_H
#define WM_WASI_WASI_RECORD_H

#include "wasi/wasi_ctx.h"

/* Runs the row's handler and writes down what it gave, or gives what is written. */
Errno wm_record_run(Call *call, const CallRow *row);
#endif
