/* A tree of files in memory: the file system behind wasi_fs_new_memory, and below the others, which
 * put into it what they have.
 *
 *   Tree --> root TreeNode (directory) --> TreeEntry "a" --> TreeNode (file): bytes
 *                                      --> TreeEntry "b" --> TreeNode (directory) --> ...
 *
 * A node lives while it has a name or is held. What has a name may be filled later: a node with a
 * `lower` still has its contents in a folder of the host's (wasi_overlay.c), which are brought here
 * when they are first listed, or changed. */
#ifndef WM_WASI_WASI_TREE_H
#define WM_WASI_WASI_TREE_H

#include "base/vec.h"
#include "wasi_fs.h"

typedef struct TreeNode TreeNode;
typedef struct TreeEntry TreeEntry;

/* A name in a directory. */
struct TreeEntry {
  TreeEntry *next; /* in its bucket */
  TreeNode *node;
  u64 hash, cookie;
  u32 len;
  char name[]; /* terminated */
};

/* A place in the order of a directory. */
typedef struct TreeSlot {
  u64 cookie;
  TreeEntry *entry; /* owned; NULL: it is gone */
} TreeSlot;

typedef struct TreeDir {
  TreeEntry **buckets; /* owned; a power of two, or NULL */
  u32 bucket_count, count;
  Vec(TreeSlot) order; /* by cookie */
  u32 first;           /* in order: all before it are gone */
  u64 last_cookie;
  TreeNode *parent; /* NULL: the root, or gone from the tree */
} TreeDir;

struct TreeNode {
  TreeNode *before, *after; /* among all nodes */
  u64 holders;              /* of libwasi's */
  u64 links;                /* names; of a directory 1, as some disks have it; 0: gone */
  u64 inode;
  u64 accessed, modified, changed; /* in ns since 1970 */
  u64 size;
  wasi_node_type_t type;
  char *lower;  /* owned: the path of its contents below the folder; NULL: they are here */
  int lower_fd; /* open while it is read; -1 */
  union {
    struct {
      u8 *bytes; /* owned; anything from `size` to `room` */
      size_t room;
    } file;
    char *target; /* owned, terminated */
    TreeDir dir;
  };
};

typedef struct Tree Tree;

/* Where the contents of nodes with a `lower` come from. */
typedef struct TreeLower {
  int (*fill)(Tree *tree, TreeNode *dir); /* adds the entries */
  int (*read)(Tree *tree, TreeNode *file, void *to, size_t size, u64 offset, size_t *done);
  int folder; /* owned; -1: none */
} TreeLower;

struct Tree {
  const wasi_fs_t *fs;    /* over it: it knows the time; NULL while the tree is made */
  TreeNode *root, *nodes; /* owned: all that there are */
  size_t used, limit;     /* in bytes, with what it takes to keep them */
  u64 last_inode;
  bool read_only;
  TreeLower lower;
};

/* NULL when out of memory. */
Tree *wm_tree_new(size_t limit);
void wm_tree_free(Tree *tree);
/* The file system over it, which owns it (also on failure: NULL). */
wasi_fs_t *wm_tree_fs(Tree *tree);

/* A new node under a new name: errno of the host. *out (may be NULL) is not held. */
int wm_tree_add(Tree *tree, TreeNode *dir, const char *name, wasi_node_type_t type,
                const char *target, TreeNode **out);
/* NULL: there is none. Its directory is filled. */
TreeEntry *wm_tree_find(const TreeNode *at, const char *name);
/* Bytes of a file here; grows it as needed. */
int wm_tree_resize(Tree *tree, TreeNode *file, u64 size);
int wm_tree_write(Tree *tree, TreeNode *file, const void *from, size_t size, u64 offset,
                  size_t *done);

/* ---- entries: wasi_tree_dir.c ---- */
/* ENOMEM; ENOSPC: over the limit. */
int wm_tree_dir_add(Tree *tree, TreeNode *at, const char *name, TreeNode *node);
void wm_tree_dir_remove(Tree *tree, TreeNode *at, TreeEntry *entry);
/* Adds the entry's node under another name; the entry itself is to be removed then, and counts as
 * if it were gone: a move of a name takes room for what the new one is longer. */
int wm_tree_dir_add_again(Tree *tree, TreeNode *at, const char *name, const TreeEntry *entry);
/* The first one at the cookie or behind it; NULL: there are no more. */
const TreeEntry *wm_tree_dir_at(const TreeDir *dir, u64 cookie);
void wm_tree_dir_free(TreeDir *dir);
/* Takes bytes from the limit; ENOSPC. */
int wm_tree_take(Tree *tree, size_t bytes);
void wm_tree_give(Tree *tree, size_t bytes);

#endif
