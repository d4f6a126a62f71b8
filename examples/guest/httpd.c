/* A small web server under WASI: GET of the files below its directory; connections are kept, many
 * at a time by poll. It finds the listener that it was given by itself: the first descriptor that
 * is a socket. A path that leads out of the directory is refused by the sandbox. Built and run by
 *   clang-19 --target=wasm32-wasi -O2 -o httpd.wasm httpd.c
 *   wasm run --dir public::. --tcplisten 127.0.0.1:8080 httpd.wasm */
#define _GNU_SOURCE /* NOLINT(bugprone-reserved-identifier): accept4, strcasestr */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CLIENTS = 1000, REQUEST = 4096, CHUNK = 16384 };

typedef struct Client {
  int fd, file;   /* file: -1 when none is open */
  long long left; /* bytes of the file that are not in out[] yet */
  int is_last;    /* the connection ends behind this answer */
  size_t in_len, out_len, out_pos;
  char in[REQUEST + 1], out[CHUNK];
} Client;

static int find_listener(void) {
  struct stat st;
  for (int fd = 3; fstat(fd, &st) == 0; fd++)
    if (S_ISSOCK(st.st_mode)) return fd;
  return -1;
}

/* Puts the head of the answer to the request in out[]. */
static void answer(Client *c) {
  char path[1024] = "index.html";
  struct stat st = {0};
  int is_get = strncmp(c->in, "GET /", 5) == 0;
  sscanf(c->in + 5, "%1023[^ ?\r\n]", path);
  c->is_last = !strstr(c->in, " HTTP/1.1\r\n") || strcasestr(c->in, "\r\nConnection: close\r\n");
  c->file = is_get ? open(path, O_RDONLY) : -1;
  int is_found = c->file >= 0 && fstat(c->file, &st) == 0 && S_ISREG(st.st_mode);
  c->left = is_found ? st.st_size : 0;
  const char *status = is_found ? "200 OK" : is_get ? "404 Not Found" : "501 Not Implemented";
  c->out_len = (size_t)snprintf(c->out, CHUNK, "HTTP/1.1 %s\r\nContent-Length: %lld\r\n%s\r\n",
                                status, c->left, c->is_last ? "Connection: close\r\n" : "");
}

/* What comes next of the file, behind what is in out[]. 0: it has become shorter. */
static int fill(Client *c) {
  size_t room = CHUNK - c->out_len;
  if ((long long)room > c->left) room = (size_t)c->left;
  ssize_t n = room ? read(c->file, c->out + c->out_len, room) : 0;
  if (room && n <= 0) return 0;
  c->out_len += (size_t)n;
  c->left -= n;
  if (c->left == 0 && c->file >= 0) close(c->file), c->file = -1;
  return 1;
}

/* Takes the next whole request out of in[]. 0: there is none. */
static int next_request(Client *c) {
  char *end = strstr(c->in, "\r\n\r\n");
  if (!end) return 0;
  end[2] = 0; /* headers end with their line */
  answer(c);
  c->in_len -= (size_t)(end + 4 - c->in);
  memmove(c->in, end + 4, c->in_len + 1);
  return 1;
}

/* Answers and sends until it would have to wait. 0: the connection is over. */
static int serve(Client *c) {
  for (;;) {
    if (c->out_pos == c->out_len) {
      c->out_pos = c->out_len = 0;
      if (c->left == 0 && c->is_last) return 0;
      if (c->left == 0 && !next_request(c)) return c->in_len < REQUEST;
      if (!fill(c)) return 0;
    }
    ssize_t n = send(c->fd, c->out + c->out_pos, c->out_len - c->out_pos, 0);
    if (n < 0) return errno == EAGAIN;
    c->out_pos += (size_t)n;
  }
}

static int receive(Client *c) {
  ssize_t n = recv(c->fd, c->in + c->in_len, REQUEST - c->in_len, 0);
  if (n <= 0) return n < 0 && errno == EAGAIN;
  c->in_len += (size_t)n;
  c->in[c->in_len] = 0;
  return serve(c);
}

static Client *accept_client(int listener) {
  struct sockaddr from;
  socklen_t len = sizeof from;
  int fd = accept4(listener, &from, &len, SOCK_NONBLOCK);
  Client *c = fd >= 0 ? calloc(1, sizeof *c) : NULL;
  if (c) c->fd = fd, c->file = -1;
  if (fd >= 0 && !c) close(fd);
  return c;
}

static void end_client(Client *c) {
  if (c->file >= 0) close(c->file);
  close(c->fd);
  free(c);
}

int main(void) {
  static Client *clients[CLIENTS];
  static struct pollfd polled[CLIENTS + 1]; /* of clients, then of the listener */
  int count = 0, listener = find_listener();
  if (listener < 0) return fprintf(stderr, "httpd: there is no listener (--tcplisten)\n"), 1;
  fcntl(listener, F_SETFL, O_NONBLOCK);
  for (;;) {
    for (int i = 0; i < count; i++)
      polled[i] = (struct pollfd){clients[i]->fd, clients[i]->out_len ? POLLOUT : POLLIN, 0};
    polled[count] = (struct pollfd){listener, POLLIN, 0};
    if (poll(polled, (nfds_t)count + (count < CLIENTS), -1) < 0) return perror("httpd: poll"), 1;
    Client *added = polled[count].revents ? accept_client(listener) : NULL;
    for (int i = count - 1; i >= 0; i--) {
      Client *c = clients[i];
      if (!polled[i].revents || (c->out_len ? serve(c) : receive(c))) continue;
      clients[i] = clients[--count]; /* which was looked at already */
      end_client(c);
    }
    if (added) clients[count++] = added;
  }
}
