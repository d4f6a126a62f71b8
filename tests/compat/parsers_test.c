/* A program of tree-sitter's shape: many modules, each instantiated with its own __memory_base and
 * __table_base into one memory and one table, which the host grows; lexers in wasm are called by
 * their number in the table, and call back through pointers that are numbers in the table, too. */
#include "compat/host.h"

#include <stdio.h>
#include <string.h>

enum { LANGUAGES = 30, BYTES = 4096, CALLBACKS = 2, LEXER = 16 };

typedef struct Parser {
  Host host;
  wasmtime_memory_t memory;
  wasmtime_table_t table;
  wasmtime_func_t lexers[LANGUAGES];
  uint32_t callbacks; /* in the table, from here on */
  const char *input;
  int position, marks;
} Parser;

/* advance(lexer, skip): the next character is written to the lexer, in wasm's memory. */
static wasm_trap_t *advance(void *env, wasmtime_caller_t *caller, wasmtime_val_raw_t *raws,
                            size_t count) {
  Parser *p = env;
  assert_int_equal(count, 2);
  wasmtime_context_t *context = wasmtime_caller_context(caller);
  int32_t next = (uint8_t)p->input[p->position++];
  memcpy(wasmtime_memory_data(context, &p->memory) + raws[0].i32, &next, sizeof next);
  return NULL;
}

static wasm_trap_t *mark_end(void *env, wasmtime_caller_t *caller, wasmtime_val_raw_t *raws,
                             size_t count) {
  (void)caller, (void)raws;
  assert_int_equal(count, 1);
  ((Parser *)env)->marks++;
  return NULL;
}

/* The lexer counts digits, each with its language's weight, which its data segment has. */
static const char language[] =
    "(module (import \"env\" \"memory\" (memory 1))"
    "(import \"env\" \"__indirect_function_table\" (table 1 funcref))"
    "(import \"env\" \"__memory_base\" (global $base i32))"
    "(import \"env\" \"__table_base\" (global $table i32))"
    "(import \"env\" \"__stack_pointer\" (global $sp (mut i32)))"
    "(type $advance (func (param i32 i32))) (type $mark (func (param i32)))"
    "(data (global.get $base) \"\\03\\00\\00\\00\")"
    "(elem (global.get $table) $lex)"
    "(func $lex (export \"lex\") (param $lexer i32) (param $callbacks i32) (result i32)"
    "  (local $sum i32) (local $c i32)"
    "  (loop $next"
    "    (call_indirect (type $advance) (local.get $lexer) (i32.const 0) (local.get $callbacks))"
    "    (local.set $c (i32.load (local.get $lexer)))"
    "    (if (i32.and (i32.ge_u (local.get $c) (i32.const 48)) (i32.le_u (local.get $c) (i32.const "
    "57)))"
    "      (then (local.set $sum (i32.add (local.get $sum) (i32.load (global.get $base))))"
    "            (call_indirect (type $mark) (local.get $lexer)"
    "              (i32.add (local.get $callbacks) (i32.const 1)))))"
    "    (br_if $next (local.get $c)))"
    "  (local.get $sum))"
    "(func (export \"__wasm_apply_data_relocs\")"
    "  (i32.store (global.get $base) (i32.add (global.get $base) (i32.load (global.get $base))))))";

static wasmtime_func_t callback(Parser *p, wasm_functype_t *type,
                                wasmtime_func_unchecked_callback_t call) {
  wasmtime_func_t func;
  wasmtime_func_new_unchecked(p->host.context, type, call, p, NULL, &func);
  wasm_functype_delete(type);
  return func;
}

static void add_callbacks(Parser *p) {
  uint64_t first;
  wasmtime_val_t val = {.kind = WASMTIME_FUNCREF};
  fine(wasmtime_table_grow(p->host.context, &p->table, CALLBACKS, &val, &first));
  p->callbacks = (uint32_t)first;
  val.of.funcref =
      callback(p, wasm_functype_new_2_0(wasm_valtype_new_i32(), wasm_valtype_new_i32()), advance);
  fine(wasmtime_table_set(p->host.context, &p->table, first, &val));
  val.of.funcref = callback(p, wasm_functype_new_1_0(wasm_valtype_new_i32()), mark_end);
  fine(wasmtime_table_set(p->host.context, &p->table, first + 1, &val));
}

static wasmtime_extern_t global_i32(Parser *p, int32_t value, wasm_mutability_t mutability) {
  wasmtime_extern_t item = {.kind = WASMTIME_EXTERN_GLOBAL};
  wasmtime_val_t val = WASM_I32_VAL(value);
  wasm_globaltype_t *type = wasm_globaltype_new(wasm_valtype_new_i32(), mutability);
  fine(wasmtime_global_new(p->host.context, type, &val, &item.of.global));
  wasm_globaltype_delete(type);
  return item;
}

static void load_language(Parser *p, const wasmtime_module_t *module, int i) {
  uint64_t table_base;
  wasm_importtype_vec_t imports;
  wasm_exporttype_vec_t exports;
  wasm_trap_t *trap = NULL;
  wasmtime_instance_t instance;
  wasmtime_extern_t items[5], export = {.kind = WASMTIME_EXTERN_GLOBAL};
  wasmtime_val_t null = {.kind = WASMTIME_FUNCREF};
  fine(wasmtime_table_grow(p->host.context, &p->table, 1, &null, &table_base));
  if (i % 10 == 9) fine(wasmtime_memory_grow(p->host.context, &p->memory, 1, NULL));
  wasmtime_module_imports(module, &imports);
  assert_int_equal(imports.size, 5);
  for (size_t k = 0; k < imports.size; k++) {
    const wasm_name_t *name = wasm_importtype_name(imports.data[k]);
    if (strncmp("memory", name->data, name->size) == 0)
      items[k] = (wasmtime_extern_t){.kind = WASMTIME_EXTERN_MEMORY, .of.memory = p->memory};
    else if (strncmp("__indirect_function_table", name->data, name->size) == 0)
      items[k] = (wasmtime_extern_t){.kind = WASMTIME_EXTERN_TABLE, .of.table = p->table};
    else if (strncmp("__memory_base", name->data, name->size) == 0)
      items[k] = global_i32(p, BYTES + i * 64, WASM_CONST);
    else if (strncmp("__table_base", name->data, name->size) == 0)
      items[k] = global_i32(p, (int32_t)table_base, WASM_CONST);
    else
      items[k] = global_i32(p, 1024, WASM_VAR);
  }
  wasm_importtype_vec_delete(&imports);
  fine(wasmtime_instance_new(p->host.context, module, items, 5, &instance, &trap));
  assert_null(trap);
  wasmtime_module_exports(module, &exports);
  for (size_t k = 0; k < exports.size; k++) {
    char *name;
    size_t len;
    assert_true(wasmtime_instance_export_nth(p->host.context, &instance, k, &name, &len, &export));
    if (strncmp("lex", name, len) == 0) continue;
    fine(wasmtime_func_call(p->host.context, &export.of.func, NULL, 0, NULL, 0, &trap));
    assert_null(trap);
  }
  wasm_exporttype_vec_delete(&exports);
  wasmtime_val_t lexer;
  assert_true(wasmtime_table_get(p->host.context, &p->table, table_base, &lexer));
  assert_int_equal(lexer.kind, WASMTIME_FUNCREF);
  p->lexers[i] = lexer.of.funcref;
}

static Parser parser_new(void) {
  Parser p = {.host = host_new()};
  wasm_limits_t pages = {1, 2048}, elements = {1, wasm_limits_max_default};
  wasm_memorytype_t *memory_type = wasm_memorytype_new(&pages);
  fine(wasmtime_memory_new(p.host.context, memory_type, &p.memory));
  wasm_memorytype_delete(memory_type);
  wasm_tabletype_t *table_type = wasm_tabletype_new(wasm_valtype_new(WASM_FUNCREF), &elements);
  wasmtime_val_t null = {.kind = WASMTIME_FUNCREF};
  fine(wasmtime_table_new(p.host.context, table_type, &null, &p.table));
  wasm_tabletype_delete(table_type);
  return p;
}

static void test_many_languages(void **state) {
  (void)state;
  Parser p = parser_new();
  add_callbacks(&p);
  wasmtime_module_t *module = module_of(p.host.engine, language);
  for (int i = 0; i < LANGUAGES; i++) load_language(&p, module, i);
  wasmtime_module_delete(module);
  for (int i = 0; i < LANGUAGES; i++) {
    wasmtime_val_raw_t args[2] = {{.i32 = LEXER}, {.i32 = (int32_t)p.callbacks}};
    wasm_trap_t *trap = NULL;
    p.input = "12ab3";
    p.position = p.marks = 0;
    fine(wasmtime_func_call_unchecked(p.host.context, &p.lexers[i], args, 2, &trap));
    assert_null(trap);
    /* The weight is 3 more than where the language's data begin. */
    assert_int_equal(args[0].i32, 3 * (3 + BYTES + i * 64));
    assert_int_equal(p.marks, 3);
    assert_int_equal(p.position, 6);
  }
  host_delete(&p.host);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_many_languages)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
