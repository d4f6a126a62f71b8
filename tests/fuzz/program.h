/* Runs the programs of generate.h. */
#ifndef TESTS_FUZZ_PROGRAM_H
#define TESTS_FUZZ_PROGRAM_H

#include "base/buffer.h"

/* Calls f0, f1, ... in turn, each with the same few arguments, and appends a word on how the call
 * ended and the checksum after it, a line for each call. */
void run_program(const Buffer *module, Buffer *out);

#endif
