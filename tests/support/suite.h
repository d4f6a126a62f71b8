/* The scripts of the official suite, for the tests that go through them all (WASM_SPEC_DIR). */
#ifndef TESTS_SUPPORT_SUITE_H
#define TESTS_SUPPORT_SUITE_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "text/wast.h"

static inline char *suite_read_file(const char *path, size_t *size) {
  FILE *f = fopen(path, "rb");
  assert_non_null(f);
  assert_int_equal(fseek(f, 0, SEEK_END), 0);
  *size = (size_t)ftell(f);
  rewind(f);
  char *text = malloc(*size ? *size : 1);
  assert_non_null(text);
  assert_int_equal(fread(text, 1, *size, f), *size);
  fclose(f);
  return text;
}

typedef void (*SuiteVisit)(void *env, const char *path, const WastScript *s, const WastCommand *c);

/* Those in its threads, too. */
static inline void suite_commands(const char *path, WastScript *s, SuiteVisit visit, void *env) {
  WastCommand c;
  assert_non_null(s);
  while (wm_wast_next(s, &c)) {
    visit(env, path, s, &c);
    if (c.kind == WAST_THREAD) suite_commands(path, wm_wast_open_thread(s, &c), visit, env);
  }
  wm_wast_close(s);
}

/* Every command of the script. */
static inline void suite_script(const char *path, SuiteVisit visit, void *env) {
  size_t size;
  char *text = suite_read_file(path, &size);
  suite_commands(path, wm_wast_open(text, size), visit, env);
  free(text);
}

/* Every command of the scripts in a folder of the suite; returns how many scripts there are. */
static inline u32 suite_folder(const char *root, const char *folder, SuiteVisit visit, void *env) {
  u32 scripts = 0;
  char path[1024];
  snprintf(path, sizeof path, "%s/%s", root, folder);
  DIR *d = opendir(path);
  for (struct dirent *e; d && (e = readdir(d));) {
    size_t len = strlen(e->d_name);
    if (len < 5 || strcmp(e->d_name + len - 5, ".wast") != 0) continue;
    snprintf(path, sizeof path, "%s/%s/%s", root, folder, e->d_name);
    suite_script(path, visit, env);
    scripts++;
  }
  if (d) closedir(d);
  return scripts;
}

#endif
