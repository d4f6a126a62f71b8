/* The fuzz targets, for libFuzzer (clang -fsanitize=fuzzer) and for replay.c. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "base/base.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

#endif
