/* A small WASI program: appends a line to /notes/log.txt and prints the whole file. Built with
 *   clang-19 --target=wasm32-wasi -O2 -o notes.wasm notes.c */
#include <errno.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
  FILE *file = fopen("/notes/log.txt", "a+");
  if (!file) {
    fprintf(stderr, "notes: cannot open /notes/log.txt: %s\n", strerror(errno));
    return 1;
  }
  fprintf(file, "%s\n", argc > 1 ? argv[1] : "(nothing to say)");
  rewind(file);
  char line[256];
  int count = 0;
  while (fgets(line, sizeof line, file)) printf("note %d: %s", ++count, line);
  return fclose(file) ? 1 : 0;
}
