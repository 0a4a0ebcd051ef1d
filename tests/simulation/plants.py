#!/usr/bin/env python3
"""Puts faults back into a copy of a source file, for a program that shows that the rules of the simulation bite.

    plants.py IN OUT     the environment variable GWCTL_PLANT of the program says which fault is there

A place that is not found any more fails the build: it has to be looked for anew.
"""
import sys
from pathlib import Path

# File, fault, the place, and what stands there instead; `planted` says whether the fault is asked for.
PLANTS = [
    ("write_fence.cpp", "fence", "if (left.count() <= 0)", 'if (left.count() <= 0 && !planted("fence"))'),
    ("write_fence.cpp", "fence", "if (!s.held)", 'if (!s.held || planted("fence"))'),
    ("reflector.cpp", "absent", "const api_error failure = failure_of(e);",
     'const api_error failure = failure_of(e);\n'
     '    if (planted("absent") && failure.http_status == 404)\n'
     '        return fsm_.absent("planted", true, time_.now());'),
    ("reflector.cpp", "event", "        take(parsed);",
     '        if (!planted("event") || parsed.type == watch_event_type::bookmark ||\n'
     '            std::hash<std::string_view>()(*line) % 16 != 0)\n'
     '            take(parsed);'),
    ("controller_loop.cpp", "own-writes", "unseen = unseen_.find(item.key);",
     'unseen = planted("own-writes") ? nullptr : unseen_.find(item.key);'),
    ("lease_fsm.cpp", "lease", "acts_from_ = was_held && !was_our_create ?",
     'acts_from_ = planted("lease") || (was_held && !was_our_create) ?'),
    ("reflector_fsm.cpp", "gone", "    if (is_unavailable_version(e)) {\n        // After an outage",
     '    if (planted("gone") && e.code() == errc::gone) {\n'
     '        version_ = "0";\n'
     '        return back_off(now, step::watch);\n'
     '    }\n'
     '    if (is_unavailable_version(e)) {\n        // After an outage'),
    ("slices.cpp", "slice", "            if (p.due())",
     '            if (planted("slice") && slot.addresses.empty())\n'
     '                continue;\n'
     '            if (p.due())'),
    ("cluster_sources.cpp", "sources", "if (all_known())", 'if (planted("sources") || all_known())'),
]

HEAD = """#include <cstdlib>
#include <string_view>

static bool planted(std::string_view fault) {
    const char* asked = std::getenv("GWCTL_PLANT");
    return asked != nullptr && asked == fault;
}

"""


def main(source, target):
    text = Path(source).read_text()
    name = Path(source).name
    for file, fault, place, instead in PLANTS:
        if file != name:
            continue
        if place not in text:
            sys.exit(f"{source}: fault {fault}: expected the text {place!r}, found none; correct PLANTS in {__file__}")
        text = text.replace(place, instead)
    Path(target).write_text(HEAD + text)


if __name__ == "__main__":
    main(*sys.argv[1:])
