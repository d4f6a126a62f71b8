/* A module printed as text and read again must be the same module. */
#ifndef TESTS_SUPPORT_ROUND_TRIP_H
#define TESTS_SUPPORT_ROUND_TRIP_H

#include "base/buffer.h"
#include "wasm/module.h"

typedef struct RoundTrip {
  Buffer text, binary; /* owned: the module printed, and read from that */
  const char *wrong;   /* NULL: nothing */
  bool printed;
  Error err; /* of what went wrong */
} RoundTrip;

/* Prints the module with `flags` and reads its text: the binary decodes, says the same as the
 * module (canonical.h), and when it is printed and read in turn comes back byte for byte (but for
 * names that were left out). A module whose bodies are malformed is not printed; that is not wrong.
 * Freed by round_trip_free. */
RoundTrip round_trip(const Module *m, u32 flags);
void round_trip_free(RoundTrip *trip);

static inline bool same_bytes(const Buffer *a, const Buffer *b) {
  return a->len == b->len && (!a->len || !memcmp(a->data, b->data, a->len));
}

#endif
