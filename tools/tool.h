/* What the verbs of the `wasm` program share. */
#ifndef WASM_TOOL_TOOL_H
#define WASM_TOOL_TOOL_H

#include <stdio.h>
#include <wasmx.h>

/* Exit statuses that are ours; others are the guest's. */
enum { STATUS_OK = 0, STATUS_FAILED = 1, STATUS_USAGE = 2, STATUS_TRAP = 134 };

/* Verbs: argv[0] is the verb's name; the result is the exit status. */
int run_main(int argc, char **argv);
int validate_main(int argc, char **argv);
int parse_main(int argc, char **argv);
int print_main(int argc, char **argv);
int strip_main(int argc, char **argv);
int inspect_main(int argc, char **argv);
int snapshot_main(int argc, char **argv);
int component_main(int argc, char **argv); /* where components are built in */
int wast_main(int argc, char **argv);      /* where the text format is built in */
int compile_main(int argc, char **argv);   /* these where the compiler is */
int cache_main(int argc, char **argv);
int dump_main(int argc, char **argv);

/* ---- messages (message.c): on stderr, each in one write, names escaped for terminals ---- */

#define PRINTF_MESSAGE(fmt, first) __attribute__((format(printf, fmt, first)))

/* "wasm: ..." Returns STATUS_FAILED. */
int complain(const char *format, ...) PRINTF_MESSAGE(1, 2);
/* The same with a hint at --help. Returns STATUS_USAGE. */
int complain_usage(const char *verb, const char *format, ...) PRINTF_MESSAGE(2, 3);
/* FILE:line:column with the line and a caret, or FILE and the byte. Returns STATUS_FAILED. */
int complain_error(const char *path, const wasmx_error_t *err);
/* `text` with control characters as \xx, in one of a few static buffers. */
const char *printable(const char *text);

/* Readable names (wasmx_demangle_t), and whether the program has them (demangle.c). */
bool demangle(const char *name, char *out, size_t size);
bool can_demangle(void);

/* ---- input and output (load.c, check.c; more in load_decoded.h) ---- */

/* Reads the file ("-": standard input) whole; false when it said why not. */
bool load_file(const char *path, wasm_byte_vec_t *bytes);
/* A file before it is compiled. */
typedef struct Input {
  bool by_name;          /* the library is to read it; else: */
  wasm_byte_vec_t bytes; /* owned: from malloc */
  bool is_component;     /* has its bytes */
  bool is_compiled;      /* a component as `wasm compile` wrote it; by name */
} Input;
/* A component's head: its version, and that it is one (layer 1). */
bool is_component(const void *head, size_t size);
/* False when it said why not. */
bool load_input(const char *path, Input *input);
void free_input(Input *input);
/* Compiles it, and frees the input. NULL when it said why not. */
wasm_module_t *module_of_input(wasm_store_t *store, const char *path, Input *input);

/* Whether the file is such a component. */
bool names_compiled_component(const char *path);
/* The component with its code, as bytes (the caller's); frees the input (component_file.c, or
 * run_no_component.c). */
int serialize_component(wasm_engine_t *engine, const char *path, Input *input,
                        wasm_byte_vec_t *out);

/* Reads and compiles it: binary or text. NULL when it said why not. */
wasm_module_t *load_module(wasm_store_t *store, const char *path);
/* The same for what `wasm compile` wrote. */
wasm_module_t *load_precompiled(wasm_store_t *store, const char *path);

/* Writes the file ("-": standard output); a half-written one is removed, a device is not. */
int write_file(const char *path, const wasm_byte_vec_t *bytes);

/* ---- options ---- */

/* Goes through leading options. "--name value" and "--name=value" are the same. */
typedef struct Options {
  int argc;
  char **argv;
  int at; /* of the next argument */
  /* Noted by take_engine_option: */
  wasmx_tier_t tier;
  bool verifies; /* the compiler checks itself: -X verify=1 */
} Options;

/* Whether the next argument is an option; steps over "--" when it is one, and then there is none.
 */
bool next_is_option(Options *o);
/* Takes the next argument when it is the flag `name`. */
bool take_flag(Options *o, const char *name);
/* Takes the option `name` and its value; *value is NULL when that is missing. */
bool take_option(Options *o, const char *name, const char **value);

/* Takes an option that says how wasm runs (ENGINE_OPTIONS_HELP) into `config`; false: it is none of
 * these. *status is what was wrong with it (engine_options.c). */
bool take_engine_option(Options *o, const char *verb, wasm_config_t *config, int *status);
#define ENGINE_OPTIONS_HELP                                                                        \
  "  --tier TIER                auto: compiles what is hot; jit: all at once; interp: nothing\n"   \
  "  --compile-threads COUNT    threads that compile; 0: none, it happens in the program's own\n"  \
  "  --no-signals               check the ends of memory in code, without signal handlers\n"       \
  "  --canonical-nan            the same NaNs on every machine\n"                                  \
  "  --relaxed-simd-fast        relaxed vector instructions give what this machine's own do\n"     \
  "  --profile TOOL             perfmap, jitdump or gdb: name compiled functions for perf or "     \
  "gdb\n"

/* ---- what was compiled, and collected (statistics.c) ---- */

wasmx_engine_stats_t stats_of(const wasm_engine_t *engine);
void print_stats(const wasm_engine_t *engine, FILE *out);
/* What the heap of structs and arrays did. */
void print_heap_stats(const wasm_store_t *store, FILE *out);
/* STATUS_FAILED when something that the tier should have compiled was not, or is not used; it says
 * what. The tier is what the engine was asked for. */
int check_compiled(const wasm_engine_t *engine, wasmx_tier_t tier);

/* ---- values (value.c) ---- */

/* The value spelled by `text` for a parameter of this kind; false when it is none. */
bool value_of_text(const char *text, wasm_valkind_t kind, wasmx_slot_t *slots);
/* Prints a result and a newline to stdout. Returns the slots it took. */
size_t print_value(const wasmx_slot_t *slots, wasm_valkind_t kind);
/* "i32" and so on. */
const char *kind_name(wasm_valkind_t kind);

#endif
