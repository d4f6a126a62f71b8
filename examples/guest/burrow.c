/* A small game for a terminal: find the way down through rooms and corridors, take the gold, leave
 * the rats behind. Shows raw mode, sizes that change, and colours by ANSI sequences.
 *   clang-19 --target=wasm32-wasi -O2 -o burrow.wasm burrow.c
 *   wasm run --terminal burrow.wasm [SEED]
 * Without --terminal it reads lines, on a screen of 80 by 24. */
#include "terminal.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WIDTH = 64, HEIGHT = 32, ROOMS = 8, MAX_RATS = 12, SIGHT = 7, HEALTH = 12, LAST_DEPTH = 5 };

typedef struct Place {
  int x, y;
} Place;

typedef struct Room {
  int x, y, width, height;
} Room;

typedef struct Rat {
  Place at;
  int health; /* 0: none */
} Rat;

typedef struct Game {
  char map[HEIGHT][WIDTH];
  bool seen[HEIGHT][WIDTH];
  Room rooms[ROOMS];
  Rat rats[MAX_RATS];
  Place me;
  int health, gold, depth, turns;
  uint32_t random;
  bool raw, over;
  char message[80];
} Game;

static uint32_t columns, rows;

/* ---- chance ---- */

static uint32_t next_random(Game *g) {
  g->random ^= g->random << 13;
  g->random ^= g->random >> 17;
  g->random ^= g->random << 5;
  return g->random;
}

/* From low to high, both included. */
static int between(Game *g, int low, int high) {
  return low + (int)(next_random(g) % (uint32_t)(high - low + 1));
}

__attribute__((format(printf, 2, 3))) static void say(Game *g, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(g->message, sizeof g->message, format, args);
  va_end(args);
}

/* ---- a level ---- */

static void dig(Game *g, int x, int y) {
  if (g->map[y][x] == '#') g->map[y][x] = '.';
}

static void dig_room(Game *g, Room *r) {
  r->width = between(g, 5, 11);
  r->height = between(g, 3, 6);
  r->x = between(g, 1, WIDTH - r->width - 2);
  r->y = between(g, 1, HEIGHT - r->height - 2);
  for (int y = r->y; y < r->y + r->height; y++)
    for (int x = r->x; x < r->x + r->width; x++) dig(g, x, y);
}

static Place middle(const Room *r) { return (Place){r->x + r->width / 2, r->y + r->height / 2}; }

static int toward(int from, int to) { return (to > from) - (to < from); }

/* First along, then up or down. */
static void dig_corridor(Game *g, Place from, Place to) {
  for (; from.x != to.x; from.x += toward(from.x, to.x)) dig(g, from.x, from.y);
  for (; from.y != to.y; from.y += toward(from.y, to.y)) dig(g, from.x, from.y);
}

static Place in_room(Game *g, const Room *r) {
  return (Place){between(g, r->x, r->x + r->width - 1), between(g, r->y, r->y + r->height - 1)};
}

static void put(Game *g, const Room *r, char what) {
  Place p = in_room(g, r);
  if (g->map[p.y][p.x] == '.') g->map[p.y][p.x] = what;
}

static void populate(Game *g) {
  for (int i = 1; i < ROOMS; i++) {
    put(g, &g->rooms[i], '$');
    if (i % 3 == 0) put(g, &g->rooms[i], '+');
  }
  memset(g->rats, 0, sizeof g->rats);
  for (int i = 0; i < g->depth * 2 && i < MAX_RATS; i++)
    g->rats[i] = (Rat){in_room(g, &g->rooms[1 + i % (ROOMS - 1)]), 2};
}

static void look_around(Game *g);

static void new_level(Game *g) {
  memset(g->map, '#', sizeof g->map);
  memset(g->seen, 0, sizeof g->seen);
  for (int i = 0; i < ROOMS; i++) {
    dig_room(g, &g->rooms[i]);
    if (i) dig_corridor(g, middle(&g->rooms[i - 1]), middle(&g->rooms[i]));
  }
  g->depth++;
  populate(g);
  Place down = middle(&g->rooms[ROOMS - 1]);
  g->map[down.y][down.x] = '>';
  g->me = middle(&g->rooms[0]);
  g->map[g->me.y][g->me.x] = '.';
  look_around(g);
}

/* ---- what happens ---- */

static Rat *rat_at(Game *g, Place p) {
  for (int i = 0; i < MAX_RATS; i++)
    if (g->rats[i].health && g->rats[i].at.x == p.x && g->rats[i].at.y == p.y) return &g->rats[i];
  return NULL;
}

/* Whether nothing stands in a line between the two. */
static bool can_see(const Game *g, Place from, Place to) {
  int dx = to.x - from.x, dy = to.y - from.y;
  int steps = abs(dx) > abs(dy) ? abs(dx) : abs(dy);
  for (int i = 1; i < steps; i++)
    if (g->map[from.y + dy * i / steps][from.x + dx * i / steps] == '#') return false;
  return steps <= SIGHT;
}

static void look_around(Game *g) {
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++) g->seen[y][x] |= can_see(g, g->me, (Place){x, y});
}

static void bite(Game *g) {
  int damage = between(g, 1, 2);
  g->health -= damage;
  say(g, "A rat bites you (%d).", damage);
  if (g->health > 0) return;
  g->health = 0;
  g->over = true;
  say(g, "You die on level %d with %d gold.", g->depth, g->gold);
}

static void move_rat(Game *g, Rat *rat) {
  if (!can_see(g, rat->at, g->me)) return;
  Place to = {rat->at.x + toward(rat->at.x, g->me.x), rat->at.y + toward(rat->at.y, g->me.y)};
  if (to.x == g->me.x && to.y == g->me.y)
    bite(g);
  else if (g->map[to.y][to.x] != '#' && !rat_at(g, to))
    rat->at = to;
}

static void move_rats(Game *g) {
  for (int i = 0; i < MAX_RATS && !g->over; i++)
    if (g->rats[i].health) move_rat(g, &g->rats[i]);
}

static void take(Game *g, char *what) {
  if (*what == '$') {
    int found = between(g, 5, 25);
    g->gold += found;
    say(g, "You find %d gold.", found);
  } else if (*what == '+') {
    g->health = HEALTH;
    say(g, "You feel better.");
  }
  *what = '.';
}

static void descend(Game *g) {
  if (g->depth < LAST_DEPTH) {
    new_level(g);
    say(g, "You climb down.");
    return;
  }
  g->over = true;
  say(g, "Daylight! You are out, with %d gold.", g->gold);
}

static void step(Game *g, int dx, int dy) {
  Place to = {g->me.x + dx, g->me.y + dy};
  char *what = &g->map[to.y][to.x];
  Rat *rat = rat_at(g, to);
  if (*what == '#') return;
  g->turns++;
  if (rat) {
    rat->health--;
    say(g, rat->health ? "You hit the rat." : "You kill the rat.");
  } else {
    g->me = to;
    if (*what == '>') return descend(g);
    if (*what != '.') take(g, what);
  }
  look_around(g);
  move_rats(g);
}

/* ---- the screen ---- */

/* All of one picture goes out at once. */
static char screen[1 << 16];
static size_t used;

__attribute__((format(printf, 1, 2))) static void draw(const char *format, ...) {
  va_list args;
  va_start(args, format);
  int length = vsnprintf(screen + used, sizeof screen - used, format, args);
  va_end(args);
  if (length > 0 && used + (size_t)length < sizeof screen) used += (size_t)length;
}

static const char *color_of(char c) {
  switch (c) {
  case '@': return "\033[1;33m";
  case '$': return "\033[33m";
  case '+': return "\033[32m";
  case 'r': return "\033[31m";
  case '>': return "\033[1;36m";
  default: return "\033[2m";
  }
}

static char look_at(Game *g, Place p) {
  if (p.x == g->me.x && p.y == g->me.y) return '@';
  if (!g->seen[p.y][p.x]) return ' ';
  return rat_at(g, p) && can_see(g, g->me, p) ? 'r' : g->map[p.y][p.x];
}

static void draw_row(Game *g, int y, int left, int width) {
  const char *color = "";
  for (int x = left; x < left + width && x < WIDTH; x++) {
    char c = look_at(g, (Place){x, y});
    if (c != ' ' && color_of(c) != color) draw("\033[0m%s", color = color_of(c));
    draw("%c", c);
  }
  draw("\033[0m\033[K");
}

/* Where the part of the map begins that is shown, so that the player is in the middle of it. */
static int scroll(int me, int shown, int size) {
  int from = me - shown / 2;
  if (from > size - shown) from = size - shown;
  return from < 0 ? 0 : from;
}

static void draw_game(Game *g) {
  int width = (int)columns, height = (int)rows - 2;
  int left = scroll(g->me.x, width, WIDTH), top = scroll(g->me.y, height, HEIGHT);
  used = 0;
  draw("\033[H");
  for (int y = 0; y < height; y++) {
    draw("\033[%d;1H", y + 1);
    if (top + y < HEIGHT)
      draw_row(g, top + y, left, width);
    else
      draw("\033[K");
  }
  draw("\033[%d;1H\033[7m%.*s\033[0m\033[K", height + 1, width, g->message);
  char status[80];
  snprintf(status, sizeof status, "%ux%u  Level %d  Health %d/%d  Gold %d  Turn %d", columns, rows,
           g->depth, g->health, HEALTH, g->gold, g->turns);
  draw("\033[%d;1H%.*s\033[K", height + 2, width - 1, status);
  if (!g->raw) draw("\n");
  fwrite(screen, 1, used, stdout);
  fflush(stdout);
}

/* ---- keys ---- */

/* 0 at the end of input. */
static char read_byte(void) {
  char c;
  return read(0, &c, 1) == 1 ? c : 0;
}

/* Arrows are ESC [ A to D, which come at once; a lone ESC is followed by nothing for a while. */
static char read_key(void) {
  char c = read_byte();
  if (c != '\033') return c;
  if (!(terminal_wait(20000000) & TERMINAL_INPUT) || read_byte() != '[') return '\033';
  c = read_byte();
  return c >= 'A' && c <= 'D' ? "kjlh"[c - 'A'] : '\033';
}

static void act(Game *g, char key) {
  g->message[0] = 0;
  switch (key) {
  case 'h': return step(g, -1, 0);
  case 'l': return step(g, 1, 0);
  case 'k': return step(g, 0, -1);
  case 'j': return step(g, 0, 1);
  case '.': return step(g, 0, 0);
  case 'q':
  case 0: g->over = true; return;
  default: return;
  }
}

static void play(Game *g) {
  while (!g->over) {
    terminal_size(&columns, &rows);
    if (rows < 3) rows = 3;
    draw_game(g);
    if (terminal_wait(-1) & TERMINAL_INPUT) act(g, read_key());
  }
}

int main(int argc, char **argv) {
  static Game g = {.health = HEALTH};
  g.random = argc > 1 ? (uint32_t)atoi(argv[1]) : (uint32_t)time(NULL);
  if (!g.random) g.random = 1;
  g.raw = terminal_set_raw(1) == 0;
  printf("\033[?1049h\033[?25l\033[2J");
  new_level(&g);
  say(&g, g.raw ? "Arrows or hjkl move, q quits." : "hjkl and Enter move, q and Enter quits.");
  play(&g);
  printf("\033[?25h\033[?1049l%s\n", g.message[0] ? g.message : "Goodbye.");
  if (g.raw) terminal_set_raw(0);
  return 0;
}
