/* A module with every kind of section and nearly every form of them, written with the encoder. */
#ifndef WM_TESTS_BINARY_SEED_H
#define WM_TESTS_BINARY_SEED_H

#include "binary/encode.h"

enum { SEED_IMPORTS = 5, SEED_ELEMS = 8, SEED_DATAS = 3 };

static inline void seed_const(Buffer *b, i64 value) {
  wm_encode_op(b, OP_i32_const);
  wm_buffer_sleb(b, value);
  wm_encode_op(b, OP_end);
}

static inline void seed_types(Buffer *b) {
  static const ValType params[] = {VAL_I32, VAL_F64}, results[] = {VAL_I64};
  static const FieldType fields[] = {{.type = VAL_I8, .is_mutable = true},
                                     {.type = REF_NULL_TYPE(2), .is_mutable = false}};
  SubType func = {.kind = COMP_FUNC, .is_final = true, .super = NO_TYPE, .group_len = 1};
  SubType group[2] = {{.kind = COMP_STRUCT, .super = NO_TYPE, .fields = fields, .field_count = 2},
                      {.kind = COMP_STRUCT, .is_final = true, .super = 2, .fields = fields}};
  group[1].field_count = 2;
  SubType array = {.kind = COMP_ARRAY, .is_final = true, .super = NO_TYPE, .fields = fields};
  array.field_count = 1;
  size_t section = wm_encode_section(b, SECTION_TYPE);
  wm_buffer_uleb(b, 4);
  wm_encode_rectype(b, &func, 1); /* 0: [] -> [] */
  func.params = params, func.param_count = 2;
  func.results = results, func.result_count = 1;
  wm_encode_rectype(b, &func, 1);
  wm_encode_rectype(b, group, 2);
  wm_encode_rectype(b, &array, 1);
  wm_encode_close(b, section);
}

static inline void seed_import(Buffer *b, const char *name, u8 kind) {
  wm_encode_name(b, "env", 3);
  wm_encode_name(b, name, (u32)strlen(name));
  wm_buffer_byte(b, kind);
}

static inline void seed_imports(Buffer *b) {
  TableType table = {VAL_EXTERNREF, {.min = 1, .max = 9, .has_max = true}};
  MemoryType memory = {{.min = 1, .max = 2, .has_max = true, .is_shared = true}};
  size_t section = wm_encode_section(b, SECTION_IMPORT);
  wm_buffer_uleb(b, SEED_IMPORTS);
  seed_import(b, "f", EXTERN_FUNC);
  wm_buffer_uleb(b, 0);
  seed_import(b, "t", EXTERN_TABLE);
  wm_encode_tabletype(b, &table);
  seed_import(b, "m", EXTERN_MEMORY);
  wm_encode_memorytype(b, &memory);
  seed_import(b, "g", EXTERN_GLOBAL);
  wm_encode_globaltype(b, (GlobalType){VAL_V128, true});
  seed_import(b, "e", EXTERN_TAG);
  wm_encode_tagtype(b, 0);
  wm_encode_close(b, section);
}

static inline void seed_spaces(Buffer *b) {
  size_t section = wm_encode_section(b, SECTION_FUNCTION);
  wm_buffer_bytes(b, "\x02\x00\x01", 3);
  wm_encode_close(b, section);
  section = wm_encode_section(b, SECTION_TABLE);
  TableType table = {VAL_FUNCREF, {.min = 2, .is_64 = true}};
  wm_buffer_uleb(b, 2);
  wm_encode_tabletype(b, &table);
  wm_buffer_bytes(b, "\x40\x00", 2);
  wm_encode_tabletype(b, &table);
  wm_encode_op(b, OP_ref_func);
  wm_buffer_uleb(b, 1);
  wm_encode_op(b, OP_end);
  wm_encode_close(b, section);
  section = wm_encode_section(b, SECTION_MEMORY);
  MemoryType memory = {{.min = 3, .max = UINT64_C(1) << 40, .has_max = true, .is_64 = true}};
  wm_buffer_uleb(b, 1);
  wm_encode_memorytype(b, &memory);
  wm_encode_close(b, section);
  section = wm_encode_section(b, SECTION_TAG);
  wm_buffer_uleb(b, 1);
  wm_encode_tagtype(b, 0);
  wm_encode_close(b, section);
  section = wm_encode_section(b, SECTION_GLOBAL);
  wm_buffer_uleb(b, 1);
  wm_encode_globaltype(b, (GlobalType){.type = VAL_I32, .is_mutable = false});
  seed_const(b, -5);
  wm_encode_close(b, section);
}

/* The eight forms of element segments in order; two elements each. */
static inline void seed_elems(Buffer *b) {
  size_t section = wm_encode_section(b, SECTION_ELEM);
  wm_buffer_uleb(b, SEED_ELEMS);
  for (u8 flags = 0; flags < SEED_ELEMS; flags++) {
    wm_buffer_byte(b, flags);
    if (!(flags & 1) && (flags & 2)) wm_buffer_uleb(b, 1); /* table */
    if (!(flags & 1)) seed_const(b, flags);
    if ((flags & 3) && (flags & 4)) wm_encode_valtype(b, REF_NULL_TYPE(HEAP_NOFUNC));
    if ((flags & 3) && !(flags & 4)) wm_buffer_byte(b, 0);
    wm_buffer_uleb(b, 2);
    for (u32 i = 0; i < 2; i++) {
      if (flags & 4) wm_encode_op(b, OP_ref_null), wm_encode_heaptype(b, HEAP_FUNC);
      if (flags & 4)
        wm_encode_op(b, OP_end);
      else
        wm_buffer_uleb(b, i);
    }
  }
  wm_encode_close(b, section);
}

static inline void seed_code(Buffer *b) {
  size_t section = wm_encode_section(b, SECTION_CODE);
  wm_buffer_uleb(b, 2);
  size_t body = wm_encode_open(b);
  wm_buffer_bytes(b, "\x00\x0B", 2);
  wm_encode_close(b, body);
  body = wm_encode_open(b);
  wm_buffer_bytes(b, "\x01\x03\x7E", 3); /* three locals of i64 */
  wm_buffer_bytes(b, "\x02\x40\x0E\x01\x00\x00\x0B", 7);
  wm_buffer_bytes(b, "\x42\x00\x0B", 3);
  wm_encode_close(b, body);
  wm_encode_close(b, section);
}

static inline void seed_datas(Buffer *b) {
  size_t section = wm_encode_section(b, SECTION_DATA);
  wm_buffer_uleb(b, SEED_DATAS);
  wm_buffer_byte(b, 0);
  seed_const(b, 8);
  wm_encode_name(b, "abc", 3);
  wm_buffer_byte(b, 1);
  wm_encode_name(b, "", 0);
  wm_buffer_bytes(b, "\x02\x01", 2);
  seed_const(b, 16);
  wm_encode_name(b, "de", 2);
  wm_encode_close(b, section);
}

static inline void seed_names(Buffer *b) {
  size_t section = wm_encode_section(b, SECTION_CUSTOM);
  wm_encode_name(b, "name", 4);
  size_t part = wm_encode_section(b, NAME_MODULE);
  wm_encode_name(b, "seed", 4);
  wm_encode_close(b, part);
  part = wm_encode_section(b, NAME_FUNC);
  wm_buffer_uleb(b, 1);
  wm_encode_name_of(b, 2, "second", 6);
  wm_encode_close(b, part);
  wm_encode_close(b, section);
}

static inline void seed_module(Buffer *b) {
  wm_encode_header(b);
  size_t section = wm_encode_section(b, SECTION_CUSTOM);
  wm_encode_name(b, "note", 4);
  wm_buffer_bytes(b, "\xFF\xFE", 2);
  wm_encode_close(b, section);
  seed_types(b);
  seed_imports(b);
  seed_spaces(b);
  section = wm_encode_section(b, SECTION_EXPORT);
  wm_buffer_uleb(b, 2);
  wm_encode_name(b, "run", 3);
  wm_buffer_bytes(b, "\x00\x01", 2);
  wm_encode_name(b, "mem", 3);
  wm_buffer_bytes(b, "\x02\x01", 2);
  wm_encode_close(b, section);
  section = wm_encode_section(b, SECTION_START);
  wm_buffer_uleb(b, 1);
  wm_encode_close(b, section);
  seed_elems(b);
  section = wm_encode_section(b, SECTION_DATA_COUNT);
  wm_buffer_uleb(b, SEED_DATAS);
  wm_encode_close(b, section);
  seed_code(b);
  seed_datas(b);
  seed_names(b);
}

#endif
