/* A component that was read and checked: what instantiation walks over.
 *
 * A body is one component (the outermost or one inside) as a flat list of definitions in order;
 * what they refer to are numbers in the index spaces that the definitions before them filled. Types
 * need no definitions: who needs one points to it. Nothing here changes once it is read; any
 * thread may use it. */
#ifndef WM_COMPONENT_CM_COMPONENT_H
#define WM_COMPONENT_CM_COMPONENT_H

#include "component/cm_core.h"
#include "component/cm_types.h"

typedef enum DefKind {
  DEF_MODULE,        /* module */
  DEF_CORE_INSTANCE, /* index: module; args: core instances by name */
  DEF_CORE_EXPORTS,  /* args: core items by name */
  DEF_COMPONENT,     /* body */
  DEF_INSTANCE,      /* index: component; args: items by name; type: the instance's */
  DEF_EXPORTS,       /* args: items by name; type */
  DEF_ALIAS_EXPORT,  /* sort; index: instance; name */
  DEF_ALIAS_CORE,    /* sort: CoreSort; index: core instance; name */
  DEF_ALIAS_OUTER,   /* sort: SORT_MODULE or SORT_COMPONENT; outer; index */
  DEF_RESOURCE,      /* type; index: core function that is the destructor, with has_index */
  DEF_LIFT,          /* index: core function; options; type */
  DEF_LOWER,         /* index: function; options; type; core */
  DEF_RESOURCE_NEW,  /* type */
  DEF_RESOURCE_DROP, /* type */
  DEF_RESOURCE_REP,  /* type */
  DEF_IMPORT,        /* name; entity */
  DEF_EXPORT         /* name; sort; index; entity: as it is seen from outside */
} DefKind;

typedef enum Encoding { ENCODING_UTF8, ENCODING_UTF16, ENCODING_LATIN1_UTF16 } Encoding;

typedef struct CanonOptions {
  u8 encoding;
  bool has_encoding, has_memory, has_realloc, has_post_return;
  u32 memory, realloc, post_return; /* indices */
} CanonOptions;

typedef struct Arg {
  Name name;
  u8 sort; /* Sort, or CoreSort */
  u32 index;
  const Type *type; /* SORT_TYPE */
} Arg;

typedef struct Body Body;

typedef struct Def {
  u8 kind, sort;
  bool has_index;
  u32 index, outer;
  Name name;
  const Arg *args; /* arena */
  u32 arg_count;
  const Type *type;
  Entity entity;
  const CanonOptions *options;
  const CoreFunc *core;
  wasm_shared_module_t *module; /* owned */
  const Body *body;
} Def;

struct Body {
  Vec(Def) defs;
  const Type *type;   /* TYPE_COMPONENT */
  u32 resource_count; /* slots */
  Body *next;         /* all of a component, to be freed */
};

/* A component's bytes: names lie in them, and modules that were not compiled before. */
typedef struct Bytes {
  const u8 *data;
  size_t size;
  void (*release)(void *env); /* run at the end of their use; NULL: nothing is to be done */
  void *env;
  _Atomic u32 refs; /* the component, and each module that borrows them */
} Bytes;
/* Counted once; NULL: out of memory, and nothing is released. */
Bytes *wm_bytes_new(const void *data, size_t size, void (*release)(void *env), void *env);
void wm_bytes_release(void *counted);

typedef struct Component {
  Arena arena;
  TypeTable types; /* its error and fuel are not used any more */
  Bytes *bytes;    /* counted */
  Vec(const wasm_shared_module_t *)
      modules; /* borrowed from the bodies; as they stand in the bytes */
  Body *bodies;
  _Atomic u32 refs; /* the handles, and worlds */
  const Body *body; /* the outermost */
} Component;

/* Modules that are there already: instead of the empty ones of a compiled component. */
typedef struct ReadyModules {
  wasm_shared_module_t **list; /* owned; each NULL once it is the component's */
  u32 count, used;
} ReadyModules;

/* Reads and checks a component; modules are compiled in the engine, but for `ready` ones (NULL:
 * none are). Takes a count of the bytes. NULL with the error. */
Component *wm_component_read(wasm_engine_t *engine, Bytes *bytes, ReadyModules *ready, Error *err);
void wm_component_keep(Component *component);
void wm_component_release(Component *component);

#endif
