/* Ways to end: by status, by exit from deep inside, by _Exit, by abort. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void at_exit(void) { puts("at exit"); }

static void deep(int n, int status) {
  if (n == 0) exit(status);
  deep(n - 1, status);
  puts("not reached");
}

int main(int argc, char **argv) {
  atexit(at_exit);
  printf("begin\n");
  if (argc < 3) return 0;
  int status = atoi(argv[2]);
  if (strcmp(argv[1], "return") == 0) return status;
  if (strcmp(argv[1], "exit") == 0) deep(100, status);
  if (strcmp(argv[1], "quick") == 0) {
    fflush(stdout);
    _Exit(status);
  }
  fflush(stdout);
  abort();
}
