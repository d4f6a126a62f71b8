/* The entries of a directory in memory: found by name through a hash table, listed by their
 * cookies, which only ever grow, so that a listing goes on where it was whatever comes and goes. */
#include "wasi/wasi_tree.h"

#include "base/hashmap.h"

#include <errno.h>
#include <stdlib.h>

int wm_tree_take(Tree *tree, size_t bytes) {
  if (bytes > tree->limit - tree->used) return ENOSPC;
  tree->used += bytes;
  return 0;
}

void wm_tree_give(Tree *tree, size_t bytes) { tree->used -= bytes; }

/* With its place in both tables. */
static size_t cost_of(size_t name_len) {
  return sizeof(TreeEntry) + name_len + 1 + sizeof(TreeEntry *) + 2 * sizeof(TreeSlot);
}

static u64 hash_of(const TreeNode *dir, const char *name, size_t len) {
  return wm_hash_bytes(name, len, hash_seed(dir));
}

static TreeEntry **bucket_of(const TreeDir *dir, u64 hash) {
  return &dir->buckets[hash & (dir->bucket_count - 1)];
}

TreeEntry *wm_tree_find(const TreeNode *at, const char *name) {
  const TreeDir *dir = &at->dir;
  size_t len = strlen(name);
  u64 hash = hash_of(at, name, len);
  TreeEntry *e = dir->buckets ? *bucket_of(dir, hash) : NULL;
  while (e && !(e->hash == hash && e->len == len && memcmp(e->name, name, len) == 0)) e = e->next;
  return e;
}

static bool set_buckets(TreeDir *dir, u32 count) {
  TreeDir made = {.bucket_count = count};
  made.buckets = calloc(count, sizeof *made.buckets);
  if (!made.buckets) return false;
  for (u32 i = 0; i < dir->order.len; i++) {
    TreeEntry *e = dir->order.data[i].entry;
    if (!e) continue;
    TreeEntry **bucket = bucket_of(&made, e->hash);
    e->next = *bucket;
    *bucket = e;
  }
  free(dir->buckets);
  dir->buckets = made.buckets;
  dir->bucket_count = made.bucket_count;
  return true;
}

/* One entry a bucket. */
static bool grow_buckets(TreeDir *dir) {
  if (dir->count < dir->bucket_count) return true;
  return set_buckets(dir, dir->bucket_count ? dir->bucket_count * 2 : 8);
}

static TreeEntry *make_entry(const TreeNode *dir, const char *name, TreeNode *node) {
  size_t len = strlen(name);
  TreeEntry *e = malloc(sizeof *e + len + 1);
  if (!e) return NULL;
  *e = (TreeEntry){.node = node, .hash = hash_of(dir, name, len), .len = (u32)len};
  memcpy(e->name, name, len + 1);
  return e;
}

int wm_tree_dir_add(Tree *tree, TreeNode *at, const char *name, TreeNode *node) {
  TreeDir *dir = &at->dir;
  size_t cost = cost_of(strlen(name));
  int error = wm_tree_take(tree, cost);
  if (error) return error;
  TreeEntry *e = grow_buckets(dir) ? make_entry(at, name, node) : NULL;
  TreeSlot *slot = e ? vec_push(&dir->order) : NULL;
  if (!slot) {
    free(e);
    wm_tree_give(tree, cost);
    return ENOMEM;
  }
  e->cookie = ++dir->last_cookie;
  *slot = (TreeSlot){e->cookie, e};
  TreeEntry **bucket = bucket_of(dir, e->hash);
  e->next = *bucket;
  *bucket = e;
  dir->count++;
  return 0;
}

int wm_tree_dir_add_again(Tree *tree, TreeNode *at, const char *name, const TreeEntry *entry) {
  size_t cost = cost_of(entry->len);
  wm_tree_give(tree, cost);
  int error = wm_tree_dir_add(tree, at, name, entry->node);
  tree->used += cost; /* above the limit, perhaps, until the entry is removed */
  return error;
}

/* The place in the order of the first one at the cookie or behind it. */
static u32 place_of(const TreeDir *dir, u64 cookie) {
  u32 low = 0, high = dir->order.len;
  while (low < high) {
    u32 mid = low + (high - low) / 2;
    if (dir->order.data[mid].cookie >= cookie)
      high = mid;
    else
      low = mid + 1;
  }
  return low;
}

const TreeEntry *wm_tree_dir_at(const TreeDir *dir, u64 cookie) {
  u32 at = max_u32(dir->first, place_of(dir, cookie));
  while (at < dir->order.len && !dir->order.data[at].entry) at++;
  return at < dir->order.len ? dir->order.data[at].entry : NULL;
}

/* So that a directory that was large once does not keep more than its entries were taken for. Where
 * there is no memory for less it stays as it is. */
static void shrink(TreeDir *dir) {
  u32 room = 2 * dir->count;
  TreeSlot *less = dir->order.cap > 2 * (u64)room + 16
                       ? realloc(dir->order.data, room * sizeof *dir->order.data)
                       : NULL;
  if (less) {
    dir->order.data = less;
    dir->order.cap = room;
  }
  if (dir->bucket_count > 8 && dir->bucket_count / 4 >= dir->count)
    (void)set_buckets(dir, dir->bucket_count / 2);
}

/* Half of the order is gone. */
static void close_up(TreeDir *dir) {
  u32 kept = 0;
  for (u32 i = dir->first; i < dir->order.len; i++)
    if (dir->order.data[i].entry) dir->order.data[kept++] = dir->order.data[i];
  dir->order.len = kept;
  dir->first = 0;
}

/* The entry at `at` is gone. */
static void drop_slot(TreeDir *dir, u32 at) {
  dir->order.data[at].entry = NULL;
  while (dir->first < dir->order.len && !dir->order.data[dir->first].entry) dir->first++;
  if (--dir->count >= dir->order.len / 2) return;
  close_up(dir);
  shrink(dir);
}

void wm_tree_dir_remove(Tree *tree, TreeNode *at, TreeEntry *entry) {
  TreeDir *dir = &at->dir;
  TreeEntry **link = bucket_of(dir, entry->hash);
  while (*link != entry) link = &(*link)->next;
  *link = entry->next;
  drop_slot(dir, place_of(dir, entry->cookie));
  wm_tree_give(tree, cost_of(entry->len));
  free(entry);
}

void wm_tree_dir_free(TreeDir *dir) {
  for (u32 i = 0; i < dir->order.len; i++) free(dir->order.data[i].entry);
  vec_free(&dir->order);
  free(dir->buckets);
}
