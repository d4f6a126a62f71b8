/* The names of a directory in an order that does not depend on its disk: "." and "..", then the
 * others by their bytes (wasi_config_set_sorted_dirs). */
#ifndef WM_WASI_WASI_LISTING_H
#define WM_WASI_WASI_LISTING_H

#include "base/buffer.h"
#include "base/vec.h"
#include "wasi/wasi_abi.h"
#include "wasi_fs.h"

typedef struct ListedName {
  const char *name; /* in `text`, once sorted */
  size_t at;        /* where in `text` */
  u64 place;        /* the host's inode, or a file system's cookie */
  wasi_node_type_t type;
} ListedName;

struct Listing {
  Buffer text; /* each name with its zero byte */
  Vec(ListedName) names;
};
typedef struct Listing Listing;

void wm_listing_free(Listing *l); /* NULL: nothing */
/* E_NOMEM, also when there are very many. */
Errno wm_listing_add(Listing *l, const char *name, u64 place, wasi_node_type_t type);
void wm_listing_sort(Listing *l);

#endif
