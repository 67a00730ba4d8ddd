"""The program that viewers' browsers talk to: it shows the variants of tests, and counts what was seen.

It is apart from the receiver, so that no flood of viewers holds a webhook up.
"""
