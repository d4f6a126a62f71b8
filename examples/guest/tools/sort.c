/* sort [-r]: the lines of its input in order of their bytes; -r: the other way round. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int ascending(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}
static int descending(const void *a, const void *b) { return ascending(b, a); }

int main(int argc, char **argv) {
  char **lines = NULL, *line = NULL;
  size_t count = 0, room = 0, line_room = 0;
  while (getline(&line, &line_room, stdin) >= 0) {
    line[strcspn(line, "\n")] = 0;
    if (count == room) lines = realloc(lines, (room = room ? room * 2 : 64) * sizeof *lines);
    if (!lines || !(lines[count++] = strdup(line))) {
      perror("sort");
      return 2;
    }
  }
  if (count)
    qsort(lines, count, sizeof *lines, argc > 1 && !strcmp(argv[1], "-r") ? descending : ascending);
  for (size_t i = 0; i < count; i++) puts(lines[i]);
  return fflush(stdout) ? 2 : 0;
}
