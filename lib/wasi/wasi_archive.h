/* Archives as file systems: what tar (wasi_tar.c) and zip (wasi_zip.c) have in common. Each reads
 * its entries one after another and puts them into a tree in memory. */
#ifndef WM_WASI_WASI_ARCHIVE_H
#define WM_WASI_WASI_ARCHIVE_H

#include "wasi/wasi_node.h"

typedef struct ArchiveEntry {
  const char *path;   /* terminated; as the archive has it */
  const char *target; /* of a link */
  wasi_node_type_t type;
  bool is_other_name; /* `target` names an earlier entry, whose file gets this name too */
  u64 modified_ns;
} ArchiveEntry;

/* Adds the entry; *file (held) is the empty file that its bytes go into, NULL where there are none.
 * E_INVAL: its path leads out. */
Errno wm_archive_add(wasi_fs_t *fs, const ArchiveEntry *entry, wasi_node_t **file);
/* Sets the file's time, which writing has changed, and lets it go. */
void wm_archive_finish(wasi_fs_t *fs, const ArchiveEntry *entry, wasi_node_t *file);

/* Unpacks the whole archive; `fd` stays the caller's. E_ILSEQ: it is damaged; E_NOTSUP: encrypted,
 * in several parts, or compressed in a way that is not known. */
Errno wm_tar_unpack(wasi_fs_t *fs, int fd);
Errno wm_zip_unpack(wasi_fs_t *fs, int fd);
/* Whether it begins as a zip does. */
bool wm_zip_looks_like(int fd);

#endif
