// Both ends of an opaque TCP connection.
//   tcp-peer serve <port>                       first octet D: sends without end; U: takes; C: sends it back and closes
//   tcp-peer down|up <port> <connections> <s>   prints the octets that came through
//   tcp-peer rate <port> <connections> <s>      connects, says C, waits for it, again; prints how often
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

static char block[65536];
static int one = 1;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}
static struct sockaddr_in local(int port) {
  return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}
static int dial(int port, char first) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in at = local(port);
  if (connect(fd, (void *)&at, sizeof at)) { perror("connect"); exit(1); }
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (send(fd, &first, 1, MSG_NOSIGNAL) != 1) { perror("send"); exit(1); }
  fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}
static void watch(int ep, int fd, int events, int op) {
  struct epoll_event e = {events, {.fd = fd}};
  epoll_ctl(ep, op, fd, &e);
}
static int serve(int port) {
  static char kind[65536];
  int server = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), ep = epoll_create1(0);
  setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in at = local(port);
  if (bind(server, (void *)&at, sizeof at) || listen(server, 1024)) return 1;
  watch(ep, server, EPOLLIN, EPOLL_CTL_ADD);
  struct epoll_event ready[256];
  for (;;) {
    int n = epoll_wait(ep, ready, 256, -1);
    for (int i = 0; i < n; i++) {
      int fd = ready[i].data.fd;
      if (fd == server) {
        int client = accept4(server, NULL, NULL, SOCK_NONBLOCK);
        if (client < 0) continue;
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        kind[client] = 0;
        watch(ep, client, EPOLLIN, EPOLL_CTL_ADD);
        continue;
      }
      ssize_t got = 1;
      if (ready[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        got = recv(fd, block, sizeof block, 0);
        if (got > 0 && kind[fd] == 0) {
          kind[fd] = block[0];
          if (kind[fd] == 'D') watch(ep, fd, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
          if (kind[fd] == 'C') { send(fd, block, 1, MSG_NOSIGNAL); got = 0; }
        }
      }
      if (got > 0 && (ready[i].events & EPOLLOUT)) got = send(fd, block, sizeof block, MSG_NOSIGNAL);
      if (got == 0 || (got < 0 && errno != EAGAIN)) close(fd);
    }
  }
}
int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  if (argc == 3 && strcmp(argv[1], "serve") == 0) return serve(atoi(argv[2]));
  if (argc < 5) return 64;
  char mode = argv[1][0];
  int port = atoi(argv[2]), count = atoi(argv[3]), ep = epoll_create1(0);
  double until = now() + atof(argv[4]);
  char first = mode == 'd' ? 'D' : mode == 'u' ? 'U' : 'C';
  for (int i = 0; i < count; i++) watch(ep, dial(port, first), mode == 'u' ? EPOLLOUT : EPOLLIN, EPOLL_CTL_ADD);
  uint64_t total = 0;
  struct epoll_event ready[256];
  while (now() < until) {
    int n = epoll_wait(ep, ready, 256, 100);
    for (int i = 0; i < n; i++) {
      int fd = ready[i].data.fd;
      ssize_t got = mode == 'u' ? send(fd, block, sizeof block, MSG_NOSIGNAL) : recv(fd, block, sizeof block, 0);
      if (mode == 'r') {
        if (got != 1 && !(got < 0 && errno == EAGAIN)) { fprintf(stderr, "lost: %zd %s\n", got, strerror(errno)); return 1; }
        if (got < 0) continue;
        total++;
        close(fd);
        watch(ep, dial(port, 'C'), EPOLLIN, EPOLL_CTL_ADD);
      } else if (got > 0) total += got;
      else if (got == 0 || errno != EAGAIN) { fprintf(stderr, "lost: %s\n", strerror(errno)); return 1; }
    }
  }
  printf("%llu\n", (unsigned long long)total);
  return 0;
}
