/* `wasm dump`: what the compiler makes of a function, stage by stage. Shows the library's insides.
 */
#include "base/buffer.h"
#include "base/quantity.h"
#include "engine/engine.h"
#include "jit/jit.h"
#include "tools/load_decoded.h"
#include "tools/tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#if WITH_CAPSTONE
#include <capstone/capstone.h>
#endif

typedef struct Dump {
  const char *path;
  JitStage stage;
  const char *func;      /* number or export; NULL: all */
  wasm_config_t *config; /* owned until the engine has it */
  Engine *engine;
  JitOptions options; /* the engine's */
  LoadedModule *module;
  Compile *compiler;
} Dump;

/* ---- options ---- */

static int set_stage(Dump *d, const char *name) {
  static const char *const names[] = {"ir", "lir", "asm"};
  static const JitStage stages[] = {JIT_STAGE_PLACED, JIT_STAGE_ALLOCATED, JIT_STAGE_ASM};
  for (int i = 0; name && i < 3; i++) {
    if (strcmp(name, names[i]) != 0) continue;
    d->stage = stages[i];
    return STATUS_OK;
  }
  return complain_usage("dump", "--stage wants ir, lir or asm");
}

static int read_options(Dump *d, int argc, char **argv) {
  Options o = {.argc = argc, .argv = argv, .at = 1};
  const char *stage = "asm";
  while (next_is_option(&o)) {
    int status;
    if (take_engine_option(&o, "dump", d->config, &status)) {
      if (status) return status;
    } else if (!take_option(&o, "--stage", &stage) && !take_option(&o, "--func", &d->func)) {
      return complain_usage("dump", "unknown option %s", printable(argv[o.at]));
    }
  }
  if (o.tier == WASMX_TIER_INTERP)
    return complain_usage("dump", "the interpreter compiles nothing");
  if (o.at + 1 != argc) return complain_usage("dump", "one file is wanted");
  d->path = argv[o.at];
  return set_stage(d, stage);
}

/* ---- output ---- */

#if WITH_CAPSTONE
static void print_code(const Compile *c) {
  csh handle;
  cs_insn *insn;
  if (cs_open(CS_ARCH_X86, CS_MODE_64, &handle) != CS_ERR_OK) return;
  cs_option(handle, CS_OPT_SKIPDATA, CS_OPT_ON);
  size_t count = cs_disasm(handle, c->code.data, c->code.len, 0, 0, &insn);
  for (size_t i = 0; i < count; i++)
    printf("  %6llx  %-8s %s\n", (unsigned long long)insn[i].address, insn[i].mnemonic,
           insn[i].op_str);
  if (count) cs_free(insn, count);
  cs_close(&handle);
}
#else
/* The program of the same build that has a disassembler, beside this one; comes back when there is
 * none. */
static void run_disassembler(char **argv) {
  char path[4096];
  ssize_t len = readlink("/proc/self/exe", path, sizeof path - sizeof "-dump");
  if (len <= 0) return;
  memcpy(path + len, "-dump", sizeof "-dump");
  execv(path, argv);
}

/* For `objdump -D -b binary -m i386:x86-64` after `xxd -r -p`. */
static void print_code(const Compile *c) {
  for (u32 i = 0; i < c->code.len; i++)
    printf("%02x%s", c->code.data[i], i % 32 == 31 || i + 1 == c->code.len ? "\n" : "");
}
#endif

/* What a stage before the last made is gone when the function is compiled: it is made again. */
static JitResult print_stage(const Dump *d, u32 index) {
  Buffer text = {0};
  JitResult result = JIT_DONE;
  if (d->stage == JIT_STAGE_ASM)
    print_code(d->compiler);
  else
    result = wm_jit_dump(d->compiler, d->module, index, 0, &d->options, d->stage, &text);
  fwrite(text.data, 1, text.len, stdout);
  wm_buffer_free(&text);
  return result;
}

static int dump_func(Dump *d, u32 index) {
  static const char *const results[] = {"", "out of memory", "too large to compile",
                                        "not compiled:", "trouble:"};
  JitResult result = wm_jit_compile(d->compiler, d->module, index, 0, &d->options);
  if (result == JIT_DONE) {
    printf("function %u: %u bytes of wasm, %u of code\n", index,
           d->module->module.funcs[index].code_bytes, d->compiler->code.len);
    result = print_stage(d, index);
  }
  if (result == JIT_DONE) return STATUS_OK;
  return complain("function %u: %s %s", index, results[result], d->compiler->trouble);
}

/* The function that --func names: its number or an export's name; NO_INDEX: there is none. */
static u32 find_func(const Dump *d) {
  const Module *m = &d->module->module;
  uint64_t number;
  u32 at;
  if (wm_quantity_number(d->func, &number))
    at = number < m->func_count ? (u32)number : NO_INDEX;
  else if (!wm_namemap_get(&m->export_map, d->func, (u32)strlen(d->func), &at))
    at = NO_INDEX;
  else
    at = m->exports[at].kind == EXTERN_FUNC ? m->exports[at].index : NO_INDEX;
  return at != NO_INDEX && at >= m->func_import_count ? at : NO_INDEX;
}

static int dump_all(Dump *d) {
  const Module *m = &d->module->module;
  int status = STATUS_OK;
  if (d->func) {
    u32 index = find_func(d);
    if (index == NO_INDEX) return complain("no function %s is defined", printable(d->func));
    return dump_func(d, index);
  }
  /* NOLINTNEXTLINE(*.NullDereference): load() made the module */
  for (u32 i = m->func_import_count; i < m->func_count; i++)
    if (dump_func(d, i) != STATUS_OK) status = STATUS_FAILED;
  return status;
}

static int load(Dump *d) {
  wasm_byte_vec_t bytes;
  Error err = {0};
  if (!load_binary(d->path, &bytes)) return STATUS_FAILED;
  d->module = wm_engine_load(d->engine, (const u8 *)bytes.data, bytes.size, &err);
  wasm_byte_vec_delete(&bytes);
  return d->module ? STATUS_OK : complain("%s: %s", printable(d->path), err.message);
}

/* In the tier auto, so that nothing is compiled when the module is loaded. */
static int make_engine(Dump *d) {
  wasmx_config_set_tier(d->config, WASMX_TIER_AUTO);
  d->engine = (Engine *)(void *)wasm_engine_new_with_config(d->config); /* as in api/handle.h */
  d->config = NULL;
  d->compiler = wm_jit_new();
  if (!d->engine || !d->compiler) return complain("out of memory");
  d->options = wm_engine_jit_options(d->engine);
  return STATUS_OK;
}

int dump_main(int argc, char **argv) {
  Dump d = {.config = wasm_config_new()};
  int status = d.config ? read_options(&d, argc, argv) : complain("out of memory");
#if !WITH_CAPSTONE
  if (!status && d.stage == JIT_STAGE_ASM) run_disassembler(argv - 1); /* as `wasm-dump dump ...` */
#endif
  if (!status) status = make_engine(&d);
  if (!status) status = load(&d);
  if (!status) status = dump_all(&d);
  if (d.module) wm_loaded_release(d.module);
  wm_jit_delete(d.compiler);
  wm_engine_release(d.engine);
  wasm_config_delete(d.config);
  return status;
}
