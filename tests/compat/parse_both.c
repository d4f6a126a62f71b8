/* Parses a file with a grammar as native code and as wasm, by tree-sitter built with its wasm
 * feature: the trees must be equal. Tells the times of the fastest of so many runs.
 * Usage: parse_both LANGUAGE GRAMMAR.wasm FILE RUNS     built with
 * -DLANGUAGE=tree_sitter_<language> */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tree_sitter/api.h>
#include <wasm.h>

const TSLanguage *LANGUAGE(void);

typedef struct File {
  char *bytes;
  size_t size;
} File;

static File read_all(const char *path) {
  File f = {NULL, 0};
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END) != 0) exit(2);
  f.size = (size_t)ftell(file);
  rewind(file);
  f.bytes = malloc(f.size + 1);
  if (!f.bytes || fread(f.bytes, 1, f.size, file) != f.size) exit(2);
  fclose(file);
  return f;
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* The tree as text (owned); *best is how long the fastest run took. */
static char *parse(TSParser *parser, const File *f, int runs, double *best) {
  char *text = NULL;
  *best = 1e9;
  for (int i = 0; i < runs; i++) {
    double start = seconds();
    TSTree *tree = ts_parser_parse_string(parser, NULL, f->bytes, (uint32_t)f->size);
    double took = seconds() - start;
    if (!tree) exit(3);
    if (took < *best) *best = took;
    free(text);
    text = ts_node_string(ts_tree_root_node(tree));
    ts_tree_delete(tree);
  }
  return text;
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  double native, wasm;
  TSWasmError error = {0};
  File grammar = read_all(argv[2]), file = read_all(argv[3]);
  wasm_engine_t *engine = wasm_engine_new();
  TSWasmStore *store = ts_wasm_store_new(engine, &error);
  if (!store) return printf("no store: %s\n", error.message), 1;
  double start = seconds();
  const TSLanguage *language =
      ts_wasm_store_load_language(store, argv[1], grammar.bytes, (uint32_t)grammar.size, &error);
  double load = seconds() - start;
  if (!language) return printf("not loaded: %s\n", error.message), 1;
  TSParser *by_native = ts_parser_new(), *by_wasm = ts_parser_new();
  ts_parser_set_wasm_store(by_wasm, store);
  if (!ts_parser_set_language(by_native, LANGUAGE())) return 1;
  if (!ts_parser_set_language(by_wasm, language)) return 1;
  char *expected = parse(by_native, &file, atoi(argv[4]), &native);
  char *found = parse(by_wasm, &file, atoi(argv[4]), &wasm);
  int differs = strcmp(expected, found) != 0;
  printf("%s: %s; load %.2f ms, native %.2f ms, wasm %.2f ms (%.2f times)\n", argv[1],
         differs ? "the trees differ" : "equal trees", load * 1e3, native * 1e3, wasm * 1e3,
         wasm / native);
  free(expected);
  free(found);
  ts_language_delete(language);
  ts_parser_delete(by_native);
  ts_parser_delete(by_wasm);
  wasm_engine_delete(engine);
  free(grammar.bytes);
  free(file.bytes);
  return differs;
}
