"""Judges: whom a scorer asks, in which words, how an answer is read, and what several come to.

`config` (who they are), `transcript` (what they see of a run), `prompts` (the words), `verdicts`
(what one said), `jury` (what they say together), `asking` (the runs in which they are asked). All
of it is pure: a judge is a run of an agent, and whoever asks submits it.
"""
