/* An instance as a module: what it is now, to begin with. The module's sections are copied, all but
 * what an instance changes:
 *
 * - table, memory: sizes as they are
 * - global: mutable ones have the values that they have
 * - start: is gone, it ran
 * - element, data: those whose numbers code has, dropped ones as such that give nothing; behind
 * them what is in tables and memories now, where it is not null, and a declaration of the functions
 *   that code has references of
 * - data count: as many as there are
 * - export: some renamed or left out, when the caller says so
 *
 * Bodies, names and other custom sections stay byte by byte. */
#ifndef WM_ENGINE_SNAPSHOT_H
#define WM_ENGINE_SNAPSHOT_H

#include "base/buffer.h"
#include "runtime/instance.h"

/* Of an export. A function that had the new name loses it. */
typedef struct ExportChange {
  const char *from;
  const char *to; /* NULL: it is left out */
} ExportChange;

/* Appends the module to *out. False: err is ERR_ARGUMENT when something cannot be kept (memories,
 * tables and mutable globals that are imported or shared; references to what is not a function of
 * the module; wasm that runs), or an export is not there; ERR_LIMIT; out of memory. The store's
 * thread. */
bool wm_snapshot_write(const Instance *in, const ExportChange *changes, size_t change_count,
                       Buffer *out, Error *err);

#endif
