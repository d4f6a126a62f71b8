/* Traps and the frames in them. A trap is an object of its store, except one that tells of a call
 * without a store, or that there is no memory left for anything else: it is a handle with a text.
 */
#include "api/handle.h"
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

/* The message without its terminating zero; lives as long as the trap. */
static const char *message_of(const wasm_trap_t *ref, size_t *len) {
  const Handle *h = handle_of(ref);
  const Trap *trap = trap_of(ref);
  if (trap && trap->message) {
    *len = trap->message_len;
    return trap->message;
  }
  const char *text = trap ? wm_trap_message(trap->code) : "the trap's store is deleted";
  if (h && !h->object) text = h->text;
  *len = strlen(text);
  return text;
}

/* Of a trap without store. */
static TrapCode lone_code(const wasm_trap_t *ref) {
  const Handle *h = handle_of(ref);
  bool short_of_memory = !h->object && h->text == wm_handle_out_of_memory()->text;
  return short_of_memory ? TRAP_OUT_OF_MEMORY : TRAP_HOST;
}

/* ---- making traps ---- */

/* The backtrace of a trap that the host makes is of what really runs. */
static inline void find_dead(Store *store) {
  FORGET_DEAD(store);
  if (store->activation) wm_store_find_dead(store);
}

/* `text` is zero-terminated. Never NULL. */
static wasm_trap_t *trap_new(wasm_store_t *home, TrapCode code, const char *text, size_t len) {
  Trap *trap = wm_trap_new(home->store, code, text, len);
  Handle *h = trap ? wm_handle_new(home, &trap->head) : NULL;
  return as_trap(h ? h : wm_handle_out_of_memory());
}

wasm_trap_t *wasm_trap_new(wasm_store_t *home, const wasm_message_t *message) {
  Error err = {0};
  Handle *h = wm_api_begin(home, &err);
  if (h) find_dead(home->store);
  size_t len = message && message->data ? message->size : 0;
  if (len && message->data[len - 1] == 0) len--;
  Trap *trap = h ? wm_trap_new(home->store, TRAP_HOST, len ? message->data : "", len) : NULL;
  return as_trap(wm_api_finish(h, (Object *)trap, &err));
}

wasm_trap_t *wasmx_trap_new_exit(wasm_store_t *home, int status) {
  Error err = {0};
  Handle *h = wm_api_begin(home, &err);
  if (h) find_dead(home->store);
  Trap *trap = h ? wm_trap_new(home->store, TRAP_EXIT, NULL, 0) : NULL;
  if (trap) trap->exit_status = status;
  return as_trap(wm_api_finish(h, (Object *)trap, &err));
}

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
  if (store_of(home)) return trap_new(home, TRAP_HOST, err.message, strlen(err.message));
  return as_trap(wm_handle_of_text("the function is NULL, or its store is deleted"));
}

TrapCode wm_api_raise(Store *store, wasm_trap_t *ref) {
  Trap *trap = trap_of(ref);
  TrapCode code;
  if (trap && handle_store(handle_of(ref)) == store) {
    code = wm_trap_hand_on(store, trap);
  } else {
    size_t len;
    const char *text = message_of(ref, &len);
    code = wm_trap_raise(store, lone_code(ref), text, len);
  }
  wm_handle_free(handle_of(ref));
  return code;
}

/* ---- what it says ---- */

void wasm_trap_message(const wasm_trap_t *ref, wasm_message_t *out) {
  if (!out) return;
  wasm_byte_vec_new_empty(out);
  if (!ref) return;
  size_t len;
  const char *text = message_of(ref, &len);
  wasm_byte_vec_new_uninitialized(out, len + 1);
  if (out->data) memcpy(out->data, text, len); /* the rest is zero */
}

uint32_t wasmx_trap_code(const wasm_trap_t *ref) {
  const Trap *trap = trap_of(ref);
  if (trap) return trap->code;
  return ref ? lone_code(ref) : 0;
}

bool wasmx_trap_exit_status(const wasm_trap_t *ref, int *status) {
  const Trap *trap = trap_of(ref);
  if (!trap || trap->code != TRAP_EXIT) return false;
  if (status) *status = trap->exit_status;
  return true;
}

/* ---- frames ---- */

enum { NAME_BYTES = 256 };

struct wasm_frame_t {
  Handle instance; /* lent to the host as a wasm_instance_t, which it does not delete */
  FrameInfo info;
  char *func_name, *module_name; /* owned; NULL until asked for */
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

/* ---- printing ---- */

static void print_frame(Buffer *b, u32 number, const FrameInfo *info) {
  const Module *m = &info->instance->module->module;
  char module_name[NAME_BYTES] = "", func_name[NAME_BYTES];
  Name name;
  bool named = wm_names_find_module(m, &name);
  if (named) wm_escape(module_name, sizeof module_name, name.bytes, name.len);
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
  size_t len;
  const char *text = message_of(ref, &len);
  Buffer b = {0};
  wm_buffer_bytes(&b, text, len);
  wm_buffer_byte(&b, '\n');
  if (trap_of(ref)) print_frames(&b, trap_of(ref));
  if (b.failed)
    wm_api_out_of_memory();
  else
    wasm_byte_vec_new(out, b.len, (const wasm_byte_t *)b.data);
  wm_buffer_free(&b);
}
