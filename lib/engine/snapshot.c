/* The sections of a snapshot (snapshot.h): which are copied, which are written anew. */
#include "engine/snapshot_parts.h"

#include "base/utf8.h"
#include "wasm/limits.h"

#include <stdlib.h>

/* ---- what can be kept ---- */

static bool refuse(const Snapshot *s, const char *what, u32 index, const char *why) {
  return wm_error_set(s->err, ERR_ARGUMENT, 0, "%s %u %s: a snapshot cannot keep it", what, index,
                      why);
}

static bool check_imports(const Snapshot *s) {
  const Module *m = s->m;
  if (m->memory_import_count) return refuse(s, "memory", 0, "is imported");
  if (m->table_import_count) return refuse(s, "table", 0, "is imported");
  for (u32 i = 0; i < m->global_import_count; i++)
    if (m->globals[i].type.is_mutable) return refuse(s, "global", i, "is imported and mutable");
  for (u32 i = 0; i < m->memory_count; i++)
    if (m->memories[i].limits.is_shared) return refuse(s, "memory", i, "is shared");
  return true;
}

static bool check_running(const Snapshot *s) {
  return !s->in->store->activation ||
         wm_error_set(s->err, ERR_ARGUMENT, 0, "wasm runs in the store: its calls cannot be kept");
}

/* ---- exports ---- */

static bool is_name(Name name, const char *text) {
  return text && name.len == strlen(text) && !memcmp(name.bytes, text, name.len);
}

static const ExportChange *change_of(const Snapshot *s, const Export *e) {
  for (size_t i = 0; i < s->change_count; i++)
    if (is_name(e->name, s->changes[i].from)) return &s->changes[i];
  return NULL;
}

/* Whether a renamed one takes its name. */
static bool is_replaced(const Snapshot *s, const Export *e) {
  for (size_t i = 0; i < s->change_count; i++)
    if (is_name(e->name, s->changes[i].to)) return true;
  return false;
}

static bool is_left_out(const Snapshot *s, const Export *e) {
  const ExportChange *change = change_of(s, e);
  return change ? !change->to : is_replaced(s, e);
}

static bool is_export(const Snapshot *s, const char *name) {
  u32 index;
  return name && strlen(name) <= UINT32_MAX &&
         wm_namemap_get(&s->m->export_map, name, (u32)strlen(name), &index);
}

static bool refuse_change(const Snapshot *s, const char *name, const char *why) {
  char text[64];
  wm_escape(text, sizeof text, name ? name : "", name ? strlen(name) : 0);
  return wm_error_set(s->err, ERR_ARGUMENT, 0, "the export \"%s\" %s", text, why);
}

static bool check_change(const Snapshot *s, size_t i) {
  const ExportChange *change = &s->changes[i];
  if (!is_export(s, change->from)) return refuse_change(s, change->from, "is not there");
  if (change->to && (strlen(change->to) > MAX_NAME_BYTES ||
                     !wm_utf8_valid((const u8 *)change->to, strlen(change->to))))
    return refuse_change(s, change->to, "is no name");
  for (size_t k = 0; k < i; k++) {
    if (!strcmp(s->changes[k].from, change->from))
      return refuse_change(s, change->from, "is named twice");
    if (change->to && s->changes[k].to && !strcmp(s->changes[k].to, change->to))
      return refuse_change(s, change->to, "would be there twice");
  }
  return true;
}

static bool check_changes(const Snapshot *s) {
  for (size_t i = 0; i < s->change_count; i++)
    if (!check_change(s, i)) return false;
  return true;
}

static void write_exports(Snapshot *s) {
  u32 count = 0;
  for (u32 i = 0; i < s->m->export_count; i++) count += !is_left_out(s, &s->m->exports[i]);
  wm_buffer_uleb(s->out, count);
  for (u32 i = 0; i < s->m->export_count; i++) {
    const Export *e = &s->m->exports[i];
    const ExportChange *change = change_of(s, e);
    if (is_left_out(s, e)) continue;
    if (change)
      wm_encode_name(s->out, change->to, (u32)strlen(change->to));
    else
      wm_encode_name(s->out, e->name.bytes, e->name.len);
    wm_buffer_byte(s->out, (u8)e->kind);
    wm_buffer_uleb(s->out, e->index);
  }
}

/* ---- sections ---- */

static void write_data_count(Snapshot *s) { wm_buffer_uleb(s->out, s->data_used + s->data.len); }

/* Those that are written anew. */
static void (*const writers[SECTION_ID_COUNT])(Snapshot *) = {
    [SECTION_TABLE] = wm_snapshot_tables,   [SECTION_MEMORY] = wm_snapshot_memories,
    [SECTION_GLOBAL] = wm_snapshot_globals, [SECTION_EXPORT] = write_exports,
    [SECTION_ELEM] = wm_snapshot_elems,     [SECTION_DATA_COUNT] = write_data_count,
    [SECTION_DATA] = wm_snapshot_datas,
};

static void write_anew(Snapshot *s, u8 id) {
  size_t mark = wm_encode_section(s->out, id);
  writers[id](s);
  wm_encode_close(s->out, mark);
}

static void copy_section(Snapshot *s, const SectionSpan *span) {
  wm_buffer_bytes(s->out, s->m->bytes + span->offset,
                  span->content - span->offset + span->content_bytes);
}

/* Where an id stands in the order of sections. */
static u32 place_of(u8 id) {
  u32 place = 0;
  while (place < SECTION_ORDER_COUNT && wm_section_order[place] != id) place++;
  return place;
}

/* Which of the sections, by their order, are in the module. */
static void find_sections(const Snapshot *s, bool *present, u32 *last_offset) {
  SectionSpan span;
  Reader r = wm_sections_at(s->m, s->err);
  while (wm_section_next(&r, &span))
    if (span.id != SECTION_CUSTOM) {
      present[place_of(span.id)] = true;
      *last_offset = span.offset;
    }
}

static bool is_wanted(const Snapshot *s, u8 id) {
  return (id == SECTION_ELEM && (s->elems.len || s->named_count)) ||
         (id == SECTION_DATA && s->data.len);
}

/* Sections that are new, up to a place in the order. */
static void write_new(Snapshot *s, const bool *present, u32 *place, u32 end) {
  for (; *place < end; ++*place) {
    u8 id = wm_section_order[*place];
    if (!present[*place] && is_wanted(s, id)) write_anew(s, id);
  }
}

static void write_section(Snapshot *s, const SectionSpan *span) {
  if (span->id == SECTION_START) return;
  if (writers[span->id])
    write_anew(s, span->id);
  else
    copy_section(s, span);
}

/* New sections stand before custom ones that stood behind all others: names come last. */
static void write_sections(Snapshot *s) {
  bool present[SECTION_ORDER_COUNT] = {false};
  u32 last_offset = 0, place = 0;
  SectionSpan span;
  find_sections(s, present, &last_offset);
  Reader r = wm_sections_at(s->m, s->err);
  wm_encode_header(s->out);
  while (wm_section_next(&r, &span)) {
    bool is_custom = span.id == SECTION_CUSTOM;
    if (!is_custom) write_new(s, present, &place, place_of(span.id));
    if (is_custom && span.offset > last_offset) write_new(s, present, &place, SECTION_ORDER_COUNT);
    write_section(s, &span);
  }
  write_new(s, present, &place, SECTION_ORDER_COUNT);
}

/* ---- all of it ---- */

static bool finish(const Snapshot *s) {
  if (s->out->failed) return wm_error_out_of_memory(s->err);
  return s->out->len <= MAX_MODULE_BYTES ||
         wm_error_set(s->err, ERR_LIMIT, 0, "module of %llu bytes is too large, at most %u",
                      (unsigned long long)s->out->len, (u32)MAX_MODULE_BYTES);
}

static bool write_all(Snapshot *s) {
  if (!check_running(s) || !check_imports(s) || !check_changes(s) || !wm_snapshot_find_refs(s) ||
      !wm_snapshot_scan_code(s) || !wm_snapshot_find_data(s))
    return false;
  write_sections(s);
  return finish(s);
}

bool wm_snapshot_write(const Instance *in, const ExportChange *changes, size_t change_count,
                       Buffer *out, Error *err) {
  Snapshot s = {.in = in,
                .m = &in->module->module,
                .changes = changes,
                .change_count = change_count,
                .out = out,
                .err = err};
  bool done = write_all(&s);
  vec_free(&s.data);
  vec_free(&s.elems);
  free(s.is_named);
  wm_ptrmap_free(&s.imported_funcs);
  return done;
}
