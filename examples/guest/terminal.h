/* The terminal imports of `wasm run --terminal` (wasi.h: wasi_ctx_define_terminal), for programs in
 * C that clang compiles for wasm32-wasi. Without the option, or where there is no terminal, a
 * program reads lines, on a screen of 80 by 24 or what COLUMNS and LINES say. */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <stdint.h>
#include <stdlib.h>

#define TERMINAL_IMPORT(name)                                                                      \
  __attribute__((import_module("wasm_terminal"), import_name(#name))) int32_t terminal_import_##name

TERMINAL_IMPORT(size)(int32_t fd, uint32_t *columns, uint32_t *rows);
TERMINAL_IMPORT(set_raw)(int32_t fd, int32_t on);
TERMINAL_IMPORT(wait)(int32_t fd, int64_t nanoseconds, uint32_t *events);

enum { TERMINAL_INPUT = 1, TERMINAL_RESIZED = 2 };

static inline uint32_t terminal_number(const char *variable, uint32_t otherwise) {
  const char *text = getenv(variable);
  int number = text ? atoi(text) : 0;
  return number > 0 ? (uint32_t)number : otherwise;
}

/* The size of the terminal; else what COLUMNS and LINES say. */
static inline void terminal_size(uint32_t *columns, uint32_t *rows) {
  if (terminal_import_size(1, columns, rows) == 0 && *columns && *rows) return;
  *columns = terminal_number("COLUMNS", 80);
  *rows = terminal_number("LINES", 24);
}

/* 0, or an errno: then input comes in lines. */
static inline int terminal_set_raw(int on) { return terminal_import_set_raw(0, on); }

/* Waits for input, another size, or until the time is over (-1: never). What cannot be waited for
 * is input. */
static inline uint32_t terminal_wait(int64_t nanoseconds) {
  uint32_t events;
  return terminal_import_wait(0, nanoseconds, &events) ? TERMINAL_INPUT : events;
}

#endif
