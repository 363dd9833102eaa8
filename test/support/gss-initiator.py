"""The client's side of a Kerberos login: takes base64 tokens, one a line, and answers each with one line.

gss_initiator.py kafka@localhost
  step TOKEN    the next token of the context, then whether the context is complete: "TOKEN 1"
  unwrap TOKEN  the message that the broker wrapped
  wrap MESSAGE  the message as a token, without encryption
TOKEN may be missing, for the first step and for an empty answer.
"""

import base64
import sys

import gssapi

name = gssapi.Name(sys.argv[1], gssapi.NameType.hostbased_service)
context = gssapi.SecurityContext(name=name, usage="initiate")
for line in sys.stdin:
    verb, _, text = line.rstrip("\n").partition(" ")
    data = base64.b64decode(text)
    if verb == "step":
        answer = context.step(data or None) or b""
        print(base64.b64encode(answer).decode(), int(context.complete), flush=True)
    elif verb == "unwrap":
        print(base64.b64encode(context.unwrap(data).message).decode(), flush=True)
    elif verb == "wrap":
        print(base64.b64encode(context.wrap(data, False).message).decode(), flush=True)
