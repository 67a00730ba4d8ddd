"""The receiver: verify a webhook, record it, answer. Imports nothing heavy."""
