"""Starts ministack: ends it with us, and adds what it does not do and the local stack needs."""
import os
import signal
import sys
import threading

from ministack import app
from ministack.core import responses
from ministack.services import eventbridge


def end_with_parent():
    # Our standard input closes when whoever started us is gone, however it went.
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGKILL)


def put_partner_events(data):
    """On AWS a partner's events reach the bus of the account that the source was made for."""
    partner = responses.get_account_id()
    sources = {one["Name"]: one["Account"] for one in eventbridge._partner_event_sources.values()}
    try:
        for entry in data.get("Entries", []):
            customer = sources.get(entry.get("Source"))
            if customer:
                responses.set_request_account_id(customer)
                entry = {**entry, "EventBusName": entry["Source"]}
                eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
                responses.set_request_account_id(partner)
    finally:
        responses.set_request_account_id(partner)
    return accept_partner_events(data)


accept_partner_events = eventbridge._put_partner_events
eventbridge._put_partner_events = put_partner_events
threading.Thread(target=end_with_parent, daemon=True).start()
sys.argv = ["ministack"]
app.main()
