/*
 * One lease, one API server, two processes that want it: the rules T1-T3, A2, A3, E1, R2, R4 and X2 of the protocol.
 *
 * Time is counted in ticks, and the clocks may be one tick apart: so the renew deadline is one tick shorter than
 * the duration that others wait. Requests may reach the server late or never, also when their sender has given them up;
 * answers may be late or lost. What the rules protect is asserted wherever a belief grows: one holder.
 */
#ifndef DEADLINE
#define DEADLINE 2
#endif
#define DURATION 3
#define MOST 4       /* ages beyond make no difference */
#ifndef WRITES
#define WRITES 5       /* bound: this many writes are carried out */
#endif

#define NOBODY 0
/* A process is 1 or 2. */

/* The record in etcd. */
byte holder = NOBODY
byte version = 1

/* What each process knows. Ages are in its own ticks, and stop counting at DURATION. */
bool holds[3]          /* has begun a term that has not ended here */
byte sinceSent[3]      /* own ticks since the last acknowledged write was sent (T2) */
byte known[3]          /* the version that the next write is meant for */
byte seen[3]           /* the version last seen of another's record */
byte sinceSeen[3]      /* own ticks since it was first seen (E1) */

/* One request in flight a process: a write, meant for a version. */
#define NONE 0
#define TAKE 1
#define RENEW 2
#define CLEAR 3
byte request[3]
byte meant[3]
byte requestAge[3]     /* own ticks since it was sent */
bool abandoned[3]      /* the sender waits for no answer any more */
/* The answer on its way: 0 none, 1 done, 2 conflict. */
byte answer[3]
byte answerVersion[3]
byte answerKind[3]
byte answerAge[3]

#define valid(p) (holds[p] && sinceSent[p] < DEADLINE)
/* Belief grows only where an answer is taken: looking there is looking always. */
#define oneHolder assert(!(valid(1) && valid(2)))
#define idle(p) (request[p] == NONE && answer[p] == 0)

/* A read, answered at once: what is slow about a request is modelled in the writes. */
inline look(p) {
  if
  :: seen[p] != version -> seen[p] = version; sinceSeen[p] = 0
  :: else
  fi
}

inline send(p, kind, version_) {
  request[p] = kind; meant[p] = version_; requestAge[p] = 0; abandoned[p] = false
}

/* No trace is left that would tell states apart. */
inline forget(p) { request[p] = NONE; abandoned[p] = false; meant[p] = 0; requestAge[p] = 0 }

inline age(counter, most) { if :: counter < most -> counter++ :: else fi }

inline advance(p) {
  if :: holds[p] -> age(sinceSent[p], MOST) :: else -> sinceSent[p] = 0 fi;
  age(sinceSeen[p], DURATION);
  if :: request[p] != NONE -> age(requestAge[p], MOST) :: else fi;
  if :: answer[p] != 0 -> age(answerAge[p], MOST) :: else fi
}

proctype Process(byte p) {
end:
  do
  /* A1-A3: nobody's, its own of an earlier life, or expired by E1. */
  :: atomic { !holds[p] && idle(p) ->
       look(p);
       if
       :: holder == NOBODY || holder == p || sinceSeen[p] >= DURATION -> send(p, TAKE, version)
       :: else
       fi }

  /* R1, R4: only a valid term renews. */
  :: atomic { valid(p) && idle(p) -> send(p, RENEW, known[p]) }

  /* X1, X2: local first, then the server. */
  :: atomic { valid(p) && idle(p) -> holds[p] = false; send(p, CLEAR, known[p]) }

  /* T5: whoever looks finds it run out. */
  :: atomic { holds[p] && sinceSent[p] >= DEADLINE -> holds[p] = false }

  /* The sender gives up waiting; the request may still arrive. */
  :: atomic { request[p] != NONE && !abandoned[p] -> abandoned[p] = true }

  /* An answer arrives. */
  :: atomic { answer[p] == 1 ->
       if
       :: answerKind[p] == TAKE &&
          answerAge[p] < DEADLINE &&
          !holds[p] ->
            holds[p] = true; known[p] = answerVersion[p];
#ifdef FROM_ANSWER
            sinceSent[p] = 0
#else
            sinceSent[p] = answerAge[p]
#endif
       :: answerKind[p] == RENEW && holds[p] && sinceSent[p] < DEADLINE ->
            known[p] = answerVersion[p];
#ifdef FROM_ANSWER
            sinceSent[p] = 0
#else
            sinceSent[p] = answerAge[p]
#endif
       :: else
       fi;
       oneHolder;
       answer[p] = 0; answerVersion[p] = 0; answerKind[p] = NONE; answerAge[p] = 0 }

  /* R2: a conflict is no evidence; the read behind it is. */
  :: atomic { answer[p] == 2 ->
       if
       :: holds[p] && holder == p -> known[p] = version
       :: holds[p] && holder != p -> holds[p] = false
       :: else
       fi;
       answer[p] = 0; answerKind[p] = NONE; answerAge[p] = 0 }

  /* Stopped for a while, it does nothing: the absence of a step. Dead and started anew, under the same name: */
  :: atomic { !idle(p) && holds[p] -> holds[p] = false; abandoned[p] = true; answer[p] = 0; answerVersion[p] = 0;
            answerKind[p] = NONE; answerAge[p] = 0; seen[p] = 0; sinceSeen[p] = 0 }
  od
}

proctype Server() {
  byte p;
end:
  do
  :: version < WRITES -> atomic {
       if :: request[1] != NONE -> p = 1 :: request[2] != NONE -> p = 2 fi;
       if
#ifdef NO_PRECONDITION
       :: true ->
#else
       :: meant[p] == version ->
#endif
            version++;
            if
            :: request[p] == TAKE -> holder = p
            :: request[p] == CLEAR -> holder = NOBODY
            :: else
            fi;
            if
            :: !abandoned[p] -> answer[p] = 1; answerVersion[p] = version; answerKind[p] = request[p];
                                answerAge[p] = requestAge[p]
            :: true
            fi
#ifndef NO_PRECONDITION
       :: else ->
            if
            :: !abandoned[p] -> answer[p] = 2; answerKind[p] = request[p]
            :: true
            fi
#endif
       fi;
       forget(p); p = 0 }

  /* The network loses a request. */
  :: atomic { request[1] != NONE -> forget(1) }
  :: atomic { request[2] != NONE -> forget(2) }
  od
}

/* The clocks go on together, or one of them by itself. */
proctype Time() {
  bit ahead = 0;  /* process 1 has seen one tick more */
end:
  do
  :: atomic { advance(1); advance(2) }
  :: atomic { ahead == 0 -> advance(1); ahead = 1 }
  :: atomic { ahead == 1 -> advance(2); ahead = 0 }
  od
}

init { atomic { run Process(1); run Process(2); run Server(); run Time() } }
