/* Numbers the lines of its input. */
#include <stdio.h>

int main(void) {
  char line[256];
  for (int n = 1; fgets(line, sizeof line, stdin); n++) printf("%d: %s", n, line);
  puts(feof(stdin) ? "end" : "error");
  return 0;
}
