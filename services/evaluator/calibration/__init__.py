"""How far a jury may be believed: its verdicts against the labels that people gave.

`labels` (what people say), `canaries` (hostile cases that every calibration has), `making` (a card
from both), `card` (its shape and its file), `trust` (when it holds, and the rates it corrects).
"""
