"""The page for people: what is going on, and what they may do about it.

Law of the room: every page reads without JavaScript, shows no whole phone but on request and on record, and asks the
ledger for counts, never for every drop.
"""

from fastapi import APIRouter

from web.pages import assets, board, campaign, days, do_not_dial, drops, halts, live, looks, sign_in, unknowns, webhooks

router = APIRouter()
for each in (assets, sign_in, board, campaign, drops, unknowns, days, do_not_dial, halts, looks, webhooks, live):
    router.include_router(each.router)
