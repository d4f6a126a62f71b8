/* A module written again from what was decoded, so that two binaries that say the same are equal:
 * numbers in as few bytes as possible, segments in their shortest form, locals grouped, recursion
 * groups of one bare, no empty ones, no custom sections, a data count only where an instruction
 * wants it. Bodies that are malformed end where they are. */
#ifndef TESTS_SUPPORT_CANONICAL_H
#define TESTS_SUPPORT_CANONICAL_H

#include "binary/encode.h"
#include "wasm/module.h"

void canonical(const Module *m, Buffer *out);

#endif
