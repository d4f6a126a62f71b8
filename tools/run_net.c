/* The network: see run_net.h. */
#include "tools/run_net.h"

#include <features.h>

#if STATIC_PROGRAM && defined __GLIBC__
#include <nss.h>

/* Else the C library would load modules that belong to another copy of itself, by nsswitch.conf. */
void settle_lookups(void) { __nss_configure_lookup("hosts", "files dns"); }
#else
void settle_lookups(void) {}
#endif

int add_net(wasi_config_t *config, const char *grant) {
  wasmx_error_t err = {.size = sizeof err};
  settle_lookups();
  if (wasi_config_allow_net(config, grant, &err)) return STATUS_OK;
  return complain_usage("run", "--net: %s", err.message);
}
