/* Calls functions of components as oracle.py says, and tells what came of it. Strings of bytes on
 * both ways have their size before them, u32:
 *
 *   C COMPONENT                          the one to call from now on      answer: "" or why not
 *   X WHAT CALLEE CALLER VALUES          memories before, and values      answer: "ok" or "trap",
 *     (0 f, 1 run-host, 2 run-guest)                                        values or message,
 *   R                                    new instances; no answer           memories, resources
 *                                                                           that ended (u32)
 * Memories are without the fillers at their ends. After a trap all instances are new. */
#include "component/cm_api.h"
#include "component/component_values.h"

#include <stdio.h>

enum { FILLER = 0xa5, BUFFERS = 4 };

static wasm_engine_t *engine;
static wasmcm_component_t *component;
static wasm_store_t *store;
static wasmcm_linker_t *linker;
static wasmcm_instance_t *instance;
static wasmcm_func_t *funcs[3];
static const char *const names[3] = {"f", "run-host", "run-guest"};
static u32 destroyed;

/* Of the call that is going on. */
static const char *given;
static Buffer told;
static Arena values;

/* ---- frames ---- */

static bool read_u32(u32 *value) { return fread(value, 1, sizeof *value, stdin) == sizeof *value; }

static bool read_frame(Buffer *frame) {
  u32 size;
  frame->len = 0;
  if (!read_u32(&size) || !wm_buffer_reserve(frame, size + 1)) return false;
  frame->len = fread(frame->data, 1, size, stdin);
  frame->data[frame->len] = 0;
  return frame->len == size;
}

static void answer(const void *bytes, size_t size) {
  u32 len = (u32)size;
  fwrite(&len, 1, sizeof len, stdout);
  if (size) fwrite(bytes, 1, size, stdout);
}

static void answer_text(const char *text) { answer(text, strlen(text)); }

/* ---- the host ---- */

static void tell(const wasmcm_type_t *type, const wasmcm_val_t *val) {
  if (told.len) wm_buffer_byte(&told, ' ');
  value_write(&told, type, val);
}

static wasm_trap_t *host(void *env, wasmcm_call_t *call, const wasmcm_val_t *args,
                         wasmcm_val_t *result) {
  const wasmcm_type_t *type = wasmcm_func_type(funcs[0]);
  (void)env, (void)call;
  for (size_t i = 0; i < wasmcm_type_count(type); i++) tell(wasmcm_type_part(type, i), &args[i]);
  if (wasmcm_type_result(type)) value_read(&given, wasmcm_type_result(type), &values, result);
  return NULL;
}

static wasm_trap_t *destroy(void *env, uint32_t rep) {
  (void)env, (void)rep;
  destroyed++;
  return NULL;
}

static void delete_instances(void) {
  for (u32 i = 0; i < 3; i++) wasmcm_func_delete(funcs[i]);
  wasmcm_instance_delete(instance);
  wasmcm_linker_delete(linker);
  wasm_store_delete(store);
}

static bool new_instances(wasmx_error_t *err) {
  store = wasm_store_new(engine);
  linker = wasmcm_linker_new(store);
  value_resource = wasmcm_linker_define_resource(linker, NULL, "r", destroy, NULL, NULL);
  wasmcm_linker_define_func(linker, NULL, "h", host, NULL, NULL);
  instance = wasmcm_linker_instantiate(linker, component, NULL, err);
  for (u32 i = 0; i < 3; i++) funcs[i] = wasmcm_instance_func(instance, NULL, names[i]);
  return instance != NULL;
}

/* ---- memories ---- */

static wasm_memory_t *memory_of(const char *func) {
  const BagItem *item = wm_bag_find(instance->exports, (Name){func, (u32)strlen(func)});
  return item->func->options.memory;
}

static void put_memory(wasm_memory_t *memory, const Buffer *image) {
  memset(wasm_memory_data(memory), FILLER, wasm_memory_data_size(memory));
  if (image->len) memcpy(wasm_memory_data(memory), image->data, image->len);
}

static void answer_memory(wasm_memory_t *memory) {
  const u8 *data = (const u8 *)wasm_memory_data(memory);
  size_t size = wasm_memory_data_size(memory);
  while (size && data[size - 1] == FILLER) size--;
  answer(data, size);
}

/* ---- commands ---- */

static wasm_trap_t *call(u32 what) {
  const wasmcm_type_t *type = wasmcm_func_type(funcs[what]);
  wasmcm_val_t args[32];
  wasmcm_result_t result;
  for (size_t i = 0; what == 0 && i < wasmcm_type_count(type); i++) {
    value_read(&given, wasmcm_type_part(type, i), &values, &args[i]);
    given += *given == ' ';
  }
  wasm_trap_t *trap = wasmcm_func_call(funcs[what], args, &result);
  if (!trap && wasmcm_type_result(type)) tell(wasmcm_type_result(type), &result.value);
  wasmcm_result_delete(&result);
  return trap;
}

static void answer_outcome(wasm_trap_t *trap) {
  wasm_message_t message = {0};
  answer_text(trap ? "trap" : "ok");
  if (trap) wasm_trap_message(trap, &message);
  if (trap)
    answer(message.data, message.size ? message.size - 1 : 0);
  else
    answer(told.data, told.len);
  wasm_byte_vec_delete(&message);
}

static bool do_call(Buffer *frames) {
  for (u32 i = 0; i < BUFFERS; i++)
    if (!read_frame(&frames[i])) return false;
  u32 what = frames[0].data[0];
  wasm_memory_t *callee = memory_of("f"), *caller = memory_of(names[what ? what : 1]);
  put_memory(callee, &frames[1]);
  put_memory(caller, &frames[2]);
  given = (const char *)frames[3].data;
  told.len = 0;
  destroyed = 0;
  wasm_trap_t *trap = call(what);
  u32 ended = destroyed;
  answer_outcome(trap);
  answer_memory(callee);
  answer_memory(caller);
  answer(&ended, sizeof ended);
  wm_arena_free(&values);
  if (trap) {
    wasm_trap_delete(trap);
    delete_instances();
    return new_instances(NULL);
  }
  return true;
}

static bool do_component(Buffer *bytes) {
  wasmx_error_t err = {.size = sizeof err};
  if (!read_frame(bytes)) return false;
  if (component) delete_instances();
  wasmcm_component_delete(component);
  component = wasmcm_component_new(engine, bytes->data, bytes->len, 0, &err);
  bool good = component && new_instances(&err);
  answer_text(good ? "" : err.message);
  return good;
}

static bool do_again(void) {
  delete_instances();
  return new_instances(NULL);
}

int main(void) {
  Buffer frames[BUFFERS] = {{0}};
  bool good = true;
  engine = wasm_engine_new();
  for (int command; good && (command = getchar()) != EOF; fflush(stdout))
    good = command == 'C'   ? do_component(&frames[0])
           : command == 'X' ? do_call(frames)
                            : do_again();
  fflush(stdout);
  if (component) delete_instances();
  wasmcm_component_delete(component);
  wasm_engine_delete(engine);
  for (u32 i = 0; i < BUFFERS; i++) wm_buffer_free(&frames[i]);
  wm_buffer_free(&told);
  return good ? 0 : 1;
}
