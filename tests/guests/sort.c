/* Sorts 10^6 strings and prints a few and a sum over all. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 1000000, LENGTH = 12 };

static int compare(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(void) {
  char *text = malloc((size_t)COUNT * (LENGTH + 1));
  char **lines = malloc(COUNT * sizeof *lines);
  uint32_t seed = 12345, sum = 0;
  if (!text || !lines) return 1;
  for (int i = 0; i < COUNT; i++) {
    lines[i] = text + (size_t)i * (LENGTH + 1);
    int len = 1 + (int)((seed >> 8) % LENGTH);
    for (int j = 0; j < len; j++) {
      seed = seed * 1664525u + 1013904223u;
      lines[i][j] = (char)('a' + (seed >> 16) % 26);
    }
    lines[i][len] = 0;
  }
  qsort(lines, COUNT, sizeof *lines, compare);
  for (int i = 0; i < COUNT; i++) {
    if (i && strcmp(lines[i - 1], lines[i]) > 0) return 2;
    for (const char *c = lines[i]; *c; c++) sum = sum * 31 + (unsigned char)*c;
  }
  printf("%s %s %s %08x\n", lines[0], lines[COUNT / 2], lines[COUNT - 1], sum);
  return 0;
}
