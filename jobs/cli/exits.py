"""How a command ends: the exit codes, for scripts."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes and, as `meaning`, what each says. Scripts go by them: add, never renumber."""

    meaning: str

    def __new__(cls, code: int, meaning: str = "") -> "Exit":
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    DONE = 0, "done; also when a key and its payload were handed in before"
    UNEXPECTED = 1, "a fault in Dropline itself; its traceback is on stderr"
    BAD_INPUT = 2, "the command line, the contacts or the times are wrong"
    KEY_CONFLICT = 3, "the key stands for a campaign with another payload"
    NO_REDIS = 4, "Redis is out of reach"
    NO_SUCH_CAMPAIGN = 5, "the campaign is unknown"
    OTHER_END = 6, "with --wait: it came to another end than the one waited for, or it needs a person"
    BAD_SETTINGS = 7, "an environment variable is wrong"
    NO_ANSWER = 8, "the gateway, or the host of an audio, refused, was out of reach, or gave no usable answer"
    BAD_AUDIO = 9, "the audio is not there, too short, or not what it is said to be; nothing was sent"
    ROWS_REFUSED = 10, "do-not-dial import: some rows hold no phone number; all others are done"
    CAMPAIGN_IS_OVER = 11, "the campaign is over, or its end was asked for, and it can be told nothing else any more"
    CAMPAIGN_IS_HELD = 12, "the session's campaign was told to pause or to end; a session alone is not let run again"
    PHONE_HELD = 13, "purge: the phone is in calls under way, and stays there until they are over; all else is done"
    PHONES_DROPPED = (
        14,
        "results: the campaign was over for so long that its phones were dropped; `show` has its counts",
    )
    INADVISABLE = (
        15,
        (
            "decide: what is known speaks against it, or the submission is not unknown; unhalt: data was lost, and "
            "`--after-data-loss` was not said; nothing was changed"
        ),
    )
    INTERRUPTED = 130, "Ctrl-C; a campaign that is in goes on"
