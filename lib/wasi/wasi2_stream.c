/* wasi:io/streams and errors.
 *
 * Nothing is kept back here: what is written is with the host, and flush has nothing to do. What a
 * stream can take without waiting is asked of the host; a write of more than that is ended by a
 * stop of the store, like every wait. */
#include "wasi/wasi2.h"

#include "wasi/wasi_audit.h"

enum {
  MAX_PIECE = 1 << 20, /* of one call */
  SURE_PIECE = 4096,   /* what goes into a pipe that is ready, and what a blocking write takes */
  VECTOR = 0,          /* in the memory of a row: one vector, */
  DONE = IOVEC_SIZE,   /* how much was moved, */
  BYTES = 16,          /* and the bytes */
};

/* ---- errors ---- */

/* The result is a stream-error; false: E_SUCCESS. A pipe that nobody reads is closed. */
static bool failed(Wasi2Call *c, const Object *o, Errno e) {
  if (!e) return false;
  Val *payload = NULL;
  if (e != E_PIPE) {
    Object *error = wm_wasi2_new(c, OBJECT_ERROR, NULL);
    if (error) error->error = e;
    if (error) error->of_socket = o->of_socket;
    payload = wm_wasi2_vals(c, 1);
    wm_wasi2_put_own(c, payload, error);
  }
  Val *stream_error = wm_wasi2_vals(c, 1);
  wm_wasi2_put_case(stream_error, WASMCM_VARIANT, payload ? 0 : 1, payload);
  wm_wasi2_put_case(c->result, WASMCM_RESULT, 1, stream_error);
  return true;
}

/* The end of a file may become another place, that of a connection not. */
static bool is_at_end(Wasi2Call *c, Object *o, u64 wanted, u32 done) {
  bool at_end = wanted && !done;
  o->is_ended |= at_end && o->of_socket;
  return at_end && failed(c, o, E_PIPE);
}

/* Of a socket whose end came, or that the program shut in that direction: the result says so. */
static bool closed(Wasi2Call *c, const Object *o, u8 way) {
  const Object *socket = o->of_socket ? wm_wasi2_parent(c->host, o) : NULL;
  bool is = o->is_ended || (socket && (socket->shut & way));
  return is && failed(c, o, E_PIPE);
}

void wm_wasi2_error_text(Wasi2Call *c) {
  const Object *o = wm_wasi2_object(c, &c->args[0], OBJECT_ERROR);
  const char *name = o ? wm_errno_name(o->error) : NULL;
  if (!name) name = "unknown error";
  wm_wasi2_put_text(c, c->result, name, strlen(name));
}

void wm_wasi2_filesystem_error_code(Wasi2Call *c) {
  const Object *o = wm_wasi2_object(c, &c->args[0], OBJECT_ERROR);
  if (!o) return;
  Val *code = wm_wasi2_vals(c, 1);
  wm_wasi2_put_case(code, WASMCM_ENUM, wm_wasi2_code(o->error), NULL);
  wm_wasi2_put_case(c->result, WASMCM_OPTION, !o->of_socket, code);
}

/* ---- what moves ---- */

/* One row on `size` bytes behind the vector, which was prepared. */
static Errno move(Wasi2Call *c, Object *o, bool write, u32 offset, u32 size, u32 *done) {
  store_u32(c->memory + VECTOR, BYTES + offset);
  store_u32(c->memory + VECTOR + 4, size);
  const wasmx_slot_t placed[] = {ARG(o->fd), ARG(VECTOR), ARG(1), ARG(o->at), ARG(DONE)};
  const wasmx_slot_t plain[] = {ARG(o->fd), ARG(VECTOR), ARG(1), ARG(DONE)};
  CallNumber number = o->is_placed ? write ? CALL_fd_pwrite : CALL_fd_pread
                      : write      ? CALL_fd_write
                                   : CALL_fd_read;
  Errno e = wm_wasi2_run(c, &wm_call_rows[number], o->is_placed ? placed : plain);
  *done = e ? 0 : load_u32(c->memory + DONE);
  o->at += *done;
  return e;
}

/* The bytes are at c->memory + BYTES then. */
static Errno read_some(Wasi2Call *c, Object *o, u64 wanted, bool waits, u32 *done) {
  wanted = min_u64(wanted, MAX_PIECE);
  *done = 0;
  if (!waits && o->may_block && !wm_wasi2_is_ready(c, o->fd, EVENT_FD_READ))
    return c->trap ? E_IO : E_AGAIN;
  for (;;) {
    if (!wm_wasi2_memory(c, BYTES + wanted)) return E_NOMEM;
    Errno e = wanted ? move(c, o, false, 0, (u32)wanted, done) : E_SUCCESS;
    if (e != E_AGAIN || !waits) return e;
    wm_wasi2_wait(c, o->fd, EVENT_FD_READ); /* a socket that does not block */
  }
}

static Errno set_append(Wasi2Call *c, const Object *o, bool on) {
  return RUN(c, fd_fdstat_set_flags, ARG(o->fd), ARG(o->flags | (on ? FDFLAG_APPEND : 0u)));
}

/* All of it. */
static Errno write_memory(Wasi2Call *c, Object *o, u32 size) {
  Errno e = E_SUCCESS;
  for (u32 at = 0, done; !e && at < size; at += done) {
    e = move(c, o, true, at, size - at, &done);
    if (!e && !done) e = E_IO;
  }
  return e;
}

/* Other streams of the same file write where they are. */
static Errno write_all(Wasi2Call *c, Object *o, u32 size) {
  if (!o->appends) return write_memory(c, o, size);
  Errno e = set_append(c, o, true);
  if (e) return e;
  e = write_memory(c, o, size);
  Errno back = set_append(c, o, false);
  return e ? e : back;
}

/* ---- input ---- */

static void read_stream(Wasi2Call *c, bool waits, bool skips) {
  Object *o = wm_wasi2_object(c, &c->args[0], OBJECT_INPUT);
  u64 wanted = c->args[1].of.u64;
  if (!o || closed(c, o, SDFLAG_RD)) return;
  u32 done;
  Errno e = read_some(c, o, wanted, waits, &done);
  bool nothing_yet = e == E_AGAIN;
  if (failed(c, o, nothing_yet ? E_SUCCESS : e)) return;
  if (!nothing_yet && is_at_end(c, o, wanted, done)) return;
  Val *given = wm_wasi2_ok(c);
  if (skips)
    wm_wasi2_put(given, WASMCM_U64, done);
  else
    wm_wasi2_put_bytes(given, done ? c->memory + BYTES : NULL, done);
}

void wm_wasi2_input_read(Wasi2Call *c) { read_stream(c, false, false); }
void wm_wasi2_input_blocking_read(Wasi2Call *c) { read_stream(c, true, false); }
void wm_wasi2_input_skip(Wasi2Call *c) { read_stream(c, false, true); }
void wm_wasi2_input_blocking_skip(Wasi2Call *c) { read_stream(c, true, true); }

Object *wm_wasi2_stream(Wasi2Call *c, ObjectKind kind, Object *o, bool may_block) {
  Object *made = wm_wasi2_new(c, kind, o);
  if (made) made->may_block = may_block;
  return made;
}

void wm_wasi2_subscribe(Wasi2Call *c, ObjectKind kind, u8 event) {
  Object *o = wm_wasi2_object(c, &c->args[0], kind);
  Object *made = o ? wm_wasi2_new(c, OBJECT_POLLABLE, o) : NULL;
  if (made) made->event = event;
  wm_wasi2_put_own(c, c->result, made);
}

void wm_wasi2_input_subscribe(Wasi2Call *c) { wm_wasi2_subscribe(c, OBJECT_INPUT, EVENT_FD_READ); }
void wm_wasi2_output_subscribe(Wasi2Call *c) {
  wm_wasi2_subscribe(c, OBJECT_OUTPUT, EVENT_FD_WRITE);
}

/* ---- output ---- */

static u64 permit_of(Wasi2Call *c, const Object *o) {
  if (!o->may_block) return MAX_PIECE;
  return wm_wasi2_is_ready(c, o->fd, EVENT_FD_WRITE) ? SURE_PIECE : 0;
}

void wm_wasi2_output_check_write(Wasi2Call *c) {
  Object *o = wm_wasi2_object(c, &c->args[0], OBJECT_OUTPUT);
  if (!o || closed(c, o, SDFLAG_WR)) return;
  o->permit = permit_of(c, o);
  wm_wasi2_put(wm_wasi2_ok(c), WASMCM_U64, o->permit);
}

/* Whether that much may be written; it traps else. */
static bool take_permit(Wasi2Call *c, Object *o, u64 size, bool blocks) {
  bool may = size <= (blocks ? SURE_PIECE : o->permit);
  if (!may) wm_wasi2_trap(c, "write: more than check-write permits");
  o->permit -= blocks || !may ? 0 : size;
  return may;
}

/* NULL: so many zeroes. */
static void write_stream(Wasi2Call *c, const void *bytes, u64 size, bool blocks) {
  Object *o = wm_wasi2_object(c, &c->args[0], OBJECT_OUTPUT);
  if (!o || !take_permit(c, o, size, blocks) || closed(c, o, SDFLAG_WR)) return;
  if (!wm_wasi2_memory(c, BYTES + size)) return;
  if (bytes && size) memcpy(c->memory + BYTES, bytes, size);
  if (!failed(c, o, write_all(c, o, (u32)size))) wm_wasi2_done(c);
}

static void write_given(Wasi2Call *c, bool blocks) {
  const Val *bytes = &c->args[1];
  write_stream(c, bytes->of.numbers.data, bytes->of.numbers.count, blocks);
}

void wm_wasi2_output_write(Wasi2Call *c) { write_given(c, false); }
void wm_wasi2_output_blocking_write(Wasi2Call *c) { write_given(c, true); }
void wm_wasi2_output_write_zeroes(Wasi2Call *c) { write_stream(c, NULL, c->args[1].of.u64, false); }
void wm_wasi2_output_blocking_write_zeroes(Wasi2Call *c) {
  write_stream(c, NULL, c->args[1].of.u64, true);
}

void wm_wasi2_output_flush(Wasi2Call *c) {
  const Object *o = wm_wasi2_object(c, &c->args[0], OBJECT_OUTPUT);
  if (o && !closed(c, o, SDFLAG_WR)) wm_wasi2_done(c);
}

/* As much as goes out now, of what is there now. */
static void splice(Wasi2Call *c, bool blocks) {
  Object *out = wm_wasi2_object(c, &c->args[0], OBJECT_OUTPUT);
  Object *in = wm_wasi2_object(c, &c->args[1], OBJECT_INPUT);
  if (!out || !in || closed(c, out, SDFLAG_WR) || closed(c, in, SDFLAG_RD)) return;
  u64 wanted = min_u64(c->args[2].of.u64, blocks ? MAX_PIECE : permit_of(c, out));
  u32 done;
  Errno e = read_some(c, in, wanted, blocks, &done);
  bool nothing_yet = e == E_AGAIN;
  if (failed(c, in, nothing_yet ? E_SUCCESS : e)) return;
  if (!nothing_yet && is_at_end(c, in, wanted, done)) return;
  if (done && failed(c, out, write_all(c, out, done))) return;
  wm_wasi2_put(wm_wasi2_ok(c), WASMCM_U64, done);
}

void wm_wasi2_output_splice(Wasi2Call *c) { splice(c, false); }
void wm_wasi2_output_blocking_splice(Wasi2Call *c) { splice(c, true); }
