/* Keywords of proposals that are not built (wasm/unbuilt.def). */
#include "text/text_unbuilt.h"

static const struct {
  char text[24];
  u8 feature;
} words[] = {
#define WORD(feature, text) {text, FEATURE_##feature},
#include "wasm/unbuilt.def"
};

static bool fits(const char *word, const char *text, size_t size) {
  size_t len = strlen(word);
  bool is_prefix = word[len - 1] == '.';
  return size >= len && !memcmp(text, word, len) && (is_prefix || size == len);
}

Feature wm_unbuilt_word(const char *text, size_t len) {
  for (size_t i = 0; i < ARRAY_LEN(words); i++)
    if (fits(words[i].text, text, len)) return (Feature)words[i].feature;
  return FEATURE_COUNT;
}
