/* malloc and free: binary trees that grow, are walked and go. */
#define UNITS 500
#include "kernel.h"

typedef struct Node {
  struct Node *left, *right;
  u32 value;
} Node;

static Node *build(u32 depth, u32 value) {
  Node *n = malloc(sizeof *n);
  if (!n) exit(1);
  n->value = value;
  n->left = depth ? build(depth - 1, 2 * value) : NULL;
  n->right = depth ? build(depth - 1, 2 * value + 1) : NULL;
  return n;
}

static u32 total(const Node *n) { return n ? n->value + total(n->left) - total(n->right) : 1; }

static void drop(Node *n) {
  if (!n) return;
  drop(n->left);
  drop(n->right);
  free(n);
}

static u64 kernel(u32 units) {
  Node *lasting = build(12, 1);
  u64 sum = 1;
  for (u32 u = 0; u < units; u++) {
    for (u32 i = 0; i < 40; i++) {
      Node *tree = build(4 + i % 8, i + u);
      sum = mix(sum, total(tree));
      drop(tree);
    }
    sum = mix(sum, total(lasting));
  }
  drop(lasting);
  return sum;
}
