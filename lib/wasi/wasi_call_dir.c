/* fd_readdir. The cookie after the n-th entry is n: guests keep cookies in 32 bits (telldir of
 * wasi-libc), which the kernel's own positions do not fit. Those are remembered for each number, so
 * a cookie stays good whatever size the guest's buffer has and whatever happens to other entries; 0
 * starts again. An entry that does not fit is cut at the buffer's end, and comes again, whole, at
 * its cookie. */
#include "wasi/wasi_ctx.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_ENTRIES = 1 << 24 /* the remembered positions take 128 MiB then */ };

static FileType type_of_entry(u8 type) { return wm_filetype_of_mode((u32)DTTOIF(type)); }

/* Makes the stream stand at `cookie`. */
static Errno position(Descriptor *d, u64 cookie) {
  if (!d->dir) {
    d->dir = calloc(1, sizeof *d->dir);
    if (!d->dir) return E_NOMEM;
  }
  DirStream *s = d->dir;
  if (cookie > s->offsets.len) return E_INVAL; /* none that was given */
  if (cookie != 0 && cookie == s->next) return E_SUCCESS;
  off_t offset = cookie ? (off_t)s->offsets.data[cookie - 1] : 0;
  s->pos = s->len = 0;
  if (lseek(d->fd, offset, SEEK_SET) < 0) return wm_errno_of_host(errno);
  s->next = (u32)cookie;
  if (cookie == 0) s->offsets.len = 0;
  return E_SUCCESS;
}

/* Steps over the entry. */
static Errno advance(DirStream *s, const struct dirent64 *entry) {
  if (s->next >= MAX_ENTRIES) return E_NOMEM;
  if (s->next == s->offsets.len) {
    u64 *offset = vec_push(&s->offsets);
    if (!offset) return E_NOMEM;
  }
  s->offsets.data[s->next++] = (u64)entry->d_off;
  s->pos += entry->d_reclen;
  return E_SUCCESS;
}

/* The entry the stream stands at; *entry NULL at the end. */
static Errno peek(const Call *call, Descriptor *d, struct dirent64 **entry) {
  DirStream *s = d->dir;
  *entry = NULL;
  if (s->pos == s->len) {
    if (call_interrupted(call)) return E_INTR; /* between two looks: a page of entries */
    ssize_t n = getdents64(d->fd, s->bytes, sizeof s->bytes);
    s->pos = s->len = 0;
    if (n < 0) return wm_errno_of_host(errno);
    if (n == 0) return E_SUCCESS;
    s->len = (u32)n;
  }
  *entry = (struct dirent64 *)(void *)(s->bytes + s->pos);
  return E_SUCCESS;
}

/* Inode and type as path_filestat_get tells them: the entry's own differ where something is
 * mounted. ".." is not looked at: it may be outside; that of a preopened directory is itself. */
static void identify(const Descriptor *d, const struct dirent64 *entry, u64 *ino, FileType *type) {
  struct stat st;
  *ino = entry->d_ino;
  *type = type_of_entry(entry->d_type);
  bool up = strcmp(entry->d_name, "..") == 0;
  if (up && !d->preopen) return;
  if (fstatat(d->fd, up ? "." : entry->d_name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT)) return;
  *ino = st.st_ino;
  *type = wm_filetype_of_mode(st.st_mode);
}

static void encode(u8 *out, const Descriptor *d, const struct dirent64 *entry, size_t name_len) {
  u64 ino;
  FileType type;
  identify(d, entry, &ino, &type);
  memset(out, 0, DIRENT_SIZE);
  store_u64(out, (u64)d->dir->next + 1);
  store_u64(out + 8, ino);
  store_u32(out + 16, (u32)name_len);
  out[20] = (u8)type;
  memcpy(out + DIRENT_SIZE, entry->d_name, name_len);
}

Errno wm_call_fd_readdir(Call *call) {
  Descriptor *d;
  Errno e = wm_call_fd(call, 0, RIGHT_FD_READDIR, &d);
  if (e) return e;
  size_t room = call->args[2].u32, used = 0;
  u8 *out = guest_bytes(call, call->args[1].u32, room);
  if (!out) return call->error;
  e = position(d, call->args[3].u64);
  while (!e && used < room) {
    u8 whole[DIRENT_SIZE + NAME_MAX + 1];
    struct dirent64 *entry;
    e = peek(call, d, &entry);
    if (e || !entry) break;
    size_t name_len = strnlen(entry->d_name, NAME_MAX);
    encode(whole, d, entry, name_len);
    size_t size = DIRENT_SIZE + name_len;
    if (size > room - used) {
      memcpy(out + used, whole, room - used);
      used = room;
      break;
    }
    e = advance(d->dir, entry);
    if (e) break;
    memcpy(out + used, whole, size);
    used += size;
  }
  if (e && !used) return e;
  return put_u32(call, call->args[4].u32, (u32)used);
}
