/* Copies the first file to the second. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
  char buffer[5000];
  if (argc != 3) {
    fprintf(stderr, "usage: copy FROM TO\n");
    return 2;
  }
  int from = open(argv[1], O_RDONLY);
  if (from < 0) {
    perror(argv[1]);
    return 1;
  }
  int to = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (to < 0) {
    perror(argv[2]);
    return 1;
  }
  long total = 0;
  ssize_t n;
  while ((n = read(from, buffer, sizeof buffer)) > 0) {
    for (ssize_t done = 0; done < n;) {
      ssize_t w = write(to, buffer + done, (size_t)(n - done));
      if (w < 0) {
        perror(argv[2]);
        return 1;
      }
      done += w;
    }
    total += n;
  }
  if (n < 0 || close(to) || close(from)) {
    perror("copy");
    return 1;
  }
  printf("%ld bytes\n", total);
  return 0;
}
