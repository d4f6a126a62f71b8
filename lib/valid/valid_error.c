/* What is wrong with a module, in the spec's words (validator.h). The first error stays. */
#include "valid/validator.h"

#include <stdarg.h>
#include <stdio.h>

/* Printed apart, as wm_error_set takes no va_list; it is what keeps the first error. */
static void fail_with(Validator *v, u64 offset, const char *format, va_list args) {
  char message[sizeof v->err->message];
  vsnprintf(message, sizeof message, format, args);
  wm_error_set(v->err, ERR_INVALID, offset, "%s", message);
}

bool wm_valid_fail(Validator *v, const char *format, ...) {
  va_list args;
  va_start(args, format);
  fail_with(v, v->in.offset, format, args);
  va_end(args);
  return false;
}

bool wm_valid_fail_at(Validator *v, u64 offset, const char *format, ...) {
  va_list args;
  va_start(args, format);
  fail_with(v, offset, format, args);
  va_end(args);
  return false;
}

bool wm_valid_mismatch(Validator *v, ValType expected, const ValType *found) {
  char expected_name[64] = "a value", found_name[64] = "";
  if (expected != VAL_BOTTOM) wm_valtype_name(expected, expected_name, sizeof expected_name);
  if (found) wm_valtype_name(*found, found_name, sizeof found_name);
  return wm_valid_fail(v, "type mismatch: instruction requires [%s] but stack has [%s] (%s)",
                       expected_name, found_name, wm_op_text(v->in.op));
}

bool wm_valid_unsupported(Validator *v, u64 offset, Feature f, const char *what) {
  return wm_error_unsupported(v->err, offset, wm_feature_name(f), what);
}

bool wm_valid_need(Validator *v, u64 offset, Feature f, const char *what) {
  return features_have(v->features, f) || wm_valid_unsupported(v, offset, f, what);
}
