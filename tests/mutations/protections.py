"""Everything that keeps the promise, one line of code each, with what that line becomes when it is switched off."""

from dataclasses import dataclass

MACHINE = "tests/jobs/campaigns/test_any_order.py"
LATE = "tests/jobs/campaigns/test_send_late.py"
TRANSPORT = "tests/jobs/gateway/test_transport.py"
SUBMISSIONS = "jobs/ledger/submissions.py"
CLAIMS = "jobs/ledger/claims.py"
ATTEMPT = "jobs/campaigns/attempt.py"
WEBHOOK_RACES = "tests/jobs/webhooks/test_races.py"


@dataclass(frozen=True, slots=True)
class Protection:
    """A line that protects, and the test that must fail without it."""

    name: str
    file: str
    line: str
    """A text that stands in the file exactly once."""
    off: str
    """What stands there instead when the protection is switched off."""
    test: str


PROTECTIONS = (
    Protection(
        "a key that is held gives its campaign again",
        "jobs/ledger/campaigns.py",
        "if known then return known end",
        "",
        "tests/jobs/ledger/test_retransmission.py",
    ),
    Protection(
        "a payload that differs is refused",
        "jobs/campaigns/take.py",
        "    if differing:\n",
        "    if differing and not held:\n",
        MACHINE,
    ),
    Protection(
        "the ledger is asked before anything is sent",
        CLAIMS,
        "if state ~= 'planned' and state ~= 'claimed' then",
        "if state == 'withdrawn' then",
        "tests/jobs/ledger/test_submissions.py",
    ),
    Protection(
        "a claim is one sender's until its lease runs out",
        CLAIMS,
        "if state == 'claimed' and tonumber(deadline) > tonumber(ARGV[3]) then return 'busy' end",
        "",
        "tests/jobs/ledger/test_submissions.py",
    ),
    Protection(
        "the fence: only the attempt that holds a submission moves it",
        SUBMISSIONS,
        "if attempt ~= '' and redis.call('HGET', submission, 'attempt') ~= attempt then return 0 end",
        "",
        "tests/jobs/ledger/test_submissions.py",
    ),
    Protection(
        "a move has the state that it starts from",
        SUBMISSIONS,
        "if not string.find(before, ' ' .. state .. ' ', 1, true) then return 0 end",
        "",
        "tests/jobs/ledger/test_submissions.py",
    ),
    Protection(
        "the token of a move: sent twice, it happens once",
        SUBMISSIONS,
        "if string.find(moves, token, 1, true) then return 1 end",
        "",
        "tests/jobs/ledger/test_submissions.py",
    ),
    Protection(
        "nothing begins to be sent unless the campaign is to run",
        SUBMISSIONS,
        "if intent_needed ~= '' and intent ~= intent_needed then return 0 end",
        "",
        "tests/jobs/ledger/test_submissions.py",
    ),
    Protection(
        "nothing is claimed unless the campaign is to run",
        CLAIMS,
        "if redis.call('HGET', KEYS[2], 'intent') ~= 'run' then\n",
        "if false then\n",
        "tests/jobs/ledger/test_submissions.py",
    ),
    Protection(
        "nothing begins to be sent that is not screened against the newest list",
        SUBMISSIONS,
        "if (redis.call('HGET', list, 'changes') or '0') ~= screened then return 0 end",
        "",
        "tests/jobs/campaigns/test_do_not_dial.py",
    ),
    Protection(
        "the last look before the first byte",
        ATTEMPT,
        "        if not holds or took_s",
        "        if took_s",
        LATE,
    ),
    Protection(
        "`sending` is on the server's disk before the socket opens",
        ATTEMPT,
        "durably=self.desk.durability is Durability.STRICT",
        "durably=False",
        LATE,
    ),
    Protection(
        "a sender that died while sending leaves an unknown, and no timer plans it again",
        "jobs/campaigns/send.py",
        "UNKNOWN,\n        now=now,\n        attempt=submission.attempt,\n        due={Due.SETTLE:",
        "PLANNED,\n        now=now,\n        attempt=submission.attempt,\n        due={Due.SEND:",
        "tests/jobs/campaigns/test_send.py",
    ),
    Protection(
        "no retry: what may have left is never planned again",
        "jobs/gateway/transport.py",
        "return OutcomeUnknown(Phase(flight.leg), why) if flight.leg else NotSent(why)",
        "return NotSent(why)",
        MACHINE,
    ),
    Protection(
        "one connection, one request",
        "jobs/flight.py",
        "        if self.leg or self.objection or self.seconds_left() <= 0:\n",
        "        if self.leg:\n",
        TRANSPORT,
    ),
    Protection(
        "a body that is no clear yes is no success",
        "jobs/gateway/replies/submissions.py",
        "    if not affirms(body):\n",
        "    if not body:\n",
        "tests/jobs/gateway/replies/test_submissions.py",
    ),
    Protection(
        "a duplicate refusal is a sign that the first one was taken",
        ATTEMPT,
        "        if rejected.kind.is_sign_of_acceptance:\n",
        "        if not rejected.kind:\n",
        "tests/jobs/campaigns/test_send.py",
    ),
    Protection(
        "a ledger that forgot sends nothing",
        CLAIMS,
        "local wait = halted()",
        "local wait = nil",
        LATE,
    ),
    Protection(
        "what was sent long ago and is forgotten is noticed in the move that would send it again",
        SUBMISSIONS,
        "  if halted() then return 'halted' end\n",
        "",
        "tests/jobs/ledger/test_amnesia.py",
    ),
    Protection(
        "a campaign whose time has passed is not sent",
        "jobs/models/records.py",
        "return self.terms.too_late_at(self.created_at)",
        "return self.terms.too_late_at(self.created_at).replace(year=9999)",
        "tests/jobs/campaigns/test_send.py",
    ),
    Protection(
        "a slot of the timetable is claimed by who has seen the last one",
        "jobs/ledger/ticks.py",
        "if (last or '') ~= ARGV[2] then return 0 end",
        "",
        "tests/scheduler/test_weeks.py",
    ),
    Protection(
        "the token of a slot's claim: sent twice, it answers the same",
        "jobs/ledger/ticks.py",
        "if string.find(tokens, ARGV[4], 1, true) then return 1 end",
        "",
        "tests/jobs/ledger/test_retransmission.py",
    ),
    Protection(
        "a scheduler that was frozen takes no clock for one that went back",
        "scheduler/scheduler.py",
        "        last, end_before = ticks.last(self.redis, entry.name), leadership.end_on_record(self.redis)\n"
        "        now = self.clock()\n",
        "        now = self.clock()\n"
        "        last, end_before = ticks.last(self.redis, entry.name), leadership.end_on_record(self.redis)\n",
        "tests/scheduler/test_weeks.py",
    ),
    Protection(
        "a slot's errand is due from the step that claims it",
        "jobs/ledger/ticks.py",
        "if ARGV[5] ~= '' then redis.call('ZADD', KEYS[2], ARGV[3], ARGV[5]) end",
        "",
        "tests/jobs/ledger/test_ticks.py",
    ),
    Protection(
        "a campaign is due at its end time from the step that takes it",
        "jobs/ledger/campaigns.py",
        "if ARGV[7] ~= '' then redis.call('ZADD', KEYS[6], ARGV[7], ARGV[3]) end",
        "",
        "tests/jobs/campaigns/test_ending.py",
    ),
    Protection(
        "what may still run at its end time is stopped",
        "jobs/campaigns/ending.py",
        "        campaigns.intend(desk.redis, campaign.id, Intent.STOP, note=NOTE, now=now)\n",
        "        pass\n",
        "tests/jobs/campaigns/test_ending.py",
    ),
    Protection(
        "a halt that a person asked for holds",
        "jobs/ledger/amnesia.py",
        "  redis.call('HSET', HALT, 'asked_at', now, 'why', ARGV[1], 'by', ARGV[2])\n",
        "",
        "tests/jobs/ledger/test_amnesia.py",
    ),
    Protection(
        "an absence needs several complete listings over minutes",
        "jobs/outcomes/rule.py",
        "return len(self.looks) >= self.rule.looks and self.looks[-1] - self.looks[0] >= self.rule.apart",
        "return bool(self.looks)",
        "tests/jobs/outcomes/test_rule.py",
    ),
    Protection(
        "a listing that lacks what is known to be there shows no absence",
        "jobs/outcomes/rule.py",
        "    if missing:\n",
        "    if missing > len(known):\n",
        "tests/jobs/outcomes/test_rule.py",
    ),
    Protection(
        "who finds no slot when it wakes up does not call",
        "jobs/campaigns/calling.py",
        "    if isinstance(found, NoSlot):\n",
        "    if isinstance(found, NoSlot) and not own.slot:\n",
        "tests/jobs/campaigns/test_calling.py",
    ),
    Protection(
        "an empty listing shows no absence",
        "jobs/outcomes/rule.py",
        "    if not listed:\n",
        "    if not listed and known:\n",
        "tests/jobs/outcomes/test_rule.py",
    ),
    Protection(
        "a person decides between two sessions that may both be it",
        "jobs/outcomes/rule.py",
        "    if by_mark or len(by_phones) > 1:\n",
        "    if by_mark:\n",
        "tests/jobs/outcomes/test_settle.py",
    ),
    Protection(
        "a session that the gateway does not know is not adopted, whoever forces it",
        "jobs/outcomes/adopting.py",
        "    if not is_known:\n",
        "    if not is_known and not force:\n",
        "tests/jobs/cli/test_adopting.py",
    ),
    Protection(
        "a postback for a phone that is not on the submission changes nothing",
        "jobs/outcomes/hear_sessions.py",
        "if is_packed(packed, each.record.disposition.phone)]",
        "if packed]",
        "tests/jobs/outcomes/test_hear.py",
    ),
    Protection(
        "an earlier attempt is looked for, whatever is lost",
        "jobs/ledger/unfinished.py",
        "if not is_given_up and is_looked_for(string.match(former or '', '@(%d+)$')) then",
        "if false then",
        "tests/jobs/campaigns/test_sweep.py",
    ),
    Protection(
        "what is asked of one session alone is not taken for forgotten",
        "jobs/ledger/unfinished.py",
        "run_of[under == number and asked or intent]",
        "run_of[intent]",
        "tests/jobs/campaigns/test_sessions.py",
    ),
    Protection(
        "of the sessions of two attempts one is stopped",
        "jobs/outcomes/looking.py",
        "        if its_own:\n",
        "        if not attempts:\n",
        "tests/jobs/outcomes/test_settle.py",
    ),
    Protection(
        "a session of another's earlier attempt is not taken for one's own",
        "jobs/outcomes/looking.py",
        "(*evidence.in_doubt(redis), *due.members(redis, Due.SETTLE))",
        "evidence.in_doubt(redis)",
        "tests/jobs/outcomes/test_settle.py",
    ),
    Protection(
        "a session that kept it from being sent again is not forgotten unnoticed",
        SUBMISSIONS,
        "if is_unsent and to == 'accepted' then remember() end",
        "",
        "tests/jobs/outcomes/test_forgotten.py",
    ),
    Protection(
        "a request is known again without a name, too",
        "jobs/ledger/campaigns.py",
        "request or secrets.token_hex(8)",
        "request",
        "tests/jobs/ledger/test_campaigns.py",
    ),
    Protection(
        "who waits for a lost server shows its successor what it has seen",
        "worker/vigil.py",
        "reply_within_s=SILENCE_S",
        "reply_within_s=30",
        "tests/worker/test_vigil.py",
    ),
    Protection(
        "a turn at a webhook that was overtaken writes nothing",
        "jobs/ledger/bookmarks.py",
        "if redis.call('HGET', bookmark, 'holder') ~= holder then return 0 end\n",
        "",
        WEBHOOK_RACES,
    ),
    Protection(
        "a turn moves no place that a person has moved",
        "jobs/ledger/bookmarks.py",
        "if redis.call('HGET', bookmark, 'place:' .. stream) ~= place_read then came_to = 0",
        "if false then came_to = 0",
        WEBHOOK_RACES,
    ),
    Protection(
        "what is new does not wait for another event's next try",
        "jobs/ledger/events.py",
        "redis.call('ZADD', due, 'LT', from, name)",
        "redis.call('ZADD', due, 'NX', from, name)",
        "tests/jobs/webhooks/test_deliver.py",
    ),
    Protection(
        "a record of what the ledger has forgotten halts the sending",
        "jobs/ledger/amnesia.py",
        "now=now, seen=mark)",
        "now=now)",
        "tests/jobs/outcomes/test_hear_many.py",
    ),
    Protection(
        "no stranger's address halts the sending",
        "jobs/campaigns/addresses.py",
        "if not any(hmac.compare_digest(seal, _seal(token, said, key)) for key in keys):",
        "if not keys:",
        "tests/jobs/campaigns/test_addresses.py",
    ),
)
