/* Files of a cache on POSIX systems (os_file.h). */
#include "os/os_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { MAX_PATH = 4096 };

static const char *reason_of(int error) {
  switch (error) {
  case ENOTDIR:
  case EEXIST: return "is no folder";
  case EROFS: return "is on a read-only file system";
  case EACCES:
  case EPERM: return "may not be written by this user";
  case ENOSPC:
  case EDQUOT: return "is on a full disk";
  default: return "cannot be made";
  }
}

/* Each part of the path that is missing; why the last one could not be made, or 0. */
static int make_parts(const char *path, size_t len) {
  char part[MAX_PATH];
  int error = 0;
  for (size_t i = 1; i <= len; i++) {
    if (path[i] != '/' && path[i]) continue;
    memcpy(part, path, i);
    part[i] = 0;
    error = mkdir(part, 0700) == 0 ? 0 : errno;
  }
  return error;
}

const char *wm_os_make_folder(const char *path) {
  size_t len = strlen(path);
  struct stat st;
  struct statvfs disk;
  if (len == 0 || len >= MAX_PATH) return "has no name, or a very long one";
  int error = make_parts(path, len);
  if (stat(path, &st) != 0) return reason_of(error);
  if (!S_ISDIR(st.st_mode)) return reason_of(ENOTDIR);
  if (st.st_uid != geteuid()) return "belongs to another user";
  if (access(path, R_OK | W_OK | X_OK) != 0) return reason_of(errno);
  bool is_full = statvfs(path, &disk) == 0 && disk.f_blocks && !disk.f_bavail;
  return is_full ? reason_of(ENOSPC) : NULL;
}

bool wm_os_cache_folder(char *out, size_t size) {
  const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
  int len;
  if (base && base[0] == '/')
    len = snprintf(out, size, "%s/libwasm", base);
  else if (home && home[0] == '/')
    len = snprintf(out, size, "%s/.cache/libwasm", home);
  else
    return false;
  return len > 0 && (size_t)len < size;
}

bool wm_os_map_file(const char *path, MappedFile *out) {
  *out = (MappedFile){NULL, 0};
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return false;
  struct stat st;
  bool good = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
              !(st.st_mode & (S_IWGRP | S_IWOTH)) && st.st_size > 0;
  void *bytes = good ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
  close(fd);
  if (bytes == MAP_FAILED) return false;
  *out = (MappedFile){bytes, (size_t)st.st_size};
  return true;
}

void wm_os_unmap_file(MappedFile *file) {
  if (file->bytes) munmap((void *)(uintptr_t)file->bytes, file->size_bytes);
  *file = (MappedFile){NULL, 0};
}

static bool write_all(int fd, const u8 *bytes, size_t size) {
  while (size) {
    ssize_t n = write(fd, bytes, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes += n;
    size -= (size_t)n;
  }
  return true;
}

/* A file beyond the process's limit would be a signal, not an error. */
static bool is_allowed(size_t size) {
  struct rlimit limit;
  return getrlimit(RLIMIT_FSIZE, &limit) == 0 && size <= limit.rlim_cur;
}

/* The lock says that somebody writes; it ends with the process. */
bool wm_os_write_file(const char *path, const u8 *bytes, size_t size) {
  char temporary[MAX_PATH];
  int len = snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
  if (len < 0 || (size_t)len >= sizeof temporary || !is_allowed(size)) return false;
  int fd = mkostemp(temporary, O_CLOEXEC); /* for this user alone */
  if (fd < 0) return false;
  flock(fd, LOCK_EX);
  bool ok = write_all(fd, bytes, size) && rename(temporary, path) == 0;
  if (!ok) unlink(temporary);
  close(fd);
  return ok;
}

bool wm_os_remove_unfinished(const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return false;
  bool removed = flock(fd, LOCK_EX | LOCK_NB) == 0 && unlink(path) == 0;
  close(fd);
  return removed;
}

bool wm_os_remove_file(const char *path) { return unlink(path) == 0; }

void wm_os_touch_file(const char *path) {
  (void)utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW);
}

bool wm_os_list_folder(const char *path, void (*each)(void *env, const FileInfo *), void *env) {
  DIR *folder = opendir(path);
  if (!folder) return false;
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    struct stat st;
    if (fstatat(dirfd(folder), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(st.st_mode))
      continue;
    each(env, &(FileInfo){entry->d_name, (u64)st.st_size, (i64)st.st_mtime});
  }
  closedir(folder);
  return true;
}
