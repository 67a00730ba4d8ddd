"""What the pages show and do, without a page: lists of assets, one asset, and what people decide there.

Every act names who acts, checks that they may, and leaves a line in the audit.
"""
