/* What unwinders ask at a coroutine's first frame (os_switch_x64.S), whose language-specific data
 * is the place where it goes on. */
#include "base/base.h"

#include <unwind.h>

_Unwind_Reason_Code wm_switch_personality(int version, _Unwind_Action actions,
                                          _Unwind_Exception_Class class,
                                          struct _Unwind_Exception *exception,
                                          struct _Unwind_Context *context);

/* Whatever comes is caught. */
_Unwind_Reason_Code wm_switch_personality(int version, _Unwind_Action actions,
                                          _Unwind_Exception_Class class,
                                          struct _Unwind_Exception *exception,
                                          struct _Unwind_Context *context) {
  (void)version, (void)class;
  if (actions & _UA_SEARCH_PHASE) return _URC_HANDLER_FOUND;
  _Unwind_SetGR(context, __builtin_eh_return_data_regno(0), (_Unwind_Word)(uintptr_t)exception);
  _Unwind_SetIP(context, (_Unwind_Ptr)(uintptr_t)_Unwind_GetLanguageSpecificData(context));
  return _URC_INSTALL_CONTEXT;
}
