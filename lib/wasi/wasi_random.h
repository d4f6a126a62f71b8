/* Where a program's random bytes come from: the kernel, or a seed (wasi_config_set_random_seed).
 *
 * Seeded they are those of xoshiro256** 1.0 (Blackman, Vigna), eight of each output, lowest first,
 * whose state is the first four outputs of SplitMix64 from the seed. They are one sequence, however
 * many are taken at once, in the order of the calls. */
#ifndef WM_WASI_WASI_RANDOM_H
#define WM_WASI_WASI_RANDOM_H

#include "wasi/wasi_vdso.h"

#include <pthread.h>

typedef struct RandomSource {
  VdsoRandom vdso; /* of the kernel's bytes */
  bool seeded;     /* else nothing of the rest is used */
  pthread_mutex_t lock;
  u64 state[4];
  u64 output; /* the bytes of the last output that are left */
  u32 left;   /* how many */
} RandomSource;

void wm_random_seed(RandomSource *r, u64 seed);
/* The next bytes of a seeded source; the lock is held. */
void wm_random_fill(RandomSource *r, u8 *to, size_t size);

#endif
