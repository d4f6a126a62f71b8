/* A mix as small systems run it: linked lists, integer matrices, a state machine over text, and a
 * checksum over what they give. */
#define UNITS 420
#include "kernel.h"

static u16 crc16(u16 crc, u32 value) {
  for (u32 i = 0; i < 32; i++) {
    u32 bit = (crc ^ value >> i) & 1;
    crc = (u16)(crc >> 1 ^ (bit ? 0xA001 : 0));
  }
  return crc;
}

/* ---- lists ---- */

typedef struct Item {
  struct Item *next;
  u16 key, value;
} Item;
enum { ITEMS = 400 };
static Item items[ITEMS];

static Item *reverse(Item *list) {
  Item *done = NULL;
  while (list) {
    Item *next = list->next;
    list->next = done;
    done = list;
    list = next;
  }
  return done;
}

typedef int Before(const Item *, const Item *);
static int by_key(const Item *a, const Item *b) { return a->key <= b->key; }
static int by_value(const Item *a, const Item *b) { return a->value <= b->value; }

static Item *merge(Item *a, Item *b, Before *before) {
  Item *first, **last = &first;
  while (a && b) {
    Item **from = before(a, b) ? &a : &b;
    *last = *from;
    last = &(*from)->next;
    *from = (*from)->next;
  }
  *last = a ? a : b;
  return first;
}

static Item *sort(Item *list, Before *before) {
  if (!list || !list->next) return list;
  Item *slow = list;
  for (Item *fast = list->next; fast && fast->next; fast = fast->next->next) slow = slow->next;
  Item *half = slow->next;
  slow->next = NULL;
  return merge(sort(list, before), sort(half, before), before);
}

static u16 run_lists(u16 crc, u32 unit) {
  for (u32 i = 0; i < ITEMS; i++)
    items[i] =
        (Item){i + 1 < ITEMS ? &items[i + 1] : NULL, (u16)(i * 7919 + unit), (u16)(i ^ unit)};
  Item *list = reverse(sort(items, by_key));
  for (u32 i = 0; i < 8; i++)
    for (Item *p = list; p; p = p->next)
      if (p->key % 251 == (unit + i) % 251) crc = crc16(crc, p->value);
  list = sort(list, by_value);
  return crc16(crc, list->key);
}

/* ---- matrices ---- */

enum { N = 24 };
static i32 product[N][N], left[N][N], right[N][N];

static u16 run_matrices(u16 crc, u32 unit) {
  for (u32 i = 0; i < N; i++)
    for (u32 k = 0; k < N; k++) {
      left[i][k] = (i32)((i * k + unit) % 64) - 20;
      right[i][k] = (i32)((i + k * unit) % 32);
    }
  for (u32 i = 0; i < N; i++)
    for (u32 k = 0; k < N; k++) {
      i32 sum = 0;
      for (u32 j = 0; j < N; j++) sum += left[i][j] * right[j][k];
      product[i][k] = sum;
    }
  i32 trace = 0;
  for (u32 i = 0; i < N; i++)
    for (u32 k = 0; k < N; k++) trace += product[i][k] > 1000 ? 10 : (product[i][k] >> 2) & 15;
  return crc16(crc, (u32)trace);
}

/* ---- numbers in text ---- */

typedef enum State { START, SIGN, INTEGER, POINT, FRACTION, EXPONENT, DIGITS, WRONG, STATES } State;

static State next_state(State s, char c) {
  int digit = c >= '0' && c <= '9';
  switch (s) {
  case START: return digit ? INTEGER : c == '+' || c == '-' ? SIGN : c == '.' ? POINT : WRONG;
  case SIGN: return digit ? INTEGER : c == '.' ? POINT : WRONG;
  case INTEGER: return digit ? INTEGER : c == '.' ? FRACTION : c == 'e' ? EXPONENT : WRONG;
  case POINT: return digit ? FRACTION : WRONG;
  case FRACTION: return digit ? FRACTION : c == 'e' ? EXPONENT : WRONG;
  case EXPONENT: return digit || c == '-' ? DIGITS : WRONG;
  case DIGITS: return digit ? DIGITS : WRONG;
  default: return WRONG;
  }
}

static char text[2000];

static u16 run_states(u16 crc, u32 unit) {
  static const char *const words[] = {"12,",  "-3.75,", "+.5e7,", "1e-9,",
                                      "x12,", "4.e,",   "--1,",   "8080,"};
  u32 seed = unit + 1, length = 0, ends[STATES] = {0};
  while (length < sizeof text - 8)
    for (const char *w = words[next_random(&seed) >> 8 & 7]; *w;) text[length++] = *w++;
  State s = START;
  for (u32 i = 0; i < length; i++) {
    if (text[i] != ',')
      s = next_state(s, text[i]);
    else
      ends[s]++, s = START;
  }
  for (u32 i = 0; i < STATES; i++) crc = crc16(crc, ends[i]);
  return crc;
}

static u64 kernel(u32 units) {
  u16 crc = 0;
  for (u32 u = 0; u < units; u++)
    for (u32 i = 0; i < 20; i++) {
      crc = run_lists(crc, u + i);
      crc = run_matrices(crc, u + i);
      crc = run_states(crc, u + i);
    }
  return crc;
}
