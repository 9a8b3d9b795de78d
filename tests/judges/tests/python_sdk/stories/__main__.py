"""Tells stories on a simulator with the official Python SDK, one after the other in one process.

Importing the SDK takes five seconds, so one process tells all stories. A job is a line of JSON on stdin:
`{"story", "url", "organization", "client": [id, secret], "other": [id, secret]}`. What came of it is a line
of JSON on stdout: `{"values", "answers", "problems"}`. The end of stdin ends the process.
"""

import json
import socket
import sys
import traceback
import warnings

# Nothing but results may stand on stdout, whatever a library prints.
results, sys.stdout = sys.stdout, sys.stderr

# A call that hangs ends its story.
socket.setdefaulttimeout(60)

import actions
import audits
import clients
import credentials
import drafts
import integrations
import retry
import roles
import runs
import tokens
import usage
import web_services
from story import Story

TOLD = {
    "actions": actions.tell,
    "audits": audits.tell,
    "clients": clients.tell,
    "credentials": credentials.tell,
    "drafts": drafts.tell,
    "integrations": integrations.tell,
    "organization": tokens.tell_organization,
    "retry": retry.tell,
    "roles": roles.tell,
    "runs": runs.tell,
    "tokens": tokens.tell,
    "usage": usage.tell,
    "web_services": web_services.tell,
}

# The SDK calls its own listing of credentials deprecated, and turns every filter off to say so.
warnings.showwarning = lambda *_, **__: None


def told(job):
    story = Story(job)
    try:
        TOLD[job["story"]](story)
    except Exception:  # What ends a story is what it found.
        story.problems.append(traceback.format_exc(limit=-4))
    return {"values": story.values, "answers": story.answers, "problems": story.problems}


for line in sys.stdin:
    results.write(json.dumps(told(json.loads(line))) + "\n")
    results.flush()
