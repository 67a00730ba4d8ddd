"""Tests on platforms that show one picture: each variant is shown to all viewers for whole days.

A day is a slot; as many slots in a row as there are variants are a block, in which each is shown once, in an
order that a coin decides. `drawing` makes the slots, `turning` shows their pictures and says which days
count, `counting` reads the platform's numbers, `judging` says what they prove, `power` what they can prove.
"""
