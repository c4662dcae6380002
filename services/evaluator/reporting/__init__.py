"""A report in the form in which it is read: on a terminal, by a build server, in a pull request.

What agents answered is outside content: each form shows it as text and nothing else.
"""
