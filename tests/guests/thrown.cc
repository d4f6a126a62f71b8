// C++ exceptions: through many frames with destructors, rethrown, nested, kept in pointers, out of
// constructors, through a C library's callback. What is printed is the order in which all happens.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <typeinfo>
#include <vector>

namespace {

int alive;
unsigned order; // of all destructors, stirred

struct Mark {
  int number;
  std::string text;
  explicit Mark(int n) : number(n), text(40, static_cast<char>('a' + n % 26)) { alive++; }
  Mark(const Mark &) = delete;
  Mark &operator=(const Mark &) = delete;
  ~Mark() {
    alive--;
    order = order * 31 + static_cast<unsigned>(number) + static_cast<unsigned char>(text[0]);
  }
};

struct Deep : std::runtime_error {
  int value;
  Deep(const std::string &what, int v) : std::runtime_error(what), value(v) {}
};

struct Deeper : Deep, std::logic_error {
  explicit Deeper(int v) : Deep("deeper", v), std::logic_error("and wrong") {}
};

void fall(int depth, int kind) {
  Mark mark(depth);
  std::vector<std::string> strings(3, std::string(30, 'x'));
  if (depth > 0) {
    fall(depth - 1, kind);
    return;
  }
  switch (kind) {
  case 0: throw Deep("from below", 7);
  case 1: throw Deeper(8);
  case 2: throw 42;
  case 3: throw std::string("text");
  case 4: throw 2.5;
  case 5: throw static_cast<const char *>("literal");
  case 6: strings.at(5) = "out of range"; break;
  case 7: throw std::make_shared<Mark>(99);
  default: std::printf("nothing thrown\n");
  }
}

void look(int kind) {
  order = 0;
  try {
    fall(50, kind);
    std::printf("%d: returned", kind);
  } catch (const Deeper &e) {
    std::printf("%d: Deeper %d %s", kind, e.value, static_cast<const std::logic_error &>(e).what());
  } catch (const Deep &e) {
    std::printf("%d: Deep %d %s", kind, e.value, e.what());
  } catch (const std::exception &e) {
    std::printf("%d: %s", kind, dynamic_cast<const std::out_of_range *>(&e) ? "out_of_range" : "?");
  } catch (int i) {
    std::printf("%d: int %d", kind, i);
  } catch (const std::string &s) {
    std::printf("%d: string %s", kind, s.c_str());
  } catch (const char *s) {
    std::printf("%d: %s", kind, s);
  } catch (const std::shared_ptr<Mark> &p) {
    std::printf("%d: shared %d", kind, p->number);
  } catch (...) {
    std::printf("%d: something", kind);
  }
  std::printf(", %d alive, order %08x\n", alive, order);
}

// Each level catches, adds, and throws on.
void climb(int depth) {
  Mark mark(depth);
  try {
    if (depth == 0) throw Deep("bottom", 0);
    climb(depth - 1);
  } catch (Deep &e) {
    e.value += depth;
    if (depth % 3 == 0) throw;
    throw Deep(std::string(e.what()) + static_cast<char>('0' + depth % 10), e.value);
  }
}

void nest(int depth) {
  try {
    if (depth == 0) throw std::logic_error("innermost");
    nest(depth - 1);
  } catch (...) {
    std::throw_with_nested(std::runtime_error("level " + std::to_string(depth)));
  }
}

void unfold(const std::exception &e, int level) {
  std::printf("%*s%s\n", level, "", e.what());
  try {
    std::rethrow_if_nested(e);
  } catch (const std::exception &inner) {
    unfold(inner, level + 1);
  }
}

// The second member throws: the first goes, the whole never was.
struct Whole {
  Mark first{1};
  std::unique_ptr<Mark> second;
  explicit Whole(bool good) try : second(good ? new Mark(2) : throw Deep("no second", 1)) {
  } catch (const Deep &e) {
    std::printf("constructor: %s, %d alive\n", e.what(), alive);
  }
  ~Whole() { std::printf("whole gone\n"); }
};

// A destructor that runs while an exception goes by throws and catches its own.
struct Busy {
  ~Busy() {
    int before = std::uncaught_exceptions();
    try {
      throw 1;
    } catch (int) {
      std::printf("busy: %d on the way\n", before);
    }
  }
};

int compare(const void *a, const void *b) {
  int x = *static_cast<const int *>(a), y = *static_cast<const int *>(b);
  if (x == 13 || y == 13) throw std::invalid_argument("thirteen");
  return x - y;
}

int never(int n) noexcept { return n + 1; }

} // namespace

int main() {
  for (int kind = 0; kind <= 8; kind++) look(kind);
  try {
    climb(20);
  } catch (const Deep &e) {
    std::printf("climbed: %s %d, %d alive\n", e.what(), e.value, alive);
  }
  try {
    nest(5);
  } catch (const std::exception &e) {
    unfold(e, 0);
  }
  for (bool good : {true, false}) try {
      Whole whole(good);
    } catch (const Deep &e) {
      std::printf("whole: %s, %d alive\n", e.what(), alive);
    }
  try {
    Busy busy;
    Mark mark(5);
    throw Deep("past the busy", 3);
  } catch (const Deep &e) {
    std::printf("%s\n", e.what());
  }

  std::exception_ptr kept;
  try {
    fall(10, 0);
  } catch (...) {
    kept = std::current_exception();
  }
  for (int i = 0; i < 3; i++) try {
      std::rethrow_exception(kept);
    } catch (const Deep &e) {
      std::printf("kept: %s\n", e.what());
    }

  int numbers[] = {5, 3, 13, 1};
  try {
    std::qsort(numbers, 4, sizeof *numbers, compare);
  } catch (const std::invalid_argument &e) {
    std::printf("sorting: %s\n", e.what());
  }

  long sum = 0;
  for (int i = 0; i < 20000; i++) try {
      if (i % 3) throw i;
      sum += never(i);
    } catch (int n) {
      sum -= n;
    }
  std::map<std::string, int> counts;
  for (int i = 0; i < 300; i++) try {
      std::string key = "k" + std::to_string(i % 7);
      if (!counts.count(key)) throw key;
      counts.at(key)++;
    } catch (const std::string &key) {
      counts[key] = 100;
    }
  for (const auto &entry : counts) std::printf("%s=%d ", entry.first.c_str(), entry.second);
  std::printf("\nsum %ld, %d alive, order %08x\n", sum, alive, order);
  return 0;
}
