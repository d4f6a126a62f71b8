/* SQLite, end to end: a database in memory is filled, indexed, asked and changed. A large program
 * that runs for a short time: compiling it is part of what is measured. */
#define UNITS 5
#include "kernel.h"
#include <sqlite3.h>

static u64 sum;

static int take_row(void *unused, int count, char **values, char **names) {
  (void)unused;
  (void)names;
  for (int i = 0; i < count; i++)
    for (const char *at = values[i] ? values[i] : "NULL"; *at; at++) sum = mix(sum, (u8)*at);
  return 0;
}

static const char *const statements[] = {
    "create table person(id integer primary key, name text, town integer, age integer)",
    "create table town(id integer primary key, name text)",
    "begin",
    "with recursive c(x) as (select 1 union all select x + 1 from c where x < 100)"
    " insert into town select x, printf('town %d', x * 7919 % 100) from c",
    "with recursive c(x) as (select 1 union all select x + 1 from c where x < 6000)"
    " insert into person select x, printf('%x-%d', x * 40503 % 65536, x), x * x % 100 + 1, x * 31 "
    "% 97 from c",
    "create index by_name on person(name)",
    "create index by_town on person(town, age)",
    "commit",
    "select town.name, count(*), avg(age), max(person.name) from person join town on town.id = "
    "person.town"
    " group by town.name order by 2 desc, 1 limit 20",
    "select count(*) from person where name like '%7f%' or name like 'a%'",
    "select id, name from person order by name desc limit 10 offset 500",
    "select a.age, count(distinct b.town) from person a join person b on a.id = b.id + 1"
    " where a.age between 20 and 40 group by a.age",
    "update person set age = age + 1, name = upper(name) where town % 3 = 0",
    "delete from person where id in (select id from person where age > 80)",
    "select sum(age), sum(length(name)), group_concat(distinct town) from person",
    "pragma integrity_check",
};

static u64 kernel(u32 units) {
  for (u32 u = 0; u < units; u++) {
    sqlite3 *db;
    if (sqlite3_open(":memory:", &db)) exit(1);
    for (u32 i = 0; i < sizeof statements / sizeof *statements; i++)
      if (sqlite3_exec(db, statements[i], take_row, NULL, NULL)) exit(1);
    sqlite3_close(db);
  }
  return sum;
}
