/* `wasm run --invoke` of components: 'interface.function(arguments)', in WIT's words. */
#include "base/buffer.h"
#include "base/error.h"
#include "tools/run_component.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct Text { /* borrowed */
  const char *text;
  size_t len;
} Text;

/* A call as it was asked for. */
typedef struct Invocation {
  const Run *run;
  const wasmcm_instance_t *instance;
  const wasmcm_type_t *world; /* the component's */
  Buffer text;                /* owned: "name(arguments)", with a zero behind it */
  char *name;                 /* owned */
} Invocation;

/* ---- the text ---- */

/* Without parentheses each argument behind the file is one of the function's. */
static void put_arguments(Invocation *in) {
  const Run *run = in->run;
  wm_buffer_byte(&in->text, '(');
  for (int i = 0; i < run->arg_count; i++)
    wm_buffer_print(&in->text, "%s%s", i ? ", " : "", run->args[i]);
  wm_buffer_byte(&in->text, ')');
}

static int read_text(Invocation *in) {
  const char *invoke = in->run->invoke;
  size_t len = strcspn(invoke, "(");
  if (invoke[len] && in->run->arg_count)
    return complain_usage("run", "arguments are in the parentheses of --invoke or behind the file");
  wm_buffer_print(&in->text, "%s", invoke);
  if (!invoke[len]) put_arguments(in);
  wm_buffer_byte(&in->text, 0);
  in->name = strndup(invoke, len);
  if (in->text.failed || !in->name) return complain("out of memory");
  return STATUS_OK;
}

/* ---- which function ---- */

/* "interface.function" with all of the interface's name, at any of the dots; or a name alone. */
static wasmcm_func_t *find_exact(const Invocation *in) {
  wasmcm_func_t *func = wasmcm_instance_func(in->instance, NULL, in->name);
  for (size_t dot = strlen(in->name); !func && dot-- > 0;) {
    if (in->name[dot] != '.') continue;
    in->name[dot] = 0;
    func = wasmcm_instance_func(in->instance, in->name, in->name + dot + 1);
    in->name[dot] = '.';
  }
  return func;
}

static bool equal(Text a, Text b) { return a.len == b.len && memcmp(a.text, b.text, a.len) == 0; }

static Text name_of(const wasmcm_item_t *item) { return (Text){item->name, item->name_size}; }

/* Whether the interface may be meant: without its version, or by its own name alone. */
static bool may_mean(Text asked, Text iface) {
  const char *at = memchr(iface.text, '@', iface.len);
  Text bare = {iface.text, at ? (size_t)(at - iface.text) : iface.len};
  const char *slash = memchr(bare.text, '/', bare.len);
  size_t before = slash ? (size_t)(slash + 1 - bare.text) : 0;
  return equal(asked, bare) || equal(asked, (Text){bare.text + before, bare.len - before});
}

/* Whether the name may mean that function of that interface; the function's alone does, too. */
static bool may_call(const char *asked, Text iface, Text func) {
  Text name = {asked, strlen(asked)};
  if (equal(name, func)) return true;
  if (name.len < func.len + 2) return false;
  size_t dot = name.len - func.len - 1;
  return asked[dot] == '.' && equal((Text){asked + dot + 1, func.len}, func) &&
         may_mean((Text){asked, dot}, iface);
}

/* Exported functions, and how they are called. */
typedef struct Listing {
  const char *asked; /* NULL: all of them */
  const wasmcm_type_t *world;
  size_t count;
  wasmcm_item_t iface, func; /* the last one */
  Buffer text;               /* owned; a line each */
} Listing;

static void put_name(Buffer *out, const wasmcm_item_t *item) {
  char text[256];
  wm_buffer_print(out, "%s", wm_escape(text, sizeof text, item->name, item->name_size));
}

/* iface NULL: it is exported directly. */
static void list_func(Listing *l, const wasmcm_item_t *iface, const wasmcm_item_t *func) {
  wasm_byte_vec_t type;
  if (l->asked && !(iface && may_call(l->asked, name_of(iface), name_of(func)))) return;
  l->count++;
  l->func = *func;
  wm_buffer_print(&l->text, "\n  ");
  if (iface) {
    l->iface = *iface;
    put_name(&l->text, iface);
    wm_buffer_byte(&l->text, '.');
  }
  put_name(&l->text, func);
  if (!wasmcm_type_wit(func->type, iface ? iface->type : l->world, &type)) return;
  wm_buffer_print(&l->text, ": %.*s", (int)type.size, type.data);
  wasm_byte_vec_delete(&type);
}

static Listing list_funcs(const Invocation *in, const char *asked) {
  Listing l = {.asked = asked, .world = in->world};
  wasmcm_item_t item = {.size = sizeof item}, inner = item;
  for (size_t i = 0; wasmcm_type_export(in->world, i, &item); i++) {
    if (item.kind == WASMCM_FUNC) list_func(&l, NULL, &item);
    if (item.kind != WASMCM_INSTANCE) continue;
    for (size_t j = 0; wasmcm_type_export(item.type, j, &inner); j++)
      if (inner.kind == WASMCM_FUNC) list_func(&l, &item, &inner);
  }
  wm_buffer_byte(&l.text, 0);
  return l;
}

static void complain_listing(const Invocation *in, const char *what, Listing *l) {
  if (l->text.failed)
    complain("out of memory");
  else
    complain("%s: %s '%s'; %s%s", printable(in->run->path), what, printable(in->name),
             !l->count  ? "it exports no function"
             : l->asked ? "it may be:"
                        : "it exports:",
             (const char *)l->text.data);
  wm_buffer_free(&l->text);
}

static wasmcm_func_t *get_listed(const Invocation *in, const Listing *l) {
  char *iface = strndup(l->iface.name, l->iface.name_size);
  char *name = strndup(l->func.name, l->func.name_size);
  wasmcm_func_t *func = iface && name ? wasmcm_instance_func(in->instance, iface, name) : NULL;
  if (!func) complain("out of memory");
  free(iface);
  free(name);
  return func;
}

/* One that is called by less than its whole name must be the only one. NULL when it said why. */
static wasmcm_func_t *find_func(const Invocation *in) {
  wasmcm_func_t *func = find_exact(in);
  if (func) return func;
  Listing meant = list_funcs(in, in->name);
  if (meant.count == 1) {
    func = get_listed(in, &meant);
    wm_buffer_free(&meant.text);
  } else if (meant.count) {
    complain_listing(in, "there is more than one function", &meant);
  } else {
    Listing all = list_funcs(in, NULL);
    wm_buffer_free(&meant.text);
    complain_listing(in, "there is no function", &all);
  }
  return func;
}

/* ---- the call ---- */

/* Whether there is a resource in it, which has no text. */
static bool has_resource(const wasmcm_type_t *type) {
  wasmcm_kind_t kind = type ? wasmcm_type_kind(type) : WASMCM_BOOL;
  if (kind == WASMCM_OWN || kind == WASMCM_BORROW) return true;
  for (size_t i = 0; kind > WASMCM_STRING && i < wasmcm_type_count(type); i++)
    if (has_resource(wasmcm_type_part(type, i))) return true;
  return false;
}

static int print_result(const wasmcm_type_t *type, const wasmcm_val_t *val) {
  wasm_byte_vec_t text;
  if (!type) return STATUS_OK;
  if (!wasmcm_val_print(type, val, &text)) return complain("out of memory");
  fwrite(text.data, 1, text.size, stdout);
  putchar('\n');
  wasm_byte_vec_delete(&text);
  return fflush(stdout) ? complain("cannot write results: %s", strerror(errno)) : STATUS_OK;
}

static int parse_arguments(const Invocation *in, const wasmcm_type_t *type, wasmcm_result_t *args) {
  wasmx_error_t err = {.size = sizeof err};
  const char *text = (const char *)in->text.data;
  size_t at = strcspn(text, "("), size = in->text.len - 1;
  if (!wasmcm_val_parse(type, text, size, &at, args, &err)) return complain_error("--invoke", &err);
  at += strspn(text + at, " \t\r\n");
  if (at == size) return STATUS_OK;
  wasmcm_result_delete(args);
  return complain_usage("run", "--invoke: nothing may stand behind the arguments: %s",
                        printable(text + at));
}

static int call(const Invocation *in, const wasmcm_func_t *func) {
  const wasmcm_type_t *type = wasmcm_func_type(func);
  wasmcm_result_t args, result;
  if (has_resource(wasmcm_type_result(type)))
    return complain("--invoke: '%s' gives a resource, which cannot be printed",
                    printable(in->name));
  int status = parse_arguments(in, type, &args);
  if (status) return status;
  wasm_trap_t *trap = wasmcm_func_call(func, args.value.of.items.data, &result);
  bool has_result = !trap; /* one of exit has status 0, too */
  status = run_end_of(in->run, trap);
  if (has_result && !status) status = print_result(wasmcm_type_result(type), &result.value);
  wasmcm_result_delete(&result);
  wasmcm_result_delete(&args);
  return status;
}

int run_invoke(const Run *run, const RunComponent *component) {
  Invocation in = {.run = run,
                   .instance = component->instance,
                   .world = wasmcm_component_type(component->component)};
  int status = read_text(&in);
  wasmcm_func_t *func = !status && in.name ? find_func(&in) : NULL;
  if (!status) status = func ? call(&in, func) : STATUS_FAILED;
  wasmcm_func_delete(func);
  wm_buffer_free(&in.text);
  free(in.name);
  return status;
}
