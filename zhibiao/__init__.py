"""指标 Zhibiao for those who write programs: the Python SDK, and the `zhibiao` command line built on it.

from zhibiao import Zhibiao

with Zhibiao.sign_in("http://127.0.0.1:8000", "login", "password") as client:
    for standing in client.standings.list(plan="jx-2023-2025", holder="360700"):
        print(standing.target_name, standing.status_zh, standing.reason)
"""

from zhibiao.client import Zhibiao
from zhibiao.errors import ApiError, Unreachable, ZhibiaoError
from zhibiao.session import Patience

__all__ = ["ApiError", "Patience", "Unreachable", "Zhibiao", "ZhibiaoError"]
