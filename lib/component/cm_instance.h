/* What instances are made of, while they live.
 *
 *   World         one instantiation of a component from outside, with all instances inside of it:
 *                 its arena, its handles of the engine's objects. Counted: a world that imports
 *                 another one's functions holds that.
 *     Inst        an instance of a body: a table of handles, what its resources are, index spaces
 *     Bag         an instance as others see it: names and what they stand for
 *     Func        a component function: lifted from a core function, or the host's
 *     Closure     a component with the instance that it was defined in
 *
 * Nothing of a world is freed before the world. The callbacks of lowered functions point into it,
 * and can be called only through instances of it. */
#ifndef WM_COMPONENT_CM_INSTANCE_H
#define WM_COMPONENT_CM_INSTANCE_H

#include "component/cm_component.h"

#include <wasmcm.h>

typedef wasmx_slot_t Slot;
typedef wasmcm_val_t Val;
typedef struct World World;
typedef struct Inst Inst;
typedef struct Bag Bag;
typedef struct Func Func;

typedef struct wasmcm_resource_t LiveResource;
struct wasmcm_resource_t { /* a resource type that exists */
  Inst *owner;             /* that defines it; NULL: the host */
  wasm_func_t *dtor;       /* of a guest; NULL: none. Borrowed from the world */
  wasmcm_destructor_t host_dtor;
  void *host_env;
};

typedef struct Handle {
  LiveResource *resource; /* NULL: free */
  u32 rep;                /* free: the next free one */
  u32 lends;
  u32 *scope; /* a borrow: how many its call has; NULL: it is owned */
} Handle;

typedef struct HandleTable {
  Vec(Handle) list; /* the first is never used */
  u32 free;         /* 0: none */
} HandleTable;

typedef struct CoreInst {
  wasm_instance_t *instance; /* or: */
  const Arg *args;
  wasm_extern_t **items; /* borrowed */
  u32 count;
} CoreInst;

typedef struct LiveModule {
  wasm_module_t *module;
  const ModuleType *type;
} LiveModule;

typedef struct Closure {
  const Body *body;
  Inst *outer;
} Closure;

typedef struct HostThing HostThing;

typedef struct BagItem {
  Name name;
  u8 sort;          /* Sort */
  HostThing *thing; /* that it is part of; NULL: a guest's */
  union {
    Func *func;
    LiveResource *resource; /* SORT_TYPE; NULL: of another type */
    Bag *bag;
    Closure *closure;
    LiveModule *module;
  };
} BagItem;

struct Bag {
  World *world;
  Bag *next; /* of the world */
  Vec(BagItem) items;
  NameMap map; /* once they are many */
};

/* The canonical options of one side, resolved. */
typedef struct Options {
  wasm_memory_t *memory; /* these three: borrowed from the world */
  wasm_func_t *realloc, *post_return;
  u8 encoding;
} Options;

typedef wasmcm_call_t Call;

struct Func {
  World *world;
  const Type *type;
  Inst *inst; /* lifted in; of the host's: imported by. The type's resources are its */
  wasm_func_t *core;
  Options options;
  wasmcm_callback_t host;                /* of the host's one of these two */
  wasmcm_struct_callback_t host_structs; /* that takes C structs */
  void *host_env;
  /* Of the host's, what says whether a type will do when it is imported; both NULL: any. */
  wasmcm_fits_t fits;
  const char *wit; /* what wasmcm_type_wit says of it; the thing's */
};

/* What the host defined in a linker: counted by it and by the worlds that import it. */
struct HostThing {
  u32 refs;
  void *env;
  void (*finalizer)(void *env); /* run with it at the end; NULL: none */
  Func func;                    /* one of these */
  LiveResource resource;
  LiveModule module;
  Arena arena; /* of the module's type */
};
void wm_thing_release(HostThing *thing);

struct Inst {
  World *world;
  Inst *parent; /* that instantiated it; NULL: the host */
  Inst *outer;  /* whose definitions it may alias */
  Inst *next;   /* of the world */
  const Body *body;
  bool may_enter, may_leave;
  HandleTable handles;
  LiveResource **resources; /* by slot */
  Vec(wasm_extern_t *) core[5];
  Vec(CoreInst *) core_instances;
  Vec(LiveModule *) modules;
  Vec(Func *) funcs;
  Vec(Bag *) instances;
  Vec(Closure *) components;
  Bag *exports;
};

enum {
  MAX_WORK = 4000000
}; /* of one instantiation: a few bytes can ask for instances of instances */

struct World {
  wasm_store_t *store; /* borrowed */
  Arena arena;
  Component *component; /* counted */
  u32 refs;
  Inst *insts;
  Bag *bags;
  u32 inst_count;
  u64 looked;              /* names, for one that is wanted */
  u64 work;                /* definitions that were evaluated, items that were made and looked at */
  Vec(World *) uses;       /* counted */
  Vec(HostThing *) things; /* counted */
  Vec(wasm_extern_t *) externs; /* owned, as the rest */
  Vec(wasm_instance_t *) instances;
  Vec(wasm_module_t *) modules;
  Vec(wasm_func_t *) lowered;
};

World *wm_world_new(wasm_store_t *store, Component *component);
void wm_world_release(World *world);
void wm_world_keep(World *world);
/* The world lives as long as `world` from now on. */
bool wm_world_use(World *world, World *used);
bool wm_world_keep_thing(World *world, HostThing *thing);

/* What a linker gives for an import of the outermost component. */
typedef struct Given {
  void *env;
  /* The item of that name (sort and what it stands for); false: there is none. */
  bool (*find)(void *env, Name name, BagItem *item);
  bool traps_unknown; /* what is missing is made: functions that trap, resources of nobody */
} Given;

/* Instantiates; *trap (own) is set when a start function trapped. NULL with the error. */
Bag *wm_instantiate(World *world, const Given *given, wasm_trap_t **trap, Error *err);

/* Whether what is given may stand for an import of `inst`; binds resources. cm_link.c */
bool wm_link_import(Inst *inst, const Given *given, const Def *def, BagItem *item, Error *err);

Bag *wm_bag_new(World *world);
bool wm_bag_add(Bag *bag, const BagItem *item);
const BagItem *wm_bag_find(const Bag *bag, Name name);
/* Whether so much more may be done by the instantiation. */
bool wm_world_work(World *world, u64 amount);

/* A trap with this text; never NULL. */
wasm_trap_t *wm_trap_text(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
