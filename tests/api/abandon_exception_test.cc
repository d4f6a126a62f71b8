/* Callbacks that are left by a C++ exception (abandon.h). */
#include "api/abandon.h"

#include <stdexcept>

static bool attempt(void (*run)(void *), void *env) {
  try {
    run(env);
    return false;
  } catch (const std::runtime_error &) {
    return true;
  }
}

static void leave(void) { throw std::runtime_error("left"); }

int main() {
  abandon_everywhere(true);
  return 0;
}
