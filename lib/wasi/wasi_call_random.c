/* Random bytes: the kernel's, or those of a seed (wasi_random.h). */
#include "wasi/wasi_ctx.h"
#include "wasi/wasi_random.h"

#include <errno.h>
#include <sys/random.h>

enum { RANDOM_PIECE = 1 << 18 /* bytes made between two looks for a stop: under a millisecond */ };

/* ---- a seed's ---- */

static u64 splitmix64(u64 *state) {
  u64 z = *state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

void wm_random_seed(RandomSource *r, u64 seed) {
  *r = (RandomSource){.seeded = true};
  pthread_mutex_init(&r->lock, NULL); /* on Linux it does not fail */
  for (int i = 0; i < 4; i++) r->state[i] = splitmix64(&seed);
}

static u64 rotate_left(u64 v, int by) { return (v << by) | (v >> (64 - by)); }

static u64 xoshiro256ss(u64 s[4]) {
  u64 result = rotate_left(s[1] * 5, 7) * 9, t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotate_left(s[3], 45);
  return result;
}

static u8 next_byte(RandomSource *r) {
  if (!r->left) {
    r->output = xoshiro256ss(r->state);
    r->left = 8;
  }
  u8 byte = (u8)r->output;
  r->output >>= 8;
  r->left--;
  return byte;
}

/* store_u64 writes as wasm does, the lowest byte first. */
void wm_random_fill(RandomSource *r, u8 *to, size_t size) {
  for (; size && r->left; size--) *to++ = next_byte(r);
  for (; size >= 8; size -= 8, to += 8) store_u64(to, xoshiro256ss(r->state));
  for (; size; size--) *to++ = next_byte(r);
}

/* ---- the call ---- */

static Errno fill_piece(RandomSource *r, u8 *to, size_t size, size_t *done) {
  *done = size;
  if (r->seeded) return wm_random_fill(r, to, size), E_SUCCESS;
  *done = wm_vdso_random(&r->vdso, to, size);
  if (*done) return E_SUCCESS;
  ssize_t n = getrandom(to, size, 0);
  *done = n > 0 ? (size_t)n : 0;
  return n > 0 || errno == EINTR ? E_SUCCESS : wm_errno_of_host(errno);
}

/* What one call gets lies together in the sequence: it holds the lock to its end. */
static pthread_mutex_t *lock_source(RandomSource *r) {
  if (!r->seeded) return NULL;
  pthread_mutex_lock(&r->lock);
  return &r->lock;
}

Errno wm_call_random_get(Call *call) {
  RandomSource *source = &call->ctx->random;
  u64 len = call->args[1].u32;
  u8 *bytes = guest_bytes(call, call->args[0].u32, len);
  if (!bytes) return call->error;
  SCOPE_LOCK lock = lock_source(source);
  for (size_t at = 0, done; at < len; at += done) {
    if (call_interrupted(call)) return E_INTR;
    Errno e = fill_piece(source, bytes + at, min_u64(len - at, RANDOM_PIECE), &done);
    if (e) return e;
  }
  return E_SUCCESS;
}
