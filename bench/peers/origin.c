/* The server behind every subject: fixed answers at the least cost, so that the proxy is what is measured.
 *
 *   GET /             200, 1,024 bytes, a head of 3 fields
 *   GET /ten          200, 1,024 bytes, a head of 10 fields and about 500 bytes
 *   GET /echo         200, the request's head as it arrived, so that a verifier sees what a proxy did to it
 *   GET /stream/<n>   200, n bytes of the pattern
 *   PUT /sink         200 "ok <n>" when the n bytes received are the pattern, else 400
 *
 * The pattern has a period of 65,521 bytes, a prime, so that a lost or doubled buffer of any usual size shows.
 * Requests answered are counted in a mapped file of eight bytes, which the harness reads without a request.
 *
 *   origin <port> <counter file>
 */
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
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PERIOD = 65521, HEAD_MAX = 65536, BODY = 1024 };

struct peer {
  int fd;
  int wants_write;
  size_t have;           /* bytes in head[] */
  uint64_t send_left;    /* of a streamed answer */
  uint64_t send_at;
  uint64_t receive_left; /* of an upload */
  uint64_t receive_at;
  int receive_wrong;
  char *out;             /* what a full socket did not take of a short answer */
  size_t out_at, out_end;
  char head[HEAD_MAX];
};

static unsigned char pattern[PERIOD * 2];
static char answer_small[4096], answer_ten[4096];
static size_t small_length, ten_length;
static volatile uint64_t *answered;
static int poller;

static void die(const char *what) { perror(what); exit(1); }

static void make_answers(void) {
  char body[BODY + 1];
  for (int i = 0; i < BODY; i++) body[i] = 'a' + i % 26;
  body[BODY] = 0;
  small_length = (size_t)snprintf(answer_small, sizeof answer_small,
      "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: %d\r\nserver: origin\r\n\r\n%s", BODY, body);
  ten_length = (size_t)snprintf(answer_ten, sizeof answer_ten,
      "HTTP/1.1 200 OK\r\n"
      "content-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\nserver: origin\r\n"
      "cache-control: private, no-store, max-age=0, must-revalidate\r\n"
      "etag: \"5d8c72a5edda8d6a5d8c72a5edda8d6a\"\r\n"
      "x-trace-sampled: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n"
      "x-frame-options: SAMEORIGIN\r\nx-content-type-options: nosniff\r\n"
      "strict-transport-security: max-age=31536000; includeSubDomains\r\n"
      "set-cookie: session=38afes7a8b2c4d6e8f0a1b3c5d7e9f0a; Path=/; HttpOnly; Secure; SameSite=Lax\r\n\r\n%s",
      BODY, body);
}

static void drop(struct peer *p) {
  close(p->fd);
  free(p->out);
  free(p);
}

static void want(struct peer *p, int write) {
  if (p->wants_write == write) return;
  p->wants_write = write;
  struct epoll_event event = {.events = write ? EPOLLOUT : EPOLLIN, .data.ptr = p};
  epoll_ctl(poller, EPOLL_CTL_MOD, p->fd, &event);
}

/* 1: all gone, 0: the socket is full, -1: the peer is gone. */
static int send_short(struct peer *p, const char *bytes, size_t length) {
  ssize_t n = send(p->fd, bytes, length, MSG_NOSIGNAL);
  if (n < 0 && errno != EAGAIN) return -1;
  if (n == (ssize_t)length) return 1;
  if (n < 0) n = 0;
  p->out = malloc(length - (size_t)n);
  memcpy(p->out, bytes + n, length - (size_t)n);
  p->out_at = 0;
  p->out_end = length - (size_t)n;
  want(p, 1);
  return 0;
}

static int send_more(struct peer *p) {
  while (p->out) {
    ssize_t n = send(p->fd, p->out + p->out_at, p->out_end - p->out_at, MSG_NOSIGNAL);
    if (n < 0) return errno == EAGAIN ? 0 : -1;
    p->out_at += (size_t)n;
    if (p->out_at < p->out_end) continue;
    free(p->out);
    p->out = NULL;
  }
  while (p->send_left > 0) {
    size_t length = p->send_left < PERIOD ? (size_t)p->send_left : PERIOD;
    ssize_t n = send(p->fd, pattern + p->send_at % PERIOD, length, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno != EAGAIN) return -1;
      want(p, 1);
      return 0;
    }
    p->send_left -= (uint64_t)n;
    p->send_at += (uint64_t)n;
  }
  want(p, 0);
  return 1;
}

static int finish_upload(struct peer *p) {
  char text[32], answer[128];
  int length = snprintf(text, sizeof text, "ok %llu", (unsigned long long)p->receive_at);
  int total = snprintf(answer, sizeof answer, "HTTP/1.1 %s\r\ncontent-length: %d\r\n\r\n%s",
      p->receive_wrong ? "400 Bad Request" : "200 OK", length, text);
  (*answered)++;
  return send_short(p, answer, (size_t)total);
}

static void check_upload(struct peer *p, const char *bytes, size_t length) {
  p->receive_left -= length;
  while (length > 0) {
    size_t chunk = length < PERIOD ? length : PERIOD;
    if (memcmp(bytes, pattern + p->receive_at % PERIOD, chunk) != 0) p->receive_wrong = 1;
    p->receive_at += chunk;
    bytes += chunk;
    length -= chunk;
  }
}

static int answer(struct peer *p, size_t head) {
  char scratch[HEAD_MAX + 256];
  if (memcmp(p->head, "GET / ", 6) == 0) return (*answered)++, send_short(p, answer_small, small_length);
  if (memcmp(p->head, "GET /ten ", 9) == 0) return (*answered)++, send_short(p, answer_ten, ten_length);
  if (memcmp(p->head, "GET /echo ", 10) == 0) {
    int at = snprintf(scratch, sizeof scratch, "HTTP/1.1 200 OK\r\ncontent-length: %zu\r\n\r\n", head);
    memcpy(scratch + at, p->head, head);
    (*answered)++;
    return send_short(p, scratch, (size_t)at + head);
  }
  if (memcmp(p->head, "GET /stream/", 12) == 0) {
    p->send_left = strtoull(p->head + 12, NULL, 10);
    p->send_at = 0;
    int at = snprintf(scratch, sizeof scratch, "HTTP/1.1 200 OK\r\ncontent-length: %llu\r\n\r\n",
        (unsigned long long)p->send_left);
    (*answered)++;
    int done = send_short(p, scratch, (size_t)at);
    return done == 1 ? send_more(p) : done;
  }
  if (memcmp(p->head, "PUT /sink ", 10) == 0) {
    char *field = strcasestr(p->head, "\ncontent-length:");
    if (field) {
      p->receive_left = strtoull(field + 16, NULL, 10);
      p->receive_at = 0;
      p->receive_wrong = 0;
      return 1;
    }
  }
  static const char refused[] = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
  return send_short(p, refused, sizeof refused - 1);
}

/* Takes whole requests off the front of head[]. Negative: give the connection up. */
static int take(struct peer *p) {
  while (p->have > 0 && !p->out && p->send_left == 0) {
    p->head[p->have] = 0;
    char *end = memmem(p->head, p->have, "\r\n\r\n", 4);
    if (!end) return p->have < HEAD_MAX - 1 ? 0 : -1;
    size_t head = (size_t)(end - p->head) + 4;
    char after = p->head[head];
    p->head[head] = 0;
    if (answer(p, head) < 0) return -1;
    p->head[head] = after;
    size_t rest = p->have - head;
    if (p->receive_left > 0) {
      size_t body = rest < p->receive_left ? rest : (size_t)p->receive_left;
      check_upload(p, p->head + head, body);
      head += body;
      rest -= body;
      if (p->receive_left == 0 && finish_upload(p) < 0) return -1;
    }
    memmove(p->head, p->head + head, rest);
    p->have = rest;
    if (p->receive_left > 0) return 0;
  }
  return 0;
}

static int receive(struct peer *p) {
  static char buffer[262144];
  if (p->receive_left > 0) {
    size_t most = p->receive_left < sizeof buffer ? (size_t)p->receive_left : sizeof buffer;
    ssize_t n = recv(p->fd, buffer, most, 0);
    if (n <= 0) return n < 0 && errno == EAGAIN ? 0 : -1;
    check_upload(p, buffer, (size_t)n);
    return p->receive_left == 0 && finish_upload(p) < 0 ? -1 : 0;
  }
  ssize_t n = recv(p->fd, p->head + p->have, HEAD_MAX - 1 - p->have, 0);
  if (n <= 0) return n < 0 && errno == EAGAIN ? 0 : -1;
  p->have += (size_t)n;
  return take(p);
}

int main(int argc, char **argv) {
  if (argc != 3) return fprintf(stderr, "usage: origin <port> <counter file>\n"), 64;
  signal(SIGPIPE, SIG_IGN);
  int counter = open(argv[2], O_RDWR | O_CREAT, 0600);
  if (counter < 0 || ftruncate(counter, 8) < 0) die(argv[2]);
  answered = mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, counter, 0);
  if (answered == MAP_FAILED) die("mmap");
  for (int i = 0; i < PERIOD * 2; i++) pattern[i] = (unsigned char)((i % PERIOD) * 31 + ((i % PERIOD) >> 8));
  make_answers();

  int one = 1;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])),
      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(listener, (struct sockaddr *)&at, sizeof at) < 0 || listen(listener, 4096) < 0) die("listen");
  poller = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);

  for (;;) {
    struct epoll_event events[256];
    int count = epoll_wait(poller, events, 256, -1);
    for (int i = 0; i < count; i++) {
      struct peer *p = events[i].data.ptr;
      if (!p) {
        int fd;
        while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
          setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
          struct peer *fresh = calloc(1, sizeof *fresh);
          fresh->fd = fd;
          struct epoll_event first = {.events = EPOLLIN, .data.ptr = fresh};
          epoll_ctl(poller, EPOLL_CTL_ADD, fd, &first);
        }
        continue;
      }
      int state = 0;
      if (events[i].events & EPOLLOUT) {
        state = send_more(p);
        if (state == 1) state = take(p);
      } else {
        state = receive(p);
      }
      if (state < 0) drop(p);
    }
  }
}
