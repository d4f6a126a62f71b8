/* A component that gives back what it is given by way of the host (seeds/echo.wat): every value is
 * lowered and lifted twice, strings in each encoding. For tests. */
#ifndef TESTS_COMPONENT_ECHO_H
#define TESTS_COMPONENT_ECHO_H

#include "component/component_values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define HOST  "test:echo/host@0.2.0"
#define GUEST "test:echo/guest@0.2.3"

extern wasm_engine_t *engine;
extern wasmcm_component_t *echo;
extern int finalized, destroyed;

/* The functions of both, but for those of resources. */
enum { FUNCTION_COUNT = 13 };
extern const char *const functions[FUNCTION_COUNT];

Buffer read_seed(const char *name);
int set_up(void **state);
int tear_down(void **state);

typedef struct World {
  wasm_store_t *store;
  wasmcm_linker_t *linker;
  wasmcm_instance_t *instance;
  wasmcm_resource_t *thing;
} World;

wasm_trap_t *give_back(void *env, wasmcm_call_t *call, const wasmcm_val_t *args,
                       wasmcm_val_t *result);
void count_finalized(void *env);
/* With `small` for that function; the others give back what they got. */
bool world_new(World *w, wasmcm_callback_t small);
/* Another one of the linker. */
bool world_instantiate(World *w);
/* One whose host takes and gives C structs. */
bool world_new_of_structs(World *w);
void world_delete(World *w);

/* What the trap says, and it is gone. */
void put_trap(Buffer *out, wasm_trap_t *trap);
/* What the function gives for the value as text, "!" and the trap's message, or NULL: no memory. */
char *call_value(const wasmcm_func_t *func, const wasmcm_val_t *val);
char *call_text(const World *w, const char *name, const char *text);
void expect(const World *w, const char *name, const char *text, const char *expected);

#endif
