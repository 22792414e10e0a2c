// Declarations of Solaris' <sys/pset.h> that pgring uses, from pset_info(2).
#pragma once

typedef unsigned int uint_t;
typedef int psetid_t;
typedef int processorid_t;

#define PS_MYID (-3)
#define PS_PRIVATE 2

extern "C" int pset_info(psetid_t pset, int* type, uint_t* count, processorid_t* processors);
