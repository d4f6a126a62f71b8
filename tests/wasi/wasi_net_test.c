/* Names of hosts, and which addresses grants are about. */
#include "wasi/guest.h"
#include "wasi/wasi_net.h"

#include <arpa/inet.h>

/* ---- names ---- */

static void names(void **state) {
  (void)state;
  static const struct {
    const char *text, *name; /* NULL: it is none */
  } rows[] = {
      {"localhost", "localhost"},
      {"WWW.Example.COM.", "www.example.com"},
      {"_dns.a-b.0", "_dns.a-b.0"},
      {"bücher.example", "xn--bcher-kva.example"},
      {"münchen.de", "xn--mnchen-3ya.de"},
      /* RFC 3492, section 7.1, in order A, B, C, H, I, K. */
      {"ليهمابتكلموشعربي؟", "xn--egbpdaj6bu4bxfgehfvwxn"},
      {"他们为什么不说中文", "xn--ihqwcrb4cv8a8dqg056pqjye"},
      {"他們爲什麽不說中文", "xn--ihqwctvzc91f659drss3x8bo0yb"},
      {"почемужеонинеговорятпорусски", "xn--b1abfaaepdrnnbgefbadotcwatmq2g4l"},
      {"PorquénopuedensimplementehablarenEspañol",
       "xn--porqunopuedensimplementehablarenespaol-fmd56a"},
      {"TạisaohọkhôngthểchỉnóitiếngViệt", "xn--tisaohkhngthchnitingvit-kjcr8268qyxafd2f1b9g"},
      {"", NULL},
      {".", NULL},
      {"a..b", NULL},
      {".a", NULL},
      {"a b", NULL},
      {"a:80", NULL},
      {"a/b", NULL},
      {"\xff", NULL},
      {"x。y", NULL},
  };
  for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
    char name[NAME_ROOM];
    bool is = wm_name_read(rows[i].text, strlen(rows[i].text), name);
    assert_int_equal(is, rows[i].name != NULL);
    if (is) assert_string_equal(name, rows[i].name);
  }
}

/* A label of 63 and a name of 253 characters are the longest. */
static void long_names(void **state) {
  (void)state;
  char text[300], name[NAME_ROOM];
  memset(text, 'a', sizeof text);
  assert_true(wm_name_read(text, 63, name));
  assert_false(wm_name_read(text, 64, name));
  for (size_t i = 49; i < sizeof text; i += 50) text[i] = '.';
  assert_true(wm_name_read(text, 253, name));
  assert_int_equal(strlen(name), 253);
  assert_false(wm_name_read(text, 254, name));
  for (size_t i = 0; i < 120; i += 2) memcpy(text + i, "é", 2);
  assert_true(wm_name_read(text, 2 * 50, name));
  assert_false(wm_name_read(text, 2 * 60, name));
  text[3] = 0;
  assert_false(wm_name_read(text, 10, name));
}

/* ---- grants ---- */

static NetAddress address_of(const char *text) {
  SocketAddress host;
  NetAddress a;
  assert_true(wm_address_parse(text, &host));
  wm_net_address_of_host(&host, &a);
  return a;
}

typedef struct Case {
  const char *grant;
  NetUse use;
  const char *yes[4], *no[4];
} Case;

static void addresses(void **state) {
  (void)state;
  static const Case cases[] = {
      {"tcp-connect=10.0.0.0/8:443",
       NET_TCP_CONNECT,
       {"10.0.0.0:443", "10.255.255.255:443"},
       {"11.0.0.0:443", "9.255.255.255:443", "10.0.0.1:442", "[::1]:443"}},
      {"tcp-bind=127.0.0.1",
       NET_TCP_BIND,
       {"127.0.0.1:0", "127.0.0.1:65535"},
       {"127.0.0.2:0", "0.0.0.0:0"}},
      {"udp-send=192.168.5.128/25:5-7",
       NET_UDP_SEND,
       {"192.168.5.128:5", "192.168.5.255:7"},
       {"192.168.5.127:5", "192.168.6.128:5", "192.168.5.128:8", "192.168.5.128:4"}},
      {"udp-bind=*:53", NET_UDP_BIND, {"1.2.3.4:53", "[::1]:53", "0.0.0.0:53"}, {"1.2.3.4:54"}},
      {"tcp-connect", NET_TCP_CONNECT, {"1.2.3.4:1", "[fe80::1]:1"}, {NULL}},
      {"tcp-connect=0.0.0.0/0", NET_TCP_CONNECT, {"1.2.3.4:1"}, {"[::1]:1"}},
      {"tcp-connect=2001:db8::/33",
       NET_TCP_CONNECT,
       {"[2001:db8:7fff::]:1"},
       {"[2001:db8:8000::]:1"}},
      {"tcp-connect=[2001:db8::1]/128:80",
       NET_TCP_CONNECT,
       {"[2001:db8::1]:80"},
       {"[2001:db8::2]:80", "[2001:db8::1]:81"}},
      {"tcp-connect=[::1]:80-90", NET_TCP_CONNECT, {"[::1]:85"}, {"[::1]:91", "[::]:85"}},
      {"all", NET_UDP_BIND, {"1.2.3.4:53", "[::1]:0"}, {NULL}},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    wasi_config_t *config = wasi_config_new();
    assert_true(wasi_config_allow_net(config, cases[i].grant, NULL));
    for (size_t k = 0; k < 4; k++) {
      NetAddress yes, no;
      if (cases[i].yes[k]) yes = address_of(cases[i].yes[k]);
      if (cases[i].yes[k]) assert_true(wm_net_allows(&config->net, cases[i].use, &yes));
      if (cases[i].no[k]) no = address_of(cases[i].no[k]);
      if (cases[i].no[k]) assert_false(wm_net_allows(&config->net, cases[i].use, &no));
    }
    NetAddress any = address_of("127.0.0.1:5");
    bool all = strcmp(cases[i].grant, "all") == 0;
    for (NetUse use = NET_TCP_CONNECT; use < NET_LOOKUP; use++)
      if (use != cases[i].use) assert_int_equal(wm_net_allows(&config->net, use, &any), all);
    assert_int_equal(wm_net_allows_name(&config->net, "localhost"), all);
    wasi_config_delete(config);
  }
}

static void looked_up_names(void **state) {
  (void)state;
  wasi_config_t *config = wasi_config_new();
  assert_true(wasi_config_allow_net(config, "lookup=Example.org", NULL));
  assert_true(wasi_config_allow_net(config, "lookup=*.münchen.de", NULL));
  assert_true(wm_net_allows_name(&config->net, "example.org"));
  assert_false(wm_net_allows_name(&config->net, "www.example.org"));
  assert_false(wm_net_allows_name(&config->net, "example.or"));
  assert_true(wm_net_allows_name(&config->net, "www.xn--mnchen-3ya.de"));
  assert_true(wm_net_allows_name(&config->net, "a.b.xn--mnchen-3ya.de"));
  assert_false(wm_net_allows_name(&config->net, "xn--mnchen-3ya.de"));
  assert_false(wm_net_allows_name(&config->net, "xxn--mnchen-3ya.de"));
  assert_false(wm_net_allows_some(&config->net, NET_TCP_CONNECT));
  wasi_config_allow_ip_name_lookup(config, true);
  assert_true(wm_net_allows_name(&config->net, "anything"));
  wasi_config_allow_ip_name_lookup(config, false);
  assert_false(wm_net_allows_name(&config->net, "anything"));
  assert_true(wm_net_allows_name(&config->net, "example.org"));
  NetAddress a = address_of("1.2.3.4:5");
  wasi_config_inherit_network(config);
  assert_true(wm_net_allows(&config->net, NET_UDP_BIND, &a));
  assert_false(wm_net_allows_name(&config->net, "anything"));
  wasi_config_delete(config);
}

static void refused_grants(void **state) {
  (void)state;
  wasi_config_t *config = wasi_config_new();
  wasmx_error_t err = {.size = sizeof err};
  static const char *const bad[] = {"", "al", "tcp-connect=1.2.3.4/8",
                                    "lookup=", "udp-send=1.2.3.4:"};
  for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
    err.code = WASMX_OK;
    assert_false(wasi_config_allow_net(config, bad[i], &err));
    assert_int_equal(err.code, WASMX_ARGUMENT);
    assert_int_equal(config->net.len, 0);
  }
  assert_false(wasi_config_allow_net(NULL, "all", &err));
  assert_false(wasi_config_allow_net(config, NULL, NULL));
  wasi_config_delete(config);
}

static void kinds_of_addresses(void **state) {
  (void)state;
  static const struct {
    const char *text;
    bool mapped, unicast, zero;
  } rows[] = {{"0.0.0.0:1", false, true, true},
              {"[::]:1", false, true, true},
              {"[::1]:1", false, true, false},
              {"[::ffff:1.2.3.4]:1", true, true, false},
              {"[::1.2.3.4]:1", true, true, false},
              {"[::2]:1", true, true, false},
              {"[64:ff9b::1]:1", false, true, false},
              {"[ff02::1]:1", false, false, false},
              {"224.0.0.1:1", false, false, false},
              {"239.255.0.1:1", false, false, false},
              {"255.255.255.255:1", false, false, false},
              {"223.0.0.1:1", false, true, false}};
  for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
    NetAddress a = address_of(rows[i].text);
    assert_int_equal(wm_net_address_is_mapped(&a), rows[i].mapped);
    assert_int_equal(wm_net_address_is_unicast(&a), rows[i].unicast);
    assert_int_equal(wm_net_address_is_zero(&a), rows[i].zero);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names),          cmocka_unit_test(long_names),
      cmocka_unit_test(addresses),      cmocka_unit_test(looked_up_names),
      cmocka_unit_test(refused_grants), cmocka_unit_test(kinds_of_addresses),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
