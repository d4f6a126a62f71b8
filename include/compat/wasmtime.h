/* wasmtime.h: the names and layouts of wasmtime's C API (those of its version 36) on libwasm, so
 * that programs written for that compile and run unchanged. README, "Clients of other engines",
 * tells which names are there, which do nothing, and what differs.
 *
 * Handles (wasmtime_func_t, wasmtime_memory_t ...) are plain structs that own nothing: their object
 * lives as long as its store. Each is checked where it is used: one of another store, or that was
 * never given, is an error, a trap, false or NULL, never undefined behaviour. References to host
 * objects (wasmtime_externref_t) are roots, given back by wasmtime_externref_unroot.
 *
 * Ownership. `own` results are the caller's: errors by wasmtime_error_delete, traps by
 * wasm_trap_delete, and so on. NULL where an object is expected gives an error, NULL or false.
 *
 * Threads. Engines and modules may be used from any thread, a store and all that is in it by one
 * thread at a time. wasmtime_engine_increment_epoch may be called from signal handlers, too. */
#ifndef WASMTIME_API_H
#define WASMTIME_API_H

#include <wasi.h>
#include <wasm.h>
#include <wasmtime/config.h>
#include <wasmtime/engine.h>
#include <wasmtime/error.h>
#include <wasmtime/extern.h>
#include <wasmtime/func.h>
#include <wasmtime/global.h>
#include <wasmtime/instance.h>
#include <wasmtime/linker.h>
#include <wasmtime/memory.h>
#include <wasmtime/module.h>
#include <wasmtime/sharedmemory.h>
#include <wasmtime/store.h>
#include <wasmtime/table.h>
#include <wasmtime/trap.h>
#include <wasmtime/val.h>
#include <wasmtime/wat.h>

/* The version whose names and layouts these are. */
#define WASMTIME_VERSION       "36.0.0"
#define WASMTIME_VERSION_MAJOR 36
#define WASMTIME_VERSION_MINOR 0
#define WASMTIME_VERSION_PATCH 0

#endif
