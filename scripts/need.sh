# shellcheck shell=bash
# What a verb needs and the machine lacks is installed through apt where that can be done, or named in one clear line.

# A toolchain that was just installed may not be on this shell's path yet, and a daemon never is.
PATH=$PATH:${CARGO_HOME:-${HOME:-/root}/.cargo}/bin:/usr/sbin

die() { echo "x: $*" >&2; exit 1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

apt_install() {  # PACKAGE...
  command -v apt-get >/dev/null || die "please install: $*"
  [ "$(id -u)" = 0 ] || command -v sudo >/dev/null || die "please install, as root: apt-get install $*"
  echo "x: installing $*" >&2
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq >/dev/null || die "apt-get update failed; it is needed to install: $*"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null ||
    die "apt-get could not install: $*"
}

# A tool is there when it runs, not when a file of its name exists.
has() {
  case $1 in
    cc) cc --version ;;
    venv) python3 -c 'import ensurepip, venv' ;;
    php) php -r 'exit(function_exists("json_encode") ? 0 : 1);' ;;
    llvm-cov) cargo llvm-cov --version ;;
    *) "$1" --version ;;
  esac >/dev/null 2>&1 </dev/null
}

package_of() {
  case $1 in
    cc | c++) echo build-essential ;;
    php) echo php-cli ;;
    node) echo nodejs ;;
    venv) echo python3-venv ;;
    *) echo "$1" ;;
  esac
}

need() {  # TOOL...
  cargo --version >/dev/null 2>&1 || die "no Rust toolchain: see https://rustup.rs"
  local missing=() tool
  for tool in "$@"; do
    has "$tool" && continue
    [ "$tool" != llvm-cov ] || die "please run: cargo install cargo-llvm-cov --locked"
    missing+=("$(package_of "$tool")")
  done
  [ ${#missing[@]} = 0 ] && return
  apt_install "${missing[@]}"
  for tool in "$@"; do
    has "$tool" || die "$tool still does not run after $(package_of "$tool") was installed"
  done
}

need_component() {  # rustfmt | clippy
  cargo "${1/rustfmt/fmt}" --version >/dev/null 2>&1 || die "the Rust toolchain lacks $1: rustup component add $1"
}
