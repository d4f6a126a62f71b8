/* Programs made by decisions read from a tape: valid modules that compute, for differential tests.
 *
 * A program is two modules, made alike, of which the second also imports the first one's functions
 * g0, g1, ..., its table, some tags and `fuel`. Both import `host`, which is to call the other's
 * `back`: [] -> []. Each exports f0, f1, ... : [i32 i64 f32 f64] -> [] and hash: [] -> [i64], a
 * checksum over its memory and globals. Every call ends: loops and calls burn fuel, and without
 * fuel it traps. NaNs are made canonical before their bits can be seen. No tape is refused; the
 * same tape gives the same program. */
#ifndef TESTS_FUZZ_GENERATE_H
#define TESTS_FUZZ_GENERATE_H

#include "base/buffer.h"

/* In a tape's first byte: the program has structs, arrays and references to them. */
enum { GC_PROGRAM = 4 };

typedef struct Program {
  Buffer module, peer;
} Program;

/* The program, which program_free frees. With `barriers`, a branch that is never taken stands
 * before every instruction: the same meaning, but nothing that an instruction leaves behind is of
 * use to the next, so that a translator cannot join them. */
Program generate_program(const u8 *tape, size_t len, bool barriers);
void program_free(Program *p);

#endif
