/* Sockets as net.c has them: their values as the canonical ABI lays them out, and their imports. */
#ifndef TESTS_GUESTS_WASI2_SOCKETS_H
#define TESTS_GUESTS_WASI2_SOCKETS_H

#include "wasi2_guest.h"

#define NET(name) IMPORT("wasi:sockets/network", name)
#define TCP(name) IMPORT("wasi:sockets/tcp", "[method]tcp-socket." name)
#define UDP(name) IMPORT("wasi:sockets/udp", name)

typedef union Address {
  uint8_t is_v6;
  struct {
    uint8_t is_v6, pad[3];
    uint16_t port;
    uint8_t bytes[4];
  } v4;
  struct {
    uint8_t is_v6, pad[3];
    uint16_t port;
    uint32_t flow;
    uint16_t words[8];
    uint32_t scope;
  } v6;
} Address;
typedef struct CodeResult {
  uint8_t failed, code; /* or a small value */
} CodeResult;
typedef struct WordResult {
  uint8_t failed;
  union {
    uint32_t value;
    uint8_t code;
  };
} WordResult;
typedef struct LongResult {
  uint8_t failed;
  union {
    uint64_t value;
    uint8_t code;
  };
} LongResult;
typedef struct HandlesResult {
  uint8_t failed;
  union {
    Handle handles[3];
    uint8_t code;
  };
} HandlesResult;
typedef struct AddressResult {
  uint8_t failed;
  union {
    Address address;
    uint8_t code;
  };
} AddressResult;
typedef struct NextResult {
  uint8_t failed, pad;
  union {
    uint8_t code;
    struct {
      uint8_t is_some, pad2, is_v6, pad3;
      union {
        uint8_t bytes[4];
        uint16_t words[8];
      };
    };
  };
} NextResult;
typedef struct Incoming {
  Text data;
  Address from;
} Incoming;
typedef struct IncomingResult {
  uint8_t failed;
  union {
    struct {
      const Incoming *data;
      size_t count;
    };
    uint8_t code;
  };
} IncomingResult;
typedef struct Outgoing {
  Text data;
  uint8_t has_address, pad[3];
  Address to;
} Outgoing;

#define ADDRESS                                                                                    \
  int32_t, int32_t, int32_t, int32_t, int32_t, int32_t, int32_t, int32_t, int32_t, int32_t,        \
      int32_t, int32_t

IO("[method]input-stream.read") void input_read(Handle, uint64_t, ReadResult *);
IO("[method]input-stream.blocking-read") void input_wait(Handle, uint64_t, ReadResult *);
IO("[method]output-stream.write") void output_write(Handle, const char *, size_t, WriteResult *);
IO("[method]output-stream.flush") void output_flush(Handle, WriteResult *);
IO("[method]output-stream.splice") void output_splice(Handle, Handle, uint64_t, CountResult *);

NET("network-error-code") void network_error_code(Handle, uint8_t code[2]);
IMPORT("wasi:sockets/instance-network", "instance-network") Handle instance_network(void);
IMPORT("wasi:sockets/ip-name-lookup", "resolve-addresses")
void resolve_addresses(Handle, const char *, size_t, HandlesResult *);
IMPORT("wasi:sockets/ip-name-lookup", "[method]resolve-address-stream.resolve-next-address")
void next_address(Handle, NextResult *);
IMPORT("wasi:sockets/ip-name-lookup", "[method]resolve-address-stream.subscribe")
Handle names_subscribe(Handle);
IMPORT("wasi:sockets/ip-name-lookup", "[resource-drop]resolve-address-stream")
void drop_names(Handle);

IMPORT("wasi:sockets/tcp-create-socket", "create-tcp-socket")
void create_tcp(int32_t, HandlesResult *);
TCP("start-bind") void tcp_start_bind(Handle, Handle, ADDRESS, CodeResult *);
TCP("finish-bind") void tcp_finish_bind(Handle, CodeResult *);
TCP("start-connect") void start_connect(Handle, Handle, ADDRESS, CodeResult *);
TCP("finish-connect") void finish_connect(Handle, HandlesResult *);
TCP("start-listen") void start_listen(Handle, CodeResult *);
TCP("finish-listen") void finish_listen(Handle, CodeResult *);
TCP("accept") void tcp_accept(Handle, HandlesResult *);
TCP("local-address") void tcp_local(Handle, AddressResult *);
TCP("remote-address") void tcp_remote(Handle, AddressResult *);
TCP("is-listening") int32_t is_listening(Handle);
TCP("address-family") int32_t tcp_family(Handle);
TCP("set-listen-backlog-size") void set_backlog(Handle, uint64_t, CodeResult *);
TCP("keep-alive-enabled") void keep_alive(Handle, CodeResult *);
TCP("set-keep-alive-enabled") void set_keep_alive(Handle, int32_t, CodeResult *);
TCP("keep-alive-idle-time") void idle_time(Handle, LongResult *);
TCP("set-keep-alive-idle-time") void set_idle_time(Handle, uint64_t, CodeResult *);
TCP("keep-alive-interval") void interval(Handle, LongResult *);
TCP("set-keep-alive-interval") void set_interval(Handle, uint64_t, CodeResult *);
TCP("keep-alive-count") void probes(Handle, WordResult *);
TCP("set-keep-alive-count") void set_probes(Handle, int32_t, CodeResult *);
TCP("hop-limit") void tcp_hops(Handle, CodeResult *);
TCP("set-hop-limit") void tcp_set_hops(Handle, int32_t, CodeResult *);
TCP("receive-buffer-size") void tcp_receive_buffer(Handle, LongResult *);
TCP("set-receive-buffer-size") void tcp_set_receive_buffer(Handle, uint64_t, CodeResult *);
TCP("send-buffer-size") void tcp_send_buffer(Handle, LongResult *);
TCP("set-send-buffer-size") void tcp_set_send_buffer(Handle, uint64_t, CodeResult *);
TCP("subscribe") Handle tcp_subscribe(Handle);
TCP("shutdown") void tcp_shutdown(Handle, int32_t, CodeResult *);
IMPORT("wasi:sockets/tcp", "[resource-drop]tcp-socket") void drop_tcp(Handle);

IMPORT("wasi:sockets/udp-create-socket", "create-udp-socket")
void create_udp(int32_t, HandlesResult *);
UDP("[method]udp-socket.start-bind") void udp_start_bind(Handle, Handle, ADDRESS, CodeResult *);
UDP("[method]udp-socket.finish-bind") void udp_finish_bind(Handle, CodeResult *);
UDP("[method]udp-socket.stream") void udp_stream(Handle, int32_t, ADDRESS, HandlesResult *);
UDP("[method]udp-socket.local-address") void udp_local(Handle, AddressResult *);
UDP("[method]udp-socket.remote-address") void udp_remote(Handle, AddressResult *);
UDP("[method]udp-socket.address-family") int32_t udp_family(Handle);
UDP("[method]udp-socket.unicast-hop-limit") void udp_hops(Handle, CodeResult *);
UDP("[method]udp-socket.set-unicast-hop-limit") void udp_set_hops(Handle, int32_t, CodeResult *);
UDP("[method]udp-socket.receive-buffer-size") void udp_receive_buffer(Handle, LongResult *);
UDP("[method]udp-socket.set-receive-buffer-size")
void udp_set_receive_buffer(Handle, uint64_t, CodeResult *);
UDP("[method]udp-socket.send-buffer-size") void udp_send_buffer(Handle, LongResult *);
UDP("[method]udp-socket.set-send-buffer-size")
void udp_set_send_buffer(Handle, uint64_t, CodeResult *);
UDP("[method]udp-socket.subscribe") Handle udp_subscribe(Handle);
UDP("[resource-drop]udp-socket") void drop_udp(Handle);
UDP("[method]incoming-datagram-stream.receive") void receive(Handle, uint64_t, IncomingResult *);
UDP("[method]incoming-datagram-stream.subscribe") Handle incoming_subscribe(Handle);
UDP("[resource-drop]incoming-datagram-stream") void drop_incoming(Handle);
UDP("[method]outgoing-datagram-stream.check-send") void check_send(Handle, LongResult *);
UDP("[method]outgoing-datagram-stream.send")
void send(Handle, const Outgoing *, size_t, LongResult *);
UDP("[method]outgoing-datagram-stream.subscribe") Handle outgoing_subscribe(Handle);
UDP("[resource-drop]outgoing-datagram-stream") void drop_outgoing(Handle);

#endif
