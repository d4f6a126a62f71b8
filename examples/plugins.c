/* A plugin host: every module of a folder gets a store of its own with limits, each call a
 * deadline, and whoever misbehaves three times is put out, while the others go on. Files are looked
 * at between the rounds: a new version takes the old one's place and state, a broken one does not.
 * Usage: plugins FOLDER */
#include <wasmx.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_PLUGINS = 16, PATH_SIZE = 512, MAX_STRIKES = 3, CALL_NS = 200 * 1000 * 1000 };

typedef struct Plugin {
  char path[PATH_SIZE];
  struct timespec changed; /* the file, when it was read */
  int strikes;
  wasm_store_t *store; /* NULL: none is loaded */
  wasm_func_t *on_event;
  wasm_global_t *state; /* what goes on to the next version; NULL: nothing does */
} Plugin;

static const char *name_of(const Plugin *p) { return strrchr(p->path, '/') + 1; }

static void unload(Plugin *p) {
  wasm_func_delete(p->on_event);
  wasm_global_delete(p->state);
  wasm_store_delete(p->store); /* and all that is in it */
  p->on_event = NULL, p->state = NULL, p->store = NULL;
}

/* A store for p alone, and the file's module in it. False: it is refused, and says why. */
static bool load(wasm_engine_t *engine, Plugin *p) {
  wasmx_error_t err = {.size = sizeof err};
  wasmx_limits_t limits = {
      .size = sizeof limits, .memory_bytes = 4 << 20, .table_elements = 1000, .instances = 1};
  struct stat file = {0};
  stat(p->path, &file);
  p->changed = file.st_mtim;
  p->store = wasm_store_new(engine);
  wasmx_store_set_limits(p->store, &limits);
  wasmx_store_set_deadline(p->store, CALL_NS); /* start functions may loop, too */
  wasm_module_t *module = wasmx_module_new_file(p->store, p->path, WASMX_ALLOW_TEXT, &err);
  wasm_instance_t *instance =
      module ? wasmx_instance_new(p->store, module, NULL, NULL, &err) : NULL;
  wasmx_store_set_deadline(p->store, 0);
  p->on_event = instance ? wasmx_instance_func(instance, "on_event") : NULL;
  p->state = instance ? wasmx_instance_global(instance, "state") : NULL;
  if (!p->on_event) printf("%s: refused: %s\n", name_of(p), instance ? "no on_event" : err.message);
  wasm_instance_delete(instance); /* the function keeps it alive */
  wasm_module_delete(module);
  if (!p->on_event) unload(p);
  return p->on_event != NULL;
}

/* When the file is another one: the new version with the old one's state, or still the old one. */
static void reload_if_changed(wasm_engine_t *engine, Plugin *p) {
  struct stat file;
  if (stat(p->path, &file) || !memcmp(&file.st_mtim, &p->changed, sizeof p->changed)) return;
  Plugin next = *p;
  next.on_event = NULL, next.state = NULL, next.strikes = 0;
  bool good = load(engine, &next);
  p->changed = next.changed;
  if (!good) return;
  wasmx_slot_t state[2];
  if (p->state && next.state) {
    wasmx_global_get_raw(p->state, state);
    wasmx_global_set_raw(next.state, state);
  }
  unload(p);
  *p = next;
  printf("%s: a new version\n", name_of(p));
}

static void send(Plugin *p, int32_t event) {
  if (!p->store) return;
  wasmx_slot_t slots[1] = {wasmx_slot_i32(event)};
  wasm_trap_t *trap = wasmx_func_call_within(p->on_event, slots, CALL_NS);
  if (!trap) {
    printf("%s: on_event(%d) = %d\n", name_of(p), event, slots[0].i32);
    return;
  }
  wasm_message_t message;
  wasm_trap_message(trap, &message);
  printf("%s: on_event(%d): %s\n", name_of(p), event, message.data);
  wasm_name_delete(&message);
  wasm_trap_delete(trap);
  if (++p->strikes < MAX_STRIKES) return;
  printf("%s: put out\n", name_of(p));
  unload(p);
}

static int load_folder(wasm_engine_t *engine, const char *folder, Plugin *plugins) {
  struct dirent **entries;
  int count = 0, found = scandir(folder, &entries, NULL, alphasort);
  for (int i = 0; i < found; i++) {
    const char *dot = strrchr(entries[i]->d_name, '.');
    if (count < MAX_PLUGINS && dot && (!strcmp(dot, ".wasm") || !strcmp(dot, ".wat"))) {
      snprintf(plugins[count].path, PATH_SIZE, "%s/%s", folder, entries[i]->d_name);
      count += load(engine, &plugins[count]);
    }
    free(entries[i]);
  }
  if (found >= 0) free(entries);
  return count;
}

/* What an author of plugins does meanwhile: puts another file in the place of the first. */
static void save(const char *path, const char *step) {
  FILE *file = fopen(path, "w");
  if (!file) return;
  fprintf(file,
          "(module (global $state (export \"state\") (mut i32) (i32.const 0))\n"
          "  (func (export \"on_event\") (param i32) (result i32)\n"
          "    (global.set $state (i32.add (global.get $state) (i32.const %s)))\n"
          "    (global.get $state)))\n",
          step);
  fclose(file);
  static time_t second = 1000000000; /* each version has another time */
  const struct timespec times[2] = {{.tv_sec = second}, {.tv_sec = second}};
  utimensat(AT_FDCWD, path, times, 0);
  second++;
}

static void show_reload(wasm_engine_t *engine) {
  char folder[] = "/tmp/plugins-XXXXXX";
  Plugin live = {0};
  if (!mkdtemp(folder)) return;
  snprintf(live.path, PATH_SIZE, "%s/live.wat", folder);
  save(live.path, "1");
  load(engine, &live);
  static const char *const steps[] = {"1", "10", "ten", "100"}; /* one does not parse */
  for (int i = 0; i < 4; i++) {
    if (i > 0) save(live.path, steps[i]);
    reload_if_changed(engine, &live);
    send(&live, i);
  }
  unload(&live);
  unlink(live.path);
  rmdir(folder);
}

int main(int argc, char **argv) {
  static Plugin plugins[MAX_PLUGINS];
  wasm_engine_t *engine = wasm_engine_new();
  int count = load_folder(engine, argc > 1 ? argv[1] : ".", plugins), well = 0;
  for (int event = 1; event <= 4; event++) {
    for (int i = 0; i < count; i++) reload_if_changed(engine, &plugins[i]);
    for (int i = 0; i < count; i++) send(&plugins[i], event);
  }
  for (int i = 0; i < count; i++) {
    well += plugins[i].store != NULL;
    unload(&plugins[i]);
  }
  printf("%d plugins, %d of them still run\n", count, well);
  show_reload(engine);
  wasm_engine_delete(engine);
  return well > 0 ? 0 : 1;
}
