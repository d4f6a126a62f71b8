/* Runs commands in turn and prints, for each, the median time from exec to exit and the peak
 * resident size. Small itself, because a child's peak counts what it was forked from. Usage:
 * startup ROUNDS COMMAND... (each split at spaces; output is dropped) */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_ARGS = 32, MAX_ROUNDS = 2000 };

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double run(char *const *argv, long *peak_kib) {
  struct rusage usage;
  int status = 0;
  double start = now_ms();
  pid_t child = fork();
  if (child == 0) {
    dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
    execv(argv[0], argv);
    _exit(127);
  }
  wait4(child, &status, 0, &usage);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    fprintf(stderr, "startup: %s failed\n", argv[0]);
    exit(1);
  }
  if (usage.ru_maxrss > *peak_kib) *peak_kib = usage.ru_maxrss;
  return now_ms() - start;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  int rounds = argc > 2 ? atoi(argv[1]) : 0, commands = argc - 2;
  if (rounds < 1 || rounds > MAX_ROUNDS || commands > 8) {
    fprintf(stderr, "usage: startup ROUNDS COMMAND...\n");
    return 2;
  }
  static double times[8][MAX_ROUNDS];
  static char *args[8][MAX_ARGS + 1];
  long peak_kib[8] = {0};
  for (int c = 0; c < commands; c++) {
    int n = 0;
    for (char *word = strtok(argv[c + 2], " "); word && n < MAX_ARGS; word = strtok(NULL, " "))
      args[c][n++] = word;
  }
  for (int r = 0; r < rounds; r++)
    for (int c = 0; c < commands; c++) times[c][r] = run(args[c], &peak_kib[c]);
  for (int c = 0; c < commands; c++) {
    qsort(times[c], (size_t)rounds, sizeof times[c][0], compare);
    printf("%7.3f ms  %6.2f MiB  %s %s\n", times[c][rounds / 2], (double)peak_kib[c] / 1024,
           args[c][0], args[c][1] ? args[c][1] : "");
  }
  return 0;
}
