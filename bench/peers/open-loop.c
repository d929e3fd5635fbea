// An open crowd: requests are due at fixed times, whatever became of those before. One that finds no connection free waits, and the
// wait counts: latency is from when it was due to the last octet of its answer, so that nothing is omitted.
//   open-loop <port> <requests per second> <seconds> <connections> <request>
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

typedef struct { int fd; size_t have; long left; uint64_t due; char in[16384]; } Conn;
static const char *request;
static ssize_t length;

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}
static int byNumber(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return x < y ? -1 : x > y;
}
static void begin(Conn *c, uint64_t due) {
  c->due = due;
  c->have = 0;
  c->left = -1;
  if (send(c->fd, request, length, MSG_NOSIGNAL) != length) { perror("send"); exit(1); }
}
// 1: the answer is whole.
static int take(Conn *c) {
  ssize_t n = recv(c->fd, c->in + c->have, sizeof c->in - 1 - c->have, 0);
  if (n < 0 && errno == EAGAIN) return 0;
  if (n <= 0) { fprintf(stderr, "lost a connection\n"); exit(1); }
  c->have += n;
  c->in[c->have] = 0;
  if (c->left < 0) {
    char *end = strstr(c->in, "\r\n\r\n"), *counted = strcasestr(c->in, "\r\ncontent-length:");
    if (!end) return 0;
    if (strncmp(c->in, "HTTP/1.1 200", 12) || !counted) { fprintf(stderr, "answered %.40s\n", c->in); exit(1); }
    c->left = (end + 4 - c->in) + atol(counted + 17);
  }
  return (long)c->have >= c->left;
}
int main(int argc, char **argv) {
  if (argc < 6) return 64;
  request = argv[5];
  length = strlen(request);
  int port = atoi(argv[1]), count = atoi(argv[4]), one = 1;
  double rate = atof(argv[2]);
  uint64_t total = rate * atof(argv[3]), sent = 0, done = 0, counted = 0;
  Conn *conns = calloc(count, sizeof *conns), **spare = calloc(count, sizeof *spare);
  float *took = malloc(total * sizeof *took);
  int ep = epoll_create1(0), timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), spares = 0;
  for (int i = 0; i < count; i++) {
    Conn *c = spare[spares++] = &conns[i];
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(c->fd, (void *)&at, sizeof at)) { perror("connect"); return 1; }
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event e = {EPOLLIN, {.ptr = c}};
    epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
  }
  struct epoll_event e = {EPOLLIN, {.ptr = NULL}}, ready[256];
  epoll_ctl(ep, EPOLL_CTL_ADD, timer, &e);
  uint64_t start = now() + 50000000, step = 1e9 / rate, warm = total / 10, first = start, from = 0;
  struct itimerspec at = {.it_interval = {0, step}, .it_value = {start / 1000000000, start % 1000000000}};
  timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
  while (done < total) {
    int n = epoll_wait(ep, ready, 256, 10000);
    if (n == 0) { fprintf(stderr, "nothing for 10 s\n"); return 1; }
    for (int i = 0; i < n; i++) {
      Conn *c = ready[i].data.ptr;
      uint64_t ticks;
      if (c == NULL) { if (read(timer, &ticks, 8) < 0) continue; }
      else if (take(c)) {
        if (done++ == warm) from = now();
        if (done > warm) took[counted++] = (now() - c->due) / 1e6;
        spare[spares++] = c;
      }
    }
    for (uint64_t t = now(); spares > 0 && sent < total && first + sent * step <= t; sent++) begin(spare[--spares], first + sent * step);
  }
  qsort(took, counted, sizeof *took, byNumber);
  printf("{\"requests\":%llu,\"seconds\":%.3f,\"p50Ms\":%.3f,\"p99Ms\":%.3f,\"p999Ms\":%.3f,\"maxMs\":%.3f}\n", (unsigned long long)total, (now() - from) / 1e9,
         took[counted / 2], took[(uint64_t)(counted * 0.99)], took[(uint64_t)(counted * 0.999)], took[counted - 1]);
  return 0;
}
