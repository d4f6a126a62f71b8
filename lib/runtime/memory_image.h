/* Images of a module's memories: what its data segments make of them, made once and then mapped by
 * each instance, which copies the pages that it writes (pool.h). Of a module whose active data
 * segments all have offsets that are known, in memories of its own, and that they fit in: nothing
 * of them can trap, and nothing but the end of the element segments can be seen before them. The
 * first instance is made without; small data are cheaper copied. */
#ifndef WM_RUNTIME_MEMORY_IMAGE_H
#define WM_RUNTIME_MEMORY_IMAGE_H

#include "runtime/instance.h"

/* The instance's module's; NULL: it has none, or not yet. Makes them when it is time: a memory that
 * cannot have one is copied to. */
const MemoryImages *wm_memory_images(Instance *in);

/* Whether the instance's memory is of its own and began with an image. */
static inline bool wm_memory_is_imaged(const Instance *in, u32 memory) {
  return memory >= in->module->module.memory_import_count && in->memories[memory]->space.image;
}
/* They are zeros again: before anything else wrote to them. */
void wm_memory_images_unwrite(Instance *in);

#endif
