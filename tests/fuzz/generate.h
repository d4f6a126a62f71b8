/* Programs made by decisions read from a tape: valid modules that compute, for differential tests.
 *
 * A program exports f0, f1, ... : [i32 i64 f32 f64] -> [] and hash: [] -> [i64], a checksum over
 * its memory and globals. Every call ends: loops and calls burn fuel, and without fuel it traps.
 * NaNs are made canonical before their bits can be seen. No tape is refused; the same tape gives
 * the same program. */
#ifndef TESTS_FUZZ_GENERATE_H
#define TESTS_FUZZ_GENERATE_H

#include "base/buffer.h"

/* Appends the program. With `barriers`, a branch that is never taken stands before every
 * instruction: the same meaning, but nothing that an instruction leaves behind is of use to the
 * next, so that a translator cannot join them. */
void generate_program(const u8 *tape, size_t len, bool barriers, Buffer *out);

#endif
