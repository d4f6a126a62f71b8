/* Matching: a byte compressor with hash chains, and its decompressor, on 128 KiB of text. */
#define UNITS 95
#include "kernel.h"

enum {
  SIZE = 128 << 10,
  HASH_BITS = 13,
  CHAIN = 16,
  SHORTEST = 4,
  LONGEST = 131,
  WINDOW = 1 << 16
};
static u8 plain[SIZE], packed[SIZE * 2], unpacked[SIZE];
static i32 heads[1 << HASH_BITS], previous[SIZE];

static u32 hash_at(const u8 *p) {
  u32 v;
  memcpy(&v, p, sizeof v);
  return v * 2654435761u >> (32 - HASH_BITS);
}

static u32 match_length(u32 a, u32 b) {
  u32 length = 0, most = SIZE - b < LONGEST ? SIZE - b : LONGEST;
  while (length < most && plain[a + length] == plain[b + length]) length++;
  return length;
}

static void enter(u32 position) {
  if (position + SHORTEST > SIZE) return;
  u32 h = hash_at(plain + position);
  previous[position] = heads[h];
  heads[h] = (i32)position;
}

/* The longest earlier match of the bytes at `position`; 0 when there is none worth it. */
static u32 find_match(u32 position, u32 *distance) {
  if (position + SHORTEST > SIZE) return 0;
  u32 best = 0;
  i32 candidate = heads[hash_at(plain + position)];
  for (u32 i = 0; i < CHAIN && candidate >= 0; i++, candidate = previous[candidate]) {
    if (position - (u32)candidate >= WINDOW) break;
    u32 length = match_length((u32)candidate, position);
    if (length > best) best = length, *distance = position - (u32)candidate;
  }
  return best >= SHORTEST ? best : 0;
}

/* Packed: a byte below 128 and that many literals and one more; or 128 + length - SHORTEST and the
 * distance in two bytes. Each writer returns the new end. */
static u32 put_literals(u32 out, u32 start, u32 end) {
  while (start < end) {
    u32 count = end - start < 128 ? end - start : 128;
    packed[out++] = (u8)(count - 1);
    memcpy(packed + out, plain + start, count);
    out += count;
    start += count;
  }
  return out;
}

static u32 put_match(u32 out, u32 length, u32 distance) {
  packed[out] = (u8)(128 + length - SHORTEST);
  packed[out + 1] = (u8)distance;
  packed[out + 2] = (u8)(distance >> 8);
  return out + 3;
}

static u32 pack(void) {
  memset(heads, 0xFF, sizeof heads);
  u32 out = 0, literals = 0, position = 0;
  while (position < SIZE) {
    u32 distance = 0, length = find_match(position, &distance);
    if (!length) {
      enter(position++);
      continue;
    }
    out = put_match(put_literals(out, literals, position), length, distance);
    for (u32 i = 0; i < length; i++) enter(position++);
    literals = position;
  }
  return put_literals(out, literals, SIZE);
}

static u32 unpack(u32 size) {
  u32 out = 0;
  for (u32 in = 0; in < size;) {
    u32 control = packed[in++];
    if (control < 128) {
      memcpy(unpacked + out, packed + in, control + 1);
      in += control + 1;
      out += control + 1;
      continue;
    }
    u32 length = control - 128 + SHORTEST, distance = packed[in] | (u32)packed[in + 1] << 8;
    in += 2;
    for (u32 i = 0; i < length; i++, out++) unpacked[out] = unpacked[out - distance];
  }
  return out;
}

/* Words of a small vocabulary with some noise. */
static void make_plain(void) {
  u32 seed = 2026;
  for (u32 out = 0; out < SIZE;) {
    u32 random = next_random(&seed), word = random % 300 * (random >> 28);
    for (u32 i = 0; i < 3 + word % 7 && out < SIZE; i++)
      plain[out++] = (u8)('a' + (word * (i + 7) >> 3) % 26);
    if (out < SIZE) plain[out++] = random >> 16 & 15 ? ' ' : (u8)(random >> 8);
  }
}

static u64 kernel(u32 units) {
  make_plain();
  u64 sum = 1;
  for (u32 u = 0; u < units; u++) {
    u32 size = pack(), length = unpack(size);
    sum = mix(sum, size + (length == SIZE && memcmp(plain, unpacked, SIZE) == 0));
    plain[(u * 977) % SIZE] ^= 1;
  }
  return sum;
}
