/* A command of WASI 0.2 without a library: its first argument says what it does, and it prints what
 * comes out. Built as a core module, which wasm-tools makes a component of (guest.wit). */
#include "wasi2_guest.h"

#define FILES(name) IMPORT("wasi:filesystem/types", name)

typedef struct HandleResult {
  uint8_t failed;
  union {
    Handle handle;
    uint8_t code;
  };
} HandleResult;
typedef struct Preopens {
  const struct {
    Handle dir;
    Text name;
  } *data;
  size_t count;
} Preopens;
typedef struct EntryResult {
  uint8_t failed;
  union {
    struct {
      uint8_t is_some;
      struct {
        uint8_t type;
        Text name;
      } entry;
    };
    uint8_t code;
  };
} EntryResult;
typedef struct FlagsResult {
  uint8_t failed, flags;
} FlagsResult;
typedef struct HashResult {
  uint8_t failed;
  uint64_t halves[2];
} HashResult;

IMPORT("wasi:cli/exit", "exit-with-code") void exit_with_code(int32_t);
IMPORT("wasi:cli/stdin", "get-stdin") Handle get_stdin(void);
IO("[method]input-stream.read") void read_now(Handle, uint64_t, ReadResult *);
IO("[method]input-stream.blocking-read") void read_blocking(Handle, uint64_t, ReadResult *);
IO("[method]input-stream.skip") void skip(Handle, uint64_t, CountResult *);
IO("[method]output-stream.write") void write_now(Handle, const char *, size_t, WriteResult *);
IO("[method]output-stream.write-zeroes") void write_zeroes(Handle, uint64_t, WriteResult *);
IO("[method]output-stream.splice") void splice(Handle, Handle, uint64_t, CountResult *);
IO("[method]output-stream.blocking-splice")
void splice_blocking(Handle, Handle, uint64_t, CountResult *);
IMPORT("wasi:io/error", "[method]error.to-debug-string") void error_text(Handle, Text *);
IMPORT("wasi:clocks/monotonic-clock", "now") uint64_t now(void);
IMPORT("wasi:random/insecure-seed", "insecure-seed") void insecure_seed(uint64_t *);
IMPORT("wasi:filesystem/preopens", "get-directories") void get_directories(Preopens *);
FILES("[method]descriptor.open-at")
void open_at(Handle, uint32_t, const char *, size_t, uint32_t, uint32_t, HandleResult *);
FILES("[method]descriptor.read-via-stream") void read_via(Handle, uint64_t, HandleResult *);
FILES("[method]descriptor.write-via-stream") void write_via(Handle, uint64_t, HandleResult *);
FILES("[method]descriptor.append-via-stream") void append_via(Handle, HandleResult *);
FILES("[method]descriptor.get-flags") void get_flags(Handle, FlagsResult *);
FILES("[method]descriptor.read-directory") void read_directory(Handle, HandleResult *);
FILES("[method]directory-entry-stream.read-directory-entry")
void read_entry(Handle, EntryResult *);
FILES("[method]descriptor.is-same-object") int32_t is_same(Handle, Handle);
FILES("[method]descriptor.metadata-hash") void metadata_hash(Handle, HashResult *);
FILES("filesystem-error-code") void error_code(Handle, uint8_t code[2]);
FILES("[resource-drop]descriptor") void drop_descriptor(Handle);
FILES("[resource-drop]directory-entry-stream") void drop_entries(Handle);

enum { READ = 1, WRITE = 2, CREATE = 1, TRUNCATE = 8 };

/* ---- a library ---- */

static Handle out;

static void print_bytes(const char *data, size_t size) {
  WriteResult done;
  write_blocking(out, data, size, &done);
}
static void print(const char *text) { print_bytes(text, length(text)); }

static void print_number(const char *what, uint64_t number) {
  char digits[24];
  size_t at = sizeof digits;
  digits[--at] = '\n';
  do digits[--at] = (char)('0' + number % 10);
  while (number /= 10);
  print(what);
  print(" ");
  print_bytes(digits + at, sizeof digits - at);
}

static Handle preopen(void) {
  Preopens dirs;
  get_directories(&dirs);
  if (!dirs.count) __builtin_trap();
  return dirs.data[0].dir;
}

static HandleResult open_file(Handle dir, const char *path, uint32_t how, uint32_t flags) {
  HandleResult r;
  open_at(dir, 0, path, length(path), how, flags, &r);
  return r;
}

static void tell(const char *what, HandleResult r) {
  print(what);
  if (r.failed)
    print_number(" error", r.code);
  else
    print(" ok\n");
}

static void write_text(Handle stream, const char *text) {
  WriteResult w;
  write_blocking(stream, text, length(text), &w);
  if (w.failed) print("not written\n");
}

/* ---- what it does ---- */

static void drop_first(void) {
  Handle in = get_stdin();
  input_subscribe(in);
  drop_input(in);
}

static void write_unasked(void) {
  WriteResult w;
  write_now(out, "x", 1, &w);
}

static void write_asked(void) {
  CountResult c;
  WriteResult w;
  check_write(out, &c);
  print_number("some", c.count >= 4096);
  check_write(out, &c);
  write_now(out, "one\n", 4, &w);
  write_now(out, "two\n", 4, &w);
  write_zeroes(out, 2, &w);
  print_number("\nzeroes", w.failed);
}

static void write_much(void) {
  static char much[4097];
  WriteResult w;
  write_blocking(out, much, sizeof much, &w);
}

static void poll_nothing(void) {
  Numbers n;
  poll(NULL, 0, &n);
}

static void poll_some(void) {
  Handle in = get_stdin();
  Handle list[] = {after(3600000000000u), output_subscribe(out), after(1000000), after(0)};
  Numbers n;
  uint64_t start = now();
  block(list[2]);
  print_number("slept", now() - start >= 1000000);
  print_number("ready", (uint64_t)is_ready(list[0]) * 2 + (uint64_t)is_ready(list[3]));
  poll(list, 4, &n);
  for (size_t i = 0; i < n.count; i++) print_number("event", n.data[i]);
  Handle of_input = input_subscribe(in);
  drop_pollable(of_input);
  drop_input(in);
  for (size_t i = 0; i < 4; i++) drop_pollable(list[i]);
}

static void wait_long(void) { block(after(3600000000000u)); }

static void read_for_ever(void) {
  ReadResult r;
  read_blocking(get_stdin(), 100, &r);
}

static void echo(void) {
  Handle in = get_stdin();
  ReadResult r;
  read_now(in, 0, &r);
  print_number("nothing", r.failed ? 9 : r.bytes.size);
  do {
    block(input_subscribe(in));
    read_now(in, 100, &r);
    if (!r.failed) print_bytes(r.bytes.data, r.bytes.size);
  } while (!r.failed);
  print_number("closed", r.closed);
}

static void nothing_yet(void) {
  ReadResult r;
  read_now(get_stdin(), 100, &r);
  print_number("failed", r.failed);
  print_number("size", r.bytes.size);
}

static void splice_all(void) {
  Handle in = get_stdin();
  CountResult c;
  block(input_subscribe(in));
  skip(in, 2, &c);
  print_number("skipped", c.count);
  do splice_blocking(out, in, 1000, &c);
  while (!c.failed);
  print_number("closed", c.closed);
}

static void exit_seven(void) { exit_with_code(7); }

static void use_files(void) {
  Handle dir = preopen();
  HandleResult file = open_file(dir, "made", CREATE, READ | WRITE), stream;
  HashResult before, after_it;
  ReadResult r;
  tell("create", file);
  metadata_hash(file.handle, &before);
  write_via(file.handle, 2, &stream);
  write_text(stream.handle, "cd");
  write_text(stream.handle, "ef");
  HandleResult end;
  append_via(file.handle, &end);
  write_text(end.handle, "gh");
  write_via(file.handle, 0, &stream);
  write_text(stream.handle, "ab");
  write_text(end.handle, "ij\n");
  metadata_hash(file.handle, &after_it);
  print_number("hash changed", before.halves[0] != after_it.halves[0]);
  HandleResult again = open_file(dir, "made", 0, READ);
  print_number("same", (uint64_t)is_same(file.handle, again.handle));
  print_number("other", (uint64_t)is_same(file.handle, dir));
  FlagsResult flags;
  get_flags(again.handle, &flags);
  print_number("flags", flags.flags);
  read_via(again.handle, 0, &stream);
  drop_descriptor(again.handle); /* the stream has it */
  read_blocking(stream.handle, 4, &r);
  print_bytes(r.bytes.data, r.bytes.size);
  read_now(stream.handle, 100, &r);
  print_bytes(r.bytes.data, r.bytes.size);
  read_now(stream.handle, 100, &r);
  print_number("closed", r.failed && r.closed);
  drop_input(stream.handle);
}

static void list_dir(void) {
  HandleResult list;
  EntryResult e;
  read_directory(preopen(), &list);
  for (read_entry(list.handle, &e); !e.failed && e.is_some; read_entry(list.handle, &e)) {
    print_bytes(e.entry.name.data, e.entry.name.size);
    print_number("", e.entry.type);
  }
  if (e.failed) print_number("error", e.code);
  drop_entries(list.handle);
}

static void be_refused(void) {
  Handle dir = preopen();
  tell("above", open_file(dir, "../x", 0, READ));
  tell("absolute", open_file(dir, "/etc/passwd", 0, READ));
  tell("create", open_file(dir, "made", CREATE, WRITE));
  tell("write", open_file(dir, "there", 0, WRITE));
  tell("truncate", open_file(dir, "there", TRUNCATE, READ));
  tell("missing", open_file(dir, "missing", 0, READ));
  HandleResult file = open_file(dir, "there", 0, READ), stream;
  tell("read", file);
  write_via(file.handle, 0, &stream);
  tell("write stream", stream);
  read_directory(file.handle, &stream);
  tell("list", stream);
}

/* /dev/full, which takes nothing. */
static void fill_up(void) {
  HandleResult full = open_file(preopen(), "full", 0, WRITE), stream;
  WriteResult w;
  uint8_t code[2];
  Text text;
  write_via(full.handle, 0, &stream);
  write_blocking(stream.handle, "x", 1, &w);
  print_number("failed", w.failed && !w.closed);
  error_code(w.error, code);
  print_number("code", code[0] ? code[1] : 99);
  error_text(w.error, &text);
  print_bytes(text.data, text.size);
  print("\n");
}

/* Without dropping any. */
static void open_many(void) {
  Handle dir = preopen();
  uint64_t opened = 0;
  while (!open_file(dir, "there", 0, READ).failed) opened++;
  print_number("opened", opened > 100);
}

/* Standard input is a directory: what the stream says of it is an error of files. */
static void read_no_file(void) {
  ReadResult r;
  uint8_t code[2] = {0, 0};
  read_blocking(get_stdin(), 100, &r);
  if (r.failed && !r.closed) error_code(r.error, code);
  print_number("is of files", code[0]);
  print_number("error", code[1]);
}

/* The same each time. */
static void seed(void) {
  uint64_t first[2], second[2];
  insecure_seed(first);
  insecure_seed(second);
  print_number("same", first[0] == second[0] && first[1] == second[1]);
  print_number("some", (first[0] | first[1]) != 0);
}

static const struct {
  const char *name;
  void (*does)(void);
} deeds[] = {{"drop-first", drop_first},
             {"write-unasked", write_unasked},
             {"write-asked", write_asked},
             {"write-much", write_much},
             {"poll-nothing", poll_nothing},
             {"poll", poll_some},
             {"wait", wait_long},
             {"read", read_for_ever},
             {"echo", echo},
             {"nothing-yet", nothing_yet},
             {"splice", splice_all},
             {"exit", exit_seven},
             {"files", use_files},
             {"list", list_dir},
             {"refused", be_refused},
             {"full", fill_up},
             {"many", open_many},
             {"directory", read_no_file},
             {"seed", seed}};

/* ok: 0, error: 1 */
__attribute__((export_name("wasi:cli/run@0.2.6#run"))) int32_t run(void) {
  Texts args;
  get_arguments(&args);
  out = get_stdout();
  for (size_t i = 0; args.count > 1 && i < sizeof deeds / sizeof *deeds; i++) {
    if (!is(args.data[1], deeds[i].name)) continue;
    deeds[i].does();
    return 0;
  }
  return 1;
}
