/* Tells all that a program can find out of its world, number by number, and a sum of its memory:
 * what is the same in two runs when they are to be the same, and hardly ever else. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void tell_stat(const char *path) {
  struct stat st;
  if (lstat(path, &st)) {
    printf("%s: cannot be seen\n", path);
    return;
  }
  printf("%s: device %llu inode %llu links %llu size %lld times", path,
         (unsigned long long)st.st_dev, (unsigned long long)st.st_ino,
         (unsigned long long)st.st_nlink, (long long)st.st_size);
  const struct timespec *times[] = {&st.st_atim, &st.st_mtim, &st.st_ctim};
  for (int i = 0; i < 3; i++) printf(" %lld.%09ld", (long long)times[i]->tv_sec, times[i]->tv_nsec);
  printf("\n");
}

static void list(const char *path) {
  char below[1024];
  DIR *dir = opendir(path);
  if (!dir) return;
  for (struct dirent *e; (e = readdir(dir)) != NULL;) {
    printf("%s/%s: inode %llu type %d cookie %ld\n", path, e->d_name, (unsigned long long)e->d_ino,
           e->d_type, telldir(dir));
    if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
    snprintf(below, sizeof below, "%s/%s", path, e->d_name);
    tell_stat(below);
    if (e->d_type == DT_DIR) list(below);
  }
  closedir(dir);
}

static void tell_clocks(void) {
  static const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC};
  for (int i = 0; i < 2; i++) {
    struct timespec now = {0, 0}, resolution = {0, 0};
    clock_getres(clocks[i], &resolution);
    clock_gettime(clocks[i], &now);
    printf("clock %d: %lld.%09ld in %ld\n", i, (long long)now.tv_sec, now.tv_nsec,
           resolution.tv_nsec);
  }
}

static void make_files(void) {
  char name[40];
  mkdir("made", 0755);
  for (int i = 0; i < 20; i++) {
    snprintf(name, sizeof name, "made/%d", i * 7 % 20);
    int fd = open(name, O_CREAT | O_WRONLY, 0644);
    write(fd, name, strlen(name));
    close(fd);
    if (i % 3 == 0) unlink(name); /* whose inode the host may use again */
  }
  symlink("0", "made/link");
  utimensat(AT_FDCWD, "made/4", NULL, 0);
  list("made");
}

static unsigned long long sum_of_memory(void) {
  unsigned long long sum = 0;
#ifdef __wasm__
  const volatile unsigned char *at = NULL;
  for (size_t left = __builtin_wasm_memory_size(0) * 65536; left; left--)
    sum = (sum ^ *at++) * 1099511628211u;
#endif
  return sum;
}

int main(void) {
  unsigned char random[13];
  struct timespec hour = {3600, 1};
  tell_clocks();
  for (int i = 0; i < 3; i++) {
    getentropy(random, sizeof random);
    for (size_t j = 0; j < sizeof random; j++) printf("%02x", random[j]);
    printf("\n");
  }
  nanosleep(&hour, NULL);
  tell_clocks();
  tell_stat(".");
  list(".");
  make_files();
  tell_clocks();
  fflush(stdout);
  printf("memory %llx\n", sum_of_memory());
  return 0;
}
