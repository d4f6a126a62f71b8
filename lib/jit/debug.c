/* perf, gdb and the C++ runtime are told about compiled code (debug.h). */
#include "jit/debug.h"

#include "jit/debug_elf.h"
#include "jit/unwind.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- gdb (manual, "JIT Compilation Interface": the names and layouts are given) ---- */

typedef struct jit_code_entry {
  struct jit_code_entry *next_entry, *prev_entry;
  const char *symfile_addr;
  u64 symfile_size;
} jit_code_entry;

struct jit_descriptor {
  u32 version, action_flag;
  jit_code_entry *relevant_entry, *first_entry;
};

enum { JIT_NOACTION, JIT_REGISTER_FN, JIT_UNREGISTER_FN };

/* NOLINTBEGIN(bugprone-reserved-identifier): names that gdb and the C++ runtime gave them */
#define FOUND_BY_NAME __attribute__((visibility("default"), used))
FOUND_BY_NAME NOINLINE void __jit_debug_register_code(void);
extern __attribute__((visibility("default"))) struct jit_descriptor __jit_debug_descriptor;
/* gdb puts a breakpoint here. */
FOUND_BY_NAME NOINLINE void __jit_debug_register_code(void) { __asm__ volatile("" ::: "memory"); }
FOUND_BY_NAME struct jit_descriptor __jit_debug_descriptor = {1, JIT_NOACTION, NULL, NULL};

/* The C++ runtime's; NULL where the process does not have it. */
extern void __register_frame(void *section) __attribute__((weak));
extern void __deregister_frame(void *section) __attribute__((weak));
/* NOLINTEND(bugprone-reserved-identifier) */

struct DebugBody {
  jit_code_entry entry; /* symfile_addr: owned */
  Buffer frame;         /* .eh_frame; registered when not empty */
};

static Mutex lock = MUTEX_INITIALIZER;

static void tell_gdb(u32 action, jit_code_entry *entry) {
  __jit_debug_descriptor.action_flag = action;
  __jit_debug_descriptor.relevant_entry = entry;
  __jit_debug_register_code();
  __jit_debug_descriptor.action_flag = JIT_NOACTION;
  __jit_debug_descriptor.relevant_entry = NULL;
}

static void link_entry(jit_code_entry *entry) {
  entry->next_entry = __jit_debug_descriptor.first_entry;
  if (entry->next_entry) entry->next_entry->prev_entry = entry;
  __jit_debug_descriptor.first_entry = entry;
  tell_gdb(JIT_REGISTER_FN, entry);
}

static void unlink_entry(jit_code_entry *entry) {
  if (entry->prev_entry)
    entry->prev_entry->next_entry = entry->next_entry;
  else
    __jit_debug_descriptor.first_entry = entry->next_entry;
  if (entry->next_entry) entry->next_entry->prev_entry = entry->prev_entry;
  tell_gdb(JIT_UNREGISTER_FN, entry);
}

static void show_gdb(DebugBody *debug, const NativeBody *body, const char *name) {
  Buffer object = {0}, frame = {0};
  wm_unwind_section(&wm_jit_machine, body, &frame);
  wm_debug_elf(body, name, &frame, &object);
  if (object.failed || frame.failed) {
    wm_buffer_free(&object);
  } else {
    debug->entry.symfile_addr = (const char *)object.data;
    debug->entry.symfile_size = object.len;
    link_entry(&debug->entry);
  }
  wm_buffer_free(&frame);
}

/* ---- perf ---- */

static void write_perf_map(const NativeBody *body, const char *name) {
  char path[64];
  snprintf(path, sizeof path, "/tmp/perf-%d.map", wm_os_process_id());
  FILE *map = fopen(path, "ae");
  if (!map) return;
  fprintf(map, "%llx %x %s\n", (unsigned long long)(uintptr_t)body->start, body->size_bytes, name);
  fclose(map);
}

enum { JITDUMP_MAGIC = 0x4A695444, JITDUMP_VERSION = 1, JIT_CODE_LOAD = 0 };

/* The file, opened at the first record; perf finds it by the executable mapping of its first page.
 * It stays for the process's life; the child of a fork makes its own. */
static FILE *jitdump;
static int jitdump_process;
static u64 jitdump_index;

static FILE *open_jitdump(void) {
  char path[64];
  snprintf(path, sizeof path, "jit-%d.dump", wm_os_process_id());
  FILE *file = fopen(path, "w+e");
  if (!file) return NULL;
  Buffer header = {0};
  wm_buffer_u32(&header, JITDUMP_MAGIC);
  wm_buffer_u32(&header, JITDUMP_VERSION);
  wm_buffer_u32(&header, 40); /* of this header */
  wm_buffer_u32(&header, wm_jit_machine.elf_machine);
  wm_buffer_u32(&header, 0);
  wm_buffer_u32(&header, (u32)wm_os_process_id());
  wm_buffer_u64(&header, wm_os_monotonic_ns());
  wm_buffer_u64(&header, 0);
  if (!header.failed) fwrite(header.data, 1, header.len, file);
  wm_buffer_free(&header);
  fflush(file);
  wm_os_show_mapping(fileno(file));
  return file;
}

/* All that was written is in the file: closing the parent's adds nothing. */
static void leave_jitdump_of_parent(void) {
  if (!jitdump || jitdump_process == wm_os_process_id()) return;
  fclose(jitdump);
  jitdump = NULL;
}

static void write_jitdump(const NativeBody *body, const char *name) {
  leave_jitdump_of_parent();
  if (!jitdump) jitdump = open_jitdump();
  jitdump_process = wm_os_process_id();
  if (!jitdump) return;
  size_t name_bytes = strlen(name) + 1;
  Buffer record = {0};
  wm_buffer_u32(&record, JIT_CODE_LOAD);
  wm_buffer_u32(&record, (u32)(56 + name_bytes + body->size_bytes));
  wm_buffer_u64(&record, wm_os_monotonic_ns());
  wm_buffer_u32(&record, (u32)wm_os_process_id());
  wm_buffer_u32(&record, (u32)wm_os_thread_id());
  wm_buffer_u64(&record, (u64)(uintptr_t)body->start);
  wm_buffer_u64(&record, (u64)(uintptr_t)body->start);
  wm_buffer_u64(&record, body->size_bytes);
  wm_buffer_u64(&record, jitdump_index++);
  wm_buffer_bytes(&record, name, name_bytes);
  wm_buffer_bytes(&record, body->start, body->size_bytes);
  if (!record.failed) fwrite(record.data, 1, record.len, jitdump);
  wm_buffer_free(&record);
  fflush(jitdump);
}

/* ---- all ---- */

static void register_unwind(DebugBody *debug, const NativeBody *body) {
  wm_unwind_section(&wm_jit_machine, body, &debug->frame);
  if (debug->frame.failed)
    wm_buffer_free(&debug->frame);
  else /* NOLINTNEXTLINE(*.CallAndMessage): asked for only where it is */
    __register_frame(debug->frame.data);
}

DebugBody *wm_debug_body(u32 wanted, const NativeBody *body, const char *name) {
  if (!__register_frame || !__deregister_frame) wanted &= ~(u32)DEBUG_UNWIND;
  if (!wanted) return NULL;
  DebugBody *debug = wanted & (DEBUG_GDB | DEBUG_UNWIND) ? calloc(1, sizeof *debug) : NULL;
  int before = wm_whole_begin();
  wm_mutex_lock(&lock);
  if (wanted & DEBUG_PERF_MAP) write_perf_map(body, name);
  if (wanted & DEBUG_JITDUMP) write_jitdump(body, name);
  if (debug && (wanted & DEBUG_GDB)) show_gdb(debug, body, name);
  if (debug && (wanted & DEBUG_UNWIND)) register_unwind(debug, body);
  wm_mutex_unlock(&lock);
  wm_whole_end(before);
  return debug;
}

void wm_debug_forget(DebugBody *debug) {
  if (!debug) return;
  wm_mutex_lock(&lock);
  if (debug->entry.symfile_addr) unlink_entry(&debug->entry);
  if (debug->frame.data) __deregister_frame(debug->frame.data);
  wm_mutex_unlock(&lock);
  free((void *)(uintptr_t)debug->entry.symfile_addr);
  wm_buffer_free(&debug->frame);
  free(debug);
}
