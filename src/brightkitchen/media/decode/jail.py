"""What the decode worker takes away from itself before it touches a byte from a camera (SECURITY.md §3 row 5).

The system call filter is an allow-list: reading and writing what is already open, memory, clocks and leaving. There is no open, socket,
exec, clone, ptrace, kill or prctl in it; whatever is not listed answers EPERM. New memory is never executable.

Rules of this file: nothing is imported late (after `enter_jail` no file can be opened); every step that the host may legitimately
refuse (no root: no change of user, no own network) is reported, the filter itself is not optional.
"""

import ctypes
import os
import platform
import resource
import struct
from typing import Final

_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_SET_SECCOMP: Final = 22
_PR_SET_DUMPABLE: Final = 4
_SECCOMP_MODE_FILTER: Final = 2
_CLONE_NEWNET: Final = 0x40000000
_PROT_EXEC: Final = 4
_EPERM: Final = 1

_RET_ALLOW: Final = 0x7FFF0000
_RET_ERRNO: Final = 0x00050000
_RET_KILL_PROCESS: Final = 0x80000000

# struct seccomp_data: nr at 0, arch at 4, args[2] (the protection of mmap and mprotect) at 32, low half first.
_OFFSET_NR: Final = 0
_OFFSET_ARCH: Final = 4
_OFFSET_PROT: Final = 32
_LD_ABS: Final = 0x20
_JEQ: Final = 0x15
_JSET: Final = 0x45
_RET: Final = 0x06

_NOBODY: Final = 65534
_MEMORY_BYTES: Final = 1024**3

# Numbers from the kernel's asm/unistd_64.h and asm-generic/unistd.h.
_X86_64: Final = {
    "read": 0,
    "write": 1,
    "close": 3,
    "fstat": 5,
    "poll": 7,
    "lseek": 8,
    "munmap": 11,
    "brk": 12,
    "rt_sigaction": 13,
    "rt_sigprocmask": 14,
    "rt_sigreturn": 15,
    "readv": 19,
    "writev": 20,
    "sched_yield": 24,
    "mremap": 25,
    "madvise": 28,
    "nanosleep": 35,
    "getpid": 39,
    "exit": 60,
    "gettimeofday": 96,
    "getrusage": 98,
    "sigaltstack": 131,
    "gettid": 186,
    "futex": 202,
    "sched_getaffinity": 204,
    "restart_syscall": 219,
    "clock_gettime": 228,
    "clock_nanosleep": 230,
    "exit_group": 231,
    "set_robust_list": 273,
    "getrandom": 318,
    "membarrier": 324,
    "rseq": 334,
}
_X86_64_PROTECTED: Final = {"mmap": 9, "mprotect": 10}
_AARCH64: Final = {
    "close": 57,
    "lseek": 62,
    "read": 63,
    "write": 64,
    "readv": 65,
    "writev": 66,
    "ppoll": 73,
    "fstat": 80,
    "exit": 93,
    "exit_group": 94,
    "futex": 98,
    "set_robust_list": 99,
    "nanosleep": 101,
    "clock_gettime": 113,
    "clock_nanosleep": 115,
    "sched_getaffinity": 123,
    "sched_yield": 124,
    "restart_syscall": 128,
    "sigaltstack": 132,
    "rt_sigaction": 134,
    "rt_sigprocmask": 135,
    "rt_sigreturn": 139,
    "getrusage": 165,
    "gettimeofday": 169,
    "getpid": 172,
    "gettid": 178,
    "brk": 214,
    "munmap": 215,
    "mremap": 216,
    "madvise": 233,
    "getrandom": 278,
    "membarrier": 283,
    "rseq": 293,
}
_AARCH64_PROTECTED: Final = {"mmap": 222, "mprotect": 226}
_MACHINES: Final = {
    "x86_64": (0xC000003E, _X86_64, _X86_64_PROTECTED),
    "aarch64": (0xC00000B7, _AARCH64, _AARCH64_PROTECTED),
}


class JailError(Exception):
    """The jail cannot be built here; the worker must not run."""


def enter_jail(*, most_open: int = 3, most_file_bytes: int = 0) -> tuple[str, ...]:
    """Give up everything but the open pipes 0, 1 and 2; return what is in force. Call once, with one thread, after the warm-up.

    most_open: how many of the lowest descriptors stay open; who keeps more than 3 was handed files by its parent.
    most_file_bytes: how large a file may become that is open for writing.
    raises: JailError if this machine has no filter for system calls that we know.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    program = _build_filter(platform.machine())
    in_force = []
    os.closerange(most_open, 65536)
    if libc.unshare(_CLONE_NEWNET) == 0:
        in_force.append("netns")
    _limit_resources(most_open, most_file_bytes)
    in_force.append("rlimits")
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
        in_force.append("nobody")
    _call_prctl(libc, _PR_SET_DUMPABLE, 0)
    _call_prctl(libc, _PR_SET_NO_NEW_PRIVS, 1)
    in_force.append("no_new_privs")
    code = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(code))
    _call_prctl(libc, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.create_string_buffer(header, len(header)))
    in_force.append("seccomp")
    return tuple(in_force)


def _limit_resources(most_open: int, most_file_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_open, most_open))
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_file_bytes, most_file_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))


def _call_prctl(libc: ctypes.CDLL, option: int, *arguments: object) -> None:
    padded = [ctypes.c_ulong(a) if isinstance(a, int) else a for a in (*arguments, 0, 0, 0, 0)[:4]]
    if libc.prctl(ctypes.c_int(option), *padded) != 0:
        raise JailError(f"prctl {option}: {os.strerror(ctypes.get_errno())}")


def _build_filter(machine: str) -> bytes:
    """Return the BPF program: wrong architecture → kill; listed → allow; mmap and mprotect without exec → allow; else EPERM."""
    if machine not in _MACHINES:
        raise JailError(f"no list of system calls for {machine}")
    arch, plain, protected = _MACHINES[machine]
    deny = _build_instruction(_RET, _RET_ERRNO | _EPERM)
    allow = _build_instruction(_RET, _RET_ALLOW)
    program = [
        _build_instruction(_LD_ABS, _OFFSET_ARCH),
        _build_instruction(_JEQ, arch, if_true=1),
        _build_instruction(_RET, _RET_KILL_PROCESS),
        _build_instruction(_LD_ABS, _OFFSET_NR),
    ]
    for number in plain.values():
        program += [_build_instruction(_JEQ, number, if_false=1), allow]
    for number in protected.values():
        program += [
            _build_instruction(_JEQ, number, if_false=4),
            _build_instruction(_LD_ABS, _OFFSET_PROT),
            _build_instruction(_JSET, _PROT_EXEC, if_true=1),
            allow,
            deny,
        ]
    return b"".join((*program, deny))


def _build_instruction(code: int, k: int, *, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("<HBBI", code, if_true, if_false, k)
