/* The terminal of `wasm run --terminal`: granted to the program, and put back however it ends. */
#ifndef WASM_TOOL_RUN_TERMINAL_H
#define WASM_TOOL_RUN_TERMINAL_H

#include <wasi.h>

/* The variables by which programs know their terminal. False: out of memory, or not UTF-8. */
bool add_terminal_env(wasi_config_t *config);

/* From now on a signal that would end this process ends the program in the store instead, for
 * release_terminal to see. Once a process. False: out of memory. */
bool guard_terminal(wasm_store_t *store);

/* The program is over: puts the terminal back. When that was because of a signal, this process ends
 * by it now. */
void release_terminal(wasi_ctx_t *wasi);

#endif
