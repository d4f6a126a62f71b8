/* The bodies of nbody.c in single precision. */
#define REAL        float
#define SQUARE_ROOT sqrtf
#define UNITS       1500
#include "nbody.c"
