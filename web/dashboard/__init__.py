"""RQ's own pages, rq-dashboard, under `/rq`: behind our login, on our connection, and with nothing to see that is not
for everybody who may read.

Law of the room: what it shows is made by us, and what it may do is listed. rq-dashboard has no login, shows whatever a
producer wrote, unpickles what lies in Redis, and requeues by GET.
"""

from web.dashboard.door import mount

__all__ = ["mount"]
