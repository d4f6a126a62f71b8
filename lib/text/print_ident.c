/* Identifiers made of the name section (spec 7.4.1 and the extended name section), which is read
 * where it is: a malformed one has no names from the error on. The first name of an index counts.
 *
 * An identifier must be there, be unique, and not be so long that its uses outgrow the module.
 * Where the name is not, the identifier is its start and "#" with the index, and the annotation
 * @name says the name itself. */
#include "base/hashmap.h"
#include "binary/names.h"
#include "text/lexer.h"
#include "text/printer.h"

enum { MAX_ID_BYTES = 256, SUFFIX_ROOM = 24 };

/* ---- making them ---- */

static void take_name(Ident *ident, Name name) {
  if (!ident->name) *ident = (Ident){.name = name.bytes, .name_len = name.len};
}

/* Appends v in decimal; returns the new length. */
static u32 append_number(u8 *text, u32 len, u32 v) {
  u8 digits[10];
  u32 count = 0;
  do digits[count++] = (u8)('0' + v % 10);
  while (v /= 10);
  while (count) text[len++] = digits[--count];
  return len;
}

/* Gives a name that is no good an identifier that nobody has: "start#index", "start#index.1" ...
 * False: out of memory. */
static bool invent_id(Printer *p, NameMap *taken, Ident *ident, u32 index) {
  u32 start = min_u32(ident->name_len, MAX_ID_BYTES);
  while (start && start < ident->name_len && (ident->name[start] & 0xC0) == 0x80) start--;
  u8 *text = wm_arena_alloc(&p->arena, start + SUFFIX_ROOM);
  if (!text) return false;
  memcpy(text, ident->name, start);
  text[start] = '#';
  u32 stem = append_number(text, start + 1, index), len = stem;
  bool existed = true;
  for (u32 i = 1; existed; i++) {
    if (!wm_namemap_add(taken, text, len, index, &existed)) return false;
    if (!existed) break;
    text[stem] = '.';
    len = append_number(text, stem + 1, i);
  }
  ident->id = text;
  ident->id_len = len;
  return true;
}

/* Names that are good as they are get their identifiers first, so that they keep them. */
static bool take_good_ids(NameMap *taken, Ident *idents, u32 count) {
  for (u32 i = 0; i < count; i++) {
    Ident *ident = &idents[i];
    bool existed = false;
    if (!ident->name_len || ident->name_len > MAX_ID_BYTES) continue;
    if (!wm_namemap_add(taken, ident->name, ident->name_len, i, &existed)) return false;
    if (existed) continue;
    ident->id = ident->name;
    ident->id_len = ident->name_len;
  }
  return true;
}

static bool make_ids(Printer *p, Ident *idents, u32 count) {
  NameMap taken = {.seed = hash_seed(idents)};
  bool ok = take_good_ids(&taken, idents, count);
  for (u32 i = 0; ok && i < count; i++)
    if (idents[i].name_len && !idents[i].id_len) ok = invent_id(p, &taken, &idents[i], i);
  wm_namemap_free(&taken);
  return ok || wm_print_out_of_memory(p);
}

/* Reads a name map into `idents`. */
static void read_map(Reader *r, Ident *idents, u32 count) {
  u32 entries = wm_reader_u32(r);
  for (u32 i = 0; i < entries && reader_ok(r); i++) {
    u32 index = wm_reader_u32(r);
    Name name = wm_reader_name(r);
    if (reader_ok(r) && index < count) take_name(&idents[index], name);
  }
}

static bool make_space(Printer *p, NamePart part, u32 count) {
  Error ignored = {0};
  Reader r;
  if (!count || !wm_names_find_part(p->m, part, &r, &ignored)) return true;
  Ident *idents = arena_array(&p->arena, Ident, count);
  if (!idents) return wm_print_out_of_memory(p);
  p->ids[part] = (Idents){idents, count};
  read_map(&r, idents, count);
  return make_ids(p, idents, count);
}

/* Steps over a name map. */
static void skip_map(Reader *r) {
  u32 entries = wm_reader_u32(r);
  for (u32 i = 0; i < entries && reader_ok(r); i++) {
    wm_reader_u32(r);
    wm_reader_name(r);
  }
}

/* Where the maps of an indirect name map are, by owner; NULL: nowhere, or out of memory. */
static u32 *find_maps(Printer *p, NamePart part, u32 owners) {
  Error ignored = {0};
  Reader r;
  if (!owners || !wm_names_find_part(p->m, part, &r, &ignored)) return NULL;
  u32 *maps = arena_array(&p->arena, u32, owners);
  if (!maps) {
    wm_print_out_of_memory(p);
    return NULL;
  }
  u32 entries = wm_reader_u32(&r);
  for (u32 i = 0; i < entries && reader_ok(&r); i++) {
    u32 owner = wm_reader_u32(&r);
    if (reader_ok(&r) && owner < owners && !maps[owner]) maps[owner] = (u32)reader_offset(&r);
    skip_map(&r);
  }
  return maps;
}

/* A reader at one of these maps; to the end of the name section. */
static Reader map_reader(const Printer *p, u32 offset, Error *err) {
  const CustomSection *names = &p->m->customs[p->m->name_section];
  return wm_reader_at(p->m, offset, names->data_offset + names->size_bytes - offset, err);
}

static bool make_fields(Printer *p) {
  const Module *m = p->m;
  u32 *maps = find_maps(p, NAME_FIELD, m->type_count);
  if (!maps) return wm_print_ok(p);
  p->fields = arena_array(&p->arena, Idents, m->type_count);
  if (!p->fields) return wm_print_out_of_memory(p);
  for (u32 i = 0; i < m->type_count; i++) {
    u32 count = m->types[i].kind == COMP_STRUCT ? m->types[i].field_count : 0;
    if (!maps[i] || !count) continue;
    Ident *idents = arena_array(&p->arena, Ident, count);
    if (!idents) return wm_print_out_of_memory(p);
    Error ignored = {0};
    Reader r = map_reader(p, maps[i], &ignored);
    read_map(&r, idents, count);
    p->fields[i] = (Idents){idents, count};
    if (!make_ids(p, idents, count)) return false;
  }
  return true;
}

static bool make_module_name(Printer *p) {
  Name name;
  if (!wm_names_find_module(p->m, &name)) return true;
  take_name(&p->module_name, name);
  return make_ids(p, &p->module_name, 1);
}

bool wm_print_idents(Printer *p) {
  const Module *m = p->m;
  if (print_has(p, PRINT_NO_NAMES) || m->name_section == NO_INDEX) return true;
  bool ok = make_module_name(p) && make_space(p, NAME_FUNC, m->func_count) &&
            make_space(p, NAME_TYPE, m->type_count) && make_space(p, NAME_TABLE, m->table_count) &&
            make_space(p, NAME_MEMORY, m->memory_count) &&
            make_space(p, NAME_GLOBAL, m->global_count) &&
            make_space(p, NAME_ELEM, m->elem_count) && make_space(p, NAME_DATA, m->data_count) &&
            make_space(p, NAME_TAG, m->tag_count) && make_fields(p);
  if (!ok) return false;
  p->local_maps = find_maps(p, NAME_LOCAL, m->func_count);
  p->label_maps = find_maps(p, NAME_LABEL, m->func_count);
  return wm_print_ok(p);
}

static bool make_locals(Printer *p, u32 offset, u32 count) {
  Error ignored = {0};
  Reader r = map_reader(p, offset, &ignored);
  if (!vec_reserve(&p->local_ids, count)) return wm_print_out_of_memory(p);
  memset(p->local_ids.data, 0, count * sizeof *p->local_ids.data);
  p->local_ids.len = count;
  read_map(&r, p->local_ids.data, count);
  return make_ids(p, p->local_ids.data, count);
}

/* Labels' names in ascending order, as the name section has to have them; others are passed over.
 */
static bool read_labels(Printer *p, Reader *r) {
  u32 entries = wm_reader_u32(r);
  for (u32 i = 0; i < entries && reader_ok(r); i++) {
    u32 index = wm_reader_u32(r);
    Name name = wm_reader_name(r);
    bool is_next = !p->label_ids.len || index > vec_last(&p->label_ids)->index;
    if (!reader_ok(r) || !is_next) continue;
    LabelName *label = print_push(p, &p->label_ids);
    if (!label) return false;
    *label = (LabelName){.index = index, .ident = {.name = name.bytes, .name_len = name.len}};
  }
  return true;
}

static bool make_labels(Printer *p, u32 offset) {
  Error ignored = {0};
  Reader r = map_reader(p, offset, &ignored);
  if (!read_labels(p, &r)) return false;
  u32 count = p->label_ids.len;
  Ident *idents = arena_array(&p->arena, Ident, max_u32(count, 1));
  if (!idents) return wm_print_out_of_memory(p);
  for (u32 i = 0; i < count; i++) idents[i] = p->label_ids.data[i].ident;
  bool ok = make_ids(p, idents, count);
  for (u32 i = 0; i < count; i++) p->label_ids.data[i].ident = idents[i];
  return ok;
}

bool wm_print_local_idents(Printer *p, u32 func, u32 count) {
  p->local_ids.len = p->label_ids.len = 0;
  bool has_locals = count && p->local_maps && p->local_maps[func];
  if (has_locals && !make_locals(p, p->local_maps[func], count)) return false;
  return !p->label_maps || !p->label_maps[func] || make_labels(p, p->label_maps[func]);
}

Ident wm_print_label_ident(const Printer *p, u32 label) {
  u32 low = 0, high = p->label_ids.len;
  while (low < high) {
    u32 middle = low + (high - low) / 2;
    if (p->label_ids.data[middle].index < label)
      low = middle + 1;
    else
      high = middle;
  }
  bool found = low < p->label_ids.len && p->label_ids.data[low].index == label;
  return found ? p->label_ids.data[low].ident : (Ident){0};
}

/* ---- writing them ---- */

void wm_put_id(Printer *p, const Ident *ident) {
  put_char(p, '$');
  if (wm_id_chars(ident->id, ident->id_len))
    put_bytes(p, ident->id, ident->id_len);
  else
    wm_put_name(p, ident->id, ident->id_len);
}

void wm_put_ident(Printer *p, const Ident *ident) {
  if (ident->id_len) {
    put_char(p, ' ');
    wm_put_id(p, ident);
  }
  if (!ident->name || ident->id == ident->name) return;
  put_text(p, " (@name ");
  wm_put_name(p, ident->name, ident->name_len);
  put_char(p, ')');
}

static const Ident *find_ident(const Idents *idents, u32 index) {
  static const Ident none;
  return idents->at && index < idents->count ? &idents->at[index] : &none;
}

void wm_put_definition(Printer *p, NamePart part, u32 index) {
  wm_put_ident(p, find_ident(&p->ids[part], index));
  wm_put_number_note(p, index);
}

static void put_use(Printer *p, const Idents *idents, u32 index) {
  const Ident *ident = find_ident(idents, index);
  if (ident->id_len)
    wm_put_id(p, ident);
  else
    wm_put_uint(p, index);
}

void wm_put_use(Printer *p, NamePart part, u32 index) { put_use(p, &p->ids[part], index); }

void wm_put_local_use(Printer *p, u32 index) {
  put_use(p, &(Idents){p->local_ids.data, p->local_ids.len}, index);
}

void wm_put_field_use(Printer *p, u32 type, u32 field) {
  static const Idents none;
  put_use(p, p->fields && type < p->m->type_count ? &p->fields[type] : &none, field);
}

void wm_put_depth_note(Printer *p, u32 depth) {
  put_text(p, " (;@");
  wm_put_uint(p, depth);
  put_text(p, ";)");
}

void wm_put_label_use(Printer *p, u32 label) {
  u32 open = p->labels.len;
  const Ident *ident = label < open ? &p->labels.data[open - 1 - label].ident : NULL;
  if (ident && ident->id_len) {
    wm_put_id(p, ident);
    return;
  }
  wm_put_uint(p, label);
  if (label <= open) wm_put_depth_note(p, open - label);
}
