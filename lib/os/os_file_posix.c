/* Files of a cache on POSIX systems (os_file.h).
 *
 * A file is written under a name of its own and renamed, so that readers see all of it or nothing.
 * The writer holds a lock on it meanwhile: what an ended process left behind is unfinished and not
 * locked. */
#include "os/os_file.h"

#include "os/os.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { MAX_PATH = 4096 };

/* Goes behind the folder's name in a message. */
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
    /* Fails for all that exist: what counts is told by the last, when the folder is not there then.
     */
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
  /* Machine code is read from there: nobody else may put any in. */
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

typedef bool FileCheck(const struct stat *st);

static bool is_any(const struct stat *st) { return S_ISREG(st->st_mode); }

static bool is_of(const struct stat *st, uid_t user) {
  return S_ISREG(st->st_mode) && st->st_uid == user && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

static bool is_own(const struct stat *st) { return is_of(st, geteuid()); }

static bool is_own_or_root(const struct stat *st) { return is_own(st) || is_of(st, 0); }

static bool open_regular(const char *path, int flags, FileCheck *check, OpenFile *out) {
  struct stat st;
  /* A FIFO or a terminal under that name must neither block nor become ours. */
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags);
  if (fd < 0) return false;
  if (fstat(fd, &st) == 0 && check(&st)) {
    *out = (OpenFile){fd, (u64)st.st_size};
    return true;
  }
  close(fd);
  return false;
}

/* Opening and reading are cancellation points but for wm_whole_begin. */
static bool open_whole(const char *path, int flags, FileCheck *check, OpenFile *out) {
  int before = wm_whole_begin();
  bool ok = open_regular(path, flags, check, out);
  wm_whole_end(before);
  return ok;
}

bool wm_os_open_file(const char *path, OpenFile *out) { return open_whole(path, 0, is_any, out); }

bool wm_os_open_trusted_file(const char *path, FileOwner owner, OpenFile *out) {
  return open_whole(path, O_NOFOLLOW, owner == FILE_OWN ? is_own : is_own_or_root, out);
}

/* By offset, as several threads read one descriptor. False: an error, or the file is shorter. */
static bool read_all(const OpenFile *file, u64 at, void *to, size_t size) {
  for (size_t done = 0; done < size;) {
    ssize_t n = pread(file->descriptor, (u8 *)to + done, size - done, (off_t)(at + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    done += (size_t)n;
  }
  return true;
}

bool wm_os_read_file(const OpenFile *file, u64 at, void *to, size_t size) {
  int before = wm_whole_begin();
  bool ok = read_all(file, at, to, size);
  wm_whole_end(before);
  return ok;
}

void wm_os_close_file(const OpenFile *file) {
  int before = wm_whole_begin();
  close(file->descriptor);
  wm_whole_end(before);
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
  /* By the descriptor, so that what is removed is what was looked at, or newer and locked. */
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
