/* Names of types and the matching of abstract ones (types.h). */
#include "wasm/types.h"

#include <stdio.h>

/* As the text format has them, which is how messages name types. */
static const char *number_name(ValType t) {
  switch (t) {
  case VAL_I32: return "i32";
  case VAL_I64: return "i64";
  case VAL_F32: return "f32";
  case VAL_F64: return "f64";
  case VAL_V128: return "v128";
  case VAL_I8: return "i8";
  case VAL_I16: return "i16";
  default: return "any type"; /* of unreachable code */
  }
}

typedef struct HeapName {
  const char *heap, *nullable; /* in (ref heap); instead of (ref null heap) */
} HeapName;

static HeapName heap_name(HeapType h) {
  switch (h) {
  case HEAP_NOEXN: return (HeapName){"noexn", "nullexnref"};
  case HEAP_NOFUNC: return (HeapName){"nofunc", "nullfuncref"};
  case HEAP_NOEXTERN: return (HeapName){"noextern", "nullexternref"};
  case HEAP_NONE: return (HeapName){"none", "nullref"};
  case HEAP_FUNC: return (HeapName){"func", "funcref"};
  case HEAP_EXTERN: return (HeapName){"extern", "externref"};
  case HEAP_ANY: return (HeapName){"any", "anyref"};
  case HEAP_EQ: return (HeapName){"eq", "eqref"};
  case HEAP_I31: return (HeapName){"i31", "i31ref"};
  case HEAP_STRUCT: return (HeapName){"struct", "structref"};
  case HEAP_ARRAY: return (HeapName){"array", "arrayref"};
  case HEAP_EXN: return (HeapName){"exn", "exnref"};
  default: return (HeapName){"?", "?"};
  }
}

const char *wm_heaptype_name(HeapType h) { return heap_name(h).heap; }

const char *wm_valtype_name(ValType t, char *out, size_t size) {
  HeapType h = val_heap(t);
  if (!val_is_ref(t))
    snprintf(out, size, "%s", number_name(t));
  else if (!heap_is_abstract(h))
    snprintf(out, size, "(ref %s%u)", val_is_nullable(t) ? "null " : "", h);
  else if (val_is_nullable(t))
    snprintf(out, size, "%s", heap_name(h).nullable);
  else
    snprintf(out, size, "(ref %s)", heap_name(h).heap);
  return out;
}

/* Appends `text` to out[0..*len]; false when it does not fit with room for "...". */
static bool append(char *out, size_t size, size_t *len, const char *text) {
  size_t more = strlen(text);
  if (size < *len + more + sizeof "...") {
    if (size >= *len + sizeof "...") memcpy(out + *len, "...", sizeof "...");
    return false;
  }
  memcpy(out + *len, text, more + 1);
  *len += more;
  return true;
}

static bool append_list(char *out, size_t size, size_t *len, const ValType *list, u32 count) {
  bool fits = append(out, size, len, "[");
  for (u32 i = 0; i < count && fits; i++) {
    char name[32];
    fits = (i == 0 || append(out, size, len, " ")) &&
           append(out, size, len, wm_valtype_name(list[i], name, sizeof name));
  }
  return fits && append(out, size, len, "]");
}

const char *wm_functype_name(const SubType *func, char *out, size_t size) {
  size_t len = 0;
  if (size) out[0] = 0;
  if (append_list(out, size, &len, func->params, func->param_count) &&
      append(out, size, &len, " -> "))
    append_list(out, size, &len, func->results, func->result_count);
  return out;
}

/* Spec 3.3.3, three hierarchies and exceptions:
 *
 *        any          func       extern       exn
 *         |             |           |           |
 *        eq          nofunc     noextern     noexn
 *      /  |  \
 *    i31 struct array
 *      \  |  /
 *       none */
bool wm_heap_abstract_matches(HeapType sub, HeapType super) {
  if (sub == super) return true;
  switch (super) {
  case HEAP_ANY:
    return sub == HEAP_EQ || sub == HEAP_I31 || sub == HEAP_STRUCT || sub == HEAP_ARRAY ||
           sub == HEAP_NONE;
  case HEAP_EQ:
    return sub == HEAP_I31 || sub == HEAP_STRUCT || sub == HEAP_ARRAY || sub == HEAP_NONE;
  case HEAP_I31:
  case HEAP_STRUCT:
  case HEAP_ARRAY: return sub == HEAP_NONE;
  case HEAP_FUNC: return sub == HEAP_NOFUNC;
  case HEAP_EXTERN: return sub == HEAP_NOEXTERN;
  case HEAP_EXN: return sub == HEAP_NOEXN;
  default: return false;
  }
}
