/* Terminals that are raw, and what they were before: see wasi_terminal.h.
 *
 * The list belongs to the process, as a terminal's mode does not belong to any context. The child
 * of a fork has the list too, but the terminals in it are its parent's to put back. */
#include "wasi/wasi_terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

struct Terminal {
  Terminal *next;
  int fd; /* owned */
  u64 device;
  u32 users;
  bool inherited; /* by a fork: not ours to put back */
  struct termios before;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Terminal *terminals;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* ---- forks ---- */

static void before_fork(void) { pthread_mutex_lock(&lock); }
static void in_parent(void) { pthread_mutex_unlock(&lock); }

static void in_child(void) {
  for (Terminal *t = terminals; t; t = t->next) t->inherited = true;
  pthread_mutex_unlock(&lock);
}

static void watch_forks(void) { pthread_atfork(before_fork, in_parent, in_child); }

/* ---- one terminal ---- */

/* /dev/tty is a device of its own, and knows which one it stands for. */
u64 wm_terminal_device(int fd) {
  unsigned int device;
  struct stat st;
  if (ioctl(fd, TIOCGDEV, &device) == 0) return device;
  return fstat(fd, &st) == 0 ? st.st_rdev : 0;
}

/* Input as it is typed, byte by byte, not shown; output as ever. The keys that end a program still
 * do. The one that stops it does not: whoever looked at the terminal then would find it raw. */
static struct termios raw_mode(const struct termios *before) {
  struct termios raw = *before;
  raw.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INLCR | IGNCR | INPCK | ISTRIP | IXON);
  raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN);
  raw.c_lflag |= ISIG;
  raw.c_cflag = (raw.c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8;
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  raw.c_cc[VSUSP] = _POSIX_VDISABLE;
  return raw;
}

/* A process in the background leaves the terminal to who is in front. It may get there between the
 * two calls: SIGTTOU, which would stop it, is held back in this thread. Nothing here waits for
 * output that nobody reads. */
static Errno set_mode(const Terminal *t, const struct termios *mode) {
  pid_t front = tcgetpgrp(t->fd); /* -1: not the terminal that controls the process */
  if (front > 0 && front != getpgrp()) return E_IO;
  sigset_t stop, mask;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTTOU);
  pthread_sigmask(SIG_BLOCK, &stop, &mask);
  Errno e = tcsetattr(t->fd, TCSANOW, mode) ? wm_errno_of_host(errno) : E_SUCCESS;
  pthread_sigmask(SIG_SETMASK, &mask, NULL);
  return e;
}

/* ---- the list, under its lock ---- */

static Terminal *find(u64 device) {
  Terminal *t = terminals;
  while (t && (t->inherited || t->device != device)) t = t->next;
  return t;
}

/* With no users yet. */
static Errno add(int fd, u64 device, Terminal **made) {
  Terminal *t = *made = calloc(1, sizeof *t);
  if (!t) return E_NOMEM;
  *t = (Terminal){.next = terminals, .device = device};
  t->fd = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (t->fd >= 0 && tcgetattr(t->fd, &t->before) == 0) {
    terminals = t;
    return E_SUCCESS;
  }
  Errno e = wm_errno_of_host(errno);
  if (t->fd >= 0) close(t->fd);
  free(t);
  return e;
}

/* What its last user does before it lets go. */
static Errno put_back(const Terminal *t) {
  return t->users > 1 || t->inherited ? E_SUCCESS : set_mode(t, &t->before);
}

static void let_go(Terminal *t) {
  if (--t->users) return;
  Terminal **link = &terminals;
  while (*link != t) link = &(*link)->next;
  *link = t->next;
  close(t->fd);
  free(t);
}

/* Where the user has the terminal, or has room for one. */
static Terminal **place_of(TerminalUser *user, u64 device) {
  Terminal **free_place = NULL;
  for (int i = 0; i < MAX_TERMINALS; i++) {
    Terminal *t = user->raw[i];
    if (t && !t->inherited && t->device == device) return &user->raw[i];
    if (!t) free_place = &user->raw[i];
  }
  return free_place;
}

static Errno make_raw(const Terminal *t) {
  struct termios raw = raw_mode(&t->before);
  return set_mode(t, &raw);
}

static Errno hold(int fd, u64 device, Terminal **held) {
  Terminal *t = find(device);
  Errno e = t ? E_SUCCESS : add(fd, device, &t);
  if (e) return e;
  t->users++;
  e = make_raw(t);
  if (e)
    let_go(t);
  else
    *held = t;
  return e;
}

/* ---- users ---- */

Errno wm_terminal_hold_raw(TerminalUser *user, int fd) {
  u64 device = wm_terminal_device(fd);
  pthread_once(&once, watch_forks);
  pthread_mutex_lock(&lock);
  Terminal **place = place_of(user, device);
  Errno e = E_MFILE;
  if (place) e = *place ? make_raw(*place) : hold(fd, device, place);
  pthread_mutex_unlock(&lock);
  return e;
}

Errno wm_terminal_drop_raw(TerminalUser *user, int fd) {
  u64 device = wm_terminal_device(fd);
  Errno e = E_SUCCESS;
  pthread_mutex_lock(&lock);
  Terminal **place = place_of(user, device);
  if (place && *place) {
    e = put_back(*place);
    if (!e) let_go(*place);
    if (!e) *place = NULL;
  }
  pthread_mutex_unlock(&lock);
  return e;
}

bool wm_terminal_drop_all(TerminalUser *user) {
  bool any = false;
  pthread_mutex_lock(&lock);
  for (int i = 0; i < MAX_TERMINALS; i++) {
    if (!user->raw[i]) continue;
    put_back(user->raw[i]); /* there is no later */
    let_go(user->raw[i]);
    user->raw[i] = NULL;
    any = true;
  }
  pthread_mutex_unlock(&lock);
  return any;
}
