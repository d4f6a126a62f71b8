/* Which keywords belong to proposals that are not built. */
#ifndef WM_TEXT_TEXT_UNBUILT_H
#define WM_TEXT_TEXT_UNBUILT_H

#include "wasm/feature.h"

/* The proposal of a keyword that the language itself does not have; FEATURE_COUNT: none. */
Feature wm_unbuilt_word(const char *text, size_t len);

#endif
