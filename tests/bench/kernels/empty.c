/* Nothing: what starting and ending a program costs. */
#define UNITS 1
#include "kernel.h"

static u64 kernel(u32 units) { return units; }
