/* Images of pages (os.h): files in memory without a name. Sealed, and each a file of its own, so
 * that the child of a fork and its parent share them without harm. */
#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DESCRIPTORS_PER_IMAGE = 8, MOST_IMAGES = 1 << 16 };

u32 wm_os_images_most(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  return (u32)min_u64(limit.rlim_cur / DESCRIPTORS_PER_IMAGE, MOST_IMAGES);
}

/* A larger file would be answered by SIGXFSZ. */
static bool is_size_allowed(u64 size_bytes) {
  struct rlimit limit;
  return getrlimit(RLIMIT_FSIZE, &limit) == 0 && size_bytes <= limit.rlim_cur &&
         size_bytes <= INT64_MAX;
}

static int new_file(void) {
#ifdef MFD_NOEXEC_SEAL
  int descriptor = memfd_create("wasm memory", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
  if (descriptor >= 0) return descriptor;
#endif
  return memfd_create("wasm memory", MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

bool wm_os_image_new(PageImage *out, u64 size_bytes) {
  struct stat what;
  *out = (PageImage){.descriptor = -1};
  if (!is_size_allowed(size_bytes)) return false;
  out->descriptor = new_file();
  if (out->descriptor < 0) return false;
  if (ftruncate(out->descriptor, (off_t)size_bytes) == 0 && fstat(out->descriptor, &what) == 0) {
    out->device = what.st_dev;
    out->inode = what.st_ino;
    return true;
  }
  wm_os_image_close(out);
  return false;
}

bool wm_os_image_write(const PageImage *image, u64 at, const void *bytes, size_t size_bytes) {
  const u8 *from = bytes;
  while (size_bytes) {
    ssize_t done = pwrite(image->descriptor, from, size_bytes, (off_t)at);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    from += done;
    at += (u64)done;
    size_bytes -= (size_t)done;
  }
  return true;
}

bool wm_os_image_seal(const PageImage *image) {
  int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
  return fcntl(image->descriptor, F_ADD_SEALS, seals) == 0;
}

static bool is_still_there(const PageImage *image) {
  struct stat what;
  return fstat(image->descriptor, &what) == 0 && what.st_dev == image->device &&
         what.st_ino == image->inode;
}

bool wm_os_image_map(const PageImage *image, void *start, size_t size_bytes) {
  return is_still_there(image) &&
         mmap(start, size_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE,
              image->descriptor, 0) != MAP_FAILED;
}

void wm_os_image_close(PageImage *image) {
  if (image->descriptor >= 0 && is_still_there(image)) close(image->descriptor);
  image->descriptor = -1;
}
