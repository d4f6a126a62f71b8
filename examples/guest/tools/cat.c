/* cat FILE...: writes files, or its input, one after another. */
#include <stdio.h>

static int copy(FILE *from) {
  char bytes[1 << 16];
  size_t n;
  while ((n = fread(bytes, 1, sizeof bytes, from)) > 0)
    if (fwrite(bytes, 1, n, stdout) != n) return 1;
  return ferror(from) ? 1 : 0;
}

int main(int argc, char **argv) {
  int status = argc > 1 ? 0 : copy(stdin);
  for (int i = 1; i < argc; i++) {
    FILE *file = fopen(argv[i], "rb");
    if (!file || copy(file)) {
      perror(argv[i]);
      status = 1;
    }
    if (file) fclose(file);
  }
  return fflush(stdout) ? 1 : status;
}
