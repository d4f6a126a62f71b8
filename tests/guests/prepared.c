/* A program whose start is long: numbers, sorted words and what a file says. Run plainly, main does
 * that itself; `wasm snapshot --rename-func _start=wizer.resume` does it once. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 3000000, WORDS = 60000 };

static unsigned *primes, prime_count;
static char **words;
static char greeting[64];
static bool is_prepared;

__attribute__((noinline)) static int by_letters(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static void find_primes(void) {
  unsigned char *composite = calloc(MOST, 1);
  primes = malloc(MOST / 8 * sizeof *primes);
  for (unsigned i = 2; i < MOST; i++) {
    if (composite[i]) continue;
    primes[prime_count++] = i;
    for (unsigned k = 2 * i; k < MOST; k += i) composite[k] = 1;
  }
  free(composite);
}

static void sort_words(void) {
  words = malloc(WORDS * sizeof *words);
  for (unsigned i = 0, random = 1; i < WORDS; i++) {
    random = random * 1103515245u + 12345u;
    words[i] = malloc(16);
    snprintf(words[i], 16, "%x", random >> 8);
  }
  qsort(words, WORDS, sizeof *words, by_letters);
}

static void read_greeting(void) {
  FILE *file = fopen("greeting", "r");
  if (file && !fgets(greeting, sizeof greeting, file)) greeting[0] = 0;
  if (file) fclose(file);
}

/* Whoever calls constructors itself has the linker not do it before exports (wasm-ld's commands).
 */
#if defined(__wasm__)
void __wasm_call_ctors(void);
#else
static void __wasm_call_ctors(void) {}
#endif

static void prepare(void) {
  __wasm_call_ctors();
  find_primes();
  sort_words();
  read_greeting();
  is_prepared = true;
}

int main(int argc, char **argv) {
  if (!is_prepared) prepare();
  unsigned at = argc > 1 ? (unsigned)atoi(argv[1]) : 0;
  printf("%s%u primes, the last %u; %s %s; %s\n", greeting, prime_count, primes[prime_count - 1],
         words[at], words[WORDS - 1], argc > 1 ? argv[1] : "none");
  return at > 9 ? 3 : 0;
}

#if defined(__wasm__)
int __main_void(void);

__attribute__((export_name("wizer.initialize"))) void initialize(void) { prepare(); }
__attribute__((export_name("wizer.resume"))) void resume(void) { exit(__main_void()); }
__attribute__((export_name("leave"))) void leave(void) { exit(0); }
__attribute__((export_name("crash"))) void crash(void) { __builtin_trap(); }
#endif
