/* Many calls that are suspended: switches in turn, and starts without end. */
#include "api/suspend.h"

#include "support/resident.h"
#include "support/sanitizer.h"

enum { GUESTS = 1000, SWITCHES = 1000000, STARTS = 100000 };

/* In each tier a part of the switches among as many guests, of four instances. */
static void switch_in_turn(int tier, int switches) {
  enum { INSTANCES = 4 };
  Guest g;
  if (!guest_new(&g, tier)) return;
  wasm_instance_t *own = g.instance, *instances[INSTANCES];
  wasmx_call_t **calls = calloc(GUESTS, sizeof *calls);
  int rounds = switches / 2 / GUESTS;
  for (int i = 0; i < INSTANCES; i++) instances[i] = guest_instance(&g);
  for (int i = 0; i < GUESTS; i++) {
    g.instance = instances[i % INSTANCES];
    calls[i] = guest_start(&g, "sum", rounds);
  }
  for (int k = 0; k < rounds; k++)
    for (int i = 0; i < GUESTS; i++) *guest_step(calls[i]) = i;
  for (int i = 0; i < GUESTS; i++) assert_int_equal(guest_end(calls[i]), rounds * i);
  free(calls);
  for (int i = 0; i < INSTANCES; i++) wasm_instance_delete(instances[i]);
  g.instance = own;
  guest_delete(&g);
}

static void test_switches(void **state) {
  (void)state;
  for (int t = 0; t < GUEST_TIERS; t++) switch_in_turn(t, SWITCHES);
}

/* Started and dropped again and again, a few at a time; and many at once, at times. */
static void start_and_drop(Guest *g, int count) {
  enum { AT_ONCE = 20 };
  for (int i = 0; i < count; i += AT_ONCE) {
    wasmx_call_t *calls[AT_ONCE];
    for (int k = 0; k < AT_ONCE; k++) {
      calls[k] = guest_start(g, "sum", 5);
      if (k % 4) guest_step(calls[k]);
      if (k % 4 == 2) guest_step(calls[k]);
    }
    for (int k = 0; k < AT_ONCE; k++) assert_true(wasmx_call_delete(calls[k]));
  }
}

static void test_memory_is_flat(void **state) {
  (void)state;
  for (int t = 0; t < 2; t++) {
    Guest g;
    if (!guest_new(&g, t)) continue;
    start_and_drop(&g, STARTS / 10);
    long before = resident_kib();
    start_and_drop(&g, STARTS);
    long after = resident_kib();
    if (!UNDER_ASAN && !UNDER_TSAN && after > before + 4096)
      fail_msg("%ld KiB, then %ld KiB", before, after);
    guest_delete(&g);
  }
}

/* What 1,000 suspended guests take: a few pages each. */
static void test_guests_are_small(void **state) {
  (void)state;
  Guest g;
  assert_true(guest_new(&g, 0));
  wasmx_call_t **calls = calloc(GUESTS, sizeof *calls);
  long before = resident_kib();
  for (int i = 0; i < GUESTS; i++) guest_step(calls[i] = guest_start(&g, "sum", 2));
  long after = resident_kib();
  print_message("%ld KiB a suspended guest\n", (after - before) / GUESTS);
  if (!UNDER_ASAN && !UNDER_TSAN && after - before > 32 * GUESTS)
    fail_msg("%ld KiB for all", after - before);
  for (int i = 0; i < GUESTS; i++) wasmx_call_delete(calls[i]);
  free(calls);
  guest_delete(&g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_switches),
      cmocka_unit_test(test_memory_is_flat),
      cmocka_unit_test(test_guests_are_small),
  };
  return run_if_suspending(tests);
}
