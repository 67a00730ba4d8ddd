"""What people do on the pages, for programs: JSON at /api/v1/, for whoever shows a token.

An application of its own beside the pages. It reads no cookie, so no other site can send a request in
somebody's name, and there is no forged form to think of; the pages in turn read no token. It sends no headers
of CORS: a token is a program's secret, and belongs into no browser.
"""
