/* What engines have beside wasm.h. */
#ifndef WASMTIME_ENGINE_H
#define WASMTIME_ENGINE_H

#include <wasm.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The same engine for another owner, deleted by wasm_engine_delete. */
WASM_API_EXTERN wasm_engine_t *wasmtime_engine_clone(wasm_engine_t *engine);
/* The next epoch: stores whose deadline it is stop their wasm (wasmtime/store.h). Takes no lock:
 * from any thread and from signal handlers. Nothing for engines whose configuration did not turn
 * epochs on. */
WASM_API_EXTERN void wasmtime_engine_increment_epoch(wasm_engine_t *engine);
/* False: there is no such interpreter here. */
WASM_API_EXTERN bool wasmtime_engine_is_pulley(wasm_engine_t *engine);

/* Not of wasmtime: the i-th setting that is accepted and does nothing here, or NULL past the last;
 * static. *times (may be NULL): how often the engine's configuration was given it. */
WASM_API_EXTERN const char *wasmtime_compat_ignored(const wasm_engine_t *engine, size_t i,
                                                    uint32_t *times);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
