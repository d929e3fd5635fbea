// A gRPC client of bidirectional streams over HTTP/2 by prior knowledge, for origin-h2 in its mode "stream".
//   grpc-bidi <port> <connections> <streams> <s>   on each stream a message of 128 octets, and when it has come back the next; prints
//                                                  how many came back. Ends with 1 where an octet, a stream or a connection is lost.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { message = 128, streamsMax = 100, untold = 16384 };
typedef struct { long window, took; unsigned got; int waits; unsigned char octet; } Stream;
typedef struct {
  int fd, writing;
  unsigned char in[131072], out[262144];
  size_t have, outLen;
  long window, took;
  Stream streams[streamsMax];
} Conn;

static int epfd, count;
static uint64_t back;

static void fail(const char *what) { fprintf(stderr, "grpc-bidi: %s %s\n", what, strerror(errno)); exit(1); }
static uint32_t be32(const unsigned char *p) { return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3]; }
static uint32_t idOf(int at) { return 2 * at + 1; }
static void frame(Conn *c, size_t n, int type, int flags, uint32_t id, const void *payload) {
  unsigned char h[9] = {n >> 16, n >> 8, n, type, flags, id >> 24, id >> 16, id >> 8, id};
  if (c->outLen + 9 + n > sizeof c->out) fail("nothing is taken");
  memcpy(c->out + c->outLen, h, 9);
  if (n) memcpy(c->out + c->outLen + 9, payload, n);
  c->outLen += 9 + n;
}
static void allow(Conn *c, uint32_t id, long octets) {
  unsigned char more[4] = {octets >> 24, octets >> 16, octets >> 8, octets};
  frame(c, 4, 8, 0, id, more);
}
static void say(Conn *c, int at) {
  Stream *s = &c->streams[at];
  s->waits = s->window < message || c->window < message;
  if (s->waits) return;
  unsigned char payload[message] = {0, 0, 0, 0, message - 5};
  memset(payload + 5, ++s->octet, message - 5);
  s->window -= message;
  c->window -= message;
  frame(c, message, 0, 0, idOf(at), payload);
}
static void flush(Conn *c) {
  ssize_t n = c->outLen == 0 ? 0 : send(c->fd, c->out, c->outLen, MSG_NOSIGNAL);
  if (n < 0 && errno != EAGAIN) fail("send");
  if (n > 0) memmove(c->out, c->out + n, c->outLen -= n);
  int writing = c->outLen > 0;
  if (writing == c->writing) return;
  struct epoll_event e = {writing ? EPOLLIN | EPOLLOUT : EPOLLIN, {.ptr = c}};
  epoll_ctl(epfd, EPOLL_CTL_MOD, c->fd, &e);
  c->writing = writing;
}
// A message comes in as many frames as the proxies like; its octets are those that were said.
static void onData(Conn *c, int at, const unsigned char *payload, size_t n) {
  Stream *s = &c->streams[at];
  for (size_t i = 0; i < n; i++) {
    unsigned char expected = s->got >= 5 ? s->octet : s->got == 4 ? message - 5 : 0;
    if (payload[i] != expected) fail("another octet than was sent");
    if (++s->got < message) continue;
    s->got = 0;
    back++;
    say(c, at);
  }
  if ((s->took += n) > untold) { allow(c, idOf(at), s->took); s->took = 0; }
  if ((c->took += n) > untold) { allow(c, 0, c->took); c->took = 0; }
}
static void onFrame(Conn *c, int type, int flags, uint32_t id, const unsigned char *payload, size_t n) {
  int at = (int)(id - 1) / 2;
  if (id > 0 && at >= count) fail("a stream that nobody opened");
  if (type == 0) onData(c, at, payload, n);
  if ((type == 0 || type == 1) && (flags & 1)) fail("a stream ended");
  if (type == 3 || type == 7) fail("a stream or connection was given up");
  if (type == 4 && !(flags & 1)) {
    for (size_t i = 0; i + 6 <= n; i += 6)
      if (payload[i] == 0 && payload[i + 1] == 4)
        for (int each = 0; each < count; each++) c->streams[each].window += (long)be32(payload + i + 2) - 65535;
    frame(c, 0, 4, 1, 0, NULL);
  }
  if (type == 6 && !(flags & 1)) frame(c, 8, 6, 1, 0, payload);
  if (type == 8 && id > 0) c->streams[at].window += be32(payload);
  if (type == 8 && id == 0) c->window += be32(payload);
  if (type == 8 || type == 4)
    for (int each = 0; each < count; each++) if (c->streams[each].waits) say(c, each);
}
static void onRead(Conn *c) {
  ssize_t n = recv(c->fd, c->in + c->have, sizeof c->in - c->have, 0);
  if (n == 0 || (n < 0 && errno != EAGAIN)) fail("connection lost");
  if (n < 0) return;
  c->have += n;
  size_t at = 0;
  while (c->have - at >= 9) {
    size_t length = c->in[at] << 16 | c->in[at + 1] << 8 | c->in[at + 2];
    if (length > 65536) fail("a frame too long");
    if (c->have - at < 9 + length) break;
    onFrame(c, c->in[at + 3], c->in[at + 4], be32(c->in + at + 5) & 0x7fffffff, c->in + at + 9, length);
    at += 9 + length;
  }
  memmove(c->in, c->in + at, c->have -= at);
}
static void start(int port) {
  // POST http / application/grpc, te: trailers.
  static const unsigned char head[] = "\x83\x86\x84" "\x01\x0c" "origin.bench" "\x0f\x10\x10" "application/grpc" "\x00\x02te\x08trailers";
  Conn *c = calloc(1, sizeof *c);
  int one = 1;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  c->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(c->fd, (void *)&to, sizeof to)) fail("connect");
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  fcntl(c->fd, F_SETFL, O_NONBLOCK);
  c->window = 65535;
  c->outLen = 24;
  memcpy(c->out, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
  frame(c, 0, 4, 0, 0, NULL);
  for (int at = 0; at < count; at++) {
    c->streams[at].window = 65535;
    frame(c, sizeof head - 1, 1, 4, idOf(at), head);
    say(c, at);
  }
  struct epoll_event e = {EPOLLIN, {.ptr = c}};
  epoll_ctl(epfd, EPOLL_CTL_ADD, c->fd, &e);
  flush(c);
}
static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}
int main(int argc, char **argv) {
  if (argc < 5 || (count = atoi(argv[3])) < 1 || count > streamsMax) return 64;
  signal(SIGPIPE, SIG_IGN);
  epfd = epoll_create1(0);
  double until = now() + atof(argv[4]);
  for (int i = 0; i < atoi(argv[2]); i++) start(atoi(argv[1]));
  struct epoll_event ready[256];
  while (now() < until) {
    int n = epoll_wait(epfd, ready, 256, 100);
    for (int i = 0; i < n; i++) {
      Conn *c = ready[i].data.ptr;
      if (ready[i].events & ~EPOLLOUT) onRead(c);
      flush(c);
    }
  }
  printf("%llu\n", (unsigned long long)back);
  return 0;
}
