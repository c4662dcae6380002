"""`interlock eval`: suites tried on a running platform, compared, gated and reported.

`plan` (which trials), `forecast` (what they cost), `folder` (what is kept), `purse` (the budget),
`driving` (many at once), `asking` (one trial), `commands` (what people type).
"""
