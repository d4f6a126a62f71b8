/* Fuzz target: a module, in bytes or as text, whose exports are called without anything, by the
 * interpreter, by compiled code, and by both with a collection at each allocation, in small bounds
 * of memory and fuel. All must end the same way, with the same fuel left, and the same numbers,
 * unless memory or stack ran out, which ways need in different amounts. */
#include "tests/fuzz/fuzz.h"

#include "engine/engine.h"
#include "engine/tiers.h"
#include "interp/interp.h"
#include "runtime/account.h"
#include "runtime/collect.h"
#include "runtime/exception.h"
#include "text/wat.h"

#include <stdio.h>
#include <stdlib.h>

enum { WAYS = WITH_JIT ? 4 : 2, FUEL = 3000, MAX_SLOTS_HERE = 64 };

static Engine *make_engine(u32 way) {
  Config config = wm_config_default();
  config.fuel = true;
  config.heap_stress = way % 2;
  config.canonical_nan = true;
  config.tier = way < 2 ? TIER_INTERP : TIER_JIT;
  config.compile_threads = 0;
  config.jit.verify = true;
  return wm_engine_new(&config);
}

static bool is_uncertain(TrapCode code) {
  return code == TRAP_OUT_OF_MEMORY || code == TRAP_STACK_OVERFLOW;
}

/* Of an instantiation that failed. */
static bool is_certain(const Error *err) {
  return err->code == ERR_TRAP && !strstr(err->message, "memory") && !strstr(err->message, "stack");
}

/* What calls of it did, a line each: numbers, and of references whether they are null. */
static bool call_export(Store *store, Func *func, Buffer *out) {
  const SubType *type = wm_types_get(store->types, func->type_id);
  u64 slots[MAX_SLOTS_HERE] = {0};
  if (type->param_slots > MAX_SLOTS_HERE || type->result_slots > MAX_SLOTS_HERE) return true;
  for (u32 i = 0; i < type->param_count; i++)
    if (val_kind(type->params[i]) == KIND_REF) return true; /* there is nothing to give */
  store->fuel = FUEL;
  TrapCode code = wm_call(store, func, slots);
  (void)wm_store_take_trap(store);
  if (is_uncertain(code)) return false;
  wm_buffer_print(out, "%u, %lld left:", code, (long long)store->fuel);
  const u64 *slot = slots;
  for (u32 i = 0; !code && i < type->result_count; i++) {
    bool is_ref = val_is_ref(type->results[i]);
    for (u32 k = 0; k < val_slots(type->results[i]); k++, slot++)
      wm_buffer_print(out, " %llx", (unsigned long long)(is_ref ? *slot != 0 : *slot));
  }
  wm_buffer_print(out, "\n");
  return true;
}

static bool call_exports(Store *store, Instance *in, Buffer *out) {
  const Module *m = &in->module->module;
  for (u32 i = 0; i < m->export_count; i++)
    if (m->exports[i].kind == EXTERN_FUNC &&
        !call_export(store, (Func *)(void *)wm_instance_export(in, &m->exports[i]), out))
      return false;
  return true;
}

/* False: what it did says nothing. */
static bool run(Engine *engine, const Buffer *module, Buffer *out) {
  static const StoreLimits limits = {1 << 24, 100000, 10, 1 << 27, 1 << 26};
  bool certain = true;
  Error err = {0};
  LoadedModule *lm = wm_engine_load(engine, module->data, module->len, &err);
  Store *store = lm && !lm->module.import_count ? wm_engine_store_new(engine) : NULL;
  if (store) {
    wm_account_set_limits(store->account, &limits);
    store->fuel = FUEL;
    Instance *in = wm_instance_new(store, lm, NULL, 0, &err);
    if (in) object_hold(&in->head);
    wm_buffer_print(out, "%s\n", in ? "begins" : err.message);
    certain = in ? call_exports(store, in, out) : is_certain(&err);
    wm_engine_store_delete(store);
  }
  if (lm) wm_loaded_release(lm);
  return certain;
}

static bool same(const Buffer *a, const Buffer *b) {
  return a->len == b->len && (!a->len || !memcmp(a->data, b->data, a->len));
}

static void run_all(const Buffer *module) {
  static Engine *engines[WAYS];
  Buffer outs[WAYS] = {0};
  bool certain = true;
  for (u32 way = 0; way < WAYS && certain; way++) {
    if (!engines[way]) engines[way] = make_engine(way);
    certain = run(engines[way], module, &outs[way]);
    if (certain && !same(&outs[0], &outs[way])) {
      fprintf(stderr, "way 0:\n%.*sway %u:\n%.*s", (int)outs[0].len, (char *)outs[0].data, way,
              (int)outs[way].len, (char *)outs[way].data);
      __builtin_trap();
    }
  }
  for (u32 way = 0; way < WAYS; way++) wm_buffer_free(&outs[way]);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
  Buffer module = {0};
  Error err = {0};
  if (size && data[0] == '(')
    (void)wm_wat_to_binary((const char *)data, size, &module, &err);
  else
    wm_buffer_bytes(&module, data, size);
  if (module.len && err.code == ERR_NONE) run_all(&module);
  wm_buffer_free(&module);
  return 0;
}
