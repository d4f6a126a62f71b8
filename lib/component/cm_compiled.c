/* Compiled components as bytes: what wasmcm_component_serialize gives and `wasm compile` writes.
 *
 *   header | rows: where each module is | the component, its modules left out | compiled modules
 *   <------------------------- head, under a checksum ----------------------> <- each its own ->
 *
 * What is left of a module in the component is an empty section. The component is read and checked
 * as any other, with the modules that follow: they are the engine's artifacts (`lib/engine`), whose
 * code is what must be trusted. Numbers are little-endian. */
#include "base/hashmap.h"
#include "component/cm_api.h"

#include <stdio.h>

static const u8 magic[8] = {0, 'w', 'a', 's', 'm', 'c', 'm', 'p'};

typedef struct Header {
  u8 magic[8];
  u64 sum;        /* of all of the head behind it */
  u64 head_bytes; /* with the header */
  u64 component_bytes, module_count;
} Header;

typedef struct Row { /* bytes from the start of all */
  u64 at, size;
} Row;

enum { SUMMED_FROM = offsetof(Header, head_bytes), MODULE_ALIGN = 16 };

static u64 sum_of(const u8 *head, u64 head_bytes) {
  return wm_hash_bytes(head + SUMMED_FROM, (size_t)head_bytes - SUMMED_FROM, 1);
}

bool wasmcm_is_compiled_component(const void *bytes, size_t size) {
  return bytes && size >= sizeof magic && memcmp(bytes, magic, sizeof magic) == 0;
}

/* ---- a component without its modules ---- */

enum { SECTION_MODULE = 1, SECTION_COMPONENT = 4, HEAD_BYTES = 8, LEB_BYTES = 5 };

typedef struct Cutter {
  Cursor in;
  Buffer *out;
  struct { /* components that are open: where they end, and where their size goes */
    const u8 *end;
    size_t size_at;
  } open[MAX_SCOPES + 1];
  u32 depth;
} Cutter;

static void copy_to(Cutter *c, const u8 *from, const u8 *to) {
  wm_buffer_bytes(c->out, from, (size_t)(to - from));
  c->in.pos = to;
}

static void open_inner(Cutter *c, const u8 *end) {
  static const u8 room[LEB_BYTES];
  wm_buffer_byte(c->out, SECTION_COMPONENT);
  c->depth++;
  c->open[c->depth].end = end;
  c->open[c->depth].size_at = c->out->len;
  wm_buffer_bytes(c->out, room, sizeof room);
  copy_to(c, c->in.pos, c->in.pos + HEAD_BYTES);
}

static void close_inner(Cutter *c) {
  size_t at = c->open[c->depth--].size_at;
  u64 size = c->out->len - at - LEB_BYTES;
  for (u32 i = 0; i < LEB_BYTES && !c->out->failed; i++, size >>= 7)
    c->out->data[at + i] = (u8)((size & 0x7f) | (i + 1 < LEB_BYTES ? 0x80 : 0));
}

static void cut_section(Cutter *c) {
  const u8 *start = c->in.pos;
  u8 id = wm_cursor_byte(&c->in);
  u32 size = wm_cursor_u32(&c->in);
  const u8 *end = c->in.pos + size;
  if (id == SECTION_COMPONENT) {
    open_inner(c, end);
  } else if (id == SECTION_MODULE) {
    wm_buffer_byte(c->out, SECTION_MODULE);
    wm_buffer_byte(c->out, 0);
    c->in.pos = end;
  } else {
    copy_to(c, start, end);
  }
}

/* Of bytes that were read before, so nothing can be wrong with them. */
static void cut_modules(const Bytes *bytes, Buffer *out) {
  Error err = {0};
  const u8 *end = bytes->data + bytes->size;
  Cutter c = {.in = {bytes->data, bytes->data, end, &err}, .out = out, .open = {{end, 0}}};
  copy_to(&c, bytes->data, bytes->data + HEAD_BYTES);
  while (c.depth || c.in.pos < end)
    if (c.in.pos == c.open[c.depth].end)
      close_inner(&c);
    else
      cut_section(&c);
}

/* ---- writing ---- */

static bool put_module(const wasm_shared_module_t *module, size_t row_at, Buffer *out) {
  wasm_byte_vec_t code;
  static const u8 blank[MODULE_ALIGN];
  if (!wasmx_shared_module_serialize(module, &code)) return false;
  wm_buffer_bytes(out, blank, -out->len % MODULE_ALIGN);
  Row row = {out->len, code.size};
  wm_buffer_bytes(out, code.data, code.size);
  wasm_byte_vec_delete(&code);
  if (!out->failed) memcpy(out->data + row_at, &row, sizeof row);
  return !out->failed;
}

static bool put_all(const Component *component, Buffer *out) {
  Header header = {.module_count = component->modules.len};
  size_t rows_bytes = header.module_count * sizeof(Row), component_at = sizeof header + rows_bytes;
  if (!wm_buffer_reserve(out, component_at)) return false;
  memset(out->data, 0, component_at);
  out->len = component_at;
  cut_modules(component->bytes, out);
  header.head_bytes = out->len;
  header.component_bytes = out->len - component_at;
  for (u32 i = 0; i < component->modules.len; i++)
    if (!put_module(component->modules.data[i], sizeof header + i * sizeof(Row), out)) return false;
  if (out->failed) return false;
  memcpy(header.magic, magic, sizeof magic);
  memcpy(out->data, &header, sizeof header);
  header.sum = sum_of(out->data, header.head_bytes);
  memcpy(out->data, &header, sizeof header);
  return true;
}

bool wasmcm_component_serialize(const wasmcm_component_t *component, wasm_byte_vec_t *out) {
  Buffer bytes = {0};
  if (!out) return false;
  *out = (wasm_byte_vec_t){0, NULL};
  if (!component || !put_all(component->component, &bytes)) {
    wm_buffer_free(&bytes);
    return false;
  }
  /* Vectors of bytes are freed as buffers are. */
  *out = (wasm_byte_vec_t){bytes.len, (wasm_byte_t *)bytes.data};
  return true;
}

/* ---- reading ---- */

typedef struct Source { /* in memory, or in a file */
  const u8 *bytes;
  u64 size;
  const char *path;
  FILE *file;
} Source;

static bool read_at_start(const Source *s, void *to, u64 size) {
  if (size > s->size) return false;
  if (s->bytes) return memcpy(to, s->bytes, (size_t)size);
  return !fseek(s->file, 0, SEEK_SET) && fread(to, 1, (size_t)size, s->file) == size;
}

static bool is_none(Error *err) {
  return wm_error_set(err, ERR_ARGUMENT, 0, "this is no compiled component");
}

static bool is_damaged(Error *err) {
  return wm_error_set(err, ERR_ARGUMENT, 0, "the compiled component is damaged");
}

static bool adds_up(const Header *h) {
  u64 rows, all;
  return checked_mul(h->module_count, sizeof(Row), &rows) &&
         checked_add(rows, h->component_bytes, &all) && checked_add(all, sizeof *h, &all) &&
         all == h->head_bytes;
}

/* From malloc; NULL with the error. */
static u8 *read_head(const Source *s, Header *header, Error *err) {
  if (!read_at_start(s, header, sizeof *header) ||
      !wasmcm_is_compiled_component(header, sizeof *header))
    return is_none(err), NULL;
  if (!adds_up(header) || header->head_bytes > s->size) return is_damaged(err), NULL;
  u8 *head = malloc((size_t)header->head_bytes);
  if (!head) return wm_error_out_of_memory(err), NULL;
  if (read_at_start(s, head, header->head_bytes) && header->sum == sum_of(head, header->head_bytes))
    return head;
  free(head);
  return is_damaged(err), NULL;
}

static wasm_shared_module_t *read_module(wasm_engine_t *engine, const Source *s, const Row *row,
                                         Error *error) {
  wasmx_error_t err = {.size = sizeof err};
  if (!is_within(row->at, row->size, s->size)) return is_damaged(error), NULL;
  const u8 *at = s->bytes ? s->bytes + row->at : NULL;
  wasm_byte_vec_t bytes = {(size_t)row->size, (char *)(uintptr_t)at};
  wasm_shared_module_t *module =
      s->bytes ? wasmx_shared_module_deserialize(engine, &bytes, &err)
               : wasmx_shared_module_deserialize_file(engine, s->path, row->at, row->size, &err);
  if (!module)
    wm_error_set(error, err.code ? (ErrorCode)err.code : ERR_ARGUMENT, 0, "%s", err.message);
  return module;
}

static bool read_modules(wasm_engine_t *engine, const Source *s, const u8 *rows, u64 count,
                         ReadyModules *ready, Error *err) {
  ready->list = calloc((size_t)count + 1, sizeof(wasm_shared_module_t *));
  if (!ready->list) return wm_error_out_of_memory(err);
  for (u64 i = 0; i < count; i++) {
    Row row;
    memcpy(&row, rows + i * sizeof row, sizeof row);
    ready->list[i] = read_module(engine, s, &row, err);
    if (!ready->list[i]) return false;
    ready->count++;
  }
  return true;
}

/* Of a head that is right, which becomes the component's. */
static Component *read_component(wasm_engine_t *engine, const Source *s, const Header *h, u8 *head,
                                 Error *err) {
  ReadyModules ready = {0};
  const u8 *rows = head + sizeof *h;
  Bytes *bytes =
      wm_bytes_new(rows + h->module_count * sizeof(Row), (size_t)h->component_bytes, free, head);
  Component *component = NULL;
  if (!bytes) {
    wm_error_out_of_memory(err);
    free(head);
    return NULL;
  }
  if (read_modules(engine, s, rows, h->module_count, &ready, err))
    component = wm_component_read(engine, bytes, &ready, err);
  if (component && ready.used < ready.count) {
    wm_component_release(component);
    component = NULL;
    is_damaged(err);
  }
  for (u32 i = ready.used; i < ready.count; i++) wasm_shared_module_delete(ready.list[i]);
  free((void *)ready.list);
  wm_bytes_release(bytes);
  return component;
}

static wasmcm_component_t *deserialize(wasm_engine_t *engine, const Source *s, wasmx_error_t *err) {
  Error error = {0};
  Header header;
  u8 *head = read_head(s, &header, &error);
  Component *component = head ? read_component(engine, s, &header, head, &error) : NULL;
  return wm_component_handle(component, &error, err);
}

static wasmcm_component_t *refuse(const char *why, wasmx_error_t *err) {
  Error error = {0};
  wm_error_set(&error, ERR_ARGUMENT, 0, "%s", why);
  return wm_component_handle(NULL, &error, err);
}

wasmcm_component_t *wasmcm_component_deserialize(wasm_engine_t *engine, const void *bytes,
                                                 size_t size, wasmx_error_t *err) {
  if (!engine || !bytes) return refuse("no engine, or no bytes", err);
  return deserialize(engine, &(Source){.bytes = bytes, .size = size}, err);
}

wasmcm_component_t *wasmcm_component_deserialize_file(wasm_engine_t *engine, const char *path,
                                                      wasmx_error_t *err) {
  Source source = {.path = path, .file = engine && path ? fopen(path, "rbe") : NULL};
  if (!source.file) return refuse("no engine, or no such file that can be read", err);
  long end = fseek(source.file, 0, SEEK_END) ? -1 : ftell(source.file);
  source.size = end < 0 ? 0 : (u64)end;
  wasmcm_component_t *made = deserialize(engine, &source, err);
  fclose(source.file);
  return made;
}
