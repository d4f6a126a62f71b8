/* Subtyping and substitution.
 *
 * Resources are the variables of types. What a component imports is bound when it is instantiated:
 * its imports are compared with the arguments while their resources are put in, and its exports are
 * the instance's type once the bound ones are substituted and those that it defines made anew.
 * Functions must be of equal types; instances and components may give more than is asked for. */
#ifndef WM_COMPONENT_CM_SUBTYPE_H
#define WM_COMPONENT_CM_SUBTYPE_H

#include "component/cm_types.h"

typedef struct Mapping {
  PtrMap resources; /* Resource * -> Resource * */
  PtrMap types;     /* Type * -> Type *: named ones that are given, and what was mapped already */
} Mapping;          /* all-zero maps nothing */

void wm_mapping_free(Mapping *map);
bool wm_mapping_add(TypeTable *t, Mapping *map, const Resource *from, const Resource *to);

/* Substitution. NULL or false with t->err set. */
const Type *wm_type_map(TypeTable *t, Mapping *map, const Type *type);
bool wm_entity_map(TypeTable *t, Mapping *map, Entity *entity);
bool wm_items_map(TypeTable *t, Mapping *map, const Items *from, Items *to);
/* An interface of its own with everything mapped, its defined resources left out. */
Interface *wm_interface_map(TypeTable *t, Mapping *map, const Interface *from);

/* Whether `a` may be given where `b` is asked for. False with t->err set. */
bool wm_type_matches(TypeTable *t, const Type *a, const Type *b);
bool wm_entity_matches(TypeTable *t, const Entity *a, const Entity *b);

/* Whether the given items satisfy what `want` imports (or exports): binds the resources of `want`
 * in *map, also its named types. */
bool wm_items_satisfy(TypeTable *t, const Items *given, const Interface *want, bool imports,
                      Mapping *map);

/* Adds the resources that the type refers to and does not bind itself to *free_ones (a set). */
bool wm_type_free_resources(TypeTable *t, const Type *type, PtrMap *free_ones);
bool wm_items_free_resources(TypeTable *t, const Items *items, PtrMap *free_ones);

#endif
