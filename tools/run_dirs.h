/* Options of `wasm run` that give directories. */
#ifndef WASM_TOOL_RUN_DIRS_H
#define WASM_TOOL_RUN_DIRS_H

#include <wasi.h>

/* Each takes the option's value; STATUS_OK, or what was said. All end in [:ro], add_dir and
 * add_mapped_dir in [:special] too. */
int add_dir(wasi_config_t *config, const char *text);        /* HOST[::GUEST] */
int add_mapped_dir(wasi_config_t *config, const char *text); /* GUEST:HOST */
int add_mount(wasi_config_t *config, const char *text);      /* mem[:SIZE]::GUEST */
int add_overlay(wasi_config_t *config, const char *text);    /* DIR[::GUEST] */
int add_archive(wasi_config_t *config, const char *text);    /* FILE::GUEST */

#endif
