/* The locks of a context that several threads use (wasi_ctx.h). */
#include "wasi/wasi_ctx.h"

void wm_call_lock(Call *call) {
  wasi_ctx_t *ctx = call->ctx;
  if (!ctx->threads.used || call->locked) return;
  pthread_mutex_lock(&ctx->lock);
  call->locked = true;
  ctx->resolver.store = wasmx_caller_store(call->caller); /* whose stop ends a walk */
}

void wm_call_unlock(Call *call) {
  if (!call->locked) return;
  call->locked = false;
  pthread_mutex_unlock(&call->ctx->lock);
}

void wm_call_pin(PinnedFd *p, Call *call, const Descriptor *d) {
  if (!call->locked) return;
  p->call = call;
  wm_fds_pin(&call->ctx->fds, &p->pin, d);
}

int wm_call_release(PinnedFd *p, Call *call, const Descriptor *d) {
  int fd = d->fd;
  wm_call_pin(p, call, d);
  wm_call_unlock(call);
  return fd;
}

void wm_call_unpin(PinnedFd *p) {
  if (!p->call) return;
  wm_call_lock(p->call);
  wm_fds_unpin(&p->call->ctx->fds, &p->pin);
  p->call = NULL;
}

pthread_mutex_t *wm_careful_lock(Call *call) {
  pthread_mutex_t *lock = call->ctx->threads.used ? &call->ctx->careful_lock : NULL;
  if (lock) pthread_mutex_lock(lock);
  return lock;
}

void wm_careful_unlock(pthread_mutex_t **lock) {
  if (*lock) pthread_mutex_unlock(*lock);
}

static pthread_mutex_t *lock_of(Call *call, const Stream *s) {
  return call->ctx->threads.used ? &call->ctx->stream_locks[s - call->ctx->streams] : NULL;
}

void wm_stream_lock(Call *call, const Stream *s) {
  pthread_mutex_t *lock = lock_of(call, s);
  if (lock) pthread_mutex_lock(lock);
}

void wm_stream_unlock(Call *call, const Stream *s) {
  pthread_mutex_t *lock = lock_of(call, s);
  if (lock) pthread_mutex_unlock(lock);
}
