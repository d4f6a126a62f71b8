/* See run_terminal.h. A first signal interrupts the program, and all is put back in order; a second
 * one ends this process at once, with the terminal as it was before the program began. */
#include "tools/run_terminal.h"

#include "tools/tool.h"

#include "base/base.h"

#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* SIGPIPE is raised by what the program writes, as natively. */
static const int ending[] = {SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM};

/* Of the process, as handlers are: written before they are installed. */
static wasmx_interrupt_t *program;
static struct termios before;
static int terminal = -1; /* the first standard stream that is one */
static volatile sig_atomic_t caught;

bool add_terminal_env(wasi_config_t *config) {
  return wasi_config_add_env(config, "TERM", NULL) &&
         wasi_config_add_env(config, "COLORTERM", NULL) &&
         wasi_config_add_env(config, "NO_COLOR", NULL);
}

/* Nothing but what may be called in handlers. */
static void end_by(int number) {
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, number);
  signal(number, SIG_DFL);
  raise(number);
  pthread_sigmask(SIG_UNBLOCK, &one, NULL);
}

/* Who did not leave raw mode will not have left the rest: the other screen, a cursor that is not
 * shown, colours, reports of the mouse, pastes in brackets. May be called in handlers. */
static void reset_screen(void) {
  static const char text[] = "\033[?1049l\033[?25h\033[m\033[?1000;1002;1003;1006;2004l";
  for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
    if (!isatty(fd)) continue;
    (void)!write(fd, text, sizeof text - 1);
    return;
  }
}

static void hurry_back(void) {
  struct termios now;
  if (terminal < 0 || tcgetattr(terminal, &now) || now.c_lflag == before.c_lflag) return;
  tcsetattr(terminal, TCSANOW, &before);
  reset_screen();
}

static void on_signal(int number) {
  if (!caught) {
    caught = number;
    wasmx_interrupt_raise(program);
    return;
  }
  hurry_back();
  end_by(number);
}

static void remember_terminal(void) {
  for (int fd = STDIN_FILENO; terminal < 0 && fd <= STDERR_FILENO; fd++)
    if (tcgetattr(fd, &before) == 0) terminal = fd;
}

/* What is ignored, by nohup for instance, stays so. */
static void install(int number) {
  struct sigaction now, action = {.sa_handler = on_signal};
  if (sigaction(number, NULL, &now) || now.sa_handler == SIG_IGN) return;
  sigaction(number, &action, NULL);
}

static void uninstall(int number) {
  struct sigaction now;
  if (sigaction(number, NULL, &now) == 0 && now.sa_handler == on_signal) signal(number, SIG_DFL);
}

bool guard_terminal(wasm_store_t *store) {
  program = wasmx_store_interrupt_handle(store);
  if (!program) return false;
  remember_terminal();
  for (size_t i = 0; i < ARRAY_LEN(ending); i++) install(ending[i]);
  return true;
}

void release_terminal(wasi_ctx_t *wasi) {
  if (!program) return;
  if (wasi_ctx_restore_terminal(wasi)) reset_screen();
  for (size_t i = 0; i < ARRAY_LEN(ending); i++) uninstall(ending[i]);
  if (caught) end_by(caught);
}
