/* What calls of components cost with values and with C structs: medians of several rounds, in
 * turns. Usage: bench_structs FILE [COUNT [FUNCTION [values|structs]]]
 * (tests/component/seeds/records.wasm); with a count, that many calls of each kind once, for
 * counters of instructions. */
#include "component_bench.h"

#include <stdlib.h>
#include <string.h>

enum { ITEMS = 100 };

/* ---- the arguments in both forms ---- */

static const char text[] = "a text of thirty-two characters!";

static const uint32_t numbers[] = {1, 2};
static const wasmcm_string_t string = {text, 32};
typedef struct Point {
  float x, y;
  uint32_t id;
} Point;
static Point points[ITEMS];
typedef struct Person {
  uint32_t id;
  wasmcm_string_t name;
  struct {
    bool is_some;
    uint8_t value;
  } age;
} Person;
static Person people[ITEMS];
typedef struct List {
  const void *data;
  size_t count;
} List;
static const List point_list = {points, ITEMS}, person_list = {people, ITEMS};

static wasmcm_val_t number_vals[2], string_val, point_vals[ITEMS], person_vals[ITEMS];
static wasmcm_val_t point_list_val, person_list_val, fields[ITEMS][3], other_fields[ITEMS][3],
    ages[ITEMS];

static wasmcm_val_t number(wasmcm_kind_t kind, uint64_t value) {
  return (wasmcm_val_t){.kind = kind, .of.u64 = value};
}

static wasmcm_val_t items(wasmcm_kind_t kind, wasmcm_val_t *data, size_t count) {
  return (wasmcm_val_t){.kind = kind, .of.items = {data, count}};
}

static void make_person(uint32_t i) {
  people[i] = (Person){i, {text, 8}, {true, 30}};
  ages[i] = number(WASMCM_U8, 30);
  other_fields[i][0] = number(WASMCM_U32, i);
  other_fields[i][1] = (wasmcm_val_t){.kind = WASMCM_STRING, .of.string = {text, 8}};
  other_fields[i][2] = (wasmcm_val_t){.kind = WASMCM_OPTION, .of.variant = {&ages[i], 1}};
  person_vals[i] = items(WASMCM_RECORD, other_fields[i], 3);
}

static void make_point(uint32_t i) {
  points[i] = (Point){1, 2, i};
  fields[i][0] = (wasmcm_val_t){.kind = WASMCM_F32, .of.f32 = 1};
  fields[i][1] = (wasmcm_val_t){.kind = WASMCM_F32, .of.f32 = 2};
  fields[i][2] = number(WASMCM_U32, i);
  point_vals[i] = items(WASMCM_RECORD, fields[i], 3);
}

static void make_arguments(void) {
  number_vals[0] = number(WASMCM_U32, 1);
  number_vals[1] = number(WASMCM_U32, 2);
  string_val = (wasmcm_val_t){.kind = WASMCM_STRING, .of.string = {text, 32}};
  for (uint32_t i = 0; i < ITEMS; i++) make_point(i), make_person(i);
  point_list_val = items(WASMCM_LIST, point_vals, ITEMS);
  person_list_val = items(WASMCM_LIST, person_vals, ITEMS);
}

/* ---- what is measured ---- */

typedef struct Bench {
  const char *what, *func;
  int count;
  const wasmcm_val_t *vals;
  const void *args;
} Bench;

static const Bench benches[] = {
    {"two integers", "add", 200000, number_vals, numbers},
    {"string of 32 bytes, record with it back", "measure", 100000, &string_val, &string},
    {"100 records of numbers, and back", "points", 2000, &point_list_val, &point_list},
    {"100 records with strings, and back", "people", 2000, &person_list_val, &person_list}};

static void call_values(const wasmcm_func_t *func, const Bench *b, int count) {
  wasmcm_result_t result;
  for (int i = 0; i < count; i++) {
    check(wasmcm_func_call(func, b->vals, &result));
    wasmcm_result_delete(&result);
  }
}

static void call_structs(const wasmcm_func_t *func, const Bench *b, int count) {
  uint64_t result[8];
  wasmcm_memory_t *memory;
  for (int i = 0; i < count; i++) {
    check(wasmcm_func_call_struct(func, b->args, result, &memory));
    wasmcm_memory_delete(memory);
  }
}

static void measure(const wasmcm_func_t *func, const Bench *b) {
  double values[ROUNDS], structs[ROUNDS];
  for (int i = 0; i < ROUNDS; i++) {
    double start = now_ns();
    call_values(func, b, b->count);
    double between = now_ns();
    call_structs(func, b, b->count);
    values[i] = (between - start) / b->count;
    structs[i] = (now_ns() - between) / b->count;
  }
  printf("%-42s %9.1f | %9.1f ns\n", b->what, median_of(values), median_of(structs));
}

/* ---- the scene ---- */

static void report(const wasmcm_func_t *func, const Bench *b, int count, const char *form) {
  if (!count) measure(func, b);
  if (count && (!form || strcmp(form, "values") == 0)) call_values(func, b, count);
  if (count && (!form || strcmp(form, "structs") == 0)) call_structs(func, b, count);
}

int main(int argc, char **argv) {
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wasmcm_instance_t *instance =
      argc > 1 ? instance_of(engine, wasmcm_linker_new(store), argv[1]) : NULL;
  if (!instance) return 1;
  make_arguments();
  for (size_t i = 0; i < sizeof benches / sizeof *benches; i++) {
    wasmcm_func_t *func = wasmcm_instance_func(instance, NULL, benches[i].func);
    if (!func) abort();
    if (argc < 4 || strcmp(argv[3], benches[i].func) == 0)
      report(func, &benches[i], argc > 2 ? atoi(argv[2]) : 0, argc > 4 ? argv[4] : NULL);
    wasmcm_func_delete(func);
  }
  wasmcm_instance_delete(instance);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return 0;
}
