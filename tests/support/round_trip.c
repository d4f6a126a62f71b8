/* See round_trip.h. */
#include "round_trip.h"

#include "binary/decode.h"
#include "canonical.h"
#include "text/print.h"
#include "text/wat.h"

static bool read_text(const Buffer *text, Buffer *binary, Error *err) {
  return wm_wat_to_binary((const char *)text->data, text->len, binary, err);
}

static bool same_meaning(const Module *a, const Module *b) {
  Buffer left = {0}, right = {0};
  canonical(a, &left);
  canonical(b, &right);
  bool same = same_bytes(&left, &right);
  wm_buffer_free(&left);
  wm_buffer_free(&right);
  return same;
}

/* What came back, printed and read in turn. */
static const char *check_again(const Module *back, u32 flags, RoundTrip *trip) {
  Buffer text = {0}, binary = {0};
  const char *wrong = NULL;
  if (!wm_module_print(back, flags, &text, &trip->err))
    wrong = "is not printed the second time";
  else if (!read_text(&text, &binary, &trip->err))
    wrong = "is not read back the second time";
  else if (!(flags & PRINT_NO_NAMES) && !same_bytes(&trip->binary, &binary))
    wrong = "is another module the second time";
  wm_buffer_free(&text);
  wm_buffer_free(&binary);
  return wrong;
}

static const char *check_binary(const Module *m, u32 flags, RoundTrip *trip) {
  Module back;
  const char *wrong;
  if (!wm_module_decode(&back, trip->binary.data, trip->binary.len, &trip->err))
    wrong = "does not decode when it is read back";
  else if (!same_meaning(m, &back))
    wrong = "means something else when it is read back";
  else
    wrong = check_again(&back, flags, trip);
  wm_module_free(&back);
  return wrong;
}

RoundTrip round_trip(const Module *m, u32 flags) {
  RoundTrip trip = {0};
  trip.printed = wm_module_print(m, flags, &trip.text, &trip.err);
  if (trip.printed != (trip.err.code == ERR_NONE))
    trip.wrong = "is printed with an error, or not and without";
  else if (trip.printed && !read_text(&trip.text, &trip.binary, &trip.err))
    trip.wrong = "is not read back";
  else if (trip.printed)
    trip.wrong = check_binary(m, flags, &trip);
  return trip;
}

void round_trip_free(RoundTrip *trip) {
  wm_buffer_free(&trip->text);
  wm_buffer_free(&trip->binary);
}
