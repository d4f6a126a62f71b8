/* Compiled modules as bytes: what wasm_module_serialize gives, `wasm compile` writes and the cache
 * keeps. An artifact holds the module's own bytes, and the code compiled from them for one kind of
 * machine, one build of this library and one way to compile; it is native code, to be read back
 * only from where nobody else can write.
 *
 *   header | the module's bytes | a BodyRow with its sites for each function | code, as in the
 * region
 *
 * Numbers are little-endian, as on every host that this library runs on. */
#ifndef WM_ENGINE_ARTIFACT_H
#define WM_ENGINE_ARTIFACT_H

#include "base/buffer.h"
#include "jit/jit.h"

/* Whether the bytes start as an artifact does. */
bool wm_artifact_is(const u8 *bytes, size_t size);

/* Appends lm with what is compiled of it now, in the way that `options` tell; false: out of memory.
 */
bool wm_artifact_write(LoadedModule *lm, const JitOptions *options, Buffer *out);

/* The module's own bytes in an artifact whose checksum is right and whose code is compiled in the
 * way that `options` tell; NULL with err set (ERR_ARGUMENT: of another version, machine or
 * configuration, or damaged). */
const u8 *wm_artifact_module(const JitOptions *options, const u8 *bytes, size_t size,
                             size_t *module_size, Error *err);

/* Gives the code in the artifact, which wm_artifact_module has accepted, to a module made of the
 * bytes in it, which runs nowhere yet. False: out of memory or address space; the module is as
 * before. */
bool wm_artifact_attach(LoadedModule *lm, const u8 *bytes, size_t size);

/* A number that differs between builds of the library, machines and ways to compile whose code must
 * not be mixed. */
u64 wm_artifact_fingerprint(const JitOptions *options);
/* A quick hash of bytes: finds, but does not prove. */
u64 wm_artifact_hash(u64 seed, const u8 *bytes, size_t size);

#endif
