/* A game's loop: 1,000 instances of a script, each called once a frame, 60 frames a second; tells
 * how long the frames' calls took, the worst one too. What is hot is compiled meanwhile, on other
 * threads. Usage: game_loop [SECONDS] */
#include <wasmx.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { INSTANCES = 1000, FRAMES_A_SECOND = 60, NS_A_FRAME = 1000000000 / FRAMES_A_SECOND };

/* A ball that falls and bounces; keeps its last heights in a ring in its memory. */
static const char script[] =
    "(module\n"
    "  (memory 1 1)\n"
    "  (global $height (mut f32) (f32.const 10)) (global $speed (mut f32) (f32.const 0))\n"
    "  (global $at (mut i32) (i32.const 0))\n"
    "  (func (export \"update\") (param $dt f32) (result f32)\n"
    "    (global.set $speed (f32.sub (global.get $speed) (f32.mul (f32.const 9.81) (local.get "
    "$dt))))\n"
    "    (global.set $height\n"
    "      (f32.add (global.get $height) (f32.mul (global.get $speed) (local.get $dt))))\n"
    "    (if (f32.lt (global.get $height) (f32.const 0)) (then\n"
    "      (global.set $height (f32.neg (global.get $height)))\n"
    "      (global.set $speed (f32.mul (global.get $speed) (f32.const -0.9)))))\n"
    "    (f32.store (global.get $at) (global.get $height))\n"
    "    (global.set $at (i32.and (i32.add (global.get $at) (i32.const 4)) (i32.const 0xffc)))\n"
    "    (global.get $height)))";

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void sleep_until(int64_t ns) {
  const struct timespec t = {(time_t)(ns / 1000000000), (long)(ns % 1000000000)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0) {
  }
}

/* The scripts' functions, each of an instance that it keeps alive; false: one could not be made. */
static bool make_scripts(wasm_store_t *store, wasm_func_t *updates[INSTANCES]) {
  const wasm_byte_vec_t text = {strlen(script), (wasm_byte_t *)(uintptr_t)script};
  wasmx_error_t err = {.size = sizeof err};
  wasm_module_t *module = wasmx_module_new(store, &text, WASMX_ALLOW_TEXT, &err);
  bool good = module != NULL;
  for (int i = 0; good && i < INSTANCES; i++) {
    wasm_instance_t *instance = wasmx_instance_new(store, module, NULL, NULL, &err);
    updates[i] = instance ? wasmx_instance_func(instance, "update") : NULL;
    good = updates[i] != NULL;
    wasm_instance_delete(instance);
  }
  wasm_module_delete(module);
  if (!good) fprintf(stderr, "game_loop: %s\n", err.message);
  return good;
}

/* One call of each; false: one trapped, or a ball is where none can be. */
static bool run_frame(wasm_func_t *updates[INSTANCES]) {
  for (int i = 0; i < INSTANCES; i++) {
    wasmx_slot_t slot = wasmx_slot_f32(1.0f / (float)FRAMES_A_SECOND);
    wasm_trap_t *trap = wasmx_func_call_raw(updates[i], &slot);
    wasm_trap_delete(trap);
    if (trap || !(slot.f32 >= 0 && slot.f32 <= 10)) return false;
  }
  return true;
}

static int by_size(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  double seconds = argc > 1 ? atof(argv[1]) : 5;
  int frames = (int)(seconds * (double)FRAMES_A_SECOND), late = 0;
  int64_t *taken = calloc((size_t)(frames > 0 ? frames : 1), sizeof *taken);
  static wasm_func_t *updates[INSTANCES];
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  bool good = taken && make_scripts(store, updates);
  int64_t begin = now_ns();
  for (int i = 0; good && i < frames; i++) {
    int64_t frame = begin + (int64_t)i * NS_A_FRAME, from;
    sleep_until(frame);
    from = now_ns();
    good = run_frame(updates);
    taken[i] = now_ns() - from;
    late += taken[i] > NS_A_FRAME;
  }
  if (good && frames > 0) {
    int worst = 0, middle = frames / 2;
    for (int i = 1; i < frames; i++) worst = taken[i] > taken[worst] ? i : worst;
    printf("%d frames of %d calls, the worst %.3f ms (number %d), ", frames, INSTANCES,
           (double)taken[worst] / 1e6, worst);
    qsort(taken, (size_t)frames, sizeof *taken, by_size);
    printf("the middle one %.3f ms; %d late\n", (double)taken[middle] / 1e6, late);
  }
  for (int i = 0; i < INSTANCES; i++) wasm_func_delete(updates[i]);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  free(taken);
  return good ? 0 : 1;
}
