/* mischief.c with C++ exceptions where C has longjmp. */
#include "mischief.c"
