"""Figures with error bars: pure functions on scipy, of which reports and gates are made.

`intervals` (how sure is a rate), `skewed` (how sure is a mean of costs or times), `paired` (how
sure is a difference), `power` (what could have been seen), `reliability` (does it work every time),
`agreement` (do two raters agree), `multiplicity` (many questions at once).
"""
