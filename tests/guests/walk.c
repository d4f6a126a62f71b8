/* Walks a directory: names in order, with type and size. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int by_name(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static int walk(const char *path, int depth);

static void show(const char *path, const char *name, int depth) {
  char full[1024], target[256];
  struct stat st;
  snprintf(full, sizeof full, "%s/%s", path, name);
  if (lstat(full, &st)) {
    printf("%*s%s: cannot be seen\n", depth * 2, "", name);
    return;
  }
  if (S_ISDIR(st.st_mode)) {
    printf("%*s%s/\n", depth * 2, "", name);
    walk(full, depth + 1);
  } else if (S_ISLNK(st.st_mode)) {
    ssize_t readlink(const char *, char *, size_t);
    ssize_t n = readlink(full, target, sizeof target - 1);
    printf("%*s%s -> %.*s\n", depth * 2, "", name, (int)(n < 0 ? 0 : n), target);
  } else {
    printf("%*s%s %lld\n", depth * 2, "", name, (long long)st.st_size);
  }
}

static int walk(const char *path, int depth) {
  DIR *dir = opendir(path);
  char **names = NULL;
  int count = 0, dots = 0;
  if (!dir) {
    printf("%s: cannot be opened\n", path);
    return 1;
  }
  for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
      dots++;
      continue;
    }
    names = realloc(names, (size_t)(count + 1) * sizeof *names);
    names[count++] = strdup(entry->d_name);
  }
  closedir(dir);
  if (count) qsort(names, (size_t)count, sizeof *names, by_name);
  printf("%*s(%d entries, %d dots)\n", depth * 2, "", count, dots);
  for (int i = 0; i < count; i++) {
    show(path, names[i], depth);
    free(names[i]);
  }
  free(names);
  return 0;
}

int main(int argc, char **argv) { return walk(argc > 1 ? argv[1] : ".", 0); }
