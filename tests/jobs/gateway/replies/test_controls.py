from jobs.gateway.errors import RefusalKind
from jobs.gateway.replies import ControlAnswer, parse_control_reply
from tests.jobs.gateway.replies.samples import UNKNOWN, outcomes


def test_every_sample_is_read_as_it_must_be() -> None:
    assert outcomes("control", parse_control_reply) == {
        "ok.A": ControlAnswer.DONE,
        "ok_newline.A": ControlAnswer.DONE,
        "with_id.C": ControlAnswer.DONE,
        "with_id_blanks.D": ControlAnswer.DONE,
        "json.D": ControlAnswer.DONE,
        "already_finished.C": ControlAnswer.ALREADY_OVER,
        "already_finished_blanks.D": ControlAnswer.ALREADY_OVER,
        "already_finished_alone.D": ControlAnswer.ALREADY_OVER,
        "json_already_finished.D": ControlAnswer.ALREADY_OVER,
        "not_found.C": RefusalKind.NOT_FOUND,
        "required.C": RefusalKind.UNKNOWN,
        "not_running_blanks.D": RefusalKind.UNKNOWN,
        "unknown_words.D": RefusalKind.UNKNOWN,
        "empty.D": UNKNOWN,
        "html.D": UNKNOWN,
        "okay.D": UNKNOWN,
        "json_other.D": UNKNOWN,
        "ok_and_error.D": UNKNOWN,
    }
