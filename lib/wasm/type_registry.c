/* The registry of canonical types (types.h, spec 3.1.3 "rolling up").
 *
 * A recursion group is known by its key: its types written down as words, with references inside
 * the group relative and all others as canonical ids. Equal keys are equal groups, so one hash
 * table of groups is all there is to it. Each group is one block of memory:
 *
 *   Group | Entry[len] | displays | parameter, result and field lists | key
 *
 * Ids lead to entries through chunks that never move, so readers that hold a count take no lock. */
#include "base/buffer.h"
#include "base/hashmap.h"
#include "os/os.h"
#include "wasm/limits.h"
#include "wasm/types.h"

#include <stdlib.h>

typedef struct Group Group;

typedef struct Entry {
  SubType type;       /* first; references are canonical ids */
  Group *group;       /* borrowed: the block it is in */
  u32 depth;          /* number of ancestors */
  const u32 *display; /* ids of the ancestors from the root, then its own: depth + 1 items */
} Entry;

struct Group {
  Group *next; /* in its bucket, or in the list of those to free */
  u64 hash;
  u64 count; /* modules and groups that hold it */
  TypeRegistry *registry;
  u32 len, key_words;
  Entry *entries;
  const u32 *key;
};

enum {
  CHUNK_LOG2 = 12,
  CHUNK_LEN = 1 << CHUNK_LOG2,
  RELATIVE = GROUP_TYPE, /* in keys: RELATIVE + i is the group's item i; ids are below it */
  MAX_IDS = RELATIVE,
};
_Static_assert(RELATIVE + MAX_RECURSION_GROUP < HEAP_ABSTRACT,
               "relative references fit heap types");

struct TypeRegistry {
  void *owner;     /* borrowed */
  Mutex lock;      /* for everything but reading entries */
  Group **buckets; /* owned */
  u32 bucket_count, group_count;
  Buffer key;    /* of the group being interned */
  u32 next_id;   /* ids from here on were never used; 1 is the first */
  u32 *free_ids; /* owned: a stack, with room for all ids below next_id */
  u32 free_count, free_cap;
  Entry **chunks[MAX_IDS >> CHUNK_LOG2]; /* owned */
};

/* What is interned, and how its references are meant: module indices, or as keys have them. */
typedef struct Source {
  SubType *types; /* borrowed: the whole type space of a module */
  u32 start, len;
  bool is_canonical;
} Source;

/* ---- entries by id ---- */

static Entry *entry_of(const TypeRegistry *reg, u32 id) {
  return reg->chunks[id >> CHUNK_LOG2][id & (CHUNK_LEN - 1)];
}

/* Makes sure that `len` ids can be taken without failing. */
static bool reserve_ids(TypeRegistry *reg, u32 len) {
  if (reg->free_count >= len) return true;
  u32 end = reg->next_id + (len - reg->free_count);
  if (end > MAX_IDS) return false;
  for (u32 i = reg->next_id >> CHUNK_LOG2; i <= (end - 1) >> CHUNK_LOG2; i++) {
    if (!reg->chunks[i]) reg->chunks[i] = calloc(CHUNK_LEN, sizeof(Entry *));
    if (!reg->chunks[i]) return false;
  }
  if (end <= reg->free_cap) return true;
  u32 cap = max_u32(end, reg->free_cap * 2);
  u32 *grown = realloc(reg->free_ids, (size_t)cap * sizeof *grown);
  if (!grown) return false;
  reg->free_ids = grown;
  reg->free_cap = cap;
  return true;
}

static u32 take_id(TypeRegistry *reg, Entry *entry) {
  u32 id = reg->free_count ? reg->free_ids[--reg->free_count] : reg->next_id++;
  reg->chunks[id >> CHUNK_LOG2][id & (CHUNK_LEN - 1)] = entry;
  return id;
}

static void give_id(TypeRegistry *reg, u32 id) {
  reg->chunks[id >> CHUNK_LOG2][id & (CHUNK_LEN - 1)] = NULL;
  reg->free_ids[reg->free_count++] = id;
}

/* ---- keys ---- */

/* A reference as keys hold it. */
static u32 key_ref(const Source *src, u32 index) {
  if (src->is_canonical) return index;
  return index >= src->start ? RELATIVE + (index - src->start) : src->types[index].type_id;
}

static u32 key_valtype(const Source *src, ValType t) {
  if (!val_names_type(t)) return t;
  return val_kind(t) | key_ref(src, val_heap(t)) << 8;
}

static void write_valtypes(Buffer *b, const Source *src, const ValType *list, u32 count) {
  wm_buffer_u32(b, count);
  for (u32 i = 0; i < count; i++) wm_buffer_u32(b, key_valtype(src, list[i]));
}

static void write_type(Buffer *b, const Source *src, const SubType *t) {
  wm_buffer_u32(b, (u32)t->kind | (u32)t->is_final << 8);
  wm_buffer_u32(b, t->super == NO_TYPE ? NO_TYPE : key_ref(src, t->super));
  if (t->kind == COMP_FUNC) {
    write_valtypes(b, src, t->params, t->param_count);
    write_valtypes(b, src, t->results, t->result_count);
    return;
  }
  wm_buffer_u32(b, t->field_count);
  for (u32 i = 0; i < t->field_count; i++) {
    wm_buffer_u32(b, key_valtype(src, t->fields[i].type));
    wm_buffer_u32(b, t->fields[i].is_mutable);
  }
}

static bool write_key(TypeRegistry *reg, const Source *src) {
  reg->key.len = 0;
  reg->key.failed = false;
  wm_buffer_u32(&reg->key, src->len);
  for (u32 i = 0; i < src->len; i++) write_type(&reg->key, src, &src->types[src->start + i]);
  return !reg->key.failed && reg->key.len / sizeof(u32) <= UINT32_MAX;
}

/* ---- groups ---- */

static Group **bucket_of(const TypeRegistry *reg, u64 hash) {
  return &reg->buckets[hash & (reg->bucket_count - 1)];
}

static Group *find_group(const TypeRegistry *reg, u64 hash) {
  if (!reg->bucket_count) return NULL;
  for (Group *g = *bucket_of(reg, hash); g; g = g->next) {
    if (g->hash == hash && (size_t)g->key_words * sizeof(u32) == reg->key.len &&
        !memcmp(g->key, reg->key.data, reg->key.len))
      return g;
  }
  return NULL;
}

static bool grow_buckets(TypeRegistry *reg) {
  if (reg->group_count < reg->bucket_count) return true;
  u32 old_count = reg->bucket_count;
  Group **old = reg->buckets, **grown = calloc(max_u32(old_count * 2, 64), sizeof(Group *));
  if (!grown) return false;
  reg->buckets = grown;
  reg->bucket_count = max_u32(old_count * 2, 64);
  for (u32 i = 0; i < old_count; i++) {
    for (Group *g = old[i], *next; g; g = next) {
      next = g->next;
      g->next = *bucket_of(reg, g->hash);
      *bucket_of(reg, g->hash) = g;
    }
  }
  free(old);
  return true;
}

/* The number of a type's ancestors: those of its supertype and that one. NO_TYPE when too many. */
static u32 depth_of(const TypeRegistry *reg, const Source *src, const Entry *done,
                    const SubType *t) {
  if (t->super == NO_TYPE) return 0;
  u32 super = key_ref(src, t->super);
  u32 depth = super >= RELATIVE ? done[super - RELATIVE].depth : entry_of(reg, super)->depth;
  return depth < MAX_SUBTYPE_DEPTH ? depth + 1 : NO_TYPE;
}

/* Where the parts of a group's block begin, as offsets. */
typedef struct Layout {
  size_t entries, words, fields, key, size;
} Layout;

/* Of a type's display: itself and its ancestors, which come before it. */
static u32 display_words(const TypeRegistry *reg, const Source *src, const SubType *t) {
  u32 words = 1;
  for (; t->super != NO_TYPE && words <= MAX_SUBTYPE_DEPTH; words++) {
    u32 super = key_ref(src, t->super);
    if (super < RELATIVE) return words + entry_of(reg, super)->depth + 1;
    t = &src->types[src->start + (super - RELATIVE)];
  }
  return words;
}

static Layout layout_of(const TypeRegistry *reg, const Source *src) {
  u64 words = 0, fields = 0;
  for (u32 i = 0; i < src->len; i++) {
    const SubType *t = &src->types[src->start + i];
    words += (u64)t->param_count + t->result_count;
    words += display_words(reg, src, t);
    fields += t->field_count;
  }
  Layout l = {.entries = sizeof(Group)};
  l.fields = l.entries + src->len * sizeof(Entry);
  l.words = l.fields + (size_t)fields * sizeof(FieldType);
  l.key = l.words + (size_t)words * sizeof(u32);
  l.size = l.key + reg->key.len;
  return l;
}

/* A reference of the key, resolved to an id. */
static u32 resolve(const Entry *entries, u32 ref) {
  return ref >= RELATIVE ? entries[ref - RELATIVE].type.type_id : ref;
}

static ValType resolve_valtype(const Source *src, const Entry *entries, ValType t) {
  if (!val_names_type(t)) return t;
  return val_kind(t) | resolve(entries, key_ref(src, val_heap(t))) << 8;
}

static const ValType *copy_valtypes(const Source *src, const Entry *entries, const ValType *list,
                                    u32 count, u32 **words) {
  u32 *copy = *words;
  for (u32 i = 0; i < count; i++) copy[i] = resolve_valtype(src, entries, list[i]);
  *words += count;
  return copy;
}

/* Places a struct's fields one after the other, each at a multiple of its size (8 at most), so that
 * those of a supertype are where it has them. An array's field is its first element. */
static void lay_out(SubType *t, FieldType *fields) {
  u32 at = OBJECT_HEADER_BYTES;
  for (u32 i = 0; i < t->field_count; i++) {
    u32 size = val_storage_bytes(fields[i].type), align = min_u32(size, 8);
    at = (at + align - 1) & ~(align - 1);
    fields[i].offset = at;
    if (val_is_ref(fields[i].type) && at / 8 < 64) t->ref_words |= UINT64_C(1) << at / 8;
    at += size;
  }
  t->object_bytes = t->kind == COMP_ARRAY ? OBJECT_HEADER_BYTES : (at + 7) & ~7u;
}

/* Copies a type's lists into the block and resolves its references; entries before it are complete,
 * and all have their ids. */
static void fill_entry(const TypeRegistry *reg, const Source *src, Entry *entries, u32 i,
                       u32 **words, FieldType **fields) {
  Entry *e = &entries[i];
  const SubType *from = &src->types[src->start + i];
  u32 *display = *words;
  *words += e->depth + 1;
  if (from->super != NO_TYPE) {
    e->type.super = resolve(entries, key_ref(src, from->super));
    memcpy(display, entry_of(reg, e->type.super)->display, (size_t)e->depth * sizeof(u32));
  }
  display[e->depth] = e->type.type_id;
  e->display = display;
  e->type.params = copy_valtypes(src, entries, from->params, from->param_count, words);
  e->type.results = copy_valtypes(src, entries, from->results, from->result_count, words);
  e->type.fields = *fields;
  for (u32 f = 0; f < from->field_count; f++) {
    (*fields)[f] = from->fields[f];
    (*fields)[f].type = resolve_valtype(src, entries, from->fields[f].type);
  }
  lay_out(&e->type, *fields);
  *fields += from->field_count;
}

/* What is done with each group that an entry refers to. */
typedef struct Visitor {
  const TypeRegistry *reg;
  void (*visit)(Group *g, void *data);
  void *data;
} Visitor;

static void visit_id(const Visitor *v, const Entry *from, u32 id) {
  Group *g = entry_of(v->reg, id)->group;
  if (g != from->group) v->visit(g, v->data);
}

static void visit_valtype(const Visitor *v, const Entry *from, ValType t) {
  if (val_names_type(t)) visit_id(v, from, val_heap(t));
}

/* Visits each reference of the group that leads out of it, as often as it occurs. */
static void visit_refs(const Visitor *v, const Group *g) {
  for (u32 i = 0; i < g->len; i++) {
    const Entry *e = &g->entries[i];
    const SubType *t = &e->type;
    if (t->super != NO_TYPE) visit_id(v, e, t->super);
    for (u32 p = 0; p < t->param_count; p++) visit_valtype(v, e, t->params[p]);
    for (u32 p = 0; p < t->result_count; p++) visit_valtype(v, e, t->results[p]);
    for (u32 p = 0; p < t->field_count; p++) visit_valtype(v, e, t->fields[p].type);
  }
}

static void add_count(Group *g, void *data) {
  (void)data;
  g->count++;
}

/* Depths and types of all entries; false when a supertype chain is too long. */
static bool prepare_entries(const TypeRegistry *reg, const Source *src, Group *g) {
  for (u32 i = 0; i < src->len; i++) {
    Entry *e = &g->entries[i];
    e->type = src->types[src->start + i];
    e->group = g;
    e->depth = depth_of(reg, src, g->entries, &e->type);
    if (e->depth == NO_TYPE) return false;
  }
  return true;
}

/* Makes the group of reg->key and enters it; NULL when out of memory. */
static Group *add_group(TypeRegistry *reg, const Source *src, u64 hash) {
  Layout l = layout_of(reg, src);
  if (!grow_buckets(reg) || !reserve_ids(reg, src->len)) return NULL;
  u8 *block = calloc(1, l.size);
  if (!block) return NULL;
  Group *g = (Group *)(void *)block;
  *g = (Group){.hash = hash,
               .registry = reg,
               .len = src->len,
               .key_words = (u32)(reg->key.len / sizeof(u32))};
  g->entries = (Entry *)(void *)(block + l.entries);
  g->key = memcpy(block + l.key, reg->key.data, reg->key.len);
  if (!prepare_entries(reg, src, g)) {
    free(block);
    return NULL;
  }
  for (u32 i = 0; i < src->len; i++) g->entries[i].type.type_id = take_id(reg, &g->entries[i]);
  u32 *words = (u32 *)(void *)(block + l.words);
  FieldType *fields = (FieldType *)(void *)(block + l.fields);
  for (u32 i = 0; i < src->len; i++) {
    g->entries[i].type.group_start = g->entries[0].type.type_id;
    g->entries[i].type.group_len = src->len;
    fill_entry(reg, src, g->entries, i, &words, &fields);
  }
  visit_refs(&(Visitor){reg, add_count, NULL}, g);
  g->next = *bucket_of(reg, hash);
  *bucket_of(reg, hash) = g;
  reg->group_count++;
  return g;
}

/* The group of src, counted once more; NULL when out of memory. */
static Group *intern(TypeRegistry *reg, const Source *src) {
  if (!write_key(reg, src)) return NULL;
  u64 hash = wm_hash_bytes(reg->key.data, reg->key.len, hash_seed(reg));
  Group *g = find_group(reg, hash);
  if (!g) g = add_group(reg, src, hash);
  if (g) g->count++;
  return g;
}

static void unlink_group(TypeRegistry *reg, Group *g) {
  Group **link = bucket_of(reg, g->hash);
  while (*link != g) link = &(*link)->next;
  *link = g->next;
  reg->group_count--;
}

/* Takes one count; a group that nobody holds any more goes from its bucket to the list at `data`.
 */
typedef struct Dying {
  TypeRegistry *reg;
  Group *list;
} Dying;

static void drop_count(Group *g, void *data) {
  Dying *dying = data;
  if (--g->count) return;
  unlink_group(dying->reg, g);
  g->next = dying->list;
  dying->list = g;
}

/* ---- the interface ---- */

TypeRegistry *wm_types_new(void) {
  TypeRegistry *reg = calloc(1, sizeof *reg);
  if (reg && !wm_mutex_init(&reg->lock)) {
    free(reg);
    reg = NULL;
  }
  if (reg) reg->next_id = 1;
  return reg;
}

void wm_types_delete(TypeRegistry *reg) {
  if (!reg) return;
  for (u32 i = 0; i < reg->bucket_count; i++) {
    for (Group *g = reg->buckets[i], *next; g; g = next) {
      next = g->next;
      free(g);
    }
  }
  for (u32 i = 0; i < ARRAY_LEN(reg->chunks); i++) free(reg->chunks[i]);
  free(reg->buckets);
  free(reg->free_ids);
  wm_buffer_free(&reg->key);
  wm_mutex_destroy(&reg->lock);
  free(reg);
}

static bool intern_locked(TypeRegistry *reg, const Source *src) {
  if (!src->len) return true;
  wm_mutex_lock(&reg->lock);
  const Group *g = intern(reg, src);
  wm_mutex_unlock(&reg->lock);
  for (u32 i = 0; i < src->len && g; i++)
    src->types[src->start + i].type_id = g->entries[i].type.type_id;
  return g != NULL;
}

bool wm_types_intern(TypeRegistry *reg, SubType *types, u32 start, u32 len) {
  return intern_locked(reg, &(Source){types, start, len, false});
}

bool wm_types_intern_group(TypeRegistry *reg, SubType *types, u32 len) {
  return intern_locked(reg, &(Source){types, 0, len, true});
}

u32 wm_types_intern_func(TypeRegistry *reg, const ValType *params, u32 param_count,
                         const ValType *results, u32 result_count) {
  SubType type = {.kind = COMP_FUNC, .is_final = true, .super = NO_TYPE, .group_len = 1};
  type.param_count = param_count;
  type.result_count = result_count;
  type.params = params;
  type.results = results;
  for (u32 i = 0; i < param_count; i++) type.param_slots += val_slots(params[i]);
  for (u32 i = 0; i < result_count; i++) type.result_slots += val_slots(results[i]);
  return wm_types_intern_group(reg, &type, 1) ? type.type_id : NO_TYPE;
}

void wm_types_retain(TypeRegistry *reg, u32 type_id) {
  wm_mutex_lock(&reg->lock);
  entry_of(reg, type_id)->group->count++;
  wm_mutex_unlock(&reg->lock);
}

void wm_types_release(TypeRegistry *reg, u32 type_id) {
  wm_mutex_lock(&reg->lock);
  Dying dying = {.reg = reg};
  drop_count(entry_of(reg, type_id)->group, &dying);
  while (dying.list) {
    Group *g = dying.list;
    dying.list = g->next;
    visit_refs(&(Visitor){reg, drop_count, &dying}, g);
    for (u32 i = 0; i < g->len; i++) give_id(reg, g->entries[i].type.type_id);
    free(g);
  }
  wm_mutex_unlock(&reg->lock);
}

const SubType *wm_types_get(TypeRegistry *reg, u32 type_id) {
  return &entry_of(reg, type_id)->type;
}

TypeRegistry *wm_types_registry_of(const SubType *type) {
  return ((const Entry *)(const void *)type)->group->registry;
}

void wm_types_set_owner(TypeRegistry *reg, void *owner) { reg->owner = owner; }
void *wm_types_owner(const TypeRegistry *reg) { return reg->owner; }

bool wm_types_is_sub(TypeRegistry *reg, u32 sub, u32 super) {
  if (sub == super) return true;
  const Entry *a = entry_of(reg, sub), *b = entry_of(reg, super);
  return a->depth > b->depth && a->display[b->depth] == super;
}
