/* Random bytes of the kernel's without a system call: the function getrandom in its vDSO, the
 * library that it maps into every process (Linux 6.11; newer C libraries call it themselves).
 *
 * The function makes the bytes from a key of the kernel's, which it fetches anew whenever the
 * kernel has another one: so a virtual machine that is copied while it runs gets others in each
 * copy. Its state lies in pages of a kind that the function asks for: empty after a fork, never on
 * a disk. What was given is erased from it. */
#ifndef WM_WASI_WASI_VDSO_H
#define WM_WASI_WASI_VDSO_H

#include "base/base.h"

#include <stdatomic.h>
#include <sys/types.h>

typedef ssize_t VdsoGetrandom(void *to, size_t size, unsigned flags, void *state,
                              size_t state_size);

typedef struct VdsoRandom {
  atomic_bool busy;        /* a thread has the state: the others do without */
  bool looked;             /* for the function */
  VdsoGetrandom *function; /* NULL: there is none */
  void *state;             /* owned: mapped; NULL: there is none */
  size_t state_size;
} VdsoRandom; /* all-zero: not used yet */

/* Fills `to`; how many bytes. 0: the kernel is to be asked, this time or always. From any thread.
 */
size_t wm_vdso_random(VdsoRandom *r, void *to, size_t size);
void wm_vdso_random_free(VdsoRandom *r);

#endif
