/* For programs that become components by an adapter, which writes one vector a call. */
#include <sys/uio.h>

static ssize_t write_each(int fd, const struct iovec *vectors, int count) {
  ssize_t all = 0;
  for (int i = 0; i < count; i++) {
    ssize_t n = writev(fd, vectors + i, 1);
    if (n < 0) return all ? all : n;
    all += n;
  }
  return all;
}
#define writev write_each
