/* What handlers do when something rare happens (cell.h). */
#include "interp/cell.h"
#include "interp/interp.h"
#include "runtime/atomics.h"
#include "runtime/collect.h"
#include "runtime/exception.h"
#include "runtime/profile.h"
#include "runtime/tail.h"

static void note_place(Instance *inst, const Cell *pc, u64 *fp) {
  Activation *activation = inst->store->activation;
  activation->pc = pc;
  activation->fp = fp;
  activation->instance = inst;
}

TrapCode wm_slow_trap(Instance *inst, const Cell *pc, u64 *fp, TrapCode code) {
  note_place(inst, pc, fp);
  return wm_trap_raise(inst->store, code, NULL, 0);
}

/* The function whose stub this is. */
static FuncCode *stub_owner(const Cell *stub) {
  return (FuncCode *)(uintptr_t)((uintptr_t)stub - offsetof(FuncCode, stub));
}

const Cell *wm_slow_translate(Instance *inst, const Cell *pc, u64 *fp) {
  FuncCode *code = stub_owner(pc);
  if (!wm_interp_translate(code)) {
    wm_slow_trap(inst, pc, fp, TRAP_OUT_OF_MEMORY);
    return NULL;
  }
  return atomic_load_explicit(&code->code, memory_order_acquire);
}

TrapCode wm_slow_atomic(Instance *inst, const Cell *pc, u64 *fp) {
  u64 slots = pc->x[1], result = 0;
  TrapCode trap = wm_atomic_run(inst, (u16)(pc->b >> 16), pc->b & 0xFFFF, fp[pc->a], pc->x[0],
                                fp[slots & 0xFFFF], fp[slots >> 16 & 0xFFFF], &result);
  if (!trap && slots >> 32) fp[pc->d] = result;
  return trap;
}

TrapCode wm_slow_gc(Instance *inst, const Cell *pc, u64 *fp) {
  note_place(inst, pc, fp);
  inst->store->stack_top = fp + (u32)pc->x[1];
  GcInstr instr = {(u16)pc->b, (u32)pc->x[0], (u32)(pc->x[0] >> 32)};
  return wm_gc_run(inst, &instr, fp + pc->a);
}

/* ---- what is hot ---- */

static void request_whole(FuncCode *code) {
  if (atomic_exchange_explicit(&code->requested, 1, memory_order_relaxed)) return;
  code->module->tiers->request(code, NULL);
}

/* Another thread may have set the handler that brought us here: all that it wrote before is there.
 */
static void acquire(const Cell *cell) { (void)__atomic_load_n(&cell->handler, __ATOMIC_ACQUIRE); }

/* Other threads may be counting, too; a lost count is no harm. */
const Cell *wm_slow_count(Instance *inst, const Cell *pc) {
  FuncCode *code = stub_owner(pc);
  acquire(pc);
  u32 left = __atomic_load_n(&pc->b, __ATOMIC_RELAXED);
  (void)inst;
  if (left > 0) {
    __atomic_store_n(&((Cell *)(uintptr_t)pc)->b, left - 1, __ATOMIC_RELAXED);
    return code->cells;
  }
  wm_interp_stop_counting(code);
  request_whole(code);
  return atomic_load_explicit(&code->code, memory_order_acquire);
}

/* How much hotter than worth compiling a loop gets while its function is not compiled yet, before
 * it is replaced without waiting. */
enum { WAITS_FOR_WHOLE = 64 };

/* First the function, for the calls to come. A loop that still runs when that is there, or would
 * have to wait for long, is replaced where it stands. */
static void loop_is_hot(FuncCode *code, const Cell *pc, u32 hotness) {
  const TierHooks *tiers = code->module->tiers;
  request_whole(code);
  bool waits = !atomic_load_explicit(&code->body, memory_order_relaxed) &&
               hotness / WAITS_FOR_WHOLE < tiers->loop_threshold;
  if (waits) return;
  bool is_new;
  OsrEntry *entry = wm_interp_osr_entry(code, pc, &is_new);
  if (entry && is_new && entry->loop_offset) tiers->request(code, entry);
}

TrapCode wm_slow_tick(Instance *inst, const Cell *pc, u64 *fp) {
  FuncCode *code = wm_code_find(inst->module, pc);
  const TierHooks *tiers = inst->module->tiers;
  if (code) {
    u32 hotness = atomic_load_explicit(&code->hotness, memory_order_relaxed);
    if (hotness < UINT32_MAX - TICKS) hotness += TICKS; /* a lost count is no harm */
    atomic_store_explicit(&code->hotness, hotness, memory_order_relaxed);
    if (tiers && hotness >= tiers->loop_threshold) loop_is_hot(code, pc, hotness);
  }
  TrapCode stop = wm_store_poll(inst->store);
  return stop ? wm_slow_trap(inst, pc, fp, stop) : TRAP_NONE;
}

/* ---- what is called ---- */

/* What the call of a table or reference is about to call; NULL: it traps. */
static const Func *callee_of(const Instance *inst, const Cell *pc, const u64 *fp, u32 plain) {
  u64 operand = fp[pc->b];
  if (plain == H_call_ref || plain == H_return_call_ref)
    return (const Func *)ref_object(ref_of_slot(operand));
  const Table *table = inst->tables[pc->x[0] >> 32];
  return operand < table->length ? (const Func *)ref_object(table->elems[operand]) : NULL;
}

void wm_slow_note(const Instance *inst, const Cell *pc, const u64 *fp, u32 plain) {
  const Func *callee = callee_of(inst, pc, fp, plain);
  CallSite *site = (CallSite *)(uintptr_t)pc->x[1];
  if (callee && !wm_site_note(site, callee, inst))
    __atomic_store_n(&((Cell *)(uintptr_t)pc)->handler, inst->module->handler_address(plain),
                     __ATOMIC_RELAXED);
}

/* ---- ends ---- */

static Resume ended(TrapCode trap) { return (Resume){.trap = trap}; }

/* The exception is caught in the innermost activation. */
static Resume land(Store *store) {
  const Unwind unwind = wm_exception_take(store);
  const Cell *cells = unwind.code->cells;
  wm_exception_store(unwind.exception, unwind.clause, unwind.fp);
  const u64 *target = (const u64 *)(const void *)cells + unwind.clause->word;
  return (Resume){TRAP_NONE, (const Cell *)(const void *)target, unwind.fp, unwind.instance};
}

Resume wm_slow_ended(Instance *inst, TrapCode code) {
  Store *store = inst->store;
  return exception_is_caught_here(store, code) ? land(store) : ended(code);
}

Resume wm_slow_throw(Instance *inst, const Cell *pc, u64 *fp) {
  Store *store = inst->store;
  note_place(inst, pc, fp);
  store->stack_top = fp + wm_code_find(inst->module, pc)->frame_slots;
  wm_store_safepoint(store);
  return wm_slow_ended(inst, wm_exception_throw_new(store, inst->tags[pc->b], fp + pc->d));
}

Resume wm_slow_throw_ref(Instance *inst, const Cell *pc, u64 *fp) {
  note_place(inst, pc, fp);
  Exception *exception = (Exception *)ref_object(ref_of_slot(fp[pc->a]));
  return wm_slow_ended(inst, wm_exception_throw(inst->store, exception));
}

/* ---- compiled code ---- */

/* Begins an activation for compiled code in the place of the interpreter's frame fp, of which
 * `kept_slots` must stay. NULL: trapped. */
static Activation *begin(FuncCode *code, Instance *inst, u64 *fp, u32 kept_slots) {
  Store *store = inst->store;
  wm_frame_leave(store->activation, code, inst, fp);
  store->stack_top = fp + kept_slots;
  if (UNLIKELY((const u8 *)__builtin_frame_address(0) < store->native.limit) ||
      UNLIKELY(store->stack_end - store->stack_top < ACTIVATION_SLOTS)) {
    wm_trap_raise(store, TRAP_STACK_OVERFLOW, NULL, 0);
    return NULL;
  }
  return store_push_activation(store, NULL, inst);
}

/* To where the link says. */
static Resume returned(const u64 *link, Instance *inst) {
  const Cell *pc = (const Cell *)(uintptr_t)link[LINK_PC];
  return (Resume){TRAP_NONE, pc, (u64 *)(uintptr_t)link[LINK_FP], inst};
}

/* The callee of store->tail, a host function, in the frame fp, whose link is its own by now. */
static Resume run_host(Store *store, const TailCall *tail, u64 *fp) {
  u64 *link = fp + tail->code->link_slot;
  store->activation->callee = tail->func;
  store->stack_top = link + FRAME_LINK_SLOTS;
  TrapCode trap = tail->func->host(store, tail->func, tail->caller, fp);
  return trap ? wm_slow_ended(tail->caller, trap) : returned(link, tail->caller);
}

/* Compiled code in the frame fp, with its link at `link_slot`, ended in a tail call that left it:
 * the callee takes the frame over. */
static Resume take_over(Instance *inst, u64 *fp, u32 link_slot) {
  Store *store = inst->store;
  const TailCall tail = store->tail;
  u64 needed =
      tail.instance ? tail.code->frame_slots : tail.code->link_slot + (u64)FRAME_LINK_SLOTS;
  if ((u64)(store->stack_end - fp) < needed)
    return ended(wm_trap_raise(store, TRAP_STACK_OVERFLOW, NULL, 0));
  wm_frame_move(fp, (u32)(tail.args - fp), link_slot, tail.code);
  if (!tail.instance) return run_host(store, &tail, fp);
  if (tail.instance != inst) wm_frame_cross(inst, fp + tail.code->link_slot);
  const Cell *pc = atomic_load_explicit(&tail.code->code, memory_order_acquire);
  return (Resume){TRAP_NONE, pc, fp, tail.instance};
}

/* Ends the activation of compiled code that returned, or how else it ended. */
static Resume leave(Instance *inst, Activation *act, TrapCode trap, u64 *fp, u32 link_slot) {
  store_pop_activation(inst->store, act);
  if (LIKELY(!trap)) return returned(fp + link_slot, inst);
  return trap == TRAP_TAIL_CALL ? take_over(inst, fp, link_slot) : wm_slow_ended(inst, trap);
}

Resume wm_slow_tail_host(Instance *inst, const Cell *pc, u64 *fp, Func *callee) {
  Store *store = inst->store;
  const FuncCode *code = callee->code;
  if ((u64)(store->stack_end - fp) < code->link_slot + (u64)FRAME_LINK_SLOTS)
    return ended(wm_slow_trap(inst, pc, fp, TRAP_STACK_OVERFLOW));
  wm_frame_move(fp, pc->d, pc->a, code);
  wm_frame_leave(store->activation, callee->code, inst, fp);
  return run_host(store, &(TailCall){callee->code, NULL, callee, inst, fp}, fp);
}

Resume wm_slow_enter(Instance *inst, const Cell *pc, u64 *fp) {
  FuncCode *code = stub_owner(pc);
  acquire(pc);
  Activation *act = begin(code, inst, fp, code->link_slot + FRAME_LINK_SLOTS);
  if (!act) return ended(inst->store->trap->code);
  TrapCode trap = code->module->machine->enter(code, inst, fp);
  return leave(inst, act, trap, fp, code->link_slot);
}

Resume wm_slow_osr(Instance *inst, const Cell *pc, u64 *fp) {
  acquire(pc);
  FuncCode *code = wm_code_find(inst->module, pc);
  OsrEntry *entry = atomic_load_explicit(&code->osr, memory_order_acquire);
  while (entry->cell != pc) entry = entry->next;
  const NativeBody *body = atomic_load_explicit(&entry->body, memory_order_acquire);
  Activation *act = begin(code, inst, fp, code->frame_slots);
  if (!act) return ended(inst->store->trap->code);
  TrapCode trap = code->module->machine->enter_osr(code, inst, body->start, fp);
  return leave(inst, act, trap, fp, code->link_slot);
}
