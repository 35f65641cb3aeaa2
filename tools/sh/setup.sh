# Sourced by ./run and ./test: finds Python, makes .venv, installs the locked packages, builds the page.
# POSIX sh. Sets PY (the environment's Python). Says what it does; every failure is one sentence and an exit.

# say ZH EN, fail ZH EN: the sentence in the terminal's language.
case "${LC_ALL:-${LC_MESSAGES:-${LANG:-}}}" in zh*) TONGUE=zh ;; *) TONGUE=en ;; esac
say() { if [ $TONGUE = zh ]; then printf '%s\n' "$1"; else printf '%s\n' "$2"; fi; }
fail() { { printf '\n'; say "$1" "$2"; } >&2; exit 1; }

find_python() {
    for name in "${BK_PYTHON:-}" python3.13 python3.12 python3.11 python3 python; do
        [ -n "$name" ] || continue
        command -v "$name" >/dev/null 2>&1 || continue
        if "$name" -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 13) else 1)' 2>/dev/null; then
            command -v "$name"
            return 0
        fi
    done
    return 1
}

is_debian_root() { [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; }

apt_install() {
    DEBIAN_FRONTEND=noninteractive apt-get update -qq >/dev/null 2>&1 || true
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >"$ROOT/.cache/apt.log" 2>&1 \
        || fail "apt-get没有装上：$*。最后的提示：$(tail -n 2 "$ROOT/.cache/apt.log" | tr '\n' ' ')" \
            "apt-get could not install: $*. Its last words: $(tail -n 2 "$ROOT/.cache/apt.log" | tr '\n' ' ')"
}

# need_python: a Python with venv and pip, or one clear sentence.
need_python() {
    if ! PYTHON=$(find_python); then
        if is_debian_root; then
            say "没有找到Python，正在用apt安装……" "Python is missing; installing it with apt ..."
            apt_install python3 python3-venv python3-pip
            PYTHON=$(find_python) || fail "本系统的Python版本不合适，明厨云需要3.11、3.12或3.13。" "This system's Python is too old or too new: BrightKitchen needs 3.11, 3.12 or 3.13."
        else
            fail "需要Python 3.11、3.12或3.13，但没有找到。在Debian或Ubuntu上请运行：sudo apt-get install python3 python3-venv python3-pip" \
                "Python 3.11, 3.12 or 3.13 is needed and was not found. On Debian or Ubuntu run:  sudo apt-get install python3 python3-venv python3-pip"
        fi
    fi
    if ! "$PYTHON" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        version=$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        if is_debian_root; then
            say "Python缺少venv模块，正在用apt安装……" "Python has no venv module; installing it with apt ..."
            apt_install "python${version}-venv"
            "$PYTHON" -c 'import ensurepip, venv' >/dev/null 2>&1 || fail "安装python${version}-venv后仍缺少venv模块。" "Python $version still has no venv module after installing python${version}-venv."
        else
            fail "Python ${version}缺少venv模块，请运行：sudo apt-get install python${version}-venv" "Python $version has no venv module. Run:  sudo apt-get install python${version}-venv"
        fi
    fi
}

need_room() {
    free_kib=$(df -Pk "$ROOT" | awk 'NR==2 {print $4}')
    [ "${free_kib:-0}" -ge "$1" ] || fail "磁盘空间不足：${ROOT}只剩$((free_kib / 1024)) MiB，安装需要$(($1 / 1024)) MiB。请清理后重新启动。" \
        "The disk is full: $((free_kib / 1024)) MiB are free in $ROOT and the installation needs $(($1 / 1024)) MiB. Make room and start again."
}

hash_of() { sha256sum "$@" 2>/dev/null | sha256sum | cut -c1-32; }

page_sources() {
    find "$ROOT/ui" -type f \( -path '*/node_modules/*' -prune -o -print \) 2>/dev/null | grep -v '/node_modules/' | LC_ALL=C sort
    printf '%s\n' "$ROOT/pyproject.toml" "$ROOT/tools/build_ui_hook.py"
}

# set_up LOCK: environment, packages of LOCK, page. Does nothing (in well under a second) when all is as it was.
set_up() {
    lock=$1
    VENV=${BK_VENV:-$ROOT/.venv}
    PY=$VENV/bin/python
    mkdir -p "$ROOT/.cache"
    packages_stamp=$(hash_of "$lock")
    # shellcheck disable=SC2046
    page_stamp=$(hash_of $(page_sources))

    if [ ! -x "$PY" ] || ! "$PY" -c '' 2>/dev/null; then
        need_python
        need_room 2097152
        say "[1/3] 正在建立Python环境${VENV}……" "[1/3] Making the Python environment in $VENV ..."
        "$PYTHON" -m venv --clear "$VENV" || fail "无法在${VENV}建立Python环境。" "The Python environment could not be made in $VENV."
    fi
    if [ "$(cat "$VENV/.packages-$(basename "$lock")" 2>/dev/null)" != "$packages_stamp" ]; then
        need_room 1048576
        say "[2/3] 正在安装依赖包（第一次约需一分钟）……" "[2/3] Installing the locked packages (a minute or so the first time) ..."
        "$PY" -m pip install --disable-pip-version-check --no-input --progress-bar off -qq --require-hashes --only-binary :all: -r "$lock" \
            || fail "依赖包没有装上。请确认能连上Python软件源，重新启动会从中断处继续。" \
                "The packages could not be installed. Is there a connection to a Python package index? Start again to go on where it stopped."
        printf '%s' "$packages_stamp" >"$VENV/.packages-$(basename "$lock")"
    fi
    if [ "$(cat "$VENV/.page" 2>/dev/null)" != "$page_stamp" ] || [ ! -f "$ROOT/src/brightkitchen/web/static/index.html" ]; then
        say "[3/3] 正在编译页面并安装明厨云……" "[3/3] Building the web page and installing BrightKitchen ..."
        "$PY" -m pip install --disable-pip-version-check --no-input --progress-bar off -q --no-build-isolation --no-deps -e "$ROOT" \
            >"$ROOT/.cache/build.log" 2>&1 \
            || fail "页面没有编译成功，原因见.cache/build.log末尾：$(grep -v '^ *$' "$ROOT/.cache/build.log" | tail -n 3 | tr '\n' ' ')" \
                "The web page could not be built. The reason is at the end of .cache/build.log: $(grep -v '^ *$' "$ROOT/.cache/build.log" | tail -n 3 | tr '\n' ' ')"
        printf '%s' "$page_stamp" >"$VENV/.page"
    fi
}
