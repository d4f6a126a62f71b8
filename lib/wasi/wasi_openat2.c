/* Paths resolved by the kernel: openat2 (Linux 5.6). */
#include "wasi/wasi_resolver.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { AGAIN_TRIES = 5 };

/* Whether the kernel stopped at a link because it was to tell of it. The next time it follows. */
static bool met_link(Resolver *r, struct open_how *how) {
  if (errno != ELOOP || !(how->resolve & RESOLVE_NO_SYMLINKS)) return false;
  how->resolve &= ~(u64)RESOLVE_NO_SYMLINKS;
  r->followed = true;
  return true;
}

/* A rename anywhere in the system may make the kernel unsure of a ".." (EAGAIN): tried again, then
 * left to the walker. EPERM may come from a sandbox around the process that does not know the call.
 */
Errno wm_openat2_open(Resolver *r, int root, const char *path, int flags, mode_t mode, int *fd,
                      bool *refused) {
  struct open_how how = {.flags = (u64)(unsigned)(flags | O_CLOEXEC),
                         .mode = flags & O_CREAT ? mode : 0,
                         .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
  if (r->notes_links) how.resolve |= RESOLVE_NO_SYMLINKS;
  r->followed = *refused = false;
  for (int i = 0; i < AGAIN_TRIES; i++) {
    long result = syscall(SYS_openat2, root, path, &how, sizeof how);
    if (result >= 0) {
      *fd = (int)result;
      return E_SUCCESS;
    }
    if (errno == EINTR || met_link(r, &how))
      i--;
    else if (errno != EAGAIN)
      break;
  }
  if (errno == EXDEV) return E_NOTCAPABLE;
  if (errno == ENOSYS) r->no_openat2 = true;
  *refused = errno == ENOSYS || errno == EAGAIN || errno == EPERM;
  return wm_errno_of_host(errno);
}
