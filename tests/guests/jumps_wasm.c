/* What clang calls for setjmp and longjmp (-mllvm -wasm-enable-sjlj). A jump is an exception of the
 * tag __c_longjmp with the place it goes to and its value; each function that called setjmp catches
 * it, and throws it on when the place is not its own. */
#include "jumps.h"

void __wasm_setjmp(struct Place *place, uint32_t label, void *function);
uint32_t __wasm_setjmp_test(struct Place *place, void *function);
void __wasm_longjmp(struct Place *place, int value);

void __wasm_setjmp(struct Place *place, uint32_t label, void *function) {
  place->function = function;
  place->label = label;
}

/* The label when the place is of that call; 0: it is not. */
uint32_t __wasm_setjmp_test(struct Place *place, void *function) {
  return place->function == function ? place->label : 0;
}

void __wasm_longjmp(struct Place *place, int value) {
  place->jump.to = place;
  place->jump.value = value ? value : 1;
  __builtin_wasm_throw(1, &place->jump);
}
