/* Names of components (Explainer.md, "Import and Export Definitions"): labels in kebab case, plain
 * names with their annotations, interface names with versions. */
#ifndef WM_COMPONENT_CM_NAMES_H
#define WM_COMPONENT_CM_NAMES_H

#include "base/arena.h"
#include "component/cm_cursor.h"

typedef enum NameForm {
  NAME_LABEL,
  NAME_CONSTRUCTOR, /* [constructor]resource */
  NAME_METHOD,      /* [method]resource.member */
  NAME_STATIC,      /* [static]resource.member */
  NAME_INTERFACE    /* namespace:package/interface@version */
} NameForm;

typedef struct ExternName {
  NameForm form;
  Name text;             /* all of it */
  Name resource, member; /* of annotated names; borrowed from the text */
  Name version;          /* of an interface, what follows "@"; text NULL: none */
} ExternName;

bool wm_name_is_kebab(Name name);
/* False: it is no such name; the error says why, without context. */
bool wm_extern_name_parse(Name text, u64 offset, Error *err, ExternName *out);
/* Whether version and suffix together are a version (Semantic Versioning 2.0); *why says why not.
 */
bool wm_semver_valid(Name version, Name suffix, const char **why, char *unexpected);

/* The name as strong uniqueness compares it (lower case; [method] and [static] are one; l.l is l),
 * in the arena. False: out of memory. */
bool wm_extern_name_canonical(Arena *arena, const ExternName *name, Name *out);
/* A label so. */
bool wm_label_canonical(Arena *arena, Name label, Name *out);

/* Whether an interface of one name does for another: the same but for the version, which agrees up
 * to the first number that is not zero (Explainer.md, "Canonical Interface Name"). */
bool wm_versions_agree(Name a, Name b);

#endif
