// An HTTP/2 server by prior knowledge that costs next to nothing: requests are not looked at, answers are made beforehand.
//   origin-h2 <port> unary    a request without a body: 200 and 1,024 octets; one with a body: a gRPC answer of 128 octets
//   origin-h2 <port> push     gRPC answers of 100 such messages, each in a frame of its own
//   origin-h2 <port> stream   headers at once, each DATA frame sent back, trailers at the end
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
#include <unistd.h>

typedef struct { uint32_t stream; int grpc; } Pending;
typedef struct {
  int fd, prefaced, writing;
  unsigned char in[131072];
  size_t have;
  unsigned char *out;
  size_t outLen, outCap, outAt;
  long window;      // of the connection, to send
  long took;        // received and not told
  Pending *pending;
  size_t head, tail, cap;
} Conn;

static int epfd, streams, messages = 1;
static const unsigned char plain[] = {0x88, 0x0f, 0x0d, 4, '1', '0', '2', '4'};
static const unsigned char grpc[] = "\x88\x0f\x10\x10" "application/grpc";
static const unsigned char status[] = "\x00\x0b" "grpc-status" "\x01" "0";

static void put(Conn *c, const void *data, size_t n) {
  if (c->outLen + n > c->outCap) {
    c->outCap = (c->outLen + n) * 2;
    c->out = realloc(c->out, c->outCap);
  }
  memcpy(c->out + c->outLen, data, n);
  c->outLen += n;
}
static void frame(Conn *c, size_t n, int type, int flags, uint32_t stream, const void *payload) {
  unsigned char h[9] = {n >> 16, n >> 8, n, type, flags, stream >> 24, stream >> 16, stream >> 8, stream};
  put(c, h, 9);
  if (n) put(c, payload, n);
}
static void answer(Conn *c, Pending p) {
  static unsigned char body[1024];
  if (!body[0]) memset(body, 'x', sizeof body);
  if (p.grpc) {
    static unsigned char message[128] = {0, 0, 0, 0, 123};
    frame(c, sizeof grpc - 1, 1, 4, p.stream, grpc);
    for (int i = 0; i < messages; i++) frame(c, 128, 0, 0, p.stream, message);
    frame(c, sizeof status - 1, 1, 5, p.stream, status);
  } else {
    frame(c, sizeof plain, 1, 4, p.stream, plain);
    frame(c, 1024, 0, 1, p.stream, body);
  }
}
static void pump(Conn *c) {
  while (c->head < c->tail) {
    Pending p = c->pending[c->head % c->cap];
    long need = p.grpc ? 128 * messages : 1024;
    if (c->window < need) return;
    c->window -= need;
    c->head++;
    answer(c, p);
  }
}
static void want(Conn *c, uint32_t stream, int isGrpc) {
  if (c->tail - c->head == c->cap) {
    size_t cap = c->cap ? c->cap * 2 : 256;
    Pending *grown = malloc(cap * sizeof *grown);
    for (size_t i = c->head; i < c->tail; i++) grown[i % cap] = c->pending[i % c->cap];
    free(c->pending);
    c->pending = grown;
    c->cap = cap;
  }
  c->pending[c->tail++ % c->cap] = (Pending){stream, isGrpc};
  pump(c);
}
static uint32_t be32(const unsigned char *p) { return p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3]; }

static void onFrame(Conn *c, int type, int flags, uint32_t stream, const unsigned char *payload, size_t n) {
  if (type == 4 && !(flags & 1)) frame(c, 0, 4, 1, 0, NULL);
  else if (type == 6 && !(flags & 1)) frame(c, 8, 6, 1, 0, payload);
  else if (type == 8 && stream == 0) { c->window += be32(payload); pump(c); }
  else if (type == 1) {
    if (streams) frame(c, sizeof grpc - 1, 1, 4, stream, grpc);
    if (flags & 1) {
      if (streams) frame(c, sizeof status - 1, 1, 5, stream, status);
      else want(c, stream, 0);
    }
  } else if (type == 0) {
    c->took += n;
    if (streams && n) { frame(c, n, 0, 0, stream, payload); }
    if (n) {
      unsigned char count[4] = {n >> 24, n >> 16, n >> 8, n};
      if (!(flags & 1) && streams) frame(c, 4, 8, 0, stream, count);
    }
    if (c->took > 16384) {
      unsigned char count[4] = {c->took >> 24, c->took >> 16, c->took >> 8, c->took};
      frame(c, 4, 8, 0, 0, count);
      c->took = 0;
    }
    if (flags & 1) {
      if (streams) frame(c, sizeof status - 1, 1, 5, stream, status);
      else want(c, stream, 1);
    }
  }
}
static void drop(Conn *c) { close(c->fd); free(c->out); free(c->pending); free(c); }

static int flush(Conn *c) {
  while (c->outAt < c->outLen) {
    ssize_t n = send(c->fd, c->out + c->outAt, c->outLen - c->outAt, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno != EAGAIN) return -1;
      if (!c->writing) {
        struct epoll_event e = {EPOLLIN | EPOLLOUT, {.ptr = c}};
        epoll_ctl(epfd, EPOLL_CTL_MOD, c->fd, &e);
        c->writing = 1;
      }
      return 0;
    }
    c->outAt += n;
  }
  c->outAt = c->outLen = 0;
  if (c->writing) {
    struct epoll_event e = {EPOLLIN, {.ptr = c}};
    epoll_ctl(epfd, EPOLL_CTL_MOD, c->fd, &e);
    c->writing = 0;
  }
  return 0;
}
static int onRead(Conn *c) {
  ssize_t n = recv(c->fd, c->in + c->have, sizeof c->in - c->have, 0);
  if (n == 0 || (n < 0 && errno != EAGAIN)) return -1;
  if (n < 0) return 0;
  c->have += n;
  size_t at = 0;
  if (!c->prefaced) {
    if (c->have < 24) return 0;
    at = 24;
    c->prefaced = 1;
    // SETTINGS: 1,000 streams, windows of 1 MB for the caller's bodies.
    static const unsigned char settings[] = {0, 3, 0, 0, 3, 0xe8, 0, 4, 0, 0x10, 0, 0};
    frame(c, sizeof settings, 4, 0, 0, settings);
  }
  while (c->have - at >= 9) {
    size_t length = c->in[at] << 16 | c->in[at + 1] << 8 | c->in[at + 2];
    if (length > 65536) return -1;
    if (c->have - at < 9 + length) break;
    onFrame(c, c->in[at + 3], c->in[at + 4], be32(c->in + at + 5) & 0x7fffffff, c->in + at + 9, length);
    at += 9 + length;
  }
  memmove(c->in, c->in + at, c->have - at);
  c->have -= at;
  return flush(c);
}
int main(int argc, char **argv) {
  if (argc < 3) return 64;
  signal(SIGPIPE, SIG_IGN);
  streams = strcmp(argv[2], "stream") == 0;
  if (strcmp(argv[2], "push") == 0) messages = 100;
  int server = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(server, (void *)&at, sizeof at) || listen(server, 1024)) return 1;
  epfd = epoll_create1(0);
  struct epoll_event e = {EPOLLIN, {.ptr = NULL}}, ready[256];
  epoll_ctl(epfd, EPOLL_CTL_ADD, server, &e);
  for (;;) {
    int n = epoll_wait(epfd, ready, 256, -1);
    for (int i = 0; i < n; i++) {
      Conn *c = ready[i].data.ptr;
      if (c == NULL) {
        int fd = accept4(server, NULL, NULL, SOCK_NONBLOCK);
        if (fd < 0) continue;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        c = calloc(1, sizeof *c);
        c->fd = fd;
        c->window = 65535;
        struct epoll_event mine = {EPOLLIN, {.ptr = c}};
        epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &mine);
      } else if (((ready[i].events & EPOLLOUT) && flush(c) < 0) || ((ready[i].events & ~EPOLLOUT) && onRead(c) < 0)) drop(c);
    }
  }
}
