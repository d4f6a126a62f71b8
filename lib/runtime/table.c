/* Tables (spec 4.2.7, 4.4.6). The Table object stays where it is; its elements move when it grows.
 * Elements whose card is not marked are null, also behind the length: fresh memory stays untouched
 * until somebody writes something else. */
#include "runtime/collect.h"
#include "runtime/instance.h"
#include "runtime/pieces.h"
#include "wasm/limits.h"

#include <stdlib.h>

enum { UNPOLLED_ELEMENTS = UNPOLLED_BYTES / sizeof(Ref) };

static u64 max_elements(const TableType *type) {
  return type->limits.has_max ? min_u64(type->limits.max, MAX_TABLE_ELEMENTS) : MAX_TABLE_ELEMENTS;
}

/* ---- cards ---- */

static u64 card_count(u64 capacity) { return (capacity - 1) / CARD_ELEMENTS + 1; }

/* Where the piece of [at, end) ends that starts at `at`: it shares a card. */
static u64 piece_end(u64 at, u64 end) { return min_u64(end, (at | (CARD_ELEMENTS - 1)) + 1); }

/* len: 1 to CARD_ELEMENTS, so that two cards are all. */
static void mark_cards(Table *table, u64 at, u64 len) {
  table->cards[at >> CARD_LOG2] = CARD_WRITTEN;
  table->cards[(at + len - 1) >> CARD_LOG2] = CARD_WRITTEN;
}

/* ---- room ---- */

/* From this size on pages come from the system: zero without having been touched. */
enum { PAGED_BYTES = 1 << 20 };

static size_t room_bytes(u64 capacity) {
  u64 bytes = capacity * sizeof(Ref) + card_count(capacity), page = wm_os_page_size();
  return (size_t)(bytes < PAGED_BYTES ? bytes : (bytes + page - 1) / page * page);
}

/* Gives the table room for `capacity` elements, all null; what it had stays the caller's. */
static bool set_room(Table *table, u64 capacity) {
  size_t bytes = room_bytes(capacity);
  Ref *elems = bytes < PAGED_BYTES ? calloc(1, bytes) : wm_os_alloc_pages(bytes);
  if (!elems) return false;
  table->elems = elems;
  table->cards = (u8 *)(elems + capacity);
  table->capacity = capacity;
  return true;
}

void wm_table_free_room(Table *table) {
  if (!table->elems) return;
  size_t bytes = room_bytes(table->capacity);
  if (bytes < PAGED_BYTES)
    free(table->elems);
  else
    wm_os_release(table->elems, bytes);
  table->elems = NULL;
}

/* ---- making, filling, growing ---- */

static void fill_piece(Table *table, u64 at, u64 end, Ref value) {
  for (u64 i = at; i < end; i++) table->elems[i] = value;
  if (value) table->cards[at >> CARD_LOG2] = CARD_WRITTEN;
}

static TrapCode fill(Store *store, Table *table, u64 at, u64 len, Ref value) {
  for (u64 end = at + len, next; at < end; at = next) {
    next = piece_end(at, end);
    if (!value && !table->cards[at >> CARD_LOG2]) continue; /* is null already */
    TrapCode stop = poll_before(store, (next - at) * sizeof(Ref));
    if (stop) return stop;
    fill_piece(table, at, next, value);
  }
  return TRAP_NONE;
}

Table *wm_table_new(Store *store, const TableType *type, Ref init, Error *err) {
  u64 length = type->limits.min;
  if (length > max_elements(type)) {
    wm_error_set(err, ERR_LIMIT, 0, "table of %llu elements is too large, at most %d",
                 (unsigned long long)length, MAX_TABLE_ELEMENTS);
    return NULL;
  }
  if (!wm_account_take_table(store->account, length, err)) return NULL;
  Table *table = wm_object_new(store, OBJ_TABLE, sizeof *table, length * sizeof(Ref));
  if (!table || !set_room(table, length + 1)) {
    wm_account_return_table(store->account, length);
    wm_error_out_of_memory(err);
    return NULL;
  }
  table->length = length;
  for (u64 at = 0; init && at < length; at = piece_end(at, length))
    fill_piece(table, at, piece_end(at, length), init);
  table->type = *type;
  wm_valtype_hold(store->types, type->element);
  return table;
}

/* Copies what is not null. */
static TrapCode copy_pieces(Store *store, Table *to, const Table *from) {
  for (u64 at = 0, next; at < from->length; at = next) {
    next = piece_end(at, from->length);
    if (!from->cards[at >> CARD_LOG2]) continue;
    size_t bytes = (size_t)(next - at) * sizeof(Ref);
    TrapCode stop = poll_before(store, bytes);
    if (stop) return stop;
    memcpy(to->elems + at, from->elems + at, bytes);
    to->cards[at >> CARD_LOG2] = CARD_WRITTEN;
  }
  return TRAP_NONE;
}

/* Room for `length` elements: half as much again when memory allows it, so that growing by one is
 * cheap. */
static bool make_room(Store *store, Table *table, u64 length) {
  if (length <= table->capacity) return true;
  Table old = *table;
  u64 wanted = max_u64(length, table->capacity + table->capacity / 2);
  if (!set_room(table, wanted) && !set_room(table, length)) return false;
  if (copy_pieces(store, table, &old)) {
    wm_table_free_room(table);
    *table = old;
    return false;
  }
  store->debt_bytes += (table->capacity - old.capacity) * sizeof(Ref);
  wm_table_free_room(&old);
  return true;
}

static NOINLINE bool may_grow(Store *store, const Table *table, u64 delta) {
  const Limits *limits = &table->type.limits;
  return !delta ||
         wm_store_ask_growth(store, &(Growth){.from = table->length,
                                              .to = table->length + delta,
                                              .max = limits->has_max ? limits->max : UINT64_MAX});
}

u64 wm_table_grow(Store *store, Table *table, u64 delta, Ref init) {
  u64 old = table->length, most = max_elements(&table->type);
  if (old > most || delta > most - old) return UINT64_MAX;
  if (UNLIKELY(store->may_grow != NULL) && !may_grow(store, table, delta)) return UINT64_MAX;
  if (!wm_account_take_table(store->account, delta, NULL)) return UINT64_MAX;
  if (!make_room(store, table, old + delta) || fill(store, table, old, delta, init)) {
    wm_account_return_table(store->account, delta);
    return UINT64_MAX;
  }
  table->length = old + delta;
  table->type.limits.min = table->length;
  return old;
}

/* ---- bulk operations ---- */

void wm_elem_read(const Instance *in, u32 segment, Ref *to, u64 src, u64 len) {
  const ElemSegment *seg = &in->module->module.elems[segment];
  const Ref *refs = in->elem_refs[segment];
  for (u64 i = 0; i < len; i++)
    to[i] = refs ? refs[src + i] : ref_of_object(in->funcs[seg->funcs[src + i]]);
}

TrapCode wm_table_init(Instance *in, u32 table, u32 segment, u64 dst, u64 src, u64 len) {
  Table *to = in->tables[table];
  if (!is_within(src, len, in->elem_lens[segment]) || !is_within(dst, len, to->length))
    return TRAP_TABLE_OUT_OF_BOUNDS;
  for (u64 done = 0, count; done < len; done += count) {
    count = min_u64(len - done, CARD_ELEMENTS);
    TrapCode stop = poll_before(in->store, count * sizeof(Ref));
    if (stop) return stop;
    mark_cards(to, dst + done, count);
    wm_elem_read(in, segment, to->elems + dst + done, src + done, count);
  }
  return TRAP_NONE;
}

static void copy_piece(Table *to, const Table *from, u64 dst, u64 src, u64 len) {
  mark_cards(to, dst, len);
  memmove(to->elems + dst, from->elems + src, (size_t)len * sizeof(Ref));
}

TrapCode wm_table_copy(Instance *in, u32 dst_table, u32 src_table, u64 dst, u64 src, u64 len) {
  Table *to = in->tables[dst_table];
  const Table *from = in->tables[src_table];
  if (!is_within(src, len, from->length) || !is_within(dst, len, to->length))
    return TRAP_TABLE_OUT_OF_BOUNDS;
  if (LIKELY(len <= UNPOLLED_ELEMENTS)) {
    if (len) copy_piece(to, from, dst, src, len);
    return TRAP_NONE;
  }
  bool from_end = dst > src; /* what a piece overwrites has been read, in one table */
  for (u64 done = 0, count; done < len; done += count) {
    count = min_u64(len - done, CARD_ELEMENTS);
    TrapCode stop = poll_before(in->store, count * sizeof(Ref));
    if (stop) return stop;
    u64 at = from_end ? len - done - count : done;
    copy_piece(to, from, dst + at, src + at, count);
  }
  return TRAP_NONE;
}

TrapCode wm_table_fill(Instance *in, u32 table, u64 dst, Ref value, u64 len) {
  Table *to = in->tables[table];
  if (!is_within(dst, len, to->length)) return TRAP_TABLE_OUT_OF_BOUNDS;
  if (len > UNPOLLED_ELEMENTS) return fill(in->store, to, dst, len, value);
  for (u64 i = 0; i < len; i++) to->elems[dst + i] = value;
  if (len) mark_cards(to, dst, len);
  return TRAP_NONE;
}

void wm_elem_drop(Instance *in, u32 segment) {
  free(in->elem_refs[segment]);
  in->elem_refs[segment] = NULL;
  in->elem_lens[segment] = 0;
}
