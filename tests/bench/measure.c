/* Runs a command and writes what it took into a file: seconds from exec to exit, CPU seconds, KiB
 * of peak resident size, exit status (-1: a signal). Small itself, because a child's peak counts
 * what it was forked from. Usage: measure FILE COMMAND [ARGUMENT]... */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(struct timeval t) { return (double)t.tv_sec + (double)t.tv_usec / 1e6; }

int main(int argc, char **argv) {
  struct rusage usage;
  int status = 0;
  if (argc < 3) return 2;
  double start = now();
  pid_t child = fork();
  if (child == 0) {
    execv(argv[2], argv + 2);
    _exit(127);
  }
  if (child < 0 || wait4(child, &status, 0, &usage) < 0) return 1;
  double wall = now() - start;
  FILE *out = fopen(argv[1], "w");
  if (!out) return 1;
  fprintf(out, "%.6f %.6f %ld %d\n", wall, seconds(usage.ru_utime) + seconds(usage.ru_stime),
          usage.ru_maxrss, WIFEXITED(status) ? WEXITSTATUS(status) : -1);
  return fclose(out) != 0;
}
