/* Comparisons that cannot be foreseen: quicksort and heapsort of 50,000 numbers. */
#define UNITS 105
#include "kernel.h"

enum { COUNT = 50000 };
static u32 numbers[COUNT];

static void swap(u32 *a, u32 *b) {
  u32 t = *a;
  *a = *b;
  *b = t;
}

static void insertion_sort(u32 *v, u32 count) {
  for (u32 i = 1; i < count; i++) {
    u32 item = v[i], k = i;
    for (; k > 0 && v[k - 1] > item; k--) v[k] = v[k - 1];
    v[k] = item;
  }
}

static void quicksort(u32 *v, u32 count) {
  while (count > 16) {
    u32 middle = count / 2;
    if (v[middle] < v[0]) swap(&v[middle], &v[0]);
    if (v[count - 1] < v[0]) swap(&v[count - 1], &v[0]);
    if (v[count - 1] < v[middle]) swap(&v[count - 1], &v[middle]);
    u32 pivot = v[middle], i = 0, k = count - 1;
    for (;;) {
      while (v[i] < pivot) i++;
      while (v[k] > pivot) k--;
      if (i >= k) break;
      swap(&v[i++], &v[k--]);
    }
    u32 left = k + 1;
    quicksort(v + left, count - left);
    count = left;
  }
  insertion_sort(v, count);
}

static void sift(u32 *v, u32 root, u32 count) {
  u32 item = v[root];
  for (u32 child; (child = 2 * root + 1) < count; root = child) {
    if (child + 1 < count && v[child] < v[child + 1]) child++;
    if (v[child] <= item) break;
    v[root] = v[child];
  }
  v[root] = item;
}

static void heapsort_numbers(u32 *v, u32 count) {
  for (u32 i = count / 2; i-- > 0;) sift(v, i, count);
  for (u32 i = count; i-- > 1;) {
    swap(&v[0], &v[i]);
    sift(v, 0, i);
  }
}

static u64 kernel(u32 units) {
  u32 seed = 4711;
  u64 sum = 1;
  for (u32 u = 0; u < units; u++) {
    for (u32 i = 0; i < COUNT; i++) numbers[i] = next_random(&seed);
    if (u & 1)
      heapsort_numbers(numbers, COUNT);
    else
      quicksort(numbers, COUNT);
    for (u32 i = 1; i < COUNT; i++) sum += numbers[i - 1] > numbers[i];
    sum = mix(sum, numbers[COUNT / 2]);
  }
  return sum;
}
