/* The kernel's random bytes without a system call: see wasi_vdso.h. How the function is called, and
 * what it says of its state, stands in Linux's include/vdso/getrandom.h; that the library is found
 * by the auxiliary vector, in its vdso(7). */
#include "wasi/wasi_vdso.h"

#include <link.h>
#include <sys/auxv.h>
#include <sys/mman.h>

enum { STATE_PAGE = 4096 /* bytes: a state never lies across the end of a page */ };

/* ---- the library: an ELF file in memory ---- */

typedef struct Vdso {
  u64 bias; /* what its addresses are off by */
  const ElfW(Dyn) * dynamic;
} Vdso;

static const void *at(u64 address) { return (const void *)(uintptr_t)address; } /* NOLINT */

static Vdso find_vdso(void) {
  Vdso v = {0};
  u64 base = getauxval(AT_SYSINFO_EHDR);
  const ElfW(Ehdr) *head = at(base);
  const ElfW(Phdr) *part = head ? at(base + head->e_phoff) : NULL;
  for (int i = 0; head && i < head->e_phnum; i++) {
    if (part[i].p_type == PT_LOAD) v.bias = base + part[i].p_offset - part[i].p_vaddr;
    if (part[i].p_type == PT_DYNAMIC) v.dynamic = at(base + part[i].p_offset);
  }
  return v;
}

static const void *table_of(const Vdso *v, ElfW(Sxword) tag) {
  for (const ElfW(Dyn) *d = v->dynamic; d && d->d_tag != DT_NULL; d++)
    if (d->d_tag == tag) return at(v->bias + d->d_un.d_ptr);
  return NULL;
}

/* The address of what it exports, or NULL. The hash table says how many names there are. */
static const void *find_name(const Vdso *v, const char *name) {
  const ElfW(Sym) *symbols = table_of(v, DT_SYMTAB);
  const char *names = table_of(v, DT_STRTAB);
  const u32 *hash = table_of(v, DT_HASH);
  if (!symbols || !names || !hash) return NULL;
  for (u32 i = 0; i < hash[1]; i++)
    if (symbols[i].st_shndx && strcmp(names + symbols[i].st_name, name) == 0)
      return at(v->bias + symbols[i].st_value);
  return NULL;
}

/* ---- the function ---- */

/* What it wants its state to lie in. */
typedef struct StateKind {
  u32 size, protection, flags, reserved[13];
} StateKind;

static VdsoGetrandom *find_function(void) {
  Vdso v = find_vdso();
  const void *found = find_name(&v, "__vdso_getrandom");
  if (!found) found = find_name(&v, "__kernel_getrandom"); /* on 64-bit ARM */
  VdsoGetrandom *function;
  memcpy(&function, &found, sizeof function);
  return function;
}

static void make_state(VdsoRandom *r) {
  StateKind kind = {0};
  r->function = find_function();
  if (!r->function || r->function(NULL, 0, 0, &kind, SIZE_MAX) || kind.size > STATE_PAGE) return;
  void *state = mmap(NULL, STATE_PAGE, (int)kind.protection, (int)kind.flags, -1, 0);
  if (state == MAP_FAILED) return;
  r->state = state;
  r->state_size = kind.size;
}

size_t wm_vdso_random(VdsoRandom *r, void *to, size_t size) {
  if (atomic_exchange_explicit(&r->busy, true, memory_order_acquire)) return 0;
  if (!r->looked) make_state(r);
  r->looked = true;
  ssize_t n = r->state ? r->function(to, size, 0, r->state, r->state_size) : 0;
  atomic_store_explicit(&r->busy, false, memory_order_release);
  return n > 0 ? (size_t)n : 0;
}

void wm_vdso_random_free(VdsoRandom *r) {
  if (r->state) munmap(r->state, STATE_PAGE);
  *r = (VdsoRandom){.looked = true};
}
