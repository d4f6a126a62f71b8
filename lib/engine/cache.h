/* Compiled modules kept on disk between runs: a folder of artifacts (artifact.h), named by a hash
 * of the module's bytes and of what the code depends on. A file is believed only when it is this
 * user's own, its checksum is right and it holds exactly the module's bytes. Writers put whole
 * files in place, so that any number of processes may share the folder; a disk that is full or
 * read-only costs nothing but the gain. */
#ifndef WM_ENGINE_CACHE_H
#define WM_ENGINE_CACHE_H

#include "engine/artifact.h"

enum { CACHE_PATH_BYTES = 4096 };
#define CACHE_SUFFIX ".wasmjit"

/* Opens what is kept for a module of these bytes; false: there is nothing. */
bool wm_cache_open(const char *folder, u64 fingerprint, const u8 *bytes, size_t size,
                   Artifact *out);
/* Keeps what is compiled of it now, and trims the folder to max_bytes. Never fails loudly. */
void wm_cache_store(const char *folder, u64 max_bytes, u64 fingerprint, LoadedModule *lm);
/* Removes the least recently used until at most max_bytes are left, and what writers left that
 * died; returns how many. */
u32 wm_cache_trim(const char *folder, u64 max_bytes);

#endif
