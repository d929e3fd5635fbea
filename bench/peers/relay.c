/* The floor: what carrying bytes between two sockets costs when nothing is read into them. One thread, epoll, one
 * connection to the upstream for each accepted one, one shared buffer; what a full socket does not take is kept, and
 * the other side is not read until it is gone.
 *
 *   relay <port> <upstream port>
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct side {
  int fd;
  int ended; /* it has sent its FIN */
  struct side *other;
  char *kept; /* bytes the socket did not take yet */
  size_t kept_at, kept_end;
  int gone; /* closed; freed after the batch of events */
};

static int poller;
static char buffer[65536];

static void die(const char *what) { perror(what); exit(1); }

static void watch(struct side *s) {
  uint32_t events = 0;
  if (!s->ended && !s->other->kept) events |= EPOLLIN;
  if (s->kept) events |= EPOLLOUT;
  struct epoll_event event = {.events = events, .data.ptr = s};
  epoll_ctl(poller, EPOLL_CTL_MOD, s->fd, &event);
}

static struct side *doomed[1024];
static int doomed_count;

static void drop(struct side *s) {
  if (s->gone) return;
  struct side *pair[2] = {s, s->other};
  for (int i = 0; i < 2; i++) {
    close(pair[i]->fd);
    pair[i]->gone = 1;
    free(pair[i]->kept);
    pair[i]->kept = NULL;
    doomed[doomed_count++] = pair[i];
  }
}

static void after_end(struct side *s) {
  if (!s->ended || s->other->kept) return;
  shutdown(s->other->fd, SHUT_WR);
  if (s->other->ended && !s->kept) drop(s);
}

static void carry(struct side *from) {
  struct side *to = from->other;
  ssize_t n = recv(from->fd, buffer, sizeof buffer, 0);
  if (n < 0) {
    if (errno != EAGAIN) drop(from);
    return;
  }
  if (n == 0) {
    from->ended = 1;
    watch(from);
    after_end(from);
    return;
  }
  ssize_t sent = send(to->fd, buffer, (size_t)n, MSG_NOSIGNAL);
  if (sent == n) return;
  if (sent < 0) {
    if (errno != EAGAIN) return drop(from);
    sent = 0;
  }
  to->kept = malloc((size_t)(n - sent));
  memcpy(to->kept, buffer + sent, (size_t)(n - sent));
  to->kept_at = 0;
  to->kept_end = (size_t)(n - sent);
  watch(from);
  watch(to);
}

static void flush(struct side *s) {
  ssize_t n = send(s->fd, s->kept + s->kept_at, s->kept_end - s->kept_at, MSG_NOSIGNAL);
  if (n < 0) {
    if (errno != EAGAIN) drop(s);
    return;
  }
  s->kept_at += (size_t)n;
  if (s->kept_at < s->kept_end) return;
  free(s->kept);
  s->kept = NULL;
  watch(s);
  watch(s->other);
  after_end(s->other);
}

static void add(struct side *s) {
  int one = 1;
  setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = s};
  epoll_ctl(poller, EPOLL_CTL_ADD, s->fd, &event);
}

static void welcome(int fd, const struct sockaddr_in *upstream) {
  int up = socket(AF_INET, SOCK_STREAM, 0);
  /* On loopback a connect ends at once, so it may block: one state less. */
  if (up < 0 || connect(up, (const struct sockaddr *)upstream, sizeof *upstream) < 0) {
    close(fd);
    if (up >= 0) close(up);
    return;
  }
  struct side *a = calloc(1, sizeof *a), *b = calloc(1, sizeof *b);
  a->fd = fd;
  b->fd = up;
  a->other = b;
  b->other = a;
  add(a);
  add(b);
}

int main(int argc, char **argv) {
  if (argc != 3) return fprintf(stderr, "usage: relay <port> <upstream port>\n"), 64;
  signal(SIGPIPE, SIG_IGN);
  int one = 1;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])),
      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct sockaddr_in upstream = at;
  upstream.sin_port = htons((uint16_t)atoi(argv[2]));
  if (bind(listener, (struct sockaddr *)&at, sizeof at) < 0 || listen(listener, 4096) < 0) die("listen");
  poller = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);

  for (;;) {
    struct epoll_event events[256];
    int count = epoll_wait(poller, events, 256, -1);
    for (int i = 0; i < count; i++) {
      struct side *s = events[i].data.ptr;
      if (!s) {
        int fd;
        while ((fd = accept(listener, NULL, NULL)) >= 0) welcome(fd, &upstream);
        continue;
      }
      if (s->gone) continue;
      if (events[i].events & EPOLLERR) {
        drop(s);
        continue;
      }
      if (s->kept && events[i].events & EPOLLOUT) flush(s);
      if (!s->gone && events[i].events & (EPOLLIN | EPOLLHUP) && !s->other->kept && !s->ended) carry(s);
    }
    for (int i = 0; i < doomed_count; i++) free(doomed[i]);
    doomed_count = 0;
  }
}
