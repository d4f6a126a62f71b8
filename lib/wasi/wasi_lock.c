/* The locks of a context that several threads use (wasi_ctx.h). */
#include "wasi/wasi_ctx.h"

void wm_call_lock(Call *call) {
  wasi_ctx_t *ctx = call->ctx;
  if (!ctx->threads.used || call->locked) return;
  pthread_mutex_lock(&ctx->lock);
  call->locked = true;
  ctx->resolver.store = call_store(call); /* whose stop ends a walk */
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

static pthread_mutex_t *lock_it(const wasi_ctx_t *ctx, pthread_mutex_t *lock) {
  if (!ctx->threads.used) return NULL;
  pthread_mutex_lock(lock);
  return lock;
}

pthread_mutex_t *wm_careful_lock(wasi_ctx_t *ctx) { return lock_it(ctx, &ctx->careful_lock); }

pthread_mutex_t *wm_stream_lock(wasi_ctx_t *ctx, const Stream *s) {
  return lock_it(ctx, &ctx->stream_locks[s - ctx->streams]);
}
