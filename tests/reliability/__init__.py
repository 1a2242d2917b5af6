"""Crash walk and fault walk: `scripts/test reliability`, or `python -m tests.reliability`.

A *life* (`lives.py`) is a script of what a client, a file or an administrator does to some
containers. It is lived once without faults by a real daemon on the real kernel, while every
change that the carrier makes, every call of a port within one, and every call with which a pass
looks, is written down: these are the life's *points*. Then the life is lived again once per
point, and at that point

- the daemon, the master or the executor is killed, before or after the change, and possibly the
  next daemon too, at a *step* of its start; or
- the call fails with one of the errors that a kernel may answer, once or several times in a row.

The client goes on as a careful client does: it asks again what got no answer, and what was
refused. In the end everything must be as if nothing had happened, which `walk.py` checks:

- what was asked for has come true, or was refused with a clear error and taken back;
- no acknowledged write is lost, no command runs twice, no exit is lost or told twice;
- nothing is left behind: cgroups, mounts, work directories, records, processes, descriptors;
- the log has no traceback.

    scripts/test reliability                                a sample of all lives, in 20 minutes
    scripts/test reliability --minutes 240                  more of it; --seed N: another sample
    scripts/test reliability --life limits                  one life
    scripts/test reliability --sort daemon-again            one sort of points (points.SORTS)
    scripts/test reliability --life limits --point 7.before.daemon    one point again

A new facet adds its properties to the life `limits` and to `live`, or a life of its own to
`lives.LIVES`, and its effects to `lives.REACHED`; points are found by living it, never listed.

Rooms: `points.py` what a point is; `inject.py` runs inside the daemon and makes it happen;
`steps.py` what a daemon does at its start; `pair.py` a master and a daemon of our own; `asking.py`
and `script.py` the client; `lives.py` the scripts; `walk.py` one life at one point, judged;
`table.py` the figures.
"""
