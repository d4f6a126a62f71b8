/* A command that does with the network what its arguments say, one after another, and prints what
 * comes of each: "bind 0 127.0.0.1:0" prints "bind ok". The first word of a deed is the function's
 * (deeds[] at the end), the second says which socket, stream or so on it is done with: a number of
 * the script's own. A port "@2" is the one that socket 2 is bound to. Built as guest.c is. */
#include "wasi2_sockets.h"

/* ---- a library ---- */

static Handle out, net;

/* A line is written whole: it may be of many pieces. */
static char line[1 << 13];
static size_t line_size;

static void put(const char *data, size_t size) {
  for (size_t i = 0; i < size && line_size < sizeof line; i++) line[line_size++] = data[i];
}
static void puts(const char *text) { put(text, length(text)); }

static void put_number(uint64_t number, unsigned base) {
  char digits[24];
  size_t at = sizeof digits;
  do digits[--at] = "0123456789abcdef"[number % base];
  while (number /= base);
  put(digits + at, sizeof digits - at);
}

static void end_line(void) {
  WriteResult done;
  puts("\n");
  for (size_t at = 0, size; at < line_size; at += size) {
    size = line_size - at < 4096 ? line_size - at : 4096;
    write_blocking(out, line + at, size, &done);
  }
  line_size = 0;
}

/* ---- words of the script ---- */

static Text script; /* what is left of the deed */

static Text word(void) {
  Text w;
  while (script.size && *script.data == ' ') script.data++, script.size--;
  w.data = script.data;
  for (w.size = 0; w.size < script.size && w.data[w.size] != ' ';) w.size++;
  script.data += w.size;
  script.size -= w.size;
  return w;
}

static unsigned digit(char c) {
  return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 32) - 'a' + 10);
}

/* Up to what is no digit; steps over it. */
static uint64_t read_number(Text *w, unsigned base) {
  uint64_t n = 0;
  for (; w->size && (*w->data | 32) >= '0' && *w->data != ':' && digit(*w->data) < base;
       w->data++, w->size--)
    n = n * base + digit(*w->data);
  return n;
}

static uint64_t number(void) {
  Text w = word();
  return read_number(&w, 10);
}

static void skip(Text *w, char c) {
  if (w->size && *w->data == c) w->data++, w->size--;
}

/* ---- what there is ---- */

static Handle tcp[64], udp[64], in[64], outs[64], names[64], incoming[64], outgoing[64], polls[64];
static int is_udp[64]; /* which kind socket n is of */

static uint16_t port_of(uint64_t n) {
  AddressResult r;
  if (is_udp[n])
    udp_local(udp[n], &r);
  else
    tcp_local(tcp[n], &r);
  return r.failed ? 0 : r.address.v4.port;
}

static uint16_t read_port(Text *w) {
  skip(w, ':');
  if (!w->size || *w->data != '@') return (uint16_t)read_number(w, 10);
  skip(w, '@');
  return port_of(read_number(w, 10));
}

/* 127.0.0.1:80, [0:0:0:0:0:0:0:1]:80 (all eight, in hexadecimal). */
static Address address(Text w) {
  Address a = {.v6 = {.scope = 0}};
  a.is_v6 = w.size && *w.data == '[';
  if (a.is_v6) {
    for (size_t i = 0; i < 8; i++) {
      w.data++, w.size--;
      a.v6.words[i] = (uint16_t)read_number(&w, 16);
    }
    skip(&w, ']');
    a.v6.port = read_port(&w);
    return a;
  }
  uint8_t bytes[4];
  for (size_t i = 0; i < 4; i++) {
    bytes[i] = (uint8_t)read_number(&w, 10);
    skip(&w, '.');
  }
  a.v4.port = read_port(&w);
  for (size_t i = 0; i < 4; i++) a.v4.bytes[i] = bytes[i];
  return a;
}

static void put_address(const Address *a) {
  if (!a->is_v6) {
    for (size_t i = 0; i < 4; i++) put_number(a->v4.bytes[i], 10), puts(i < 3 ? "." : ":");
  } else {
    puts("[");
    for (size_t i = 0; i < 8; i++) put_number(a->v6.words[i], 16), puts(i < 7 ? ":" : "]:");
  }
  put_number(a->v4.port, 10);
}

#define FLAT(a)                                                                                    \
  (a).is_v6, (a).v4.port, (a).is_v6 ? (int32_t)(a).v6.flow : (a).v4.bytes[0],                      \
      (a).is_v6 ? (a).v6.words[0] : (a).v4.bytes[1],                                               \
      (a).is_v6 ? (a).v6.words[1] : (a).v4.bytes[2],                                               \
      (a).is_v6 ? (a).v6.words[2] : (a).v4.bytes[3], (a).is_v6 ? (a).v6.words[3] : 0,              \
      (a).is_v6 ? (a).v6.words[4] : 0, (a).is_v6 ? (a).v6.words[5] : 0,                            \
      (a).is_v6 ? (a).v6.words[6] : 0, (a).is_v6 ? (a).v6.words[7] : 0,                            \
      (a).is_v6 ? (int32_t)(a).v6.scope : 0

static void put_code(uint8_t code) {
  static const char *const codes[] = {"unknown",
                                      "access-denied",
                                      "not-supported",
                                      "invalid-argument",
                                      "out-of-memory",
                                      "timeout",
                                      "concurrency-conflict",
                                      "not-in-progress",
                                      "would-block",
                                      "invalid-state",
                                      "new-socket-limit",
                                      "address-not-bindable",
                                      "address-in-use",
                                      "remote-unreachable",
                                      "connection-refused",
                                      "connection-reset",
                                      "connection-aborted",
                                      "datagram-too-large",
                                      "name-unresolvable",
                                      "temporary-resolver-failure",
                                      "permanent-resolver-failure"};
  puts(code < sizeof codes / sizeof *codes ? codes[code] : "no code");
}

/* Whether it did; the error is told. */
static int did(uint8_t failed, uint8_t code) {
  if (failed)
    put_code(code);
  else
    puts("ok");
  return !failed;
}

/* ---- deeds ---- */

static void make_tcp(uint64_t n) {
  HandlesResult r;
  create_tcp(number() == 6, &r);
  if (did(r.failed, r.code)) tcp[n] = r.handles[0];
  is_udp[n] = 0;
}

static void make_udp(uint64_t n) {
  HandlesResult r;
  create_udp(number() == 6, &r);
  if (did(r.failed, r.code)) udp[n] = r.handles[0];
  is_udp[n] = 1;
}

static void do_start_bind(uint64_t n) {
  CodeResult r;
  Address a = address(word());
  if (is_udp[n])
    udp_start_bind(udp[n], net, FLAT(a), &r);
  else
    tcp_start_bind(tcp[n], net, FLAT(a), &r);
  did(r.failed, r.code);
}

static void do_finish_bind(uint64_t n) {
  CodeResult r;
  if (is_udp[n])
    udp_finish_bind(udp[n], &r);
  else
    tcp_finish_bind(tcp[n], &r);
  did(r.failed, r.code);
}

static void do_start_connect(uint64_t n) {
  CodeResult r;
  Address a = address(word());
  start_connect(tcp[n], net, FLAT(a), &r);
  did(r.failed, r.code);
}

static void do_finish_connect(uint64_t n) {
  HandlesResult r;
  finish_connect(tcp[n], &r);
  if (!did(r.failed, r.code)) return;
  in[n] = r.handles[0];
  outs[n] = r.handles[1];
}

/* Begins, waits, finishes. */
static void do_connect(uint64_t n) {
  CodeResult r;
  Address a = address(word());
  start_connect(tcp[n], net, FLAT(a), &r);
  if (r.failed) {
    did(r.failed, r.code);
    return;
  }
  Handle p = tcp_subscribe(tcp[n]);
  block(p);
  drop_pollable(p);
  do_finish_connect(n);
}

static void do_start_listen(uint64_t n) {
  CodeResult r;
  start_listen(tcp[n], &r);
  did(r.failed, r.code);
}

static void do_finish_listen(uint64_t n) {
  CodeResult r;
  finish_listen(tcp[n], &r);
  did(r.failed, r.code);
}

/* accept LISTENER NEW */
static void do_accept(uint64_t n) {
  HandlesResult r;
  uint64_t made = number();
  tcp_accept(tcp[n], &r);
  if (!did(r.failed, r.code)) return;
  tcp[made] = r.handles[0];
  in[made] = r.handles[1];
  outs[made] = r.handles[2];
  is_udp[made] = 0;
}

static void tell_address(const AddressResult *r) {
  if (!did(r->failed, r->code)) return;
  puts(" ");
  put_address(&r->address);
}

static void do_local(uint64_t n) {
  AddressResult r;
  if (is_udp[n])
    udp_local(udp[n], &r);
  else
    tcp_local(tcp[n], &r);
  tell_address(&r);
}

static void do_remote(uint64_t n) {
  AddressResult r;
  if (is_udp[n])
    udp_remote(udp[n], &r);
  else
    tcp_remote(tcp[n], &r);
  tell_address(&r);
}

/* Whether the remote address is the local one of another socket. */
static void do_same_peer(uint64_t n) {
  AddressResult mine, others;
  uint64_t other = number();
  tcp_remote(tcp[n], &mine);
  tcp_local(tcp[other], &others);
  puts(!mine.failed && !others.failed && mine.address.v4.port == others.address.v4.port ? "yes"
                                                                                        : "no");
}

static void do_listening(uint64_t n) { puts(is_listening(tcp[n]) ? "yes" : "no"); }
static void do_family(uint64_t n) {
  puts((is_udp[n] ? udp_family(udp[n]) : tcp_family(tcp[n])) ? "ipv6" : "ipv4");
}

static void do_shutdown(uint64_t n) {
  CodeResult r;
  Text how = word();
  tcp_shutdown(tcp[n], is(how, "receive") ? 0 : is(how, "send") ? 1 : 2, &r);
  did(r.failed, r.code);
}

/* ---- options ---- */

static void set_by(void (*set)(Handle, uint64_t, CodeResult *), Handle socket) {
  CodeResult r;
  set(socket, number(), &r);
  did(r.failed, r.code);
}
static void set_small_by(void (*set)(Handle, int32_t, CodeResult *), Handle socket) {
  CodeResult r;
  set(socket, (int32_t)number(), &r);
  did(r.failed, r.code);
}
static void get_by(void (*get)(Handle, LongResult *), Handle socket) {
  LongResult r;
  get(socket, &r);
  if (did(r.failed, r.code)) puts(" "), put_number(r.value, 10);
}
static void get_small_by(void (*get)(Handle, CodeResult *), Handle socket) {
  CodeResult r;
  get(socket, &r);
  if (did(r.failed, r.code)) puts(" "), put_number(r.code, 10);
}

static void do_set_backlog(uint64_t n) { set_by(set_backlog, tcp[n]); }
static void do_keep_alive(uint64_t n) { get_small_by(keep_alive, tcp[n]); }
static void do_set_keep_alive(uint64_t n) { set_small_by(set_keep_alive, tcp[n]); }
static void do_idle_time(uint64_t n) { get_by(idle_time, tcp[n]); }
static void do_set_idle_time(uint64_t n) { set_by(set_idle_time, tcp[n]); }
static void do_interval(uint64_t n) { get_by(interval, tcp[n]); }
static void do_set_interval(uint64_t n) { set_by(set_interval, tcp[n]); }
static void do_set_probes(uint64_t n) { set_small_by(set_probes, tcp[n]); }
static void do_probes(uint64_t n) {
  WordResult r;
  probes(tcp[n], &r);
  if (did(r.failed, r.code)) puts(" "), put_number(r.value, 10);
}
static void do_hops(uint64_t n) {
  get_small_by(is_udp[n] ? udp_hops : tcp_hops, is_udp[n] ? udp[n] : tcp[n]);
}
static void do_set_hops(uint64_t n) {
  set_small_by(is_udp[n] ? udp_set_hops : tcp_set_hops, is_udp[n] ? udp[n] : tcp[n]);
}
static void do_receive_buffer(uint64_t n) {
  get_by(is_udp[n] ? udp_receive_buffer : tcp_receive_buffer, is_udp[n] ? udp[n] : tcp[n]);
}
static void do_set_receive_buffer(uint64_t n) {
  set_by(is_udp[n] ? udp_set_receive_buffer : tcp_set_receive_buffer, is_udp[n] ? udp[n] : tcp[n]);
}
static void do_send_buffer(uint64_t n) {
  get_by(is_udp[n] ? udp_send_buffer : tcp_send_buffer, is_udp[n] ? udp[n] : tcp[n]);
}
static void do_set_send_buffer(uint64_t n) {
  set_by(is_udp[n] ? udp_set_send_buffer : tcp_set_send_buffer, is_udp[n] ? udp[n] : tcp[n]);
}

/* ---- streams ---- */

static void tell_stream_error(uint8_t closed, Handle error) {
  uint8_t code[2];
  if (closed) {
    puts("closed");
    return;
  }
  network_error_code(error, code);
  puts("failed ");
  if (code[0])
    put_code(code[1]);
  else
    puts("otherwise");
}

static void tell_read(const ReadResult *r) {
  if (r->failed) {
    tell_stream_error(r->closed, r->error);
    return;
  }
  puts("ok ");
  put(r->bytes.data, r->bytes.size);
}

static void do_read(uint64_t n) {
  ReadResult r;
  input_read(in[n], number(), &r);
  tell_read(&r);
}

static void do_wait_and_read(uint64_t n) {
  ReadResult r;
  input_wait(in[n], number(), &r);
  tell_read(&r);
}

static void tell_write(const WriteResult *r) {
  if (r->failed)
    tell_stream_error(r->closed, r->error);
  else
    puts("ok");
}

static void do_write(uint64_t n) {
  WriteResult r;
  Text text = word();
  write_blocking(outs[n], text.data, text.size, &r);
  tell_write(&r);
}

/* Until it is closed or fails, at most 1 MiB; how much there was is not told. */
static void do_write_on(uint64_t n) {
  static const char zeroes[4096];
  WriteResult r = {.failed = 0};
  for (int i = 0; i < 256 && !r.failed; i++) write_blocking(outs[n], zeroes, sizeof zeroes, &r);
  tell_write(&r);
}

static void do_check_write(uint64_t n) {
  CountResult r;
  check_write(outs[n], &r);
  if (r.failed)
    tell_stream_error(r.closed, r.error);
  else
    puts(r.count ? "ok" : "not now");
}

static void do_write_now(uint64_t n) {
  WriteResult r;
  Text text = word();
  output_write(outs[n], text.data, text.size, &r);
  tell_write(&r);
}

static void do_flush(uint64_t n) {
  WriteResult r;
  output_flush(outs[n], &r);
  tell_write(&r);
}

/* splice OUT IN COUNT */
static void do_splice(uint64_t n) {
  CountResult r;
  uint64_t from = number();
  output_splice(outs[n], in[from], number(), &r);
  if (r.failed)
    tell_stream_error(r.closed, r.error);
  else
    puts("ok "), put_number(r.count, 10);
}

/* ---- datagrams ---- */

/* stream N [ADDRESS] */
static void do_stream(uint64_t n) {
  HandlesResult r;
  Text peer = word();
  Address a = peer.size ? address(peer) : (Address){.v6 = {.scope = 0}};
  udp_stream(udp[n], peer.size != 0, FLAT(a), &r);
  if (!did(r.failed, r.code)) return;
  incoming[n] = r.handles[0];
  outgoing[n] = r.handles[1];
}

static void do_check_send(uint64_t n) {
  LongResult r;
  check_send(outgoing[n], &r);
  if (did(r.failed, r.code)) puts(" "), put_number(r.value, 10);
}

/* send N SIZE|TEXT [ADDRESS]...: a datagram to each of them, or one to the peer. */
static void do_send(uint64_t n) {
  static char zeroes[70000];
  static Outgoing list[32];
  size_t count = 0;
  Text data = word();
  if (data.size && *data.data >= '0' && *data.data <= '9')
    data = (Text){zeroes, (size_t)read_number(&data, 10)};
  for (Text to = word(); to.size || !count; to = word()) {
    list[count] = (Outgoing){.data = data, .has_address = to.size != 0};
    if (to.size && !is(to, "-")) list[count].to = address(to);
    if (is(to, "-")) list[count].has_address = 0;
    if (++count == 32) break;
  }
  LongResult r;
  send(outgoing[n], list, count, &r);
  if (did(r.failed, r.code)) puts(" "), put_number(r.value, 10);
}

static void do_send_none(uint64_t n) {
  LongResult r;
  send(outgoing[n], NULL, 0, &r);
  if (did(r.failed, r.code)) puts(" "), put_number(r.value, 10);
}

/* What came, and whether from the socket that is named. */
static void do_receive(uint64_t n) {
  IncomingResult r;
  receive(incoming[n], number(), &r);
  Text from = word();
  if (!did(r.failed, r.code)) return;
  for (size_t i = 0; i < r.count; i++) {
    puts(" ");
    if (r.data[i].data.size > 100)
      put_number(r.data[i].data.size, 10);
    else
      put(r.data[i].data.data, r.data[i].data.size);
    Text other = from;
    if (from.size && port_of(read_number(&other, 10)) != r.data[i].from.v4.port) puts("?");
  }
}

/* ---- names ---- */

static void do_resolve(uint64_t n) {
  HandlesResult r;
  Text name = word();
  resolve_addresses(net, name.data, name.size, &r);
  if (did(r.failed, r.code)) names[n] = r.handles[0];
}

static void do_next(uint64_t n) {
  NextResult r;
  next_address(names[n], &r);
  if (!did(r.failed, r.code)) return;
  puts(r.is_some ? " " : " none");
  for (size_t i = 0; r.is_some && i < (r.is_v6 ? 8 : 4); i++) {
    if (i) puts(r.is_v6 ? ":" : ".");
    put_number(r.is_v6 ? r.words[i] : r.bytes[i], r.is_v6 ? 16 : 10);
  }
}

/* ---- waiting ---- */

/* subscribe N WHAT M: pollable N is of the M-th of these. */
static void do_subscribe(uint64_t n) {
  Text what = word();
  uint64_t m = number();
  polls[n] = is(what, "socket")     ? is_udp[m] ? udp_subscribe(udp[m]) : tcp_subscribe(tcp[m])
                 : is(what, "in") ? input_subscribe(in[m])
             : is(what, "out")      ? output_subscribe(outs[m])
             : is(what, "names")    ? names_subscribe(names[m])
             : is(what, "incoming") ? incoming_subscribe(incoming[m])
             : is(what, "outgoing") ? outgoing_subscribe(outgoing[m])
                                    : after(m * 1000000);
  puts("ok");
}

static void do_ready(uint64_t n) { puts(is_ready(polls[n]) ? "yes" : "no"); }
static void do_block(uint64_t n) {
  block(polls[n]);
  puts("ok");
}

/* poll N M...: which of these pollables are ready, all there are from N on are given */
static void do_poll(uint64_t n) {
  Numbers ready;
  uint64_t count = number();
  poll(&polls[n], (size_t)count, &ready);
  for (size_t i = 0; i < ready.count; i++) puts(i ? " " : ""), put_number(n + ready.data[i], 10);
}

/* drop N WHAT */
static void do_drop(uint64_t n) {
  Text what = word();
  if (is(what, "socket") && is_udp[n]) drop_udp(udp[n]);
  if (is(what, "socket") && !is_udp[n]) drop_tcp(tcp[n]);
  if (is(what, "in")) drop_input(in[n]);
  if (is(what, "out")) drop_output(outs[n]);
  if (is(what, "names")) drop_names(names[n]);
  if (is(what, "incoming")) drop_incoming(incoming[n]);
  if (is(what, "outgoing")) drop_outgoing(outgoing[n]);
  if (is(what, "poll")) drop_pollable(polls[n]);
  puts("ok");
}

/* Sockets until there are no more; how many is said in tens. */
static void do_many(uint64_t family) {
  HandlesResult r = {.failed = 0};
  uint64_t count = 0;
  for (; !r.failed; count++) create_udp(family == 6, &r);
  put_number(count / 10, 10);
  puts(" tens, then ");
  put_code(r.code);
}

/* Names that nobody asks about again. */
static void do_resolve_many(uint64_t count) {
  HandlesResult r = {.failed = 0};
  Text name = word();
  for (uint64_t i = 0; i < count && !r.failed; i++)
    resolve_addresses(net, name.data, name.size, &r);
  did(r.failed, r.code);
}

static const struct {
  const char *name;
  void (*does)(uint64_t n);
} deeds[] = {{"tcp", make_tcp},
             {"udp", make_udp},
             {"start-bind", do_start_bind},
             {"finish-bind", do_finish_bind},
             {"start-connect", do_start_connect},
             {"finish-connect", do_finish_connect},
             {"connect", do_connect},
             {"start-listen", do_start_listen},
             {"finish-listen", do_finish_listen},
             {"accept", do_accept},
             {"local-address", do_local},
             {"remote-address", do_remote},
             {"same-peer", do_same_peer},
             {"is-listening", do_listening},
             {"address-family", do_family},
             {"shutdown", do_shutdown},
             {"set-backlog", do_set_backlog},
             {"keep-alive", do_keep_alive},
             {"set-keep-alive", do_set_keep_alive},
             {"idle-time", do_idle_time},
             {"set-idle-time", do_set_idle_time},
             {"interval", do_interval},
             {"set-interval", do_set_interval},
             {"probes", do_probes},
             {"set-probes", do_set_probes},
             {"hops", do_hops},
             {"set-hops", do_set_hops},
             {"receive-buffer", do_receive_buffer},
             {"set-receive-buffer", do_set_receive_buffer},
             {"send-buffer", do_send_buffer},
             {"set-send-buffer", do_set_send_buffer},
             {"read", do_read},
             {"wait-and-read", do_wait_and_read},
             {"write", do_write},
             {"write-on", do_write_on},
             {"check-write", do_check_write},
             {"write-now", do_write_now},
             {"flush", do_flush},
             {"splice", do_splice},
             {"stream", do_stream},
             {"check-send", do_check_send},
             {"send", do_send},
             {"send-none", do_send_none},
             {"receive", do_receive},
             {"resolve", do_resolve},
             {"next", do_next},
             {"subscribe", do_subscribe},
             {"ready", do_ready},
             {"block", do_block},
             {"poll", do_poll},
             {"drop", do_drop},
             {"many", do_many},
             {"resolve-many", do_resolve_many}};

/* Without a line for what is of no interest: "-bind 0 ...". */
static int do_one(Text deed) {
  script = deed;
  Text name = word();
  int quiet = name.size && *name.data == '-';
  if (quiet) name.data++, name.size--;
  for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++) {
    if (!is(name, deeds[i].name)) continue;
    puts(deeds[i].name);
    puts(" ");
    deeds[i].does(number());
    if (quiet) line_size = 0;
    if (!quiet) end_line();
    return 1;
  }
  return 0;
}

/* ok: 0, error: 1 */
__attribute__((export_name("wasi:cli/run@0.2.6#run"))) int32_t run(void) {
  Texts args;
  get_arguments(&args);
  out = get_stdout();
  net = instance_network();
  for (size_t i = 1; i < args.count; i++)
    if (!do_one(args.data[i])) return 1;
  return 0;
}
