// Included before platform_solaris.cc to compile and run the branches for releases before 11.4,
// which have neither accept4() nor Linux' names of the keepalive options, but thresholds in
// milliseconds. An option of this kernel that takes any number of milliseconds stands in for them.
#pragma once

#include <netinet/tcp.h>
#include <sys/socket.h>

#undef SOCK_CLOEXEC
#undef SOCK_NONBLOCK
#undef TCP_KEEPIDLE
#undef TCP_KEEPINTVL
#undef TCP_KEEPCNT

#define TCP_KEEPALIVE_THRESHOLD TCP_USER_TIMEOUT
#define TCP_KEEPALIVE_ABORT_THRESHOLD TCP_USER_TIMEOUT
#define TCP_ABORT_THRESHOLD TCP_USER_TIMEOUT
