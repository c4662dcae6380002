"""Tools that ship with Interlock. Name a module in `tools.yaml` to offer what it declares."""
