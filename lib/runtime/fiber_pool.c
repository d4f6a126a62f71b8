/* Fibers with their stacks, kept for the next use (fiber.h). */
#include "runtime/fiber.h"

#include <stdlib.h>

enum { MAX_WARM = 16, MAX_COLD = 1024 };

bool wm_fiber_pool_init(FiberPool *pool) {
  *pool = (FiberPool){.ready = false};
  pool->ready = wm_mutex_init(&pool->lock);
  return pool->ready;
}

/* ---- the stacks ---- */

static void unmake(Fiber *f) {
  wm_os_coroutine_fini(&f->coroutine);
  wm_os_release(f->base, (size_t)f->size_bytes);
  wm_os_stack_goes();
  free(f);
}

static void unmake_all(FreeFibers *list) {
  for (Fiber *f = list->first, *next; f; f = next) {
    next = f->next;
    unmake(f);
  }
  *list = (FreeFibers){NULL, 0};
}

void wm_fiber_pool_end(FiberPool *pool) {
  if (!pool->ready) return;
  unmake_all(&pool->warm);
  unmake_all(&pool->cold);
  wm_mutex_destroy(&pool->lock);
  pool->ready = false;
}

static bool map_stacks(Fiber *f, size_t page) {
  f->size_bytes = page + f->native_bytes + f->stack_bytes + page;
  f->base = wm_os_reserve((size_t)f->size_bytes);
  if (!f->base) return false;
  u8 *native = f->base + page;
  f->slots = (u64 *)(void *)(native + f->native_bytes);
  if (!wm_os_commit(native, (size_t)(f->size_bytes - page))) {
    wm_os_release(f->base, (size_t)f->size_bytes);
    return false;
  }
  wm_os_prefer_small_pages(native, (size_t)(f->size_bytes - page));
  wm_os_coroutine_init(&f->coroutine, (StackRange){native, native + f->native_bytes});
  return true;
}

static Fiber *make(u64 stack_bytes, u64 native_bytes, size_t page) {
  Fiber *f = calloc(1, sizeof *f);
  if (!f) return NULL;
  f->stack_bytes = stack_bytes;
  f->native_bytes = native_bytes;
  if (map_stacks(f, page)) return f;
  free(f);
  return NULL;
}

/* ---- taking and giving ---- */

/* Taken out of the list; NULL: there is none of these sizes. */
static Fiber *take_from(FreeFibers *list, u64 stack_bytes, u64 native_bytes) {
  for (Fiber **link = &list->first; *link; link = &(*link)->next) {
    Fiber *f = *link;
    if (f->stack_bytes != stack_bytes || f->native_bytes != native_bytes) continue;
    *link = f->next;
    list->count--;
    return f;
  }
  return NULL;
}

static Fiber *find(FiberPool *pool, u64 stack_bytes, u64 native_bytes) {
  wm_mutex_lock(&pool->lock);
  Fiber *found = take_from(&pool->warm, stack_bytes, native_bytes);
  if (!found) found = take_from(&pool->cold, stack_bytes, native_bytes);
  wm_mutex_unlock(&pool->lock);
  return found;
}

Fiber *wm_fiber_pool_take(FiberPool *pool, u64 stack_bytes, u64 native_bytes) {
  size_t page = wm_os_page_size();
  u64 stack = (stack_bytes + page - 1) / page * page;
  u64 native = (native_bytes + page - 1) / page * page;
  Fiber *found = pool ? find(pool, stack, native) : NULL;
  return found ? found : make(stack, native, page);
}

/* False: there are enough. */
static bool put(FiberPool *pool, FreeFibers *list, u32 max, Fiber *f) {
  wm_mutex_lock(&pool->lock);
  bool fits = list->count < max;
  if (fits) {
    f->next = list->first;
    list->first = f;
    list->count++;
  }
  wm_mutex_unlock(&pool->lock);
  return fits;
}

static void cool(Fiber *f) {
  u8 *native = f->coroutine.own.range.low;
  wm_os_forget(native, (size_t)(f->base + f->size_bytes - native));
}

void wm_fiber_pool_give(FiberPool *pool, Fiber *f) {
  f->store = NULL;
  if (pool && put(pool, &pool->warm, MAX_WARM, f)) return;
  if (pool) cool(f);
  if (!pool || !put(pool, &pool->cold, MAX_COLD, f)) unmake(f);
}
