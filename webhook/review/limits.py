"""What one caller may take of the pages: bytes and seconds."""

#: Of all that is not a picture of somebody whom we know.
MAX_FORM_BYTES = 64 * 1024
#: An OpenID provider may send people back with a code of 2 kB, and what is searched for may have 200 letters.
MAX_LINE_BYTES = 8190

#: A picture of 10 MiB (`worker.choices.own_picture` refuses more as well), and the other fields of its form.
MAX_BODY_BYTES = 10 * 1024 * 1024 + 64 * 1024

#: From the end of a request's head until the answer is there: a picture at 1.5 Mbit/s, as phones send them.
REQUEST_TIMEOUT_S = 60.0
#: Of bodies and answers, of a process: four of the largest bodies, each once more while it is read.
MAX_HELD_BYTES = 80 * 1024 * 1024
