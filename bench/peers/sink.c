/* Where the peers' access logs go: a unix datagram socket, read in batches and forgotten.
 *
 *   sink <path>
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BATCH = 64, LINE = 2048 };

int main(int argc, char **argv) {
  if (argc != 2) return fprintf(stderr, "usage: sink <path>\n"), 64;
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  strncpy(at.sun_path, argv[1], sizeof at.sun_path - 1);
  unlink(argv[1]);
  int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0) return perror(argv[1]), 1;
  chmod(argv[1], 0666); /* peers may have given up their rights */
  static char lines[BATCH][LINE];
  struct iovec parts[BATCH];
  struct mmsghdr messages[BATCH];
  for (;;) {
    memset(messages, 0, sizeof messages);
    for (int i = 0; i < BATCH; i++) {
      parts[i] = (struct iovec){lines[i], LINE};
      messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
    }
    if (recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL) < 0) return perror("recvmmsg"), 1;
  }
}
