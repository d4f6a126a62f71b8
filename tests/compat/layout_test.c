/* The layouts of wasmtime's version 36, and that the header is one of C and of C++. Nothing runs.
 */
#include <stddef.h>
#include <wasm.h>
#include <wasmtime.h>

#ifdef __cplusplus
#define SAME(a, b) static_assert((a) == (b), #a)
#else
#define SAME(a, b) _Static_assert((a) == (b), #a)
#endif

SAME(sizeof(wasmtime_func_t), 16);
SAME(offsetof(wasmtime_func_t, __private), 8);
SAME(sizeof(wasmtime_table_t), 24);
SAME(offsetof(wasmtime_table_t, __private1), 8);
SAME(offsetof(wasmtime_table_t, __private2), 16);
SAME(sizeof(wasmtime_memory_t), 24);
SAME(offsetof(wasmtime_memory_t, __private1), 8);
SAME(offsetof(wasmtime_memory_t, __private2), 16);
SAME(sizeof(wasmtime_global_t), 24);
SAME(offsetof(wasmtime_global_t, __private3), 16);
SAME(sizeof(wasmtime_instance_t), 16);
SAME(sizeof(wasmtime_extern_t), 32);
SAME(offsetof(wasmtime_extern_t, of), 8);
SAME(sizeof(wasmtime_externref_t), 16);
SAME(sizeof(wasmtime_anyref_t), 16);
SAME(sizeof(wasmtime_valunion_t), 16);
SAME(sizeof(wasmtime_val_t), 24);
SAME(offsetof(wasmtime_val_t, of), 8);
SAME(sizeof(wasmtime_val_raw_t), 16);
SAME(sizeof(wasmtime_memory_creator_t), 3 * sizeof(void *));
SAME(sizeof(wasmtime_linear_memory_t), 4 * sizeof(void *));
SAME(sizeof(wasmtime_valkind_t), 1);
SAME(sizeof(wasmtime_trap_code_t), 1);
SAME(WASMTIME_EXTERNREF, 6);
SAME(WASMTIME_TRAP_CODE_INTERRUPT, 10);
SAME(WASMTIME_TRAP_CODE_DISABLED_OPCODE, 20);
SAME(sizeof(wasm_val_t), 16);
SAME(sizeof(wasm_byte_vec_t), 2 * sizeof(void *));

int main(void) { return 0; }
