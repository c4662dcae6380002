"""`interlock doctor`: looks at every part of an installation, and names cause and remedy.

A file a subject; each has one `look_at_...`, which asks, and judges, which are given what was
found. `examination` is the list of them, `installation` what they look at, `check` holds each to
its limit, `report` prints. Nothing is changed by looking.
"""
