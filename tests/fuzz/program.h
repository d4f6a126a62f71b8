/* Runs the programs of generate.h. */
#ifndef TESTS_FUZZ_PROGRAM_H
#define TESTS_FUZZ_PROGRAM_H

#include "engine/engine.h"
#include "tests/fuzz/generate.h"

/* Calls f0, f1, ... of the first module in turn, each with the same few arguments, then the second
 * one's, and appends a word on how the call
 * ended and the checksum after it, a line for each call; with `places`, also the exact trap code
 * and where it happened. */
void run_program(Engine *engine, const Program *program, bool places, Buffer *out);

/* The ways to run that must not differ from the interpreter's: tier, bounds, registers, processor
 * features. NULL past the last. */
const char *program_way(u32 way);
/* Which of them is the interpreter's own: with fuel, which is part of what is compared, or without.
 */
u32 program_model(u32 way);
/* An engine that runs so; NULL: out of memory. */
Engine *program_engine(u32 way);
/* What the compiler failed at so far, as program_fault says it; NULL: nothing. */
const char *program_trouble(const Engine *engine, u32 way);
/* After programs ran in it: something was not compiled that should have been, and so the
 * interpreter was compared with itself. In a static buffer; NULL: all is well. */
const char *program_fault(const Engine *engine, u32 way);

#endif
