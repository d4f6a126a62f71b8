/* What handles of WASI 0.2 stand for: see wasi2.h. */
#include "wasi/wasi2.h"

#include <stdlib.h>

enum { MAX_OBJECTS = 1 << 20 };

static wasm_trap_t *trap_of(const char *text) {
  wasm_message_t message;
  wasm_name_new_from_string_nt(&message, text);
  wasm_trap_t *trap = message.data ? wasm_trap_new(NULL, &message) : NULL;
  wasm_byte_vec_delete(&message);
  /* Out of memory, it must end all the same: calling nothing is a trap that needs none. */
  return trap ? trap : wasmx_func_call_raw(NULL, NULL);
}

void wm_wasi2_trap(Wasi2Call *c, const char *text) {
  if (!c->trap) c->trap = trap_of(text);
}

/* ---- numbers ---- */

/* 0: there is none. */
static u32 take_rep(Wasi2 *host) {
  if (host->free.len) return host->free.data[--host->free.len];
  u32 rep = max_u32(host->objects.len, 1); /* the first is never given */
  if (rep > MAX_OBJECTS || !vec_reserve(&host->objects, 2)) return 0;
  if (!vec_reserve(&host->free, rep)) return 0; /* to note it, once it is free */
  host->objects.len = rep + 1;
  return rep;
}

static void give_rep(Wasi2 *host, u32 rep) {
  host->objects.data[rep] = NULL;
  host->free.data[host->free.len++] = rep;
}

static Object *at(const Wasi2 *host, u32 rep) {
  return rep < host->objects.len ? host->objects.data[rep] : NULL;
}

Object *wm_wasi2_parent(const Wasi2 *host, const Object *object) {
  return object->parent ? at(host, object->parent) : NULL;
}

static bool is_socket(const Object *o) { return o->kind == OBJECT_TCP || o->kind == OBJECT_UDP; }

/* Its descriptor goes with it. */
static bool has_descriptor(const Object *o) {
  return is_socket(o) || o->kind == OBJECT_DESCRIPTOR || o->kind == OBJECT_ADDRESSES;
}

/* It may be dropped before what is of it. */
static bool outlives_handle(const Object *o) {
  return is_socket(o) || o->kind == OBJECT_DESCRIPTOR;
}

static bool is_datagrams(const Object *o) {
  return o->kind == OBJECT_INCOMING || o->kind == OBJECT_OUTGOING;
}

/* ---- life ---- */

Object *wm_wasi2_new(Wasi2Call *c, ObjectKind kind, Object *parent) {
  Wasi2 *host = c->host;
  Object *object = calloc(1, sizeof *object);
  u32 rep = object ? take_rep(host) : 0;
  if (!rep) {
    free(object);
    wm_wasi2_trap(c, "too many resources");
    return NULL;
  }
  object->kind = (u8)kind;
  object->rep = rep;
  if (parent) {
    object->parent = parent->rep;
    object->fd = parent->fd;
    object->of_socket = is_socket(parent);
    parent->children++;
    parent->streams += is_datagrams(object);
  }
  host->objects.data[rep] = object;
  return object;
}

Object *wm_wasi2_new_of_fd(Wasi2Call *c, ObjectKind kind, u32 fd) {
  Object *object = wm_wasi2_new(c, kind, NULL);
  if (object)
    object->fd = fd;
  else
    wm_fds_close(&c->host->ctx->fds, fd);
  return object;
}

Object *wm_wasi2_object(Wasi2Call *c, const Val *handle, ObjectKind kind) {
  Object *object =
      handle->of.resource == c->host->resources[kind] ? at(c->host, handle->rep) : NULL;
  if (object && object->kind == kind) return object;
  wm_wasi2_trap(c, "a resource of another kind");
  return NULL;
}

static void free_object(const Wasi2 *host, Object *object) {
  bool closes = has_descriptor(object) && !object->is_lent;
  if (closes) wm_fds_close(&host->ctx->fds, object->fd);
  free(object->entries);
  free(object);
}

/* What was kept for it goes with its last child. */
static void end_object(Wasi2 *host, Object *object) {
  while (object) {
    Object *parent = wm_wasi2_parent(host, object);
    if (parent) parent->streams -= is_datagrams(object);
    give_rep(host, object->rep);
    free_object(host, object);
    bool is_last = parent && --parent->children == 0;
    object = is_last && parent->is_dropped ? parent : NULL;
  }
}

wasm_trap_t *wm_wasi2_drop(Wasi2 *host, u32 rep) {
  Object *object = at(host, rep);
  if (!object || object->is_dropped) return NULL;
  bool has_pollables = object->children && !outlives_handle(object);
  object->is_dropped = true;
  if (!object->children) end_object(host, object);
  return has_pollables ? trap_of("resource has children") : NULL;
}

void wm_wasi2_free_objects(Wasi2 *host) {
  for (u32 i = 1; i < host->objects.len; i++)
    if (host->objects.data[i]) free_object(host, host->objects.data[i]);
  vec_free(&host->objects);
  vec_free(&host->free);
}
