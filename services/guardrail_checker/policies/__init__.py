"""The Cedar policies that come with Interlock, and the schema of what a policy may ask."""

from importlib.resources import files

DEFAULT = files(__package__).joinpath("default.cedar").read_text("utf-8")
SCHEMA = files(__package__).joinpath("context.cedarschema").read_text("utf-8")
