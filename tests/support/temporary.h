/* Files and folders of a test's own, below TMPDIR or /tmp: the gate looks whether any was left
 * (steps.sh). */
#ifndef WM_TESTS_TEMPORARY_H
#define WM_TESTS_TEMPORARY_H

#include <stdio.h>
#include <stdlib.h>

/* Short enough for a socket in it. */
enum { TEMPORARY_SIZE = 64 };

/* Writes the template for a name that is not taken. */
static inline char *temporary_template(char path[TEMPORARY_SIZE], const char *name) {
  const char *folder = getenv("TMPDIR");
  if (!folder || !*folder ||
      snprintf(path, TEMPORARY_SIZE, "%s/%s_XXXXXX", folder, name) >= TEMPORARY_SIZE)
    snprintf(path, TEMPORARY_SIZE, "/tmp/%s_XXXXXX", name);
  return path;
}

/* Makes a folder of its own; the path, or NULL. */
static inline char *temporary_folder(char path[TEMPORARY_SIZE], const char *name) {
  return mkdtemp(temporary_template(path, name));
}

/* Makes a file of its own; its descriptor, or -1. */
static inline int temporary_file(char path[TEMPORARY_SIZE], const char *name) {
  return mkstemp(temporary_template(path, name));
}

#endif
