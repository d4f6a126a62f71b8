/* grep WORD [FILE...]: the lines that have the word, of files (then behind their names when there
 * are several) or of its input. Status 0 when there is one, else 1. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int search(FILE *from, const char *word, const char *name) {
  char *line = NULL;
  size_t room = 0;
  int found = 0;
  while (getline(&line, &room, from) >= 0) {
    if (!strstr(line, word)) continue;
    found = 1;
    if (name) printf("%s:", name);
    printf("%s%s", line, strchr(line, '\n') ? "" : "\n");
  }
  free(line);
  return found;
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: grep WORD [FILE...]\n");
    return 2;
  }
  int found = argc > 2 ? 0 : search(stdin, argv[1], NULL), status = 0;
  for (int i = 2; i < argc; i++) {
    FILE *file = fopen(argv[i], "r");
    if (!file) {
      perror(argv[i]);
      status = 2;
      continue;
    }
    found |= search(file, argv[1], argc > 3 ? argv[i] : NULL);
    fclose(file);
  }
  if (fflush(stdout)) return 2;
  return status ? status : !found;
}
