"""Policies on trial: read as the gate reads them, and played against a compromised agent."""
