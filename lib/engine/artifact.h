/* Compiled modules as bytes: what wasm_module_serialize gives, `wasm compile` writes and the cache
 * keeps. An artifact holds the module's own bytes, and the code compiled from them for one kind of
 * machine, one build of this library and one way to compile.
 *
 *   header | head: BodyRow[], sums, frame sizes | tables | code, as in the region | module's bytes
 *            <----- read when it is opened -----> <-- piece by piece, when a function is called -->
 *
 * Every byte is under a checksum, which is looked at when the byte is read: the header's own, one
 * of the head, one of the module's bytes and one of each piece of PIECE_BYTES of tables and code.
 * So a file that changes or shrinks while it is used costs the code that is not read yet, never
 * more: nothing of it is mapped.
 *
 * Checksums find accidents, not forgers. Who can write an artifact can have any code run: they are
 * to be read only from where nobody else can write.
 *
 * Numbers are little-endian, as on every host that this library runs on. */
#ifndef WM_ENGINE_ARTIFACT_H
#define WM_ENGINE_ARTIFACT_H

#include "base/buffer.h"
#include "jit/jit.h"
#include "os/os_file.h"
#include "valid/valid.h"

enum { PIECE_BYTES = 64 << 10 };

/* Places are bytes from the start of the artifact. */
typedef struct ArtifactHeader {
  u8 magic[8];
  u64 fingerprint;
  u64 tables_at, tables_bytes;
  u64 code_at, code_bytes; /* the region from `slots_bytes` on */
  u64 module_at, module_bytes;
  u64 slots_bytes;
  u32 body_count, defined_count;
  u64 head_sum, module_sum;
  u64 sum; /* of the header up to here */
} ArtifactHeader;

/* A NativeBody without its addresses; rows ascend by start. */
typedef struct BodyRow {
  u64 tables; /* bytes from tables_at: wm_native_set_tables */
  u32 start;  /* bytes from the region's base */
  u32 size_bytes, frame_bytes, func_index, saved_regs;
  u32 site_count, inline_count, catch_count, clause_count, is_plain;
} BodyRow;

/* Where an artifact is: in memory, or in a file. */
typedef struct ArtifactSource {
  const u8 *bytes; /* borrowed; NULL: in the file */
  u64 size_bytes;
  u64 file_at;   /* where it begins in the file */
  OpenFile file; /* owned */
} ArtifactSource;

/* An artifact whose header and head are right. */
typedef struct Artifact {
  ArtifactSource source;
  ArtifactHeader header;
  u8 *head; /* owned */
  const BodyRow *rows;
  const u64 *sums;        /* of the pieces of tables, then of code */
  const u32 *frame_slots; /* of each defined function */
} Artifact;

/* Whether the bytes start as an artifact does. */
bool wm_artifact_is(const u8 *bytes, size_t size);

/* Appends lm with what is compiled of it now, in the way that the fingerprint stands for; false:
 * out of memory. */
bool wm_artifact_write(LoadedModule *lm, u64 fingerprint, Buffer *out);

/* Reads header and head of an artifact of that fingerprint. Takes over the source; false
 * (and the source is gone) with err set: ERR_ARGUMENT, of another version, machine or configuration
 * or damaged; or out of memory. */
bool wm_artifact_open(u64 fingerprint, const ArtifactSource *source, Artifact *out, Error *err);
void wm_artifact_close(Artifact *a);
/* A part of it as it is there; false: the file is shorter now. */
bool wm_artifact_read(const Artifact *a, u64 at, void *to, size_t size);
/* The module's own bytes, from malloc; NULL with err set: damaged, or out of memory. */
u8 *wm_artifact_module(const Artifact *a, Error *err);
/* Whether these are the module's bytes. */
bool wm_artifact_is_of(const Artifact *a, const u8 *bytes, size_t size);

static inline u64 piece_count(u64 bytes) { return (bytes + PIECE_BYTES - 1) / PIECE_BYTES; }

/* A number that differs between builds of the library, machines, ways to compile and sets of valid
 * modules whose code must not be mixed. */
u64 wm_artifact_fingerprint(const JitOptions *options, FeatureSet features);
/* A quick hash of bytes: finds, but does not prove. */
u64 wm_artifact_hash(u64 seed, const u8 *bytes, size_t size);

#endif
