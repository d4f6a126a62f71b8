/* Options of `wasm run` that make a program do the same each time. */
#ifndef WASM_TOOL_RUN_DETERMINISM_H
#define WASM_TOOL_RUN_DETERMINISM_H

#include "tools/tool.h"

#include <wasi.h>

/* Takes one of them; false: it is none of these. *status is what was wrong with it. */
bool take_determinism_option(Options *o, wasi_config_t *config, wasm_config_t *engine_config,
                             int *status);

#define DETERMINISM_OPTIONS_HELP                                                                   \
  "  --deterministic[=SEED]     the same bytes each time: all of what follows, and "               \
  "--canonical-nan;\n"                                                                             \
  "                             the clock steps by 1000 ns\n"                                      \
  "  --clock KIND               real; frozen:NS, at that time (since 1970); stepped:NS:STEP, on "  \
  "by\n"                                                                                           \
  "                             STEP ns with each reading; coarse:NS, in such steps. Sleeping "    \
  "takes\n"                                                                                        \
  "                             no time where it is frozen or stepped\n"                           \
  "  --random-seed NUMBER       random bytes that follow from it\n"                                \
  "  --sorted-dirs              directories are listed by name\n"                                  \
  "  --fixed-stat               inode numbers in the order files are seen, times that do not "     \
  "change\n"

#endif
