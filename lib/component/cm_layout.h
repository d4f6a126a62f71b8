#ifndef WM_COMPONENT_CM_LAYOUT_H
#define WM_COMPONENT_CM_LAYOUT_H

#include "component/cm_types.h"

/* Sets size, align, payload and flat of a type whose parts are complete. False: its values would
 * take MAX_VALUE_BYTES or more. */
bool wm_type_lay_out(Type *t);

#endif
