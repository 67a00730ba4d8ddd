"""The judge: asks a vision-language model which pictures are at fault, and which one an editor would show.

It is optional, and off until JUDGE_URL is set. Its say is what it was measured to be worth; it never fails a
job, and never waits longer than JUDGE_TIMEOUT_S. docs/judge.md is its page.
"""
