/* Lines for people, or JSON (inspect.h). */
#include "base/error.h"
#include "base/utf8.h"
#include "tools/inspect.h"

enum { LINE_CHARS = 512 }; /* of one name, for people */

static void put(Out *o, const char *text) { wm_buffer_bytes(&o->text, text, strlen(text)); }

/* A character as \uxxxx; beyond those, two of them (RFC 8259). */
static void put_json_escape(Out *o, u32 c) {
  if (c < 0x10000)
    wm_buffer_print(&o->text, "\\u%04x", c);
  else
    wm_buffer_print(&o->text, "\\u%04x\\u%04x", 0xD800 + ((c - 0x10000) >> 10),
                    0xDC00 + (c & 0x3FF));
}

/* Bytes that are no UTF-8, of file names, are what they would be in Latin-1. */
static void put_json(Out *o, const u8 *text, size_t len) {
  put(o, "\"");
  for (size_t at = 0; at < len;) {
    size_t step = wm_utf8_step(text + at, len - at);
    bool is_plain =
        wm_utf8_visible_step(text + at, len - at) && text[at] != '"' && text[at] != '\\';
    if (is_plain)
      wm_buffer_bytes(&o->text, text + at, step);
    else
      put_json_escape(o, step ? utf8_scalar(text + at, step) : text[at]);
    at += step ? step : 1;
  }
  put(o, "\"");
}

static void put_value(Out *o, const void *text, size_t len, bool is_name) {
  char shown[LINE_CHARS];
  if (o->is_json) {
    put_json(o, text, len);
  } else if (is_name) {
    wm_buffer_print(&o->text, "\"%s\"", wm_escape(shown, sizeof shown, text, len));
  } else {
    wm_buffer_bytes(&o->text, text, len);
  }
}

/* ---- the module ---- */

void out_begin(Out *o) { put(o, o->is_json ? "{" : ""); }
void out_end(Out *o) { put(o, o->is_json ? "\n}\n" : ""); }

/* Up to a value or list of the module. */
static void put_key(Out *o, const char *name) {
  if (o->is_json)
    wm_buffer_print(&o->text, "%s\n  \"%s\": ", o->lists++ ? "," : "", name);
  else
    wm_buffer_print(&o->text, "%s:", name);
}

void out_fact(Out *o, const char *name, const void *text, size_t len) {
  put_key(o, name);
  put(o, o->is_json ? "" : " ");
  put_value(o, text, len, true);
  put(o, o->is_json ? "" : "\n");
}

void out_fact_number(Out *o, const char *name, u64 number) {
  put_key(o, name);
  wm_buffer_print(&o->text, o->is_json ? "%llu" : " %llu\n", (unsigned long long)number);
}

void out_list(Out *o, const char *name) {
  put_key(o, name);
  put(o, o->is_json ? "[" : "\n");
  o->items = 0;
}

void out_list_end(Out *o) {
  if (o->is_json) put(o, o->items ? "\n  ]" : "]");
}

void out_item(Out *o) {
  put(o, o->is_json && o->items ? "," : "");
  put(o, o->is_json ? "\n    {" : " ");
  o->items++;
  o->values = 0;
}

void out_item_end(Out *o) { put(o, o->is_json ? "}" : "\n"); }

/* Up to a part of an item. */
static void put_part(Out *o, const char *name) {
  if (o->is_json)
    wm_buffer_print(&o->text, "%s\"%s\": ", o->values++ ? ", " : "", name);
  else
    put(o, " ");
}

void out_text(Out *o, const char *name, const void *text, size_t len, bool is_name) {
  put_part(o, name);
  put_value(o, text, len, is_name);
}

void out_word(Out *o, const char *name, const char *word) {
  out_text(o, name, word, strlen(word), false);
}

void out_number(Out *o, const char *name, u64 number) {
  put_part(o, name);
  wm_buffer_print(&o->text, o->is_json ? "%llu" : "%10llu", (unsigned long long)number);
}
