/* Fuzz target: bytes -> decode -> print -> parse -> compare. Whatever decodes and has well-formed
 * bodies is read back from its text as the same module (canonical.h), flat and folded; the text of
 * what came back says the same bytes again. */
#include "tests/fuzz/fuzz.h"

#include "binary/decode.h"
#include "tests/text/canonical.h"
#include "text/print.h"
#include "text/wat.h"

static void must(bool ok) {
  if (!ok) __builtin_trap();
}

static bool equal(const Buffer *a, const Buffer *b) {
  return a->len == b->len && (!a->len || !memcmp(a->data, b->data, a->len));
}

static Buffer meaning(const Module *m) {
  Buffer out = {0};
  canonical(m, &out);
  return out;
}

static void compare(const Module *m, u32 flags, const Buffer *text) {
  Buffer binary = {0}, text2 = {0}, binary2 = {0};
  Error err = {0};
  Module back;
  must(wm_wat_to_binary((const char *)text->data, text->len, &binary, &err));
  must(wm_module_decode(&back, binary.data, binary.len, &err));
  Buffer before = meaning(m), after = meaning(&back);
  must(equal(&before, &after));
  must(wm_module_print(&back, flags, &text2, &err));
  must(wm_wat_to_binary((const char *)text2.data, text2.len, &binary2, &err));
  must((flags & PRINT_NO_NAMES) || equal(&binary, &binary2));
  wm_module_free(&back);
  Buffer *const all[] = {&binary, &text2, &binary2, &before, &after};
  for (u32 i = 0; i < ARRAY_LEN(all); i++) wm_buffer_free(all[i]);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
  static const u32 ways[] = {0, PRINT_FOLDED, PRINT_NO_NAMES | PRINT_OFFSETS | PRINT_FOLDED};
  Module m;
  Error err = {0};
  bool decoded = wm_module_decode(&m, data, size, &err);
  for (u32 i = 0; decoded && i < ARRAY_LEN(ways); i++) {
    Buffer text = {0};
    err = (Error){0};
    bool printed = wm_module_print(&m, ways[i], &text, &err);
    must(printed == (err.code == ERR_NONE));
    if (printed) compare(&m, ways[i], &text);
    wm_buffer_free(&text);
  }
  wm_module_free(&m);
  return 0;
}
