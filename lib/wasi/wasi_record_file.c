/* The files of recorded runs: see wasi_record.h. */
#include "wasi/wasi_record.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static const char magic[8] = "wasmrec2";

static bool set_file(wasi_config_t *config, FILE *file, int fd, bool replays) {
  if (!file) {
    if (fd >= 0) close(fd);
    return false;
  }
  wm_record_end(&config->record);
  config->record = (Record){.file = file, .replays = replays};
  return true;
}

bool wasi_config_record(wasi_config_t *config, const char *path) {
  int fd = config && path ? wm_open_granted(path, O_WRONLY | O_CREAT | O_TRUNC) : -1;
  FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
  return set_file(config, file, fd, false) && fwrite(magic, 1, sizeof magic, file) == sizeof magic;
}

bool wasi_config_replay(wasi_config_t *config, const char *path) {
  char start[sizeof magic];
  int fd = config && path ? wm_open_granted(path, O_RDONLY) : -1;
  FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
  if (!set_file(config, file, fd, true)) return false;
  bool good = fread(start, 1, sizeof start, file) == sizeof start &&
              memcmp(start, magic, sizeof magic) == 0;
  if (!good) wm_record_end(&config->record);
  if (!good) errno = EILSEQ;
  return good;
}
