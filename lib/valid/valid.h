/* Validation (spec 3): whether a decoded module may be instantiated, and what the tiers want to
 * know about it. Linear in the module's size, no recursion, all scratch memory on the heap.
 *
 *   decode (binary/) -> Module -> wm_module_validate -> translate (interp/, jit/)
 *
 * Function bodies and constant expressions are scanned here for the first time after the decoder
 * found their bounds, so errors of the binary grammar inside bodies come from here too. */
#ifndef WM_VALID_VALID_H
#define WM_VALID_VALID_H

#include "wasm/feature.h"
#include "wasm/module.h"

/* A set of proposals: bit 1 << FEATURE_x. */
typedef struct FeatureSet {
  u32 bits;
} FeatureSet;

/* Every proposal that this build runs (wm_feature_built). */
FeatureSet wm_features_default(void);

static inline bool features_have(FeatureSet set, Feature f) { return set.bits >> f & 1; }
static inline FeatureSet features_with(FeatureSet set, Feature f, bool on) {
  set.bits = on ? set.bits | 1u << f : set.bits & ~(1u << f);
  return set;
}

/* Validates `m` under the proposals in `features`, which is a subset of those built. Of a large
 * module up to `threads` more check bodies, too; what comes out is the same.
 *
 * On success m holds what its declarations in wasm/module.h promise from validation: canonical type
 * ids (one count taken in `reg` for each recursion group: the owner of m gives them back with
 * wm_module_release_types before wm_module_free), the facts of every defined function, which
 * functions escape, and export_map.
 *
 * On failure sets `err` and holds no count:
 *   ERR_INVALID      a rule of spec 3, in the spec suite's words, at the instruction or item
 *   ERR_MALFORMED    the grammar of a body (spec 5.4, 5.5.13)
 *   ERR_UNSUPPORTED  needs a proposal that is not in `features`; named in err->proposal
 *   ERR_LIMIT        beyond wasm/limits.h; also a call frame of more than MAX_FRAME_SLOTS
 *   ERR_OUT_OF_MEMORY
 * The module can only be freed then. */
bool wm_module_validate(Module *m, TypeRegistry *reg, FeatureSet features, u32 threads, Error *err);

/* The same without the bodies, of a module that was valid before: each is validated by
 * wm_module_validate_body before its function runs. */
bool wm_module_validate_outside(Module *m, TypeRegistry *reg, FeatureSet features, Error *err);
/* Makes the facts of a defined function. One thread at a time. False: not valid, or no memory. */
bool wm_module_validate_body(Module *m, TypeRegistry *reg, FeatureSet features, u32 func_index);

/* The proposals that a decoded module uses, valid or not, whether they are built or not. False: an
 * instruction of a body is malformed. */
bool wm_module_features(const Module *m, FeatureSet *used, Error *err);

/* Gives back the counts that wm_module_validate took. */
void wm_module_release_types(const Module *m, TypeRegistry *reg);

#endif
