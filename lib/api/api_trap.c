/* Traps and the frames in them. A trap is an object of its store, except one that was made without
 * a store, or because there is no memory left for anything else: it is a LoneTrap, or nothing but a
 * handle. */
#include "api/api_vec.h"
#include "binary/names.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* The runtime's trap behind a handle; NULL when it has none, or its store is deleted. */
static Trap *trap_of(const wasm_trap_t *ref) {
  const Handle *h = handle_of(ref);
  return handle_store(h) ? (Trap *)h->object : NULL;
}

static wasm_trap_t *as_trap(Handle *h) { return (wasm_trap_t *)h; }

/* What a trap says, wherever that is kept. */
typedef struct Content {
  TrapCode code;
  int exit_status;
  const char *message; /* zero-terminated; lives as long as the trap */
  size_t message_len;
} Content;

static Content content_of_text(TrapCode code, const char *text) {
  return (Content){code, 0, text, strlen(text)};
}

/* Of the four kinds of trap; the last is the one for want of memory. */
static Content content_of(const wasm_trap_t *ref) {
  const Handle *h = handle_of(ref);
  const Trap *trap = trap_of(ref);
  const LoneTrap *lone = h->object ? NULL : h->lone;
  if (trap) return (Content){trap->code, trap->exit_status, trap->message, trap->message_len};
  if (lone) return (Content){lone->code, lone->exit_status, lone->message, lone->message_len};
  if (h->object) return content_of_text(TRAP_HOST, "the trap's store is deleted");
  return content_of_text(TRAP_OUT_OF_MEMORY, wm_trap_message(TRAP_OUT_OF_MEMORY));
}

/* ---- making traps ---- */

/* Of a store when there is one. Never NULL: a host that says so must not be heard as saying
 * nothing. message NULL: the code's own. */
static wasm_trap_t *trap_new(wasm_store_t *home, TrapCode code, int exit_status,
                             const char *message, size_t len) {
  if (!store_of(home)) return as_trap(wm_handle_lone_trap(code, exit_status, message, len));
  Trap *trap = wm_trap_new(home->store, code, message, len);
  if (trap) trap->exit_status = exit_status;
  Handle *h = trap ? wm_handle_new(home, &trap->head) : NULL;
  if (!h) wm_api_out_of_memory();
  return as_trap(h ? h : wm_handle_out_of_memory());
}

/* One that the host makes: the backtrace is of what really runs, and it is a safe point of the
 * collector. */
static inline wasm_trap_t *trap_of_host(wasm_store_t *home, TrapCode code, int exit_status,
                                        const char *message, size_t len) {
  Store *store = store_of(home);
  if (store) FORGET_DEAD(store);
  wasm_trap_t *trap = trap_new(home, code, exit_status, message, len);
  if (store) wm_store_safepoint(store);
  return trap;
}

wasm_trap_t *wasm_trap_new(wasm_store_t *home, const wasm_message_t *message) {
  size_t len = message && message->data ? message->size : 0;
  /* wasm.h wants messages with their zero; those without one are no reason to lose a letter. */
  if (len && message->data[len - 1] == 0) len--;
  return trap_of_host(home, TRAP_HOST, 0, len ? message->data : "", len);
}

wasm_trap_t *wasmx_trap_new_exit(wasm_store_t *home, int status) {
  const char *message = wm_trap_message(TRAP_EXIT);
  return trap_of_host(home, TRAP_EXIT, status, message, strlen(message));
}

wasm_trap_t *wasmx_trap_new_code(wasm_store_t *home, uint32_t code) {
  bool is_known = code > TRAP_NONE && code < TRAP_CODE_COUNT;
  TrapCode known = is_known ? (TrapCode)code : TRAP_HOST;
  const char *message = wm_trap_message(known);
  return trap_of_host(home, known, 0, message, strlen(message));
}

wasm_trap_t *wasmx_trap_new_message(wasm_store_t *home, uint32_t code, const char *message) {
  bool is_known = code > TRAP_NONE && code < TRAP_CODE_COUNT && code != TRAP_EXIT;
  return trap_of_host(home, is_known ? (TrapCode)code : TRAP_HOST, 0, message ? message : "",
                      message ? strlen(message) : 0);
}

/* Without memory for a handle the trap goes, and the one that says so stands for it. */
wasm_trap_t *wm_api_take_trap(wasm_store_t *home) {
  Trap *trap = wm_store_take_trap(home->store);
  Handle *h = trap ? wm_handle_new(home, &trap->head) : NULL;
  return as_trap(h ? h : wm_handle_out_of_memory());
}

wasm_trap_t *wm_api_misuse(wasm_store_t *home, const char *format, ...) {
  Error err = {.code = ERR_ARGUMENT};
  va_list args;
  va_start(args, format);
  vsnprintf(err.message, sizeof err.message, format, args);
  va_end(args);
  wm_api_report(&err, NULL);
  return trap_new(home, TRAP_HOST, 0, err.message, strlen(err.message));
}

/* One of another store, or of none, is made again. */
static TrapCode raise_copy(Store *store, const wasm_trap_t *ref) {
  Content c = content_of(ref);
  TrapCode code = wm_trap_raise(store, c.code, c.message, c.message_len);
  if (code == TRAP_EXIT) store->trap->exit_status = c.exit_status;
  return code;
}

/* The host gave the handle away by returning it: freed without a safe point, as wasm waits. */
TrapCode wm_api_raise(Store *store, wasm_trap_t *ref) {
  bool is_own = handle_store(handle_of(ref)) == store;
  TrapCode code = is_own ? wm_trap_hand_on(store, trap_of(ref)) : raise_copy(store, ref);
  wm_handle_free(handle_of(ref));
  return code;
}

/* ---- what it says ---- */

void wasm_trap_message(const wasm_trap_t *ref, wasm_message_t *out) {
  if (!out) return;
  wasm_byte_vec_new_empty(out);
  if (!ref) return;
  Content c = content_of(ref);
  wasm_byte_vec_new_uninitialized(out, c.message_len + 1);
  if (out->data) memcpy(out->data, c.message, c.message_len); /* the rest is zero */
}

uint32_t wasmx_trap_code(const wasm_trap_t *ref) { return ref ? content_of(ref).code : 0; }

bool wasmx_trap_exit_status(const wasm_trap_t *ref, int *status) {
  Content c = ref ? content_of(ref) : (Content){0};
  if (c.code != TRAP_EXIT) return false;
  if (status) *status = c.exit_status;
  return true;
}

/* ---- frames ---- */

/* A C++ name is mangled in more bytes than it has readable ones, at times. */
enum { NAME_BYTES = 256, MANGLED_BYTES = 1024 };

/* A copy of one frame's facts, which holds the instance; it outlives the trap it came from. */
struct wasm_frame_t {
  Handle instance; /* lent to the host as a wasm_instance_t, which it does not delete */
  FrameInfo info;
  char *func_name, *module_name;      /* owned; NULL until asked for */
  wasm_name_t func_view, module_view; /* of these */
};

static wasm_frame_t *frame_new(wasm_store_t *home, const FrameInfo *info) {
  wasm_frame_t *frame = malloc(sizeof *frame);
  if (!frame) return wm_api_out_of_memory(), NULL;
  *frame = (wasm_frame_t){.info = *info};
  frame->instance = (Handle){.kind = OBJ_INSTANCE, .home = home, .object = &info->instance->head};
  wm_home_hold(home);
  if (home->store) object_hold(frame->instance.object);
  return frame;
}

void wasm_frame_delete(wasm_frame_t *frame) {
  if (!frame) return;
  wasm_store_t *home = frame->instance.home;
  if (home->store) object_let_go(frame->instance.object);
  wm_home_release(home);
  free(frame->func_name);
  free(frame->module_name);
  free(frame);
}

wasm_frame_t *wasm_frame_copy(const wasm_frame_t *frame) {
  return frame ? frame_new(frame->instance.home, &frame->info) : NULL;
}

DEFINE_POINTER_VEC(frame)

/* Borrowed, as wasm.h says. */
struct wasm_instance_t *wasm_frame_instance(const wasm_frame_t *frame) {
  return frame ? (wasm_instance_t *)handle_of(&frame->instance) : NULL;
}

uint32_t wasm_frame_func_index(const wasm_frame_t *frame) {
  return frame ? frame->info.func_index : 0;
}

size_t wasm_frame_func_offset(const wasm_frame_t *frame) {
  return frame ? frame->info.func_offset : 0;
}

size_t wasm_frame_module_offset(const wasm_frame_t *frame) {
  return frame ? frame->info.module_offset : 0;
}

wasm_frame_t *wasm_trap_origin(const wasm_trap_t *ref) {
  const Trap *trap = trap_of(ref);
  if (!trap || trap->frame_count == 0) return NULL;
  return frame_new(handle_of(ref)->home, &trap->frames[0]);
}

void wasm_trap_trace(const wasm_trap_t *ref, wasm_frame_vec_t *out) {
  if (!out) return;
  const Trap *trap = trap_of(ref);
  wasm_frame_vec_new_uninitialized(out, trap ? trap->frame_count : 0);
  for (size_t i = 0; i < out->size; i++) {
    out->data[i] = frame_new(handle_of(ref)->home, &trap->frames[i]);
    if (!out->data[i]) {
      wasm_frame_vec_delete(out);
      return;
    }
  }
}

/* The module of a frame; NULL for NULL, and when the store is deleted. */
static const Module *frame_module(const wasm_frame_t *frame) {
  if (!frame || !handle_store(&frame->instance)) return NULL;
  return &frame->info.instance->module->module;
}

/* Frames are const to the host; the names in them are a cache. NULL with the last error set. */
static const char *keep_name(char *const *cache, Name name) {
  char text[NAME_BYTES];
  char **place = (char **)(uintptr_t)cache;
  *place = strdup(wm_escape(text, sizeof text, name.bytes, name.len));
  if (!*place) wm_api_out_of_memory();
  return *place;
}

const char *wasmx_frame_func_name(const wasm_frame_t *frame) {
  if (frame && frame->func_name) return frame->func_name;
  Name name;
  const Module *m = frame_module(frame);
  bool found = m && wm_names_find_func(m, frame->info.func_index, &name);
  return found ? keep_name(&frame->func_name, name) : NULL;
}

const char *wasmx_frame_module_name(const wasm_frame_t *frame) {
  if (frame && frame->module_name) return frame->module_name;
  Name name;
  const Module *m = frame_module(frame);
  bool found = m && wm_names_find_module(m, &name);
  return found ? keep_name(&frame->module_name, name) : NULL;
}

static const wasm_name_t *view_of(const wasm_name_t *place, const char *name) {
  if (!name) return NULL;
  wasm_name_t *view = (wasm_name_t *)(uintptr_t)place; /* a cache, too */
  *view = (wasm_name_t){strlen(name), (char *)(uintptr_t)name};
  return view;
}

const wasm_name_t *wasmx_frame_func_name_view(const wasm_frame_t *frame) {
  return frame ? view_of(&frame->func_view, wasmx_frame_func_name(frame)) : NULL;
}

const wasm_name_t *wasmx_frame_module_name_view(const wasm_frame_t *frame) {
  return frame ? view_of(&frame->module_view, wasmx_frame_module_name(frame)) : NULL;
}

/* ---- printing ---- */

/* Whether the host makes the function's name readable, which is then in `out`, escaped. */
static bool print_readable(const FrameInfo *info, char *out, size_t size) {
  const Instance *in = info->instance;
  Demangle demangle = wm_engine_demangle(in->head.store->engine);
  char mangled[MANGLED_BYTES], readable[2 * NAME_BYTES];
  Name name;
  if (!demangle || !wm_names_find_func(&in->module->module, info->func_index, &name)) return false;
  if (name.len >= sizeof mangled || memchr(name.bytes, 0, name.len)) return false;
  memcpy(mangled, name.bytes, name.len);
  mangled[name.len] = 0;
  if (!demangle(mangled, readable, sizeof readable)) return false;
  readable[sizeof readable - 1] = 0;
  wm_escape(out, size, readable, strlen(readable));
  return true;
}

/* "  2: module.function (0x1a4)": the offset is that in the file, as tools show it. */
static void print_frame(Buffer *b, u32 number, const FrameInfo *info) {
  const Module *m = &info->instance->module->module;
  char module_name[NAME_BYTES] = "", func_name[NAME_BYTES];
  Name name;
  bool named = wm_names_find_module(m, &name);
  if (named) wm_escape(module_name, sizeof module_name, name.bytes, name.len);
  if (!print_readable(info, func_name, sizeof func_name))
    wm_names_print_func(m, info->func_index, func_name, sizeof func_name);
  wm_buffer_print(b, "%3u: %s%s%s (0x%x)\n", number, module_name, named ? "." : "", func_name,
                  info->module_offset);
}

/* The frames of a very deep stack are its first and its last: numbers count the ones between. */
static void print_frames(Buffer *b, const Trap *trap) {
  u32 middle = trap->frames_omitted ? trap->frame_count / 2 : trap->frame_count;
  for (u32 i = 0; i < trap->frame_count; i++) {
    if (i == middle) wm_buffer_print(b, "     ... %u more\n", trap->frames_omitted);
    print_frame(b, i < middle ? i : i + trap->frames_omitted, &trap->frames[i]);
  }
}

void wasmx_trap_print(const wasm_trap_t *ref, wasm_byte_vec_t *out) {
  if (!out) return;
  wasm_byte_vec_new_empty(out);
  if (!ref) return;
  Content c = content_of(ref);
  Buffer b = {0};
  wm_buffer_bytes(&b, c.message, c.message_len);
  wm_buffer_byte(&b, '\n');
  if (trap_of(ref)) print_frames(&b, trap_of(ref));
  if (b.failed)
    wm_api_out_of_memory();
  else
    wasm_byte_vec_new(out, b.len, (const wasm_byte_t *)b.data);
  wm_buffer_free(&b);
}
