/* Tables (spec 4.2.7, 4.4.6). The Table object stays where it is; its elements move when it grows.
 */
#include "runtime/collect.h"
#include "runtime/instance.h"
#include "wasm/limits.h"

#include <stdlib.h>

static u64 max_elements(const TableType *type) {
  return type->limits.has_max ? min_u64(type->limits.max, MAX_TABLE_ELEMENTS) : MAX_TABLE_ELEMENTS;
}

static bool is_allowed(const Store *store, u64 delta) {
  return limit_allows(store->limits.table_elements, store->table_elements, delta);
}

static void fill(Ref *elems, u64 count, Ref value) {
  for (u64 i = 0; i < count; i++) elems[i] = value;
}

Table *wm_table_new(Store *store, const TableType *type, Ref init, Error *err) {
  u64 length = type->limits.min;
  if (length > max_elements(type)) {
    wm_error_set(err, ERR_LIMIT, 0, "table of %llu elements is too large, at most %d",
                 (unsigned long long)length, MAX_TABLE_ELEMENTS);
    return NULL;
  }
  if (!is_allowed(store, length)) {
    wm_error_set(err, ERR_LIMIT, 0, "the store's limit of %llu table elements is used up",
                 (unsigned long long)store->limits.table_elements);
    return NULL;
  }
  Ref *elems = calloc((size_t)length + 1, sizeof *elems);
  Table *table =
      elems ? wm_object_new(store, OBJ_TABLE, sizeof *table, length * sizeof *elems) : NULL;
  if (!table) {
    free(elems);
    wm_error_out_of_memory(err);
    return NULL;
  }
  if (init) fill(elems, length, init);
  table->elems = elems;
  table->length = length;
  table->capacity = length + 1;
  table->type = *type;
  wm_valtype_hold(store->types, type->element);
  store->table_elements += length;
  return table;
}

/* Room for `length` elements: half as much again when memory allows it, so that growing by one is
 * cheap. */
static bool make_room(Table *table, u64 length) {
  if (length <= table->capacity) return true;
  u64 wanted = max_u64(length, table->capacity + table->capacity / 2);
  Ref *elems = realloc(table->elems, (size_t)wanted * sizeof *elems);
  if (!elems) {
    wanted = length;
    elems = realloc(table->elems, (size_t)wanted * sizeof *elems);
  }
  if (!elems) return false;
  table->head.store->debt_bytes += (wanted - table->capacity) * sizeof *elems;
  table->elems = elems;
  table->capacity = wanted;
  return true;
}

u64 wm_table_grow(Store *store, Table *table, u64 delta, Ref init) {
  u64 old = table->length, most = max_elements(&table->type);
  if (old > most || delta > most - old || !is_allowed(store, delta)) return UINT64_MAX;
  if (!make_room(table, old + delta)) return UINT64_MAX;
  fill(table->elems + old, delta, init);
  table->length = old + delta;
  table->type.limits.min = table->length;
  store->table_elements += delta;
  return old;
}

TrapCode wm_table_init(Instance *in, u32 table, u32 segment, u64 dst, u64 src, u64 len) {
  Table *to = in->tables[table];
  if (!is_within(src, len, in->elem_lens[segment]) || !is_within(dst, len, to->length))
    return TRAP_TABLE_OUT_OF_BOUNDS;
  const ElemSegment *seg = &in->module->module.elems[segment];
  const Ref *refs = in->elem_refs[segment];
  for (u64 i = 0; i < len; i++)
    to->elems[dst + i] = refs ? refs[src + i] : (Ref)in->funcs[seg->funcs[src + i]];
  return TRAP_NONE;
}

TrapCode wm_table_copy(Instance *in, u32 dst_table, u32 src_table, u64 dst, u64 src, u64 len) {
  Table *to = in->tables[dst_table];
  const Table *from = in->tables[src_table];
  if (!is_within(src, len, from->length) || !is_within(dst, len, to->length))
    return TRAP_TABLE_OUT_OF_BOUNDS;
  if (len) memmove(to->elems + dst, from->elems + src, (size_t)len * sizeof(Ref));
  return TRAP_NONE;
}

TrapCode wm_table_fill(Instance *in, u32 table, u64 dst, Ref value, u64 len) {
  Table *to = in->tables[table];
  if (!is_within(dst, len, to->length)) return TRAP_TABLE_OUT_OF_BOUNDS;
  fill(to->elems + dst, len, value);
  return TRAP_NONE;
}

void wm_elem_drop(Instance *in, u32 segment) {
  free(in->elem_refs[segment]);
  in->elem_refs[segment] = NULL;
  in->elem_lens[segment] = 0;
}
