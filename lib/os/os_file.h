/* Files of a cache: whole ones, written so that a reader sees all of a file or nothing. Failures
 * are answers, never errors: a cache does without. Implemented by os_file_posix.c; os_file_none.c
 * has none. */
#ifndef WM_OS_OS_FILE_H
#define WM_OS_OS_FILE_H

#include "base/buffer.h"

/* A file to read from. It stays there when it is removed or replaced, but may shrink and change. */
typedef struct OpenFile {
  int descriptor;
  u64 size_bytes; /* when it was opened */
} OpenFile;

/* Makes the folder and those above it, for this user alone, when it is not there. NULL: it takes
 * files; else why it does not, a static string behind "it ". */
const char *wm_os_make_folder(const char *path);
/* The user's folder for caches with /libwasm added (XDG_CACHE_HOME, else HOME/.cache); false: none.
 */
bool wm_os_cache_folder(char *out, size_t size);

/* False: there is none, or no regular one. */
bool wm_os_open_file(const char *path, OpenFile *out);
/* The same of a file whose content is to be believed: it is this user's own and nobody else may
 * write it; no link. FILE_OWN_OR_ROOT: or it is root's, who can write everything anyway. */
typedef enum FileOwner { FILE_OWN, FILE_OWN_OR_ROOT } FileOwner;
bool wm_os_open_trusted_file(const char *path, FileOwner owner, OpenFile *out);
/* `size` bytes from `at` on; false: they are not there. Any thread. */
bool wm_os_read_file(const OpenFile *file, u64 at, void *to, size_t size);
void wm_os_close_file(const OpenFile *file);
/* Writes it under another name first and then puts it in place; on failure nothing is left. */
bool wm_os_write_file(const char *path, const u8 *bytes, size_t size);
bool wm_os_remove_file(const char *path);
/* Removes a file under another name that nobody writes any more: its writer died. */
enum { UNFINISHED_SUFFIX_BYTES = 7 }; /* a point and six letters */
bool wm_os_remove_unfinished(const char *path);
/* Notes that the file was used. */
void wm_os_touch_file(const char *path);

/* Calls `each` for every regular file in the folder; false: it cannot be read. */
typedef struct FileInfo {
  const char *name;
  u64 size_bytes;
  i64 used; /* seconds since 1970 */
} FileInfo;
bool wm_os_list_folder(const char *path, void (*each)(void *env, const FileInfo *), void *env);

#endif
