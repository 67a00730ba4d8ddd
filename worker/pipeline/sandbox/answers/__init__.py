"""What the decode process may say to its parent: bytes of a fixed form, never objects.

The process may be taken over by the file that it opens, so its parent believes an answer only as far as its
form goes: every value has the type and lies within the bounds that the question gives it, and nothing is
unpickled.
"""
