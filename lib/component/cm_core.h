/* Core types as components see them: what a module imports and exports, and whether one core item
 * may stand where another is expected. */
#ifndef WM_COMPONENT_CM_CORE_H
#define WM_COMPONENT_CM_CORE_H

#include "component/cm_types.h"

#include <wasmx.h>

/* The type of a module, whose names it borrows; NULL with the error. */
const ModuleType *wm_core_module_type(TypeTable *t, const wasm_shared_module_t *module);
/* The type for wasm.h; NULL: out of memory. */
wasm_functype_t *wm_core_functype(const CoreFunc *func);

const CoreFunc *wm_core_func_new(TypeTable *t, u32 param_count, u32 result_count,
                                 const CoreVal *types);
bool wm_core_func_equal(const CoreFunc *a, const CoreFunc *b);
/* Whether the function has just these parameters and results. */
bool wm_core_func_is(const CoreFunc *func, u32 param_count, u32 result_count, const CoreVal *types);
/* NULL: there is none, or the fuel is gone, which is an error then. */
const CoreItem *wm_core_find(TypeTable *t, const CoreItem *items, u32 count, Name name);
const CoreItem *wm_core_find_import(TypeTable *t, const ModuleType *type, Name module, Name name);

/* Subtyping: whether `a` may be given where `b` is asked for. False with the error. */
bool wm_core_extern_matches(TypeTable *t, const CoreExtern *a, const CoreExtern *b);
bool wm_core_module_matches(TypeTable *t, const ModuleType *a, const ModuleType *b);
bool wm_core_memory_matches(TypeTable *t, const CoreExtern *a, const CoreExtern *b);

const char *wm_core_sort_word(CoreSort sort);
const char *wm_core_val_word(CoreVal val);
/* "[I32, I64]", as the tests of the wasm tools have it. */
enum { CORE_VALS_CHARS = 120 };
const char *wm_core_vals_text(char out[CORE_VALS_CHARS], const CoreVal *vals, u32 count);

/* "(func (param i32))" */
const char *wm_core_func_text(char out[CORE_VALS_CHARS], const CoreFunc *func);

#endif
