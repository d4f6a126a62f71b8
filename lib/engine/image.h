/* Code of an artifact in the module that it is of: nothing is read but what runs. A function's body
 * and tables are fetched when it is called first, in pieces that its neighbours share, and each
 * piece is checked then; what is damaged or gone by that time is compiled anew. */
#ifndef WM_ENGINE_IMAGE_H
#define WM_ENGINE_IMAGE_H

#include "engine/artifact.h"

/* Gives the artifact's code to a module made of its bytes, which runs nowhere yet, and takes over
 * the artifact; one in memory is read at once. False with err set, and the artifact is gone:
 * damaged, or out of memory or address space. */
bool wm_image_attach(LoadedModule *lm, Artifact *artifact, Error *err);

/* Whether the module's image has code of the defined function that was not fetched yet. Any thread.
 */
bool wm_image_has(const LoadedModule *lm, const FuncCode *code);
/* Whether something that was fetched was not what was written. */
bool wm_image_is_damaged(const LoadedModule *lm);
/* Bytes of code, fetched or not. */
u64 wm_image_code_bytes(const LoadedModule *lm);

#endif
