/* A second file that includes both headers: what they define must not clash in one program. */
#ifndef TESTS_CPP_OTHER_UNIT_HH
#define TESTS_CPP_OTHER_UNIT_HH

/* 2x + 2, by wasm. */
int other_unit(int x);

#endif
