/* One memory's address space: what of it can be accessed, and its end (pool_internal.h). */
#include "runtime/pool_internal.h"

static void give_back_to_source(const Reservation *r) {
  r->source->release(r->source->env, r->base, r->reserved_bytes);
  wm_memory_source_release(r->source);
}

void wm_pool_discard(Reservation *r) {
  size_t page = wm_os_page_size();
  if (r->source)
    give_back_to_source(r);
  else if (r->base)
    wm_os_release(r->base - page, page + (size_t)r->reserved_bytes);
  pool_image_release(r->image);
  *r = (Reservation){0};
}

bool wm_reservation_set_accessible(Reservation *r, u64 bytes) {
  u64 now = r->accessible_bytes;
  bool done = r->source      ? r->source->commit(r->source->env, r->base, now, bytes)
              : bytes >= now ? wm_os_commit(r->base + now, (size_t)(bytes - now))
                             : wm_os_decommit(r->base + bytes, (size_t)(now - bytes));
  if (done) r->accessible_bytes = bytes;
  return done;
}

bool wm_reservation_strip(Reservation *r) {
  size_t page = wm_os_page_size();
  if (!wm_os_decommit(r->base - page, page + (size_t)r->accessible_bytes)) return false;
  pool_image_release(r->image);
  r->image = NULL;
  r->accessible_bytes = 0;
  r->dirty_bytes = 0;
  return true;
}

bool wm_reservation_commit(Reservation *r, u64 bytes) {
  size_t page = wm_os_page_size();
  if (!wm_os_commit(r->base - page, page + (size_t)bytes)) return false;
  r->accessible_bytes = bytes;
  return true;
}

bool wm_pool_grow(Reservation *r, u64 new_bytes) {
  if (new_bytes > r->capacity_bytes) return false;
  if (new_bytes > r->accessible_bytes && !wm_reservation_set_accessible(r, whole_pages(new_bytes)))
    return false;
  memory_set_length(r->base, new_bytes);
  return true;
}
