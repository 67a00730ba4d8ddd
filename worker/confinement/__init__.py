"""What a process gives up before it opens a stranger's file, and how such a process is started.

Two kinds are: the decoder of videos (`worker.pipeline.sandbox`) and the reader of people's own pictures
(`worker.choices`). Also counts the cores that a container leaves a process (`cores`). Needs nothing but
Python and the kernel, as it is loaded before all else.
"""
