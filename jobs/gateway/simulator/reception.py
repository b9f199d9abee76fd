"""Who asks, and for what: credentials, and the one table of endpoints and options."""

from collections.abc import Mapping

from jobs.gateway.simulator.accounts import balance, do_not_dial, list_phone_lists, remove_do_not_dial, verify_user
from jobs.gateway.simulator.audio import download, list_recordings, list_recordings_with_duration
from jobs.gateway.simulator.calls import call_status, campaign_result
from jobs.gateway.simulator.campaigns import campaign_by_date, new_campaign
from jobs.gateway.simulator.controls import cancel, pause, run, stop
from jobs.gateway.simulator.gateway import Caller, Gateway, Option
from jobs.gateway.simulator.replies import Refused, Reply

VMB = "vmb.php"
JSON = "vmb.json.php"
AUDIO_LIST = "vmb.aflist.php"
DOWNLOAD = "vmb.dla.php"
INTERNATIONAL = "slyi.php"

ENDPOINTS = frozenset({VMB, JSON, AUDIO_LIST, DOWNLOAD, INTERNATIONAL})

INTERNATIONAL_REFUSAL = "the simulator does not speak the international gateway; use vmb.php"


def option_of(endpoint: str, fields: Mapping[str, str]) -> str:
    """What a request asks for: its `c_option`, the method of a list, or else a new campaign or the balance."""
    method = fields.get("c_method", "")
    if endpoint == DOWNLOAD:
        return "download"
    if endpoint == AUDIO_LIST or method == "get_phone_list":
        return method
    if option := fields.get("c_option"):
        return option
    asks = {name for name, value in fields.items() if value} - {"c_uid", "c_password", "c_method"}
    return "balance" if asks == {"remain_message"} else "new_campaign"


def answer(gateway: Gateway, endpoint: str, fields: Mapping[str, str]) -> Reply:
    """Carry out one request to the gateway."""
    if endpoint == INTERNATIONAL:
        return Refused((INTERNATIONAL_REFUSAL,))
    caller = _admit(gateway, fields)
    if isinstance(caller, Refused):
        return caller
    option = option_of(endpoint, fields)
    if endpoint == JSON and option == "new_campaign" and fields.get("c_method") != "new_campaign":
        return Refused(("c_method: required",))
    carry_out = (_AUDIO_LISTS if endpoint == AUDIO_LIST else _OPTIONS).get(option)
    if carry_out is None:
        return Refused((gateway.settings.texts.assumed_unknown_option,))
    return carry_out(gateway, caller, fields)


def _admit(gateway: Gateway, fields: Mapping[str, str]) -> Caller | Refused:
    if missing := [f"{name}: required" for name in ("c_uid", "c_password") if not fields.get(name)]:
        return Refused(tuple(missing))
    account = gateway.settings.accounts.get(fields["c_uid"])
    if account is None or account.password.get_secret_value() != fields["c_password"]:
        return Refused((gateway.settings.texts.assumed_bad_credentials,))
    if not account.may_use_api:
        return Refused((gateway.settings.texts.no_api,))
    return Caller(fields["c_uid"], account)


_AUDIO_LISTS: Mapping[str, Option] = {
    "get_audio_list": list_recordings,
    "get_audio_list_with_duration": list_recordings_with_duration,
}

_OPTIONS: Mapping[str, Option] = {
    "new_campaign": new_campaign,
    "balance": balance,
    "callstatus": call_status,
    "campaign_result": campaign_result,
    "campaign_by_date": campaign_by_date,
    "pause": pause,
    "run": run,
    "stop": stop,
    "cancel": cancel,
    "do_not_dial": do_not_dial,
    "remove_do_not_dial": remove_do_not_dial,
    "user_verify": verify_user,
    "get_phone_list": list_phone_lists,
    "download": download,
}
