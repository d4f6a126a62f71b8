/* Every file operation a C program has, with its result: the same lines natively and under WASI. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static const char *error_name(int error) {
  static const struct {
    int number;
    const char *name;
  } names[] = {
      {EACCES, "EACCES"},       {EBADF, "EBADF"},
      {EBUSY, "EBUSY"},         {EEXIST, "EEXIST"},
      {EINVAL, "EINVAL"},       {EISDIR, "EISDIR"},
      {ELOOP, "ELOOP"},         {ENAMETOOLONG, "ENAMETOOLONG"},
      {ENOENT, "ENOENT"},       {ENOTDIR, "ENOTDIR"},
      {ENOTEMPTY, "ENOTEMPTY"}, {EPERM, "EPERM"},
      {ESPIPE, "ESPIPE"},       {EXDEV, "EXDEV"},
      {EMLINK, "EMLINK"},       {EROFS, "EROFS"},
  };
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (names[i].number == error) return names[i].name;
  return "?";
}

static int line;

static long show(const char *what, long result) {
  if (result < 0)
    printf("%3d %s: %s (%d)\n", ++line, what, error_name(errno),
           error_name(errno)[0] == '?' ? errno : 0);
  else
    printf("%3d %s: %ld\n", ++line, what, result);
  errno = 0;
  return result;
}
#define SHOW(call) show(#call, (long)(call))
#define TELL(call) show(#call, (call) < 0 ? -1 : 0) /* the number itself may differ */

static void write_file(const char *name, const char *text) {
  int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  TELL(fd);
  SHOW(write(fd, text, strlen(text)));
  SHOW(close(fd));
}

static void read_file(const char *name) {
  char text[100] = "";
  int fd = open(name, O_RDONLY);
  TELL(fd);
  if (fd < 0) return;
  SHOW(read(fd, text, sizeof text - 1));
  printf("    %s = '%s'\n", name, text);
  SHOW(close(fd));
}

static void stat_file(const char *name) {
  struct stat st;
  if (show(name, lstat(name, &st)) < 0) return;
  printf("    type %s size %lld links %d\n",
         S_ISREG(st.st_mode)   ? "file"
         : S_ISDIR(st.st_mode) ? "dir"
         : S_ISLNK(st.st_mode) ? "link"
                               : "?",
         S_ISREG(st.st_mode) ? (long long)st.st_size : 0LL,
         S_ISREG(st.st_mode) ? (int)st.st_nlink : 0);
}

static void opening(void) {
  write_file("a", "hello file");
  read_file("a");
  TELL(open("missing", O_RDONLY));
  TELL(open("a", O_WRONLY | O_CREAT | O_EXCL, 0644));
  TELL(open("a/", O_RDONLY));
  TELL(open("a/b", O_RDONLY));
  TELL(open("d", O_RDONLY));
  SHOW(mkdir("d", 0755));
  SHOW(mkdir("d", 0755));
  SHOW(mkdir("d/e/", 0755));
  SHOW(mkdir("x/y", 0755));
  TELL(open("d", O_WRONLY));
  TELL(open("a", O_RDONLY | O_DIRECTORY));
  char longest[400];
  memset(longest, 'n', sizeof longest);
  longest[sizeof longest - 1] = 0;
  TELL(open(longest, O_RDONLY));
  SHOW(close(99));
}

static void positions(void) {
  char text[100] = "";
  int fd = open("a", O_RDWR);
  SHOW(lseek(fd, 0, SEEK_END));
  SHOW(lseek(fd, -4, SEEK_CUR));
  SHOW(read(fd, text, 10));
  SHOW(lseek(fd, -100, SEEK_CUR));
  SHOW(lseek(fd, 100, SEEK_SET));
  SHOW(read(fd, text, 10));
  SHOW(write(fd, "z", 1));
  SHOW(lseek(fd, 0, SEEK_CUR));
  SHOW(pread(fd, text, 5, 6));
  SHOW(pwrite(fd, "PW", 2, 1));
  SHOW(pread(fd, text, 4, -1));
  SHOW(lseek(fd, 0, SEEK_CUR));
  SHOW(ftruncate(fd, 7));
  SHOW(ftruncate(fd, -1));
  struct iovec parts[3] = {{"1", 1}, {"", 0}, {"22", 2}};
  SHOW(lseek(fd, 0, SEEK_END));
  SHOW(writev(fd, parts, 3));
  SHOW(fsync(fd));
  SHOW(fdatasync(fd));
  SHOW(close(fd));
  SHOW(close(fd));
  read_file("a");
  fd = open("a", O_WRONLY | O_APPEND);
  SHOW(write(fd, "app", 3));
  SHOW(lseek(fd, 0, SEEK_SET));
  SHOW(write(fd, "end", 3));
  SHOW(read(fd, text, 1));
  SHOW(close(fd));
  fd = open("a", O_RDONLY);
  SHOW(write(fd, "x", 1));
  SHOW(ftruncate(fd, 0));
  SHOW(close(fd));
  read_file("a");
  stat_file("a");
}

static void entries(void) {
  SHOW(rename("a", "b"));
  SHOW(rename("a", "c"));
  SHOW(rename("b", "d"));
  SHOW(rename("d", "b"));
  SHOW(rename("b", "d/b"));
  SHOW(rename("d/b", "b"));
  SHOW(rename("d", "d/e/f"));
  SHOW(link("b", "hard"));
  SHOW(link("b", "hard"));
  SHOW(link("d", "hard2"));
  stat_file("hard");
  SHOW(symlink("b", "soft"));
  SHOW(symlink("nowhere", "dangling"));
  SHOW(symlink("loop", "loop"));
  SHOW(symlink("d", "dirlink"));
  stat_file("soft");
  stat_file("dangling");
  read_file("soft");
  read_file("dangling");
  read_file("loop");
  char text[100] = "";
  SHOW(readlink("soft", text, sizeof text));
  SHOW(readlink("b", text, sizeof text));
  struct stat st;
  SHOW(stat("dangling", &st));
  SHOW(stat("dirlink/e", &st));
  SHOW(stat("dirlink/", &st));
  SHOW(stat("b/", &st));
  SHOW(lstat("soft/", &st));
  TELL(open("soft", O_RDONLY | O_NOFOLLOW));
  write_file("dangling", "through a link");
  read_file("nowhere");
  SHOW(unlink("soft"));
  SHOW(unlink("d"));
  SHOW(unlink("missing"));
  SHOW(unlink("b/"));
  SHOW(rmdir("d"));
  SHOW(rmdir("b"));
  SHOW(rmdir("dirlink"));
  SHOW(rmdir("d/e"));
  SHOW(rmdir("d/."));
  SHOW(access("b", R_OK));
  SHOW(access("missing", R_OK));
}

static void times(void) {
  struct stat st;
  struct timespec t[2] = {{1000, 5}, {2000000000, 7}};
  SHOW(utimensat(AT_FDCWD, "b", t, 0));
  SHOW(stat("b", &st));
  printf("    %lld %ld %lld %ld\n", (long long)st.st_atim.tv_sec, st.st_atim.tv_nsec,
         (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
  SHOW(utimensat(AT_FDCWD, "missing", t, 0));
  int fd = open("b", O_RDWR);
  t[0].tv_nsec = UTIME_OMIT;
  t[1].tv_sec = 3;
  SHOW(futimens(fd, t));
  SHOW(fstat(fd, &st));
  printf("    %lld %lld\n", (long long)st.st_atim.tv_sec, (long long)st.st_mtim.tv_sec);
  SHOW(close(fd));
}

static void directories(void) {
  char name[40];
  SHOW(mkdir("many", 0755));
  for (int i = 0; i < 300; i++) {
    snprintf(name, sizeof name, "many/file%04d", i);
    int fd = open(name, O_WRONLY | O_CREAT, 0644);
    close(fd);
  }
  DIR *dir = opendir("many");
  long count = 0, sum = 0, position = 0;
  for (struct dirent *e; (e = readdir(dir)) != NULL;) {
    count++;
    for (const char *c = e->d_name; *c; c++) sum += *c;
  }
  printf("    %ld entries, sum %ld\n", count, sum);
  rewinddir(dir);
  for (int i = 0; i < 150; i++) readdir(dir);
  position = telldir(dir);
  count = 0;
  while (readdir(dir)) count++;
  seekdir(dir, position);
  long again = 0;
  while (readdir(dir)) again++;
  printf("    %ld and again %ld\n", count, again);
  closedir(dir);
  for (int i = 0; i < 300; i++) {
    snprintf(name, sizeof name, "many/file%04d", i);
    if (unlink(name)) SHOW(-1);
  }
  SHOW(rmdir("many"));
}

static void streams(void) {
  FILE *f = fopen("stream", "w+");
  for (int i = 0; i < 10000; i++) fprintf(f, "%d %x %.3f\n", i, i * 7, i / 8.0);
  SHOW(ftell(f));
  rewind(f);
  long sum = 0;
  for (int c; (c = fgetc(f)) != EOF;) sum = (sum * 31 + c) % 1000003;
  SHOW(sum);
  SHOW(fseek(f, 1234, SEEK_SET));
  fputs("overwritten", f);
  SHOW(fflush(f));
  SHOW(fseek(f, 1230, SEEK_SET));
  char text[40] = "";
  SHOW(fread(text, 1, 20, f));
  for (char *c = text; *c; c++)
    if (*c == '\n') *c = '/';
  printf("    '%s'\n", text);
  SHOW(fclose(f));
  SHOW(remove("stream"));
  SHOW(remove("missing"));
}

int main(int argc, char **argv) {
  if (argc > 1 && chdir(argv[1])) return 9;
  opening();
  positions();
  entries();
  times();
  directories();
  streams();
  return 0;
}
