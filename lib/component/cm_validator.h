/* Reading and checking, in one pass. The bytes are read section by section; what has things inside
 * (a component, an instance type, a component type) opens a scope, a stack of them instead of
 * recursion. Errors have the offset of the definition that is wrong, or of the byte that is
 * malformed, and the words of the wasm tools. */
#ifndef WM_COMPONENT_CM_VALIDATOR_H
#define WM_COMPONENT_CM_VALIDATOR_H

#include "component/cm_component.h"
#include "component/cm_names.h"
#include "component/cm_subtype.h"

typedef enum ScopeKind { SCOPE_COMPONENT, SCOPE_COMPONENT_TYPE, SCOPE_INSTANCE_TYPE } ScopeKind;

typedef Vec(const Type *) TypeSpace;
typedef Vec(CoreExtern) CoreSpace;

typedef struct Scope {
  ScopeKind kind;
  const u8 *end;    /* SCOPE_COMPONENT: where it ends */
  u32 declarations; /* types: how many are to come */
  Body *body;       /* SCOPE_COMPONENT */
  /* Index spaces. */
  Vec(CoreType) core_types;
  CoreSpace core[5]; /* by CoreSort */
  Vec(const ModuleType *) modules;
  Vec(CoreInstanceType) core_instances;
  TypeSpace types, funcs, instances, components;
  /* What it imports and exports so far. */
  Interface *interface;
  NameMap import_names, export_names; /* as strong uniqueness has them, to items */
  /* Types with an externally visible name. */
  PtrMap imported_types, exported_types;
  /* Resources by the type that names them, for annotated names; values are Name *. */
  PtrMap imported_resources, exported_resources;
  Paths defined; /* resources made here: path only of those of types */
} Scope;

typedef struct Validator {
  Cursor in;
  TypeTable *types;
  Error *err;
  Component *component;
  wasm_engine_t *engine; /* to compile modules in */
  ReadyModules *ready;   /* instead of those in the bytes; NULL: none */
  Vec(Scope *) scopes;   /* owned; the last is where we are */
  Def dropped;           /* stands for definitions of type scopes, which are not kept */
} Validator;

typedef struct AttributedName {
  Name name;
  Name implements, version_suffix, external_id; /* text NULL: none */
} AttributedName;

static inline Scope *scope_here(const Validator *v) { return *vec_last(&v->scopes); }

/* "v" fails at the definition being read. Returns false. */
#define invalid(v, ...) wm_types_fail((v)->types, __VA_ARGS__)
bool wm_gated(Validator *v, const char *gate, const char *what);

/* ---- cm_scope.c ---- */
bool wm_scope_open(Validator *v, ScopeKind kind);
/* Takes the scope off the stack; its type, or NULL with the error. */
const Type *wm_scope_close(Validator *v);
void wm_scope_free(Scope *scope);
typedef enum Origin { BY_IMPORT, BY_EXPORT, BY_ALIAS } Origin;
/* Adds to the index spaces; an instance type's own resources become new ones of the scope. */
bool wm_scope_add(Validator *v, Entity *entity, Origin origin, Name name);
bool wm_scope_import(Validator *v, const AttributedName *name, Entity *entity);
bool wm_scope_export(Validator *v, const AttributedName *name, Entity *entity);
bool wm_scope_push_core(Validator *v, CoreSort sort, const CoreExtern *type);
bool wm_scope_push_core_func(Validator *v, const CoreFunc *func);
bool wm_scope_push_type(Validator *v, const Type *type);
bool wm_scope_push(Validator *v, TypeSpace *space, const Type *type, const char *what);
/* A resource of the scope's own: gets a slot. */
bool wm_scope_define(Validator *v, Resource *resource);

/* ---- cm_lookup.c: what an index is of; NULL with the error ---- */
const Type *wm_type_at(Validator *v, u32 index);
const Type *wm_value_type_at(Validator *v, u32 index);
const Type *wm_resource_at(Validator *v, u32 index);
const Type *wm_func_type_at(Validator *v, u32 index);
const Type *wm_func_at(Validator *v, u32 index);
const Type *wm_instance_at(Validator *v, u32 index);
const Type *wm_component_at(Validator *v, u32 index);
const ModuleType *wm_module_at(Validator *v, const Scope *scope, u32 index);
const CoreType *wm_core_type_at(Validator *v, const Scope *scope, u32 index);
const CoreExtern *wm_core_at(Validator *v, CoreSort sort, u32 index);
const CoreInstanceType *wm_core_instance_at(Validator *v, u32 index);
bool wm_entity_at(Validator *v, Sort sort, u32 index, Entity *entity);
Scope *wm_outer_scope(Validator *v, u32 count);

/* ---- cm_extern.c: rules of names of imports and exports ---- */
bool wm_extern_check(Validator *v, const AttributedName *name, const Entity *entity, bool imported,
                     const PtrMap *resources, Items *items, NameMap *unique);

/* ---- readers; each adds what it reads to the scope ---- */
bool wm_read_core_type(Validator *v);
bool wm_read_type(Validator *v);
const Type *wm_read_value_type(Validator *v);
bool wm_read_extern_type(Validator *v, Entity *entity);
AttributedName wm_read_extern_name(Validator *v);
Sort wm_read_sort(Validator *v);
bool wm_read_alias(Validator *v);
bool wm_read_core_instance(Validator *v);
bool wm_read_instance(Validator *v);
bool wm_read_canon(Validator *v);
bool wm_read_import(Validator *v);
bool wm_read_export(Validator *v);
CoreVal wm_read_core_val(Validator *v);

/* A definition of the component we are in, zeroed but for its kind; one that is not kept in type
 * scopes. NULL: out of memory. */
Def *wm_def_new(Validator *v, DefKind kind);

#endif
