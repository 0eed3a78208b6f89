"""Decides what lib/access decides, by Python's ipaddress: one JSON case a line, one answer a line."""

import datetime
import ipaddress
import json
import sys


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def answer(entries, text, name, now):
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return "?"
    address = getattr(address, "ipv4_mapped", None) or address
    for network, mirrors, expires in entries:
        if address.version != network.version or address not in network:
            continue
        if (expires is None or now < expires) and (mirrors is None or name in mirrors):
            return "y"
    return "n"


for line in sys.stdin:
    case = json.loads(line)
    entries = [
        (
            ipaddress.ip_network(entry["cidr"]),
            entry.get("mirrors"),
            instant(entry["expires"]) if "expires" in entry else None,
        )
        for entry in case["allow"]
    ]
    now = instant(case["now"])
    print("".join(answer(entries, *query, now) for query in case["queries"]), flush=True)
