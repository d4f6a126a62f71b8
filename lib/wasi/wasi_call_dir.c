/* fd_readdir. The cookie after the n-th entry is n: guests keep cookies in 32 bits (telldir of
 * wasi-libc), which the kernel's own positions do not fit. Those are remembered for each number, so
 * a cookie stays good whatever size the guest's buffer has and whatever happens to other entries; 0
 * starts again. An entry that does not fit is cut at the buffer's end, and comes again, whole, at
 * its cookie.
 *
 * Where directories are sorted (wasi_listing.h) the names are taken at once, at cookie 0, and the
 * n-th is the n-th of these; those that are gone by then are passed over. */
#include "wasi/wasi_listing.h"
#include "wasi/wasi_node.h"

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

/* Inode and type as path_filestat_get tells them. ".." is not looked at: it may be outside; that of
 * a preopened directory is itself. Where the program is told other numbers it learns nothing of it,
 * and it has a device like the others. False: there is no such entry any more. */
static bool identify(const Call *call, const Descriptor *d, wasi_dir_entry_t *out, u64 *device) {
  struct stat st;
  const char *name = out->name;
  bool up = strcmp(name, "..") == 0;
  if (up && !d->preopen && !call->ctx->file_ids) return true;
  if (up && d->preopen) name = ".";
  if (fstatat(d->fd, name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT)) return errno != ENOENT;
  *device = st.st_dev;
  out->inode = st.st_ino;
  out->type = (wasi_node_type_t)wm_filetype_of_mode(st.st_mode);
  return true;
}

static void set_name(wasi_dir_entry_t *entry, const char *name) {
  size_t len = strnlen(name, NAME_MAX);
  memcpy(entry->name, name, len);
  entry->name[len] = 0;
}

/* The entry that the stream stands at, which is stepped over by take_entry; an empty name: none.
 * Its own inode differs from the file's where something is mounted, and in Linux's overlays: of
 * directories, which are few and looked at; a single file that is mounted over another has the
 * number of that one here, as natively. */
static Errno host_entry(const Call *call, Descriptor *d, wasi_dir_entry_t *out, u64 *device) {
  struct dirent64 *from;
  Errno e = peek(call, d, &from);
  if (e || !from) return e;
  out->next = (u64)d->dir->next + 1;
  out->inode = from->d_ino;
  out->type = (wasi_node_type_t)type_of_entry(from->d_type);
  set_name(out, from->d_name);
  if (out->type == FILETYPE_DIRECTORY || out->type == FILETYPE_UNKNOWN || call->ctx->file_ids)
    identify(call, d, out, device);
  return E_SUCCESS;
}

static Errno node_entry(const Call *call, const Descriptor *d, u64 cookie, wasi_dir_entry_t *out,
                        u64 *device) {
  if (call_interrupted(call)) return E_INTR;
  *device = d->file->fs->device;
  return wm_node_file_list(d->file, d->preopen, cookie, out);
}

/* ---- sorted ---- */

static Errno add_page(Listing *l, u8 *bytes, size_t size) {
  Errno e = E_SUCCESS;
  for (size_t at = 0; !e && at < size;) {
    const struct dirent64 *d = (const struct dirent64 *)(const void *)(bytes + at);
    e = wm_listing_add(l, d->d_name, d->d_ino, (wasi_node_type_t)type_of_entry(d->d_type));
    at += d->d_reclen;
  }
  return e;
}

static Errno add_host_names(const Call *call, Listing *l, int fd) {
  _Alignas(8) u8 bytes[4096];
  if (lseek(fd, 0, SEEK_SET) < 0) return wm_errno_of_host(errno);
  for (;;) {
    if (call_interrupted(call)) return E_INTR;
    ssize_t n = getdents64(fd, bytes, sizeof bytes);
    if (n < 0) return wm_errno_of_host(errno);
    Errno e = add_page(l, bytes, (size_t)n);
    if (e || n == 0) return e;
  }
}

static Errno add_node_names(const Call *call, const Descriptor *d, Listing *l) {
  wasi_dir_entry_t entry;
  u64 device;
  Errno e = E_SUCCESS;
  for (u64 cookie = 0; !e; cookie = entry.next) {
    e = node_entry(call, d, cookie, &entry, &device);
    if (e || !entry.name[0]) break;
    e = wm_listing_add(l, entry.name, cookie, entry.type);
  }
  return e;
}

static void drop_listing(Descriptor *d) {
  wm_listing_free(d->listing);
  d->listing = NULL;
}

static Errno take_listing(const Call *call, Descriptor *d) {
  drop_listing(d);
  Listing *l = d->listing = calloc(1, sizeof *l);
  if (!l) return E_NOMEM;
  Errno e = d->kind == FD_NODE ? add_node_names(call, d, l) : add_host_names(call, l, d->fd);
  if (e)
    drop_listing(d);
  else
    wm_listing_sort(l);
  return e;
}

/* Whether what had the name has it still; *out is as it is now. */
static bool find_again(const Call *call, const Descriptor *d, const ListedName *from,
                       wasi_dir_entry_t *out, u64 *device) {
  if (d->kind == FD_NODE)
    return !node_entry(call, d, from->place, out, device) && strcmp(out->name, from->name) == 0;
  out->inode = from->place;
  out->type = from->type;
  set_name(out, from->name);
  return identify(call, d, out, device);
}

static NOINLINE Errno sorted_entry(const Call *call, const Descriptor *d, u64 cookie,
                                   wasi_dir_entry_t *out, u64 *device) {
  const Listing *l = d->listing;
  while (cookie < l->names.len) {
    if (call_interrupted(call)) return E_INTR;
    const ListedName *from = &l->names.data[cookie++];
    bool is_there = find_again(call, d, from, out, device);
    out->next = cookie;
    if (is_there) return E_SUCCESS;
  }
  out->name[0] = 0;
  return E_SUCCESS;
}

/* ---- all ---- */

/* Makes the descriptor ready to list from the cookie on. */
static Errno begin(const Call *call, Descriptor *d, u64 cookie) {
  if (!call->ctx->sorts_dirs) return d->kind == FD_NODE ? E_SUCCESS : position(d, cookie);
  if (cookie == 0) return take_listing(call, d);
  return d->listing && cookie <= d->listing->names.len ? E_SUCCESS : E_INVAL;
}

static Errno take_entry(const Call *call, Descriptor *d, const wasi_dir_entry_t *entry,
                        u64 *cookie) {
  *cookie = entry->next;
  if (d->kind == FD_NODE || call->ctx->sorts_dirs) return E_SUCCESS;
  return advance(d->dir, (const struct dirent64 *)(const void *)(d->dir->bytes + d->dir->pos));
}

static Errno find_entry(const Call *call, Descriptor *d, u64 cookie, wasi_dir_entry_t *out,
                        u64 *device) {
  out->name[0] = 0;
  if (call->ctx->sorts_dirs) return sorted_entry(call, d, cookie, out, device);
  return d->kind == FD_NODE ? node_entry(call, d, cookie, out, device)
                            : host_entry(call, d, out, device);
}

/* The number that the program is told. */
static NOINLINE Errno tell_inode(FileIds *ids, u64 device, wasi_dir_entry_t *entry) {
  struct stat st = {.st_dev = device, .st_ino = entry->inode};
  Errno e = wm_file_ids_tell(ids, &st);
  entry->inode = st.st_ino;
  return e;
}

static Errno next_entry(const Call *call, Descriptor *d, u64 cookie, wasi_dir_entry_t *entry) {
  u64 device = 0;
  FileIds *ids = call->ctx->file_ids;
  Errno e = find_entry(call, d, cookie, entry, &device);
  return !e && ids && entry->name[0] ? tell_inode(ids, device, entry) : e;
}

static size_t encode(u8 *out, const wasi_dir_entry_t *entry) {
  size_t len = strlen(entry->name);
  memset(out, 0, DIRENT_SIZE);
  store_u64(out, entry->next);
  store_u64(out + 8, entry->inode);
  store_u32(out + 16, (u32)len);
  out[20] = entry->type;
  memcpy(out + DIRENT_SIZE, entry->name, len);
  return DIRENT_SIZE + len;
}

/* Entries from the cookie on, until the buffer is full: the last one may be cut. */
static Errno list(const Call *call, Descriptor *d, u64 cookie, u8 *out, size_t room, size_t *used) {
  while (*used < room) {
    u8 whole[DIRENT_SIZE + NAME_MAX + 1];
    wasi_dir_entry_t entry;
    Errno e = next_entry(call, d, cookie, &entry);
    if (e || !entry.name[0]) return e;
    size_t size = encode(whole, &entry), fits = min_u64(size, room - *used);
    e = fits == size ? take_entry(call, d, &entry, &cookie) : E_SUCCESS;
    if (e) return e;
    memcpy(out + *used, whole, fits);
    *used += fits;
  }
  return E_SUCCESS;
}

Errno wm_call_fd_readdir(Call *call) {
  Descriptor *d;
  Errno e = wm_call_fd(call, 0, RIGHT_FD_READDIR, &d);
  if (e) return e;
  size_t room = call->args[2].u32, used = 0;
  u64 cookie = call->args[3].u64;
  u8 *out = guest_bytes(call, call->args[1].u32, room);
  if (!out) return call->error;
  e = can_put_u32(call, call->args[4].u32);
  if (!e) e = begin(call, d, cookie);
  if (!e) e = list(call, d, cookie, out, room, &used);
  if (e && !used) return e;
  return put_u32(call, call->args[4].u32, (u32)used);
}
