/* Direct calls of C functions of common types: a tenth of the price of a prepared call of libffi.
 *
 * A shape is written like an instruction's signature: i i32, l i64, f f32, d f64, v no result;
 * "il_i" is int32_t (*)(int32_t, int64_t). Here are all shapes of up to three integers, and of up
 * to two floats of one kind. */
#include "api/api_native.h"

/* What the letters are in C, how a slot becomes an argument of theirs, and a result a slot. */
typedef i32 C_i;
typedef i64 C_l;
typedef f32 C_f;
typedef f64 C_d;
typedef void C_v;

#define ARG_i(k) (i32) slots[k]
#define ARG_l(k) (i64) slots[k]
#define ARG_f(k) f32_of_bits((u32)slots[k])
#define ARG_d(k) f64_of_bits(slots[k])

#define KEEP_v(call) call
#define KEEP_i(call) slots[0] = (u32)(call)
#define KEEP_l(call) slots[0] = (u64)(call)
#define KEEP_f(call) slots[0] = bits_of_f32(call)
#define KEEP_d(call) slots[0] = bits_of_f64(call)

#define TYPES0()        (void)
#define TYPES1(a)       (C_##a)
#define TYPES2(a, b)    (C_##a, C_##b)
#define TYPES3(a, b, c) (C_##a, C_##b, C_##c)
#define ARGS0()         ()
#define ARGS1(a)        (ARG_##a(0))
#define ARGS2(a, b)     (ARG_##a(0), ARG_##b(1))
#define ARGS3(a, b, c)  (ARG_##a(0), ARG_##b(1), ARG_##c(2))

/* SHAPE(result, name of the parameters, their types, their values) */
#define SHAPES(SHAPE)                                                                              \
  INTEGER_SHAPES(SHAPE, v)                                                                         \
  INTEGER_SHAPES(SHAPE, i)                                                                         \
  INTEGER_SHAPES(SHAPE, l)                                                                         \
  FLOAT_SHAPES(SHAPE, f)                                                                           \
  FLOAT_SHAPES(SHAPE, d)
#define INTEGER_SHAPES(SHAPE, r)                                                                   \
  SHAPE(r, , TYPES0(), ARGS0())                                                                    \
  SHAPE(r, i, TYPES1(i), ARGS1(i))                                                                 \
  SHAPE(r, l, TYPES1(l), ARGS1(l))                                                                 \
  SHAPE(r, ii, TYPES2(i, i), ARGS2(i, i))                                                          \
  SHAPE(r, il, TYPES2(i, l), ARGS2(i, l))                                                          \
  SHAPE(r, li, TYPES2(l, i), ARGS2(l, i))                                                          \
  SHAPE(r, ll, TYPES2(l, l), ARGS2(l, l))                                                          \
  SHAPE(r, iii, TYPES3(i, i, i), ARGS3(i, i, i))                                                   \
  SHAPE(r, iil, TYPES3(i, i, l), ARGS3(i, i, l))                                                   \
  SHAPE(r, ili, TYPES3(i, l, i), ARGS3(i, l, i))                                                   \
  SHAPE(r, ill, TYPES3(i, l, l), ARGS3(i, l, l))                                                   \
  SHAPE(r, lii, TYPES3(l, i, i), ARGS3(l, i, i))                                                   \
  SHAPE(r, lil, TYPES3(l, i, l), ARGS3(l, i, l))                                                   \
  SHAPE(r, lli, TYPES3(l, l, i), ARGS3(l, l, i))                                                   \
  SHAPE(r, lll, TYPES3(l, l, l), ARGS3(l, l, l))
#define FLOAT_SHAPES(SHAPE, r)                                                                     \
  SHAPE(v, r, TYPES1(r), ARGS1(r))                                                                 \
  SHAPE(r, , TYPES0(), ARGS0())                                                                    \
  SHAPE(r, r, TYPES1(r), ARGS1(r))                                                                 \
  SHAPE(r, r##r, TYPES2(r, r), ARGS2(r, r))

/* The function's integers may be unsigned where the call's are signed (wasmx.h): every ABI passes
 * them alike, though C's rules and clang's sanitizer tell them apart. */
#ifdef __clang__
#define ANY_SIGNEDNESS __attribute__((no_sanitize("function")))
#else
#define ANY_SIGNEDNESS
#endif

#define DEFINE_CALL(r, params, types, args)                                                        \
  ANY_SIGNEDNESS static TrapCode call_##params##_##r(Store *store, Func *func, Instance *caller,   \
                                                     u64 *slots) {                                 \
    (void)caller, (void)slots;                                                                     \
    void (*fn)(void) = ((NativeImport *)func->env)->fn;                                            \
    const Activation *act = store->activation;                                                     \
    KEEP_##r(((C_##r(*) types)fn)args);                                                            \
    store_return_to(store, act);                                                                   \
    return store_poll_and_raise(store);                                                            \
  }
SHAPES(DEFINE_CALL)

/* '?' is in no shape: such types are called by libffi, or refused. */
static char letter_of(ValType t) {
  switch (t) {
  case VAL_I32: return 'i';
  case VAL_I64: return 'l';
  case VAL_F32: return 'f';
  case VAL_F64: return 'd';
  default: return '?';
  }
}

/* Asked once a function, so a linear search will do. */
HostFunc wm_native_shape(const SubType *type) {
  static const struct {
    char name[6];
    HostFunc call;
  } shapes[] = {
#define ROW(r, params, types, args) {#params "_" #r, call_##params##_##r},
      SHAPES(ROW)
#undef ROW
  };
  char name[6] = "";
  if (type->param_count > 3 || type->result_count > 1) return NULL;
  u32 len = 0;
  for (u32 i = 0; i < type->param_count; i++) name[len++] = letter_of(type->params[i]);
  name[len++] = '_';
  name[len] = type->result_count ? letter_of(type->results[0]) : 'v';
  for (size_t i = 0; i < ARRAY_LEN(shapes); i++)
    if (strcmp(shapes[i].name, name) == 0) return shapes[i].call;
  return NULL;
}
