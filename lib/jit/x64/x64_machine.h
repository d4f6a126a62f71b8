/* The parts of the Machine for x86-64 (jit/machine.h), by the files that have them. */
#ifndef WM_JIT_X64_MACHINE_H
#define WM_JIT_X64_MACHINE_H

#include "jit/machine.h"
#include "jit/x64/x64_lir.h"

/* x64_isel.c */
void wm_x64_select(Compile *c);
void wm_x64_select_free(void *scratch);
/* x64_emit.c, x64_tables.c */
void wm_x64_emit(Compile *c);
void wm_x64_emit_free(void *scratch);
/* x64_enter.c */
extern const NativeMachine wm_x64_native;
/* x64_cpu.c */
u32 wm_x64_cpu(void);
bool wm_x64_available(void); /* SSE4.2, POPCNT */
/* x64_unwind.c */
enum { X64_DWARF_RETURN = 16 };
void wm_x64_unwind_entry(Buffer *out);
void wm_x64_unwind_prologue(const NativeBody *body, Buffer *out);
/* x64_dump.c */
void wm_x64_print_register(Loc reg, Buffer *out);
void wm_x64_print_op(const Lir *l, Buffer *out);
bool wm_x64_has_imm(const Lir *x);

#endif
