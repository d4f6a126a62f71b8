/* C functions called by wasm: what is behind Func.env. */
#ifndef WM_API_NATIVE_H
#define WM_API_NATIVE_H

#include "api/handle.h"

typedef struct NativeImport {
  void (*fn)(void);
} NativeImport; /* a prepared call follows where there is no direct one */

/* A direct call of C functions of this type, from Func.env's NativeImport; NULL: none is written.
 */
HostFunc wm_native_shape(const SubType *type);

#endif
