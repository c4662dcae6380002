"""The decisions of the ledger, in the order a call meets them. Pure: no clock, no I/O.

`request` (is it still wanted), `offer` and `tariff` (what may it cost), `budgets` (who pays),
`settlement` (what did it cost), `ending` (what does an ended run still owe); `calls` (the same of a
tool that has a price).
"""
