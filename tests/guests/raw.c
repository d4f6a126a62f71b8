/* Makes its terminal raw, shows the other screen, and ends without putting anything back: how, the
 * first argument says. `env` tells what it knows of its terminal instead. */
#include "terminal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void tell(const char *name) {
  const char *value = getenv(name);
  printf("%s=%s\n", name, value ? value : "(none)");
}

static int tell_all(void) {
  uint32_t columns, rows;
  const char *const names[] = {"TERM", "COLORTERM", "NO_COLOR", "LINES", "COLUMNS", "HOME"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) tell(names[i]);
  terminal_size(&columns, &rows);
  printf("size=%ux%u raw=%d\n", columns, rows, terminal_set_raw(1));
  return 0;
}

/* As it comes, until there is no more. */
static int read_all(void) {
  char c;
  while (terminal_wait(-1) & TERMINAL_INPUT)
    if (read(0, &c, 1) != 1) return 5;
  return 7;
}

int main(int argc, char **argv) {
  const char *how = argc > 1 ? argv[1] : "return";
  if (strcmp(how, "env") == 0) return tell_all();
  if (terminal_set_raw(1)) return 99;
  fprintf(stderr, "\033[?1049h\033[?25l\033[31mthe terminal is raw\r\n");
  if (strcmp(how, "return") == 0) return 4;
  if (strcmp(how, "exit") == 0) exit(3);
  if (strcmp(how, "trap") == 0) __builtin_trap();
  if (strcmp(how, "read") == 0) return read_all();
  while (strcmp(how, "write") == 0)
    if (puts("something to read") < 0 || fflush(stdout)) return 6; /* nobody is there any more */
  for (volatile int i = 0;; i++) {
  }
}
