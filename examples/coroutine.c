/* Guests as coroutines in a game loop: each one's script is a plain function with loops and waits,
 * which the host suspends until the frame that it waits for. */
#include <wasmx.h>

#include <stdio.h>
#include <string.h>

/* A guard walks to and fro; a door opens when it is time, for a while. */
static const char text[] =
    "(module\n"
    "  (import \"game\" \"wait\" (func $wait (param $frames i32)))\n"
    "  (import \"game\" \"show\" (func $show (param $what i32) (param $value i32)))\n"
    "  (func (export \"guard\") (local $x i32) (local $step i32)\n"
    "    (local.set $step (i32.const 1))\n"
    "    (loop $forever\n"
    "      (local.set $x (i32.add (local.get $x) (local.get $step)))\n"
    "      (call $show (i32.const 0) (local.get $x))\n"
    "      (call $wait (i32.const 1))\n"
    "      (if (i32.eqz (i32.rem_s (local.get $x) (i32.const 3)))\n"
    "        (then (local.set $step (i32.sub (i32.const 0) (local.get $step)))))\n"
    "      (br $forever)))\n"
    "  (func (export \"door\")\n"
    "    (call $wait (i32.const 2)) (call $show (i32.const 1) (i32.const 1))\n"
    "    (call $wait (i32.const 3)) (call $show (i32.const 1) (i32.const 0))))";

typedef struct Actor {
  const char *name;
  wasmx_call_t *call;
  int wakes_at; /* frame */
} Actor;

static int frame, shown;

/* wait(frames): suspends the guest; the loop finds the number where the suspended function has it.
 */
static wasm_trap_t *wait_frames(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  (void)env;
  return wasmx_call_suspend(caller, &slots[0].i32, NULL);
}

static wasm_trap_t *show(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  static const char *const names[] = {"guard at", "door open:"};
  (void)env, (void)caller;
  printf("frame %d: %s %d\n", frame, names[slots[0].u32 & 1], slots[1].i32);
  shown++;
  return NULL;
}

/* Runs those whose time has come, each until it waits again or has ended. */
static void run_actors(Actor *actors, size_t count) {
  for (size_t i = 0; i < count; i++) {
    Actor *a = &actors[i];
    if (!a->call || frame < a->wakes_at) continue;
    wasm_trap_t *trap;
    switch (wasmx_call_resume(a->call, NULL, NULL, &trap)) {
    case WASMX_CALL_SUSPENDED:
      a->wakes_at = frame + *(int32_t *)wasmx_call_value(a->call);
      continue;
    case WASMX_CALL_TRAPPED: wasm_trap_delete(trap); /* fall through */
    default: printf("frame %d: the %s's script is over\n", frame, a->name);
    }
    wasmx_call_delete(a->call);
    a->call = NULL;
  }
}

int main(void) {
  if (!wasmx_has("suspend")) return 77;
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wasm_byte_vec_t source = {strlen(text), (wasm_byte_t *)text};
  wasm_module_t *module = wasmx_module_new(store, &source, WASMX_ALLOW_TEXT, NULL);
  wasm_functype_t *one = wasm_functype_new_1_0(wasm_valtype_new_i32());
  wasm_functype_t *two = wasm_functype_new_2_0(wasm_valtype_new_i32(), wasm_valtype_new_i32());
  wasm_func_t *imports[] = {wasmx_func_new_raw(store, one, wait_frames, NULL, NULL),
                            wasmx_func_new_raw(store, two, show, NULL, NULL)};
  wasm_extern_t *list[] = {wasm_func_as_extern(imports[0]), wasm_func_as_extern(imports[1])};
  wasm_extern_vec_t vec = WASM_ARRAY_VEC(list);
  wasm_instance_t *instance = wasm_instance_new(store, module, &vec, NULL);
  if (!instance) return fprintf(stderr, "coroutine: %s\n", wasmx_last_error()->message), 1;

  Actor actors[] = {{.name = "guard"}, {.name = "door"}};
  for (size_t i = 0; i < 2; i++) {
    wasm_func_t *script = wasmx_instance_func(instance, actors[i].name);
    actors[i].call = wasmx_call_start(script, NULL, NULL, NULL);
    wasm_func_delete(script);
  }
  for (frame = 0; frame < 8; frame++) run_actors(actors, 2); /* ... and draws */
  bool ended = !actors[1].call && shown == 10;
  wasmx_call_delete(actors[0].call); /* would walk on */

  wasm_instance_delete(instance);
  for (int i = 0; i < 2; i++) wasm_func_delete(imports[i]);
  wasm_functype_delete(one), wasm_functype_delete(two);
  wasm_module_delete(module);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return ended ? 0 : 1;
}
