/* No files (os_file.h). */
#include "os/os_file.h"

const char *wm_os_make_folder(const char *path) { return (void)path, "cannot be: there are none"; }
bool wm_os_remove_unfinished(const char *path) { return (void)path, false; }
bool wm_os_cache_folder(char *out, size_t size) { return (void)out, (void)size, false; }
bool wm_os_open_file(const char *path, OpenFile *out) { return (void)path, (void)out, false; }
bool wm_os_open_trusted_file(const char *path, FileOwner owner, OpenFile *out) {
  return (void)path, (void)owner, (void)out, false;
}
bool wm_os_read_file(const OpenFile *file, u64 at, void *to, size_t size) {
  return (void)file, (void)at, (void)to, (void)size, false;
}
void wm_os_close_file(const OpenFile *file) { (void)file; }
bool wm_os_write_file(const char *path, const u8 *bytes, size_t size) {
  return (void)path, (void)bytes, (void)size, false;
}
bool wm_os_remove_file(const char *path) { return (void)path, false; }
void wm_os_touch_file(const char *path) { (void)path; }
bool wm_os_list_folder(const char *path, void (*each)(void *env, const FileInfo *), void *env) {
  return (void)path, (void)each, (void)env, false;
}
