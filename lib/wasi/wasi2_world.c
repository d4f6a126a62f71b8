/* wasi:cli, wasi:clocks and wasi:random. */
#include "wasi/wasi2_file.h"

enum { MAX_RANDOM = 1 << 26 };

/* ---- arguments, environment ---- */

/* The rows put how many strings there are at 0, how many bytes at 4, then (at 8) their addresses
 * and behind them the bytes. */
typedef struct Strings {
  u32 count;
  const u8 *bytes, *end;
} Strings;

static bool get_strings(Wasi2Call *c, CallNumber sizes, CallNumber get, Strings *s) {
  const wasmx_slot_t at[] = {ARG(0), ARG(4)};
  if (!wm_wasi2_memory(c, 8) || wm_wasi2_run(c, &wm_call_rows[sizes], at)) return false;
  u32 count = load_u32(c->memory), size = load_u32(c->memory + 4), bytes = 4 * count;
  const wasmx_slot_t to[] = {ARG(0), ARG(bytes)};
  if (!wm_wasi2_memory(c, (u64)bytes + size) || wm_wasi2_run(c, &wm_call_rows[get], to))
    return false;
  *s = (Strings){count, c->memory + bytes, c->memory + bytes + size};
  return true;
}

static const char *next_string(Strings *s, size_t *len) {
  const char *text = (const char *)s->bytes;
  *len = strnlen(text, (size_t)(s->end - s->bytes));
  s->bytes += *len + (s->bytes + *len < s->end);
  return text;
}

typedef void (*PutString)(Wasi2Call *c, Val *to, const char *text, size_t len);

static void give_strings(Wasi2Call *c, CallNumber sizes, CallNumber get, PutString put) {
  Strings s = {0};
  bool have = get_strings(c, sizes, get, &s);
  Val *list = wm_wasi2_list(c, c->result, s.count);
  for (u32 i = 0; have && list && i < s.count; i++) {
    size_t len;
    const char *text = next_string(&s, &len);
    put(c, &list[i], text, len);
  }
}

static void put_argument(Wasi2Call *c, Val *to, const char *text, size_t len) {
  wm_wasi2_put_text(c, to, text, len);
}

static void put_variable(Wasi2Call *c, Val *to, const char *text, size_t len) {
  const char *equals = memchr(text, '=', len);
  size_t name = equals ? (size_t)(equals - text) : len, skip = equals ? name + 1 : len;
  Val *pair = wm_wasi2_put_record(c, to, WASMCM_TUPLE, 2);
  wm_wasi2_put_text(c, &pair[0], text, name);
  wm_wasi2_put_text(c, &pair[1], text + skip, len - skip);
}

void wm_wasi2_get_arguments(Wasi2Call *c) {
  give_strings(c, CALL_args_sizes_get, CALL_args_get, put_argument);
}
void wm_wasi2_get_environment(Wasi2Call *c) {
  give_strings(c, CALL_environ_sizes_get, CALL_environ_get, put_variable);
}

void wm_wasi2_initial_cwd(Wasi2Call *c) { wm_wasi2_put_case(c->result, WASMCM_OPTION, 0, NULL); }

/* ---- the end ---- */

void wm_wasi2_exit(Wasi2Call *c) { RUN(c, proc_exit, ARG(c->args[0].of.variant.index)); }
void wm_wasi2_exit_with_code(Wasi2Call *c) { RUN(c, proc_exit, ARG(c->args[0].of.u64)); }

/* ---- standard streams ---- */

/* Of what kind they are is asked, so that a replayed run is told the same. */
static void give_stream(Wasi2Call *c, ObjectKind kind, u32 fd) {
  FdStat stat;
  bool is = !wm_wasi2_fdstat(c, fd, &stat);
  Object *o = wm_wasi2_new(c, kind, NULL);
  if (o) o->fd = fd;
  if (o) o->may_block = is && wm_wasi2_may_block(&stat);
  wm_wasi2_put_own(c, c->result, o);
}

void wm_wasi2_get_stdin(Wasi2Call *c) { give_stream(c, OBJECT_INPUT, 0); }
void wm_wasi2_get_stdout(Wasi2Call *c) { give_stream(c, OBJECT_OUTPUT, 1); }
void wm_wasi2_get_stderr(Wasi2Call *c) { give_stream(c, OBJECT_OUTPUT, 2); }

/* As preview 1 has terminals. */
static bool is_terminal(Wasi2Call *c, u32 fd) {
  if (!wm_wasi2_memory(c, FDSTAT_SIZE) || RUN(c, fd_fdstat_get, ARG(fd), ARG(0))) return false;
  return c->memory[0] == FILETYPE_CHARACTER_DEVICE &&
         !(load_u64(c->memory + 8) & (RIGHT_FD_SEEK | RIGHT_FD_TELL));
}

static void give_terminal(Wasi2Call *c, ObjectKind kind, u32 fd) {
  bool is = is_terminal(c, fd);
  Val *handle = wm_wasi2_vals(c, 1);
  if (is) wm_wasi2_put_own(c, handle, wm_wasi2_new(c, kind, NULL));
  wm_wasi2_put_case(c->result, WASMCM_OPTION, is, handle);
}

void wm_wasi2_get_terminal_stdin(Wasi2Call *c) { give_terminal(c, OBJECT_TERMINAL_INPUT, 0); }
void wm_wasi2_get_terminal_stdout(Wasi2Call *c) { give_terminal(c, OBJECT_TERMINAL_OUTPUT, 1); }
void wm_wasi2_get_terminal_stderr(Wasi2Call *c) { give_terminal(c, OBJECT_TERMINAL_OUTPUT, 2); }

/* ---- clocks ---- */

static u64 time_of(Wasi2Call *c, u32 id) {
  if (!wm_wasi2_memory(c, 8)) return 0;
  if (RUN(c, clock_time_get, ARG(id), ARG(0), ARG(0)))
    wm_wasi2_trap(c, "the clock is not to be read");
  return load_u64(c->memory);
}

static u64 resolution_of(Wasi2Call *c, u32 id) {
  if (!wm_wasi2_memory(c, 8)) return 0;
  return RUN(c, clock_res_get, ARG(id), ARG(0)) ? 1 : load_u64(c->memory);
}

void wm_wasi2_monotonic_now(Wasi2Call *c) {
  wm_wasi2_put(c->result, WASMCM_U64, time_of(c, CLOCK_ID_MONOTONIC));
}
void wm_wasi2_monotonic_resolution(Wasi2Call *c) {
  wm_wasi2_put(c->result, WASMCM_U64, resolution_of(c, CLOCK_ID_MONOTONIC));
}
void wm_wasi2_wall_now(Wasi2Call *c) {
  wm_wasi2_put_time(c, c->result, time_of(c, CLOCK_ID_REALTIME));
}
void wm_wasi2_wall_resolution(Wasi2Call *c) {
  wm_wasi2_put_time(c, c->result, resolution_of(c, CLOCK_ID_REALTIME));
}

static void give_deadline(Wasi2Call *c, u64 deadline) {
  Object *o = wm_wasi2_new(c, OBJECT_POLLABLE, NULL);
  if (o) o->event = EVENT_CLOCK;
  if (o) o->at = deadline;
  wm_wasi2_put_own(c, c->result, o);
}

void wm_wasi2_subscribe_instant(Wasi2Call *c) { give_deadline(c, c->args[0].of.u64); }

/* A recording has the time that was, too. */
void wm_wasi2_subscribe_duration(Wasi2Call *c) {
  give_deadline(c, saturating_add(time_of(c, CLOCK_ID_MONOTONIC), c->args[0].of.u64));
}

/* ---- random ---- */

static const u8 *random_of(Wasi2Call *c, u64 size) {
  if (size > MAX_RANDOM) wm_wasi2_trap(c, "more random bytes than 64 MiB");
  if (size > MAX_RANDOM || !wm_wasi2_memory(c, size)) return NULL;
  if (RUN(c, random_get, ARG(0), ARG(size))) wm_wasi2_trap(c, "no random bytes");
  return c->memory;
}

static u64 random_number(Wasi2Call *c) {
  const u8 *bytes = random_of(c, 8);
  return bytes ? load_u64(bytes) : 0;
}

void wm_wasi2_random_bytes(Wasi2Call *c) {
  u64 size = c->args[0].of.u64;
  const u8 *bytes = random_of(c, size);
  wm_wasi2_put_bytes(c->result, bytes, bytes ? size : 0);
}

void wm_wasi2_random_u64(Wasi2Call *c) { wm_wasi2_put(c->result, WASMCM_U64, random_number(c)); }

void wm_wasi2_random_seed(Wasi2Call *c) {
  u64 *seed = c->host->seed;
  for (int i = 0; i < 2 && !c->host->is_seeded; i++) seed[i] = random_number(c);
  c->host->is_seeded = !c->trap;
  Val *pair = wm_wasi2_put_record(c, c->result, WASMCM_TUPLE, 2);
  for (int i = 0; i < 2; i++) wm_wasi2_put(&pair[i], WASMCM_U64, seed[i]);
}
