/* Tags: what tells exceptions apart (api_exception.c). */
#include "api/handle.h"

Tag *wm_tag_of_handle(const wasm_tag_t *ref) {
  const Handle *h = handle_of(ref);
  return handle_store(h) ? (Tag *)h->object : NULL;
}

/* Of the type as the registry counts it. */
static Tag *tag_new(Store *store, const wasm_functype_t *type, Error *err) {
  if (type && wasm_functype_results(type)->size)
    return wm_error_set(err, ERR_ARGUMENT, 0, "the type of a tag has no results"), NULL;
  u32 id = wm_typeid_of_functype(store->types, type, err);
  if (id == NO_TYPE) return NULL;
  Tag *tag = wm_tag_new(store, id, err);
  wm_types_release(store->types, id); /* the tag has its own count */
  return tag;
}

wasm_tag_t *wasm_tag_new(wasm_store_t *home, const wasm_tagtype_t *type) {
  Error err = {0};
  Handle *h = wm_api_begin(home, &err);
  Tag *tag = h ? tag_new(home->store, wasm_tagtype_functype(type), &err) : NULL;
  return (wasm_tag_t *)wm_api_finish(h, (Object *)tag, &err);
}

wasm_tagtype_t *wasm_tag_type(const wasm_tag_t *ref) {
  return wasm_externtype_as_tagtype(wasm_extern_type(wasm_tag_as_extern_const(ref)));
}
