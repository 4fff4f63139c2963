#!/usr/bin/env bash
# Installs or upgrades Appliance on Debian, and runs its tests. See ./install.sh --help
set -euo pipefail

REPOSITORY=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly REPOSITORY
readonly SWIFT_MINIMUM=6.2
readonly BUILD_PACKAGES=(
  binutils ca-certificates curl g++ gcc git libc6-dev libcrypt-dev libcurl4-openssl-dev libdeflate0 libncurses-dev
  libsqlite3-dev libssl-dev libxml2-dev pkg-config tzdata zlib1g-dev)
readonly TEST_PACKAGES=(sqlite3 curl python3 python3-venv chromium fonts-dejavu-core strace)
readonly TEST_PYTHON=(pytest==9.2.0 playwright==1.65.2 axe-playwright-python==0.1.8 oidc-provider-mock==0.3.4
  schemathesis==4.32.5 openapi-python-client==0.29.1 sqlmap==1.10.10)
readonly READY_SECONDS=60
readonly STOP_SECONDS=60
readonly STEP_MINUTES=40 # a step of the tests that takes longer hangs

action=install
prefix=""
data="$REPOSITORY/data"
backups="$REPOSITORY/backups"
port=8080
start=yes
with_swift=no

usage() {
  cat <<'USAGE'
Installs Appliance, or upgrades it when run again.

  ./install.sh [options]    install missing packages, build, set up, start
  ./install.sh test         install what the tests need and run all of them

  --prefix DIR    copy the binary to DIR/bin/appliance (default: use .build/release/appliance in place)
  --data DIR      the folder that holds all state (default: data/ in this repository)
  --backups DIR   the folder for backups (default: backups/ in this repository)
  --port N        port on 127.0.0.1 (default: 8080)
  --no-start      set up, but do not start the server
  --with-swift    also install the Swift toolchain where it is missing (swiftly, from swift.org)
  --help          this text

Running it again rebuilds, and restarts the server that it started before. The server's log is appliance.log in the data folder.
USAGE
}

say() { printf '==> %s\n' "$*"; }
complain() { printf 'install.sh: %s\n' "$*" >&2; }
fail() { complain "$@" && exit 1; }
wrong_usage() { complain "$1 (see ./install.sh --help)" && exit 2; }

parse_arguments() {
  if [[ ${1:-} == test ]]; then
    action="test"
    shift
  fi
  while (($#)); do
    case $1 in
      --help | -h)
        usage
        exit 0
        ;;
      --no-start) start=no ;;
      --with-swift) with_swift=yes ;;
      --prefix | --data | --backups | --port)
        (($# > 1)) || wrong_usage "$1 needs a value"
        printf -v "${1#--}" %s "$2"
        shift
        ;;
      *) wrong_usage "unknown argument: $1" ;;
    esac
    shift
  done
  if ! [[ $port =~ ^[1-9][0-9]{0,4}$ ]] || ((port > 65535)); then
    wrong_usage "--port must be 1 to 65535"
  fi
  data=$(realpath -m -- "$data")
  backups=$(realpath -m -- "$backups")
  [[ -z $prefix ]] || prefix=$(realpath -m -- "$prefix")
}

# --- packages and the toolchain ---------------------------------------------------------------------------------

as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "this needs root: $*"
  fi
}

is_installed() { [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

install_packages() {
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    say "no apt here: make sure that the equivalents of these Debian packages are installed: $*"
    return
  fi
  local package missing=()
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  ((${#missing[@]} > 0)) || return 0
  say "installing system packages: ${missing[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq -o Dpkg::Use-Pty=0 --no-install-recommends "${missing[@]}"
}

# Prints nothing where there is no swift.
swift_version() { { swift --version 2>/dev/null || true; } | sed -nE '1,/Swift version/s/.*Swift version ([0-9]+\.[0-9]+).*/\1/p'; }

is_at_least() { [[ $(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1) == "$1" ]]; }

require_swift() {
  local found
  if [[ $with_swift == yes ]] && ! command -v swift >/dev/null; then
    install_swift
  fi
  found=$(swift_version)
  if [[ -n $found ]] && is_at_least "$SWIFT_MINIMUM" "$found"; then
    say "Swift $found"
    return
  fi
  cat >&2 <<EXPLAIN
install.sh: Swift $SWIFT_MINIMUM or newer is needed, and ${found:+only version }${found:-none} is on the PATH. Either
  * run ./install.sh --with-swift, which installs it with swiftly into your home folder (when there is none yet), or
  * follow https://www.swift.org/install/linux/ (with swiftly: swiftly install latest && swiftly use latest),
then open a new shell and run ./install.sh again.
EXPLAIN
  exit 1
}

install_swift() {
  local archive folder
  archive="swiftly-$(uname -m).tar.gz"
  folder=$(mktemp -d)
  say "installing Swift with swiftly"
  install_packages gnupg
  curl -fL --progress-bar -o "$folder/$archive" "https://download.swift.org/swiftly/linux/$archive"
  tar -xzf "$folder/$archive" -C "$folder"
  "$folder/swiftly" init --assume-yes --quiet-shell-followup
  rm -rf "$folder"
  # shellcheck source=/dev/null
  . "${SWIFTLY_HOME_DIR:-$HOME/.local/share/swiftly}/env.sh"
  hash -r
}

# --- build and set up -------------------------------------------------------------------------------------------

build_release() {
  say "building the release binary (the first time takes about ten minutes)"
  swift build --package-path "$REPOSITORY" -c release --product appliance
}

# Sets `binary`: the build's own, or the copy below --prefix. The copy replaces a running binary by rename.
place_binary() {
  local built bundle
  built=$(swift build --package-path "$REPOSITORY" -c release --show-bin-path)
  binary="$built/appliance"
  [[ -n $prefix ]] || return 0
  say "copying the binary to $prefix/bin"
  if ! mkdir -p "$prefix/bin" 2>/dev/null || [[ ! -w $prefix/bin ]]; then
    fail "$prefix/bin cannot be written: choose another --prefix or run as root"
  fi
  install -m 0755 "$binary" "$prefix/bin/.appliance.new"
  mv -f "$prefix/bin/.appliance.new" "$prefix/bin/appliance"
  for bundle in "$built"/*.resources; do
    is_needed_bundle "$bundle" && cp -R "$bundle" "$prefix/bin/"
  done
  binary="$prefix/bin/appliance"
}

# A bundle that holds only a privacy manifest serves other platforms.
is_needed_bundle() { [[ -d $1 && -n $(find "$1" -type f ! -name PrivacyInfo.xcprivacy -print -quit) ]]; }

make_folders() {
  say "folders: $data, $backups"
  mkdir -p "$data" "$backups"
  chmod 0700 "$data" "$backups"
}

# Sets `setup_text`: the setup link when no operator has a password yet, else that the folder is set up.
initialise() {
  say "setting up $data"
  setup_text=$(APPLIANCE_PORT=$port "$binary" init --data "$data" --backups "$backups") || fail "appliance init failed: $setup_text"
}

# --- the server -------------------------------------------------------------------------------------------------

# The pid of the server that an earlier run started on this data folder, if it still runs.
running_pid() {
  local pid executable
  pid=$(cat "$data/appliance.pid" 2>/dev/null) || return 1
  [[ $pid =~ ^[0-9]+$ ]] || return 1
  executable=$(readlink "/proc/$pid/exe" 2>/dev/null) || return 1
  executable=${executable% (deleted)}
  [[ ${executable##*/} == appliance ]] || return 1
  tr '\0' '\n' <"/proc/$pid/cmdline" | grep -Fxq -- "$data" || return 1
  printf '%s\n' "$pid"
}

stop_server() {
  local pid tenths
  pid=$(running_pid) || return 0
  say "stopping the running server (process $pid)"
  kill "$pid"
  for ((tenths = 0; tenths < STOP_SECONDS * 10; tenths++)); do
    running_pid >/dev/null || return 0
    sleep 0.1
  done
  fail "process $pid did not stop in $STOP_SECONDS seconds"
}

start_server() {
  say "starting the server (log: $data/appliance.log)"
  setsid nohup "$binary" serve --data "$data" --backups "$backups" --port "$port" \
    >>"$data/appliance.log" 2>&1 </dev/null &
  local pid=$! tenths status=0
  printf '%s\n' "$pid" >"$data/appliance.pid"
  for ((tenths = 0; tenths < READY_SECONDS * 10; tenths++)); do
    kill -0 "$pid" 2>/dev/null || break
    if is_ready && sleep 0.1 && kill -0 "$pid" 2>/dev/null; then
      return 0
    fi
    sleep 0.1
  done
  if kill -0 "$pid" 2>/dev/null; then
    fail "the server (process $pid) is not ready after $READY_SECONDS seconds: see $data/appliance.log"
  fi
  wait "$pid" || status=$?
  rm -f "$data/appliance.pid"
  tail -n 20 "$data/appliance.log" >&2
  ((status != 75)) || fail "another process serves $data; stop it, or restart it to use the new binary"
  fail "the server ended with status $status: see $data/appliance.log"
}

# Asks through bash itself, so that no client has to be installed.
is_ready() {
  local line=""
  {
    exec 3<>"/dev/tcp/127.0.0.1/$port" || return 1
    printf 'GET /api/health/ready HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nConnection: close\r\n\r\n' "$port" >&3
    read -r -t 2 line <&3 || true
    exec 3>&-
  } 2>/dev/null
  [[ $line == *" 200 "* ]]
}

install_appliance() {
  install_packages "${BUILD_PACKAGES[@]}"
  require_swift
  build_release
  place_binary
  make_folders
  stop_server
  initialise
  if [[ $start == no ]]; then
    say "done; start it with: $binary serve --data $data --backups $backups --port $port"
  else
    start_server
    say "Appliance runs at http://127.0.0.1:$port/admin (process $(cat "$data/appliance.pid"))"
  fi
  printf '%s\n' "$setup_text"
}

# --- tests ------------------------------------------------------------------------------------------------------

passed=0
failed=0

run_tests() {
  cd "$REPOSITORY"
  scratch=$(mktemp -d -t a.XXXXXX) # short: the path of a socket below it may have 107 bytes
  mkdir "$scratch/steps"
  trap clean_up EXIT
  trap 'exit 130' INT TERM
  prepare_tests
  test_lint
  test_builds
  if [[ -s $scratch/failures ]]; then
    printf '\n==> what failed, once more\n'
    cat "$scratch/failures"
  fi
  printf '\n%d passed, %d failed\n' "$passed" "$failed"
  ((failed == 0 && passed > 0))
}

clean_up() {
  local group
  for group in "$scratch"/steps/*; do
    kill -- "-${group##*/}" 2>/dev/null || true
  done
  rm -rf "$scratch"
}

prepare_tests() {
  say "preparing the tests"
  install_packages "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
  require_swift
  local wanted="${TEST_PYTHON[*]}"
  if [[ $(cat .venv/appliance-tests 2>/dev/null) != "$wanted" ]]; then
    say "installing into .venv: $wanted"
    rm -rf .venv
    "$(system_python)" -m venv .venv
    .venv/bin/python -m pip install -q --disable-pip-version-check "${TEST_PYTHON[@]}"
    printf '%s\n' "$wanted" >.venv/appliance-tests
  fi
}

system_python() { if [[ -x /usr/bin/python3 ]]; then printf /usr/bin/python3; else command -v python3; fi; }

# step TITLE COMMAND…: runs the command in a process group of its own, ends the whole group, and says how long it took.
step() {
  local title=$1 began=$SECONDS status=0 group
  shift
  printf '\n'
  say "$title"
  TMPDIR=$scratch setsid timeout --kill-after=10 "${STEP_MINUTES}m" "$@" </dev/null &
  group=$!
  : >"$scratch/steps/$group"
  wait "$group" || status=$?
  kill -- "-$group" 2>/dev/null || true
  rm "$scratch/steps/$group"
  ((status != 124)) || say "$title: stopped after $STEP_MINUTES minutes"
  say "$title: $([[ $status == 0 ]] && printf 'done' || printf 'FAILED (status %s)' "$status"), $((SECONDS - began)) s"
  return "$status"
}

# check TITLE COMMAND…: a step that counts as one test.
check() {
  local status=0
  step "$@" >"$scratch/log" 2>&1 || status=$?
  cat "$scratch/log"
  if ((status == 0)); then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    tail -n 40 "$scratch/log" >>"$scratch/failures"
  fi
}

test_lint() { check "format" swift format lint --strict --recursive Sources Tests Package.swift; }

# The release build begins behind the debug build and runs beside its tests: it compiles large modules one after the other,
# and leaves a core to them.
test_builds() {
  local debug=0 release=0 release_run built
  step "debug build" swift build --build-tests --explicit-target-dependency-import-check error || debug=$?
  built=$(swift build --show-bin-path)
  step "release build" swift build -c release --product appliance >"$scratch/release.log" 2>&1 &
  release_run=$!
  if ((debug == 0)); then
    check "fuzzing" Tests/fuzz/run 2 # of what the debug build made
    test_swift "$built"
  else
    failed=$((failed + 1))
  fi
  wait "$release_run" || release=$?
  cat "$scratch/release.log"
  if ((release == 0)); then
    test_program
  else
    failed=$((failed + 1))
    tail -n 40 "$scratch/release.log" >>"$scratch/failures"
  fi
}

# test_swift FOLDER: as `swift test --skip-build` does it, which would wait for the other build.
test_swift() {
  mkdir "$scratch/swift"
  local status=0
  step "Swift tests" "$1/appliancePackageTests.xctest" --testing-library swift-testing \
    --xunit-output "$scratch/swift/tests.xml" || status=$?
  add_counts "Swift tests" "$status" "$scratch/swift"
}

test_program() {
  APPLIANCE_BINARY="$(swift build -c release --show-bin-path)/appliance"
  export APPLIANCE_BINARY
  # Beside each other: both wait for most of their time, one for the browser and one for processes to end.
  local page=0 process=0 page_run
  python_tests page >"$scratch/page.log" 2>&1 &
  page_run=$!
  python_tests process || process=$?
  wait "$page_run" || page=$?
  cat "$scratch/page.log"
  add_counts "page tests" "$page" "$scratch/page"
  add_counts "process tests" "$process" "$scratch/process"
}

python_tests() {
  mkdir "$scratch/$1"
  step "$1 tests" .venv/bin/python -B -m pytest "Tests/$1" -q -p no:cacheprovider --junit-xml "$scratch/$1/tests.xml"
}

# add_counts TITLE STATUS FOLDER: adds what the JUnit files in the folder say. A suite that ended badly or ran nothing has failed.
add_counts() {
  local title=$1 status=$2 counts good bad
  counts=$(count_results "$3" "$scratch/failures")
  read -r good bad <<<"$counts"
  if ((bad == 0 && (status != 0 || good == 0))); then
    bad=1
    printf '%s: status %s, without a failed case\n' "$title" "$status" >>"$scratch/failures"
  fi
  say "$title: $good passed, $bad failed"
  passed=$((passed + good))
  failed=$((failed + bad))
}

# count_results FOLDER FAILURES: prints how many test cases passed and failed, and appends to the file what the failed
# ones say. A skipped case is neither; a case may carry several failures.
count_results() {
  "$(system_python)" - "$1" "$2" <<'COUNT'
import pathlib, re, sys
import xml.etree.ElementTree as tree

LINES = 60  # of one failure, its end

passed = failed = 0
failures = open(sys.argv[2], "a", errors="replace")
for file in pathlib.Path(sys.argv[1]).glob("*.xml"):
    text = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f]", "", file.read_text(errors="replace"))
    try:
        cases = list(tree.fromstring(text.encode()).iter("testcase"))
    except tree.ParseError:
        failed += 1
        print(f"\n{file.name} is no JUnit file", file=failures)
        continue
    for case in cases:
        faults = case.findall("failure") + case.findall("error")
        if faults:
            failed += 1
            print(f"\n{case.get('classname')} {case.get('name')}", file=failures)
            for fault in faults:
                text = fault.text or fault.get("message") or ""
                print("\n".join(text.splitlines()[-LINES:]), file=failures)
        elif case.find("skipped") is None:
            passed += 1
print(passed, failed)
COUNT
}

parse_arguments "$@"
case $action in
  install) install_appliance ;;
  test) run_tests ;;
esac
