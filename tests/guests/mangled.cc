// A trap below functions whose names the compiler mangled.
namespace shapes {
template <typename T> struct Box {
  T side;
  __attribute__((noinline)) T divide(T by) const { return side / by; }
};
} // namespace shapes

int main(int argc, char **) {
  volatile int zero = argc - 1;
  return shapes::Box<int>{42}.divide(zero);
}
