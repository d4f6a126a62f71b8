/* Faults of compiled code at the ends of memories and of null references, which become traps. Runs
 * in a signal handler, of any thread: everything it reads is the faulting thread's own, or never
 * changes, or is made for it (native_registry.h). */
#include "os/os_fault.h"
#include "runtime/native.h"

static bool is_in_memory(const Memory *memory, uintptr_t address) {
  uintptr_t base = (uintptr_t)memory->space.base;
  return address >= base && address - base < memory->space.reserved_bytes;
}

/* Whether the address lies in what a memory of the instance has reserved. */
static bool is_of_instance(const Instance *in, const void *address) {
  u32 count = in->module->module.memory_count;
  for (u32 i = 0; i < count; i++)
    if (is_in_memory(in->memories[i], (uintptr_t)address)) return true;
  return false;
}

static bool on_fault(Fault *fault) {
  const NativeBody *body = wm_native_find(fault->pc);
  const NativeSite *site = body ? wm_native_access(body, fault->pc) : NULL;
  if (!site || !fault->address) return false;
  const Instance *in = (const Instance *)(uintptr_t)fault->pinned;
  bool is_null = site->trap != TRAP_MEMORY_OUT_OF_BOUNDS;
  if (is_null ? (uintptr_t)fault->address >= NULL_PAGE_BYTES : !is_of_instance(in, fault->address))
    return false;
  in->module->machine->fault(fault);
  return true;
}

bool wm_native_catch_faults(void) { return wm_os_fault_install(on_fault); }
