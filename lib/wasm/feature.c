/* The names of the proposals (feature.h). */
#include "wasm/feature.h"

const char *wm_feature_name(Feature f) {
  static const char names[][32] = {/* no pointers: nothing to relocate */
#define F(id, name, built) name,
                                   FEATURES(F)
#undef F
  };
  return names[f];
}

bool wm_feature_built(Feature f) {
  static const bool are_built[] = {
#define F(id, name, built) built,
      FEATURES(F)
#undef F
  };
  return are_built[f];
}
