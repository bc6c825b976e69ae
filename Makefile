# 指标 / Zhibiao: one command from a fresh clone to a running system. Nothing is installed outside this folder.

# Tried in this order; the first one that fits is used (PY=/path/to/python chooses another).
PY      ?= python3 python3.13 python3.12 python3.14 python3.11
VENV    ?= .venv
UV_PIN  := 0.13.9
BIN     := $(VENV)/bin
UV      := $(BIN)/uv
MADE    := $(VENV)/.made
READY   := $(VENV)/.run
DEV     := $(VENV)/.dev
ROOM_MB := 800

# Chinese files and messages must not depend on the terminal's locale.
export PYTHONUTF8 ?= 1

.DEFAULT_GOAL := help
.PHONY: docs help run demo test lint types lock openapi bench clean
.DELETE_ON_ERROR:

##@ 使用 / Use

run: $(READY) ## 启动整个系统 / start everything (database, services, gateway)
	@$(BIN)/python -m stack up

demo: $(READY) ## 用示例数据走一遍业务 / walk through the work on sample data
	@$(BIN)/python -m zhibiao demo

##@ 开发 / Develop

test: $(DEV) ## 规范、类型、测试 / lint, types and the tests, each with its time and budget
	@failed=0; summary=; \
	part() { \
	  name=$$1; budget=$$2; shift 2; printf '\n== %s\n' "$$name"; began=$$(date +%s); \
	  if "$$@"; then verdict='通过 ok'; else verdict='失败 FAILED'; failed=1; fi; \
	  took=$$(( $$(date +%s) - began )); \
	  [ $$took -le $$budget ] || verdict="$$verdict, 超出预算 over budget"; \
	  summary="$$summary$$(printf '%-14s %5s s / %s s  %s' "$$name" "$$took" "$$budget" "$$verdict")|"; \
	}; \
	part lint 20 $(BIN)/ruff check; \
	part types 120 $(BIN)/mypy; \
	part tests 900 $(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS); \
	printf '\n== 用时 / 预算  time / budget\n'; printf '%s' "$$summary" | tr '|' '\n'; exit $$failed

lint: $(DEV) ## 检查代码规范 / ruff
	@$(BIN)/ruff check $(ARGS)

types: $(DEV) ## 检查类型 / mypy strict
	@$(BIN)/mypy $(ARGS)

openapi: $(READY) ## 重新生成接口文档 / write the OpenAPI documents and JSON Schemas again
	@$(BIN)/python -m stack openapi

docs: $(READY) ## 重新生成错误代码与设置页 / write the pages of errors and settings again
	@$(BIN)/python -m stack.reference

bench: $(DEV) ## 性能对比 / benchmarks
	@$(BIN)/python -m bench $(ARGS)

##@ 维护 / Maintain

lock: $(MADE) ## 重新锁定依赖 / lock the dependencies again (UPGRADE=--upgrade for newer ones)
	@eval "$$($(BIN)/python -c "$$ASK_PIP")"; set -e; \
	lock() { out=$$1; shift; $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-annotate $(UPGRADE) "$$@" pyproject.toml -o "$$out"; }; \
	lock requirements.txt; \
	lock requirements-dev.txt --group dev -c requirements.txt
	@! grep -nE 'https?://|index-url|find-links' requirements.txt requirements-dev.txt

clean: ## 删除环境和缓存，不动数据 / remove the environment and caches, never the data
	@rm -rf '$(VENV)' .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## 列出命令 / this list
	@printf '指标 Zhibiao\n'
	@awk '/^##@/ { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z]+:/ && (at = index($$0, " ## ")) { \
	    printf "  make %-8s %s\n", substr($$0, 1, index($$0, ":") - 1), substr($$0, at + 4) }' Makefile
	@printf '\n%s\n' '环境变量 / Environment'
	@printf '  %-24s %s\n' \
	  ZHIBIAO_HOME '数据目录，默认 .data / where data are kept, .data unless set' \
	  ZHIBIAO_PORT '端口，默认 8000 / port, 8000 unless set' \
	  ZHIBIAO_ADMIN_NAME '首个管理员的名字 / name of the first administrator' \
	  ZHIBIAO_ADMIN_PASSWORD '首个管理员的密码 / password of the first administrator' \
	  PY 'make 用的 Python / the Python to use, 3.11–3.14'

# --- installing: stamp files, so that a second run installs nothing and asks nobody ---------------------------

# uv does not read pip's settings; this hands them over, so that a machine behind a mirror needs no second setup.
# Asked only when something is installed. What is already set for uv wins.
define ASK_PIP
import ast, os, shlex, subprocess, sys

PAIRS = (
    ("index-url", "UV_DEFAULT_INDEX", " "),
    ("extra-index-url", "UV_INDEX", " "),
    ("find-links", "UV_FIND_LINKS", ","),
    ("no-index", "UV_NO_INDEX", " "),
    ("trusted-host", "UV_INSECURE_HOST", " "),
    ("timeout", "UV_HTTP_TIMEOUT", " "),
    ("cert", "SSL_CERT_FILE", " "),
)
listing = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True).stdout
said = {}
for line in listing.splitlines():
    name, _, value = line.partition("=")
    said[name] = str(ast.literal_eval(value)).split()
for theirs, ours, glue in PAIRS:
    words = next((said[s + "." + theirs] for s in (":env:", "install", "global") if s + "." + theirs in said), [])
    if ours == "UV_FIND_LINKS":  # pip passes over folders that are not there, uv stops
        words = [w for w in map(os.path.expanduser, words) if "://" in w or os.path.exists(w)]
    if words and ours not in os.environ:
        print("export", ours + "=" + shlex.quote(glue.join(words)))
        if ours == "UV_INDEX":  # pip takes the best version of all indexes; the hashes say what may be taken
            print("export UV_INDEX_STRATEGY=unsafe-best-match")
endef
export ASK_PIP

NO_PYTHON := 需要 Python 3.11–3.14（用 PY=路径 指定）。/ Zhibiao needs Python 3.11–3.14 (choose one with PY=path).
NO_VENV := 这个 Python 缺少 venv 模块；Debian/Ubuntu 请先执行 apt install python3-venv。/ This Python has no venv \
  module; on Debian or Ubuntu run: apt install python3-venv
NO_ROOM := 磁盘空间不足，安装约需 $(ROOM_MB) MB。/ Not enough disk space: installing takes about $(ROOM_MB) MB.
NO_INSTALL := 安装没有完成：请检查网络（或 pip 的镜像设置）和磁盘空间；环境损坏时先执行 make clean。/ Installing \
  did not finish: check the network (or the mirror pip is told to use) and the disk; if the environment is broken, \
  run make clean first.

# $(1): arguments of "pip install". uv is five times faster; pip does the same when uv has no build for a machine.
install = { [ -x $(UV) ] && $(UV) pip install --quiet --compile-bytecode --python $(BIN)/python $(1); } \
  || $(BIN)/python -m pip install --quiet --disable-pip-version-check $(1) \
  || { printf '%s\n' '$(NO_INSTALL)' >&2; exit 1; }

$(MADE):
	@python=; why='$(NO_PYTHON)'; \
	for each in $(PY); do \
	  "$$each" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null || continue; \
	  if "$$each" -c 'import venv, ensurepip' 2>/dev/null; then python=$$each; break; fi; \
	  why='$(NO_VENV)'; \
	done; \
	if [ -z "$$python" ]; then printf '%s\n' "$$why" >&2; exit 1; fi; \
	free=$$(df -Pk . | awk 'NR == 2 { print int($$4 / 1024) }'); \
	if [ "$${free:-$(ROOM_MB)}" -lt $(ROOM_MB) ]; then printf '%s\n' '$(NO_ROOM)' >&2; exit 1; fi; \
	printf '%s\n' '首次安装，约需半分钟… / Installing for the first time, about half a minute…' >&2; \
	"$$python" -m venv '$(VENV)' || { printf '%s\n' '$(NO_INSTALL)' >&2; exit 1; }; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv==$(UV_PIN)' || true
	@touch $@

$(READY): requirements.txt pyproject.toml | $(MADE)
	@eval "$$($(BIN)/python -c "$$ASK_PIP")"; \
	$(call install,--require-hashes -r requirements.txt); \
	$(call install,--no-deps --no-build-isolation -e .)
	@touch $@

$(DEV): requirements-dev.txt $(READY)
	@eval "$$($(BIN)/python -c "$$ASK_PIP")"; \
	$(call install,--require-hashes -r requirements-dev.txt)
	@touch $@
