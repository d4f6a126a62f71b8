/* `wasm inspect` of components: what they import and export, in WIT's words, and what is in their
 * bytes, components inside of components included. */
#include "binary/decode.h"
#include "binary/names.h"
#include "tools/component_file.h"
#include "tools/inspect.h"

/* Binary.md of the component model. */
enum { HEADER_BYTES = 8, MAX_DEPTH = 128, SECTIONS = 13 };
static const char *const section_words[SECTIONS] = {
    "custom", "module", "core instance", "core type", "component", "instance", "alias",
    "type",   "canon",  "start",         "import",    "export",    "value"};
enum { ID_CUSTOM = 0, ID_MODULE = 1, ID_COMPONENT = 4 };

/* ---- the bytes ---- */

/* Goes through all sections, those of components inside behind that component's own. */
typedef struct Walk {
  Reader in;
  const u8 *end; /* of all */
  u32 depth;
  const u8 *ends[MAX_DEPTH]; /* of components that are open */
} Walk;

typedef struct Section {
  u8 id;
  const u8 *content;
  u32 bytes;
  u32 depth; /* 0: of the outermost */
} Section;

static Walk walk_of(const wasm_byte_vec_t *bytes, Error *err) {
  const u8 *start = (const u8 *)bytes->data, *end = start + bytes->size;
  Walk w = {.in = {.start = start, .pos = start + HEADER_BYTES, .end = end, .err = err},
            .end = end};
  w.ends[0] = end;
  return w;
}

/* Of bytes that were read before, so nothing can be wrong with them but their depth. */
static bool next_section(Walk *w, Section *out) {
  while (w->depth && w->in.pos == w->ends[w->depth]) w->depth--;
  if (w->in.pos == w->end) return false;
  out->id = wm_reader_byte(&w->in);
  out->bytes = wm_reader_u32(&w->in);
  out->content = w->in.pos;
  out->depth = w->depth;
  if (out->id == ID_COMPONENT && w->depth + 1 < MAX_DEPTH) {
    w->ends[++w->depth] = out->content + out->bytes;
    w->in.pos += HEADER_BYTES;
  } else {
    wm_reader_bytes(&w->in, out->bytes);
  }
  return reader_ok(&w->in) && out->id < SECTIONS;
}

static Reader reader_of(const Section *s, Error *err) {
  return (Reader){.start = s->content, .pos = s->content, .end = s->content + s->bytes, .err = err};
}

/* How many things the section has; one component, one module. */
static u32 items_of(const Section *s) {
  Error err = {0};
  Reader r = reader_of(s, &err);
  bool is_one = s->id == ID_MODULE || s->id == ID_COMPONENT;
  return s->id == ID_CUSTOM ? 0 : is_one ? 1 : wm_reader_u32(&r);
}

static void out_contents(const wasm_byte_vec_t *bytes, Out *o) {
  Error err = {0};
  Section s;
  u64 counts[SECTIONS] = {0};
  for (Walk w = walk_of(bytes, &err); next_section(&w, &s);) counts[s.id] += items_of(&s);
  out_list(o, "contents");
  for (u32 id = 0; id < SECTIONS; id++) {
    if (!counts[id]) continue;
    out_item(o);
    out_number(o, "count", counts[id]);
    out_word(o, "of", section_words[id]);
    out_item_end(o);
  }
  out_list_end(o);
}

static bool out_module(const Section *s, u32 index, Out *o, Error *err) {
  Module m;
  Name name;
  bool good = wm_module_decode_borrowed(&m, s->content, s->bytes, err);
  if (good) {
    out_item(o);
    out_number(o, "index", index);
    out_number(o, "bytes", s->bytes);
    out_number(o, "functions", m.func_count - m.func_import_count);
    out_number(o, "imports", m.import_count);
    out_number(o, "exports", m.export_count);
    if (wm_names_find_module(&m, &name)) out_text(o, "name", name.bytes, name.len, true);
    out_item_end(o);
  }
  wm_module_free(&m);
  return good;
}

/* For people with a line that says what the numbers are. */
static bool out_modules(const wasm_byte_vec_t *bytes, Out *o, Error *err) {
  Section s;
  Error none = {0};
  u32 index = 0;
  bool good = true;
  out_list(o, "modules");
  if (!o->is_json)
    wm_buffer_print(&o->text, "  %10s %10s %10s %10s %10s\n", "index", "bytes", "functions",
                    "imports", "exports");
  for (Walk w = walk_of(bytes, &none); good && next_section(&w, &s);)
    if (s.id == ID_MODULE) good = out_module(&s, index++, o, err);
  out_list_end(o);
  return good;
}

static Name custom_name(const Section *s) {
  Error err = {0};
  Reader r = reader_of(s, &err);
  u32 len = wm_reader_u32(&r);
  const u8 *text = wm_reader_bytes(&r, len);
  return (Name){text, text ? len : 0};
}

static void out_sections(const wasm_byte_vec_t *bytes, Out *o) {
  Error err = {0};
  Section s;
  out_list(o, "sections");
  for (Walk w = walk_of(bytes, &err); next_section(&w, &s);) {
    if (s.depth) continue;
    out_item(o);
    out_number(o, "bytes", s.bytes);
    out_word(o, "section", section_words[s.id]);
    Name name = s.id == ID_CUSTOM ? custom_name(&s) : (Name){NULL, 0};
    if (name.bytes) out_text(o, "name", name.bytes, name.len, true);
    out_item_end(o);
  }
  out_list_end(o);
}

static void out_producers(const wasm_byte_vec_t *bytes, Out *o) {
  Error err = {0};
  Section s;
  for (Walk w = walk_of(bytes, &err); next_section(&w, &s);) {
    Name name = s.id == ID_CUSTOM && !s.depth ? custom_name(&s) : (Name){NULL, 0};
    if (!is_producers(name)) continue;
    const u8 *content = name.bytes + name.len;
    inspect_producers(content, (size_t)(s.content + s.bytes - content), o);
    return;
  }
  inspect_producers(NULL, 0, o);
}

/* ---- imports and exports ---- */

static const char *kind_word(const wasmcm_item_t *item) {
  switch (item->kind) {
  case WASMCM_INSTANCE: return "instance";
  case WASMCM_COMPONENT: return "component";
  case WASMCM_MODULE: return "module";
  case WASMCM_RESOURCE: return "resource";
  default: return item->is_type ? "type" : "func";
  }
}

/* iface NULL: the item is the component's own. */
static void out_extern(const wasmcm_item_t *iface, const wasmcm_item_t *item,
                       const wasmcm_type_t *within, Out *o) {
  wasm_byte_vec_t type = {0, NULL};
  out_item(o);
  out_word(o, "kind", kind_word(item));
  if (iface) out_text(o, "interface", iface->name, iface->name_size, true);
  out_text(o, "name", item->name, item->name_size, true);
  if (item->kind == WASMCM_FUNC && wasmcm_type_wit(item->type, within, &type)) {
    out_text(o, "type", type.data, type.size, false);
    wasm_byte_vec_delete(&type);
  }
  out_item_end(o);
}

/* What is in an interface that one calls, or makes; types have the WIT. */
static u32 out_interface(const wasmcm_item_t *iface, Out *o) {
  wasmcm_item_t item = {.size = sizeof item};
  u32 count = 0;
  for (size_t i = 0; wasmcm_type_export(iface->type, i, &item); i++) {
    if (item.is_type && item.kind != WASMCM_RESOURCE) continue;
    out_extern(iface, &item, iface->type, o);
    count++;
  }
  return count;
}

typedef bool TellItem(const wasmcm_type_t *, size_t i, wasmcm_item_t *);

static void out_externs(const char *list, const wasmcm_type_t *world, TellItem *tell, Out *o) {
  wasmcm_item_t item = {.size = sizeof item};
  out_list(o, list);
  for (size_t i = 0; tell(world, i, &item); i++)
    if (item.kind != WASMCM_INSTANCE || item.is_type || !out_interface(&item, o))
      out_extern(NULL, &item, world, o);
  out_list_end(o);
}

/* ---- the whole ---- */

static int out_component(const char *path, const wasm_byte_vec_t *bytes,
                         const wasmcm_component_t *component, Out *o) {
  Error err = {0};
  const wasmcm_type_t *world = wasmcm_component_type(component);
  out_begin(o);
  out_fact(o, "file", path, strlen(path));
  out_fact_number(o, "bytes", bytes->size);
  out_fact(o, "kind", "component", 9);
  out_externs("imports", world, wasmcm_type_import, o);
  out_externs("exports", world, wasmcm_type_export, o);
  bool good = out_modules(bytes, o, &err);
  out_contents(bytes, o);
  out_producers(bytes, o);
  out_sections(bytes, o);
  out_end(o);
  if (good) return STATUS_OK;
  return complain("%s: %s", printable(path), err.message);
}

/* Nothing is to be compiled. */
static wasm_engine_t *reading_engine(void) {
  wasm_config_t *config = wasm_config_new();
  if (config) wasmx_config_set_tier(config, WASMX_TIER_INTERP);
  return config ? wasm_engine_new_with_config(config) : NULL;
}

int inspect_component(const char *path, const wasm_byte_vec_t *bytes, Out *o) {
  wasmx_error_t err = {.size = sizeof err};
  wasm_engine_t *engine = reading_engine();
  if (!engine) return complain("out of memory");
  wasmcm_component_t *component =
      wasmcm_component_new_borrowed(engine, bytes->data, bytes->size, 0, NULL, NULL, &err);
  int status = component ? out_component(path, bytes, component, o) : complain_error(path, &err);
  wasmcm_component_delete(component);
  wasm_engine_delete(engine);
  return status;
}
