/* What the files of a snapshot share: snapshot.c (sections), snapshot_code.c (what code refers to),
 * snapshot_data.c (memories), snapshot_refs.c (tables, globals, functions). */
#ifndef WM_ENGINE_SNAPSHOT_PARTS_H
#define WM_ENGINE_SNAPSHOT_PARTS_H

#include "base/vec.h"
#include "binary/encode.h"
#include "engine/snapshot.h"

/* A piece of a memory, or of a table, that becomes a segment. */
typedef struct Run {
  u32 of; /* the memory or table */
  u64 start, len;
} Run;
typedef Vec(Run) Runs;

typedef struct Snapshot {
  const Instance *in;
  const Module *m; /* borrowed: the instance's */
  const ExportChange *changes;
  size_t change_count;
  Runs data, elems;         /* owned */
  u32 data_used, elem_used; /* so many of the old segments are kept: code has their numbers */
  u8 *is_named;             /* owned: by function: code has a ref.func of it */
  u32 named_count;
  PtrMap imported_funcs; /* owned: Func * -> index */
  Buffer *out;           /* borrowed */
  Error *err;            /* borrowed */
} Snapshot;

/* {offset} as a constant expression. */
void wm_snapshot_offset(Buffer *b, bool is_64, u64 offset);

/* ---- code ---- */
/* Fills data_used, elem_used and the named functions; false with err set: out of memory. */
bool wm_snapshot_scan_code(Snapshot *s);

/* ---- memories ---- */
/* Finds what is not zero; false with err set: too much, out of memory. */
bool wm_snapshot_find_data(Snapshot *s);
void wm_snapshot_memories(Snapshot *s);
void wm_snapshot_datas(Snapshot *s);

/* ---- references ---- */
/* Finds what is not null, and checks that each reference is to a function of the module. */
bool wm_snapshot_find_refs(Snapshot *s);
void wm_snapshot_tables(Snapshot *s);
void wm_snapshot_globals(Snapshot *s);
void wm_snapshot_elems(Snapshot *s);

#endif
