"""The pages on which people see what was picked and why, choose, and keep their videos' pictures in order.

A program and an origin of its own, so that nothing here slows or endangers the webhooks. Routes read a
request, ask `worker.review` and `worker.people`, and show the answer; they decide nothing.
"""
