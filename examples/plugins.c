/* A plugin host: loads every module of a folder, each into its own store with its own limits, calls
 * its `on_event`, survives the one that misbehaves, and reloads one.
 * Usage: plugins FOLDER */
#include <wasmx.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PLUGINS = 16, PATH_SIZE = 512 };

typedef struct Plugin {
  char path[PATH_SIZE];
  wasm_store_t *store;
  wasm_func_t *on_event;
} Plugin;

static bool read_file(const char *path, wasm_byte_vec_t *out) {
  FILE *file = fopen(path, "rb");
  long size = file && !fseek(file, 0, SEEK_END) ? ftell(file) : -1;
  out->data = NULL;
  if (size >= 0) wasm_byte_vec_new_uninitialized(out, (size_t)size);
  bool ok =
      out->data && !fseek(file, 0, SEEK_SET) && fread(out->data, 1, out->size, file) == out->size;
  if (file) fclose(file);
  return ok;
}

static void unload(Plugin *p) {
  if (p->on_event) wasm_func_delete(p->on_event);
  if (p->store) wasm_store_delete(p->store);
  p->on_event = NULL;
  p->store = NULL;
}

static bool load(wasm_engine_t *engine, Plugin *p) {
  wasmx_error_t err = {.size = sizeof err};
  wasmx_limits_t limits = {
      .size = sizeof limits, .memory_bytes = 4 << 20, .table_elements = 1000, .instances = 1};
  wasm_byte_vec_t bytes;
  if (!read_file(p->path, &bytes)) return false;
  p->store = wasm_store_new(engine);
  wasmx_store_set_limits(p->store, &limits);
  wasm_module_t *module = wasmx_module_new(p->store, &bytes, WASMX_ALLOW_TEXT, &err);
  wasm_instance_t *instance =
      module ? wasmx_instance_new(p->store, module, NULL, NULL, &err) : NULL;
  p->on_event = instance ? wasmx_instance_func(instance, "on_event") : NULL;
  if (!p->on_event) printf("%s: refused: %s\n", p->path, instance ? "no on_event" : err.message);
  if (instance) wasm_instance_delete(instance); /* the function keeps it alive */
  if (module) wasm_module_delete(module);
  wasm_byte_vec_delete(&bytes);
  if (!p->on_event) unload(p);
  return p->on_event != NULL;
}

static void send(Plugin *p, int32_t event) {
  wasmx_slot_t slots[1] = {{.i32 = event}};
  wasm_trap_t *trap = wasmx_func_call_raw(p->on_event, slots);
  if (!trap) {
    printf("%s: on_event(%d) = %d\n", p->path, event, slots[0].i32);
    return;
  }
  wasm_message_t message;
  wasm_trap_message(trap, &message);
  printf("%s: on_event(%d) trapped: %s\n", p->path, event, message.data);
  wasm_name_delete(&message);
  wasm_trap_delete(trap);
}

int main(int argc, char **argv) {
  static Plugin plugins[MAX_PLUGINS];
  struct dirent **entries;
  int count = 0, found = scandir(argc > 1 ? argv[1] : ".", &entries, NULL, alphasort);
  wasm_engine_t *engine = wasm_engine_new();
  for (int i = 0; i < found; i++) {
    const char *dot = strrchr(entries[i]->d_name, '.');
    if (count < MAX_PLUGINS && dot && (!strcmp(dot, ".wasm") || !strcmp(dot, ".wat"))) {
      snprintf(plugins[count].path, PATH_SIZE, "%s/%s", argc > 1 ? argv[1] : ".",
               entries[i]->d_name);
      count += load(engine, &plugins[count]);
    }
    free(entries[i]);
  }
  if (found >= 0) free(entries);
  for (int event = 1; event <= 2; event++)
    for (int i = 0; i < count; i++) send(&plugins[i], event);
  if (count > 0) {
    unload(&plugins[0]); /* a new version came: its state starts anew */
    if (load(engine, &plugins[0])) send(&plugins[0], 1);
  }
  printf("%d plugins\n", count);
  for (int i = 0; i < count; i++) unload(&plugins[i]);
  wasm_engine_delete(engine);
  return count > 0 ? 0 : 1;
}
