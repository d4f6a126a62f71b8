/* Fields and elements between objects and slots (gc.h). */
#include "runtime/gc.h"

void wm_field_write(u8 *to, ValType type, const u64 *slot) {
  switch (val_storage_bytes(type)) {
  case 1: *to = (u8)*slot; break;
  case 2: store_u16(to, (u16)*slot); break;
  case 4: store_u32(to, (u32)*slot); break;
  case 8: store_u64(to, *slot); break;
  default: memcpy(to, slot, sizeof(V128)); break;
  }
}

void wm_field_set(Store *store, HeapObject *o, u8 *place, u32 offset, ValType type,
                  const u64 *slot) {
  wm_field_write(place + offset, type, slot);
  if (val_is_ref(type)) heap_wrote(store->heap, o, place);
}

void wm_field_read(const u8 *from, ValType type, bool sign, u64 *slot) {
  switch (val_storage_bytes(type)) {
  case 1: *slot = *from; break;
  case 2: *slot = load_u16(from); break;
  case 4: *slot = load_u32(from); break;
  case 8: *slot = load_u64(from); break;
  default: memcpy(slot, from, sizeof(V128)); break;
  }
  i32 narrow = type == VAL_I8 ? (i8)*slot : (i16)*slot;
  if (sign) *slot = (u32)narrow;
}
