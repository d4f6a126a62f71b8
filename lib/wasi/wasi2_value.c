/* Values for components, and rows of preview 1 for handlers: see wasi2.h. */
#include "wasi/wasi2.h"

#include "base/utf8.h"

/* ---- values ---- */

Val *wm_wasi2_vals(Wasi2Call *c, u32 count) {
  Val *vals = wasmcm_call_alloc(c->call, count * sizeof *vals);
  if (vals) return vals;
  wm_wasi2_trap(c, "out of memory");
  return c->spare;
}

Val *wm_wasi2_list(Wasi2Call *c, Val *to, u32 count) {
  to->kind = WASMCM_LIST;
  to->of.items.count = count;
  to->of.items.data = wasmcm_call_alloc(c->call, count * sizeof(Val));
  if (!to->of.items.data) wm_wasi2_trap(c, "out of memory");
  return to->of.items.data;
}

void wm_wasi2_put(Val *to, wasmcm_kind_t kind, u64 value) {
  *to = (Val){.kind = kind, .of.u64 = value};
}

void wm_wasi2_put_bytes(Val *to, const void *bytes, size_t size) {
  *to = (Val){.kind = WASMCM_LIST, .of.numbers = {bytes, size}};
}

void wm_wasi2_put_text(Wasi2Call *c, Val *to, const void *bytes, size_t size) {
  if (!wm_utf8_valid(bytes, size)) wm_wasi2_trap(c, "a name that is no UTF-8");
  *to = (Val){.kind = WASMCM_STRING, .of.string = {bytes, size}};
}

void wm_wasi2_put_own(Wasi2Call *c, Val *to, const Object *object) {
  *to = (Val){.kind = WASMCM_OWN};
  if (!object) return; /* traps */
  to->rep = object->rep;
  to->of.resource = c->host->resources[object->kind];
}

void wm_wasi2_put_case(Val *to, wasmcm_kind_t kind, u32 index, Val *payload) {
  *to = (Val){.kind = kind, .of.variant = {payload, index}};
}

Val *wm_wasi2_put_record(Wasi2Call *c, Val *to, wasmcm_kind_t kind, u32 count) {
  Val *fields = wm_wasi2_vals(c, count);
  *to = (Val){.kind = kind, .of.items = {fields, count}};
  return fields;
}

void wm_wasi2_put_time(Wasi2Call *c, Val *to, u64 ns) {
  Val *fields = wm_wasi2_put_record(c, to, WASMCM_RECORD, 2);
  wm_wasi2_put(&fields[0], WASMCM_U64, ns / 1000000000u);
  wm_wasi2_put(&fields[1], WASMCM_U32, ns % 1000000000u);
}

/* ---- results ---- */

Val *wm_wasi2_ok(Wasi2Call *c) {
  Val *payload = wm_wasi2_vals(c, 1);
  wm_wasi2_put_case(c->result, WASMCM_RESULT, 0, payload);
  return payload;
}

void wm_wasi2_done(Wasi2Call *c) { wm_wasi2_put_case(c->result, WASMCM_RESULT, 0, NULL); }

/* The cases of error-code, in their order. */
static const u8 codes[] = {
    E_ACCES,  E_AGAIN,    E_ALREADY,        E_BADF,   E_BUSY,  E_DEADLK, E_DQUOT,    E_EXIST,
    E_FBIG,   E_ILSEQ,    E_INPROGRESS,     E_INTR,   E_INVAL, E_IO,     E_ISDIR,    E_LOOP,
    E_MLINK,  E_MSGSIZE,  E_NAMETOOLONG,    E_NODEV,  E_NOENT, E_NOLCK,  E_NOMEM,    E_NOSPC,
    E_NOTDIR, E_NOTEMPTY, E_NOTRECOVERABLE, E_NOTSUP, E_NOTTY, E_NXIO,   E_OVERFLOW, E_PERM,
    E_PIPE,   E_ROFS,     E_SPIPE,          E_TXTBSY, E_XDEV};
enum { CODE_IO = 13, CODE_NOT_PERMITTED = 31 };

u32 wm_wasi2_code(Errno e) {
  for (u32 i = 0; i < ARRAY_LEN(codes); i++)
    if (codes[i] == e) return i;
  return e == E_NOTCAPABLE ? CODE_NOT_PERMITTED : CODE_IO;
}

bool wm_wasi2_failed(Wasi2Call *c, Errno e) {
  if (!e) return false;
  Val *code = wm_wasi2_vals(c, 1);
  wm_wasi2_put_case(code, WASMCM_ENUM, wm_wasi2_code(e), NULL);
  wm_wasi2_put_case(c->result, WASMCM_RESULT, 1, code);
  return true;
}

/* ---- rows ---- */

bool wm_wasi2_memory(Wasi2Call *c, u64 size) {
  c->memory = size <= UINT32_MAX ? wasmcm_call_alloc(c->call, size) : NULL;
  c->memory_size = c->memory ? (u32)size : 0;
  if (!c->memory) wm_wasi2_trap(c, "out of memory");
  return c->memory != NULL;
}

Errno wm_wasi2_run(Wasi2Call *c, const CallRow *row, const wasmx_slot_t *args) {
  if (c->trap) return E_NOMEM;
  Call call __attribute__((cleanup(wm_call_unlock))) = {.ctx = c->host->ctx,
                                                        .store = wasmcm_call_store(c->call),
                                                        .args = args,
                                                        .memory = c->memory,
                                                        .memory_size = c->memory_size};
  Errno e = wm_call_run(&call, row);
  c->trap = call.trap;
  return e;
}
