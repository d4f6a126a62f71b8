/* What `wasm run` lets a component reach of the network. */
#ifndef WASM_TOOL_RUN_NET_H
#define WASM_TOOL_RUN_NET_H

#include "tools/tool.h"

#include <wasi.h>

/* --net GRANT; the status, a usage error said. */
int add_net(wasi_config_t *config, const char *grant);
/* Where something else may let names be looked up: it is done by what the program has within. */
void settle_lookups(void);

#endif
