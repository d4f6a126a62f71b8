/* A database of its own: SQLite in memory or in a file. */
#include <sqlite3.h>
#include <stdio.h>

static int row(void *unused, int count, char **values, char **names) {
  (void)unused;
  (void)names;
  for (int i = 0; i < count; i++) printf("%s%s", i ? "|" : "", values[i] ? values[i] : "NULL");
  putchar('\n');
  return 0;
}

static const char *const statements[] = {
    "create table city(id integer primary key, name text, people integer)",
    "insert into city(name, people) values ('Oslo', 700000), ('Bergen', 290000), ('Rome', 2800000)",
    "create table number(n integer primary key, square integer, spelled text)",
    "begin",
    "with recursive c(x) as (select 1 union all select x + 1 from c where x < 20000)"
    " insert into number select x, x * x, printf('%d is %x', x, x) from c",
    "create index by_spelling on number(spelled)",
    "commit",
    "select name, people / 1000 from city order by people desc",
    "select count(*), sum(square), max(spelled) from number",
    "select n, spelled from number where spelled like '1234%' order by n limit 3",
    "delete from number where n % 3 = 0",
    "select count(*), total(n) / 7 from number",
    "select no_such_column from city",
    "pragma integrity_check",
};

int main(int argc, char **argv) {
  sqlite3 *db;
  int failures = 0;
  if (sqlite3_open(argc > 1 ? argv[1] : ":memory:", &db)) {
    printf("cannot open: %s\n", sqlite3_errmsg(db));
    return 1;
  }
  for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
    char *error = NULL;
    if (sqlite3_exec(db, statements[i], row, NULL, &error)) {
      printf("error: %s\n", error);
      failures++;
    }
    sqlite3_free(error);
  }
  sqlite3_close(db);
  return failures;
}
