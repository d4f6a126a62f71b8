/* What `wasm run` lets a component reach of the network. */
#ifndef WASM_TOOL_RUN_NET_H
#define WASM_TOOL_RUN_NET_H

#include "tools/tool.h"

#include <wasi.h>

/* --net GRANT; the status, a usage error said. */
int add_net(wasi_config_t *config, const char *grant);
/* Before the program is run: names are looked up by what the program has within itself. */
void settle_lookups(void);

#endif
