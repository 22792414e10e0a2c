// Declarations of Solaris' <ucred.h> that pgring uses, from getpeerucred(3C) and ucred_get(3C).
#pragma once

#include <sys/types.h>

typedef struct ucred_s ucred_t;

extern "C" {
int getpeerucred(int fd, ucred_t** ucred);
void ucred_free(ucred_t* ucred);
uid_t ucred_geteuid(const ucred_t* ucred);
gid_t ucred_getegid(const ucred_t* ucred);
pid_t ucred_getpid(const ucred_t* ucred);
}
