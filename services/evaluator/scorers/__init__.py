"""What a finished run scores, by each kind of scorer, cheapest first. Pure: a run in, a result out.

`text` (what it answered), `trajectory` (what it called), `world` (what it changed), `limits` (what
it took), `assertions` (by the names that agents list).
"""
