/* Insides of the handles of wasmcm.h. */
#ifndef WM_COMPONENT_CM_API_H
#define WM_COMPONENT_CM_API_H

#include "component/cm_call.h"
#include "component/cm_names.h"

struct wasmcm_component_t {
  Component *component;
};

struct wasmcm_instance_t {
  World *world; /* counted */
  Bag *exports;
};

void wm_error_tell(const Error *from, wasmx_error_t *err);

#endif
