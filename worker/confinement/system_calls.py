"""The system calls that a decode process may make, and their numbers on both processors.

Measured with strace while the process worked on every kind of file that the tests know, from `confine` to its
end. Added are what other versions of the C library make in place of these, and what only an accident needs:
an abort, a stop by a signal, a clock that the kernel does not share. Numbers are those of the kernel's
arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h (ARM64). The latter were compared
with that file, but never tried on such a machine.
"""

from __future__ import annotations

import mmap
import os
from typing import NamedTuple


class Condition(NamedTuple):
    """When a call with this name is allowed: an argument, cut to some bits, is one of these values."""

    argument: int  #: its place, from 0; its low 32 bits are looked at, which are all that these calls use
    mask: int
    values: tuple[int, ...]


class Call(NamedTuple):
    """One system call that is allowed."""

    x86_64: int | None  #: its number; None where the processor has no such call
    arm64: int | None
    condition: Condition | None = None


_ALL_BITS = 0xFFFFFFFF

# Opening for reading only: neither O_WRONLY, O_RDWR nor what makes, empties or extends a file.
_TO_READ = (os.O_ACCMODE | os.O_CREAT | os.O_TRUNC | os.O_APPEND, (os.O_RDONLY,))
# Memory is not written and run at once. FFmpeg's swscale writes code first, to change a picture's width.
_WRITE_AND_RUN = mmap.PROT_WRITE | mmap.PROT_EXEC
_NOT_BOTH = Condition(2, _WRITE_AND_RUN, (0, mmap.PROT_WRITE, mmap.PROT_EXEC))
# <linux/sched.h>: CLONE_THREAD, without any flag that begins a new namespace (CLONE_NEW...).
_CLONE_THREAD = 0x00010000
_THREADS_ONLY = Condition(0, _CLONE_THREAD | 0x7E020080, (_CLONE_THREAD,))
# Whether a file is a terminal, which Python asks of each (TCGETS); FIONCLEX, FIOCLEX.
_IOCTLS = Condition(1, _ALL_BITS, (0x5401, 0x5450, 0x5451))
# F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC; not F_SETOWN, which sends signals to others.
_FCNTLS = Condition(1, _ALL_BITS, (0, 1, 2, 3, 4, 1030))
# PR_SET_NAME (FFmpeg names its threads), PR_GET_NAME; for `barriers` PR_GET_PDEATHSIG, PR_GET_NO_NEW_PRIVS.
_PRCTLS = Condition(0, _ALL_BITS, (15, 16, 2, 39))


def allowed_calls(process_id: int) -> list[Call]:
    """List the calls that a decode process with this id may make; those with conditions come first."""
    itself = Condition(0, _ALL_BITS, (process_id,))
    return [
        Call(9, 222, _NOT_BOTH),  # mmap
        Call(10, 226, _NOT_BOTH),  # mprotect
        Call(257, 56, Condition(2, *_TO_READ)),  # openat
        Call(2, None, Condition(1, *_TO_READ)),  # open
        Call(16, 29, _IOCTLS),  # ioctl
        Call(72, 25, _FCNTLS),  # fcntl
        Call(56, 220, _THREADS_ONLY),  # clone
        Call(157, 167, _PRCTLS),  # prctl
        Call(302, 261, Condition(0, _ALL_BITS, (0, process_id))),  # prlimit64
        Call(62, 129, itself),  # kill
        Call(234, 131, itself),  # tgkill, by which a process ends itself (abort)
        *_ANY_ARGUMENTS,
    ]


_ANY_ARGUMENTS = (
    # Files that are open, and facts about those that are not.
    Call(0, 63),  # read
    Call(17, 67),  # pread64
    Call(1, 64),  # write
    Call(3, 57),  # close
    Call(8, 62),  # lseek
    Call(33, None),  # dup2
    Call(None, 24),  # dup3
    Call(217, 61),  # getdents64
    Call(4, None),  # stat
    Call(5, 80),  # fstat
    Call(6, None),  # lstat
    Call(262, 79),  # newfstatat
    Call(21, None),  # access
    Call(None, 48),  # faccessat
    Call(89, None),  # readlink
    Call(None, 78),  # readlinkat
    Call(79, 17),  # getcwd
    # Waiting.
    Call(7, None),  # poll
    Call(None, 73),  # ppoll
    Call(35, 101),  # nanosleep
    Call(230, 115),  # clock_nanosleep
    Call(219, 128),  # restart_syscall
    # Memory.
    Call(11, 215),  # munmap
    Call(12, 214),  # brk
    Call(25, 216),  # mremap
    Call(28, 233),  # madvise
    # Threads and signals of its own.
    Call(202, 98),  # futex
    Call(24, 124),  # sched_yield
    Call(204, 123),  # sched_getaffinity
    Call(273, 99),  # set_robust_list
    Call(334, 293),  # rseq
    Call(13, 134),  # rt_sigaction
    Call(14, 135),  # rt_sigprocmask
    Call(15, 139),  # rt_sigreturn
    Call(60, 93),  # exit
    Call(231, 94),  # exit_group
    # Who and when.
    Call(39, 172),  # getpid
    Call(110, 173),  # getppid
    Call(186, 178),  # gettid
    Call(102, 174),  # getuid
    Call(63, 160),  # uname
    Call(99, 179),  # sysinfo
    Call(98, 165),  # getrusage
    Call(96, 169),  # gettimeofday
    Call(228, 113),  # clock_gettime
    Call(229, 114),  # clock_getres
    Call(318, 278),  # getrandom
    # What it gives up later (see `confine.seal`).
    Call(125, 90),  # capget
    Call(126, 91),  # capset
    Call(444, 444),  # landlock_create_ruleset
    Call(445, 445),  # landlock_add_rule
    Call(446, 446),  # landlock_restrict_self
)
