/* Recorded and replayed runs: see wasi_record.h. */
#include "wasi/wasi_record.h"

#include "base/hashmap.h"
#include "wasi/wasi_audit.h"
#include "wasi/wasi_net.h"

enum { HEAD_SIZE = 16, PIECE_HEAD_SIZE = 8, MAX_PIECES = 4 + MAX_IOVECS };

/* ---- what calls write ---- */

/* Where each call puts its results, one letter and the arguments it is about:
 *   h, w, d    two, four, eight bytes at the argument
 *   f s p a    a filestat, fdstat, prestat, address
 *   B          a buffer and its size
 *   U          a buffer, and where its used size is
 *   V          vectors, their count, and where the sum of what was read is
 *   E          events, and where their count is
 *   S          addresses of strings and their bytes (args_get, environ_get) */
static const struct {
  const char *name, *outputs;
} rows[] = {
    {"args_get", "S01"},
    {"args_sizes_get", "w0w1"},
    {"environ_get", "S01"},
    {"environ_sizes_get", "w0w1"},
    {"clock_res_get", "d1"},
    {"clock_time_get", "d2"},
    {"fd_fdstat_get", "s1"},
    {"fd_filestat_get", "f1"},
    {"fd_pread", "V124w4"},
    {"fd_prestat_get", "p1"},
    {"fd_prestat_dir_name", "B12"},
    {"fd_pwrite", "w4"},
    {"fd_read", "V123w3"},
    {"fd_readdir", "U14w4"},
    {"fd_seek", "d3"},
    {"fd_tell", "d1"},
    {"fd_write", "w3"},
    {"path_filestat_get", "f4"},
    {"path_open", "w8"},
    {"path_readlink", "U35w5"},
    {"poll_oneoff", "E13w3"},
    {"random_get", "B01"},
    {"sock_accept", "w2"},
    {"sock_name", "a2"},
    {"sock_next_address", "a1"},
    {"sock_open", "w2"},
    {"sock_option", "d2"},
    {"sock_receive", "U13w3a4"},
    {"sock_recv", "V124w4h5"},
    {"sock_resolve", "w2"},
    {"sock_send", "w4"},
    {"terminal_size", "w1w2"},
    {"terminal_wait", "w2"},
};

static const char *outputs_of(const CallRow *row) {
  for (size_t i = 0; i < ARRAY_LEN(rows); i++)
    if (strcmp(rows[i].name, row->name) == 0) return rows[i].outputs;
  return "";
}

typedef struct Piece {
  u32 address, size;
} Piece;

typedef struct Pieces {
  u32 count, vector_count;
  Piece at[MAX_PIECES];
  Piece vectors[MAX_IOVECS]; /* of the call: noted before it, as what is read may lie over them */
} Pieces;

/* What does not lie in memory was not written either. */
static void add(const Call *call, Pieces *p, u32 address, u64 size) {
  if (size && p->count < MAX_PIECES && is_within(address, size, call->memory_size))
    p->at[p->count++] = (Piece){address, (u32)size};
}

static u32 arg(const Call *call, char digit) { return call->args[digit - '0'].u32; }

static u32 word_at(const Call *call, u32 address) {
  return is_within(address, 4, call->memory_size) ? guest_u32(call->memory + address) : 0;
}

/* Of a call whose outputs begin with vectors. */
static void note_vectors(const Call *call, Pieces *p, const char *outputs) {
  if (*outputs != 'V') return;
  u32 at = arg(call, outputs[1]);
  p->vector_count = min_u32(arg(call, outputs[2]), MAX_IOVECS);
  for (u32 i = 0; i < p->vector_count; i++, at += IOVEC_SIZE)
    p->vectors[i] = (Piece){word_at(call, at), word_at(call, at + 4)};
}

static void add_vectors(const Call *call, Pieces *p, u64 left) {
  for (u32 i = 0; i < p->vector_count && left; i++) {
    u64 size = min_u64(left, p->vectors[i].size);
    add(call, p, p->vectors[i].address, size);
    left -= size;
  }
}

static void add_strings(const Call *call, Pieces *p, const CallRow *row) {
  const StringList *list = row->name[0] == 'a' ? &call->ctx->args : &call->ctx->env;
  add(call, p, arg(call, '0'), UINT64_C(4) * list->count);
  add(call, p, arg(call, '1'), list->bytes.len);
}

/* One output; the rest of the list. */
static const char *add_output(const Call *call, Pieces *p, const CallRow *row, const char *o) {
  u32 first = arg(call, o[1]);
  switch (o[0]) {
  case 'h': add(call, p, first, 2); return o + 2;
  case 'w': add(call, p, first, 4); return o + 2;
  case 'd': add(call, p, first, 8); return o + 2;
  case 'f':
    add(call, p, first, call->unstable ? FILESTAT_UNSTABLE_SIZE : FILESTAT_SIZE);
    return o + 2;
  case 's': add(call, p, first, FDSTAT_SIZE); return o + 2;
  case 'p': add(call, p, first, PRESTAT_SIZE); return o + 2;
  case 'a': add(call, p, first, NET_ADDRESS_SIZE); return o + 2;
  case 'B': add(call, p, first, arg(call, o[2])); return o + 3;
  case 'U': add(call, p, first, word_at(call, arg(call, o[2]))); return o + 3;
  case 'E': add(call, p, first, (u64)EVENT_SIZE * word_at(call, arg(call, o[2]))); return o + 3;
  case 'V': add_vectors(call, p, word_at(call, arg(call, o[3]))); return o + 4;
  default: add_strings(call, p, row); return o + 3;
  }
}

/* Arguments that the row has; the numbers, not what they point at. */
static u64 hash_arguments(const Call *call, const CallRow *row) {
  u64 args[10] = {0}, count = strlen(row->params);
  for (u64 i = 0; i < count; i++)
    args[i] = row->params[i] == 'I' ? call->args[i].u64 : call->args[i].u32;
  return wm_hash_bytes(args, count * 8, call->unstable);
}

/* ---- recording ---- */

static Errno give_up(Call *call, const char *why) {
  wasm_message_t message;
  wasm_name_new_from_string_nt(&message, why);
  call->trap = wasm_trap_new(call_store(call), &message);
  wasm_byte_vec_delete(&message);
  if (!call->trap) call->trap = wasmx_func_call_raw(NULL, NULL); /* must end all the same */
  return E_IO;
}

/* The standard stream (1 or 2) that everybody sees what is written to by this call; 0: none. The
 * number alone does not say so: a program may put another file there, or move the stream. */
static u32 shown_stream(const Call *call, const CallRow *row) {
  Descriptor *d;
  if (row->handler != wm_call_fd_write) return 0;
  if (wm_fds_find(&call->ctx->fds, call->args[0].u32, &d)) return 0;
  for (u32 stream = 1; stream <= 2; stream++)
    if (d->grant == &call->ctx->grants[stream]) return stream;
  return 0;
}

static void put_head(FILE *file, u32 number, u32 stream, Errno e, u32 pieces, u64 hash) {
  u8 head[HEAD_SIZE] = {(u8)number, (u8)stream};
  store_u16(head + 2, (u16)e);
  store_u32(head + 4, pieces);
  store_u64(head + 8, hash);
  fwrite(head, 1, sizeof head, file);
}

static void put_piece(const Call *call, FILE *file, const Piece *p) {
  u8 head[PIECE_HEAD_SIZE];
  store_u32(head, p->address);
  store_u32(head + 4, p->size);
  fwrite(head, 1, sizeof head, file);
  fwrite(call->memory + p->address, 1, p->size, file);
}

/* Runs it; *p has what it gave. */
static Errno run_and_note(Call *call, const CallRow *row, Pieces *p) {
  const char *outputs = outputs_of(row);
  note_vectors(call, p, outputs);
  Errno e = call->ctx->audit.callback ? wm_audit_run(call, row) : row->handler(call);
  for (const char *o = e ? "" : outputs; *o;) o = add_output(call, p, row, o);
  return e;
}

static Errno record(Call *call, const CallRow *row, u64 hash) {
  FILE *file = call->ctx->record.file;
  u32 stream = shown_stream(call, row);
  Pieces *p = calloc(1, sizeof *p);
  if (!p) return give_up(call, "out of memory: the run cannot be recorded");
  Errno e = run_and_note(call, row, p);
  put_head(file, row->number, stream, e, p->count, hash);
  for (u32 i = 0; i < p->count; i++) put_piece(call, file, &p->at[i]);
  free(p);
  if (call->trap) fflush(file); /* it ends here */
  return ferror(file) ? give_up(call, "the recording cannot be written") : e;
}

/* ---- replaying ---- */

static bool get_piece(const Call *call, FILE *file) {
  u8 head[PIECE_HEAD_SIZE];
  if (fread(head, 1, sizeof head, file) != sizeof head) return false;
  u32 address = load_u32(head), size = load_u32(head + 4);
  return is_within(address, size, call->memory_size) &&
         fread(call->memory + address, 1, size, file) == size;
}

/* The bytes that everybody saw are written once more, no others: before the count of them, which
 * may lie over them, is there. */
static bool show(Call *call, FILE *file, u32 stream) {
  u8 count[PIECE_HEAD_SIZE + 4];
  if (fread(count, 1, sizeof count, file) != sizeof count || load_u32(count + 4) != 4) return false;
  wm_write_again(call, stream, load_u32(count + PIECE_HEAD_SIZE));
  u32 address = load_u32(count);
  if (!is_within(address, 4, call->memory_size)) return false;
  memcpy(call->memory + address, count + PIECE_HEAD_SIZE, 4);
  return true;
}

static Errno replay(Call *call, const CallRow *row, u64 hash) {
  FILE *file = call->ctx->record.file;
  u8 head[HEAD_SIZE];
  if (fread(head, 1, sizeof head, file) != sizeof head)
    return give_up(call, "the recording ends here, and the program goes on");
  if (head[0] != row->number || load_u64(head + 8) != hash)
    return give_up(call, "the program does something else than when it was recorded");
  if (row->handler == wm_call_proc_exit) wm_call_proc_exit(call);
  u32 stream = row->handler == wm_call_fd_write ? head[1] : 0;
  for (u32 left = load_u32(head + 4); left; left--) {
    bool shown = stream - 1 < 2 && left == 1;
    if (!(shown ? show(call, file, stream) : get_piece(call, file)))
      return give_up(call, "the recording is damaged");
  }
  return (Errno)min_u32(load_u16(head + 2), E_NOTCAPABLE);
}

Errno wm_record_run(Call *call, const CallRow *row) {
  u64 hash = hash_arguments(call, row);
  return call->ctx->record.replays ? replay(call, row, hash) : record(call, row, hash);
}

/* ---- the file ---- */

void wm_record_end(Record *r) {
  if (r->file) fclose(r->file);
  r->file = NULL;
}
