/* The ring of common/task_ring.cc, its sleepers and the death of a worker at any step. The names in
 * capitals are those of the code's comments. Each atomic access of the code is one step here; spin
 * tries every order of the steps of all processes.
 *
 * Memory order. Steps are sequentially consistent. That is what the code asks for where it matters
 * between two locations (news and sleeping, attention and sleeping, requests and word: seq_cst on
 * both sides); elsewhere a release/acquire pair on one location orders the plain fields behind it.
 *
 * What is checked, in every state or at every end:
 *   - a turn of a task is run at most once, and never after it was withdrawn or reported;
 *   - at the end every publication was run, withdrawn or reported as lost with its worker;
 *   - nobody sleeps for ever while there is something for him to do ("invalid end state").
 *
 * Faults that must be found, one at a time (see tests/model/run):
 *   WITHOUT_RECHECK         a worker sleeps without looking once more after it has said so
 *   WITHOUT_ATTENTION_CHECK the same for the master's requests
 *   LATE_NEWS               the master looks who sleeps before it announces what it has published
 *   CLAIM_BY_HEAD           the head is moved first, and the owner's name written afterwards
 *   WITHOUT_RECLAIM         nobody looks for the tasks of a dead worker
 */
#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef TASKS
#define TASKS 2
#endif
#ifndef SLOTS
#define SLOTS 2
#endif
#ifndef PUBLICATIONS
#define PUBLICATIONS 3
#endif
#ifndef DEATHS
#define DEATHS 1
#endif

#define FREE 0
#define READY 1
#define CLAIMED 2
#define SENT 3
#define NOBODY 255

/* The task word {turn, state, worker}; compare-and-swap is one atomic step over all three. */
typedef Word { byte turn; byte state; byte worker };
Word task[TASKS];
typedef Entry { byte turn; byte task };
typedef Ring { byte tail; byte head; Entry slot[SLOTS] };
Ring ring[2];                 /* 0: the lane, 1: its front, for what a dead worker had claimed */
bool sleeping[WORKERS];
bool bell[WORKERS];           /* the doorbell: readable from ring to clear */
bool attention[WORKERS];
byte news;                    /* of the lane: a worker that has nothing to do there looks at nothing else */
bool answered_request;
bool asked;                   /* the master has made its request */
bool dead[WORKERS];
bool buried[WORKERS];

/* The bookkeeping of the proof. */
byte runs[PUBLICATIONS + 1];
#define OPEN 0
#define ANSWERED 1
#define WITHDRAWN 2
#define REPORTED 3
byte fate[PUBLICATIONS + 1];
byte serial[TASKS];           /* which publication a task carries: a plain field of it */
chan pipe[WORKERS] = [TASKS] of { byte, byte };  /* frames: task, turn; what a dead one wrote stays */
byte deaths;

#ifdef WITH_REQUEST
#define REQUEST_DONE (asked && (answered_request || dead[0]))
#else
#define REQUEST_DONE true
#endif
#ifdef WITHOUT_RECHECK
#define LOOK_AGAIN false
#else
#define LOOK_AGAIN true
#endif
#ifdef WITHOUT_ATTENTION_CHECK
#define LOOK_FOR_ATTENTION false
#else
#define LOOK_FOR_ATTENTION true
#endif
#define has_entries(r) (ring[r].tail != ring[r].head)
#define slot_of(r, at) ring[r].slot[(at) % SLOTS]

/* Stands behind each step by which a worker changes what others see. A death after a step that only
 * reads is the same, for all others, as one before it. */
#define MAY_DIE ; if :: atomic { deaths < DEATHS -> deaths++ }; goto die :: true fi

inline claim_from(r) {
  at = ring[r].head;
  do
  :: at == ring[r].tail -> break                                            /* LOOK */
  :: at != ring[r].tail ->
     atomic { entry_turn = slot_of(r, at).turn; entry_task = slot_of(r, at).task }
     ready = task[entry_task].state == READY && task[entry_task].turn == entry_turn;
#ifdef CLAIM_BY_HEAD
     if
     :: atomic { ring[r].head == at -> ring[r].head = at + 1; got = entry_task } MAY_DIE;
        atomic { task[got].state = CLAIMED; task[got].worker = me } MAY_DIE; break
     :: ring[r].head != at
     fi;
#else
     if
     :: atomic {                                                            /* CLAIM */
          ready && task[entry_task].state == READY && task[entry_task].turn == entry_turn ->
          task[entry_task].state = CLAIMED; task[entry_task].worker = me; got = entry_task
        } MAY_DIE
     :: !ready || task[entry_task].state != READY || task[entry_task].turn != entry_turn
     fi;
     if
     :: atomic { ring[r].head == at -> ring[r].head = at + 1 } MAY_DIE      /* HELP */
     :: ring[r].head != at
     fi;
     if
     :: got != NOBODY -> break
     :: else
     fi;
#endif
     atomic { entry_turn = 0; entry_task = 0; ready = false; at = ring[r].head }
  od;
  atomic { at = 0; entry_turn = 0; entry_task = 0; ready = false }
}

inline run_task() {
  atomic {                                                                  /* SENT */
    assert(task[got].state == CLAIMED && task[got].worker == me);
    task[got].state = SENT
  } MAY_DIE;
  atomic {
    runs[serial[got]]++;
    assert(runs[serial[got]] == 1 && fate[serial[got]] == OPEN)
  } MAY_DIE;
  atomic { pipe[me] ! got, task[got].turn; got = NOBODY } MAY_DIE
}

proctype Worker(byte me) {
  byte at, entry_turn, entry_task, got = NOBODY, seen;
  bool ready, rests;
  do
  :: bell[me] = false;                                /* clear, before work is looked for */
     if
     :: atomic { attention[me] -> attention[me] = false; answered_request = asked; rests = false }
     :: !attention[me]
     fi;
     if
     :: atomic { news != seen -> seen = news; rests = false }               /* NEWS */
     :: news == seen
     fi;
     if
     :: !rests -> claim_from(1); if :: got == NOBODY -> claim_from(0) :: else fi
     :: rests
     fi;
     if
     :: got != NOBODY -> run_task()
     :: else ->
        if
        :: has_entries(0)
        :: !has_entries(0) -> if :: has_entries(1) :: !has_entries(1) -> rests = true fi
        fi;
        sleeping[me] = true MAY_DIE;                                        /* SLEEP */
        if
        :: LOOK_AGAIN && (news != seen || !rests)                           /* RECHECK */
        :: !(LOOK_AGAIN && (news != seen || !rests)) -> if
           :: LOOK_FOR_ATTENTION && attention[me]
           :: !(LOOK_FOR_ATTENTION && attention[me]) ->
end_asleep:   bell[me]
           fi
        fi;
        sleeping[me] = false                                                /* AWAKE */
     fi
  od;
die:
  atomic {
    dead[me] = true; at = 0; entry_turn = 0; entry_task = 0; ready = false; got = NOBODY; seen = 0;
    rests = false
  }
}

/* WAKE: for a sleeper, and only if nobody is awake. The master does not know yet who is dead. */
inline wake() {
  w = 0;
  sleeper = NOBODY;
  do
  :: w == WORKERS -> break
  :: w < WORKERS ->
     if
     :: buried[w]
     :: !buried[w] && sleeping[w] -> sleeper = w
     :: !buried[w] && !sleeping[w] -> sleeper = NOBODY; break
     fi;
     w++
  od;
  if :: sleeper != NOBODY -> bell[sleeper] = true :: else fi;
  atomic { w = 0; sleeper = 0 }
}

inline publish_to(r, t) {
  atomic {                                                                  /* READY */
    assert(task[t].state == FREE);
    task[t].turn++; task[t].state = READY; task[t].worker = NOBODY
  }
  atomic { slot_of(r, ring[r].tail).turn = task[t].turn; slot_of(r, ring[r].tail).task = t }
  ring[r].tail++                                                            /* PUBLISH */
}

/* Claimed or Sent -> Free, and what has become of the publication. */
inline close_task(t, how) {
  atomic {
    assert(fate[serial[t]] == OPEN);
    fate[serial[t]] = how;
    open--;
    task[t].state = FREE;
    task[t].worker = NOBODY
  }
}

/* A frame says that the task is done. */
inline take_frame(f) {
  pipe[f] ? frame_task, frame_turn;
  assert(task[frame_task].state == SENT && task[frame_task].turn == frame_turn);
  assert(task[frame_task].worker == f);
  close_task(frame_task, ANSWERED);
  atomic { frame_task = 0; frame_turn = 0 }
}

/* The dead worker's pipe is read to its end, then its name is looked for. Nobody takes its place
 * here: the others must be able to go on by themselves, so each of them is told. */
inline bury(f) {
  do :: nempty(pipe[f]) -> take_frame(f) :: empty(pipe[f]) -> break od;
  buried[f] = true;
#ifndef WITHOUT_RECLAIM
  t = 0;
  do
  :: t == TASKS -> break
  :: else ->
     if
     :: task[t].worker == f && task[t].state == CLAIMED ->
        atomic { task[t].state = FREE; task[t].worker = NOBODY }
        publish_to(1, t)
     :: task[t].worker == f && task[t].state == SENT ->
        close_task(t, REPORTED)
     :: else
     fi;
     t++
  od;
#endif
  w = 0;
  do
  :: w == WORKERS -> break
  :: else ->
     attention[w] = true;
     if :: sleeping[w] -> bell[w] = true :: else fi;
     w++
  od;
  atomic { t = 0; w = 0 }
}

inline publish_new(which) {
  atomic { t = which; published++; open++; serial[t] = published }
  publish_to(0, t);
  t = 0;
#ifdef LATE_NEWS
  wake();
  news++
#else
  news++;                                                                   /* ANNOUNCE */
  wake()
#endif
}

#define lane_has_room (ring[0].tail - ring[0].head < SLOTS)
#define first slot_of(0, ring[0].head)

active proctype Master() {
  byte t, w, sleeper, frame_task, frame_turn, published, open;
  atomic {
    do :: t == TASKS -> break :: else -> task[t].worker = NOBODY; t++ od;
    do :: w == WORKERS -> break :: else -> run Worker(w); w++ od;
    t = 0; w = 0
  }
  do
  :: published < PUBLICATIONS && lane_has_room && task[0].state == FREE -> publish_new(0)
  :: published < PUBLICATIONS && lane_has_room && task[1].state == FREE -> publish_new(1)
  :: atomic {          /* a full lane: the master itself helps over what is settled */
       published < PUBLICATIONS && !lane_has_room &&
       !(task[first.task].state == READY && task[first.task].turn == first.turn) -> ring[0].head++
     }
#ifdef WITH_WITHDRAWAL
  :: atomic { task[0].state == READY -> task[0].state = FREE; fate[serial[0]] = WITHDRAWN; open-- }
#endif
#ifdef WITH_REQUEST
  :: !asked && published > 0 -> asked = true; attention[0] = true;          /* ALERT */
     if :: sleeping[0] -> bell[0] = true :: else fi
#endif
  :: nempty(pipe[0]) -> take_frame(0)
  :: nempty(pipe[1]) -> take_frame(1)
  :: dead[0] && !buried[0] -> bury(0)
  :: dead[1] && !buried[1] -> bury(1)
  :: published == PUBLICATIONS && open == 0 && REQUEST_DONE -> break
  od;
  t = 1;
  do
  :: t > PUBLICATIONS -> break
  :: else -> assert(fate[t] != OPEN); t++
  od
}
