/* Fuzz target: bytes -> decode -> print -> parse -> compare. Whatever decodes and has well-formed
 * bodies is read back from its text as the same module (support/round_trip.h), flat and folded. */
#include "tests/fuzz/fuzz.h"

#include "binary/decode.h"
#include "tests/support/round_trip.h"
#include "text/print.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
  static const u32 ways[] = {0, PRINT_FOLDED, PRINT_NO_NAMES | PRINT_OFFSETS | PRINT_FOLDED};
  Module m;
  Error err = {0};
  bool decoded = wm_module_decode(&m, data, size, &err);
  for (u32 i = 0; decoded && i < ARRAY_LEN(ways); i++) {
    RoundTrip trip = round_trip(&m, ways[i]);
    if (trip.wrong) __builtin_trap();
    round_trip_free(&trip);
  }
  wm_module_free(&m);
  return 0;
}
