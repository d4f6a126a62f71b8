/* Test scripts of the official suite (.wast): read one command at a time, so that a huge script
 * needs no tree. This file only reads; running is the caller's.
 *
 *   WastScript *script = wm_wast_open(text, size);
 *   WastCommand c;
 *   while (wm_wast_next(script, &c)) switch (c.kind) ...
 *   wm_wast_close(script);
 *
 * Modules are found, not converted: wm_wast_module_bytes makes the binary when it is wanted, and
 * its error is what assert_malformed looks at. Names and strings are decoded bytes (they may hold
 * zeros); everything a command points at lives until the next call of wm_wast_next. */
#ifndef WM_TEXT_WAST_H
#define WM_TEXT_WAST_H

#include "base/buffer.h"
#include "text/literal.h"
#include "wasm/module.h"

typedef struct WastScript WastScript;

typedef enum WastKind {
  WAST_ERROR,    /* not a command, or a broken one: see .error */
  WAST_MODULE,   /* .module: instantiate it; it is the current instance from then on, also
                    under .module.id. When .module.is_definition: only define it */
  WAST_INSTANCE, /* (module instance $I $D): instantiate definition .definition (the last one when
                    empty) as .id */
  WAST_THREAD,   /* run the commands in it (wm_wast_open_thread) as thread .id, which knows nothing
                    but the instances .shared */
  WAST_WAIT,     /* until thread .id (the last one when empty) is done */
  WAST_REGISTER, /* give instance .id (the current one when empty) the import name .name */
  WAST_ACTION,   /* .action, outcome of no interest unless it fails */
  WAST_ASSERT_RETURN, /* .action gives .results */
  WAST_ASSERT_TRAP, /* .action traps with .message, or instantiating does: .module when .has_module,
                       definition .definition when .has_instance */
  WAST_ASSERT_EXHAUSTION,       /* .action exhausts the call stack */
  WAST_ASSERT_EXCEPTION,        /* .action ends in an uncaught exception */
  WAST_ASSERT_MALFORMED,        /* .module cannot be converted or decoded, with .message */
  WAST_ASSERT_INVALID,          /* .module does not validate */
  WAST_ASSERT_UNLINKABLE,       /* .module, or definition .definition, does not link */
  WAST_ASSERT_MALFORMED_CUSTOM, /* the same two for custom sections and annotations (spec folder
                                   custom/) */
  WAST_ASSERT_INVALID_CUSTOM,
  WAST_SKIPPED /* a command of a proposal that scripts here do not cover: see .proposal. When
                  .has_instance, it would make .id the current instance */
} WastKind;

typedef enum WastForm { WAST_TEXT, WAST_BINARY, WAST_QUOTE } WastForm;

typedef struct WastModule {
  WastForm form;
  bool is_definition; /* (module definition ...) */
  Name id;            /* without "$"; empty when it has none */
  u64 start, end; /* bytes of the script: WAST_TEXT the whole (module ...) or bare fields, else the
                     strings */
  u32 line;
} WastModule;

typedef enum WastValueKind {
  WAST_I32,        /* bits (zero-extended) */
  WAST_I64,        /* bits */
  WAST_F32,        /* bits, or nan[0] */
  WAST_F64,        /* bits, or nan[0] */
  WAST_V128,       /* shape, v128, and nan[] for each lane of f32x4 and f64x2 */
  WAST_REF_NULL,   /* heap (HEAP_*), any null when heap is 0 */
  WAST_REF_EXTERN, /* an externref; that of host number `bits` when has_bits */
  WAST_REF_HOST,   /* an anyref that holds host number `bits` */
  /* patterns, in results only */
  WAST_REF_FUNC, /* any non-null reference of that kind */
  WAST_REF_ANY,
  WAST_REF_EQ,
  WAST_REF_I31,
  WAST_REF_STRUCT,
  WAST_REF_ARRAY,
  WAST_REF_EXN,
  WAST_EITHER /* one of the `alternatives` values that follow it in the array */
} WastValueKind;

typedef VectorShape WastShape; /* SHAPE_I8X16 ... */

/* What a float (or a float lane) of a result may be. */
typedef enum WastNan {
  WAST_EXACT,         /* these very bits */
  WAST_NAN_CANONICAL, /* either sign, payload only the quiet bit */
  WAST_NAN_ARITHMETIC /* either sign, quiet bit set */
} WastNan;

typedef struct WastValue {
  WastValueKind kind;
  WastShape shape;
  bool has_bits;
  u8 nan[4]; /* WastNan */
  HeapType heap;
  u32 alternatives;
  u64 bits;
  V128 v128;
} WastValue;

/* Lists and names: borrowed from the script, until the next command. */
typedef struct WastAction {
  bool is_get;   /* (get ...) of a global; else (invoke ...) */
  Name instance; /* without "$"; empty: the current one */
  Name name;     /* of the export */
  u32 arg_count;
  const WastValue *args;
} WastAction;

typedef struct WastCommand {
  WastKind kind;
  u32 line;                      /* of its "(", from 1 */
  u64 start, end;                /* its bytes in the script */
  const char *keyword;           /* "assert_return": for reports; static */
  bool has_module, has_instance; /* has_instance: an assertion is about (module instance $I $D),
                                    or see WAST_SKIPPED */
  WastModule module;
  WastAction action;
  u32 result_count; /* entries in results: an "either" takes 1 + alternatives of them */
  const WastValue *results;
  Name message; /* what an assertion expects, as written: compare as a prefix */
  Name id; /* WAST_INSTANCE, WAST_THREAD, WAST_WAIT, WAST_REGISTER, WAST_SKIPPED; without "$" */
  Name definition; /* WAST_INSTANCE, or has_instance; without "$" */
  Name name;       /* WAST_REGISTER */
  u32 shared_count;
  const Name *shared;       /* WAST_THREAD; without "$" */
  u64 body_start, body_end; /* WAST_THREAD: its commands, bytes of the script */
  const char *proposal;     /* WAST_SKIPPED: static */
  Error error;              /* WAST_ERROR */
} WastCommand;

/* `text` is borrowed until wm_wast_close. NULL: out of memory. */
WastScript *wm_wast_open(const char *text, size_t size);
/* The commands in a thread of `script`, whose current command it is; as long as the text lives. */
WastScript *wm_wast_open_thread(const WastScript *script, const WastCommand *thread);
void wm_wast_close(WastScript *script);

/* The next command; false at the end of the script. A broken command comes as WAST_ERROR and
 * reading goes on behind its closing parenthesis. */
bool wm_wast_next(WastScript *script, WastCommand *command);

/* The binary of a module of the current command, appended to `out`. WAST_BINARY never fails but for
 * memory. Errors of WAST_TEXT are placed in the script, those of WAST_QUOTE in the quoted text. */
bool wm_wast_module_bytes(const WastScript *script, const WastModule *module, Buffer *out,
                          Error *err);

#endif
