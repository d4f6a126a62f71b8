/* Strings: a hash map with open addressing counts words that are made up on the way. */
#define UNITS 250
#include "kernel.h"

enum { SLOTS = 1 << 14, WORDS = 40000, TEXT = 1 << 18 };
typedef struct Entry {
  u32 hash, length;
  const char *key; /* in text */
  u32 count;
} Entry;

static Entry table[SLOTS];
static char text[TEXT]; /* the keys */
static u32 text_used;

static u32 hash_of(const char *key, u32 length) {
  u32 h = 2166136261u;
  for (u32 i = 0; i < length; i++) h = (h ^ (u8)key[i]) * 16777619u;
  return h;
}

static Entry *find(const char *key, u32 length) {
  u32 h = hash_of(key, length);
  for (u32 i = h % SLOTS;; i = (i + 1) % SLOTS) {
    Entry *e = &table[i];
    if (!e->key) {
      char *copy = text + text_used;
      memcpy(copy, key, length);
      text_used += length;
      *e = (Entry){h, length, copy, 0};
      return e;
    }
    if (e->hash == h && e->length == length && memcmp(e->key, key, length) == 0) return e;
  }
}

/* A word of 3 to 16 letters by a number; returns its length. */
static u32 make_word(char *out, u32 number) {
  u32 length = 0;
  do {
    out[length++] = (char)('a' + number % 7);
    out[length++] = "aeiou"[number % 5];
    number /= 7;
  } while (number);
  out[length++] = 's';
  return length;
}

static u64 kernel(u32 units) {
  u32 seed = 31;
  u64 sum = 1;
  for (u32 u = 0; u < units; u++) {
    memset(table, 0, sizeof table);
    text_used = 0;
    for (u32 i = 0; i < WORDS; i++) {
      char word[32];
      u32 a = next_random(&seed) % 8192, b = next_random(&seed) % 8192;
      find(word, make_word(word, a < b ? a : b))->count++;
    }
    u32 most = 0;
    for (u32 i = 0; i < SLOTS; i++)
      if (table[i].count > table[most].count) most = i;
    sum = mix(mix(sum, text_used), table[most].hash);
  }
  return sum;
}
