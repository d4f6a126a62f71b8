/* The machine that runs cells (cell.h): one source, two builds.
 *
 * Where the compiler can guarantee tail calls (musttail), each handler is a function that takes the
 * machine registers as arguments and ends in a tail call of the next one; preserve_none, where
 * there is one, leaves all registers to them. Otherwise (gcc) all handlers are labels in one
 * function, joined by computed gotos. */
#include "interp/cell.h"
#include "runtime/numeric.h"
#include "runtime/simd.h"
#include "wasm/limits.h"

/* The sanitizer's frames and preserve_none exclude one another. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ADDRESS_SANITIZER 1
#endif
#endif
#ifndef WITH_ADDRESS_SANITIZER
#define WITH_ADDRESS_SANITIZER 0
#endif

#if defined(__has_attribute)
#if __has_attribute(musttail)
#define WITH_TAIL_CALLS 1
#define MUSTTAIL        __attribute__((musttail))
#if __has_attribute(preserve_none) && !WITH_ADDRESS_SANITIZER
#define HANDLER_CALL __attribute__((preserve_none))
#else
#define HANDLER_CALL
#endif
#endif
#endif
#ifndef WITH_TAIL_CALLS
#define WITH_TAIL_CALLS 0
#endif

/* ---- what bodies use besides the registers ---- */

#define WORD_OF(pointer)  ((u64)(uintptr_t)(pointer))
#define FUNC_OF(ref)      ((Func *)(void *)ref_object(ref))
#define FUNC_CODE(word)   ((const FuncCode *)(uintptr_t)(word))
#define CELL_AT(word)     ((const Cell *)(uintptr_t)(word))
#define SLOTS_AT(word)    ((u64 *)(uintptr_t)(word))
#define INSTANCE_AT(word) ((Instance *)(uintptr_t)(word))
#define MEANING(type)     ((type)(uintptr_t)pc->x[0])
#define FAR_LANE          (pc->b >> 16)

#define AFTER(words) CELL_AT(WORD_OF(pc) + (words) * CELL_WORD)
#define JUMP_F(bytes)                                                                              \
  do {                                                                                             \
    pc = CELL_AT(WORD_OF(pc) + (u64)(i64)(bytes));                                                 \
    GO;                                                                                            \
  } while (0)
#define JUMP_K(bytes)                                                                              \
  do {                                                                                             \
    pc = CELL_AT(WORD_OF(pc) + (u64)(i64)(bytes));                                                 \
    if (UNLIKELY(--tick < 0)) SLOW(tick);                                                          \
    GO;                                                                                            \
  } while (0)
#define NEXT(words)                                                                                \
  do {                                                                                             \
    pc = AFTER(words);                                                                             \
    GO;                                                                                            \
  } while (0)
#define TRAP(code)                                                                                 \
  do {                                                                                             \
    acc = (code);                                                                                  \
    SLOW(trap);                                                                                    \
  } while (0)
/* A handler's address; another tier may replace it while this thread runs. */
#define HANDLER_OF(cell) ((void *)(uintptr_t)__atomic_load_n(&(cell)->handler, __ATOMIC_RELAXED))

/* The cells that run now for a function: published with release order by whoever made them. */
static inline const Cell *running_code(const FuncCode *code) {
  return atomic_load_explicit(&((FuncCode *)(uintptr_t)code)->code, memory_order_acquire);
}

/* Slots from fp to the end of the value stack. */
static inline u64 stack_room(const Instance *inst, const u64 *fp) {
  return (u64)(inst->store->stack_end - fp);
}

/* Notes where wasm stands before a host function runs, which may use the value stack from `top` on.
 * Gives the activation that it returns to. */
static inline void leave_wasm(Instance *inst, const Cell *pc, u64 *fp, u64 *top, Func *callee) {
  Store *store = inst->store;
  Activation *activation = store->activation;
  activation->pc = pc;
  activation->fp = fp;
  activation->instance = inst;
  activation->callee = callee;
  store->stack_top = top;
}

/* The callee's frame in the place of that of the tail call in `pc`. */
static inline void replace_frame(u64 *fp, const Cell *pc, const FuncCode *callee) {
  if (LIKELY(pc->a == callee->link_slot))
    memmove(fp, fp + pc->d, callee->param_slots * sizeof *fp);
  else
    wm_frame_move(fp, pc->d, pc->a, callee);
}

/* The length of the memory at `base`, to be compared once: as a plain load, which becomes part of
 * the comparison. Of an aligned word that is as good as an atomic one (runtime/pool.h), which
 * compilers do not put there. */
static inline u64 length_at(const u8 *base) { return load_u64(base - sizeof(u64)); }

/* Where `size` bytes at address + the cell's offset are, in the cell's memory; NULL: outside. */
static inline u8 *far_address(const Instance *inst, const Cell *pc, u64 address, u64 size) {
  u8 *base = inst->memories[(u16)pc->b]->space.base;
  u64 length = length_at(base), ea;
  bool inside = checked_add(address, pc->x[0], &ea) && length >= size && ea <= length - size;
  return inside ? base + ea : NULL;
}

/* Entries are 4 bytes each, behind the cell's operands. */
static inline i32 table_offset(const Cell *pc, u32 index) {
  i32 offset;
  memcpy(&offset, (const u8 *)pc->x + index * sizeof offset, sizeof offset);
  return offset;
}

static inline V128 vector_of(const u64 *slots) {
  V128 v;
  memcpy(&v, slots, sizeof v);
  return v;
}
static inline void put_vector(u64 *slots, V128 v) { memcpy(slots, &v, sizeof v); }
static inline V128 low_vector(u64 low) { return (V128){.u64x2 = {low, 0}}; }

/* Threads of a guest may race in a shared memory: that is its own affair, not the library's, and
 * the thread sanitizer is not to look at it (tests/tsan.sh). */
#if defined(__has_attribute)
#if __has_attribute(no_sanitize)
#define GUESTS_MAY_RACE __attribute__((no_sanitize("thread")))
#endif
#endif
#ifndef GUESTS_MAY_RACE
#define GUESTS_MAY_RACE
#endif

#define MACHINE_PARAMS                                                                             \
  const Cell *pc, u64 *fp, u8 *mem, Instance *inst, u64 acc, i64 tick, f64 fa, f32 sa
#define MACHINE pc, fp, mem, inst, acc, tick, fa, sa

#if WITH_TAIL_CALLS

typedef HANDLER_CALL TrapCode (*Handler)(MACHINE_PARAMS);
#define GO         MUSTTAIL return ((Handler)HANDLER_OF(pc))(MACHINE)
#define SLOW(name) MUSTTAIL return run_##name(MACHINE)

#define HANDLER(name, words, ...)                                                                  \
  static HANDLER_CALL GUESTS_MAY_RACE TrapCode run_##name(MACHINE_PARAMS);
#define SLOW_HANDLER(name, ...) static HANDLER_CALL NOINLINE TrapCode run_##name(MACHINE_PARAMS);
#include "interp/handlers.def"

#define HANDLER(name, words, ...)                                                                  \
  static HANDLER_CALL GUESTS_MAY_RACE TrapCode run_##name(MACHINE_PARAMS) {                        \
    (void)pc, (void)fp, (void)mem, (void)inst, (void)acc, (void)tick, (void)fa, (void)sa;          \
    __VA_ARGS__                                                                                    \
  }
#include "interp/handlers.def"

static const Handler handlers[HANDLER_COUNT] = {
#define HANDLER(name, words, ...) run_##name,
#include "interp/handlers.def"
};

u64 wm_handler_address(u32 handler) { return WORD_OF(handlers[handler]); }

const Cell *wm_cell_exit(void) {
  static const Cell cell = {.handler = WORD_OF(run_exit)};
  return &cell;
}

const Cell *wm_cell_restore(void) {
  static const Cell cell = {.handler = WORD_OF(run_restore)};
  return &cell;
}

TrapCode wm_interp_run(const Cell *pc, u64 *fp, Instance *inst) {
  Handler first = (Handler)HANDLER_OF(pc);
  return first(pc, fp, inst->memory0_base, inst, 0, inst->ticks, 0, 0);
}

#else

#define GO                        goto *HANDLER_OF(pc)
#define SLOW(name)                goto run_##name

/* The machine is one function, in which the checks of gcc's undefined-behaviour sanitizer would
 * take minutes to compile; the other build has them. */
#define ONE_FUNCTION              __attribute__((no_sanitize("undefined"))) GUESTS_MAY_RACE

/* What machine() tells about itself when pc is NULL. Handlers are noted as distances from the
 * first: those need no relocation when the library is loaded. */
typedef struct Insides {
  u64 first_handler;
  const i32 *distances;
  const Cell *exit, *restore;
} Insides;

ONE_FUNCTION static TrapCode machine(const Cell *pc, u64 *fp, Instance *inst, Insides *insides) {
  static const i32 distances[HANDLER_COUNT] = {
#define HANDLER(name, words, ...) (i32)((u8 *) && run_##name - (u8 *) && first_handler),
#include "interp/handlers.def"
  };
  static const Cell exit_cell = {.handler = (u64)(uintptr_t)&&run_exit};
  static const Cell restore_cell = {.handler = (u64)(uintptr_t)&&run_restore};
  if (!pc) {
    *insides = (Insides){WORD_OF(&&first_handler), distances, &exit_cell, &restore_cell};
    return TRAP_NONE;
  }
  u8 *mem = inst->memory0_base;
  u64 acc = 0;
  i64 tick = inst->ticks;
  f64 fa = 0;
  f32 sa = 0;
  GO;
first_handler:
#define HANDLER(name, words, ...) run_##name : __VA_ARGS__
#include "interp/handlers.def"
}

static Insides insides_of_machine(void) {
  Insides insides;
  machine(NULL, NULL, NULL, &insides);
  return insides;
}

u64 wm_handler_address(u32 handler) {
  Insides insides = insides_of_machine();
  return insides.first_handler + (u64)(i64)insides.distances[handler];
}

const Cell *wm_cell_exit(void) { return insides_of_machine().exit; }
const Cell *wm_cell_restore(void) { return insides_of_machine().restore; }

TrapCode wm_interp_run(const Cell *pc, u64 *fp, Instance *inst) {
  return machine(pc, fp, inst, NULL);
}

#endif
