/* For compiled code: see helpers.def. */
#ifndef WM_RUNTIME_GC_HELPERS_H
#define WM_RUNTIME_GC_HELPERS_H

#include "runtime/gc.h"

HeapObject *wm_helper_struct_new(Instance *in, u32 type_index);
HeapObject *wm_helper_array_new_fixed(Instance *in, u32 type_index, u32 length);
TrapCode wm_helper_array_new(Instance *in, u32 type_index, u32 length, u64 low, u64 high);
HeapObject *wm_helper_array_new_zero(Instance *in, u32 type_index, u32 length, u32 size_log2);
TrapCode wm_helper_array_new_data(Instance *in, u32 type_index, u32 segment, u32 from, u32 count);
TrapCode wm_helper_array_new_elem(Instance *in, u32 type_index, u32 segment, u32 from, u32 count);
TrapCode wm_helper_array_fill(Instance *in, u64 array, u32 from, u64 low, u64 high, u32 count);
TrapCode wm_helper_array_copy(Instance *in, u64 to, u32 at, u64 from, u32 source, u32 count);
TrapCode wm_helper_fill(Instance *in, u8 *to, u64 value, u64 bytes, u32 size_log2);
TrapCode wm_helper_move(Instance *in, u8 *to, const u8 *from, u64 bytes);
TrapCode wm_helper_array_init_data(Instance *in, u32 segment, u64 array, u32 at, u32 from,
                                   u32 count);
TrapCode wm_helper_array_init_elem(Instance *in, u32 segment, u64 array, u32 at, u32 from,
                                   u32 count);
/* STUB_LOG calls it. */
void wm_helper_log(const Instance *in, HeapObject *o, const void *place);
u32 wm_helper_ref_is(const Instance *in, ValType type, u64 slot);

#endif
