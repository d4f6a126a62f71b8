#include "runtime/native_thunk.h"

#include <stdlib.h>

struct ThunkPage {
  ThunkPage *next;
  u8 *code;           /* owned: a page of it, and behind it one of data */
  const void **items; /* that data */
};

static u32 page_thunks(void) { return (u32)(wm_os_page_size() / THUNK_BYTES); }

static ThunkPage *page_new(const NativeMachine *machine) {
  size_t bytes = wm_os_page_size();
  ThunkPage *page = malloc(sizeof *page);
  if (!page) return NULL;
  page->code = wm_os_alloc_pages(2 * bytes);
  if (page->code) {
    page->items = (const void **)(void *)(page->code + bytes);
    page->items[page_thunks()] = machine->thunk_code;
    machine->write_thunks(page->code, page->items, page_thunks());
    if (wm_os_protect_exec(page->code, bytes)) return page;
    wm_os_release(page->code, 2 * bytes);
  }
  free(page);
  return NULL;
}

/* Never the first: a sanitizer looks at what lies before a function that it calls. */
static const void *take_free(ThunkPage *page, NativeThunk *thunk) {
  for (u32 i = 1; i < page_thunks(); i++) {
    if (page->items[i]) continue;
    page->items[i] = thunk;
    return page->code + (size_t)i * THUNK_BYTES;
  }
  return NULL;
}

const void *wm_thunk_new(ThunkPage **pages, const NativeMachine *machine, NativeThunk *thunk) {
  for (ThunkPage *page = *pages; page; page = page->next) {
    const void *code = take_free(page, thunk);
    if (code) return code;
  }
  ThunkPage *page = page_new(machine);
  if (!page) return NULL;
  page->next = *pages;
  *pages = page;
  return take_free(page, thunk);
}

void wm_thunk_free(ThunkPage *pages, const void *code) {
  size_t bytes = wm_os_page_size();
  const u8 *at = code;
  for (ThunkPage *page = pages; page; page = page->next)
    if (at >= page->code && at < page->code + bytes)
      page->items[(size_t)(at - page->code) / THUNK_BYTES] = NULL;
}

void wm_thunks_free(ThunkPage *pages) {
  for (ThunkPage *page = pages, *next; page; page = next) {
    next = page->next;
    wm_os_release(page->code, 2 * wm_os_page_size());
    free(page);
  }
}
