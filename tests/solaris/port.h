// Declarations of Solaris' <port.h> that pgring uses, from port_create(3C), port_associate(3C) and
// port_get(3C), so that poller_evport.cc compiles here. Implemented by port_emulation.cc.
#pragma once

#include <stdint.h>
#include <time.h>

typedef unsigned int uint_t;

#define PORT_SOURCE_FD 4

typedef struct port_event {
  int portev_events;             // detected events, as of poll(2) for PORT_SOURCE_FD
  unsigned short portev_source;  // where the event comes from
  unsigned short portev_pad;
  uintptr_t portev_object;  // the descriptor
  void* portev_user;        // as given to port_associate()
} port_event_t;

extern "C" {
int port_create(void);
int port_associate(int port, int source, uintptr_t object, int events, void* user);
int port_dissociate(int port, int source, uintptr_t object);
int port_getn(int port, port_event_t list[], uint_t max, uint_t* nget,
              const struct timespec* timeout);
}
