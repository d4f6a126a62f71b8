/* Names in order: see wasi_listing.h. */
#include "wasi/wasi_listing.h"

#include <stdlib.h>

enum { MAX_LISTING = 64 << 20 /* bytes; about a second to sort, which nothing stops */ };

void wm_listing_free(Listing *l) {
  if (!l) return;
  wm_buffer_free(&l->text);
  vec_free(&l->names);
  free(l);
}

Errno wm_listing_add(Listing *l, const char *name, u64 place, wasi_node_type_t type) {
  size_t len = strlen(name) + 1, at = l->text.len;
  if (at + len + (l->names.len + 1) * sizeof(ListedName) > MAX_LISTING) return E_NOMEM;
  ListedName *added = vec_push(&l->names);
  wm_buffer_bytes(&l->text, name, len);
  if (!added || l->text.failed) return E_NOMEM;
  *added = (ListedName){.at = at, .place = place, .type = type};
  return E_SUCCESS;
}

static int dots(const char *name) {
  return strcmp(name, ".") == 0 ? 0 : strcmp(name, "..") == 0 ? 1 : 2;
}

static int by_name(const void *a, const void *b) {
  const char *x = ((const ListedName *)a)->name, *y = ((const ListedName *)b)->name;
  int order = dots(x) - dots(y);
  return order ? order : strcmp(x, y);
}

void wm_listing_sort(Listing *l) {
  for (u32 i = 0; i < l->names.len; i++)
    l->names.data[i].name = (const char *)l->text.data + l->names.data[i].at;
  if (l->names.len) qsort(l->names.data, l->names.len, sizeof *l->names.data, by_name);
}
