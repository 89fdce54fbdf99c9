// Opens a raw socket, as ping does. 0: it may. 1: it may not.
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

int main(void) {
  if (socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) >= 0) return 0;
  perror("socket");
  return 1;
}
