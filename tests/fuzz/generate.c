/* The generator's module (generate.h): its sections, around bodies made elsewhere. */
#include "tests/fuzz/generate.h"

#include "binary/encode.h"
#include "tests/fuzz/generator.h"

#include <stdio.h>

static void type_section(const Gen *g, Buffer *out) {
  size_t section = wm_encode_section(out, SECTION_TYPE);
  wm_buffer_uleb(out, g->type_count);
  for (u32 i = 0; i < g->type_count; i++) {
    const char *lists[] = {g->types[i].params, g->types[i].results};
    wm_buffer_byte(out, 0x60);
    for (u32 k = 0; k < 2; k++) {
      wm_buffer_uleb(out, strlen(lists[k]));
      for (const char *type = lists[k]; *type; type++)
        wm_encode_valtype(out, gen_valtype_of(*type));
    }
  }
  wm_encode_close(out, section);
}

/* Functions, table, memory, globals. */
static void declarations(Gen *g, Buffer *out) {
  size_t section = wm_encode_section(out, SECTION_FUNCTION);
  wm_buffer_uleb(out, 2 * g->func_count + 1);
  for (u32 i = 0; i < g->func_count; i++)
    wm_buffer_uleb(out, gen_type_index(g, g->funcs[i].params, g->funcs[i].results));
  for (u32 i = 0; i < g->func_count; i++)
    wm_buffer_uleb(out, gen_type_index(g, gen_entry_sig.params, ""));
  wm_buffer_uleb(out, gen_type_index(g, "", gen_hash_sig.results));
  wm_encode_close(out, section);
  static const u8 table_memory[] = {SECTION_TABLE,  5, 1, 0x70, 1, TABLE_SIZE, TABLE_SIZE + 10,
                                    SECTION_MEMORY, 4, 1, 1,    1, 3};
  wm_buffer_bytes(out, table_memory, sizeof table_memory);
  section = wm_encode_section(out, SECTION_GLOBAL);
  wm_buffer_bytes(out, "\6\x7F\1\x41\0\x0B\x7F\1\x41\5\x0B\x7E\1\x42\7\x0B", 16);
  wm_buffer_bytes(out, "\x7D\1\x43\0\0\x80\x3F\x0B\x7C\1\x44\0\0\0\0\0\0\xF0\x3F\x0B", 20);
  wm_buffer_bytes(out, "\x7B\1\xFD\x0C\1\2\3\4\5\6\7\0\1\2\3\4\5\6\7\0\x0B", 21);
  wm_encode_close(out, section);
}

static void exports_and_elements(const Gen *g, Buffer *out) {
  size_t section = wm_encode_section(out, SECTION_EXPORT);
  wm_buffer_uleb(out, g->func_count + 1);
  for (u32 i = 0; i <= g->func_count; i++) {
    char name[8];
    snprintf(name, sizeof name, i == g->func_count ? "hash" : "f%u", i);
    wm_encode_name(out, name, (u32)strlen(name));
    wm_buffer_byte(out, 0);
    wm_buffer_uleb(out, g->func_count + i);
  }
  wm_encode_close(out, section);
  section = wm_encode_section(out, SECTION_ELEM);
  wm_buffer_uleb(out, 2);
  for (u32 segment = 0; segment < 2; segment++) {
    if (segment == 0)
      wm_buffer_bytes(out, "\0\x41\0\x0B", 4); /* table 0 from 0 on */
    else
      wm_buffer_bytes(out, "\1\0", 2); /* passive */
    wm_buffer_uleb(out, segment ? 8 : g->func_count);
    for (u32 i = 0; i < (segment ? 8 : g->func_count); i++)
      wm_buffer_uleb(out, (i + segment) % g->func_count);
  }
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

void generate_program(const u8 *tape, size_t len, bool barriers, Buffer *out) {
  Gen g = {.tape = tape, .tape_end = tape + len, .barriers = barriers};
  Buffer bodies = {0};
  g.func_count = 1 + gen_pick(&g, MAX_FUNCS);
  gen_pick_palette(&g);
  gen_type_index(&g, gen_entry_sig.params, gen_entry_sig.results);
  gen_type_index(&g, gen_hash_sig.params, gen_hash_sig.results);
  for (u32 i = 0; i < g.func_count; i++) {
    gen_pick_types(&g, g.funcs[i].params, MAX_LIST);
    gen_pick_types(&g, g.funcs[i].results, MAX_LIST);
    gen_type_index(&g, g.funcs[i].params, g.funcs[i].results);
  }
  const u8 *end = g.tape_end;
  for (u32 i = 0; i < g.func_count; i++) { /* to each its share of the tape */
    g.tape_end = g.tape + (u32)(end - g.tape) / (g.func_count - i);
    gen_inner_function(&g, i, &bodies);
  }
  for (u32 i = 0; i < g.func_count; i++) gen_entry_function(&g, i, &bodies);
  gen_hash_function(&g, &bodies);
  wm_encode_header(out);
  type_section(&g, out);
  declarations(&g, out);
  exports_and_elements(&g, out);
  wm_buffer_bytes(out, "\x0C\1\2", 3); /* two data segments */
  size_t section = wm_encode_section(out, SECTION_CODE);
  wm_buffer_uleb(out, 2 * g.func_count + 1);
  wm_buffer_bytes(out, bodies.data, bodies.len);
  wm_encode_close(out, section);
  data_section(out);
  out->failed |= bodies.failed || g.code.failed;
  wm_buffer_free(&bodies);
  wm_buffer_free(&g.code);
}
