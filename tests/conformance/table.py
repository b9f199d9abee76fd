"""`python -m tests.conformance.table`: tries every call in every dialect and writes the table in docs/gateway.md."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from pydantic import SecretStr

from jobs.gateway.client import Credentials, Dialect, GatewayClient
from jobs.gateway.errors import GatewayError
from jobs.models import Terms
from tests.conformance.checks import CHECKS
from tests.conformance.target import simulated
from tests.jobs.gateway.replies.samples import NEAR
from tests.jobs.gateway.spellings import SPELLINGS
from tests.jobs.gateway.wire import http, raw_server, say

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "gateway.md"
REPLIES = Path("tests/replies")
BEGIN, END = "<!-- written by python -m tests.conformance.table -->\n", "<!-- end of what is written -->\n"

SESSION, PHONE = "1842028314", "6175550123"
"""Of which the samples tell."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call in the vendor's words, the method that makes it, and the samples of its answer."""

    vendor: str
    method: str
    family: str
    """The folder of the samples; '' where the answer is a file."""
    replay: Callable[[GatewayClient], object]
    """Makes the call, so that a sample can be the answer; something true if it was believed."""
    is_text: bool = False
    """Whether it has a script of its own, which answers in text in either dialect."""


def _submit(client: GatewayClient) -> object:
    terms = Terms(caller_id="6175550100", audio_title="Reminder")
    return client.submit(terms, [PHONE], title="", postback_url=None, start_at=None)


def _control(client: GatewayClient, *, method: str) -> object:
    return getattr(client, method)("123456")


def _user_verify(client: GatewayClient) -> object:
    client.user_verify()
    return True


def _do_not_dial(client: GatewayClient, *, method: str) -> object:
    getattr(client, method)([PHONE])
    return True


def _audio_list(client: GatewayClient) -> object:
    return client.audio_list(near=NEAR, with_durations=False)


CALLS = (
    Call("a new campaign", "submit", "submission", _submit),
    Call("`callstatus`", "call_status", "record", lambda client: client.call_status(SESSION, PHONE, near=NEAR)),
    Call("`campaign_result`", "campaign_result", "result", lambda client: client.campaign_result(SESSION, near=NEAR)),
    Call("`pause`", "pause", "control", partial(_control, method="pause")),
    Call("`run`", "resume", "control", partial(_control, method="resume")),
    Call("`cancel`", "cancel", "control", partial(_control, method="cancel")),
    Call("`stop`", "stop", "control", partial(_control, method="stop")),
    Call("`remain_message`", "balance", "balance", lambda client: client.balance()),
    Call(
        "`campaign_by_date`",
        "campaign_by_date",
        "campaign_by_date",
        lambda client: client.campaign_by_date(date(2019, 12, 9)),
    ),
    Call("`user_verify`", "user_verify", "user_verify", _user_verify),
    Call("`do_not_dial`", "add_to_do_not_dial", "do_not_dial", partial(_do_not_dial, method="add_to_do_not_dial")),
    Call(
        "`remove_do_not_dial`",
        "remove_from_do_not_dial",
        "do_not_dial",
        partial(_do_not_dial, method="remove_from_do_not_dial"),
    ),
    Call("`get_audio_list`", "audio_list", "audio_list", _audio_list, is_text=True),
    Call("a recording", "download_audio", "", lambda _: None),
)


def table() -> str:
    """The table as Markdown; raises what a check raises that does not hold."""
    held = {dialect: _checks_held(dialect) for dialect in Dialect}
    rows = [_row(call, held) for call in CALLS]
    return "".join(["| the vendor's call | client | text | JSON | samples |\n|---|---|---|---|---|\n", *rows])


def written(page: str) -> str:
    """The page with the table in its place."""
    before, _, rest = page.partition(BEGIN)
    return before + BEGIN + table() + END + rest.partition(END)[2]


def _checks_held(dialect: Dialect) -> Counter[str]:
    """How often a check that tries each method has held, over all spellings."""
    held: Counter[str] = Counter()
    for check in CHECKS:
        for spelling in SPELLINGS:
            with simulated(dialect, spelling) as probe:
                check.holds(probe)
            held.update(check.methods)
    return held


def _row(call: Call, held: dict[Dialect, Counter[str]]) -> str:
    cells = [_cell(held[dialect][call.method], call, dialect) for dialect in Dialect]
    folder = f"[{call.family}](../{REPLIES / call.family})" if call.family else "files, [made](../tests/sounds.py)"
    return f"| {call.vendor} | `{call.method}` | {' | '.join(cells)} | {folder} |\n"


def _cell(held: int, call: Call, dialect: Dialect) -> str:
    assert held, "nothing tries this call"
    if not call.family:
        return f"✓ {held}"
    samples = _believed(call, dialect)
    more = f" and {len(samples) - 1} more" if len(samples) > 1 else ""
    return f"✓ {held}, `{samples[0]}`{more}"


def _believed(call: Call, dialect: Dialect) -> list[str]:
    """The samples in this dialect that the client takes for a good answer, the surest first."""
    files = sorted((ROOT / REPLIES / call.family).glob("*.txt"), key=lambda file: (file.stem[-1], file.stem))
    is_json = dialect is Dialect.JSON and not call.is_text
    return [file.stem for file in files if _is_json(file) is is_json and _is_believed(call, dialect, file)]


def _is_json(file: Path) -> bool:
    return file.read_bytes()[:1] in {b"{", b"["}


def _is_believed(call: Call, dialect: Dialect, file: Path) -> bool:
    with raw_server(say(http(file.read_bytes()))) as server:
        credentials = Credentials("demo", SecretStr("demo"))
        client = GatewayClient(base_url=server.url.removesuffix("vmb.php"), credentials=credentials, dialect=dialect)
        try:
            return bool(call.replay(client))
        except GatewayError:
            return False


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
