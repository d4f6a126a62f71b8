/* The generator's module (generate.h): its sections, around bodies made elsewhere. */
#include "tests/fuzz/generate.h"

#include "binary/encode.h"
#include "tests/fuzz/generator.h"

#include <stdio.h>

static void write_func_types(const Gen *g, Buffer *out) {
  for (u32 i = 0; i < g->type_count; i++) {
    const char *lists[] = {g->types[i].params, g->types[i].results};
    wm_buffer_byte(out, 0x60);
    for (u32 k = 0; k < 2; k++) {
      wm_buffer_uleb(out, strlen(lists[k]));
      for (const char *type = lists[k]; *type; type++)
        wm_encode_valtype(out, gen_valtype_of(g, *type));
    }
  }
}

static void type_section(const Gen *g, Buffer *out) {
  size_t section = wm_encode_section(out, SECTION_TYPE);
  u32 grouped = g->together ? g->grouped : 0;
  wm_buffer_uleb(out, g->type_count - grouped + (g->together ? 1 : gen_gc_groups(g)));
  if (g->together) {
    wm_buffer_byte(out, TYPE_REC);
    wm_buffer_uleb(out, g->gc_count + grouped);
  }
  gen_write_gc_types(g, out);
  write_func_types(g, out);
  wm_encode_close(out, section);
}

static void write_part(const Gen *g, u32 part, Buffer *out) {
  wm_buffer_bytes(out, g->parts[part].data, g->parts[part].len);
}

static u32 has_gc(const Gen *g) { return (g->kinds & KIND_GC) != 0; }

static void declare_function(Gen *g, const char *params, const char *results, Buffer *out) {
  wm_buffer_uleb(out, gen_type_index(g, params, results));
}

static void import_head(const char *name, u32 number, u8 kind, Buffer *out) {
  char text[16];
  snprintf(text, sizeof text, number == NO_INDEX ? "%s" : "%s%u", name, number);
  wm_encode_name(out, "m", 1);
  wm_encode_name(out, text, (u32)strlen(text));
  wm_buffer_byte(out, kind);
}

static void import_peer(Gen *g, Buffer *out) {
  static const u8 table[] = {0x70, 1, TABLE_SIZE, TABLE_SIZE + 10};
  for (u32 i = 0; i < g->func_count; i++) {
    import_head("g", i, 0, out);
    wm_buffer_uleb(out, g->func_types[i]);
  }
  import_head("table", NO_INDEX, 1, out);
  wm_buffer_bytes(out, table, sizeof table);
  import_head("fuel", NO_INDEX, 3, out);
  wm_buffer_bytes(out, "\x7F\1", 2);
  if (g->kinds & KIND_GC) {
    import_head("root", NO_INDEX, 3, out);
    wm_encode_globaltype(out, (GlobalType){.type = REF_NULL_TYPE(HEAP_ANY), .is_mutable = true});
  }
  for (u32 i = 0; i < SHARED_TAGS; i++) {
    import_head("t", i, 4, out);
    wm_encode_tagtype(out, gen_type_index(g, g->tags[i], ""));
  }
}

static void import_section(Gen *g, Buffer *out) {
  size_t section = wm_encode_section(out, SECTION_IMPORT);
  wm_buffer_uleb(out, g->is_peer ? 3 + has_gc(g) + g->func_count + SHARED_TAGS : 1);
  import_head("host", NO_INDEX, 0, out);
  declare_function(g, "", "", out);
  if (g->is_peer) import_peer(g, out);
  wm_encode_close(out, section);
}

static void tag_section(Gen *g, Buffer *out) {
  u32 first = g->is_peer ? SHARED_TAGS : 0;
  size_t section = wm_encode_section(out, SECTION_TAG);
  wm_buffer_uleb(out, TAG_COUNT - first);
  for (u32 i = first; i < TAG_COUNT; i++) wm_encode_tagtype(out, gen_type_index(g, g->tags[i], ""));
  wm_encode_close(out, section);
}

static void global_section(const Gen *g, Buffer *out) {
  size_t section = wm_encode_section(out, SECTION_GLOBAL);
  u32 more = has_gc(g) ? 1 + g->gc_count + !g->is_peer : 0;
  wm_buffer_uleb(out, (g->is_peer ? 5 : 6) + more);
  if (!g->is_peer) wm_buffer_bytes(out, "\x7F\1\x41\0\x0B", 5);
  if (!g->is_peer && has_gc(g)) write_part(g, PART_ROOT, out);
  wm_buffer_bytes(out, "\x7F\1\x41\5\x0B\x7E\1\x42\7\x0B", 10);
  wm_buffer_bytes(out, "\x7D\1\x43\0\0\x80\x3F\x0B\x7C\1\x44\0\0\0\0\0\0\xF0\x3F\x0B", 20);
  wm_buffer_bytes(out, "\x7B\1\xFD\x0C\1\2\3\4\5\6\7\0\1\2\3\4\5\6\7\0\x0B", 21);
  if (has_gc(g)) write_part(g, PART_GLOBALS, out);
  wm_encode_close(out, section);
}

static void table_section(const Gen *g, Buffer *out) {
  static const u8 table[] = {0x70, 1, TABLE_SIZE, TABLE_SIZE + 10};
  u32 count = !g->is_peer + has_gc(g);
  if (!count) return;
  size_t section = wm_encode_section(out, SECTION_TABLE);
  wm_buffer_uleb(out, count);
  if (!g->is_peer) wm_buffer_bytes(out, table, sizeof table);
  if (has_gc(g)) write_part(g, PART_TABLE, out);
  wm_encode_close(out, section);
}

/* Functions, tables, memory, tags, globals. */
static void declarations(Gen *g, Buffer *out) {
  size_t section = wm_encode_section(out, SECTION_FUNCTION);
  wm_buffer_uleb(out, 2 * g->func_count + 2 + has_gc(g));
  for (u32 i = 0; i < g->func_count; i++) wm_buffer_uleb(out, g->func_types[i]);
  for (u32 i = 0; i < g->func_count; i++) declare_function(g, gen_entry_sig.params, "", out);
  declare_function(g, "", gen_hash_sig.results, out);
  declare_function(g, "", "", out);
  if (has_gc(g)) declare_function(g, gen_deep_sig.params, gen_deep_sig.results, out);
  wm_encode_close(out, section);
  static const u8 memory[] = {SECTION_MEMORY, 4, 1, 1, 1, 3};
  table_section(g, out);
  wm_buffer_bytes(out, memory, sizeof memory);
  tag_section(g, out);
  global_section(g, out);
}

static void export_one(const char *name, u32 number, u8 kind, u32 index, Buffer *out) {
  char text[16];
  snprintf(text, sizeof text, number == NO_INDEX ? "%s" : "%s%u", name, number);
  wm_encode_name(out, text, (u32)strlen(text));
  wm_buffer_byte(out, kind);
  wm_buffer_uleb(out, index);
}

static void export_section(const Gen *g, Buffer *out) {
  u32 entries = g->own_funcs + g->func_count;
  size_t section = wm_encode_section(out, SECTION_EXPORT);
  wm_buffer_uleb(out, 2 * g->func_count + 4 + has_gc(g) + SHARED_TAGS);
  for (u32 i = 0; i < g->func_count; i++) {
    export_one("f", i, 0, entries + i, out);
    export_one("g", i, 0, g->own_funcs + i, out);
  }
  export_one("hash", NO_INDEX, 0, entries + g->func_count, out);
  export_one("back", NO_INDEX, 0, entries + g->func_count + 1, out);
  export_one("table", NO_INDEX, 1, 0, out);
  export_one("fuel", NO_INDEX, 3, 0, out);
  if (has_gc(g)) export_one("root", NO_INDEX, 3, GC_ROOT, out);
  for (u32 i = 0; i < SHARED_TAGS; i++) export_one("t", i, 4, i, out);
  wm_encode_close(out, section);
}

/* One for the table, of which the second module changes only a part; a passive one; one that only
 * declares what is referred to. */
static void element_section(const Gen *g, Buffer *out) {
  static const char *const heads[] = {"\0\x41\0\x0B", "\1\0", "\3\0"};
  static const u32 head_sizes[] = {4, 2, 2};
  u32 counts[] = {g->is_peer ? g->func_count / 2 : g->func_count, 8, g->func_count};
  size_t section = wm_encode_section(out, SECTION_ELEM);
  wm_buffer_uleb(out, has_gc(g) ? 6 : 3);
  for (u32 segment = 0; segment < 3; segment++) {
    u32 base = segment == 2 ? FIRST_PEER : g->own_funcs;
    wm_buffer_bytes(out, heads[segment], head_sizes[segment]);
    wm_buffer_uleb(out, counts[segment]);
    for (u32 i = 0; i < counts[segment]; i++)
      wm_buffer_uleb(out, base + (i + segment) % g->func_count);
  }
  if (has_gc(g)) write_part(g, PART_ELEMENTS, out);
  wm_encode_close(out, section);
}

static void data_section(Buffer *out) {
  size_t section = wm_encode_section(out, SECTION_DATA);
  wm_buffer_bytes(out, "\2\0\x41\0\x0B\x80\1", 7);
  for (u32 i = 0; i < 128; i++) wm_buffer_byte(out, (u8)(i * 37 ^ i >> 2));
  wm_buffer_bytes(out, "\1\x60", 2);
  for (u32 i = 0; i < 96; i++) wm_buffer_byte(out, (u8)(i * 11 + 200));
  wm_encode_close(out, section);
}

/* ---- what the program is made of ---- */

static void pick_kinds(Gen *g) {
  u32 kinds = gen_pick(g, 8), exceptions = gen_pick(g, 12);
  g->kinds = (kinds & 3) | (kinds & GC_PROGRAM ? KIND_GC : 0);
  if (exceptions >= 2 && exceptions < 7) g->kinds |= KIND_EXN;
  if (exceptions >= 6) g->kinds |= KIND_LEGACY;
}

/* A type names only those before it. */
static void pick_signatures(Gen *g) {
  for (u32 i = 0; i < g->func_count; i++) {
    Sig *sig = &g->funcs[i];
    gen_pick_types(g, sig->params, MAX_LIST);
    if (i && gen_pick(g, 2)) /* tail calls need the same results */
      memcpy(sig->results, g->funcs[gen_pick(g, i)].results, MAX_LIST);
    else
      gen_pick_types(g, sig->results, MAX_LIST);
    g->func_types[i] = gen_type_index(g, sig->params, sig->results);
    if (g->kinds & KIND_TYPED) g->typed_count = i + 1;
  }
  for (u32 i = 0; i < TAG_COUNT; i++) {
    gen_pick_types(g, g->tags[i], MAX_LIST - 1);
    gen_type_index(g, g->tags[i], "");
  }
}

static void all_bodies(Gen *g, Buffer *bodies) {
  const u8 *end = g->tape_end;
  for (u32 i = 0; i < g->func_count; i++) { /* to each its share of the tape */
    g->tape_end = g->tape + (u32)(end - g->tape) / (g->func_count - i);
    gen_inner_function(g, i, bodies);
  }
  for (u32 i = 0; i < g->func_count; i++) gen_entry_function(g, i, bodies);
  gen_hash_function(g, bodies);
  gen_back_function(g, g->func_count - 1, bodies);
  if (has_gc(g)) gen_deep_function(g, bodies);
}

static Buffer generate_module(const u8 *tape, size_t len, bool barriers, bool is_peer) {
  Gen g = {.tape = tape, .tape_end = tape + len, .barriers = barriers, .is_peer = is_peer};
  Buffer bodies = {0}, out = {0};
  pick_kinds(&g);
  g.func_count = 1 + gen_pick(&g, MAX_FUNCS);
  g.own_funcs = FIRST_PEER + (is_peer ? g.func_count : 0);
  if (has_gc(&g)) gen_pick_gc_types(&g);
  gen_pick_palette(&g);
  gen_type_index(&g, gen_entry_sig.params, gen_entry_sig.results);
  gen_type_index(&g, gen_hash_sig.params, gen_hash_sig.results);
  gen_type_index(&g, "", "");
  if (has_gc(&g)) gen_type_index(&g, gen_deep_sig.params, gen_deep_sig.results);
  pick_signatures(&g);
  g.grouped = g.type_count;
  if (has_gc(&g)) gen_make_gc_parts(&g);
  all_bodies(&g, &bodies);
  wm_encode_header(&out);
  type_section(&g, &out);
  import_section(&g, &out);
  declarations(&g, &out);
  export_section(&g, &out);
  element_section(&g, &out);
  wm_buffer_bytes(&out, "\x0C\1\2", 3); /* two data segments */
  size_t section = wm_encode_section(&out, SECTION_CODE);
  wm_buffer_uleb(&out, 2 * g.func_count + 2 + has_gc(&g));
  wm_buffer_bytes(&out, bodies.data, bodies.len);
  wm_encode_close(&out, section);
  data_section(&out);
  out.failed |= bodies.failed || g.code.failed;
  wm_buffer_free(&bodies);
  wm_buffer_free(&g.code);
  for (u32 i = 0; i < PART_COUNT; i++) {
    out.failed |= g.parts[i].failed;
    wm_buffer_free(&g.parts[i]);
  }
  return out;
}

Program generate_program(const u8 *tape, size_t len, bool barriers) {
  return (Program){generate_module(tape, len, barriers, false),
                   generate_module(tape, len, barriers, true)};
}

void program_free(Program *p) {
  wm_buffer_free(&p->module);
  wm_buffer_free(&p->peer);
}
