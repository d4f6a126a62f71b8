/* The name section, read where it is (names.h).
 *
 *   custom section "name"   part | part | ...        a part: id, size, contents
 *   NAME_MODULE             name
 *   NAME_FUNC               count, then an index and a name each (a name map)
 *
 * Nothing is kept: a backtrace is rare. Each search has an Error of its own that nobody sees: a
 * malformed section ends the search, that is all. */
#include "binary/names.h"

#include <stdio.h>
#include <stdlib.h>

bool wm_names_find_part(const Module *m, NamePart part, Reader *r, Error *err) {
  if (m->name_section == NO_INDEX) return false;
  const CustomSection *names = &m->customs[m->name_section];
  Reader parts = wm_reader_at(m, names->data_offset, names->size_bytes, err);
  while (parts.pos < parts.end) {
    u8 found = wm_reader_byte(&parts);
    u32 size_bytes = wm_reader_u32(&parts);
    u32 offset = (u32)reader_offset(&parts);
    if (!wm_reader_bytes(&parts, size_bytes)) return false;
    *r = wm_reader_at(m, offset, size_bytes, err);
    if (found == part) return true;
  }
  return false;
}

/* The name of `index` in the name map that part `id` is. */
/* Maps are sorted by index (spec 7.4.1), but tools got that wrong: all of it is looked at. */
static bool find_in_map(const Module *m, NamePart id, u32 index, Name *out) {
  Error err = {0};
  Reader r;
  if (!wm_names_find_part(m, id, &r, &err)) return false;
  u32 count = wm_reader_u32(&r);
  for (u32 i = 0; i < count && reader_ok(&r); i++) {
    u32 named = wm_reader_u32(&r);
    Name name = wm_reader_name(&r);
    if (named != index || !reader_ok(&r)) continue;
    *out = name;
    return true;
  }
  return false;
}

static bool find_export(const Module *m, u32 func_index, Name *out) {
  for (u32 i = 0; i < m->export_count; i++) {
    const Export *export = &m->exports[i];
    if (export->kind != EXTERN_FUNC || export->index != func_index) continue;
    *out = export->name;
    return true;
  }
  return false;
}

/* Imports of all kinds are in one list; only a function below func_import_count is among them. */
static const Import *find_import(const Module *m, u32 func_index) {
  for (u32 i = 0; i < m->import_count && func_index < m->func_import_count; i++) {
    const Import *import = &m->imports[i];
    if (import->kind == EXTERN_FUNC && import->index == func_index) return import;
  }
  return NULL;
}

bool wm_names_find_func(const Module *m, u32 func_index, Name *out) {
  if (find_in_map(m, NAME_FUNC, func_index, out) || find_export(m, func_index, out)) return true;
  const Import *import = find_import(m, func_index);
  if (import) *out = import->name;
  return import != NULL;
}

const char *wm_names_print_func(const Module *m, u32 func_index, char *out, size_t size) {
  Name name;
  if (find_in_map(m, NAME_FUNC, func_index, &name) || find_export(m, func_index, &name))
    return wm_escape(out, size, name.bytes, name.len);
  const Import *import = find_import(m, func_index);
  if (import) {
    char module[64], field[128];
    wm_escape(module, sizeof module, import->module.bytes, import->module.len);
    wm_escape(field, sizeof field, import->name.bytes, import->name.len);
    snprintf(out, size, "%s.%s", module, field);
  } else {
    snprintf(out, size, "func %u", func_index);
  }
  return out;
}

/* As find_in_map has it: of two names for one function the first counts. */
static void list_map(const Module *m, Name *names) {
  Error err = {0};
  Reader r;
  if (!wm_names_find_part(m, NAME_FUNC, &r, &err)) return;
  u32 count = wm_reader_u32(&r);
  for (u32 i = 0; i < count && reader_ok(&r); i++) {
    u32 named = wm_reader_u32(&r);
    Name name = wm_reader_name(&r);
    if (reader_ok(&r) && named < m->func_count && !names[named].bytes) names[named] = name;
  }
}

Name *wm_names_list_funcs(const Module *m) {
  /* One more than there are, so that a module without functions is no failure. */
  Name *names = calloc(m->func_count + (size_t)1, sizeof *names);
  if (!names) return NULL;
  list_map(m, names);
  for (u32 i = 0; i < m->export_count; i++) {
    const Export *export = &m->exports[i];
    if (export->kind != EXTERN_FUNC || export->index >= m->func_count) continue;
    if (!names[export->index].bytes) names[export->index] = export->name;
  }
  return names;
}

bool wm_names_find_module(const Module *m, Name *out) {
  Error err = {0};
  Reader r;
  if (!wm_names_find_part(m, NAME_MODULE, &r, &err)) return false;
  *out = wm_reader_name(&r);
  return reader_ok(&r);
}
