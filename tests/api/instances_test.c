/* Instances by the thousand: images of initialized memories, address space that is used again, and
 * that nobody sees what another one wrote. WASM_SOAK=1 makes the long ones as long as README says.
 */
#include "fixture.h"

#include "os/os.h"
#include "support/failing_alloc.h"
#include "support/resident.h"
#include "support/sanitizer.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 65536, DATA_BYTES = 400 << 10, MEMORY_PAGES = 8 };

static uint8_t pattern(size_t i) { return (uint8_t)(i * 7 + i / 251); }

/* `before` and `after` are fields of the module around a segment of DATA_BYTES at 100, and a
 * passive one behind it in the index space. */
static wasm_module_t *module_with(wasm_store_t *store, unsigned pages, const char *before,
                                  const char *after) {
  size_t size = 3 * DATA_BYTES + strlen(before) + strlen(after) + 1024;
  char *text = malloc(size), *at = text;
  at += sprintf(at, "(module %s (memory (export \"memory\") %u 20) (data (i32.const 100) \"",
                before, pages);
  for (size_t i = 0; i < DATA_BYTES; i++) at += sprintf(at, "\\%02x", pattern(i));
  sprintf(at, "\") (data $passive \"passive\") %s)", after);
  wasm_module_t *module = module_of(store, text);
  free(text);
  return module;
}

static const char functions[] =
    "(func (export \"grow\") (param i32) (result i32) (memory.grow (local.get 0)))"
    "(func (export \"init\") (param i32) (memory.init $passive (local.get 0) (i32.const 0)"
    "  (i32.const 7)))"
    "(func (export \"init_active\") (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 1)))"
    "(func (export \"poke\") (param i32) (result i32)"
    "  (i32.store8 (local.get 0) (i32.const 255)) (i32.load8_u (local.get 0)))";

static wasm_module_t *plain_module(wasm_store_t *store) {
  return module_with(store, MEMORY_PAGES, "", functions);
}

static wasmx_engine_stats_t stats_of(const wasm_engine_t *engine) {
  wasmx_engine_stats_t stats = {.size = sizeof stats};
  wasmx_engine_stats(engine, &stats);
  return stats;
}

/* Whether images are to be had here. */
static bool has_images(void) {
#if defined(__linux__)
  World w = world_new();
  bool has = true;
  wasm_module_t *module = plain_module(w.store);
  for (int i = 0; i < 2; i++) wasm_instance_delete(wasm_instance_new(w.store, module, NULL, NULL));
  has = stats_of(w.engine).memory_images == 1;
  wasm_module_delete(module);
  world_delete(&w);
  return has;
#else
  return false;
#endif
}

typedef struct Guest {
  wasm_instance_t *instance;
  wasm_memory_t *memory;
  uint8_t *base;
  size_t size;
} Guest;

static Guest guest_new(wasm_store_t *store, const wasm_module_t *module) {
  Guest g = {.instance = wasm_instance_new(store, module, NULL, NULL)};
  if (!g.instance) return g;
  g.memory = wasmx_instance_memory(g.instance, "memory");
  assert_non_null(g.memory);
  g.base = (uint8_t *)wasm_memory_data(g.memory);
  g.size = wasm_memory_data_size(g.memory);
  return g;
}

static void guest_delete(Guest *g) {
  wasm_memory_delete(g->memory);
  wasm_instance_delete(g->instance);
}

static wasm_trap_t *call(const Guest *g, const char *name, wasmx_slot_t *slots) {
  wasm_func_t *func = wasmx_instance_func(g->instance, name);
  wasm_trap_t *trap = wasmx_func_call_raw(func, slots);
  wasm_func_delete(func);
  return trap;
}

/* As the segments make it. */
static bool is_new(const uint8_t *base, size_t size) {
  for (size_t i = 0; i < size; i++) {
    bool in_data = i >= 100 && i < 100 + DATA_BYTES;
    if (base[i] != (in_data ? pattern(i - 100) : 0)) return false;
  }
  return true;
}

/* ---- images ---- */

static void images_are_used(void **state) {
  (void)state;
  World w = world_new();
  wasm_module_t *module = plain_module(w.store);
  Guest g[4];
  for (int i = 0; i < 4; i++) {
    g[i] = guest_new(w.store, module);
    assert_true(is_new(g[i].base, g[i].size));
  }
  wasmx_engine_stats_t s = stats_of(w.engine);
  if (has_images()) {
    assert_int_equal(s.memory_images, 1);
    assert_int_equal(s.memories_imaged, 3); /* the first one is copied to */
    assert_int_equal(s.memory_images_refused, 0);
  }
  for (int i = 0; i < 4; i++) guest_delete(&g[i]);
  wasm_module_delete(module);
  world_delete(&w);
}

static void writes_are_ones_own(void **state) {
  (void)state;
  World w = world_new();
  wasm_module_t *module = plain_module(w.store);
  Guest a = guest_new(w.store, module), b = guest_new(w.store, module);
  Guest c = guest_new(w.store, module);
  memset(b.base, 0xAA, b.size);
  assert_true(is_new(a.base, a.size));
  assert_true(is_new(c.base, c.size));
  wasmx_slot_t slot = {.u64 = 300000};
  assert_null(call(&c, "poke", &slot));
  assert_int_equal(slot.u64, 255);
  assert_int_equal(c.base[300000], 255);
  assert_int_equal(b.base[300000], 0xAA);
  Guest d = guest_new(w.store, module);
  assert_true(is_new(d.base, d.size));
  guest_delete(&a), guest_delete(&b), guest_delete(&c), guest_delete(&d);
  wasm_module_delete(module);
  world_delete(&w);
}

static void images_grow(void **state) {
  (void)state;
  World w = world_new();
  wasm_module_t *module = plain_module(w.store);
  for (int round = 0; round < 6; round++) {
    Guest g = guest_new(w.store, module);
    assert_true(is_new(g.base, MEMORY_PAGES * PAGE));
    assert_int_equal(g.size, MEMORY_PAGES * PAGE);
    wasmx_slot_t slot = {.u64 = 3};
    assert_null(call(&g, "grow", &slot));
    assert_int_equal(slot.u64, MEMORY_PAGES);
    assert_ptr_equal(wasm_memory_data(g.memory), g.base); /* it stays where it is */
    assert_true(is_new(g.base, (MEMORY_PAGES + 3) * PAGE));
    memset(g.base, 0x5A, (MEMORY_PAGES + 3) * PAGE);
    slot.u64 = (MEMORY_PAGES + 3) * PAGE;
    assert_trap(call(&g, "poke", &slot), "out of bounds");
    guest_delete(&g);
  }
  wasm_module_delete(module);
  world_delete(&w);
}

static void segments_are_dropped(void **state) {
  (void)state;
  World w = world_new();
  wasm_module_t *module = plain_module(w.store);
  for (int round = 0; round < 3; round++) {
    Guest g = guest_new(w.store, module);
    wasmx_slot_t slot = {.u64 = 7};
    assert_trap(call(&g, "init_active", &slot), "out of bounds"); /* dropped */
    slot.u64 = 7;
    assert_null(call(&g, "init", &slot));
    assert_memory_equal(g.base + 7, "passive", 7);
    guest_delete(&g);
  }
  wasm_module_delete(module);
  world_delete(&w);
}

/* Element segments that trap come before data segments, and a function in an imported table can
 * look: the memory must not have been written. */
static void traps_before_the_data(void **state) {
  (void)state;
  World w = world_new();
  wasm_instance_t *host = instance_of(
      w.store, "(module (table (export \"t\") 2 funcref)"
               " (func (export \"peek\") (param i32) (result i32)"
               "  (call_indirect (param i32) (result i32) (local.get 0) (i32.const 0))))");
  wasm_module_t *module =
      module_with(w.store, MEMORY_PAGES, "(import \"\" \"t\" (table 1 funcref))",
                  "(func $peek (param i32) (result i32) (i32.load8_u (local.get 0)))"
                  "(elem (i32.const 0) $peek) (elem (i32.const 2) $peek)");
  wasm_table_t *table = wasmx_instance_table(host, "t");
  wasm_func_t *peek = wasmx_instance_func(host, "peek");
  wasm_extern_t *list[] = {wasm_table_as_extern(table)};
  wasm_extern_vec_t imports = {1, list};
  for (int round = 0; round < 4; round++) {
    wasm_trap_t *trap = NULL;
    assert_null(wasmx_instance_new(w.store, module, &imports, &trap, NULL));
    assert_trap(trap, "out of bounds table access");
    for (int i = 0; i < DATA_BYTES; i += 4096) assert_int_equal(call_i(peek, i + 101), 0);
  }
  wasm_func_delete(peek);
  wasm_table_delete(table);
  wasm_instance_delete(host);
  wasm_module_delete(module);
  world_delete(&w);
}

/* A segment that does not fit traps behind those before it; offsets may come from imports; memories
 * may be imported. None of these has an image. */
static void modules_without_images(void **state) {
  (void)state;
  World w = world_new();
  wasm_memorytype_t *type = wasm_memorytype_new(&(wasm_limits_t){16, 16});
  wasm_memory_t *memory = wasm_memory_new(w.store, type);
  wasm_memorytype_delete(type);
  wasm_globaltype_t *offset_type = wasm_globaltype_new(wasm_valtype_new_i32(), WASM_CONST);
  wasm_val_t five = i32_val(5);
  wasm_global_t *offset = wasm_global_new(w.store, offset_type, &five);
  wasm_globaltype_delete(offset_type);
  wasm_module_t *late = module_with(w.store, MEMORY_PAGES, "(import \"\" \"m\" (memory 1))",
                                    "(data (memory 0) (i32.const 5) \"first\")"
                                    "(data (memory 1) (i32.const 999999) \"x\")");
  wasm_module_t *global = module_with(w.store, MEMORY_PAGES, "(import \"\" \"g\" (global i32))",
                                      "(data (global.get 0) \"global\")");
  for (int round = 0; round < 3; round++) {
    wasm_extern_t *list[] = {wasm_memory_as_extern(memory)};
    wasm_extern_vec_t imports = {1, list};
    wasm_trap_t *trap = NULL;
    memset(wasm_memory_data(memory), 0, PAGE);
    assert_null(wasmx_instance_new(w.store, late, &imports, &trap, NULL));
    assert_trap(trap, "out of bounds memory access");
    assert_memory_equal(wasm_memory_data(memory) + 5, "first", 5);
    list[0] = wasm_global_as_extern(offset);
    wasm_instance_t *in = wasm_instance_new(w.store, global, &imports, NULL);
    wasm_memory_t *own_memory = wasmx_instance_memory(in, "memory");
    assert_memory_equal(wasm_memory_data(own_memory) + 5, "global", 6);
    wasm_memory_delete(own_memory);
    wasm_instance_delete(in);
  }
  assert_int_equal(stats_of(w.engine).memory_images, 0);
  wasm_module_delete(late);
  wasm_module_delete(global);
  wasm_global_delete(offset);
  wasm_memory_delete(memory);
  world_delete(&w);
}

/* A memory that a module with images exports is another one's import. */
static void imported_memories_with_images(void **state) {
  (void)state;
  World w = world_new();
  wasm_module_t *module = plain_module(w.store);
  wasm_module_t *user =
      module_of(w.store, "(module (import \"\" \"m\" (memory 8)) (data (i32.const 9) \"user\"))");
  for (int round = 0; round < 3; round++) {
    Guest g = guest_new(w.store, module);
    wasm_extern_t *list[] = {wasm_memory_as_extern(g.memory)};
    wasm_extern_vec_t imports = {1, list};
    wasm_instance_t *in = wasm_instance_new(w.store, user, &imports, NULL);
    assert_memory_equal(g.base + 9, "user", 4);
    wasm_instance_delete(in);
    guest_delete(&g);
  }
  wasm_module_delete(user);
  wasm_module_delete(module);
  world_delete(&w);
}

/* How many lines of the process's mappings hold the text. */
static int mappings_with(const char *text) {
  int found = 0;
  char line[512];
  FILE *file = fopen("/proc/self/maps", "r");
  while (file && fgets(line, sizeof line, file)) found += strstr(line, text) != NULL;
  if (file) fclose(file);
  return found;
}

/* Its memory lives on when the module is gone, and its place is used again. Nothing of the image is
 * left then. */
static void images_outlive_their_modules(void **state) {
  (void)state;
  World w = world_new();
  for (int round = 0; round < 3; round++) {
    wasm_module_t *module = plain_module(w.store);
    Guest a = guest_new(w.store, module), b = guest_new(w.store, module);
    Guest c = guest_new(w.store, module);
    guest_delete(&a), guest_delete(&c);
    wasmx_store_collect(w.store);
    wasm_memory_t *memory = b.memory;
    wasm_instance_delete(b.instance);
    wasm_module_delete(module);
    wasmx_store_collect(w.store);
    assert_true(is_new((uint8_t *)wasm_memory_data(memory), b.size));
    memset(b.base, 0x77, b.size);
    wasm_memory_delete(memory);
    wasmx_store_collect(w.store);
    assert_int_equal(mappings_with("memfd:wasm memory"), 0);
  }
  world_delete(&w);
}

/* ---- tenants ---- */

/* Modules of several sizes, with and without images, in turn: whatever a memory was, the next one
 * is as its module says. */
static void nobody_sees_anothers_bytes(void **state) {
  (void)state;
  enum { MODULES = 4, ROUNDS = 400 };
  static const unsigned sizes[MODULES] = {1, 7, 9, 40};
  World w = world_new();
  wasm_module_t *plain[MODULES], *imaged[2];
  for (int i = 0; i < MODULES; i++) {
    char text[80];
    snprintf(text, sizeof text, "(module (memory (export \"memory\") %u))", sizes[i]);
    plain[i] = module_of(w.store, text);
  }
  for (int i = 0; i < 2; i++) imaged[i] = module_with(w.store, 7 + 2u * (unsigned)i, "", functions);
  unsigned random = 1;
  Guest live[3] = {{NULL, NULL, NULL, 0}};
  for (int round = 0; round < ROUNDS; round++) {
    random = random * 1103515245u + 12345u;
    unsigned which = random >> 16;
    Guest *g = &live[which % 3];
    if (g->instance) guest_delete(g);
    bool has_data = which & 8;
    *g = guest_new(w.store, has_data ? imaged[which / 16 % 2] : plain[which / 16 % MODULES]);
    if (has_data)
      assert_true(is_new(g->base, g->size));
    else
      for (size_t i = 0; i < g->size; i += 16) assert_int_equal(g->base[i], 0);
    memset(g->base, 0xEE, g->size);
    if (which & 128) wasmx_store_collect(w.store);
  }
  for (int i = 0; i < 3; i++) guest_delete(&live[i]);
  for (int i = 0; i < MODULES; i++) wasm_module_delete(plain[i]);
  for (int i = 0; i < 2; i++) wasm_module_delete(imaged[i]);
  world_delete(&w);
}

/* ---- many ---- */

static bool is_soak(void) {
  const char *soak = getenv("WASM_SOAK");
  return soak && *soak == '1';
}

/* Sanitizers' own reservations are in the way; without an operating system each byte is paid for.
 */
static bool has_address_space(void) {
  return !UNDER_ASAN && !UNDER_TSAN && wm_os_reserve_is_free();
}

static void ten_thousand_alive(void **state) {
  (void)state;
  if (!has_address_space()) skip();
  enum { COUNT = 10000 };
  World w = world_new();
  wasm_module_t *module = plain_module(w.store);
  static Guest all[COUNT];
  int before = mappings_with("");
  for (int i = 0; i < COUNT; i++) {
    all[i] = guest_new(w.store, module);
    assert_non_null(all[i].instance);
    all[i].base[200000] = (uint8_t)i;
  }
  int each = (mappings_with("") - before) / (COUNT / 100);
  if (has_images()) assert_true(each <= 201); /* hundredths: its own, and its guard */
  for (int i = 0; i < COUNT; i++) {
    assert_int_equal(all[i].base[200000], (uint8_t)i);
    assert_int_equal(all[i].base[200001], pattern(200001 - 100));
  }
  for (int i = 0; i < COUNT; i++) guest_delete(&all[i]);
  wasm_module_delete(module);
  world_delete(&w);
}

/* Until the system has no more: an error, and all works on when some are gone. In a child, with
 * less address space. */
static void as_many_as_there_are(void **state) {
  (void)state;
  if (!has_address_space()) skip();
  pid_t child = fork();
  if (child == 0) {
    enum { MOST = 1000 };
    static Guest all[MOST];
    struct rlimit limit = {UINT64_C(200) << 33, UINT64_C(200) << 33};
    World w = world_new();
    wasm_module_t *module = plain_module(w.store);
    if (setrlimit(RLIMIT_AS, &limit)) _exit(1);
    for (int round = 0; round < 3; round++) {
      int made = 0;
      while (made < MOST && (all[made] = guest_new(w.store, module)).instance) made++;
      if (made < 100 || made == MOST || wasmx_last_error()->code != WASMX_OUT_OF_MEMORY) _exit(2);
      while (made-- > 0) {
        if (!is_new(all[made].base, all[made].size)) _exit(3);
        memset(all[made].base, 1, PAGE);
        guest_delete(&all[made]);
      }
      wasmx_store_collect(w.store);
    }
    _exit(0);
  }
  int status = -1;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
}

/* No descriptors for images: copied. */
static void without_descriptors(void **state) {
  (void)state;
  pid_t child = fork();
  if (child == 0) {
    struct rlimit limit = {8, 8};
    if (setrlimit(RLIMIT_NOFILE, &limit)) _exit(1);
    World w = world_new();
    wasm_module_t *module[3];
    for (int i = 0; i < 3; i++) {
      module[i] = plain_module(w.store);
      for (int k = 0; k < 3; k++) {
        Guest g = guest_new(w.store, module[i]);
        if (!g.instance || !is_new(g.base, g.size)) _exit(2);
        memset(g.base, 1, g.size);
        guest_delete(&g);
      }
    }
    _exit(stats_of(w.engine).memory_images <= 1 && stats_of(w.engine).memory_images_refused >= 2
              ? 0
              : 3);
  }
  int status = -1;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
}

/* Those of modules that are gone are free for others. */
static void descriptors_come_back(void **state) {
  (void)state;
  pid_t child = fork();
  if (child == 0) {
    struct rlimit limit = {64, 64};
    if (setrlimit(RLIMIT_NOFILE, &limit)) _exit(1);
    World w = world_new();
    enum { MODULES = 20 };
    for (int i = 0; i < MODULES; i++) {
      wasm_module_t *module = plain_module(w.store);
      for (int k = 0; k < 2; k++) {
        Guest g = guest_new(w.store, module);
        if (!g.instance) _exit(2);
        guest_delete(&g);
      }
      wasm_module_delete(module);
      wasmx_store_collect(w.store);
    }
    wasmx_engine_stats_t s = stats_of(w.engine);
    _exit(s.memory_images == MODULES || s.memory_images_refused == MODULES ? 0 : 3);
  }
  int status = -1;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
}

/* A host that closes what it does not know, and opens something else of that number. */
static void with_descriptors_taken_away(void **state) {
  (void)state;
  pid_t child = fork();
  if (child == 0) {
    World w = world_new();
    wasm_module_t *module = plain_module(w.store);
    Guest g[4];
    for (int i = 0; i < 4; i++) {
      g[i] = guest_new(w.store, module);
      if (i == 1)
        for (int fd = 3; fd < 64; fd++) {
          close(fd);
          int other = memfd_create("other", 0);
          if (other < 0 || ftruncate(other, 1 << 20) || pwrite(other, "other", 5, 8192) != 5)
            _exit(1);
        }
    }
    for (int i = 0; i < 4; i++)
      if (!g[i].instance || !is_new(g[i].base, g[i].size)) _exit(2);
    for (int i = 0; i < 4; i++) guest_delete(&g[i]);
    wasm_module_delete(module);
    wasm_store_delete(w.store);
    wasm_engine_delete(w.engine);
    for (int fd = 3; fd < 64; fd++)
      if (fcntl(fd, F_GETFD) < 0) _exit(3); /* they are not ours to close */
    _exit(0);
  }
  int status = -1;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
}

static void forks_share_images(void **state) {
  (void)state;
  World w = world_new();
  wasm_module_t *module = plain_module(w.store);
  Guest a = guest_new(w.store, module), b = guest_new(w.store, module);
  pid_t child = fork();
  for (int i = 0; i < 3; i++) {
    Guest g = guest_new(w.store, module);
    bool ok = g.instance && is_new(g.base, g.size) && is_new(a.base, a.size);
    if (ok) memset(g.base, 0x11, g.size);
    if (child == 0 && (!ok || !is_new(b.base, b.size))) _exit(1);
    assert_true(ok);
    guest_delete(&g);
  }
  if (child == 0) {
    memset(b.base, 0x22, b.size);
    wasm_module_delete(module);
    guest_delete(&a), guest_delete(&b);
    wasmx_store_collect(w.store);
    _exit(0);
  }
  int status = -1;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  assert_true(is_new(b.base, b.size));
  guest_delete(&a), guest_delete(&b);
  wasm_module_delete(module);
  world_delete(&w);
}

static void a_million_of_instances(void **state) {
  (void)state;
  World w = world_new();
  wasm_module_t *module = plain_module(w.store);
  int count = is_soak() ? 1000000 : 20000, warm = count / 10;
  long before = 0;
  for (int i = 0; i < count; i++) {
    Guest g = guest_new(w.store, module);
    assert_non_null(g.instance);
    assert_int_equal(g.base[300], pattern(200));
    if (i % 16 == 0) g.base[300] = 1;
    guest_delete(&g);
    if (i == warm) before = resident_kib();
  }
  if (!UNDER_ASAN && !UNDER_TSAN) assert_true(resident_kib() <= before + 1024);
  wasmx_engine_stats_t s = stats_of(w.engine);
  if (wm_os_reserve_is_free()) assert_true(s.memories_fresh < 64);
  wasm_module_delete(module);
  world_delete(&w);
}

static void many_modules(void **state) {
  (void)state;
  World w = world_new();
  int count = is_soak() ? 100000 : 300, warm = count / 10;
  long before = 0;
  wasm_module_t *first = plain_module(w.store);
  wasm_byte_vec_t bytes, copy;
  wasm_byte_vec_new_empty(&bytes);
  char text[] = "(module (memory (export \"memory\") 5) (data (i32.const 300000) \"0123456789\"))";
  assert_true(wasmx_wat2wasm(text, strlen(text), &copy, NULL));
  for (int i = 0; i < count; i++) {
    wasm_module_t *module = i % 50 ? wasm_module_new(w.store, &copy) : plain_module(w.store);
    for (int k = 0; k < 3; k++) {
      Guest g = guest_new(w.store, module);
      assert_non_null(g.instance);
      assert_int_equal(g.base[300002], i % 50 ? '2' : pattern(300002 - 100));
      g.base[300002] = 1;
      guest_delete(&g);
    }
    wasm_module_delete(module);
    if (i == warm) before = resident_kib();
  }
  if (!UNDER_ASAN && !UNDER_TSAN) assert_true(resident_kib() <= before + 4096);
  wasm_byte_vec_delete(&copy);
  wasm_byte_vec_delete(&bytes);
  wasm_module_delete(first);
  world_delete(&w);
}

/* ---- threads ---- */

typedef struct Job {
  pthread_t thread;
  wasm_engine_t *engine;
  wasm_shared_module_t *shared;
  bool ok;
} Job;

static void *work(void *env) {
  Job *job = env;
  wasm_store_t *store = wasm_store_new(job->engine);
  wasm_module_t *module = wasm_module_obtain(store, job->shared);
  job->ok = true;
  for (int i = 0; i < 40 && job->ok; i++) {
    wasm_instance_t *in = wasm_instance_new(store, module, NULL, NULL);
    wasm_memory_t *memory = wasmx_instance_memory(in, "memory");
    wasm_func_t *poke = wasmx_instance_func(in, "poke");
    uint8_t *base = (uint8_t *)wasm_memory_data(memory);
    wasmx_slot_t slot = {.u64 = 5000};
    job->ok = is_new(base, wasm_memory_data_size(memory)) && !wasmx_func_call_raw(poke, &slot) &&
              base[5000] == 255;
    wasm_func_delete(poke);
    wasm_memory_delete(memory);
    wasm_instance_delete(in);
  }
  wasm_module_delete(module);
  wasm_store_delete(store);
  return NULL;
}

static void threads_share_images(void **state) {
  (void)state;
  enum { THREADS = 8 };
  World w = world_new();
  wasm_module_t *module = plain_module(w.store);
  Job jobs[THREADS];
  wasm_shared_module_t *shared = wasm_module_share(module);
  wasm_module_delete(module);
  for (int i = 0; i < THREADS; i++) {
    jobs[i] = (Job){.engine = w.engine, .shared = shared};
    assert_int_equal(pthread_create(&jobs[i].thread, NULL, work, &jobs[i]), 0);
  }
  for (int i = 0; i < THREADS; i++) {
    pthread_join(jobs[i].thread, NULL);
    assert_true(jobs[i].ok);
  }
  wasm_shared_module_delete(shared);
  world_delete(&w);
}

/* ---- too little memory ---- */

static void each_allocation_may_fail(void **state) {
  (void)state;
  World w = world_new();
  for (uint64_t n = 1;; n++) {
    wasm_module_t *module = plain_module(w.store);
    Guest a = guest_new(w.store, module), b, c;
    failing_alloc_start(n);
    b.instance = wasm_instance_new(w.store, module, NULL, NULL);
    c.instance = wasm_instance_new(w.store, module, NULL, NULL);
    bool failed = failing_alloc_stop();
    Guest d = guest_new(w.store, module);
    assert_true(is_new(d.base, d.size) && is_new(a.base, a.size));
    if (b.instance) {
      b.memory = wasmx_instance_memory(b.instance, "memory");
      assert_true(is_new((uint8_t *)wasm_memory_data(b.memory), MEMORY_PAGES * PAGE));
      guest_delete(&b);
    }
    if (c.instance) {
      c.memory = wasmx_instance_memory(c.instance, "memory");
      assert_true(is_new((uint8_t *)wasm_memory_data(c.memory), MEMORY_PAGES * PAGE));
      guest_delete(&c);
    }
    guest_delete(&a), guest_delete(&d);
    failing_alloc_start(n);
    wasm_module_delete(module); /* and what is given back */
    failing_alloc_stop();
    if (!failed) break;
    assert_true(n < 200);
  }
  world_delete(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(images_are_used),
      cmocka_unit_test(writes_are_ones_own),
      cmocka_unit_test(images_grow),
      cmocka_unit_test(segments_are_dropped),
      cmocka_unit_test(traps_before_the_data),
      cmocka_unit_test(modules_without_images),
      cmocka_unit_test(imported_memories_with_images),
      cmocka_unit_test(images_outlive_their_modules),
      cmocka_unit_test(nobody_sees_anothers_bytes),
      cmocka_unit_test(ten_thousand_alive),
      cmocka_unit_test(as_many_as_there_are),
      cmocka_unit_test(without_descriptors),
      cmocka_unit_test(descriptors_come_back),
      cmocka_unit_test(with_descriptors_taken_away),
      cmocka_unit_test(forks_share_images),
      cmocka_unit_test(a_million_of_instances),
      cmocka_unit_test(many_modules),
      cmocka_unit_test(threads_share_images),
      cmocka_unit_test(each_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
