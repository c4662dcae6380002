"""Recorded histories decided again: does this code say what was said?"""
