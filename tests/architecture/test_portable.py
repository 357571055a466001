"""What POSIX alone has stands where other systems are thought of."""

import ast
from pathlib import Path

import voxframe

PACKAGE = Path(voxframe.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

# What Windows lacks, or does otherwise, and where it is guarded.
GUARDED = {
    "fcntl": {"_dataset/disk.py"},
    "os.register_at_fork": {"_forks.py"},
    # With the seconds that a clock shows: Windows' own functions end in the year 3000.
    "datetime.fromtimestamp": {
        "_dataset/manifest.py", "_http/retry.py", "_read/reader.py", "_sync.py",
        "emulator/_generate.py", "emulator/_query.py", "emulator/_time.py",
    },
}  # fmt: skip
POSIX_MODULES = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
POSIX_NAMES = {
    "os": "O_CLOEXEC O_DIRECTORY O_NOFOLLOW O_NONBLOCK O_SYNC chown chroot fchmod fchown fdatasync "
    "fork forkpty getegid geteuid getgid getloadavg getpgid getpgrp getsid getuid initgroups "
    "killpg kill lchown mkfifo mknod nice openpty posix_spawn pread preadv pwrite pwritev "
    "register_at_fork sched_getaffinity sendfile setgid setpgid setpriority setsid setuid statvfs "
    "sync sysconf tcgetpgrp uname wait wait3 wait4 waitid waitpid",
    "signal": "SIGALRM SIGCHLD SIGHUP SIGKILL SIGPIPE SIGQUIT SIGTSTP SIGUSR1 SIGUSR2 SIGWINCH "
    "alarm pause pthread_kill pthread_sigmask setitimer sigwait siginterrupt",
    "time": "tzset clock_gettime CLOCK_MONOTONIC CLOCK_REALTIME pthread_getcpuclockid",
    "socket": "AF_UNIX MSG_DONTWAIT MSG_NOSIGNAL SO_REUSEPORT TCP_USER_TIMEOUT recvmsg sendmsg",
    "select": "poll epoll kqueue",
    "datetime": "fromtimestamp",
    # A second opening of it by its name is refused on Windows.
    "tempfile": "NamedTemporaryFile",
}
_NAMES = {f"{module}.{name}" for module, names in POSIX_NAMES.items() for name in names.split()}
_TEXT = {"read_text", "write_text", "TextIOWrapper"}


def _place(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _used(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found.add(f"{node.value.id}.{node.attr}")
    return found & (POSIX_MODULES | _NAMES)


def test_what_posix_alone_has_stands_where_it_is_guarded() -> None:
    used = {name: {_place(p) for p in MODULES if name in _used(_tree(p))} for name in GUARDED}
    assert used == GUARDED
    assert {name for path in MODULES for name in _used(_tree(path))} == set(GUARDED)


def _opens_text(node: ast.AST) -> bool:
    """Return whether a call opens text in whatever encoding the machine has."""
    if not isinstance(node, ast.Call) or any(k.arg == "encoding" for k in node.keywords):
        return False
    if isinstance(node.func, ast.Name):
        modes = node.args[1:2]
        return node.func.id == "open" and (not modes or "b" not in ast.unparse(modes[0]))
    name = getattr(node.func, "attr", "")
    # A path's own `open`: that of the os module, a browser or a link takes something else first.
    mode = ast.unparse(node.args[0]).strip("'") if node.args else "r"
    return name in _TEXT or (name == "open" and set(mode) <= set("rwxa+t"))


def test_text_is_opened_in_an_encoding_that_is_named() -> None:
    opened = [
        (_place(path), node.lineno)
        for path in MODULES
        for node in ast.walk(_tree(path))
        if _opens_text(node)
    ]
    assert opened == []


def test_what_is_found() -> None:
    """The rules themselves, on what they are against."""
    found = ast.parse("import pwd, os, tempfile\nos.fork()\nfrom signal import SIGKILL\n")
    assert _used(found) == {"pwd", "os.fork", "signal.SIGKILL"}
    calls = {
        "open('a')": True, "open('a', 'w')": True, "open('a', 'rb')": False,
        "p.open()": True, "p.open('w')": True, "p.open('rb+')": False,
        "p.open('w', encoding='utf-8')": False, "os.open(path, flags)": False,
        "p.read_text()": True, "p.write_text('x', encoding='utf-8')": False,
    }  # fmt: skip
    assert {call: _opens_text(ast.parse(call, mode="eval").body) for call in calls} == calls
