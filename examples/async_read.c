/* An asynchronous read in an event loop (epoll): the guest calls a plain `read` and is suspended
 * until there is something; meanwhile the loop serves other guests, all on one thread. */
#include <wasmx.h>

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Counts the bytes that it reads, until there are no more. */
static const char text[] =
    "(module\n"
    "  (import \"host\" \"read\" (func $read (param $at i32) (param $size i32) (result i32)))\n"
    "  (memory 1)\n"
    "  (func (export \"count\") (result i32) (local $sum i32) (local $n i32)\n"
    "    (loop $more\n"
    "      (local.set $n (call $read (i32.const 16) (i32.const 8)))\n"
    "      (local.set $sum (i32.add (local.get $sum) (local.get $n)))\n"
    "      (br_if $more (local.get $n)))\n"
    "    (local.get $sum)))";

enum { GUESTS = 3 };

typedef struct Guest {
  int ends[2]; /* of a pipe */
  wasm_instance_t *instance;
  wasmx_call_t *call; /* NULL: it has returned */
} Guest;

/* read(at, size): suspends until the loop says that the descriptor is readable. */
static wasm_trap_t *read_later(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  const Guest *guest = env;
  wasm_trap_t *trap = wasmx_call_suspend(caller, NULL, NULL);
  if (trap) return trap;
  size_t bytes, at = slots[0].u32, size = slots[1].u32; /* looked at now: memory may have grown */
  byte_t *memory = wasmx_caller_memory(caller, &bytes);
  if (at > bytes || size > bytes - at) size = 0;
  ssize_t got = read(guest->ends[0], memory + at, size);
  slots[0] = wasmx_slot_i32(got < 0 ? 0 : (int32_t)got);
  return NULL;
}

/* Runs the guest until it waits; whether it has ended, and then with what. */
static bool step(Guest *guest, int32_t *result) {
  wasmx_slot_t slot = wasmx_slot_i32(-1);
  wasmx_callstate_t state = wasmx_call_resume(guest->call, NULL, &slot, NULL);
  if (state == WASMX_CALL_SUSPENDED) return false;
  wasmx_call_delete(guest->call);
  guest->call = NULL;
  *result = slot.i32;
  return true;
}

static bool begin(Guest *guest, wasm_store_t *store, const wasm_module_t *module, int poll) {
  wasm_functype_t *type =
      wasm_functype_new_2_1(wasm_valtype_new_i32(), wasm_valtype_new_i32(), wasm_valtype_new_i32());
  wasm_func_t *read_func = wasmx_func_new_raw(store, type, read_later, guest, NULL);
  wasm_extern_t *list[] = {wasm_func_as_extern(read_func)};
  wasm_extern_vec_t imports = WASM_ARRAY_VEC(list);
  guest->instance = wasm_instance_new(store, module, &imports, NULL);
  wasm_func_t *count = wasmx_instance_func(guest->instance, "count");
  guest->call = wasmx_call_start(count, NULL, NULL, NULL);
  wasm_func_delete(count), wasm_func_delete(read_func), wasm_functype_delete(type);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = guest};
  int32_t result;
  return pipe(guest->ends) == 0 && epoll_ctl(poll, EPOLL_CTL_ADD, guest->ends[0], &event) == 0 &&
         guest->call && !step(guest, &result);
}

int main(void) {
  if (!wasmx_has("suspend")) return 77;
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wasm_byte_vec_t source = {strlen(text), (wasm_byte_t *)text};
  wasm_module_t *module = wasmx_module_new(store, &source, WASMX_ALLOW_TEXT, NULL);
  Guest guests[GUESTS];
  int poll = epoll_create1(EPOLL_CLOEXEC), open = GUESTS, sum = 0;
  for (int i = 0; i < GUESTS; i++)
    if (!begin(&guests[i], store, module, poll)) return 1;
  for (int i = 0; i < GUESTS; i++) { /* somebody else's work, in turns */
    if (write(guests[i].ends[1], "some bytes to be counted", 10 + 4 * (size_t)i) < 0) return 1;
    close(guests[i].ends[1]);
  }
  while (open > 0) {
    struct epoll_event events[GUESTS];
    int count = epoll_wait(poll, events, GUESTS, -1);
    for (int i = 0; i < count; i++) {
      Guest *guest = events[i].data.ptr;
      int32_t result;
      if (!step(guest, &result)) continue;
      printf("guest %d read %d bytes\n", (int)(guest - guests), result);
      close(guest->ends[0]), wasm_instance_delete(guest->instance);
      sum += result, open--;
    }
  }
  close(poll);
  wasm_module_delete(module), wasm_store_delete(store), wasm_engine_delete(engine);
  return sum == 10 + 14 + 18 ? 0 : 1;
}
