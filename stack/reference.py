"""The reference pages that are written from the code: every error code, every setting."""

from pathlib import Path

from gateway.settings import Settings as GatewaySettings
from kernel.errors import family
from kernel.settings import Settings
from services.auth.settings import Settings as AuthSettings
from services.progress.settings import Settings as ProgressSettings
from services.targets.settings import Settings as TargetsSettings

DOCS = Path(__file__).resolve().parents[1] / "docs"
SERVICES: dict[str, type[Settings]] = {
    "auth": AuthSettings,
    "targets": TargetsSettings,
    "progress": ProgressSettings,
    "gateway": GatewaySettings,
}
_RUN = """| `ZHIBIAO_HOME` | `.data` | Folder of the private database, secrets and logs |
| `ZHIBIAO_PORT` | `8000` | Port of the gateway |
| `ZHIBIAO_ADMIN_NAME` | `admin` | Sign-in name of the first administrator |
| `ZHIBIAO_ADMIN_PASSWORD` | generated, shown once | Password of the first administrator |
| `DATABASE_URL` | a private PostgreSQL | Database to use instead of the private one |
| `ZHIBIAO_SECRETS_DIR` | none | Folder of secret files, each named like its variable in lower case |
"""


def errors_page() -> str:
    """docs/errors.md: a line for each code."""
    rows = sorted({(e.status, e.code, e.title().zh, e.title().en) for e in family()})
    lines = [
        "# 错误代码 · Error codes",
        "",
        "每个错误都是 `application/problem+json`；`code` 供程序判断，`title` 按 Accept-Language 给出，`trace_id` 用于反馈。",
        "Every error is `application/problem+json`: act on `code`, show `title`, quote `trace_id`.",
        "",
        "| status | code | 中文 | English |",
        "| ---: | --- | --- | --- |",
        *(f"| {status} | `{code}` | {zh} | {en} |" for status, code, zh, en in rows),
    ]
    return "\n".join(lines) + "\n"


def settings_page() -> str:
    """docs/settings.md: every variable of every process."""
    parts = [
        "# 设置 · Settings\n",
        "Written from the code by `make docs`; a misspelt or missing variable stops the start.\n",
    ]
    parts.append("## make run\n\n| variable | default | meaning |\n| --- | --- | --- |\n" + _RUN)
    for name, cls in SERVICES.items():
        parts.append(f"## {name}\n\n| variable | default | meaning |\n| --- | --- | --- |\n" + _rows(cls))
    return "\n".join(parts)


def _rows(cls: type[Settings]) -> str:
    prefix = str(cls.model_config.get("env_prefix", ""))
    rows = [
        f"| `{(prefix + name).upper()}` | {'required' if field.is_required() else f'`{field.default}`'} "
        f"| {field.description} |\n"
        for name, field in cls.model_fields.items()
    ]
    return "".join(rows)


def pages() -> dict[Path, str]:
    """Every page with what it should say."""
    return {DOCS / "errors.md": errors_page(), DOCS / "settings.md": settings_page()}


def main() -> None:
    """Write the pages."""
    for path, content in pages().items():
        path.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
