//! The libraries of npm and `PyPI`, at the versions that `node/package-lock.json` and
//! `python/requirements.txt` pin, with all they bring.
//!
//! They are installed once, below cargo's target directory, and found there from then on: without a
//! network too. When they can be neither found nor installed, the test fails and says so.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

const NPM: [&str; 2] = ["package.json", "package-lock.json"];
const PYPI: &str = "requirements.txt";

/// The folder of Node's modules.
pub(crate) fn node_modules() -> &'static Path {
    static MODULES: OnceLock<PathBuf> = OnceLock::new();
    MODULES.get_or_init(|| {
        let pins = NPM.map(|name| beside("node").join(name));
        let install = |into: &Path| {
            for (name, pin) in NPM.iter().zip(&pins) {
                std::fs::copy(pin, into.join(name)).expect("the target directory can be written");
            }
            let arguments = ["ci", "--no-audit", "--no-fund", "--ignore-scripts"];
            run(Command::new("npm").args(arguments).current_dir(into));
        };
        installed("npm", &pins, install).join("node_modules")
    })
}

/// The Python that has the libraries.
pub(crate) fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let pins = [beside("python").join(PYPI)];
        let install = |into: &Path| {
            run(Command::new("python3").args(["-m", "venv"]).arg(into));
            let arguments =
                ["install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r"];
            run(Command::new(into.join("bin/pip")).args(arguments).args(&pins));
        };
        installed("pypi", &pins, install).join("bin/python3")
    })
}

/// A folder beside this file.
pub(crate) fn beside(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles").join(folder)
}

/// What to install when an interpreter does not start.
pub(crate) fn missing(interpreter: &Path) -> String {
    let package = match interpreter.to_str() {
        Some("node") => "nodejs",
        Some("npm") => "npm",
        _ => "python3 python3-venv",
    };
    let name = interpreter.display();
    format!("{name} does not start; `./x test` installs it, or: apt-get install {package}")
}

/// The folder of a finished installation of these pins, made now if there is none. Tests may run side
/// by side in several processes: each installs into a folder of its own, and the first to finish counts.
fn installed(registry: &str, pins: &[PathBuf], install: impl Fn(&Path)) -> PathBuf {
    let mut name = DefaultHasher::new();
    for pin in pins {
        std::fs::read(pin).expect("the pins are in the repository").hash(&mut name);
    }
    let shelf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracles");
    let name = format!("{registry}-{:016x}", name.finish());
    let done = shelf.join(format!("{name}.done"));
    if let Ok(folder) = std::fs::read_to_string(&done)
        && Path::new(&folder).is_dir()
    {
        return folder.into();
    }
    // A virtual environment cannot be moved, so the name that counts is written down instead.
    let folder = shelf.join(format!("{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the target directory can be written");
    install(&folder);
    std::fs::write(&done, folder.to_str().expect("a UTF-8 path")).expect("as above");
    folder
}

fn run(command: &mut Command) {
    let program = PathBuf::from(command.get_program());
    let output = command.output().unwrap_or_else(|error| panic!("{}: {error}", missing(&program)));
    assert!(
        output.status.success(),
        "the libraries that read our instruments could not be installed (they are needed once, from \
         npm and PyPI): {command:?} said:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}
