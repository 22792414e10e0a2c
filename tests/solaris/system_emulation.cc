// Solaris' credential and processor-set calls over this system's, so that the tests of the platform
// functions run over platform_solaris.cc.
#include <sys/pset.h>
#include <sys/socket.h>
#include <ucred.h>

#include <cerrno>

struct ucred_s {
  struct ucred peer;
};

extern "C" int getpeerucred(int fd, ucred_t** result) {
  struct ucred peer {};
  socklen_t length = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return -1;
  *result = new ucred_s{peer};
  return 0;
}

extern "C" void ucred_free(ucred_t* ucred) { delete ucred; }
extern "C" uid_t ucred_geteuid(const ucred_t* ucred) { return ucred->peer.uid; }
extern "C" gid_t ucred_getegid(const ucred_t* ucred) { return ucred->peer.gid; }
extern "C" pid_t ucred_getpid(const ucred_t* ucred) { return ucred->peer.pid; }

extern "C" int pset_info(psetid_t, int* type, uint_t* count, processorid_t*) {
  *type = PS_PRIVATE;
  *count = 3;
  return 0;
}
