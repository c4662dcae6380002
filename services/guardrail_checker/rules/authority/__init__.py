"""By whose authority a call acts: where its values come from, and what Cedar makes of that."""

from .cedar import CedarPolicies, PolicyError, Ruling, policies_of
from .standing import Standing, standing_of

__all__ = ["CedarPolicies", "PolicyError", "Ruling", "Standing", "policies_of", "standing_of"]
