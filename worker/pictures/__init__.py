"""Pictures that strangers send, read in a confined process that lives for one of them.

The parent (`reader`) writes the file into one pipe, and takes a few numbers and a JPEG out of another. It
decodes and unpickles nothing, needs no Pillow, and outlives whatever the file does to the child (`serve`,
`decode`).
"""
