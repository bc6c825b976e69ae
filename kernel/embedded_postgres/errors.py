"""The one error of the launcher."""

import errno


class CannotStart(Exception):
    """There is no private database; the message tells the operator why, plainly and in both languages."""

    def __init__(self, chinese: str, english: str) -> None:
        super().__init__(f"{chinese}\n{english}")


def from_output(chinese: str, english: str, output: str) -> CannotStart:
    """A CannotStart that ends with what PostgreSQL said last, or gives the plain reason when it is known."""
    if "No space left on device" in output:
        return no_space()
    said = [line for line in output.splitlines() if line.strip() and "hint:" not in line.lower()]
    last = " | ".join(said[-2:])
    return CannotStart(f"{chinese}PostgreSQL 的说明：{last}", f"{english} PostgreSQL says: {last}")


def from_system(refused: OSError) -> CannotStart:
    """A CannotStart for what the operating system would not do."""
    if refused.errno == errno.ENOSPC:
        return no_space()
    where = refused.filename or ""
    return CannotStart(
        f"数据库无法启动，系统拒绝操作 {where}：{refused.strerror}。",
        f"The database cannot be started; the system refused {where}: {refused.strerror}.",
    )


def no_space() -> CannotStart:
    """The disk is full."""
    return CannotStart(
        "磁盘空间不足，数据库无法启动；请先清理空间。",
        "There is not enough disk space for the database; free some and start again.",
    )
