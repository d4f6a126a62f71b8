/* `wasm component header`: what its parts share, with the insides of components. */
#ifndef WASM_TOOL_COMPONENT_C_TYPES_H
#define WASM_TOOL_COMPONENT_C_TYPES_H

#include "base/buffer.h"
#include "component/cm_api.h"
#include "tools/component_header.h"

/* A type that has a name in WIT, and its C name. */
typedef struct NamedType {
  const Type *type; /* the one that others are aliases of */
  const char *c;
  bool is_declared;
} NamedType;

typedef struct CHeader {
  Buffer out;
  Arena arena;        /* of the names */
  const char *prefix; /* instead of packages' names; NULL: none */
  const char *base;   /* names of what is of no interface begin so */
  NameMap used;       /* C names that are taken */
  NameMap anonymous;  /* what types without a name are made of -> index of `shapes` */
  Vec(const char *) shapes;
  PtrMap named; /* Type * or Resource * -> index of `types` */
  Vec(NamedType) types;
  bool failed; /* no memory */
} CHeader;

/* printf into the arena; "" when there is no memory. */
const char *header_text(CHeader *h, const char *format, ...) PRINTF_LIKE(2, 3);
#define put(h, ...) wm_buffer_print(&(h)->out, __VA_ARGS__)

/* In lower case with "_" for what C does not have in names. */
const char *snake_of(CHeader *h, Name name);
const char *upper_of(CHeader *h, const char *text);
/* The name, or with a number behind it when that is taken; it is taken then. */
const char *unique_name(CHeader *h, NameMap *taken, const char *name);
/* The stem, or with a number behind it when with one of the ends (NULL behind the last) it is a C
 * name that is taken; all of them are then. */
const char *unique_stem(CHeader *h, const char *stem, const char *const *ends);
/* A field, parameter or function of that name among `taken`: no word of C or C++, nor a name that
 * the header uses. */
const char *safe_name(CHeader *h, NameMap *taken, const char *name);
const char *member_name(CHeader *h, NameMap *taken, Name name);
/* Types that hosts have of their systems are not to be made again. */
void take_system_types(CHeader *h);

/* Gives all types of the items C names that begin with `stem`. */
void name_types(CHeader *h, const Items *items, const char *stem);
/* Declares the type of the item, with what it is made of. */
void declare_item(CHeader *h, const Item *item, const char *stem);
/* The C type for values of the type; declares it where that was not done. */
const char *c_type(CHeader *h, const Type *type);

#endif
